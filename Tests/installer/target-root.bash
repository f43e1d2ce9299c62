# shellcheck shell=bash
# A root in which dpkg, update-initramfs, dkms and kernel-install of this machine run on files of a test's own: /usr is laid over
# that of this machine, the rest is made. Of ZFS and its disks alone there are only fakes, which refuse what they don't know.
# Needs root.
# shellcheck disable=SC2016  # scripts of others, in single quotes

# make_root: the root in ./root, with the tools that an installation puts into the target.
make_root() {
    local target=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target
    mkdir -p root/{etc,boot,dev,proc,run,tmp,esp1,esp2,usr} root/var/{tmp,log,cache,lib/dpkg/{info,updates}} upper/{local/sbin,src,lib/{modules,systemd/boot/efi}} work modules sources
    ln -s usr/{bin,sbin,lib,lib64} root/
    touch root/var/lib/dpkg/{status,available}
    cp -a /etc/. root/etc/
    rm -rf root/etc/{kernel,initramfs,dpkg/dpkg.cfg.d}
    mkdir -p root/etc/{kernel,initramfs} root/var/lib/{initramfs-tools,dkms}
    (cd /etc/kernel && cp -a --parents ./*/dkms ./*/initramfs-tools "$OLDPWD/root/etc/kernel/")
    chmod a-x root/etc/kernel/*/dkms # as the installer does
    # shellcheck source=/dev/null
    (. "$target/../lib/initramfs.sh" && initramfs_settings root)
    rm root/etc/initramfs-tools/conf.d/kldload.conf
    printf 'COMPRESS=gzip\nMODULES=list\n' > root/etc/initramfs-tools/conf.d/test
    # As zfs-initramfs has it: what the kernel has of ZFS is in its initramfs.
    cat > root/etc/initramfs-tools/hooks/zfs << 'END'
#!/bin/sh
if [ "$1" = prereqs ]; then exit 0; fi
find "/usr/lib/modules/$version" -name 'zfs.ko*' -exec cp --parents {} "$DESTDIR" \;
END
    chmod 755 root/etc/initramfs-tools/hooks/zfs
    cp -R "$target/." root-of-target
    cp -R root-of-target/etc/. root/etc/
    cp -R root-of-target/usr/. upper/
    echo loader > upper/lib/systemd/boot/efi/systemd-bootx64.efi
    echo 'rw nohibernate' > root/etc/kernel/cmdline
    fake zfs 'case $* in
        "list -H -r -t filesystem -o name,canmount,mountpoint rpool/ROOT") printf "rpool/ROOT\toff\tnone\nrpool/ROOT/default\tnoauto\t/\n" ;;
        "get -H -d 1 -t filesystem -s local -o name,value kldload:state rpool/ROOT" | "get -H -s local -o property,value all rpool/ROOT") ;;
        *) exit 9 ;;
    esac'
    fake zpool 'case $* in
        "get -H -o value bootfs rpool") echo rpool/ROOT/default ;;
        "get -H -o value guid rpool") echo 1234567890123456789 ;;
        "list -vHLP rpool") printf "rpool\t1\n\tmirror-0\n\t/dev/vda2\t1\n\t/dev/vdb2\t1\n" ;;
        *) exit 9 ;;
    esac'
    fake lsblk 'case $* in
        *PKNAME*/dev/vd[ab]2) disk=${!#}; echo "${disk%2}" ;;
        *NAME,PARTTYPE*/dev/vd[ab]) printf "%s1 c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n" "${!#}" ;;
        *) exit 9 ;;
    esac'
    fake findmnt 'case $* in
        *"--mountpoint /") echo rpool/ROOT/default ;;
        *"--source /dev/vda1") echo /esp1 ;;
        *"--source /dev/vdb1") echo /esp2 ;;
        *) exit 1 ;;
    esac'
}

fake() { printf '#!/bin/bash\n%s\n' "$2" > "upper/local/sbin/$1" && chmod +x "upper/local/sbin/$1"; }

# with_root COMMAND…: with ./root mounted, which nobody else sees.
with_root() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare --mount --propagation private bash -euc '
        mount -t overlay overlay -o "lowerdir=/usr,upperdir=$PWD/upper,workdir=$PWD/work" root/usr
        mount --bind modules root/usr/lib/modules
        mount --bind sources root/usr/src
        mount --rbind /dev root/dev
        mount -t proc proc root/proc
        exec "$@"' - "$@"
}

