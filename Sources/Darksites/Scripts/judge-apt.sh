#!/bin/bash
# Has the real apt judge a mirror: each profile must install from it alone, onto nothing, and be just what was resolved.
#
#   bash judge-apt.sh CODENAME COMPONENT ARCHITECTURE[,FOREIGN…]
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
architecture=${architectures%%,*}
in=${GATE_IN:-/in} out=${GATE_OUT:-/out}
work=$(mktemp -d)

fail() {
    printf 'the mirror is not good: %s\n' "$1" >&2
    exit 1
}

# --- every file is there and hashes -----------------------------------------------------------------------------------

mirror=$in/mirror
folder=dists/$codename
cd "$mirror"
indexes=()
for each in ${architectures//,/ }; do
    indexes+=("$folder/$component/binary-$each/Packages")
    [[ -f ${indexes[-1]} ]] || fail "there is no ${indexes[-1]}"
done
# The section SHA256 of Release lists the indexes: digest, size, path below its folder.
awk -v folder="$folder/" '/^[^ ]/{inside=($1 == "SHA256:")} /^ /{if (inside) print $1 "  " folder $3}' "$folder/Release" \
    > "$work/release"
# Packages of architecture all are in the index of each.
awk '/^Filename: /{file=$2} /^SHA256: /{digest=$2} /^$/{if (file) print digest "  " file; file=""}
    END{if (file) print digest "  " file}' "${indexes[@]}" | sort -u > "$work/index"
cut -d' ' -f3 "$work/release" "$work/index" | sort -u > "$work/listed"
find . -type f -printf '%P\n' | sort > "$work/there"
comm -23 "$work/listed" "$work/there" > "$work/missing"
[[ ! -s $work/missing ]] || fail "listed, and not there: $(head -n 5 "$work/missing")"
sha256sum --quiet --strict --check "$work/release" "$work/index" > "$work/log" 2>&1 \
    || fail "a file is not what the index says: $(head -n 5 "$work/log")"

# --- no file is there that isn't listed -------------------------------------------------------------------------------

# Release lists neither itself nor its signature, nor the second names of the indexes, which are their digests.
{
    cat "$work/listed"
    printf '%s\n' "$folder"/{Release,Release.gpg}
    sed -E 's|^(.{64})  (.*/)[^/]*$|\2by-hash/SHA256/\1|' "$work/release"
} | sort -u > "$work/allowed"
comm -13 "$work/allowed" "$work/there" > "$work/extra"
[[ ! -s $work/extra ]] || fail "there, and not listed: $(head -n 5 "$work/extra")"
while read -r file; do
    [[ $(sha256sum < "$file") == "${file##*/}  -" ]] || fail "a file is not what the index says: $file"
done < <(grep /by-hash/SHA256/ "$work/there" || :) # a mirror may have none
find . ! -type f ! -type d > "$work/extra"
[[ ! -s $work/extra ]] || fail "there, and neither a file nor a folder: $(head -n 5 "$work/extra")"
cd /

# --- apt trusts it, and installs each profile from it -----------------------------------------------------------------

mkdir -p "$work"/{lists/partial,archives/partial,etc/preferences.d,etc/trusted.gpg.d}
: > "$work/status"
printf 'deb [arch=%s signed-by=%s] file:%s %s %s\n' "$architectures" "$in/key.gpg" "$mirror" "$codename" "$component" \
    > "$work/sources.list"
cat > "$work/apt.conf" <<EOF
APT::Architecture "$architecture";
APT::Architectures { "${architectures//,/\"; \"}"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$work";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work";
Dir::Etc "$work/etc";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "-";
EOF
export APT_CONFIG=$work/apt.conf
apt-get update --error-on=any > "$work/log" 2>&1 || fail "apt does not take it: $(cat "$work/log")"

proven=() shown=()
rule() { sed -n "s/^$1 //p" "$in/rules/$profile"; }
for list in "$in"/profiles/*; do
    profile=${list##*/}
    mapfile -t wanted < <(awk -v foreign=",${architectures#"$architecture"}," \
        '{print $1 (index(foreign, "," $3 ",") ? ":" $3 : "") "=" $2}' "$list")
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
