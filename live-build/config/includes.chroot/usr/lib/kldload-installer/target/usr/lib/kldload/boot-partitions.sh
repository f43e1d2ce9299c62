# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with whoever sources this
# The EFI system partitions of the pool's disks, and what boot-menu.sh planned for them.

loader=systemd-bootx64.efi
esp_type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b

# partitions_read: the EFI system partitions of the disks that the pool is on; says which disk has none. Who has just made them says so in
# KLDLOAD_ESPS: of a file as a disk nobody else may know.
partitions=()
partitions_read() {
    local listing device disk parts part type found data=yes
    local -A seen=()
    partitions=()
    if [[ -n ${KLDLOAD_ESPS:-} ]]; then
        read -r -a partitions <<< "$KLDLOAD_ESPS"
        return
    fi
    listing=$(zpool list -vHLP "$pool")
    while read -r device _; do
        case $device in logs | cache | spare) data=no ;; special | dedup) data=yes ;; esac
        if [[ $device != /dev/* ]]; then continue; fi
        if ! disk=$(lsblk --noheadings --nodeps --paths --output PKNAME "$device"); then
            warn "$device of the pool is not there: what boots from its disk is not renewed"
            continue
        fi
        found=no
        if [[ -n $disk ]]; then
            parts=$(lsblk --noheadings --list --paths --output NAME,PARTTYPE "$disk")
            while read -r part type; do
                if [[ ${type,,} != "$esp_type" ]]; then continue; fi
                found=yes
                if [[ -z ${seen[$part]:-} ]]; then partitions+=("$part"); fi
                seen[$part]=yes
            done <<< "$parts"
        fi
        if [[ $found == no && $data == yes ]]; then
            warn "$device: there is no EFI system partition on its disk, so the machine can't boot from it; kldload-boot prepare makes disks with one"
        fi
    done <<< "$listing"
}

# partitions_make DISK MIB: an EFI system partition of that size and one for the pool, on a disk that is empty.
partitions_make() {
    sgdisk --set-alignment=2048 --new="1:1M:+$2M" --typecode=1:EF00 --change-name=1:"EFI system" \
        --new=2:0:0 --typecode=2:BF00 --change-name=2:rpool "$1"
}

partition_loader() {
    local folder
    for folder in /usr/lib/systemd/boot/efi /usr/lib/kldload; do
        if [[ -e $folder/$loader.signed ]]; then printf '%s\n' "$folder/$loader.signed" && return; fi
        if [[ -e $folder/$loader ]]; then printf '%s\n' "$folder/$loader" && return; fi
    done
    fail "there is no $loader"
}

# partition_copy FROM TO: appears under its name only when it is whole.
partition_copy() {
    if cmp --silent "$1" "$2"; then return; fi
    cp "$1" "$2.new"
    sync "$2.new"
    mv "$2.new" "$2"
}

# partition_needs ESP: how many bytes of what was planned are not there yet.
partition_needs() {
    local name needed=0
    for name in "$work"/files/*; do
        if [[ ! -e $1/kldload/${name##*/} ]]; then needed=$((needed + $(stat --dereference --format=%s "$name"))); fi
    done
    printf '%s\n' "$needed"
}

# partition_fill ESP: makes the mounted partition say what was planned. What is new is there before what it replaces goes.
partition_fill() {
    local esp=$1 name needed entry
    local -A kept=()
    mkdir -p "$esp"/EFI/{systemd,BOOT} "$esp"/loader/entries "$esp"/kldload
    rm -f "$esp"/kldload/*.new "$esp"/loader/{,entries/}*.new "$esp"/EFI/{systemd,BOOT}/*.new
    needed=$(partition_needs "$esp")
    if ((needed >= $(partition_free "$esp"))); then partition_make_room "$esp"; fi
    ((needed < $(partition_free "$esp"))) \
        || fail "$esp: $((needed / 1048576)) MiB are needed, $(($(partition_free "$esp") / 1048576)) are free; destroy a boot environment or an old kernel"
    for name in "$work"/files/*; do partition_copy "$name" "$esp/kldload/${name##*/}"; done
    for name in "$work"/entries/*; do
        entry=$(trial_entry_on "$esp" "$name") # most have the name that was planned
        kept[$entry]=yes
        partition_copy "$name" "$esp/loader/entries/$entry"
    done
    partition_copy "$work/loader.conf" "$esp/loader/loader.conf"
    partition_copy "$(partition_loader)" "$esp/EFI/systemd/$loader"
    partition_copy "$(partition_loader)" "$esp/EFI/BOOT/BOOTX64.EFI"
    sync --file-system "$esp"
    for name in "$esp"/loader/entries/kldload[-_]*.conf; do
        if [[ -z ${kept[${name##*/}]:-} ]]; then rm "$name"; fi
    done
    for name in "$esp"/kldload/*; do
        if [[ ! -e $work/files/${name##*/} ]]; then rm "$name"; fi
    done
}

