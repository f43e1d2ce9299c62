#!/bin/bash
# Has the real dnf judge a mirror: each profile must install from it alone, onto nothing, and be just what was resolved.
#
#   bash judge-dnf.sh PLATFORM ARCHITECTURE RELEASE      el9 x86_64 9      with dnf-main.sh before it, as one script
#
# In    /in/mirror       the mirror, its files and nothing else
#       /in/key.asc      the key that its repomd.xml must be signed with
#       /in/profiles/P   what profile P installs: name, epoch:version-release, architecture a line, sorted
#       /in/rules/P      what it is held to beyond that, a word and its value a line:
#                          zfs kmod        it has exactly one kernel and kmod-zfs
#                          zfs dkms        it has exactly one kernel, zfs-dkms and the kernel's headers
#                          zfs any         it has at most one kernel
#                          forbid NAME     this name is not in it
# Out   /out/verdict     what was proven, and by what: a word and its value a line
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# In this order: every file that the metadata list is there and hashes; no other file is there; dnf trusts the mirror, and
# would install just what was resolved, and rpm's test of the transaction passes (conflicts of files among them); one kernel
# with its module; nothing that is forbidden; createrepo_c reads from the same files the packages and relations that the
# metadata state; no package that no profile installs.
set -euo pipefail
shopt -s inherit_errexit nullglob

platform=$1 architecture=$2 release=$3
in=${GATE_IN:-/in} out=${GATE_OUT:-/out}
export LC_ALL=C.UTF-8 TZ=UTC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work

fail() {
    printf 'the mirror is not good: %s\n' "$1" >&2
    exit 1
}

mirror=$in/mirror
dnf_mirror "$mirror"
[[ -s $work/packages ]] || fail "it lists no package"

# --- dnf trusts it, and installs each profile from it -----------------------------------------------------------------

dnf_main "$work" "$platform" > "$work/dnf.conf"
dnf_repository mirror "$mirror" "$in/key.asc" >> "$work/dnf.conf"
mkdir "$work/root"
common=(--config "$work/dnf.conf" --installroot "$work/root" --releasever "$release" --forcearch "$architecture" --assumeyes)
dnf "${common[@]}" makecache > "$work/log" 2>&1 || fail "dnf does not take it: $(tail -n 5 "$work/log")"
grep -q 'Importing GPG key' "$work/log" || fail "dnf did not look at its signature: $(tail -n 5 "$work/log")"

# Through dnf's own library: "install", with packages on standard input (name, epoch:version-release, architecture a line), says
# what dnf would install of them, and has rpm test the transaction; "dump" says what the metadata of a folder state.
cat > "$work/ask.py" <<'END_OF_PYTHON'
import sys

import dnf
import hawkey

configuration, root, release, architecture, question = sys.argv[1:6]
base = dnf.Base()
base.conf.read(configuration)
base.conf.installroot = root
base.conf.substitutions["releasever"] = release
base.conf.substitutions["arch"] = base.conf.substitutions["basearch"] = architecture
base.conf.assumeyes = True
base.conf.tsflags = ["test"]
base.read_all_repos()
if question == "dump":
    base.repos.get_matching("*").disable()
    base.repos.add_new_repo("folder", base.conf, baseurl=["file://" + sys.argv[6]])
base.fill_sack(load_system_repo=False)


def name(package):
    return f"{package.name} {package.epoch}:{package.version}-{package.release} {package.arch}"


if question == "dump":
    # Modules hide packages; all are meant.
    for package in base.sack.query(flags=hawkey.IGNORE_EXCLUDES):
        print(name(package))
        for tag in ("requires", "provides", "conflicts", "obsoletes"):
            for relation in getattr(package, tag):
                print(name(package), tag, relation)
    sys.exit(0)

for line in sys.stdin:
    called, version, architecture = line.split()
    base.install(f"{called}-{version}.{architecture}", strict=True)
try:
    base.resolve(allow_erasing=False)
    for package in base.transaction.install_set:
        print(name(package))
    base.download_packages(list(base.transaction.install_set))
    base.do_transaction()
