#!/usr/bin/env bats
# Installing without being asked: where answers are looked for, in which order, and what the machine does afterwards.
bats_require_minimum_version 1.5.0

setup() {
    live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p bin etc run volume
    export PATH="$PWD/bin:$PATH" KLDLOAD_CONFIG=$PWD/etc KLDLOAD_RUN=$PWD/run KLDLOAD_CMDLINE=$PWD/words KLDLOAD_CONSOLES=/dev/null
    export KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer KLDLOAD_INSTALL_TARGET=$PWD/bin/install-target KLDLOAD_PAUSE=0
    echo 'BOOT_IMAGE=/live/vmlinuz boot=live quiet' > words
    stub udevadm 'exit 0'
    stub sleep 'echo sleep >> slept'
    stub blkid 'case $* in
        *LABEL=KLDLOADSEED*) [ -e seed ] && echo /dev/vdb ;;
        *--output\ value*) echo KLDLOADSEED ;;
        *) exit 2 ;;
    esac'
    stub mount 'cp -r volume/. "${*: -1}/"'
    stub umount 'rm -rf "$1"/*'
    stub systemctl 'echo "$*" >> done'
    stub install-target 'cp "$2" installed; echo "${KLDLOAD_SEED_DEVICE:-}" > device; echo "kldload: INSTALLED"; exit ${STATUS:-0}'
}

stub() {
    printf '#!/bin/bash\n%s\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

autoinstall() {
    run "$live/usr/lib/kldload/autoinstall"
    printf '%s\n' "$output"
}

answers() { printf '%s\n' "KLDLOAD_DISK=/dev/vda" "KLDLOAD_PASSWORD=x" "KLDLOAD_HOSTNAME=$1" "${@:2}"; }

@test "without answers nothing is installed, and the machine stays on" {
    autoinstall
    [ "$status" -eq 0 ]
    [ ! -e installed ] && [ ! -e done ] && [ -z "$(ls run)" ]
}

@test "a seed disk is installed from, is known as no disk to install to, and then the machine powers off" {
    touch seed
    answers from-seed > volume/answers.env
    autoinstall
    [ "$status" -eq 0 ]
    [[ $output == *'answers from /dev/vdb (KLDLOADSEED)'*'kldload: INSTALLED'*'kldload: powering off'* ]]
    grep -q from-seed installed
    [ "$(cat device)" = /dev/vdb ]
    [ "$(cat done)" = '--force poweroff' ]
    [ ! -e run/answers.env ]
}

@test "a file of the live system is installed from when there is no seed disk, and then the machine restarts" {
    answers from-file > etc/autoinstall.env
    autoinstall
    grep -q from-file installed
    [ "$(cat done)" = '--force reboot' ]
}

@test "the kernel's word wins over a seed disk, and that over the file" {
    touch seed
    answers from-seed > volume/answers.env
    answers from-file > etc/autoinstall.env
    answers from-word > word.env
    autoinstall
    grep -q from-seed installed
    echo "quiet kldload.answers=$PWD/word.env" > words
    autoinstall
    grep -q from-word installed
}

@test "answers are fetched from an address" {
    stub curl 'while [ "$1" != --output ]; do shift; done; echo "KLDLOAD_HOSTNAME=from-$3" > "$2"'
    echo "kldload.answers=http://example.org/a.env" > words
    autoinstall
    grep -q 'from-http://example.org/a.env' installed
}

@test "kldload.seed=no does not look; =auto waits a minute, and fails where none comes" {
    touch seed
    answers from-seed > volume/answers.env
    echo kldload.seed=no > words
    autoinstall
    [ ! -e installed ]
    rm seed
    echo kldload.seed=auto > words
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'INSTALL FAILED in step answers: no volume KLDLOADSEED'* ]]
    [ "$(wc -l < slept)" -eq 120 ]
    [ ! -e done ]
}

@test "answers that can't be had are a failure, and the machine stays on" {
    echo "kldload.answers=$PWD/gone.env" > words
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *"INSTALL FAILED in step answers: $PWD/gone.env can't be read"* ]]
    touch seed
    echo > words
    autoinstall
    [[ $output == *'there is no answers.env on the seed disk /dev/vdb'* ]]
    [ ! -e installed ] && [ ! -e done ]
}

@test "after a failed installation the machine stays on" {
    touch seed
    answers from-seed > volume/answers.env
    STATUS=1 autoinstall
    [ "$status" -eq 1 ]
    [ ! -e done ]
}

@test "KLDLOAD_AFTER has the last word" {
    touch seed
    answers from-seed KLDLOAD_AFTER=reboot > volume/answers.env
    autoinstall
    [ "$(cat done)" = '--force reboot' ]
    rm done
    answers from-seed KLDLOAD_AFTER=nothing > volume/answers.env
    autoinstall
    [ "$status" -eq 0 ]
    [ ! -e done ]
}
