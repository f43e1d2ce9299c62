# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# A golden image of the new system, which is sealed: written from its disk when the pool was let go of, to a folder, to another disk, or by
# ssh.
#
# The image is of the first KLDLOAD_EXPORT_SIZE GiB of the disk, and the pool ends there. Like each copy, this machine grows it when it boots.

export_work=/run/kldload-export
export_loop=''
export_bytes=0 # what is in the pool

export_wanted() { [[ $KLDLOAD_EXPORT_FORMAT != none ]]; }

# export_end BYTES: where the partition of the pool ends on a disk of that size, as sgdisk takes it.
export_end() {
    if export_wanted && (($1 > KLDLOAD_EXPORT_SIZE << 30)); then
        printf '%dM\n' $((KLDLOAD_EXPORT_SIZE * 1024 - 2)) # behind it is the copy of the table
    else
        printf '0\n'
    fi
}

# export_judge: before a disk is touched.
export_judge() {
    local type source
    if ! export_wanted; then return; fi
    if [[ -b $KLDLOAD_EXPORT_TO ]]; then
        type=$(blkid --probe --match-tag TYPE --output value "$KLDLOAD_EXPORT_TO") || type='' # it is empty
        [[ -n $type ]] || fail "KLDLOAD_EXPORT_TO=$KLDLOAD_EXPORT_TO has no file system"
        export_judge_disk "$KLDLOAD_EXPORT_TO"
    elif [[ -n $KLDLOAD_EXPORT_TO ]]; then
        [[ -d $KLDLOAD_EXPORT_TO ]] || fail "KLDLOAD_EXPORT_TO=$KLDLOAD_EXPORT_TO: there is no such folder or device"
        type=$(findmnt --noheadings --first-only --output FSTYPE --target "$KLDLOAD_EXPORT_TO")
        case $type in
            overlay | tmpfs | ramfs) fail "KLDLOAD_EXPORT_TO=$KLDLOAD_EXPORT_TO is in memory, and gone when the machine is: mount a disk or a share there" ;;
        esac
        source=$(findmnt --noheadings --first-only --nofsroot --output SOURCE --target "$KLDLOAD_EXPORT_TO")
        if [[ -b $source ]]; then export_judge_disk "$source"; fi
    fi
    if [[ -n $KLDLOAD_EXPORT_SCP_HOST ]]; then
        scp_begin
        scp_judge
    fi
}

# export_judge_disk DEVICE: what is installed to would overwrite the image's place.
export_judge_disk() {
    local disk below name
    below=$(lsblk --noheadings --list --paths --inverse --output NAME "$1")
    for name in ${KLDLOAD_DISK//,/ }; do
        disk=$(readlink --canonicalize-existing "$name") || continue # disks_judge says so
        if [[ $'\n'$below$'\n' == *$'\n'"$disk"$'\n'* ]]; then fail "KLDLOAD_EXPORT_TO=$KLDLOAD_EXPORT_TO is on $name, which is installed to"; fi
    done
}

# export_note: while the pool is still there.
export_note() { export_bytes=$(zpool list -H -p -o allocated rpool); }

export_image() {
    local name size bytes disk=${disks[0]} image
    TZ=UTC0 printf -v name "kldload-export-$KLDLOAD_DISTRO-$KLDLOAD_PROFILE-%(%Y%m%d-%H%M)T" -1
    bytes=$(blockdev --getsize64 "$disk")
    size=$((KLDLOAD_EXPORT_SIZE << 30))
    if ((size > bytes)); then size=$bytes; fi
    export_place "$bytes" "$size"
    export_room
    # As if the disk ended there: the copy of the partition table goes to that end, and back to the other one at the first boot.
    export_loop=$(losetup --find --show --sizelimit "$size" "$disk")
    run sgdisk --move-second-header "$export_loop"
    run sync "$export_loop"
    say "writing $name as $KLDLOAD_EXPORT_FORMAT, of a disk of $((size >> 30)) GiB with $((export_bytes / 1048576)) MiB in it"
    image=$("$INSTALLER/target-tools/usr/lib/kldload/image-formats.sh" "$export_loop" "$KLDLOAD_EXPORT_FORMAT" "$export_folder" "$name") \
        || fail "the image can't be written to $export_folder; see the log. The system itself is installed, and sealed"
    run losetup --detach "$export_loop"
    export_loop=''
    (cd "$export_folder" && sha256sum "${image##*/}" > "${image##*/}.sha256")
    say "${KLDLOAD_EXPORT_TO:-$export_folder}/${image##*/} has $(($(stat --format=%s "$image") / 1048576)) MiB"
    if [[ -n $KLDLOAD_EXPORT_SCP_HOST ]]; then scp_send "$image"; fi
    export_release
}

# export_place DISK-BYTES IMAGE-BYTES: where the image is written to, in export_folder. What only has to be sent is put onto the rest of the
# disk, where that is large enough, else into memory.
export_place() {
    local memory need=$((export_bytes + export_bytes / 5 + (256 << 20)))
    mkdir -p "$export_work"
    export_folder=$export_work
    if [[ -b $KLDLOAD_EXPORT_TO ]]; then
        run mount "$KLDLOAD_EXPORT_TO" "$export_work"
    elif [[ -n $KLDLOAD_EXPORT_TO ]]; then
        export_folder=$KLDLOAD_EXPORT_TO
    elif (($1 - $2 > need * 2)); then
        export_rest=$(losetup --find --show --offset $(($2 + (1 << 20))) --sizelimit $(($1 - $2 - (2 << 20))) "${disks[0]}")
        run mkfs.ext4 -q -F -E lazy_itable_init=1 "$export_rest"
        run mount "$export_rest" "$export_work"
    else
        # awk writes numbers of more than nine figures as it likes.
        memory=$(($(awk '$1 == "MemAvailable:" { print $2 }' "${KLDLOAD_MEMINFO:-/proc/meminfo}") * 1024))
        ((memory > need)) || fail "there is no place to write the image to before it is sent: $((need >> 20)) MiB are needed, $((memory >> 20)) of memory are free; set KLDLOAD_EXPORT_TO, or a smaller KLDLOAD_EXPORT_SIZE, which leaves some of the disk"
        run mount -t tmpfs -o "mode=700,size=$need" tmpfs "$export_work"
    fi
}

# export_room: an OVA is made of a VMDK.
export_room() {
    local free need=$((export_bytes + (128 << 20)))
    if [[ $KLDLOAD_EXPORT_FORMAT == ova ]]; then need=$((need * 2)); fi
    free=$(df --output=avail --block-size=1 "$export_folder" | tail -n 1)
    ((free >= need)) || fail "$export_folder has $((free >> 20)) MiB free, and $((need >> 20)) are needed for the image"
}

export_rest=''

# export_release: of the trap, too, where nothing may be known yet.
export_release() {
    if [[ -n $export_loop ]]; then losetup --detach "$export_loop" || :; fi # it may be gone
    export_loop=''
    if mountpoint --quiet "$export_work"; then umount "$export_work" || umount --lazy "$export_work" || :; fi # said by who looks at mounts
    if [[ -n $export_rest ]]; then
        # Nobody is to take it for a file system.
        wipefs --all --quiet "$export_rest" || : # it is on the disk's rest, which the first boot takes for the pool
        losetup --detach "$export_rest" || : # it has said why, and goes with the live system
    fi
    export_rest=''
    scp_end
}
