# shellcheck shell=bash disable=SC2154 # made-site sets site and port
# For bats: what goes wrong with a shared cache, each broken on purpose, and what a build behind it comes to. The table is below; its rows run
# beside each other, since most of what takes long is waiting.

load remote-site.bash

# To be called by setup_file: servers, and what is theirs to have.
prepare_faults() {
    serve_remote_site
    export keys=$BATS_FILE_TMPDIR/keys faults=$BATS_FILE_TMPDIR/faults
    mkdir "$faults"
    make_certificates "$keys"
    make_token "$keys/secret" 600 > "$keys/token"
    make_token "$keys/secret" -600 > "$keys/old-token"
    start_casd full
    start_buildgrid closed --mtls "$keys" --tokens "$keys/secret" --instance team
    start_buildgrid expired --tls "$keys" --certificate expired
    enter_checkout "$BATS_FILE_TMPDIR" first
    local start=${EPOCHREALTIME/./}
    DEPLOY_REMOTE=grpc://$(server_address full) build
    all_are ran
    # In tenths of a second: a minute is enough for a machine that builds at once; several builds beside each other have more.
    export patience=$((600 + 10 * (${EPOCHREALTIME/./} - start) / 100000))
}

# fault GROUP END NAME KIND …: one row. END is what must come of it, beside exit status 0, the right bytes and no more than a minute:
#   without   the build goes on without the cache, and says so once
#   closed    what it makes stays here, and it says so once
#   either    one of these two: whether a server's last word comes before its connection is broken off is a matter of luck
#   miss      the cache has not got it, which is nothing to speak of
#   remote    all comes from the cache all the same
#   shared    all goes there all the same
# KIND is who misbehaves, and how:
#   reading RULE…   a proxy before a server that has all results
#   writing RULE…   a proxy before an empty one
#   wire RULE…, wire-up RULE…   the same with a proxy that knows of connections only
#   at ADDRESS [LINE…]   no proxy: deploy.yaml names this address, with these lines
#   evicting        blobs go away between their being named and their being fetched
fault() {
    while (($(jobs -rp | wc -l) >= at_once)); do wait -n || :; done
    row "$@" &
}
at_once=6

