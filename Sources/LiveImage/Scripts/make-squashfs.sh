#!/bin/bash
# make-squashfs.sh [LEVEL]: packs one layer of the live system.
#
#   /in/rootfs.tar  a root file system, packed as it is: owners, modes and extended attributes are kept.
#                   Kernel and initramfs are left out, the ISO carries them beside the layers.
#   /in/tree        or a folder of the checkout: everything belongs to root, modes are 0755 or 0644 by the executable
#                   bit, times are SOURCE_DATE_EPOCH. So neither umask nor owner nor time of a checkout matters.
#   LEVEL           of zstd, 6 where none is given. A root of 458 MB on two cores: level 3 takes 1.6 CPU seconds for
#                   202 MB, 6 takes 3.8 for 196, 9 takes 5.2 for 195, 15 takes 38 for 189.
#   /out/filesystem.squashfs
#
# The bytes depend on the contents and SOURCE_DATE_EPOCH alone: mksquashfs writes in input order whatever the number of
# processors, takes its superblock time from SOURCE_DATE_EPOCH and cuts later file times down to it.
set -euo pipefail
shopt -s inherit_errexit

level=${1:-6}
: "${SOURCE_DATE_EPOCH:?is not set}"

archive() {
    if [ -e /in/rootfs.tar ]; then
        cat /in/rootfs.tar
    elif [ -d /in/tree ]; then
        # --format=pax would store times of access; gnu stores nothing that differs between two checkouts.
        tar --create --format=gnu --sort=name --directory=/in/tree --owner=root:0 --group=root:0 --numeric-owner \
            --mode='ug-s,o-t,a=rX,u+w' --mtime="@$SOURCE_DATE_EPOCH" .
    else
        echo "make-squashfs: neither /in/rootfs.tar nor /in/tree is there" >&2
        return 1
    fi
}

# The archive's own entry for the root folder is ignored by mksquashfs (which says so), hence -root-mode and -root-time.
archive | mksquashfs - /out/filesystem.squashfs -tar -root-mode 0755 -root-time "$SOURCE_DATE_EPOCH" \
    -comp zstd -Xcompression-level "$level" -no-exports -noappend -no-progress -quiet \
    -wildcards -e 'boot/vmlinuz*' 'boot/initrd.img*'
