#!/usr/bin/env bats
# Distributions of RPM packages: the real dnf installs the profile from a signed mirror, all of it and nothing else. Needs root.
bats_require_minimum_version 1.5.0

load ../lib/keys

setup_file() {
    command -v dnf createrepo_c rpmbuild > /dev/null || skip "dnf, createrepo_c or rpmbuild is not here"
    [ "$(id -u)" -eq 0 ] || skip "only root can mount"
    cd "$BATS_FILE_TMPDIR" || return
    mkdir -p medium/rocky/profiles medium/rpm/rocky build
    printf '%s\n' FAMILY=rpm PROFILES=core RELEASE=9 CODENAME=9 ARCHITECTURE=x86_64 PLATFORM=el9 > medium/rocky/distribution
    package base 1.0
    package tool 2.0 'Requires: base' 'Epoch: 3'
    package extra 1.0
    package large 1.0
    createrepo_c --quiet medium/rpm/rocky
    export GNUPGHOME=$PWD/gnupg
    make_key gnupg test@example.org
    gpg --export > key.gpg
    gpg --batch --detach-sign --armor medium/rpm/rocky/repodata/repomd.xml
    gpgconf --kill all
}

package() { # package NAME VERSION [LINE…]
    {
        printf '%s\n' "Name: $1" "Version: $2" 'Release: 1.el9' "Summary: $1" 'License: MIT' 'BuildArch: noarch' "${@:3}"
        printf '%%description\n%s\n%%install\nmkdir -p %%{buildroot}/usr/share/%s\n' "$1" "$1"
        if [ "$1" = large ]; then
            printf '%s\n' 'cd %{buildroot}/usr/share/large' 'seq 30000 > numbers' 'ln -s numbers link' 'echo secret > secret'
        fi
        printf '%%files\n/usr/share/%s\n' "$1"
    } > "build/$1.spec"
    rpmbuild -bb --quiet --define "_topdir $PWD/build" --define "_rpmdir $PWD/medium/rpm/rocky" "build/$1.spec"
}

setup() {
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    cd "$BATS_TEST_TMPDIR" || return
    cp -r "$BATS_FILE_TMPDIR"/{medium,key.gpg} .
    mkdir target
    # Where the live system's rpm has its database; that of this machine need not.
    printf '%%_dbpath /var/lib/rpm\n' > .rpmmacros
    export HOME=$PWD
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { :; }
run() { "\$@"; }
fail() { printf 'fail: %s\n' "\$*"; exit 1; }
TARGET=$PWD/target BOOTSTRAP_DARKSITE=$PWD/medium BOOTSTRAP_KEY=$PWD/key.gpg KLDLOAD_DISTRO=rocky KLDLOAD_PROFILE=core
source "$library/distribution.sh"
source "$library/image.sh"
source "$library/bootstrap.sh"
KLDLOAD_BOOTSTRAP=auto
END
}

profile() { printf '%s\n' "$@" > medium/rocky/profiles/core; }

bootstrap() { run unshare --mount --propagation private bash -c 'source ./around; bootstrap'; }

@test "the packages of the profile are installed, with an epoch too, and no others" {
    profile 'base 1.0-1.el9 noarch' 'tool 3:2.0-1.el9 noarch'
    bootstrap
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(rpm --root "$PWD/target" -qa --queryformat '%{NAME}\n' | sort | paste -sd' ')" = "base tool" ]
    cmp medium/rocky/profiles/core target/usr/share/kldload/profile
}

@test "a package that the mirror lacks is an error" {
    profile 'base 1.0-1.el9 noarch' 'gone 1.0-1.el9 noarch'
    bootstrap
    [ "$status" -ne 0 ]
    [[ $output == *"dnf can't install the profile core"* ]]
}

@test "what dnf brings beyond the profile is an error: the profile is whole, or it was not proven" {
    profile 'tool 3:2.0-1.el9 noarch'
    bootstrap
    [ "$status" -ne 0 ]
    [[ $output == *'what is installed (>) is not what the profile says'* ]]
}

@test "an index that is not what was signed is not used" {
    profile 'base 1.0-1.el9 noarch'
    echo >> medium/rpm/rocky/repodata/repomd.xml
    bootstrap
    [ "$status" -ne 0 ]
    [[ $output == *'not signed by the key of this live system'* ]]
    [ -z "$(ls target)" ]
}

@test "a distribution that is not on the medium is said, with those that are" {
    profile 'base 1.0-1.el9 noarch'
    run bash -c 'source ./around; KLDLOAD_DISTRO=fedora; bootstrap_profile'
    [ "$status" -ne 0 ]
    [[ $output == *'no darksite of fedora (it has: rocky)'* ]]
}

