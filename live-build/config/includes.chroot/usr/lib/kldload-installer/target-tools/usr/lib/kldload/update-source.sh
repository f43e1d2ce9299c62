# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are for the tool that sources this, and come from common.sh
# Where updates come from when there is no network: a medium of updates (made by `deploy delta`) or a whole ISO of kldload, on a stick, as
# a file, or in a folder. It is believed only as far as the key signed it that this machine was installed with. Wants common.sh.
#
#   update_source_open SOURCE    a device, an image file or a folder; reads it, and changes nothing. Sets
#       update_source_root            where it can be read
#       update_source_kind            `delta`, which has what is new; or `image`, which has everything
#       update_source_distribution, update_source_profile, update_source_family (apt or rpm): of this machine
#       update_source_from, update_source_to   the days of a delta's two sides; empty of an image
#       update_source_apt_options     for apt-get, for dnf: this source is there, and no other. For these calls alone: nothing is written
#       update_source_dnf_options     outside of /run/kldload/update-source, and that is gone after update_source_close
#   update_source_check [ROOT]   every byte that will be read is what was signed; and the packages of ROOT (/, unless said) are those
#                                that the medium starts from. All of that before anything is changed. Sets
#       update_source_state           `ready`, or `current` where there is nothing to do
#       update_source_arriving        what apt-get or dnf is to be asked for: name=version; name-version.architecture
#       update_source_leaving         what is to be removed: names. What belongs to the kernel that runs is not among them
#       update_source_kernel_packages     but here: it can go once another kernel has shown that it boots
#       update_source_differences     a line for each package that is not as the medium knows it, and may be
#                                Kernels are held on machines of ours: apt-get takes --allow-change-held-packages for both lists
#   update_source_take_key ROOT  once ROOT is updated: it trusts the next key that the medium brings, if it brings one. Then the status
#                                is 0 and update_source_next_key says which
#   update_source_close          lets go of it. Harmless when nothing is open: it may stand in a trap
#
# What is opened lies below /run/kldload/update-source. Who works in another root, as in a boot environment that is mounted, has to have
# that folder at the same place there (mount --rbind): the options name it.

update_source_work=$KLDLOAD_RUN/update-source
# One key, and for the sake of a better message the one before it. Not among apt's: an update that is not asked for never comes from a stick.
UPDATE_SOURCE_KEYS=${UPDATE_SOURCE_KEYS:-/usr/lib/kldload/keys}
update_source_root='' update_source_kind='' update_source_state='' update_source_from='' update_source_to='' update_source_next_key=''
update_source_distribution='' update_source_profile='' update_source_family='' update_source_architecture=''
update_source_apt_options=() update_source_dnf_options=()
update_source_arriving=() update_source_leaving=() update_source_kernel_packages=() update_source_differences=()

# --- open -------------------------------------------------------------------------------------------------------------

update_source_open() {
    local source=$1
    update_source_close
    mkdir -p "$KLDLOAD_RUN"
    mkdir -m 755 "$update_source_work"
    update_source_attach "$source"
    if [[ ! -f $update_source_root/kldload/sha256sums ]]; then update_source_inner "$source"; fi
    [[ -f $update_source_root/kldload/sha256sums ]] \
        || update_source_refuse "$source is no medium of kldload: it has no kldload/sha256sums" "name what \`deploy delta\` made, or an ISO of kldload"
    update_source_machine
    update_source_verify "$source"
    update_source_facts "$source"
    update_source_options
}

# update_source_refuse MESSAGE [HINT]: nothing was changed, and nothing stays behind.
update_source_refuse() {
    update_source_close
    fail "$@"
}

update_source_attach() {
    local source=$1 path type options=ro,nosuid,nodev,noexec
    path=$(readlink --canonicalize-existing -- "$source") || update_source_refuse "$source: there is no such device, file or folder"
    update_source_root=$update_source_work/medium
    mkdir "$update_source_root"
    if [[ -d $path ]]; then
        # All sources are read at the same place, and none can be written to there.
        { mount --bind -- "$path" "$update_source_root" && mount -o "remount,bind,$options" -- "$update_source_root"; } \
            || update_source_refuse "$source can't be mounted at $update_source_root"
        return
    fi
    if [[ -f $path ]]; then options+=,loop; elif [[ ! -b $path ]]; then update_source_refuse "$source is neither a device, nor a file, nor a folder"; fi
    # What it says it is decides, and only what media of ours, or sticks that they were copied to, have: a driver is not to be tried on it.
    type=$(blkid --probe --output value --match-tag TYPE -- "$path") || type='' # nothing that it knows
    case $type in
        iso9660) ;;
        vfat | exfat | ext4)
            [[ -b $path ]] || update_source_refuse "$source is an image of $type, and no medium of kldload"
            ;;
        '') update_source_refuse "$source has no file system: it is no medium of kldload, or was not written to its end" \
            "name the device that was written to (lsblk shows them)" ;;
        *) update_source_refuse "$source has $type on it, and is no medium of kldload" ;;
    esac
    mount -t "$type" -o "$options" -- "$path" "$update_source_root" \
        || update_source_refuse "$source can't be mounted" "if it is mounted already, name the folder where it is: findmnt $source"
}

