# shellcheck shell=bash disable=SC2154
# From nothing to a bootable live ISO, beside live-build and mkosi: the packages of the set `live`, from the lock's snapshot, which
# one server on the loopback interface hands to all of them. In this order: everything; another package; nothing changed.
# Without our module, ZFS would bring the compiler: peers don't get its two names.
[[ $(id -u) == 0 ]] || die 'peers: live-build and mkosi want root'
for program in lb mkosi debootstrap systemd-nspawn mksquashfs unsquashfs grub-mkrescue xorriso mformat; do
    command -v "$program" >/dev/null || die "peers: this needs $program (packages live-build, mkosi, debootstrap, \
systemd-container, squashfs-tools, grub-common, grub-pc-bin, grub-efi-amd64-bin, xorriso, mtools)"
done
here=$work/peers
read -ra tools <<<"${BENCH_PEERS:-alone default live-build mkosi}"
declare -A names=([alone]='deploy, the live system alone' [default]='deploy, the default image' [live-build]=live-build [mkosi]=mkosi)
phases=('from nothing' 'a package added' 'nothing changed')
additions=(hello figlet cmatrix)
declare -A seconds=() spread=() processor=() sizes=() fetched=()
mkdir -- "$here"

# --- the packages ------------------------------------------------------------------------------------------------------

awk '$1 == "want" && $2 == "live" && $3 !~ /^zfs/ { print $3 }' "$root/deploy.lock" >"$here/packages"
"$bench/mirror" "$root/deploy.lock" "$store" "$here/archive" builder live zfs-build core server
addresses=()
while read -r repository url; do
    addresses+=("$repository=$url")
done < <("$binary" doctor -C "$root" | sed -nE 's,^.*repository ([^ ]+) +([^ ]+)/dists/[^ ]+ answers$,\1 \2,p')
coproc ARCHIVE { exec "$bench/peers/archive" "$here/archive" "${addresses[@]}"; }
at_exit "kill $ARCHIVE_PID"
read -r port <&"${ARCHIVE[0]}"
export DEPLOY_MIRROR_DEBIAN=http://127.0.0.1:$port/debian DEPLOY_MIRROR_DEBIAN_SECURITY=http://127.0.0.1:$port/debian-security

# --- how to time -------------------------------------------------------------------------------------------------------

