# An image with an application, from a golden image: started once, provisioned between two snapshots, sealed again.
#
#   ./deploy golden --profile server --answers golden.env
#   packer build -var image=live-build/output/golden-….qcow2 -var private_key=~/.ssh/id_ed25519 contrib/packer/golden.pkr.hcl
#
# Packer 1.7 and later have the builder as a plugin, fetched once: packer plugins install github.com/hashicorp/qemu
#
# The user is the administrator of the answers (KLDLOAD_USERNAME), who lets the key in (KLDLOAD_SSH_KEYS) and needs no password for sudo.

variable "image" {
  type        = string
  description = "The golden image, NAME.qcow2."
}

variable "checksum" {
  type        = string
  default     = "none"
  description = "Of the image: sha256:DIGEST, or file:NAME.sha256sums, which lies beside it."
}

variable "username" {
  type        = string
  default     = "admin"
  description = "The administrator of the image."
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

variable "output" {
  type        = string
  default     = "output-golden"
  description = "The folder for what comes of it; it must not be there."
}

variable "packages" {
  type        = list(string)
  default     = ["nginx"]
  description = "What is installed, by apt."
}

source "qemu" "golden" {
  disk_image           = true
  iso_url              = var.image
  iso_checksum         = var.checksum
  output_directory     = var.output
  vm_name              = "golden.qcow2"
  format               = "qcow2"
  disk_compression     = true
  disk_discard         = "unmap"
  disk_detect_zeroes   = "unmap"
  disk_interface       = "virtio"
  skip_resize_disk     = true
  machine_type         = "q35"
  accelerator          = var.accelerator
  cpus                 = 2
  memory               = 4096
  headless             = true
  net_device           = "virtio-net"
  qemuargs             = [["-bios", var.firmware]]
  ssh_username         = var.username
  ssh_private_key_file = var.private_key
  ssh_timeout          = "20m"

  # The last word. What a provisioner sealed would be written to until the machine is off, and after the keys of SSH are gone
  # nobody gets in: kseal seals, and powers off itself.
  shutdown_command = "sudo kseal --yes --poweroff"
  shutdown_timeout = "10m"
}

build {
  sources = ["source.qemu.golden"]

  # Where something below fails: packer build -on-error=ask, and in the machine `ksnap` and `krestore` show what changed.
  provisioner "shell" {
    inline = ["sudo ksnap take -m before-packer"]
  }

  provisioner "shell" {
    environment_vars = ["DEBIAN_FRONTEND=noninteractive"]
    inline = [
      "sudo cloud-init status --wait || test $? = 2",
      "sudo apt-get update",
      "sudo --preserve-env=DEBIAN_FRONTEND apt-get install -y ${join(" ", var.packages)}",
    ]
  }

  # A file system of its own for what the application writes: snapshots and quotas of their own.
  provisioner "shell" {
    inline = ["sudo zfs create -o mountpoint=/srv/app rpool/srv/app"]
  }

  provisioner "shell" {
    inline = ["sudo ksnap take -m after-packer", "sudo kst || test $? = 1"]
  }

  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "${var.output}/golden.{{.ChecksumType}}"
  }
}
