#!/usr/bin/env bats
# kldload-rescue: a pool that was imported in the live system can be imported by its machine afterwards, also after a reset.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # the fakes are scripts in single quotes

setup() {
    rescue=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/sbin/kldload-rescue
    cd "$BATS_TEST_TMPDIR" || return
    mkdir bin
    fake udevadm ''
    fake lsblk '[ "$*" = "--noheadings --list --paths --output NAME,FSTYPE" ] || exit 9; printf "/dev/vda\n/dev/vda1 vfat\n/dev/vda2 zfs_member\n/dev/vdb2 zfs_member\n"'
    # As zdb of OpenZFS 2.3 prints it.
    fake zdb '[ "$1" = -l ] || exit 9
        printf -- "------------------------------------\nLABEL 0 \n------------------------------------\n    version: 5000\n    name: %s\n    hostid: %s\n    hostname: %s\n    labels = 0 1 2 3 \n" \
            "'"'rpool'"'" "$(cat '"$PWD"'/hostid${2##*/} 2> /dev/null || cat '"$PWD"'/hostid)" "'"'web'"'"'
    fake zgenhostid 'echo "$*" >> '"$PWD"'/said'
    PATH=$PWD/bin:$PATH
}

fake() { printf '#!/bin/bash\n%s\n' "$2" > "bin/$1" && chmod +x "bin/$1"; }

@test "the live system takes the number of the machine whose pool is on the disks" {
    echo 2685338349 > hostid
    run -0 "$rescue" --number
    [ "$(cat said)" = '-f a00f02ed' ]
}

@test "pools of two machines, or of none, leave it as it is" {
    echo 5 > hostidvda2
    echo 6 > hostidvdb2
    run -0 "$rescue" --number
    [ ! -e said ]
    [[ $output == *'are of 2 machines'* ]]
    echo 0 > hostidvda2
    rm hostidvdb2 && echo 0 > hostid
    run -0 "$rescue" --number
    [ ! -e said ]
}

@test "labels that can't be read are passed over; a list of disks that can't be had is an error" {
    echo 7 > hostid
    fake zdb 'if [ "$2" = /dev/vda2 ]; then exit 2; fi; echo "    hostid: 7"'
    run -0 "$rescue" --number
    [ "$(cat said)" = '-f 00000007' ]
    fake lsblk 'exit 1'
    run ! "$rescue" --number
}

@test "the unit takes the number before an installation, which makes its own, and exports the pools at shutdown" {
    unit=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/systemd/system/kldload-pools.service
    grep -qx 'Before=kldload-autoinstall.service' "$unit"
    grep -qx 'ExecStart=/usr/sbin/kldload-rescue --number' "$unit"
    grep -qx 'ExecStop=/usr/sbin/kldload-rescue --leave' "$unit"
    [ -L "${unit%/usr/*}/etc/systemd/system/multi-user.target.wants/kldload-pools.service" ]
    if [ ! -e /sys/module/zfs ]; then run -0 "$rescue" --leave; fi
}
