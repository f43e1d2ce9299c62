#!/usr/bin/env bats
# The gates' scripts against small made mirrors, each broken in one way. apt, dpkg, gpgv and modinfo are the real ones; what
# stands for a container is this machine's own root below an overlay, with an empty package database. Needs root for that.
# shellcheck disable=SC2154 # bats sets output and status

load lib/keys

setup_file() {
    bats_require_minimum_version 1.5.0
    export LC_ALL=C.UTF-8 TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
    export made=$BATS_FILE_TMPDIR/debs kernel=6.1-amd64 GNUPGHOME=$BATS_FILE_TMPDIR/gnupg
    mkdir -p "$made"
    local name
    for name in ours other; do
        make_key "$GNUPGHOME" "$name@example.org"
        gpg --batch --quiet --export "$name@example.org" > "$BATS_FILE_TMPDIR/$name.gpg"
    done
    deb base 'Essential: yes'
    deb apt
    deb dpkg
    deb tool 'Depends: library'
    deb library
    deb rival 'Conflicts: tool'
    deb fails
    postinst fails 'exit 3'
    file overlaps usr/share/gates/tool overlapping
    deb overlaps
    file "linux-image-$kernel" "boot/vmlinuz-$kernel" kernel
    deb "linux-image-$kernel"
    file linux-image-6.2-amd64 boot/vmlinuz-6.2-amd64 kernel
    deb linux-image-6.2-amd64
    modules "zfs-modules-$kernel" "$kernel" "$kernel"
    postinst "zfs-modules-$kernel" "depmod $kernel"
    modules zfs-modules-6.2-amd64 6.2-amd64 6.2-amd64
    # Two that only their bytes tell from the good one: compiled for another kernel, and not made known to depmod.
    mkdir "$made/foreign" "$made/unknown"
    modules foreign "$kernel" 6.0-amd64 "zfs-modules-$kernel"
    postinst foreign "depmod $kernel" "zfs-modules-$kernel"
    modules unknown "$kernel" "$kernel" "zfs-modules-$kernel"
    postinst unknown true "zfs-modules-$kernel"
}

tree() { printf '%s/tree-%s\n' "$BATS_FILE_TMPDIR" "$1"; }

file() { # file PACKAGE PATH TEXT: what the package holds
    mkdir -p "$(tree "$1")/$(dirname "$2")" && echo "$3" > "$(tree "$1")/$2"
}

deb() { # deb TREE FIELD…: makes TREE into a package; its name is that of the tree, unless NAMED says otherwise
    local tree name=${NAMED:-$1} folder=$made
    tree=$(tree "$1")
    [ -z "${NAMED-}" ] || folder=$made/$1
    file "$1" "usr/share/gates/$name" "$name"
    mkdir -p "$tree/DEBIAN"
    {
        printf 'Package: %s\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\n' "$name"
        shift
        for field; do printf '%s\n' "$field"; done
        printf 'Description: made for a test\n'
    } > "$tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$tree" "$folder/${name}_1.0_amd64.deb" > /dev/null
}

postinst() { # postinst TREE COMMANDS [NAME]
    printf '#!/bin/sh\nset -e\n%s\n' "$2" > "$(tree "$1")/DEBIAN/postinst"
    chmod 755 "$(tree "$1")/DEBIAN/postinst"
    NAMED=${3-} deb "$1"
}

modules() { # modules TREE FOLDER VERMAGIC [NAME]: the modules of kernel VERMAGIC in the folder of another one
    local module folder
    folder=$(tree "$1")/usr/lib/modules/$2/updates/zfs
    mkdir -p "$folder"
    for module in spl zfs; do
        printf 'version=2.3\0vermagic=%s SMP\0name=%s\0license=CDDL\0depends=\0' "$3" "$module" > "$BATS_FILE_TMPDIR/info"
        as -o "$BATS_FILE_TMPDIR/empty.o" /dev/null
        objcopy --add-section ".modinfo=$BATS_FILE_TMPDIR/info" "$BATS_FILE_TMPDIR/empty.o" "$folder/$module.ko"
    done
    NAMED=${4-} deb "$1"
}

