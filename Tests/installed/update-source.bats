#!/usr/bin/env bats
# Where kupgrade takes updates from without a network: media that are good, broken, of somebody else, for another machine, in the wrong
# order. gpgv, apt and dpkg are the real ones, on the package list of a machine that there is not; media are mounted as they would be.
# shellcheck disable=SC2016,SC2154 # variables are those of the tool; bats sets output and stderr
bats_require_minimum_version 1.5.0

load ../lib/keys

setup_file() {
    export LC_ALL=C.UTF-8 TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin GNUPGHOME
    GNUPGHOME=$(mktemp --directory /tmp/update-keys-XXXXXX)
    local name
    for name in ours next other; do
        make_key "$GNUPGHOME" "$name@example.org"
        gpg --batch --quiet --export "$name@example.org" > "$BATS_FILE_TMPDIR/$name.gpg"
    done
    export made=$BATS_FILE_TMPDIR/debs
    mkdir "$made"
    deb base 1 'Essential: yes'
    deb base 2 'Essential: yes'
    deb tool 1 'Depends: library (>= 1)'
    deb tool 2 'Depends: library (>= 2)'
    deb library 1
    deb library 2
    deb stays 1
    deb comes 1
    deb goes 1
    deb other 1 'Depends: tool (= 1)'
    medium "$BATS_FILE_TMPDIR/delta" ours delta
    medium "$BATS_FILE_TMPDIR/image" ours image
    medium "$BATS_FILE_TMPDIR/by other" other delta
    medium "$BATS_FILE_TMPDIR/rotates" ours delta next
    medium "$BATS_FILE_TMPDIR/after" next delta
}

teardown_file() {
    gpgconf --homedir "$GNUPGHOME" --kill all
    rm -rf "$GNUPGHOME"
}

