#!/usr/bin/env bats
# The templates in contrib: right by the schemas that the services publish, and every script of theirs run here, in the same order, in
# fresh clones of this repository. The declaration is a small one, of the archive that the tests make; podman is played, apt-get only
# says what it would install, swift has compiled deploy already. What is a service's own (`uses:`) is named and not run.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/contrib/contrib.bats
# bats file_tags=network
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # fakes are scripts in single quotes; bats sets output and stderr

bats_require_minimum_version 1.5.0

setup_file() {
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    root=$(realpath "$BATS_TEST_DIRNAME/../..")
    made=$BATS_FILE_TMPDIR/made fakes=$BATS_FILE_TMPDIR/fakes
    export DEPLOY_BINARY root made fakes TMPDIR=$BATS_FILE_TMPDIR
    python3 -m venv "$BATS_FILE_TMPDIR/python"
    "$BATS_FILE_TMPDIR/python/bin/pip" --quiet install check-jsonschema || skip 'check-jsonschema can not be installed here'
    "$root/Tests/end-to-end/make-archive" "$made"
    mkdir "$fakes"
    ln -s "$root/Tests/end-to-end/fake-podman" "$fakes/podman"
    fake sudo 'exec "$@"'
    # Every name must be one that the archive has; nothing is installed.
    fake apt-get '[[ $1 == update ]] || exec /usr/bin/apt-get --simulate "$@" >/dev/null'
    fake gh 'printf "%s\n" "$*" >>"$GITHUB_CALLS"; while [[ $1 != --body-file ]]; do shift; done; cp "$2" "$GITHUB_CALLS.body"'
    # A build takes what --scratch-path says, and leaves the tool there.
    fake swift 'if [[ $1 == --version ]]; then echo "Swift version 6.1"; exit; fi
        while [[ $1 != --scratch-path ]]; do shift; done
        mkdir -p "$2/release" && cp "$DEPLOY_BINARY" "$2/release/deploy"'
    export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@example.org GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.org
    # A team's repository: this one, with a declaration of its own.
    git clone --quiet "$root" "$BATS_FILE_TMPDIR/team"
    cd "$BATS_FILE_TMPDIR/team" || return
    rm -r package-sets
    cp -a "$made"/checkout/{deploy.yaml,package-sets,includes} .
    sed -i "s|folder: out|folder: live-build/output|; s|\.\./keyring.gpg|$made/keyring.gpg|" deploy.yaml
    git add --all && git commit --quiet --message 'Build what we need'
    DEPLOY_MIRROR_MADE=file://$made/first
    export DEPLOY_MIRROR_MADE
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT DEPLOY_CACHE DEPLOY_KEY NO_COLOR CI GITHUB_ACTIONS
}

fake() {
    printf '#!/bin/bash\n%s\n' "$2" >"$fakes/$1"
    chmod +x "$fakes/$1"
}

setup() {
    cache=$BATS_TEST_TMPDIR/cache summary=$BATS_TEST_TMPDIR/summary
    mkdir "$cache"
    python=$BATS_FILE_TMPDIR/python/bin
    # The key of the build host, as the secret has it.
    mkdir "$BATS_TEST_TMPDIR/home"
    HOME=$BATS_TEST_TMPDIR/home "$DEPLOY_BINARY" key -C "$BATS_FILE_TMPDIR/team" >/dev/null 2>&1
    key=$(tar -C "$BATS_TEST_TMPDIR/home/.local/share/kldload" -cz signing-key | base64 -w0)
}

# job SERVICE JOB CONTEXT [BRANCH]: runs it in a fresh clone, on a machine of its own.
job() {
    local clone home
    clone=$(mktemp -d "$BATS_TEST_TMPDIR/machine-XXXXXX")
    home=$clone/home
    mkdir "$home"
    git clone --quiet --branch "${4:-$(git -C "$BATS_FILE_TMPDIR/team" branch --show-current)}" \
        "$BATS_FILE_TMPDIR/team" "$clone/build"
    printf '%s' "$3" >"$clone/context"
    cd "$clone/build" || return
    HOME=$home PATH=$fakes:$PATH GITHUB_STEP_SUMMARY=$summary GITHUB_CALLS=$BATS_TEST_TMPDIR/calls \
        "$python/python3" "$root/Tests/contrib/run-template" "$1" "$root/contrib/$1/nightly.yml" "$2" "$clone/context" "$cache"
}

pull_request() { # a branch that takes zsh into a set; prints the commit that it begins at
    cd "$BATS_FILE_TMPDIR/team" || return
    local main base
    main=$(git branch --show-current)
    base=$(git rev-parse HEAD)
    git checkout --quiet -B zsh
    echo zsh >>package-sets/debian/core.txt
    git commit --quiet --all --message 'Take zsh in'
    git checkout --quiet "$main"
    echo "$base"
}

@test "the templates are right by the schemas that the services publish" {
    "$python/check-jsonschema" --builtin-schema vendor.github-workflows "$root/contrib/github/nightly.yml"
    "$python/check-jsonschema" --builtin-schema vendor.gitlab-ci "$root/contrib/gitlab/nightly.yml"
}

@test "systemd finds nothing wrong with the units" {
    # There is no checkout at /srv here, which is all that it would say.
    sed "s|^ExecStart=/srv/kldload/deploy|ExecStart=$root/deploy|" "$root/contrib/systemd/kldload-nightly.service" \
        >"$BATS_TEST_TMPDIR/kldload-nightly.service"
    cp "$root/contrib/systemd/kldload-nightly.timer" "$BATS_TEST_TMPDIR/"
    run -0 systemd-analyze verify "$BATS_TEST_TMPDIR"/kldload-nightly.{service,timer}
    [[ -z $output ]]
}

