# shellcheck shell=bash disable=SC2154
# The same questions to archives of 5,000 to 500,000 packages, which are made of a real one by repeating and renaming.
need_mirror
need_benchmarks
need_plain_indexes
sizes=(5000 20000 68800 200000 500000)
here=$work/scaling
mkdir -p -- "$here/parsed"
plain=$(find "$work/plain-indexes" -name '*.Packages' -printf '%s %p\n' | sort -rn | sed -n '1s/^[0-9]* //p')
# What the profile server comes to in that index alone: smaller archives must have it, too.
sed -n 's/^Package: //p' "$plain" | sort -u >"$here/names"
names_of server | comm -12 - "$here/names" >"$here/asked"
tr '\n' ' ' <"$here/asked" >"$here/request"
"$benchmarks" answer depends "$here/request" "$plain" | sed -n 's/^yes //p' | tr ' ' '\n' | sed 's/=.*//' >"$here/closure"
[[ -s $here/closure ]] || die "the profile server can't be had from $plain alone"
title "Archives of ${sizes[0]} to ${sizes[-1]} packages; milliseconds, the server profile is $(wc -l <"$here/closure") packages"
printf 'packages\tread and table\tload what was parsed\tsolve a profile\tcheck every package\n' >"$here/table"
for size in "${sizes[@]}"; do
    "$bench/grow" "$plain" "$size" "$here/index" "$here/closure"
    "$benchmarks" scale "$(rounds 11)" "$here/parsed" "$here/asked" "$here/index" >>"$here/table"
    rm -rf -- "$here/parsed" && mkdir -- "$here/parsed"
done
sed -e 's/\t/ | /g; s/^/| /; s/$/ |/' -e '1a |---:|---:|---:|---:|---:|' "$here/table"
cp -- "$here/table" "$bench/scaling.tsv"
"$bench/plot" 'Cost by the size of the archive' <"$here/table" >"$bench/scaling.svg"
rm -rf -- "$here"
