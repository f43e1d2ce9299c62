#!/usr/bin/env bats
# Whose word counts: whoever can write to a shared cache says what steps make, so its results are used by builds that name it, and by no
# others; some of them are made again and compared where that is asked for; and the token that opens the cache stays where it belongs.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/remote-trust.bats
# bats file_tags=network
# shellcheck disable=SC1091,SC2030,SC2031,SC2094,SC2154 # servers.sh is looked into by itself; bats sets output and stderr, remote-site the rest

load remote-site.bash

setup_file() {
    serve_remote_site
    start_casd casd
    start_casd other
    start_proxy watched casd
    casd=grpc://$(server_address casd) other=grpc://$(server_address other) watched=grpc://$(server_address watched)
    export casd other watched
    enter_checkout "$BATS_FILE_TMPDIR" first
    DEPLOY_REMOTE=$watched build
    calls watched UpdateActionResult | jq -r .about > "$BATS_FILE_TMPDIR/actions"
    # Which keys the actions have: each is found by the record that is the result's.
    while read -r action; do
        record=$(reapi "$casd" result "$action" | jq -r '.output_files[] | select(.path == "deploy/record").digest | "\(.hash)/\(.size_bytes)"')
        printf '%s %s %s\n' "$(reapi "$casd" get "$record" | awk '$1 == "step" { step = $2 } $1 == "key" { key = $2 } END { print step, key }')" \
            "$action" "$record"
    done < "$BATS_FILE_TMPDIR/actions" > "$BATS_FILE_TMPDIR/known"
    [[ $(wc -l < "$BATS_FILE_TMPDIR/known") == 4 ]]
}

setup() {
    enter_checkout "$BATS_TEST_TMPDIR" second
    misbehave watched
    forget_calls watched
}

teardown_file() { stop_servers; }

# put_result URL STEP FILTER: as the result of this step, what is there of it and went through the jq filter
put_result() {
    local action message
    read -r _ _ action _ < <(grep "^$2 " "$BATS_FILE_TMPDIR/known")
    # The action itself is there already; it is put again with its bytes, so that its digest is the same.
    message=$(reapi "$1" action "$action" | sed -n '1,/^}$/p')
    [[ $(reapi "$1" put-action "$(jq -c --argjson result "$(reapi "$casd" result "$action" | jq -c "$3")" \
        '{action: (.action | del(.command_digest)), command, $result}' <<< "$message")") == "$action" ]]
}

# poison URL STEP: there, this step has other bytes than it makes: a record that says so and holds together, with all that it names
poison() {
    local record list other
    read -r _ _ _ record < <(grep "^$2 " "$BATS_FILE_TMPDIR/known")
    reapi "$casd" get "$record" > ./record
    # A tree of one file, with the name that the first file of the right one has.
    echo 'not what the step makes' > payload
    list=$(sed -nE 's/^output [a-z]+ tree ([0-9a-f]{64}) [0-9]+$/\1/p' record)
    python3 - "$BATS_FILE_TMPDIR/first/checkout/live-build/cache/blobs/${list:0:2}/$list" <<'PY'
import hashlib, re, sys
right = open(sys.argv[1], "rb").read()
payload = open("payload", "rb").read()
end = b"\0" if b"\0" in right else b"\n"
lines = right.split(end)
first = next(i for i, line in enumerate(lines) if re.match(rb"f [0-9a-f]{64} ", line))
name = lines[first].split(b" ", 3)[3]
old = int(lines[first].split(b" ")[2])
lines[first] = b"f %s %d %s" % (hashlib.sha256(payload).hexdigest().encode(), len(payload), name)
wrong = end.join(lines)
open("list", "wb").write(wrong)
digests = hashlib.sha256(right).hexdigest(), hashlib.sha256(wrong).hexdigest()
text = open("record").read().replace(digests[0], digests[1])
def output(match):
    return f"{match[1]} {int(match[2]) - old + len(payload)}"
text = re.sub(rf"^(output \w+ tree {digests[1]}) (\d+)$", output, text, flags=re.M)
text = re.sub(rf"^(tree {digests[1]}) \d+$", lambda match: f"{match[1]} {len(wrong)}", text, flags=re.M)
body = text[: text.rindex("\nsum ") + 1]
open("record", "w").write(body + "sum " + hashlib.sha256(body.encode()).hexdigest() + "\n")
PY
    for other in payload list record; do reapi "$1" put "$other" > /dev/null; done
    put_result "$1" "$2" '(.output_files[] | select(.path == "deploy/record")) |= (.digest = '"$(as_message record)"' | del(.contents))
        | (.output_files[] | select(.path | startswith("deploy/trees/"))).digest = '"$(as_message list)"
}
as_message() { printf '{"hash": "%s", "size_bytes": "%s"}' "$(sha256sum < "$1" | cut -d' ' -f1)" "$(stat -c %s "$1")"; }

