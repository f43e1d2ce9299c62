#!/usr/bin/env bats
# Ubuntu's darksite, from the declaration of this repository, and that of a relative which nothing in this repository knows: with the real podman, Debian's real archive for the builder
# image, and in the place of Ubuntu's archive one that is laid out like it (Tests/ubuntu) and served on the loopback. What
# Ubuntu's archive itself would say is not tested by this.
#
# A store that the checkout has (live-build/cache, or DEPLOY_CACHE) is used by way of a copy; without one the builder image
# is made first, which takes half a minute more.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/ubuntu.bats
# bats file_tags=slow,podman,network
# shellcheck disable=SC2154 # bats sets output and stderr

load ../lib/store

setup_file() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    here=$BATS_TEST_DIRNAME
    root=$(realpath "$here/../..")
    type -P podman >/dev/null || skip 'podman is not installed'
    site=$BATS_FILE_TMPDIR/site
    checkout=$BATS_FILE_TMPDIR/checkout
    mkdir -p "$site" "$checkout/live-build"
    "$here/../ubuntu/make-ubuntu-archive" "$BATS_FILE_TMPDIR/made"
    mv "$BATS_FILE_TMPDIR/made/archive" "$site/ubuntu"
    cp -a "$root/package-sets" "$checkout/"
    cp -a "$root"/live-build/{config,postinstall} "$checkout/live-build/"
    # The made archive is of 2024, and has a suite that moves.
    sed -e '/keyring: .*ubuntu-archive-keyring.gpg/a\        max-age: any' \
        -e "s|/usr/share/keyrings/ubuntu-archive-keyring.gpg|$BATS_FILE_TMPDIR/made/keyring.gpg|" "$root/deploy.yaml" >"$checkout/deploy.yaml"

    # The relative: a block in deploy.yaml and a folder of sets. Its packages are those of the made archive.
    sed -n '/^  ubuntu:/,/^$/p' "$checkout/deploy.yaml" \
        | sed 's/^  ubuntu:/  mint:\n    like: ubuntu/; s/name: ubuntu/name: mint/; s/^\( *\)mirrors: .*/&\n\1updates: http:\/\/packages.example.org/' >"$BATS_FILE_TMPDIR/mint"
    sed -i "/^  # Distributions of RPM packages/ { r $BATS_FILE_TMPDIR/mint
        N }" "$checkout/deploy.yaml"
    cp -r "$checkout"/package-sets/{ubuntu,mint}

    copied_store "$root" "$checkout"

    # It ends when this process does; bats waits for whoever holds its channel 3.
    tail --pid=$$ -f /dev/null 3>&- | python3 -I "$here/archive-server.py" "$site" >"$BATS_FILE_TMPDIR/port" 3>&- &
    until [[ -s $BATS_FILE_TMPDIR/port ]]; do sleep 0.05; done
    DEPLOY_MIRROR_UBUNTU=http://127.0.0.1:$(<"$BATS_FILE_TMPDIR/port")/ubuntu
    DEPLOY_MIRROR_UBUNTU_SECURITY=$DEPLOY_MIRROR_UBUNTU DEPLOY_MIRROR_MINT=$DEPLOY_MIRROR_UBUNTU DEPLOY_MIRROR_MINT_SECURITY=$DEPLOY_MIRROR_UBUNTU
    export DEPLOY_BINARY DEPLOY_MIRROR_UBUNTU DEPLOY_MIRROR_UBUNTU_SECURITY DEPLOY_MIRROR_MINT DEPLOY_MIRROR_MINT_SECURITY DEPLOY_KEY=$BATS_FILE_TMPDIR/signing-key site checkout
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT NO_COLOR CI
}

setup() { cd "$checkout" || return; }

teardown_file() { if [[ -d $BATS_FILE_TMPDIR/store ]]; then unlock_store; fi; }

