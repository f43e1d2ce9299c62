#!/usr/bin/env bats
# kexport: an image of one moment of the machine, sealed; the machine goes on as it was, whatever happens. The disk is a file behind a loop
# device, with real partitions; the pool on it is a fake.
# shellcheck disable=SC2016,SC2154  # scripts of fakes; variables of fake-zfs.bash
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    ((EUID == 0)) || skip "takes root"
    type -P qemu-img > /dev/null || skip "no qemu-img"
    losetup --find > /dev/null || skip "no loop device is to be had here"
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    fake make rpool/ROOT/older canmount=noauto mountpoint=/
    fake make rpool/vms canmount=off
    fake make rpool/vms/disk type=volume
    mkdir -p root/etc/{ssh,kldload,kernel} root/boot images root/home/admin
    echo 0123456789abcdef0123456789abcdef > root/etc/machine-id
    echo key > root/etc/ssh/ssh_host_rsa_key
    echo thesis > root/home/admin/thesis.tex
    printf 'PARTUUID=0000-old /boot/efi vfat umask=0077,noauto 0 2\n' > root/etc/fstab
    fake_program udevadm ''
    # In the copy: the menu.
    fake_program chroot 'echo "$*" >> '"$PWD"'/called; ls "$1" > '"$PWD"'/in-copy'
    before=$(state)
}

# state: what there is of the machine, and of devices.
state() {
    zfs list -H -r -t all -o name rpool
    zpool list -H -o name
    losetup --list --noheadings --output BACK-FILE | grep -F "$PWD" || :
    cat root/etc/machine-id root/etc/ssh/ssh_host_rsa_key
    find run -mindepth 1 ! -name "*.lock"
}

unchanged() {
    diff <(echo "$before") <(state) || return 1
    [ -z "$(find images -name '.*' -type f)" ]
}

@test "the image is of the running boot environment and what all share; it is sealed, the machine is not, and nothing is left of the making" {
    run -0 kexport qcow2 -o images --name web
    [[ $output == *'default and '*' more file systems'*'left out: rpool/vms/disk'*'images/web.qcow2'* ]]
    unchanged
    [ "$(stat --format='%a %U' images/web.qcow2)" = '600 root' ]
    qemu-img check -q images/web.qcow2
    [ "$(qemu-img info --output=json images/web.qcow2 | jq '."virtual-size"')" -eq $((8 << 30)) ]
    copy=zfs/exported/ROOT/default
    [ -e "$copy/etc/machine-id" ] && [ ! -s "$copy/etc/machine-id" ]
    [ ! -e "$copy/etc/ssh/ssh_host_rsa_key" ]
    [ -e "$copy/etc/kldload/clone-pending" ]
    [ ! -e zfs/exported/ROOT/older ] && [ ! -e zfs/exported/vms/disk ]
    [ "$(cat zfs/exported/home/admin/thesis.tex)" = thesis ]
    grep -q '^PARTUUID=[0-9a-f-]* /boot/efi ' "$copy/etc/fstab"
    run ! grep 0000-old "$copy/etc/fstab"
    grep -q "^SEALED_BY='kexport'" "$copy/etc/kldload/seal.info"
    grep -qP '^rpool/home\t' "$copy/etc/zfs/zfs-list.cache/rpool"
    run ! grep kexport "$copy/etc/zfs/zfs-list.cache/rpool"
}

@test "all file systems are of the same moment, and the pool of the copy is called rpool on its disk" {
    run -0 kexport raw -o images --name web
    fake log > told
    [ "$(grep -c '^zfs snapshot ' told)" -eq 1 ]
    grep -q '^zfs snapshot .*rpool/ROOT/default@kexport-[0-9TZ]* .*rpool/home@kexport-' told
    grep -qE '^zpool create -f -t kexport-[0-9]+ .* -R [^ ]+ rpool /dev/loop[0-9]+p2$' told
    grep -qE '^zpool trim -w kexport-' told
    grep -q 'KLDLOAD_POOL=kexport-[0-9]* KLDLOAD_ESPS=/dev/loop[0-9]*p1 kldload-boot sync$' called
    # Whoever reads the disk finds what the installer makes.
    sgdisk --verify images/web.raw | grep 'No problems found'
    sgdisk --print images/web.raw > table
    grep -q 'EF00  EFI system' table
    grep -q 'BF00  rpool' table
    [ "$(du --block-size=1M images/web.raw | cut -f1)" -lt 100 ] # holes
}

@test "every format is made of one copy, and told to programs" {
    run -0 kexport all -o images --json
    [ "$(jq -r '.images[].format' <<< "$output" | paste -sd' ')" = 'qcow2 raw vhd vmdk ova gce' ]
    [[ $(jq -r .name <<< "$output") =~ ^kldload-export-20[0-9]{6}-[0-9]{4}$ ]]
    for path in $(jq -r '.images[].path' <<< "$output"); do [ -s "$path" ]; done
    [ "$(jq '.images[0].bytes' <<< "$output")" -eq "$(stat --format=%s "$(jq -r '.images[0].path' <<< "$output")")" ]
    [ "$(fake log | grep -c '^zpool create')" -eq 1 ]
    unchanged
}

@test "KEXPORT_NAME names it; one that is there is not overwritten" {
    KEXPORT_NAME=golden run -0 kexport raw -o images
    [ -s images/golden.raw ]
    KEXPORT_NAME=golden run -1 kexport raw -o images
    [[ $output == *'images/golden.raw is there already'* ]]
}

