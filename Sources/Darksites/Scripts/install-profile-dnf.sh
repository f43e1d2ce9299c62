#!/bin/bash
# Installs one profile onto nothing, with the real dnf and rpm, and looks at what came of it.
#
#   bash install-profile-dnf.sh PLATFORM ARCHITECTURE RELEASE      el9 x86_64 9      with dnf-main.sh before it, as one script
#
# Runs as root in a container without network that has dnf.
#
# In    /in/repository   the profile's packages and the metadata of them alone
#       /in/profile      what is to be installed: name, epoch:version-release, architecture a line
#       /in/rules        what it is held to beyond that; see judge-dnf.sh
# Out   /out/verdict     what was proven, and by what: a word and its value a line
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# As the installer does it: `dnf --installroot`, without weak dependencies; the signatures of the packages were checked before.
# rpm goes on when a scriptlet of a package fails after its files are there; here that is a failure.
set -euo pipefail
shopt -s inherit_errexit nullglob

platform=$1 architecture=$2 release=$3
in=${GATE_IN:-/in} out=${GATE_OUT:-/out}

fail() {
    printf 'the profile does not install: %s\n' "$1" >&2
    exit 1
}

say() { printf '[%4d s] %s\n' "$SECONDS" "$1"; }

umask 022
export LC_ALL=C.UTF-8 TZ=UTC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work
root=$work/root
mkdir "$root"

# --- install ----------------------------------------------------------------------------------------------------------

# Scriptlets read and write /dev/null, and nothing is mounted in the root. A container may not make devices: an empty file reads
# alike, and what is written there does no harm.
mkdir -m 755 "$root/dev" "$root/proc" "$root/sys"
for device in 'null 3' 'zero 5' 'random 8' 'urandom 9'; do
    mknod -m 666 "$root/dev/${device% *}" c 1 "${device#* }" 2> /dev/null || : > "$root/dev/${device% *}"
done

# A container may not make namespaces, with which rpm keeps scriptlets from the network and from each other's /tmp.
printf '%%__transaction_unshare %%{nil}\n' > "$HOME/.rpmmacros"

dnf_main "$work" "$platform" > "$work/dnf.conf"
cat >> "$work/dnf.conf" <<END_OF_CONF
[repository]
name=repository
baseurl=file://$in/repository
END_OF_CONF
dnf_() {
    dnf --config "$work/dnf.conf" --installroot "$root" --releasever "$release" --forcearch "$architecture" --assumeyes "$@"
}
wanted=()
while read -r name version arch; do wanted+=("$name-$version.$arch"); done < "$in/profile"
say "${#wanted[@]} packages"
dnf_ install "${wanted[@]}" < /dev/null > "$work/log" 2>&1 \
    || fail "dnf ended with $?: $(grep -iE -m 3 -A 3 '^ *error' "$work/log" || tail -n 10 "$work/log")"
scriptlets=$(grep -iE 'scriptlet (failed|in rpm package)|^error:' "$work/log") || : # none, as it should be
[[ -z $scriptlets ]] || fail "scriptlets failed: $(head -n 10 <<< "$scriptlets")"

# --- look at it -------------------------------------------------------------------------------------------------------

say "looking at the result"
# The keys that scriptlets may have imported are packages to rpm, too.
rpm --root "$root" --query --all --queryformat '%{NAME} %|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE} %{ARCH}\n' \
    | grep -v '^gpg-pubkey ' | sort > "$work/installed"
sort "$in/profile" | diff - "$work/installed" > "$work/difference" \
    || fail "what is installed (>) is not what was resolved (<): $(head -n 5 "$work/difference")"
unsatisfied=$(dnf_ --quiet repoquery --unsatisfied 2> "$work/log") \
    || fail "dnf can't say what is unsatisfied: $(tail -n 5 "$work/log")"
[[ -z $unsatisfied ]] || fail "unsatisfied: ${unsatisfied//$'\n'/ }"
dnf_ --quiet check > "$work/log" 2>&1 || fail "dnf check: $(tail -n 10 "$work/log")"

rule() { sed -n "s/^$1 //p" "$in/rules"; }
forbidden=$(cut -d' ' -f1 "$work/installed" | grep --fixed-strings --line-regexp --file <(rule forbid)) \
    || : # nothing found, as it should be
[[ -z $forbidden ]] || fail "the profile forbids ${forbidden//$'\n'/ }"

kernels=("$root"/lib/modules/*/vmlinuz)
kernels=("${kernels[@]#"$root"/lib/modules/}")
kernels=("${kernels[@]%/vmlinuz}")
((${#kernels[@]} <= 1)) || fail "there are ${#kernels[@]} kernels: ${kernels[*]}"
kernel=${kernels[*]} zfs=
case $(rule zfs) in
    kmod)
        [[ -n $kernel ]] || fail "there is no kernel"
        for module in spl zfs; do
            mapfile -t files < <(find "$root/lib/modules/$kernel/" -name "$module.ko*" \
                \( -path '*/extra/*' -o -path '*/weak-updates/*' \))
            ((${#files[@]} == 1)) || fail "there are ${#files[@]} modules $module for kernel $kernel"
            # A module from the folder of another kernel, by a link, is taken as it is: its package says that it fits.
            magic=$(modinfo -F vermagic "${files[0]}")
            [[ -L ${files[0]} || $magic == "$kernel "* ]] || fail "${files[0]#"$root"} is for another kernel: $magic"
        done
        zfs=$(modinfo -F version "${files[0]}")
        ;;
    dkms)
        [[ -n $kernel ]] || fail "there is no kernel"
        sources=("$root"/usr/src/zfs-*)
        ((${#sources[@]} == 1)) || fail "there are ${#sources[@]} sources of ZFS"
        [[ -d $root/usr/src/kernels/$kernel ]] || fail "there are no headers for kernel $kernel"
        zfs=${sources[0]##*/zfs-}
        ;;
    any) ;;
    *) fail "there is no rule for ZFS" ;;
esac

{
    printf 'dnf %s\n' "$(dnf --version | sed -n 1p)"
    printf 'rpm %s\n' "$(rpm --version | sed -E 's/.* //')"
    printf 'packages %d\n' "${#wanted[@]}"
    printf 'kernel %s\n' "${kernel:--}"
    printf 'zfs %s\n' "${zfs:--}"
} > "$out/verdict"
printf 'summary: %d packages installed by dnf\n' "${#wanted[@]}"
