# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with seal.sh
# Rows of the table in seal.sh that take more than a name to be found, or to go. seal_find_ROW fills seal_places, and seal_remove_ROW takes out
# what is there then.

for library in "${BASH_SOURCE[0]%/*}" "${INSTALLER:-}/target/usr/lib/kldload"; do
    # shellcheck source=/dev/null
    if [[ -e $library/machine-archive.sh ]]; then . "$library/machine-archive.sh" && break; fi
done

# --- hostid -----------------------------------------------------------------------------------------------------------

seal_hostid_word='(spl\.)?spl_hostid=[^[:space:]"]*'

seal_find_hostid_settings() {
    local path seal_matches
    seal_each '/etc/modprobe.d/*.conf' /etc/kernel/cmdline /etc/default/grub
    for path in "${seal_matches[@]}"; do
        if grep --quiet --extended-regexp "$seal_hostid_word" "$path"; then seal_places+=("$path"); fi
    done
}

# A line of options without options goes, too.
seal_remove_hostid_settings() {
    sed -i -E -e "s/ *$seal_hostid_word//g" -e '/^ *options +spl *$/d' -- "${seal_places[@]}"
}

# Those on the partitions are copies, until the menu is written anew.
seal_find_hostid_archive() {
    local path seal_matches listing
    seal_each '/boot/machine-*.img' 'esp:/kldload/*.machine'
    for path in "${seal_matches[@]}"; do
        listing=$(machine_archive_lists "$path") || fail "$path can't be read"
        if grep --quiet --line-regexp etc/hostid <<< "$listing"; then seal_places+=("$path"); fi
    done
}

seal_remove_hostid_archive() {
    local path folder=$seal_work/archive
    for path in "${seal_places[@]}"; do
        mkdir "$folder"
        machine_archive_unpack "$path" "$folder"
        rm "$folder/etc/hostid"
        machine_archive_pack "$folder" "$path"
        rm -r "$folder"
    done
}

# Looking into one takes seconds: those without are in seal_clean, by their digests.
seal_clean=' '
seal_find_hostid_initramfs() {
    local path files seal_matches digest
    files=$(machine_initramfs "$seal_root")
    seal_each 'esp:/kldload/*.initrd'
    while IFS= read -r path; do
        if [[ -z $path ]]; then continue; fi
        # A copy on a partition has the digest of what it was copied from for a name.
        case $path in
            *.initrd) digest=${path##*/} && digest=${digest%.initrd} ;;
            *) digest=$(sha256sum "$path") && digest=${digest:0:16} ;;
        esac
        if [[ $seal_clean == *" $digest "* ]]; then continue; fi
        if seal_initramfs_has_hostid "$path"; then
            seal_places+=("$path")
        else
            seal_clean+="$digest "
        fi
    done <<< "$files"$'\n'"$(printf '%s\n' "${seal_matches[@]}")"
}

# dracut puts one of zeros into an initramfs that was made for any machine.
seal_initramfs_has_hostid() {
    local listing folder found=''
    if type -P lsinitramfs > /dev/null; then listing=$(lsinitramfs "$1"); else listing=$(lsinitrd "$1"); fi || fail "$1 can't be read"
    if ! grep --quiet --extended-regexp '(^|[ /])etc/hostid$' <<< "$listing"; then return 1; fi
    folder=$(mktemp --directory /var/tmp/kldload-seal.XXXXXX)
    if type -P unmkinitramfs > /dev/null; then
        unmkinitramfs "$1" "$folder" || fail "$1 can't be unpacked"
        found=$(find "$folder" -path '*/etc/hostid' -exec od -An -tx1 {} +)
    else
        lsinitrd --file etc/hostid "$1" > "$folder/hostid" || fail "$1 can't be unpacked"
        found=$(od -An -tx1 "$folder/hostid")
    fi
    rm -rf --one-file-system "$folder"
    [[ $found == *[1-9a-f]* ]]
}

