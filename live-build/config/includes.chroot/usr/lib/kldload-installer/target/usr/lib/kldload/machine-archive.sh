# shellcheck shell=bash
# The archive beside an initramfs, with what the initramfs lacks of this machine: the number that finds its pool, the name, the keyboard for
# a passphrase. The boot menu has it loaded after the initramfs it is named after, and after no other; what is in both is as it is here.
#
#   machine_archive_of ROOT DIGEST       the archive of the initramfs with that digest (SHA-256), a path below ROOT
#   machine_archive_lists ARCHIVE        what is in it, a path a line
#   machine_archive_unpack ARCHIVE FOLDER
#   machine_archive_pack FOLDER ARCHIVE  appears under its name when it is whole
#   machine_initramfs ROOT               each initramfs in ROOT, a path a line

machine_archive_of() { printf '%s\n' "$1/boot/machine-${2:0:16}.img"; }

machine_archive_lists() { cpio --quiet --list < "$1"; }

machine_archive_unpack() { (cd "$2" && cpio --quiet --extract --make-directories --no-absolute-filenames) < "$1"; }

# The same bytes of the same files, whenever it is made.
machine_archive_pack() {
    find "$1" -mindepth 1 -exec touch --no-dereference --date=@0 {} +
    (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet --reproducible --create --format=newc --owner=0:0) > "$2.new"
    mv "$2.new" "$2"
}

# Of initramfs-tools, and of dracut.
machine_initramfs() {
    local file
    for file in "$1"/boot/initrd.img-* "$1"/boot/initramfs-*.img; do
        if [[ -f $file && $file != */initramfs-0-rescue-* ]]; then printf '%s\n' "$file"; fi
    done
}
