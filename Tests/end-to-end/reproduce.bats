#!/usr/bin/env bats
# `deploy reproduce`: with the real podman, and packages from the real archive, a small image is made twice, in all ways that differ.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/reproduce.bats
#
# As root it also builds as another user; one is made for that where nobody has subordinate numbers (subuid(5)).
# bats file_tags=slow,podman,network
# shellcheck disable=SC2030,SC2031,SC2154 # each test has a shell of its own; bats sets output and stderr

load ../lib/checkout

setup_file() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    export DEPLOY_BINARY DEPLOY_KEY=$BATS_FILE_TMPDIR/signing-key
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT DEPLOY_CACHE NO_COLOR CI
    type -P podman >/dev/null || skip 'podman is not installed'
    small_checkout "$BATS_FILE_TMPDIR/checkout" 'gates: {install: [core]}'
    cd "$BATS_FILE_TMPDIR/checkout" || return
    "$DEPLOY_BINARY" update >"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" >&2 && return 1; }
    make_small_image_possible "$(grep -oPm1 'linux-image-\K[0-9][^ ]*-amd64(?= )' deploy.lock)"
    "$DEPLOY_BINARY" build >"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" >&2 && return 1; }
    # Users may go through it, and see nothing.
    chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
}

setup() {
    cd "$BATS_FILE_TMPDIR/checkout" || return
    second=$BATS_TEST_TMPDIR/second
    mkdir -p "$second"
}

teardown() {
    if [[ -n ${made_user:-} ]]; then userdel --remove "$made_user" 2>/dev/null || userdel "$made_user"; fi
    if [[ ${second:-} == /dev/shm/* ]]; then rm -rf "$second"; fi
}

reproduce() { "$DEPLOY_BINARY" reproduce --in "$second" "$@"; }

# Sets $user to one who is not root and for whom podman works; fails where this is not root, or there is none.
another_user() {
    ((EUID == 0)) || return
    while IFS=: read -r user _; do
        if [[ $user != root ]] && id "$user" >/dev/null 2>&1; then break; fi
    done </etc/subuid
    if [[ -z $user ]]; then
        user=made-again made_user=made-again
        useradd --no-create-home "$user" || return
    fi
    local home=$BATS_TEST_TMPDIR/home
    mkdir -m 700 "$home"
    chown "$user:" "$home"
    local as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups env HOME="$home" XDG_RUNTIME_DIR="$home")
    (cd / && "${as[@]}" podman unshare true && "${as[@]}" podman system migrate) 2>/dev/null
}

# bats test_tags=long
@test "an image comes out the same as another user, on another file system, another day; and nothing is left" {
    local conditions=(--days 400) varied=(checkout umask TZ 'signing key' clock day) condition
    if another_user; then
        conditions+=(--user "$user") varied+=("user: root → $user")
    else
        echo '# not varied: the user; this is not root, or podman works for nobody else' >&3
    fi
    # Twice what it takes, in kilobytes.
    if [[ $(stat -f -c %T /dev/shm) == tmpfs ]] && (($(df --output=avail /dev/shm | tail -n 1) > 6000000)); then
        second=$(mktemp -d /dev/shm/reproduce.XXXXXX)
        chmod 711 "$second"
        varied+=('file system of the store')
    else
        echo '# not varied: the file system; /dev/shm is too small' >&3
    fi
    chmod 711 "$BATS_TEST_TMPDIR"
    run -0 --separate-stderr reproduce "${conditions[@]}"
    for condition in "${varied[@]}"; do
        [[ $stderr == *"varied: $condition"* && $stderr != *"not varied: $condition"* ]]
    done
    [[ ${lines[0]} =~ ^([0-9]+)' of '([0-9]+)' steps made the same bytes again, '([0-9]+)' of them with another signing key'$ ]]
    ((BASH_REMATCH[1] == BASH_REMATCH[2] && BASH_REMATCH[3] < BASH_REMATCH[1] && BASH_REMATCH[3] > BASH_REMATCH[1] / 2))
    [[ ${lines[1]} == "the image is the same: sha256 $(sha256sum out/*.iso | cut -d' ' -f1)" ]]
    [[ -z $(ls -A "$second") ]]
}

@test "Ctrl-C ends the second build, and nothing of it is left" {
    local log=$BATS_TEST_TMPDIR/log build turn status=0
    "$DEPLOY_BINARY" reproduce --in "$second" --days 400 builder/image >"$log" 2>&1 3>&- &
    build=$!
    for ((turn = 0; turn < 600; turn++)); do
        if grep -q '^… builder/image' "$log"; then break; fi
        sleep 0.1
    done
    kill -INT "$build"
    wait "$build" || status=$?
    ((status == 130)) || { cat "$log" >&2 && false; }
    [[ -z $(ls -A "$second") ]]
    run ! pgrep -f "$second"
}

@test "what leaks is named, with the step, the archive and the file, and the second build stays to be looked at" {
    # A package of one's own that writes down in which year it was configured: another one, by the second build's clock alone.
    mkdir -p made/leak/DEBIAN made/leak/usr/share/leak
    printf 'Package: leak\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: made\n' >made/leak/DEBIAN/control
    printf '#!/bin/sh\ndate +%%Y >/usr/share/leak/year\n' >made/leak/DEBIAN/postinst
    chmod 755 made/leak/DEBIAN/postinst
    dpkg-deb --root-owner-group --build made/leak debs/leak_1_all.deb
    echo leak >>package-sets/debian/builder.txt
    run -0 "$DEPLOY_BINARY" build builder/image
    run -1 --separate-stderr reproduce --days 400 builder/image
    [[ $output == *'first difference: builder/image, output rootfs.tar'* ]]
    [[ $output == *'usr/share/leak/year: byte '* ]]
    [[ -d $(sed -n 's/^the second build is in //p' <<<"$output")/store ]]
}

@test "what was not built, or is not what is built here, is refused before anything runs" {
    echo curl >>package-sets/debian/core.txt
    run -1 --separate-stderr reproduce debian/darksite
    [[ $stderr == *'deploy.lock does not fit'* ]]
    sed -i '$d' package-sets/debian/core.txt
    echo more >>includes/README
    run -2 --separate-stderr reproduce live/includes
    [[ $stderr == *'there is nothing to compare with'*'./deploy build'* ]]
    run -2 --separate-stderr "$DEPLOY_BINARY" reproduce --in /nonexistent builder
    [[ $stderr == *'/nonexistent is no folder'* ]]
    run -2 --separate-stderr "$DEPLOY_BINARY" reproduce builder x.iso
    run -2 --separate-stderr reproduce --days 0 builder
    [[ $stderr == *'--days takes 1 to 36500'* ]]
    run -2 --separate-stderr reproduce --user nobody-here builder
    [[ $stderr == *'there is no user "nobody-here"'* ]]
    run -2 --separate-stderr reproduce --user "$(id -un)" builder
    [[ $stderr == *"and you are $(id -un)"* ]]
    [[ -z $(ls -A "$second") ]]
}
