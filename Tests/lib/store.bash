# shellcheck shell=bash
# For tests and measurements that begin with what is built already, and leave it as it is.

# link_store STORE FOLDER: FOLDER becomes a store that has its blobs from STORE by hard links, and the rest as copies. Fails where links
# can't be made.
link_store() {
    local store=$1 folder=$2 part
    mkdir -p -- "$folder" || return
    cp -al -- "$store/blobs" "$folder/" || return
    # Without its marker, a folder that is not empty is no store to deploy.
    for part in kldload-store records stat-cache podman; do
        if [[ -e $store/$part ]]; then cp -a -- "$store/$part" "$folder/" || return; fi
    done
}

# copied_store ROOT CHECKOUT: for the tests of one file of bats, the store of ROOT, and its lock, so that what is built already need not
# be built here. Without a store there, or where links can't be made, an empty one.
copied_store() {
    local root=$1 checkout=$2 store
    store=${DEPLOY_CACHE:-$root/live-build/cache}
    export DEPLOY_CACHE=$BATS_FILE_TMPDIR/store
    mkdir "$DEPLOY_CACHE"
    [[ -d $store/blobs && -e $root/deploy.lock ]] || return 0
    cp "$root/deploy.lock" "$checkout/"
    if ! link_store "$store" "$DEPLOY_CACHE" 2> /dev/null; then # it is on another file system, as a rule
        unlock_store
        rm -rf "$DEPLOY_CACHE"
        mkdir "$DEPLOY_CACHE"
    fi
}

# unlock_store: has its folders removed by whoever is not root. Its files are those of the other store, too, and stay read-only.
unlock_store() { find "$BATS_FILE_TMPDIR/store" -type d ! -perm -u+w -exec chmod u+w {} +; }
