#!/usr/bin/env bats
# `deploy golden` at the command line. The archive is made here (make-archive); podman is played (fake-podman), and so are the machines
# (fake-qemu.py): what is real is everything else. Tests/installed/image-formats.bats has the formats.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/golden.bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2103,SC2154 # scripts of fakes; bats sets output and stderr, made-site the rest

load made-site.bash

setup_file() {
    serve_made_site
    mkdir "$BATS_FILE_TMPDIR/bin"
    ln -s "$BATS_TEST_DIRNAME/fake-podman" "$BATS_FILE_TMPDIR/bin/podman"
    ln -s "$(realpath "$BATS_TEST_DIRNAME/../MachinesTests/fake-qemu.py")" "$BATS_FILE_TMPDIR/bin/qemu-system-x86_64"
    export PATH=$BATS_FILE_TMPDIR/bin:$PATH KLDLOAD_ACCEL=tcg
    unset FAKE_QEMU
    # An ISO of theirs, and the store that it was built in.
    cp -a "$site/made/checkout" "$BATS_FILE_TMPDIR/built"
    ln -s "$site/made/keyring.gpg" "$BATS_FILE_TMPDIR/"
    cd "$BATS_FILE_TMPDIR/built" || return
    sed -i 's/debian: \[core\]/debian: [core, server]/' deploy.yaml
    DEPLOY_MIRROR_MADE=http://127.0.0.1:$port/made/first deploy build > "$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" && return 1; }
}

setup() {
    ln -s "$site/made/keyring.gpg" "$BATS_TEST_TMPDIR/"
    export DEPLOY_MIRROR_MADE=http://127.0.0.1:$port/made/first
    cp -a "$BATS_FILE_TMPDIR/built" "$BATS_TEST_TMPDIR/checkout"
    cd "$BATS_TEST_TMPDIR/checkout" || return
    printf '%s\n' KLDLOAD_PROFILE=core "KLDLOAD_PASSWORD='it is a secret'" KLDLOAD_SEAL_PASSWORDS=keep > answers.env
    export FAKE_QEMU_PASSWORD='it is a secret' FAKE_QEMU_PID=$BATS_TEST_TMPDIR/pid
}

golden() { run --separate-stderr deploy golden --answers answers.env "$@"; }

starts() { if [[ -e $FAKE_QEMU_PID ]]; then wc -l < "$FAKE_QEMU_PID"; else echo 0; fi; }

nothing_half() { [[ -z $(find live-build out -name 'disk*.raw' -o -name '*.part*' -o -name 'disk.qcow2' -o -name 'answers.env') ]]; }

