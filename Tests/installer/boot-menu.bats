#!/usr/bin/env bats
# kldload-boot: every boot environment and each of its kernels is in the menu, on every disk; what is gone, is not.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # names of ours; the fakes are scripts in single quotes

setup() {
    tool=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target/usr/sbin/kldload-boot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p bin be esp1 esp2 run
    # In place of a pool: folders. What is "mounted" is a link.
    fake zfs 'case $* in
        "list -H -d 1 -t filesystem -o name rpool/ROOT") echo rpool/ROOT; for be in '"$PWD"'/be/*; do echo "rpool/ROOT/${be##*/}"; done ;;
        "list rpool/ROOT/"*) [ -d '"$PWD"'/be/${2##*/} ] ;;
        *) exit 9 ;;
    esac'
    fake zpool 'case $* in
        "get -H -o value bootfs rpool") cat '"$PWD"'/bootfs ;;
        "set bootfs="*) echo "${2#bootfs=}" > '"$PWD"'/bootfs ;;
        "list -vHLP rpool") printf "rpool\t1\n\t/dev/vda2\t1\n\t/dev/vdb2\t1\n" ;;
        *) exit 9 ;;
    esac'
    fake lsblk 'case $* in
        *PKNAME*/dev/vda2) echo /dev/vda ;;
        *PKNAME*/dev/vdb2) echo /dev/vdb ;;
        *NAME,PARTTYPE*/dev/vda) printf "/dev/vda\n/dev/vda1 c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n/dev/vda2 6a898cc3-1dd2-11b2-99a6-080020736631\n" ;;
        *NAME,PARTTYPE*/dev/vdb) printf "/dev/vdb1 C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n" ;;
        *) exit 9 ;;
    esac'
    fake findmnt 'exit 1'
    fake mount 'for last; do :; done; rmdir "$last"
        case $* in
            *rpool/ROOT/*) ln -s '"$PWD"'/be/$(sed "s|.*rpool/ROOT/||; s| .*||" <<< "$*") "$last" ;;
            */dev/vda1*) ln -s '"$PWD"'/esp1 "$last" ;;
            */dev/vdb1*) ln -s '"$PWD"'/esp2 "$last" ;;
        esac'
    fake umount 'rm "$1"; mkdir "$1"'
    fake mountpoint '[ -L "$2" ]'
    PATH=$PWD/bin:$PATH
    sed "s|/run/kldload-boot|$PWD/run/kldload-boot|g; s|/usr/lib/systemd/boot/efi|$PWD/loader|" "$tool" > kldload-boot
    mkdir loader
    echo loader-1 > loader/systemd-bootx64.efi
    echo rpool/ROOT/default > bootfs
    environment default 6.12.9
}

fake() { printf '#!/bin/bash\n%s\n' "$2" > "bin/$1" && chmod +x "bin/$1"; }

environment() { # environment NAME KERNEL…
    local name=$1
    mkdir -p "be/$name/boot" "be/$name/etc/kernel"
    echo 'PRETTY_NAME="Some Linux 1"' > "be/$name/etc/os-release"
    echo 'rw quiet' > "be/$name/etc/kernel/cmdline"
    shift
    for kernel; do
        echo "kernel $kernel" > "be/$name/boot/vmlinuz-$kernel"
        echo "initrd $kernel of $name" > "be/$name/boot/initrd.img-$kernel"
    done
}

menu() { (cd "$1/loader/entries" && printf '%s\n' * | sort); }

@test "a boot environment has an entry with its own root on each disk, and boots without any setting of the firmware" {
    run -0 bash kldload-boot sync
    for esp in esp1 esp2; do
        [ "$(menu "$esp")" = kldload-default-6.12.9.conf ]
        entry=$esp/loader/entries/kldload-default-6.12.9.conf
        grep -qx 'options root=ZFS=rpool/ROOT/default rw quiet' "$entry"
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
    grep -q 'root=ZFS=rpool/ROOT/second ' esp2/loader/entries/kldload-second-6.12.9.conf
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

@test "names that begin alike are not mistaken for each other" {
    environment default-2 6.13.0
    run -0 bash kldload-boot sync
    grep -qx 'default kldload-default-6.12.9.conf' esp1/loader/loader.conf
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
    [[ $output == *'default: kernel 6.12.9 has no initramfs'* && $output == *'which boots by default, has no kernel'* ]]
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
