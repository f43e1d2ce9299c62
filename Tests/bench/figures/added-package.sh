# shellcheck shell=bash disable=SC2154
# A name more in a package set: resolved against the locked snapshot, its closure fetched, the index rewritten. As a draft:
# without the real installation of the profile.
title 'A package added to a set (build --draft)'
need_built_copy
set_file=$work/copy/package-sets/debian/server.txt
additions=()
for name in hello figlet cowsay sl toilet lolcat cmatrix boxes; do
    grep -q " $name " "$root/deploy.lock" || additions+=("$name")
done
count=$(rounds 3)
((${#additions[@]} >= count)) || count=${#additions[@]}
printf '%s, one a round.\n\n' "${additions[*]:0:count}"
export DEPLOY_CACHE=$work/store
timeline --rounds "$count" --prepare "set -- ${additions[*]}; shift \$((ROUND - 1)); echo \"\$1\" >>$set_file" \
    --forbidden '^live/|^iso/boot$|^builder/|/(zfs-.*|indexes|install-.*)$' -- \
    "$binary" build --draft -C "$work/copy" --json
unset DEPLOY_CACHE
