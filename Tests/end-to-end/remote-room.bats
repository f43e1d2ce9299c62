#!/usr/bin/env bats
# A shared cache that runs out of room, really: BuildBox's casd on a disk that is full, and with a quota that it keeps to by throwing away what
# was used longest ago. Builds go on, with the right bytes, and all is well again once there is room.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/remote-room.bats
# bats file_tags=network
# shellcheck disable=SC1091,SC2030,SC2031,SC2154 # servers.sh is looked into by itself; bats sets output and stderr, remote-site the rest

load remote-site.bash

setup_file() { serve_remote_site; }

setup() { enter_checkout "$BATS_TEST_TMPDIR" room; }

teardown() { if [[ -n ${disk:-} ]]; then umount -l "$disk"; fi; }

teardown_file() { stop_servers; }

# small_disk NAME SIZE: the store of the server NAME, which is not there yet, is on a disk of this size.
small_disk() {
    [[ $(id -u) == 0 ]] || skip 'only root can mount a disk'
    disk=$REMOTE_SERVERS/$1/store
    mkdir -p "$disk"
    mount -t tmpfs -o "size=$2" tmpfs "$disk"
}

# fill: to the last byte
fill() { ! dd if=/dev/zero of="$disk/filled" bs=4k status=none 2> /dev/null && [[ $(stat -f -c %a "$disk") == 0 ]]; }

# went_on STATUS: the last build ended well and came to the right bytes, and said once that the server takes no more.
went_on() {
    [[ $1 == 0 ]] || { cat said && return 1; }
    all_are ran
    right
    [[ $(warnings | grep -c .) == 1 && $(warnings) =~ '; '(what this build makes stays here|this build goes on without it)$ ]] \
        || { warnings && return 1; }
}

# fill_quota URL: puts more there than fits beside anything else, of which nobody has seen anything
fill_quota() {
    local left=3
    while ((left-- > 0)); do
        head -c 7000000 /dev/urandom > made-up
        reapi "$1" put made-up > /dev/null || return
    done
}


@test "a disk that is full from the beginning" {
    small_disk packed 4M
    start_casd packed --reserved=0
    fill
    local status=0
    build --remote "grpc://$(server_address packed)" || status=$?
    went_on "$status"
    # The next one finds nothing there, or no more than it can use.
    rm -rf live-build
    build --remote "grpc://$(server_address packed)"
    right
}

@test "a disk that has no room for the large blob; then it has" {
    small_disk tight 2M
    start_casd tight --reserved=0
    local address status=0
    address=grpc://$(server_address tight)
    build --remote "$address" || status=$?
    went_on "$status"
    rm -rf live-build
    status=0
    build --remote "$address" || status=$?
    [[ $status == 0 ]] && right
    # Somebody makes room; nobody starts the server again.
    mount -o remount,size=64M "$disk"
    rm -rf live-build
    build --remote "$address"
    [[ -z $(warnings) && $(summary) == *'went there' ]] || { warnings && summary && false; }
    right
    rm -rf live-build
    build --remote "$address"
    all_are remote
    right
}

@test "a disk that something else fills once the results are there" {
    small_disk later 16M
    start_casd later --reserved=0
    build --remote "grpc://$(server_address later)"
    all_are ran
    [[ -z $(warnings) ]]
    fill
    rm -rf live-build
    # casd may hand out what it has, or make room by throwing it away: that depends on when it looks.
    build --remote "grpc://$(server_address later)"
    right
    [[ $(outcomes) == *'live/packages '@(remote|ran)* && $(warnings | grep -c .) -le 1 ]] || { outcomes && warnings && false; }
}

@test "a quota: what was used longest ago goes, and what is missing is made again" {
    start_casd quota --quota 20M
    local address
    address=grpc://$(server_address quota)
    build --remote "$address"
    all_are ran
    fill_quota "$address"
    run ! reapi "$address" has "$(blob_of live/packages)"
    rm -rf live-build
    build --remote "$address"
    [[ -z $(warnings) && $(outcomes) == *'live/packages ran'* ]] || { outcomes && warnings && false; }
    right
    # And it is shared again.
    rm -rf live-build
    build --remote "$address"
    all_are remote
    right
}

@test "a quota that is smaller than what there is to share" {
    start_casd tiny --quota 1M
    local status=0
    build --remote "grpc://$(server_address tiny)" || status=$?
    [[ $status == 0 && $(warnings | grep -c .) -le 1 ]] || { cat said && warnings && false; }
    right
    rm -rf live-build
    build --remote "grpc://$(server_address tiny)"
    right
}

@test "a quota that takes away what was just named" {
    start_casd named --quota 20M
    start_proxy before named
    local address blob turn
    address=grpc://$(server_address named)
    build --remote "$address"
    blob=$(blob_of live/packages)
    rm -rf live-build
    misbehave before '{"method": "Read", "delay": 15}'
    build --remote "grpc://$(server_address before)" 3>&- &
    local build=$!
    # The file that the blob is to become: it is asked for.
    for ((turn = 0; turn < 200; turn++)); do
        if compgen -G 'live-build/cache/work/*' > /dev/null || compgen -G 'live-build/cache/ingest/*' > /dev/null; then break; fi
        sleep 0.1
    done
    fill_quota "$address"
    [[ ! -e $(blob_file named "$blob") ]]
    wait "$build"
    [[ $(outcomes) == *'live/packages ran'* && -z $(warnings) ]] || { outcomes && warnings && false; }
    right
}

# blob_of STEP: the largest file in the tree that it makes, by the build that went before, as HASH/SIZE
blob_of() {
    local list
    list=$(sed -nE "s#^step $1 .* output [a-z]+ tree ([0-9a-f]{64}) .*#\1#p" "$expected")
    tr '\0' '\n' < "live-build/cache/blobs/${list:0:2}/$list" | awk '$1 == "f" { print $3, $2 "/" $3 }' | sort -rn | awk 'NR == 1 { print $2 }'
}
