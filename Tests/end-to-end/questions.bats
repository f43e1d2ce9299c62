#!/usr/bin/env bats
# Questions at the command line that change nothing: flags, exit codes, what goes to which channel. The archive is made here
# (make-archive) and served on the loopback.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/questions.bats
# shellcheck disable=SC2154 # bats sets output and stderr, made-site the rest

load made-site.bash

setup_file() {
    serve_made_site
    export DEPLOY_MIRROR_MADE=http://127.0.0.1:$port/made/first
    # A checkout with a lock, and a store that has what the lock names.
    mkdir "$BATS_FILE_TMPDIR/locked"
    cp -a "$site/made/checkout" "$BATS_FILE_TMPDIR/locked/checkout"
    ln -s "$site/made/keyring.gpg" "$BATS_FILE_TMPDIR/locked/"
    (cd "$BATS_FILE_TMPDIR/locked/checkout" && "$DEPLOY_BINARY" update)
}

setup() {
    cp -a "$BATS_FILE_TMPDIR/locked" "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here/checkout" || return 1
}

# Evaluates an expression of Python on the one JSON object in $output.
json() { python3 -c 'import json, sys; value = json.loads(sys.argv[1]); print(eval(sys.argv[2]))' "$output" "$1"; }

@test "resolve lists what comes on top, and leaves the lock as it is" {
    cp deploy.lock before
    run -0 --separate-stderr deploy resolve debian nginx
    [[ -z $stderr ]]
    [[ ${lines[0]} == '   libpcre '* && ${lines[1]} == '*  nginx '*' 1.26-1 '*' amd64  '*B ]]
    [[ ${lines[3]} == 'added: 3 packages, '* && ${lines[4]} == 'the base system: 5 packages, '*'together: 8 packages, '* ]]
    run -0 --separate-stderr deploy resolve debian zsh --profile server
    [[ $output == *'added: 2 packages'*'profile server: 14 packages, '*'together: 16 packages'* ]]
    run -0 --separate-stderr deploy resolve --empty debian curl
    [[ $output == *'total: 3 packages, '* ]]
    cmp before deploy.lock
}

@test "only the flag puts a profile under a request, whatever the environment says" {
    PROFILE=server run -0 --separate-stderr deploy resolve debian zsh
    [[ $output == *'the base system: 5 packages'* ]]
    PROFILE=nonsense EDITION='!' KLDLOAD_DISTRO=none run -0 --separate-stderr deploy search debian zsh
    PROFILE=nonsense run -2 --separate-stderr deploy status
}

@test "names with a minus must not be in, and no option is taken for one" {
    run -0 --separate-stderr deploy resolve debian mailer -exim4
    [[ $output == *'   postfix '* && $output != *exim4* ]]
    run -0 --separate-stderr deploy resolve debian -exim4 mailer --profile core
    [[ $output == *'   postfix '* && $output == *'profile core'* ]]
    run -0 --separate-stderr deploy resolve debian mailer -- -exim4
    [[ $output == *'   postfix '* ]]
    run -2 --separate-stderr deploy resolve debian mailer --recomends
    [[ $stderr == *"Unknown option '--recomends'"* ]]
}

