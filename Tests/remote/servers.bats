#!/usr/bin/env bats
# What the tests of the shared cache and of remote execution stand on: servers that others wrote, and a client that is not ours. Here, that
# they do what they are said to do; in proxies.bats, that what breaks them breaks them so.
#
#   bats Tests/remote/servers.bats
# bats file_tags=network
# shellcheck disable=SC1091,SC2030,SC2031,SC2154 # servers.sh is looked into by itself; bats sets output and stderr

bats_require_minimum_version 1.5.0

setup_file() {
    export REMOTE_SERVERS=$BATS_FILE_TMPDIR/servers
    mkdir "$REMOTE_SERVERS"
    . "$BATS_TEST_DIRNAME/servers.sh"
    remote_tools || skip 'BuildBox and BuildGrid can not be fetched here'
    certificates=$BATS_FILE_TMPDIR/certificates secret=$BATS_FILE_TMPDIR/secret token=$BATS_FILE_TMPDIR/token
    export certificates secret token
    make_certificates "$certificates"
    make_token "$secret" 600 > "$token"
    head -c 3000000 /dev/urandom > "$BATS_FILE_TMPDIR/large"
    echo 'a small one' > "$BATS_FILE_TMPDIR/small"
    start_casd casd --execute 2
    start_buildgrid grid --instance team --read-only visitors
    start_buildgrid closed --mtls "$certificates" --tokens "$secret" --open-instance open --instance team
    casd=grpc://$(server_address casd) grid=grpc://$(server_address grid) closed=grpcs://$(server_address closed)
    export casd grid closed
}

setup() {
    . "$BATS_TEST_DIRNAME/servers.sh"
    large=$BATS_FILE_TMPDIR/large small=$BATS_FILE_TMPDIR/small
}

teardown_file() { stop_servers; }

# made_action URL [RESULT]: an action of a folder with a file, a program, a link and a folder in it.
made_action() {
    local folder=$BATS_TEST_TMPDIR/root root
    if [[ ! -e $folder ]]; then
        mkdir -p "$folder/below"
        cp "$small" "$folder/file" && cp "$small" "$folder/below/program" && chmod +x "$folder/below/program"
        ln -s ../file "$folder/below/link"
    fi
    root=$(reapi "$1" put-tree "$folder") || return
    reapi "$1" put-action '{"action": {"input_root_digest": "'"$root"'"}, "command": {"arguments": ["'"$BATS_TEST_NAME"'"], "output_paths": ["out"]}
        '"${2:+, \"result\": $2}"'}'
}

@test "both servers keep blobs, small and large, and say which are there" {
    local url
    for url in "$casd" "$grid/team"; do
        [[ $(reapi "$url" put "$large") == "$(blob_digest "$large")" ]]
        [[ $(reapi "$url" put "$small") == "$(blob_digest "$small")" ]]
        has_blob "$url" "$large"
        run -0 reapi "$url" has "$(blob_digest "$large")" "$(blob_digest "$small")"
        run -1 reapi "$url" has "$(blob_digest "$large")" "$(printf 'f%.0s' {1..64})/1"
        [[ ${lines[0]} == present* && ${lines[1]} == missing* ]]
    done
}

@test "they say SHA-256, and who may write" {
    [[ $(reapi "$casd" capabilities | jq -c '[.cache_capabilities.digest_functions, .execution_capabilities.exec_enabled]') == '[["SHA256"],true]' ]]
    [[ $(reapi "$grid/team" capabilities | jq .cache_capabilities.action_cache_update_capabilities.update_enabled) == true ]]
    [[ $(reapi "$grid/visitors" capabilities | jq .cache_capabilities.action_cache_update_capabilities.update_enabled) == null ]]
}

@test "an instance that is not there is refused" {
    run -1 --separate-stderr reapi "$grid/other" capabilities
    [[ $stderr == INVALID_ARGUMENT:* ]]
    run -1 --separate-stderr reapi "$casd/other" capabilities
    [[ $stderr == INVALID_ARGUMENT:* ]]
}

