# shellcheck shell=bash disable=SC2154
# Every step once more, elsewhere and otherwise, by the command that people type.
title 'The same lock built twice'
need_built_copy
mkdir "$work/again"
private_podman
DEPLOY_CACHE=$work/store "$binary" reproduce -C "$work/copy" --in "$work/again" 2>"$work/again.log" || die "$(tail -n 20 "$work/again.log")"
unset CONTAINERS_STORAGE_CONF
sed -n 's/^varied: //p' "$work/again.log"
