#!/usr/bin/env bats
# What the real `deploy` owes its user when the request is wrong, the mirror bad, the disk full, or somebody kills it. The
# archive is made here (make-archive) and served on the loopback; no container runs.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/deploy.bats
# shellcheck disable=SC2154 # bats sets output and stderr, made-site the rest

load made-site.bash

setup_file() { serve_made_site; }

setup() {
    enter_made_checkout
    cache=$PWD/live-build/cache
    log=$BATS_TEST_TMPDIR/log
}

teardown() {
    if mountpoint -q "$BATS_TEST_TMPDIR/small"; then umount "$BATS_TEST_TMPDIR/small"; fi
}

mirror_does() { echo "$1 $2" >"$site/$archive.rules"; } # BEHAVIOUR GLOB
mirror_is_well() { rm -f "$site/$archive.rules"; }
requests() { cat "$site/$archive.requests" 2>/dev/null || true; }
forget_requests() { rm -f "$site/$archive.requests"; }

# Starts a build in the background, its output in $log; sets $build.
start() {
    "$DEPLOY_BINARY" build "$@" >"$log" 2>&1 3>&- &
    build=$!
}

# Waits until the condition holds, at most ten seconds.
eventually() {
    local turn
    for ((turn = 0; turn < 200; turn++)); do
        if "$@"; then return; fi
        sleep 0.05
    done
    echo "never came true: $*" >&2
    cat "$log" >&2
    return 1
}

has_line() { grep -q -- "$1" "${2:-$log}" 2>/dev/null; }
has_part() { compgen -G "$cache/ingest/*.part" >/dev/null; }

# Every blob has the digest that it is called after.
store_is_whole() {
    find "$cache/blobs" -type f -printf '%f  %p\n' >"$BATS_TEST_TMPDIR/blobs"
    [[ ! -s $BATS_TEST_TMPDIR/blobs ]] || sha256sum --quiet --strict --check "$BATS_TEST_TMPDIR/blobs"
}

wait_status() { # PID: sets $status
    status=0
    wait "$1" || status=$?
}