deploy() { "$DEPLOY_BINARY" "$@"; }
requests() { cat "$site/ubuntu.requests" 2>/dev/null || :; }
out_of_reach() { DEPLOY_MIRROR_UBUNTU=http://127.0.0.1:9/x DEPLOY_MIRROR_UBUNTU_SECURITY=http://127.0.0.1:9/x "$@"; }

@test "a build that does not use Ubuntu asks its archive for nothing, and its keyring is not needed" {
    sed "s|$BATS_FILE_TMPDIR/made/keyring.gpg|/usr/share/keyrings/ubuntu-archive-nowhere.gpg|" deploy.yaml >default.yaml
    run -0 --separate-stderr deploy build --file default.yaml debian/indexes
    run -0 --separate-stderr out_of_reach deploy status --file default.yaml
    [[ $output == *'3 ubuntu darksite (ubuntu): not in use; '*' makes it, iso.darksites puts it on the image'* ]]
    [[ -z $(requests) ]]
    run ! grep -q noble deploy.lock
    # Asked for, it is: what is missing is named with the package that has it.
    KLDLOAD_DISTRO=ubuntu run -2 --separate-stderr deploy build --file default.yaml --dry-run
    [[ $stderr == *'there is no keyring /usr/share/keyrings/ubuntu-archive-nowhere.gpg'*'apt-get install ubuntu-keyring'* ]]
}

@test "deploy build ubuntu makes and proves stage 3, and nothing of the image" {
    run -0 --separate-stderr deploy build ubuntu
    echo "$stderr"
    [[ $stderr == *'✓ 3 ubuntu/mirror'* ]]
    [[ $stderr == *'✓ 3 ubuntu/gate '*'apt installs server ('*' packages)'* ]]
    [[ $stderr == *'✓ 3 ubuntu/install-server '*' packages unpacked and configured'* ]]
    [[ $stderr != *' live/'* && $stderr != *' iso/'* && $stderr != *' debian/mirror'* ]]
    [[ $stderr == *'(signed by Made Ubuntu Archive)'*'kernel 6.8.0-45-generic'* ]]
    # The newest of every suite, whichever component it is in; one kernel, and the modules for it.
    grep -q ' hostname [^ ]*ubuntu0\.1 ' deploy.lock
    grep -q ' tzdata [^ ]*ubuntu0\.24\.04 ' deploy.lock # though it is a phased update
    grep -q ' linux-modules-6\.8\.0-45-generic .* pool/main/' deploy.lock
    grep -q ' intel-microcode .* pool/restricted/' deploy.lock
    grep -q ' systemd-boot .* pool/universe/' deploy.lock
    run ! grep -q '6\.8\.0-31' deploy.lock
    grep -q '^dists/noble-security/main/binary-amd64/by-hash/SHA256/' <(requests)
    run -0 --separate-stderr out_of_reach deploy build 3
    [[ $output == '0 steps run, '* ]]
}

@test "apt reads the mirror by Ubuntu's codename, and the zstd packages in it" {
    # In the container of the gate: without network, and with Debian's apt and dpkg.
    run -0 --separate-stderr deploy shell ubuntu/gate <<'SHELL'
set -e
mkdir -p /tmp/apt/lists/partial
printf 'deb [signed-by=/in/key.gpg] file:/in/mirror noble main\n' >/tmp/apt/sources.list
options="-o Dir::Etc::SourceList=/tmp/apt/sources.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=/tmp/apt/lists -o APT::Sandbox::User=root"
apt-get -q $options -o APT::Update::Error-Mode=any update
apt-cache $options policy hostname linux-image-generic | sed 's/^/said: /'
grep '^Phased-Update-Percentage: 10$' /in/mirror/dists/noble/main/binary-amd64/Packages | sed 's/^/said: /'
dpkg-deb --contents "$(find /in/mirror/pool -name 'linux-modules-6*.deb')" | grep -o 'lib/modules/.*zfs.ko.zst'
grep -h '^Suite:\|^Codename:' /in/mirror/dists/*/Release
SHELL
    echo "$output" "$stderr"
    [[ $output == *'said:   Candidate: '*'ubuntu0.1'*'said:   Candidate: 6.8.0-45.45'*'said: Phased-Update-Percentage: 10'* ]]
    [[ $output == *'lib/modules/6.8.0-45-generic/kernel/zfs/zfs.ko.zst'*'Suite: noble'*'Codename: noble'* ]]
}

@test "what is locked of Ubuntu stays when it is not in use, and moves when it is named" {
    cp deploy.lock before
    echo cowsay-that-nobody-has >>package-sets/ubuntu/core.txt
    run -0 --separate-stderr out_of_reach deploy build --locked debian/indexes
    cmp before deploy.lock
    run -2 --separate-stderr deploy build ubuntu
    [[ $stderr == *'package-sets/ubuntu/core.txt:'*'no package is called "cowsay-that-nobody-has" in ubuntu'* ]]
    cmp before deploy.lock
    sed -i '$d' package-sets/ubuntu/core.txt
    run -0 --separate-stderr deploy update ubuntu
    [[ $stderr == *'deploy.lock is up to date with the archives'* ]]
}

@test "one image carries Debian and the relative, each at its place, and says what bash must know of them" {
    run -0 --separate-stderr deploy build --dry-run live/root live/squashfs
    [[ $output == *'nothing to do'* ]] || { echo 'the store has no live root: run ./deploy build first' && return 1; }
    sed -i 's/^    debian: \[core, server\].*/    debian: [core]\n    mint: [core]/; s/^  profile: server/  profile: core/' deploy.yaml
    run -0 --separate-stderr deploy build
    [[ $stderr == *'✓ 3 mint/install-core '*' packages unpacked and configured'* ]]
    local iso=${lines[0]%% *}
    [[ -f $iso ]]
    [[ $output == *'proven: debian: core install from this image alone ('*'proven: mint: core install from this image alone ('* ]]
    xorriso -osirrox on -indev "$iso" -extract /kldload kldload -extract /darksite/mint darksite -extract /live live 2>/dev/null
    [[ -s darksite/apt/dists/noble/Release.gpg && -s darksite/profiles/core ]]
    grep -q '^linux-modules-6.8.0-45-generic ' darksite/profiles/core
    grep -q '^of      mint 24.04 (noble), amd64$' darksite/apt/certificate.txt
    run ! grep -q 'NOT proven' darksite/apt/certificate.txt
    grep -q ' darksite/mint/apt/pool/universe/s/systemd' kldload/sha256sums
    grep -q ' darksite/debian/apt/pool/' kldload/sha256sums
    python3 -c 'import json; print(json.load(open("kldload/sbom.spdx.json")))' >sbom
    grep -q 'pkg:deb/mint/linux-modules-6.8.0-45-generic@' sbom
    printf '%s\n' FAMILY=apt PROFILES=core RELEASE=24.04 CODENAME=noble ARCHITECTURE=amd64 PORT=3144 \
        "UPDATES=http://packages.example.org noble,noble-updates main,restricted,universe,multiverse $BATS_FILE_TMPDIR/made/keyring.gpg" \
        "UPDATES=http://packages.example.org noble-security main,restricted,universe,multiverse $BATS_FILE_TMPDIR/made/keyring.gpg" | diff - darksite/distribution
    unsquashfs -cat live/30-build.squashfs etc/systemd/system/multi-user.target.d/kldload-darksites.conf \
        | grep -x 'Wants=kldload-darksite@debian.service kldload-darksite@mint.service'
    unsquashfs -cat live/30-build.squashfs etc/apt/sources.list.d/kldload-darksite.sources | grep -x 'URIs: http://127.0.0.1:3142'
}

@test "the installer makes a system of it in a folder: the relative's packages, by their own dpkg, and who may log in" {
    [[ -s darksite/profiles/core ]] || { echo 'no image was made before this' && return 1; }
    mkdir -p medium target
    mv darksite medium/mint
    deploy key --export | gpg --dearmor >key.gpg
    printf '%s\n' KLDLOAD_DISTRO=mint KLDLOAD_PROFILE=core KLDLOAD_DISK=/dev/vda "KLDLOAD_PASSWORD='a b'" KLDLOAD_HOSTNAME=made KLDLOAD_BOOTSTRAP=packages >answers.env
    cat >install <<'END'
set -euo pipefail -E
shopt -s inherit_errexit
INSTALLER=$PWD/live-build/config/includes.chroot/usr/lib/kldload-installer
for library in answers say disks pool distribution image bootstrap system boot services; do source "$INSTALLER/lib/$library.sh"; done
TARGET=$PWD/target BOOTSTRAP_DARKSITE=$PWD/medium BOOTSTRAP_KEY=$PWD/key.gpg say_reason_file=$PWD/reason
answers_load answers.env && answers_check
exec 3>&1
trap 'say_failed_command "$LINENO" "$BASH_COMMAND" "$?" "${FUNCNAME[0]:-}"' ERR
trap 'cat reason' EXIT
: >reason
bootstrap
mkdir -p "$TARGET${KEYRING%/*}" && cp "$KEYRING" "$TARGET$KEYRING" # as the distribution's own package would
system
services
system_late_done
END
    KEYRING=$BATS_FILE_TMPDIR/made/keyring.gpg run unshare --mount --pid --fork --propagation private bash install
    echo "$output"
    [[ $status -eq 0 ]]
    # What is there was held against the profile; the rest is as it was answered.
    [[ $(cat target/etc/hostname) == made ]]
    run -0 chroot target dpkg-query --show linux-modules-6.8.0-45-generic
    run -0 chroot target id --groups --name admin
    [[ " $output " == *' sudo '* ]]
    grep -q '^admin:\$' target/etc/shadow
    grep -x 'URIs: http://packages.example.org' target/etc/apt/sources.list.d/mint.sources
    [[ -L target/etc/systemd/system/multi-user.target.wants/systemd-networkd.service ]]
}
