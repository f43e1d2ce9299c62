#!/usr/bin/env bats
# Steps of the image of this repository, run by the workers of BuildBox's casd: with the bytes that podman made of them, and cancelled there.
#
# A store that the checkout has (live-build/cache, or DEPLOY_CACHE) is used by way of a copy; without one there is nothing to compare with.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/remote-execution.bats
# bats file_tags=slow,podman,network
# shellcheck disable=SC1091,SC2030,SC2031,SC2154 # servers.sh is looked into by itself; bats sets output and stderr

load ../lib/store
. "$BATS_TEST_DIRNAME/../remote/servers.sh"

setup_file() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    export DEPLOY_BINARY REMOTE_SERVERS=$BATS_FILE_TMPDIR/servers
    mkdir "$REMOTE_SERVERS"
    remote_tools
    root=$(realpath "$BATS_TEST_DIRNAME/../..")
    checkout=$BATS_FILE_TMPDIR/checkout
    mkdir -p "$checkout/live-build"
    cp -a "$root"/{package-sets,deploy.yaml} "$checkout/"
    cp -a "$root"/live-build/{config,postinstall} "$checkout/live-build/"
    copied_store "$root" "$checkout"
    cd "$checkout" || return
    [[ -e deploy.lock ]] || { echo 'no image was made before this' && return 1; }
    # What that store has not of this checkout yet: as a rule, nothing.
    "$DEPLOY_BINARY" build --locked > build.log 2>&1 || { cat build.log >&2 && return 1; }
}

setup() { cd "$BATS_FILE_TMPDIR/checkout" || return; }

teardown_file() {
    stop_servers
    unlock_store
}

# record STEP: the file that says what came of it.
record() {
    local key
    read -r key _ < "$DEPLOY_CACHE/records/last/${1/\//-}"
    printf '%s\n' "$DEPLOY_CACHE/records/by-key/${key:0:2}/$key"
}

# forget STEP…: has them run again.
forget() {
    local step
    for step; do rm "$(record "$step")"; done
}

@test "what a worker makes of a step has the bytes that podman made" {
    start_casd casd --execute 2
    start_proxy packing casd --zstd
    # All that don't say why they can't.
    local elsewhere
    mapfile -t elsewhere < <("$DEPLOY_BINARY" graph --json | jq -r '.steps[] | select(has("here") | not) | .step')
    [[ ${#elsewhere[@]} -ge 10 && " ${elsewhere[*]} " == *' iso/image '* ]]
    for step in "${elsewhere[@]}"; do grep '^output ' "$(record "$step")" > "$BATS_TEST_TMPDIR/${step/\//-}"; done
    forget "${elsewhere[@]}"
    run -0 --separate-stderr "$DEPLOY_BINARY" build --locked --json --execute --remote "grpc://$(server_address packing)" "${elsewhere[@]}"
    [[ $(jq -r 'select(.event == "finished" and .remote and .outcome == "ran") | .step' <<< "$output" | sort) \
        == "$(printf '%s\n' "${elsewhere[@]}" | sort)" ]] || { echo "$output" "$stderr" && return 1; }
    for step in "${elsewhere[@]}"; do diff "$BATS_TEST_TMPDIR/${step/\//-}" <(grep '^output ' "$(record "$step")"); done
    # Large files go packed where that makes them smaller.
    packed=$(calls packing Write | jq -s '[.[] | select(.about | contains("compressed-blobs/zstd/")) | {up, size: (.about | split("/")[-1] | tonumber)}]
        | {files: length, up: (map(.up) | add), size: (map(.size) | add)}')
    jq -e '.files > 20 and .up < .size * 0.7' <<< "$packed"
}

@test "Ctrl-C ends the step on the worker, and nothing is kept of it" {
    start_casd interrupted --execute 2
    forget live/squashfs
    "$DEPLOY_BINARY" build --locked --json --execute --remote "grpc://$(server_address interrupted)" live/squashfs > events 2>&1 &
    for ((i = 0; i < 600; i++)); do
        if [[ -n $(pgrep --full 'mksquashfs - ') ]]; then break; fi
        sleep 0.1
    done
    [[ -n $(pgrep --full 'mksquashfs - ') ]] || { cat events && return 1; }
    kill -INT $!
    status=0
    wait $! || status=$?
    ((status == 130)) || { cat events && return 1; }
    for ((i = 0; i < 100; i++)); do
        if [[ -z $(pgrep --full 'mksquashfs - ') ]]; then break; fi
        sleep 0.1
    done
    [[ -z $(pgrep --full 'mksquashfs - ') && ! -e $(record live/squashfs) ]]
    # Nobody is told of a result.
    run -0 --separate-stderr "$DEPLOY_BINARY" build --locked --json --remote "grpc://$(server_address interrupted)" live/squashfs
    [[ $(jq -r 'select(.event == "finished" and .step == "live/squashfs") | .outcome' <<< "$output") == ran ]]
}
