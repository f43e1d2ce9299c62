# shellcheck shell=bash
# Which packages a root holds, and what differs between two such lists.
#
#   packages_of ROOT                  lines NAME<tab>VERSION, sorted; of dpkg or of rpm
#   packages_difference FILE FILE     lines: + NAME VERSION, - NAME VERSION, ~ NAME OLD NEW, with tabs between
#   packages_summary FILE             such lines in few words: 2 new, 1 gone, 3 changed

packages_of() {
    local list
    if [[ -s $1/var/lib/dpkg/status ]]; then
        # shellcheck disable=SC2016  # dpkg's own variables
        list=$(dpkg-query --admindir="${1%/}/var/lib/dpkg" --show --showformat '${db:Status-Abbrev}\t${binary:Package}\t${Version}\n')
        # There, whole or in part, whatever is wanted of it; not where settings alone are left.
        list=$(sed -n 's/^.[^nc].\t//p' <<< "$list")
    else
        list=$(rpm --root "${1:-/}" --query --all --queryformat '%{NAME}.%{ARCH}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n')
        list=$(sed '/^gpg-pubkey\./d' <<< "$list")
    fi
    LC_ALL=C sort --unique <<< "$list"
}

packages_difference() {
    LC_ALL=C comm -3 --output-delimiter='>' "$1" "$2" | awk -F '\t' -v OFS='\t' '
        # What is in the second file alone begins with the delimiter.
        sub(/^>/, "") { fresh[$1] = fresh[$1] (fresh[$1] ? "\n" : "") $2; news[$1]++; names[$1]; next }
        { gone[$1] = gone[$1] (gone[$1] ? "\n" : "") $2; olds[$1]++; names[$1] }
        END {
            for (name in names) {
                if (news[name] == 1 && olds[name] == 1) { print "~", name, gone[name], fresh[name]; continue }
                # Kernels of rpm are there in several versions at once.
                count = split(gone[name], versions, "\n"); for (i = 1; i <= count; i++) print "-", name, versions[i]
                count = split(fresh[name], versions, "\n"); for (i = 1; i <= count; i++) print "+", name, versions[i]
            }
        }' | LC_ALL=C sort --field-separator=$'\t' --key=2,2 --key=1,1
}

packages_summary() {
    awk -F '\t' '
        { count[$1]++ }
        END {
            if (count["+"]) said = count["+"] " new"
            if (count["-"]) said = said (said ? ", " : "") count["-"] " gone"
            if (count["~"]) said = said (said ? ", " : "") count["~"] " changed"
            print said ? said : "nothing changed"
        }' "$1"
}