@test "resolve ends with status 1 and numbered steps where it can't be, and with 2 for names that mean nothing" {
    run -1 --separate-stderr deploy resolve debian nginx apache
    [[ -z $output && $stderr == *'nginx and apache can'\''t be installed together'*'1. '*'2. '*'→ leave out nginx or apache'* ]]
    run -1 --separate-stderr deploy resolve debian nginx apache --json
    [[ $(json 'value["possible"], value["requests"], len(value["steps"]) > 2') == "(False, ['nginx', 'apache'], True)" ]]
    [[ $stderr == *'error: nginx and apache'* ]]
    run -2 --separate-stderr deploy resolve debian ngnix zsh crul -apach
    [[ -z $output && $stderr == *ngnix*'did you mean nginx'*crul*curl*apach*apache*'3 errors'* ]]
    run -2 --separate-stderr deploy resolve debian zsh --profile servr
    [[ $stderr == *'did you mean server?'* ]]
    run -2 --separate-stderr deploy resolve debian zsh --empty --profile server
    run -2 --separate-stderr deploy resolve debian
    [[ $stderr == *'for example: deploy resolve'* ]]
    run -2 --separate-stderr deploy resolve debain zsh
    [[ $stderr == *'declared: debian'* ]]
}

@test "what is asked for in the wrong words is status 2: an architecture, a codename" {
    cp deploy.lock before
    sed -i 's/^    architecture: amd64/    architecture: m68k/' deploy.yaml
    run -2 --separate-stderr deploy build --dry-run
    [[ $stderr == *'has no architecture m68k; it has '* ]]
    sed -i 's/^    architecture: m68k/    architecture: amd64/; s/^    codename: trixie/    codename: nosuch/' deploy.yaml
    run -2 --separate-stderr deploy build --dry-run
    [[ $stderr == *'no repository of debian is of "nosuch": they are of trixie'*'mend the codename of debian'* ]]
    cmp before deploy.lock
}

@test "a question asks for no keyring to be installed" {
    sed -i 's,keyring: .*,keyring: /usr/share/keyrings/ubuntu-archive-removed-keys.gpg,' deploy.yaml
    export KLDLOAD_CHECKOUT=$PWD
    for words in 'build' 'build debian' 'update' 'nightly' '-C . build --draft'; do
        # shellcheck disable=SC2086
        run -0 deploy missing-packages -- $words
        [[ $output == ubuntu-keyring ]]
    done
    for words in 'build -n' 'build --dry-run debian' 'why debian htop' 'resolve debian nginx' 'search debian x' 'diff' 'explain iso/image' 'test --live' 'nosuch'; do
        # shellcheck disable=SC2086
        run -0 deploy missing-packages -- $words
        [[ -z $output ]]
    done
}

@test "resolve --json is one object with every package" {
    run -0 --separate-stderr deploy resolve debian nginx --json
    [[ ${#lines[@]} == 1 && -z $stderr ]]
    [[ $(json 'value["total"]["packages"], len(value["packages"]), value["added"]["packages"]') == '(8, 8, 3)' ]]
    [[ $(json '[p["name"] for p in value["packages"] if "request" in p]') == "['nginx']" ]]
    [[ $(json 'sum(p["size"] for p in value["packages"]) == value["total"]["size"]') == True ]]
}

@test "check counts every package, and ends with status 0 also where some are broken" {
    run -0 --separate-stderr deploy check debian
    [[ $output == 'debian: all 22 packages can be installed ('* && -z $stderr ]]
    # The same archive without zsh-common.
    cp -a "$site/made/first" "$site/broken"
    python3 - "$site/broken/dists/trixie" "$PWD" <<'PY'
import hashlib, re, shutil, subprocess, sys
dist, here = sys.argv[1:]
packages = f"{dist}/main/binary-amd64/Packages"
text = "\n\n".join(s for s in open(packages).read().split("\n\n") if not s.startswith("Package: zsh-common\n"))
open(packages, "w").write(text)
subprocess.run(["xz", "--keep", "--force", packages], check=True)
shutil.rmtree(f"{dist}/main/binary-amd64/by-hash")
release = "Origin: Made\nLabel: Made\nSuite: stable\nCodename: trixie\nDate: Sun, 01 Jun 2025 00:00:00 UTC\n"
release += "Architectures: amd64 all\nComponents: main\nSHA256:\n"
for name in ["Packages", "Packages.xz"]:
    data = open(f"{dist}/main/binary-amd64/{name}", "rb").read()
    release += f" {hashlib.sha256(data).hexdigest()} {len(data)} main/binary-amd64/{name}\n"
open(f"{dist}/Release", "w").write(release)
declaration = open(f"{here}/deploy.yaml").read()
open(f"{here}/deploy.yaml", "w").write(re.sub("keyring: .*", "unsigned: true", declaration))
PY
    rm deploy.lock "$site/broken/dists/trixie/InRelease"
    local mirror=${DEPLOY_MIRROR_MADE%/made/first}/broken
    DEPLOY_MIRROR_MADE=$mirror run -0 --separate-stderr deploy check debian
    [[ ${lines[0]} == "debian: 1 of 21 packages can't be installed, for one reason ("* ]]
    [[ ${lines[1]} == 'nothing is called or provides zsh-common' && ${lines[2]} == '  zsh 5.9-1 amd64' ]]
    [[ $stderr == *'debian is not locked yet'* && ! -e deploy.lock ]]
    DEPLOY_MIRROR_MADE=$mirror run -0 --separate-stderr deploy check debian --json
    output=${lines[-1]} # what it says on the way are events
    [[ $(json 'value["checked"], value["broken"], value["causes"][0]["packages"][0]["name"]') == "(21, 1, 'zsh')" ]]
}

@test "search puts exact names first, and says who carries and names a package" {
    run -0 --separate-stderr deploy search debian CURL
    [[ ${lines[0]} == 'curl 8.1-1 amd64, trixie  made for a test' ]]
    [[ ${lines[1]} == '    locked for core, server · package-sets/debian/core.txt:2 curl' && ${lines[2]} == 'libcurl '* ]]
    run -0 --separate-stderr deploy search debian 'zsh*' test --json
    [[ ${#lines[@]} == 1 && $(json '[p["name"] for p in value["packages"]]') == "['zsh', 'zsh-common']" ]]
    run -1 --separate-stderr deploy search debian ngnix
    [[ -z $output && $stderr == *'did you mean nginx?'* ]]
    run -1 --separate-stderr deploy search debian ngnix --json
    [[ $(json 'value["packages"]') == '[]' ]]
    run -2 --separate-stderr deploy search debian
    run -2 --separate-stderr deploy search debian ''
}

@test "without a lock today's snapshot is asked, and without a network the lock still answers" {
    mv deploy.lock kept
    run -0 --separate-stderr deploy resolve debian zsh
    [[ $stderr == *'archive of 2025-06-01'*'debian is not locked yet'* && ! -e deploy.lock ]]
    mv kept deploy.lock
    local nowhere=http://127.0.0.1:9/nowhere
    DEPLOY_MIRROR_MADE=$nowhere run -0 --separate-stderr deploy resolve debian zsh
    [[ -z $stderr ]]
    rm deploy.lock
    DEPLOY_MIRROR_MADE=$nowhere run -1 --separate-stderr deploy search debian zsh
    [[ -z $output && $stderr == *error:* ]]
}