@test "what would be in it, and what room it takes, is said and nothing made" {
    run -0 kexport all --without rpool/home -o images -n --json
    [ "$(jq -c '[.boot_environment, .encryption, .images[0].bytes]' <<< "$output")" = '["default","none",null]' ]
    unchanged
    [ -z "$(ls images)" ]
    fake log > told
    run ! grep -E '^(zpool create|zfs snapshot)' told
}

@test "too little room is said before anything is made" {
    fake set rpool/home referenced=900000000000000
    run -1 kexport qcow2 -o images --size 99999
    fake_program df 'printf "Avail\n1000\n"'
    fake set rpool/home referenced=98304
    run -1 kexport qcow2 -o images
    [[ $output == *'has 1000B free, and '*' are needed; nothing was made'* ]]
    unchanged
    run -1 kexport qcow2 -o images --size 2
    [[ $output == *'a disk of 2 GiB is too small'* ]]
}

@test "of an encrypted machine it must be said what the image is to be; its passphrase is in no list of processes" {
    fake set rpool/ROOT/default encryption=aes-256-gcm
    run -1 kexport raw -o images < /dev/null
    [[ $output == *'nobody can be asked what the image is to be'*'--encryption none'* ]]
    printf 'correct horse\n' > passphrase
    run -0 kexport raw -o images --name kept --encryption keep --passphrase-file passphrase
    fake log > told
    grep -q '^zpool create .*-O encryption=aes-256-gcm -O keyformat=passphrase' told
    run ! grep horse told
    # ZFS sends no compressed blocks of what it has to decrypt.
    grep -q '^zfs send -L -- rpool/ROOT/default@' told
    grep -q '^zfs send -L -e -c -- rpool/home@' told
    run -0 kexport raw -o images --name open --encryption none
    fake log | grep "^zpool create" > created
    tail -n 1 created > last
    run ! grep encryption last
    printf 'short\n' > passphrase
    run -1 kexport raw -o images --name other --encryption keep --passphrase-file passphrase
    fake set rpool/ROOT/default encryption=off
    run -1 kexport raw -o images --name other --encryption keep --passphrase-file passphrase
    [[ $output == *'nothing to keep'* ]]
}

@test "whatever fails, the machine is as it was, and no image appears" {
    local fails
    while IFS='|' read -r fails; do
        rm -rf zfs/exported images/*
        fake fail "$fails" 'it does not work'
        run -1 kexport raw -o images --name web
        fake fail "$fails" ''
        unchanged || { echo "left after: $fails" && return 1; }
        [ -z "$(ls -A images)" ]
    done << 'END'
zfs snapshot
zpool create
zfs create
zfs receive
zpool set
zfs mount
END
    fake_program chroot 'exit 1'
    run -1 kexport raw -o images --name web
    [[ $output == *'the boot menu of what is sealed can'"'"'t be written'* ]]
    unchanged
    fake_program chroot 'exit 0'
    fake_program qemu-img 'exit 1'
    run -1 kexport qcow2 -o images --name web
    unchanged
    [ -z "$(ls -A images)" ]
}

@test "a disk that can't be trimmed makes a larger image, and that is said" {
    fake fail 'zpool trim' 'trim operations are not supported by this device'
    run -0 kexport raw -o images --name web
    [[ $output == *'could not be trimmed'*'not supported by this device'* ]]
}

@test "interrupted at any time, by a signal to it alone, nothing is left half" {
    local signal place name
    # Each of these hangs, as what takes minutes does.
    while read -r signal place; do
        name=${place%% *}
        rm -f images/* hangs
        if [[ -e bin/$name ]]; then cp "bin/$name" kept; else ln -sf "$(type -P "$name")" kept; fi
        fake_program hanging 'if [[ $1 == '"${place#* }"' || '"$name"' == chroot ]]; then touch '"$PWD"'/hangs; exec sleep 300; fi
            exec '"$PWD"'/kept "$@"'
        mv bin/hanging "bin/$name"
        # As a person's shell starts it, to whom Ctrl-C is something.
        env --default-signal=INT "$target_tools/usr/sbin/kexport" qcow2 -o images --name web > out 2>&1 3>&- &
        for _ in {1..600}; do [ ! -e hangs ] || break; sleep 0.1; done
        cat out
        [ -e hangs ]
        kill -"$signal" $!
        wait $! && return 1
        if [[ -L kept ]]; then rm "bin/$name"; else cp kept "bin/$name"; fi
        rm kept
        unchanged || { echo "left after $signal at $place" && cat out && return 1; }
        [ -z "$(ls -A images)" ]
    done << 'END'
INT zfs receive
TERM chroot
TERM qemu-img convert
END
}

@test "what a run that was killed has left goes with the next one" {
    fake make rpool/home@kexport-20261130T000000Z type=snapshot 2> /dev/null || zfs snapshot rpool/home@kexport-20261130T000000Z
    touch device
    zpool create -f -t kexport-1 -R "$PWD/x" rpool device
    run -0 kexport raw -o images --name web
    [[ $output == *'the pool kexport-1 is left of a run that was killed'* ]]
    unchanged
}

@test "what it does not know is status 2, and says what there is" {
    run -2 kexport
    run -2 kexport vdi
    [[ $output == *'formats: qcow2 raw vhd vmdk ova gce all'* ]]
    run -2 kexport qcow2 --name '../x'
    run -2 kexport qcow2 --size 10T
    run -2 kexport qcow2 --encryption maybe
    run -1 kexport qcow2 -o nowhere
    run -1 kexport qcow2 -o images --without rpool/nothing
    unchanged
}
