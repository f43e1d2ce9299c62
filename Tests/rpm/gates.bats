#!/usr/bin/env bats
# The gates' scripts for RPM packages against made mirrors, each broken in one way. dnf, rpm, createrepo_c and modinfo are the
# real ones. Needs root, as rpm does to install.
# shellcheck disable=SC2154 # bats sets output and status

load ../lib/keys

setup_file() {
    bats_require_minimum_version 1.5.0
    load made-packages
    export GNUPGHOME=$BATS_FILE_TMPDIR/gnupg
    local name
    for name in ours other; do
        make_key "$GNUPGHOME" "$name@example.org" rsa2048
        gpg --batch --quiet --armor --export "$name@example.org" > "$BATS_FILE_TMPDIR/$name.asc"
    done
    make_repositories
    closure basic bash coreutils systemd glibc-langpack-en
    closure booting bash coreutils systemd glibc-langpack-en kernel-5.14.0-570.el9 kmod-zfs zfs
    closure compiling bash coreutils systemd glibc-langpack-en kernel-5.14.0-570.el9 --repofrompath "dkms,file://$made/site/zfs/epel/9/x86_64" \
        zfs zfs-dkms kernel-devel-5.14.0-570.el9
}

setup() { load made-packages && prepare; }

refused() { # refused WORDS
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$1"* ]]
    [ ! -e "$out/verdict" ]
}

# --- signatures and headers -----------------------------------------------------------------------------------------------

