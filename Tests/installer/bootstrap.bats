#!/usr/bin/env bats
# What is installed: the profile of the medium, all of it and nothing else, from a mirror that is what its signature says.
bats_require_minimum_version 1.5.0

load ../lib/keys

setup() {
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p darksite/debian/profiles darksite/debian/apt/dists/trixie/main/binary-amd64 out
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { :; }
fail() { printf 'fail: %s\n' "\$*" >&2; exit 1; }
BOOTSTRAP_DARKSITE=$PWD/darksite BOOTSTRAP_KEY=$PWD/key.gpg KLDLOAD_DISTRO=debian KLDLOAD_PROFILE=core KLDLOAD_BOOTSTRAP=auto
INSTALLER=${library%/lib}
source "$library/distribution.sh"
source "$library/image.sh"
source "$library/bootstrap.sh"
KLDLOAD_DEBIAN_RELEASE=
END
    printf '%s\n' FAMILY=apt 'PROFILES=core server' CODENAME=trixie ARCHITECTURE=amd64 > darksite/debian/distribution
    index=darksite/debian/apt/dists/trixie/main/binary-amd64/Packages
    profile=darksite/debian/profiles/core
}

package() { # package NAME [FIELD…]: a stanza of the index, and a line of the profile
    printf 'Package: %s\nVersion: 1.0-1\nArchitecture: amd64\nFilename: pool/%s.deb\nSize: 1000\n' "$1" "$1" >> "$index"
    printf '%s 1.0-1 amd64\n' "$1" >> "$profile"
    shift
    if (($#)); then printf '%s\n' "$@" >> "$index"; fi
    echo >> "$index"
}

plan() { run bash -c "source ./around; bootstrap_deb_plan $index $profile out"; }

names() { cut -d' ' -f1 "out/$1" | sort | paste -sd' '; }

@test "Essential packages and all they depend on come first, also by names that others provide" {
    package base 'Essential: yes' 'Pre-Depends: awk'
    package mawk 'Provides: awk, editor (= 1)' 'Depends: libc (>= 1)'
    package libc
    package tool 'Depends: base, libtool | other'
    package libtool
    plan
    [ "$status" -eq 0 ]
    [ "$(names essential)" = "base libc mawk" ]
    [ "$(names rest)" = "libtool tool" ]
    [ "$(names all)" = "base libc libtool mawk tool" ]
    [ ! -s out/early ]
}

@test "what is pre-depended on is configured before what pre-depends on it is unpacked" {
    package base 'Essential: yes'
    package service 'Pre-Depends: init-helpers (>= 1), systemd:any | sysvinit'
    package init-helpers 'Depends: perl'
    package perl
    package systemd
    plan
    [ "$(names early)" = "init-helpers perl systemd" ]
    [ "$(names rest)" = "service" ]
}

@test "circles of dependencies come to an end" {
    package a 'Essential: yes' 'Depends: b' 'Provides: virtual'
    package b 'Depends: a, virtual'
    plan
    [ "$(names essential)" = "a b" ]
}

@test "every package that the mirror lacks is named, and nothing is planned" {
    package base 'Essential: yes'
    printf '%s\n' 'gone 1.0-1 amd64' 'base 2.0-1 amd64' >> "$profile"
    plan
    [ "$status" -ne 0 ]
    [[ $output == *'the mirror lacks gone 1.0-1 amd64'* && $output == *'the mirror lacks base 2.0-1 amd64'* ]]
    [ ! -e out/rest ]
}

@test "packages of the mirror that are not of the profile stay out" {
    package base 'Essential: yes' 'Depends: extra'
    printf 'Package: extra\nVersion: 1\nArchitecture: amd64\nFilename: pool/extra.deb\nSize: 1\n\n' >> "$index"
    plan
    [ "$(names all)" = "base" ]
}

@test "what others depend on is automatic for apt, but the ZFS module is not" {
    package base 'Essential: yes'
    package zfs-initramfs 'Depends: zfs-modules-6.12, libzfs'
    package zfs-modules-6.12
    package libzfs
    plan
    [ "$(awk '/^Package:/ { print $2 }' out/automatic)" = "libzfs" ]
}

@test "a mirror is read only when it is signed by the key of the live system, and whole" {
    export GNUPGHOME=$PWD/gnupg
    make_key gnupg test@example.org
    gpg --quiet --export > key.gpg
    package base 'Essential: yes'
    release=darksite/debian/apt/dists/trixie/Release
    printf 'SHA256:\n %s %s main/binary-amd64/Packages\n' "$(sha256sum < "$index" | cut -d' ' -f1)" "$(stat -c %s "$index")" > "$release"
    gpg --quiet --batch --armor --detach-sign --output "$release.gpg" "$release"
    run -0 bash -c 'source ./around; bootstrap_deb_index darksite/debian/apt'
    [[ $output == *'Package: base'* ]]

    echo >> "$index" # a byte more
    run ! bash -c 'source ./around; bootstrap_deb_index darksite/debian/apt'
    [[ $output == *'is not what its signature says'* ]]

    make_key gnupg other@example.org
    gpg --quiet --export other@example.org > key.gpg
    run ! bash -c 'source ./around; bootstrap_deb_index darksite/debian/apt'
    [[ $output == *'not signed by the key'* ]]
    gpgconf --kill all
}

@test "what is read before a disk is touched is what is installed: the index is verified and planned once" {
    package base 'Essential: yes'
    package tool
    # shellcheck disable=SC2016 # the inner shell's variables
    run -0 bash -c 'source ./around
        bootstrap_deb_index() { echo asked >> asked && cat "$1/dists/trixie/main/binary-amd64/Packages"; }
        bootstrap_files
        : > darksite/debian/apt/dists/trixie/main/binary-amd64/Packages
        bootstrap_deb_planned
        bootstrap_files > again
        ls "$bootstrap_plan"'
    [ "$output" = $'darksite/debian/apt/pool/base.deb\ndarksite/debian/apt/pool/tool.deb\nall\nautomatic\nearly\nessential\nrest' ]
    [ "$(cat asked)" = asked ]
    [ "$(wc -l < again)" -eq 2 ]
}

@test "a profile or a distribution that is not on the medium is said before a disk is touched, with those that are" {
    echo 'base 1 amd64' > "$profile"
    cp "$profile" darksite/debian/profiles/server
    run ! bash -c 'source ./around; KLDLOAD_PROFILE=desktop; bootstrap_check'
    [[ $output == *'has no profile desktop (it has: core server)'* ]]
    run ! bash -c 'source ./around; KLDLOAD_DISTRO=fedora; bootstrap_check'
    [[ $output == *'no darksite of fedora (it has: debian)'* ]]
    run -0 bash -c 'source ./around; bootstrap_check'
    run -0 bash -c 'source ./around; KLDLOAD_DEBIAN_RELEASE=trixie bootstrap_check'
    run ! bash -c 'source ./around; KLDLOAD_DEBIAN_RELEASE=forky bootstrap_check'
    [[ $output == *'KLDLOAD_DEBIAN_RELEASE=forky: this medium has trixie' ]]
    run ! bash -c 'source ./around; KLDLOAD_BOOTSTRAP=image; bootstrap_check'
    [[ $output == *'KLDLOAD_BOOTSTRAP=image: this medium has no system of the profile core of debian, only its packages'* ]]
    sed -i 's/^FAMILY=.*/FAMILY=ebuild/' darksite/debian/distribution
    run ! bash -c 'source ./around; bootstrap_check'
    [[ $output == *'packages of the kind ebuild' ]]
    sed -i /^FAMILY=/d darksite/debian/distribution
    run ! bash -c 'source ./around; bootstrap_check'
    [[ $output == *'the medium does not say of debian what FAMILY is'* ]]
}

# --- the system that was made when the medium was built ------------------------------------------------------------------

# system_on_medium: an archive of the live system, a package and the system's own archive, and the list of what to take of each.
system_on_medium() {
    local folder=darksite/debian/systems/core
    mkdir -p "$folder/lists" medium/live root/{usr/bin,usr/share,etc} pkg/DEBIAN pkg/usr/share/data target
    seq 20000 > root/usr/bin/tool
    echo other > root/usr/bin/not-of-the-profile
    chmod 4755 root/usr/bin/tool
    mksquashfs root medium/live/10-system.squashfs -quiet -no-progress > mksquashfs.log
    printf '%s\n' 'Package: data' 'Version: 1' 'Architecture: all' 'Maintainer: x <x@example.org>' 'Description: x' > pkg/DEBIAN/control
    seq 30000 > pkg/usr/share/data/numbers
    dpkg-deb --root-owner-group --build pkg medium/data.deb > dpkg-deb.log
    rm -r root
    mkdir -p root/etc root/usr/bin
    chmod 700 root/usr/bin
    echo conf > root/etc/conf
    ln root/etc/conf root/etc/same
    mksquashfs root medium/system.squashfs -quiet -no-progress > mksquashfs.log
    echo usr/bin/tool > "$folder/lists/0.list"
    printf '%s\n' "live/10-system.squashfs 0.list $(seq 20000 | wc -c)" "data.deb deb $(seq 30000 | wc -c)" 'system.squashfs - 5' \
        > "$folder/lists/sources"
}

unpack() { run bash -c "say() { printf 'say: %s\n' \"\$*\"; }; source ./around; MEDIUM=$PWD/medium TARGET=$PWD/target; image_unpack; echo done"; }

@test "a system is unpacked from where its list says that its files are, with modes and links" {
    system_on_medium
    unpack
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = 'done' ]
    cmp target/usr/bin/tool <(seq 20000)
    cmp target/usr/share/data/numbers <(seq 30000)
    [ ! -e target/usr/bin/not-of-the-profile ]
    [ "$(stat --format=%a target/usr/bin/tool target/usr/bin)" = $'4755\n700' ]
    [ target/etc/conf -ef target/etc/same ]
    run -0 bash -c 'source ./around; bootstrap_way; image_files'
    [ "${lines[0]}" = image ]
    [ "${lines[*]:1}" = 'darksite/debian/systems/core/lists/sources live/10-system.squashfs darksite/debian/systems/core/lists/0.list data.deb system.squashfs' ]
    run -0 bash -c 'source ./around; KLDLOAD_BOOTSTRAP=packages; bootstrap_way'
    [ "$output" = packages ]
}

@test "what will be read is said before a disk is touched, in words by which the page knows how long it takes" {
    mkdir -p darksite/debian/systems/core/lists
    echo 'system.squashfs - 5' > darksite/debian/systems/core/lists/sources
    run -0 bash -c 'source ./around; say() { echo "$*"; }; bootstrap_files() { echo a; }; medium_digests() { printf "%064d  a\n" 0; }; medium_check() { :; }
        bootstrap_read; KLDLOAD_BOOTSTRAP=packages; bootstrap_read'
    [ "${lines[0]}" = 'reading the system that will be unpacked' ]
    [ "${lines[1]}" = 'reading the packages that will be installed' ]
    grep --quiet --fixed-strings 'startswith("reading the packages ")' "$library/../../../local/bin/kldload-webui"
}

@test "an archive that was cut off, one that is gone, a package that is none, no room: each is an error that names what it was" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    system_on_medium
    cp medium/system.squashfs whole
    truncate --size=300 medium/system.squashfs
    unpack
    [ "$status" -eq 1 ]
    [[ $output == *"fail: system.squashfs can't be unpacked; see the log"* && $output != *done ]]
    rm medium/system.squashfs
    unpack
    [[ $status -eq 1 && $output == *"fail: system.squashfs can't be unpacked"* ]]
    cp whole medium/system.squashfs
    echo none > medium/data.deb
    unpack
    [[ $status -eq 1 && $output == *"fail: packages can't be unpacked"* ]]
    # The first archive alone has more.
    run unshare --mount bash -c "mount -t tmpfs -o size=64k tmpfs target; say() { :; }; source ./around; MEDIUM=$PWD/medium TARGET=$PWD/target; image_unpack; echo done"
    [[ $status -eq 1 && $output == *"fail: live/10-system.squashfs can't be unpacked"* ]]
}

