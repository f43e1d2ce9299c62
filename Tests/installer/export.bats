#!/usr/bin/env bats
# Golden images by the installer: where they are written to, and how they get to another machine. The other machine is a real sshd, here.
# shellcheck disable=SC2016  # for inner shells
bats_require_minimum_version 1.5.0
load ../lib/ports

setup() {
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    ((EUID == 0)) || skip "takes root"
    cd "$BATS_TEST_TMPDIR" || return
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { printf 'say: %s\n' "\$*"; }
fail() { printf 'fail: %s\n' "\$*"; exit 1; }
run() { "\$@"; }
for name in export-scp export; do source "$library/\$name.sh"; done
INSTALLER=${library%/lib}
scp_work=$PWD/scp export_work=$PWD/work scp_waits=(0.1 0.1 0.1)
KLDLOAD_EXPORT_FORMAT=raw KLDLOAD_EXPORT_SIZE=1 KLDLOAD_EXPORT_TO= KLDLOAD_DISTRO=debian KLDLOAD_PROFILE=server KLDLOAD_DISK=/dev/none
KLDLOAD_EXPORT_SCP_HOST= KLDLOAD_EXPORT_SCP_USER=root KLDLOAD_EXPORT_SCP_PATH="$PWD/there/" KLDLOAD_EXPORT_SCP_PASSWORD= KLDLOAD_EXPORT_SCP_KEY=$PWD/key
KLDLOAD_EXPORT_SCP_HOSTKEY= KLDLOAD_EXPORT_SCP_TRUST=known
END
}

# a_server [SCRIPT]: sshd on a port of its own. SCRIPT is run in place of what is asked for, which is in SSH_ORIGINAL_COMMAND.
a_server() {
    type -P sshd > /dev/null || skip "no sshd"
    mkdir -p there /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f host
    ssh-keygen -q -t ed25519 -N '' -f key
    printf '#!/bin/bash\n%s\n' "${1:-exec bash -c \"\$SSH_ORIGINAL_COMMAND\"}" > forced
    chmod 755 forced
    port=$(free_port)
    printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $PWD/host" "AuthorizedKeysFile $PWD/key.pub" 'StrictModes no' 'UsePAM no' \
        'PasswordAuthentication no' 'PermitRootLogin yes' "ForceCommand $PWD/forced" "PidFile $PWD/pid" > sshd_config
    "$(type -P sshd)" -f sshd_config -E sshd.log 3>&-
    for _ in {1..50}; do [ ! -s pid ] || break; sleep 0.1; done
    printf 'KLDLOAD_EXPORT_SCP_HOST=127.0.0.1:%s\nKLDLOAD_EXPORT_SCP_HOSTKEY="%s"\n' "$port" "$(cut -d' ' -f1,2 host.pub)" >> around
    head -c 5000000 /dev/urandom > image.raw
}

teardown() {
    if [[ -s ${BATS_TEST_TMPDIR:?}/pid ]]; then kill "$(cat "$BATS_TEST_TMPDIR/pid")" || :; fi
    if mountpoint --quiet "$BATS_TEST_TMPDIR/there"; then umount "$BATS_TEST_TMPDIR/there"; fi
    if [[ -n ${loop:-} ]]; then losetup --detach "$loop"; fi
}

send() { run bash -c "source ./around; ${1:-:}; scp_begin; scp_judge; scp_send image.raw; scp_end" 3>&-; }

arrived() {
    cmp image.raw there/image.raw
    (cd there && sha256sum --check --quiet image.raw.sha256)
    [ "$(ls -A there)" = $'image.raw\nimage.raw.sha256' ]
    [ "$(stat --format=%a there/image.raw)" = 600 ]
}

@test "an image goes to a machine whose key is known, and is compared there" {
    a_server
    send
    [ "$status" -eq 0 ]
    [[ $output == *"127.0.0.1:$port has $PWD/there/image.raw, 4 MiB, sha256 $(sha256sum < image.raw | cut -c -64)"* ]]
    arrived
    [ ! -e scp ]
}

@test "a connection that is killed in the middle, twice, goes on where it was" {
    # 1.5 MB of each of the first two times arrive.
    a_server 'case $SSH_ORIGINAL_COMMAND in
        *"exec dd "*) n=$(cat '"$PWD"'/count 2> /dev/null || echo 0); echo $((n + 1)) > '"$PWD"'/count
            # What is on its way arrives, later.
            if ((n < 2)); then (sleep 1; head -c 1500000 | bash -c "$SSH_ORIGINAL_COMMAND"); kill -KILL $PPID; exit; fi ;;
    esac
    exec bash -c "$SSH_ORIGINAL_COMMAND"'
    send
    printf '%s\n' "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'0 of 4 MiB'*'broke off'*'1 of 4 MiB'*'broke off'*'2 of 4 MiB'* ]]
    arrived
}

