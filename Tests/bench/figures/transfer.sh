# shellcheck shell=bash disable=SC2154
# The image to a cache of the Remote Execution API and back, beside curl alone with messages that were made before. The server is
# BuildBox's casd on loopback; in each round it has all but what goes there.
# shellcheck source=Tests/remote/servers.sh
source "$root/Tests/remote/servers.sh"
remote_tools || die 'transfer: BuildBox can not be fetched here'
need_built_copy
export REMOTE_SERVERS=$work/servers
mkdir -p -- "$REMOTE_SERVERS" "$work/transfer"
at_exit stop_servers
start_casd cache
# What there is to be moved: where the copy has no image yet, building it only puts it there.
DEPLOY_CACHE=$work/store "$binary" build -C "$work/copy" >"$work/transfer/log" 2>&1 || die "$(tail -n 20 "$work/transfer/log")"
images=("$work/copy"/live-build/output/*.iso)
image=${images[0]}
digest=$(sha256sum < "$image")
digest=${digest%% *}
size=$(stat -c %s -- "$image")
address=$(server_address cache)
blob=$(blob_file cache "$digest/$size")
push="env DEPLOY_CACHE=$work/store $binary remote push -C $work/copy --remote grpc://$address"
say 'putting all results there once'
$push >"$work/transfer/log" 2>&1 || die "$(tail -n 20 "$work/transfer/log")"
[[ -e $blob ]] || die "transfer: casd has no $blob"
"$bench/stream" write "$image" "$digest" "$work/transfer/write"
"$bench/stream" read "$digest" "$size" "$work/transfer/read"
# called METHOD FILE: a line of shell that calls it; gRPC's status is a header that comes at the end.
called() {
    printf '%s ' curl --silent --show-error --fail --http2-prior-knowledge --request POST --upload-file "$2" --header "'content-type: application/grpc'" \
        --header "'te: trailers'" --header expect: --dump-header "$work/transfer/headers" \
        "http://$address/google.bytestream.ByteStream/$1"
}
well="grep -q '^grpc-status: 0' $work/transfer/headers"

title "The image ($((size / 1000000)) MB) to casd on loopback"
measure --rounds "$(rounds 7)" \
    'deploy remote push' "rm -f '$blob'" "$push" \
    'deploy remote push, all is there' '' "$push" \
    'curl, messages made before' "rm -f '$blob'" "$(called Write "$work/transfer/write") --output /dev/null && $well" \
    'sha256sum, curl' "rm -f '$blob'" "sha256sum '$image' && $(called Write "$work/transfer/write") --output /dev/null && $well"
[[ $(sha256sum <"$blob") == "$digest "* ]] || die 'transfer: curl put something else there'

title "… and back: a build in another folder, whose store is empty"
copy fetching
fetched=$work/transfer/fetched
fresh="rm -rf '$work/transfer/store' '$work/fetching/live-build/output'; mkdir '$work/transfer/store'"
measure --rounds "$(rounds 7)" \
    'deploy build, every result remote' "$fresh" \
    "env DEPLOY_CACHE=$work/transfer/store $binary build -C $work/fetching --remote grpc://$address" \
    'curl, sha256sum' "rm -f '$fetched'" \
    "$(called Read "$work/transfer/read") | $bench/stream data >'$fetched' && $well && echo '$digest  $fetched' | sha256sum --check" \
    'curl alone, frames and all' "rm -f '$fetched'" "$(called Read "$work/transfer/read") --output '$fetched' && $well"
stop_servers
rm -rf -- "$work/transfer" "$REMOTE_SERVERS"
