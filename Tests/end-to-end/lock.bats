#!/usr/bin/env bats
# deploy.lock on the command line and in git: what is said where it does not fit, what is never written, and what becomes of
# it when branches are merged. The archive is made here (make-archive) and served on the loopback; no container runs.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/lock.bats
# shellcheck disable=SC2154 # bats sets output and stderr, made-site the rest

load made-site.bash

setup_file() {
    serve_made_site
    GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
    GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
    export GIT_CONFIG_GLOBAL GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
}

setup() { enter_made_checkout; }

requests() { cat "$site/$archive.requests" 2>/dev/null || true; }
resolve() { deploy build debian/indexes 2>/dev/null; } # writes the lock
moves_on() { rm -r "${site:?}/$archive" && cp -a "$site/made/second" "$site/$archive"; }

# A repository with the declaration and its lock, and two branches, ours and theirs, which `change` edits by their names.
branches() {
    git init -q -b main .
    echo live-build >.gitignore
    resolve
    git add -A && git commit -qm base
    local branch
    for branch in ours theirs; do
        git checkout -q -b "$branch" main
        change "$branch"
        resolve
        git commit -qam "$branch"
    done
    git checkout -q ours
}

# Takes one side of each conflict in the lock, and keeps what git could merge.
settle() { # ours|theirs
    local stage
    for stage in 1 2 3; do git show ":$stage:deploy.lock" >"$BATS_TEST_TMPDIR/stage-$stage"; done
    git merge-file "--$1" "$BATS_TEST_TMPDIR/stage-2" "$BATS_TEST_TMPDIR/stage-1" "$BATS_TEST_TMPDIR/stage-3"
    cp "$BATS_TEST_TMPDIR/stage-2" deploy.lock
}

# The lock that this checkout's sets resolve to against the base's snapshot, by a checkout that never saw a merge.
is_as_resolved_fresh() {
    rm -rf "$BATS_TEST_TMPDIR/fresh"
    git worktree add -q -f --detach "$BATS_TEST_TMPDIR/fresh" main
    cp -r package-sets deploy.yaml "$BATS_TEST_TMPDIR/fresh/"
    (cd "$BATS_TEST_TMPDIR/fresh" && resolve)
    diff "$BATS_TEST_TMPDIR/fresh/deploy.lock" deploy.lock
}

@test "a build says what differs before it says what that came to" {
    resolve
    echo zsh >>package-sets/debian/server.txt
    run -0 --separate-stderr deploy build debian/indexes
    [[ ${stderr_lines[0]} == 'debian: server: + zsh (package-sets/debian/server.txt:3)' ]]
    [[ $stderr == *'debian: server + zsh 5.9-1, zsh-common 5.9-1 (2 packages, '*'nothing else moved'* ]]
    git init -q . && git add deploy.lock && sed -i '/^zsh/d' package-sets/debian/server.txt
    resolve
    # A changelog of wishes and results, and nothing else.
    run -0 git diff --unified=0 deploy.lock
    changed=$(grep -E '^[-+][^-+]' <<<"$output" | cut -d' ' -f1,2)
    [[ $changed == $'-profile server\n+profile server\n-want server\n-package zsh\n-package zsh-common' ]]
}

@test "--locked names what differs, and writes nothing" {
    run -1 --separate-stderr deploy build --locked debian/indexes
    [[ $stderr == *'there is no deploy.lock'* && ! -e deploy.lock && -z $(requests) ]]
    resolve
    cp deploy.lock before
    run -0 deploy build --locked debian/indexes
    sed -i 's/suites: \[trixie\]/suites: [trixie, trixie-updates]/' deploy.yaml
    sed -i '/^nginx$/d' package-sets/debian/server.txt
    run -1 --separate-stderr deploy build --locked
    [[ $stderr == *'repository made: suites trixie → trixie, trixie-updates'* ]]
    [[ $stderr == *'server: − nginx'* && $stderr == *'without --locked'* ]]
    cmp before deploy.lock
}

@test "a target that can't be is refused before the lock is made" {
    run -2 --separate-stderr deploy build debian/mirorr
    [[ $stderr == *'no stage or step called "debian/mirorr"'* && ! -e deploy.lock && -z $(requests) ]]
    run -2 --separate-stderr deploy explain live/rot
    [[ ! -e deploy.lock && -z $(requests) ]]
    # Also where there is a lock that has to change.
    resolve
    cp deploy.lock before
    echo zsh >>package-sets/debian/core.txt
    run -2 deploy build nonsense
    cmp before deploy.lock
}