# update_source_inner SOURCE: the image on a stick, or in a folder, that it was copied to as a file.
update_source_inner() {
    local source=$1 image images=()
    for image in "$update_source_root"/*.img "$update_source_root"/*.iso; do
        if [[ -f $image && ! -L $image && $(blkid --probe --output value --match-tag LABEL -- "$image") == KLDLOAD* ]]; then images+=("$image"); fi
    done
    if ((${#images[@]} > 1)); then
        update_source_refuse "$source has several media: ${images[*]##*/}" "mount it, and name one of them"
    fi
    if ((${#images[@]} == 0)); then return; fi
    mkdir "$update_source_work/image"
    mount -t iso9660 -o ro,nosuid,nodev,noexec,loop -- "${images[0]}" "$update_source_work/image" \
        || update_source_refuse "${images[0]##*/} on $source can't be mounted"
    update_source_root=$update_source_work/image
}

# update_source_machine: what was installed here.
update_source_machine() {
    local manifest=$KLDLOAD_ETC/install-manifest.env
    [[ -f $manifest ]] || update_source_refuse "there is no $manifest: this machine was not installed by kldload"
    update_source_distribution=$(update_source_answer KLDLOAD_DISTRO)
    update_source_profile=$(update_source_answer KLDLOAD_PROFILE)
    [[ $update_source_distribution =~ ^[a-z0-9][a-z0-9._-]*$ && $update_source_profile =~ ^[a-z0-9][a-z0-9._-]*$ ]] \
        || update_source_refuse "$manifest does not say what was installed here: KLDLOAD_DISTRO, KLDLOAD_PROFILE"
}

# A value of such words stands there as it is, or in quotes.
update_source_answer() { sed -nE "s/^$1=['\"]?([^'\"]*)['\"]?\$/\1/p" "$KLDLOAD_ETC/install-manifest.env" | tail -n 1; }

# update_source_verify SOURCE: the lists of digests, and that the key of this machine signed them. What else is small is copied first and
# compared then: what was compared is what will be read, whatever a device says the second time.
update_source_verify() {
    local source=$1 key=$UPDATE_SOURCE_KEYS/medium.gpg list lists=(sha256sums) copies=$update_source_work/lists
    [[ -s $key ]] || update_source_refuse "this machine has no key to hold a medium against: there is no $key" \
        "put the build host's there if you trust it: deploy key --export | gpg --dearmor > $key"
    mkdir "$copies"
    if [[ -f $update_source_root/kldload/signatures.sha256 ]]; then lists+=(signatures.sha256); fi
    : > "$copies/all"
    for list in "${lists[@]}"; do
        [[ -f $update_source_root/kldload/$list.asc ]] || update_source_refuse "$source is not signed: there is no kldload/$list.asc"
        cp -- "$update_source_root/kldload/$list" "$update_source_root/kldload/$list.asc" "$copies/" \
            || update_source_refuse "$source can't be read: the medium is damaged"
        update_source_verify_one "$source" "$copies/$list" "$copies/$list.asc" "kldload/$list"
        cat "$copies/$list" >> "$copies/all"
    done
    # A path that leads out of the medium is in no list of ours.
    if grep -qE '^.{66}(/|.*(^|/)\.\.(/|$))' "$copies/all"; then update_source_refuse "$source has a list that names files outside of it"; fi
}

# update_source_verify_one SOURCE FILE SIGNATURE NAME: says who signed, where it is another one than this machine trusts.
update_source_verify_one() {
    local source=$1 before=$UPDATE_SOURCE_KEYS/previous.gpg signer
    if update_source_signed "$UPDATE_SOURCE_KEYS/medium.gpg" "$3" "$2"; then return; fi
    signer=$REPLY
    if [[ -z $signer ]]; then
        update_source_refuse "$source: $4 is not what was signed: the medium is damaged, or somebody changed it" "make the stick anew, and compare"
    fi
    if [[ -s $before ]] && update_source_signed "$before" "$3" "$2"; then
        update_source_refuse "$source is signed by the key $signer, which this machine trusted before, and not any more" \
            "the media after the change of keys are signed by the next one"
    fi
    update_source_refuse "$source is signed by the key $signer, which this machine does not trust" \
        "a medium that brings that key comes before this one; or it is another build host's"
}

# What looks at signatures: apt of Debian 13 has sqv with it, and others gpgv.
UPDATE_SOURCE_VERIFIERS=${UPDATE_SOURCE_VERIFIERS:-gpgv sqv}

# update_source_signed KEYRING SIGNATURE FILE: else REPLY is the key that signed, where it is not in the keyring.
update_source_signed() {
    local verifier said
    REPLY=''
    for verifier in $UPDATE_SOURCE_VERIFIERS; do
        if ! command -v "$verifier" > /dev/null; then continue; fi
        if [[ $verifier == sqv ]]; then
            if said=$(sqv --keyring "$1" "$2" "$3" 2>&1); then return; fi
            # A clock that went back, as it does without a battery. gpgv does not mind; sqv does, and so would apt that has it.
            if [[ $said == *'Not live until '* ]]; then
                update_source_refuse "the clock of this machine says $(date +%F), and the medium was signed later than that" \
                    "set it: timedatectl set-time '2026-11-28 12:00'"
            fi
            REPLY=$(sed -nE 's/^ *Missing key ([0-9A-F]+),.*/\1/p' <<< "$said" | sed -n 1p)
        else
            said=$(gpgv --ignore-time-conflict --homedir "$update_source_work" --status-fd 1 --keyring "$1" "$2" "$3" 2> /dev/null) \
                && grep -q '^\[GNUPG:\] VALIDSIG ' <<< "$said" && return
            REPLY=$(sed -nE 's/^\[GNUPG:\] NO_PUBKEY //p' <<< "$said" | sed -n 1p)
        fi
        return 1
    done
    update_source_refuse "there is none of $UPDATE_SOURCE_VERIFIERS on this machine, which look at signatures"
}

# update_source_list PATH: a small file of the medium, whose digest is compared; REPLY is where it can be read. Status 1 where there is
# none.
update_source_list() {
    local copy=$update_source_work/lists/${1//\//+} digest
    if [[ ! -f $copy ]]; then
        digest=$(awk -v path="$1" 'substr($0, 67) == path { print substr($0, 1, 64) }' "$update_source_work/lists/all")
        [[ -n $digest ]] || return 1
        cp -- "$update_source_root/$1" "$copy.part" 2> /dev/null || update_source_refuse "$1 on the medium can't be read: the medium is damaged"
        [[ $(sha256sum < "$copy.part") == "$digest  -" ]] || update_source_refuse "$1 on the medium is not what was signed: the medium is damaged"
        mv "$copy.part" "$copy"
    fi
    REPLY=$copy
}

update_source_fact() { sed -n "s/^$1=//p" "$update_source_work/facts" | sed -n 1p; }

# update_source_facts SOURCE: that it is for a machine like this one.
update_source_facts() {
    local source=$1 place=darksite/$update_source_distribution have architecture release profiles
    update_source_list "$place/distribution" || {
        have=$(awk '{ path = substr($0, 67) } path ~ "^darksite/[^/]*/distribution$" { split(path, part, "/"); print part[2] }' \
            "$update_source_work/lists/all" | tr '\n' ' ')
        update_source_refuse "$source has nothing for $update_source_distribution, which this machine is (it has: ${have% })"
    }
    cp "$REPLY" "$update_source_work/facts"
    update_source_family=$(update_source_fact FAMILY)
    profiles=$(update_source_fact PROFILES)
    case $update_source_family in
        apt)
            release=$(update_source_release VERSION_CODENAME)
            [[ $release == "$(update_source_fact CODENAME)" ]] \
                || update_source_refuse "$source is for $update_source_distribution $(update_source_fact CODENAME), and this machine is $release"
            architecture=$(dpkg --print-architecture)
            ;;
        rpm)
            release=$(update_source_release VERSION_ID)
            [[ ${release%%.*} == "$(update_source_fact RELEASE)" ]] \
                || update_source_refuse "$source is for $update_source_distribution $(update_source_fact RELEASE), and this machine is $release"
            architecture=$(rpm --eval '%{_arch}')
            ;;
        *) update_source_refuse "$source does not say what kind of packages it has: it is made for a later version of these tools" ;;
    esac
    update_source_architecture=$(update_source_fact ARCHITECTURE)
    [[ $architecture == "$update_source_architecture" ]] \
        || update_source_refuse "$source is for $update_source_architecture, and this machine is $architecture"
    update_source_list "$place/profiles/$update_source_profile" \
        || update_source_refuse "$source has nothing for the profile $update_source_profile, which this machine is (it has: $profiles)"
    update_source_kind=image
    if update_source_list kldload/delta.json; then
        update_source_kind='delta'
        grep -q '^{"format":1,"kind":"kldload-delta",' "$REPLY" \
            || update_source_refuse "$source is of a form that these tools don't know" "update by a whole ISO: it brings tools that do"
        update_source_from=$(update_source_day from "$REPLY")
        update_source_to=$(update_source_day to "$REPLY")
        update_source_list "$place/from/$update_source_profile" \
            || update_source_refuse "$source has nothing for the profile $update_source_profile, which this machine is"
    fi
}