except dnf.exceptions.Error as error:
    sys.exit(str(error))
END_OF_PYTHON
ask() { /usr/bin/python3 -I "$work/ask.py" "$work/dnf.conf" "$work/root" "$release" "$architecture" "$@"; }

proven=() shown=()
rule() { sed -n "s/^$1 //p" "$in/rules/$profile"; }
for list in "$in"/profiles/*; do
    profile=${list##*/}
    ask install < "$list" > "$work/answer" 2> "$work/log" || fail "dnf can't install profile $profile: $(tail -n 20 "$work/log")"
    sort "$work/answer" > "$work/installed"
    sort "$list" | diff - "$work/installed" > "$work/difference" \
        || fail "for profile $profile dnf installs other packages (>) than were resolved (<): $(head -n 5 "$work/difference")"

    mapfile -t kernels < <(sed -nE 's/^kernel-core [0-9]+:([^ ]*) .*/\1/p' "$work/installed")
    ((${#kernels[@]} <= 1)) || fail "profile $profile has ${#kernels[@]} kernels: ${kernels[*]}"
    kernel=${kernels[0]:-}
    has() { grep -q "^$1 " "$work/installed"; }
    case $(rule zfs) in
        kmod)
            [[ -n $kernel ]] || fail "profile $profile has no kernel"
            has kmod-zfs || fail "profile $profile has no ZFS module for its kernel $kernel"
            ;;
        dkms)
            [[ -n $kernel ]] || fail "profile $profile has no kernel"
            has zfs-dkms || fail "profile $profile has no ZFS module to compile for its kernel $kernel"
            grep -qE "^kernel-devel [0-9]+:$kernel " "$work/installed" \
                || fail "profile $profile has not the headers of its kernel $kernel"
            ;;
        any) ;;
        *) fail "there is no rule for ZFS in profile $profile" ;;
    esac

    forbidden=$(cut -d' ' -f1 "$work/installed" | grep --fixed-strings --line-regexp --file <(rule forbid)) \
        || : # nothing found, as it should be
    [[ -z $forbidden ]] || fail "profile $profile forbids ${forbidden//$'\n'/ }"
    count=$(wc -l < "$list")
    zfs=$(sed -nE 's/^zfs [0-9]+:([^ ]*) .*/\1/p' "$work/installed")
    proven+=("profile $profile $count ${kernel:--} ${zfs:--}")
    shown+=("$profile ($count packages)")
done

# --- nothing but what a profile installs; and the metadata say what the files say -------------------------------------

mkdir "$work/again"
createrepo_c --quiet --no-database --outputdir "$work/again" "$mirror" > "$work/log" 2>&1 \
    || fail "createrepo_c can't read the packages: $(tail -n 5 "$work/log")"
for folder in "$mirror" "$work/again"; do
    ask dump "$folder" > "$work/answer" 2> "$work/log" || fail "dnf can't read $folder: $(tail -n 5 "$work/log")"
    sort -u "$work/answer" > "$work/${folder##*/}.dump"
done
diff "$work/mirror.dump" "$work/again.dump" > "$work/difference" \
    || fail "what a package says of itself (>) is not what the index says (<): $(head -n 5 "$work/difference")"
grep -E '^[^ ]+ [^ ]+ [^ ]+$' "$work/mirror.dump" | sort > "$work/packages.dump"
sort -u "$in"/profiles/* | diff - "$work/packages.dump" > "$work/difference" \
    || fail "there are packages (>) that no profile installs: $(head -n 5 "$work/difference")"

{
    printf 'dnf %s\n' "$(dnf --version | sed -n 1p)"
    printf 'rpm %s\n' "$(rpm --version | sed -E 's/.* //')"
    printf 'createrepo_c %s\n' "$(createrepo_c --version | sed -E 's/^[^0-9]*([0-9.]+).*/\1/')"
    printf 'files %d\n' "$(wc -l < "$work/packages")"
    printf '%s\n' "${proven[@]}"
} > "$out/verdict"
words=$(printf '%s, ' "${shown[@]}")
printf 'summary: dnf installs %s from the mirror alone\n' "${words%, }"