@test "images of all formats, for their owner alone, with checksums that are signed, bills and the answers without secrets" {
    golden --format all
    [ "$status" -eq 0 ] || { echo "$stderr" && false; }
    name=$(basename "${lines[0]%%.qcow2*}")
    [[ $name =~ ^golden-debian-core-v[0-9]{8}-[0-9a-f]{7}$ && ${#lines[@]} -eq 6 ]]
    [[ $stderr == *'a clone was started and is as it must be'* ]]
    cd out || return
    for ending in qcow2 raw vhd vmdk ova tar.gz; do
        [ "$(stat -c %a "$name.$ending")" = 600 ]
        # A started image changes; what the store has does not.
        [ "$(stat -c %h "$name.$ending")" = 1 ]
    done
    sha256sum --check --quiet "$name.sha256sums"
    [ "$(wc -l < "$name.sha256sums")" = 9 ]
    deploy key -C .. --export > key.asc 2> /dev/null
    gpg --dearmor --output key.gpg key.asc
    gpgv --keyring ./key.gpg "$name.sha256sums.asc" "$name.sha256sums"
    jq -e --arg name "$name" '.name == $name and (.packages | length) > 1' "$name.spdx.json"
    jq -e '.components | length > 0' "$name.cdx.json"
    grep -qx "KLDLOAD_PROFILE='core'" "$name.answers"
    grep -qx '# KLDLOAD_PASSWORD was given. It is a secret, and not kept.' "$name.answers"
    run ! grep -rlI 'it is a secret' .. --exclude=answers.env
    cd ..
    nothing_half
}

@test "the same image and answers: nothing to do; another format takes no second installation; another answer does" {
    golden
    [ "$status" -eq 0 ] && [ "$(starts)" = 2 ]
    golden
    [ "$status" -eq 0 ] && [ "$(starts)" = 2 ]
    [[ $stderr == *'nothing to do: the same ISO and answers gave golden-debian-core-'* ]]
    golden --format qcow2,vhd --memory 4096
    [ "$status" -eq 0 ] && [ "$(starts)" = 2 ]
    # What the installer is told decides, not how the file writes it.
    { echo '# a comment' && tac answers.env; } > same.env
    run -0 --separate-stderr deploy golden --answers same.env
    [ "$(starts)" = 2 ]
    # The disks of played machines are alike, so no clone has to be started anew.
    echo KLDLOAD_HOSTNAME=other >> answers.env
    golden
    [ "$status" -eq 0 ] && [ "$(starts)" = 3 ]
    sed -i "s/'it is a secret'/'another secret'/" answers.env
    golden
    [ "$status" -eq 0 ] && [ "$(starts)" = 4 ]
    [[ $stderr != *'nothing to do'* ]]
    FAKE_QEMU_PASSWORD='another secret' golden --size 50GiB
    [ "$status" -eq 0 ] && [ "$(starts)" = 6 ]
}

@test "an image that was changed or removed is put there again" {
    golden
    [ "$status" -eq 0 ] || { echo "$stderr" && false; }
    image=$(find out -name 'golden-*.qcow2')
    sum=$(sha256sum < "$image")
    rm "$image"
    golden
    [ "$(sha256sum < "$image")" = "$sum" ] && [ "$(starts)" = 2 ]
    [[ $stderr != *'nothing to do'* ]]
}

@test "as JSON, every line is an object, and the last one has all there is" {
    golden --json --format qcow2,gce
    [ "$status" -eq 0 ] || { echo "$stderr" && false; }
    python3 -c '
import json, os, sys
rows = [json.loads(line) for line in sys.stdin]
last = rows[-1]
assert [image["format"] for image in last["images"]] == ["qcow2", "gce"], last
assert all(os.path.getsize(image["path"]) == image["size"] for image in last["images"])
assert last["new"] and last["disk"] == 40 << 30 and last["ran"] >= 4, last' <<< "$output"
}

@test "an installation that fails ends with the installer's words and its log; so does a clone that is not as it must be" {
    FAKE_QEMU=live+fails golden
    [ "$status" -eq 1 ]
    [[ $stderr == *'golden/disk'*'INSTALL FAILED in step pool: no disk'*'live-build/logs/'* ]]
    nothing_half
    FAKE_QEMU_FAIL='clone_the_pool_has_grown_to_its_disk$' golden
    [ "$status" -eq 1 ]
    [[ $stderr == *'golden/clone'*'the pool has grown to its disk: the reason'* ]]
    [ -z "$(find out -name 'golden-*')" ]
    nothing_half
    # What went well is not done again.
    rm "$FAKE_QEMU_PID"
    golden
    [ "$status" -eq 0 ] && [ "$(starts)" = 1 ]
}

@test "--keep keeps the disk of the machine" {
    golden --keep
    [ "$status" -eq 0 ] || { echo "$stderr" && false; }
    [ "$(stat -c %s live-build/logs/*-golden/disks/disk0.raw)" = $((40 << 30)) ]
}

@test "what can't be is said before anything is made" {
    golden --format qcow3
    [[ $status == 2 && $stderr == *'--format takes qcow2, raw, vhd, vmdk, ova, gce'*'not qcow3'* ]]
    for size in 1G much; do
        golden --size $size
        [[ $status == 2 && $stderr == *'--size takes 8GiB to 64TiB'* ]]
    done
    golden --profile core
    [[ $status == 2 && $stderr == *'--answers and --profile exclude each other'* ]]
    run -2 --separate-stderr deploy golden --profile kvm
    [[ $stderr == *kvm* ]]
    run -2 --separate-stderr deploy golden --profile core
    [[ $stderr == *'nobody could log in to a clone'*'no cloud-init in core'*KLDLOAD_SEAL_PASSWORDS=keep* ]]
    run -2 --separate-stderr deploy golden deploy.yaml
    [[ $stderr == *'deploy.yaml is no ISO image'* ]]
    printf '%s\n' '# one' KLDLOAD_DISK=/dev/sda KLDLOAD_HOST=x >> answers.env
    golden
    [[ $status == 2 && $stderr == *'answers.env:6:1: error: there is no variable KLDLOAD_HOST'* && $stderr != *secret* ]]
    [ "$(starts)" = 0 ]
    [ -z "$(find live-build/logs -name '*-golden')" ]
}

@test "a static address is taken, with a warning that clones collide" {
    printf '%s\n' KLDLOAD_NET_METHOD=static KLDLOAD_NET_IFACE=eth0 KLDLOAD_NET_IP=10.0.0.5 KLDLOAD_NET_GW=10.0.0.1 >> answers.env
    golden
    [ "$status" -eq 0 ] || { echo "$stderr" && false; }
    [[ $stderr == *'KLDLOAD_NET_IP=10.0.0.5: '*collide* ]]
}

@test "without room it is said before the machine is started, with the numbers" {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount"
    mkdir -p small
    mount -t tmpfs -o size=64m made small
    cp -a deploy.yaml deploy.lock package-sets includes small/
    ln -s "$site/made/keyring.gpg" .
    iso=$(realpath out/kldload-*.iso)
    DEPLOY_CACHE=$PWD/live-build/cache run --separate-stderr deploy golden -C small --answers answers.env "$iso"
    umount small
    [[ $status == 2 && $stderr == *"the machine's disk and 1 image need about "*' GB in live-build, and '*' are free'* ]]
    [ "$(starts)" = 0 ]
}

@test "qemu-img that is not there is said before an hour of installing" {
    mkdir bin
    for program in /usr/bin/* /bin/*; do
        [[ ${program##*/} == qemu-img || -e bin/${program##*/} ]] || ln -s "$program" bin/
    done
    PATH=$BATS_FILE_TMPDIR/bin:$PWD/bin golden
    [[ $status == 1 && $stderr == *'qemu-img is not installed'*'apt-get install qemu-utils'* ]]
    [ "$(starts)" = 0 ]
}

@test "an interruption ends the machine, and leaves nothing half" {
    export FAKE_QEMU=silent
    "$DEPLOY_BINARY" golden --answers answers.env > log 2>&1 3>&- & # not a function: that would be a shell between
    local made=$! status=0
    until [ -s "$FAKE_QEMU_PID" ]; do kill -0 "$made" && sleep 0.05; done
    kill -TERM "$made" # a shell's background jobs are deaf to SIGINT
    wait "$made" || status=$?
    [ "$status" -eq 130 ]
    [ ! -d "/proc/$(< "$FAKE_QEMU_PID")" ]
    nothing_half
}
