# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# The files of this medium, held to the lists of their digests, which the build host has signed: one of what is the same whoever builds
# it, one of what depends on his key.
#
#   medium_digests              both lists, as sha256sum(1) writes them; fails where a signature is not that of this live system's key
#   medium_check FUNCTION       reads such a list from stdin and looks at each file, by all cores. FUNCTION is called with how many per
#                               cent are done and the seconds that are left, at most once a second.
#                               What is wrong is in medium_problems then, a line each, and the status is 1.

MEDIUM=${KLDLOAD_MEDIUM:-/run/live/medium}
MEDIUM_KEY=${KLDLOAD_KEYRING:-/usr/share/keyrings/kldload-darksite.gpg}

medium_problems=()

medium_digests() {
    local list lists=("$MEDIUM"/kldload/{sha256sums,signatures.sha256})
    for list in "${lists[@]}"; do
        if [[ ! -s $list || ! -s $list.asc ]]; then
            printf 'there is no signed list of what is on this medium: %s\n' "$list" >&2
            return 1
        fi
        gpgv --quiet --keyring "$MEDIUM_KEY" "$list.asc" "$list" 2> /dev/null || {
            printf '%s is not signed by the key of this live system\n' "$list" >&2
            return 1
        }
    done
    cat "${lists[@]}"
}

# medium_parts FOLDER COUNT: reads "bytes digest  path" lines and writes them, without the bytes, into COUNT files that take about as long.
medium_parts() {
    sort --numeric-sort --reverse | awk -v folder="$1" -v count="$2" '
        {
            least = 0
            for (i = 1; i < count; i++) if (size[i] < size[least]) least = i
            size[least] += $1 + 4096
            sub(/^[0-9]+ /, "")
            print > (folder "/part-" least)
        }'
}

# medium_read LIST…: compares the files of each list, all lists at once.
medium_read() {
    local list pids=() pid status=0
    for list; do
        if [[ ! -e $list ]]; then continue; fi # the pattern itself, where there is nothing to compare
        # Line by line, or nothing would be seen of it before its end.
        (cd "$MEDIUM" && LC_ALL=C exec stdbuf --output=L sha256sum --check --strict "$list") &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    return "$status"
}

medium_check() {
    local report=$1 work digest path line cores size total=0 seen=0 wanted=0 read=0 shown=$SECONDS begun=$SECONDS left
    local -A sizes=()
    medium_problems=()
    work=$(mktemp --directory)
    cores=$(nproc) || cores=1
    while read -r digest path; do
        if ! size=$(stat --dereference --format=%s -- "$MEDIUM/$path" 2> /dev/null); then
            medium_problems+=("$path is missing")
            continue
        fi
        sizes[$path]=$size
        wanted=$((wanted + 1))
        total=$((total + size))
        printf '%s %s  %s\n' "$size" "$digest" "$path"
    done > "$work/files"
    # What fails from here on is found by the number of files that were read: who calls this looks at its status, and then bash
    # ends at no error.
    medium_parts "$work" "$cores" < "$work/files"
    mkfifo "$work/said" || medium_problems+=("nobody can be told of it: $work/said can't be made")
    medium_read "$work"/part-* > "$work/said" 2> "$work/errors" &
    while IFS= read -r line; do
        path=${line%: *}
        if [[ ${line##*: } == OK ]]; then read=$((read + 1)); else medium_problems+=("$path is not what was written"); fi
        seen=$((seen + ${sizes[$path]:-0}))
        if ((SECONDS > shown && seen > 0)); then
            shown=$SECONDS
            left=$(((total - seen) * (SECONDS - begun) / (seen + 1)))
            "$report" $((seen * 100 / (total + 1))) "$left"
        fi
    done < "$work/said"
    # Who found something wrong has said so.
    wait $! || ((${#medium_problems[@]})) || medium_problems+=("sha256sum ended early: $(< "$work/errors")")
    ((read == wanted || ${#medium_problems[@]})) || medium_problems+=("of $wanted files only $read were read")
    rm -r "$work"
    ((${#medium_problems[@]} == 0))
}
