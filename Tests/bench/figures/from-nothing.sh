# shellcheck shell=bash disable=SC2154
# Everything: resolution, downloads, live root, module, mirror, image; podman starts with an empty storage, too.
title "From nothing to an ISO on $(nproc) cores (less than 10 minutes)"
copy new
rm -- "$work/new/deploy.lock"
mkdir "$work/new-store"
private_podman
export DEPLOY_CACHE=$work/new-store
"$binary" graph -C "$work/new" --format dot >"$work/graph" 2>/dev/null || die 'deploy graph failed'
rm -rf -- "$DEPLOY_CACHE" # which holds the indexes now
timeline --resources --graph "$work/graph" -- "$binary" build -C "$work/new" --json
unset DEPLOY_CACHE CONTAINERS_STORAGE_CONF
rm -rf -- "$work/new" "$work/new-store"
