# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with ksnap and common.sh
# ksnap send, ksnap receive: the commands, and why these. Nothing is run: where data goes is the owner's business.

send() {
    local dataset snapshot target common='' flags='' encryption size lines
    expect 1 2 'PATH|DATASET[@SNAPSHOT] [TARGET]'
    meant_snapshot "${names[0]}"
    target=${names[1]:-}
    encryption=$(zfs get -H -o value encryption -- "$dataset")
    # As it is on the disk, so that whoever has the copy does not have the content.
    if [[ $encryption != off && $encryption != - ]]; then flags=' -w'; fi
    if [[ -z $target ]]; then
        printf '%s\n' "# To another machine or pool:  ksnap send $(printf %q "$dataset") [HOST:]POOL/NAME" "# Into a file, for as long as that file is whole:"
        printf 'zfs send%s %q > FILE\n' "$flags" "$dataset@$snapshot"
        return
    fi
    if [[ $target == *:* ]]; then
        printf '%s\n' "# What ${target%%:*} has already can be asked only there. The first time:"
        send_command "$dataset@$snapshot" "$flags" "$target" ''
        printf '%s\n' "# From then on, with the newest snapshot that this lists and $dataset has too, in place of SNAPSHOT:"
        printf 'ssh %q zfs list -H -o name -t snapshot -S createtxg %q\n' "${target%%:*}" "${target#*:}"
        send_command "$dataset@$snapshot" "$flags" "$target" @SNAPSHOT
        printf '%s\n' "# syncoid(8) does all of that by itself: syncoid $(printf '%q %q' "$dataset" "$target")"
        return
    fi
    if dataset_exists "$target"; then
        common=$(common_snapshot "$dataset" "$snapshot" "$target")
        [[ -n $common ]] || fail "$target exists, and has no snapshot in common with $dataset before @$snapshot" "name a target that does not exist"
        printf '%s\n' "# Both have @$common; what came after it until @$snapshot goes over."
    fi
    lines=$(zfs send -n -v -P ${flags:+-w} ${common:+-I "@$common"} -- "$dataset@$snapshot" 2>&1) || lines='' # a size is a kindness
    size=$(sed -n 's/^size\t//p' <<< "$lines")
    if [[ -n $size ]]; then printf '%s\n' "# About $(human "$size")."; fi
    send_command "$dataset@$snapshot" "$flags" "$target" "${common:+@$common}"
}

# send_command SNAPSHOT FLAGS TARGET FROM. A copy is not mounted there, where it would cover what is there already; nor at the next boot.
send_command() {
    local from='' receive
    if [[ $4 == @SNAPSHOT ]]; then from=' -I @SNAPSHOT'; elif [[ -n $4 ]]; then printf -v from ' -I %q' "$4"; fi
    if [[ $3 == *:* ]]; then printf -v receive 'ssh %q zfs receive -u -o canmount=noauto %q' "${3%%:*}" "${3#*:}"; else printf -v receive 'zfs receive -u -o canmount=noauto %q' "$3"; fi
    printf 'zfs send%s%s %q | %s\n' "$2" "$from" "$1" "$receive"
}

# common_snapshot DATASET SNAPSHOT TARGET: the newest that both have, before SNAPSHOT; a snapshot is the same where its guid is.
common_snapshot() {
    local lines there guid name found=''
    there=$(zfs list -H -p -d 1 -t snapshot -o guid -- "$3")
    lines=$(zfs list -H -p -d 1 -t snapshot -s createtxg -o guid,name -- "$1")
    while IFS=$'\t' read -r guid name; do
        if [[ ${name#*@} == "$2" ]]; then break; fi
        if [[ -n $guid && $'\n'$there$'\n' == *$'\n'"$guid"$'\n'* ]]; then found=${name#*@}; fi
    done <<< "$lines"
    printf '%s' "$found"
}

receive() {
    local source=${names[0]:-} target=${names[1]:-}
    expect 2 2 'TARGET DATASET'
    if dataset_exists "$target"; then
        fail "$target exists, and would be overwritten" "take another name for what comes back, look at it, then zfs rename both"
    fi
    if [[ $source == *:* ]]; then
        printf '%s\n' '# What there is, the newest first; one of them in place of SNAPSHOT:'
        printf 'ssh %q zfs list -H -o name -t snapshot -S createtxg %q\n' "${source%%:*}" "${source#*:}"
        printf 'ssh %q zfs send %q | zfs receive -u -o canmount=noauto %q\n' "${source%%:*}" "${source#*:}@SNAPSHOT" "$target"
    else
        meant_snapshot "$source"
        printf 'zfs send %q | zfs receive -u -o canmount=noauto %q\n' "$dataset@$snapshot" "$target"
    fi
    printf '%s\n' '# It is not mounted; look at it first:'
    printf 'zfs mount -o ro %q\n' "$target"
}
