# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# Sealing the new system, so that each copy of its disk becomes a machine of its own: by the list and the code that kseal goes by on an
# installed one.

seal_wanted() { [[ $KLDLOAD_SEAL == 1 || $KLDLOAD_EXPORT_FORMAT != none ]]; }

# seal_target: as the last change that is made to the new system.
seal_target() {
    # shellcheck source=live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools/usr/lib/kldload/seal.sh
    source "$INSTALLER/target-tools/usr/lib/kldload/seal.sh"
    seal_by=installer
    seal_keep_password=no
    if [[ $KLDLOAD_SEAL_PASSWORDS == keep ]]; then seal_keep_password=yes; fi
    say "sealing the new system"
    seal_open "$TARGET" rpool
    seal_apply
    seal_close
}

# Of the sealed library: what it warns of is no reason to end.
warn() { say "$1"; }

# seal_trim: what is free is zeros to who reads the disk then, and takes no room in an image. What was freed just now becomes free with
# the third transaction after that.
seal_trim() {
    local attempt said
    for attempt in 1 2 3; do run zpool sync rpool; done
    said=$(zpool trim -w rpool 2>&1) \
        || say "what is free on the disk could not be trimmed, so an image of it may be larger than what is in it: ${said//$'\n'/; }"
}
