#!/usr/bin/env bats
# The first boot of a copy: kldload-clone, on a disk that is a file behind a loop device, with real partitions on it.
# shellcheck disable=SC2016,SC2154  # scripts of fakes; variables of fake-zfs.bash
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    ((EUID == 0)) || skip "takes root"
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    clone=$target_tools/usr/lib/kldload/clone/kldload-clone
    # A disk of 200 MiB, and its copy on one of 400.
    truncate -s 200M disk
    sgdisk --set-alignment=2048 --new=1:1M:+64M --typecode=1:EF00 --change-name=1:'EFI system' \
        --new=2:0:0 --typecode=2:BF00 --change-name=2:rpool disk > /dev/null
    sgdisk --info=2 disk > before
    truncate -s 400M disk
    loop=$(losetup --find --show disk) || skip "no loop device is to be had here"
    partx --add "$loop"
    export KLDLOAD_ROOT=$PWD/copy KLDLOAD_ESPS=${loop}p1 KLDLOAD_SPL=$PWD/spl
    mkdir -p copy/{etc/{kldload,ssh,wireguard},boot,run,var/lib/dbus,usr/{bin,sbin}}
    echo 0123456789abcdef0123456789abcdef > copy/etc/machine-id
    echo node > copy/etc/hostname
    printf '# Everything else\nPARTUUID=0000-old /boot/efi vfat umask=0077,noauto 0 2\n' > copy/etc/fstab
    echo wireguard > copy/etc/kldload/clone-pending
    echo initramfs > copy/boot/initrd.img-6.1
    touch copy/usr/bin/ssh-keygen && chmod +x copy/usr/bin/ssh-keygen
    fake_program udevadm ''
    fake_program kldload-boot 'echo "menu ${KLDLOAD_BOOT_CLONE:-} $(ls "$KLDLOAD_ROOT"/boot/machine-*.img | wc -l)" >> '"$PWD"'/said'
    fake_program wg 'if [ "$1" = genkey ]; then echo "key $RANDOM$RANDOM"; else read -r key; echo "of $key"; fi'
    fake_program zgenhostid 'printf "\xef\xbe\xad\xde" > "$2"'
    fake_program zpool 'echo "$*" >> '"$PWD"'/said
        case $* in
            "list -vHLP rpool") printf "rpool\t1\n\t'"$loop"'p2\t1\n" ;;
            "list -vHg rpool") printf "rpool\t1\n\t12345678901234567890\t1\n" ;;
            "get -H -o value expandsize rpool") echo - ;;
            "get -H -o value guid rpool") echo 42 ;;
            "list -H -o size rpool") echo 300M ;;
            "set multihost=off rpool") od -An -tx4 --endian=little '"$PWD"'/copy/etc/hostid > '"$PWD"'/asked ;;
            "reguid rpool") cp '"$PWD"'/asked '"$PWD"'/label ;;
            "online -e rpool 12345678901234567890" | "sync rpool") ;;
            *) exit 9 ;;
        esac'
    fake_program zdb 'printf "    name: '"'rpool'"'\n    hostid: %d\n" 0x$(tr -d " " < '"$PWD"'/label)'
}

teardown() {
    if [[ -n ${loop:-} ]]; then
        partx --delete "$loop"
        losetup --detach "$loop"
    fi
}

@test "the partition is grown to the end of the disk, and keeps number, name, type and place; then the pool is told, by its own number" {
    local size
    run -0 "$clone"
    [[ $output == *"${loop}p2 was grown to the end of $loop"* ]]
    sgdisk --info=2 disk > after
    diff <(grep -v '^\(Last\|Partition size\)' before) <(grep -v '^\(Last\|Partition size\)' after)
    size=$(blockdev --getsize64 "${loop}p2")
    ((size > 330 * 1024 * 1024)) # what is in use was told of it
    sgdisk --verify disk | grep 'No problems found'
    grep -qx 'online -e rpool 12345678901234567890' said
    # A second time, nothing is written.
    sha256sum disk > digest
    touch copy/etc/kldload/clone-pending
    run -0 "$clone"
    [[ $output != *grown* ]]
    sha256sum --check --quiet digest
}

