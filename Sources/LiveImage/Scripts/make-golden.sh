#!/bin/bash
# Makes an image of a golden disk.
#
#   bash make-golden.sh FORMAT PREFIX
#
# In    /in/disk.qcow2         the disk
#       /in/image-formats.sh   what knows FORMAT
#       SOURCE_DATE_EPOCH
#       LAYER_IN, LAYER_OUT  other folders than /in and /out, for tests
# Out   /out/image             where it says its own name inside, that is PREFIX, a dash and seven digits of the disk's digest
#
# The same disk, name and date give the same bytes.
set -euo pipefail
shopt -s inherit_errexit

format=$1 prefix=$2
in=${LAYER_IN:-/in} out=${LAYER_OUT:-/out}
digest=$(sha256sum "$in/disk.qcow2")
# /tmp is memory; a disk has no place there.
mkdir "$out/work"
qemu-img convert -f qcow2 -O raw "$in/disk.qcow2" "$out/work/disk.raw"
image=$(bash "$in/image-formats.sh" "$out/work/disk.raw" "$format" "$out/work" "$prefix-${digest:0:7}")
mv "$image" "$out/image"
rm -r "$out/work"
echo "summary: $(du --human-readable "$out/image" | cut -f 1) on the disk"