# in_root COMMAND…: in the root.
in_root() {
    with_root chroot root env --ignore-environment PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# boots: the version of the kernel that boots by default, which must be the same on each disk and whole.
boots() {
    local esp entry version=''
    for esp in root/esp1 root/esp2; do
        entry=$esp/loader/entries/$(sed -n 's/^default //p' "$esp/loader/loader.conf")
        version=$(sed -n 's/^version //p' "$entry")
        cmp "$esp$(sed -n 's/^linux //p' "$entry")" "root/boot/vmlinuz-$version"
        cmp "$esp$(sed -n 's/^initrd //p' "$entry")" "root/boot/initrd.img-$version"
    done
    printf '%s\n' "$version"
}

# module VERSION FILE: a kernel module that says so.
module() {
    mkdir -p "${2%/*}"
    printf '.section .modinfo,"a"\n.string "version=%s"\n.string "vermagic=%s SMP"\n' "$1" "${3:-6.0}" | as -o "$2"
}

# kernel_package VERSION [with]: as Debian's linux-image-VERSION, with the hooks it calls; made for it, a ZFS module.
kernel_package() {
    local folder=package-$1
    mkdir -p "$folder/DEBIAN" "$folder/boot" "$folder/usr/lib/modules/$1/kernel"
    echo "kernel $1" > "$folder/boot/vmlinuz-$1"
    echo CONFIG_RD_GZIP=y > "$folder/boot/config-$1"
    touch "$folder/usr/lib/modules/$1/modules.builtin" "$folder/usr/lib/modules/$1/modules.order"
    if [ "${2:-}" = with ]; then module 2.3.9 "$folder/usr/lib/modules/$1/updates/zfs/zfs.ko" "$1"; fi
    made "$folder" "linux-image-$1"
    printf '#!/bin/sh -e\nif [ "$1" = configure ]; then\n depmod %s\n linux-run-hooks image postinst %s /boot/vmlinuz-%s -- "$@"\nfi\n' \
        "$1" "$1" "$1" > "$folder/DEBIAN/postinst"
    printf '#!/bin/sh -e\nlinux-run-hooks image postrm %s /boot/vmlinuz-%s -- "$@"\n' "$1" "$1" > "$folder/DEBIAN/postrm"
    chmod 755 "$folder"/DEBIAN/post*
    dpkg-deb --root-owner-group --build "$folder" "root/tmp/linux-image-$1.deb" > /dev/null
}

# headers_package VERSION: as linux-headers-VERSION, as far as dkms looks.
headers_package() {
    local folder=headers-$1
    mkdir -p "$folder/DEBIAN" "$folder/usr/lib/modules/$1/build/include"
    touch "$folder/usr/lib/modules/$1/build/"{.config,Makefile}
    made "$folder" "linux-headers-$1"
    printf '#!/bin/sh -e\nif [ "$1" = configure ]; then linux-run-hooks headers postinst %s -- "$@"; fi\n' "$1" > "$folder/DEBIAN/postinst"
    chmod 755 "$folder/DEBIAN/postinst"
    dpkg-deb --root-owner-group --build "$folder" "root/tmp/linux-headers-$1.deb" > /dev/null
}

# dkms_package NAME VERSION: a source for dkms whose module takes no compiler, with the postinst that dh_dkms gives it.
dkms_package() {
    local folder=dkms-$2 source
    source=$folder/usr/src/$1-$2
    mkdir -p "$folder/DEBIAN" "$source"
    module "$2" "$source/built"
    cat > "$source/dkms.conf" << END
PACKAGE_NAME="$1"
PACKAGE_VERSION="$2"
BUILT_MODULE_NAME[0]="$1"
DEST_MODULE_LOCATION[0]="/updates/dkms"
MAKE[0]="cp built $1.ko"
CLEAN="true"
STRIP[0]="no"
AUTOINSTALL="yes"
END
    made "$folder" "$1-dkms" "$2"
    printf '#!/bin/sh -e\nif [ "$1" = configure ]; then /usr/lib/dkms/common.postinst %s %s /usr/share/%s-dkms "" "$2"; fi\n' "$1" "$2" "$1" \
        > "$folder/DEBIAN/postinst"
    printf '#!/bin/sh -e\nif [ "$(dkms status -m %s -v %s)" ]; then dkms remove -m %s -v %s --all; fi\n' "$1" "$2" "$1" "$2" > "$folder/DEBIAN/prerm"
    chmod 755 "$folder"/DEBIAN/p*
    dpkg-deb --root-owner-group --build "$folder" "root/tmp/$1-dkms-$2.deb" > /dev/null
}

made() { # made FOLDER NAME [VERSION]
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: made for a test\n' \
        "$2" "${3:-1}" > "$1/DEBIAN/control"
}
