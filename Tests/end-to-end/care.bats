#!/usr/bin/env bats
# The care of the store on the command line: garbage, limits, and a store that travels as one file to a place without network, through
# all bad luck. The archive is made here (make-archive) and served on the loopback; no container runs. What needs the rights of
# root (a network namespace, a small disk) is skipped without them.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/care.bats
# shellcheck disable=SC2154 # bats sets output and stderr, made-site the rest

load made-site.bash

setup_file() { serve_made_site; }

setup() {
    enter_made_checkout
    cache=$PWD/live-build/cache
    file=$BATS_TEST_TMPDIR/cache.tar.zst
    log=$BATS_TEST_TMPDIR/log
}

teardown() {
    if mountpoint -q "$BATS_TEST_TMPDIR/small"; then umount "$BATS_TEST_TMPDIR/small"; fi
}

# All that an image of this checkout fetches, and what is made of it without a container.
fetched=(debian/indexes debian/packages live/packages builder/bootstrap-packages builder/packages zfs/packages)
fetch() {
    local step steps=() graph
    graph=$(deploy graph --format dot 2>/dev/null)
    for step in "${fetched[@]}"; do
        if [[ $graph == *"\"$step\""* ]]; then steps+=("$step"); fi
    done
    deploy build "${steps[@]}" 2>/dev/null
}
export_file() { fetch && deploy cache export "$file" 2>/dev/null; }

# A fresh clone of the checkout, where nobody has built anything and no mirror is in reach.
elsewhere() {
    cp -a "$site/made/checkout" "$BATS_TEST_TMPDIR/elsewhere"
    cd "$BATS_TEST_TMPDIR/elsewhere" || return
    cache=$PWD/live-build/cache
    export DEPLOY_MIRROR_MADE=http://127.0.0.1:9/nowhere
}

# deploy where there is no network but a loopback that is down.
cut_off() { unshare --net "$DEPLOY_BINARY" "$@"; }
needs_namespaces() { unshare --net true 2>/dev/null || skip 'needs the right to make a network namespace'; }

requests() { cat "$site/$archive.requests" 2>/dev/null || true; }
blobs() { find "$cache/blobs" -type f 2>/dev/null | wc -l; }

# Every blob has the digest that it is called after.
store_is_whole() {
    [[ -d $cache/blobs ]] || return 0
    find "$cache/blobs" -type f -printf '%f  %p\n' >"$BATS_TEST_TMPDIR/blobs"
    [[ ! -s $BATS_TEST_TMPDIR/blobs ]] || sha256sum --quiet --strict --check "$BATS_TEST_TMPDIR/blobs"
}

wait_status() { # PID: sets $status
    status=0
    wait "$1" || status=$?
}

small_disk() { # SIZE
    mkdir "$BATS_TEST_TMPDIR/small"
    mount -t tmpfs -o "size=$1" tmpfs "$BATS_TEST_TMPDIR/small" 2>/dev/null || skip 'needs the right to mount a tmpfs'
}

@test "a fresh clone builds from the file alone, in a namespace without interfaces" {
    needs_namespaces
    export_file
    local here=$PWD
    elsewhere
    [[ ! -e deploy.lock ]]
    run -0 --separate-stderr cut_off cache import "$file"
    [[ $stderr == *' blobs came in, '*'; the store had 0'*'deploy.lock came with the file: there was none'* ]]
    cmp "$here/deploy.lock" deploy.lock
    run -0 --separate-stderr cut_off build --offline "${fetched[@]:0:3}" debian/mirror
    echo "$stderr"
    [[ $stderr == *'✓ '*'debian/mirror'* ]]
    store_is_whole
    cmp "$here/deploy.lock" deploy.lock
}

