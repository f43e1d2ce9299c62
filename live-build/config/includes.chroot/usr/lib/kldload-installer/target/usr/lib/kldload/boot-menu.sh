# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with whoever sources this
# The boot menu: an entry for each kernel of each boot environment. It is planned below the folder $work, and then written to the
# partitions by boot-partitions.sh. Wants boot-environments.sh, boot-trial.sh and machine-archive.sh.

# Initramfs that were found to hold ZFS, by digest: looking into one takes seconds.
verdicts=/var/cache/kldload/initramfs-with-zfs

# menu_begin: one at a time; afterwards the plan is there, and the boot environments but the running one are mounted to be read.
menu_begin() {
    exec 9> /run/kldload-boot.lock
    flock 9
    work=$(mktemp --directory /run/kldload-boot.XXXXXX)
    trap menu_end EXIT
    mkdir "$work"/{entries,files,roots,esp}
    touch "$work/verdicts"
    menu_plan
}

menu_end() {
    local root
    for root in "$work"/roots/*; do environment_unmount "$root"; done
    rm -rf --one-file-system "$work"
}

# menu_plan: the entries, the files they name, and in planned the lines "VERSION<tab>ENTRY" of each boot environment.
declare -A planned=() files=()
menu_plan() {
    local be root active guid states
    environments_read
    active=$(environment_running)
    guid=$(zpool get -H -o value guid "$pool")
    [[ $guid =~ ^[0-9]+$ ]] || fail "the pool $pool says no number: $guid"
    states=$(zfs get -H -d 1 -t filesystem -s local -o name,value kldload:state "$pool/ROOT")
    for be in "${environments[@]}"; do
        if [[ $be == *[[:space:]]* ]]; then
            warn "$be: a name with a blank can't stand on the kernel's command line; zfs rename gives it another"
            continue
        fi
        if [[ $'\n'$states == *$'\n'"$pool/ROOT/$be"$'\t'* && $be != "$active" ]]; then
            warn "$be: it is not finished, and so has no entry"
            continue
        fi
        root=
        if [[ $be != "$active" ]]; then
            root=$work/roots/$be # until the end: files are copied from there
            mkdir "$root"
            environment_mount "$be" "$root" ro
        fi
        menu_check_parts "$be" "$root"
        if [[ -e $root/etc/kernel/cmdline && -e $root/etc/os-release ]]; then
            menu_plan_kernels "$be" "$root" "$guid"
        else
            warn "$be: it has no /etc/kernel/cmdline or no /etc/os-release, and so no entry"
        fi
    done
    ((${#planned[@]} > 0)) || fail "no boot environment has a kernel with an initramfs, and ZFS in both"
    install -D -m 644 "$work/verdicts" "$verdicts"
}

# menu_check_parts BE ROOT: the initramfs mounts all parts, and stops at a prompt where one has no folder, as after a rollback of the
# root alone.
menu_check_parts() {
    local name folder
    while IFS=$'\t' read -r name folder; do
        if [[ -z $name || $folder == - || -d $2$folder ]]; then continue; fi
        if [[ -z $2 ]]; then
            mkdir -p "$folder"
        else
            warn "$1: there is no folder $folder for its part $name, without which it does not boot: kbe mount $1 makes it"
        fi
    done <<< "${environment_parts[$1]:-}"
}

# menu_plan_kernels BE ROOT GUID
menu_plan_kernels() {
    local name words kernel version initrd initrds machine where digest reason entry clone=no
    name=$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$2/etc/os-release")
    words=$(< "$2/etc/kernel/cmdline")
    # A copy that waits for its first boot gets a number of its own for the pool, and a hostid. Until both are everywhere, kldload-clone may be
    # interrupted anywhere: its pool is found by name, and taken whoever had it.
    if [[ -e $2/etc/kldload/clone-pending && ${KLDLOAD_BOOT_CLONE:-} != 'done' ]]; then
        clone=yes
        words+=' zfs_force=1'
    fi
    for kernel in "$2"/boot/vmlinuz-*; do
        version=${kernel##*/vmlinuz-}
        if [[ $version == 0-rescue-* ]]; then continue; fi # of dracut's, without modules of its own
        # The number of the pool, not its name: a disk with another pool of that name may be plugged in. dracut's scripts know
        # names only.
        where=$3
        if [[ $clone == yes ]]; then where=$pool_on_disk; fi
        initrd=$2/boot/initrd.img-$version
        if [[ ! -e $initrd ]]; then
            where=$pool_on_disk
            initrd=$2/boot/initramfs-$version.img
        fi
        if [[ ! -e $initrd ]]; then
            warn "$1: kernel $version has no initramfs: it gets no entry"
            continue
        fi
        digest=$(menu_digest "$initrd")
        reason=$(menu_lacks_zfs "$2" "$version" "$initrd" "$digest")
        if [[ -n $reason ]]; then
            warn "$1: kernel $version gets no entry: $reason"
            continue
        fi
        printf '%s\n' "$digest" >> "$work/verdicts"
        menu_keep "$initrd" "${digest:0:16}.initrd"
        initrds=("initrd /kldload/${files[$initrd]}")
        # One that was made for any machine, and what it lacks of this one; see image_machine of the installer.
        machine=$(machine_archive_of "$2" "$digest")
        if [[ -e $machine ]]; then
            digest=$(menu_digest "$machine")
            menu_keep "$machine" "${digest:0:16}.machine"
            initrds+=("initrd /kldload/${files[$machine]}")
        fi
        digest=$(menu_digest "$kernel")
        menu_keep "$kernel" "${digest:0:16}.linux"
        entry=$(menu_entry_name "$1" "$version")
        printf '%s\n' "title $name, $1" "version $version" "sort-key kldload-$1" "linux /kldload/${files[$kernel]}" \
            "${initrds[@]}" "options root=ZFS=$where/ROOT/$1 $words" > "$work/entries/$entry"
        planned[$1]+=$version$'\t'$entry$'\n'
    done
}

