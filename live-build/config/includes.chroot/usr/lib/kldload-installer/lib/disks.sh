# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# Which disks are installed to, whether they may be, and their partitions.

# In   KLDLOAD_DISK, KLDLOAD_FORCE_WIPE
# Out  disks       the disks, as the kernel names them: /dev/vda
#      disk_esps   the EFI system partition of each
#      disk_pools  the partition of each that ZFS gets, by a name that stays
disks=()
disk_esps=()
disk_pools=()

disks_minimum=$((6 * 1024 * 1024 * 1024))

# disks_parts DISK: the disk and its partitions, a line each.
disks_parts() { lsblk --noheadings --list --paths --output NAME "$1"; }

# disks_of_pools: "POOL DEVICE" for each device of an imported pool.
disks_of_pools() {
    local pool
    for pool in $(zpool list -H -o name); do
        zpool list -vHLP "$pool" | awk -v pool="$pool" '$1 ~ "^/" { print pool, $1 }'
    done
}

# disks_of_medium: the disks that hold the live system and the answers.
disks_of_medium() {
    local source
    for source in "$(findmnt --noheadings --output SOURCE /run/live/medium)" "${KLDLOAD_SEED_DEVICE:-}"; do
        if [[ $source == /dev/* ]]; then lsblk --noheadings --list --paths --inverse --output NAME "$source"; fi
    done
}

# disks_judge: finds the disks, and says everything that speaks against them at once.
disks_judge() {
    local name disk part problems=() medium size
    local -A wanted=()
    udevadm settle --timeout=60 || :  # what is slower than that is not there
    medium=" $(disks_of_medium | tr '\n' ' ')"
    disks=()
    for name in ${KLDLOAD_DISK//,/ }; do
        if ! disk=$(readlink --canonicalize-existing "$name"); then
            problems+=("$name: there is no such disk")
            continue
        fi
        if [[ $(lsblk --noheadings --nodeps --output TYPE "$disk") != disk ]]; then
            problems+=("$name: this is no whole disk")
            continue
        fi
        if [[ -n ${wanted[$disk]:-} ]]; then problems+=("$name: this is the same disk as ${wanted[$disk]}"); fi
        wanted[$disk]=$name
        disks+=("$disk")
        if [[ $medium == *" $disk "* ]]; then
            problems+=("$name: the live system or the answers are on it")
            continue
        fi
        if [[ $(lsblk --noheadings --nodeps --output RO "$disk") == *1* ]]; then problems+=("$name: it can't be written to"); fi
        size=$(blockdev --getsize64 "$disk")
        if ((size < disks_minimum)); then
            problems+=("$name: $((size / 1024 / 1024)) MiB are too few, $((disks_minimum / 1024 / 1024)) are needed")
        fi
        if [[ $KLDLOAD_FORCE_WIPE == 1 ]]; then continue; fi
        while read -r part; do problems+=("$name: $part"); done < <(disks_contents "$disk")
    done
    while read -r part; do problems+=("$part"); done < <(disks_other_pools "${disks[@]}")
    if ((${#problems[@]})); then
        for name in "${problems[@]}"; do say "$name"; done
        fail "$(counted ${#problems[@]} problem) with the disks, the first: ${problems[0]}; no disk was touched"
    fi
    for disk in "${disks[@]}"; do
        say "$disk: $(lsblk --noheadings --nodeps --output SIZE,MODEL,SERIAL "$disk" | tr --squeeze-repeats ' ')"
    done
}

# disks_contents DISK: a line for each thing on it that would be lost.
disks_contents() {
    local part found mounted
    for part in $(disks_parts "$1"); do
        mounted=$(findmnt --noheadings --first-only --output TARGET --source "$part") || mounted=''
        if [[ -n $mounted ]]; then printf '%s is mounted at %s; KLDLOAD_FORCE_WIPE=1 unmounts and overwrites it\n' "$part" "$mounted"; fi
        found=$(wipefs --noheadings --output TYPE,LABEL "$part" | sort --unique | paste --serial --delimiters=, | tr --squeeze-repeats ' ')
        if [[ -n $found ]]; then printf '%s holds data (%s); KLDLOAD_FORCE_WIPE=1 overwrites it\n' "$part" "$found"; fi
    done
}

# disks_other_pools DISK…: a second pool of the name rpool would keep this machine from finding its root.
disks_other_pools() {
    local device pool other='' parts
    parts=" $(for device; do disks_parts "$device"; done | tr '\n' ' ')"
    while read -r pool device; do
        if [[ $pool == rpool && $parts != *" $device "* ]]; then other+=" $device"; fi
    done < <(disks_of_pools)
    for device in $(blkid --match-token TYPE=zfs_member --match-token LABEL=rpool --output device); do
        if [[ $(blkid --probe --match-tag LABEL --output value "$device") == rpool && $parts != *" $device "* && " $other " != *" $device "* ]]; then
            other+=" $device"
        fi
    done
    if [[ -n $other ]]; then
        printf 'there is a pool rpool already, on%s: take that disk out, install to it too, or forget the pool (zpool labelclear -f)\n' "$other"
    fi
}

# disks_of_target: with KLDLOAD_STORAGE_MODE=manual, the disks and partitions of the pool that is mounted at the target.
disks_of_target() {
    local source device disk part
    source=$(findmnt --noheadings --first-only --output SOURCE --mountpoint "$TARGET") || source=''
    [[ $source == rpool/ROOT/* ]] \
        || fail "KLDLOAD_STORAGE_MODE=manual: a file system rpool/ROOT/NAME must be mounted at $TARGET, not \"$source\""
    [[ -z $(find "$TARGET" -xdev -mindepth 1 -maxdepth 1 -name etc) ]] || fail "there is a system in $TARGET already"
    disks=()
    disk_esps=()
    for device in $(disks_of_pools | awk '$1 == "rpool" { print $2 }'); do
        disk=$(lsblk --noheadings --nodeps --paths --output PKNAME "$device")
        if [[ -z $disk ]]; then continue; fi
        disks+=("$disk")
        part=$(lsblk --noheadings --list --paths --output NAME,PARTTYPE "$disk" \
            | awk 'tolower($2) == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" && !seen++ { print $1 }')
        if [[ -n $part && $(blkid --match-tag TYPE --output value "$part") == vfat ]]; then disk_esps+=("$part"); fi
    done
    ((${#disk_esps[@]} > 0)) || fail "KLDLOAD_STORAGE_MODE=manual: no disk of the pool rpool has an EFI system partition with FAT"
    run zpool set "bootfs=$source" rpool
}

# disks_free: takes the disks out of use.
disks_free() {
    local disk part pool device
    for disk in "${disks[@]}"; do
        for part in $(disks_parts "$disk"); do
            while read -r pool device; do
                if [[ $device == "$part" ]] && zpool list "$pool" > /dev/null 2>&1; then run zpool export -f "$pool"; fi
            done < <(disks_of_pools)
            if grep --quiet "^$part " /proc/swaps; then run swapoff "$part"; fi
            # This namespace's view; what others have mounted keeps sgdisk from reading the new table, and that is an error.
            if findmnt --source "$part" > /dev/null; then run umount --all-targets "$part"; fi
        done
    done
}

# disks_partition: an EFI system partition and one for ZFS, on each disk.
disks_partition() {
    local disk part esp_size number parts
    disks_free
    disk_esps=()
    disk_pools=()
    for disk in "${disks[@]}"; do
        # The labels of a pool stand at both ends of its partition, where a new table does not reach.
        for part in $(disks_parts "$disk"); do
            zpool labelclear -f "$part" || : # there was none
        done
        mapfile -t parts < <(disks_parts "$disk" | tac)
        run wipefs --all --force "${parts[@]}"
        run sgdisk --zap-all "$disk"
        esp_size=1G
        if (($(blockdev --getsize64 "$disk") < 16 * 1024 * 1024 * 1024)); then esp_size=512M; fi
        run sgdisk --set-alignment=2048 --new="1:1M:+$esp_size" --typecode=1:EF00 --change-name=1:"EFI system" \
            --new=2:0:0 --typecode=2:BF00 --change-name=2:rpool "$disk"
    done
    run udevadm settle
    for disk in "${disks[@]}"; do
        number=0
        while read -r part; do
            number=$((number + 1))
            if ((number == 1)); then disk_esps+=("$part"); else disk_pools+=("$(disks_lasting_name "$part")"); fi
        done < <(lsblk --noheadings --list --paths --output NAME,TYPE "$disk" | awk '$2 == "part" { print $1 }')
        ((number == 2)) || fail "$disk: the kernel does not see its two partitions but $number; is it in use?"
    done
    for part in "${disk_esps[@]}"; do run mkfs.vfat -F 32 -n EFI "$part"; done
}

# disks_lasting_name DEVICE: a name of it that is the same at the next boot.
disks_lasting_name() {
    local link
    for link in /dev/disk/by-id/{nvme,ata,scsi,virtio,mmc,usb}-* /dev/disk/by-partuuid/*; do
        if [[ $(readlink --canonicalize "$link") == "$1" ]]; then printf '%s\n' "$link" && return; fi
    done
    printf '%s\n' "$1"
}
