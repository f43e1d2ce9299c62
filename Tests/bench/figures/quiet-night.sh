# shellcheck shell=bash disable=SC2086,SC2154
# A night in which nothing moved: with the archives in a folder, so that no time is the network's; and from where they are.
title 'A night in which nothing moved (under 3 s beside the fetch of the Release files)'
need_built_copy
need_mirror
mirrors=$(awk '$1 == "snapshot" { print toupper($2) }' "$root/deploy.lock" | sort -u | tr -- - _)
night="$binary nightly --no-test --publish $work/published -C $work/copy"
near="env DEPLOY_CACHE=$work/store"
for name in $mirrors; do near+=" DEPLOY_MIRROR_$name=$work/mirror/$(tr _ - <<<"${name,,}")"; done
$near $night >"$work/night.log" 2>&1 || die "$(tail -n 20 "$work/night.log")"
measure --rounds "$(rounds 7)" --warmups 1 \
    'deploy nightly, the archives in a folder' '' "$near $night" \
    'deploy nightly, the archives as they are declared' '' "env DEPLOY_CACHE=$work/store $night"
