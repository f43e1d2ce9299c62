# shellcheck shell=bash disable=SC2154
# From an archive's compressed index to a table that can be resolved against.
need_mirror
need_benchmarks
read -r repository suite component path < <(
    awk '$1 == "index" { print $6, $2, $3, $4, $7 }' "$root/deploy.lock" | sort -rn | sed -n 1p | cut -d ' ' -f 2-
)
index=$work/mirror/$repository/$path
title "Reading the index of $suite/$component, $("$benchmarks" table "$index") (at most twice xz)"
private_apt apt-index "$repository=file:$work/mirror/$repository"
# Only the index in question, for apt.
sed -n "s/\( $suite\) .*/\1 $component/p" "$work/apt-index/sources.list" >"$work/apt-index/sources.one"
mv -- "$work/apt-index/sources.one" "$work/apt-index/sources.list"
APT_CONFIG=$work/apt-index/apt.conf apt-get update -qq >"$work/apt-index/update.log" 2>&1
measure --rounds "$(rounds 9)" \
    'deploy: .xz to a table' '' "$benchmarks table $index" \
    'xz -dc, into nothing' '' "xz -dc $index >/dev/null" \
    'apt-cache gencaches, of the plain text' "rm -f $work/apt-index/cache/*.bin" \
    "env APT_CONFIG=$work/apt-index/apt.conf apt-cache gencaches"
