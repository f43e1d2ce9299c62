#!/usr/bin/env bats
# A raw disk as an image of other formats, by the real qemu-img, and read by others: qemu-img, tar, Python's struct, and COT, a tool for OVF
# from the Python Package Index.
# shellcheck disable=SC2016,SC2154  # scripts of fakes; variables of bats
bats_require_minimum_version 1.5.0

setup_file() {
    python3 -m venv "$BATS_FILE_TMPDIR/venv"
    "$BATS_FILE_TMPDIR/venv/bin/pip" install --quiet --disable-pip-version-check cot==2.2.1 'setuptools<81' 1>&2
    # Something, nothing that was written, nothing that was not, something; and half a MiB beyond the last whole one.
    cd "$BATS_FILE_TMPDIR" || return
    head -c 3M /dev/urandom > disk.raw
    head -c 2M /dev/zero >> disk.raw
    truncate --size=40M disk.raw
    printf 'the end' | dd of=disk.raw oflag=seek_bytes seek=$((40 * 1048576 - 512)) conv=notrunc status=none
    truncate --size=+524288 disk.raw
}

setup() {
    formats=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools/usr/lib/kldload/image-formats.sh
    disk=$BATS_FILE_TMPDIR/disk.raw
    cd "$BATS_TEST_TMPDIR" || return
    mkdir out
}

# make FORMAT [DISK]: the image's path is in $output, and nothing else is in the folder.
make() {
    run -0 --separate-stderr "$formats" "${2:-$disk}" "$1" out golden-1.0
    [[ -f $output && $(find out -mindepth 1) == "$output" ]]
}

@test "an image is for its owner alone, and appears under its name; a second one takes its place" {
    for format in qcow2 raw vhd vmdk ova gce; do
        make "$format"
        [[ $output == "out/golden-1.0.${format/gce/tar.gz}" && $(stat --format=%a "$output") == 600 ]]
        make "$format"
        rm "$output"
    done
}

@test "qcow2 is compressed by what old QEMU opens, and has what the disk has" {
    make qcow2
    qemu-img check "$output"
    qemu-img compare -f raw -F qcow2 "$disk" "$output"
    [[ $(qemu-img info --output=json "$output" | jq -r '."format-specific".data."compression-type"') == zlib ]]
    head -c 4M /dev/zero | tr '\0' x > even.raw
    make qcow2 even.raw
    (($(stat --format=%s "$output") < 1 << 20))
}

@test "raw is the disk, without what is zero" {
    make raw
    cmp "$disk" "$output"
    (($(stat --format='%b * %B' "$output") < 4 << 20))
}

@test "a VHD is fixed, of whole MiB, with a footer that another reader finds right" {
    make vhd
    python3 - "$disk" "$output" << 'END'
import struct, sys

disk, image = (open(name, "rb").read() for name in sys.argv[1:])
content, footer = image[:-512], image[-512:]
assert content == disk + bytes(524288), "the content is not the disk"
cookie, features, version, offset, time, creator, _, host, original, current, cylinders, heads, sectors, kind, checksum, uuid, saved = \
    struct.unpack(">8sIIQI4sI4sQQHBBII16sB", footer[:85])
assert (cookie, version, offset, kind, saved) == (b"conectix", 0x10000, 2**64 - 1, 2, 0), footer[:85]
assert original == current == len(content) and len(content) % 2**20 == 0, (original, current, len(content))
assert checksum == ~(sum(footer) - sum(footer[64:68])) & 0xFFFFFFFF, hex(checksum)
assert time == 0 and len(set(uuid)) > 4, (time, uuid)
# QEMU and others take the size from the geometry, except from these creators.
assert creator in (b"win ", b"qem2"), creator
END
    qemu-img info -f vpc "$output"
    SOURCE_DATE_EPOCH=1795996800 make vhd
    [[ $(tail -c 512 "$output" | od -An -tx1 -j 24 -N 4 | tr -d ' ') == $(printf %08x $((1795996800 - 946684800))) ]]
}

@test "a VMDK is streamOptimized, and is what the disk is" {
    make vmdk
    qemu-img check "$output"
    qemu-img compare -f raw -F vmdk "$disk" "$output"
    qemu-img info --output=json "$output" | jq -e '."format-specific".data | ."create-type" == "streamOptimized" and .cid > 0'
    [[ $(grep -a '^RW ' "$output") == *'SPARSE "golden-1.0.vmdk"'* ]] # not the name of a passing file
}

@test "an OVA has descriptor, manifest and disk in this order, with digests that are right" {
    make ova
    [[ $(tar --list --file="$output") == golden-1.0.ovf$'\n'golden-1.0.mf$'\n'golden-1.0.vmdk ]]
    tar --extract --file="$output"
    sed -E 's/^SHA256\((.*)\)= (.*)$/\2  \1/' golden-1.0.mf > sums
    [[ $(wc -l < sums) == 2 ]]
    sha256sum --check --strict sums
    qemu-img compare -f raw -F vmdk "$disk" golden-1.0.vmdk
}

