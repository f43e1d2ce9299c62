#!/usr/bin/env bats
# `deploy seed --into`: a small image as make-iso.sh lays it out, by the real xorriso; what of the copy differs, and what does not.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/iso/seed-into.bats
# shellcheck disable=SC2154 # bats sets output and stderr

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    mkdir -p in/boot in/root/{live,kldload} in/root/darksite/debian/{profiles,apt/pool} out loader/EFI/BOOT
    echo 'the loader' > loader/EFI/BOOT/BOOTX64.EFI
    truncate --size=2M in/boot/efi.img
    mkfs.vfat --invariant in/boot/efi.img
    mcopy -s -i in/boot/efi.img loader/EFI ::
    head -c 8192 /dev/zero > in/boot/bios.img
    head -c 512 /dev/zero > in/boot/mbr.img
    echo kernel > in/root/live/vmlinuz
    head -c 1M /dev/urandom > in/root/live/10-system.squashfs
    echo 'dash 1 amd64' > in/root/darksite/debian/profiles/core
    echo package > in/root/darksite/debian/apt/pool/dash_0.5.12-12_amd64.deb
    (cd in/root && find darksite live -type f -exec sha256sum {} + > kldload/sha256sums)
    SOURCE_DATE_EPOCH=1700000000 LAYER_IN=$PWD/in LAYER_OUT=$PWD/out \
        bash "$BATS_TEST_DIRNAME/../../Sources/LiveImage/Scripts/make-iso.sh" free-test-1 'kldload live (test)' KLDLOAD
}

setup() {
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    checkout=$(realpath "$BATS_TEST_DIRNAME/../..")
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT DEPLOY_DIRECTORY NO_COLOR
    export DEPLOY_CACHE=$BATS_TEST_TMPDIR/cache
    cd "$BATS_TEST_TMPDIR" || return
    iso=$BATS_FILE_TMPDIR/out/kldload.iso
    printf '%s\n' KLDLOAD_DISK=/dev/vda KLDLOAD_PROFILE=core KLDLOAD_PASSWORD=hush > answers.env
    printf '#!/bin/sh\necho hello\n' > 50-hello
    chmod +x 50-hello
}

# seed WORD…: with the declaration of the checkout.
seed() { "$DEPLOY_BINARY" seed answers.env -C "$checkout" "$@"; }

# extract FILE FOLDER: all that lies on it.
extract() {
    xorriso -osirrox on -indev "$1" -extract / "$2" 2> /dev/null
    chmod -R u+rwX "$2"
}

# boots FILE: how it starts, without what names places.
boots() {
    xorriso -indev "$1" -report_el_torito plain -report_system_area plain 2> /dev/null \
        | sed -E '/Gap1|GPT.*:   3/d; s/( +[0-9]+)+$//; s/(ISO image size|GPT lba range|GPT start and size|MBR partition  ).*/\1/; s/GUID.*:/&/'
}

@test "answers and scripts lie where the live system looks, with their digests, for root's eyes" {
    run -0 --separate-stderr seed --into "$iso" -o out.iso --postinstall 50-hello
    [[ $stderr == *"out.iso"*"sha256 $(sha256sum < out.iso | cut -d' ' -f1)"* ]]
    [[ $stderr == *"installs by itself, with answers.env and 1 postinstaller"* ]]
    [[ $stderr == *"passwords lie on it in clear"* && $stderr != *hush* ]]
    [ "$(stat -c %a out.iso)" = 600 ]
    sha256sum -c out.iso.sha256
    extract out.iso files
    cmp answers.env files/kldload/answers/answers.conf
    cmp 50-hello files/kldload/answers/postinstall.d/50-hello
    [ -x files/kldload/answers/postinstall.d/50-hello ]
    (cd files/kldload/answers && sha256sum --strict -c sha256sums)
    xorriso -indev out.iso -lsl /kldload/answers -- 2> /dev/null > listing
    grep -qE '^-r-------- +1 0 +0 .*answers.conf' listing
}

@test "every other file is the same, and all that it starts by is there as it was" {
    seed --into "$iso" -o out.iso
    extract "$iso" before
    extract out.iso after
    rm -r after/kldload/answers before/kldload/answers
    # xorriso writes into these where they lie.
    rm {before,after}/boot/boot.cat {before,after}/boot/grub/bios.img
    diff -r before after
    diff <(cd before && find . -type f -printf '%p %m %T@\n' | sort) <(cd after && find . -type f -printf '%p %m %T@\n' | sort)
    diff <(boots "$iso") <(boots out.iso)
    [ "$(blkid -p -o value -s UUID out.iso)" = "$(blkid -p -o value -s UUID "$iso")" ]
    [ "$(blkid -p -o value -s PTUUID out.iso)" = "$(blkid -p -o value -s PTUUID "$iso")" ]
    [ "$(blkid -p -o value -s LABEL out.iso)" = KLDLOAD ]
}

