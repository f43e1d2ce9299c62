#!/usr/bin/env bats
# kldload-wipe: takes everything off a disk that was named and said yes to, and touches no other.
# shellcheck disable=SC2016 # the fakes expand it
bats_require_minimum_version 1.5.0

setup() {
    live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir bin
    export PATH=$PWD/bin:$PATH KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer KLDLOAD_LOCK=$PWD/lock
    # vda holds the medium, vdb has one partition.
    stub readlink 'case ${!#} in /dev/vda|/dev/vdb) echo "${!#}" ;; *) exit 1 ;; esac'
    stub findmnt 'printf "%s\n" "/dev/vda1 /run/live/medium"'
    stub lsblk 'case "$*" in
        *--inverse*) printf "/dev/vda1\n/dev/vda\n" ;;
        *TYPE*) echo "${TYPE:-disk}" ;;
        *"RO "*) echo "${RO:-0}" ;;
        *"NAME /dev/vdb") printf "/dev/vdb\n/dev/vdb1\n" ;;
    esac'
    stub blockdev 'echo 12884901888'
    stub udevadm ''
    local name
    for name in zpool wipefs sgdisk dd; do stub "$name" "echo \"$name \$*\" >> $PWD/touched"; done
}

stub() {
    printf '#!/bin/bash\n%s\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

wipe() { run "$live/usr/sbin/kldload-wipe" "$@"; }

@test "signatures, tables and the labels of pools go, of the disk and its partitions" {
    wipe --yes /dev/vdb
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = 'wiped: /dev/vdb' ]
    grep -q 'zpool labelclear -f /dev/vdb1' touched
    grep -q 'wipefs --all --force /dev/vdb1 /dev/vdb' touched
    grep -q 'sgdisk --zap-all /dev/vdb' touched
    [ "$(grep -c '^dd .*of=/dev/vdb ' touched)" -eq 2 ]
    run ! grep vda touched
}

@test "the medium, what is no whole disk, what can't be written to and what is not there are refused, untouched" {
    local name
    for name in /dev/vda /dev/vdz ''; do
        wipe --yes $name
        [ "$status" -eq 2 ]
        [[ $output == *'nothing was touched' ]]
    done
    TYPE=part wipe --yes /dev/vdb
    [ "$status" -eq 2 ]
    RO=1 wipe --yes /dev/vdb
    [ "$status" -eq 2 ]
    wipe --yes /dev/vdb /dev/vda
    [ "$status" -eq 2 ]
    stub findmnt 'exit 1'
    wipe --yes /dev/vdb
    [ "$status" -eq 2 ]
    run ! grep -E 'sgdisk|wipefs|dd ' touched
}

@test "nobody is asked where nobody sits, and nothing is wiped beside an installation" {
    run "$live/usr/sbin/kldload-wipe" /dev/vdb < /dev/null
    [ "$status" -eq 2 ]
    [[ $output == *--yes* ]]
    exec 7> lock
    flock 7
    wipe --yes /dev/vdb
    [ "$status" -eq 2 ]
    [[ $output == *'an installation is running'* ]]
    [ ! -e touched ]
}
