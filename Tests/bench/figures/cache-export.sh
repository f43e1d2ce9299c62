# shellcheck shell=bash disable=SC2154
# What a lock needs as one file, on the disk when the command ends: beside cat and sync of the same bytes.
title 'cache export (at the speed of the disk)'
need_built_copy
export_cache="env DEPLOY_CACHE=$work/store $binary cache export -C $work/copy"
$export_cache "$work/cache.tar.zst" >"$work/export.log" 2>&1 || die "$(tail -n 20 "$work/export.log")"
cat -- "$work/cache.tar.zst" >/dev/null
measure --rounds "$(rounds 7)" --warmups 1 \
    'cat and sync' "rm -f $work/copied && sync" "cat $work/cache.tar.zst >$work/copied && sync $work/copied" \
    'deploy cache export' "rm -f $work/exported && sync" "$export_cache $work/exported"
rm -f -- "$work"/{cache.tar.zst,copied,exported}