partition_free() {
    local numbers
    numbers=$(stat --file-system --format='%a * %S' "$1")
    printf '%s\n' $((numbers))
}

# partition_make_room ESP: a small partition. What has gone from the machine goes from it first, but for what boots by default until
# the new menu is there.
partition_make_room() {
    local esp=$1 name boots=''
    if [[ -e $esp/loader/loader.conf ]]; then boots=$(sed -n 's/^default //p' "$esp/loader/loader.conf"); fi
    for name in "$esp"/loader/entries/kldload-*.conf; do
        if [[ ! -e $work/entries/${name##*/} && ${name##*/} != "$boots" ]]; then rm "$name"; fi
    done
    for name in "$esp"/kldload/*; do
        if [[ ! -e $work/files/${name##*/} ]] && ! grep --quiet --no-messages "/kldload/${name##*/}\$" "$esp"/loader/entries/*.conf; then
            rm "$name"
        fi
    done
}

# partitions_room BE: whether there is room for one more kernel with its initramfs on each partition, as large as those of BE and a
# fifth more; says which has none.
partitions_room() {
    local entry file bytes=0 partition failed=no
    entry=$(menu_newest "$1") || fail "the boot environment $1 has no kernel that can reach its root"
    while IFS= read -r file; do
        bytes=$((bytes + $(stat --dereference --format=%s "$work/files/${file##*/}")))
    done <<< "$(sed -nE 's,^(linux|initrd) /kldload/,,p' "$work/entries/$entry")"
    bytes=$((bytes + bytes / 5))
    partitions_read
    for partition in "${partitions[@]}"; do
        partition_has_room "$partition" "$bytes" &
        wait $! || failed=yes
    done
    [[ $failed == no ]]
}

partition_has_room() { # in a shell of its own
    local esp
    partition_open "$1"
    if (($(partition_free "$esp") <= $2)); then
        warn "$1: one more kernel takes $(($2 / 1048576)) MiB, and $(($(partition_free "$esp") / 1048576)) MiB are free"
        return 1
    fi
}

# partition_open PARTITION: mounts it where it is not, and says in `esp` where it is; in a shell of its own, which unmounts it.
partition_open() {
    esp=$(findmnt --noheadings --first-only --output TARGET --source "$1") || esp='' # it is not mounted
    if [[ -z $esp ]]; then
        esp=$work/esp
        mount -t vfat -o umask=0077 "$1" "$esp"
        trap 'umount "$work/esp"' EXIT
    fi
}

# partition_write PARTITION: in a shell of its own.
partition_write() {
    local esp
    partition_open "$1"
    partition_fill "$esp"
    sync --file-system "$esp"
}

# partitions_write: one partition that can't be written to keeps no other from being written.
partitions_write() {
    local partition failed=()
    partitions_read
    ((${#partitions[@]} > 0)) || fail "no disk of the pool $pool has an EFI system partition"
    for partition in "${partitions[@]}"; do
        # Not in a condition: there a failure would be passed over.
        partition_write "$partition" &
        wait $! || failed+=("$partition")
    done
    ((${#failed[@]} == 0)) || fail "the menu on ${failed[*]} is not what it should be"
    printf 'kldload-boot: %s entries on %s disks\n' "$(find "$work/entries" -type f | wc --lines)" "${#partitions[@]}"
}
