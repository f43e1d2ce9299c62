#!/usr/bin/env bats
# What `deploy why`, `deploy diff` and `deploy sets` owe their user at the command line. The archive is made here
# (make-archive) and served on the loopback; no container runs.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/history.bats
# shellcheck disable=SC2016,SC2154 # backticks are Markdown's; bats sets output and stderr, made-site the rest

load made-site.bash

setup_file() {
    serve_made_site
    export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@example.org GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.org
}

setup() { enter_made_checkout; }

lock() { deploy update 2>/dev/null; }
commit() {
    [[ -d .git ]] || git init --quiet
    git add deploy.yaml package-sets deploy.lock
    git commit --quiet --message x
}
move_on() {
    rm -r "${site:?}/$archive"
    cp -a "$site/made/second" "$site/$archive"
}
image() { # FILE LOCK: a small ISO that has LOCK inside
    mkdir -p tree/kldload tree/darksite
    cp "$2" tree/kldload/deploy.lock
    head -c 3000000 /dev/zero >tree/darksite/before
    xorriso -outdev "$1" -map tree / -commit >/dev/null 2>&1
    rm -r tree
}
is_json() { python3 -m json.tool >/dev/null; }

@test "why shows the way from a line to the package; its status says whether it is in" {
    lock
    run -0 --separate-stderr deploy why debian libpcre
    [[ ${lines[0]} == 'libpcre 10.42-1 ('*') is in the mirror for server:' ]]
    [[ ${lines[1]} == '  package-sets/debian/server.txt:1  nginx' ]]
    [[ ${lines[2]} == '    nginx 1.26-1  depends on  libpcre (>= 10)' && ${#lines[@]} == 3 && -z $stderr ]]
    run -0 --separate-stderr deploy why debian mail-transport-agent
    [[ ${lines[0]} == 'mail-transport-agent is a virtual package; exim4 provides it:' ]]
    [[ $output == *'would provide it too: postfix' ]]
    run -0 --separate-stderr deploy why debian bash
    [[ $output == *'the base system  bash (Essential: yes)'* ]]
    run -1 --separate-stderr deploy why debian apache
    [[ ${lines[0]} == 'apache is not in the mirror: no set asks for it'* && -z $stderr ]]
    run -2 --separate-stderr deploy why debian ngnix
    [[ -z $output && $stderr == *'no package is called "ngnix"'*'did you mean nginx'* ]]
    run -2 --separate-stderr deploy why debain nginx
    [[ -z $output && $stderr == *'declared: debian'* ]]
    run -2 --separate-stderr deploy why debian
    [[ -z $output ]]
}

@test "why says that a set forbids, and that the sets moved on" {
    lock
    printf 'mailer\n-exim4\n' >package-sets/debian/server.txt
    run -1 --separate-stderr deploy why debian exim4
    [[ $output == *'forbids it'*'package-sets/debian/server.txt:2  -exim4'*'mailer 1.0: exim4 | mail-transport-agent; postfix is in for it'* ]]
    [[ $stderr == *'the next build locks'* ]]
    deploy why --json debian postfix >out 2>err
    [[ ! -s err ]]
    python3 - out <<'PY'
import json, sys
answer = json.load(open(sys.argv[1]))
assert answer["in_mirror"] and answer["stale"] and answer["locked"], answer
reason = answer["packages"][0]["reasons"][0]
assert reason["profiles"] == ["server"] and reason["origin"]["line"] == 1, reason
assert reason["links"][0]["package"] == "mailer", reason
PY
    run -1 deploy why --json debian apache
    is_json <<<"$output"
}

@test "diff compares HEAD with the working lock, and names the lines" {
    lock
    commit
    run -0 --separate-stderr deploy diff
    [[ $output == 'HEAD ('*') → deploy.lock: the same packages' && -z $stderr ]]
    run -0 deploy diff --exit-code
    printf 'zsh\n' >package-sets/debian/core.txt
    lock
    run -0 --separate-stderr deploy diff
    [[ $output == *'+ added 2 packages, '*'package-sets/debian/core.txt:1  zsh'*'zsh 5.9-1 '*'zsh-common 5.9-1 '* ]]
    [[ $output == *'− removed 2 packages, '*'package-sets/debian/core.txt:2  curl'*'curl 8.1-1 '*'libcurl 8.1-1 '* ]]
    run -1 deploy diff --exit-code
    commit
    run -0 --separate-stderr deploy diff HEAD~1 HEAD
    [[ $output == *'package-sets/debian/core.txt:2  curl'* ]]
    run -0 --separate-stderr deploy diff HEAD
    [[ $output == *'the same packages' ]]
}

@test "diff tells upgrades as text, JSON and Markdown" {
    lock
    commit
    move_on
    lock
    run -0 --separate-stderr deploy diff
    [[ $output == *'snapshot  made trixie  2025-06-01 → 2025-07-01'*'↑ upgraded 4 packages'*'nginx 1.26-1 → 1.28-1'* ]]
    deploy diff --json >out 2>err
    [[ ! -s err ]]
    python3 - out <<'PY'
import json, sys
answer = json.load(open(sys.argv[1]))
changes = {change["package"]: change for change in answer["distributions"][0]["changes"]}
assert changes["nginx"]["from"] == "1.26-1" and changes["nginx"]["to"] == "1.28-1", changes
assert set(changes) == {"curl", "libcurl", "nginx", "nginx-common"}, changes
assert not answer["same"] and answer["from"]["kind"] == "revision"
PY
    run -0 --separate-stderr deploy diff --markdown
    [[ ${lines[0]} == '## Packages' && $output == *'| `nginx` | 1.26-1 | 1.28-1 | '*' | server |'* ]]
    # What could be told of them is not: nothing of it is in the store.
    [[ $output == *'Changelogs that were not read'*'- not in the store: `curl`, `libcurl`, `nginx`, `nginx-common`'* ]]
    run -2 --separate-stderr deploy diff --markdown --json
    [[ $stderr == *'exclude each other'* ]]
}

@test "diff reads the lock that is on an ISO" {
    lock
    image old.iso deploy.lock
    move_on
    printf 'curl\nzsh\n' >package-sets/debian/core.txt
    lock
    image new.iso deploy.lock
    run -0 --separate-stderr deploy diff old.iso new.iso
    [[ $output == 'old.iso → new.iso'*'zsh 6.0-1'*'nginx 1.26-1 → 1.28-1'* ]]
    run -0 --separate-stderr deploy diff new.iso
    [[ $output == 'new.iso → deploy.lock: the same packages' ]]
    # Cut off, without a lock, and with one that is none.
    truncate -s 1000000 old.iso
    run ! deploy diff old.iso
    mkdir empty && echo x >empty/x && xorriso -outdev empty.iso -map empty / -commit >/dev/null 2>&1
    run -2 --separate-stderr deploy diff empty.iso
    [[ $stderr == *'empty.iso has no /kldload/deploy.lock'* ]]
    echo nonsense >bad.lock
    image bad.iso bad.lock
    run -2 --separate-stderr deploy diff bad.iso
    [[ $stderr == *'bad.iso:/kldload/deploy.lock:1'* ]]
}

@test "what diff can't compare is said in a line or two" {
    expect() { # WORDS COMMAND…
        local words=$1
        shift
        run -2 --separate-stderr deploy "$@"
        [[ -z $output ]]
        [[ $stderr == *"$words"* ]] || { echo "$stderr" >&2; return 1; }
        ((${#stderr_lines[@]} <= 3))
    }
    expect 'is in no git repository' diff
    git init --quiet
    expect 'has no commit yet' diff
    git add deploy.yaml && git commit --quiet --message x
    expect 'has no deploy.lock' diff
    lock
    expect 'no git revision "nonsense"' diff nonsense
    expect 'there is no file missing.iso' diff missing.iso
    run -0 deploy diff deploy.lock
    mv deploy.lock old.lock
    expect 'there is no deploy.lock yet' diff old.lock
}

@test "of a revision whose sets moved on, diff tells what its lock would be" {
    git init --quiet
    git add deploy.yaml package-sets && git commit --quiet --message 'No lock'
    echo zsh >>package-sets/debian/core.txt && git commit --quiet --all --message 'A set'
    lock
    cp deploy.lock before
    run -0 --separate-stderr deploy diff HEAD~1 HEAD
    [[ ${lines[0]} == 'HEAD~1 ('*'), resolved against deploy.lock → HEAD ('*'), resolved against deploy.lock' ]]
    [[ $output == *'+ added 2 packages, '*'package-sets/debian/core.txt:4  zsh'* && $output != *removed* ]]
    run -0 --separate-stderr deploy diff HEAD~1 HEAD --markdown
    [[ $output == *' to download.'*'| mirror of debian | '*'#### Added (2)'*'| `zsh` (package-sets/debian/core.txt:4) |'* ]]
    git add deploy.lock && git commit --quiet --message 'Its lock'
    sed -i /curl/d package-sets/debian/core.txt && git commit --quiet --all --message 'Forgot the lock'
    run -0 --separate-stderr deploy diff HEAD~1 HEAD
    [[ ${lines[0]} == 'HEAD~1 ('*') → HEAD ('*'), its package sets resolved' ]]
    [[ $output == *'− removed 2 packages, '*'curl 8.1-1 '* && $output != *added* ]]
    cmp deploy.lock before
}

@test "sets weighs profiles and sets" {
    lock
    run -0 --separate-stderr deploy sets debian
    [[ ${lines[0]} == 'debian: 15 packages, '* && -z $stderr ]]
    [[ $output == *'server = base + core + server: 14 packages, '*'its own: 5 packages, '* ]]
    [[ $output == *'the live system (live) = live: '*'3 MB  big 1.0'*'package-sets/debian/live.txt:2  big'* ]]
    [[ $output == *'sets, and what only they bring'*'live '*'1 package'* ]]
    deploy sets --json >out 2>err
    [[ ! -s err ]]
    python3 - out <<'PY'
import json, sys
[answer] = json.load(open(sys.argv[1]))["distributions"]
profiles = {profile["name"]: profile for profile in answer["profiles"]}
assert profiles["core"]["own"]["packages"] == 0 and profiles["live"]["internal"], profiles
assert {"with": "core", "load": profiles["core"]["total"]} in profiles["server"]["shared"]
assert {entry["name"]: entry["only"]["packages"] for entry in answer["sets"]}["server"] == 5
PY
    run -2 --separate-stderr deploy sets debain
    [[ $stderr == *'declared: debian'* ]]
}

@test "a question writes no lock and moves none" {
    run -0 --separate-stderr deploy why debian nginx
    [[ $stderr == *"today's archive"* && ! -e deploy.lock ]]
    run -0 --separate-stderr deploy sets
    [[ ! -e deploy.lock ]]
    lock
    cp deploy.lock before
    move_on
    run -0 --separate-stderr deploy why debian nginx
    [[ $output == 'nginx 1.26-1 '* ]]
    cmp before deploy.lock
}
