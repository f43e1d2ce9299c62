#!/bin/bash
# Makes a medium that nothing starts from: an ISO 9660 file system with Rock Ridge names, which lies on a stick or in a file as it is.
#
#   bash make-medium.sh LABEL
#
# In    /in/root         what lies on it
#       SOURCE_DATE_EPOCH
# Out   /out/medium.img
#
# The same files, label and date give the same bytes.
set -euo pipefail
shopt -s inherit_errexit

label=$1
export LC_ALL=C.UTF-8 TZ=UTC
stamp=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S00)
xorriso -as mkisofs -quiet -rational-rock -iso-level 3 -volid "$label" -full-iso9660-filenames -disable-deep-relocation \
    --modification-date="$stamp" --set_all_file_dates "$stamp" -o /out/medium.img -graft-points "/=/in/root"
