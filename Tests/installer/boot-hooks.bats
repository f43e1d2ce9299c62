#!/usr/bin/env bats
# What is installed, updated and removed by dpkg, update-initramfs, dkms and kernel-install reaches the boot menu on every disk: tested by
# those programs, never by calling kldload-boot by hand. Needs root.
bats_require_minimum_version 1.5.0

load target-root

setup_file() {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount"
    cd "$BATS_FILE_TMPDIR" || return
    make_root
    kernel_package 6.12.1-test with
    in_root dpkg --install /tmp/linux-image-6.12.1-test.deb
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp -a "$BATS_FILE_TMPDIR"/{root,upper,modules,sources} .
    mkdir work
}

@test "a kernel that dpkg installs boots, and is gone from the menu when dpkg removes it" {
    [ "$(boots)" = 6.12.1-test ]
    kernel_package 6.13.0-test with
    run -0 in_root dpkg --install /tmp/linux-image-6.13.0-test.deb
    [ "$(boots)" = 6.13.0-test ]
    [ "$(ls root/esp1/loader/entries | wc -l)" -eq 2 ]
    run -0 in_root dpkg --purge linux-image-6.13.0-test
    [ "$(boots)" = 6.12.1-test ]
    [ "$(ls root/esp2/loader/entries)" = kldload-default-6.12.1-test.conf ]
}

@test "an initramfs that update-initramfs makes again is on each partition" {
    before=$(cat root/esp1/kldload/*.initrd | sha256sum)
    echo '# changed' > root/etc/modprobe.d/changed.conf
    run -0 in_root update-initramfs -u
    [ "$(boots)" = 6.12.1-test ] # which compares the files
    listing=$(in_root lsinitramfs /boot/initrd.img-6.12.1-test)
    [[ $listing == *scripts/init-bottom/kldload-deadline*scripts/init-top/kldload-deadline* ]]
    [ "$(cat root/esp1/kldload/*.initrd | sha256sum)" != "$before" ]
}

@test "a kernel without a module for it is installed, is said, and does not boot" {
    kernel_package 6.13.0-test
    run -0 in_root dpkg --install /tmp/linux-image-6.13.0-test.deb
    [[ $output == *'default: kernel 6.13.0-test gets no entry: it has no module zfs'* ]]
    [ "$(boots)" = 6.12.1-test ]
}

@test "a kernel with its headers gets a module from dkms, and boots" {
    dkms_package zfs 2.3.9
    run -0 in_root dpkg --install /tmp/zfs-dkms-2.3.9.deb
    kernel_package 6.13.0-test
    headers_package 6.13.0-test
    run -0 in_root dpkg --install /tmp/linux-headers-6.13.0-test.deb /tmp/linux-image-6.13.0-test.deb
    [ -e modules/6.13.0-test/updates/dkms/zfs.ko ]
    [ "$(boots)" = 6.13.0-test ]
}

@test "a module that can't be built is said; the kernel is configured, and does not boot" {
    dkms_package zfs 2.3.9
    run -0 in_root dpkg --install /tmp/zfs-dkms-2.3.9.deb
    sed -i 's/^MAKE.*/MAKE[0]="false"/' sources/zfs-2.3.9/dkms.conf
    kernel_package 6.13.0-test
    headers_package 6.13.0-test
    run -0 in_root dpkg --install /tmp/linux-headers-6.13.0-test.deb /tmp/linux-image-6.13.0-test.deb
    [[ $output == *'A MODULE COULD NOT BE BUILT for kernel 6.13.0-test'* ]]
    [ "$(grep -c '^Status: install ok installed' root/var/lib/dpkg/status)" -eq 4 ]
    [ "$(boots)" = 6.12.1-test ]
    # And mended, it boots after all.
    sed -i 's/^MAKE.*/MAKE[0]="cp built zfs.ko"/' sources/zfs-2.3.9/dkms.conf
    run -0 in_root dpkg-reconfigure linux-headers-6.13.0-test
    [ "$(boots)" = 6.13.0-test ]
}

@test "headers that come after their kernel have its initramfs made again, with the module, and then it boots" {
    dkms_package zfs 2.3.9
    run -0 in_root dpkg --install /tmp/zfs-dkms-2.3.9.deb
    kernel_package 6.13.0-test
    headers_package 6.13.0-test
    run -0 in_root dpkg --install /tmp/linux-image-6.13.0-test.deb
    [ "$(boots)" = 6.12.1-test ]
    run -0 in_root dpkg --install /tmp/linux-headers-6.13.0-test.deb
    [ "$(boots)" = 6.13.0-test ]
}

@test "a menu that can't be written is said, leaves the old one, and fails no package: the next boot tries again" {
    fake stat 'case $* in *--file-system*/esp1) echo "1 * 4" ;; *) exec /usr/bin/stat "$@" ;; esac'
    kernel_package 6.13.0-test with
    before=$(cat root/esp1/loader/loader.conf)
    run -0 in_root dpkg --install /tmp/linux-image-6.13.0-test.deb
    [[ $output == *'/esp1: '*' MiB are needed, 0 are free'* ]]
    [[ $output == *'the menu on /dev/vda1 is not what it should be'*'THE BOOT MENU IS AS IT WAS BEFORE'* ]]
    grep -q '^Status: install ok installed' root/var/lib/dpkg/status
    [ "$(cat root/esp1/loader/loader.conf)" = "$before" ]
    [ -e root/var/lib/kldload/menu-is-old ]
    rm upper/local/sbin/stat
    run -0 in_root kldload-boot settle
    [ "$(boots)" = 6.13.0-test ]
    [ ! -e root/var/lib/kldload/menu-is-old ]
}

@test "a kernel that kernel-install adds is put into /boot, boots, and is gone when it removes it" {
    mkdir -p modules/6.14.0-rpm
    module 2.3.9 modules/6.14.0-rpm/extra/zfs.ko 6.14.0-rpm
    echo 'kernel 6.14.0-rpm' > modules/6.14.0-rpm/vmlinuz
    rm -r root/var/lib/dpkg
    fake dracut 'set -e; [ "$*" = "--force --add zfs /boot/initramfs-6.14.0-rpm.img 6.14.0-rpm" ] || exit 9; cd /usr/lib/modules && find 6.14.0-rpm | cpio -o -H newc --quiet | gzip > "$4"'
    kernel_install() {
        in_root env KERNEL_INSTALL_CONF_ROOT=/etc/kernel KERNEL_INSTALL_PLUGINS=/etc/kernel/install.d/95-kldload.install \
            KERNEL_INSTALL_MACHINE_ID=0123456789abcdef0123456789abcdef kernel-install "$@"
    }
    run -0 kernel_install add 6.14.0-rpm /usr/lib/modules/6.14.0-rpm/vmlinuz
    entry=root/esp2/loader/entries/$(sed -n 's/^default //p' root/esp2/loader/loader.conf)
    grep -qx 'version 6.14.0-rpm' "$entry"
    grep -q 'root=ZFS=rpool/ROOT/default ' "$entry"
    run -0 kernel_install remove 6.14.0-rpm
    [ "$(boots)" = 6.12.1-test ]
    [ ! -e root/boot/vmlinuz-6.14.0-rpm ]
}