# Made anew, now that there is no hostid: the only thing here that takes a while.
seal_remove_hostid_initramfs() {
    local path version
    for path in "${seal_places[@]}"; do
        if [[ $path != "$seal_root"/boot/* ]]; then continue; fi
        version=${path##*/}
        say "the initramfs ${path##*/} knows this machine; it is made anew"
        if [[ $version == initrd.img-* ]]; then
            version=${version#initrd.img-}
            seal_in mkinitramfs -o "/boot/.initrd.img-$version" "$version" || fail "the initramfs of kernel $version can't be made"
            mv "$seal_root/boot/.initrd.img-$version" "$path"
        else
            version=${version#initramfs-}
            version=${version%.img}
            # Without one, dracut's script would ask hostid(1), which makes one of the network's address.
            printf '\0\0\0\0' > "$seal_root/etc/hostid"
            seal_in dracut --no-hostonly --force --add zfs "/boot/initramfs-$version.img" "$version" || fail "the initramfs of kernel $version can't be made"
            rm "$seal_root/etc/hostid"
        fi
    done
}

# --- logs, secrets, passwords -----------------------------------------------------------------------------------------

# Of a log that is written to the file stays, with its owner: not every service makes it anew. What was put aside goes.
seal_remove_logs() {
    local path
    for path in "${seal_places[@]}"; do
        case ${path#"$seal_root"/var/log/} in
            installer/* | journal/* | *.[0-9] | *.[0-9].* | *.gz | *.xz | *.zst | *.bz2 | *.old | *-20[0-9][0-9]*) rm -- "$path" ;;
            *) : > "$path" ;;
        esac
    done
}

seal_secret_line='^[[:blank:]]*(export[[:blank:]]+)?KLDLOAD_[A-Z_]*(PASSWORD|PASSPHRASE|ACTIVATION_KEY)=.'

seal_find_secrets() {
    local path seal_matches
    seal_each '/etc/kldload/*.env'
    for path in "${seal_matches[@]}"; do
        if grep --quiet --extended-regexp "$seal_secret_line" "$path"; then seal_places+=("$path"); fi
    done
}

seal_remove_secrets() { sed -i -E "/$seal_secret_line/d" -- "${seal_places[@]}"; }

# Whoever has a hash, locked or not.
seal_find_passwords() {
    local file=$seal_root/etc/shadow name hash
    if [[ $seal_keep_password == yes || ! -e $file ]]; then return; fi
    while IFS=: read -r name hash _; do
        if [[ $hash =~ ^!*[^!*] ]]; then seal_places+=("$file of $name"); fi
    done < "$file"
}

# Nobody can type "*", and nobody takes it for an account that is locked: keys go on to work. Who may use sudo, and can't be asked for a
# password any more, is not asked: as with those who were installed with a key and no password.
seal_remove_passwords() {
    local place name home groups keys
    for place in "${seal_places[@]}"; do
        name=${place##* of }
        sed -i -E "s/^($name):[^:]*:/\1:*:/" "$seal_root/etc/shadow"
        home=$(awk -F: -v name="$name" '$1 == name { print $6 }' "$seal_root/etc/passwd")
        groups=$(awk -F: -v name="$name" '($1 == "sudo" || $1 == "wheel") && ("," $4 ",") ~ ("," name ",")' "$seal_root/etc/group")
        keys=$seal_root$home/.ssh/authorized_keys
        if [[ -z $groups || ! -s $keys || ! -d $seal_root/etc/sudoers.d ]]; then continue; fi
        if [[ ! -e $seal_root/etc/sudoers.d/90-kldload ]]; then install -m 440 /dev/null "$seal_root/etc/sudoers.d/90-kldload"; fi
        if ! grep --quiet "^$name " "$seal_root/etc/sudoers.d/90-kldload"; then
            printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$name" >> "$seal_root/etc/sudoers.d/90-kldload"
        fi
    done
}

# --- the pool ---------------------------------------------------------------------------------------------------------

seal_find_boot_environments() {
    local sealed names name
    if [[ -z $seal_pool ]]; then return; fi
    sealed=$(findmnt --noheadings --first-only --output SOURCE --mountpoint "${seal_root:-/}") || sealed='' # nothing is mounted there
    [[ $sealed == "$seal_pool"/ROOT/* ]] || fail "${seal_root:-/} is \"$sealed\", and no boot environment of the pool $seal_pool"
    names=$(zfs list -H -d 1 -t filesystem -o name "$seal_pool/ROOT")
    for name in $names; do
        if [[ $name != "$seal_pool/ROOT" && $name != "$sealed" ]]; then seal_places+=("$name"); fi
    done
}

seal_remove_boot_environments() {
    local name
    [[ $(type -t be_destroy) == function ]] || fail "there are other boot environments: ${seal_places[*]}" "zfs destroy -r, for each"
    be_read
    if [[ -n ${trial_be:-} ]]; then fail "the boot environment $trial_be is on trial" "let it end, or: kbe activate $be_running"; fi
    if [[ $be_default != "$be_running" ]]; then fail "$be_running runs, and $be_default boots by default" "kbe activate $be_running"; fi
    for name in "${seal_places[@]}"; do be_destroy "${name##*/}"; done
}

seal_find_snapshots() {
    local names name
    if [[ -z $seal_pool ]]; then return; fi
    names=$(zfs list -H -r -t snapshot -o name "$seal_pool")
    while IFS= read -r name; do if [[ -n $name ]]; then seal_places+=("$name"); fi; done <<< "$names"
}

seal_remove_snapshots() {
    local name
    for name in "${seal_places[@]}"; do
        zfs destroy -- "$name" || fail "the snapshot $name can't be destroyed: is it held, or was something made of it?" "zfs holds $name"
    done
}