@test "status, explain and graph write no lock, and wait for the store where they fetch" {
    local command
    for command in status explain graph 'build --dry-run'; do
        # shellcheck disable=SC2086
        deploy $command >/dev/null 2>&1
        [[ ! -e deploy.lock ]]
    done
    echo 'hang */big_*' >"$site/$archive.rules"
    "$DEPLOY_BINARY" build live/packages >log 2>&1 3>&- &
    local build=$! turn
    for ((turn = 0; turn < 200; turn++)); do
        if [[ -e deploy.lock ]] && compgen -G 'live-build/cache/ingest/*.part' >/dev/null; then break; fi
        sleep 0.05
    done
    # Nothing to resolve: no need to wait.
    timeout 20 "$DEPLOY_BINARY" status >/dev/null
    echo zsh >>package-sets/debian/core.txt
    run ! timeout 1 "$DEPLOY_BINARY" status
    [[ $output == *"process $build"* ]] || { echo "$output"; false; }
    kill -INT "$build"
    wait "$build" || true
    deploy status >/dev/null 2>&1
    run ! grep -q zsh deploy.lock
}

@test "an update of one package leaves the others, and is said" {
    resolve
    moves_on
    run -0 --separate-stderr deploy update debian nginx
    [[ $stderr == *'server ↑ nginx 1.26-1 → 1.28-1, nginx-common 1.26-1 → 1.28-1'*'nothing else moved'* ]]
    [[ $(grep -c ^snapshot deploy.lock) == 2 ]]
    grep -q '^package curl 8.1-1 ' deploy.lock
    run -0 deploy build --locked debian/mirror
    run -2 --separate-stderr deploy update debian nginxx
    [[ $stderr == *'did you mean nginx?'* ]]
    deploy update 2>/dev/null
    [[ $(grep -c ^snapshot deploy.lock) == 1 ]]
    grep -q '^package curl 8.2-1 ' deploy.lock
}

@test "branches that change different profiles merge by themselves" {
    change() {
        if [[ $1 == ours ]]; then echo zsh >>package-sets/debian/builder.txt; else echo big >>package-sets/debian/server.txt; fi
    }
    branches
    git merge -q theirs -m merged
    run -0 --separate-stderr deploy build --locked debian/indexes
    is_as_resolved_fresh
}

@test "branches that change one profile conflict readably, and either side will do" {
    change() {
        if [[ $1 == ours ]]; then echo zsh >>package-sets/debian/core.txt; else echo big >>package-sets/debian/server.txt; fi
    }
    branches
    run -1 git merge theirs -m merged
    run -0 git diff --name-only --diff-filter=U
    [[ $output == deploy.lock ]]
    local line side
    line=$(grep -n -m 1 '^<<<<<<<' deploy.lock | cut -d: -f1)
    grep -q '^[-+ ]*profile server 1' <(git diff deploy.lock)
    run -2 --separate-stderr deploy build debian/indexes
    [[ $stderr == *"deploy.lock:$line:1: error: git left a merge conflict here (<<<<<<<)"*'keep one side'* ]]
    # The whole file of a side, and one side of each conflict.
    for side in ours theirs; do
        git checkout -q "--$side" deploy.lock
        run -1 --separate-stderr deploy build --locked debian/indexes
        resolve
        is_as_resolved_fresh
        git checkout -q --merge deploy.lock
        settle "$side"
        run -1 --separate-stderr deploy build --locked debian/indexes
        [[ $stderr == *'server: the packages are not as they were resolved (a merge, or an edit by hand)'* ]]
        resolve
        is_as_resolved_fresh
        git checkout -q --merge deploy.lock
    done
}

@test "a merge of an update with another change is resolved again" {
    change() { if [[ $1 == ours ]]; then moves_on && deploy update 2>/dev/null; else echo zsh >>package-sets/debian/builder.txt; fi; }
    branches
    # Ours has moved every profile to another snapshot, so this can't pass unseen.
    run -1 git merge theirs -m merged
    settle ours
    run -1 --separate-stderr deploy build --locked debian/indexes
    resolve
    grep -q '^package zsh 6.0-1 ' deploy.lock
    run -0 deploy build --locked debian/indexes
}
