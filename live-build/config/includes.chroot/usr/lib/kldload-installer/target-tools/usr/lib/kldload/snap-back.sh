# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with ksnap and common.sh
# ksnap rollback, ksnap destroy: what loses something says first what that is.

rollback() {
    local dataset snapshot root
    expect 1 1 'PATH|DATASET[@SNAPSHOT]'
    need_root
    lock
    meant_snapshot "${names[0]}"
    # Where / is something else, nothing of the pool is a root that runs: a rescue system.
    root=$(root_dataset 2> /dev/null) || root=''
    if [[ -n $root && ($dataset == "$root" || $dataset == "$root"/*) ]]; then
        rollback_running "$root" "$snapshot"
    else
        rollback_in_place "$dataset" "$snapshot"
    fi
}

# rollback_running ROOT SNAPSHOT: programs have files of it open, and systems that lose them under way end badly. What it was becomes
# a boot environment of its own; what it is stays one.
rollback_running() {
    local root=$1 snapshot=$2 be
    be=rollback-$(utc_stamp)
    dataset_exists "$root@$snapshot" snapshot \
        || fail "there is no snapshot $root@$snapshot, and a boot environment is gone back to as a whole" "ksnap list $root"
    say "$root is what runs, so it is not rolled back in place: its snapshot $snapshot becomes the boot environment $be."
    say "Nothing is lost: ${root##*/} stays as it is, and kbe activate ${root##*/} goes back to it. /home, /srv, /var/log are not touched."
    confirm "Make $be, and boot it from the next start on?" || fail "nothing was changed"
    kbe create "$be" "$root@$snapshot" || fail "there is no boot environment $be: kbe said why"
    kbe activate "$be" || fail "$be is there, and is not what boots next: kbe said why" "kbe activate $be"
    say "Reboot to be in it: systemctl reboot"
}

rollback_in_place() {
    local dataset=$1 snapshot=$2 newer names_of=() name changed written said below way=()
    newer=$(newer_than "$dataset" "$snapshot")
    if [[ -n $newer ]]; then mapfile -t names_of <<< "$newer"; fi
    for name in "${names_of[@]}"; do refuse_kept "$dataset@$name" "going back to $snapshot would destroy it"; done
    written=$(zfs get -H -p -o value "written@$snapshot" -- "$dataset")
    written=$(human "$written")
    changed=$(files_changed "$dataset@$snapshot") || changed=''
    say "$dataset becomes what it was at $snapshot. What is lost:"
    say "  $written written since${changed:+, in $changed files and folders} (ksnap diff $(printf %q "$dataset@$snapshot"))"
    if ((${#names_of[@]})); then
        way=(-r)
        say "  ${#names_of[@]} newer snapshots:"
        for name in "${names_of[@]:0:10}"; do say "    @$name"; done
        if ((${#names_of[@]} > 10)); then say "    … and $((${#names_of[@]} - 10)) more"; fi
    fi
    below=$(with_children "$dataset")
    if [[ $below == *$'\n'* ]]; then say "The file systems below it stay as they are: $(tail -n +2 <<< "$below" | paste -s -d ' ')"; fi
    confirm "Go back, and lose that?" || fail "nothing was changed"
    # Whatever was taken while the question stood there has been shown to nobody.
    said=$(newer_than "$dataset" "$snapshot")
    [[ $said == "$newer" ]] || fail "nothing was changed: snapshots of $dataset came or went meanwhile" "look again"
    try "$dataset is as before" zfs rollback "${way[@]}" -- "$dataset@$snapshot"
    say "$dataset is what it was at $snapshot."
    if [[ $dataset == "$pool"/ROOT/* ]]; then
        # Its kernels are others now.
        kldload-boot sync || fail "$dataset was rolled back, and the boot menu does not say so yet" "kldload-boot sync"
    fi
}

# newer_than DATASET SNAPSHOT: names of its snapshots after that one, the oldest first.
newer_than() {
    local lines name after=no
    lines=$(zfs list -H -d 1 -t snapshot -s createtxg -o name -- "$1")
    while IFS= read -r name; do
        if [[ $after == yes ]]; then printf '%s\n' "${name#*@}"; fi
        if [[ ${name#*@} == "$2" ]]; then after=yes; fi
    done <<< "$lines"
    [[ $after == yes ]] || fail "$1@$2 is gone"
}

# refuse_kept SNAPSHOT WHY: fails where somebody holds it, or something is made from it.
refuse_kept() {
    local line holds clones
    line=$(zfs list -H -p -t snapshot -o userrefs,clones -- "$1" | units)
    IFS=$unit read -r holds clones <<< "$line"
    if [[ $holds != 0 ]]; then fail "$1 is held, and $2" "who holds it: zfs holds $(printf %q "$1"); then ksnap release"; fi
    if [[ -n $clones && $clones != - ]]; then
        fail "$1 is what ${clones//,/, } was made from, and $2" "zfs promote ${clones%%,*} makes that independent; kbe destroys boot environments"
    fi
}

destroy() {
    local name dataset snapshot lines each sum=0 part targets=() words=() way=()
    local -A of=()
    expect 1 999 DATASET@SNAPSHOT
    need_root
    lock
    if [[ $recursive == yes ]]; then way=(-r); fi
    for name in "${names[@]}"; do
        # To zfs, a comma and a percent sign mean several.
        if [[ ${name##*@} == *[,%]* ]]; then usage_error "$name: one snapshot, by its whole name"; fi
        named_snapshot "$name"
        lines=$dataset
        if [[ $recursive == yes ]]; then lines=$(with_children "$dataset"); fi
        while IFS= read -r each; do
            if ! dataset_exists "$each@$snapshot" snapshot; then continue; fi # a file system that came later
            refuse_kept "$each@$snapshot" "is not destroyed"
            targets+=("$each@$snapshot")
        done <<< "$lines"
        # Together, snapshots that follow each other free more than each by itself.
        of[$dataset]+=${of[$dataset]:+,}$snapshot
    done
    for dataset in "${!of[@]}"; do
        lines=$(zfs destroy -n -v -p "${way[@]}" -- "$dataset@${of[$dataset]}")
        part=$(sed -n 's/^reclaim\t//p' <<< "$lines")
        sum=$((sum + ${part:-0}))
        words+=("$dataset@${of[$dataset]}")
    done
    for name in "${targets[@]}"; do say "$name"; done
    confirm "Destroy ${#targets[@]} $(plural ${#targets[@]} snapshot), which frees $(human "$sum")?" || fail "nothing was changed"
    for name in "${words[@]}"; do try "$name is still there" zfs destroy "${way[@]}" -- "$name"; done
    say "Destroyed ${#targets[@]} $(plural ${#targets[@]} snapshot), $(human "$sum") freed."
}
