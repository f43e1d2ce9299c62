#!/usr/bin/env bats
# The chain from the declared keys to every package, on the command line: what hostile mirrors, somebody on the way to them, and
# somebody with an editor can try. The attacks are those of apt's integration tests (test-apt-update-rollback,
# test-releasefile-verification, test-apt-update-hashsum-mismatch, test-cve-2013-1051-InRelease-parsing …) and of TUF's (replay,
# freeze, mix and match, endless data, slow retrieval, wrong keys). The archive is made here and served on the loopback.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/trust.bats
# shellcheck disable=SC2154 # bats sets output and stderr, made-site the rest

load made-site.bash
load ../lib/keys.bash

setup_file() {
    serve_made_site
    # Another archive's key, and one that is to follow it; short, because of the agents' sockets.
    homes=$(mktemp -d /tmp/trust-keys-XXXXXX)
    export homes
    local name
    for name in acme next; do
        make_key "$homes/$name" "$name <$name@example.org>" rsa2048
        gpg --homedir "$homes/$name" --batch --export >"$homes/$name.gpg"
    done
    cat "$homes/acme.gpg" "$homes/next.gpg" >"$homes/both.gpg"
}

teardown_file() {
    local name
    for name in acme next old; do
        if [[ -d $homes/$name ]]; then gpgconf --homedir "$homes/$name" --kill all; fi
    done
    rm -rf "$homes"
}

setup() {
    enter_made_checkout
    acme=$BATS_TEST_TMPDIR/acme
}

requests() { cat "$site/$archive.requests" 2>/dev/null || true; }
resolve() { deploy build debian/indexes 2>/dev/null; } # writes the lock
moves_on() { rm -r "${site:?}/$archive" && cp -a "$site/made/second" "$site/$archive"; }
stays_behind() { rm -r "${site:?}/$archive" && cp -a "$site/made/first" "$site/$archive"; }

