#!/usr/bin/env bats
# DKMS on the installed machine, by the real dpkg and dkms: it knows ZFS, though it was switched off while packages were installed; and
# leaves alone what came ready made, as long as that is of its version. Needs root.
bats_require_minimum_version 1.5.0

load target-root

setup() {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount"
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    cd "$BATS_TEST_TMPDIR" || return
    make_root
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { :; }
run() { "\$@"; }
fail() { printf 'fail: %s\n' "\$*"; exit 1; }
TARGET=$PWD/root
source "$library/bootstrap.sh"
END
}

# What the installer does about dpkg, with these packages in between.
install_packages() {
    with_root bash -c 'source ./around
        bootstrap_deb_diverted=(/usr/sbin/update-initramfs /usr/sbin/depmod)
        in_target() { if [[ $1 == debconf-set-selections ]]; then cat > /dev/null; else in_target_quietly "$@"; fi; }
        mkdir -p root/usr/share/doc root/etc/dpkg/dpkg.cfg.d
        bootstrap_deb_prepare
        bootstrap_deb_hold_back
        if [[ $1 == --audit ]]; then in_target dpkg --audit; else in_target dpkg --install "$@"; fi
        '"${meanwhile:-:}"'
        bootstrap_deb_let_go' - "$@"
}

@test "DKMS knows ZFS once the packages are installed, and builds it for a kernel that comes later" {
    dkms_package zfs 2.3.9
    run -0 install_packages /tmp/zfs-dkms-2.3.9.deb
    run -0 in_root dkms status
    [[ $output == zfs/2.3.9:\ added* ]]
    [ ! -e root/etc/dkms/no-autoinstall ]
    kernel_package 6.13.0-test
    headers_package 6.13.0-test
    rm root/etc/kernel/*/*initramfs-tools root/etc/kernel/*/zz-kldload # not what this is about
    run -0 in_root dpkg --install /tmp/linux-headers-6.13.0-test.deb /tmp/linux-image-6.13.0-test.deb
    [ -e modules/6.13.0-test/updates/dkms/zfs.ko ]
}

@test "a switch that is not taken back is found out" {
    dkms_package zfs 2.3.9
    meanwhile='in_target() { if [[ $1 == debconf* ]]; then cat > /dev/null; fi; }' run -1 install_packages /tmp/zfs-dkms-2.3.9.deb
    [[ $output == *'fail: DKMS does not know zfs/2.3.9: no later kernel would get this module' ]]
}

@test "a program that stays diverted is found out" {
    meanwhile='in_target() { if [[ $1 == debconf* ]]; then cat > /dev/null; fi; }' run -1 install_packages --audit
    [[ $output == *'update-initramfs.real was to last as long as the installation, and is still there' ]]
}

# ready_made: what the build's zfs-module.sh packs beside the modules, in the words of that script.
ready_made() {
    local script=$BATS_TEST_DIRNAME/../../Sources/LiveImage/Scripts/zfs-module.sh kernel=6.12.1-test upstream=2.3.9 name=zfs-modules-6.12.1-test
    local work=$PWD/ready
    mkdir -p "$work/etc/dkms"
    eval "$(sed -n '/^# Where zfs-dkms is installed too/,/^# No dependency on the kernel/p' "$script")"
    cp -R "$work/etc/." root/etc/
    cp -R "$work/usr/." upper/
}

@test "a module that came ready made is left alone, and replaced by that of a newer ZFS" {
    ready_made
    rm root/etc/kernel/*/*initramfs-tools root/etc/kernel/*/zz-kldload
    kernel_package 6.12.1-test with
    headers_package 6.12.1-test
    dkms_package zfs 2.3.9
    run -0 install_packages /tmp/zfs-dkms-2.3.9.deb /tmp/linux-headers-6.12.1-test.deb /tmp/linux-image-6.12.1-test.deb
    run in_root dkms autoinstall --kernelver 6.12.1-test # versions before 3.1 end with 11 where they leave something alone
    [[ $output == *BUILD_EXCLUSIVE* || $output == *'was skipped for module(s) zfs'* ]]
    [ ! -e modules/6.12.1-test/updates/dkms/zfs.ko ]
    run -0 in_root depmod 6.12.1-test
    run -0 in_root modinfo --set-version 6.12.1-test --field version zfs
    [ "$output" = 2.3.9 ]

    dkms_package zfs 2.3.10
    run -0 in_root dpkg --install /tmp/zfs-dkms-2.3.10.deb
    run -0 in_root dkms autoinstall --kernelver 6.12.1-test
    run -0 in_root modinfo --set-version 6.12.1-test --field version zfs
    [ "$output" = 2.3.10 ]
}
