# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with the tools
# What kbe, kpkg and kupgrade do with boot environments, besides what kldload-boot knows (boot-environments.sh). After common.sh.

# shellcheck source=/dev/null
. "$KLDLOAD_LIB/boot-environments.sh"
# shellcheck source=/dev/null
. "$KLDLOAD_LIB/boot-trial.sh"

# be_read: what there is; be_running, be_default, and the trial_… of boot-trial.sh.
be_read() {
    environments_read
    be_running=$(environment_running)
    be_default=$(environment_default)
    trial_read || : # there is none
}

# be_known NAME: fails where there is none of that name.
be_known() {
    local name
    for name in "${environments[@]}"; do if [[ $name == "$1" ]]; then return; fi; done
    fail "there is no boot environment \"$1\"" "kbe list"
}

# be_snapshot TOOL NAME REASON: one of all parts of a boot environment, at the same moment; `taken` is its name after the @.
be_snapshot() {
    taken=$(snapshot_name "$1" "$3")
    try "no snapshot of $2 was taken" zfs snapshot -r -o "kldload:by=$1" -o "kldload:reason=$3" -- "$pool/ROOT/$2@$taken"
}

# be_where NAME: where it is mounted; nothing where it is not.
be_where() { findmnt --noheadings --first-only --output TARGET --source "$pool/ROOT/$1" || :; } # not mounted

# be_open NAME MODE: mounts it below /run/kldload/be, if it is nowhere yet. be_root is where it is, be_opened whether it was this.
be_open() {
    be_root=$(be_where "$1")
    be_opened=no
    if [[ -n $be_root ]]; then return; fi
    be_root=$KLDLOAD_RUN/be/$1
    mkdir -p "$be_root"
    environment_mount "$1" "$be_root" "$2"
    be_opened=yes
}

be_close() { # be_close FOLDER
    environment_unmount "$1"
    rmdir "$1" 2> /dev/null || : # whoever gave the folder keeps it
}

# be_destroy NAME: with all its parts. What is made of its snapshots takes over what it shares with them.
be_destroy() {
    local listing clones snapshot clone round origins origin name found
    if [[ $1 == "$be_running" ]]; then fail "$1 is the boot environment that runs" "kbe activate another one, and start that"; fi
    if [[ $1 == "$be_default" ]]; then fail "$1 boots by default" "kbe activate another one"; fi
    if [[ $1 == "$trial_be" ]]; then fail "$1 is on trial" "kbe activate $be_default ends that"; fi
    origins=$(zfs list -H -r -t filesystem -o origin -- "$pool/ROOT/$1")
    for round in {1..100}; do
        listing=$(zfs list -H -r -t snapshot -o name,clones -- "$pool/ROOT/$1")
        found=''
        while IFS=$'\t' read -r snapshot clones; do
            for clone in ${clones//,/ }; do
                if [[ $clone != - && $clone != "$pool/ROOT/$1" && $clone != "$pool/ROOT/$1"/* ]]; then found=$clone; fi
            done
            if [[ -n $found ]]; then break; fi
        done <<< "$listing"
        if [[ -z $found ]]; then break; fi
        try "$found was made of $1, and can't do without it; $1 is left as it is" zfs promote "$found"
    done
    try "$1 is not destroyed" zfs destroy -r "$pool/ROOT/$1"
    # The snapshots it was made of, where a tool took them for that and nothing else needs them.
    while IFS= read -r origin; do
        case ${origin#*@} in kbe-* | kupgrade-* | kpkg-undo-*) ;; *) continue ;; esac
        clones=$(zfs list -H -o clones -- "$origin" 2> /dev/null) || continue # it has moved to another one
        if [[ -z $clones || $clones == - ]]; then
            zfs destroy -- "$origin" 2> /dev/null || : # held by somebody
        fi
    done <<< "$origins"
}

# be_shared: in `shared` the folders of the file systems that all boot environments share, and that are mounted.
be_shared() {
    local listing name mounted folder
    shared=()
    listing=$(zfs list -H -r -t filesystem -o name,mounted,mountpoint -- "$pool")
    while IFS=$'\t' read -r name mounted folder; do
        if [[ $mounted == yes && $name != "$pool"/ROOT/* && $folder == /?* ]]; then shared+=("$folder"); fi
    done <<< "$listing"
}

# be_enter FOLDER COMMAND…: in the boot environment that is mounted there, as if it ran, with the file systems that all share (/home,
# /var/log, caches), but no services. What it leaves running ends with it.
be_enter() {
    local shared
    be_shared
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare --mount --pid --fork --kill-child --propagation private bash -euc '
        root=$1 count=$2
        shift 2
        mount -t proc proc "$root/proc"
        mount -t sysfs sysfs "$root/sys"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs -o mode=755 tmpfs "$root/run"
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
        while [ "$count" -gt 0 ]; do
            # One that was made later than this boot environment has no folder there.
            if [ -d "$root$1" ]; then mount --bind "$1" "$root$1"; fi
            shift
            count=$((count - 1))
        done
        # Names are looked up as here: resolv.conf may be a link into /run.
        if [ -d /run/systemd/resolve ]; then
            mkdir -p "$root/run/systemd/resolve"
            mount --bind /run/systemd/resolve "$root/run/systemd/resolve"
        fi
        mkdir -p "$root/run/lock"
        # A medium of updates that is open is at the same place: the options of the package manager name it.
        if [ -d /run/kldload/update-source ]; then
            mkdir -p "$root/run/kldload/update-source"
            mount --rbind /run/kldload/update-source "$root/run/kldload/update-source"
        fi
        # Not in place of this shell: what is process 1 is taken for an init, by systemd among others.
        status=0
        chroot "$root" env KLDLOAD_BOOT_LATER=yes KLDLOAD_SNAPSHOT=no SYSTEMD_OFFLINE=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" || status=$?
        exit "$status"
    ' - "$1" "${#shared[@]}" "${shared[@]}" "${@:2}"
}
