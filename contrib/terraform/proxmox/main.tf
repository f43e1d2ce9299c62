# Machines of Proxmox from a golden image.
#
# Parsed by the tests, never applied by them: no Proxmox was at hand. Authentication: PROXMOX_VE_API_TOKEN in the environment, and the
# provider needs ssh to the node for the seeds (snippets).
#
#   terraform apply -var endpoint=https://pve1:8006/ -var image=$PWD/golden-….qcow2 -var 'ssh_keys=["ssh-ed25519 …"]'

terraform {
  required_providers {
    proxmox = {
      source  = "bpg/proxmox"
      version = "~> 0.66"
    }
  }
}

variable "endpoint" {
  type        = string
  description = "The address of Proxmox's interface: https://pve1:8006/"
}

variable "node" {
  type        = string
  default     = "pve1"
  description = "The node that the machines run on."
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
  default     = 60
  description = "GiB of each disk; at least those of the image. The pool grows to it at the first start."
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

variable "storage" {
  type        = string
  default     = "local-zfs"
  description = "Where disks go."
}

variable "files" {
  type        = string
  default     = "local"
  description = "Where the image and the seeds go: a storage with the contents iso and snippets."
}

variable "bridge" {
  type        = string
  default     = "vmbr0"
  description = "The bridge that the machines are on."
}

variable "ssh_keys" {
  type        = list(string)
  description = "Who logs in as ops: lines of authorized_keys."
}

provider "proxmox" {
  endpoint = var.endpoint
}

resource "proxmox_virtual_environment_file" "golden" {
  node_name    = var.node
  datastore_id = var.files
  content_type = "iso"

  source_file {
    path = var.image
    # Proxmox takes disk images as ISOs by this name.
    file_name = "${trimsuffix(basename(var.image), ".qcow2")}.img"
  }
}

resource "proxmox_virtual_environment_file" "seed" {
  for_each     = toset(var.names)
  node_name    = var.node
  datastore_id = var.files
  content_type = "snippets"

  source_raw {
    data      = templatefile("${path.module}/../user-data.tftpl", { hostname = each.key, ssh_keys = var.ssh_keys })
    file_name = "${each.key}.yaml"
  }
}

resource "proxmox_virtual_environment_vm" "machine" {
  for_each        = toset(var.names)
  name            = each.key
  node_name       = var.node
  machine         = "q35"
  bios            = "ovmf"
  scsi_hardware   = "virtio-scsi-single"
  stop_on_destroy = true

  cpu {
    cores = var.cpus
    type  = "host"
  }

  memory {
    dedicated = var.memory
  }

  efi_disk {
    datastore_id      = var.storage
    type              = "4m"
    pre_enrolled_keys = false
  }

  disk {
    datastore_id = var.storage
    file_id      = proxmox_virtual_environment_file.golden.id
    interface    = "scsi0"
    size         = var.disk
    discard      = "on"
    iothread     = true
  }

  network_device {
    bridge = var.bridge
  }

  serial_device {}

  initialization {
    datastore_id      = var.storage
    user_data_file_id = proxmox_virtual_environment_file.seed[each.key].id

    ip_config {
      ipv4 {
        address = "dhcp"
      }
    }
  }
}

output "identifiers" {
  description = "Proxmox's numbers of the machines, by hostname."
  value       = { for name, machine in proxmox_virtual_environment_vm.machine : name => machine.vm_id }
}