update_source_day() { sed -nE "s/.*\"$1\":\{\"lock\":\"[0-9a-f]*\",\"date\":\"([0-9-]{10})T.*/\1/p" "$2"; }

update_source_release() { # KEY: of os-release(5)
    sed -nE "s/^$1=['\"]?([^'\"]*)['\"]?\$/\1/p" "${UPDATE_SOURCE_OS_RELEASE:-/etc/os-release}"
}

# --- how the package manager is called ----------------------------------------------------------------------------------

update_source_options() {
    local mirror=$update_source_root/darksite work=$update_source_work key=$update_source_work/key.gpg version
    # Where the key lies may be another root's by the time that it is read.
    cp "$UPDATE_SOURCE_KEYS/medium.gpg" "$key"
    if [[ $update_source_family == apt ]]; then
        mirror+=/$update_source_distribution/apt
        mkdir -p "$work/apt/partial"
        # The clock of a machine that was off for long is no reason: the signature is.
        printf 'deb [signed-by=%s check-date=no check-valid-until=no] file:%s %s main\n' "$key" "$mirror" "$(update_source_fact CODENAME)" \
            > "$work/sources.list"
        update_source_apt_options=(
            -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$work/apt/" -o Dir::Cache::pkgcache=
            -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none -o APT::Install-Recommends=false -o APT::Sandbox::User=root
        )
        return
    fi
    mirror+=/rpm/$update_source_distribution
    mkdir -p "$work/dnf/repos"
    # repomd.xml has the digest of each package, and its signature is looked at.
    update_source_armor "$key" > "$work/key.asc"
    printf '%s\n' '[kldload-update]' 'name=kldload: the medium of updates' "baseurl=file://$mirror" enabled=1 gpgcheck=0 \
        repo_gpgcheck=1 "gpgkey=file://$work/key.asc" metadata_expire=0 skip_if_unavailable=0 > "$work/dnf/repos/kldload-update.repo"
    update_source_dnf_options=(
        "--setopt=reposdir=$work/dnf/repos" "--setopt=cachedir=$work/dnf/cache" --setopt=keepcache=False --setopt=install_weak_deps=False
    )
    # Since 4.19, dnf reads the lists of files only where it is told to; before, it does not know the word, and complains.
    version=$(dnf --version | sed -nE '1s/^(dnf5 version )?([0-9.]+).*/\2/p')
    if [[ $(printf '%s\n' 4.19 "$version" | sort --version-sort | sed -n 1p) == 4.19 ]]; then
        update_source_dnf_options+=(--setopt=optional_metadata_types=filelists)
    fi
    # dnf takes the key in where it may do so unasked, and keeps it with what it read. That is here, so that nobody need be asked later;
    # whoever reads the medium next says what is wrong with it.
    dnf "${update_source_dnf_options[@]}" --quiet --assumeyes makecache > "$work/log" 2>&1 || : # see above
}

