# shellcheck shell=bash disable=SC2154
# A build that finds everything up to date, and podman's answer to the same question.
title 'A build with nothing to do, 3,000 files in includes.chroot (at most 100 ms)'
need_built_copy
copy many
context=$work/many/live-build/config
for folder in {1..60}; do
    mkdir -p "$context/includes.chroot/usr/share/bench/$folder"
    for file in {1..50}; do
        printf 'file %s of folder %s\n' "$file" "$folder" >"$context/includes.chroot/usr/share/bench/$folder/$file"
    done
done
say 'building the copy with 3,000 more files'
DEPLOY_CACHE=$work/store "$binary" build -C "$work/many" >"$work/many.log" 2>&1 || die "$(tail -n 20 "$work/many.log")"

base=localhost/kldload-bench-$$
at_exit "podman rmi --force $base:context $base:base"
echo base >"$work/base-file"
tar -C "$work" -c base-file | podman import --quiet - "$base:base" >/dev/null
printf 'FROM %s:base\nCOPY includes.chroot /\n' "$base" >"$work/Containerfile"
podman="podman build --quiet --layers --tag $base:context --file $work/Containerfile $context"
measure --rounds "$(rounds 11)" --warmups 2 \
    'deploy build' '' "env DEPLOY_CACHE=$work/store $binary build -C $work/many" \
    'podman build, all layers cached' '' "$podman" \
    'deploy build, without the 3,000 files' '' "env DEPLOY_CACHE=$work/store $binary build -C $work/copy"
