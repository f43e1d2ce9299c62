#!/bin/bash
# Compiles the ZFS module for one kernel and packs it, so that an installation need not compile it.
#
#   bash zfs-module.sh KERNEL_VERSION                    (as in /usr/lib/modules, for instance 6.12.117+deb13-amd64)
#
# Runs as root in the root of the set `zfs-build`: zfs-dkms configured but not built, the kernel's headers, a compiler.
#
# In    SOURCE_DATE_EPOCH
# Out   /out/zfs-modules-KERNEL_VERSION_ZFS_VERSION_amd64.deb     same packages, same bytes
#
# The modules are not signed: a key made here would differ in every build and be trusted by nobody.
set -euo pipefail
shopt -s inherit_errexit nullglob

fail() {
    printf 'zfs-module: %s\n' "$1" >&2
    exit 1
}

(($# == 1)) || fail "usage: zfs-module.sh KERNEL_VERSION"
kernel=$1
[[ ${SOURCE_DATE_EPOCH:-} =~ ^[0-9]+$ ]] || fail "SOURCE_DATE_EPOCH must be a number of seconds"
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022

headers=/usr/lib/modules/$kernel/build
[[ -e $headers/include ]] || fail "no headers for kernel $kernel; there are: $(echo /usr/lib/modules/*/build)"
# shellcheck disable=SC2016  # dpkg-query's own variable
version=$(dpkg-query --show --showformat '${Version}' zfs-dkms)
sources=(/usr/src/zfs-*/dkms.conf)
((${#sources[@]} == 1)) || fail "expected one source of ZFS in /usr/src, found ${#sources[@]}"
upstream=${sources[0]#/usr/src/zfs-}
upstream=${upstream%/dkms.conf}

# --- build ------------------------------------------------------------------------------------------------------------

# Without a program to sign with, DKMS neither signs nor makes a key.
printf 'sign_file=/nonexistent\nautoinstall_all_kernels=""\n' > /etc/dkms/framework.conf.d/zz-unsigned.conf
tree=/var/lib/dkms/zfs/$upstream
dkms add -m zfs -v "$upstream"
dkms build -m zfs -v "$upstream" -k "$kernel" || {
    tail -n 60 "$tree/build/make.log" >&2 || printf 'zfs-module: there is no log of the build\n' >&2
    fail "ZFS $upstream does not build for kernel $kernel"
}
built=("$tree/$kernel"/*/module/{spl,zfs}.ko*)
((${#built[@]} == 2)) || fail "expected the modules spl and zfs, found: ${built[*]}"
for key in /var/lib/dkms/mok.*; do fail "DKMS made a key: $key"; done

# --- package ----------------------------------------------------------------------------------------------------------

name=zfs-modules-$kernel
work=$(mktemp -d)
modules=$work/usr/lib/modules/$kernel/updates/zfs
mkdir -p "$work/DEBIAN" "$modules" "$work/etc/dkms" "$work/usr/share/doc/$name"
chmod 755 "$work"
install -m 644 "${built[@]}" "$modules/"
install -m 644 /usr/share/doc/zfs-dkms/copyright "$work/usr/share/doc/$name/copyright"

# Where zfs-dkms is installed too, for later kernels, it leaves this one alone (dkms(8): /etc/dkms/MODULE-VERSION-KERNEL.conf): but
# in this version only. A newer zfs-dkms builds for this kernel too, or programs and module would be of two versions.
# Not a conffile: it must go with the modules, and DKMS may build again.
printf '# The modules of ZFS %s for this kernel come with the package %s.\nBUILD_EXCLUSIVE_KERNEL="^not built here$"\n' "$upstream" "$name" \
    > "$work/etc/dkms/zfs-$upstream-$kernel.conf"
# And what it builds goes before what is here, wherever the search begins (depmod.d(5)).
mkdir -p "$work/usr/lib/depmod.d"
printf 'override %s %s updates/dkms\n' spl "$kernel" zfs "$kernel" > "$work/usr/lib/depmod.d/$name.conf"

# No dependency on the kernel: it is to be configured after the module, so that its first initramfs holds ZFS.
cat > "$work/DEBIAN/control" <<EOF
Package: $name
Source: zfs-linux ($version)
Version: $version
Architecture: amd64
Maintainer: kldload <root@localhost>
Installed-Size: $(du --summarize --apparent-size --block-size=1024 "$work" | cut -f 1)
Provides: zfs-modules (= $version)
Depends: kmod
Enhances: linux-image-$kernel
Section: contrib/kernel
Priority: optional
Homepage: https://openzfs.org/
Description: OpenZFS modules, built for Linux $kernel
 The modules spl and zfs, compiled from zfs-dkms $version
 for exactly this kernel. They are not signed.
EOF
cat > "$work/DEBIAN/postinst" <<EOF
#!/bin/sh
set -e
if [ "\$1" = configure ]; then
    depmod "$kernel"
fi
EOF
cat > "$work/DEBIAN/postrm" <<EOF
#!/bin/sh
set -e
if [ "\$1" = remove ] && [ -d "/usr/lib/modules/$kernel/kernel" ]; then
    depmod "$kernel"
fi
EOF
chmod 755 "$work/DEBIAN/postinst" "$work/DEBIAN/postrm"

# --- gates ------------------------------------------------------------------------------------------------------------

for module in "$modules"/*; do
    magic=$(modinfo -F vermagic "$module")
    [[ $magic == "$kernel "* ]] || fail "${module##*/} is for another kernel: $magic"
    [[ -z $(modinfo -F sig_id "$module") ]] || fail "${module##*/} is signed"
done
[[ $(modinfo -F version "$modules"/zfs.ko*) == "$upstream"-* ]] || fail "zfs.ko is not of version $upstream"
# Every symbol the modules need is exported by this kernel, with the same checksum.
unknown=$(depmod -n -e -E "$headers/Module.symvers" -b "$work/usr" "$kernel" "$modules"/* 2>&1 > /dev/null \
    | grep -E 'unknown symbol|disagrees' || true) # grep finds nothing when all is well
[[ -z $unknown ]] || fail "$unknown"

find "$work" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
# The modules are compressed as the kernel's own are; xz serves the rest.
deb=/out/${name}_${version#*:}_amd64.deb
dpkg-deb --root-owner-group -Zxz -z1 --threads-max=1 --build "$work" "$deb.part"
mv "$deb.part" "$deb"
rm -rf "$work"
dpkg-deb --info "$deb"
dpkg-deb --contents "$deb"