sampled() { [[ $(awk -v step="$1" '$1 == step { print $2 }' "$BATS_FILE_TMPDIR/known") =~ ^.[08] ]]; }

@test "what came from one cache is not used by a build that names another, or none" {
    build --remote "$casd"
    all_are remote
    build --remote "$casd"
    all_are cached
    build --no-remote
    all_are ran
    right
    # What was made here counts wherever one looks.
    build --remote "$other"
    all_are cached
    rm -rf live-build
    build --remote "$casd"
    build --remote "$other"
    all_are ran
    right
}

@test "it is not used either where the declaration names another cache" {
    build --remote "$casd"
    declare_cache "$other" 'readonly: true'
    build
    [[ $(outcomes) != *cached* ]]
    right
}

@test "whoever writes to a cache decides what is made, unless it is verified" {
    start_casd poisoned
    local poisoned step
    poisoned=grpc://$(server_address poisoned)
    DEPLOY_REMOTE=$poisoned build
    while read -r step _; do poison "$poisoned" "$step"; done < "$BATS_FILE_TMPDIR/known"
    rm -rf live-build
    # That is what `readonly` and writers that one knows are for.
    build --remote "$poisoned" || { cat said && false; }
    [[ $(outcomes) == *'live/packages remote'* && -z $(warnings) ]]
    run ! right
    # It stays with those who name that cache.
    build --no-remote
    # What was made here of poisoned files has another key, and counts only where those are used.
    [[ -z $(comm -23 "$expected" <(came_to)) && $(outcomes) == *'live/packages ran'* ]]
    store_is_whole
    rm -rf live-build
    local is_sampled=0
    while read -r step _; do if sampled "$step"; then is_sampled=1; fi; done < "$BATS_FILE_TMPDIR/known"
    ((is_sampled)) || skip 'none of these four steps has a key that is in the sample of one in eight'
    run -1 build --remote "$poisoned" --verify-remote
    grep -E "^error: [a-z/]+ made something else here than the remote cache $poisoned has of it$" said
    grep -q 'there .*, .*B' said
    step=$(sed -nE 's#^error: ([a-z/]+) made something.*#\1#p' said)
    sampled "$step"
}

@test "--verify-remote finds nothing where all is well" {
    build --remote "$casd" --verify-remote
    right
    [[ -z $(warnings) ]]
    local step
    while read -r step _; do
        if sampled "$step"; then [[ $(outcomes) == *"$step ran"* ]]; else [[ $(outcomes) == *"$step remote"* ]]; fi
    done < "$BATS_FILE_TMPDIR/known"
}

