# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# Kernel, initramfs, and the boot loader on every disk.

boot() {
    local kernel modules way
    boot_target_files
    # RPM distributions leave it to a boot loader's plugin to put the kernel into /boot.
    for modules in "$TARGET"/usr/lib/modules/*; do
        if [[ -e $modules/vmlinuz && ! -e $TARGET/boot/vmlinuz-${modules##*/} ]]; then
            run cp "$modules/vmlinuz" "$TARGET/boot/vmlinuz-${modules##*/}"
        fi
    done
    kernel=$(boot_kernel)
    say "kernel $kernel"
    way=$(bootstrap_way)
    if [[ $way == packages ]]; then boot_modules "$kernel"; fi
    boot_settings
    if [[ $way == packages ]]; then boot_initramfs "$kernel"; else image_machine "$kernel"; fi
    mkdir -p "$TARGET/boot/efi"
    run mount -t vfat -o umask=0077 "${disk_esps[0]}" "$TARGET/boot/efi"
    in_target kldload-boot sync
    boot_check "$kernel"
    boot_firmware
    system_late_done
}

# boot_target_files: the programs that every installation gets, of whatever distribution and profile.
boot_target_files() {
    local hook
    run cp --recursive --no-preserve=ownership,timestamps "$INSTALLER/target/." "$TARGET/"
    # Those of systemd-boot look for a partition that is mounted, end without it, and tell whoever updates to mount it. Those of dkms
    # are called by what is beside them, dkms-kldload.
    for hook in kernel/postinst.d/zz-systemd-boot kernel/postrm.d/zz-systemd-boot initramfs/post-update.d/systemd-boot \
        kernel/postinst.d/dkms kernel/header_postinst.d/dkms; do
        if [[ -e $TARGET/etc/$hook ]]; then run chmod a-x "$TARGET/etc/$hook"; fi
    done
    # Distributions without systemd-boot in their mirror boot with that of the live system.
    if [[ ! -e $TARGET/usr/lib/systemd/boot/efi/systemd-bootx64.efi ]]; then
        run install -D -m 644 /usr/lib/systemd/boot/efi/systemd-bootx64.efi "$TARGET/usr/lib/kldload/systemd-bootx64.efi"
    fi
}