setup() {
    scripts=$BATS_TEST_DIRNAME/../Sources/Darksites/Scripts
    in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
    mkdir -p "$in" "$out"
}

# --- the gate on the whole mirror -------------------------------------------------------------------------------------

mirror() { # mirror PACKAGE…: a mirror of them, and a profile `core` that installs them all
    local package folder
    for package; do
        folder=$in/mirror/pool/main/${package:0:1}/$package
        mkdir -p "$folder" "$in"/{profiles,rules}
        cp "$made/${package}_1.0_amd64.deb" "$folder/"
        echo "$package 1.0 amd64"
    done | cat > "$BATS_TEST_TMPDIR/list"
    mkdir -p "$in"/{profiles,rules}
    sort "$BATS_TEST_TMPDIR/list" > "$in/profiles/core"
    printf 'zfs any\nforbid exim4\n' > "$in/rules/core"
    cp "$BATS_FILE_TMPDIR/ours.gpg" "$in/key.gpg"
    index
    publish
}

index() {
    binary=$in/mirror/dists/trixie/main/binary-amd64
    mkdir -p "$binary"
    (cd "$in/mirror" && apt-ftparchive packages pool) > "$binary/Packages"
}

publish() { # publish [SIGNER]
    local folder=$in/mirror/dists/trixie digest
    rm -rf "$folder"/{Release,Release.gpg,main/binary-amd64/by-hash}
    apt-ftparchive -o APT::FTPArchive::Release::Suite=trixie -o APT::FTPArchive::Release::Codename=trixie \
        -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 \
        release "$folder" > "$BATS_TEST_TMPDIR/Release"
    mv "$BATS_TEST_TMPDIR/Release" "$folder/Release"
    # With a second name, as the real mirrors have it.
    digest=$(sha256sum "$folder/main/binary-amd64/Packages" | cut -d' ' -f1)
    mkdir -p "$folder/main/binary-amd64/by-hash/SHA256"
    cp "$folder/main/binary-amd64/Packages" "$folder/main/binary-amd64/by-hash/SHA256/$digest"
    gpg --batch --quiet --local-user "${1:-ours}@example.org" --armor --detach-sign --output "$folder/Release.gpg" "$folder/Release"
}

judge() { GATE_IN=$in GATE_OUT=$out run bash <(cat "$scripts/apt-main.sh" "$scripts/judge-apt.sh") trixie main amd64; }

refused() { # refused WORDS
    [ "$status" -eq 1 ]
    [[ "$output" == *"$1"* ]]
    [ ! -e "$out/verdict" ]
}

booting=(base apt dpkg tool library "linux-image-6.1-amd64" "zfs-modules-6.1-amd64")

@test "a good mirror is taken, and the verdict says what was proven and by what" {
    mirror "${booting[@]}"
    printf 'zfs prebuilt\nforbid exim4\nforbid postfix\n' > "$in/rules/core"
    judge
    [ "$status" -eq 0 ]
    [ "$(grep '^files' "$out/verdict")" = "files 7" ]
    [ "$(grep '^profile' "$out/verdict")" = "profile core 7 6.1-amd64 1.0" ]
    grep -qE '^apt [0-9]+\.[0-9]' "$out/verdict"
    grep -qE '^dpkg [0-9]+\.[0-9]' "$out/verdict"
    [ "${lines[-1]}" = "summary: apt installs core (7 packages) from the mirror alone" ]
}

@test "a file that is missing is found" {
    mirror base tool library
    rm "$in/mirror/pool/main/t/tool/tool_1.0_amd64.deb"
    judge
    refused "listed, and not there: pool/main/t/tool/tool_1.0_amd64.deb"
}

@test "a changed byte in a package is found" {
    mirror base tool library
    printf 'x' | dd of="$in/mirror/pool/main/t/tool/tool_1.0_amd64.deb" bs=1 seek=200 conv=notrunc status=none
    judge
    refused "tool_1.0_amd64.deb: FAILED"
}

