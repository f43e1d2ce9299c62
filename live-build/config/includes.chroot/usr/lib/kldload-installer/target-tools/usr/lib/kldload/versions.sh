# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with krestore and common.sh
# Where a file is in the snapshots of its file system, and which of them have it differently. After common.sh.

work=''
close_snapshots() {
    local folder
    if [[ -z $work ]]; then return; fi
    for folder in "$work"/*; do
        if mountpoint --quiet "$folder"; then umount "$folder"; fi
        rmdir "$folder"
    done
    rmdir "$work"
}
trap close_snapshots EXIT

# locate FILE: sets `dataset`, `mounted` (where that is; empty where it is not), `inside` (the path below that), and `parent` and `name`
# of the file, which may be gone; its folder may be gone, too. FILE itself may be a link, and is meant as that.
locate() {
    local given=$1 folder
    while [[ $given == */ && $given != / ]]; do given=${given%/}; done
    case ${given##*/} in . | ..) given=$(readlink --canonicalize -- "$given") ;; esac
    name=${given##*/}
    case $given in
        */*) parent=$(readlink --canonicalize-missing -- "${given%/*}/") ;;
        *) parent=$PWD && parent=$(readlink --canonicalize -- "$parent") ;;
    esac
    if locate_unmounted "${parent%/}/$name"; then return; fi
    folder=$parent
    while [[ ! -d $folder/ ]]; do folder=${folder%/*}; done
    if [[ -d $parent/$name && ! -L $parent/$name ]]; then folder=$parent/$name; fi # it may be a mount point
    dataset=$(dataset_of "${folder:-/}")
    mounted=$(mount_field TARGET --target "${folder:-/}")
    inside=${parent%/}/$name
    inside=${inside#"${mounted%/}"}
    inside=${inside#/}
}

# locate_unmounted PATH: the same, where PATH is in a file system that would be mounted there and is not.
locate_unmounted() {
    local lines canmount state point each best=''
    lines=$(zfs list -H -t filesystem -o canmount,mounted,mountpoint,name)
    while IFS=$'\t' read -r canmount state point each; do
        # / is what is mounted there, and none of the other boot environments.
        if [[ $canmount == off || $point != /?* || $1 != "$point"/* ]] || ((${#point} <= ${#best})); then continue; fi
        best=$point
        dataset=$each
        mounted=$state
    done <<< "$lines"
    if [[ -z $best || $mounted == yes ]]; then return 1; fi
    mounted=''
    inside=${1#"$best"/}
}

# locate_in DATASET PATH: the same, for a path of a file system that is named: another boot environment, say.
locate_in() {
    dataset=$1
    dataset_exists "$dataset" filesystem || fail "there is no file system $dataset" "zfs list"
    inside=${2#/}
    [[ /$inside/ != */../* ]] || usage_error "$2: a path without .."
    inside=${inside%/}
    name=${inside##*/}
    mounted=$(mount_field TARGET --source "$dataset") || mounted='' # it is not mounted
    parent=''
}