@test "a record that does not hold together, or is another step's, is none" {
    start_casd muddled
    local muddled record
    muddled=grpc://$(server_address muddled)
    DEPLOY_REMOTE=$muddled build
    # The right outputs with a record of another step; a record that was written to; outputs that it does not name; a step that failed.
    record=$(reapi "$muddled" result "$(awk '$1 == "live/packages" { print $3 }' "$BATS_FILE_TMPDIR/known")" \
        | jq -c '.output_files[] | select(.path == "deploy/record").digest')
    put_result "$muddled" debian/packages '(.output_files[] | select(.path == "deploy/record")) |= (.digest = '"$record"' | del(.contents))'
    reapi "$casd" get "$(awk '$1 == "debian/mirror" { print $4 }' "$BATS_FILE_TMPDIR/known")" | sed 's/^milliseconds .*/milliseconds 1/' > written
    reapi "$muddled" put written > /dev/null
    put_result "$muddled" debian/mirror '(.output_files[] | select(.path == "deploy/record")) |= (.digest = '"$(as_message written)"' | del(.contents))'
    put_result "$muddled" debian/indexes '(.output_files[] | select(.path | startswith("deploy/trees/"))).digest = '"$(as_message written)"
    put_result "$muddled" live/packages '.exit_code = 1' || true # a server may refuse that
    rm -rf live-build
    build --remote "$muddled" --remote-readonly
    [[ $(outcomes) == *'debian/indexes ran'*'debian/mirror ran'*'debian/packages ran'* && -z $(warnings) ]] || { outcomes && false; }
    right
}

@test "the token is nowhere but in what is sent to the server" {
    local token=Xy7.secret-word_of+ours/0123456789 folder
    mkdir cache && echo "$token" > cache/token
    declare_cache "$watched" 'token: cache/token'
    # It is sent; servers that want none don't mind.
    build
    [[ $(calls watched | jq -s 'all(.headers | index("authorization"))') == true ]]
    rm -rf live-build
    # A server that repeats it in what it says; a build that is looked at while it waits; one that fails.
    misbehave watched '{"method": "GetActionResult", "status": "UNAUTHENTICATED", "message": "'"$token"' is not known here"}'
    build
    [[ $(warnings) == *'… is not known here'* ]]
    rm -rf live-build
    run -1 deploy build --remote required debian/mirror
    [[ $output == *'… is not known here'* && $output != *secret-word* ]]
    run -1 deploy build --json --remote required debian/mirror
    [[ $output != *secret-word* ]]
    run deploy remote status
    [[ $output != *secret-word* ]]
    misbehave watched '{"method": "GetCapabilities", "hang": true}'
    # The program itself: a function here would be a shell of its own, and outlive its end.
    "$DEPLOY_BINARY" build --json "${targets[@]}" > events 2> said 3>&- &
    local pid=$!
    sleep 0.7
    # Those of this program alone: whoever looks for it has it in his own.
    for folder in /proc/[0-9]*; do
        if [[ $(readlink "$folder/exe") == "$DEPLOY_BINARY" ]]; then run ! grep -qa secret-word "$folder/cmdline"; fi
    done
    kill -TERM "$pid"
    wait "$pid" || true # it was killed
    rm cache/token
    run ! grep -rqa secret-word .
}

@test "the token of the environment goes nowhere but where the environment or a flag says" {
    export DEPLOY_REMOTE_TOKEN=of-the-environment
    authorized() { calls watched | jq -s 'map(select(.headers | index("authorization"))) | length'; }
    declare_cache "$watched"
    build
    all_are remote
    [[ $(authorized) == 0 && -n $(calls watched) ]]
    rm -rf live-build
    DEPLOY_REMOTE=$watched build
    [[ $(authorized) -gt 0 ]]
    forget_calls watched
    rm -rf live-build
    build --remote "$watched"
    [[ $(authorized) -gt 0 ]]
}

@test "what shows one cache who we are is not shown to another" {
    mkdir cache && echo for-the-declared-one > cache/token
    declare_cache "$other" 'token: cache/token'
    build --remote "$watched"
    all_are remote
    [[ $(calls watched | jq -s 'all(.headers | index("authorization") | not)') == true ]]
    # Nor are credentials taken out of an address.
    run -2 deploy build --remote grpc://bob:s3cr3t@127.0.0.1:1 debian/mirror
    [[ $output != *s3cr3t* ]]
}