row() {
    local name=$3 folder=$faults/$1/${3//[^A-Za-z0-9]/-}
    mkdir -p "$folder"
    printf '%s\n' "$@" > "$folder/row"
    suffer "$folder" "$1" "$2" "$name" "${@:4}" > "$folder/log" 2>&1 || echo "exit status $?" >> "$folder/bad"
    if [[ ! -s $folder/result ]]; then echo 'it did not come to an end' >> "$folder/bad"; fi
}

suffer() {
    local folder=$1 end=$3 name=$4 kind=$5 target=full proxy address start seconds status=0 said count
    shift 5
    proxy=proxy-${name//[^a-z0-9]/-}
    enter_checkout "$folder" "${proxy#proxy-}"
    case $kind in
        at)
            address=$1
            mkdir cache && cp "$keys"/*.pem "$keys"/*.key "$keys/token" "$keys/old-token" cache/
            declare_cache "$@"
            ;;
        *)
            if [[ $kind == writing || $kind == wire-up ]]; then
                target=${proxy/proxy/empty}
                start_casd "$target"
            fi
            if [[ $kind == wire* ]]; then start_proxy "$proxy" "$target" --tcp; else start_proxy "$proxy" "$target"; fi
            misbehave "$proxy" "$@"
            address=grpc://$(server_address "$proxy")
            declare_cache "$address"
            ;;
    esac
    start=${EPOCHREALTIME/./}
    build || status=$?
    seconds=$(((${EPOCHREALTIME/./} - start) / 100000))
    said=$(warnings | sed "s,^the remote cache [^ ]*: ,,")
    count=$(grep -c . <<< "$said") || : # 1 where there are none
    printf '%s\t%s\t%d.%d\t%s\n' "$name" "$end" $((seconds / 10)) $((seconds % 10)) "$said" > "$folder/result"
    # What must hold, whatever happened.
    ((status == 0)) || { echo "exit status $status" && cat said; } >> "$folder/bad"
    right >> "$folder/bad" || echo 'other bytes' >> "$folder/bad"
    # Where every small call takes seconds, and comes to its end, it is not waited for in vain.
    if [[ $name == *drip* ]]; then patience=$((2 * patience)); fi
    ((seconds < patience)) || echo "it took more than $((patience / 10)) s" >> "$folder/bad"
    case $end in
        without) [[ $count == 1 && $said == *'; this build goes on without it' ]] ;;
        closed) [[ $count == 1 && $said == *'; what this build makes stays here' ]] ;;
        either) [[ $count == 1 ]] ;;
        miss) [[ $count == 0 && $(outcomes) == *' ran'* ]] ;;
        remote) [[ $count == 0 ]] && all_are remote ;;
        shared) [[ $count == 0 ]] && all_are ran ;;
    esac || { echo "not $end:" && outcomes && printf '%s\n' "$said"; } >> "$folder/bad"
    # What was put there by then is right, or not used: for whoever comes next.
    if [[ $kind == writing || $kind == wire-up ]]; then
        rm -rf live-build
        build --remote "grpc://$(server_address "$target")" || echo 'the next build failed' >> "$folder/bad"
        right >> "$folder/bad" || echo 'the next build has other bytes' >> "$folder/bad"
        if [[ $end == shared ]]; then all_are remote >> "$folder/bad" || echo 'it was not shared' >> "$folder/bad"; fi
        stop_server "$target" KILL
    fi
    if [[ $kind != at ]]; then stop_server "$proxy" KILL; fi
    if [[ ! -s $folder/bad ]]; then rm -f "$folder/bad"; fi
    rm -rf live-build
}

# faults_of GROUP: all its rows, some at once, to the end of the last.
faults_of() { "faults_of_$1" && wait; }

faults_of_start() {
    fault start without 'nobody listens' at grpc://127.0.0.1:9
    fault start without 'it speaks no gRPC' at "grpc://127.0.0.1:$port"
    fault start without 'it closes every connection' wire '{"connection": "close"}'
    fault start without 'it is unavailable' reading '{"method": "GetCapabilities", "status": "UNAVAILABLE"}'
    fault start without 'what it can do is no message' reading '{"method": "GetCapabilities", "garbage": true}'
    fault start without 'it does not know SHA-256' reading \
        '{"method": "GetCapabilities", "answer": {"cache_capabilities": {"digest_functions": ["SHA1"]}}}'
    fault start without 'it has no such instance' at "grpc://$(server_address full)/other"
}
faults_of_login() {
    local closed team authority='authority: cache/ca.pem' certificate='certificate: cache/client.pem' key='key: cache/client.key'
    closed=grpcs://$(server_address closed) team=grpcs://$(server_address closed)/team
    fault login shared 'all is well' at "$team" "$authority" "$certificate" "$key" 'token: cache/token'
    fault login without 'its certificate is over' at "grpcs://$(server_address expired)" "$authority"
    fault login without 'nobody we know signed its certificate' at "$team" "$certificate" "$key" 'token: cache/token'
    fault login without 'we show no certificate' at "$team" "$authority" 'token: cache/token'
    fault login without 'we show a certificate of others' at "$team" "$authority" 'certificate: cache/stranger.pem' 'key: cache/stranger.key' 'token: cache/token'
    fault login without 'we have no token' at "$team" "$authority" "$certificate" "$key"
    fault login without 'our token is over' at "$team" "$authority" "$certificate" "$key" 'token: cache/old-token'
    fault login without 'it has no such instance (BuildGrid)' at "$closed/other" "$authority" "$certificate" "$key" 'token: cache/token'
    fault login without 'it speaks TLS, and we do not' at "grpc://$(server_address closed)/team"
    fault login without 'we speak TLS, and it does not' at "grpcs://$(server_address full)" "$authority"
}
faults_of_finding() {
    fault finding remote 'a look-up fails twice' reading '{"method": "GetActionResult", "status": "UNAVAILABLE", "times": 2}'
    fault finding without 'every look-up fails' reading '{"method": "GetActionResult", "status": "UNAVAILABLE"}'
    fault finding without 'it is out of quota' reading '{"method": "GetActionResult", "status": "RESOURCE_EXHAUSTED"}'
    fault finding without 'a result is no message' reading '{"method": "GetActionResult", "garbage": true}'
    fault finding without 'a result is OK and not there' reading '{"method": "GetActionResult", "end": true}'
    fault finding miss 'a result is empty' reading '{"method": "GetActionResult", "answer": {}}'
    fault finding miss 'a result is of a step that failed' reading '{"method": "GetActionResult", "answer": {"exit_code": 7}}'
    fault finding miss 'a result names blobs that are nowhere' reading '{"method": "GetActionResult", "digests": "unknown"}'
    fault finding miss 'a result names its blobs crosswise' reading '{"method": "GetActionResult", "digests": "swap"}'
    fault finding remote 'what is in a result is cut' reading '{"method": "GetActionResult", "data": "half"}'
    fault finding without 'the list of what is missing is no message' reading '{"method": "FindMissingBlobs", "garbage": true}'
}
faults_of_fetching() {
    local how
    for how in flip half more none; do
        fault fetching without "small blobs come wrong: $how" reading '{"method": "BatchReadBlobs", "data": "'$how'"}'
        fault fetching without "a large blob comes wrong: $how" reading '{"method": "Read", "data": "'$how'"}'
    done
    fault fetching without 'small blobs come under names of others' reading '{"method": "BatchReadBlobs", "digests": "swap"}'
    fault fetching miss 'small blobs come under names of none' reading '{"method": "BatchReadBlobs", "digests": "unknown"}'
    fault fetching miss 'small blobs do not come, and all is OK' reading '{"method": "BatchReadBlobs", "answer": {}}'
    fault fetching miss 'small blobs were evicted' reading '{"method": "BatchReadBlobs", "blob_status": "NOT_FOUND"}'
    fault fetching miss 'a large blob was evicted' reading '{"method": "Read", "status": "NOT_FOUND"}'
    fault fetching without 'small blobs are out of quota' reading '{"method": "BatchReadBlobs", "blob_status": "RESOURCE_EXHAUSTED"}'
    fault fetching without 'a large blob is cut off each time' reading '{"method": "Read", "cut": true, "after_bytes": 1000000}'
    fault fetching remote 'a large blob is cut off once' reading '{"method": "Read", "cut": true, "after_bytes": 1000000, "times": 1}'
    fault fetching remote 'a large blob ends too early, and all is OK, once' reading '{"method": "Read", "end": true, "after_bytes": 1000000, "times": 1}'
    fault fetching without 'every connection is reset after 100 kB' wire '{"connection": "reset", "after_bytes": 100000}'
}
faults_of_putting() {
    fault putting either 'it is full, for large blobs' writing '{"method": "Write", "status": "RESOURCE_EXHAUSTED"}'
    fault putting closed 'it is full, for small blobs' writing '{"method": "BatchUpdateBlobs", "blob_status": "RESOURCE_EXHAUSTED"}'
    fault putting closed 'it takes no results' writing '{"method": "UpdateActionResult", "status": "PERMISSION_DENIED"}'
    fault putting without 'results fail' writing '{"method": "UpdateActionResult", "status": "UNAVAILABLE"}'
    fault putting either 'an upload is cut off each time' writing '{"method": "Write", "cut": true, "after_bytes": 1000000}'
    fault putting shared 'an upload is cut off once' writing '{"method": "Write", "cut": true, "after_bytes": 1000000, "times": 1}'
    fault putting shared 'what it says of an upload is lost once' writing '{"method": "Write", "status": "UNAVAILABLE", "late": true, "times": 1}'
    fault putting miss 'it loses the large blobs that it takes' writing '{"method": "Write", "swallow": true}'
    fault putting miss 'it loses the small blobs that it takes' writing '{"method": "BatchUpdateBlobs", "swallow": true}'
    fault putting closed 'what it says of small blobs is no message' writing '{"method": "BatchUpdateBlobs", "garbage": true}'
    fault putting closed 'it says nothing of small blobs, and all is OK' writing '{"method": "BatchUpdateBlobs", "answer": {}}'
    fault putting either 'every connection is reset after 1 MB' wire-up '{"connection": "reset", "after_bytes": 1000000, "upload": true}'
}
faults_of_waiting() {
    local at_once=20
    fault waiting without 'connections hang' wire '{"connection": "hang"}'
    fault waiting without 'connections hang after 50 kB' wire '{"connection": "hang", "after_bytes": 50000}'
    fault waiting without 'connections drip, 500 bytes a second' wire '{"rate": 500}'
    fault waiting without 'what it can do never comes' reading '{"method": "GetCapabilities", "hang": true}'
    fault waiting without 'a look-up never comes back' reading '{"method": "GetActionResult", "hang": true}'
    fault waiting without 'the list of what is missing never comes' reading '{"method": "FindMissingBlobs", "hang": true}'
    fault waiting without 'small blobs never come' reading '{"method": "BatchReadBlobs", "hang": true}'
    fault waiting without 'a large blob stops after each 1 MB' reading '{"method": "Read", "hang": true, "after_bytes": 1000000}'
    fault waiting without 'uploads never end' writing '{"method": "Write", "hang": true}'
    fault waiting without 'small blobs are never taken' writing '{"method": "BatchUpdateBlobs", "hang": true}'
    fault waiting remote 'it is slow: 400 kB a second' wire '{"rate": 400000}'
    fault waiting remote 'every answer is half a second late' reading '{"method": "*", "delay": 0.5}'
}

# ended_well GROUP: what came of its rows; says what is not as it should be
ended_well() {
    local folder bad=0
    for folder in "$faults/$1"/*/; do
        if [[ -e $folder/bad ]]; then
            bad=1
            printf '%s\n' "$(sed -n 3p "$folder/row"):"
            sed 's/^/    /' "$folder/bad"
            tail -n 5 "$folder/log"
        fi
    done
    cat "$faults/$1"/*/result
    ((bad == 0))
}
