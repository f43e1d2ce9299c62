# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are shared with whoever sources this
# Boot environments: the file systems right below rpool/ROOT, each with all that is below it. Who sources this has functions
# `fail MESSAGE [HINT]` and `warn MESSAGE`.
#
#   environments_read                   fills environments (their names) and environment_parts (what is below each)
#   environment_running                 the one that is /; nothing where / is something else
#   environment_default                 the one that boots by default
#   environment_exists NAME
#   environment_mount NAME FOLDER MODE  mounts one with all its parts; MODE is ro or rw. It must not be mounted already
#   environment_unmount FOLDER          and takes them away again
#   environment_clone SNAPSHOT NAME ORIGIN [PROPERTY=VALUE]…
#                                       makes NAME of the snapshot of that name of ORIGIN and of all its parts
#   environment_new_name WORD           a name that is not taken: WORD, WORD-2 …
#   environment_check_name NAME         fails where no boot environment can be called so

pool=${pool:-rpool}

environments=()
declare -A environment_parts=()

# One list for all; parts are lines "DATASET<tab>FOLDER", the folder as seen from the root of the boot environment, or "-" where
# nothing mounts it by itself; in the order in which they are mounted.
environments_read() {
    local listing name canmount folder be root='' parts
    environments=()
    environment_parts=()
    listing=$(zfs list -H -r -t filesystem -o name,canmount,mountpoint "$pool/ROOT")
    while IFS=$'\t' read -r name canmount folder; do
        be=${name#"$pool/ROOT/"}
        if [[ $be == "$name" ]]; then continue; fi
        if [[ $be != */* ]]; then
            environments+=("$be")
            environment_parts[$be]=''
            root=${folder%/}
            continue
        fi
        be=${be%%/*}
        # In the middle of an installation, or of a rescue, all folders are below that of the pool's other root.
        case $root in /*) folder=${folder#"$root"} ;; esac
        if [[ $canmount == off || $folder != /* ]]; then folder=-; fi
        environment_parts[$be]+=$name$'\t'$folder$'\n'
    done <<< "$listing"
    for be in "${environments[@]}"; do
        parts=${environment_parts[$be]%$'\n'}
        if [[ -n $parts ]]; then environment_parts[$be]=$(sort -t $'\t' -k 2,2 <<< "$parts"); fi
    done
}

environment_running() {
    local source
    source=$(findmnt --noheadings --first-only --output SOURCE --mountpoint /) || source='' # / is no file system of the pool
    case $source in "$pool"/ROOT/*) printf '%s\n' "${source#"$pool"/ROOT/}" ;; esac
}

environment_default() {
    local dataset
    dataset=$(zpool get -H -o value bootfs "$pool")
    printf '%s\n' "${dataset##*/}"
}

environment_exists() { zfs list -H -o name -- "$pool/ROOT/$1" > /dev/null 2>&1; }

environment_mount() {
    local name folder
    environment_mount_part "$pool/ROOT/$1" "$2" "$3"
    while IFS=$'\t' read -r name folder; do
        if [[ -z $name || $folder == - ]]; then continue; fi
        if [[ ! -d $2$folder ]]; then
            if [[ $3 == ro ]]; then continue; fi # there is nothing to see through
            mkdir -p "$2$folder"
        fi
        environment_mount_part "$name" "$2$folder" "$3"
    done <<< "${environment_parts[$1]:-}"
}

# One that somebody has mounted for writing can't be mounted a second time for reading alone.
environment_mount_part() {
    if [[ $3 == ro ]] && mount -t zfs -o ro,zfsutil "$1" "$2" 2> /dev/null; then return; fi
    mount -t zfs -o rw,zfsutil "$1" "$2"
}

environment_unmount() { if mountpoint --quiet "$1"; then umount --recursive "$1"; fi; }

environment_check_name() {
    [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$ ]] \
        || fail "\"$1\" can't be the name of a boot environment" "letters, digits, dots, dashes, underscores; it stands on the kernel's command line"
}

environment_new_name() {
    local name=$1 number=1
    while environment_exists "$name"; do
        number=$((number + 1))
        name=$1-$number
    done
    printf '%s\n' "$name"
}

# A clone has the properties of its parent, not of what it was made of: those that were set there are set here. Until all parts are
# there, kldload:state says so, and nothing takes it for something that boots.
environment_clone() {
    local snapshot=$1 name=$2 origin=$3 listing dataset folder part options property own=()
    for property in "${@:4}"; do own+=(-o "$property"); done
    environment_check_name "$name"
    if environment_exists "$name"; then fail "there is a boot environment $name already"; fi
    zfs list -H -o name -- "$pool/ROOT/$origin@$snapshot" > /dev/null 2>&1 || fail "there is no snapshot $origin@$snapshot"
    listing=$(sort <<< "${environment_parts[$origin]:-}") # what is below another one comes after it
    while IFS=$'\t' read -r dataset folder; do
        if [[ -z $dataset ]]; then continue; fi
        zfs list -H -o name -- "$dataset@$snapshot" > /dev/null 2>&1 \
            || fail "the snapshot $snapshot is not of the whole boot environment: $dataset has none" "kbe create without a snapshot takes one of all parts at once"
    done <<< "$listing"
    environment_options "$pool/ROOT/$origin" root
    zfs clone "${options[@]}" "${own[@]}" -o canmount=noauto -o mountpoint=/ -o kldload:state=unfinished \
        -- "$pool/ROOT/$origin@$snapshot" "$pool/ROOT/$name" || fail "$name can't be made; see above. Nothing was changed"
    while IFS=$'\t' read -r dataset folder; do
        if [[ -z $dataset ]]; then continue; fi
        part=$pool/ROOT/$name${dataset#"$pool/ROOT/$origin"}
        environment_options "$dataset" part
        zfs clone "${options[@]}" -- "$dataset@$snapshot" "$part" || {
            zfs destroy -r -- "$pool/ROOT/$name" || warn "what was made of it is left: zfs destroy -r $pool/ROOT/$name"
            fail "$name can't be made whole: $part; see above"
        }
    done <<< "$listing"
}

# environment_options DATASET root|part|data: options of `zfs clone`, in `options`: the settings that were made there. Data is what is part
# of no boot environment.
environment_options() {
    local listing property value
    options=()
    listing=$(zfs get -H -p -s local -o property,value all "$1")
    while IFS=$'\t' read -r property value; do
        case $property in
            '' | kldload:*) ;;
            mountpoint | canmount)
                if [[ $2 == root ]]; then continue; fi
                if [[ $2 == part && $property == canmount && $value == on ]]; then value=noauto; fi
                options+=(-o "$property=$value")
                ;;
            *:* | aclinherit | aclmode | acltype | atime | checksum | compression | copies | dedup | devices | dnodesize | exec | logbias \
                | overlay | primarycache | quota | readonly | recordsize | redundant_metadata | refquota | relatime | secondarycache | setuid \
                | snapdir | special_small_blocks | sync | xattr)
                options+=(-o "$property=$value")
                ;;
        esac
    done <<< "$listing"
    # All of them are mounted with their boot environment, and never by `zfs mount -a` into another one.
    if [[ $2 == part && " ${options[*]} " != *' canmount='* ]]; then options+=(-o canmount=noauto); fi
}

# environment_finished NAME: from here on it boots.
environment_finished() { zfs inherit kldload:state "$pool/ROOT/$1"; }