@test "an image that is there already, and only has to get its name, is not sent again; what is of another one is not gone on with" {
    a_server
    mkdir -p there
    cp image.raw there/.image.raw.part && chmod 600 there/.image.raw.part
    send
    [ "$status" -eq 0 ]
    [[ $output != *' MiB are at '* ]]
    arrived
    rm there/*
    head -c 6000000 /dev/zero > there/.image.raw.part
    send
    [ "$status" -eq 0 ]
    cmp image.raw there/image.raw
}

@test "what is there of another image is found out in the end, and all is sent anew; where that does not help, it is no image" {
    a_server
    head -c 70000 /dev/zero > there/.image.raw.part # not how it begins
    send
    [ "$status" -eq 0 ]
    [[ $output == *'is another image: all is sent anew'* ]]
    arrived
}

@test "what arrives otherwise than it was sent, each time, is not taken for the image" {
    a_server 'bash -c "$SSH_ORIGINAL_COMMAND"; status=$?
    if [[ $SSH_ORIGINAL_COMMAND == *"exec dd "* ]]; then printf x | dd of='"$PWD"'/there/.image.raw.part conv=notrunc seek=9 bs=1; fi
    exit $status'
    send
    [ "$status" -eq 1 ]
    [[ $output == *'what arrives at 127.0.0.1:'*' is not what is sent'* ]]
    [ -z "$(ls -A there)" ]
}

@test "another machine than the known one gets nothing, and is not asked for a second time" {
    a_server
    ssh-keygen -q -t ed25519 -N '' -f other
    send "KLDLOAD_EXPORT_SCP_HOSTKEY='$(cut -d' ' -f1,2 other.pub)'"
    [ "$status" -eq 1 ]
    [[ $output == *'takes nothing into'*'Host key verification failed'* ]]
    [ -z "$(ls -A there)" ]
    # Trust on first use is for who says so, and says whom it trusts.
    send 'KLDLOAD_EXPORT_SCP_HOSTKEY='
    [ "$status" -eq 1 ]
    send 'KLDLOAD_EXPORT_SCP_HOSTKEY= KLDLOAD_EXPORT_SCP_TRUST=first'
    [ "$status" -eq 0 ]
    [[ $output == *"was trusted because it answered first: $(ssh-keygen -l -f host.pub | cut -d' ' -f2)"* ]]
    arrived
}

@test "a full disk at the other end ends it, with what was said there" {
    a_server
    mount -t tmpfs -o size=2m tmpfs there
    send
    [ "$status" -eq 1 ]
    [[ $output == *'image.raw is not at 127.0.0.1'*'of 4 MiB are: '*'No space left on device'* ]]
    [ ! -e there/image.raw ]
}

@test "a machine that vanishes in the middle ends it, after a while" {
    a_server 'case $SSH_ORIGINAL_COMMAND in *"exec dd "*) head -c 1000000 > '"$PWD"'/there/.image.raw.part
        kill "$(cat '"$PWD"'/pid)"; kill -KILL $PPID; exit ;; esac
    exec bash -c "$SSH_ORIGINAL_COMMAND"'
    send
    [ "$status" -eq 1 ]
    [[ $output == *'image.raw is not at 127.0.0.1'*'Connection refused'* ]]
    rm -f pid
}

@test "a folder that is not there, or a machine that lets nobody in, is said before a disk is touched" {
    a_server
    send 'KLDLOAD_EXPORT_SCP_PATH=/nowhere/at/all/'
    [[ $status -eq 1 && $output == *'takes nothing into /nowhere/at/all/: there is no such folder'* ]]
    ssh-keygen -q -t ed25519 -N '' -f stranger
    send "KLDLOAD_EXPORT_SCP_KEY=$PWD/stranger"
    [[ $status -eq 1 && $output == *'Permission denied'* ]]
    # Odd names are one word there.
    mkdir "there/it's here"
    send 'KLDLOAD_EXPORT_SCP_PATH="$PWD/there/it'"'"'s here"'
    [ "$status" -eq 0 ]
    cmp image.raw "there/it's here/image.raw"
}

@test "a password is on no command line, in no environment and in no log" {
    mkdir bin
    printf '#!/bin/bash\n{ printf "%%s\\n" "$@"; env; } > %q\n"$SSH_ASKPASS" "password: " > %q\n' "$PWD/seen" "$PWD/asked" > bin/ssh
    chmod +x bin/ssh
    head -c 10 /dev/zero > image.raw
    PATH=$PWD/bin:$PATH run bash -c 'source ./around; KLDLOAD_EXPORT_SCP_HOST=a KLDLOAD_EXPORT_SCP_HOSTKEY=x KLDLOAD_EXPORT_SCP_KEY=
        KLDLOAD_EXPORT_SCP_PASSWORD="correct horse"; scp_begin; scp_judge; stat --format=%a "$scp_work" "$scp_work/password"'
    printf '%s\n' "$output"
    [ "$status" -eq 0 ]
    [ "$(cat asked)" = 'correct horse' ]
    [[ $output != *horse* && ${lines[*]} == '700 600' ]]
    # The live system's /run is mounted noexec.
    [ -z "$(find scp -type f -perm /111)" ]
    run ! grep horse seen
}

@test "the pool ends where the image does; without an image, or on a disk that is no larger, where the disk does" {
    run -0 bash -c 'source ./around; KLDLOAD_EXPORT_SIZE=40; export_end $((100 << 30)); export_end $((40 << 30)); KLDLOAD_EXPORT_FORMAT=none; export_end $((100 << 30))'
    [ "$output" = $'40958M\n0\n0' ]
    # As the installer partitions, with room for the copy of the table behind it.
    truncate -s 3G disk
    sgdisk --set-alignment=2048 --new=1:1M:+512M --new="2:0:$(bash -c 'source ./around; export_end $((3 << 30))')" disk
    truncate -s 1G disk
    sgdisk --move-second-header disk
    sgdisk --verify disk | grep 'No problems found'
}

@test "the image is of the beginning of the disk, with a partition table that ends there; the disk has it, too" {
    local image
    truncate -s 2G disk
    sgdisk --set-alignment=2048 --new=1:1M:+64M --typecode=1:EF00 --new="2:0:$(bash -c 'source ./around; export_end $((2 << 30))')" disk
    loop=$(losetup --find --show disk) || skip "no loop device is to be had here"
    printf 'in the pool' | dd of=disk bs=1M seek=100 conv=notrunc status=none
    mkdir out
    run bash -c "source ./around; KLDLOAD_EXPORT_TO=$PWD/out disks=($loop) export_bytes=1000000; export_image"
    printf '%s\n' "$output"
    [ "$status" -eq 0 ]
    image=(out/kldload-export-debian-server-20*.raw)
    [ "$(stat --format='%s %a' "${image[0]}")" = "$((1 << 30)) 600" ]
    sgdisk --verify "${image[0]}" | grep 'No problems found'
    [ "$(dd if="${image[0]}" bs=1 skip=$((100 << 20)) count=11 status=none)" = "in the pool" ]
    (cd out && sha256sum --check --quiet ./*.sha256)
    [ "$(losetup --list --noheadings --output BACK-FILE | grep -c "$PWD/disk")" -eq 1 ] # that of this test
}

@test "what only has to be sent is written to the rest of the disk, or to memory, and leaves neither" {
    a_server
    truncate -s 3G disk
    sgdisk --set-alignment=2048 --new=1:1M:+64M --new="2:0:$(bash -c 'source ./around; export_end $((3 << 30))')" disk
    loop=$(losetup --find --show disk) || skip "no loop device is to be had here"
    run bash -c "source ./around; KLDLOAD_EXPORT_FORMAT=qcow2 disks=($loop) export_bytes=1000000; scp_begin; export_image; findmnt $PWD/work && exit 9; true" 3>&-
    printf '%s\n' "$output"
    [ "$status" -eq 0 ]
    qemu-img check -q there/kldload-export-debian-server-*.qcow2
    [ -z "$(wipefs --noheadings --offset "$(((1 << 30) + (1 << 20)))" disk 2> /dev/null)" ]
    [ "$(losetup --list --noheadings --output BACK-FILE | grep -c "$PWD")" -eq 1 ]
    run bash -c "source ./around; KLDLOAD_EXPORT_SIZE=3 disks=($loop) export_bytes=1000000; export_place $((3 << 30)) $((3 << 30)); findmnt --noheadings --output FSTYPE $PWD/work; export_release"
    [ "$output" = tmpfs ]
    echo 'MemAvailable: 1000 kB' > memory
    run -1 env KLDLOAD_MEMINFO="$PWD/memory" bash -c "source ./around; disks=($loop) export_bytes=1000000; export_place $((3 << 30)) $((3 << 30))"
    [[ $output == *'there is no place to write the image to before it is sent'*'KLDLOAD_EXPORT_TO'* ]]
}

@test "a place that is none, is in memory, or has no room is refused" {
    run -1 bash -c 'source ./around; KLDLOAD_EXPORT_TO=/nowhere; export_judge'
    [[ $output == *'there is no such folder or device' ]]
    mkdir there
    mount -t tmpfs -o size=2m tmpfs there
    run -1 bash -c 'source ./around; KLDLOAD_EXPORT_TO=$PWD/there; export_judge'
    [[ $output == *'is in memory, and gone when the machine is'* ]]
    run -1 bash -c 'source ./around; export_folder=$PWD/there export_bytes=1000000; export_room'
    [[ $output == *'has 2 MiB free, and 128 are needed for the image' ]]
}
