# A golden image from the ISO, where Packer is what runs machines. `./deploy golden` does the same, starts a clone before it says so, and
# writes all formats.
#
#   packer build -var iso=live-build/output/kldload-….iso -var answers=answers.env contrib/packer/from-iso.pkr.hcl
#
# The answers lie on a CD called KLDLOAD-SEED, and have to say KLDLOAD_DISK=/dev/vda, KLDLOAD_SEAL=1 and KLDLOAD_AFTER=poweroff.

variable "iso" {
  type        = string
  description = "The image that deploy built."
}

variable "checksum" {
  type        = string
  default     = "none"
  description = "Of the image: sha256:DIGEST, or file:NAME.iso.sha256, which lies beside it."
}

variable "answers" {
  type        = string
  description = "The file with the answers, called answers.env; `./deploy seed FILE` says what is wrong with it."
}

variable "size" {
  type        = string
  default     = "40G"
  description = "Of the disk."
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
  default     = "output-iso"
  description = "The folder for what comes of it; it must not be there."
}

source "qemu" "iso" {
  iso_url          = var.iso
  iso_checksum     = var.checksum
  output_directory = var.output
  vm_name          = "golden.qcow2"
  format           = "qcow2"
  disk_size        = var.size
  disk_compression = true
  disk_discard     = "unmap"
  disk_interface   = "virtio"
  machine_type     = "q35"
  accelerator      = var.accelerator
  cpus             = 2
  memory           = 4096
  headless         = true
  qemuargs         = [["-bios", var.firmware]]
  cd_label         = "KLDLOAD-SEED"
  cd_files         = [var.answers]

  # Nobody logs in: the installer does it all, and powers off.
  communicator     = "none"
  shutdown_timeout = "90m"
}

build {
  sources = ["source.qemu.iso"]
}
