#!/usr/bin/env bats
# Media of updates for RPM distributions: the gate's script that has the real dnf update a machine, and what the machine itself does with
# such a medium. Packages are made here and empty; dnf, rpm, createrepo_c and gpgv are the real ones. Needs root, as rpm does.
# shellcheck disable=SC2016,SC2154 # variables are those of the tool; bats sets output, stderr and status
bats_require_minimum_version 1.5.0

load ../lib/keys

setup_file() {
    local program name
    for program in dnf rpmbuild createrepo_c; do type -P "$program" > /dev/null || skip "$program is not installed"; done
    export LC_ALL=C.UTF-8 TZ=UTC SOURCE_DATE_EPOCH=1736761560 GNUPGHOME made=$BATS_FILE_TMPDIR/rpms
    GNUPGHOME=$(mktemp --directory /tmp/update-keys-XXXXXX)
    for name in ours other; do
        make_key "$GNUPGHOME" "$name@example.org" rsa2048
        gpg --batch --quiet --armor --export "$name@example.org" > "$BATS_FILE_TMPDIR/$name.asc"
        gpg --batch --quiet --export "$name@example.org" > "$BATS_FILE_TMPDIR/$name.gpg"
    done
    package base 1
    package base 2
    package tool 1 'Requires: library >= 1'
    package tool 2 'Requires: library >= 2'
    package library 1
    package library 2 'Epoch: 1'
    package stays 1
    package comes 1 'Requires: stays'
    package goes 1
    package kernel-core 5 'Provides: installonlypkg(kernel)'
    package kernel-core 6 'Provides: installonlypkg(kernel)'
}

teardown_file() {
    if [[ -n ${GNUPGHOME:-} ]]; then gpgconf --homedir "$GNUPGHOME" --kill all && rm -rf "$GNUPGHOME"; fi
}

