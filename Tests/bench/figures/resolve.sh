# shellcheck shell=bash disable=SC2154
# From package sets to exact versions, with no lock to go by.
need_mirror
need_benchmarks
need_plain_indexes
need_questions
[[ -d $work/unlocked ]] || { copy unlocked && rm -- "$work/unlocked/deploy.lock"; }
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

# The same requests for everybody, each from a cache of its own, and onto an empty system.
if [[ -x /usr/bin/python3 ]] && /usr/bin/python3 -c 'import solv' 2>/dev/null; then
    "$bench/libsolv" keep "$work/libsolv.solv" "$work"/plain-indexes/*.Packages
else
    say 'libsolv is left out: it needs the Debian package python3-solv'
fi
# beside_peers PROFILE depends|recommends
beside_peers() {
    local profile=$1 relations=$2 file=$work/names-$1 apt='apt-get -qq -y' ours="$binary resolve -C $work/parsed-checkout --empty"
    local chosen commands=()
    names_of "$profile" >"$file"
    local names
    mapfile -t names <"$file"
    if [[ $relations == recommends ]]; then
        apt+=' -o APT::Install-Recommends=1'
        ours+=' --recommends'
    fi
    commands+=('deploy resolve' '' "env DEPLOY_CACHE=$work/store $ours $distribution ${names[*]}")
    if [[ $relations == depends ]]; then
        commands+=('the profile as declared, from deploy.yaml on' ''
            "env DEPLOY_CACHE=$work/store $benchmarks profiles $work/parsed-checkout $distribution/$profile")
    fi
    commands+=('apt-get install --print-uris' '' "$apt --print-uris install ${names[*]}"
        'apt-get -s install' '' "$apt -s install ${names[*]}")
    chosen="deploy $(DEPLOY_CACHE=$work/store $ours --json "$distribution" "${names[@]}" | python3 -c \
        'import json, sys; print(len(json.loads(sys.stdin.read().splitlines()[-1])["packages"]))')"
    chosen+=", apt $($apt --print-uris install "${names[@]}" | grep -c '^.http\|^.file')"
    if [[ -e $work/libsolv.solv ]]; then
        commands+=('libsolv, from a .solv cache, by Python' '' "$bench/libsolv solve $relations $file $work/libsolv.solv")
        chosen+=", libsolv $("$bench/libsolv" solve "$relations" "$file" "$work/libsolv.solv" | cut -d ' ' -f 1)"
    fi
    measure --rounds "$(rounds 9)" "${commands[@]}"
    printf '\nPackages chosen for %s names: %s.\n' "$(wc -l <"$file")" "$chosen"
}
distribution=$(awk '$1 == "distribution" { print $2; exit }' "$root/deploy.lock")
title 'Profile server from what was parsed, without Recommends (at most 50 ms and 100 MB)'
beside_peers server depends
title 'Profile desktop from what was parsed, with Recommends (at most 50 ms and 100 MB)'
beside_peers desktop recommends
unset APT_CONFIG
