#!/usr/bin/env bats
# kldload-boot: every boot environment and each of its kernels is in the menu, on every disk; what is gone, is not.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # names of ours; the fakes are scripts in single quotes

load boot-machine

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    make_machine
}

@test "a boot environment has an entry with its own root on each disk, and boots without any setting of the firmware" {
    run -0 bash kldload-boot sync
    for esp in esp1 esp2; do
        [ "$(menu "$esp")" = kldload-default-6.12.9.conf ]
        entry=$esp/loader/entries/kldload-default-6.12.9.conf
        grep -qx 'options root=ZFS=1234567890123456789/ROOT/default rw quiet' "$entry"
        [ "$(cat "$esp$(sed -n 's/^linux //p' "$entry")")" = "kernel 6.12.9" ]
        [ "$(cat "$esp$(sed -n 's/^initrd //p' "$entry")")" = "initrd 6.12.9 of default" ]
        grep -qx 'default kldload-default-6.12.9.conf' "$esp/loader/loader.conf"
        cmp "$esp/EFI/BOOT/BOOTX64.EFI" loader/systemd-bootx64.efi
    done
    [ -z "$(ls -d run/kldload-boot.?????? 2> /dev/null)" ] # nothing is left behind
}

@test "a clone is in the menu, and costs no space" {
    bash kldload-boot sync
    before=$(ls esp1/kldload)
    cp -r be/default be/second
    run -0 bash kldload-boot sync
    [ "$(menu esp2)" = $'kldload-default-6.12.9.conf\nkldload-second-6.12.9.conf' ]
    grep -q 'root=ZFS=1234567890123456789/ROOT/second ' esp2/loader/entries/kldload-second-6.12.9.conf
    [ "$(ls esp1/kldload)" = "$before" ]
}

@test "each environment has its own kernels; the newest of the default one boots" {
    environment default 6.12.9 6.12.10
    environment older 6.1.1
    run -0 bash kldload-boot sync
    [ "$(menu esp1)" = $'kldload-default-6.12.10.conf\nkldload-default-6.12.9.conf\nkldload-older-6.1.1.conf' ]
    grep -qx 'default kldload-default-6.12.10.conf' esp1/loader/loader.conf
    run -0 bash kldload-boot default older
    [ "$(cat bootfs)" = rpool/ROOT/older ]
    grep -qx 'default kldload-older-6.1.1.conf' esp1/loader/loader.conf
    grep -qx 'default kldload-older-6.1.1.conf' esp2/loader/loader.conf
}

@test "what is destroyed goes from the menu, with its files; entries of others stay" {
    environment older 6.1.1
    bash kldload-boot sync
    echo mine > esp1/loader/entries/other.conf
    rm -r be/older
    run -0 bash kldload-boot sync
    [ "$(menu esp1)" = $'kldload-default-6.12.9.conf\nother.conf' ]
    [ "$(find esp1/kldload -type f | wc -l)" -eq 2 ]
}

@test "whatever another environment is called, the default one boots" {
    for name in default-2 default-7 default-20261128 default-2026-11-28 Default default-6.12.9; do
        environment "$name" 6.13.0
        run -0 bash kldload-boot sync
        entry=esp1/loader/entries/$(sed -n 's/^default //p' esp1/loader/loader.conf)
        grep -q '^options .*/ROOT/default ' "$entry"
        grep -qx 'version 6.12.9' "$entry"
    done
    [ "$(menu esp1 | wc -l)" -eq 7 ] # none has taken another one's place, with small and capital letters alike
    run -0 bash kldload-boot default default-20261128
    grep -q '^options .*/ROOT/default-20261128 ' "esp1/loader/entries/$(sed -n 's/^default //p' esp1/loader/loader.conf)"
}

@test "the kernel's words can't be changed at the console" {
    bash kldload-boot sync
    grep -qx 'editor no' esp1/loader/loader.conf
    grep -qx 'editor no' esp2/loader/loader.conf
}

@test "a name with a blank breaks nothing, gets no entry, and can't become the default" {
    environment 'my trial' 6.12.9
    run -0 bash kldload-boot sync
    [[ $output == *"my trial: a name with a blank can't stand on the kernel's command line"* ]]
    [ "$(menu esp1)" = kldload-default-6.12.9.conf ]
    run ! bash kldload-boot default 'my trial'
    [ "$(cat bootfs)" = rpool/ROOT/default ]
}