@test "a locale that no package of the profile brings is said before a disk is touched" {
    profile 'glibc-langpack-en 2.34-1.el9 x86_64' 'glibc-langpack-es 2.34-1.el9 x86_64'
    for locale in en_US.UTF-8 es_ES.UTF-8 C.UTF-8; do run -0 bash -c "source ./around; KLDLOAD_LOCALE=$locale; bootstrap_check"; done
    run -1 bash -c 'source ./around; KLDLOAD_LOCALE=de_DE.UTF-8; bootstrap_check'
    [[ $output == *'the profile core of rocky has no package glibc-langpack-de' ]]
    profile 'glibc-all-langpacks 2.34-1.el9 x86_64'
    run -0 bash -c 'source ./around; KLDLOAD_LOCALE=de_DE.UTF-8; bootstrap_check'
}

# --- the system that was made when the medium was built ------------------------------------------------------------------

# system_on_medium: what `bootstrap` made of the profile, as a package and an archive of what is not in it, and says otherwise.
system_on_medium() {
    profile 'base 1.0-1.el9 noarch' 'large 1.0-1.el9 noarch'
    bootstrap
    [ "$status" -eq 0 ]
    mv target whole
    mkdir -p target medium/rocky/systems/core/lists rest
    cp -a whole/. rest/
    rm rest/usr/share/large/numbers
    chmod 640 rest/usr/share/large/secret
    chown 7:7 rest/usr/share/large/secret
    mksquashfs rest medium/system.squashfs -quiet -no-progress > mksquashfs.log
    printf '%s\n' "rpm/rocky/noarch/large-1.0-1.el9.noarch.rpm rpm $(seq 30000 | wc -c)" 'system.squashfs - 100' > medium/rocky/systems/core/lists/sources
    ln -s . medium/darksite
}

image() { run unshare --mount --propagation private bash -c "source ./around; MEDIUM=$PWD/medium; $1"; }

@test "a system is unpacked from packages, and what they say otherwise from its own archive, which comes last" {
    system_on_medium
    image 'bootstrap; bootstrap_way'
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = image ]
    cmp target/usr/share/large/numbers <(seq 30000)
    [ "$(stat --format='%a %u %g' target/usr/share/large/secret)" = '640 7 7' ]
    [ "$(readlink target/usr/share/large/link)" = numbers ]
    rm -r {whole,target}/usr/share/kldload
    (cd whole && find usr -printf '%P %y %s %l\n' | sort) > is
    (cd target && find usr -printf '%P %y %s %l\n' | sort) | diff is -
    image 'image_files'
    [ "${lines[*]}" = 'darksite/rocky/systems/core/lists/sources rpm/rocky/noarch/large-1.0-1.el9.noarch.rpm system.squashfs' ]
    image 'KLDLOAD_BOOTSTRAP=packages; bootstrap_way'
    [ "$output" = packages ]
}

@test "a system that is not what the profile says, or a package that was cut off, is an error" {
    system_on_medium
    echo 'extra 1.0-1.el9 noarch' >> medium/rocky/profiles/core
    image bootstrap
    [[ $status -eq 1 && $output == *'what is installed (>) is not what the profile says'* ]]
    truncate --size=2000 medium/rpm/rocky/noarch/large-*.rpm
    image bootstrap
    [[ $status -eq 1 && $output == *"fail: packages can't be unpacked; see the log"* ]]
}

@test "the keys of SSH are left to the first boot where the distribution makes them then" {
    mkdir -p target/usr/bin target/etc/ssh target/usr/lib/systemd/system
    printf '#!/bin/sh\n' > target/usr/bin/ssh-keygen
    chmod +x target/usr/bin/ssh-keygen
    late() { run -0 bash -c "source ./around; KLDLOAD_LOCALE=C.UTF-8; in_target() { echo \"\$*\"; }; image_late"; }
    late
    [ "$output" = 'ssh-keygen -A' ]
    touch target/usr/lib/systemd/system/sshd-keygen.target
    late
    [ -z "$output" ]
}

@test "what a machine adds to an initramfs of dracut's is an archive beside it: number, name, and its keyboard" {
    mkdir -p target/{boot,etc,tmp}
    echo initramfs > target/boot/initramfs-5.14.img
    printf '\x01\x02\x03\x04' > target/etc/hostid
    echo node > target/etc/hostname
    echo KEYMAP=de > target/etc/vconsole.conf
    machine() { run -0 bash -c "source ./around; KLDLOAD_KEYBOARD=$1; image_machine 5.14"; }
    local name
    name=target/boot/machine-$(sha256sum target/boot/initramfs-5.14.img | cut -c -16).img
    machine us
    [ "$(cpio --quiet --list < "$name" | paste -sd' ')" = 'etc etc/hostid etc/hostname' ]
    machine de
    [ "$(cpio --quiet --list < "$name" | paste -sd' ')" = 'etc etc/hostid etc/hostname etc/vconsole.conf' ]
    [ "$(cpio --quiet --extract --to-stdout etc/vconsole.conf < "$name")" = KEYMAP=de ]
    rm target/boot/initramfs-5.14.img
    run -1 bash -c "source ./around; KLDLOAD_KEYBOARD=us; image_machine 5.14"
    [[ $output == *'has no initramfs for kernel 5.14' ]]
}