@test "a BIOS finds its loader: the block address in it is that of the copy" {
    seed --into "$iso" -o out.iso
    place=$(xorriso -indev out.iso -report_el_torito plain 2> /dev/null | awk '/boot img :   1/ { print $NF }')
    # The boot information table at 8: the volume descriptor's block, then that of the image itself (mkisofs(8), EL TORITO).
    [ "$(od -An -tu4 -j $((place * 2048 + 8)) -N 8 out.iso | xargs)" = "16 $place" ]
    # GRUB's at 2548: in sectors of 512 bytes, and five more.
    [ "$(od -An -tu8 -j $((place * 2048 + 2548)) -N 8 out.iso | xargs)" = "$((place * 4 + 5))" ]
}

@test "the EFI system partition is where the table says" {
    seed --into "$iso" -o out.iso
    start=$(sgdisk -i 2 out.iso | awk '/First sector/ { print $3 }')
    cmp --bytes=2097152 --ignore-initial=$((start * 512)):0 out.iso "$BATS_FILE_TMPDIR/in/boot/efi.img"
}

@test "the same answers and image make the same copy, and a second one takes the place of the first" {
    seed --into "$iso" -o one.iso --postinstall 50-hello
    sleep 1.1
    touch answers.env 50-hello
    (umask 077 && TZ=Asia/Tokyo SOURCE_DATE_EPOCH=1 seed --into "$iso" -o two.iso --postinstall 50-hello)
    cmp one.iso two.iso
    sed -i s/hush/other/ answers.env
    seed --into one.iso -o two.iso
    seed --into "$iso" -o three.iso
    extract two.iso two
    extract three.iso three
    diff -r two three
    [ ! -e two/kldload/answers/postinstall.d ]
}

@test "what the image can't install is refused, with file and line" {
    printf '%s\n' KLDLOAD_DISK=/dev/vda KLDLOAD_PROFILE=server KLDLOAD_PASSWORD=x > answers.env
    run -2 --separate-stderr seed --into "$iso" -o out.iso
    [[ $stderr == *"answers.env:2"*server* ]]
    [ ! -e out.iso ]
}

@test "no file but a copy with answers is written over; the image itself is not" {
    cp "$iso" own.iso
    sha256sum own.iso answers.env > before
    run -2 --separate-stderr seed --into own.iso -o own.iso
    [[ $stderr == *"own.iso is there, and is no image with answers"* ]]
    run -2 --separate-stderr seed --into own.iso -o answers.env
    sha256sum -c before
}

@test "what is no image, or one whose live system does not look for answers, is refused" {
    run -2 --separate-stderr seed --into answers.env -o out.iso
    [[ $stderr == *"answers.env is no ISO image"* ]]
    mkdir tree
    echo x > tree/file
    xorriso -as mkisofs -quiet -r -o other.iso tree
    run -2 --separate-stderr seed --into other.iso -o out.iso
    [[ $stderr == *"other.iso is none that deploy built"* ]]
    mkdir tree/kldload
    echo x > tree/kldload/medium
    xorriso -as mkisofs -quiet -r -o old.iso tree
    run -2 --separate-stderr seed --into old.iso -o out.iso
    [[ $stderr == *"the live system of old.iso looks for no answers on its medium"* ]]
    [ ! -e out.iso ]
}

@test "a script that the installer would leave alone is refused, and options that do nothing" {
    echo x > 10-plain
    run -2 --separate-stderr seed --into "$iso" -o out.iso --postinstall 10-plain
    [[ $stderr == *"would leave 10-plain alone: it is not executable"*"chmod +x 10-plain"* ]]
    run -2 --separate-stderr seed --into "$iso" -o out.iso --postinstall 50-hello --postinstall "$PWD/50-hello"
    [[ $stderr == *"two postinstallers are called 50-hello"* ]]
    run -2 --separate-stderr seed --into "$iso"
    [[ $stderr == *"--into needs -o"* ]]
    run -2 --separate-stderr seed --postinstall 50-hello
    [[ $stderr == *"--postinstall needs --into"* ]]
    [ ! -e out.iso ]
}

@test "without xorriso it says what to install, and leaves nothing behind" {
    mkdir bin
    for tool in bash env mktemp rm cat; do ln -s "$(type -P "$tool")" bin/; done
    PATH=$PWD/bin run -2 --separate-stderr "$DEPLOY_BINARY" seed answers.env -C "$checkout" --into "$iso" -o out.iso
    [[ $stderr == *"apt-get install xorriso"* ]]
    [ -z "$(find . -name '*out.iso*')" ]
}

@test "a copy that installs over whatever there is says so" {
    echo KLDLOAD_FORCE_WIPE=1 >> answers.env
    run -0 --separate-stderr seed --into "$iso" -o out.iso --json
    python3 -c '
import json, sys
answer = json.loads(sys.stdin.read().splitlines()[-1])
assert answer["postinstallers"] == [] and len(answer["sha256"]) == 64, answer' <<< "$output"
    run -0 --separate-stderr seed --into "$iso" -o out.iso
    [[ $stderr == *"KLDLOAD_FORCE_WIPE=1: each machine that starts from it loses"* ]]
}