@test "a kernel without a ZFS module, or whose initramfs has none, never boots; and that is said" {
    environment default 6.12.9 6.13.0 6.14.0
    rm be/default/usr/lib/modules/6.13.0/updates/zfs.ko.xz
    echo 'initrd, without zfs' > be/default/boot/initrd.img-6.14.0
    run -0 bash kldload-boot sync
    [[ $output == *'default: kernel 6.13.0 gets no entry: it has no module zfs'* ]]
    [[ $output == *'default: kernel 6.14.0 gets no entry: its initramfs has no module zfs'* ]]
    [ "$(menu esp1)" = kldload-default-6.12.9.conf ]
    grep -qx 'default kldload-default-6.12.9.conf' esp2/loader/loader.conf

    # Once it has both, it boots.
    echo 'initrd made again' > be/default/boot/initrd.img-6.14.0
    run -0 bash kldload-boot sync
    grep -qx 'default kldload-default-6.14.0.conf' esp2/loader/loader.conf
    # A kernel that was removed leaves its initramfs, or a module that was built for it.
    rm be/default/boot/vmlinuz-6.14.0
    run -0 bash kldload-boot sync
    grep -qx 'default kldload-default-6.12.9.conf' esp2/loader/loader.conf
}

@test "an initramfs is looked into once, and one that can't be read is taken for one without ZFS" {
    bash kldload-boot sync
    bash kldload-boot sync
    [ "$(wc -l < looked-into)" -eq 1 ]
    environment default 6.12.9 6.13.0
    fake lsinitramfs 'exit 1'
    run -0 bash kldload-boot sync
    [[ $output == *'kernel 6.13.0 gets no entry: its initramfs can not be read'* ]]
    grep -qx 'default kldload-default-6.12.9.conf' esp1/loader/loader.conf
}

@test "where the last kernel that boots loses its ZFS, the menu stays as it was" {
    bash kldload-boot sync
    echo 'initrd, without zfs' > be/default/boot/initrd.img-6.12.9
    run ! bash kldload-boot sync
    [[ $output == *'no boot environment has a kernel with an initramfs, and ZFS in both'* ]]
    entry=esp1/loader/entries/kldload-default-6.12.9.conf
    [ "$(cat "esp1$(sed -n 's/^initrd //p' "$entry")")" = "initrd 6.12.9 of default" ]
}

@test "a folder below rpool/ROOT that is no system has no entry, and is said" {
    mkdir -p be/data
    run -0 bash kldload-boot sync
    [[ $output == *'data: it has no /etc/kernel/cmdline'* ]]
    [ "$(menu esp1)" = kldload-default-6.12.9.conf ]
}

@test "an initramfs of dracut's finds its pool by name: it knows no numbers" {
    mv be/default/boot/initrd.img-6.12.9 be/default/boot/initramfs-6.12.9.img
    run -0 bash kldload-boot sync
    grep -qx 'options root=ZFS=rpool/ROOT/default rw quiet' esp1/loader/entries/kldload-default-6.12.9.conf
}

