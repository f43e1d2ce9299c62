# Machines of Google from a golden image: the archive goes into a bucket, and becomes an image that starts by UEFI.
#
# Parsed by the tests, never applied by them: no account was at hand.
#
#   terraform apply -var project=… -var image=$PWD/golden-….tar.gz -var bucket=images -var 'ssh_keys=["ssh-ed25519 …"]'

terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
  }
}

variable "project" {
  type        = string
  description = "The project that all of it belongs to."
}

variable "zone" {
  type        = string
  default     = "europe-west3-a"
  description = "Where the machines are."
}

variable "image" {
  type        = string
  description = "The golden image, NAME.tar.gz, of the format gce."
}

variable "bucket" {
  type        = string
  description = "A bucket that the image passes through."
}

variable "names" {
  type        = list(string)
  default     = ["app-0", "app-1", "app-2"]
  description = "The machines, by their hostnames."
}

variable "type" {
  type        = string
  default     = "e2-standard-2"
  description = "Of the machines."
}

variable "disk" {
  type        = number
  default     = 60
  description = "GiB of each disk; at least those of the image. The pool grows to it at the first start."
}

variable "network" {
  type        = string
  default     = "default"
  description = "The network that the machines are in."
}

variable "ssh_keys" {
  type        = list(string)
  description = "Who logs in as ops: lines of authorized_keys."
}

provider "google" {
  project = var.project
  zone    = var.zone
}

locals {
  # Names of images have 63 characters, and no dots.
  name = substr(replace(trimsuffix(basename(var.image), ".tar.gz"), ".", "-"), 0, 63)
}

resource "google_storage_bucket_object" "golden" {
  name   = basename(var.image)
  bucket = var.bucket
  source = var.image
}

resource "google_compute_image" "golden" {
  name   = local.name
  family = "kldload-golden"

  raw_disk {
    source = "https://storage.googleapis.com/${var.bucket}/${google_storage_bucket_object.golden.name}"
  }

  guest_os_features {
    type = "UEFI_COMPATIBLE"
  }

  guest_os_features {
    type = "GVNIC"
  }
}

resource "google_compute_instance" "machine" {
  for_each     = toset(var.names)
  name         = each.key
  machine_type = var.type

  boot_disk {
    initialize_params {
      image = google_compute_image.golden.self_link
      size  = var.disk
      type  = "pd-balanced"
    }
  }

  network_interface {
    network = var.network
  }

  metadata = {
    user-data = templatefile("${path.module}/../user-data.tftpl", { hostname = each.key, ssh_keys = var.ssh_keys })
  }
}

output "addresses" {
  description = "By hostname."
  value       = { for name, machine in google_compute_instance.machine : name => machine.network_interface[0].network_ip }
}
