#!/usr/bin/env bats
# kbe: boot environments are made whole, and never one that the machine needs is lost.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # fakes are scripts in single quotes

setup() {
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    echo quiet > cmdline
    export KLDLOAD_CMDLINE=$PWD/cmdline KLDLOAD_ROOT=$FAKE_ROOT
    fake_program kldload-boot 'echo "$*" >> '"$PWD"'/boot-said; if [ -e '"$PWD"'/boot-fails ]; then echo "kldload-boot: no" >&2; exit 1; fi
        if [ "$1" = default ]; then zpool set "bootfs=rpool/ROOT/$2" rpool; fi'
    system "$FAKE_ROOT"
}

# system ROOT [PACKAGE VERSION]…: what dpkg says of it.
system() {
    local root=$1
    mkdir -p "$root/var/lib/dpkg" "$root/etc"
    : > "$root/var/lib/dpkg/status"
    shift
    while (($# > 0)); do
        printf 'Package: %s\nStatus: install ok installed\nVersion: %s\nArchitecture: all\nDescription: x\nMaintainer: x <x@example.org>\n\n' "$1" "$2" >> "$root/var/lib/dpkg/status"
        shift 2
    done
}

parts() { # of the system that runs
    fake make rpool/ROOT/default/var canmount=noauto
    fake make rpool/ROOT/default/var/lib canmount=noauto compression=zstd com.example:mine=yes
    fake make rpool/ROOT/default/tape canmount=off
    fake mount rpool/ROOT/default/var
    fake mount rpool/ROOT/default/var/lib
}

value() { zfs get -H -o value "$1" "$2"; }

@test "what there is, is listed; which runs, boots, is on trial" {
    kbe create second
    zfs set kldload:trial=second kldload:trial-kind=trial kldload:trial-tries=2 kldload:trial-id=1 rpool/ROOT
    run -0 kbe
    [[ ${lines[0]} == NAME*ACTIVE*SPACE*CREATED*ORIGIN ]]
    [[ $output == *'default  runs,default '* && $output == *'second   trial '*'default@kbe-second-'* ]]
    run -0 --separate-stderr kbe list --json
    [ "$(jq -r '.[] | [.name, .active, .running, .trial, .space, .finished] | @tsv' <<< "$output")" = $'default\ttrue\ttrue\t\t98304\ttrue\nsecond\tfalse\tfalse\ttrial\t98304\ttrue' ]
    [[ $(jq -r '.[1].origin' <<< "$output") == default@kbe-second-* ]]
    [[ $(jq -r '.[1].created' <<< "$output") == 20*T*Z ]]
}

@test "one is made of all parts at the same moment, with what was set on each" {
    parts
    echo one > "$FAKE_ROOT/var/lib/file"
    run -0 kbe create second
    [ "$(zfs list -H -r -o name rpool/ROOT/second)" = $'rpool/ROOT/second\nrpool/ROOT/second/tape\nrpool/ROOT/second/var\nrpool/ROOT/second/var/lib' ]
    [ "$(fake log | grep -c '^zfs snapshot')" -eq 1 ]
    grep -q '^zfs snapshot -r .*kldload:by=kbe' <<< "$(fake log)"
    for name in second second/var second/var/lib; do [ "$(value canmount "rpool/ROOT/$name")" = noauto ]; done
    [ "$(value canmount rpool/ROOT/second/tape)" = off ]
    [ "$(value mountpoint rpool/ROOT/second)" = / ]
    [ "$(value mountpoint rpool/ROOT/second/var/lib)" = /var/lib ]
    [ "$(value compression rpool/ROOT/second/var/lib)" = zstd ]
    [ "$(value com.example:mine rpool/ROOT/second/var/lib)" = yes ]
    [ "$(value kldload:state rpool/ROOT/second)" = - ]
    [ "$(tail -n 1 boot-said)" = sync ]
    folder=$(kbe mount second)
    [ "$(cat "$folder/var/lib/file")" = one ]
    echo two > "$folder/var/lib/file"
    run -0 kbe umount second
    [ "$(cat "$FAKE_ROOT/var/lib/file")" = one ]
}

@test "one is made of a snapshot, of any way to name it; of one that is not whole, none" {
    echo one > "$FAKE_ROOT/etc/file"
    zfs snapshot -r rpool/ROOT/default@then
    echo two > "$FAKE_ROOT/etc/file"
    number=0
    for name in @then default@then rpool/ROOT/default@then; do
        number=$((number + 1))
        run -0 kbe create "of-$number" "$name"
        folder=$(kbe mount "of-$number")
        [ "$(cat "$folder/etc/file")" = one ]
        kbe umount "$folder"
    done
    [ "$(zfs list -H -t snapshot -o name -r rpool/ROOT | wc -l)" -eq 1 ]
    parts
    run -1 kbe create torn @then
    [[ $output == *'not of the whole boot environment: rpool/ROOT/default/'* && $output == *'→ '* ]]
    run -1 kbe create torn @nothing
    run -1 kbe create torn nothing
    run -1 kbe create torn nothing@then
    run -1 zfs list rpool/ROOT/torn
}

@test "what fails in the middle leaves nothing behind" {
    parts
    fake fail 'zfs clone' 'cannot create: out of space'
    run -1 kbe create second
    [[ $output == *'out of space'* ]]
    [ -z "$(zfs list -H -t snapshot -o name -r rpool/ROOT)" ]
    fake fail 'zfs clone' ''
    run -1 zfs list rpool/ROOT/second
    fake fail 'zfs snapshot' 'cannot create snapshot: out of space'
    run -1 kbe create second
    [[ $output == *'no snapshot of default was taken: cannot create snapshot: out of space'* ]]
}

@test "names that can't stand on a kernel's command line are refused" {
    for name in 'a b' a@b a/b '' -x .x 'a*' 'ä'; do
        run ! kbe create -- "$name"
        [[ $output == *"can't be the name of a boot environment"* ]]
    done
    run -1 kbe create default
    [[ $output == *'there is a boot environment default already'* ]]
    [ "$(zfs list -H -r -o name rpool/ROOT)" = $'rpool/ROOT\nrpool/ROOT/default' ]
}

@test "what boots is chosen: from now on, once, or on trial" {
    kbe create second
    run -0 kbe activate second --once
    [ "$(tail -n 1 boot-said)" = 'once second' ]
    run -0 kbe activate second --trial --tries 3
    [ "$(tail -n 1 boot-said)" = 'trial second 3' ]
    run -0 kbe activate second --trial
    [ "$(tail -n 1 boot-said)" = 'trial second' ]
    run -0 kbe activate second
    [ "$(tail -n 1 boot-said)" = 'default second' ]
    touch boot-fails
    run -1 kbe activate default
    [[ $output == *'kldload-boot: no'*'default is not what boots by default on all disks'* ]]
    run -2 kbe activate second --once --trial
    run -2 kbe activate second --tries 3
    run -2 kbe activate second --trial --tries 0
    run -1 kbe activate nothing
    run -2 kbe activate
}

@test "never is destroyed what runs, boots or is on trial" {
    kbe create second
    run -1 kbe destroy default --yes
    [[ $output == *'default is the boot environment that runs'* ]]
    kbe activate second
    run -1 kbe destroy second --yes
    [[ $output == *'second boots by default'* ]]
    kbe activate default
    zfs set kldload:trial=second kldload:trial-kind=once kldload:trial-tries=1 kldload:trial-id=1 rpool/ROOT
    run -1 kbe destroy second --yes
    [[ $output == *'second is on trial'* ]]
    zfs inherit kldload:trial rpool/ROOT
    run -1 kbe destroy second < /dev/null
    [[ $output == *'nothing was changed'* ]]
    [ "$(zfs list -H -o name rpool/ROOT/second)" = rpool/ROOT/second ]
    run -0 kbe destroy second --yes
    [ "$(zfs list -H -r -t all -o name rpool/ROOT)" = $'rpool/ROOT\nrpool/ROOT/default' ] # and what was taken for it
    [ "$(tail -n 1 boot-said)" = sync ]
}

@test "what others were made of can be destroyed, and they go on" {
    parts
    kbe create second
    kbe create third second
    zfs snapshot -r rpool/ROOT/second@hers
    kbe create fourth second@hers
    echo kept > "$FAKE_ROOT/var/lib/file"
    run -0 kbe destroy second --yes
    [ "$(zfs list -H -d 1 -o name rpool/ROOT)" = $'rpool/ROOT\nrpool/ROOT/default\nrpool/ROOT/fourth\nrpool/ROOT/third' ]
    run -0 kbe destroy third --yes
    run -0 kbe destroy fourth --yes
    [ "$(cat "$FAKE_ROOT/var/lib/file")" = kept ]
}

@test "a name is changed, but not of what boots" {
    kbe create second
    run -0 kbe rename second third
    [ "$(zfs list -H -o name rpool/ROOT/third)" = rpool/ROOT/third ]
    [ "$(tail -n 1 boot-said)" = sync ]
    run -1 kbe rename default other
    run -1 kbe rename third 'a b'
    run -1 kbe rename third default
    run -2 kbe rename third
}

@test "mounted is said where; what is mounted is not mounted twice; / is not unmounted" {
    kbe create second
    run -0 kbe mount second "$PWD/there"
    [ "$output" = "$PWD/there" ]
    run -1 kbe mount second
    [[ $output == *"mounted already, on $PWD/there"* ]]
    run -0 kbe umount "$PWD/there"
    run -1 kbe umount second
    run -1 kbe umount default
    run -1 kbe mount nothing
}

@test "two are compared: packages, files of /etc, and how many others" {
    system "$FAKE_ROOT" same 1 gone 1 changed 1.0-1
    echo x > "$FAKE_ROOT/etc/config"
    kbe create before
    system "$FAKE_ROOT" same 1 changed 1.0-2 fresh 3
    echo longer > "$FAKE_ROOT/etc/config"
    mkdir -p "$FAKE_ROOT/opt/a folder"
    echo y > "$FAKE_ROOT/opt/a folder/file"
    run -0 kbe diff before
    [[ $output == *'packages: 1 new, 1 gone, 1 changed'* ]]
    [[ $output == *'~ changed 1.0-1 → 1.0-2'* && $output == *'+ fresh 3'* && $output == *'- gone 1'* ]]
    [[ $output == *'~ /etc/config'* && $output == *'outside of /etc: --files'* && $output != */opt* ]]
    run -0 kbe diff before --files
    [[ $output == *'+ /opt/a folder/file'* ]]
    run -0 --separate-stderr kbe diff before default --json
    [ "$(jq -c '.packages[] | select(.name == "changed")' <<< "$output")" = '{"name":"changed","before":"1.0-1","after":"1.0-2"}' ]
    [ "$(jq -r '.files[] | select(.path == "/etc/config").change' <<< "$output")" = changed ]
    run -0 kbe diff default before
    [[ $output == *'~ changed 1.0-2 → 1.0-1'* ]]
    [ -z "$(ls run/be)" ] # nothing stays mounted
}

@test "a command runs inside of another one, and its status is what is left" {
    kbe create second
    fake_program systemd-nspawn 'for word; do case $word in --directory=*) cd "${word#*=}";; esac; done; while [ "$1" != -- ]; do shift; done; shift; exec "$@"'
    rm boot-said
    run -7 kbe jail second sh -c 'echo made > file; exit 7'
    [ "$(cat boot-said)" = sync ] # it may have made an initramfs
    folder=$(kbe mount second)
    [ "$(cat "$folder/file")" = made ]
    run -0 kbe jail second test -e file # where it is mounted already, it stays
    [ -e "$folder/file" ]
    run -1 kbe jail default
    [[ $output == *'default runs: you are in it'* ]]
    run -1 kbe jail nothing
}

@test "who is not root changes nothing, and learns how" {
    ((EUID == 0)) || skip "takes root to become somebody else"
    chmod 755 "$BATS_TEST_TMPDIR" . bin lib
    for verb in create activate destroy rename mount umount diff jail; do
        run -1 unshare --user --map-user=65534 kbe "$verb" a b
        [[ $output == *"this takes root"*"→ sudo kbe $verb a b"* ]]
    done
}