@test "what is new is on the partition, and in the menu, before what it replaces goes" {
    bash kldload-boot sync
    environment default 6.13.0
    echo rebuilt > be/default/boot/initrd.img-6.12.9
    # Each removal of something that is in the menu: what could be booted just then?
    fake rm 'for name; do case $name in */esp/kldload/*[a-z] | */esp/loader/entries/kldload-*)
            esp=${name%/kldload/*} esp=${esp%/loader/*}
            entry=$esp/loader/entries/$(sed -n "s/^default //p" "$esp/loader/loader.conf")
            [ "$(cat "$esp$(sed -n "s/^linux //p" "$entry")")" = "kernel 6.13.0" ] && [ -s "$esp$(sed -n "s/^initrd //p" "$entry")" ] \
                && grep -qx rebuilt "$esp"/kldload/*.initrd && echo removed >> '"$PWD"'/removed || { echo too soon >> '"$PWD"'/removed; } ;;
        esac; done; exec /bin/rm "$@"'
    run -0 bash kldload-boot sync
    [ "$(sort -u removed)" = removed ]
}

@test "where there is no room for both, what has gone from the machine goes first, but not what boots by default" {
    environment older 6.1.1
    bash kldload-boot sync
    rm -r be/older
    mkdir -p be/second && cp -r be/default/. be/second/
    echo 'another' > be/second/boot/initrd.img-6.12.9
    fake stat 'case $* in *--file-system*) if [ -e '"$PWD"'/esp1/loader/entries/kldload-older-6.1.1.conf ]; then echo "1 * 4"; else echo "1 * 4096"; fi ;; *) exec /usr/bin/stat "$@" ;; esac'
    rm esp2/loader/entries/kldload-older-6.1.1.conf
    run -0 bash kldload-boot sync
    [ "$(menu esp1)" = $'kldload-default-6.12.9.conf\nkldload-second-6.12.9.conf' ]
}

@test "one partition that can't be mounted keeps no other from being written, and is an error" {
    echo /dev/vda1 > broken
    run ! bash kldload-boot sync
    [[ $output == *'the menu on /dev/vda1 is not what it should be'* ]]
    [ -z "$(ls esp1)" ]
    [ "$(menu esp2)" = kldload-default-6.12.9.conf ]
    [ -z "$(ls -d run/kldload-boot.?????? 2> /dev/null)" ]
}

@test "a disk that is gone is said, and the others are written" {
    touch gone
    run -0 bash kldload-boot sync
    [[ $output == *'/dev/vdb2 of the pool is not there'* && $output == *'1 entries on 1 disks'* ]]
}

@test "a disk of the pool without an EFI system partition is named; one that only caches need not have any" {
    printf '\t/dev/vdc1\t1\ncache\n\t/dev/vdd1\t1\n' > more
    run -0 bash kldload-boot sync
    [[ $output == *"/dev/vdc1: there is no EFI system partition on its disk, so the machine can't boot from it; kldload-boot prepare"* ]]
    [[ $output != */dev/vdd1:* ]]
}

# A disk that has come in place of another: /dev/vdz, empty as long as there is no file `partitioned`.
empty_disk() {
    fake readlink '[ "$1" = --canonicalize-existing ] && [ "$2" = /dev/disk/by-id/new ] && echo /dev/vdz || { [ "$1" = --canonicalize ] && exec /usr/bin/readlink "$@"; exit 1; }'
    sed -i '/^        \*) exit 9 ;;/d; s/^    esac$//' bin/lsblk
    cat >> bin/lsblk << 'END'
        *TYPE" /dev/vdz") echo disk ;;
        *"NAME /dev/vdz") echo /dev/vdz; if [ -e partitioned ]; then printf '/dev/vdz1\n/dev/vdz2\n'; fi ;;
        *) exit 9 ;;
    esac
END
    fake wipefs 'if [ -e data ]; then cat data; fi'
    fake blockdev '[ "$*" = "--getsize64 /dev/vda1" ] && echo 536870912'
    fake sgdisk 'echo "$*" > sgdisk-said; touch partitioned'
    fake udevadm ''
    fake mkfs.vfat 'echo "$*" > mkfs-said'
}

@test "an empty disk is prepared like those of the pool, and how it joins is said" {
    empty_disk
    run -0 bash kldload-boot prepare /dev/disk/by-id/new
    grep -q -- '--new=1:1M:+512M --typecode=1:EF00 .*--new=2:0:0 --typecode=2:BF00 .*/dev/vdz$' sgdisk-said
    [ "$(cat mkfs-said)" = '-F 32 -n EFI /dev/vdz1' ]
    [[ $output == *'zpool replace rpool OLD /dev/vdz2'* && $output == *'kldload-boot sync' ]]
}

@test "a disk that holds anything is not prepared" {
    empty_disk
    echo zfs_member > data
    run ! bash kldload-boot prepare /dev/disk/by-id/new
    [[ $output == *'is not empty (zfs_member; /dev/vdz); nothing was changed'* ]]
    rm data
    touch partitioned
    run ! bash kldload-boot prepare /dev/disk/by-id/new
    rm partitioned
    fake wipefs 'exit 1'
    run ! bash kldload-boot prepare /dev/disk/by-id/new
    run ! bash kldload-boot prepare /dev/nothing
    [ ! -e sgdisk-said ]
}

@test "a rebuilt initramfs replaces the old one, and a newer loader too" {
    bash kldload-boot sync
    echo 'rebuilt' > be/default/boot/initrd.img-6.12.9
    echo loader-2 > loader/systemd-bootx64.efi
    run -0 bash kldload-boot sync
    [ "$(cat "esp1$(sed -n 's/^initrd //p' esp1/loader/entries/kldload-default-6.12.9.conf)")" = rebuilt ]
    [ "$(find esp1/kldload -type f | wc -l)" -eq 2 ]
    cmp esp2/EFI/systemd/systemd-bootx64.efi loader/systemd-bootx64.efi
}

