#!/bin/bash
# Has the real dnf judge a medium of updates: a machine that has what the earlier lock installed becomes, by this medium alone, what the
# later one installs. Of each profile.
#
#   bash judge-delta-dnf.sh PLATFORM ARCHITECTURE RELEASE      el9 x86_64 9      with dnf-main.sh before it, as one script
#
# In    /in/mirror       the mirror on the medium, its files and nothing else
#       /in/key.asc      the key that its repomd.xml must be signed with
#       /in/earlier      the package files that machines have
#       /in/before/P     what a machine of profile P has: name, epoch:version-release, architecture a line, sorted
#       /in/after/P      what it is to have
#       /in/arriving/P   what it is to get for that
#       /in/leaving/P    what is to be removed from it
# Out   /out/verdict     what was proven, and by what: a word and its value a line
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# In this order: every file that the metadata list is there and hashes; dnf trusts the mirror; what machines have is put into a database
# of rpm's, without their files; dnf, asked for what arrives and what leaves and for nothing else, would do just that, and rpm's test of
# the transaction passes. Of kernels, which are installed beside each other, the earlier one may stay.
set -euo pipefail
shopt -s inherit_errexit nullglob

platform=$1 architecture=$2 release=$3
in=${GATE_IN:-/in} out=${GATE_OUT:-/out}
export LC_ALL=C.UTF-8 TZ=UTC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work

fail() {
    printf 'the medium is not good: %s\n' "$1" >&2
    exit 1
}

mirror=$in/mirror
dnf_mirror "$mirror"

# --- dnf trusts it, and does of each machine what it is to become -------------------------------------------------------

dnf_main "$work" "$platform" > "$work/dnf.conf"
dnf_repository medium "$mirror" "$in/key.asc" >> "$work/dnf.conf"

# Through dnf's own library: what is to come on standard input, what is to go in a file.
cat > "$work/ask.py" << 'END_OF_PYTHON'
import sys

import dnf

configuration, root, release, architecture, leaving = sys.argv[1:6]
base = dnf.Base()
base.conf.read(configuration)
base.conf.installroot = root
base.conf.substitutions["releasever"] = release
base.conf.substitutions["arch"] = base.conf.substitutions["basearch"] = architecture
base.conf.assumeyes = True
base.conf.tsflags = ["test"]
base.conf.clean_requirements_on_remove = False
base.read_all_repos()
base.fill_sack(load_system_repo=True)
installed = {package.name for package in base.sack.query().installed()}
for line in sys.stdin:
    called, version, kind = line.split()
    if called in installed and called not in base.conf.installonlypkgs:
        base.upgrade(f"{called}-{version}.{kind}")
    else:
        base.install(f"{called}-{version}.{kind}", strict=True)
with open(leaving) as lines:
    for line in lines:
        called, version, kind = line.split()
        base.remove(f"{called}-{version}.{kind}")


def name(package):
    return f"{package.name} {package.epoch}:{package.version}-{package.release} {package.arch}"


try:
    base.resolve(allow_erasing=False)
    for package in base.transaction.install_set:
        print("+", name(package))
    for package in base.transaction.remove_set:
        print("-", name(package))
    base.download_packages(list(base.transaction.install_set))
    base.do_transaction()
except dnf.exceptions.Error as error:
    sys.exit(str(error))
END_OF_PYTHON

proven=() shown=()
for list in "$in"/after/*; do
    profile=${list##*/}
    rm -rf "$work/root"
    mkdir "$work/root"
    rpm --root "$work/root" --initdb
    # Which of the files are of this profile, by what they say of themselves.
    files=()
    for file in "$in"/earlier/*; do
        name=$(rpm --nosignature --query --package --queryformat '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}' "$file" 2> /dev/null) \
            || fail "a package that machines have can't be read: ${file##*/}"
        if grep -qxF -- "$name" "$in/before/$profile"; then files+=("$file"); fi
    done
    rpm --root "$work/root" --install --justdb --nodeps --noscripts --notriggers --nosignature --ignorearch --ignoreos --ignoresize \
        "${files[@]}" > "$work/log" 2>&1 || fail "profile $profile: rpm does not take what machines have: $(tail -n 5 "$work/log")"
    rpm --root "$work/root" --query --all --queryformat '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\n' \
        | grep -v '^gpg-pubkey ' | sort > "$work/had"
    diff "$in/before/$profile" "$work/had" > "$work/difference" \
        || fail "profile $profile: the machine is not that of the list: $(head -n 5 "$work/difference")"
    dnf --config "$work/dnf.conf" --installroot "$work/root" --releasever "$release" --forcearch "$architecture" --assumeyes \
        makecache > "$work/log" 2>&1 || fail "dnf does not take it: $(tail -n 5 "$work/log")"
    /usr/bin/python3 -I "$work/ask.py" "$work/dnf.conf" "$work/root" "$release" "$architecture" "$in/leaving/$profile" \
        < "$in/arriving/$profile" > "$work/answer" 2> "$work/log" \
        || fail "dnf can't update a machine of profile $profile: $(tail -n 20 "$work/log")"
    sed -n 's/^+ //p' "$work/answer" | sort > "$work/installed"
    sed -n 's/^- //p' "$work/answer" | sort > "$work/removed"
    comm -23 "$work/had" "$work/removed" | sort - "$work/installed" > "$work/became"
    # Kernels are installed beside each other: an earlier one may stay.
    diff "$list" "$work/became" | grep -vE '^[0-9,]+[acd][0-9,]+$|^> kernel[a-z0-9-]* ' > "$work/difference" \
        || : # nothing but that, as it should be
    [[ ! -s $work/difference ]] \
        || fail "a machine of profile $profile would have other packages (>) than it is to have (<): $(head -n 5 "$work/difference")"
    came=$(wc -l < "$in/arriving/$profile") went=$(wc -l < "$in/leaving/$profile")
    proven+=("profile $profile $came $went")
    shown+=("$profile ($came packages come, $went go)")
done

{
    printf 'dnf %s\n' "$(dnf --version | sed -n 1p)"
    printf 'rpm %s\n' "$(rpm --version | sed -E 's/.* //')"
    printf '%s\n' "${proven[@]}"
} > "$out/verdict"
words=$(printf '%s, ' "${shown[@]}")
printf 'summary: dnf updates %s from the medium alone\n' "${words%, }"
