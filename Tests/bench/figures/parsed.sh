# shellcheck shell=bash disable=SC2154
# Questions against the locked snapshot, from what was parsed when it was first opened.
need_mirror
need_benchmarks
need_questions
distribution=$(awk '$1 == "distribution" { print $2; exit }' "$root/deploy.lock")
mapfile -t indexes < <(
    awk -v folder="$work/mirror" '$1 == "index" && $3 !~ /-/ && ($4 == "main" || $4 == "contrib") {
        print folder "/" $2 "/" $7 }' "$root/deploy.lock"
)
mkdir "$work/parsed-tables"
title "main and contrib as a table, $("$benchmarks" parsed "$work/parsed-tables" "${indexes[@]}") (at most 20 ms)"
measure --rounds "$(rounds 25)" \
    'from what was parsed before' '' "$benchmarks parsed $work/parsed-tables ${indexes[*]}" \
    'from the .xz, parsed for the next time' "rm -rf $work/parsed-tables/*" \
    "$benchmarks parsed $work/parsed-tables ${indexes[*]}" \
    'from the .xz, nothing kept' '' "$benchmarks table ${indexes[*]}"

title 'Resolving profiles against the locked snapshot, from the declaration on (one: at most 50 ms)'
export DEPLOY_CACHE=$work/store
profiles_command="$benchmarks profiles $work/parsed-checkout"
commands=()
for profile in $profiles; do
    commands+=("$profile" '' "$profiles_command $distribution/$profile")
done
measure --rounds "$(rounds 15)" "${commands[@]}" \
    'every profile of a distribution' '' "$profiles_command $distribution" \
    'every profile, twice: as two distributions' '' "$profiles_command $distribution $distribution" \
    'one profile, nothing parsed yet' "rm -rf $work/store/derived/parsed $work/store/derived/signed" \
    "$profiles_command $distribution/${profiles%% *}"
unset DEPLOY_CACHE
