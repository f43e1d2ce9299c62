#!/usr/bin/env bats
# Builds and servers that are killed at any moment leave nothing behind that a later build would take for a result: neither in the store,
# nor in the cache. Each round kills one of the two while a build finds, fetches, makes or puts there.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/remote-kills.bats
#   KILLS=200        … so many times, in place of 20
# bats file_tags=network
# shellcheck disable=SC1091,SC2030,SC2031,SC2154 # servers.sh is looked into by itself; bats sets output and stderr, remote-site the rest

load remote-site.bash

variants=(plain zsh nginx)

setup_file() {
    serve_remote_site
    # Three things to build, so that there is always something that the cache has not; what each comes to without one.
    local variant
    for variant in "${variants[@]}"; do
        enter_checkout "$BATS_FILE_TMPDIR" "$variant"
        if [[ $variant != plain ]]; then echo "$variant" >> package-sets/debian/core.txt; fi
        build
        came_to > "$BATS_FILE_TMPDIR/$variant/came-to"
        rm -rf live-build
    done
    start_casd casd
}

teardown_file() { stop_servers; }

# in_variant NAME: its checkout, and what it must come to
in_variant() {
    cd "$BATS_FILE_TMPDIR/$1/checkout" || return
    export expected=$BATS_FILE_TMPDIR/$1/came-to DEPLOY_MIRROR_MADE=http://127.0.0.1:$port/made/first DEPLOY_REMOTE
    DEPLOY_REMOTE=grpc://$(server_address casd)
}

# round: one kill, and what comes after it
round() {
    local variant=${variants[RANDOM % 3]} victim=$((RANDOM % 3)) pid status=0
    in_variant "$variant"
    # Where from: nothing here; nothing there; whatever the rounds before have left.
    if ((RANDOM % 2)); then rm -rf live-build; fi
    if ((RANDOM % 4 == 0)); then
        stop_server casd KILL
        rm -rf "$REMOTE_SERVERS/casd/store"
        start_casd casd
    fi
    "$DEPLOY_BINARY" build --json "${targets[@]}" > events 2> said 3>&- &
    pid=$!
    sleep "$(printf '0.%03d' $((RANDOM % longest)))"
    if ((victim == 0)); then
        stop_server casd KILL
        wait "$pid" || status=$?
        ((status == 0)) || { echo "without its server, the build ended with $status" && cat said && return 1; }
        [[ $(warnings | wc -l) -le 1 ]] || { warnings && return 1; }
        right || return
        start_casd casd
    else
        kill "-$( ((victim == 1)) && echo KILL || echo TERM)" "$pid" 2> /dev/null || true # it has ended
        wait "$pid" || true # killed, or ended before
    fi
    build || { echo "the build after it failed" && cat said && return 1; }
    [[ -z $(warnings) ]] || { warnings && return 1; }
    right
}

@test "${KILLS:-20} kills of a build or of its server, at any moment: never a wrong result, and the next build works" {
    local longest start number variant
    # As long as a build takes that makes everything.
    in_variant plain
    start=${EPOCHREALTIME/./}
    build
    longest=$(((${EPOCHREALTIME/./} - start) / 1000))
    ((longest < 999)) || longest=999
    rm -rf live-build
    # Another sequence each time; this one again: RANDOM=SEED.
    local seed=$RANDOM
    RANDOM=$seed
    for ((number = 1; number <= ${KILLS:-20}; number++)); do
        round || { echo "round $number, seed $seed" && false; }
    done
    # What the cache has by now, whoever reads it.
    for variant in "${variants[@]}"; do
        in_variant "$variant"
        rm -rf live-build
        build
        right
    done
}