@test "what is missing is told before anything runs, with names and sizes" {
    needs_namespaces
    export_file
    elsewhere
    run -1 --separate-stderr cut_off build --offline debian/mirror
    [[ $stderr == *"there is no deploy.lock, and --offline takes no archive's state of today"* ]]
    cut_off cache import "$file" 2>/dev/null
    rm "$cache/blobs"/*/"$(sed -n '/ bash /{s/.* \([0-9a-f]\{64\}\).*/\1/p;q}' deploy.lock)"
    run -1 --separate-stderr cut_off build --offline debian/mirror
    echo "$stderr"
    [[ $stderr == *'1 file, '*', is not in the store, and --offline fetches nothing'*'bash 5.2-1 amd64, '* ]]
    [[ $stderr == *'deploy cache import FILE'* ]]
    run ! test -e live-build/logs
    # A set that asks for more is resolved against the locked state, and the package is what is missing.
    cut_off cache import "$file" 2>/dev/null
    echo zsh >>package-sets/debian/core.txt
    run -1 --separate-stderr cut_off build --offline debian/mirror
    [[ $stderr == *'2 files, '*'zsh 5.9-1 amd64, '*'zsh-common 5.9-1 all, '* ]]
}

@test "offline nothing is asked for, though the mirror is there" {
    export_file
    deploy cache import "$file" 2>/dev/null
    rm -f "$site/$archive.requests"
    deploy build --offline debian/mirror 2>/dev/null
    rm -r live-build/cache
    run -1 --separate-stderr deploy build --offline debian/mirror
    [[ $stderr == *'are not in the store, and --offline fetches nothing'* ]]
    [[ -z $(requests) ]]
}

@test "the same lock gives the same file, which real tools read" {
    export_file
    mkdir out
    (cd out && run -0 deploy cache export -C ..)
    run -0 --separate-stderr deploy cache export -C "$PWD"
    [[ $output == "$PWD/kldload-cache-$(sha256sum deploy.lock | cut -c1-7).tar.zst" ]]
    cmp "$output" "$file"
    deploy cache export - >piped 2>/dev/null
    cmp piped "$file"
    zstd -q -d -c "$file" | tar -t >members
    [[ $(head -2 members) == $'kldload-cache\ndeploy.lock' ]]
    grep -q '^keys/.*keyring.gpg$' members
    zstd -q -d -c "$file" | tar -x -C out
    cmp out/deploy.lock deploy.lock
    (cd out/blobs && for blob in *; do echo "$blob  $blob"; done | sha256sum --quiet --strict --check)
    run -2 --separate-stderr deploy cache export --json -
    mkfifo pipe
    run -2 --separate-stderr timeout 10 "$DEPLOY_BINARY" cache export pipe
    [[ $stderr == *'is no file'* ]]
}

@test "a file that is cut, foreign or damaged brings nothing wrong, and says what was seen" {
    export_file
    elsewhere
    local size share
    size=$(stat -c %s "$file")
    for share in 5 50 95; do
        head -c $((size * share / 100)) "$file" >short.zst
        run -1 --separate-stderr deploy cache import short.zst
        [[ $stderr == *"short.zst is cut off: it ends after $((size * share / 100)) bytes"* ]] || { echo "$stderr" && false; }
        store_is_whole
        [[ ! -e deploy.lock && -z $(ls "$cache/ingest") ]]
    done
    [[ $stderr == *'in the store, each as its digest says'* ]]
    cp "$file" flipped
    printf '\377' | dd of=flipped bs=1 seek=$((size / 2)) conv=notrunc status=none
    run -1 --separate-stderr deploy cache import flipped
    [[ $stderr == *flipped* ]]
    store_is_whole
    tar -cf - package-sets | zstd -q >foreign
    run -1 --separate-stderr deploy cache import foreign
    [[ $stderr == *'package-sets/ is no plain file'* ]]
    run -1 --separate-stderr deploy cache import deploy.yaml
    [[ $stderr == *'is not packed with zstd: it begins with the bytes 76 65 72 73'* ]]
    run -1 --separate-stderr deploy cache import nowhere
    [[ $stderr == *'No such file'* ]]
    run -1 --separate-stderr deploy cache import .
    [[ $stderr == *'it is no file'* ]]
    run -1 --separate-stderr deploy cache import - </dev/null
    [[ $stderr == *'standard input is empty'* ]]
    # The whole one goes on, and once more changes nothing.
    run -0 --separate-stderr deploy cache import - <"$file"
    [[ $stderr == *'; the store had '[1-9]* ]]
    run -0 --separate-stderr deploy cache import "$file"
    [[ $stderr == *'0 blobs came in'* ]]
    store_is_whole
}

