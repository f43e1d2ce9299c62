#!/usr/bin/env bats
# `deploy burn` at the command line, onto loop devices: real ones, which needs root.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/burn.bats
# shellcheck disable=SC1111,SC2030,SC2031,SC2154 # what deploy says has quotes as in print; bats sets output and stderr, and runs each test by itself

# make_iso TREE FILE: an image with a boot sector for disks.
make_iso() {
    { head -c 510 /dev/zero && printf '\x55\xaa'; } > mbr
    xorriso -as mkisofs -quiet -r -V MADE -G mbr -o "$2" "$1"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    mkdir tree
    head -c 30M /dev/urandom > tree/data
    make_iso tree made.iso
}

setup() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    unset CI NO_COLOR
    cd "$BATS_TEST_TMPDIR" || return
    iso=$BATS_FILE_TMPDIR/made.iso
    loop='' mounted=''
}

teardown() {
    if [ -n "$mounted" ]; then umount -l "$mounted"; fi
    if [ -n "$loop" ]; then losetup -d "$loop" || true; fi # some tests take it away themselves
}

# attach SIZE: a loop device of that size, in `loop`, full of something else.
attach() {
    [ "$(id -u)" -eq 0 ] || skip "loop devices need root"
    head -c "$1" /dev/zero | tr '\0' x > "${2:-stick.img}"
    loop=$(losetup -f --show "${2:-stick.img}") || skip "there are no loop devices"
}

burn() { "$DEPLOY_BINARY" burn "$@"; }

@test "an image is written, read back and compared, and what was there is said before" {
    attach 64M
    mkfs.vfat -n BACKUP "$loop"
    run -0 --separate-stderr burn "$iso" "$loop" --force --yes
    [[ $stderr == *"made.iso"*"none that deploy built"*"no checksum file beside it"* ]]
    [[ $stderr == *"$loop"*"67 MB, a loop device over $PWD/stick.img"* ]]
    [[ $stderr == *"on it: ${loop#/dev/}: vfat “BACKUP”"* ]]
    [[ $stderr == *"read back"*"the same: sha256 $(sha256sum < "$iso" | cut -d' ' -f1)"* ]]
    cmp -n "$(stat -c %s "$iso")" "$iso" stick.img
    [ "$(blkid -p -o value -s LABEL "$loop")" = MADE ]
}

@test "nothing of an older partition table is left: not its copy at the end" {
    attach 64M
    sgdisk --new=1:2048:40960 --new=2:43008:0 --change-name=2:older "$loop"
    [ "$(tail -c 512 stick.img | grep -ca 'EFI PART')" = 1 ]
    burn "$iso" "$loop" --force --yes
    run ! grep -qa 'EFI PART' <(tail -c 1M stick.img)
}

@test "for programs: what is there, how far it is, what came of it" {
    attach 64M
    run -0 --separate-stderr burn "$iso" "$loop" --force --yes --json
    python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert lines[0]["event"] == "burn" and lines[0]["device_size"] == 64 << 20, lines[0]
assert lines[-1]["size"] > 30 << 20 and len(lines[-1]["sha256"]) == 64 and lines[-1]["checked"] is False, lines[-1]' <<< "$output"
}

@test "without --force a loop device, without a terminal and --yes any, is left as it is" {
    attach 64M
    sha256sum stick.img > before
    run -2 --separate-stderr burn "$iso" "$loop" --yes
    [[ $stderr == *"$loop is a loop device, and no stick"*"--force"* ]]
    run -2 --separate-stderr burn "$iso" "$loop" --force < /dev/null
    [[ $stderr == *"nobody is there to say that $loop may be written over"*"--yes"* ]]
    sha256sum -c before
}

@test "at a terminal its name has to be typed; anything else leaves it" {
    attach 64M
    sha256sum stick.img > before
    run -2 script --quiet --return --echo never --command "'$DEPLOY_BINARY' burn '$iso' $loop --force" /dev/null <<< y
    [[ $output == *"Type ${loop#/dev/} to write it"*"was left as it is"* ]]
    sha256sum -c before
    run -0 script --quiet --return --command "'$DEPLOY_BINARY' burn '$iso' $loop --force" /dev/null <<< "${loop#/dev/}"
    cmp -n "$(stat -c %s "$iso")" "$iso" stick.img
}

@test "a file, a folder, a partition's disk that is mounted, the machine's own disk are refused" {
    run -2 --separate-stderr burn "$iso" "$BATS_TEST_TMPDIR"
    [[ $stderr == *"is a folder, and no disk"* ]]
    run -2 --separate-stderr burn "$iso" "$iso" --force --yes
    [[ $stderr == *"is a file, and no disk"* ]]
    run -2 --separate-stderr burn "$iso" /dev/null --force --yes
    [[ $stderr == *"is no block device, and no disk"* ]]
    run -2 --separate-stderr burn "$iso" /dev/gone --force --yes
    [[ $stderr == *"there is no device /dev/gone"* ]]
    attach 64M
    mkfs.ext4 -q "$loop"
    mkdir here
    mount "$loop" here && mounted=$PWD/here
    run -2 --separate-stderr burn "$iso" "$loop" --force --yes
    [[ $stderr == *"is in use"*"${loop#/dev/} is mounted at $PWD/here"*"umount $PWD/here"* ]]
    own=$(lsblk --nodeps --noheadings --paths --output NAME,TYPE | awk '$2 == "disk" { name = $1 } END { print name }')
    if [ -n "$own" ]; then
        run -2 --separate-stderr burn "$iso" "$own" --force --yes
        [[ $stderr == *"$own"* ]]
    fi
}

