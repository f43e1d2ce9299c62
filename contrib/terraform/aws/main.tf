# Machines of EC2 from a golden image: the VMDK is imported as a snapshot, the snapshot registered as an image (AMI) that starts by UEFI.
#
# Parsed by the tests, never applied by them: no account was at hand. The account needs the role vmimport:
# https://docs.aws.amazon.com/vm-import/latest/userguide/required-permissions.html
#
#   terraform apply -var image=$PWD/golden-….vmdk -var bucket=images -var subnet=subnet-… -var 'ssh_keys=["ssh-ed25519 …"]'

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "region" {
  type        = string
  default     = "eu-central-1"
  description = "Where all of it is."
}

variable "image" {
  type        = string
  description = "The golden image, NAME.vmdk."
}

variable "bucket" {
  type        = string
  description = "A bucket of S3 that the role vmimport reads; the image passes through it."
}

variable "names" {
  type        = list(string)
  default     = ["app-0", "app-1", "app-2"]
  description = "The machines, by their hostnames."
}

variable "type" {
  type        = string
  default     = "t3.large"
  description = "Of the machines; one that starts by UEFI (all of Nitro)."
}

variable "disk" {
  type        = number
  default     = 60
  description = "GiB of each disk; at least those of the image. The pool grows to it at the first start."
}

variable "subnet" {
  type        = string
  description = "The subnet that the machines are in."
}

variable "security_groups" {
  type        = list(string)
  default     = []
  description = "Who reaches them."
}

variable "ssh_keys" {
  type        = list(string)
  description = "Who logs in as ops: lines of authorized_keys."
}

provider "aws" {
  region = var.region
}

locals {
  name = trimsuffix(basename(var.image), ".vmdk")
}

resource "aws_s3_object" "golden" {
  bucket      = var.bucket
  key         = basename(var.image)
  source      = var.image
  source_hash = filesha256(var.image)
}

resource "aws_ebs_snapshot_import" "golden" {
  role_name = "vmimport"

  disk_container {
    format = "VMDK"

    user_bucket {
      s3_bucket = aws_s3_object.golden.bucket
      s3_key    = aws_s3_object.golden.key
    }
  }

  tags = {
    Name = local.name
  }
}

resource "aws_ami" "golden" {
  name                = local.name
  architecture        = "x86_64"
  boot_mode           = "uefi"
  ena_support         = true
  imds_support        = "v2.0"
  root_device_name    = "/dev/xvda"
  virtualization_type = "hvm"

  ebs_block_device {
    device_name = "/dev/xvda"
    snapshot_id = aws_ebs_snapshot_import.golden.id
    volume_type = "gp3"
  }
}

resource "aws_instance" "machine" {
  for_each               = toset(var.names)
  ami                    = aws_ami.golden.id
  instance_type          = var.type
  subnet_id              = var.subnet
  vpc_security_group_ids = var.security_groups
  user_data              = templatefile("${path.module}/../user-data.tftpl", { hostname = each.key, ssh_keys = var.ssh_keys })

  metadata_options {
    http_tokens = "required"
  }

  root_block_device {
    volume_size = var.disk
    volume_type = "gp3"
    encrypted   = true
  }

  tags = {
    Name  = each.key
    Image = local.name
  }
}

output "addresses" {
  description = "By hostname."
  value       = { for name, machine in aws_instance.machine : name => machine.private_ip }
}