@test "a wrong request ends with status 2 and says what would be right" {
    expect() { # WORDS COMMAND…
        local words=$1
        shift
        run -2 --separate-stderr deploy "$@"
        [[ -z $output ]]
        [[ $stderr == *"$words"* ]] || { echo "$stderr" >&2; return 1; }
        ((${#stderr_lines[@]} <= 8))
    }
    expect "Did you mean '--profile'?" build --profil server
    expect 'there is no command "bild": did you mean build?' bild
    expect "'text', 'dot' or 'svg'" graph --format png
    expect '--jobs takes a number from 1' build --jobs 0
    expect '-C FOLDER' status -C /nowhere
    expect '--file DEPLOY.YAML' build --file other.yaml
    expect 'deploy.yaml has: core, server' build --profile desktop
    expect 'declared: debian' update debain
    [[ ! -e deploy.lock ]]
    expect 'stages: builder, debian, iso' build nonsense
    expect 'stages: builder, debian, iso' explain no/step
    expect 'is a stage, not a step' shell debian
    sed -i 's/  keep: 2/  keeps: 2/' deploy.yaml
    expect 'deploy.yaml:33:3:' status
}

@test "help is complete" {
    run -0 --separate-stderr deploy --help
    [[ $output == *'Exit codes: 0 done, 1 the build failed, 2 the request was wrong, 130'* ]]
    local command commands
    commands=$(sed -n '/^SUBCOMMANDS:/,$s/^  \([a-z]\+\) .*/\1/p' <<<"$output")
    [[ $(wc -l <<<"$commands") -ge 10 ]]
    for command in $commands; do
        run -0 --separate-stderr deploy "$command" --help
        [[ $output == OVERVIEW:* && $output == *"USAGE: deploy $command"* ]]
        # These ask about files, not about a checkout; or have commands of their own.
        [[ $output == *--directory* || $command =~ ^(burn|verify|cache|remote)$ ]]
        # No option is without a word.
        run ! grep -E '^  (-., )?--[a-z-]+( <[^>]*>)?$' <(grep -A1 --no-group-separator -E '^  -' <<<"$output" | awk '/^  -/{o=$0; next} !/^      /{print o}')
    done
}

@test "results go to standard output, everything else to standard error" {
    run -0 --separate-stderr deploy build debian/mirror
    [[ $output == '3 steps run, 0 cached, '* && ${#lines[@]} == 1 ]]
    [[ $stderr == *'… debian/packages'* && $stderr == *'✓ 2 debian/mirror'* && $stderr == *'wrote deploy.lock'* ]]
    run -0 --separate-stderr deploy build debian/mirror
    [[ $output == '0 steps run, 3 cached, '* && -z $stderr ]]
}

@test "--json prints a JSON object a line and nothing else" {
    deploy build --json debian/mirror >out 2>err
    [[ ! -s err ]]
    python3 - out <<'PY'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
kinds = [event["event"] for event in events]
assert kinds[-1] == "done" and events[-1]["ran"] == 3, kinds
for kind in ["notice", "warning", "planned", "started", "finished"]:
    assert kind in kinds, kind
assert all("time" in event for event in events)
PY
    # An error is told on both: as an event to the program, as text to whoever reads the log.
    mirror_does 404 '*/nginx_*'
    run -1 --separate-stderr deploy build --json --profile server debian/mirror
    python3 - <<PY
import json
events = [json.loads(line) for line in r'''$output'''.splitlines()]
assert any(event.get("outcome") == "failed" for event in events), events
assert events[-1]["event"] == "error" and "404" in json.dumps(events[-1]), events[-1]
PY
    [[ $stderr == *'error: '*404* ]]
    deploy status --json | python3 -m json.tool >/dev/null
}

@test "colours are for terminals that want them" {
    on_terminal() { TERM=xterm script --quiet --return --command "$*" /dev/null </dev/null; }
    plain() { # plain COMMAND…: it succeeds and writes nothing that has this
        local sign=$1
        shift
        "$@" </dev/null >said 2>&1
        run ! grep -a "$sign" said
    }
    plain $'\e' deploy build debian/mirror
    on_terminal "'$DEPLOY_BINARY' status" >said
    grep -q $'\e\[3' said
    export NO_COLOR=1
    plain $'\e\[[0-9;]*m' on_terminal "'$DEPLOY_BINARY' status"
    plain $'\e\[[0-9;]*m' on_terminal "'$DEPLOY_BINARY' build debian/mirror live/packages"
    unset NO_COLOR
    plain $'\e' env TERM=dumb script --quiet --return --command \
        "'$DEPLOY_BINARY' full --help; '$DEPLOY_BINARY' build debian/mirror" /dev/null
}

@test "a reader that goes away is no error" {
    deploy build debian/mirror 2>/dev/null
    local command
    for command in status graph 'graph --format svg' 'build --dry-run'; do
        set +e
        # shellcheck disable=SC2086  # reads early: which deploy has to bear
        deploy $command 2>err | head -n 1 >/dev/null
        local codes=("${PIPESTATUS[@]}")
        set -e
        [[ ${codes[0]} == 0 && ! -s err ]]
    done
}

@test "the graph is drawn as text, for Graphviz and as a picture" {
    run -0 --separate-stderr deploy graph
    [[ $output == *'debian/mirror '*'← debian/indexes, debian/packages'* ]]
    [[ ! -e deploy.lock ]]
    [[ $(deploy graph --json | jq -c '.steps[] | select(.step == "debian/mirror") | [.needs, .cores, .here]') \
        == '[["debian/indexes","debian/packages"],1,"it runs inside deploy"]' ]]
    deploy graph --format dot 2>/dev/null >graph.dot
    grep -q '^  "debian/packages" -> "debian/mirror";$' graph.dot
    grep -q '^digraph build {$' graph.dot && [[ $(tail -n 1 graph.dot) == '}' ]]
    if type -P dot >/dev/null; then dot -Tsvg graph.dot >/dev/null; fi
    deploy graph --format svg 2>/dev/null >graph.svg
    python3 - <<'PY'
import xml.etree.ElementTree as tree
root = tree.parse("graph.svg").getroot()
texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
assert "iso/image" in texts and len(texts) == len(set(texts)) == len(list(root.iter("{http://www.w3.org/2000/svg}rect")))
PY
}

@test "status says how each step stands" {
    run -0 --separate-stderr deploy status
    [[ $output == *'• debian/packages          first run'* ]]
    [[ $output == *'3 ubuntu darksite (ubuntu): deploy.yaml declares none'* ]]
    deploy build debian/mirror 2>/dev/null
    run -0 --separate-stderr deploy status
    [[ $output == *'✓ debian/mirror '*'9 packages, '* ]]
    echo zsh >>package-sets/debian/core.txt
    run -0 --separate-stderr deploy status
    [[ $output == *'• debian/packages          changed: files'* ]]
    run -0 --separate-stderr deploy build --dry-run debian/mirror
    [[ $output == *'• debian/packages '*'changed: files'* && $output != *'debian/indexes'* ]]
}

@test "explain names the file that changed" {
    deploy build debian/mirror 2>/dev/null
    echo zsh >>package-sets/debian/core.txt
    run -0 --separate-stderr deploy explain debian/mirror
    [[ $output == *'debian/mirror would run'* && $output == *'zsh_5.9-1_amd64.deb'* ]]
    # Layers need containers; a record of an overlay is what there would be after a build with one.
    run -0 --separate-stderr deploy explain live/overlay
    [[ $output == *'live/overlay would run: no run of it is on record'* ]]
}

@test "unknown packages are all listed, with nearest names, and nothing is downloaded" {
    printf 'ngnix\ncurl\n  zssh\n' >package-sets/debian/server.txt
    run -2 --separate-stderr deploy build
    [[ $stderr == *'package-sets/debian/server.txt:1:1: error: no package is called "ngnix"'*nginx* ]]
    [[ $stderr == *'package-sets/debian/server.txt:3:3: error: no package is called "zssh"'*zsh* ]]
    [[ $stderr == *'2 errors; nothing was changed'* ]]
    [[ ! -e deploy.lock ]]
    run ! grep pool/ <(requests)
}

@test "without a network it says so, and what to do" {
    DEPLOY_MIRROR_MADE=http://127.0.0.1:9/made run -1 --separate-stderr deploy build debian/mirror
    [[ $stderr == *'no server could be reached'* && $stderr == *'check the network'* ]]
    [[ -z $output && ! -e deploy.lock ]]
}

@test "a superseded package: the error says how to go on, and update does" {
    deploy build debian/indexes 2>/dev/null
    rm -r "${site:?}/$archive"
    cp -a "$site/made/second" "$site/$archive"
    rm "$site/$archive"/pool/main/c/curl/curl_8.1-1_*
    run -1 --separate-stderr deploy build debian/mirror
    [[ $stderr == *'HTTP status 404 (not found)'* && $stderr == *'deploy update'* ]]
    run -0 --separate-stderr deploy update
    [[ -z $output && $stderr == *'curl'*'8.1-1'*'8.2-1'* ]]
    run -0 --separate-stderr deploy build debian/mirror
}

@test "of two builds in one store the second says that it waits, and then finishes" {
    mirror_does flaky '*/curl_*'
    start debian/mirror
    eventually has_line '… debian/packages'
    run -0 --separate-stderr deploy build debian/mirror
    [[ $stderr == *"process $build in "* && ${stderr,,} == *wait* ]] || { echo "$stderr" >&2; false; }
    [[ $output == '0 steps run, 3 cached, '* ]]
    wait_status "$build"
    ((status == 0))
}

@test "Ctrl-C while it downloads ends it at once, and the next build goes on" {
    mirror_does hang '*/big_*'
    start live/packages
    eventually has_part
    local begin=$EPOCHREALTIME
    kill -INT "$build"
    wait_status "$build"
    ((status == 130))
    ((${EPOCHREALTIME/./} - ${begin/./} < 3000000))
    has_line interrupted
    store_is_whole
    [[ -z $(ls "$cache/work") ]]
    mirror_is_well
    forget_requests
    deploy build live/packages 2>/dev/null
    store_is_whole
    [[ $(requests) == *big_1.0_amd64.deb* ]]
}

@test "a terminal that closes ends it, but not under nohup" {
    mirror_does hang '*/big_*'
    start live/packages
    eventually has_part
    kill -HUP "$build"
    wait_status "$build"
    ((status == 130))
    nohup "$DEPLOY_BINARY" build live/packages >again 2>&1 3>&- </dev/null &
    build=$!
    eventually has_line '… live/packages' again
    kill -HUP "$build"
    sleep 1
    kill -TERM "$build"
    wait_status "$build"
    ((status == 130))
    [[ $(grep -c interrupted again) == 1 ]]
}

@test "while it waits for another build, Ctrl-C ends it" {
    mirror_does hang '*/big_*'
    start live/packages
    eventually has_part
    "$DEPLOY_BINARY" build live/packages >second 2>&1 3>&- &
    local waiting=$!
    eventually has_line "process $build" second
    kill -INT "$waiting"
    wait_status "$waiting"
    ((status == 130))
    kill -TERM "$build"
    wait_status "$build"
    ((status == 130))
}

@test "kill -9 while it downloads leaves a store that the next build goes on with" {
    mirror_does hang '*/big_*'
    start live/packages
    eventually has_part
    kill -KILL "$build"
    wait_status "$build"
    ((status == 137))
    store_is_whole
    mirror_is_well
    deploy build live/packages 2>/dev/null
    store_is_whole
    run ! has_part
    [[ -z $(ls "$cache/work") ]]
}

@test "kill -9 at any moment does no harm" {
    local delay
    for delay in 0.02 0.1 0.2 0.3 0.5 0.7; do
        start debian/mirror
        sleep "$delay"
        kill -KILL "$build" 2>/dev/null || true
        wait_status "$build"
        if [[ -d $cache/blobs ]]; then store_is_whole; fi
    done
    deploy build debian/mirror 2>/dev/null
    store_is_whole
    run -0 --separate-stderr deploy build debian/mirror
    [[ $output == '0 steps run, 3 cached, '* ]]
}

small_disk() { # SIZE
    mkdir "$BATS_TEST_TMPDIR/small"
    mount -t tmpfs -o "size=$1" tmpfs "$BATS_TEST_TMPDIR/small" 2>/dev/null || skip 'needs the right to mount a tmpfs'
    cache=$BATS_TEST_TMPDIR/small/cache
    export DEPLOY_CACHE=$cache
}

@test "a disk that is too small is said before anything is fetched" {
    small_disk 2m
    run -1 --separate-stderr deploy build live/packages
    [[ $stderr == *"the build needs about 3.1 MB, and $cache has "*' left'*'DEPLOY_CACHE='* ]] || { echo "$stderr" >&2; false; }
    run ! grep pool/ <(requests)
}

@test "a disk that fills up after all is said too, and leaves nothing bad" {
    small_disk 5m
    deploy build live/packages --dry-run >/dev/null 2>&1
    mirror_does flaky '*/big_*'
    start live/packages
    eventually grep -q big_ "$site/$archive.requests"
    dd if=/dev/zero of="$BATS_TEST_TMPDIR/small/filler" bs=1M status=none 2>/dev/null || true
    wait_status "$build"
    ((status == 1))
    has_line 'free some space' || { cat "$log" >&2; false; }
    store_is_whole
    rm "$BATS_TEST_TMPDIR/small/filler"
    deploy build live/packages 2>/dev/null
    store_is_whole
}

@test "a damaged blob is found before it is used, and fetched anew" {
    deploy build debian/packages debian/indexes 2>/dev/null
    local digest blob
    digest=$(awk '$1 == "package" && $2 == "curl" { print $NF }' deploy.lock)
    blob=$cache/blobs/${digest:0:2}/$digest
    chmod u+w "$blob"
    printf X | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
    run ! store_is_whole
    forget_requests
    deploy build debian/mirror 2>/dev/null
    [[ $(requests) == pool/main/c/curl/curl_8.1-1_amd64.deb ]]
    store_is_whole

    # One that is asked for and was cut short or removed.
    chmod u+w "$blob"
    truncate -s 100 "$blob"
    forget_requests
    deploy build debian/packages 2>/dev/null
    [[ $(requests) == pool/main/c/curl/curl_8.1-1_amd64.deb ]]
    rm -f "$blob"
    deploy build debian/mirror 2>/dev/null
    store_is_whole
}

@test "a damaged record or lock of the store is no obstacle" {
    deploy build debian/mirror 2>/dev/null
    local record
    for record in "$cache"/records/by-key/*/*; do truncate -s 100 "$record"; done
    echo nonsense >"$cache/stat-cache"
    echo nonsense >"$cache/lock"
    run -0 --separate-stderr deploy build debian/mirror
    [[ $output == '3 steps run, '* ]]
}

@test "clean removes the cache, and the next build succeeds" {
    # Container images are shared by all checkouts of this machine: those of others stay out of it.
    mkdir bin && printf '#!/bin/sh\n' >bin/podman && chmod +x bin/podman
    deploy build debian/mirror 2>/dev/null
    cp deploy.lock before
    run -0 --separate-stderr env PATH="$PWD/bin:$PATH" "$DEPLOY_BINARY" clean
    [[ $stderr == *'removed the cache, the logs'* ]]
    [[ -z $(find "$cache" -type f ! -name lock ! -name kldload-store) && ! -e live-build/logs ]]
    run -0 --separate-stderr deploy build debian/mirror
    cmp before deploy.lock
}

@test "clean removes nothing that deploy did not make, whatever folder holds it" {
    mkdir bin && printf '#!/bin/sh\n' >bin/podman && chmod +x bin/podman
    clean() { env PATH="$PWD/bin:$PATH" "$DEPLOY_BINARY" clean --output; }
    # A store that an older version made in somebody's home.
    export DEPLOY_CACHE=$BATS_TEST_TMPDIR/shared
    mkdir -p "$DEPLOY_CACHE"/{blobs/ab,ingest,work,photos} live-build/logs/mine out
    echo x >"$DEPLOY_CACHE/letter" && echo x >live-build/logs/notes && echo x >out/kldload-mine.iso
    deploy build debian/mirror 2>/dev/null
    run -0 --separate-stderr clean
    [[ $stderr == *"left, since deploy did not make it: $DEPLOY_CACHE/letter, $DEPLOY_CACHE/photos, live-build/logs/mine, live-build/logs/notes, out/kldload-mine.iso"* ]]
    [[ -e $DEPLOY_CACHE/letter && -d $DEPLOY_CACHE/photos && ! -e $DEPLOY_CACHE/blobs && -e out/kldload-mine.iso ]]

    # A folder that is no store is not made one.
    export DEPLOY_CACHE=$BATS_TEST_TMPDIR/home
    mkdir -p "$DEPLOY_CACHE/work" && echo x >"$DEPLOY_CACHE/work/thesis"
    run -2 --separate-stderr clean
    [[ $stderr == *"is no store of deploy, and not empty"* && -e $DEPLOY_CACHE/work/thesis ]]
    HOME=$DEPLOY_CACHE run -2 --separate-stderr clean
    [[ $stderr == *'holds more than a store'* && -e $DEPLOY_CACHE/work/thesis ]]
}

@test "results that can't be written are a failure, of every command" {
    deploy build debian/mirror 2>/dev/null
    local command
    for command in 'key --export' status 'status --json' sets 'explain debian/mirror' 'build debian/mirror' 'build debian/mirror --json' --help --version 'status --help'; do
        # shellcheck disable=SC2086
        "$DEPLOY_BINARY" $command >/dev/full 2>"$log" && { echo "$command" >&2; false; }
        grep -q "can't be written to standard output: No space left on device" "$log"
    done
    # A reader that has enough is none. (It reads early: that is what deploy has to bear.)
    "$DEPLOY_BINARY" status 2>"$log" > >(:)
    [[ ! -s $log ]]
}

@test "options that stand before the command count" {
    cd /
    run -0 --separate-stderr deploy -C "$BATS_TEST_TMPDIR/checkout" build debian/mirror
    run -0 --separate-stderr deploy --json --directory="$BATS_TEST_TMPDIR/checkout" status
    [[ $output == '{"steps":['* ]]
    run -2 --separate-stderr deploy -C "$BATS_TEST_TMPDIR/checkout" bild
}

@test "no name and no password of an address is shown" {
    sed -i "s|http://127.0.0.1:9/made|http://bob:s3cr3t@127.0.0.1:$port/nothing|" deploy.yaml
    unset DEPLOY_MIRROR_MADE
    local command
    for command in 'build debian/mirror' 'build --json debian/mirror' doctor 'resolve curl' status; do
        # shellcheck disable=SC2086
        run --separate-stderr deploy $command
        [[ $output$stderr != *bob* && $output$stderr != *s3cr3t* ]] || { echo "$command: $output$stderr" >&2; return 1; }
    done
    run --separate-stderr deploy build debian/mirror
    [[ $stderr == *"http://…@127.0.0.1:$port/nothing"* ]]
}

@test "a key is made with a long TMPDIR, and none without a place for it" {
    local long
    printf -v long '%0130d' 0
    mkdir "$BATS_TEST_TMPDIR/$long"
    DEPLOY_KEY=$BATS_TEST_TMPDIR/key TMPDIR=$BATS_TEST_TMPDIR/$long run -0 --separate-stderr deploy key
    HOME='' DEPLOY_KEY='' run -2 --separate-stderr deploy key
    [[ $stderr == *'HOME is not set'* && ! -e .local ]]
    mkdir "$BATS_TEST_TMPDIR/documents" && echo x >"$BATS_TEST_TMPDIR/documents/letter"
    DEPLOY_KEY=$BATS_TEST_TMPDIR/documents run -1 --separate-stderr deploy key
    [[ $stderr == *'no key is made among them'* && $(ls "$BATS_TEST_TMPDIR/documents") == letter ]]
    chmod g+w "$BATS_TEST_TMPDIR/key"
    DEPLOY_KEY=$BATS_TEST_TMPDIR/key run -1 --separate-stderr deploy key
    [[ $stderr == *'can be written to by others'* ]]
}
