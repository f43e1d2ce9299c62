# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# The system of a profile as its installation came out when this medium was built, unpacked onto the empty target. It is the same
# packages, installed by the same dpkg or rpm, on another machine; nothing in it belongs to a machine.
#
# On the medium: darksite/DISTRIBUTION/systems/PROFILE/lists/sources, a line for each archive to unpack, in their order:
#
#   ARCHIVE LIST BYTES    by its path on the medium: a squashfs, and the file beside `sources` that lists what to take of it, or - for
#                         everything; or a package, and its format, deb or rpm. How much that is.

# shellcheck source=SCRIPTDIR/../target/usr/lib/kldload/machine-archive.sh
source "${BASH_SOURCE[0]%/*}/../target/usr/lib/kldload/machine-archive.sh"

# image_sources: that file; fails where the medium has no system of the profile.
image_sources() {
    local sources=$BOOTSTRAP_DARKSITE/$KLDLOAD_DISTRO/systems/$KLDLOAD_PROFILE/lists/sources
    [[ -s $sources ]] || return 1
    printf '%s\n' "$sources"
}

# image_files: what is read when it is unpacked, by the paths on the medium.
image_files() {
    local sources archive list folder
    sources=$(image_sources)
    folder=darksite${sources#"$BOOTSTRAP_DARKSITE"}
    folder=${folder%/*}
    printf '%s\n' "$folder/sources"
    while read -r archive list _; do
        printf '%s\n' "$archive"
        case $list in - | deb | rpm) ;; *) printf '%s\n' "$folder/$list" ;; esac
    done < "$sources"
}

# image_unpack: by all cores. Folders have the owners and modes of the last archive in the end.
image_unpack() {
    local sources archive list size packages=() packed=0
    sources=$(image_sources)
    image_total=$(awk '{ sum += $3 } END { printf "%.0f", sum }' "$sources")
    say "$((image_total / 1000000)) MB to unpack"
    image_done=0 image_begun=$SECONDS image_shown=0 image_percent=0
    while read -r archive list size; do
        if [[ $list == deb || $list == rpm ]]; then
            packages+=("$archive") packed=$((packed + size))
            continue
        fi
        if ((${#packages[@]})); then
            image_packages "${packages[@]}"
            image_done=$((image_done + packed))
            packages=() packed=0
        fi
        if [[ $list != - ]]; then list=${sources%/*}/$list; fi
        image_squashfs "$archive" "$list" &
        image_wait $! "$archive"
        image_done=$((image_done + size))
    done < "$sources"
    ((${#packages[@]} == 0)) || fail "the medium's list of archives does not end with the system's own: $sources"
}

# image_squashfs ARCHIVE LIST: what the file LIST names, or with - all of it.
image_squashfs() {
    local options=(-quiet -no-progress -force -no-wildcards -data-queue 64 -frag-queue 64)
    if [[ $2 != - ]]; then options+=(-extract-file "$2"); fi
    printf '[%4d s] + unsquashfs %s\n' "$SECONDS" "$1"
    exec unsquashfs "${options[@]}" -dest "$TARGET" "$MEDIUM/$1"
}

# image_packages ARCHIVE…: as many at once as there are cores. Packages of rpm have no folder where the system has a link, and no two of
# them write the same file; what of them is otherwise in the system comes again from its own archive, which is the last.
image_packages() {
    local cores
    cores=$(nproc)
    printf '[%4d s] + unpacking %s packages\n' "$SECONDS" "$#"
    # shellcheck disable=SC2016  # the inner shell's variables
    printf '%s\0' "${@/#/$MEDIUM/}" | xargs --null --max-args=1 --max-procs="$cores" bash -c '
        set -eo pipefail
        case $1 in
            *.rpm)
                rpm2cpio "$1" | cpio --extract --quiet --directory="$0" --make-directories --preserve-modification-time \
                    --unconditional --no-absolute-filenames
                ;;
            *)
                dpkg-deb --fsys-tarfile "$1" \
                    | tar --extract --directory "$0" --keep-directory-symlink --preserve-permissions --numeric-owner
                ;;
        esac' "$TARGET" &
    image_wait $! packages 2 # what unpacks a package writes all of it for what writes the files
}

# image_wait PID WHAT [TIMES]: says from time to time how far it is, until the process that unpacks WHAT ends. What it writes, and
# what those write that have ended, is written so many times.
image_wait() {
    local written percent
    while kill -0 "$1" 2> /dev/null; do
        sleep 0.5
        written=$(($(image_written "$1") / ${3:-1}))
        percent=$(((image_done + written) * 100 / (image_total + 1)))
        if ((percent > 99)); then percent=99; fi
        # Of what has ended just now nothing is known.
        if ((SECONDS < image_shown + 5 || percent <= image_percent)); then continue; fi
        image_shown=$SECONDS image_percent=$percent
        say "$percent %, $(((SECONDS - image_begun) * (100 - percent) / percent)) s left"
    done
    wait "$1" || fail "$2 can't be unpacked; see the log"
}

# image_written PID: how many bytes a process has written; 0 where it has ended just now.
image_written() {
    local key value written=0
    while read -r key value; do
        if [[ $key == wchar: ]]; then written=$value; fi
    done 2> /dev/null < "/proc/$1/io" || : # it has ended just now
    printf '%s\n' "$written"
}

# image_late: what the machine has for itself, and takes a while. Distributions of RPM packages make the keys of SSH at the first boot.
image_late() {
    if [[ -x $TARGET/usr/bin/ssh-keygen && -d $TARGET/etc/ssh && ! -e $TARGET/usr/lib/systemd/system/sshd-keygen.target ]]; then
        in_target ssh-keygen -A
    fi
    # By these a machine is known to who serves it disks over the network; the package makes them when it is installed.
    if [[ -x $TARGET/usr/sbin/nvme ]]; then
        in_target_quietly nvme gen-hostnqn > "$TARGET/etc/nvme/hostnqn"
        in_target_quietly uuidgen > "$TARGET/etc/nvme/hostid"
    fi
    if [[ -x $TARGET/usr/sbin/locale-gen && $KLDLOAD_LOCALE != C.UTF-8 ]]; then in_target locale-gen; fi
}

# image_machine KERNEL: a second archive beside the initramfs, which the boot menu has loaded after it: what finds and opens the pool of
# this machine, and the keyboard for its passphrase. It holds for that initramfs alone, and is named by its digest: the first one that
# is made here has all of it inside.
image_machine() {
    local initramfs=$TARGET/boot/initrd.img-$1 digest folder=$TARGET/tmp/kldload-machine
    if [[ ! -e $initramfs ]]; then initramfs=$TARGET/boot/initramfs-$1.img; fi # of dracut
    [[ -s $initramfs ]] || fail "the system on this medium has no initramfs for kernel $1"
    mkdir -p "$folder/etc"
    if [[ $KLDLOAD_KEYBOARD != us ]]; then
        if [[ $initramfs == */initramfs-* ]]; then
            cp "$TARGET/etc/vconsole.conf" "$folder/etc/" # the initramfs has every keymap
        else
            in_target setupcon --setup-dir /tmp/kldload-machine
            rm -f "$folder/morefiles" # programs that the initramfs has
        fi
    fi
    cp "$TARGET/etc/hostid" "$TARGET/etc/hostname" "$folder/etc/"
    digest=$(sha256sum "$initramfs")
    machine_archive_pack "$folder" "$(machine_archive_of "$TARGET" "$digest")"
    rm -r "$folder"
    # It was looked into when it was made; kldload-boot need not.
    mkdir -p "$TARGET/var/cache/kldload"
    printf '%s\n' "${digest%% *}" > "$TARGET/var/cache/kldload/initramfs-with-zfs"
}
