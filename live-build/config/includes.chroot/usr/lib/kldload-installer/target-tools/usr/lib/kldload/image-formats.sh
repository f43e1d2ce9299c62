#!/bin/bash
# image-formats.sh: a raw disk as an image of another format.
#
#   image-formats.sh RAW-DISK FORMAT OUTPUT-FOLDER NAME
#
#   RAW-DISK        a file or a block device that nothing writes to; it is only read
#   FORMAT          qcow2   compressed, for QEMU, libvirt, Proxmox, OpenStack. With zlib: zstd opens faster, but not with QEMU before 5.1,
#                           which still runs (RHEL 8.2), and not at all in VirtualBox; an image goes where one doesn't know who reads it
#                   raw     sparse
#                   vhd     fixed, of whole MiB: what Azure takes
#                   vmdk    streamOptimized: what vSphere and AWS import
#                   ova     a tar of OVF, manifest (SHA-256) and streamOptimized VMDK; EFI firmware. Two of its devices are chosen
#                           because every importer and kernel has them: a SATA controller (AHCI) and an E1000 network card
#                   gce     disk.raw of whole GiB in NAME.tar.gz: what Google takes
#   OUTPUT-FOLDER   where NAME.qcow2 and so on appears, when it is whole, for its owner alone (mode 0600); its path is printed
#
# The same disk gives the same bytes: what identifies an image is made from its content, and times are SOURCE_DATE_EPOCH, or 1970.
# Ends with 0, with 1 where the image could not be made, with 2 where it was called wrongly.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

fail() { # fail MESSAGE [HINT]
    printf 'image-formats.sh: %s\n' "$1" >&2
    if (($# > 1)); then printf '   → %s\n' "$2" >&2; fi
    exit 1
}

usage_error() {
    printf 'image-formats.sh: %s\n   → image-formats.sh RAW-DISK qcow2|raw|vhd|vmdk|ova|gce OUTPUT-FOLDER NAME\n' "$1" >&2
    exit 2
}

free_in() { df --output=avail --human-readable -- "$1" | tail -n 1 | tr -d ' '; }

# try COMMAND…: what can run out of room; says what the command said.
try() {
    local said
    if said=$("$@" 2>&1 > /dev/null); then return; fi
    rm -rf -- "$work"
    fail "$result: ${said//$'\n'/; }" "$folder has $(free_in "$folder") free; nothing of it was left there"
}

if (($# != 4)); then usage_error "four arguments, not $#"; fi
disk=$1 format=$2 folder=$3 name=$4
case $format in
    qcow2 | raw | vhd | vmdk | ova) result=$name.$format ;;
    gce) result=$name.tar.gz ;;
    *) usage_error "$format: no such format" ;;
esac
# It stands in XML, in a manifest and in a descriptor with quotes.
if [[ ! $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]]; then usage_error "'$name': a name has letters, digits, - _ . only"; fi
epoch=${SOURCE_DATE_EPOCH:-0}
if [[ ! $epoch =~ ^[0-9]+$ ]]; then usage_error "SOURCE_DATE_EPOCH: '$epoch' is no number of seconds"; fi
if [[ ! -f $disk && ! -b $disk ]]; then fail "$disk: there is no such disk"; fi
if [[ ! -d $folder ]]; then fail "$folder: there is no such folder"; fi
case $format in
    qcow2 | vhd | vmdk | ova)
        command -v qemu-img > /dev/null || fail "qemu-img is not installed" "Debian, Ubuntu: qemu-utils; Fedora, CentOS, Rocky, Arch: qemu-img"
        ;;
esac

umask 077
work=$(mktemp --directory -- "$folder/.$name.XXXXXX") || fail "$folder can't be written to"
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

bytes_of() { if [[ -b $1 ]]; then blockdev --getsize64 "$1"; else stat --dereference --format=%s -- "$1"; fi; }

# whole_reply UNIT: leaves in REPLY a file with the disk whose size is a multiple of UNIT: the disk itself where it is, else a longer copy.
whole_reply() {
    local bytes
    bytes=$(bytes_of "$disk")
    REPLY=$disk
    if [[ -f $disk ]] && ((bytes % $1 == 0)); then return; fi
    REPLY=$work/longer.raw
    try cp --sparse=always -- "$disk" "$REPLY"
    try truncate --size="%$1" -- "$REPLY"
}

write_at() { # write_at FILE OFFSET: what is read overwrites what is there
    dd of="$1" bs=65536 oflag=seek_bytes seek="$2" conv=notrunc status=none
}

raw() {
    try cp --sparse=always -- "$disk" "$1"
    chmod 600 "$1"
}

qcow2() { try qemu-img convert -f raw -O qcow2 -c -o compat=1.1,compression_type=zlib -- "$disk" "$1"; }

