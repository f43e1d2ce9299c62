# shellcheck shell=bash
# For bats: the archive of make-archive, served on the loopback as long as the file of tests runs, and checkouts that use it.

# To be called by setup_file. Sets and exports site (the served folder) and port.
serve_made_site() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    site=$BATS_FILE_TMPDIR/site
    mkdir "$site"
    "$BATS_TEST_DIRNAME/make-archive" "$site/made"
    # It ends when this process does; bats waits for whoever holds its channel 3.
    tail --pid=$$ -f /dev/null 3>&- | python3 -I "$BATS_TEST_DIRNAME/archive-server.py" "$site" >"$BATS_FILE_TMPDIR/port" 3>&- &
    until [[ -s $BATS_FILE_TMPDIR/port ]]; do sleep 0.05; done
    port=$(<"$BATS_FILE_TMPDIR/port")
    DEPLOY_KEY=$BATS_FILE_TMPDIR/signing-key
    export DEPLOY_BINARY DEPLOY_KEY site port
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT DEPLOY_CACHE NO_COLOR CI
}

# To be called by setup: a copy of the archive for this test alone, called $archive below $site, and a checkout that uses it.
enter_made_checkout() {
    archive=archive-$BATS_TEST_NUMBER
    cp -a "$site/made/first" "$site/$archive"
    export DEPLOY_MIRROR_MADE=http://127.0.0.1:$port/$archive
    ln -s "$site/made/keyring.gpg" "$BATS_TEST_TMPDIR/"
    cp -a "$site/made/checkout" "$BATS_TEST_TMPDIR/checkout"
    cd "$BATS_TEST_TMPDIR/checkout" || return
}

deploy() { "$DEPLOY_BINARY" "$@"; }
