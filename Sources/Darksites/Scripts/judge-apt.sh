#!/bin/bash
# Has the real apt judge a mirror: each profile must install from it alone, onto nothing, and be just what was resolved.
#
#   bash judge-apt.sh CODENAME COMPONENT ARCHITECTURE[,FOREIGN…]
#
# In    /in/mirror       the mirror, its files and nothing else
#       /in/key.gpg      the key it must be signed with
#       /in/profiles/P   what profile P installs: name, version, architecture a line, sorted
# Out   /out/verdict     what was proven, and by what
#
# Files and index are compared in both directions, with digests, before apt is asked.
set -euo pipefail
shopt -s inherit_errexit

codename=$1 component=$2 architectures=$3
architecture=${architectures%%,*}
work=$(mktemp -d)

fail() {
    printf 'the mirror is not good: %s\n' "$1" >&2
    exit 1
}

# --- every file is in the index with its digest, and every line of the index is a file --------------------------------

indexes=()
for each in ${architectures//,/ }; do
    indexes+=("/in/mirror/dists/$codename/$component/binary-$each/Packages")
    [[ -f ${indexes[-1]} ]] || fail "there is no ${indexes[-1]}"
done
# Packages of architecture all are in the index of each.
awk '/^Filename: /{file=$2} /^SHA256: /{digest=$2} /^$/{if (file) print digest "  " file; file=""}
    END{if (file) print digest "  " file}' "${indexes[@]}" | sort -u -k2 > "$work/listed"
(cd /in/mirror && find pool -type f | sort) > "$work/there"
cut -d' ' -f3 "$work/listed" | sort | diff - "$work/there" > "$work/difference" \
    || fail "index (<) and pool (>) differ: $(head -n 5 "$work/difference")"
(cd /in/mirror && sha256sum --quiet --strict --check "$work/listed") >&2 || fail "a file is not what the index says"

# --- apt trusts it, and installs each profile from it -----------------------------------------------------------------

mkdir -p "$work"/{lists/partial,archives/partial,etc/preferences.d,etc/trusted.gpg.d}
: > "$work/status"
printf 'deb [arch=%s signed-by=/in/key.gpg] file:/in/mirror %s %s\n' "$architectures" "$codename" "$component" \
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

proven=()
for list in /in/profiles/*; do
    profile=${list##*/}
    mapfile -t wanted < <(awk -v foreign=",${architectures#"$architecture"}," \
        '{print $1 (index(foreign, "," $3 ",") ? ":" $3 : "") "=" $2}' "$list")
    apt-get install --simulate --yes "${wanted[@]}" > "$work/log" 2>&1 \
        || fail "apt can't install profile $profile: $(tail -n 20 "$work/log")"
    # "Inst name (version origin [architecture])"; the name of a foreign one ends in its architecture
    sed -nE 's/^Inst ([^ :]+)(:[^ ]+)? \(([^ ]+) .*\[([^]]+)\]\).*/\1 \3 \4/p' "$work/log" | sort > "$work/installed"
    sort "$list" | diff - "$work/installed" > "$work/difference" \
        || fail "for profile $profile apt installs other packages (>) than were resolved (<): $(head -n 5 "$work/difference")"
    kernels=$(grep -cE '^linux-image-[0-9]' "$list") || true # grep -c says 0 by failing; the count is what is judged
    ((kernels <= 1)) || fail "profile $profile has $kernels kernels"
    if ((kernels == 1)) && grep -q '^zfsutils-linux ' "$list"; then
        # Made here, among Ubuntu's modules of that kernel, or compiled when it is installed.
        kernel=$(sed -nE 's/^linux-image-([0-9][^ ]*) .*/\1/p' "$list")
        awk -v kernel="$kernel" '$1 == "zfs-modules-" kernel || $1 == "linux-modules-" kernel || $1 == "zfs-dkms" { n++ }
            END { exit !n }' "$list" || fail "profile $profile has no zfs module for its kernel $kernel"
    fi
    proven+=("$profile (${#wanted[@]} packages)")
done

{
    printf 'files and index agree: %s packages, every digest\n' "$(wc -l < "$work/there")"
    printf 'apt %s installs onto nothing, from this mirror alone, without network (simulated):\n' \
        "$(apt-get --version | sed -n '1s/^apt \([^ ]*\).*/\1/p')"
    printf '  %s\n' "${proven[@]}"
} > /out/verdict
shown=$(printf '%s, ' "${proven[@]}")
printf 'summary: apt installs %s from the mirror alone\n' "${shown%, }"
