# shellcheck shell=bash disable=SC2154
# Every step once more, elsewhere and otherwise, by the command that people type: on btrfs, 400 days later, and as BENCH_USER, where that
# is set. As root, and with faketime.
title 'The same lock built twice'
need_built_copy
mkdir "$work/again"
truncate -s 60G "$work/disk" # as little of it is used as the second build takes
mkfs.btrfs --quiet "$work/disk"
mount -o loop "$work/disk" "$work/again"
at_exit "umount '$work/again'"
# Another user goes through these, and sees nothing.
chmod 711 "$work" "$work/again"
private_podman
DEPLOY_CACHE=$work/store "$binary" reproduce -C "$work/copy" --in "$work/again" --days 400 ${BENCH_USER:+--user "$BENCH_USER"} --json \
    >"$work/again.json" 2>"$work/again.log" || die "$(tail -n 20 "$work/again.log")"
unset CONTAINERS_STORAGE_CONF
umount "$work/again"
rm "$work/disk"
jq -r --arg work "$work/" 'select(.event == "reproduction")
    | "| varied | first build | second build |", "|---|---|---|",
      (.varied[] | "| \(.name) | \(.first) | \(.second) |" | gsub($work; "")),
      "",
      "\(.steps | length) steps: \([.steps[] | select(.verdict == "same")] | length) gave the same bytes with another signing key, "
      + "\([.steps[] | select(.verdict == "same with the same key")] | length) with the same one; the image is the same: "
      + "`sha256 \(.image)`; \(.seconds / 60 | round) min.",
      "Not varied: " + ([.equal[].name] | join(", ") | if . == "" then "nothing of what could be" else . end) + "."' "$work/again.json"