# update_source_armor FILE: a binary key as text, which not every dnf takes otherwise (RFC 9580, section 6).
update_source_armor() {
    local bytes byte bit crc=$((0xB704CE)) sum
    bytes=$(od -An -v -t u1 "$1")
    for byte in $bytes; do
        crc=$((crc ^ byte << 16))
        for bit in 1 2 3 4 5 6 7 8; do
            crc=$((crc << 1))
            if ((crc & 0x1000000)); then crc=$((crc ^ 0x1864CFB)); fi
        done
    done
    printf -v sum '\\x%02x\\x%02x\\x%02x' $((crc >> 16 & 255)) $((crc >> 8 & 255)) $((crc & 255))
    printf '%s\n\n' '-----BEGIN PGP PUBLIC KEY BLOCK-----'
    base64 -w 64 "$1"
    printf '=%s\n' "$(printf '%b' "$sum" | base64)"
    printf '%s\n' '-----END PGP PUBLIC KEY BLOCK-----'
}

# --- let go -----------------------------------------------------------------------------------------------------------

update_source_close() {
    local place
    update_source_root='' update_source_kind='' update_source_state=''
    update_source_apt_options=() update_source_dnf_options=() update_source_arriving=() update_source_leaving=()
    update_source_kernel_packages=() update_source_differences=()
    if [[ ! -e $update_source_work ]]; then return; fi
    # What is mounted last goes first.
    for place in "$update_source_work/image" "$update_source_work/medium"; do
        if mountpoint --quiet "$place"; then umount -- "$place" || { warn "$place can't be unmounted: something uses it" && return; }; fi
    done
    rm -rf --one-file-system -- "$update_source_work"
}

# shellcheck source=/dev/null
source "$KLDLOAD_LIB/update-check.sh"
