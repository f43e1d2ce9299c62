#!/usr/bin/env bats
# A distribution of RPM packages, from the declaration and the package sets of this repository: with the real podman, Debian's
# real archive for the image that judges, and in the place of CentOS Stream's repositories some that are laid out like them
# (Tests/rpm) and served on the loopback: one by a metalink whose first mirrors are out of order and out of date, one by a
# mirrorlist, the others by addresses. What the real ones would say is not tested by this.
#
# A store that the checkout has (live-build/cache, or DEPLOY_CACHE) is used by way of a copy; without one the image is made
# first. The test that makes an image for the medium needs a store that has the live system.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/rpm.bats
# bats file_tags=slow,podman,network
# shellcheck disable=SC2154 # bats sets output and stderr

load ../lib/store

setup_file() {
    bats_require_minimum_version 1.5.0
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    here=$BATS_TEST_DIRNAME
    root=$(realpath "$here/../..")
    type -P podman rpmbuild rpmsign createrepo_c >/dev/null || skip 'podman, rpm or createrepo_c is not installed'
    site=$BATS_FILE_TMPDIR/site
    checkout=$BATS_FILE_TMPDIR/checkout
    made=$BATS_FILE_TMPDIR/made
    mkdir -p "$site" "$checkout/live-build"
    "$here/../rpm/make-rpm-repositories" "$made"
    mv "$made/site" "$site/rpm"
    # It ends when this process does; bats waits for whoever holds its channel 3.
    tail --pid=$$ -f /dev/null 3>&- | python3 -I "$here/archive-server.py" "$site" >"$BATS_FILE_TMPDIR/port" 3>&- &
    until [[ -s $BATS_FILE_TMPDIR/port ]]; do sleep 0.05; done
    address=http://127.0.0.1:$(<"$BATS_FILE_TMPDIR/port")/rpm
    sed -i "s|@ADDRESS@|$address|" "$site"/rpm/{metalink,mirrorlist}/*

    cp -a "$root/package-sets" "$checkout/"
    cp -a "$root"/live-build/{config,postinstall} "$checkout/live-build/"
    declare_made_centos "$root/deploy.yaml" >"$checkout/deploy.yaml"

    copied_store "$root" "$checkout"
    export DEPLOY_BINARY DEPLOY_KEY=$BATS_FILE_TMPDIR/signing-key site checkout made address root
    unset PROFILE EDITION KLDLOAD_DISTRO KLDLOAD_CHECKOUT NO_COLOR CI
}

# declare_made_centos FILE: the declaration with the made repositories in the place of CentOS Stream's; all else as it stands.
declare_made_centos() {
    python3 -I - "$1" "$address" "$made" <<'PY'
import re, sys

text, address, made = open(sys.argv[1]).read(), sys.argv[2], sys.argv[3]
start = text.index("  centos:\n")
part = re.search(r"    repositories:\n.*?(?=    excludes:)", text[start:], re.DOTALL)
repositories = f"""    repositories:
      - name: centos-baseos
        metalink: {address}/metalink/baseos.xml
        keys: [{made}/KEY]
      - name: centos-appstream
        mirrorlist: {address}/mirrorlist/appstream
        keys: [{made}/KEY]
      - name: centos-crb
        baseurl: ["{address}/9-stream/CRB/$basearch/os/"]
        keys: [{made}/KEY]
      - name: centos-epel
        baseurl: ["{address}/epel/$releasever/Everything/$basearch/"]
        keys: [{made}/KEY-2]
        excludes: [curl]
      - name: centos-zfs
        baseurl: ["{address}/zfs/epel/9/$basearch/"]
        keys: [{made}/KEY-2]
"""
print(text[: start + part.start()] + repositories + text[start + part.end() :], end="")
PY
}

setup() { cd "$checkout" || return; }

teardown_file() { if [[ -d $BATS_FILE_TMPDIR/store ]]; then unlock_store; fi; }

deploy() { "$DEPLOY_BINARY" "$@"; }
requests() { cat "$site/rpm.requests" 2>/dev/null || :; }
misbehave() { echo "$1" >"$site/rpm.rules"; }
behave() { rm "$site/rpm.rules"; }
out_of_reach() {
    local name
    for name in BASEOS APPSTREAM CRB EPEL ZFS; do local -x "DEPLOY_MIRROR_CENTOS_$name=http://127.0.0.1:9/x"; done
    "$@"
}
# The lines of deploy.lock about CentOS.
locked() { awk '/^distribution /{ inside = $2 == "centos" } inside' deploy.lock; }
# Takes a step off the records, as if it had never run.
forget() { rm "$DEPLOY_CACHE/records/last/${1//\//-}" && grep -rlxZ "step $1" "$DEPLOY_CACHE/records/by-key" | xargs -0 rm; }
# Evaluates an expression of Python on the one JSON object in $output.
json() { python3 -c 'import json, sys; value = json.loads(sys.argv[1]); print(eval(sys.argv[2]))' "$output" "$1"; }

@test "a build that uses no RPM distribution asks its repositories for nothing, and the image that judges is not made" {
    run -0 --separate-stderr deploy build debian/indexes
    run -0 --separate-stderr out_of_reach deploy status
    [[ $output == *'4 rpm darksites (rpm): not in use; '* ]]
    [[ $output != *builder/rpm-image* && -z $(requests) ]]
    run ! grep -qE '^distribution centos|^profile rpm-builder' deploy.lock
    # Asked for, it is: a key that is missing is named.
    sed "s|$made/KEY-2|/nowhere/KEY|" deploy.yaml >missing.yaml
    run -2 --separate-stderr deploy build --file missing.yaml --dry-run centos
    [[ $stderr == *'/nowhere/KEY'* && -z $(requests) ]]
}

@test "deploy build centos makes and proves stage 4, and nothing of the image" {
    run -0 --separate-stderr deploy build centos
    echo "$stderr"
    [[ $stderr == *'✓ 1 builder/rpm-image'* ]]
    [[ $stderr == *'✓ 4 centos/signatures '*' packages signed by the declared keys'* ]]
    [[ $stderr == *'✓ 4 centos/mirror '*' packages, '* ]]
    [[ $stderr == *'✓ 4 centos/gate '*'dnf installs server ('*' packages) from the mirror alone'* ]]
    [[ $stderr == *'✓ 4 centos/install-server '*' packages installed by dnf'* ]]
    # What it came to is handed on, completed by running in it: the module compiled, the initramfs made.
    [[ $stderr == *'✓ 4 centos/initramfs-server '*' for kernel 5.14.0-580.el9.x86_64'* ]]
    [[ $stderr == *'✓ 4 centos/system-server '* ]]
    [[ $stderr != *' live/'* && $stderr != *' iso/'* && $stderr != *' debian/mirror'* ]]
    locked >centos.lock
    # One kernel, the newest, with its headers; what rpm calls newer; the file that only filelists have; the group; no i686
    # twin, no package that excludes hide.
    [[ $(grep -c '^package kernel-core \|^kernel-core ' centos.lock) == 1 ]]
    grep -q 'kernel-core 5\.14\.0-580\.el9 ' centos.lock
    grep -q 'kernel-devel 5\.14\.0-580\.el9 ' centos.lock
    grep -q 'zstd 1\.5\.5-1\.el9 ' centos.lock
    grep -q 'tzdata 2024b^20241201git1-2\.el9 ' centos.lock
    grep -q 'file-libs 5\.39-16\.el9 ' centos.lock
    grep -q 'firewalld 9[89]-1\.el9 ' centos.lock
    grep -q 'NetworkManager-config-server 1:1\.51\.5-1\.el9 ' centos.lock
    grep -q 'glibc-langpack-en 2\.34-168\.el9 ' centos.lock
    run ! grep -qE ' i686 |glibc-langpack-de|curl 99-1\.el9 .*epel|kernel-core 5\.14\.0-570|dosfstools-legacy' centos.lock
    # The mirror that is out of date was asked, and not believed.
    grep -q '^stale/BaseOS/x86_64/os/repodata/repomd.xml$' <(requests)
    grep -q '^9-stream/BaseOS/x86_64/os/repodata/repomd.xml.asc$' <(requests)
    grep -q '^9-stream/BaseOS/x86_64/os/repodata/.*-filelists\.xml' <(requests)
    run ! grep -qE 'repodata/.*-other\.xml|updateinfo' <(requests)
}

@test "a second run has nothing to do, without the repositories too, and the same lock gives the same mirror" {
    run -0 --separate-stderr out_of_reach deploy build centos
    [[ $output == '0 steps run, '* ]]
    run -0 --separate-stderr out_of_reach deploy build --locked centos
    # The same bytes: what follows the mirror need not run again, or what follows an installation, or an initramfs.
    local step
    for step in mirror install-server initramfs-server; do
        forget "centos/$step"
        run -0 --separate-stderr out_of_reach deploy build centos
        echo "$stderr"
        [[ $output == '1 step'*' run, '* && $stderr == *"✓ 4 centos/$step"* ]]
    done
}

@test "dnf reads the mirror as it will lie on the medium, and finds nothing unsatisfied in it" {
    # In the container of the gate: without network, and with Debian's dnf.
    run -0 --separate-stderr deploy shell centos/gate <<'SHELL'
set -e
export HOME=/tmp
options="--setopt=reposdir=/nonexistent --setopt=cachedir=/tmp/dnf --setopt=module_platform_id=platform:el9 --repofrompath=made,file:///in/mirror --repo=made --releasever=9 --forcearch=x86_64 --installroot=/tmp/none --quiet --noplugins"
dnf $options repoquery --queryformat '%{name}-%{evr}.%{arch}\n' kernel-core zstd openssl-libs 2>/tmp/log || { cat /tmp/log; exit 1; }
dnf $options --setopt=optional_metadata_types=filelists repoquery --unsatisfied 2>/tmp/log | sed 's/^/unsatisfied: /'
grep -o 'type="[a-z]*"' /in/mirror/repodata/repomd.xml | sort | tr '\n' ' '
SHELL
    echo "$output" "$stderr"
    [[ $output == *'kernel-core-5.14.0-580.el9.x86_64'*'openssl-libs-1:3.2.2-6.el9.x86_64'*'zstd-1.5.5-1.el9.x86_64'* ]]
    [[ $output == *'type="filelists" type="group"'*'type="primary"'* && $output != *unsatisfied:* ]]
}

@test "questions have answers, and change nothing" {
    cp deploy.lock before
    run -0 --separate-stderr deploy resolve centos nodejs --empty
    echo "$output"
    [[ $output == *'nodejs-libs '*'1:18.20.4-1.module_el9+1 '* && $output != *'1:99.0.0'* && $output != *'1:20.16.0'* ]]
    run -1 --separate-stderr deploy resolve centos coreutils coreutils-single
    echo "$stderr"
    [[ $stderr == *"coreutils and coreutils-single can't be installed together"* ]]
    run -2 --separate-stderr deploy resolve centos opnessh-server
    [[ $stderr == *'did you mean openssh-server?'* ]]
    run -0 --separate-stderr deploy check centos
    echo "$output"
    [[ $output == 'centos: '*" packages can't be installed"* || $output == 'centos: all '* ]]
    run -0 --separate-stderr deploy why centos audit-libs
    echo "$output"
    [[ $output == *'package-sets/centos/'*'openssh '*'requires audit-libs >= 1.0.8'* ]]
    run -0 --separate-stderr deploy search centos zstd
    [[ ${lines[0]} == 'zstd 1.5.5-1.el9 x86_64'* ]]
    run -0 --separate-stderr deploy sets centos
    echo "$output"
    [[ $output == *core*server*desktop*kvm* ]]
    cmp before deploy.lock
}

@test "a changed set is refused by --locked, makes what it must, and reads as a difference" {
    cp deploy.lock before
    echo nodejs >>package-sets/centos/server.txt
    run -1 --separate-stderr deploy build --locked centos
    [[ $stderr == *nodejs* ]]
    cmp before deploy.lock
    # Another image than ours on the way: a package that is not what the index says is refused, and named.
    misbehave 'wrong *nodejs-libs-*18*'
    run -1 --separate-stderr deploy build centos
    echo "$stderr"
    [[ $stderr == *nodejs-libs* ]]
    behave
    run -0 --separate-stderr deploy build centos
    echo "$stderr"
    [[ $stderr == *'✓ 4 centos/mirror'* && $stderr == *'✓ 4 centos/install-server'* ]]
    [[ $stderr != *builder/rpm-image* && $stderr != *builder/bootstrap* ]]
    run -0 --separate-stderr deploy diff before deploy.lock
    echo "$output"
    [[ $output == *nodejs* && $output == *nodejs-libs* && $output != *bash* ]]
    # Taken back, all is as it was, and nothing need run.
    sed -i '$d' package-sets/centos/server.txt
    run -0 --separate-stderr out_of_reach deploy build centos
    [[ $output == '0 steps run, '* ]]
    cmp before deploy.lock
}

@test "a repository that somebody else signed is refused, and so is a package" {
    cp deploy.lock before
    sed "/centos-crb/,/keys:/s|$made/KEY\]|$made/KEY-ROGUE]|" deploy.yaml >wrong.yaml
    for command in build update; do
        run -1 --separate-stderr deploy "$command" --file wrong.yaml centos
        echo "$stderr"
        [[ $stderr == *'centos-crb is signed by '*", which is not in $made/KEY-ROGUE"* ]]
        cmp before deploy.lock
    done
    # Listed in signed metadata, and signed by somebody else.
    sed "s|^      - name: centos-crb|      - name: centos-broken\n        baseurl: [\"$address/broken/x86_64/\"]\n        keys: [$made/KEY]\n&|" deploy.yaml >rogue.yaml
    echo rogue >>package-sets/centos/server.txt
    run -1 --separate-stderr deploy build --file rogue.yaml centos
    echo "$stderr"
    [[ $stderr == *'a package of centos-broken is not signed by its keys'*rogue* ]]
    sed -i '$d' package-sets/centos/server.txt
    cp before deploy.lock
}

@test "one image carries Debian and CentOS, each at its place" {
    run -0 --separate-stderr deploy build --dry-run live/root live/squashfs
    [[ $output == *'nothing to do'* ]] || { echo 'the store has no live root: run ./deploy build first' && return 1; }
    sed -i 's/^    debian: \[core, server\].*/    debian: [core]\n    centos: [core]/; s/^  profile: server/  profile: core/' deploy.yaml
    run -0 --separate-stderr deploy build
    echo "$stderr"
    local iso=${lines[0]%% *}
    [[ -f $iso ]]
    [[ $output == *'proven: centos: core install from this image alone ('*'proven: debian: core install from this image alone ('* ]]
    mkdir -p medium
    xorriso -osirrox on -indev "$iso" -extract /kldload kldload -extract /darksite/rpm medium/rpm \
        -extract /darksite/centos medium/centos 2>/dev/null
    [[ -s medium/rpm/centos/repodata/repomd.xml.asc && -s medium/centos/profiles/core ]]
    printf '%s\n' FAMILY=rpm PROFILES=core RELEASE=9 CODENAME=el9 ARCHITECTURE=x86_64 PLATFORM=el9 | diff - medium/centos/distribution
    grep -q '^kernel-core 0:5\.14\.0-580\.el9 x86_64$' medium/centos/profiles/core
    grep -q '^of      centos 9 (el9), x86_64$' medium/rpm/centos/certificate.txt
    run ! grep -q 'NOT proven' medium/rpm/centos/certificate.txt
    grep -q ' darksite/rpm/centos/Packages/k/kernel-core-' kldload/sha256sums
    grep -q ' darksite/debian/apt/pool/' kldload/sha256sums
    python3 -c 'import json; print(json.load(open("kldload/sbom.spdx.json")))' >bill
    grep -q 'pkg:rpm/centos/kernel-core@5.14.0-580.el9' bill
    run ! grep -q 'pkg:deb/centos' bill
    # On another machine, by the image alone: every profile solved once more from its mirror, every package in the bills, with what it
    # says of itself.
    deploy key --export >key.asc
    run -0 --separate-stderr deploy verify "$iso" --key key.asc
    echo "$output"
    [[ $output == *'✓ mirrors      centos '*' packages, debian '*' packages'* ]]
    [[ $output == *'✓ closure      centos core, debian core install from it alone'* ]]
    [[ $output == *'✓ bills        SPDX and CycloneDX: '*' packages, each is there, and no other'* ]]
    [[ $output == *'✓ beside       of this image: checksum, SPDX, CycloneDX, provenance'* ]]
    python3 - "${iso%.iso}.spdx.json" <<'PY'
import json, sys
bill = json.load(open(sys.argv[1]))
names = {p["SPDXID"]: p["name"] for p in bill["packages"]}
needs = {(names[r["spdxElementId"]], names[r["relatedSpdxElement"]])
         for r in bill["relationships"] if r["relationshipType"] == "DEPENDS_ON"}
assert ("bash", "glibc") in needs and ("apt", "libapt-pkg7.0") in needs, sorted(needs)
packages = [p for p in bill["packages"] if "pkg:rpm/" in str(p.get("externalRefs"))]
assert len(packages) > 50, len(packages)
for package in packages:
    assert package["licenseDeclared"] == "MIT", package
    assert package["supplier"] != "NOASSERTION" and "built from source package" in package["sourceInfo"], package
    assert "package-sets/centos/" in package["comment"], package
PY
}

