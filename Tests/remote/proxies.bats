#!/usr/bin/env bats
# The proxies that break what is between a client and a server of the Remote Execution API: each rule of theirs, seen by client.py.
#
#   bats Tests/remote/proxies.bats
# bats file_tags=network
# shellcheck disable=SC1091,SC2030,SC2031,SC2154 # servers.sh is looked into by itself; bats sets output and stderr

bats_require_minimum_version 1.5.0

setup_file() {
    export REMOTE_SERVERS=$BATS_FILE_TMPDIR/servers
    mkdir "$REMOTE_SERVERS"
    . "$BATS_TEST_DIRNAME/servers.sh"
    remote_tools || skip 'BuildBox and BuildGrid can not be fetched here'
    start_casd cache
    start_proxy proxy cache
    start_proxy wire cache --tcp
    proxy=grpc://$(server_address proxy) wire=grpc://$(server_address wire)
    head -c 3000000 /dev/urandom > "$BATS_FILE_TMPDIR/large"
    echo 'a small one' > "$BATS_FILE_TMPDIR/small"
    large=$(reapi "$proxy" put "$BATS_FILE_TMPDIR/large") small=$(reapi "$proxy" put "$BATS_FILE_TMPDIR/small")
    action=$(reapi "$proxy" put-action '{"action": {"input_root_digest": "'"$(blob_digest /dev/null)"'"}, "command": {"arguments": ["true"]},
        "result": {"output_files": [{"path": "a", "digest": "'"$small"'"}, {"path": "b", "digest": "'"$large"'"}]}}')
    export proxy wire large small action
}

setup() {
    . "$BATS_TEST_DIRNAME/servers.sh"
    forget_calls proxy
    forget_calls wire
}

teardown() {
    misbehave proxy
    misbehave wire
}

teardown_file() { stop_servers; }

# new_blob: a file that no server has
new_blob() {
    head -c "${1:-100}" /dev/urandom > "$BATS_TEST_TMPDIR/new"
    echo "$BATS_TEST_TMPDIR/new"
}

# fails PATTERN ARGUMENT…: that client.py does, and says so on stderr
fails() {
    local said
    if said=$(reapi "${@:2}" 2>&1 > /dev/null); then return 1; fi
    # shellcheck disable=SC2053  # it is a pattern
    [[ $said == $1 ]] || { printf '%s\n' "$said" && return 1; }
}

# resets NAME: how many connections that proxy has reset, which it says a moment later
resets() { sleep 0.3 && jq -s 'map(select(.connection == "reset")) | length' "$REMOTE_SERVERS/$1/calls.jsonl"; }

@test "without rules, all passes, and every call is written down" {
    has_blob "$proxy" "$BATS_FILE_TMPDIR/large"
    reapi "$proxy" batch "$small"
    reapi "$proxy" result "$action"
    fails 'NOT_FOUND: *' "$proxy" result "$small"
    [[ $(calls proxy Read | jq -c '[.about, .status, .rule, .down > 3000000, .deadline > 20]') == '["blobs/'$large'","OK",false,true,true]' ]]
    [[ $(calls proxy GetActionResult | jq -rs 'map(.status) | join(" ")') == 'OK NOT_FOUND' ]]
    [[ $(calls proxy | jq -rs 'map(.method) | join(" ")') == 'Read BatchReadBlobs GetActionResult FindMissingBlobs GetActionResult' ]]
}

@test "a call ends with the status that is wanted, at first, for as many as are wanted" {
    local code
    for code in UNAVAILABLE RESOURCE_EXHAUSTED UNAUTHENTICATED PERMISSION_DENIED DEADLINE_EXCEEDED; do
        misbehave proxy '{"method": "GetActionResult", "status": "'$code'", "message": "so it is", "times": 1}'
        fails "$code: so it is" "$proxy" result "$action"
        reapi "$proxy" result "$action"
    done
    [[ $(calls proxy GetActionResult | jq -s 'map(select(.rule)) | length') == 5 ]]
    misbehave proxy '{"method": "*", "status": "INTERNAL", "skip": 1}'
    reapi "$proxy" has "$small"
    fails 'INTERNAL: *' "$proxy" has "$small"
    fails 'INTERNAL: *' "$proxy" get "$small"
}

