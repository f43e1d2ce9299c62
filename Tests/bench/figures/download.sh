# shellcheck shell=bash disable=SC2154
# A darksite's packages into an empty store, against curl, which verifies nothing, and apt, which does.
need_mirror
[[ -d $work/plain ]] || copy plain
distribution=$(awk '$1 == "distribution" { print $2; exit }' "$root/deploy.lock")
repositories=$(awk '$1 == "snapshot" { print $2 }' "$root/deploy.lock" | sort -u)
amount=$(awk '{ bytes += $4 } END { printf "%d packages, %.0f MB", NR, bytes / 1e6 }' "$work/mirror/files")

# Serves $work/mirror on 127.0.0.1 and sets `port`.
serve() {
    port=$(free_port)
    if command -v nginx >/dev/null; then
        mkdir -- "$work/nginx"
        cat >"$work/nginx/conf" <<CONF
$([[ $(id -u) != 0 ]] || echo 'user root;')
daemon off; worker_processes 1; pid $work/nginx/pid; error_log $work/nginx/error.log;
events { worker_connections 256; }
http {
    access_log off; sendfile on; keepalive_requests 1000000;
    client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/proxy; fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi; scgi_temp_path $work/nginx/scgi;
    server { listen 127.0.0.1:$port; root $work/mirror; }
}
CONF
        nginx -p "$work/nginx" -e "$work/nginx/error.log" -c "$work/nginx/conf" >/dev/null 2>&1 &
    else
        (cd -- "$work/mirror" && exec python3 -m http.server --protocol HTTP/1.1 --bind 127.0.0.1 "$port") >/dev/null 2>&1 &
    fi
    at_exit "kill $!"
    local try
    for try in {1..50}; do
        ! curl -s -o "$work/answer" "http://127.0.0.1:$port/names" || return 0
        sleep 0.1
    done
    die "the server on 127.0.0.1 does not answer (try $try)"
}

# compare NAME ROUNDS ENVIRONMENT REPOSITORY=URL…: the three of them, on the same packages from the same place.
compare() {
    local name=$1 count=$2 environment=$3 here=$work/download-$1 address
    shift 3
    mkdir -- "$here"
    private_apt "apt-$name" "$@"
    for address; do
        awk -v name="${address%%=*}" -v url="${address#*=}" -v folder="$here/curl" \
            '$1 == name { printf "url = \"%s/%s\"\noutput = \"%s/%s\"\n", url, $2, folder, $3 }' "$work/mirror/files"
    done >"$here/urls"
    tr '\n' ' ' <"$work/mirror/names" >"$here/names"
    measure --rounds "$count" --warmups 0 \
        'deploy: into an empty store, verified' "rm -rf $here/store; sync" \
        "env DEPLOY_CACHE=$here/store $environment $binary build -C $work/plain $distribution/packages" \
        'curl -Z --parallel-max 8, not verified' "rm -rf $here/curl; mkdir $here/curl; sync" \
        "curl -sS -g -f -Z --parallel-max 8 -K $here/urls" \
        'apt-get -d install' "rm -f $work/apt-$name/cache/archives/*.deb; sync" \
        "APT_CONFIG=$work/apt-$name/apt.conf exec apt-get -y -d -q install \$(cat $here/names)"
    # All of them must have brought all of it.
    local expected fetched
    expected=$(wc -l <"$work/mirror/files")
    fetched=$(awk '{ print $3 }' "$work/mirror/files" | while read -r digest; do
        [[ ! -e $here/store/blobs/${digest:0:2}/$digest ]] || echo "$digest"
    done | wc -l)
    printf '\nPackages fetched: deploy %s, curl %s, apt %s of %s.\n' "$fetched" "$(find "$here/curl" -type f | wc -l)" \
        "$(find "$work/apt-$name/cache/archives" -name '*.deb' | wc -l)" "$expected"
    rm -rf -- "$here" "$work/apt-$name/cache"
}

title "Fetching $amount, over the loopback interface (at most 1.5 times curl, half of apt's time)"
serve
environment=
addresses=()
for repository in $repositories; do
    variable=DEPLOY_MIRROR_$(tr 'a-z-' 'A-Z_' <<<"$repository")
    environment+="$variable=http://127.0.0.1:$port/$repository "
    addresses+=("$repository=http://127.0.0.1:$port/$repository")
done
compare loopback "$(rounds 5)" "$environment" "${addresses[@]}"

title "Fetching $amount, from the archive that this machine uses"
addresses=()
while read -r repository url; do
    addresses+=("$repository=$url")
done < <("$binary" doctor -C "$work/plain" | sed -nE 's,^.*repository ([^ ]+) +([^ ]+)/dists/[^ ]+ answers$,\1 \2,p')
if [[ ${#addresses[@]} == "$(wc -w <<<"$repositories")" ]]; then
    compare archive "$(rounds 3)" '' "${addresses[@]}"
else
    echo 'Not measured: not every repository answers.'
fi
