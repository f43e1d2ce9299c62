#!/usr/bin/env bats
# What happens to containers when a build is interrupted or killed: with the real podman, and packages from the real archive.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/podman.bats
# bats file_tags=slow,podman,network
# shellcheck disable=SC2154 # bats sets output and stderr

load ../lib/checkout

setup_file() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    export DEPLOY_BINARY
    export DEPLOY_KEY=$BATS_FILE_TMPDIR/signing-key
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT DEPLOY_CACHE NO_COLOR CI
    type -P podman >/dev/null || skip 'podman is not installed'
    small_checkout "$BATS_FILE_TMPDIR/checkout"
    cd "$BATS_FILE_TMPDIR/checkout" || return
    "$DEPLOY_BINARY" build builder/bootstrap builder/packages >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        cat "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
}

setup() {
    cd "$BATS_FILE_TMPDIR/checkout" || return
    log=$BATS_TEST_TMPDIR/log
}

teardown_file() {
    # The cache lies in a temporary folder; what podman imported from it does not.
    if [[ -s $BATS_FILE_TMPDIR/imported ]]; then sort -u "$BATS_FILE_TMPDIR/imported" | xargs podman rmi >/dev/null 2>&1 || true; fi
}

# Containers that $build started for the step.
containers() { podman ps --all --noheading --filter "name=$build.*builder-image" --format "$1"; }
has_container() { [[ -n $(containers '{{.Names}}') ]]; }

start() {
    "$DEPLOY_BINARY" build builder/image >"$log" 2>&1 3>&- &
    build=$!
    local turn
    for ((turn = 0; turn < 600; turn++)); do
        if has_container; then
            containers '{{.ImageID}}' >>"$BATS_FILE_TMPDIR/imported"
            return
        fi
        sleep 0.1
    done
    cat "$log" >&2
    return 1
}

wait_status() { # PID: sets $status
    status=0
    wait "$1" || status=$?
}

@test "Ctrl-C while a container runs removes it" {
    start
    sleep 1
    kill -INT "$build"
    wait_status "$build"
    ((status == 130)) || { cat "$log" >&2; false; }
    run ! has_container
    [[ -z $(ls live-build/cache/work) ]]
}

@test "kill -9 while a container runs: the next build leaves none behind, and succeeds" {
    start
    sleep 1
    kill -KILL "$build"
    wait_status "$build"
    ((status == 137))
    "$DEPLOY_BINARY" build builder/image >"$log" 2>&1 || { cat "$log" live-build/logs/*/builder-image.log >&2; false; }
    [[ $(tail -n 1 "$log") == '1 steps run, 3 cached, '* ]]
    run ! has_container
    [[ -z $(ls live-build/cache/work) ]]
    run -0 --separate-stderr "$DEPLOY_BINARY" build builder/image
    [[ $output == '0 steps run, 4 cached, '* ]]
}
