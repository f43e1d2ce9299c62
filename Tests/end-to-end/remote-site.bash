# shellcheck shell=bash
# shellcheck disable=SC1091,SC2154 # those files are looked into by themselves; made-site sets site and port
# For bats: checkouts of the made archive that share a cache of the Remote Execution API. What is built is what needs no container: four
# steps, whose results are small files and one of three megabytes.

load made-site.bash
. "$BATS_TEST_DIRNAME/../remote/servers.sh"

# The steps that are asked for; what only these read is not fetched where they are found.
targets=(debian/mirror live/packages)

# To be called by setup_file: the made site, and beside it what a build without a cache comes to: $site/came-to, $site/deploy.lock.
serve_remote_site() {
    serve_made_site
    unset DEPLOY_REMOTE DEPLOY_REMOTE_TOKEN
    export REMOTE_SERVERS=$BATS_FILE_TMPDIR/servers
    mkdir "$REMOTE_SERVERS"
    remote_tools || skip 'BuildBox and BuildGrid can not be fetched here'
    enter_checkout "$BATS_FILE_TMPDIR" alone
    deploy build "${targets[@]}" > "$BATS_FILE_TMPDIR/alone.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/alone.log" >&2 && return 1; }
    cp deploy.lock "$site/"
    came_to > "$site/came-to"
    export expected=$site/came-to
    [[ $(grep -c ' output ' "$expected") == 4 ]]
}

# enter_checkout FOLDER NAME: makes FOLDER/NAME/checkout, locked, with an empty store and a mirror of its own, and goes there.
enter_checkout() {
    local name=${BATS_TEST_NUMBER:-0}-$2
    mkdir -p "$1/$2" || return
    ln -sfn made/first "$site/$name"
    ln -sf "$site/made/keyring.gpg" "$1/$2/"
    cp -a "$site/made/checkout" "$1/$2/checkout"
    if [[ -e $site/deploy.lock ]]; then cp "$site/deploy.lock" "$1/$2/checkout/"; fi
    cd "$1/$2/checkout" || return
    export DEPLOY_MIRROR_MADE=http://127.0.0.1:$port/$name
    requests=$site/$name.requests
}

# declare_cache ADDRESS [LINE…]: deploy.yaml names this cache
declare_cache() {
    printf 'remote:\n  address: %s\n' "$1" >> deploy.yaml
    shift
    if (($#)); then printf '  %s\n' "$@" >> deploy.yaml; fi
}

# build [OPTION…]: what is asked for; events has what it said as JSON, said what else.
build() { deploy build --json "${targets[@]}" "$@" > events 2> said; }

# Of the last build: what became of each step; what was warned of about the cache, and said about it at the end.
outcomes() { jq -r 'select(.event == "finished") | "\(.step) \(if .remote then "remote" else .outcome end)"' events | sort; }
warnings() { jq -r 'select(.event == "warning" and (.text | startswith("the remote cache "))) | .text' events; }
summary() { jq -r 'select(.event == "notice" and (.text | startswith("remote cache: "))) | .text' events; }
all_are() { # OUTCOME: of all four steps, each once
    [[ $(outcomes) == "$(printf '%s\n' "debian/indexes $1" "debian/mirror $1" "debian/packages $1" "live/packages $1")" ]] \
        || { outcomes && warnings && cat said && return 1; }
}

# What was asked of the archive: indexes and packages; who signed it and when is looked at by every build that has not seen it.
downloads() { grep -s -v '^dists/trixie/InRelease$' "$requests" || :; }

# came_to: of every step on record in this checkout its key and what came out, by digest.
came_to() {
    local record
    for record in live-build/cache/records/by-key/*/*; do grep -E '^(step|key|output) ' "$record" | paste -sd' '; done | sort
}

# right: that this is what comes of it without a cache ($expected), and that the files that were asked for are here and have their digests.
right() {
    local store=live-build/cache digest
    diff "$expected" <(came_to) || return
    store_is_whole || return
    for digest in $(files_asked_for); do
        [[ -e $store/blobs/${digest:0:2}/$digest ]] || { echo "$digest is not there" && return 1; }
    done
}
files_asked_for() { # digests: of the two trees, and of the files in them
    local digest
    sed -nE 's#^step (debian/mirror|live/packages) .* output [a-z]+ tree ([0-9a-f]{64}) .*#\2#p' "$expected" | while read -r digest; do
        echo "$digest"
        tr '\0' '\n' < "live-build/cache/blobs/${digest:0:2}/$digest" | sed -nE 's/^f ([0-9a-f]{64}) .*/\1/p'
    done
}
store_is_whole() {
    find live-build/cache/blobs -type f -printf '%f  %p\n' > live-build/sums
    [[ ! -s live-build/sums ]] || sha256sum --quiet --strict --check live-build/sums
}
