#!/bin/bash
# make-squashfs.sh [LEVEL [BLOCK]]: packs a root file system, or one layer of one.
#
#   /in/rootfs.tar  a root file system, packed as it is: owners, modes and extended attributes are kept.
#   /in/tree        or a folder of the checkout: everything belongs to root, modes are 0755 or 0644 by the executable
#                   bit, times are SOURCE_DATE_EPOCH. So neither umask nor owner nor time of a checkout matters,
#   /in/rights      but for what this file, if it is there, says: MODE USER GROUP PATH, each ended by a NUL
#   LEVEL           of zstd, 6 where none is given. A root of 458 MB on two cores: level 3 takes 1.6 CPU seconds for
#                   202 MB, 6 takes 3.8 for 196, 9 takes 5.2 for 195, 15 takes 38 for 189.
#   BLOCK           so much is compressed at a time, 128K where nothing is said; more of it takes less room, and longer to read a part
#   /out/filesystem.squashfs
#   LAYER_IN, LAYER_OUT  other folders than /in and /out, for tests
#
# The bytes depend on the contents and SOURCE_DATE_EPOCH alone: mksquashfs writes in input order whatever the number of
# processors, takes its superblock time from SOURCE_DATE_EPOCH and cuts later file times down to it.
set -euo pipefail
shopt -s inherit_errexit

level=${1:-6} block=${2:-128K}
: "${SOURCE_DATE_EPOCH:?is not set}"

in=${LAYER_IN:-/in} out=${LAYER_OUT:-/out}
work=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$work"' EXIT

# The folder of the checkout with the owners and modes that it shall have.
prepare() {
    cp -R --no-dereference -- "$in/tree/." "$work"
    chown -R --no-dereference 0:0 "$work"
    find "$work" -type d -exec chmod 755 {} +
    find "$work" -type f -perm /111 -exec chmod 755 {} +
    find "$work" -type f ! -perm /111 -exec chmod 644 {} +
    [ -e "$in/rights" ] || return 0
    local mode user group path
    while read -r -d '' mode user group path; do
        chown --no-dereference "$user:$group" "$work/$path"
        chmod "$mode" "$work/$path"
    done < "$in/rights"
}

archive() {
    if [ -e "$in/rootfs.tar" ]; then
        cat "$in/rootfs.tar"
    elif [ -d "$in/tree" ]; then
        prepare
        # --format=pax would store times of access; gnu stores nothing that differs between two checkouts.
        tar --create --format=gnu --sort=name --directory="$work" --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" .
    else
        echo "make-squashfs: neither $in/rootfs.tar nor $in/tree is there" >&2
        return 1
    fi
}

# The archive's own entry for the root folder is ignored by mksquashfs (which says so), hence -root-mode and -root-time.
# It reads no further than the archive's end: what tar pads it with must go somewhere, or tar dies of SIGPIPE.
archive | {
    mksquashfs - "$out/filesystem.squashfs" -tar -root-mode 0755 -root-time "$SOURCE_DATE_EPOCH" \
        -comp zstd -Xcompression-level "$level" -b "$block" -no-exports -noappend -no-progress -quiet
    cat > /dev/null
}
