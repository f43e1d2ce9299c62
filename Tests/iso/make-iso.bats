#!/usr/bin/env bats
# The ISO as make-iso.sh lays it out, by the real xorriso: where firmware, other boot loaders and a serial console look.
bats_require_minimum_version 1.5.0

# make_iso ID TITLE LABEL: of the folders in LAYER_IN, into LAYER_OUT.
make_iso() { SOURCE_DATE_EPOCH=1700000000 bash "$BATS_TEST_DIRNAME/../../Sources/LiveImage/Scripts/make-iso.sh" "$@"; }

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    mkdir -p in/boot in/root/live out loader/EFI/BOOT
    echo 'the loader' > loader/EFI/BOOT/BOOTX64.EFI
    truncate --size=2M in/boot/efi.img
    mkfs.vfat --invariant in/boot/efi.img
    mcopy -s -i in/boot/efi.img loader/EFI ::
    head -c 4096 /dev/zero > in/boot/bios.img
    head -c 512 /dev/zero > in/boot/mbr.img
    echo kernel > in/root/live/vmlinuz
    export LAYER_IN=$PWD/in LAYER_OUT=$PWD/out
    make_iso free-test-1 'kldload live (test)' KLDLOAD
    xorriso -osirrox on -indev out/kldload.iso -extract / iso 2> /dev/null
    chmod -R u+w iso
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
    export LAYER_IN=$PWD/in LAYER_OUT=$PWD/out
}

@test "the boot loader is in the ISO's own tree, the same as in its EFI system partition" {
    cmp iso/EFI/BOOT/BOOTX64.EFI loader/EFI/BOOT/BOOTX64.EFI
}

@test "an ISO that another GRUB starts from a file is found by its kernel" {
    grep -qx 'configfile /boot/grub/grub.cfg' iso/boot/grub/loopback.cfg
    grep -qx 'if \[ -n "$iso_path" \]; then' iso/boot/grub/grub.cfg
    grep -q 'set common="$common findiso=$iso_path"' iso/boot/grub/grub.cfg
}

@test "menu and system are on screen and serial port, and on either port alone" {
    grep -q 'terminal_output console serial' iso/boot/grub/grub.cfg
    grep -q 'set consoles="console=tty0 console=ttyS0,115200n8"' iso/boot/grub/grub.cfg
    grep -q '    boot_live console=ttyS0,115200n8' iso/boot/grub/grub.cfg
    grep -q '    boot_live console=ttyS1,115200n8' iso/boot/grub/grub.cfg
}

@test "the volume of the image is called as it is told, and nothing on it looks for that name" {
    out=$BATS_TEST_TMPDIR
    LAYER_OUT=$out make_iso 1234 'kldload live' ACME_LIVE
    [[ $(blkid --probe --output value --match-tag LABEL "$out/kldload.iso") == ACME_LIVE ]]
    run -0 xorriso -osirrox on -indev "$out/kldload.iso" -extract / "$out/files"
    run -1 grep -r ACME_LIVE "$out/files"
    [[ -e $out/files/boot/grub/grub.cfg && -e $out/files/.disk/kldload-1234.id ]]
}

@test "the same bytes come of the same inputs" {
    first=$(sha256sum < out/kldload.iso)
    rm out/kldload.iso
    make_iso free-test-1 'kldload live (test)' KLDLOAD
    [ "$(sha256sum < out/kldload.iso)" = "$first" ]
}

# xorriso keeps links of one file once, and two files that are alike twice: a store on a file system without links made another ISO.
@test "the bytes do not tell whether files that are alike were links of one file" {
    for inputs in links copies; do
        cp -a in "$BATS_TEST_TMPDIR/$inputs"
        folder="$BATS_TEST_TMPDIR/$inputs/root/a=b, c\\d"
        mkdir "$folder"
        head -c 9000 /dev/zero | tr '\0' x > "$folder/one"
        head -c 9000 /dev/zero | tr '\0' y > "$folder/of its size"
        touch "$folder/empty" "$folder/empty as well"
    done
    ln "$BATS_TEST_TMPDIR/links/root/a=b, c\\d/one" "$BATS_TEST_TMPDIR/links/root/a=b, c\\d/two = one"
    cp "$BATS_TEST_TMPDIR/copies/root/a=b, c\\d/one" "$BATS_TEST_TMPDIR/copies/root/a=b, c\\d/two = one"
    for inputs in links copies; do
        mkdir "$BATS_TEST_TMPDIR/$inputs.out"
        LAYER_IN=$BATS_TEST_TMPDIR/$inputs LAYER_OUT=$BATS_TEST_TMPDIR/$inputs.out make_iso free-test-1 'kldload live (test)' KLDLOAD
    done
    cmp "$BATS_TEST_TMPDIR"/{links,copies}.out/kldload.iso
    xorriso -osirrox on -indev "$BATS_TEST_TMPDIR/copies.out/kldload.iso" -extract / "$BATS_TEST_TMPDIR/iso" 2> /dev/null
    diff -r "$BATS_TEST_TMPDIR/copies/root" "$BATS_TEST_TMPDIR/iso" | grep -v '^Only in .*/iso' > "$BATS_TEST_TMPDIR/differences" || : # none, as it should be
    [[ ! -s $BATS_TEST_TMPDIR/differences ]]
}