# timed TOOL PHASE PREPARE COMMAND…: PREPARE is a line of bash, in which ROUND counts from 1. Three rounds of what takes less than a
# minute and does not begin with nothing, else one.
timed() {
    local tool=$1 phase=$2 prepare=$3 costs=() count=1
    shift 3
    for ((ROUND = 1; ROUND <= count; ROUND++)); do
        eval "$prepare"
        sync
        : >"$here/archive/fetched"
        say "$tool: $phase, round $ROUND"
        "$bench/peers/cost" "$here/cost" "$@" >"$here/log" 2>&1 </dev/null || die "$tool, $phase: $(tail -n 30 "$here/log")"
        costs+=("$(<"$here/cost")")
        # What the server did not have yet and had to get from far away, while somebody waited.
        fetched[$tool/$phase]=$(awk '{ bytes += $1; seconds += $2 } END { printf "%.1f MB, %.1f s", bytes / 1e6, seconds }' \
            "$here/archive/fetched")
        if ((ROUND == 1)) && [[ $phase != "${phases[0]}" ]] && ((${costs[0]%%.*} < 60)); then count=$(rounds 3); fi
    done
    mapfile -t costs < <(printf '%s\n' "${costs[@]}" | sort -n)
    read -r "seconds[$tool/$phase]" "processor[$tool/$phase]" <<<"${costs[(${#costs[@]} - 1) / 2]}"
    spread[$tool/$phase]=
    ((${#costs[@]} == 1)) || spread[$tool/$phase]=" ($(shown "${costs[0]% *}") – $(shown "${costs[-1]% *}"))"
    say "$tool: $phase: $(shown "${seconds[$tool/$phase]}"), load $(cut -d' ' -f1 /proc/loadavg)"
}

# shown SECONDS: as people read it
shown() {
    awk -v s="$1" 'BEGIN {
        if (s < 1) printf "%.0f ms", s * 1000
        else if (s < 100) printf "%.1f s", s
        else printf "%d min %02d s", s / 60, s % 60
    }'
}

# Another name in the list of packages $1, another one each round.
add_package() { echo "${additions[ROUND - 1]}" >>"$1"; }

# is_bootable TOOL FILE: an ISO that firmware of both kinds starts, with a kernel and one root that is compressed.
is_bootable() {
    local report
    report=$(xorriso -indev "$2" -report_el_torito plain -find / -type f -name '*squashfs' -exec report_lba -- 2>&1)
    [[ $report == *BIOS* && $report == *UEFI* && $report == *squashfs* ]] || die "$1 made no bootable image: $report"
    sizes[$1]=$(stat -c %s -- "$2")
}

# --- deploy ------------------------------------------------------------------------------------------------------------

# The module that peers have none of: a store in which nothing is but that step, as an earlier build left it.
keep_module() {
    local record digest
    record=$(<"$1/records/last/debian-zfs-module")
    record=records/by-key/${record:0:2}/$record
    mkdir -p -- "$2/${record%/*}"
    cp -- "$1/kldload-store" "$2/"
    cp -- "$1/$record" "$2/$record"
    awk '$1 == "log" || $1 == "tree" { print $2 } $1 == "output" { print $4 }' "$1/$record" | while read -r digest; do
        mkdir -p -- "$2/blobs/${digest:0:2}"
        cp -- "$1/blobs/${digest:0:2}/$digest" "$2/blobs/${digest:0:2}/"
    done
}

deploy_phases() {
    local build=("$binary" build -C "$here/$1")
    export DEPLOY_CACHE=$here/$1.store
    private_podman
    rm -- "$here/$1/deploy.lock"
    timed "$1" 'from nothing' : "$bench/timeline" --resources --log "$here/timeline.log" -- "${build[@]}" --json
    printf '\n%s, from nothing:\n\n' "${names[$1]^}"
    cat -- "$here/log"
    [[ $1 == default ]] || ! grep -q '^| debian/zfs-module' "$here/log" || die 'the store has no ZFS module: run ./deploy build first'
    local images=("$here/$1"/live-build/output/*.iso)
    is_bootable "$1" "${images[0]}"
    timed "$1" 'a package added' "add_package '$here/$1/package-sets/debian/live.txt'" "${build[@]}"
    timed "$1" 'nothing changed' : "${build[@]}"
    unset DEPLOY_CACHE CONTAINERS_STORAGE_CONF
    rm -rf -- "${here:?}/$1" "$here/$1.store"
}

default_phases() {
    copy peers/default
    mkdir -- "$here/default.store"
    deploy_phases default
}

# The same live system, and as little as an image can carry: the kernel, ZFS and the base system; nothing is really installed.
alone_phases() {
    copy peers/alone
    printf 'linux-image-amd64\nzfsutils-linux\n' >"$here/alone/package-sets/debian/little.txt"
    cat >"$here/alone/deploy.yaml" <<YAML
version: 1
distributions:
  debian:
    release: "13"
    codename: trixie
    architecture: amd64
    repositories:
      - {name: debian, mirrors: [host], suites: [trixie, trixie-updates], components: [main, contrib, non-free-firmware],
         keyring: /usr/share/keyrings/debian-archive-keyring.gpg}
      - {name: debian-security, mirrors: [host], suites: [trixie-security], components: [main, contrib, non-free-firmware],
         keyring: /usr/share/keyrings/debian-archive-keyring.gpg}
    profiles: {little: [little]}
    gates: {install: []}
    zfs-module: {sets: [zfs-build]}
live: {distribution: debian, sets: [live], includes: live-build/config/includes.chroot}
builder: {distribution: debian, sets: [builder]}
iso: {label: KLDLOAD, edition: free, distribution: debian, profile: little, darksites: {debian: [little]}, squashfs-level: 3}
YAML
    keep_module "$store" "$here/alone.store"
    deploy_phases alone
}

# --- live-build and mkosi ----------------------------------------------------------------------------------------------

peer_phases() {
    local folder=$here/$1
    local command=("$bench/peers/$1" WAY "$folder" "$folder.packages" "http://127.0.0.1:$port")
    mkdir -- "$folder"
    cp -- "$here/packages" "$folder.packages"
    timed "$1" 'from nothing' : "${command[@]/#WAY/new}"
    is_bootable "$1" "$folder/live.iso"
    timed "$1" 'a package added' "add_package '$folder.packages'" "${command[@]/#WAY/changed}"
    timed "$1" 'nothing changed' : "${command[@]/#WAY/again}"
    is_bootable "$1" "$folder/live.iso"
    rm -rf -- "$folder"
}

title "From nothing to a live ISO, beside live-build and mkosi: $(wc -l <"$here/packages") names"
for tool in "${tools[@]}"; do
    case $tool in
        alone | default) "${tool}_phases" ;;
        *) peer_phases "$tool" ;;
    esac
done
unset DEPLOY_MIRROR_DEBIAN DEPLOY_MIRROR_DEBIAN_SECURITY

# --- what came of it ---------------------------------------------------------------------------------------------------

printf '\n| time, CPU seconds | %s | %s | %s | ISO |\n|---|---:|---:|---:|---:|\n' "${phases[@]}"
{ IFS=$'\t' && printf 'tool\t%s\n' "${phases[*]}" && unset IFS; } >"$here/table"
for tool in "${tools[@]}"; do
    row="| ${names[$tool]} |" line=${names[$tool]}
    for phase in "${phases[@]}"; do
        row+=" $(shown "${seconds[$tool/$phase]}")${spread[$tool/$phase]}, $(printf %.1f "${processor[$tool/$phase]}") |"
        line+=$'\t'${seconds[$tool/$phase]}
    done
    echo "$row $((sizes[$tool] / 1000000)) MB |"
    echo "$line" >>"$here/table"
done
printf '\nOf these, waiting for what the server had to fetch from the archive first:\n\n'
for tool in "${tools[@]}"; do
    printf -- "- %s: %s from nothing; %s for a package\n" "${names[$tool]}" \
        "${fetched[$tool/${phases[0]}]}" "${fetched[$tool/${phases[1]}]}"
done
[[ -n ${BENCH_PEERS:-} ]] || cp -- "$here/table" "$bench/peers.tsv"
[[ -n ${BENCH_PEERS:-} ]] || "$bench/peers/bars" 'A Debian live ISO of the same packages' <"$here/table" >"$bench/peers.svg"
rm -rf -- "$here"