package() { # package NAME VERSION LINE…
    local spec=$BATS_FILE_TMPDIR/$1-$2.spec
    {
        printf 'Name: %s\nVersion: %s\nRelease: 1.el9\nSummary: made\nLicense: none\nBuildArch: noarch\n' "$1" "$2"
        if (($# > 2)); then printf '%s\n' "${@:3}"; fi
        printf '%%description\nMade for a test.\n%%files\n'
    } > "$spec"
    rpmbuild -bb --quiet --define "_topdir $BATS_FILE_TMPDIR/build" --define "_rpmdir $made" --define '_rpmfilename %{NAME}-%{VERSION}.rpm' \
        "$spec" > "$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" && return 1; }
}

lines() { # lines NAME-VERSION…: name, epoch:version-release, architecture a line, sorted
    local package
    for package; do rpm -qp --nosignature --queryformat '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\n' "$made/$package.rpm"; done | sort
}

had=(base-1 goes-1 kernel-core-5 library-1 stays-1 tool-1)
gets=(base-2 comes-1 kernel-core-6 library-2 tool-2)
has=(base-2 comes-1 kernel-core-6 library-2 stays-1 tool-2)

mirror() { # mirror FOLDER SIGNER PACKAGE…
    local folder=$1 signer=$2 package
    mkdir -p "$folder/Packages"
    for package in "${@:3}"; do cp "$made/$package.rpm" "$folder/Packages/"; done
    createrepo_c --quiet --no-database "$folder"
    gpg --batch --quiet --local-user "$signer@example.org" --armor --detach-sign --yes "$folder/repodata/repomd.xml"
}

# --- the gate -----------------------------------------------------------------------------------------------------------

gate() { # gate PACKAGE…: what the gate reads, of a medium with these
    local package
    in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
    rm -rf "$in" "$out"
    mkdir -p "$in"/{earlier,before,after,arriving,leaving} "$out"
    for package in "${had[@]}"; do cp "$made/$package.rpm" "$in/earlier/"; done
    lines "${had[@]}" > "$in/before/core"
    lines "${has[@]}" > "$in/after/core"
    lines "${gets[@]}" > "$in/arriving/core"
    lines goes-1 > "$in/leaving/core"
    cp "$BATS_FILE_TMPDIR/ours.asc" "$in/key.asc"
    mirror "$in/mirror" ours "$@"
}

judge() {
    local scripts=$BATS_TEST_DIRNAME/../../Sources/Darksites/Scripts
    GATE_IN=$in GATE_OUT=$out run bash <(cat "$scripts/dnf-main.sh" "$scripts/judge-delta-dnf.sh") el9 x86_64 9
}

refused() {
    echo "$output"
    [[ $status == 1 && $output == *"$1"* && ! -e $out/verdict ]]
}

@test "dnf updates a machine of the earlier lock from the medium alone" {
    gate "${gets[@]}"
    judge
    echo "$output"
    [[ $status == 0 && ${lines[-1]} == 'summary: dnf updates core (5 packages come, 1 go) from the medium alone' ]]
    grep -qx 'profile core 5 1' "$out/verdict"
    grep -qE '^dnf [0-9]' "$out/verdict"
}

@test "what is missing, what is another machine, what nobody signed is found" {
    gate base-2 comes-1 kernel-core-6 tool-2
    judge
    refused "dnf can't update a machine of profile core"
    gate "${gets[@]}"
    rm "$in/earlier/stays-1.rpm"
    judge
    refused 'the machine is not that of the list'
    gate "${gets[@]}"
    lines stays-1 > "$in/leaving/core"
    judge
    refused core
    gate "${gets[@]}"
    lines base-2 kernel-core-6 library-2 stays-1 tool-2 > "$in/after/core"
    judge
    refused 'would have other packages'
    gate "${gets[@]}"
    cp "$BATS_FILE_TMPDIR/other.asc" "$in/key.asc"
    judge
    refused 'dnf does not take it'
    gate "${gets[@]}"
    echo x >> "$in/mirror/Packages/tool-2.rpm"
    judge
    refused 'a file is not what the index says'
}

# --- the machine --------------------------------------------------------------------------------------------------------

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    export KLDLOAD_RUN=$PWD/run KLDLOAD_ETC=$PWD/etc UPDATE_SOURCE_KEYS=$PWD/keys UPDATE_SOURCE_OS_RELEASE=$PWD/os-release
    export KLDLOAD_LIB=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools/usr/lib/kldload
    mkdir etc keys target
    printf '%s\n' KLDLOAD_DISTRO=centos KLDLOAD_PROFILE=core > etc/install-manifest.env
    printf '%s\n' 'ID="centos"' 'VERSION_ID="9"' > os-release
    cp "$BATS_FILE_TMPDIR/ours.gpg" keys/medium.gpg
}

teardown() {
    if mountpoint --quiet run/update-source/medium; then umount run/update-source/medium; fi
}

machine() { # machine NAME-VERSION…: what it has
    local package files=()
    for package; do files+=("$made/$package.rpm"); done
    rm -rf target
    mkdir target
    rpm --root "$PWD/target" --install --justdb --nodeps --noscripts --nosignature "${files[@]}"
}

medium() { # medium SIGNER
    local folder=medium signer=$1
    rm -rf medium
    mkdir -p "$folder/kldload" "$folder/darksite/centos"/{from,profiles}
    mirror "$folder/darksite/rpm/centos" "$signer" "${gets[@]}"
    printf '%s\n' FAMILY=rpm PROFILES=core RELEASE=9 CODENAME=el9 "ARCHITECTURE=$(rpm --eval '%{_arch}')" PLATFORM=el9 > "$folder/darksite/centos/distribution"
    lines "${has[@]}" > "$folder/darksite/centos/profiles/core"
    lines "${had[@]}" > "$folder/darksite/centos/from/core"
    echo '{"format":1,"kind":"kldload-delta","from":{"lock":"aa","date":"2026-10-02T00:00:00Z"},"to":{"lock":"bb","date":"2026-11-28T00:00:00Z"}}' \
        > "$folder/kldload/delta.json"
    (cd medium && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum) > list
    mv list medium/kldload/sha256sums
    gpg --batch --quiet --local-user "$signer@example.org" --armor --detach-sign medium/kldload/sha256sums
}

