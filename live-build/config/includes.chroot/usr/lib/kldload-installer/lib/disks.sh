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

# What guards data fails closed: a probe that fails is a problem of its own. What probes say is taken into a variable first;
# in `< <(…)` or `for … in $(…)` their failure would be lost. Functions that are called so return at the first error
# themselves: bash does not, inside of `||`.

disks_problems=()

# disks_problem TEXT: what speaks against the disks, once.
disks_problem() {
    local known
    for known in "${disks_problems[@]}"; do if [[ $known == "$1" ]]; then return; fi; done
    disks_problems+=("$1")
}

# disks_ask NAME COMMAND…: what it says, in disks_said. Where it fails that is a problem with NAME, and nothing was said.
disks_ask() {
    local name=$1 status=0
    shift
    disks_said=$("$@") || status=$?
    if ((status == 0)); then return 0; fi
    disks_said=''
    disks_problem "$name: it can't be looked at: \"$*\" ended with status $status"
    return 1
}

# disks_parts DISK: the disk and its partitions, a line each.
disks_parts() { lsblk --noheadings --list --paths --output NAME "$1"; }

# disks_of_pools: "POOL DEVICE" for each device of an imported pool.
disks_of_pools() {
    local pool pools devices
    pools=$(zpool list -H -o name) || return
    for pool in $pools; do
        devices=$(zpool list -vHLP "$pool") || return
        awk -v pool="$pool" '$1 ~ "^/" { print pool, $1 }' <<< "$devices" || return
    done
}

# disks_mounts: "DEVICE FOLDER" for each file system that is mounted; spaces in a name are \x20.
disks_mounts() { findmnt --noheadings --raw --nofsroot --output SOURCE,TARGET; }

# disks_below DEVICE: the device and all that it is made of, down to the disks. The file of a loop is on a disk too: that of
# an ISO that was started from where it lies.
disks_below() {
    local below device number
    below=$(lsblk --noheadings --list --paths --inverse --output NAME "$1") || return
    for device in $below; do
        printf '%s\n' "$device"
        if [[ $device != /dev/loop* ]]; then continue; fi
        number=$(losetup --noheadings --output BACK-MAJ:MIN "$device") || return
        number=${number//[[:space:]]/}
        case $number in
            0:*) ;; # in memory, where the medium was copied to; or on what is mounted below /run/live itself
            [1-9]*:*)
                device=$(readlink "/sys/dev/block/$number") || return
                device=${device##*/}
                disks_below "/dev/${device//!//}" || return
                ;;
            *) return 1 ;;
        esac
    done
}

# disks_of_medium: the disks that hold the live system and the answers.
disks_of_medium() {
    local source sources mounts
    mounts=$(disks_mounts) || return
    # What the live system is made of lies there, in whichever way it was started: medium, findiso, fromiso.
    sources=$(awk '$1 ~ "^/dev/" && $2 ~ "^/run/live/" { print $1 }' <<< "$mounts") || return
    for source in $sources ${KLDLOAD_SEED_DEVICE:-}; do
        disks_below "$source" || return
    done
}

# disks_candidates: the disks of this machine, the quickest kinds first, a line each: PATH|SIZE|TRANSPORT|RO|MEDIUM|MODEL. MEDIUM is yes
# where the live system or the answers are on it.
disks_candidates() {
    local medium found line path size transport locked model order rows=''
    medium=$(disks_of_medium) || return
    medium=" ${medium//$'\n'/ } "
    found=$(lsblk --nodeps --noheadings --pairs --output PATH,SIZE,TYPE,TRAN,RO,MODEL) || return
    while IFS= read -r line; do
        [[ $line =~ ^PATH=\"([^\"]*)\"\ SIZE=\"\ *([^\"]*)\"\ TYPE=\"disk\"\ TRAN=\"([^\"]*)\"\ RO=\"([^\"]*)\"\ MODEL=\"([^\"]*)\" ]] || continue
        path=${BASH_REMATCH[1]} size=${BASH_REMATCH[2]} transport=${BASH_REMATCH[3]} locked=${BASH_REMATCH[4]} model=${BASH_REMATCH[5]}
        if [[ $size == 0B || $path == /dev/@(zram|ram|fd|nbd|zd)[0-9]* ]]; then continue; fi
        case $path:$transport in
            *:nvme) order=1 ;;
            /dev/vd*) order=2 ;;
            *:usb) order=4 ;;
            *) order=3 ;;
        esac
        if [[ $medium == *" $path "* ]]; then order=5; fi
        rows+="$order|$path|$size|$transport|$locked|$([[ $order == 5 ]] && printf yes || printf no)|${model//|/ }"$'\n'
    done <<< "$found"
    sort <<< "${rows%$'\n'}" | cut -d'|' -f2-
}

