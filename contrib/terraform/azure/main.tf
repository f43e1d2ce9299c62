# Machines of Azure from a golden image: the VHD goes into a page blob, and becomes an image of the second generation (UEFI).
#
# Parsed by the tests, never applied by them: no account was at hand. Without waagent in the image, Azure is told that it is provisioned by
# cloud-init when that reports it; the server profile has cloud-init.
#
#   terraform apply -var image=$PWD/golden-….vhd -var group=images -var storage=goldenimages -var subnet=/subscriptions/… \
#       -var 'ssh_key=ssh-rsa …'

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
  }
}

variable "image" {
  type        = string
  description = "The golden image, NAME.vhd: fixed, a whole number of MiB."
}

variable "group" {
  type        = string
  description = "The resource group, which is there."
}

variable "storage" {
  type        = string
  description = "A storage account in it."
}

variable "container" {
  type        = string
  default     = "golden"
  description = "A container in that account."
}

variable "names" {
  type        = list(string)
  default     = ["app-0", "app-1", "app-2"]
  description = "The machines, by their hostnames."
}

variable "size" {
  type        = string
  default     = "Standard_D2s_v5"
  description = "Of the machines."
}

variable "disk" {
  type        = number
  default     = 60
  description = "GiB of each disk; at least those of the image. The pool grows to it at the first start."
}

variable "subnet" {
  type        = string
  description = "The identifier of the subnet that the machines are in."
}

variable "username" {
  type        = string
  default     = "ops"
  description = "Who logs in; Azure has cloud-init make this user."
}

variable "ssh_key" {
  type        = string
  description = "With this key: a line of authorized_keys, RSA or Ed25519."
}

provider "azurerm" {
  features {}
}

data "azurerm_resource_group" "group" {
  name = var.group
}

resource "azurerm_storage_blob" "golden" {
  name                   = basename(var.image)
  storage_account_name   = var.storage
  storage_container_name = var.container
  type                   = "Page"
  source                 = var.image
}

resource "azurerm_image" "golden" {
  name                = trimsuffix(basename(var.image), ".vhd")
  resource_group_name = data.azurerm_resource_group.group.name
  location            = data.azurerm_resource_group.group.location
  hyper_v_generation  = "V2"

  os_disk {
    storage_type = "StandardSSD_LRS"
    os_type      = "Linux"
    os_state     = "Generalized"
    blob_uri     = azurerm_storage_blob.golden.url
  }
}

resource "azurerm_network_interface" "interface" {
  for_each            = toset(var.names)
  name                = each.key
  resource_group_name = data.azurerm_resource_group.group.name
  location            = data.azurerm_resource_group.group.location

  ip_configuration {
    name                          = "internal"
    subnet_id                     = var.subnet
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_linux_virtual_machine" "machine" {
  for_each              = toset(var.names)
  name                  = each.key
  resource_group_name   = data.azurerm_resource_group.group.name
  location              = data.azurerm_resource_group.group.location
  size                  = var.size
  admin_username        = var.username
  source_image_id       = azurerm_image.golden.id
  network_interface_ids = [azurerm_network_interface.interface[each.key].id]

  admin_ssh_key {
    username   = var.username
    public_key = var.ssh_key
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"
    disk_size_gb         = var.disk
  }

  boot_diagnostics {}
}

output "addresses" {
  description = "By hostname."
  value       = { for name, machine in azurerm_linux_virtual_machine.machine : name => machine.private_ip_address }
}