@test "a rule holds for calls about one blob alone" {
    misbehave proxy '{"method": "Read", "contains": "'"${large%/*}"'", "status": "NOT_FOUND"}'
    reapi "$proxy" get "$small"
    fails 'NOT_FOUND: *' "$proxy" get "$large"
}

@test "a call is late, or never answered" {
    misbehave proxy '{"method": "FindMissingBlobs", "delay": 1}'
    fails 'DEADLINE_EXCEEDED: *' --timeout 0.5 "$proxy" has "$small"
    reapi --timeout 5 "$proxy" has "$small"
    misbehave proxy '{"method": "*", "hang": true}'
    fails 'DEADLINE_EXCEEDED: *' --timeout 0.5 "$proxy" capabilities
    [[ $(calls proxy GetCapabilities | jq -r .status) == CANCELLED ]]
    misbehave proxy '{"method": "Read", "rate": 1000000}'
    fails 'DEADLINE_EXCEEDED: *' --timeout 1 "$proxy" get "$large"
}

@test "a stream breaks off in the middle: by a status, an end, a reset, or nothing more" {
    local read='"method": "Read", "after_bytes": 1500000'
    misbehave proxy "{$read, \"status\": \"UNAVAILABLE\"}"
    fails 'UNAVAILABLE: *' "$proxy" get "$large"
    [[ $(head -c 1500000 "$BATS_FILE_TMPDIR/large" | sha256sum) == "$(reapi "$proxy" get "$large" 2> /dev/null | sha256sum)" ]]
    misbehave proxy "{$read, \"end\": true}"
    fails "wrong: the blob $large came as */1500000" "$proxy" get "$large"
    misbehave proxy "{$read, \"cut\": true}"
    fails 'UNAVAILABLE: *' "$proxy" get "$large"
    [[ $(resets proxy) == 1 ]]
    misbehave proxy "{$read, \"hang\": true}"
    fails 'DEADLINE_EXCEEDED: *' --timeout 1 "$proxy" get "$large"
    # A blob that is smaller is none of it.
    reapi "$proxy" get "$small"
}

@test "an upload breaks off, and the server has nothing of it" {
    local new
    new=$(new_blob 3000000)
    misbehave proxy '{"method": "Write", "status": "RESOURCE_EXHAUSTED", "after_bytes": 1000000}'
    fails 'RESOURCE_EXHAUSTED: *' "$proxy" put "$new"
    misbehave proxy '{"method": "Write", "cut": true, "after_bytes": 1000000}'
    fails 'UNAVAILABLE: *' "$proxy" put "$new"
    run -1 reapi "$proxy" has "$(blob_digest "$new")"
    misbehave proxy '{"method": "BatchUpdateBlobs", "blob_status": "RESOURCE_EXHAUSTED"}'
    new=$(new_blob)
    fails 'wrong: BatchUpdateBlobs of *: status 8*' "$proxy" put "$new"
    run -1 reapi "$proxy" has "$(blob_digest "$new")"
}

@test "an answer is lost after the server has done what it was asked for" {
    local new
    new=$(new_blob)
    misbehave proxy '{"method": "BatchUpdateBlobs", "status": "UNAVAILABLE", "late": true}'
    fails 'UNAVAILABLE: *' "$proxy" put "$new"
    reapi "$proxy" has "$(blob_digest "$new")"
}

@test "what is taken is lost" {
    local new size
    misbehave proxy '{"method": "*", "swallow": true}'
    for size in 100 3000000; do
        new=$(new_blob "$size")
        [[ $(reapi "$proxy" put "$new") == "$(blob_digest "$new")" ]]
        run -1 reapi "$wire" has "$(blob_digest "$new")"
    done
}

