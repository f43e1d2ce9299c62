#!/usr/bin/env bats
# `deploy seed` and `deploy test` at the command line: real mtools read the seed disk; the machine is played by fake-qemu.py.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/installation.bats
# shellcheck disable=SC2154 # bats sets output and stderr

setup() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    checkout=$(realpath "$BATS_TEST_DIRNAME/../..")
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT NO_COLOR CI KLDLOAD_ACCEL FAKE_QEMU
    export DEPLOY_CACHE=$BATS_TEST_TMPDIR/cache
    mkdir "$BATS_TEST_TMPDIR/checkout" "$BATS_TEST_TMPDIR/bin"
    cp -a "$checkout/deploy.yaml" "$checkout/package-sets" "$BATS_TEST_TMPDIR/checkout/"
    mkdir "$BATS_TEST_TMPDIR/checkout/live-build"
    cp -a "$checkout"/live-build/{config,postinstall} "$BATS_TEST_TMPDIR/checkout/live-build/"
    ln -s "$checkout/Tests/MachinesTests/fake-qemu.py" "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
    export PATH="$BATS_TEST_TMPDIR/bin:$PATH"
    cd "$BATS_TEST_TMPDIR/checkout" || return
    printf '%s\n' KLDLOAD_DISK=/dev/vda "KLDLOAD_PASSWORD='it'\\''s \"odd\" \$HOME'" > answers.env
}

deploy() { "$DEPLOY_BINARY" "$@"; }

image() {
    mkdir -p live-build/output tree/darksite/debian/profiles
    echo "dash 1 amd64" > tree/darksite/debian/profiles/core
    xorriso -as mkisofs -quiet -r -o "live-build/output/$1" tree 2> /dev/null
}

@test "a seed disk has the label and the file that the installer looks for, and is for its owner's eyes" {
    run --separate-stderr deploy seed answers.env
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ "$(stat -c %a seed.img)" = 600 ]
    [ "$(blkid -p -o value -s LABEL seed.img)" = KLDLOADSEED ]
    mcopy -i seed.img ::answers.env back
    cmp back answers.env
    fsck.vfat -n seed.img
}

@test "no file but a seed disk is written over: not the answers, not any other" {
    cp answers.env kept.env
    for file in answers.env deploy.yaml; do
        cp "$file" before
        run -2 --separate-stderr deploy seed kept.env -o "$file"
        [[ $stderr == *"$file is there, and is no seed disk"* ]]
        cmp "$file" before
    done
    deploy seed kept.env -o seed.img
    deploy seed kept.env -o seed.img
}

@test "the same answers make the same seed disk" {
    deploy seed answers.env -o one.img
    deploy seed answers.env -o two.img
    cmp one.img two.img
}

@test "wrong answers make none, and all that is wrong is said, with file and line" {
    printf '%s\n' KLDLOAD_DISKS=/dev/vda KLDLOAD_PROFILE=serve KLDLOAD_PASSWORD=x > bad.env
    run --separate-stderr deploy seed bad.env -o bad.img
    [ "$status" -eq 2 ]
    [[ $stderr == *"bad.env:1:1: error:"*KLDLOAD_DISKS* ]]
    [[ $stderr == *"bad.env:2:1: error:"*KLDLOAD_PROFILE* ]]
    [[ $stderr == *"errors"* ]]
    [ ! -e bad.img ]
}

@test "no secret is said when an answer is wrong" {
    printf '%s\n' KLDLOAD_DISK=/dev/vda 'KLDLOAD_PASSWORD=hush hush' > bad.env
    run deploy seed bad.env
    [ "$status" -eq 2 ]
    [[ $output != *hush* ]]
}

@test "a seed disk is not written over a device" {
    run --separate-stderr deploy seed answers.env -o /dev/null
    [ "$status" -eq 2 ]
    [[ $stderr == *"/dev/null is no file"* ]]
    [ -c /dev/null ]
}

