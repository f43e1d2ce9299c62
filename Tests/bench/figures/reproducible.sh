# shellcheck shell=bash disable=SC2154
# Every step once more, elsewhere and otherwise: another folder, umask, time zone and number of cores.
title 'The same lock built twice'
need_built_copy
copy again
link_store "$store" "$work/again-store"
private_podman
rm -rf -- "$work"/again-store/{records,podman}
(
    umask 077
    export DEPLOY_CACHE=$work/again-store TZ=Pacific/Kiritimati LC_ALL=C
    "$binary" full -C "$work/again" --jobs 1
) >"$work/again.log" 2>&1 || die "$(tail -n 20 "$work/again.log")"
"$bench/outputs" "$work/store/records" "$work/again-store/records"
unset CONTAINERS_STORAGE_CONF