# A small repository beside the archive, in $acme, with the package acme-tool in the version $1; declared with the keyring $2.
acme_with() { # VERSION
    local root=$BATS_TEST_TMPDIR/root binary=$acme/dists/stable/main/binary-amd64
    rm -rf "$root" && mkdir -p "$root/DEBIAN" "$acme/pool" "$binary"
    printf 'Package: acme-tool\nVersion: %s\nArchitecture: amd64\nMaintainer: A <a@example.org>\nDescription: x\n' "$1" \
        >"$root/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$root" "$acme/pool/acme-tool_$1_amd64.deb" >/dev/null
    (cd "$acme" && apt-ftparchive packages pool 2>/dev/null) >"$binary/Packages"
}
fields() { # [FIELD…]: of a Release file on standard output, with the digests of $hash, SHA256 without it
    local hash=${hash:-SHA256} file
    printf '%s\n' "$@" "$hash:"
    (cd "$acme/dists/stable" && find . -name 'Packages*' -printf '%P\n' | sort | while read -r file; do
        printf ' %s %s %s\n' "$("${hash,,}sum" <"$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "$file"
    done)
}
head=('Suite: stable' 'Codename: stable' 'Components: main' 'Architectures: amd64')
today() { printf 'Date: %s' "$(date -u -R -d "${1:-now}" | sed 's/+0000/UTC/')"; }
sign() { # HOME…: Release on standard input becomes InRelease
    local users=() home=$1 name
    for name; do users+=(--local-user "$name@example.org"); done
    rm -f "$acme/dists/stable/InRelease"
    gpg --homedir "$homes/$home" --batch --quiet --pinentry-mode loopback "${users[@]}" --digest-algo "${digest:-SHA512}" \
        --clearsign --output "$acme/dists/stable/InRelease"
}
declare_acme() { # KEYRING [KEY: VALUE…]
    local keyring=$1 more=''
    shift
    local field
    for field; do more+=", $field"; done
    sed -i "/keyring: ..\/keyring.gpg/a\\      - {name: acme, mirrors: [$acme], suites: [stable], components: [main], keyring: $keyring$more}" deploy.yaml
    echo acme-tool >>package-sets/debian/core.txt
}
refuses() { # WORDS COMMAND…: it fails, says so, and fetches no package
    local words=$1
    shift
    rm -f "$site/$archive.requests"
    run ! --separate-stderr deploy "$@"
    [[ $stderr == *"$words"* ]] || { echo "$stderr" >&2; return 1; }
    [[ $(requests) != *pool/* ]]
}

# --- somebody with an editor -------------------------------------------------------------------------------------------

# The attack that went through once: an editor on deploy.lock, and the bytes in the place that the lock names.
@test "an attacker's package gets into no mirror, with new seals or without" {
    resolve
    rm -f "$site/$archive.requests"
    mkdir -p root/DEBIAN
    printf 'Package: curl\nVersion: 8.1-1\nArchitecture: amd64\nMaintainer: M <m@example.org>\nDescription: evil\n' >root/DEBIAN/control
    dpkg-deb --root-owner-group -Znone --build root evil.deb >/dev/null
    local digest size line
    digest=$(sha256sum <evil.deb | cut -d' ' -f1)
    size=$(stat -c %s evil.deb)
    cp --remove-destination evil.deb "$site/$archive/pool/main/c/curl/curl_8.1-1_amd64.deb"
    # The store has it, too.
    mkdir -p "live-build/cache/blobs/${digest:0:2}" && cp evil.deb "live-build/cache/blobs/${digest:0:2}/$digest"
    awk -v size="$size" -v digest="$digest" '$1 == "package" && $2 == "curl" { $6 = size; $9 = digest } { print }' deploy.lock >forged
    line=$(grep -n '^package curl ' forged | cut -d: -f1)
    cp forged deploy.lock
    local command
    for command in 'build debian/mirror' 'build --locked' 'build -n' status explain; do
        # shellcheck disable=SC2086
        refuses "deploy.lock:$line:1: error: curl 8.1-1 amd64: no signed index of made has this file" $command
        cmp forged deploy.lock
    done
    # What the error says helps.
    run -0 deploy update
    run ! grep -q "$digest" deploy.lock
}

@test "a lock without its signed files is no lock, and says what would help" {
    resolve
    moves_on
    rm -rf live-build/cache
    refuses 'the snapshot of 2025-06-01T00:00:00Z in deploy.lock is gone' build debian/packages
    [[ $stderr == *'deploy.lock:'*'snapshot:'*'DEPLOY_CACHE'* ]]
}

@test "nothing to do verifies nothing again, in the time of nothing" {
    deploy build debian/mirror 2>/dev/null
    rm -f "$site/$archive.requests"
    chmod -R u+w live-build/cache/derived/parsed && rm -r live-build/cache/derived/parsed
    mkdir bin
    printf '#!/bin/sh\ntouch called\nexec /usr/bin/gpgv "$@"\n' >bin/gpgv
    chmod +x bin/gpgv
    PATH=$PWD/bin:$PATH deploy build debian/mirror 2>/dev/null
    [[ ! -e called && -z $(requests) && ! -e live-build/cache/derived/parsed ]]
}

# --- a mirror that is old --------------------------------------------------------------------------------------------------

@test "a mirror that is older than the lock is refused, unless one says so" {
    moves_on
    resolve
    cp deploy.lock before
    stays_behind
    refuses 'made trixie: the mirror'\''s state of 2025-06-01T00:00:00Z is older than the locked one' update
    [[ $stderr == *'--allow-older made/trixie'* ]]
    refuses 'is older than the locked one' update debian nginx
    cmp before deploy.lock
    run -0 --separate-stderr deploy update --allow-older made/trixie
    [[ $stderr == *'2025-06-01'* ]]
    run ! cmp before deploy.lock
}

@test "an old archive is not taken without a word, nor against max-age at all" {
    run -0 --separate-stderr deploy build debian/indexes
    [[ $stderr == *'resolving against the archive of 2025-06-01'* ]]
    [[ $stderr =~ 'the newest of its archives is '[0-9]+' days old' ]]
    rm -r deploy.lock live-build
    rm -f "$site/$archive.requests"
    sed -i 's|keyring: ../keyring.gpg|&\n        max-age: 30d|' deploy.yaml
    refuses 'made: its newest state is ' build debian/indexes
    [[ $stderr == *'made trixie: 2025-06-01T00:00:00Z'*'--allow-older made/trixie'* && ! -e deploy.lock ]]
    run -0 deploy build debian/indexes --allow-older made/trixie
    # Once it is locked, it is: a lock does not rot.
    run -0 deploy build debian/mirror
    sed -i 's|max-age: 30d|max-age: soon|' deploy.yaml
    run -2 --separate-stderr deploy status
    [[ $stderr == *'max-age cannot be "soon"'*'14d'* ]]
}

@test "a suite that is frozen is noticed by its Valid-Until, and by its name where it has none" {
    acme_with 1.0
    fields "$(today '20 days ago')" "${head[@]}" "Valid-Until: $(date -u -R -d '10 days ago' | sed 's/+0000/UTC/')" | sign acme
    declare_acme "$homes/acme.gpg"
    refuses 'acme stable expired' build debian/indexes
    [[ $stderr == *'--allow-expired acme/stable'* ]]
    local command
    for command in update 'resolve debian acme-tool' 'check debian' 'search debian acme' 'why debian acme-tool' 'sets debian'; do
        # shellcheck disable=SC2086
        refuses '--allow-expired acme/stable' $command
    done
    rm -f deploy.lock
    run -0 --separate-stderr deploy update --allow-expired acme/stable
    [[ $stderr == *'valid until'* ]]
    run -0 deploy build debian/mirror
    # Renamed to what moves all the time, without Valid-Until.
    mv "$acme/dists/stable" "$acme/dists/stable-updates"
    sed -i 's/suites: \[stable\]/suites: [stable-updates]/' deploy.yaml
    ln -s stable-updates "$acme/dists/stable"
    fields "$(today '40 days ago')" 'Suite: stable-updates' 'Codename: stable-updates' "${head[@]:2}" | sign acme
    refuses 'acme: its newest state is 40 days old, and max-age is 30 days' build debian/indexes
    fields "$(today '20 days ago')" 'Suite: stable-updates' 'Codename: stable-updates' "${head[@]:2}" | sign acme
    run -0 deploy build debian/indexes
}

@test "a key that expires later leaves a lock as it is, and takes nothing new" {
    at() { date -u -d "$1" +%Y%m%dT%H%M%S; }
    make_key "$homes/old" 'old <old@example.org>' rsa2048 --faked-system-time "$(at '90 days ago')"
    gpg --homedir "$homes/old" --batch --export >"$homes/old.gpg"
    acme_with 1.0
    fields "$(today '20 days ago')" "${head[@]}" >"$BATS_TEST_TMPDIR/Release"
    gpg --homedir "$homes/old" --batch --quiet --faked-system-time "$(at '20 days ago')" \
        --digest-algo SHA512 --clearsign --output "$acme/dists/stable/InRelease" "$BATS_TEST_TMPDIR/Release" 2>/dev/null
    declare_acme "$homes/old.gpg"
    resolve
    local fingerprint
    fingerprint=$(gpg --homedir "$homes/old" --batch --with-colons --list-keys 2>/dev/null | awk -F: '$1 == "fpr" { print $10 }')
    gpg --homedir "$homes/old" --batch --quiet --pinentry-mode loopback --passphrase '' --faked-system-time "$(at '10 days ago')" \
        --quick-set-expire "$fingerprint" "$(at '3 days ago')" 2>/dev/null
    gpg --homedir "$homes/old" --batch --export >"$homes/old.gpg"
    run -0 --separate-stderr deploy build debian/mirror
    [[ $stderr == *'acme stable: old <old@example.org>'*'with a key that has expired since'* ]] || { echo "$stderr"; false; }
    run -0 --separate-stderr deploy build debian/mirror
    [[ $stderr != *'expired since'* ]]
    refuses 'a key that has expired' update
}

# --- a repository that is not what it should be --------------------------------------------------------------------------

@test "what another key signed is refused, and a new key counts once it is in the keyring" {
    acme_with 1.0
    fields "$(today)" "${head[@]}" | sign acme
    # Its own keyring, and not that of any other repository of the declaration.
    declare_acme ../keyring.gpg
    refuses "acme stable is signed by" build debian/indexes
    [[ $stderr == *'which is not in'*keyring.gpg* ]]
    sed -i "s|keyring: ../keyring.gpg}|keyring: $homes/next.gpg}|" deploy.yaml
    refuses 'which is not in' build debian/indexes
    # Signed by the old and the new one, as while a key is being replaced: one of them is enough.
    gpg --homedir "$homes/acme" --batch --quiet --pinentry-mode loopback --export-secret-keys >"$BATS_TEST_TMPDIR/secret"
    gpg --homedir "$homes/next" --batch --quiet --import "$BATS_TEST_TMPDIR/secret" 2>/dev/null
    local users=(--local-user acme@example.org --local-user next@example.org)
    rm "$acme/dists/stable/InRelease"
    fields "$(today)" "${head[@]}" | gpg --homedir "$homes/next" --batch --quiet --pinentry-mode loopback "${users[@]}" \
        --digest-algo SHA512 --clearsign --output "$acme/dists/stable/InRelease"
    run -0 deploy build debian/indexes
    sed -i "s|$homes/next.gpg|$homes/acme.gpg|" deploy.yaml
    run -0 deploy build debian/mirror
    # A keyring that lost the key: what was locked with it counts no more.
    sed -i "s|$homes/acme.gpg|../keyring.gpg|" deploy.yaml
    refuses 'which is not in' build debian/mirror
}

@test "a Release file of another suite is refused under this name" {
    acme_with 1.0
    fields "$(today)" 'Suite: testing' 'Codename: next' "${head[@]:2}" | sign acme
    declare_acme "$homes/acme.gpg"
    refuses 'acme stable is about testing / next, not about stable' build debian/indexes
}

@test "text around the signed one does not count, and of two only the first" {
    acme_with 1.0
    fields "$(today)" "${head[@]}" | sign acme
    cp "$acme/dists/stable/InRelease" good
    declare_acme "$homes/acme.gpg"
    # A text before it that says something else, as if it were signed (CVE-2013-1051).
    { fields 'Date: Sat, 01 Jan 2000 00:00:00 UTC' 'Suite: stable' "${head[@]:1}"; echo; cat good; } >"$acme/dists/stable/InRelease"
    run --separate-stderr deploy build debian/indexes
    if ((status == 0)); then
        # Only what is signed was read.
        ! grep -q '^snapshot acme stable 2000' deploy.lock
    fi
    rm -f deploy.lock
    # Of several, none but the first counts.
    sed 's/^Suite: stable/Suite: evil/' good >bad
    { cat bad; echo; cat good; } >"$acme/dists/stable/InRelease"
    refuses 'acme stable is ' build debian/indexes
    : >"$acme/dists/stable/InRelease"
    refuses 'acme stable is not signed as it should be' build debian/indexes
    head -c 300 good >"$acme/dists/stable/InRelease"
    refuses 'acme stable is not signed as it should be' build debian/indexes
}

@test "a detached signature that is empty, missing or of something else is none" {
    acme_with 1.0
    fields "$(today)" "${head[@]}" >"$acme/dists/stable/Release"
    declare_acme "$homes/acme.gpg"
    refuses 'Release.gpg' build debian/indexes
    : >"$acme/dists/stable/Release.gpg"
    refuses 'acme stable is not signed as it should be' build debian/indexes
    echo other | gpg --homedir "$homes/acme" --batch --quiet --detach-sign >"$acme/dists/stable/Release.gpg"
    refuses 'the signature is bad' build debian/indexes
    rm "$acme/dists/stable/Release.gpg"
    gpg --homedir "$homes/acme" --batch --quiet --digest-algo SHA512 --detach-sign --output "$acme/dists/stable/Release.gpg" \
        "$acme/dists/stable/Release"
    run -0 deploy build debian/indexes
}

@test "digests that are broken prove nothing" {
    acme_with 1.0
    declare_acme "$homes/acme.gpg"
    local hash
    for hash in MD5 SHA1; do
        fields "$(today)" "${head[@]}" | sed "s/^MD5:/MD5Sum:/" | sign acme
        refuses 'MD5 and SHA-1 prove nothing' build debian/indexes
    done
    hash=SHA256
    fields "$(today)" "${head[@]}" >"$BATS_TEST_TMPDIR/Release"
    rm -f "$acme/dists/stable/InRelease"
    gpg --homedir "$homes/acme" --batch --quiet --digest-algo SHA1 --clearsign --output "$acme/dists/stable/InRelease" \
        "$BATS_TEST_TMPDIR/Release"
    refuses 'acme stable' build debian/indexes
    [[ $stderr == *'a digest that is broken'* || $stderr == *'not signed as it should be'* ]]
}

@test "an index of another size or suite, or one that goes on for ever, is not read" {
    acme_with 1.0
    fields "$(today)" "${head[@]}" | sign acme
    declare_acme "$homes/acme.gpg"
    local index=$acme/dists/stable/main/binary-amd64/Packages
    cp "$index" good
    # The right bytes at the beginning, and more.
    { cat good; printf '\nPackage: evil\nVersion: 1\nArchitecture: amd64\n'; } >"$index"
    refuses 'wrong size' build debian/indexes
    head -c 100 good >"$index"
    refuses 'wrong size' build debian/indexes
    # The index of another suite, of the same size.
    sed 's/acme-tool/acme-evil/' good >"$index"
    refuses 'wrong digest' build debian/indexes
    cp good "$index"
    run -0 deploy build debian/indexes
}

@test "a mirror that never ends comes to an end" {
    # A Release file without end, then an index.
    echo 'endless dists/*Release*' >"$site/$archive.rules"
    refuses 'longer than the limit of 20000000 bytes' build debian/indexes
    [[ $(du -s --block-size=1M live-build/cache | cut -f1) -lt 25 ]]
    echo 'endless *Packages*' >"$site/$archive.rules"
    echo 'endless */by-hash/*' >>"$site/$archive.rules"
    refuses 'longer than the limit' build debian/indexes
    rm "$site/$archive.rules"
    run -0 deploy build debian/indexes
}

# --- what is new in one's own repository -----------------------------------------------------------------------------------

@test "a new package of one's own repository comes alone, and the build says how" {
    acme_with 1.0
    fields "$(today '2 days ago')" "${head[@]}" | sign acme
    declare_acme "$homes/acme.gpg"
    resolve
    moves_on
    local root=$BATS_TEST_TMPDIR/root
    sed -i 's/^Package: .*/Package: acme-more/' "$root/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$root" "$acme/pool/acme-more_1.0_amd64.deb" >/dev/null
    (cd "$acme" && apt-ftparchive packages pool 2>/dev/null) >"$acme/dists/stable/main/binary-amd64/Packages"
    fields "$(today)" "${head[@]}" | sign acme
    run -2 --separate-stderr deploy update debian acme-more
    [[ $stderr == *'deploy.lock has no package "acme-more" of debian, and no set asks for it'*'package-sets/debian/'* ]] || { echo "$stderr"; false; }
    echo acme-more >>package-sets/debian/core.txt
    run -2 --separate-stderr deploy build debian/indexes
    [[ $stderr == *'no package is called "acme-more" in debian, as it is locked of '*'deploy update debian acme-more'* ]]
    run -0 --separate-stderr deploy update debian acme-more
    [[ $stderr == *'acme-more 1.0'*'nothing else moved'* ]] || { echo "$stderr"; false; }
    grep -q '^package acme-more 1.0 ' deploy.lock
    grep -q '^package curl 8.1-1 ' deploy.lock
    # Both states of acme, and one of the archive.
    [[ $(grep -c '^snapshot acme ' deploy.lock) == 2 && $(grep -c '^snapshot made ' deploy.lock) == 1 ]]
}

@test "a repository that was published anew under the same paths is said to be" {
    acme_with 1.0
    fields "$(today '2 days ago')" "${head[@]}" | sign acme
    declare_acme "$homes/acme.gpg"
    resolve
    # The signed file is still there, as on a mirror that is just being updated; the index is another one.
    acme_with 2.0
    rm -rf live-build
    refuses 'acme: no mirror has the locked index any more' build debian/mirror
    [[ $stderr == *'deploy update'*'snapshot:'* ]]
    rm -rf live-build
    fields "$(today)" "${head[@]}" | sign acme
    refuses 'acme stable: the snapshot of' build debian/mirror
}