@test "what a machine adds to the initramfs is an archive beside it: number, name, and a keyboard that is not the usual one" {
    mkdir -p target/{boot,etc,tmp}
    echo initramfs > target/boot/initrd.img-6.1
    printf '\x01\x02\x03\x04' > target/etc/hostid
    echo node > target/etc/hostname
    machine() { run -0 bash -c "source ./around; TARGET=$PWD/target KLDLOAD_KEYBOARD=$1; in_target() { mkdir -p target\$3/etc/default && echo \"\$*\" > target\$3/etc/default/keyboard && touch target\$3/morefiles; }; image_machine 6.1"; }
    local name
    name=target/boot/machine-$(sha256sum target/boot/initrd.img-6.1 | cut -c -16).img
    machine us
    [ "$(cpio --quiet --list < "$name" | paste -sd' ')" = 'etc etc/hostid etc/hostname' ]
    machine de
    [ "$(cpio --quiet --list < "$name" | paste -sd' ')" = 'etc etc/default etc/default/keyboard etc/hostid etc/hostname' ]
    mkdir out-of-it
    (cd out-of-it && cpio --quiet --extract --make-directories < "../$name")
    cmp out-of-it/etc/hostid target/etc/hostid
    [ "$(cat out-of-it/etc/default/keyboard)" = 'setupcon --setup-dir /tmp/kldload-machine' ]
    [ ! -e target/tmp/kldload-machine ]
    [ "$(cat target/var/cache/kldload/initramfs-with-zfs)" = "$(sha256sum < target/boot/initrd.img-6.1 | cut -c -64)" ]
}