# boot_kernel: the release of the one kernel of the target.
boot_kernel() {
    local kernels=("$TARGET"/boot/vmlinuz-*)
    [[ ${#kernels[@]} == 1 && -e ${kernels[0]} ]] || fail "the target must have one kernel, and has: ${kernels[*]##*/}"
    printf '%s\n' "${kernels[0]##*/vmlinuz-}"
}

# boot_modules KERNEL: the ZFS module for it, prebuilt or built here; and the dependencies of all modules.
boot_modules() {
    local module file magic
    boot_depmod "$1"
    if ! modinfo --basedir "$TARGET" --set-version "$1" --filename zfs > /dev/null 2>&1; then
        say "no ZFS module for kernel $1 came with the packages; DKMS builds it"
        in_target dkms autoinstall -k "$1" || fail "the ZFS module can't be built for kernel $1"
        in_target depmod "$1"
    fi
    for module in spl zfs; do
        file=$(modinfo --basedir "$TARGET" --set-version "$1" --filename "$module") || fail "there is no module $module for kernel $1"
        magic=$(modinfo --field vermagic "$file")
        [[ $magic == "$1 "* ]] || fail "$file is for another kernel: $magic"
    done
}

# boot_depmod KERNEL: reads every module, which takes a while. The live system has the same kernel as a rule, and what depmod
# said there holds for the same files.
boot_depmod() {
    local here=/usr/lib/modules/$1 there=$TARGET/usr/lib/modules/$1 file
    if [[ -e $here/modules.dep ]] && diff <(boot_module_files "$here") <(boot_module_files "$there") > /dev/null; then
        for file in "$here"/modules.{alias,alias.bin,dep,dep.bin,devname,softdep,symbols,symbols.bin,builtin.bin,builtin.alias.bin,weakdep}; do
            if [[ -e $file ]]; then cp --no-preserve=timestamps "$file" "$there/"; fi
        done
        printf 'the dependencies of the modules are those of the live system\n'
    else
        in_target depmod "$1"
    fi
}

boot_module_files() { (cd "$1" && find . -name '*.ko*' -type f -printf '%P %s\n' | sort && cat modules.builtin modules.order); }

# boot_consoles: the consoles of the live system, as far as the machine has them. The last one asks for a passphrase: that which the
# installation was started from, if any.
boot_consoles() {
    local cmdline active terminal word device words=() last=''
    cmdline=$(< "${BOOT_CMDLINE:-/proc/cmdline}")
    active=$(< "${BOOT_ACTIVE:-/sys/class/tty/console/active}")
    terminal=$(ps --no-headers -o tty= -p $$)
    for word in $cmdline; do
        if [[ $word != console=* ]]; then continue; fi
        device=${word#console=}
        device=${device%%,*}
        if [[ " $active " != *" $device "* ]]; then continue; fi # there is no such port
        if [[ $terminal == "$device" || $device == tty0 && $terminal == tty[0-9]* ]]; then last=$word; else words+=("$word"); fi
    done
    if [[ -n $last ]]; then words+=("$last"); fi
    # The screen alone needs no word.
    if [[ ${words[*]} != console=tty0 ]]; then printf '%s\n' "${words[*]}"; fi
}

# boot_settings: what the kernel is told, and how the root is found.
boot_settings() {
    local words
    mkdir -p "$TARGET/etc/kernel" "$TARGET/etc/zfs"
    # A machine that wakes up with a pool in its memory that was imported since damages it.
    words="rw nohibernate $KLDLOAD_KERNEL_OPTIONS"
    if [[ $words != *' console='* ]]; then words+=" $(boot_consoles)"; fi
    printf '%s\n' "$words" | tr --squeeze-repeats ' ' | sed 's/ *$//' > "$TARGET/etc/kernel/cmdline"
    # No clock is earlier than the installation (systemd(1)), whatever its battery says.
    touch "$TARGET/usr/lib/clock-epoch"
    # The number that the pool knows this machine by; one that was made by hand may know none.
    if [[ -e /etc/hostid ]]; then cp /etc/hostid "$TARGET/etc/hostid"; else in_target zgenhostid; fi
    pool_mount_list
    # Not mounted: no boot waits for a disk that may be gone, and what is not mounted is not damaged. kldload-boot mounts it.
    local uuid
    uuid=$(lsblk --noheadings --nodeps --output PARTUUID "${disk_esps[0]}")
    printf '%s\n' "# Everything else is mounted by ZFS: zfs list" \
        "PARTUUID=$uuid /boot/efi vfat umask=0077,noauto 0 2" > "$TARGET/etc/fstab"
}

# boot_initramfs KERNEL: makes it, the only time; and looks whether it can find the root.
boot_initramfs() {
    local listing
    if [[ -d $TARGET/etc/initramfs-tools ]]; then
        initramfs_settings "$TARGET"
        # mkinitramfs alone: update-initramfs would also call kernel-install, before there is a partition to fill.
        in_target env TMPDIR=/tmp mkinitramfs -o "/boot/initrd.img-$1" "$1"
        install -D -m 644 /dev/null "$TARGET/var/lib/initramfs-tools/$1"
        listing=$(in_target_quietly lsinitramfs "/boot/initrd.img-$1")
        initramfs_judge initramfs-tools "$listing" 'etc/hostid$'
    else
        in_target dracut --force --add zfs "/boot/initramfs-$1.img" "$1"
        listing=$(in_target_quietly lsinitrd "/boot/initramfs-$1.img")
        initramfs_judge dracut "$listing"
    fi
}

# boot_environment: the name of the file system that is the target's root.
boot_environment() {
    local dataset
    dataset=$(zpool get -H -o value bootfs rpool)
    printf '%s\n' "${dataset##*/}"
}

# boot_check KERNEL: every disk can boot it.
boot_check() {
    local partition esp entry be
    be=$(boot_environment)
    esp=$(mktemp --directory)
    for partition in "${disk_esps[@]}"; do
        run mount -t vfat "$partition" "$esp"
        entry=loader/entries/$(sed -n 's/^default //p' "$esp/loader/loader.conf")
        { [[ -s $esp/EFI/BOOT/BOOTX64.EFI && -s $esp/$entry ]] && grep --quiet --line-regexp --fixed-strings "version $1" "$esp/$entry" \
            && grep --quiet "^options root=ZFS=[^ ]*/ROOT/$be " "$esp/$entry"; } || {
            umount "$esp"
            fail "$partition has no boot loader, or does not boot kernel $1 of $be by itself"
        }
        awk -v esp="$esp" '$1 == "linux" || $1 == "initrd" { print esp $2 }' "$esp/$entry" \
            | xargs stat --format='%n %s'
        run umount "$esp"
    done
    rmdir "$esp"
}

# boot_firmware: the firmware's own menu names each disk. Firmware that forgets or refuses boots \EFI\BOOT\BOOTX64.EFI.
boot_firmware() {
    local number label old
    if [[ ! -d /sys/firmware/efi/efivars ]]; then return; fi
    mountpoint --quiet /sys/firmware/efi/efivars || run mount -t efivarfs efivarfs /sys/firmware/efi/efivars
    while read -r old; do
        run efibootmgr --quiet --delete-bootnum --bootnum "$old" || say "the firmware keeps its entry $old"
    done < <(efibootmgr | sed -nE 's/^Boot([0-9A-F]{4})\*? kldload .*/\1/p')
    # A copy has none of these variables, and what is copied boots as the copy will.
    if seal_wanted; then return; fi
    for ((number = ${#disks[@]} - 1; number >= 0; number--)); do
        label="kldload $KLDLOAD_DISTRO"
        if ((number > 0)); then label+=" (disk $((number + 1)))"; fi
        run efibootmgr --quiet --create --disk "${disks[number]}" --part 1 --label "$label" --loader '\EFI\systemd\systemd-bootx64.efi' \
            || say "the firmware takes no entry for ${disks[number]}; it will boot by its default path"
    done
}