tool() {
    bash -c 'set -euo pipefail
        shopt -s inherit_errexit nullglob
        source "$KLDLOAD_LIB/common.sh"
        tool=kupgrade
        source "$KLDLOAD_LIB/update-source.sh"
        '"$1" kupgrade "${@:2}"
}

check() {
    tool 'update_source_open "$1"
        update_source_check "$PWD/target"
        printf "%s\n" "$update_source_state" "${update_source_arriving[*]}" "${update_source_leaving[*]}" "${update_source_differences[@]}"
        update_source_close' medium
}

@test "a machine is told what arrives and what leaves, and dnf does it with the options" {
    medium ours
    machine "${had[@]}"
    run -0 --separate-stderr check
    [[ ${lines[0]} == ready && ${lines[2]} == goes && ${#lines[@]} == 3 ]]
    [[ ${lines[1]} == 'base-0:2-1.el9.noarch comes-0:1-1.el9.noarch kernel-core-0:6-1.el9.noarch library-1:2-1.el9.noarch tool-0:2-1.el9.noarch' ]]
    [[ ! -e run/update-source && -z $(find target -path '*update-source*' -type f) ]]
    run -0 --separate-stderr tool 'update_source_open "$1"
        update_source_check "$PWD/target"
        dnf --installroot "$PWD/target" --releasever 9 "${update_source_dnf_options[@]}" --quiet --assumeyes --setopt=tsflags=justdb \
            install "${update_source_arriving[@]}"
        dnf --installroot "$PWD/target" "${update_source_dnf_options[@]}" --quiet --assumeyes --setopt=tsflags=justdb \
            --noautoremove remove "${update_source_leaving[@]}"
        update_source_close' medium
    diff <(rpm --root "$PWD/target" -qa --queryformat '%{NAME}-%{VERSION}\n' | grep -v ^gpg-pubkey | sort) \
        <(printf '%s\n' "${has[@]}" kernel-core-5 | sort)
    run -0 --separate-stderr check
    [[ ${lines[0]} == current ]]
    [[ ! -e target/etc/yum.repos.d/kldload-update.repo && -z $(find target/var/cache -type f 2> /dev/null) ]]
}

@test "whoever calls dnf with the options need not be asked about the key" {
    medium ours
    # As it is set up where there is a terminal: dnf asks, and there is nobody.
    run -0 --separate-stderr tool 'update_source_open "$1"
        dnf --releasever 9 "${update_source_dnf_options[@]}" --quiet makecache --refresh < /dev/null
        dnf --releasever 9 "${update_source_dnf_options[@]}" --quiet repoquery --available < /dev/null
        update_source_close' medium
    [[ $output == *library-1:2-1.el9.noarch* ]]
    medium other
    cp "$BATS_FILE_TMPDIR/other.gpg" keys/medium.gpg
    run -0 --separate-stderr tool 'update_source_open "$1"; update_source_close' medium
}

@test "an older machine, and a medium of somebody else, are refused" {
    medium ours
    package library 0.5
    machine base-1 goes-1 kernel-core-5 library-0.5 stays-1 tool-1
    run -1 --separate-stderr check
    [[ $stderr == *'library 0:0.5-1.el9 (the medium starts from 0:1-1.el9)'*'this machine is older than what the medium starts from, in 1 package'* ]]
    machine "${had[@]}"
    medium other
    run -1 --separate-stderr check
    [[ $stderr == *'which this machine does not trust'* && ! -e run/update-source ]]
}
