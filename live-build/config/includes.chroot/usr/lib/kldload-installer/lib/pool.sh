# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# The pool, its file systems, and taking both out of use again.

TARGET=/target

pool_create() {
    local options=() topology=() version features
    modprobe zfs
    pool_cache $(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) * 1024 / 4))
    # The number that a pool remembers its machine by; the live system may have that of what was here before (kldload-rescue).
    run zgenhostid -f
    options+=(-o ashift=12 -o autotrim=on -o autoexpand=on -o cachefile=none)
    version=$(pool_zfs_version)
    features=$(pool_features "$version" /usr/share/zfs/compatibility.d)
    if [[ -n $features ]]; then options+=(-o "compatibility=$features"); fi
    options+=(-O compression=lz4 -O acltype=posixacl -O xattr=sa -O dnodesize=auto -O normalization=formD -O relatime=on)
    # Names below rpool are folders below /, but rpool itself is none.
    options+=(-O canmount=off -O mountpoint=/)
    if [[ $KLDLOAD_ZFS_DEDUP == 1 ]]; then options+=(-O dedup=on); fi
    case $KLDLOAD_ZFS_TOPOLOGY in mirror | raidz) topology=("$KLDLOAD_ZFS_TOPOLOGY") ;; esac
    if [[ $KLDLOAD_ZFS_ENCRYPT == 1 ]]; then
        options+=(-O encryption=aes-256-gcm -O keyformat=passphrase -O keylocation=prompt)
    fi
    printf '+ zpool create %s\n' "${options[*]} rpool ${topology[*]} ${disk_pools[*]}"
    mkdir -p "$TARGET"
    printf '%s' "$KLDLOAD_ZFS_PASSPHRASE" | zpool create -f "${options[@]}" -R "$TARGET" rpool "${topology[@]}" "${disk_pools[@]}"
    # Nothing of an installation that failed is worth waiting for the disk. Back to standard in pool_settle.
    run zfs set sync=disabled rpool
}

# pool_zfs_version: "2.3" where the profile brings ZFS 2.3.9.
pool_zfs_version() {
    local profile name version
    profile=$(bootstrap_profile)
    while read -r name version _; do
        if [[ $name =~ ^(zfsutils-linux|zfs)$ && $version =~ ^([0-9]+:)?([0-9]+\.[0-9]+) ]]; then printf '%s\n' "${BASH_REMATCH[2]}"; fi
    done < "$profile"
}

# pool_features VERSION FOLDER: the list of features that ZFS of this version reads, or the next older one that there is; zpool(8)
# calls it compatibility. The live system may have a newer ZFS than what it installs. And without it `zpool upgrade` would turn on
# what a boot environment that is gone back to, or the live medium at hand, can't import.
pool_features() {
    local file number wanted best=0 name=''
    wanted=$(pool_number "$1")
    for file in "$2"/openzfs-*-linux; do
        file=${file##*/}
        number=${file#openzfs-}
        number=$(pool_number "${number%-linux}")
        if ((number <= wanted && number > best)); then
            best=$number
            name=$file
        fi
    done
    if [[ -n $name ]]; then printf '%s\n' "$name"; fi
}

# pool_number VERSION: "2.3" as a number that can be compared; 0 for what is none.
pool_number() { if [[ $1 =~ ^([0-9]+)\.([0-9]+)$ ]]; then printf '%d\n' $((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2])); else echo 0; fi; }

# pool_cache BYTES: what ZFS may cache. It would take half of the memory, and the live system's own programs be read from the
# medium again and again. Of that, files by the ten thousand may take half; with the usual tenth they are pruned without end.
pool_cache() {
    printf '%d\n' "$1" > /sys/module/zfs/parameters/zfs_arc_max
    printf '%d\n' $(($1 / 2)) > /sys/module/zfs/parameters/zfs_arc_dnode_limit
}

# A boot environment holds the system: what its packages own, their state (/var/lib) and their settings. Data, logs and
# what can be had again have file systems of their own, so that going back to an older boot environment loses none of them.
pool_datasets() {
    run zfs create -o canmount=off -o mountpoint=none rpool/ROOT
    run zfs create -o canmount=noauto -o mountpoint=/ rpool/ROOT/default
    run zpool set bootfs=rpool/ROOT/default rpool
    run zfs mount rpool/ROOT/default
    run zfs create rpool/home
    run zfs create rpool/root
    run zfs create rpool/srv
    run zfs create -o canmount=off rpool/usr
    run zfs create rpool/usr/local
    run zfs create -o canmount=off rpool/var
    run zfs create rpool/var/log
    run zfs create -o com.sun:auto-snapshot=false rpool/var/cache
    run zfs create rpool/var/spool
    run zfs create -o com.sun:auto-snapshot=false rpool/var/tmp
    case $KLDLOAD_PROFILE in
        kvm)
            run zfs create -o canmount=off rpool/var/lib
            run zfs create rpool/var/lib/libvirt
            ;;
    esac
    chmod 700 "$TARGET/root"
    chmod 1777 "$TARGET/var/tmp"
}

# pool_mount_list: writes what systemd's generator of mount units reads (zfs-mount-generator(8)); without it, services could
# write to /var/log before it is mounted. zed keeps it up to date on the installed system.
pool_mount_list() {
    local list=$TARGET/etc/zfs/zfs-list.cache
    local columns=name,mountpoint,canmount,atime,relatime,devices,exec,readonly,setuid,nbmand,encroot,keylocation
    local requirement
    for requirement in requires requires-mounts-for before after wanted-by required-by nofail ignore; do
        columns+=,org.openzfs.systemd:$requirement
    done
    mkdir -p "$list"
    zfs list -H -t filesystem -r -o "$columns" rpool \
        | awk -F'\t' -v OFS='\t' -v target="$TARGET" '{ sub("^" target "/?", "/", $2); print }' > "$list/rpool"
}

# pool_settle: what holds from now on.
pool_settle() {
    if [[ $KLDLOAD_STORAGE_MODE == manual ]]; then return; fi
    run zfs inherit sync rpool
    run zpool sync rpool
}

# pool_release: unmounts everything below the target and exports the pool; fails where that can't be done or known.
pool_release() {
    local mounted mounts pools attempt
    if [[ $(type -t bootstrap_stop) == function ]]; then bootstrap_stop; fi
    for attempt in 1 2 3 4 5; do
        # Programs that a package or a postinstaller has left running.
        if ((attempt > 1)); then
            fuser --kill --mount "$TARGET" > /dev/null 2>&1 || : # nobody
            sleep 1
        fi
        mounts=$(awk -v target="$TARGET" '$5 == target || $5 == "/mnt" || index($5, target "/") == 1 || index($5, "/mnt/") == 1 { print $5 }' \
            /proc/self/mountinfo | tac) || continue
        # What is mounted last is unmounted first. Whether it worked is judged by the export.
        while read -r mounted; do
            if [[ -n $mounted ]]; then umount "$mounted" || umount --lazy "$mounted" || :; fi
        done <<< "$mounts"
        # A pool that was there before stays.
        if [[ ${KLDLOAD_STORAGE_MODE:-} == manual ]]; then return 0; fi
        if [[ ! -e /sys/module/zfs ]]; then return 0; fi # as yet there can be no pool
        pools=$(zpool list -H -o name) || continue
        if [[ $'\n'$pools$'\n' != *$'\nrpool\n'* ]]; then return 0; fi
        if zpool export rpool; then return 0; fi
    done
    return 1
}