packages() { # packages GROUP FILE…: fetched packages of a group
    local group=$1 file
    mkdir -p "$in/packages" "$in/keys/base" "$in/keys/more"
    cp "$made/KEY" "$in/keys/base/"
    cp "$made/KEY-2" "$in/keys/more/"
    shift
    for file; do
        cp "$file" "$in/packages/"
        printf '%s %s %s\n' "${file##*/}" "$(names "$file")" "$group" >> "$in/list"
    done
}
check() { GATE_IN=$in GATE_OUT=$out run bash "$scripts/check-rpms.sh"; }
good() { packages base "$site"/9-stream/BaseOS/x86_64/os/Packages/{b/bash,o/openssl}-*.x86_64.rpm && packages more "$site"/epel/9/Everything/x86_64/Packages/h/*.rpm; }

@test "packages that the declared keys signed are taken, each group by its own" {
    good
    check
    [ "$status" -eq 0 ]
    [[ "$output" == 'summary: '*' packages signed by the declared keys' ]]
    grep -qx 'group more 1' "$out/verdict"
    grep -qE '^rpm 4\.' "$out/verdict"
}

@test "a package without a signature is found" {
    good
    packages base "$broken"/u/unsigned-*.rpm
    check
    refused "a package of base is not signed by its keys, or is damaged: "
    [[ "$output" == *unsigned-1.0-1.el9.noarch.rpm* && "$output" != *bash* ]]
}

@test "a package that somebody else signed is found" {
    good
    packages base "$broken"/r/rogue-*.rpm
    check
    refused rogue-1.0-1.el9.noarch.rpm
}

@test "the key of another repository does not count" {
    good
    sed -i 's/ more$/ base/' "$in/list"
    check
    refused htop-1.0-1.el9.x86_64.rpm
}

@test "a package that was changed after it was signed is found, also where nothing needs to be signed" {
    good
    packages base "$broken"/d/damaged-*.rpm
    check
    refused damaged-1.0-1.el9.noarch.rpm
    sed -i 's/ base$/ -/' "$in/list"
    check
    refused damaged-1.0-1.el9.noarch.rpm
}

@test "what is declared to be unsigned is checked by digest alone" {
    packages - "$broken"/u/unsigned-*.rpm
    check
    [ "$status" -eq 0 ]
    [ "$output" = 'summary: 0 packages signed by the declared keys' ]
}

@test "a header that contradicts the index is found" {
    good
    sed -i 's/ 0:5\.1\.8-9\.el9 / 0:5.1.8-10.el9 /' "$in/list"
    check
    refused "a header (>) contradicts the index (<): "
}

@test "a file that nobody listed, a listed file that is not there, and a group without keys are found" {
    good
    cp "$broken"/n/needy-*.rpm "$in/packages/"
    check
    refused "the packages (>) are not those of the list (<): "
    rm "$in/packages"/{needy,bash}-*
    check
    refused "< bash-"
    rm -r "$in"/{packages,list,keys}
    good
    rm "$in/keys/more/KEY-2"
    check
    refused "there is no key for the packages of more"
}

# --- the whole mirror ---------------------------------------------------------------------------------------------------------

mirror() { # mirror CLOSURE [FILE…]: a mirror of these, and a profile `core` that installs them all
    local folder=$in/mirror/Packages
    mkdir -p "$folder" "$in"/{profiles,rules}
    cp "$BATS_FILE_TMPDIR/closures/$1"/*.rpm "${@:2}" "$folder/"
    names "$folder"/*.rpm | sort > "$in/profiles/core"
    printf 'zfs any\nforbid exim\n' > "$in/rules/core"
    cp "$BATS_FILE_TMPDIR/ours.asc" "$in/key.asc"
    createrepo_c --quiet --no-database "$in/mirror"
    remove other
    publish
}
remove() { modifyrepo_c --remove "$1" "$in/mirror/repodata" > /dev/null && rm -f "$in/mirror/repodata"/*-"$1".xml*; }
publish() { # publish [SIGNER]
    rm -f "$in/mirror/repodata/repomd.xml.asc"
    gpg --batch --quiet --local-user "${1:-ours}@example.org" --armor --detach-sign "$in/mirror/repodata/repomd.xml"
}
# primary COMMAND: changes the index of packages, and lists and signs what comes of it.
primary() {
    local folder=$in/mirror/repodata
    zcat "$folder"/*-primary.xml.gz | eval "$1" > "$BATS_TEST_TMPDIR/primary.xml"
    remove primary
    modifyrepo_c --mdtype=primary --compress-type=gz "$BATS_TEST_TMPDIR/primary.xml" "$folder" > /dev/null
    publish
}
judge() { GATE_IN=$in GATE_OUT=$out run bash <(cat "$scripts/dnf-main.sh" "$scripts/judge-dnf.sh") el9 x86_64 9; }

@test "a good mirror is taken, and the verdict says what was proven and by what" {
    mirror booting
    printf 'zfs kmod\nforbid exim\nforbid postfix\n' > "$in/rules/core"
    judge
    echo "$output"
    [ "$status" -eq 0 ]
    local count
    count=$(wc -l < "$in/profiles/core")
    [ "$output" = "summary: dnf installs core ($count packages) from the mirror alone" ]
    grep -qx "files $count" "$out/verdict"
    grep -qx "profile core $count 5.14.0-570.el9 2.2.7-1.el9" "$out/verdict"
    grep -qE '^dnf 4\.' "$out/verdict"
    grep -qE '^createrepo_c [0-9.]+$' "$out/verdict"
}

@test "metadata that are not signed, or by somebody else, or were changed since, are refused" {
    mirror basic
    rm "$in/mirror/repodata/repomd.xml.asc"
    judge
    refused "dnf does not take it"
    publish other
    judge
    refused "dnf does not take it"
    publish
    echo '<!-- -->' >> "$in/mirror/repodata/repomd.xml"
    judge
    refused "dnf does not take it"
}

@test "a file that is missing, one that was changed and one that is not listed are found" {
    mirror basic
    mv "$in/mirror/Packages"/basesystem-*.rpm "$BATS_TEST_TMPDIR/"
    judge
    refused "listed, and not there: Packages/basesystem-"
    cp "$BATS_TEST_TMPDIR"/basesystem-*.rpm "$in/mirror/Packages/"
    printf X >> "$in/mirror/Packages"/basesystem-*.rpm
    judge
    refused "a file is not what the index says: Packages/basesystem-"
    cp "$BATS_TEST_TMPDIR"/basesystem-*.rpm "$in/mirror/Packages/"
    : > "$in/mirror/Packages/left-over.rpm"
    judge
    refused "there, and not listed: Packages/left-over.rpm"
    rm "$in/mirror/Packages/left-over.rpm"
    ln -s bash "$in/mirror/Packages/link"
    judge
    refused "there, and neither a file nor a folder: ./Packages/link"
    rm "$in/mirror/Packages/link"
    printf X >> "$in/mirror/repodata"/*-filelists.xml.gz
    judge
    refused "a file is not what repomd.xml says"
}

@test "a package that is not in the mirror, and that another one needs, is found" {
    mirror basic "$broken"/n/needy-*.rpm
    judge
    refused "dnf can't install profile core: "
    [[ "$output" == *"nothing provides nothing-has-this needed by needy"* ]]
}

@test "packages that conflict, and packages with one file, are found" {
    mirror basic "$broken"/e/enemy-*.rpm
    judge
    refused "dnf can't install profile core: "
    rm -r "$in"
    mkdir "$in"
    mirror basic "$broken"/o/overlapping-*.rpm
    judge
    refused "Transaction test error:"
    [[ "$output" == *"file /usr/share/overlap conflicts between attempted installs of overlapping-one"* ]]
}

@test "a profile that is not all that dnf installs is found" {
    mirror basic
    sed -i '/^setup /d' "$in/profiles/core"
    judge
    refused "for profile core dnf installs other packages (>) than were resolved (<): "
    [[ "$output" == *'> setup 0:2.13.7-10.el9 noarch'* ]]
}

@test "a package that no profile installs is found" {
    mirror basic "$broken"/o/overlapping-one-*.rpm
    sed -i '/^overlapping-one /d' "$in/profiles/core"
    judge
    refused "there are packages (>) that no profile installs: "
}

@test "an index that says less than the packages is found" {
    mirror basic
    primary "grep -v 'bundled(gnulib)'"
    judge
    refused "what a package says of itself (>) is not what the index says (<): "
    [[ "$output" == *'> coreutils 0:8.32-39.el9 x86_64 provides bundled(gnulib)'* ]]
    rm -r "$in"
    mkdir "$in"
    mirror basic "$broken"/l/liar-*.rpm
    primary "grep -v nothing-has-this"
    judge
    refused "nothing-has-this is needed by liar-1.0-1.el9.noarch"
}

@test "two kernels, no kernel, no module and no headers are found" {
    mirror booting "$broken"/k/kernel-other-core-*.rpm "$site"/9-stream/BaseOS/x86_64/os/Packages/k/kernel-{,core-,modules-,modules-core-}5.14.0-580*.rpm
    judge
    refused "profile core has 2 kernels: 5.14.0-570.el9 5.14.0-580.el9"
    rm -r "$in"
    mkdir "$in"
    mirror basic
    echo 'zfs kmod' > "$in/rules/core"
    judge
    refused "profile core has no kernel"
    rm -r "$in"
    mkdir "$in"
    mirror booting
    echo 'zfs dkms' > "$in/rules/core"
    judge
    refused "profile core has no ZFS module to compile for its kernel"
    rm -r "$in"
    mkdir "$in"
    mirror compiling
    echo 'zfs dkms' > "$in/rules/core"
    judge
    [ "$status" -eq 0 ]
    rm "$out/verdict"
    echo 'zfs kmod' > "$in/rules/core"
    judge
    refused "profile core has no ZFS module for its kernel"
    : > "$in/rules/core"
    judge
    refused "there is no rule for ZFS"
}

@test "a forbidden name is found" {
    mirror basic
    printf 'zfs any\nforbid setup\n' > "$in/rules/core"
    judge
    refused "profile core forbids setup"
}

# --- one profile, installed ---------------------------------------------------------------------------------------------------

@test "a good profile installs, scriptlets and all" {
    slice booting
    echo 'zfs kmod' > "$in/rules"
    install
    echo "$output"
    [ "$status" -eq 0 ]
    grep -qx 'kernel 5.14.0-570.el9.x86_64' "$out/verdict"
    grep -qx 'zfs 2.2.7-1' "$out/verdict"
    grep -qx "packages $(wc -l < "$in/profile")" "$out/verdict"
}

@test "a profile whose module is compiled needs sources and headers" {
    slice compiling
    echo 'zfs dkms' > "$in/rules"
    install
    [ "$status" -eq 0 ]
    rm -r "$in" "$out/verdict"
    mkdir "$in"
    slice booting
    echo 'zfs dkms' > "$in/rules"
    install
    refused "there are 0 sources of ZFS"
}

@test "a scriptlet that fails is found, though rpm goes on" {
    slice basic "$broken"/f/failing-*.rpm
    install
    refused "failing"
}

@test "what is installed must be the profile's list, no more, and nothing forbidden" {
    slice basic
    sed -i '/^setup /d' "$in/profile"
    install
    refused "what is installed (>) is not what was resolved (<): "
    rm -r "$in"
    mkdir "$in"
    slice basic
    echo 'forbid setup' >> "$in/rules"
    install
    refused "the profile forbids setup"
}

@test "packages with one file, a missing dependency and a second kernel are found by the installation" {
    slice basic "$broken"/o/overlapping-*.rpm
    install
    refused "dnf ended with 1"
    rm -r "$in"
    mkdir "$in"
    slice basic "$broken"/n/needy-*.rpm
    install
    refused "dnf ended with 1"
    rm -r "$in"
    mkdir "$in"
    slice booting "$broken"/k/kernel-other-core-*.rpm
    install
    refused "there are 2 kernels: "
}

@test "a module for another kernel is found" {
    slice booting
    echo 'zfs kmod' > "$in/rules"
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\necho "6.0.0 SMP"\n' > "$BATS_TEST_TMPDIR/bin/modinfo"
    chmod 755 "$BATS_TEST_TMPDIR/bin/modinfo"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH install
    refused "is for another kernel: 6.0.0 SMP"
}
