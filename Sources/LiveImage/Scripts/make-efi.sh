#!/bin/bash
# make-efi.sh ID: the boot loader of the ISO, for UEFI and BIOS. The work is GRUB's, the menu is on the ISO (make-iso.sh).
#
#   ID                 GRUB looks for the medium with the file /.disk/kldload-ID.id, so that it never reads the menu of
#                      another medium that happens to be plugged in. make-iso.sh must be given the same ID.
#   /out/efi.img       FAT image with EFI/BOOT/BOOTX64.EFI: the ISO's EFI system partition
#   /out/bios.img      El Torito image for a BIOS that boots from CD
#   /out/mbr.img       master boot record for a BIOS that boots from a disk or USB stick
#
# grub-mkstandalone packs a memdisk with times of its own; grub-mkimage with an early configuration is the same every time.
set -euo pipefail
shopt -s inherit_errexit

id=${1:?an identity is needed}
case $id in *[!A-Za-z0-9._-]*) echo "make-efi: the identity \"$id\" may hold letters, digits, . _ - only" >&2; exit 1 ;; esac
: "${SOURCE_DATE_EPOCH:?is not set}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of two media with the same file it takes the one that it was loaded from: its disk, or a part of it. (What is embedded is read
# line by line, without "if"; a line that fails is passed over.)
cat > "$work/early.cfg" <<EOF
regexp --set=1:disk '^([^,]+)' "\$root"
search --no-floppy --set=root --hint="\$disk," --file /.disk/kldload-$id.id
set prefix=(\$root)/boot/grub
configfile /boot/grub/grub.cfg
EOF

# All modules are inside: nothing is loaded from the medium, so that there is nothing to go missing there.
common=(part_gpt part_msdos fat iso9660 normal configfile search search_fs_file linux echo test true regexp smbios
    serial terminal gzio sleep reboot halt minicmd ls cat)

mkdir -p "$work/efi/EFI/BOOT"
grub-mkimage --format=x86_64-efi --prefix=/boot/grub --config="$work/early.cfg" \
    --output="$work/efi/EFI/BOOT/BOOTX64.EFI" "${common[@]}" all_video efi_gop efifwsetup
grub-mkimage --format=i386-pc --prefix=/boot/grub --config="$work/early.cfg" --output="$work/core.img" \
    biosdisk vbe vga video_bochs video_cirrus "${common[@]}"
cat /usr/lib/grub/i386-pc/cdboot.img "$work/core.img" > /out/bios.img
cp /usr/lib/grub/i386-pc/boot_hybrid.img /out/mbr.img

# 1 MiB more than the loader holds, in whole MiB. The volume's serial number is part of the bytes, so it is derived too.
size=$(($(stat --format=%s "$work/efi/EFI/BOOT/BOOTX64.EFI") / 1048576 + 2))
serial=$(printf '%s' "$id" | sha256sum | cut -c1-8)
find "$work/efi" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
truncate --size="${size}M" /out/efi.img
mkfs.vfat --invariant -i "$serial" -n KLDLOADEFI /out/efi.img > /dev/null
mcopy -s -m -i /out/efi.img "$work/efi/EFI" ::
