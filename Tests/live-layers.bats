#!/usr/bin/env bats
# The layers of the live system: how one is packed of a folder, and what the gate says of several that are stacked, each broken
# in one way. mksquashfs and unsquashfs are the real ones. Needs root for owners.
# shellcheck disable=SC2154 # bats sets output and status

setup_file() {
    bats_require_minimum_version 1.5.0
    export LC_ALL=C.UTF-8 TZ=UTC SOURCE_DATE_EPOCH=1748736000 kernel=6.1-amd64
    scripts=$(realpath "$BATS_TEST_DIRNAME/../Sources/LiveImage/Scripts")
    export scripts system=$BATS_FILE_TMPDIR/system
    # What a root of today looks like, as far as anybody looks.
    mkdir -p "$system"/{etc/systemd/system/multi-user.target.wants,usr/{bin,sbin,lib64},tmp,root}
    mkdir -p "$system/usr/lib/systemd/system/sysinit.target.wants" "$system/usr/lib/modules/$kernel/updates"
    local name
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$system/$name"; done
    touch "$system/usr/lib/modules/$kernel"/{modules.dep,updates/zfs.ko.xz}
    for name in bin/bash bin/dash bin/mount sbin/modprobe sbin/sshd bin/udevadm lib/systemd/systemd lib64/ld-linux-x86-64.so.2; do
        install -m 755 /dev/null "$system/usr/$name"
    done
    ln -s dash "$system/usr/bin/sh"
    ln -s ../lib/systemd/systemd "$system/usr/sbin/init"
    printf '[Service]\nExecStart=/usr/sbin/sshd -D\n' > "$system/usr/lib/systemd/system/ssh.service"
    printf '[Service]\nExecStart=-/bin/udevadm settle\n' > "$system/usr/lib/systemd/system/udev.service"
    printf '[Service]\nExecStart=/usr/bin/optional\n' > "$system/usr/lib/systemd/system/optional.service"
    printf '[Service]\nExecStart=-/sbin/agetty %%I\n' > "$system/usr/lib/systemd/system/getty@.service"
    ln -s /usr/lib/systemd/system/ssh.service "$system/etc/systemd/system/multi-user.target.wants/"
    ln -s ../optional.service "$system/usr/lib/systemd/system/sysinit.target.wants/"
    ln -s ../udev.service "$system/usr/lib/systemd/system/sysinit.target.wants/"
    ln -s /usr/lib/systemd/system/getty@.service "$system/etc/systemd/system/multi-user.target.wants/getty@tty1.service"
}

setup() {
    in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$in/live" "$out" "$tree"
}

file() { # PATH [TEXT]: a file of the overlay
    mkdir -p "$tree/$(dirname "$1")" && echo "${2-x}" > "$tree/$1"
}

# Packs system and overlay, and has the gate judge them.
judge() {
    local number=0 folder
    for folder in "$system" "$tree"; do
        mksquashfs "$folder" "$in/live/$((++number))0.squashfs" -quiet -no-progress -noappend -comp zstd > /dev/null
    done
    GATE_IN=$in GATE_OUT=$out bash "$scripts/judge-live.sh" "${1:-$kernel}"
}

@test "a tar that is still writing when mksquashfs has seen the end of the archive is read to its end" {
    file etc/motd
    mkdir "$in/tree" "$BATS_TEST_TMPDIR/bin"
    cp -R "$tree/." "$in/tree"
    # As through a pipe that takes less at once than tar writes, which are all pipes once a machine has many of them.
    printf '#!/bin/sh\n%s "$@"\nsleep 0.5\nexec dd if=/dev/zero bs=64k count=4 status=none\n' "$(command -v tar)" \
        > "$BATS_TEST_TMPDIR/bin/tar"
    chmod 755 "$BATS_TEST_TMPDIR/bin/tar"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH LAYER_IN=$in LAYER_OUT=$out run bash "$scripts/make-squashfs.sh"
    [ "$status" = 0 ]
    [ "$(unsquashfs -cat "$out/filesystem.squashfs" etc/motd)" = x ]
}