@test "a reader of OVF that is not ours finds a machine with EFI, a disk, and a network card" {
    make ova
    run -0 --separate-stderr "$BATS_FILE_TMPDIR/venv/bin/cot" info "$output"
    [[ $output == *'golden-1.0.vmdk '*'40.5 MiB harddisk @ SATA 0:0'* && $output == *'System types: '*vmx-13* ]]
    [[ $output =~ 'Ethernet device types:'\ +E1000 && $output =~ 'None (default)'\ +2\ +'4 GiB'\ +1\ +0\ +'1 /'\ +'40.5 MiB' ]]
    [[ $stderr != *'golden-1.0.ovf'*'not valid'* ]]
    tar --extract --file=out/golden-1.0.ova golden-1.0.ovf
    xmllint --noout golden-1.0.ovf
    [[ $(xmllint --xpath "string(//*[local-name()='Config'][@*[local-name()='key']='firmware']/@*[local-name()='value'])" golden-1.0.ovf) == efi ]]
    # The standard orders what describes a device by its name.
    for number in 1 2 3 4 5; do
        xmllint --xpath "//*[local-name()='Item'][*[local-name()='InstanceID']=$number]/*" golden-1.0.ovf | grep -o '^ *<rasd:[A-Za-z]*' > names
        [[ -s names ]]
        LC_ALL=C sort --check names
    done
}

@test "for Google it is disk.raw, of whole GiB, in an archive of old GNU tar" {
    make gce
    gzip --test "$output"
    [[ $(tar --list --verbose --file="$output") =~ ^-rw-r--r--\ 0/0\ +1073741824\ .*\ disk\.raw$ ]]
    tar --extract --file="$output"
    gzip --decompress "$output"
    [[ $(od -An -c -j 257 -N 8 "${output%.gz}" | tr -d ' ') == 'ustar\0' ]]
    cmp --bytes=42467328 "$disk" disk.raw
    (($(stat --format=%s "${output%.gz}") < 4 << 20)) # what is zero is not in it even before it is compressed
}

@test "the same disk gives the same bytes, whatever its holes and the time; another one is told apart" {
    cp --sparse=never "$disk" full.raw
    cp "$disk" other.raw
    printf 'another one' | dd of=other.raw conv=notrunc status=none
    for format in qcow2 raw vhd vmdk ova gce; do
        make "$format"
        one=$(sha256sum < "$output")
        make "$format" full.raw
        [[ $(sha256sum < "$output") == "$one" ]] || { echo "$format is not the same" && false; }
        make "$format" other.raw
        [[ $(sha256sum < "$output") != "$one" ]]
        rm "$output"
    done
}

@test "the build host makes an image of its own intermediate, called after that" {
    qemu-img convert -f raw -O qcow2 "$disk" disk.qcow2
    mkdir in
    mv disk.qcow2 in/
    cp "$formats" in/
    LAYER_IN=$PWD/in LAYER_OUT=$PWD/out SOURCE_DATE_EPOCH=1795996800 \
        run -0 bash "$BATS_TEST_DIRNAME/../../Sources/LiveImage/Scripts/make-golden.sh" ova golden-debian-core-v20261130
    [[ $output == 'summary: '*' on the disk' && $(find out -mindepth 1) == out/image ]]
    digest=$(sha256sum in/disk.qcow2)
    [[ $(tar --list --file=out/image) == *"golden-debian-core-v20261130-${digest:0:7}.vmdk" ]]
    tar --extract --file=out/image
    qemu-img compare -f raw -F vmdk "$disk" "golden-debian-core-v20261130-${digest:0:7}.vmdk"
}

@test "where the room runs out, the program's words are told, and nothing is left" {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount"
    mount -t tmpfs -o size=1m made "$PWD/out"
    for format in qcow2 raw vhd vmdk ova gce; do # qemu-img's own words for it are not the same for each of them
        run "$formats" "$disk" "$format" out golden
        left=$(find out -mindepth 1)
        [[ $status == 1 && -z $left && $output == *"golden.${format/gce/tar.gz}: "*writing*'out has 1.0M free'* ]] \
            || { echo "$format: $status, $left" && umount out && false; }
    done
    umount out
}

@test "interrupted, it leaves nothing" {
    mkdir bin
    printf '%s\n' '#!/bin/bash' 'for last; do :; done' 'head -c 1M /dev/zero > "$last"' ': > started' 'exec sleep 60' > bin/qemu-img
    chmod +x bin/qemu-img
    for signal in INT TERM HUP; do
        rm -f started
        # A shell without job control starts what is in the background with INT ignored, and that can't be undone.
        PATH=$PWD/bin:$PATH python3 -c '
import os, signal, subprocess, sys, time
child = subprocess.Popen(sys.argv[2:], process_group=0, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
while not os.path.exists("started"): time.sleep(0.02)
os.killpg(child.pid, getattr(signal, "SIG" + sys.argv[1]))
sys.exit(child.wait() == 0)' "$signal" "$formats" "$disk" qcow2 out golden
        [[ -z $(find out -mindepth 1) ]]
    done
}

@test "what it was called with is judged before anything is written" {
    run -2 "$formats" "$disk" qcow2 out
    [[ $output == *'four arguments, not 3'* ]]
    run -2 "$formats" "$disk" vdi out golden
    [[ $output == *'vdi: no such format'* ]]
    for name in ../up 'a"b' -n .hidden ''; do
        run -2 "$formats" "$disk" raw out "$name"
        [[ $output == *'a name has letters'* ]]
    done
    run -1 "$formats" missing.raw raw out golden
    [[ $output == *'missing.raw: there is no such disk'* ]]
    run -1 "$formats" "$disk" raw nowhere golden
    [[ $output == *'nowhere: there is no such folder'* ]]
    SOURCE_DATE_EPOCH=today run -2 "$formats" "$disk" raw out golden
    [[ $output == *"'today' is no number of seconds"* ]]
    PATH=$PWD/none:/usr/sbin run -1 /bin/bash "$formats" "$disk" qcow2 out golden
    [[ $output == *'qemu-img is not installed'*qemu-utils* ]]
    [[ -z $(find out -mindepth 1) ]]
}