@test "an import that is killed is gone on with" {
    export_file
    elsewhere
    local delay
    for delay in 0.02 0.05 0.1 0.2; do
        "$DEPLOY_BINARY" cache import "$file" >"$log" 2>&1 3>&- &
        local import=$!
        sleep "$delay"
        kill -KILL "$import" 2>/dev/null || true # it may have ended before
        wait_status "$import"
        store_is_whole
    done
    # One that waits for its input is killed in the middle for certain.
    mkfifo pipe
    "$DEPLOY_BINARY" cache import - <pipe >"$log" 2>&1 3>&- &
    local import=$!
    exec 9>pipe
    head -c $(($(stat -c %s "$file") / 2)) "$file" >&9
    sleep 1
    kill -KILL "$import"
    wait_status "$import"
    exec 9>&-
    store_is_whole
    deploy cache import "$file" 2>/dev/null
    [[ -z $(ls "$cache/ingest") ]]
    deploy build --offline debian/mirror 2>/dev/null
}

@test "a disk without room is said before anything comes in, and one that fills up leaves nothing bad" {
    export_file
    elsewhere
    small_disk 2m
    export DEPLOY_CACHE=$BATS_TEST_TMPDIR/small/cache
    cache=$DEPLOY_CACHE
    run -1 --separate-stderr deploy cache import "$file"
    [[ $stderr == *"would bring "*" into the store, and $cache has "*' left'*'nothing was taken'* ]]
    ((! $(blobs)))
    # It fills up while the file comes in.
    mount -o remount,size=5m "$BATS_TEST_TMPDIR/small"
    mkfifo pipe
    "$DEPLOY_BINARY" cache import - <pipe >"$log" 2>&1 3>&- &
    local import=$!
    exec 9>pipe
    head -c 200000 "$file" >&9
    sleep 1
    dd if=/dev/zero of="$BATS_TEST_TMPDIR/small/filler" bs=64k status=none 2>/dev/null || true # it ends when the disk is full
    tail -c +200001 "$file" >&9 2>/dev/null || true # nobody reads it any more
    exec 9>&-
    wait_status "$import"
    ((status == 1))
    grep -q 'the disk is full: free some space' "$log" || { cat "$log" && false; }
    store_is_whole
    rm "$BATS_TEST_TMPDIR/small/filler"
    deploy cache import "$file" 2>/dev/null
    store_is_whole
}

@test "an export that has no room leaves no file" {
    fetch
    small_disk 1m
    run -1 --separate-stderr deploy cache export "$BATS_TEST_TMPDIR/small/file"
    [[ $stderr == *'No space left on device'* ]]
    [[ -z $(ls -A "$BATS_TEST_TMPDIR/small") ]]
}

@test "of two at once the second waits" {
    export_file
    elsewhere
    mkfifo pipe
    "$DEPLOY_BINARY" cache import - <pipe >"$log" 2>&1 3>&- &
    local first=$!
    exec 9>pipe
    sleep 0.5
    "$DEPLOY_BINARY" cache import "$file" >second 2>&1 3>&- 9>&- &
    local second=$!
    sleep 0.5
    "$DEPLOY_BINARY" gc >third 2>&1 3>&- 9>&- &
    local third=$!
    sleep 0.5
    cat "$file" >&9
    exec 9>&-
    wait_status "$first" && ((status == 0))
    wait_status "$second" && ((status == 0))
    wait_status "$third" && ((status == 0))
    grep -q "process $first" second
    deploy build --offline debian/mirror 2>/dev/null
    store_is_whole
}

@test "gc says before what it removes, and keeps as many runs as are wanted" {
    deploy build debian/mirror 2>/dev/null
    echo zsh >>package-sets/debian/core.txt
    deploy build debian/mirror 2>/dev/null
    local before
    before=$(blobs)
    run -0 --separate-stderr deploy gc --keep 2 --dry-run
    [[ $stderr == *'would remove '*'the store would have '* ]]
    ((before == $(blobs)))
    deploy gc --keep 2 2>/dev/null
    sed -i '$d' package-sets/debian/core.txt
    run -0 --separate-stderr deploy build debian/mirror
    [[ $output == '0 steps run, '* ]]
    deploy gc 2>/dev/null
    run -0 deploy build debian/mirror
    store_is_whole
}