@test "whoever may only read sees the blobs and results of others, and puts in none" {
    local action
    action=$(made_action "$grid/team" '{"stdout_raw": "aGVsbG8="}')
    [[ $(reapi "$grid/visitors" result "$action" | jq -r .stdout_raw) == aGVsbG8= ]]
    reapi "$grid/visitors" action "$action"
    date +%N > "$BATS_TEST_TMPDIR/new"
    run -1 --separate-stderr reapi "$grid/visitors" put "$BATS_TEST_TMPDIR/new"
    [[ $stderr == PERMISSION_DENIED:* ]]
}

@test "an action, its result and the outputs come back as they went" {
    local url action
    for url in "$casd" "$grid/team"; do
        action=$(made_action "$url")
        run -1 --separate-stderr reapi "$url" result "$action"
        [[ $stderr == NOT_FOUND:* ]]
        run -0 --separate-stderr reapi "$url" action "$action"
        [[ $output == *"/file - $(blob_digest "$small")"*"/below/program x $(blob_digest "$small")"*"/below/link -> ../file"* ]]
        reapi "$url" put "$large"
        action=$(made_action "$url" '{"output_files": [{"path": "out/iso", "digest": "'"$(blob_digest "$large")"'", "is_executable": true}]}')
        reapi "$url" outputs "$action" "$BATS_TEST_TMPDIR/outputs"
        cmp "$BATS_TEST_TMPDIR/outputs/out/iso" "$large"
        [[ -x $BATS_TEST_TMPDIR/outputs/out/iso ]]
    done
}

@test "the client sees what is not as it should be" {
    local action
    # A result whose output was evicted.
    reapi "$casd" put "$large"
    action=$(made_action "$casd" '{"output_files": [{"path": "out", "digest": "'"$(blob_digest "$large")"'"}]}')
    reapi "$casd" result "$action"
    evict casd "$(blob_digest "$large")"
    run -1 --separate-stderr reapi "$casd" result "$action"
    [[ $stderr == NOT_FOUND:* || $stderr == 'wrong: '*'not there'* ]]
    # An input that was.
    evict casd "$(blob_digest "$small")"
    run -1 --separate-stderr reapi "$casd" action "$action"
    [[ $stderr == 'wrong: '*"names 1 blobs that are not there: $(blob_digest "$small")"* ]]
    # A blob that is damaged.
    reapi "$casd" put "$large"
    chmod +w "$(blob_file casd "$(blob_digest "$large")")"
    printf x | dd of="$(blob_file casd "$(blob_digest "$large")")" bs=1 seek=1000 conv=notrunc status=none
    run -1 --separate-stderr reapi "$casd" get "$(blob_digest "$large")"
    [[ $stderr == 'wrong: the blob '* ]]
    evict casd "$(blob_digest "$large")"
    # A file in place of a Directory.
    reapi "$casd" put "$small"
    run -1 reapi "$casd" tree "$(blob_digest "$small")"
}

