# shellcheck shell=bash disable=SC2154
# A bootable live ISO of Debian with the packages of our live system, by others in the same run: from nothing, after one package more,
# and with nothing changed. live-build makes a live system and nothing else; ours has a ZFS module compiled for its kernel, a mirror,
# and the proof that it installs (a draft: as far as apt simulates it). Packages come from where this machine's apt has its own.
title "A live ISO by others, the same packages ($(nproc) cores)"
command -v lb >/dev/null || die 'peers: there is no live-build: apt-get install live-build'
# shellcheck disable=SC2016 # apt's own variable
peers_mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n 1p)
mapfile -t peers_packages < <(awk '$1 == "want" && $2 == "live" { print $3 }' "$root/deploy.lock" | sort -u)
peers_seconds() { # NAME COMMAND…: how long it took, into peers.tsv
    local begun=$EPOCHREALTIME
    shift 2
    "$@" >"$work/peers.log" 2>&1 || die "peers: $* failed: $(tail -n 5 "$work/peers.log")"
    awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

# live-build: `lb clean` keeps its caches of the base system and of packages; that is how one builds again.
mkdir "$work/peers-lb"
peers_config() {
    cd "$work/peers-lb" || return
    lb config --distribution trixie --architecture amd64 --archive-areas 'main contrib non-free-firmware' --binary-image iso-hybrid \
        --apt-recommends false --debian-installer none --memtest none --security false --updates false --firmware-chroot false \
        --firmware-binary false --chroot-squashfs-compression-type zstd --chroot-squashfs-compression-level 3 \
        --linux-packages linux-image --mirror-bootstrap "$peers_mirror" --mirror-chroot "$peers_mirror" --mirror-binary "$peers_mirror"
    printf '%s\n' "${peers_packages[@]}" >config/package-lists/live.list.chroot
}
peers_first() { peers_config && lb build; }
peers_again() {
    cd "$work/peers-lb" && lb clean && echo cowsay >>config/package-lists/live.list.chroot && lb build
}
peers_nothing() { cd "$work/peers-lb" && lb build; }
lb_first=$(peers_seconds live-build first peers_first)
lb_again=$(peers_seconds live-build again peers_again)
lb_nothing=$(peers_seconds live-build nothing peers_nothing)
lb_size=$(stat --format=%s "$work"/peers-lb/*.iso | sed -n 1p)
rm -rf -- "$work/peers-lb"

copy peers
mkdir "$work/peers-store"
private_podman
ours() { DEPLOY_CACHE=$work/peers-store "$binary" build --draft -C "$work/peers"; }
our_first=$(peers_seconds deploy first ours)
echo cowsay >>"$work/peers/package-sets/debian/live.txt"
our_again=$(peers_seconds deploy again ours)
our_nothing=$(peers_seconds deploy nothing ours)
our_module=$(DEPLOY_CACHE=$work/peers-store "$binary" status -C "$work/peers" --json | sed -n 's/.*"debian\/zfs-module".*"seconds":\([0-9.]*\).*/\1/p')
our_size=$(stat --format=%s "$work"/peers/live-build/output/*.iso | sort -n | sed -n 1p)
unset CONTAINERS_STORAGE_CONF
rm -rf -- "$work/peers" "$work/peers-store"

{
    printf 'what\tdeploy\tlive-build\n'
    printf 'from nothing\t%s\t%s\n' "$our_first" "$lb_first"
    printf 'after one package more\t%s\t%s\n' "$our_again" "$lb_again"
    printf 'with nothing changed\t%s\t%s\n' "$our_nothing" "$lb_nothing"
} >"$bench/peers.tsv"
printf '| seconds | deploy | live-build | ratio |\n|---|---:|---:|---:|\n'
awk -F'\t' 'NR > 1 { printf "| %s | %s | %s | %.2f |\n", $1, $2, $3, $2 / $3 }' "$bench/peers.tsv"
printf '\nSizes: %s MB with a mirror of %s, %s MB.\n' "$((our_size / 1000000))" "$(sed -n 's/^ *debian: \[\(.*\)\].*/\1/p' "$root/deploy.yaml" | sed -n 1p)" "$((lb_size / 1000000))"
printf 'Of ours from nothing, the ZFS module: %s s.\n' "${our_module:-?}"
python3 - "$bench/peers.tsv" >"$bench/peers.svg" <<'PYTHON'
import sys

rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[1])]
names, rows = rows[0][1:], rows[1:]
most = max(float(cell) for row in rows for cell in row[1:])
out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 %d" font-family="sans-serif" font-size="13">' % (len(rows) * 64 + 20)]
out.append('<rect width="100%" height="100%" fill="#fff"/>')
for number, (label, *cells) in enumerate(rows):
    top = number * 64 + 16
    out.append(f'<text x="170" y="{top + 24}" text-anchor="end" fill="#333">{label}</text>')
    for index, (name, cell) in enumerate(zip(names, cells)):
        width = max(float(cell) / most * 400, 1)
        out.append(f'<rect x="180" y="{top + index * 22}" width="{width:.1f}" height="18" fill="{["#1b6ca8", "#b0b7bd"][index]}"/>')
        out.append(f'<text x="{186 + width:.1f}" y="{top + index * 22 + 14}" fill="#333">{name} {float(cell):g} s</text>')
out.append("</svg>")
print("\n".join(out))
PYTHON
