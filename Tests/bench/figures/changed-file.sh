# shellcheck shell=bash disable=SC2154
# Another text in one file of the overlay: a small layer and the image are written, the live root is left alone.
title 'A changed file in includes.chroot'
need_built_copy
includes=$work/copy/live-build/config/includes.chroot
mkdir -p -- "$includes/usr/share/bench"
export DEPLOY_CACHE=$work/store
timeline --rounds "$(rounds 3)" --prepare "date +%s%N >$includes/usr/share/bench/changed" \
    --forbidden '^live/(root|squashfs)$|^builder/|/(packages|mirror|gate|darksite|slice-.*|install-.*|zfs-module)$' -- \
    "$binary" build -C "$work/copy" --json
unset DEPLOY_CACHE