# disks_judge: finds the disks, and says everything that speaks against them at once.
disks_judge() {
    local name disk medium='' found lost=no
    local -A wanted=()
    disks_problems=()
    # What is slower than that may be the disk that matters.
    disks_ask "the devices of this machine" udevadm settle --timeout=60 || :  # noted
    if disks_ask "the medium of the live system" disks_of_medium; then medium=" ${disks_said//$'\n'/ } "; fi
    disks=()
    for name in ${KLDLOAD_DISK//,/ }; do
        if ! disk=$(readlink --canonicalize-existing "$name"); then
            disks_problem "$name: there is no such disk"
            lost=yes
            continue
        fi
        disks_ask "$name" lsblk --noheadings --nodeps --output TYPE "$disk" || continue
        if [[ $disks_said != disk ]]; then
            disks_problem "$name: this is no whole disk"
            continue
        fi
        if [[ -n ${wanted[$disk]:-} ]]; then disks_problem "$name: this is the same disk as ${wanted[$disk]}"; fi
        wanted[$disk]=$name
        disks+=("$disk")
        if [[ $medium == *" $disk "* ]]; then
            disks_problem "$name: the live system or the answers are on it"
            continue
        fi
        disks_judge_one "$name" "$disk"
    done
    disks_other_pools
    if ((${#disks_problems[@]})); then
        for name in "${disks_problems[@]}"; do say "$name"; done
        if [[ $lost == yes ]]; then
            found=$(lsblk --nodeps --noheadings --output PATH,SIZE,MODEL) || found='' # it is no more than a hint
            while IFS= read -r name; do if [[ -n $name ]]; then say "this machine has: $name"; fi; done <<< "$found"
        fi
        fail "$(counted ${#disks_problems[@]} problem) with the disks, the first: ${disks_problems[0]}; no disk was touched"
    fi
    for disk in "${disks[@]}"; do
        found=$(lsblk --noheadings --nodeps --output SIZE,MODEL,SERIAL "$disk" | tr --squeeze-repeats ' ')
        say "$disk: $found"
    done
}

# disks_judge_one NAME DISK: whether it can be written to, is large enough, and holds nothing that would be lost.
disks_judge_one() {
    local name=$1 disk=$2 parts part mounts found
    if disks_ask "$name" lsblk --noheadings --nodeps --output RO "$disk" && [[ $disks_said != *0* ]]; then
        disks_problem "$name: it can't be written to"
    fi
    if disks_ask "$name" blockdev --getsize64 "$disk" && ((disks_said < disks_minimum)); then
        disks_problem "$name: $((disks_said / 1024 / 1024)) MiB are too few, $((disks_minimum / 1024 / 1024)) are needed"
    fi
    if [[ $KLDLOAD_FORCE_WIPE == 1 ]]; then return; fi
    disks_ask "$name" disks_parts "$disk" || return 0
    parts=$disks_said
    disks_ask "$name" disks_mounts || return 0
    mounts=$disks_said
    for part in $parts; do
        found=$(awk -v part="$part" '$1 == part { printf "%s%s", sep, $2; sep = ", " }' <<< "$mounts")
        if [[ -n $found ]]; then
            disks_problem "$name: $part is mounted at $found; KLDLOAD_FORCE_WIPE=1 unmounts and overwrites it"
        fi
        disks_ask "$name" wipefs --noheadings --output TYPE,LABEL "$part" || continue
        found=$(sort --unique <<< "$disks_said" | paste --serial --delimiters=, | tr --squeeze-repeats ' ')
        if [[ -n $found ]]; then
            disks_problem "$name: $part holds data ($found); KLDLOAD_FORCE_WIPE=1 overwrites it"
        fi
    done
}

# disks_labelled_rpool: the devices that carry a label of a pool rpool, imported or not.
disks_labelled_rpool() {
    local found status=0 device type
    found=$(blkid --cache-file /dev/null --match-token LABEL=rpool --output device) || status=$?
    if ((status == 2)); then return 0; fi # there is none
    ((status == 0)) || return "$status"
    for device in $found; do
        type=$(blkid --probe --match-tag TYPE --output value "$device") || return
        if [[ $type == zfs_member ]]; then printf '%s\n' "$device"; fi
    done
}

# disks_other_pools: a second pool of the name rpool would keep this machine from finding its root.
disks_other_pools() {
    local device disk pool other='' parts=' ' imported
    for disk in "${disks[@]}"; do
        disks_ask "$disk" disks_parts "$disk" || return 0
        parts+="${disks_said//$'\n'/ } "
    done
    disks_ask "the pools of this machine" disks_of_pools || return 0
    imported=$disks_said
    while read -r pool device; do
        if [[ $pool == rpool && $parts != *" $device "* ]]; then other+=" $device"; fi
    done <<< "$imported"
    disks_ask "the pools of this machine" disks_labelled_rpool || return 0
    for device in $disks_said; do
        if [[ $parts != *" $device "* && " $other " != *" $device "* ]]; then other+=" $device"; fi
    done
    if [[ -n $other ]]; then
        disks_problem "there is a pool rpool already, on$other: take that disk out, install to it too, or forget the pool (zpool labelclear -f)"
    fi
}

# disks_of_target: with KLDLOAD_STORAGE_MODE=manual, the disks and partitions of the pool that is mounted at the target.
disks_of_target() {
    local source device disk part devices parts type
    source=$(findmnt --noheadings --first-only --output SOURCE --mountpoint "$TARGET") || source='' # nothing is mounted there
    [[ $source == rpool/ROOT/* ]] \
        || fail "KLDLOAD_STORAGE_MODE=manual: a file system rpool/ROOT/NAME must be mounted at $TARGET, not \"$source\""
    [[ ! -e $TARGET/etc ]] || fail "there is a system in $TARGET already"
    disks=()
    disk_esps=()
    devices=$(disks_of_pools)
    devices=$(awk '$1 == "rpool" { print $2 }' <<< "$devices")
    for device in $devices; do
        disk=$(lsblk --noheadings --nodeps --paths --output PKNAME "$device")
        if [[ -z $disk ]]; then continue; fi
        disks+=("$disk")
        parts=$(lsblk --noheadings --list --paths --output NAME,PARTTYPE "$disk")
        part=$(awk 'tolower($2) == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" && !found++ { print $1 }' <<< "$parts")
        if [[ -z $part ]]; then continue; fi
        type=$(blkid --probe --match-tag TYPE --output value "$part") || type='' # not formatted
        if [[ $type == vfat ]]; then disk_esps+=("$part"); fi
    done
    ((${#disk_esps[@]} > 0)) || fail "KLDLOAD_STORAGE_MODE=manual: no disk of the pool rpool has an EFI system partition with FAT"
    run zpool set "bootfs=$source" rpool
}

# disks_free: takes the disks out of use.
disks_free() {
    local disk part parts pool device imported mounts
    for disk in "${disks[@]}"; do
        parts=$(disks_parts "$disk")
        for part in $parts; do
            imported=$(disks_of_pools)
            while read -r pool device; do
                if [[ $device == "$part" ]]; then run zpool export -f "$pool"; fi
            done <<< "$imported"
            while read -r device _; do
                if [[ $device == "$part" ]]; then run swapoff "$part"; fi
            done < /proc/swaps
            # This namespace's view; what others have mounted keeps sgdisk from reading the new table, and that is an error.
            mounts=$(disks_mounts)
            if [[ $'\n'$mounts == *$'\n'"$part "* ]]; then run umount --all-targets "$part"; fi
        done
    done
}

# disks_clear: takes the disks out of use, and off them what says that they hold something.
disks_clear() {
    local disk part parts backwards
    disks_free
    say_wiped=yes
    for disk in "${disks[@]}"; do
        parts=$(disks_parts "$disk")
        # The labels of a pool stand at both ends of its partition, where a new table does not reach.
        for part in $parts; do
            zpool labelclear -f "$part" || : # there was none
        done
        mapfile -t backwards <<< "$(tac <<< "$parts")"
        run wipefs --all --force "${backwards[@]}"
        run sgdisk --zap-all "$disk"
        disks_wipe_ends "$disk"
    done
}

# disks_partition: an EFI system partition and one for ZFS, on each disk.
disks_partition() {
    local disk part esp_size size end number parts
    disks_clear
    disk_esps=()
    disk_pools=()
    for disk in "${disks[@]}"; do
        size=$(blockdev --getsize64 "$disk")
        esp_size=1G
        if ((size < 16 * 1024 * 1024 * 1024)); then esp_size=512M; fi
        end=$(export_end "$size")
        run sgdisk --set-alignment=2048 --new="1:1M:+$esp_size" --typecode=1:EF00 --change-name=1:"EFI system" \
            --new="2:0:$end" --typecode=2:BF00 --change-name=2:rpool "$disk"
    done
    run udevadm settle
    for disk in "${disks[@]}"; do
        number=0
        parts=$(lsblk --noheadings --list --paths --output NAME,TYPE "$disk")
        while read -r part _; do
            number=$((number + 1))
            if ((number == 1)); then disk_esps+=("$part"); else disk_pools+=("$(disks_lasting_name "$part")"); fi
        done < <(awk '$2 == "part"' <<< "$parts") # whatever is lost is missed below
        ((number == 2)) || fail "$disk: the kernel does not see its two partitions but $number; is it in use?"
    done
    for part in "${disk_esps[@]}" "${disk_pools[@]}"; do disks_wipe_ends "$part"; done
    for part in "${disk_esps[@]}"; do run mkfs.vfat -F 32 -n EFI "$part"; done
}

# disks_lasting_name DEVICE: a name of it that is the same at the next boot.
disks_lasting_name() {
    local link
    for link in /dev/disk/by-id/{nvme,ata,scsi,virtio,mmc,usb}-* /dev/disk/by-partuuid/*; do
        if [[ $link -ef $1 ]]; then printf '%s\n' "$link" && return; fi
    done
    printf '%s\n' "$1"
}

# disks_wipe_ends DEVICE: where the four labels of a pool are, 512 KiB at each end; also those of a pool that nobody sees any more
# because its table was deleted before. Whoever finds them takes the new partition for a part of that pool.
disks_wipe_ends() {
    local size
    size=$(blockdev --getsize64 "$1")
    run dd if=/dev/zero of="$1" bs=1M count=1 conv=notrunc status=none
    run dd if=/dev/zero of="$1" bs=1M count=1 seek=$((size - 1048576)) oflag=seek_bytes conv=notrunc status=none
}