@test "an index that is not the one that Release lists is found" {
    mirror base tool library
    sed -i 's/^Description: .*/Description: another/' "$in/mirror/dists/trixie/main/binary-amd64/Packages"
    judge
    refused "dists/trixie/main/binary-amd64/Packages: FAILED"
}

@test "a line of the index without a file is found" {
    mirror base tool library
    printf '\nPackage: ghost\nVersion: 1\nArchitecture: amd64\nFilename: pool/main/g/ghost_1_amd64.deb\nSize: 1\nSHA256: %064d\n' 0 \
        >> "$in/mirror/dists/trixie/main/binary-amd64/Packages"
    publish
    judge
    refused "listed, and not there: pool/main/g/ghost_1_amd64.deb"
}

@test "a file that no index lists is found, wherever it lies" {
    mirror base tool library
    for path in pool/main/t/tool/old_0.9_amd64.deb notes.txt dists/trixie/main/binary-amd64/Packages.old \
        dists/trixie/main/binary-amd64/by-hash/SHA256/0000; do
        echo x > "$in/mirror/$path"
        judge
        refused "there, and not listed: $path"
        rm "$in/mirror/$path"
    done
    ln -s /etc "$in/mirror/pool/link"
    judge
    refused "neither a file nor a folder: ./pool/link"
}

@test "a second name of an index with other bytes is found" {
    mirror base tool library
    echo x >> "$in"/mirror/dists/trixie/main/binary-amd64/by-hash/SHA256/*
    judge
    refused "a file is not what the index says: dists/trixie/main/binary-amd64/by-hash/SHA256/"
}

@test "a mirror that somebody else signed is not taken" {
    mirror base tool library
    publish other
    judge
    refused "apt does not take it"
}

@test "packages that conflict are found" {
    mirror base tool library rival
    judge
    refused "apt can't install profile core"
}

@test "a resolved set that apt would not choose is found, too small or too large" {
    mirror base tool library
    sed -i '/^library/d' "$in/profiles/core"
    judge
    refused "apt installs other packages (>) than were resolved (<)"
    [[ "$output" == *"> library 1.0 amd64"* ]]
    printf 'base 1.0 amd64\nlibrary 1.0 amd64\ntool 1.1 amd64\n' > "$in/profiles/core"
    judge
    refused "apt can't install profile core"
}

@test "two kernels in a profile are found" {
    mirror base "linux-image-6.1-amd64" linux-image-6.2-amd64
    judge
    refused "profile core has 2 kernels: 6.1-amd64 6.2-amd64"
}

@test "a ZFS module of another kernel, a second one, and none are found" {
    mirror base "linux-image-6.1-amd64" zfs-modules-6.2-amd64
    judge
    refused "profile core has the kernel 6.1-amd64, and a ZFS module for 6.2-amd64"
    rm -r "$in"
    mirror base "linux-image-6.1-amd64" zfs-modules-6.1-amd64 zfs-modules-6.2-amd64
    judge
    refused "profile core has 2 ZFS modules"
    rm -r "$in"
    mirror base "linux-image-6.1-amd64"
    echo 'zfs prebuilt' > "$in/rules/core"
    judge
    refused "profile core has no ZFS module for its kernel 6.1-amd64"
}

@test "a forbidden name in a profile is found" {
    mirror base tool library
    printf 'zfs any\nforbid librar\nforbid library\n' > "$in/rules/core"
    judge
    refused "profile core forbids library"
}

# --- the real installation of one profile -----------------------------------------------------------------------------

slice() { # slice PACKAGE…: what a profile installs. A package of another folder than the common one is FOLDER/NAME.
    local package
    rm -rf "$in"
    mkdir -p "$in/packages"
    for package; do
        cp "$made/${package}_1.0_amd64.deb" "$in/packages/"
        echo "${package##*/} 1.0 amd64" >> "$in/profile"
    done
    (cd "$in/packages" && apt-ftparchive packages .) > "$in/Packages"
    mv "$in/Packages" "$in/packages/"
    printf '%s_1.0_amd64.deb\n' base apt dpkg > "$in/first"
    printf 'zfs any\nforbid exim4\n' > "$in/rules"
}

