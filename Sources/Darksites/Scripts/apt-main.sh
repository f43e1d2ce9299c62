# shellcheck shell=bash
# shellcheck disable=SC2154  # work is the script's that follows
# Stands before the scripts in which apt judges a mirror, as one script with each. They have `fail MESSAGE`, and a folder work.
# ARCHITECTURES are the native one, and foreign ones after it, with commas.

# apt_mirror MIRROR CODENAME COMPONENT ARCHITECTURES: every file that an index of the mirror lists is there and hashes, and no other file is there. Leaves $work/index: of each
# package file its digest and path.
apt_mirror() {
    local folder=dists/$2 each file indexes=() lists=("$work/release")
    cd "$1" || return
    for each in ${4//,/ }; do
        indexes+=("$folder/$3/binary-$each/Packages")
        [[ -f ${indexes[-1]} ]] || fail "there is no ${indexes[-1]}"
    done
    # The section SHA256 of Release lists the indexes: digest, size, path below its folder.
    awk -v folder="$folder/" '/^[^ ]/{inside=($1 == "SHA256:")} /^ /{if (inside) print $1 "  " folder $3}' "$folder/Release" \
        > "$work/release"
    # Packages of architecture all are in the index of each.
    awk '/^Filename: /{file=$2} /^SHA256: /{digest=$2} /^$/{if (file) print digest "  " file; file=""}
        END{if (file) print digest "  " file}' "${indexes[@]}" | sort -u > "$work/index"
    if [[ -s $work/index ]]; then lists+=("$work/index"); fi
    cut -d' ' -f3 "${lists[@]}" | sort -u > "$work/listed"
    find . -type f -printf '%P\n' | sort > "$work/there"
    comm -23 "$work/listed" "$work/there" > "$work/missing"
    [[ ! -s $work/missing ]] || fail "listed, and not there: $(head -n 5 "$work/missing")"
    sha256sum --quiet --strict --check "${lists[@]}" > "$work/log" 2>&1 \
        || fail "a file is not what the index says: $(head -n 5 "$work/log")"
    # Release lists neither itself nor its signature, nor the second names of the indexes, which are their digests.
    {
        cat "$work/listed"
        printf '%s\n' "$folder"/{Release,Release.gpg}
        sed -E 's|^(.{64})  (.*/)[^/]*$|\2by-hash/SHA256/\1|' "$work/release"
    } | sort -u > "$work/allowed"
    comm -13 "$work/allowed" "$work/there" > "$work/extra"
    [[ ! -s $work/extra ]] || fail "there, and not listed: $(head -n 5 "$work/extra")"
    sed -n '\|/by-hash/SHA256/|p' "$work/there" > "$work/second"
    while read -r file; do
        [[ $(sha256sum < "$file") == "${file##*/}  -" ]] || fail "a file is not what the index says: $file"
    done < "$work/second"
    find . ! -type f ! -type d > "$work/extra"
    [[ ! -s $work/extra ]] || fail "there, and neither a file nor a folder: $(head -n 5 "$work/extra")"
    cd /
}

# apt_main MIRROR CODENAME COMPONENT ARCHITECTURES KEY: apt reads that mirror, which must be signed by the key, and nothing of this system's. What is installed is what
# $work/status says: nothing, as yet.
apt_main() {
    mkdir -p "$work"/{lists/partial,archives/partial,etc/preferences.d,etc/trusted.gpg.d}
    : > "$work/none"
    : > "$work/status"
    printf 'deb [arch=%s signed-by=%s] file:%s %s %s\n' "$4" "$5" "$1" "$2" "$3" \
        > "$work/sources.list"
    cat > "$work/apt.conf" << END_OF_CONF
APT::Architecture "${4%%,*}";
APT::Architectures { "${4//,/\"; \"}"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$work";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::State::extended_states "$work/none";
Dir::Cache "$work";
Dir::Etc "$work/etc";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "-";
END_OF_CONF
    export APT_CONFIG=$work/apt.conf
    apt-get update --error-on=any > "$work/log" 2>&1 || fail "apt does not take it: $(cat "$work/log")"
}

# apt_requests ARRAY LIST SUFFIX ARCHITECTURES: into the array, how apt-get is asked for the packages of a list: NAME and the suffix, or NAME=VERSION
# without one. The name of a foreign one has its architecture.
apt_requests() {
    awk -v foreign=",${4#"${4%%,*}"}," -v suffix="$3" \
        '{print $1 (index(foreign, "," $3 ",") ? ":" $3 : "") (suffix ? suffix : "=" $2)}' "$2" > "$work/requests"
    mapfile -t "$1" < "$work/requests"
}
