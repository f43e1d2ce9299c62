#!/bin/bash
# Has the real apt judge a medium of updates: a machine that has what the earlier lock installed becomes, by this medium alone, what the
# later one installs. Of each profile.
#
#   bash judge-delta-apt.sh CODENAME COMPONENT ARCHITECTURE[,FOREIGN…]      with apt-main.sh before it, as one script
#
# In    /in/mirror       the mirror on the medium, its files and nothing else
#       /in/key.gpg      the key it must be signed with
#       /in/before/P     what a machine of profile P has: name, version, architecture a line, sorted
#       /in/status/P     the same as dpkg knows it: its file `status`
#       /in/after/P      what it is to have
#       /in/arriving/P   what it is to get for that
#       /in/leaving/P    what is to be removed from it
# Out   /out/verdict     what was proven, and by what: a word and its value a line
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# In this order: every file that an index lists is there and hashes; no other file is there; apt trusts the mirror; asked for what
# arrives and what leaves, and for nothing else, it would do just that, and the machine would have what it is to have.
set -euo pipefail
shopt -s inherit_errexit nullglob

codename=$1 component=$2 architectures=$3
architecture=${architectures%%,*}
in=${GATE_IN:-/in} out=${GATE_OUT:-/out}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'the medium is not good: %s\n' "$1" >&2
    exit 1
}

where=("$in/mirror" "$codename" "$component" "$architectures")
apt_mirror "${where[@]}"
apt_main "${where[@]}" "$in/key.gpg"

arriving=() leaving=() proven=() shown=()
for list in "$in"/after/*; do
    profile=${list##*/}
    cp "$in/status/$profile" "$work/status"
    # What the status says is what the list says: nothing is proven of a machine that there is not.
    awk '/^Package: /{name=$2} /^Version: /{version=$2} /^Architecture: /{architecture=$2}
        /^$/{if (name) print name, version, architecture; name=""}' "$work/status" | sort | diff "$in/before/$profile" - \
        > "$work/difference" || fail "profile $profile: the machine is not that of the list: $(head -n 5 "$work/difference")"
    apt-get check > "$work/log" 2>&1 || fail "profile $profile: what machines have does not fit together: $(tail -n 20 "$work/log")"
    apt_requests arriving "$in/arriving/$profile" '' "$architectures"
    apt_requests leaving "$in/leaving/$profile" - "$architectures"
    apt-get install --simulate --yes --allow-change-held-packages "${arriving[@]}" "${leaving[@]}" > "$work/log" 2>&1 \
        || fail "apt can't update a machine of profile $profile: $(tail -n 20 "$work/log")"
    # "Inst name [old] (version origin [architecture])", "Remv name [version]"; the architecture of a foreign one ends its name.
    sed -nE 's/^Inst ([^ :]+)(:[^ ]+)? (\[[^]]*\] )?\(([^ ]+) .*\[([^]]+)\]\).*/\1 \4 \5/p' "$work/log" | sort > "$work/installed"
    sed -nE 's/^(Remv|Purg) ([^ ]+) .*/\2/p' "$work/log" | sort > "$work/removed"
    # What was upgraded or removed is gone as it was.
    {
        awk -v native="$architecture" -v removed="$work/removed" -v installed="$work/installed" '
            # A name is there once for the native architecture and all, and once for each foreign one.
            function one(name, architecture) { return name ":" (architecture == "all" ? native : architecture) }
            BEGIN {
                while ((getline line < removed) > 0) gone[index(line, ":") ? line : line ":" native] = 1
                while ((getline line < installed) > 0) { split(line, word, " "); gone[one(word[1], word[3])] = 1 }
            }
            !(one($1, $3) in gone)' "$in/before/$profile"
        cat "$work/installed"
    } | sort > "$work/became"
    diff "$list" "$work/became" > "$work/difference" \
        || fail "a machine of profile $profile would have other packages (>) than it is to have (<): $(head -n 5 "$work/difference")"
    proven+=("profile $profile ${#arriving[@]} ${#leaving[@]}")
    shown+=("$profile (${#arriving[@]} packages come, ${#leaving[@]} go)")
done

{
    printf 'apt %s\n' "$(apt-get --version | sed -n '1s/^apt \([^ ]*\).*/\1/p')"
    printf '%s\n' "${proven[@]}"
} > "$out/verdict"
words=$(printf '%s, ' "${shown[@]}")
printf 'summary: apt updates %s from the medium alone\n' "${words%, }"
