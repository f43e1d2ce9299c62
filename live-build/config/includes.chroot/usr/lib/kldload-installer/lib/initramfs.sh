# shellcheck shell=bash
# What an initramfs is like, whoever makes it: the installer (boot.sh), or the build for the systems of the medium, before whose script
# this stands.
#
#   initramfs_settings ROOT                  how initramfs-tools packs one in ROOT
#   initramfs_judge TOOL LISTING PATTERN…    fails where LISTING, which lsinitramfs or lsinitrd wrote, lacks what finds and opens the
#                                            root, or one of the further patterns. TOOL is initramfs-tools or dracut.

initramfs_settings() {
    mkdir -p "$1/etc/initramfs-tools/conf.d"
    # The modules in it are compressed already; a higher level costs time at every update and saves next to nothing.
    printf '%s\n' COMPRESS=zstd COMPRESSLEVEL=3 > "$1/etc/initramfs-tools/conf.d/kldload.conf"
}

initramfs_judge() {
    local tool=$1 listing=$2 pattern wanted=('/zfs\.ko' '/spl\.ko' '/zpool$' '/zfs$')
    shift 2
    if [[ $tool == initramfs-tools ]]; then wanted+=('^scripts/zfs$'); fi
    for pattern in "${wanted[@]}" "$@"; do
        grep --quiet --extended-regexp "$pattern" <<< "$listing" || fail "the initramfs lacks what finds and opens the root: $pattern"
    done
}
