#!/usr/bin/env bats
# What says whether a medium is as it was written, to people and to the installer: real files, real signatures.

bats_require_minimum_version 1.5.0

load ../lib/keys

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    make_key gpg made
    gpg --homedir "$PWD/gpg" --batch --quiet --export > key.gpg
    gpgconf --homedir "$PWD/gpg" --kill all
}

setup() {
    live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    export KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer KLDLOAD_MEDIUM=$PWD/medium KLDLOAD_KEYRING=$BATS_FILE_TMPDIR/key.gpg
    mkdir -p medium/{live,kldload} 'medium/darksite/a b'
    seq 100000 > medium/live/10-system.squashfs
    echo key > medium/live/40-key.squashfs
    local name
    for name in 'a b/one' two three; do echo "$name" > "medium/darksite/$name"; done
    (cd medium && find darksite live -type f ! -name 40-key.squashfs -print0 | xargs --null sha256sum > kldload/sha256sums)
    sign
}

sign() {
    local gpg=(gpg --homedir "$BATS_FILE_TMPDIR/gpg" --batch --quiet --armor --detach-sign)
    rm -f medium/kldload/*.asc
    "${gpg[@]}" medium/kldload/sha256sums
    (cd medium && sha256sum kldload/sha256sums.asc live/40-key.squashfs > kldload/signatures.sha256)
    "${gpg[@]}" medium/kldload/signatures.sha256
    gpgconf --homedir "$BATS_FILE_TMPDIR/gpg" --kill all
}

check() { run "$live/usr/sbin/kldload-check-medium" --quiet; }

@test "a good medium is called good" {
    check
    [ "$status" -eq 0 ]
    [[ "$output" =~ ^'kldload: medium: good: 6 files, read in '[0-9]+' s'$ ]]
}

@test "a flipped byte, a file that was cut off, one that is gone: each is named" {
    printf X | dd of=medium/live/10-system.squashfs bs=1 seek=77777 conv=notrunc status=none
    : > 'medium/darksite/a b/one'
    rm medium/darksite/two
    check
    [ "$status" -eq 1 ]
    [[ "$output" == *'kldload: medium: live/10-system.squashfs is not what was written'* ]]
    [[ "$output" == *'kldload: medium: darksite/a b/one is not what was written'* ]]
    [[ "$output" == *'kldload: medium: darksite/two is missing'* ]]
    [ "${lines[-1]}" = 'kldload: medium: BAD: 3 of 6 files' ]
}

# A medium that takes a while: a second passes after each of five files, which one core reads.
@test "whoever waits is told how far it is, on the consoles too" {
    local file option
    rm -r medium/darksite medium/live/10-system.squashfs
    for file in 1 2 3 4 5; do head -c 50000 /dev/urandom > "medium/$file"; done
    (cd medium && sha256sum 1 2 3 4 5 > kldload/sha256sums)
    sign
    mkdir bin
    printf '%s\n' '#!/bin/sh' 'echo 1' > bin/nproc
    # shellcheck disable=SC2016 # for that script
    printf '#!/bin/sh\n%s "$@" | while read -r line; do echo "$line"; sleep 1.1; done\n' "$(type -P sha256sum)" > bin/sha256sum
    chmod 755 bin/*
    for option in '' --consoles; do
        # shellcheck disable=SC2086 # without a word, no option
        KLDLOAD_CONSOLES='' PATH=$PWD/bin:$PATH run -0 "$live/usr/sbin/kldload-check-medium" $option
        [ "$(grep -c '[0-9] s left$' <<< "$output")" -ge 3 ] || {
            echo "$option: $output"
            return 1
        }
    done
}

@test "a file that can't be read is bad" {
    rm medium/darksite/two
    mkdir medium/darksite/two
    check
    [ "$status" -eq 1 ]
    [[ "$output" == *'darksite/two is not what was written'* ]]
}

@test "a list that somebody changed, or without a signature, is not believed" {
    sed -i '1s/^./x/' medium/kldload/sha256sums
    check
    [ "$status" -eq 1 ]
    [[ "$output" == *'BAD: it has no list of its files that is signed by the key of this live system'* ]]
    rm medium/kldload/sha256sums.asc
    check
    [ "$status" -eq 1 ]
}

@test "what depends on the key is held to a list of its own, which is signed as well" {
    echo other > medium/live/40-key.squashfs
    check
    [ "$status" -eq 1 ]
    [[ "$output" == *'kldload: medium: live/40-key.squashfs is not what was written'* ]]
    (cd medium && sha256sum kldload/sha256sums.asc live/40-key.squashfs > kldload/signatures.sha256)
    check
    [ "$status" -eq 1 ]
    [[ "$output" == *'BAD: it has no list of its files that is signed by the key of this live system'* ]]
}

@test "whoever compares may end early: that is bad, whatever was good before" {
    mkdir bin
    printf '#!/bin/sh\nexit 1\n' > bin/sha256sum
    chmod +x bin/sha256sum
    PATH=$PWD/bin:$PATH check
    [ "$status" -eq 1 ]
    [[ "$output" == *'sha256sum ended early'* ]]
}

@test "more cores than files, one core: always to the end" {
    local cores
    mkdir bin
    for cores in 1 2 3 16; do
        printf '#!/bin/sh\necho %d\n' "$cores" > bin/nproc
        chmod +x bin/nproc
        PATH=$PWD/bin:$PATH check
        [ "$status" -eq 0 ]
    done
}

@test "answers that were added are said, and read as well" {
    mkdir -p medium/kldload/answers/postinstall.d
    echo KLDLOAD_DISK=/dev/vda > medium/kldload/answers/answers.conf
    echo 'echo hello' > medium/kldload/answers/postinstall.d/10-hello.sh
    (cd medium/kldload/answers && sha256sum answers.conf postinstall.d/10-hello.sh > sha256sums)
    check
    [ "$status" -eq 0 ]
    [[ "$output" == *'answers were added to it, which its build host has not signed'*'good: 8 files'* ]]
    echo KLDLOAD_DISK=/dev/vdb > medium/kldload/answers/answers.conf
    check
    [ "$status" -eq 1 ]
    [[ "$output" == *'kldload: medium: kldload/answers/answers.conf is not what was written'* ]]
}

@test "other arguments are explained" {
    run -2 "$live/usr/sbin/kldload-check-medium" --all
    [[ "${lines[0]}" == 'kldload-check-medium: reads every file of the medium'* ]]
    [[ "$output" != *shellcheck* ]]
}
