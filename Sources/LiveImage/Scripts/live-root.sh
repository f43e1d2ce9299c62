#!/bin/bash
# Makes the live system's initramfs, the only one, and checks that the root can be a live system.
#
#   bash live-root.sh KERNEL_VERSION                     (as in /usr/lib/modules, for instance 6.12.117+deb13-amd64)
#
# Runs as root in the configured root of the set `live`, as the hook of configure-root.sh.
#
# In    SOURCE_DATE_EPOCH
# Out   /out/vmlinuz      the kernel
#       /out/initrd.img   initramfs-tools with live-boot: same packages, same bytes
set -euo pipefail
shopt -s inherit_errexit nullglob

fail() {
    printf 'live-root: %s\n' "$1" >&2
    exit 1
}

(($# == 1)) || fail "usage: live-root.sh KERNEL_VERSION"
kernel=$1
[[ ${SOURCE_DATE_EPOCH:-} =~ ^[0-9]+$ ]] || fail "SOURCE_DATE_EPOCH must be a number of seconds"
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022
modules=/usr/lib/modules/$kernel

# --- one kernel, with its ZFS module ----------------------------------------------------------------------------------

kernels=(/usr/lib/modules/*)
((${#kernels[@]} == 1)) || fail "expected one kernel's modules, found: ${kernels[*]}"
[[ ${kernels[0]} == "$modules" ]] || fail "the kernel is ${kernels[0]##*/}, not $kernel"
images=(/boot/vmlinuz-*)
[[ ${images[*]} == "/boot/vmlinuz-$kernel" ]] || fail "expected /boot/vmlinuz-$kernel, found: ${images[*]}"

depmod "$kernel"
for module in spl zfs; do
    path=$(modinfo -k "$kernel" -n "$module") || fail "there is no module $module for $kernel"
    magic=$(modinfo -F vermagic "$path")
    [[ $magic == "$kernel "* ]] || fail "$path is for another kernel: $magic"
done
grep -q '/zfs\.ko[^:]*:.*/spl\.ko' "$modules/modules.dep" || fail "modules.dep does not know zfs"

# --- the medium -------------------------------------------------------------------------------------------------------

# live-boot would take any medium that has /live/*.squashfs, removable ones first. With this file it takes the one whose
# .disk/live-uuid* says the same. GRUB's menu lies on that medium, and hands the word on (make-iso.sh).
mkdir -p /etc/initramfs-tools/scripts/init-premount
cat > /etc/initramfs-tools/scripts/init-premount/kldload-medium << 'END'
#!/bin/sh
if [ "$1" = prereqs ]; then exit 0; fi
for word in $(cat /proc/cmdline); do
    case $word in
        kldload.medium=?*)
            mkdir -p /conf
            printf '%s\n' "${word#kldload.medium=}" > /conf/uuid.conf
            ;;
    esac
done
END
chmod 755 /etc/initramfs-tools/scripts/init-premount/kldload-medium

# --- initramfs --------------------------------------------------------------------------------------------------------

# The modules are compressed already; of the rest (38 MB), level 19 would save 1.2 MB for 24 times the work.
mkinitramfs -c zstd -l 9 -o /out/initrd.img.part "$kernel"
listing=$(lsinitramfs /out/initrd.img.part)

for file in scripts/live scripts/init-premount/kldload-medium usr/lib/live/boot/9990-main.sh usr/lib/live/boot/9990-overlay.sh; do
    grep -qx -- "$file" <<< "$listing" || fail "the initramfs lacks $file"
done
# The file systems of live-boot; then what it takes to see a CD, a USB stick or a disk, in machines and under QEMU.
for module in squashfs overlay isofs loop vfat nls_cp437 nls_ascii \
    sr_mod cdrom sd_mod ahci ata_piix usb-storage uas xhci-pci ehci-pci usbhid hid-generic \
    nvme mmc_block sdhci-pci virtio_pci virtio_blk virtio_scsi mptspi vmw_pvscsi hv_storvsc; do
    pattern="/${module//[-_]/[-_]}\.ko(\.xz|\.zst)?$"
    grep -qE "$pattern" <<< "$listing" || grep -qE "$pattern" "$modules/modules.builtin" \
        || fail "neither the initramfs nor the kernel has $module"
done

install -m 644 "/boot/vmlinuz-$kernel" /out/vmlinuz
mv /out/initrd.img.part /out/initrd.img

# --- no secrets -------------------------------------------------------------------------------------------------------

# openssh-server made host keys when it was configured; the live system makes its own at boot.
rm -f /etc/ssh/ssh_host_*
secrets=$(
    cd /
    find . -xdev \( -path ./proc -o -path ./sys -o -path ./in -o -path ./out \) -prune -o -type f \
        \( -name 'ssh_host_*key*' -o -name 'mok.*' -o -name 'id_rsa' -o -name 'id_ed25519' -o -name '*.key' \) -print
    # grep exits with 1 when nothing is found, as it should be
    grep --recursive --files-with-matches --binary-files=without-match --no-messages \
        -e '^-----BEGIN [A-Z ]*PRIVATE KEY-----$' etc root home var usr/share usr/lib/ssl opt srv || true
)
[[ -z $secrets ]] || fail "private keys in the root: $secrets"
