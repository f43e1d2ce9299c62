#!/bin/bash
# Makes the initramfs of an installed system of RPM packages, by running in it, and hands the system on with it.
#
#   bash initramfs-dracut.sh RULE      pack-root.sh and initramfs.sh stand before it, as one script
#
# RULE is that of ZFS: with dkms its module is compiled where no package brought one; with kmod that is an error.
#
# Runs as root in a container without network, whose image is the root that install-profile-dnf.sh --system handed on.
#
# In    SOURCE_DATE_EPOCH  the latest time that may appear in it
# Out   /out/system.tar    the root, with kernel and initramfs in /boot, for any machine: same packages, same bytes
#
# What finds one machine's pool comes in an archive of its own when it is installed.
set -euo pipefail
shopt -s inherit_errexit nullglob

fail() {
    printf 'the system can not be completed: %s\n' "$1" >&2
    exit 1
}

say() { printf '[%4d s] %s\n' "$SECONDS" "$1"; }

rule=$1
: "${SOURCE_DATE_EPOCH:?is not set}"
[[ -e /run/.containerenv ]] || fail "this is no container, and somebody would miss what is removed"
umask 022
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
for program in dracut lsinitrd depmod modinfo tar find sed grep; do
    type -P "$program" > /dev/null || fail "the profile has no $program"
done

kernels=(/lib/modules/*/vmlinuz)
((${#kernels[@]} == 1)) || fail "there must be one kernel, and there are: ${kernels[*]}"
kernel=${kernels[0]%/vmlinuz}
kernel=${kernel##*/}
# Elsewhere the plugin of a boot loader does it.
[[ -e /boot/vmlinuz-$kernel ]] || cp "${kernels[0]}" "/boot/vmlinuz-$kernel"

# --- the module -------------------------------------------------------------------------------------------------------

has_module() { modinfo -k "$kernel" -n "$1" > /dev/null 2>&1; }

compile() {
    local sources=(/usr/src/zfs-*/dkms.conf) source known log
    [[ $rule == dkms ]] || fail "there is no ZFS module for kernel $kernel"
    ((${#sources[@]} == 1)) || fail "there must be one source of ZFS, and there are ${#sources[@]}"
    source=${sources[0]#/usr/src/zfs-}
    source=zfs/${source%/dkms.conf}
    say "compiling $source for kernel $kernel"
    # Without a program to sign with, DKMS neither signs nor makes a key, which nobody would trust and which is another one each time.
    mkdir -p /etc/dkms/framework.conf.d
    printf 'sign_file=/nonexistent\n' > /etc/dkms/framework.conf.d/zz-unsigned.conf
    known=$(dkms status "$source")
    if [[ -z $known ]]; then dkms add "$source"; fi
    dkms install "$source" -k "$kernel" || {
        tail -n 60 "/var/lib/dkms/$source/build/make.log" >&2 || say "there is no log of it"
        fail "$source does not build for kernel $kernel"
    }
    rm /etc/dkms/framework.conf.d/zz-unsigned.conf
    rmdir --ignore-fail-on-non-empty /etc/dkms/framework.conf.d
    for log in /var/lib/dkms/mok.*; do fail "DKMS made a key: $log"; done
    find /var/lib/dkms -name '*.log' -delete # with times in it
}

depmod "$kernel"
if ! has_module zfs; then
    compile
    depmod "$kernel"
fi
for module in spl zfs; do
    has_module "$module" || fail "there is no module $module for kernel $kernel"
    magic=$(modinfo -k "$kernel" -F vermagic "$module")
    path=$(modinfo -k "$kernel" -n "$module")
    # A module from the folder of another kernel, by a link, is taken as it is: its package says that it fits.
    [[ -L $path || $magic == "$kernel "* ]] || fail "$path is for another kernel: $magic"
done

# --- the initramfs ----------------------------------------------------------------------------------------------------

say "initramfs for kernel $kernel"
image=/boot/initramfs-$kernel.img
printf 'localhost\n' > /etc/hostname
# Without a file, dracut's module of ZFS makes one with the number of this container.
printf '\0\0\0\0' > /etc/hostid
dracut --no-hostonly --reproducible --force --add zfs "$image" "$kernel" || fail "dracut ended with $?"
[[ -s $image ]] || fail "dracut made none"
listing=$(lsinitrd "$image")
initramfs_judge dracut "$listing"

# --- hand it on -------------------------------------------------------------------------------------------------------

say "writing the archive"
root_forget /
find /etc -maxdepth 1 -name mtab -lname /proc/mounts -delete # podman's; systemd makes another one at boot
root_pack /out/system.tar /
printf 'summary: an initramfs of %d MB for kernel %s\n' "$(($(stat --format=%s "$image") / 1000000))" "$kernel"
