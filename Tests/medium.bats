#!/usr/bin/env bats
# Which medium the live system is of: two images are told apart by what is on them, from boot loader to initramfs.
bats_require_minimum_version 1.5.0

setup() {
    scripts=$BATS_TEST_DIRNAME/../Sources/LiveImage/Scripts
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p in/boot in/root/live in/root/kldload out
    truncate -s 32K in/boot/bios.img
    truncate -s 432 in/boot/mbr.img
    truncate -s 1M in/boot/efi.img
    mkfs.vfat --invariant -i 12345678 in/boot/efi.img > /dev/null
    mmd -i in/boot/efi.img ::EFI
    touch in/root/live/{vmlinuz,initrd.img}
    export LAYER_IN=$PWD/in LAYER_OUT=$PWD/out SOURCE_DATE_EPOCH=1795564800
}

# image NAME CONTENTS: an ISO whose list of digests says CONTENTS.
image() {
    echo "$2" > in/root/kldload/sha256sums
    bash "$scripts/make-iso.sh" free-test 'kldload live' KLDLOAD > log 2>&1 || { cat log && return 1; }
    mv out/kldload.iso "$1.iso"
}

# file IMAGE PATH
file() { xorriso -osirrox on -indev "$1.iso" -extract "$2" extracted > /dev/null 2>&1 && cat extracted && rm -f extracted; }

@test "images with other contents have other names, the same contents the same bytes" {
    image one 1111
    image two 2222
    image again 1111
    cmp one.iso again.iso
    [ "$(file one /kldload/medium)" != "$(file two /kldload/medium)" ]
    for name in one two; do
        word=$(file $name /kldload/medium)
        [[ $word =~ ^[0-9a-f]{32}$ ]]
        [ "$(file $name /.disk/live-uuid-kldload)" = "$word" ]
        file $name /boot/grub/grub.cfg > grub.cfg
        grep -q "^set common=\".* kldload.medium=$word\"" grub.cfg
    done
    # live-boot tries no second volume of one name.
    [ "$(blkid --probe --match-tag UUID --output value one.iso)" != "$(blkid --probe --match-tag UUID --output value two.iso)" ]
    [[ $(blkid --probe --match-tag UUID --output value one.iso) == 2026-11-2?-* ]]
}

@test "the initramfs takes the medium by the word of the menu, and any where there is none" {
    sed -n "/init-premount\/kldload-medium << 'END'/,/^END/p" "$scripts/live-root.sh" | sed '1d; $d' \
        | sed "s|/proc/cmdline|$PWD/words|; s|/conf|$PWD/conf|g" > premount
    echo 'boot=live quiet' > words
    sh -eu premount ''
    [ ! -e conf/uuid.conf ]
    echo 'boot=live kldload.medium=0123 quiet' > words
    [ -z "$(sh -eu premount prereqs)" ]
    [ ! -e conf/uuid.conf ]
    sh -eu premount ''
    [ "$(cat conf/uuid.conf)" = 0123 ]
}
