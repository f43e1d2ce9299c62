# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with kexport
# A copy of the running boot environment, and of what all boot environments share, on a new disk that is a file: what it is made of is one
# moment of the machine, which goes on as it is. After common.sh, boot-environments.sh, boot-partitions.sh, seal.sh and seal-running.sh.
#
#   copy_read                what is to be copied: copy_sets, copy_bytes, copy_left_out; the machine's copy_be and copy_encrypted
#   copy_make FILE GIB       makes it in FILE, sealed and bootable; copy_encryption says none or keep, with copy_passphrase
#   copy_undo                what copy_make has mounted, imported and snapshotted is gone; the file stays, which is its caller's

copy_pool=''    # as the pool of the copy is called here; on its disk it is rpool
copy_snapshot=''
copy_loop=''
copy_work=''

copy_read() {
    local listing name type referenced encryption root without
    root=$(root_dataset)
    copy_be=${root#"$pool"/ROOT/}
    [[ $root == "$pool/ROOT/$copy_be" && $copy_be != */* ]] || fail "/ is $root, and no boot environment of the pool $pool"
    copy_sets=()
    copy_left_out=()
    copy_bytes=0
    copy_encrypted=no
    listing=$(zfs list -H -p -r -t filesystem,volume -o name,type,referenced,encryption -- "$pool")
    while IFS=$'\t' read -r name type referenced encryption; do
        case $name in
            "$pool" | "$pool/ROOT") continue ;;
            "$root" | "$root"/*) ;;
            "$pool/ROOT"/*) continue ;; # another boot environment
        esac
        for without in "${copy_without[@]}"; do
            if [[ $name == "$without" || $name == "$without"/* ]]; then type=without; fi
        done
        if [[ $type != filesystem ]]; then
            copy_left_out+=("$name")
            continue
        fi
        copy_sets+=("$name")
        copy_bytes=$((copy_bytes + referenced))
        if [[ $encryption != off ]]; then copy_encrypted=yes; fi
    done <<< "$listing"
}

copy_make() {
    local file=$1 gib=$2 mib=1024
    copy_work=$(mktemp --directory "$KLDLOAD_RUN/kexport.XXXXXX")
    mkdir "$copy_work/root"
    copy_take_snapshot
    if ((gib < 16)); then mib=512; fi # as the installer does
    install -m 600 /dev/null "$file"
    truncate --size="${gib}G" "$file"
    copy_loop=$(losetup --find --show -- "$file") || fail "$file can't be made a disk"
    try "$file can't be partitioned" partitions_make "$copy_loop" "$mib"
    try "the partitions of $copy_loop can't be seen" partx --update "$copy_loop"
    udevadm settle || warn "some devices are slow to appear"
    try "${copy_loop}p1 can't be formatted" mkfs.vfat -F 32 -n EFI "${copy_loop}p1"
    copy_create_pool
    copy_fill
    copy_mount
    copy_settle
    copy_seal
    copy_let_go
}

# copy_take_snapshot: of all at the same moment.
copy_take_snapshot() {
    local taken
    taken=$(snapshot_name kexport '')
    copy_snapshot=$taken
    try "no snapshot was taken" zfs snapshot -o kldload:by=kexport -- "${copy_sets[@]/%/@$taken}"
}

# copy_create_pool: like that of the machine, for the same versions of ZFS.
copy_create_pool() {
    local options=() property value feature
    environment_options "$pool" root
    for property in normalization utf8only casesensitivity; do
        value=$(zfs get -H -o value "$property" "$pool")
        if [[ $value != - ]]; then options+=(-o "$property=$value"); fi
    done
    options=("${options[@]/#-o/-O}")
    feature=$(zpool get -H -o value compatibility "$pool")
    if [[ $feature != off && $feature != - ]]; then options+=(-o "compatibility=$feature"); fi
    options+=(-o ashift=12 -o autotrim=on -o autoexpand=on -o cachefile=none -O canmount=off -O mountpoint=/)
    if [[ $copy_encryption == keep ]]; then options+=(-O encryption=aes-256-gcm -O keyformat=passphrase -O keylocation=prompt); fi
    copy_pool=kexport-$$
    printf '%s' "$copy_passphrase" | zpool create -f -t "$copy_pool" "${options[@]}" -R "$copy_work/root" rpool "${copy_loop}p2" \
        || fail "no pool can be made on ${copy_loop}p2"
    zfs set sync=disabled "$copy_pool" # nothing that fails here is worth waiting for a disk
    zfs create -o canmount=off -o mountpoint=none "$copy_pool/ROOT"
}

copy_fill() {
    local name kind number=0
    for name in "${copy_sets[@]}"; do
        number=$((number + 1))
        kind=data
        case $name in "$pool/ROOT/$copy_be") kind=root ;; "$pool/ROOT/$copy_be"/*) kind=part ;; esac
        environment_options "$name" "$kind"
        if [[ $kind == root ]]; then options+=(-o canmount=noauto -o mountpoint=/); fi
        say "  $number/${#copy_sets[@]} $name"
        copy_send "$name" || fail "$name can't be copied"
    done
    zpool set "bootfs=$copy_pool/ROOT/$copy_be" "$copy_pool"
}

# copy_send NAME: blocks as they are compressed on the disk, unless they are encrypted there.
copy_send() {
    local flags=(-L -e -c) encryption
    encryption=$(zfs get -H -o value encryption "$1")
    if [[ $encryption != off ]]; then flags=(-L); fi
    zfs send "${flags[@]}" -- "$1@$copy_snapshot" | zfs receive -u "${options[@]}" -- "$copy_pool${1#"$pool"}"
}

# copy_mount: the boot environment with its parts, and what is mounted by itself besides.
copy_mount() {
    local listing name canmount folder wanted=''
    zfs mount "$copy_pool/ROOT/$copy_be"
    listing=$(zfs list -H -r -t filesystem -o name,canmount,mountpoint "$copy_pool")
    while IFS=$'\t' read -r name canmount folder; do
        if [[ $folder != /* || $canmount == off || $name == "$copy_pool/ROOT/$copy_be" ]]; then continue; fi
        if [[ $canmount == noauto && $name != "$copy_pool/ROOT/$copy_be"/* ]]; then continue; fi
        wanted+=$folder$'\t'$name$'\n'
    done <<< "$listing"
    wanted=$(sort <<< "${wanted%$'\n'}") # what is below another one comes after it
    while IFS=$'\t' read -r folder name; do
        if [[ -n $name ]]; then zfs mount "$name"; fi
    done <<< "$wanted"
}

# copy_settle: what names this machine's disks and file systems names the copy's.
copy_settle() {
    local root=$copy_work/root columns=name,mountpoint,canmount,atime,relatime,devices,exec,readonly,setuid,nbmand,encroot,keylocation word uuid
    for word in requires requires-mounts-for before after wanted-by required-by nofail ignore; do columns+=,org.openzfs.systemd:$word; done
    mkdir -p "$root/etc/zfs/zfs-list.cache"
    # As zed writes it (zfs-mount-generator(8)).
    zfs list -H -r -t filesystem -o "$columns" "$copy_pool" | awk -F'\t' -v OFS='\t' -v root="$root" -v pool="$copy_pool" '
        { sub("^" pool, "rpool", $1); sub("^" pool, "rpool", $11); sub("^" root "/?", "/", $2); print }' > "$root/etc/zfs/zfs-list.cache/rpool"
    uuid=$(blkid --probe --match-tag PART_ENTRY_UUID --output value "${copy_loop}p1") || fail "${copy_loop}p1 has no number"
    if [[ -e $root/etc/fstab ]]; then sed -i -E "s,^PARTUUID=[^ ]+ /boot/efi ,PARTUUID=$uuid /boot/efi ," "$root/etc/fstab"; fi
    zfs inherit sync "$copy_pool"
}

# copy_seal: its menu is the first one on its partition, where the loader is put by the way.
copy_seal() {
    local seal_by=kexport
    export KLDLOAD_ESPS=${copy_loop}p1
    seal_ready_root "$copy_work/root"
    seal_open "$copy_work/root" "$copy_pool"
    seal_apply
    seal_close
    seal_unready_root
    unset KLDLOAD_ESPS
}

copy_let_go() {
    local said attempt
    for attempt in 1 2 3; do zpool sync "$copy_pool"; done # what was freed just now is free with the third
    said=$(zpool trim -w "$copy_pool" 2>&1) || warn "what is free could not be trimmed, so the image may be larger than what is in it: ${said//$'\n'/; }"
    copy_undo
}

# copy_undo: whatever of it there is. It is called from a trap, too: what can't be undone is said, and the rest is done.
copy_undo() {
    local attempt name
    if [[ -n $copy_work ]]; then
        seal_unready_root || warn "something is still mounted below $copy_work"
        seal_close || warn "something is still mounted below $copy_work"
    fi
    if [[ -n $copy_pool ]] && zpool list -H -o name "$copy_pool" > /dev/null 2>&1; then
        for attempt in 1 2 3 4 5; do
            if zpool export -f "$copy_pool"; then break; fi
            if ((attempt == 5)); then warn "the pool $copy_pool is still there: zpool export -f $copy_pool, then losetup --detach $copy_loop"; fi
            sleep 1
        done
    fi
    copy_pool=''
    if [[ -n $copy_loop ]]; then
        partx --delete "$copy_loop" 2> /dev/null || : # they go with it, as a rule
        losetup --detach "$copy_loop" || warn "$copy_loop is still there: losetup --detach $copy_loop"
        copy_loop=''
    fi
    if [[ -n $copy_snapshot ]]; then
        for name in "${copy_sets[@]}"; do
            if ! dataset_exists "$name@$copy_snapshot" snapshot; then continue; fi
            zfs destroy -- "$name@$copy_snapshot" || warn "the snapshot $name@$copy_snapshot is left: zfs destroy $name@$copy_snapshot"
        done
        copy_snapshot=''
    fi
    if [[ -n $copy_work ]]; then
        rm -rf --one-file-system "$copy_work"
        copy_work=''
    fi
}
