# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with kbe
# What differs between two boot environments. After be.sh and packages.sh.

# be_files NAME ROOT: a line for each file of all its parts, "PATH<tab>what is told apart"; times of folders say nothing.
be_files() {
    local listing dataset folder folders=("")
    listing=${environment_parts[$1]:-}
    while IFS=$'\t' read -r dataset folder; do
        if [[ -n $dataset && $folder != - && -d $2$folder ]]; then folders+=("$folder"); fi
    done <<< "$listing"
    for folder in "${folders[@]}"; do
        find "${2%/}$folder/" -mindepth 1 -xdev \( -path "${2%/}/tmp/*" -o -path "${2%/}/run/*" -o -path "${2%/}/.zfs" \) -prune -o \
            \( -type d -printf "$folder/%P\t%y %m %U:%G\n" -o -printf "$folder/%P\t%y %m %U:%G %s %T@ %l\n" \)
    done | LC_ALL=C sort
}

# be_diff A B: fills $work/packages and $work/files: what B has (+), lacks (-) and has otherwise (~).
be_diff() {
    local name number=0 opened=() root
    for name in "$1" "$2"; do
        number=$((number + 1))
        if [[ $name == "$be_running" ]]; then
            root=${KLDLOAD_ROOT:-/}
        else
            be_open "$name" ro
            root=$be_root
            if [[ $be_opened == yes ]]; then opened+=("$root"); fi
        fi
        packages_of "$root" > "$work/packages.$number"
        be_files "$name" "$root" > "$work/files.$number"
    done
    for root in "${opened[@]}"; do be_close "$root"; done
    packages_difference "$work/packages.1" "$work/packages.2" > "$work/packages"
    LC_ALL=C comm -3 --output-delimiter='>' "$work/files.1" "$work/files.2" | awk -F '\t' -v OFS='\t' '
        sub(/^>/, "") { fresh[$1]; next }
        { gone[$1] }
        END {
            for (name in fresh) print (name in gone ? "~" : "+"), name
            for (name in gone) if (!(name in fresh)) print "-", name
        }' | LC_ALL=C sort --field-separator=$'\t' --key=2,2 > "$work/files"
}