# menu_lacks_zfs ROOT VERSION INITRD DIGEST: what keeps this kernel from reaching its root; nothing where all is there.
menu_lacks_zfs() {
    local modules=$1/usr/lib/modules/$2 found listing
    if [[ ! -d $modules ]]; then printf 'it has no modules' && return; fi
    if [[ -e $modules/modules.builtin ]] && grep --quiet '/zfs\.ko' "$modules/modules.builtin"; then return; fi
    found=$(find "$modules/" -name 'zfs.ko*' -print -quit)
    if [[ -z $found ]]; then printf 'it has no module zfs' && return; fi
    if [[ -e $verdicts ]] && grep --quiet --line-regexp --fixed-strings "$4" "$verdicts"; then return; fi
    if ! listing=$(menu_initramfs_files "$3"); then printf 'its initramfs can not be read' && return; fi
    if [[ $listing != */zfs.ko* ]]; then printf 'its initramfs has no module zfs' && return; fi
}

menu_initramfs_files() { if type -P lsinitramfs > /dev/null; then lsinitramfs "$1"; else lsinitrd "$1"; fi; }

# menu_entry_name BE VERSION: a file that no other entry has; FAT takes capitals for small letters, and some characters not at all.
menu_entry_name() {
    local name number=1 suffix=''
    name=kldload-${1//[^A-Za-z0-9._-]/_}-$2
    # A plus before a number would be taken for a count of tries; see boot-trial.sh.
    name=${name//+/_}
    name=${name,,}
    while [[ -e $work/entries/$name$suffix.conf ]]; do
        number=$((number + 1))
        suffix=_$number
    done
    printf '%s.conf\n' "$name$suffix"
}

menu_digest() {
    local digest
    digest=$(sha256sum "$1")
    printf '%s\n' "${digest%% *}"
}

# menu_keep PATH NAME: what is to be on the partitions, and under which name.
menu_keep() {
    files[$1]=$2
    ln --symbolic --force "$1" "$work/files/$2"
}

# menu_newest BE: the entry of its newest kernel.
menu_newest() {
    local entry
    [[ -n ${planned[$1]:-} ]] || return 1
    entry=$(sort --version-sort <<< "${planned[$1]%$'\n'}" | tail --lines=1)
    printf '%s\n' "${entry#*$'\t'}"
}

# menu_settings BE: what the loader is told. The newest kernel of BE boots by itself, or that of a boot environment on trial before
# it; nobody changes the kernel's words at the console.
menu_settings() {
    local entry
    # A second time in one run it begins from the same plan.
    if [[ -d $work/plan ]]; then
        rm -r "$work/entries"
        cp -R "$work/plan" "$work/entries"
    else
        cp -R "$work/entries" "$work/plan"
    fi
    entry=$(menu_newest "$1") || fail "the boot environment $1, which boots by default, has no kernel that can reach its root"
    if trial_read; then entry=$(trial_plan "$1" "$entry"); fi
    printf '%s\n' "default $entry" 'timeout 3' 'editor no' 'console-mode keep' > "$work/loader.conf"
}

# menu_write BE: the menus of all disks, with BE as what boots by default.
menu_write() {
    menu_settings "$1"
    partitions_write
}
