#!/bin/bash
# make-iso.sh ID TITLE LABEL: puts the ISO together.
#
#   ID                 the identity given to make-efi.sh
#   TITLE              of the menu: "kldload live (debian 13)"
#   LABEL              the volume's name. Nothing looks for it: GRUB finds the medium by its ID, live-boot by what is on it
#   /in/boot           efi.img, bios.img, mbr.img of make-efi.sh
#   /in/root           what lies on the ISO, as it lies there; in its folder live: vmlinuz, initrd.img and the layers of the live
#                      system, *.squashfs. live-boot stacks them in the order of their names, the last on top: 10-system,
#                      20-overlay, 30-build
#   /out/kldload.iso   boots from CD and disk, under UEFI and BIOS
#   LAYER_IN, LAYER_OUT  other folders than /in and /out, for tests
#
# Files are read where they are mounted: nothing is copied before the ISO is written. Owners, modes and times of the
# inputs do not reach the ISO. Names are kept by Rock Ridge; there is no Joliet tree, which would cut long names.
set -euo pipefail
shopt -s inherit_errexit

id=${1:?an identity is needed}
title=${2:?a title is needed}
label=${3:?a label is needed}
: "${SOURCE_DATE_EPOCH:?is not set}"

in=${LAYER_IN:-/in} out=${LAYER_OUT:-/out}
work=$(mktemp -d) files=$(mktemp)
trap 'rm -rf "$work" "$files"' EXIT
mkdir -p "$work/.disk" "$work/boot/grub"
# The loader in the ISO's own tree as well: some firmware, and loaders that start an ISO as a file, look there only.
mcopy -s -i "$in/boot/efi.img" ::EFI "$work/"
cp "$in/boot/bios.img" "$work/boot/grub/bios.img" # xorriso patches the block address of the image into it
printf '%s\n' "$id" > "$work/.disk/kldload-$id.id"
printf '%s, %s\n' "$title" "$id" > "$work/.disk/info"

# What is on this image, in a word. The initramfs takes the medium that has it and no other, where several are plugged in
# (live-root.sh); the report of the live system looks whether it did. The list of digests has every file but the boot loader.
medium=$(
    {
        printf '%s\n' "$id" "$title"
        if [[ -e $in/root/kldload/sha256sums ]]; then cat "$in/root/kldload/sha256sums"; fi
    } | sha256sum
)
medium=${medium:0:32}
# Where `deploy seed --into` puts answers, and the live system looks for them: an image without that folder is none to put them into.
mkdir -p "$work/kldload/answers"
printf '%s\n' "$medium" | tee "$work/.disk/live-uuid-kldload" > "$work/kldload/medium"

cat > "$work/boot/grub/grub.cfg" <<EOF
set timeout=3
set default=0

# A serial port is optional: the terminal is set only where there is one, else nothing would be seen on the screen.
if serial --unit=0 --speed=115200; then
    terminal_input console serial
    terminal_output console serial
fi

# Words for the kernel's command line can come from the outside of a virtual machine: a serial number (SMBIOS type 1)
# "kldload: WORDS". Serial numbers of real machines say something else, and are not taken.
set extra=
smbios --type 1 --get-string 7 --set serial_number
if regexp --set=1:words '^kldload: (.*)\$' "\$serial_number"; then
    set extra="\$words"
fi

# The layers of the root are of different times; without a word, systemd would take that for an update of /usr, and make again at every
# boot what is there (systemd-update-done.service(8)).
set common="boot=live live-media-path=/live noeject systemd.condition_needs_update=no kldload.medium=$medium"
# Another GRUB that was told to start this ISO from a file on a disk (loopback.cfg) says where the file is.
if [ -n "\$iso_path" ]; then
    set common="\$common findiso=\$iso_path"
fi
set consoles="console=tty0 console=ttyS0,115200n8"

function boot_live {
    echo "loading the kernel ..."
    linux /live/vmlinuz \$common \$@ \$extra
    echo "loading the initramfs ..."
    initrd /live/initrd.img
}

menuentry "$title" {
    boot_live \$consoles
}
menuentry "$title, copied to memory: the medium can be taken out" {
    boot_live toram \$consoles
}
menuentry "$title, serial console only (ttyS0, 115200)" {
    boot_live console=ttyS0,115200n8
}
menuentry "$title, serial console only (ttyS1, 115200: the second port, of many remote consoles)" {
    boot_live console=ttyS1,115200n8
}
menuentry "$title, safe graphics" {
    boot_live nomodeset \$consoles
}
menuentry "Check this medium: every file is read, and compared with what was written" {
    boot_live kldload.check-medium \$consoles
}
if [ "\$grub_platform" = efi ]; then
    menuentry "Firmware setup" {
        fwsetup
    }
fi
menuentry "Power off" {
    halt
}
EOF

# By the convention of those who start ISOs from files: loopback.cfg is read with the ISO as root, and the file's place in iso_path.
printf 'configfile /boot/grub/grub.cfg\n' > "$work/boot/grub/loopback.cfg"

# The GUIDs of the partition table and the volume's dates are derived, or xorriso would draw them.
guid=$medium
stamp=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S00)
# blkid calls the volume by its date of modification, and live-boot tries no two of one name: the time of that day stands for
# what is on the image.
number=$((16#${medium:0:12}))
modified=${stamp:0:8}$(printf '%02d' $((number % 24)) $((number / 24 % 60)) $((number / 1440 % 60)) $((number / 86400 % 100)))

# Files that are alike lie on the ISO once. xorriso does that by itself for links of one file only, and whether files of the store are
# links says something about its file system, not about the image: so each is given as the first file that has its bytes.
find "$in/root" -type f -size +0 -printf '%s/%P\0' | LC_ALL=C sort --zero-terminated --field-separator=/ --key=2 > "$files"
declare -A of_size=() first=()
grafts=()
while IFS=/ read -r -d '' size path; do of_size[$size]+=+; done < "$files"
while IFS=/ read -r -d '' size path; do
    if [[ ${of_size[$size]} == + ]]; then continue; fi
    digest=$(sha256sum < "$in/root/$path")
    if [[ -v first[$digest] ]]; then
        target=${path//\\/\\\\}
        grafts+=("/${target//=/\\=}=$in/root/${first[$digest]}")
    else
        first[$digest]=$path
    fi
done < "$files"

xorriso -as mkisofs -quiet -rational-rock -iso-level 3 -volid "$label" -full-iso9660-filenames -disable-deep-relocation \
    --modification-date="$modified" --set_all_file_dates "$stamp" --gpt_disk_guid "$guid" \
    -partition_offset 16 --grub2-mbr "$in/boot/mbr.img" \
    -append_partition 2 0xef "$in/boot/efi.img" -appended_part_as_gpt \
    -c /boot/boot.cat \
    -b /boot/grub/bios.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
    -eltorito-alt-boot -e --interval:appended_partition_2:all:: -no-emul-boot \
    -o "$out/kldload.iso" -graft-points "/=$work" "/=$in/root" "${grafts[@]}"
