# shellcheck shell=bash disable=SC2154
# The indexes of a mirror. deploy has each package's stanza from a signed index, and its digest since it was fetched: it puts
# them together, packs and hashes them. The others open and hash every .deb, as they must who have nothing but a folder.
need_mirror
need_benchmarks
read -r repository path < <(
    awk '$1 == "index" { print $6, $2, $7 }' "$root/deploy.lock" | sort -rn | sed -n 1p | cut -d ' ' -f 2-
)
mkdir -p -- "$work/mirror-index/"{parsed,archive/pool}
command="$benchmarks mirror 3000 1 $work/mirror-index/parsed $work/mirror/$repository/$path"
title 'Writing the indexes of a mirror with 3,000 packages, in the process (under 100 ms)'
"$benchmarks" mirror 3000 "$(rounds 15)" "$work/mirror-index/parsed" "$work/mirror/$repository/$path"

# As many real packages as there are, up to 325, and links that are files to everybody.
while read -r repository path _; do
    ln -f -L -- "$work/mirror/$repository/$path" "$work/mirror-index/archive/pool/"
done < <(head -n 325 "$work/mirror/files")
count=$(find "$work/mirror-index/archive/pool" -type f | wc -l)
title "The same as a process, and a folder of $count .debs by others"
commands=('deploy: 3,000 packages, the table from what was parsed' '' "$command")
archive=$work/mirror-index/archive
if command -v dpkg-scanpackages >/dev/null; then
    commands+=("dpkg-scanpackages --hash sha256: $count packages" ''
        "cd $archive && dpkg-scanpackages --hash sha256 pool >$work/mirror-index/scanned")
fi
if command -v apt-ftparchive >/dev/null; then
    ftparchive='apt-ftparchive -o APT::FTPArchive::MD5=0 -o APT::FTPArchive::SHA1=0 -o APT::FTPArchive::SHA512=0'
    commands+=("apt-ftparchive packages, SHA-256 alone: $count packages" ''
        "cd $archive && $ftparchive packages pool >$work/mirror-index/made"
        '… with its database of what it read before' ''
        "cd $archive && $ftparchive --db $work/mirror-index/db packages pool >$work/mirror-index/made")
fi
measure --rounds "$(rounds 5)" "${commands[@]}"
