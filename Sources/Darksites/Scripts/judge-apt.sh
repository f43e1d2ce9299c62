#!/bin/bash
# Has the real apt judge a mirror: each profile must install from it alone, onto nothing, and be just what was resolved.
#
#   bash judge-apt.sh CODENAME COMPONENT ARCHITECTURE[,FOREIGN…]      with apt-main.sh before it, as one script
#
# In    /in/mirror       the mirror, its files and nothing else
#       /in/key.gpg      the key it must be signed with
#       /in/profiles/P   what profile P installs: name, version, architecture a line, sorted
#       /in/rules/P      what it is held to beyond that, a word and its value a line:
#                          zfs prebuilt    it has exactly one kernel and one prebuilt ZFS module, the kernel's
#                          zfs any         it has at most one of each
#                          forbid NAME     this name is not in it
# Out   /out/verdict     what was proven, and by what: a word and its value a line
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# In this order: every file that an index lists is there and hashes; no other file is there; apt trusts the mirror, and
# would install just what was resolved; one kernel with its module; nothing that is forbidden.
set -euo pipefail
shopt -s inherit_errexit

codename=$1 component=$2 architectures=$3
in=${GATE_IN:-/in} out=${GATE_OUT:-/out}
work=$(mktemp -d)

fail() {
    printf 'the mirror is not good: %s\n' "$1" >&2
    exit 1
}

where=("$in/mirror" "$codename" "$component" "$architectures")
apt_mirror "${where[@]}"
[[ -s $work/index ]] || fail "it lists no package"
apt_main "${where[@]}" "$in/key.gpg"

wanted=() proven=() shown=()
rule() { sed -n "s/^$1 //p" "$in/rules/$profile"; }
for list in "$in"/profiles/*; do
    profile=${list##*/}
    apt_requests wanted "$list" '' "$architectures"
    apt-get install --simulate --yes "${wanted[@]}" > "$work/log" 2>&1 \
        || fail "apt can't install profile $profile: $(tail -n 20 "$work/log")"
    # "Inst name (version origin [architecture])"; the name of a foreign one ends in its architecture
    sed -nE 's/^Inst ([^ :]+)(:[^ ]+)? \(([^ ]+) .*\[([^]]+)\]\).*/\1 \3 \4/p' "$work/log" | sort > "$work/installed"
    sort "$list" | diff - "$work/installed" > "$work/difference" \
        || fail "for profile $profile apt installs other packages (>) than were resolved (<): $(head -n 5 "$work/difference")"

    mapfile -t kernels < <(sed -nE 's/^linux-image-([0-9][^ ]*) .*/\1/p' "$work/installed")
    mapfile -t modules < <(sed -nE 's/^zfs-modules-([0-9][^ ]*) ([^ ]*) .*/\1 \2/p' "$work/installed")
    ((${#kernels[@]} <= 1)) || fail "profile $profile has ${#kernels[@]} kernels: ${kernels[*]}"
    ((${#modules[@]} <= 1)) || fail "profile $profile has ${#modules[@]} ZFS modules: ${modules[*]}"
    kernel=${kernels[0]:-} module=${modules[0]:-}
    if [[ $(rule zfs) == prebuilt ]]; then
        [[ -n $kernel ]] || fail "profile $profile has no kernel"
        [[ -n $module ]] || fail "profile $profile has no ZFS module for its kernel $kernel"
    fi
    if [[ -n $kernel && -z $module ]] && grep -q '^zfsutils-linux ' "$work/installed"; then
        # Among Ubuntu's modules of that kernel, or compiled when it is installed.
        grep -qxF -e "linux-modules-$kernel" -e zfs-dkms <(cut -d' ' -f1 "$work/installed") \
            || fail "profile $profile has no ZFS module for its kernel $kernel"
    fi
    [[ -z $module || ${module% *} == "$kernel" ]] \
        || fail "profile $profile has the kernel ${kernel:-(none)}, and a ZFS module for ${module% *}"

    forbidden=$(cut -d' ' -f1 "$work/installed" | grep --fixed-strings --line-regexp --file <(rule forbid)) \
        || : # nothing found, as it should be
    [[ -z $forbidden ]] || fail "profile $profile forbids ${forbidden//$'\n'/ }"
    version=${module#* }
    proven+=("profile $profile ${#wanted[@]} ${kernel:--} ${version:--}")
    shown+=("$profile (${#wanted[@]} packages)")
done

{
    printf 'apt %s\n' "$(apt-get --version | sed -n '1s/^apt \([^ ]*\).*/\1/p')"
    printf 'dpkg %s\n' "$(dpkg --version | sed -nE '1s/.* ([0-9][^ ]*) .*/\1/p')"
    printf 'files %d\n' "$(wc -l < "$work/index")"
    printf '%s\n' "${proven[@]}"
} > "$out/verdict"
words=$(printf '%s, ' "${shown[@]}")
printf 'summary: apt installs %s from the mirror alone\n' "${words%, }"
