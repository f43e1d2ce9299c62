"""What clouds tell a machine about itself, for cloud-init: on a disk, or by a metadata service, which is played on this host."""
import base64
import json
import os
import subprocess

from situation import network

MAC = "52:54:00:12:34:56"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKp0WZ7tOQ6fLZcJXrYlq6mZ0V6JX8qvI9Xo5m2S3dVn test"
HERE = os.path.dirname(os.path.realpath(__file__))
# The addresses that a machine gets: as its network is described to it, or by DHCP.
STATIC, LEASED = "192.0.2.7", "168.0.0.15"
# A network that has the addresses in it at which clouds answer: 169.254.169.254, and Azure's 168.63.129.16.
ADDRESSES = ["restrict=on", "net=168.0.0.0/7", "host=168.0.0.2", "dns=168.0.0.3", f"dhcpstart={LEASED}"]


def user_data(instance, name):
    """A person with a key, beside the administrator, and a command that leaves a trace."""
    return f"""#cloud-config
users:
  - default
  - name: {name}
    groups: sudo
    shell: /bin/bash
    ssh_authorized_keys: ["{KEY}"]
runcmd:
  - [sh, -c, "echo {instance} >> /root/ran"]
"""


def write(folder, files):
    for name, content in files.items():
        os.makedirs(os.path.dirname(path := f"{folder}/{name}"), exist_ok=True)
        with open(path, "w") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))


def disk(folder, label, files):
    """QEMU's options for a disk with these files, as a CD."""
    write(folder, files)
    image = f"{folder}.iso"
    subprocess.run(["xorriso", "-as", "genisoimage", "-quiet", "-volid", label, "-joliet", "-rock", "-output", image, folder], check=True)
    return ["-drive", f"file={image},if=none,id=seed,format=raw,readonly=on", "-device", "ide-cd,drive=seed"]


def service(folder, files):
    """QEMU's options for a network whose metadata service has these files."""
    write(folder, files)
    forwards = [f"guestfwd=tcp:{address}:80-cmd:{HERE}/metadata-service {folder}" for address in ("169.254.169.254", "168.63.129.16")]
    return network(*ADDRESSES, *forwards, card=f",mac={MAC}")


def nocloud(folder, instance, name):
    return disk(folder, "CIDATA", {
        "meta-data": f"instance-id: {instance}\nlocal-hostname: {name}\n",
        "user-data": user_data(instance, name),
        "network-config": f"""version: 2
ethernets:
  any: {{match: {{macaddress: "{MAC}"}}, addresses: [{STATIC}/24], routes: [{{to: 0.0.0.0/0, via: 192.0.2.1}}]}}
""",
    }) + network("restrict=on", card=f",mac={MAC}")


def of_openstack(instance, name, addresses):
    return {
        "openstack/latest/meta_data.json": {"uuid": instance, "hostname": name, "public_keys": {"key": KEY}},
        "openstack/latest/user_data": user_data(instance, name),
        "openstack/latest/network_data.json": {"links": [{"id": "card", "type": "phy", "ethernet_mac_address": MAC, "mtu": 1500}],
                                               "networks": [{"id": "first", "link": "card", **addresses}], "services": []},
    }


def config_drive(folder, instance, name):
    static = {"type": "ipv4", "ip_address": STATIC, "netmask": "255.255.255.0", "routes": []}
    return disk(folder, "config-2", of_openstack(instance, name, static)) + network("restrict=on", card=f",mac={MAC}")


def openstack(folder, instance, name):
    # It answers as EC2 does, too.
    return ["-smbios", "type=1,product=OpenStack Nova"] + service(folder, of_openstack(instance, name, {"type": "ipv4_dhcp"}) | {
        "latest/meta-data/instance-id": "i-00000001", "latest/meta-data/local-hostname": name})


def ec2(folder, instance, name):
    number = "ec2e1916-9099-7caf-fd21-012345abcdef"
    about = {
        "user-data": user_data(instance, name),
        "dynamic/instance-identity/document": {"instanceId": instance, "region": "eu-central-1", "architecture": "x86_64"},
        "meta-data/instance-id": instance, "meta-data/local-hostname": name, "meta-data/placement/availability-zone": "eu-central-1a",
        "meta-data/public-keys/.list": "0=key", "meta-data/public-keys/0/openssh-key": KEY,
    } | {f"meta-data/network/interfaces/macs/{MAC}/{what}": value for what, value in [("device-number", "0"), ("mac", MAC), ("local-ipv4s", LEASED)]}
    return ["-uuid", number, "-smbios", f"type=1,serial={number}"] + service(folder, {
        "latest/api/token": "token", **{f"{version}/{what}": value for version in ("2009-04-04", "2021-03-23") for what, value in about.items()}})