@test "a disk whose blocks are of another size is refused: nothing would start from it" {
    attach 64M
    losetup -d "$loop"
    loop=$(losetup -f --show --sector-size 4096 stick.img)
    run -2 --separate-stderr burn "$iso" "$loop" --force --yes
    [[ $stderr == *"$loop has blocks of 4096 bytes"* ]]
}

@test "who may not write it is told before he is asked" {
    [ "$(id -u)" -eq 0 ] || skip "a device of root's"
    attach 64M
    open=$(mktemp -d) # those of bats are for root alone
    chmod 755 "$open"
    cp "$iso" "$open/made.iso"
    run -1 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$DEPLOY_BINARY" burn "$open/made.iso" "$loop" --force
    rm -r "$open"
    [[ $stderr == *"cannot open $loop: Permission denied"*"sudo"* ]]
}

@test "Ctrl-C at the question leaves it" {
    attach 64M
    sha256sum stick.img > before
    mkfifo keys
    script --quiet --return --echo never --command "'$DEPLOY_BINARY' burn '$iso' $loop --force" /dev/null < keys > log 2>&1 3>&- &
    asker=$!
    exec 9> keys
    until grep -q 'to write it' log; do kill -0 "$asker" && sleep 0.05; done
    printf '\x03' >&9
    status=0
    wait "$asker" || status=$?
    exec 9>&-
    [ "$status" -eq 130 ]
    grep -q "interrupted: $loop was left as it is" log
    sha256sum -c before
}

@test "a device that something holds without a name is refused" {
    attach 64M
    sha256sum stick.img > before
    python3 -c 'import os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL); print("held", flush=True); time.sleep(30)' "$loop" > held 3>&- &
    holder=$!
    until [ -s held ]; do sleep 0.05; done
    run -1 --separate-stderr burn "$iso" "$loop" --force --yes
    kill "$holder"
    [[ $stderr == *"$loop is in use by something that the kernel does not name"* ]]
    sha256sum -c before
}

@test "an image that is too large, cut short or none is refused, and nothing is written" {
    attach 16M
    sha256sum stick.img > before
    run -2 --separate-stderr burn "$iso" "$loop" --force --yes
    [[ $stderr == *"the image has 32 MB, and $loop only 17 MB"* ]]
    head -c 12M "$iso" > short.iso
    run -2 --separate-stderr burn short.iso "$loop" --force --yes
    [[ $stderr == *"short.iso was cut short"* ]]
    echo distributions: > deploy.yaml
    run -2 --separate-stderr burn deploy.yaml "$loop" --force --yes
    [[ $stderr == *"deploy.yaml is no ISO image"* ]]
    sha256sum -c before
}

@test "an image that is not what its checksum file says leaves a device that starts nothing" {
    attach 64M
    cp "$iso" made.iso
    (cd "${iso%/*}" && sha256sum made.iso) > made.iso.sha256
    run -0 --separate-stderr burn made.iso "$loop" --force --yes --json
    [[ $output == *'"checked":true'* || $output == *'"checked": true'* ]]
    printf x | dd of=made.iso bs=1 seek=20000000 conv=notrunc status=none
    run -1 --separate-stderr burn made.iso "$loop" --force --yes
    [[ $stderr == *"made.iso is not what its checksum file says"*"not bootable"* ]]
    cmp --bytes=4194304 stick.img /dev/zero
}

@test "a device that takes no more, as one that was pulled out does, is an error that says so" {
    [ "$(id -u)" -eq 0 ] || skip "loop devices need root"
    mkdir small
    mount -t tmpfs -o size=12M none small && mounted=$PWD/small
    truncate -s 64M small/stick.img
    loop=$(losetup -f --show small/stick.img)
    run -1 --separate-stderr burn "$iso" "$loop" --force --yes
    [[ $stderr == *"error: cannot write $loop"* ]]
    [[ $stderr == *"take another one"* ]]
}

@test "Ctrl-C says that it is not bootable now, and it is not" {
    [ "$(id -u)" -eq 0 ] || skip "loop devices need root"
    mkdir memory
    mount -t tmpfs -o size=900M none memory && mounted=$PWD/memory
    mkdir memory/tree
    truncate -s 400M memory/tree/data
    make_iso memory/tree memory/large.iso
    attach 8M memory/stick.img
    truncate -s 450M memory/stick.img
    losetup -c "$loop"
    "$DEPLOY_BINARY" burn memory/large.iso "$loop" --force --yes > log 2>&1 3>&- &
    writer=$!
    until grep -q 'on it: ' log; do kill -0 "$writer" && sleep 0.005; done
    kill -TERM "$writer" # a shell's background jobs are deaf to SIGINT
    status=0
    wait "$writer" || status=$?
    cat log
    [ "$status" -eq 130 ]
    grep -q "interrupted: $loop is not bootable now" log
    cmp --bytes=4194304 memory/stick.img /dev/zero
}
