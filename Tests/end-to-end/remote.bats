#!/usr/bin/env bats
# What several checkouts owe each other that share a cache of the Remote Execution API: what one makes, another has, with the same bytes and
# nothing downloaded. The servers are BuildBox's casd and BuildGrid; a client that is not ours reads what is put there. No container runs.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/remote.bats
# bats file_tags=network
# shellcheck disable=SC1091,SC2030,SC2031,SC2154 # servers.sh is looked into by itself; bats sets output and stderr, remote-site the rest

load remote-site.bash

setup_file() {
    serve_remote_site
    export keys=$BATS_FILE_TMPDIR/keys
    make_certificates "$keys"
    make_token "$keys/secret" 600 > "$keys/token"
    start_casd casd
    start_buildgrid grid --instance team --read-only visitors
    start_buildgrid closed --mtls "$keys" --tokens "$keys/secret" --instance team
    start_proxy watched grid
    casd=grpc://$(server_address casd) grid=grpc://$(server_address grid) closed=grpcs://$(server_address closed)
    watched=grpc://$(server_address watched)
    export casd grid closed watched
    # What the tests find there.
    for address in "$casd" "$watched/team"; do
        enter_checkout "$BATS_FILE_TMPDIR" "first-${address//[^0-9]/}"
        DEPLOY_REMOTE=$address build
        all_are ran && right
        [[ $(summary) == 'remote cache: 0 of 4 results, 3.'*' MB went there' ]]
        [[ -n $(downloads) && -z $(warnings) ]]
    done
    # Which actions they are, the proxy has heard.
    calls watched UpdateActionResult | jq -r .about > "$BATS_FILE_TMPDIR/actions"
    [[ $(sort -u "$BATS_FILE_TMPDIR/actions" | wc -l) == 4 ]]
}

setup() { enter_checkout "$BATS_TEST_TMPDIR" second; }

teardown_file() { stop_servers; }

# login FILE…: the certificates and the token become part of this checkout, and deploy.yaml names them
login() {
    mkdir cache
    cp "$keys"/*.pem "$keys"/client.key "$keys/token" cache/
    declare_cache "$@"
}

@test "what one checkout makes, another has: with the same bytes, and nothing is downloaded" {
    local address
    for address in "$casd" "$grid/team"; do
        rm -rf live-build
        DEPLOY_REMOTE=$address build
        all_are remote
        right
        [[ -z $(downloads) && -z $(warnings) && ! -s said ]]
        [[ $(summary) == 'remote cache: 4 of 4 results, 3.'*' MB came from it' ]]
    done
    # From then on it is here, and nobody is asked.
    forget_calls watched
    DEPLOY_REMOTE=$watched/team build
    [[ $(outcomes) == *'debian/mirror remote'* && -n $(calls watched GetActionResult) ]] # from another cache, it is another's word
    forget_calls watched
    DEPLOY_REMOTE=$watched/team build
    all_are cached
    [[ -z $(calls watched) && -z $(summary) ]]
}

@test "what comes packed is unpacked; what was damaged on the way, or broke off, does no harm" {
    start_proxy packing casd --zstd
    export DEPLOY_REMOTE
    DEPLOY_REMOTE=grpc://$(server_address packing)
    build
    all_are remote
    right
    [[ $(calls packing Read | jq -r .about) == compressed-blobs/zstd/*/30* && -z $(warnings) ]]
    # The rest of what broke off comes as it is.
    rm -rf live-build
    forget_calls packing
    misbehave packing '{"method": "Read", "times": 1, "after_bytes": 1000000, "status": "UNAVAILABLE"}'
    build
    all_are remote
    right
    [[ -z $(warnings) && $(calls packing Read | jq -r .about | sed 's#/.*##' | sort | uniq) == $'blobs\ncompressed-blobs' ]]
    for change in flip half more none; do
        rm -rf live-build
        misbehave packing "{\"method\": \"Read\", \"data\": \"$change\"}"
        build
        right
        [[ $(warnings | wc -l) == 1 ]] || { warnings && return 1; }
    done
}

@test "what nobody needs here does not come" {
    DEPLOY_REMOTE=$casd deploy build --json debian/mirror > events
    [[ $(outcomes) == "$(printf '%s\n' 'debian/indexes remote' 'debian/mirror remote' 'debian/packages remote')" ]]
    [[ $(summary) == 'remote cache: 3 of 3 results, 20'*' kB came from it' ]]
    # Of what the mirror is made of, not even the list of the files.
    local list
    list=$(sed -nE 's#^step debian/packages .* tree ([0-9a-f]{64}) .*#\1#p' "$site/came-to")
    [[ -n $list && ! -e live-build/cache/blobs/${list:0:2}/$list ]]
}