@test "the installer makes a system of it in a folder, in both ways the same: just what the profile says" {
    [[ -s medium/centos/profiles/core ]] || { echo 'no image was made before this' && return 1; }
    type -P dnf >/dev/null || skip 'dnf is not installed'
    local iso
    iso=$(echo live-build/output/*.iso)
    # From the mirror alone by the real dnf; and from the system that the gate made, with large packages of the mirror.
    grep -q '^darksite/rpm/centos/Packages/l/linux-firmware-.* rpm ' medium/centos/systems/core/lists/sources
    run "$root/Tests/iso/compare-ways" "$iso" core centos
    echo "$output"
    [[ $status -eq 0 && $output == *'of centos core are the same in both ways' ]]
    # What is not there to compare: the initramfs, and what scriptlets did, in the shell that was just installed.
    mkdir rest
    unsquashfs -quiet -no-progress -force -dest rest medium/centos/systems/core/system.squashfs
    [[ $(<rest/var/lib/systemd-was-here) == ran ]]
    [[ -e rest/boot/vmlinuz-5.14.0-580.el9.x86_64 && -s rest/boot/initramfs-5.14.0-580.el9.x86_64.img ]]
    [[ $(modinfo -F vermagic rest/lib/modules/5.14.0-580.el9.x86_64/extra/zfs.ko) == '5.14.0-580.el9.x86_64 '* ]]
    run -0 rpm --root "$PWD/rest" --dbpath /var/lib/rpm --query --queryformat '%{VERSION}-%{RELEASE}\n' kernel-core
    [[ $output == 5.14.0-580.el9 ]]
}
