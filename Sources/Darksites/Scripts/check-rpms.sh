#!/bin/bash
# Checks the signatures of fetched RPM packages against declared keys, and that their headers say what the index said.
#
#   bash check-rpms.sh
#
# In    /in/packages     the packages, and nothing else
#       /in/keys/GROUP   a folder of public keys: who signs the packages of a group
#       /in/list         a package a line: its file, name, epoch:version-release, architecture, group; the group "-" is of
#                        repositories that are declared to be unsigned: of these, only the digests are checked
# Out   /out/verdict     what was checked, and by what: a word and its value a line
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# Each group has a keyring of its own, with its keys and no others: what one repository's key signed is not taken for
# another's. rpmkeys(8) checks the header's signature and digest and the content's digest.
set -euo pipefail
shopt -s inherit_errexit nullglob

in=${GATE_IN:-/in} out=${GATE_OUT:-/out}
export LC_ALL=C.UTF-8 HOME=/nonexistent
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'the packages are not good: %s\n' "$1" >&2
    exit 1
}

cut -d' ' -f1 "$in/list" | sort > "$work/listed"
(cd "$in/packages" && printf '%s\n' *) | sort | diff "$work/listed" - > "$work/difference" \
    || fail "the packages (>) are not those of the list (<): $(head -n 5 "$work/difference")"

fine=': digests( signatures)? OK$'
mapfile -t groups < <(cut -d' ' -f5 "$in/list" | sort -u)
for group in "${groups[@]}"; do
    mapfile -t files < <(awk -v group="$group" -v folder="$in/packages/" '$5 == group { print folder $1 }' "$in/list")
    level=all
    mkdir "$work/db"
    if [[ $group == - ]]; then
        level=digest
    else
        keys=("$in/keys/$group"/*)
        ((${#keys[@]})) || fail "there is no key for the packages of $group"
        rpmkeys --dbpath "$work/db" --import "${keys[@]}" > "$work/log" 2>&1 \
            || fail "a key of $group can't be read: $(head -n 3 "$work/log")"
    fi
    # Of a package without any signature, rpmkeys would say that all is well; the level says what there must be.
    printf '%s\0' "${files[@]}" \
        | xargs -0 rpmkeys --dbpath "$work/db" --define "_pkgverify_level $level" --checksig > "$work/log" 2>&1 \
        || fail "a package of $group is not signed by its keys, or is damaged: $(grep -vE -m 10 "$fine" "$work/log")"
    ((${#files[@]} == $(grep -cE "$fine" "$work/log"))) \
        || fail "rpmkeys did not speak of every package of $group: $(head -n 5 "$work/log")"
    rm -r "$work/db"
done

# What a header says is what will be installed; what the index says is what was resolved.
cut -d' ' -f1-4 "$in/list" | sort > "$work/wanted"
mkdir "$work/db"
while read -r file _; do
    printf '%s ' "$file"
    rpm --dbpath "$work/db" --query --nosignature --nodigest --package "$in/packages/$file" \
        --queryformat '%{NAME} %|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE} %{ARCH}\n'
done < "$in/list" | sort | diff "$work/wanted" - > "$work/difference" \
    || fail "a header (>) contradicts the index (<): $(head -n 5 "$work/difference")"

{
    printf 'rpm %s\n' "$(rpm --version | sed -E 's/.* //')"
    printf 'packages %d\n' "$(wc -l < "$in/list")"
    for group in "${groups[@]}"; do printf 'group %s %d\n' "$group" "$(grep -c " $group\$" "$in/list")"; done
} > "$out/verdict"
printf 'summary: %d packages signed by the declared keys\n' "$(grep -vc ' -$' "$in/list")"