@test "whoever the second user is, and wherever the folder" {
    [[ $(id -u) == 0 ]] || skip 'only root can become somebody else'
    # The folder of bats is for its own user alone.
    local place
    place=$(mktemp -d /tmp/remote-user-XXXXXX)
    chmod 755 "$place"
    cp -a . "$place/checkout"
    cp "$site/made/keyring.gpg" "$place/"
    cp "$DEPLOY_BINARY" "$place/deploy"
    chown -R nobody "$place/checkout"
    cd "$place/checkout"
    setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$place/checkout" DEPLOY_KEY="$place/checkout/key" DEPLOY_REMOTE="$casd" \
        "$place/deploy" build --json "${targets[@]}" > events 2> said
    all_are remote
    right
    [[ -z $(downloads) && $(stat -c %U live-build/cache/records) == nobody ]]
    cd / && rm -rf "$place"
}

@test "over TLS, by an authority, a certificate and a token that deploy.yaml names" {
    login "$closed/team" 'authority: cache/ca.pem' 'certificate: cache/client.pem' 'key: cache/client.key' 'token: cache/token'
    build
    all_are ran
    [[ $(summary) == *'went there' && -z $(warnings) ]]
    rm -rf live-build
    build
    all_are remote
    right
}

@test "a token of the environment serves as well, for the cache that the environment names" {
    start_buildgrid tokens --tls "$keys" --tokens "$keys/secret" --instance team
    login "grpcs://$(server_address tokens)/team" 'authority: cache/ca.pem'
    export DEPLOY_REMOTE_TOKEN
    DEPLOY_REMOTE_TOKEN=$(< "$keys/token")
    DEPLOY_REMOTE=grpcs://$(server_address tokens)/team build
    all_are ran
    [[ $(summary) == *'went there' && -z $(warnings) ]]
    rm -rf live-build
    build --remote "grpcs://$(server_address tokens)/team"
    all_are remote
    right
}

