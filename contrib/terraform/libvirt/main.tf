# Machines of libvirt (KVM) from a golden image: each has a disk of its own that shares what it has not changed with the image.
#
# Parsed by the tests, never applied by them: no libvirt was at hand.
#
#   terraform apply -var image=$PWD/golden-….qcow2 -var 'ssh_keys=["ssh-ed25519 …"]'

terraform {
  required_providers {
    libvirt = {
      source  = "dmacvicar/libvirt"
      version = "~> 0.8.0"
    }
  }
}

variable "uri" {
  type        = string
  default     = "qemu:///system"
  description = "Where libvirt is; qemu+ssh://root@host/system for another machine."
}

variable "image" {
  type        = string
  description = "The golden image, NAME.qcow2."
}

variable "names" {
  type        = list(string)
  default     = ["app-0", "app-1", "app-2"]
  description = "The machines, by their hostnames."
}

variable "disk" {
  type        = number
  default     = 64424509440
  description = "The size of each disk in bytes; at least that of the image. The pool grows to it at the first start."
}

variable "memory" {
  type        = number
  default     = 4096
  description = "MiB of each machine."
}

variable "cpus" {
  type        = number
  default     = 2
  description = "Of each machine."
}

variable "pool" {
  type        = string
  default     = "default"
  description = "libvirt's pool that the disks go into."
}

variable "network" {
  type        = string
  default     = "default"
  description = "libvirt's network; it gives addresses by DHCP."
}

variable "firmware" {
  type        = string
  default     = "/usr/share/OVMF/OVMF_CODE_4M.fd"
  description = "UEFI for virtual machines on the host."
}

variable "ssh_keys" {
  type        = list(string)
  description = "Who logs in as ops: lines of authorized_keys."
}

provider "libvirt" {
  uri = var.uri
}

resource "libvirt_volume" "golden" {
  name   = basename(var.image)
  pool   = var.pool
  source = var.image
  format = "qcow2"
}

resource "libvirt_volume" "disk" {
  for_each       = toset(var.names)
  name           = "${each.key}.qcow2"
  pool           = var.pool
  base_volume_id = libvirt_volume.golden.id
  size           = var.disk
}

resource "libvirt_cloudinit_disk" "seed" {
  for_each  = toset(var.names)
  name      = "${each.key}-seed.iso"
  pool      = var.pool
  meta_data = yamlencode({ instance-id = each.key, local-hostname = each.key })
  user_data = templatefile("${path.module}/../user-data.tftpl", { hostname = each.key, ssh_keys = var.ssh_keys })
}

resource "libvirt_domain" "machine" {
  for_each  = toset(var.names)
  name      = each.key
  memory    = var.memory
  vcpu      = var.cpus
  machine   = "q35"
  firmware  = var.firmware
  cloudinit = libvirt_cloudinit_disk.seed[each.key].id

  cpu {
    mode = "host-passthrough"
  }

  disk {
    volume_id = libvirt_volume.disk[each.key].id
  }

  network_interface {
    network_name   = var.network
    wait_for_lease = true
  }

  console {
    type        = "pty"
    target_type = "serial"
    target_port = "0"
  }
}

output "addresses" {
  description = "By hostname."
  value       = { for name, machine in libvirt_domain.machine : name => machine.network_interface[0].addresses }
}
