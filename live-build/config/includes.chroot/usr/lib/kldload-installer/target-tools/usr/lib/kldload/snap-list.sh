# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with ksnap and common.sh
# ksnap list, ksnap diff.

list() {
    local name dataset lines row now datasets=() rows=() which=(-r)
    local snapshot created unique holds by reason clones
    if ((${#names[@]})); then
        # -d 1: the snapshots of a file system are one step below it.
        if [[ $recursive == no ]]; then which=(-d 1); fi
        for name in "${names[@]}"; do
            dataset=$(resolve "$name")
            datasets+=("$dataset")
        done
    fi
    lines=$(zfs list -H -p "${which[@]}" -t snapshot -S createtxg -o name,creation,used,userrefs,kldload:by,kldload:reason,clones -- "${datasets[@]}" | units)
    now=$(date +%s)
    while IFS=$unit read -r name created unique holds by reason clones; do
        if [[ -z $name ]]; then continue; fi # there is none
        dataset=${name%%@*}
        snapshot=${name#*@}
        took_reply "$snapshot" "$by"
        if [[ $by != "$REPLY" ]]; then reason=-; fi
        by=$REPLY
        if [[ $json == yes ]]; then
            json_reply "$dataset" && row="{\"dataset\":$REPLY"
            json_reply "$snapshot" && row+=",\"snapshot\":$REPLY"
            iso_time_reply "$created" && row+=",\"created\":\"$REPLY\",\"unique_bytes\":$unique,\"holds\":$holds"
            json_or_null_reply "$by" && row+=",\"taken_by\":$REPLY"
            json_or_null_reply "$reason" && row+=",\"reason\":$REPLY"
            json_names_reply "$clones" && row+=",\"clones\":$REPLY}"
        else
            age_reply $((now - created)) && row=$name$'\t'$REPLY
            human_reply "$unique" && row+=$'\t'$REPLY$'\t'
            if [[ $holds != 0 ]]; then row+=held; fi
            if [[ $reason == - ]]; then reason=''; fi
            if [[ -n $clones && $clones != - ]]; then reason+="${reason:+; }${clones//,/, } came from it"; fi
            row+=$'\t'$by$'\t'$reason
        fi
        rows+=("$row")
    done <<< "$lines"
    if [[ $json == yes ]]; then
        json_array_reply "${rows[@]}"
        printf '%s\n' "$REPLY"
    elif ((${#rows[@]})); then
        printf '%s\n' $'SNAPSHOT\tAGE\tUNIQUE\t\tTAKEN BY\tREASON' "${rows[@]}" | table lrrlll
        list_total
    else
        say "there is no snapshot"
    fi
}

json_or_null_reply() { if [[ -z $1 || $1 == - ]]; then REPLY=null; else json_reply "$1"; fi; }

json_names_reply() { # NAME,NAME…; a dataset's name has nothing that JSON would change
    if [[ -z $1 || $1 == - ]]; then REPLY='[]'; else REPLY="[\"${1//,/\",\"}\"]"; fi
}

# list_total: what several snapshots share is in the UNIQUE of none of them.
list_total() {
    local used sum=0 below=(-d 0)
    if [[ ${which[0]} == -r ]]; then below=(-r); fi
    lines=$(zfs list -H -p "${below[@]}" -t filesystem,volume -o usedbysnapshots -- "${datasets[@]}")
    while read -r used; do if [[ $used =~ ^[0-9]+$ ]]; then sum=$((sum + used)); fi; done <<< "$lines"
    printf '%s\n' "${#rows[@]} $(plural ${#rows[@]} snapshot); all that these file systems have hold $(human "$sum")"
}

difference() {
    local dataset snapshot until='' lines sign kind path other row rows=()
    expect 1 2 'PATH|DATASET[@SNAPSHOT] [SNAPSHOT]'
    need_root
    meant_snapshot "${names[0]}"
    if ((${#names[@]} == 2)); then
        until=${names[1]#"$dataset@"}
        dataset_exists "$dataset@$until" snapshot || fail "there is no snapshot $dataset@$until" "ksnap list $(printf %q "$dataset")"
    fi
    lines=$(zfs diff -F -H -h -- "$dataset@$snapshot" ${until:+"$dataset@$until"}) \
        || fail "what changed can't be told" "a file system has to be mounted for that: zfs mount $(printf %q "$dataset")"
    while IFS=$'\t' read -r sign kind path other; do
        if [[ -z $sign ]]; then continue; fi # nothing changed
        if [[ $json == yes ]]; then
            case $sign in +) sign=added ;; -) sign=removed ;; R) sign=renamed ;; *) sign=modified ;; esac
            case $kind in /) kind=folder ;; F) kind='file' ;; @) kind='link' ;; *) kind=other ;; esac
            json_reply "$path" && row="{\"change\":\"$sign\",\"kind\":\"$kind\",\"path\":$REPLY"
            if [[ -n $other ]]; then json_reply "$other" && row+=",\"new_path\":$REPLY"; fi
            rows+=("$row}")
        else
            if [[ $kind == / && $path != */ ]]; then path+=/; fi
            rows+=("$sign  $path${other:+ → $other}")
        fi
    done <<< "$lines"
    if [[ $json == yes ]]; then
        json_array_reply "${rows[@]}"
        printf '%s\n' "$REPLY"
        return
    fi
    for row in "${rows[@]}"; do say "$row"; done
    say "${#rows[@]} $(plural ${#rows[@]} change) from $dataset@$snapshot to ${until:-now}"
}