@test "an edit in one checkout is a hit in the other" {
    DEPLOY_REMOTE=$casd build
    enter_checkout "$BATS_TEST_TMPDIR" third
    DEPLOY_REMOTE=$casd build
    all_are remote
    echo zsh >> package-sets/debian/core.txt
    DEPLOY_REMOTE=$casd build
    [[ $(outcomes) == "$(printf '%s\n' 'debian/indexes cached' 'debian/mirror ran' 'debian/packages ran' 'live/packages cached')" ]]
    local here
    here=$(came_to)
    # Both come by git.
    cp package-sets/debian/core.txt ../../second/checkout/package-sets/debian/
    cp deploy.lock ../../second/checkout/
    cd ../../second/checkout
    rm -f "$site"/*-second.requests
    DEPLOY_REMOTE=$casd build
    [[ $(outcomes) == "$(printf '%s\n' 'debian/indexes cached' 'debian/mirror remote' 'debian/packages remote' 'live/packages cached')" ]]
    [[ $(came_to) == "$here" ]]
    [[ -z $(grep -s '^pool/' "$site/$BATS_TEST_NUMBER-second.requests" || :) ]]
    store_is_whole
}

@test "an archive that has moved on is not needed for what is locked" {
    # It has another signed state, and neither the old one nor its packages.
    local mirror=$site/$BATS_TEST_NUMBER-second
    rm "$mirror"
    cp -a "$site/made/second" "$mirror"
    rm -r "$mirror/pool" "$mirror/dists/trixie/main"
    DEPLOY_REMOTE=$casd build || { cat said && false; }
    all_are remote
    right
}

@test "read-only, by a flag or by deploy.yaml, puts nothing there, and has nothing to say about it" {
    forget_calls watched
    echo zsh >> package-sets/debian/core.txt
    build --remote "$watched/team" --remote-readonly
    [[ $(outcomes) == *'debian/packages ran'*'live/packages remote'* && -z $(warnings) ]]
    rm -rf live-build
    declare_cache "$watched/team" 'readonly: true'
    build
    [[ $(outcomes) == *'debian/packages ran'*'live/packages remote'* && -z $(warnings) ]]
    [[ $(calls watched GetActionResult) ]]
    [[ -z $(calls watched Write)$(calls watched BatchUpdateBlobs)$(calls watched UpdateActionResult) ]]
}

@test "a server that takes no results is spared their blobs, and that is said once" {
    forget_calls watched
    echo zsh >> package-sets/debian/core.txt
    DEPLOY_REMOTE=$watched/visitors build
    [[ $(outcomes) == *'debian/packages ran'*'live/packages remote'* ]]
    [[ $(warnings) == "the remote cache $watched/visitors: it takes no results"*'; what this build makes stays here' ]] || { warnings && false; }
    [[ -z $(calls watched Write)$(calls watched BatchUpdateBlobs)$(calls watched UpdateActionResult) ]]
}

@test "another client reads what is there: whole, canonical, and with the bytes that are here" {
    DEPLOY_REMOTE=$grid/team build
    local action digest
    # BuildGrid gives no result whose blobs are not there; the client looks at every blob and message itself.
    while read -r action; do
        reapi "$grid/team" result "$action" > "result-${action%/*}"
        reapi "$grid/team" action "$action" > "action-${action%/*}"
        for digest in $(jq -r '.output_directories[].tree_digest | "\(.hash)/\(.size_bytes)"' "result-${action%/*}"); do
            reapi "$grid/team" tree "$digest" > /dev/null
        done
    done < "$BATS_FILE_TMPDIR/actions"
    # Which of them makes the mirror is in its command.
    action=$(grep -l '"apt mirror"' action-*)
    jq -se '.[0].command.arguments | length > 0' <(sed '/^}$/q' "$action") > /dev/null
    digest=${action#action-}
    reapi "$grid/team" outputs "$(grep "^$digest" "$BATS_FILE_TMPDIR/actions")" outputs
    (cd outputs/out/mirror && find . -type f -printf '%P\n' | sort | xargs sha256sum) > theirs
    digest=$(sed -nE 's#^step debian/mirror .* tree ([0-9a-f]{64}) .*#\1#p' "$site/came-to")
    tr '\0' '\n' < "live-build/cache/blobs/${digest:0:2}/$digest" | sed -nE 's/^f ([0-9a-f]{64}) [0-9]+ (.*)/\1  \2/p' | sort -k2 > ours
    [[ $(wc -l < ours) -gt 10 ]]
    diff ours theirs
}

@test "status and explain say how much is there, and what came from where" {
    run -0 --separate-stderr deploy remote status --remote "$casd"
    [[ $output == *'answers in '*'upload '*'/s'*'download '*'this image '*'4 of '*' results are there, 3.'*' MB'* ]] || { echo "$output" && false; }
    [[ $output == *'0 of 0 results that were not here, in 0 builds' ]]
    DEPLOY_REMOTE=$casd build
    run -0 --separate-stderr deploy remote status --remote "$casd"
    [[ $output == *'4 of 4 results that were not here, in 1 build' ]] || { echo "$output" && false; }
    DEPLOY_REMOTE=$casd run -0 --separate-stderr deploy explain debian/mirror
    [[ $output == *' elsewhere, and came from '"$casd: it was the first run on record" ]] || { echo "$output" && false; }
    DEPLOY_REMOTE=$casd run -0 --separate-stderr deploy explain debian/mirror --json
    jq -e --arg cache "$casd" '.explanations[0] | .remote and .source == $cache' <<< "$output"
    run -0 --separate-stderr deploy explain debian/mirror
    [[ $output == *"root cause: its result came from $casd, which is not named now" ]] || { echo "$output" && false; }
    run -0 --separate-stderr deploy log latest
    [[ $output == *'debian/mirror '*' from the remote cache'* ]]
}

@test "four checkouts at once on one empty cache come to the same" {
    start_casd crowd
    local name pids=()
    for name in one two three four; do
        enter_checkout "$BATS_TEST_TMPDIR" "$name"
        DEPLOY_REMOTE=grpc://$(server_address crowd) build 3>&- &
        pids+=($!)
    done
    for name in "${pids[@]}"; do wait "$name"; done
    for name in one two three four; do
        cd "$BATS_TEST_TMPDIR/$name/checkout"
        right
        [[ -z $(warnings) ]]
    done
    # And while they read what is there.
    pids=()
    for name in one two three four; do
        cd "$BATS_TEST_TMPDIR/$name/checkout"
        rm -rf live-build
        DEPLOY_REMOTE=grpc://$(server_address crowd) build 3>&- &
        pids+=($!)
    done
    for name in "${pids[@]}"; do wait "$name"; done
    for name in one two three four; do
        cd "$BATS_TEST_TMPDIR/$name/checkout"
        all_are remote
        right
    done
}