# The footer has a time and a random UUID, and a sum over itself.
vhd() {
    local bytes footer digest since=0 sum=0 i whole
    whole_reply 1048576
    whole=$REPLY
    try qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on -- "$whole" "$1"
    bytes=$(bytes_of "$1")
    footer=$(tail -c 512 -- "$1" | od -An -v -tx1 | tr -d ' \n')
    [[ $footer == 636f6e6563746978* ]] || fail "$result: qemu-img wrote no footer where a fixed VHD has it"
    digest=$(sha256sum -- "$whole")
    if ((epoch > 946684800)); then since=$((epoch - 946684800)); fi # VHD counts from 2000
    printf -v since '%08x' "$since"
    footer=${footer:0:48}$since${footer:56:72}00000000${digest:0:32}${footer:168}
    for ((i = 0; i < 1024; i += 2)); do sum=$((sum + 16#${footer:i:2})); done
    printf -v sum '%08x' $((~sum & 0xffffffff))
    footer=${footer:0:128}$sum${footer:136}
    # shellcheck disable=SC2001  # a group is needed
    printf '%b' "$(sed 's/../\\x&/g' <<< "$footer")" | write_at "$1" $((bytes - 512))
}

# The descriptor, a text in the second sector and those after it, has a random number (CID).
vmdk() {
    local digest
    try qemu-img convert -f raw -O vmdk -o subformat=streamOptimized,adapter_type=lsilogic,hwversion=13 -- "$disk" "$1"
    set_content_id "$1" 0
    digest=$(sha256sum -- "$1")
    set_content_id "$1" $((16#${digest:0:8} & 0x7fffffff)) # the highest numbers mean that there is none
}

set_content_id() { # set_content_id VMDK NUMBER
    dd if="$1" bs=512 skip=1 count=20 status=none | tr -d '\0' > "$work/descriptor"
    grep -q '^CID=[0-9a-f]\{1,8\}$' "$work/descriptor" || fail "$result: qemu-img wrote no descriptor where a VMDK has it"
    # It is never shorter than what was there.
    sed "s/^CID=.*/CID=$(printf '%08x' "$2")/" "$work/descriptor" | write_at "$1" 512
}

# Of OVF's first version, which everybody reads; it had SHA-1 in mind, which importers have begun to refuse. VirtualBox before 7 takes no
# other caption of a SATA controller.
ova() {
    local bytes archive=ustar member
    vmdk "$work/$name.vmdk"
    bytes=$(bytes_of "$work/$name.vmdk")
    ovf "$bytes" > "$work/$name.ovf"
    (cd -- "$work" && sha256sum "$name.ovf" "$name.vmdk") | sed -E 's/^([0-9a-f]{64})  (.*)$/SHA256(\2)= \1/' > "$work/$name.mf"
    # The standard says ustar, which has no numbers for larger files.
    if ((bytes >= 8 << 30)); then archive=gnu; fi
    for member in ovf mf vmdk; do chmod 644 "$work/$name.$member"; done
    try tar --create --file="$1" --format="$archive" --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --directory="$work" \
        "$name.ovf" "$name.mf" "$name.vmdk"
}

ovf() { # ovf BYTES-OF-VMDK
    local namespace=http://schemas.dmtf.org/ovf/envelope/1 cim=http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2
    cat << END
<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="$namespace" xmlns:ovf="$namespace" xmlns:rasd="$cim/CIM_ResourceAllocationSettingData"
    xmlns:vssd="$cim/CIM_VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
    <File ovf:href="$name.vmdk" ovf:id="file1" ovf:size="$1"/>
  </References>
  <DiskSection>
    <Info>The disk</Info>
    <Disk ovf:capacity="$(bytes_of "$disk")" ovf:capacityAllocationUnits="byte" ovf:diskId="disk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>The networks</Info>
    <Network ovf:name="VM Network">
      <Description>Whatever gives an address by DHCP</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="$name">
    <Info>A machine that starts from the disk</Info>
    <Name>$name</Name>
    <OperatingSystemSection ovf:id="101" vmw:osType="other3xLinux64Guest">
      <Info>The operating system</Info>
      <Description>Linux 64-Bit</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>What it needs</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>$name</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits>
        <rasd:Description>Number of virtual CPUs</rasd:Description>
        <rasd:ElementName>2 virtual CPUs</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>2</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:Description>Memory</rasd:Description>
        <rasd:ElementName>4096 MB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>4096</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:Caption>sataController0</rasd:Caption>
        <rasd:Description>SATA controller</rasd:Description>
        <rasd:ElementName>SATA controller 0</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>AHCI</rasd:ResourceSubType>
        <rasd:ResourceType>20</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Hard disk 1</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/disk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>1</rasd:AddressOnParent>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>VM Network</rasd:Connection>
        <rasd:Description>Network card</rasd:Description>
        <rasd:ElementName>Network adapter 1</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID>
        <rasd:ResourceSubType>E1000</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType>
      </Item>
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
      <vmw:Config ovf:required="false" vmw:key="bootOptions.efiSecureBootEnabled" vmw:value="false"/>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
END
}

# What is zero is left out by what is in the file, not by where the file system has holes.
gce() {
    local whole
    whole_reply 1073741824
    whole=$(readlink --canonicalize -- "$REPLY")
    mkdir "$work/gce"
    ln -s -- "$whole" "$work/gce/disk.raw"
    try compressed_tar "$1"
}

compressed_tar() {
    tar --create --format=oldgnu --sparse --hole-detection=raw --dereference --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=0644 \
        --directory="$work/gce" disk.raw | gzip --no-name > "$1"
}

mkdir "$work/made"
"$format" "$work/made/$result"
try sync -- "$work/made/$result"
try mv --force -- "$work/made/$result" "$folder/$result"
printf '%s\n' "$folder/$result"