# open_snapshot NAME: leaves in REPLY the folder where that snapshot of the file system can be read.
open_snapshot() {
    if [[ -n $mounted && -d ${mounted%/}/.zfs/snapshot/$1/ ]]; then
        REPLY=${mounted%/}/.zfs/snapshot/$1
        return
    fi
    need_root # to mount it
    if [[ -z $work ]]; then work=$(mktemp --directory --tmpdir kldload-snapshot.XXXXXX); fi
    REPLY=$work/${1//[^A-Za-z0-9_.:-]/_}
    if [[ -d $REPLY ]]; then return; fi
    mkdir "$REPLY"
    mount -t zfs -o ro,nosuid,nodev "$dataset@$1" "$REPLY" \
        || fail "$dataset@$1 can't be looked into" "is the key of an encrypted one loaded? zfs load-key $(printf %q "$dataset")"
}

# within ROOT: leaves in REPLY where the file is below ROOT; status 1 where it is not there, or where a link on the way leads out.
within() {
    local folder
    REPLY=$1/$inside
    if [[ ! -e $REPLY && ! -L $REPLY ]]; then return 1; fi
    folder=$(readlink --canonicalize -- "$1/${inside%"$name"}")
    [[ $folder/ == "$(readlink --canonicalize -- "$1")"/* ]]
}

# look PATH: sets kind, bytes, modified, and looks, which is the same where two are the same as far as can be seen from outside; where
# mark is the same, too, nothing at all has changed.
look() {
    local line
    if [[ -L $1 || ! -d $1 ]]; then
        line=$(stat --format='%F|%s|%.Y|%a %u %g|%i %.Z' -- "$1")
        IFS='|' read -r kind bytes modified looks mark <<< "$line"
        case $kind in 'regular'*) kind='file' ;; 'symbolic link') kind='link' && looks+=" $(readlink -- "$1")" ;; esac
        looks="$kind $bytes $modified $looks"
    else
        kind=folder
        line=$(find "$1" -xdev \( -type d -printf 'd %m %U %G %P\0' \) -o -printf '%y %s %T@ %m %U %G %P %l\0' | LC_ALL=C sort -z | sha256sum)
        looks="folder ${line%% *}"
        mark=$looks
        line=$(find "$1" -xdev -type f -printf '%s %T@\n' | awk '{ sum += $1; if ($2 > last) last = $2 } END { printf "%.0f|%.0f|%d", sum, int(last), NR }')
        IFS='|' read -r bytes modified entries <<< "$line"
        if [[ $entries == 0 ]]; then modified=$(stat --format=%Y -- "$1"); fi
    fi
    modified=${modified%.*}
}

# read_versions: arrays by version, the newest first: version_in (names of snapshots, the newest first), version_kind, _bytes, _modified,
# _at (when the newest of these was taken). What is there now is the first, where it is there; version_now is its index.
version_in=() version_kind=() version_bytes=() version_modified=() version_at=()
version_now=''
read_versions() {
    local lines each created written last=-1 path='' previous_path='' previous_looks='' previous_mark='' same kind bytes modified looks mark entries unchanged=no
    if [[ -n $mounted ]] && within "${mounted%/}"; then
        previous_path=$REPLY
        look "$REPLY"
        add_version '' ''
        version_now=0
        previous_looks=$looks previous_mark=$mark
    fi
    lines=$(zfs list -H -p -d 1 -t snapshot -S createtxg -o name,creation,written -- "$dataset")
    while IFS=$'\t' read -r each created written; do
        if [[ -z $each ]]; then continue; fi # there is none
        each=${each#*@}
        # Nothing was written from this one to the one that came after it: no need to look.
        if [[ $unchanged == yes ]]; then
            if ((last >= 0)); then version_in[last]+=" $each"; fi
        else
            open_snapshot "$each"
            if ! within "$REPLY"; then
                last=-1
                previous_looks=''
            else
                path=$REPLY
                look "$path"
                same=no
                if [[ -n $previous_looks && $looks == "$previous_looks" ]]; then
                    # The times of a file can be set; that of its inode can't.
                    if [[ $mark == "$previous_mark" || $kind != file ]] || cmp --silent -- "$path" "$previous_path"; then same=yes; fi
                fi
                if [[ $same == yes ]]; then
                    last=$((${#version_in[@]} - 1))
                    if [[ -z ${version_in[last]} ]]; then version_at[last]=$created; fi
                    version_in[last]+="${version_in[last]:+ }$each"
                else
                    add_version "$each" "$created"
                    last=$((${#version_in[@]} - 1))
                fi
                previous_looks=$looks previous_mark=$mark previous_path=$path
            fi
        fi
        unchanged=no
        if [[ $written == 0 ]]; then unchanged=yes; fi
    done <<< "$lines"
}

add_version() {
    version_in+=("$1")
    version_at+=("$2")
    version_kind+=("$kind")
    version_bytes+=("$bytes")
    version_modified+=("$modified")
}