deb() { # deb NAME VERSION FIELD…
    local tree=$BATS_FILE_TMPDIR/tree-$1-$2 name=$1 version=$2
    shift 2
    mkdir -p "$tree/DEBIAN" "$tree/usr/share/update/$name"
    {
        printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\n' "$name" "$version"
        if (($#)); then printf '%s\n' "$@"; fi
        printf 'Description: made for a test\n'
    } > "$tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$tree" "$made/${name}_${version}_amd64.deb" > /dev/null
}

# As `deploy delta` and the build of an ISO lay them out.
medium() { # medium FOLDER SIGNER delta|image [NEXT]
    local folder=$1 signer=$2 kind=$3 next=${4:-} apt=$1/darksite/debian/apt suite package next_key=''
    suite=$apt/dists/trixie
    mkdir -p "$folder/kldload" "$folder/darksite/debian"/{from,profiles} "$suite/main/binary-amd64" "$apt/pool"
    for package in base_2 tool_2 library_2 comes_1; do cp "$made/${package}_amd64.deb" "$apt/pool/"; done
    if [[ $kind == image ]]; then cp "$made/stays_1_amd64.deb" "$apt/pool/"; fi
    (cd "$apt" && apt-ftparchive packages pool > dists/trixie/main/binary-amd64/Packages)
    apt-ftparchive -o APT::FTPArchive::Release::Codename=trixie -o APT::FTPArchive::Release::Suite=trixie \
        -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 release "$suite" > "$folder/Release"
    mv "$folder/Release" "$suite/Release"
    sign "$signer" "$suite/Release" "$suite/Release.gpg"
    printf '%s\n' FAMILY=apt 'PROFILES=core server' RELEASE=13 CODENAME=trixie ARCHITECTURE=amd64 > "$folder/darksite/debian/distribution"
    printf '%s\n' 'base 2 amd64' 'comes 1 amd64' 'library 2 amd64' 'stays 1 amd64' 'tool 2 amd64' > "$folder/darksite/debian/profiles/server"
    if [[ $kind == delta ]]; then
        printf '%s\n' 'base 1 amd64' 'goes 1 amd64' 'library 1 amd64' 'stays 1 amd64' 'tool 1 amd64' > "$folder/darksite/debian/from/server"
        if [[ -n $next ]]; then
            cp "$BATS_FILE_TMPDIR/$next.gpg" "$folder/kldload/next-key.gpg"
            sign "$signer" "$folder/kldload/next-key.gpg" "$folder/kldload/next-key.gpg.asc"
            next_key='"next_key":"ABCDEF0123456789ABCDEF0123456789ABCDEF01",'
        fi
        printf '{"format":1,"kind":"kldload-delta","from":{"lock":"aa","date":"2026-10-02T00:00:00Z"},"to":{"lock":"bb","date":"2026-11-28T00:00:00Z"},%s"proven":["solver","apt"]}\n' \
            "$next_key" > "$folder/kldload/delta.json"
    fi
    seal "$folder" "$signer"
}

sign() { gpg --batch --quiet --local-user "$1@example.org" --armor --detach-sign --yes --output "$3" "$2"; }

seal() { # seal FOLDER SIGNER: the list of digests, signed
    rm -f "$1"/kldload/sha256sums*
    (cd "$1" && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum) > "$1.list"
    mv "$1.list" "$1/kldload/sha256sums"
    sign "$2" "$1/kldload/sha256sums" "$1/kldload/sha256sums.asc"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    export KLDLOAD_RUN=$PWD/run KLDLOAD_ETC=$PWD/etc UPDATE_SOURCE_KEYS=$PWD/keys UPDATE_SOURCE_OS_RELEASE=$PWD/os-release
    export KLDLOAD_LIB=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools/usr/lib/kldload
    mkdir etc keys
    printf '%s\n' '# by a build' 'KLDLOAD_DISTRO=debian' "KLDLOAD_PROFILE='server'" > etc/install-manifest.env
    printf '%s\n' 'ID=debian' 'VERSION_ID="13"' 'VERSION_CODENAME=trixie' > os-release
    cp "$BATS_FILE_TMPDIR/ours.gpg" keys/medium.gpg
    has base=1 goes=1 library=1 stays=1 tool=1
    # Nothing of all this changes anything.
    find target etc keys -type f -exec sha256sum {} + | sort > before
}

teardown() {
    local place
    for place in image medium; do if mountpoint --quiet "run/update-source/$place"; then umount "run/update-source/$place"; fi; done
}

has() { # has NAME=VERSION…: what the machine has
    local package
    mkdir -p target/var/lib/dpkg
    for package; do
        dpkg-deb --field "$made/${package/=/_}_amd64.deb" 2> /dev/null || printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n' "${package%=*}" "${package#*=}"
        printf 'Status: install ok installed\n\n'
    done > target/var/lib/dpkg/status
}

# tool LINES: what a tool does that sources the library.
tool() {
    bash -c 'set -euo pipefail
        shopt -s inherit_errexit nullglob
        tool=kupgrade
        source "$KLDLOAD_LIB/common.sh"
        tool=kupgrade
        source "$KLDLOAD_LIB/update-source.sh"
        '"$1" kupgrade "${@:2}"
}

checked='update_source_open "$1"
    update_source_check "$PWD/target"
    printf "%s\n" "$update_source_kind $update_source_state $update_source_from $update_source_to" "arriving ${update_source_arriving[*]}" \
        "leaving ${update_source_leaving[*]}" "${update_source_differences[@]}"
    update_source_close'

check() { tool "$checked" "$@"; }

nothing_stays() {
    [[ ! -e run/update-source ]]
    diff before <(find target etc keys -type f -exec sha256sum {} + | sort)
}

refused() { # refused WORDS SOURCE: in these words, with nothing changed and nothing left mounted
    run -1 --separate-stderr check "$2"
    [[ $stderr == *"$1"* ]] || { echo "$stderr" && return 1; }
    nothing_stays
}

copy() { cp -r "$BATS_FILE_TMPDIR/$1" medium; } # a medium to break

@test "a medium of updates in a folder: what arrives and what leaves, and nothing stays behind" {
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/delta"
    [[ ${lines[0]} == 'delta ready 2026-10-02 2026-11-28' ]]
    [[ ${lines[1]} == 'arriving base=2 comes=1 library=2 tool=2' && ${lines[2]} == 'leaving goes' && ${#lines[@]} == 3 ]]
    [[ -z $stderr ]]
    nothing_stays
}

@test "apt does with the options what the medium says, and uses no other source" {
    run -0 --separate-stderr tool 'update_source_open "$1"
        update_source_check "$PWD/target"
        apt-get "${update_source_apt_options[@]}" -o Dir::State::status="$PWD/target/var/lib/dpkg/status" --simulate --yes install \
            "${update_source_arriving[@]}" "${update_source_leaving[@]/%/-}" | grep -E "^(Inst|Remv)" | cut -d" " -f 1,2,3 | sort
        apt-get "${update_source_apt_options[@]}" indextargets --format "\$(SITE)\$(URI)"
        update_source_close' "$BATS_FILE_TMPDIR/delta"
    [[ $output == *'Inst base [1]'*'Inst comes (1'*'Inst library [1]'*'Inst tool [1]'*'Remv goes [1]'* ]]
    [[ $(grep -c '^file:' <<< "$output") -ge 1 && $output != *http* ]]
    nothing_stays
}

# Where the kernel of the machine that tests knows no ISO 9660, something stands in for mount that puts the same files there.
mount_images() {
    if grep -qw iso9660 /proc/filesystems || modprobe isofs 2> /dev/null; then return; fi
    mkdir bin
    cat > bin/mount << 'END_OF_SCRIPT'
#!/bin/bash
if [[ $1 == -t && $2 == iso9660 ]]; then
    [[ $* == *ro,nosuid,nodev,noexec,loop* ]] || exit 1
    xorriso -osirrox on -indev "${@: -2:1}" -extract / "$PWD/extracted" > /dev/null 2>&1
    exec /usr/bin/mount --bind "$PWD/extracted" "${@: -1}"
fi
exec /usr/bin/mount "$@"
END_OF_SCRIPT
    chmod +x bin/mount
    PATH=$PWD/bin:$PATH
}

@test "as an image file, and in a folder whose name has blanks" {
    mount_images
    xorriso -as mkisofs -quiet -rational-rock -volid KLDLOAD_DELTA -o stick.img "$BATS_FILE_TMPDIR/delta"
    run -0 --separate-stderr check stick.img
    [[ ${lines[1]} == 'arriving base=2 comes=1 library=2 tool=2' ]]
    nothing_stays
    # Copied as a file to a stick that has other things.
    mkdir stick && cp stick.img os-release stick/
    run -0 --separate-stderr check stick
    [[ ${lines[1]} == 'arriving base=2 comes=1 library=2 tool=2' ]]
    nothing_stays
    cp stick.img stick/another.iso
    refused 'has several media: stick.img another.iso' stick
    cp -r "$BATS_FILE_TMPDIR/delta" 'a medium'
    run -0 --separate-stderr check 'a medium'
    nothing_stays
}

@test "a whole image is a source, too: it starts from anything, and takes nothing away" {
    has base=1 goes=1 library=1 tool=1
    find target etc keys -type f -exec sha256sum {} + | sort > before
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/image"
    [[ ${lines[0]} == 'image ready  ' && ${lines[1]} == 'arriving base=2 comes=1 library=2 stays=1 tool=2' && ${lines[2]} == 'leaving ' ]]
    nothing_stays
}

@test "a machine that is what it is to be has nothing to do" {
    has base=2 comes=1 library=2 stays=1 tool=2
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/delta"
    [[ ${lines[0]} == 'delta current 2026-10-02 2026-11-28' && ${lines[1]} == 'arriving ' ]]
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/image"
    [[ ${lines[0]} == 'image current'* ]]
}

@test "what was updated or removed here meanwhile is said, and does no harm" {
    has base=1 library=2 tool=1 more=1
    find target etc keys -type f -exec sha256sum {} + | sort > before
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/delta"
    [[ ${lines[1]} == 'arriving base=2 comes=1 tool=2' && ${lines[2]} == 'leaving ' ]]
    [[ $output == *'stays is not here any more; the medium knows 1'* ]]
    has base=1 goes=1 library=3 stays=1 tool=1
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/delta"
    [[ $output == *'library 3 is here, which is newer than 2: it stays'* && ${lines[1]} == 'arriving base=2 comes=1 tool=2' ]]
}

@test "what belongs to the kernel that runs does not go with the others" {
    copy delta
    printf '%s\n' 'linux-headers-6.1.9+deb13-common 1 amd64' 'linux-image-6.1.9+deb13-amd64 1 amd64' 'zfs-modules-6.1.9+deb13-amd64 1 amd64' \
        'linux-image-6.1.8+deb13-amd64 1 amd64' >> medium/darksite/debian/from/server
    sort -o medium/darksite/debian/from/server medium/darksite/debian/from/server
    seal medium ours
    has base=1 goes=1 library=1 stays=1 tool=1 linux-headers-6.1.9+deb13-common=1 linux-image-6.1.9+deb13-amd64=1 \
        linux-image-6.1.8+deb13-amd64=1 zfs-modules-6.1.9+deb13-amd64=1
    export UPDATE_SOURCE_KERNEL=6.1.9+deb13-amd64
    run -0 --separate-stderr tool 'update_source_open "$1"
        update_source_check "$PWD/target"
        printf "%s\n" "${update_source_leaving[*]}" "${update_source_kernel_packages[*]}"
        update_source_close' "$PWD/medium"
    [[ ${lines[0]} == 'goes linux-image-6.1.8+deb13-amd64' ]]
    [[ ${lines[1]} == 'linux-headers-6.1.9+deb13-common linux-image-6.1.9+deb13-amd64 zfs-modules-6.1.9+deb13-amd64' ]]
}

@test "wrong order: a machine that is older than where the medium starts" {
    has base=0.9 goes=1 library=0.8 stays=1 tool=1
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused 'this machine is older than what the medium starts from, in 2 packages' "$BATS_FILE_TMPDIR/delta"
    [[ $stderr == *'base 0.9 (the medium starts from 1)'*'first the media before 2026-10-02, in their order; or a whole ISO of kldload'* ]]
}

@test "wrong machine: another distribution, release, architecture, profile, or other packages" {
    sed -i 's/debian/ubuntu/' etc/install-manifest.env
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused 'has nothing for ubuntu, which this machine is (it has: debian)' "$BATS_FILE_TMPDIR/delta"
    sed -i "s/ubuntu/debian/; s/'server'/desktop/" etc/install-manifest.env
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused 'has nothing for the profile desktop, which this machine is (it has: core server)' "$BATS_FILE_TMPDIR/delta"
    sed -i 's/desktop/server/' etc/install-manifest.env
    find target etc keys -type f -exec sha256sum {} + | sort > before
    sed -i 's/trixie/forky/' os-release
    refused 'is for debian trixie, and this machine is forky' "$BATS_FILE_TMPDIR/delta"
    sed -i 's/forky/trixie/' os-release
    copy delta
    sed -i 's/amd64$/arm64/' medium/darksite/debian/distribution
    seal medium ours
    refused 'is for arm64, and this machine is amd64' medium
    has base=1 unrelated=1
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused 'this is not the machine that the medium is for: 3 of the 5 packages that server had are not here' "$BATS_FILE_TMPDIR/delta"
    rm etc/install-manifest.env
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused 'this machine was not installed by kldload' "$BATS_FILE_TMPDIR/delta"
}

@test "a damaged medium is found before anything, wherever it is damaged" {
    local file
    for file in kldload/sha256sums darksite/debian/from/server darksite/debian/profiles/server darksite/debian/distribution \
        kldload/delta.json darksite/debian/apt/pool/tool_2_amd64.deb darksite/debian/apt/dists/trixie/main/binary-amd64/Packages \
        darksite/debian/apt/dists/trixie/Release darksite/debian/apt/dists/trixie/Release.gpg; do
        copy delta
        # One bit of it.
        python3 -c 'import sys; p = sys.argv[1]; b = bytearray(open(p, "rb").read()); b[len(b) // 2] ^= 4; open(p, "wb").write(b)' "medium/$file"
        echo "$file"
        refused 'damaged' medium
        rm "medium/$file"
        run -1 --separate-stderr check medium
        nothing_stays
        rm -r medium
    done
}

@test "what nobody signed, and what somebody else did" {
    refused 'is signed by the key' "$BATS_FILE_TMPDIR/by other"
    [[ $stderr == *'which this machine does not trust'* ]]
    copy delta
    rm medium/kldload/sha256sums.asc
    refused 'is not signed: there is no kldload/sha256sums.asc' medium
    # A list of the other's with our signature of another list.
    cp "$BATS_FILE_TMPDIR/delta/kldload/sha256sums.asc" medium/kldload/
    sed -i '1s/^./0/' medium/kldload/sha256sums
    refused 'is not what was signed' medium
    mkdir empty
    refused 'empty is no medium of kldload' empty
    refused 'gone: there is no such device, file or folder' gone
    head -c 5000000 /dev/urandom > noise.img
    refused 'has no file system' noise.img
    rm keys/medium.gpg
    find target etc -type f -exec sha256sum {} + | sort > before
    refused 'this machine has no key to hold a medium against' "$BATS_FILE_TMPDIR/delta"
}

@test "where there is no gpgv, as on Debian 13, sqv looks at signatures, and says the same" {
    export UPDATE_SOURCE_VERIFIERS='nothing-that-is-there sqv'
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/delta"
    nothing_stays
    refused 'which this machine does not trust' "$BATS_FILE_TMPDIR/by other"
    copy delta
    sed -i '1s/^./0/' medium/kldload/sha256sums
    refused 'is not what was signed' medium
    cp keys/medium.gpg keys/previous.gpg
    cp "$BATS_FILE_TMPDIR/next.gpg" keys/medium.gpg
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused 'which this machine trusted before, and not any more' "$BATS_FILE_TMPDIR/delta"
    UPDATE_SOURCE_VERIFIERS=nothing-that-is-there
    refused 'there is none of nothing-that-is-there on this machine' "$BATS_FILE_TMPDIR/delta"
}

signed='set -euo pipefail
    source "$KLDLOAD_LIB/common.sh"
    source "$KLDLOAD_LIB/update-source.sh"
    mkdir -p "$update_source_work"
    update_source_signed "$UPDATE_SOURCE_KEYS/medium.gpg" "$1.asc" "$1"'

@test "a clock that went back to 1970 does not matter to gpgv, and is named where it matters" {
    UPDATE_SOURCE_VERIFIERS=gpgv run -0 --separate-stderr faketime 1970-01-02 bash -c "$signed" - "$BATS_FILE_TMPDIR/delta/kldload/sha256sums"
    UPDATE_SOURCE_VERIFIERS=sqv run -1 --separate-stderr faketime 1970-01-02 bash -c "$signed" - "$BATS_FILE_TMPDIR/delta/kldload/sha256sums"
    [[ $stderr == *'the clock of this machine says 1970-01-02, and the medium was signed later than that'* ]]
}

@test "a list that names files outside of the medium, and a form of tomorrow" {
    copy delta
    printf '%064d  ../../etc/passwd\n' 0 >> medium/kldload/sha256sums
    sign ours medium/kldload/sha256sums medium/kldload/sha256sums.asc
    refused 'names files outside of it' medium
    rm -r medium
    copy delta
    sed -i 's/"format":1/"format":2/' medium/kldload/delta.json
    seal medium ours
    refused 'is of a form that these tools don'"'"'t know' medium
}

@test "what was installed beside the profile and stands against it is found before anything" {
    has base=1 goes=1 library=1 stays=1 tool=1 other=1
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused 'apt would take away what was installed here beside the profile: other' "$BATS_FILE_TMPDIR/delta"
    # library 2 was taken away, and is nowhere: what arrives can't be.
    has base=1 goes=1 stays=1 tool=1 library=1
    copy delta
    (cd medium/darksite/debian/apt && rm pool/library_2_amd64.deb && apt-ftparchive packages pool >dists/trixie/main/binary-amd64/Packages)
    rm medium/darksite/debian/apt/dists/trixie/Release
    apt-ftparchive -o APT::FTPArchive::Release::Codename=trixie -o APT::FTPArchive::Release::Components=main \
        -o APT::FTPArchive::Release::Architectures=amd64 release medium/darksite/debian/apt/dists/trixie >Release
    mv Release medium/darksite/debian/apt/dists/trixie/
    sign ours medium/darksite/debian/apt/dists/trixie/Release medium/darksite/debian/apt/dists/trixie/Release.gpg
    seal medium ours
    find target etc keys -type f -exec sha256sum {} + | sort > before
    refused "apt can't update this machine from the medium" medium
}

take='update_source_open "$1"
    update_source_check "$PWD/target"
    update_source_take_key "$PWD/target"
    printf "next %s\n" "$update_source_next_key"
    update_source_close'

@test "the next key is trusted in the root that was updated, and there alone" {
    mkdir -p "target$PWD/keys"
    cp keys/medium.gpg "target$PWD/keys/"
    run -0 --separate-stderr tool "$take" "$BATS_FILE_TMPDIR/rotates"
    [[ $output == 'next ABCDEF0123456789ABCDEF0123456789ABCDEF01' ]]
    cmp "$BATS_FILE_TMPDIR/next.gpg" "target$PWD/keys/medium.gpg"
    cmp "$BATS_FILE_TMPDIR/ours.gpg" "target$PWD/keys/previous.gpg"
    cmp "$BATS_FILE_TMPDIR/ours.gpg" keys/medium.gpg
    # The machine that runs does not know it yet; so the update can be made again.
    run -0 --separate-stderr tool "$take" "$BATS_FILE_TMPDIR/rotates"
    cmp "$BATS_FILE_TMPDIR/ours.gpg" "target$PWD/keys/previous.gpg"
    run -1 --separate-stderr check "$BATS_FILE_TMPDIR/after"
    # In the updated one it is the other way round.
    cp "target$PWD"/keys/* keys/
    run -0 --separate-stderr check "$BATS_FILE_TMPDIR/after"
    run -1 --separate-stderr check "$BATS_FILE_TMPDIR/delta"
    [[ $stderr == *'which this machine trusted before, and not any more'* ]]
    # A medium that brings none changes nothing.
    run -0 --separate-stderr tool "$take" "$BATS_FILE_TMPDIR/after"
    [[ $output == 'next ' ]]
    cmp "$BATS_FILE_TMPDIR/next.gpg" keys/medium.gpg
}

@test "a next key that the present one has not signed is not taken" {
    cp -r "$BATS_FILE_TMPDIR/rotates" medium
    sign other medium/kldload/next-key.gpg medium/kldload/next-key.gpg.asc
    seal medium ours
    run -1 --separate-stderr tool "$take" "$PWD/medium"
    [[ $stderr == *'is signed by the key'* ]]
    cmp "$BATS_FILE_TMPDIR/ours.gpg" keys/medium.gpg
    [[ ! -e target$PWD/keys && ! -e run/update-source ]]
    rm medium/kldload/next-key.gpg.asc
    seal medium ours
    run -1 --separate-stderr tool "$take" "$PWD/medium"
    [[ $stderr == *'the next key on the medium is not signed'* ]]
}

@test "what a tool left open that was killed is let go of by the next one" {
    tool 'update_source_open "$1"; kill -KILL $$' "$BATS_FILE_TMPDIR/delta" || true # it kills itself
    [[ -d run/update-source/medium/kldload ]]
    run -0 check "$BATS_FILE_TMPDIR/delta"
    nothing_stays
    run -0 tool 'update_source_close; update_source_close'
}
