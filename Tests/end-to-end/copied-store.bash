# shellcheck shell=bash
# For tests that make a distribution of their own beside what is built already.

# copied_store ROOT CHECKOUT: the store of ROOT, and its lock, for the tests of one file: by hard links where that is possible, so
# that what is built already need not be built here. Without a store there, or where links can't be made, an empty one.
copied_store() {
    local root=$1 checkout=$2 store
    store=${DEPLOY_CACHE:-$root/live-build/cache}
    export DEPLOY_CACHE=$BATS_FILE_TMPDIR/store
    mkdir "$DEPLOY_CACHE"
    [[ -d $store/blobs && -e $root/deploy.lock ]] || return 0
    cp "$root/deploy.lock" "$checkout/"
    # Without its marker, a folder that is not empty is no store to deploy.
    cp -al "$store/blobs" "$DEPLOY_CACHE/" 2> /dev/null && cp -a "$store"/{kldload-store,records,stat-cache,podman} "$DEPLOY_CACHE/" && return 0
    chmod -R u+w "$DEPLOY_CACHE" && rm -rf "$DEPLOY_CACHE" && mkdir "$DEPLOY_CACHE"
}