install() { # in a root that is this machine's, with nothing installed and without network
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    # shellcheck disable=SC2016 # the inner shell's variables
    run unshare --mount --net --propagation private bash -euc '
        root=$1/root script=$2
        mkdir -p "$1/over" "$root"
        mount -t tmpfs none "$1/over"
        mkdir "$1"/over/{upper,work}
        mount -t overlay none -o "lowerdir=/,upperdir=$1/over/upper,workdir=$1/over/work" "$root"
        mkdir -p "$root"/{in,out,boot,var/lib/dpkg,usr/lib/modules,usr/share/gates}
        for folder in boot var/lib usr/lib/modules tmp run; do mount -t tmpfs none "$root/$folder"; done
        for folder in proc dev; do mount --rbind "/$folder" "$root/$folder"; done
        mount --bind "$1/in" "$root/in" && mount --bind "$1/out" "$root/out"
        cp "$script" "$root/tmp/script"
        chroot "$root" /bin/bash /tmp/script' - "$BATS_TEST_TMPDIR" "$scripts/install-profile.sh"
}

@test "a good profile is unpacked and configured, and the verdict says so" {
    slice "${booting[@]}"
    echo 'zfs prebuilt' > "$in/rules"
    install
    [ "$status" -eq 0 ]
    [ "$(cat "$out/verdict")" = $'apt 1.0\ndpkg 1.0\npackages 7\nkernel 6.1-amd64\nzfs 2.3' ]
    [ "${lines[-1]}" = "summary: 7 packages unpacked and configured" ]
}

@test "a package that can't be configured passes the simulation, and is found by the installation" {
    mirror base apt dpkg fails
    judge
    [ "$status" -eq 0 ]
    rm "$out/verdict"
    slice base apt dpkg fails
    install
    refused "apt-get ended with 100"
    [[ "$output" == *"installed fails package post-installation script subprocess returned error exit status 3"* ]]
}

@test "two packages with one file pass the simulation, and are found by the installation" {
    mirror base apt dpkg tool library overlaps
    judge
    [ "$status" -eq 0 ]
    rm "$out/verdict"
    slice base apt dpkg tool library overlaps
    install
    refused "apt-get ended with 100"
    [[ "$output" == *"trying to overwrite '/usr/share/gates/tool', which is also in package "* ]]
}

@test "packages that conflict are found by the installation too" {
    slice base apt dpkg tool library rival
    install
    refused "apt-get ended with 100"
}

@test "what is installed must be the profile's list, no more" {
    slice base apt dpkg tool library
    sed -i '/^library/d' "$in/profile"
    install
    refused "what is installed (>) is not what was resolved (<)"
    [[ "$output" == *"> library 1.0 amd64 install ok installed"* ]]
}

@test "two kernels in the root are found" {
    slice base apt dpkg "linux-image-6.1-amd64" linux-image-6.2-amd64
    install
    refused "there are 2 kernels: 6.1-amd64 6.2-amd64"
}

@test "a module that was compiled for another kernel is found, whatever its package is called" {
    slice base apt dpkg "linux-image-6.1-amd64" "foreign/zfs-modules-6.1-amd64"
    install
    refused "is for another kernel: 6.0-amd64 SMP"
}

@test "a module that depmod does not know is found" {
    slice base apt dpkg "linux-image-6.1-amd64" "unknown/zfs-modules-6.1-amd64"
    install
    refused "depmod knows no module spl for kernel 6.1-amd64"
}

@test "a root without the kernel or the module it should have is found" {
    slice base apt dpkg tool library
    echo 'zfs prebuilt' > "$in/rules"
    install
    refused "there is no kernel"
    slice base apt dpkg "linux-image-6.1-amd64"
    echo 'zfs prebuilt' > "$in/rules"
    install
    refused "there are 0 ZFS modules"
}

@test "a forbidden name that is installed is found" {
    slice base apt dpkg tool library
    printf 'zfs any\nforbid tool\n' > "$in/rules"
    install
    refused "the profile forbids tool"
}