@test "what is behind the partition is not touched" {
    partx --delete "$loop"
    sgdisk --move-second-header --new=3:300M:+50M disk > /dev/null
    partx --add "$loop"
    sgdisk --info=3 disk > third
    run -0 "$clone"
    ((16#$(sgdisk --info=2 disk | sed -n 's/^Last sector: \([0-9]*\) .*/\1/p' | xargs printf '%x') < 300 * 2048))
    diff third <(sgdisk --info=3 disk)
}

@test "a disk whose table can't be read keeps no machine from being one of its own, and is said" {
    fake_program sgdisk 'exit 2'
    run -0 "$clone"
    [[ $output == *"${loop}p2 is as large as it was"* ]]
    [ ! -e copy/etc/kldload/clone-pending ]
}

@test "the copy gets numbers and keys of its own, and boots by them" {
    local archive
    run -0 "$clone"
    [ "$(cat spl)" = 0xdeadbeef ]
    # ZFS is asked to look at the number before the labels are written, and the menu comes after both.
    [ "$(grep -nE '^(set|reguid|menu)' said | cut -d: -f2 | cut -d' ' -f1 | paste -sd' ')" = 'set reguid menu' ]
    grep -qx 'menu done 1' said
    archive=(copy/boot/machine-*.img)
    [ "${archive[0]}" = "copy/boot/machine-$(sha256sum < copy/boot/initrd.img-6.1 | cut -c -16).img" ]
    [ "$(cpio --quiet --list < "${archive[0]}" | paste -sd' ')" = 'etc etc/hostid etc/hostname' ]
    [ -s copy/etc/ssh/ssh_host_ed25519_key ]
    [[ $(cat copy/etc/wireguard/public.key) == "of $(cat copy/etc/wireguard/private.key)" ]]
    [ "$(stat --format=%a copy/etc/wireguard/private.key)" = 600 ]
    [ "$(readlink copy/var/lib/dbus/machine-id)" = /etc/machine-id ]
    grep -qx "PARTUUID=$(blkid --probe --match-tag PART_ENTRY_UUID --output value "${loop}p1") /boot/efi vfat umask=0077,noauto 0 2" copy/etc/fstab
    [ ! -e copy/etc/kldload/clone-pending ]
    run -1 "$clone"
    [[ $output == *'no copy that waits for its first boot'* ]]
}

@test "a keyboard for the passphrase, which is in the archive already, stays there" {
    mkdir -p made/etc/default
    echo XKBLAYOUT=de > made/etc/default/keyboard
    (cd made && find . -mindepth 1 | cpio --quiet --create --format=newc) > "copy/boot/machine-$(sha256sum < copy/boot/initrd.img-6.1 | cut -c -16).img"
    run -0 "$clone"
    [ "$(cpio --quiet --list < copy/boot/machine-*.img | paste -sd' ')" = 'etc etc/default etc/default/keyboard etc/hostid etc/hostname' ]
}

@test "labels that have not taken the hostid leave the menu as it is: the next boot imports by force, and tries again" {
    fake_program zdb 'printf "    hostid: 1\n"'
    run -1 "$clone"
    [[ $output == *'has not taken the hostid deadbeef'* ]]
    run ! grep menu said
    [ -e copy/etc/kldload/clone-pending ]
    fake_program zdb 'printf "    hostid: %d\n" 0xdeadbeef'
    run -0 "$clone"
}

@test "interrupted after any of its commands, the next boot ends with the same machine" {
    local step
    # Each of the programs that change something is made to be the last one.
    for step in zgenhostid zpool zdb wg kldload-boot; do
        echo wireguard > copy/etc/kldload/clone-pending
        rm -rf copy/etc/hostid copy/etc/wireguard/* copy/boot/machine-*.img
        cp "bin/$step" kept
        printf '#!/bin/bash\n%q "$@" || :\nkill -KILL $PPID; sleep 1\n' "$PWD/kept" > "bin/$step"
        run "$clone"
        [ "$status" -ne 0 ]
        [ -e copy/etc/kldload/clone-pending ]
        mv kept "bin/$step"
        run -0 "$clone"
        [ ! -e copy/etc/kldload/clone-pending ]
        [[ $(cat copy/etc/wireguard/public.key) == "of $(cat copy/etc/wireguard/private.key)" ]]
        [ -s copy/etc/hostid ]
        run -0 bash -c 'cpio --quiet --list < copy/boot/machine-*.img'
    done
}

@test "the unit comes before whoever would know the machine by anything, and makes no circle" {
    type -P systemd-analyze > /dev/null || skip "no systemd-analyze"
    mkdir -p units
    sed 's,^ExecStart=.*,ExecStart=/bin/true,; /^Documentation/d' "$target_tools/usr/lib/kldload/clone/kldload-clone.service" > units/kldload-clone.service
    run -0 systemd-analyze verify --recursive-errors=no units/kldload-clone.service
    local unit
    for unit in cloud-init-local.service ssh.service sshd.service systemd-networkd.service NetworkManager.service kldload-firstboot.service; do
        grep -q "^Before=.*\b$unit" units/kldload-clone.service
    done
}