@test "GitHub: a night publishes, and the next one on a new runner knows it by the cache" {
    context='{"github.event_name": "schedule", "vars.KLDLOAD_NIGHT": "--no-test", "secrets.KLDLOAD_SIGNING_KEY": "'$key'"}'
    run -0 job github night "$context"
    echo "$output"
    [[ $output == *'published kldload-free-'*'latest → it'* && $output == *'not run: actions/upload-artifact'* ]]
    grep -q '^# kldload-free-' "$summary"
    [[ -L $cache/live-build/output/nightly/latest ]]
    : >"$summary"
    run -0 job github night "$context"
    echo "$output"
    [[ ! -s $summary ]]
    [[ $output == *'nothing moved since last night: latest is still kldload-free-'* ]]
    # The archive moves, and an image fails.
    DEPLOY_MIRROR_MADE=file://$made/second FAKE_PODMAN_FAIL=iso-image run -1 job github night "$context"
    echo "$output"
    [[ $output == *'failed with status 1: The night'*'== Logs'* || $output == *'not run: actions/upload-artifact'* ]]
    grep -q '^# Failed when it built' "$summary"
    DEPLOY_MIRROR_MADE=file://$made/second run -0 job github night "$context"
    [[ $output == *'CVE-2025-4947'*'published '* ]]
    # Without the secret it is said what that means.
    run job github night '{"github.event_name": "schedule", "vars.KLDLOAD_NIGHT": "--no-test"}'
    [[ $output == *'::warning::there is no secret KLDLOAD_SIGNING_KEY'* ]]
}

@test "GitHub: a pull request that touches package sets gets its cost as a comment" {
    base=$(pull_request)
    context='{"github.event_name": "pull_request", "github.event.pull_request.base.sha": "'$base'", "github.event.pull_request.number": 7,
        "github.repository": "team/iso", "github.event.pull_request.head.repo.full_name": "team/iso"}'
    run -0 job github difference "$context" zsh
    echo "$output"
    grep -q '^pr comment 7 --edit-last --create-if-none --body-file difference.md$' "$BATS_TEST_TMPDIR/calls"
    cat "$BATS_TEST_TMPDIR/calls.body"
    grep -q '^| `zsh` | 5.9-1 | .* | `zsh` (package-sets/debian/core.txt:4) |$' "$BATS_TEST_TMPDIR/calls.body"
    grep -q 'to download' "$BATS_TEST_TMPDIR/calls.body"
    grep -q '^| mirror of debian | .* | +' "$BATS_TEST_TMPDIR/calls.body"
    cmp "$summary" "$BATS_TEST_TMPDIR/calls.body"
    # From a fork, nothing can be written.
    rm "$BATS_TEST_TMPDIR/calls"
    run -0 job github difference "${context/team\/iso\"\}/fork\/iso\"\}}" zsh
    [[ ! -e $BATS_TEST_TMPDIR/calls && $output == *'not due: A comment'* ]]
}

@test "GitLab: the same" {
    context='{"CI_PIPELINE_SOURCE": "schedule", "KLDLOAD_NIGHT": "--no-test", "KLDLOAD_SIGNING_KEY": "'$key'"}'
    run -0 job gitlab night "$context"
    echo "$output"
    [[ $output == *'published kldload-free-'* ]]
    run -0 job gitlab night "$context"
    [[ $output == *'nothing moved since last night: latest is still kldload-free-'* ]]
    DEPLOY_MIRROR_MADE=file://$made/second FAKE_PODMAN_FAIL=iso-image run -1 job gitlab night "$context"
    [[ $output == *'the night failed when it built'* ]]
    ls "$cache"/live-build/output/nightly/*.failed.md

    # The service's interface, played: it keeps what is sent to it.
    python3 -I - "$BATS_TEST_TMPDIR" 3>&- <<'PY' &
import http.server, sys
class Notes(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1] + "/note", "wb") as file:
            file.write(f"{self.path} {self.headers['PRIVATE-TOKEN']}\n".encode() + body)
        self.send_response(201)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Notes)
with open(sys.argv[1] + "/port", "w") as file:
    file.write(str(server.server_address[1]))
server.timeout = 120
server.handle_request()
PY
    until [[ -s $BATS_TEST_TMPDIR/port ]]; do sleep 0.05; done
    base=$(pull_request)
    context='{"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "'$base'", "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7", "CI_API_V4_URL": "http://127.0.0.1:'$(<"$BATS_TEST_TMPDIR/port")'/api/v4", "KLDLOAD_COMMENT": "token"}'
    run -0 job gitlab difference "$context" zsh
    echo "$output"
    [[ $(head -n 1 "$BATS_TEST_TMPDIR/note") == '/api/v4/projects/3/merge_requests/7/notes token' ]]
    tail -n +2 "$BATS_TEST_TMPDIR/note" | jq -r .body >"$BATS_TEST_TMPDIR/body"
    grep -q '^| `zsh` | 5.9-1 | ' "$BATS_TEST_TMPDIR/body"
    run -0 job gitlab difference "${context/\"KLDLOAD_COMMENT\": \"token\"/\"X\": \"\"}" zsh
    [[ $output == *'| `zsh` | 5.9-1 | '* ]]
}
