#!/usr/bin/env bats
# `deploy reproduce`: with the real podman, and packages from the real archive, a builder image and a mirror are made twice.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/reproduce.bats
# bats file_tags=slow,podman,network
# shellcheck disable=SC2154 # bats sets output and stderr

load ../lib/checkout

setup_file() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    export DEPLOY_BINARY DEPLOY_KEY=$BATS_FILE_TMPDIR/signing-key
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT DEPLOY_CACHE NO_COLOR CI
    type -P podman >/dev/null || skip 'podman is not installed'
    small_checkout "$BATS_FILE_TMPDIR/checkout" 'gates: {install: [core]}'
    cd "$BATS_FILE_TMPDIR/checkout" || return
    "$DEPLOY_BINARY" build builder debian/darksite >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        cat "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
}

setup() {
    cd "$BATS_FILE_TMPDIR/checkout" || return
    mkdir -p "$BATS_TEST_TMPDIR/second"
}

reproduce() { "$DEPLOY_BINARY" reproduce --in "$BATS_TEST_TMPDIR/second" "$@"; }

@test "a builder image and a proven mirror come out the same under other conditions, and nothing is left" {
    run -0 --separate-stderr reproduce builder debian/darksite
    [[ $stderr == *'varied: umask: '*'077'* && $stderr == *'varied: TZ: '*'Pacific/Kiritimati'* && $stderr == *'varied: signing key'* ]]
    [[ ${lines[0]} =~ ^([0-9]+)' of '([0-9]+)' steps made the same bytes again, '([0-9]+)' of them with another signing key'$ ]]
    ((BASH_REMATCH[1] == BASH_REMATCH[2] && BASH_REMATCH[3] == BASH_REMATCH[1] - 2))
    [[ -z $(ls -A "$BATS_TEST_TMPDIR/second") ]]
}

@test "what leaks is named, with the step, the archive and the file, and the second build stays to be looked at" {
    # A package of one's own that writes down when and where it was configured.
    mkdir -p debs made/DEBIAN made/usr/share/leak
    printf 'Package: leak\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: made\n' >made/DEBIAN/control
    printf '#!/bin/sh\ndate +%%s.%%N >/usr/share/leak/when\n' >made/DEBIAN/postinst
    chmod 755 made/DEBIAN/postinst
    dpkg-deb --root-owner-group --build made debs/leak_1_all.deb
    sed -i 's|^    profiles:|      - {name: own, packages: [./debs/*.deb]}\n    profiles:|' deploy.yaml
    echo leak >>package-sets/debian/builder.txt
    run -0 "$DEPLOY_BINARY" build builder/image
    run -1 --separate-stderr reproduce builder/image
    [[ $output == *'first difference: builder/image, output rootfs.tar'* ]]
    [[ $output == *'usr/share/leak/when: byte '* ]]
    [[ -d $(sed -n 's/^the second build is in //p' <<<"$output")/store ]]
}

@test "what was not built, or is not what is built here, is refused before anything runs" {
    echo curl >>package-sets/debian/core.txt
    run -1 --separate-stderr reproduce debian/darksite
    [[ $stderr == *'deploy.lock does not fit'* ]]
    sed -i '$d' package-sets/debian/core.txt
    run -2 --separate-stderr reproduce live/overlay
    [[ $stderr == *'there is nothing to compare with'*'./deploy build'* ]]
    run -2 --separate-stderr "$DEPLOY_BINARY" reproduce --in /nonexistent builder
    [[ $stderr == *'/nonexistent is no folder'* ]]
    run -2 --separate-stderr "$DEPLOY_BINARY" reproduce builder x.iso
    [[ -z $(ls -A "$BATS_TEST_TMPDIR/second") ]]
}