@test "a default environment that cannot boot is an error, and the menu stays as it was" {
    bash kldload-boot sync
    environment second 6.12.9
    rm be/default/boot/initrd.img-6.12.9
    run ! bash kldload-boot sync
    [[ $output == *'default: kernel 6.12.9 has no initramfs'* && $output == *'default, which boots by default, has no kernel'* ]]
    [ "$(menu esp1)" = kldload-default-6.12.9.conf ]
}

@test "an environment that is not there can't become the default" {
    bash kldload-boot sync
    run ! bash kldload-boot default nothing
    [ "$(cat bootfs)" = rpool/ROOT/default ]
}

@test "a partition that is too small is said before anything is copied" {
    fake stat 'case $* in *--file-system*) echo "1 * 4" ;; *) exec /usr/bin/stat "$@" ;; esac'
    run ! bash kldload-boot sync
    [[ $output == *'MiB are needed'* ]]
    [ -z "$(ls esp1/loader/entries)" ]
}

@test "the list marks what boots by default" {
    environment older 6.1.1
    run -0 bash kldload-boot list
    [ "$output" = $'*  default\n   older' ]
}

@test "what an initramfs lacks of this machine is loaded after it, and after no other" {
    local digest initramfs
    for initramfs in initrd.img-6.12.9 initramfs-6.12.9.img; do # the names of initramfs-tools and of dracut
        [ -e "be/default/boot/$initramfs" ] || mv be/default/boot/initrd.img-6.12.9 "be/default/boot/$initramfs"
        digest=$(sha256sum "be/default/boot/$initramfs")
        echo machine > "be/default/boot/machine-${digest:0:16}.img"
        run -0 bash kldload-boot sync
        [ "$(sed -n 's,^initrd /kldload/,,p' esp1/loader/entries/kldload-default-6.12.9.conf | sed 's/.*\.//' | paste -sd ' ')" = 'initrd machine' ]
        cmp "be/default/boot/machine-${digest:0:16}.img" esp1/kldload/*.machine
        cmp esp1/kldload/*.machine esp2/kldload/*.machine
        # The first that the machine makes itself has all of it inside.
        echo 'made here' >> "be/default/boot/$initramfs"
        run -0 bash kldload-boot sync
        [ "$(grep -c '^initrd ' esp1/loader/entries/kldload-default-6.12.9.conf)" -eq 1 ]
        [ -z "$(find esp1 esp2 -name '*.machine')" ]
    done
}

@test "it is said beforehand whether one more kernel has room" {
    run -0 bash kldload-boot room default
    fake stat 'case $* in *--file-system*) echo "1 * 4" ;; *) exec /usr/bin/stat "$@" ;; esac'
    run -1 bash kldload-boot room default
    [[ $output == *'/dev/vda1: one more kernel takes 0 MiB'*'/dev/vdb1: '* ]]
    run -1 bash kldload-boot room nothing
}

@test "a part of a boot environment that has no folder is said: the machine would stop at a prompt" {
    touch parts
    run -0 bash kldload-boot sync
    [[ $output == *'default: there is no folder /part for its part rpool/ROOT/default/part, without which it does not boot: kbe mount default makes it'* ]]
}

@test "a copy that waits for its first boot finds its pool by name and takes it by force; afterwards by number, and without" {
    local entry=esp1/loader/entries/kldload-default-6.12.9.conf pending=be/default$PWD/etc/clone-pending # /etc/kldload, see make_machine
    mkdir -p "${pending%/*}"
    touch "$pending"
    run -0 bash kldload-boot sync
    grep -qx 'options root=ZFS=rpool/ROOT/default rw quiet zfs_force=1' "$entry"
    # What the first boot does before it takes the file away: a power cut between the two changes nothing.
    run -0 env KLDLOAD_BOOT_CLONE=done bash kldload-boot sync
    grep -qx 'options root=ZFS=1234567890123456789/ROOT/default rw quiet' "$entry"
    rm "$pending"
    run -0 bash kldload-boot sync
    grep -qx 'options root=ZFS=1234567890123456789/ROOT/default rw quiet' "$entry"
}