def gce(folder, instance, name):
    about = "computeMetadata/v1/instance"
    # Google's name server knows that name; here the guest's list of hosts does, as in Google's own images (systemd-tmpfiles(8), "tmpfiles.extra").
    known = "w+ /etc/hosts - - - - 169.254.169.254 metadata.google.internal\\n"
    return ["-smbios", "type=1,product=Google Compute Engine", "-smbios", f"type=11,value=io.systemd.credential:tmpfiles.extra={known}"] + service(folder, {
        f"{about}/id": instance, f"{about}/zone": "projects/1/zones/europe-west3-a", f"{about}/hostname": name,
        f"{about}/attributes": {"ssh-keys": f"admin:{KEY}", "user-data": user_data(instance, name)},
        "computeMetadata/v1/project/attributes": {},
    })


def azure(folder, instance, name):
    whole = base64.b64encode(user_data(instance, name).encode()).decode()
    address = {"privateIpAddress": LEASED, "publicIpAddress": ""}
    media = disk(f"{folder}.media", "PROVISIONING", {"ovf-env.xml": f"""<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:wa="http://schemas.microsoft.com/windowsazure">
 <wa:ProvisioningSection><wa:Version>1.0</wa:Version>
  <LinuxProvisioningConfigurationSet xmlns="http://schemas.microsoft.com/windowsazure">
   <ConfigurationSetType>LinuxProvisioningConfiguration</ConfigurationSetType>
   <HostName>{name}</HostName><UserName>admin</UserName><DisableSshPasswordAuthentication>true</DisableSshPasswordAuthentication>
   <CustomData>{whole}</CustomData>
  </LinuxProvisioningConfigurationSet>
 </wa:ProvisioningSection>
 <wa:PlatformSettingsSection><wa:Version>1.0</wa:Version>
  <PlatformSettings xmlns="http://schemas.microsoft.com/windowsazure"><PreprovisionedVm>false</PreprovisionedVm></PlatformSettings>
 </wa:PlatformSettingsSection>
</Environment>
"""})
    return ["-uuid", instance, "-smbios", "type=3,asset=7783-7084-3265-9085-8269-3286-77"] + media + service(folder, {
        "metadata/instance": {
            "compute": {"vmId": instance, "name": name, "publicKeys": [{"keyData": KEY, "path": "/home/admin/.ssh/authorized_keys"}],
                        "osProfile": {"adminUsername": "admin", "computerName": name, "disablePasswordAuthentication": "true"}},
            "network": {"interface": [{"macAddress": MAC.replace(":", "").upper(), "ipv4": {"ipAddress": [address], "subnet": [{"address": "168.0.0.0", "prefix": "7"}]},
                                       "ipv6": {"ipAddress": []}}]},
        },
        "machine": """<?xml version="1.0" encoding="utf-8"?>
<GoalState><Incarnation>1</Incarnation><Container><ContainerId>container</ContainerId>
<RoleInstanceList><RoleInstance><InstanceId>role</InstanceId></RoleInstance></RoleInstanceList></Container></GoalState>
""",
    })


# Each by what cloud-init calls its source: what plays it, an id of a machine as that cloud has them, the address that it gives, and what
# cloud-init complains of, and goes on: Azure's DHCP says how its addresses are reached (RFC 3442), which QEMU's can't.
CLOUDS = {
    "ConfigDrive": (config_drive, "8f2c7a10-3f0e-4c6a-9a52-1f0c5d5f5e01", f"{STATIC}/24", None),
    "OpenStack": (openstack, "8f2c7a10-3f0e-4c6a-9a52-1f0c5d5f5e02", f"{LEASED}/7", None),
    "Ec2": (ec2, "i-0123456789abcdef0", f"{LEASED}/7", None),
    "GCE": (gce, "4711471147114711", f"{LEASED}/7", None),
    "Azure": (azure, "8f2c7a10-3f0e-4c6a-9a52-1f0c5d5f5e05", f"{LEASED}/7", "failure to find primary DHCP interface"),
}
