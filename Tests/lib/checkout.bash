# shellcheck shell=bash
# A checkout with little in it, of packages from the real archive.

# small_checkout FOLDER [LINE]: makes it, with LINE in the description of the distribution
small_checkout() {
    mkdir -p "$1/package-sets/debian" "$1/includes"
    cat >"$1/deploy.yaml" <<YAML
version: 1
distributions:
  debian:
    release: "13"
    codename: trixie
    architecture: amd64
    repositories:
      - {name: debian, mirrors: [host], suites: [trixie], components: [main], keyring: /usr/share/keyrings/debian-archive-keyring.gpg}
    profiles: {core: [core]}${2:+
    $2}
live: {distribution: debian, sets: [live], includes: includes}
builder: {distribution: debian, sets: [builder]}
iso: {label: MADE, edition: free, distribution: debian, profile: core, darksites: {debian: [core]}, squashfs-level: 1}
output: {folder: out, keep: 1}
YAML
    echo linux-image-amd64 >"$1/package-sets/debian/live.txt"
    echo bash >"$1/package-sets/debian/core.txt"
    echo apt >"$1/package-sets/debian/builder.txt"
}

# What an image needs beside that, as cheap as it gets: the tools that make it, a live system that boots, and instead of a compiled ZFS
# module two that only say that they are for this kernel. Called in the checkout, with the kernel's release.
make_small_image_possible() {
    printf '%s\n' apt apt-utils cpio dosfstools grub-common grub-efi-amd64-bin grub-pc-bin mmdebstrap mtools squashfs-tools xorriso \
        xz-utils zstd >package-sets/debian/builder.txt
    printf '%s\n' bash busybox initramfs-tools kmod linux-image-amd64 live-boot live-boot-initramfs-tools mount systemd-sysv udev zfs-made \
        zstd >package-sets/debian/live.txt
    echo 'nothing to see' >includes/README
    local modules=made/zfs/usr/lib/modules/$1/updates/zfs
    mkdir -p debs made/zfs/DEBIAN "$modules"
    printf 'Package: zfs-made\nVersion: 1\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\nDescription: made\n' \
        >made/zfs/DEBIAN/control
    # depmod finds that zfs needs spl by what one exports and the other lacks.
    made_module "$modules/spl.ko" "$1" '.section __ksymtab_strings,"a"' '.asciz "spl_made"'
    made_module "$modules/zfs.ko" "$1" .text '.quad spl_made'
    dpkg-deb --root-owner-group --build made/zfs debs/zfs-made_1_amd64.deb >/dev/null
    sed -i 's|^    profiles:|      - {name: own, packages: [./debs/*.deb]}\n    profiles:|' deploy.yaml
}

made_module() { # FILE KERNEL LINE…: an object for that kernel, with LINEs in it
    printf '%s\n' '.section .modinfo,"a"' ".asciz \"vermagic=$2 SMP\"" ".asciz \"name=$(basename "$1" .ko)\"" "${@:3}" | as -o "$1" -
}