@test "no answers, no seed disk" {
    run --separate-stderr deploy seed nothing.env
    [ "$status" -eq 2 ]
    [[ $stderr == *nothing.env* ]]
}

@test "a test without an image says how to make one" {
    run --separate-stderr deploy test
    [ "$status" -eq 2 ]
    [[ $stderr == *"no image in live-build/output"*"deploy build"* ]]
}

@test "a live system that comes up passes; the newest image is taken" {
    image kldload-old.iso
    touch -d '1 hour ago' live-build/output/kldload-old.iso
    image kldload-new.iso
    KLDLOAD_ACCEL=tcg FAKE_QEMU_NO_SEED=1 run --separate-stderr deploy test --live --bios
    [ "$status" -eq 0 ]
    [[ ${lines[-1]} == "2 passed, 0 failed"* ]]
    [[ $stderr == *kldload-new.iso* ]]
    xmllint --noout live-build/logs/*-test/junit.xml
}

@test "an installation that fails ends with status 1 and the installer's words, and leaves no disks" {
    image kldload-new.iso
    KLDLOAD_ACCEL=tcg FAKE_QEMU=fails run --separate-stderr deploy test --bios
    [ "$status" -eq 1 ]
    [[ $stderr == *"INSTALL FAILED in step pool: no disk"* ]]
    [[ ${lines[-1]} == "1 passed, 1 failed"* ]]
    [ -z "$(find live-build/logs -name '*.raw')" ]
}

@test "a profile that the image does not have is said before a machine is started" {
    image kldload-new.iso
    KLDLOAD_ACCEL=tcg run -2 --separate-stderr deploy test --bios --profile kvm
    [[ $stderr == *"the image has no profile kvm of debian"*"PROFILE=kvm ./deploy build"* ]]
    [[ $stderr != *tcg* ]]
    [ ! -e live-build/logs ]
}

@test "what is no image, and answers that are wrong, are said before anything is made or tried" {
    image kldload-new.iso
    run -2 --separate-stderr deploy test deploy.yaml
    [[ $stderr == *"error: deploy.yaml is no ISO image"* ]]
    echo KLDLOAD_PROFILE=core > bad.env
    run -2 --separate-stderr deploy test --answers bad.env
    [[ $stderr == *bad.env*KLDLOAD_DISK* && $stderr != *kvm* ]]
    [ ! -e live-build/logs ]
}

@test "an option that would do nothing beside another one is refused" {
    image kldload-new.iso
    for options in '--answers answers.env --profile core' '--answers answers.env --topology mirror' '--live --disks 2' '--live --cut 1'; do
        # shellcheck disable=SC2086 # words
        run -2 --separate-stderr deploy test $options
        [[ $stderr == *'exclude each other'* ]]
    done
    run -2 --separate-stderr deploy test --bootstrap other
    [[ $stderr == *'--bootstrap takes auto, image or packages'* ]]
}

@test "as JSON, every line is an object, and the last one the report" {
    image kldload-new.iso
    KLDLOAD_ACCEL=tcg FAKE_QEMU_NO_SEED=1 run --separate-stderr deploy test --live --bios --json
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys; rows = [json.loads(l) for l in sys.stdin]; assert rows[-1]["passed"] == 2, rows' <<< "$output"
}

@test "an interruption ends the machine, and leaves no disks" {
    image kldload-new.iso
    export KLDLOAD_ACCEL=tcg FAKE_QEMU=silent FAKE_QEMU_PID=$BATS_TEST_TMPDIR/pid
    "$DEPLOY_BINARY" test --bios > log 2>&1 3>&- & # not a function: that would be a shell between
    local test=$! status=0
    until [ -s "$FAKE_QEMU_PID" ]; do kill -0 "$test" && sleep 0.05; done
    kill -TERM "$test" # a shell's background jobs are deaf to SIGINT
    wait "$test" || status=$?
    [ "$status" -eq 130 ]
    [ ! -d "/proc/$(< "$FAKE_QEMU_PID")" ]
    [ -z "$(find live-build/logs -name '*.raw')" ]
}
