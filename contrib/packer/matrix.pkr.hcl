# The same application on several distributions, each from its golden image, built beside each other.
#
#   packer build -var-file=images.pkrvars.hcl contrib/packer/matrix.pkr.hcl
#
# images.pkrvars.hcl:
#
#   images = {
#     debian = { image = "live-build/output/golden-debian-server-….qcow2", install = "apt-get install -y nginx" }
#     rocky  = { image = "live-build/output/golden-rocky-server-….qcow2", install = "dnf install -y nginx" }
#   }

variable "images" {
  type = map(object({
    image   = string
    install = string
  }))
  description = "By name: the golden image, and the command that installs the application."
}

variable "username" {
  type        = string
  default     = "admin"
  description = "The administrator of the images."
}

variable "private_key" {
  type        = string
  description = "The file with the key that the administrator lets in."
}

variable "accelerator" {
  type        = string
  default     = "kvm"
  description = "kvm, or tcg where there is none."
}

variable "firmware" {
  type        = string
  default     = "/usr/share/ovmf/OVMF.fd"
  description = "UEFI for virtual machines: Debian's package ovmf. A golden image needs none of its variables."
}

source "qemu" "golden" {
  disk_image           = true
  iso_checksum         = "none"
  vm_name              = "golden.qcow2"
  format               = "qcow2"
  disk_compression     = true
  disk_discard         = "unmap"
  disk_interface       = "virtio"
  skip_resize_disk     = true
  machine_type         = "q35"
  accelerator          = var.accelerator
  memory               = 4096
  headless             = true
  qemuargs             = [["-bios", var.firmware]]
  ssh_username         = var.username
  ssh_private_key_file = var.private_key
  ssh_timeout          = "20m"
  shutdown_command     = "sudo kseal --yes --poweroff"
  shutdown_timeout     = "10m"
}

build {
  dynamic "source" {
    for_each = var.images
    labels   = ["qemu.golden"]
    content {
      name             = source.key
      iso_url          = source.value.image
      output_directory = "output-${source.key}"
    }
  }

  provisioner "shell" {
    inline = ["sudo ksnap take -m before-packer"]
  }

  provisioner "shell" {
    inline = ["sudo ${var.images[source.name].install}"]
  }

  provisioner "shell" {
    inline = ["sudo ksnap take -m after-packer"]
  }
}