@test "gc keeps a size, never at the cost of what is locked, and refuses what is no size" {
    deploy build debian/mirror 2>/dev/null
    head -c 100000 /dev/urandom >noise
    local digest
    digest=$(sha256sum <noise | cut -d' ' -f1)
    mkdir -p "$cache/blobs/${digest:0:2}"
    cp noise "$cache/blobs/${digest:0:2}/$digest"
    deploy gc --max-size 4G 2>/dev/null
    [[ ! -e $cache/blobs/${digest:0:2}/$digest ]]
    run -1 --separate-stderr deploy gc --max-size 1k
    [[ $stderr == *'deploy.lock and the last image need '*' by themselves, and the store is to have 1 kB at most'* ]]
    deploy build --locked --offline debian/packages debian/indexes 2>/dev/null
    local size
    for size in much 40Q -1G; do
        run -2 --separate-stderr deploy gc --max-size="$size"
        [[ $stderr == *'is no size: a number and a unit: 500M, 40G'* ]] || { echo "$size: $stderr" && false; }
    done
    DEPLOY_CACHE_SIZE=much run -2 --separate-stderr deploy gc
    [[ $stderr == *'DEPLOY_CACHE_SIZE cannot be "much"'* ]]
    run -2 --separate-stderr deploy gc --keep 0
}

@test "a build that needs more than the store may have is refused before anything is fetched" {
    deploy build debian/indexes 2>/dev/null
    rm -f "$site/$archive.requests"
    DEPLOY_CACHE_SIZE=1M run -1 --separate-stderr deploy build live/packages
    [[ $stderr == *'the build needs about 3'*' MB beside the '*' that it reads, and the store may have 1 MB'* ]]
    [[ $stderr == *'allow it '*' MB at least: store: {max-size: …} in deploy.yaml'* ]]
    run ! grep pool/ <(requests)
    printf 'store: {max-size: 1M}\n' >>deploy.yaml
    run -1 --separate-stderr deploy build live/packages
    DEPLOY_CACHE_SIZE=20M deploy build live/packages 2>/dev/null
    store_is_whole
}

@test "where gc would make a disk large enough, the error says so, and --gc does it" {
    small_disk 6500k
    export DEPLOY_CACHE=$BATS_TEST_TMPDIR/small/cache
    cache=$DEPLOY_CACHE
    deploy build debian/indexes 2>/dev/null
    head -c 5000000 /dev/urandom >noise
    local digest
    digest=$(sha256sum <noise | cut -d' ' -f1)
    mkdir -p "$cache/blobs/${digest:0:2}"
    cp noise "$cache/blobs/${digest:0:2}/$digest"
    run -1 --separate-stderr deploy build live/packages
    # shellcheck disable=SC2016 # backquotes as they are shown
    [[ $stderr == *'`deploy gc` would free 5 MB: that is enough'*'`deploy build --gc`'* ]] || { echo "$stderr" && false; }
    run -0 --separate-stderr deploy build --gc live/packages
    [[ $stderr == *'removed what neither the lock nor the last run of any step needs: 5 MB'* ]]
    store_is_whole
}

@test "a gc that is killed leaves a store that the next build works with" {
    local delay
    for _ in 1 2 3; do
        deploy build debian/mirror 2>/dev/null
        for delay in 0.01 0.03 0.1; do
            "$DEPLOY_BINARY" gc --max-size 1k >"$log" 2>&1 3>&- &
            local collector=$!
            sleep "$delay"
            kill -KILL "$collector" 2>/dev/null || true # it may have ended before
            wait_status "$collector"
            store_is_whole
        done
        deploy build debian/mirror 2>/dev/null
    done
}

@test "what is no file is refused at once where a file is named" {
    deploy update 2>/dev/null
    mkfifo pipe
    run -1 --separate-stderr timeout 20 "$DEPLOY_BINARY" diff pipe
    [[ $stderr == *'no plain file'* ]]
    run -1 --separate-stderr timeout 20 "$DEPLOY_BINARY" cache import pipe
    [[ $stderr == *'it is no file'* ]]
    mv deploy.lock earlier.lock
    mkfifo deploy.lock
    local command
    for command in 'diff earlier.lock' sets status gc 'build --offline' 'cache export'; do
        # shellcheck disable=SC2086 # two words
        run -1 --separate-stderr timeout 20 "$DEPLOY_BINARY" $command
        [[ $stderr == *'deploy.lock: it is no plain file'* ]] || { echo "$command: $stderr" && false; }
    done
}
