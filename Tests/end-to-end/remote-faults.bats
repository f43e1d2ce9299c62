#!/usr/bin/env bats
# When a shared cache fails, the build does not: it ends with the right bytes, within a minute, and says once that it went on without it.
# Everything that remote-faults.bash lists is broken on purpose; the table of what came of it is what the last test leaves behind.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/remote-faults.bats
#   FAULT_TABLE=FILE        … and the table, as values separated by tabs: fault, outcome, seconds, what was said. Tests/remote/faults.tsv is
#                           of two busy cores, six builds at once, each of 3 s when it is alone
# bats file_tags=network
# shellcheck disable=SC1091,SC2030,SC2031,SC2154 # servers.sh is looked into by itself; bats sets output and stderr, remote-site the rest

load remote-faults.bash

setup_file() {
    prepare_faults
    # What waits does so meanwhile.
    faults_of waiting > "$BATS_FILE_TMPDIR/waiting.log" 2>&1 3>&- &
    echo $! > "$BATS_FILE_TMPDIR/waiting"
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

teardown_file() { stop_servers; }

@test "a server that is away, or is none, at the start" { faults_of start && ended_well start; }

@test "a server that does not know us, or we it" { faults_of login && ended_well login; }

@test "results that can't be had, or are none" { faults_of finding && ended_well finding; }

@test "blobs that come wrong, in part, or not at all" { faults_of fetching && ended_well fetching; }

@test "a server that takes nothing, or loses what it takes" { faults_of putting && ended_well putting; }

@test "blobs that are evicted after they were named" {
    enter_checkout "$BATS_TEST_TMPDIR" late
    start_casd small
    start_proxy before small
    DEPLOY_REMOTE=grpc://$(server_address small) build
    rm -rf live-build
    misbehave before '{"method": "Read", "delay": 3}' '{"method": "BatchReadBlobs", "delay": 1}'
    DEPLOY_REMOTE=grpc://$(server_address before) build 3>&- &
    local build=$! big turn
    big=$(awk '$1 == "package" && $2 == "big" { print $NF }' deploy.lock)
    for ((turn = 0; turn < 100; turn++)); do
        if grep -q '"Read"' "$REMOTE_SERVERS/before/calls.jsonl" || [[ $(calls before FindMissingBlobs | wc -l) -ge 4 ]]; then break; fi
        sleep 0.1
    done
    rm "$(blob_file small "$big/0")"
    wait "$build"
    right
    [[ $(outcomes) == *'live/packages ran'* && -z $(warnings) ]] || { outcomes && warnings && false; }
}

@test "where the cache is required, the build fails at once and says why" {
    enter_checkout "$BATS_TEST_TMPDIR" required
    local start=$SECONDS
    declare_cache grpc://127.0.0.1:9 'required: true'
    run -1 --separate-stderr deploy build debian/mirror
    [[ $stderr == *"error: the remote cache grpc://127.0.0.1:9 can't be used, and it is required: "*'deploy remote status'* ]] || { echo "$stderr" && false; }
    start_casd empty
    start_proxy denied empty
    misbehave denied '{"method": "UpdateActionResult", "status": "PERMISSION_DENIED"}'
    sed -i "s,grpc://127.0.0.1:9,grpc://$(server_address denied)," deploy.yaml
    run -1 --separate-stderr deploy build --remote required debian/mirror
    [[ $stderr == *"takes nothing, and it is required: "*'--remote-readonly'* ]] || { echo "$stderr" && false; }
    misbehave denied '{"method": "GetActionResult", "status": "UNAUTHENTICATED"}'
    run -1 --separate-stderr deploy build --remote required debian/mirror
    [[ $stderr == *'DEPLOY_REMOTE_TOKEN'* ]]
    misbehave denied '{"method": "BatchReadBlobs", "data": "flip"}'
    rm -rf live-build
    DEPLOY_REMOTE=grpc://$(server_address empty) build
    rm -rf live-build
    run -1 --separate-stderr deploy build --remote required debian/mirror
    [[ $stderr == *'it sent other bytes than those of '* ]]
    ((SECONDS - start < 30))
}

@test "what hangs, drips or is slow" {
    tail --pid="$(< "$BATS_FILE_TMPDIR/waiting")" -f /dev/null
    ended_well waiting
    cat "$faults"/*/*/result | sort > "$BATS_FILE_TMPDIR/table"
    if [[ -n ${FAULT_TABLE:-} ]]; then cp "$BATS_FILE_TMPDIR/table" "$FAULT_TABLE"; fi
}