@test "blobs come with other bytes, fewer, more, none, or the status that they are gone" {
    local how
    for how in flip half more none; do
        misbehave proxy '{"method": "*", "data": "'$how'"}'
        fails "wrong: the blob $large came as *" "$proxy" get "$large"
        run -1 reapi "$proxy" batch "$small"
        [[ $output == "wrong, "*" $small" ]]
    done
    misbehave proxy '{"method": "BatchReadBlobs", "blob_status": "NOT_FOUND"}'
    run -1 reapi "$proxy" batch "$small"
    [[ $output == "status 5 $small" ]]
}

@test "blobs come under the digests of others, and results name those of others, or none that are there" {
    local other
    other=$(reapi "$proxy" put "$(new_blob)")
    misbehave proxy '{"method": "BatchReadBlobs", "digests": "swap"}'
    run -1 reapi "$proxy" batch "$small" "$other"
    [[ $(sort <<< "$output") == $(printf 'wrong, %s %s\n' "$small" "$other" "$other" "$small" | sort) ]]
    misbehave proxy '{"method": "GetActionResult", "digests": "swap"}'
    [[ $(reapi "$proxy" result "$action" | jq -r '.output_files[0].digest.hash') == "${large%/*}" ]]
    misbehave proxy '{"method": "GetActionResult", "digests": "unknown"}'
    fails 'wrong: the result names 2 blobs that are not there*' "$proxy" result "$action"
}

@test "any answer is another one, or no message, or larger than a client takes" {
    misbehave proxy '{"method": "FindMissingBlobs", "answer": {}}'
    reapi "$proxy" has "$(printf 'f%.0s' {1..64})/1"
    misbehave proxy '{"method": "GetActionResult", "answer": {"exit_code": 7}}'
    [[ $(reapi "$proxy" result "$action" | jq .exit_code) == 7 ]]
    misbehave proxy '{"method": "GetCapabilities", "garbage": true}'
    fails 'INTERNAL: *' "$proxy" capabilities
    misbehave proxy '{"method": "GetCapabilities", "pad": 5000000}'
    reapi "$proxy" capabilities
    [[ $(calls proxy GetCapabilities | jq -s '.[-1].down > 5000000') == true ]]
}

@test "a connection is closed, reset or goes silent, at once or in the middle" {
    misbehave wire '{"connection": "close"}'
    fails 'UNAVAILABLE: *' "$wire" has "$small"
    misbehave wire '{"connection": "reset", "after_bytes": 1000000}'
    fails 'UNAVAILABLE: *' "$wire" get "$large"
    reapi "$wire" get "$small"
    [[ $(resets wire) == 1 ]]
    misbehave wire '{"connection": "reset", "after_bytes": 1000000, "upload": true}'
    fails 'UNAVAILABLE: *' "$wire" put "$(new_blob 3000000)"
    misbehave wire '{"connection": "hang", "after_bytes": 1000000}'
    fails 'DEADLINE_EXCEEDED: *' --timeout 1 "$wire" get "$large"
    misbehave wire '{"connection": "hang"}'
    run -1 --separate-stderr reapi --timeout 1 "$wire" has "$small"
    [[ $stderr == DEADLINE_EXCEEDED:* || $stderr == UNAVAILABLE:* ]]
    misbehave wire '{"rate": 1000000}'
    fails 'DEADLINE_EXCEEDED: *' --timeout 1 "$wire" get "$large"
    misbehave wire
    has_blob "$wire" "$BATS_FILE_TMPDIR/large"
}

@test "rules for connections hold before those for calls" {
    misbehave proxy '{"connection": "reset", "times": 1}' '{"method": "GetCapabilities", "status": "ABORTED"}'
    fails 'UNAVAILABLE: *' "$proxy" capabilities
    fails 'ABORTED: *' "$proxy" capabilities
    [[ $(resets proxy) == 1 ]]
    stop_server proxy
    fails 'UNAVAILABLE: *' "$proxy" capabilities
    start_proxy proxy cache
    reapi "$proxy" capabilities
}

@test "a server that is away is away through the proxy, and back when it is back" {
    stop_server cache KILL
    fails 'UNAVAILABLE: *' "$proxy" capabilities
    start_casd cache
    sleep 0.2
    reapi "$proxy" get "$small"
}
