# shellcheck shell=bash disable=SC2154
# From package sets to exact versions, with no lock to go by.
need_mirror
need_benchmarks
[[ -d $work/unlocked ]] || { copy unlocked && rm -- "$work/unlocked/deploy.lock"; }
[[ -d $work/store ]] || link_store store
environment=
expired=
while read -r repository suite; do
    variable=DEPLOY_MIRROR_$(tr 'a-z-' 'A-Z_' <<<"$repository")
    environment+="$variable=file://$work/mirror/$repository "
    expired+=" --allow-expired $repository/$suite"
done < <(awk '$1 == "snapshot" { print $2, $3 }' "$root/deploy.lock")
mkdir "$work/resolved"
count=$(awk '$1 == "package" || $1 == "essential"' "$root/deploy.lock" | wc -l)
title "Resolving every profile without a lock, $count packages in all"
command="$binary build --dry-run -C $work/unlocked$expired"
measure --rounds "$(rounds 5)" \
    'indexes in the store' '' "env DEPLOY_CACHE=$work/store $environment $command" \
    'indexes from a folder, an empty store' "rm -rf $work/resolved" \
    "env DEPLOY_CACHE=$work/resolved $environment $command" \
    'indexes from the archive, an empty store' "rm -rf $work/resolved" \
    "env DEPLOY_CACHE=$work/resolved $command"

title 'The solver alone: base, zfs, core and server on an empty system'
names=$work/asked
(cd -- "$root/package-sets/debian" && cat base.txt zfs.txt core.txt server.txt) \
    | sed 's/#.*//' | awk 'NF == 1 && $1 ~ /^[a-z0-9][a-z0-9+.-]*$/ { print $1 }' | sort -u >"$names"
mapfile -t indexes < <(awk -v folder="$work/mirror" '$1 == "index" { print folder "/" $2 "/" $7 }' "$root/deploy.lock")
"$benchmarks" solve "$(rounds 15)" "$names" "${indexes[@]}"
mapfile -t addresses < <(
    awk -v folder="$work/mirror" '$1 == "snapshot" { print $2 "=file:" folder "/" $2 }' "$root/deploy.lock" | sort -u
)
private_apt apt-resolve "${addresses[@]}"
: >"$work/apt-resolve/status"
export APT_CONFIG=$work/apt-resolve/apt.conf
apt-cache gencaches >"$work/apt-resolve/log" 2>&1
printf '\n'
measure --rounds "$(rounds 5)" \
    'all of it as a process: read the indexes, solve once' '' "$benchmarks solve 1 $names ${indexes[*]}" \
    'apt-get --print-uris install, from its binary cache' '' "apt-get -qq -y --print-uris install $(tr '\n' ' ' <"$names")"
unset APT_CONFIG
