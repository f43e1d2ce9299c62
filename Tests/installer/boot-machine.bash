# shellcheck shell=bash
# A machine for kldload-boot: folders in place of boot environments and of EFI system partitions, fakes in place of ZFS, which refuse
# what they don't know.
# shellcheck disable=SC2016  # names of ours; the fakes are scripts in single quotes

# make_machine: a machine with two disks, in the current folder.
make_machine() {
    tool=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target/usr/sbin/kldload-boot
    mkdir -p bin be esp1 esp2 run
    # In place of a pool: folders. What is "mounted" is a link.
    fake zfs 'case $* in
        "list -H -r -t filesystem -o name,canmount,mountpoint rpool/ROOT") printf "%s\t%s\t%s\n" rpool/ROOT off none
            for be in '"$PWD"'/be/*; do printf "%s\t%s\t%s\n" "rpool/ROOT/${be##*/}" noauto /
                if [ -e '"$PWD"'/parts ]; then printf "%s\t%s\t%s\n" "rpool/ROOT/${be##*/}/part" noauto /part; fi; done ;;
        "list -H -o name -- rpool/ROOT/"*) [ -d '"$PWD"'/be/"${6##*/}" ] ;;
        "get -H -d 1 -t filesystem -s local -o name,value kldload:state rpool/ROOT") if [ -e '"$PWD"'/unfinished ]; then cat '"$PWD"'/unfinished; fi ;;
        "get -H -s local -o property,value all rpool/ROOT") cat '"$PWD"'/properties ;;
        "get -H -o value encryption rpool/ROOT/"*) echo off ;;
        "set "*) shift; for word; do case $word in *=*) sed -i "/^${word%%=*}\t/d" '"$PWD"'/properties; printf "%s\t%s\n" "${word%%=*}" "${word#*=}" >> '"$PWD"'/properties ;; esac; done ;;
        "inherit "*) sed -i "/^$2\t/d" '"$PWD"'/properties ;;
        *) exit 9 ;;
    esac'
    fake zpool 'case $* in
        "get -H -o value bootfs rpool") cat '"$PWD"'/bootfs ;;
        "get -H -o value guid rpool") echo 1234567890123456789 ;;
        "set bootfs="*) echo "${2#bootfs=}" > '"$PWD"'/bootfs ;;
        "list -vHLP rpool") printf "rpool\t1\n\tmirror-0\t1\n"; printf "\t/dev/%s\t1\n" vda2 vdb2; if [ -e '"$PWD"'/more ]; then cat '"$PWD"'/more; fi ;;
        *) exit 9 ;;
    esac'
    fake lsblk 'case $* in
        *PKNAME*/dev/vda2) echo /dev/vda ;;
        *PKNAME*/dev/vdb2) [ ! -e '"$PWD"'/gone ] || { echo "lsblk: /dev/vdb2: not a block device" >&2; exit 32; }; echo /dev/vdb ;;
        *PKNAME*/dev/vd[cd]1) echo /dev/vdc ;;
        *NAME,PARTTYPE*/dev/vdc) printf "/dev/vdc \n/dev/vdc1 6a898cc3-1dd2-11b2-99a6-080020736631\n" ;;
        *NAME,PARTTYPE*/dev/vda) printf "/dev/vda\n/dev/vda1 c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n/dev/vda2 6a898cc3-1dd2-11b2-99a6-080020736631\n" ;;
        *NAME,PARTTYPE*/dev/vdb) printf "/dev/vdb1 C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n" ;;
        *) exit 9 ;;
    esac'
    fake findmnt 'case $* in *"--mountpoint /") if [ -e '"$PWD"'/running ]; then echo "rpool/ROOT/$(cat '"$PWD"'/running)"; else exit 1; fi ;; *) exit 1 ;; esac'
    fake mount 'if [ -e '"$PWD"'/broken ] && [[ " $* " == *" $(cat '"$PWD"'/broken) "* ]]; then echo "mount: no" >&2; exit 32; fi
        for last; do :; done; rmdir "$last"
        case $* in
            "-t zfs -o r"[ow]",zfsutil rpool/ROOT/"*) ln -s '"$PWD"'/be/$(sed "s|.*rpool/ROOT/||; s| .*||" <<< "$*") "$last" ;;
            */dev/vda1*) ln -s '"$PWD"'/esp1 "$last" ;;
            */dev/vdb1*) ln -s '"$PWD"'/esp2 "$last" ;;
        esac'
    fake umount 'rm "${!#}"; mkdir "${!#}"'
    fake mountpoint '[ -L "$2" ]'
    # What initramfs-tools would list of it.
    fake lsinitramfs 'echo "$1" >> '"$PWD"'/looked-into
        [ -e "$1" ] || exit 1
        if ! grep -q "without zfs" "$1"; then echo usr/lib/modules/V/updates/zfs.ko.xz; fi; echo bin/zpool'
    PATH=$PWD/bin:$PATH
    # What is not of the pool is in this folder, too.
    export KLDLOAD_LIB=$PWD/lib KLDLOAD_CMDLINE=$PWD/cmdline
    mkdir loader lib
    for file in "$tool" "${tool%/sbin/*}"/lib/kldload/*.sh; do
        sed "s|/run/kldload|$PWD/run/kldload|g; s|/usr/lib/systemd/boot/efi|$PWD/loader|; s|/var/cache/kldload|$PWD/cache|
            s|^        root=\$|        root=$PWD/be/\$be|; s|/var/lib/kldload|$PWD/state|; s|/sys/firmware/efi/efivars|$PWD/efivars|; s|/etc/kldload|$PWD/etc|; s|/proc/net/|$PWD/net/|" "$file" > "lib/${file##*/}"
    done
    mv lib/kldload-boot .
    touch properties
    echo quiet > cmdline
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
        mkdir -p "be/$name/usr/lib/modules/$kernel/updates"
        touch "be/$name/usr/lib/modules/$kernel/updates/zfs.ko.xz"
        echo "kernel $kernel" > "be/$name/boot/vmlinuz-$kernel"
        echo "initrd $kernel of $name" > "be/$name/boot/initrd.img-$kernel"
    done
}

menu() { (cd "$1/loader/entries" && printf '%s\n' * | sort); }