@test "casd runs an action in its input root, and caches what ended with 0" {
    local root=$BATS_TEST_TMPDIR/root library action
    mkdir -p "$root/bin" "$root/in"
    cp -L /bin/dash "$root/bin/sh" && cp -L /bin/cat "$root/bin"
    while read -r library; do cp -L --parents "$library" "$root"; done < <(ldd "$root"/bin/* | grep -oE '/[^ :]+' | grep -v "^$root" | sort -u)
    echo input > "$root/in/file"
    root=$(reapi "$casd" put-tree "$root")
    action='{"action": {"input_root_digest": "'$root'"}, "command": {"arguments": ["/bin/sh", "-c", "/bin/cat /in/file > out/copy"], "output_paths": ["out/copy"]}}'
    action=$(reapi "$casd" put-action "$action")
    reapi "$casd" execute "$action"
    reapi "$casd" outputs "$action" "$BATS_TEST_TMPDIR/outputs"
    [[ $(< "$BATS_TEST_TMPDIR/outputs/out/copy") == input ]]
    action='{"action": {"input_root_digest": "'$root'"}, "command": {"arguments": ["/bin/sh", "-c", "exit 3"]}}'
    action=$(reapi "$casd" put-action "$action")
    run -0 reapi "$casd" execute "$action"
    [[ $output == *'"exit_code": 3'* ]]
    run -1 --separate-stderr reapi "$casd" result "$action"
    [[ $stderr == NOT_FOUND:* ]]
}

@test "a casd with a quota forgets what was not used for longest" {
    local digests=()
    start_casd full --quota 8M
    for _ in {1..6}; do
        head -c 2000000 /dev/urandom > "$BATS_TEST_TMPDIR/blob"
        digests+=("$(reapi "grpc://$(server_address full)" put "$BATS_TEST_TMPDIR/blob")")
    done
    run -1 reapi "grpc://$(server_address full)" has "${digests[@]}"
    [[ ${lines[0]} == missing* && ${lines[5]} == present* ]]
    stop_server full
}

@test "without a certificate, or with that of others, there is no connection" {
    local name
    ca=(--ca "$certificates/ca.pem" --token-file "$token")
    reapi "${ca[@]}" --cert "$certificates/client.pem" --key "$certificates/client.key" "$closed/team" capabilities
    for name in stranger expired; do
        run -1 --separate-stderr reapi "${ca[@]}" --cert "$certificates/$name.pem" --key "$certificates/$name.key" "$closed/team" capabilities
        [[ $stderr == *UNAVAILABLE:* ]]
    done
    run -1 --separate-stderr reapi "${ca[@]}" "$closed/team" capabilities
    [[ $stderr == *UNAVAILABLE:* ]]
    run -1 --separate-stderr reapi --timeout 2 "grpc://${closed#grpcs://}/team" capabilities
}

@test "without a token, or with an old or a made up one, nothing is answered" {
    local mine=(--ca "$certificates/ca.pem" --cert "$certificates/client.pem" --key "$certificates/client.key")
    reapi "${mine[@]}" "$closed/open" capabilities
    run -1 --separate-stderr reapi "${mine[@]}" "$closed/team" capabilities
    [[ $stderr == UNAUTHENTICATED:* ]]
    make_token "$secret" -5 > "$BATS_TEST_TMPDIR/old"
    make_token "$BATS_TEST_TMPDIR/other" 600 > "$BATS_TEST_TMPDIR/strange"
    local name
    for name in old strange; do
        run -1 --separate-stderr reapi "${mine[@]}" --token-file "$BATS_TEST_TMPDIR/$name" "$closed/team" capabilities
        [[ $stderr == UNAUTHENTICATED:* ]]
    done
}

@test "a server that crashed comes back at its port with its blobs" {
    local before
    reapi "$casd" put "$large"
    before=$(server_address casd)
    stop_server casd KILL
    run -1 --separate-stderr reapi --timeout 5 "$casd" capabilities
    [[ $stderr == UNAVAILABLE:* ]]
    start_casd casd --execute 2
    [[ $(server_address casd) == "$before" ]]
    has_blob "$casd" "$large"
}

@test "a server that does not come up says why" {
    run -1 --separate-stderr start_casd wrong --no-such-option
    [[ $stderr == *'wrong does not come up'*/wrong/log:* ]]
}

@test "nothing of a server is left, not even what it runs" {
    local root=$BATS_TEST_TMPDIR/root library action session
    start_casd busy --execute
    mkdir -p "$root/bin" && cp -L /bin/sleep "$root/bin"
    while read -r library; do cp -L --parents "$library" "$root"; done < <(ldd "$root/bin/sleep" | grep -oE '/[^ :]+')
    busy=grpc://$(server_address busy)
    action='{"action": {"input_root_digest": "'$(reapi "$busy" put-tree "$root")'"}, "command": {"arguments": ["/bin/sleep", "1000"]}}'
    action=$(reapi "$busy" put-action "$action")
    reapi "$busy" execute "$action" > "$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    session=$(< "$REMOTE_SERVERS/busy/pid")
    until [[ $(ps -s "$session" -o args=) == *'/bin/sleep 1000'* ]]; do sleep 0.05; done
    grep -F "$REMOTE_SERVERS/busy" /proc/mounts
    stop_server busy KILL
    wait "$!" || : # its server was killed
    [[ -z $(ps -s "$session" -o stat= | sed '/^Z/d') ]]
    run -1 grep -F "$REMOTE_SERVERS/busy" /proc/mounts
}
