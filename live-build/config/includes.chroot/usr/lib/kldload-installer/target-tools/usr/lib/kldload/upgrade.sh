# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034,SC2154  # dpkg's own variables; those that are shared with kupgrade
# The steps of kupgrade. After common.sh, be.sh, packages.sh and package-manager.sh.
#
#   upgrade_leftovers           takes away what an interrupted one has left
#   upgrade_old                 takes away the oldest of those that were kept, beyond upgrade_kept
#   upgrade_room [yes]          fails where the pool or a partition has no room; yes: a kernel comes
#   upgrade_make NAME           makes the boot environment; upgrade_root is where it is mounted
#   upgrade_inside              upgrades it: what is in `wanted`, or all
#   upgrade_kernels             takes away its kernels but the newest and the one that runs now
#   upgrade_judge               fails where it would not come up
#   upgrade_close, upgrade_drop

upgrade_kept=2
running_kernel=$(uname --kernel-release)
upgrade_root=''

# Those of ours, oldest first: NAME<tab>STATE.
upgrade_ours() {
    local listing name by state
    listing=$(zfs list -H -d 1 -t filesystem -s creation -o name,kldload:by,kldload:state -- "$pool/ROOT")
    while IFS=$'\t' read -r name by state; do
        if [[ $by == kupgrade && $name == "$pool"/ROOT/* ]]; then printf '%s\t%s\n' "${name#"$pool"/ROOT/}" "$state"; fi
    done <<< "$listing"
}

upgrade_leftovers() {
    local listing name state clones
    listing=$(upgrade_ours)
    while IFS=$'\t' read -r name state; do
        if [[ -z $name || $state != unfinished ]]; then continue; fi
        say "an upgrade that was interrupted has left $name: it goes"
        upgrade_drop "$name"
    done <<< "$listing"
    # Snapshots that were to become one.
    listing=$(zfs list -H -d 1 -t snapshot -o name,clones -- "$pool/ROOT/$be_running")
    while IFS=$'\t' read -r name clones; do
        if [[ $name == *@kupgrade-* && ($clones == - || -z $clones) ]]; then zfs destroy -r -- "$name" || warn "$name is left"; fi
    done <<< "$listing"
}

# upgrade_drop NAME: one that nothing boots.
upgrade_drop() {
    local where
    where=$(be_where "$1")
    if [[ -n $where && $where != / ]]; then environment_unmount "${where%%$'\n'*}"; fi
    environments_read
    be_destroy "$1"
}

upgrade_old() {
    local listing name state old=()
    listing=$(upgrade_ours)
    while IFS=$'\t' read -r name state; do
        if [[ -n $name && $name != "$be_running" && $name != "$be_default" && $name != "$trial_be" ]]; then old+=("$name"); fi
    done <<< "$listing"
    for name in "${old[@]:0:$((${#old[@]} > upgrade_kept ? ${#old[@]} - upgrade_kept : 0))}"; do
        say "$name, of an upgrade before the last $upgrade_kept, goes"
        be_destroy "$name"
    done
}

upgrade_room() {
    local free
    free=$(zfs get -H -p -o value available "$pool/ROOT")
    ((free >= 1073741824)) || fail "the pool has $(human "$free") free, and an upgrade may take 1G" "kdf; ksnap prune; kbe destroy what is old"
    if [[ ${1:-} == yes ]]; then
        kldload-boot room "$be_running" > /dev/null || fail "there is no room for one more kernel beside the one that runs; see above" "kbe destroy what is old, then: kldload-boot sync"
    fi
}

upgrade_make() {
    local taken
    be_snapshot kupgrade "$be_running" "$1"
    environment_clone "$taken" "$1" "$be_running" kldload:by=kupgrade
    environments_read
    be_open "$1" rw
    upgrade_root=$be_root
}

upgrade_close() { if [[ -n $upgrade_root ]]; then be_close "$upgrade_root" && upgrade_root=''; fi; }

# upgrade_inside: as root of that system, with nothing of it started.
upgrade_inside() {
    local policy=$upgrade_root/usr/sbin/policy-rc.d kept=no status=0 held=() selections name state
    manager_in=(be_enter "$upgrade_root")
    assume_yes=yes
    if [[ $manager == apt ]]; then
        if [[ $with_kernel == yes ]]; then
            # Who calls this looks at its status: an error ends nothing by itself.
            selections=$(dpkg --admindir="$upgrade_root/var/lib/dpkg" --get-selections) || return
            while read -r name state; do
                case $state/$name in hold/linux-image-* | hold/linux-headers-* | hold/linux-generic*) held+=("$name") ;; esac
            done <<< "$selections"
        fi
        if [[ -e $policy ]]; then kept=yes; else printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod 755 "$policy"; fi
        if ((${#held[@]})); then be_enter "$upgrade_root" apt-mark -qq unhold "${held[@]}"; fi
    fi
    if [[ -n $manager_medium ]]; then
        manager_take_medium || status=$?
    elif ((${#wanted[@]})); then
        manager_upgrade_these "${wanted[@]}" || status=$?
    else
        manager_upgrade || status=$?
    fi
    if ((${#held[@]})); then be_enter "$upgrade_root" apt-mark -qq hold "${held[@]}"; fi
    if [[ $manager == apt && $kept == no ]]; then rm -f "$policy"; fi
    manager_in=()
    return "$status"
}

# upgrade_kernels: each of them takes room on all partitions. The boot environment before keeps what it has; and dnf keeps three by itself.
upgrade_kernels() {
    local listing name version versions newest='' old=()
    if [[ $manager != apt ]]; then return; fi
    listing=$(dpkg-query --admindir="$upgrade_root/var/lib/dpkg" --show --showformat '${db:Status-Status} ${Package}\n' 'linux-image-[0-9]*' 'linux-headers-[0-9]*' 2> /dev/null) || : # there may be no headers
    listing=$(sed -n 's/^installed //p' <<< "$listing")
    versions=$(sed -n 's/^linux-image-//p' <<< "$listing" | sort --version-sort)
    newest=${versions##*$'\n'}
    while IFS= read -r name; do
        version=${name#linux-*-}
        # Headers are in several packages, whose names begin alike.
        if [[ -z $name || $versions != *"$version"* || $version == "$newest" || $version == "$running_kernel" ]]; then continue; fi
        old+=("$name")
    done <<< "$listing"
    if ((${#old[@]} == 0)); then return; fi
    say "older kernels go from it: ${old[*]}"
    manager_in=(be_enter "$upgrade_root")
    manager_run purge "${old[@]}" || warn "they are still there; see above"
    manager_in=()
}

# upgrade_judge: what can be known before it boots. Each thing here has kept some machine from coming up.
upgrade_judge() {
    local root=$upgrade_root init said kernels kernel version='' module magic image maximum userland
    # By its own name: called init, systemd would be something else.
    init=$(be_enter "$root" readlink --canonicalize-existing /sbin/init) || fail "it has no /sbin/init" "$nothing_changed"
    said=$(be_enter "$root" "$init" --version 2>&1) || fail "its systemd does not even say its version: ${said:0:200}" "$nothing_changed"
    if [[ $manager == apt ]]; then
        said=$(dpkg --admindir="$root/var/lib/dpkg" --audit)
        [[ -z $said ]] || fail "its packages are not all configured: ${said//$'\n'/ }" "$nothing_changed"
    fi
    cmp --silent "${KLDLOAD_ROOT:-}/etc/hostid" "$root/etc/hostid" || fail "its /etc/hostid is another one: the pool would not be imported" "$nothing_changed"
    # The newest kernel that has ZFS is the one that boots; one that has none gets no entry in the menu.
    kernels=$(printf '%s\n' "$root"/boot/vmlinuz-* | sed 's,.*/vmlinuz-,,; /^0-rescue-/d' | sort --version-sort --reverse)
    while IFS= read -r kernel; do
        if [[ -z $kernel ]]; then continue; fi
        if ! module=$(modinfo --basedir "$root" --set-version "$kernel" --filename zfs 2> /dev/null); then
            if [[ -x $root/usr/sbin/dkms ]]; then
                say "kernel $kernel has no ZFS module yet: dkms builds it"
                be_enter "$root" dkms autoinstall -k "$kernel" || : # judged by the module
            fi
            if ! module=$(modinfo --basedir "$root" --set-version "$kernel" --filename zfs 2> /dev/null); then
                warn "kernel $kernel has no ZFS module, and will not be booted"
                continue
            fi
        fi
        version=$kernel
        break
    done <<< "$kernels"
    [[ -n $version ]] || fail "none of its kernels has a ZFS module" "$nothing_changed"
    magic=$(modinfo --basedir "$root" --set-version "$version" --field vermagic zfs)
    [[ $magic == "$version "* ]] || fail "its ZFS module is for $magic, and its kernel is $version" "$nothing_changed"
    userland=$(modinfo --basedir "$root" --set-version "$version" --field version zfs)
    said=$(be_enter "$root" zfs version 2> /dev/null) || : # where only the module's version is not to be had
    said=$(sed -n '1s/^zfs-//p' <<< "$said")
    if [[ -n $said && ${said%%-*} != "${userland%%-*}" ]]; then warn "ZFS's programs are $said, its module for $version is $userland"; fi
    maximum=$(sed -n 's/^Linux-Maximum: *//p' "$root"/usr/src/zfs-*/META 2> /dev/null | sort --version-sort | tail --lines=1) || maximum=''
    if [[ -n $maximum ]]; then
        kernel=$(sed -E 's/^([0-9]+\.[0-9]+).*/\1/' <<< "$version")
        [[ $(printf '%s\n' "$kernel" "$maximum" | sort --version-sort | tail --lines=1) == "$maximum" ]] \
            || fail "kernel $version is beyond what its ZFS supports (up to $maximum)" "$nothing_changed"
    fi
    upgrade_initramfs "$version"
    say "it has kernel $version with ZFS $userland, and an initramfs that finds the pool"
}

# upgrade_initramfs VERSION: made now, with all that is new; and looked into.
upgrade_initramfs() {
    local image listing pattern wanted=('/zfs\.ko' '/spl\.ko' '/zpool$' '/zfs$')
    if [[ -d $upgrade_root/etc/initramfs-tools ]]; then
        be_enter "$upgrade_root" update-initramfs -u -k "$1" || fail "its initramfs can't be made" "$nothing_changed"
        image=$upgrade_root/boot/initrd.img-$1
        listing=$(lsinitramfs "$image") || fail "its initramfs can't be read" "$nothing_changed"
        wanted+=('etc/hostid$' '^scripts/zfs$')
    else
        be_enter "$upgrade_root" dracut --force --add zfs "/boot/initramfs-$1.img" "$1" || fail "its initramfs can't be made" "$nothing_changed"
        image=$upgrade_root/boot/initramfs-$1.img
        listing=$(lsinitrd "$image") || fail "its initramfs can't be read" "$nothing_changed"
    fi
    for pattern in "${wanted[@]}"; do
        grep --quiet --extended-regexp "$pattern" <<< "$listing" || fail "its initramfs lacks what finds and opens the root: $pattern" "$nothing_changed"
    done
}
