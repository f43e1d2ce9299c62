# shellcheck shell=bash
# shellcheck disable=SC2154  # work is the script's that follows
# Stands before the scripts that run dnf, as one script with each.

# dnf_main WORK PLATFORM: the main section of a dnf.conf(5) with which dnf reads nothing of this system's and writes below WORK.
# Since 4.19, dnf reads the lists of files only where it is told to; packages may require files that primary.xml has not.
dnf_main() {
    cat << END_OF_MAIN
[main]
reposdir=/nonexistent
varsdir=/nonexistent
plugins=0
cachedir=$1/cache
logdir=$1
persistdir=$1/state
module_platform_id=platform:$2
install_weak_deps=0
optional_metadata_types=filelists
best=1
gpgcheck=0
END_OF_MAIN
}

# dnf_mirror MIRROR: every file that its metadata list is there and hashes, and no other file is there. Leaves $work/packages: of each
# package file its digest and path.
dnf_mirror() {
    local file primary
    cd "$1" || return
    [[ -f repodata/repomd.xml ]] || fail "there is no repodata/repomd.xml"
    # The first checksum of a file is that of what lies there.
    awk -F'[<>"]' '/<data /{digest=""} /<checksum /{if (!digest) digest=$5} /<location /{print digest "  " $3}' \
        repodata/repomd.xml > "$work/indexes"
    cut -c 67- "$work/indexes" > "$work/listed"
    while read -r file; do [[ -f $file ]] || fail "listed, and not there: $file"; done < "$work/listed"
    sha256sum --quiet --strict --check "$work/indexes" > "$work/log" 2>&1 \
        || fail "a file is not what repomd.xml says: $(head -n 5 "$work/log")"
    primary=(repodata/*-primary.xml*)
    ((${#primary[@]} == 1)) || fail "there are ${#primary[@]} indexes of packages"
    case ${primary[0]} in
        *.gz) gzip -dc "${primary[0]}" ;;
        *.zst) zstd -dcq "${primary[0]}" ;;
        *.xz) xz -dc "${primary[0]}" ;;
        *) cat "${primary[0]}" ;;
    esac > "$work/primary"
    # One may list none.
    { grep -oE '<checksum type="sha256" pkgid="YES">[0-9a-f]{64}<|<location href="[^"]*"' "$work/primary" || :; } \
        | sed -E 's/.*>([0-9a-f]{64})<$/\1/; s/^<location href="(.*)"$/\1/' | paste -d' ' - - | sed 's/ /  /' > "$work/packages"
    cut -c 67- "$work/packages" >> "$work/listed"
    sort -u -o "$work/listed" "$work/listed"
    find . -type f -printf '%P\n' | sort > "$work/there"
    comm -23 "$work/listed" "$work/there" > "$work/missing"
    [[ ! -s $work/missing ]] || fail "listed, and not there: $(head -n 5 "$work/missing")"
    if [[ -s $work/packages ]]; then
        sha256sum --quiet --strict --check "$work/packages" > "$work/log" 2>&1 \
            || fail "a file is not what the index says: $(head -n 5 "$work/log")"
    fi
    printf '%s\n' repodata/repomd.xml repodata/repomd.xml.asc | cat "$work/listed" - | sort -u > "$work/allowed"
    comm -13 "$work/allowed" "$work/there" > "$work/extra"
    [[ ! -s $work/extra ]] || fail "there, and not listed: $(head -n 5 "$work/extra")"
    find . ! -type f ! -type d > "$work/extra"
    [[ ! -s $work/extra ]] || fail "there, and neither a file nor a folder: $(head -n 5 "$work/extra")"
    cd /
}

# dnf_repository NAME MIRROR KEY: the section of a dnf.conf(5) for a mirror, which must be signed by the key.
dnf_repository() {
    printf '%s\n' "[$1]" "name=$1" "baseurl=file://$2" repo_gpgcheck=1 "gpgkey=file://$3"
}