@test "a good stack passes, and the verdict says what was seen" {
    file etc/systemd/system/ours.service $'[Service]\nExecStart=@/usr/lib/ours/run ours'
    file usr/lib/ours/run && chmod 755 "$tree/usr/lib/ours/run"
    ln -s /dev/null "$tree/etc/systemd/system/udev.service"
    file etc/systemd/system/ssh.service.d/ours.conf '[Service]'
    run -0 judge
    run -0 cat "$out/verdict"
    [[ ${lines[*]} == "layers 2 kernel $kernel zfs /usr/lib/modules/$kernel/updates/zfs.ko.xz units 4 programs 3 without 1" ]]
}

@test "a folder over a link is found, with the link and the layer" {
    file lib/firmware/acme/x.bin
    run -1 judge
    [[ $output == *'/lib is a link to the folder /usr/lib, and 20.squashfs hides it with all behind it'* ]]
}

@test "so is a file over a folder, and a link that leads elsewhere" {
    file usr/lib64
    run -1 judge
    [[ $output == *'usr/lib64 of 20.squashfs hides a folder'* ]]
    rm -r "${tree:?}/usr" && mkdir -p "$tree/opt" && ln -s opt "$tree/bin"
    run -1 judge
    [[ $output == *'/bin is a link to the folder /usr/bin, and 20.squashfs hides it'* ]]
}

@test "the kernel's modules, and ZFS among them, are asked for" {
    run -1 judge 6.2-amd64
    [[ $output == *'there is no /lib/modules/6.2-amd64'* ]]
    file usr/lib/modules/6.2-amd64/zfs.ko
    run -1 judge
    [[ $output == *'modules of another kernel: /usr/lib/modules/6.2-amd64/zfs.ko'* ]]
}

@test "a shell that can't be run is found" {
    file usr/bin/dash
    chmod 644 "$tree/usr/bin/dash"
    run -1 judge
    [[ $output == *"/bin/sh is not there, or can't be run"* ]]
}

@test "units that are enabled are there, and the programs of ours" {
    mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
    ln -s ../gone.service "$tree/etc/systemd/system/multi-user.target.wants/gone.service"
    run -1 judge
    [[ $output == *'multi-user.target.wants/gone.service enables gone.service, and there is no such unit'* ]]
    rm -r "${tree:?}/etc"
    file usr/lib/systemd/system/ours.service $'[Service]\nExecStart=/usr/lib/ours/run'
    run -1 judge
    [[ $output == *'/usr/lib/systemd/system/ours.service starts /usr/lib/ours/run, which is not there'* ]]
    rm -r "${tree:?}/usr"
    file usr/sbin/sshd
    run -1 judge
    [[ $output == *'/usr/lib/systemd/system/ssh.service starts /usr/sbin/sshd, which is not there'* ]]
}

@test "a layer has the usual owners and modes, but for what is said" {
    mkdir -p "$in/tree/etc/keys" "$in/tree/srv/all" "$in/tree/usr/bin"
    echo x > "$in/tree/etc/keys/secret"
    echo x > "$in/tree/etc/plain"
    echo x > "$in/tree/usr/bin/tool"
    ln -s plain "$in/tree/etc/link"
    chmod 444 "$in/tree/etc/keys/secret" "$in/tree/etc/plain"
    chmod 555 "$in/tree/usr/bin/tool"
    chown -R 65534:65534 "$in/tree"
    chmod 700 "$in/tree/etc" "$in/tree"
    pack() { LAYER_IN=$in LAYER_OUT=$out bash "$scripts/make-squashfs.sh" && unsquashfs -lln "$out/filesystem.squashfs" | awk '{print $1, $2, $6, $8}'; }
    run -0 pack
    [[ $output == *'drwxr-xr-x 0/0 squashfs-root/etc '* && $output == *'-rw-r--r-- 0/0 squashfs-root/etc/keys/secret '* ]]
    [[ $output == *'-rwxr-xr-x 0/0 squashfs-root/usr/bin/tool '* && $output == *'lrwxrwxrwx 0/0 squashfs-root/etc/link plain'* ]]
    printf '%s\0' '600 0 0 etc/keys/secret' '2775 0 4 etc/keys' '1777 0 0 srv/all' '4755 0 0 usr/bin/tool' > "$in/rights"
    run -0 pack
    [[ $output == *'-rw------- 0/0 squashfs-root/etc/keys/secret '* && $output == *'drwxrwsr-x 0/4 squashfs-root/etc/keys '* ]]
    [[ $output == *'drwxrwxrwt 0/0 squashfs-root/srv/all '* && $output == *'-rwsr-xr-x 0/0 squashfs-root/usr/bin/tool '* ]]
}
