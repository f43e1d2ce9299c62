# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with ksnap and common.sh
# ksnap prune: what the tools took stays within the bounds of snapshots.conf.

declare -A settings=([prune]=yes [keep_count]=30 [keep_days]=60 [keep_least]=3 [space_percent]=10 [pool_percent]=80)

# read_settings: of a file that is not wholly understood nothing holds, as what it was to keep could be destroyed.
read_settings() {
    local file=$KLDLOAD_ETC/snapshots.conf line key value number=0
    if [[ ! -e $file ]]; then return; fi
    while IFS= read -r line || [[ -n $line ]]; do
        number=$((number + 1))
        line=${line%%#*}
        if [[ -z ${line//[[:space:]]/} ]]; then continue; fi
        [[ $line =~ ^[[:space:]]*([a-z_.]+)[[:space:]]*=[[:space:]]*([a-z0-9]+)[[:space:]]*$ ]] \
            || fail "nothing is pruned: $file:$number is not KEY = VALUE"
        key=${BASH_REMATCH[1]}
        value=${BASH_REMATCH[2]}
        [[ -n ${settings[${key##*.}]:-} && $key != *.*.* && $key != .* ]] || fail "nothing is pruned: $file:$number: there is no key $key"
        if [[ ${key##*.} == prune ]]; then
            [[ $value == yes || $value == no ]] || fail "nothing is pruned: $file:$number: $key is yes or no"
        else
            [[ $value == no || $value =~ ^(0|[1-9][0-9]{0,5})$ ]] || fail "nothing is pruned: $file:$number: $key is a number or no"
        fi
        if [[ $key == *.* && ($key == *.space_percent || $key == *.pool_percent) ]]; then
            fail "nothing is pruned: $file:$number: ${key##*.} is for all tools together"
        fi
        settings[$key]=$value
    done < "$file"
}

setting_reply() { REPLY=${settings[$1.$2]:-${settings[$2]}}; } # setting_reply TOOL KEY

prune() {
    local lines name created holds by clones now index
    expect 0 0 nothing
    need_root
    # Of its own: a question that somebody thinks about in another terminal makes no unit fail.
    lock_as ksnap-prune
    read_settings
    now=$(date +%s)
    # What is looked at, the oldest first; doomed has why it goes, by the same index.
    local snapshots=() of=() times=() doomed=()
    local -A left=()
    lines=$(zfs list -H -p -t snapshot -s createtxg -o name,creation,userrefs,kldload:by,clones | units)
    while IFS=$unit read -r name created holds by clones; do
        # The name as well: a file system that has the property hands it to every snapshot of it.
        if [[ ! $by =~ ^k[a-z]+$ || ! ${name#*@} =~ ^"$by"-(.*-)?[0-9]{8}T[0-9]{6}Z(-[0-9]+)?$ ]]; then continue; fi
        setting_reply "$by" prune
        if [[ $REPLY == no || $holds != 0 || (-n $clones && $clones != -) ]]; then continue; fi
        snapshots+=("$name")
        times+=("$created")
        of+=("$by ${name%%@*}")
        left["$by ${name%%@*}"]=$((${left["$by ${name%%@*}"]:-0} + 1))
    done <<< "$lines"
    for index in "${!snapshots[@]}"; do prune_by_count_and_age "$index"; done
    prune_by_space
    prune_now
}

doom() { # doom INDEX WHY
    doomed[$1]=$2
    left[${of[$1]}]=$((${left[${of[$1]}]} - 1))
}

prune_by_count_and_age() {
    local index=$1 by=${of[$1]%% *} least
    setting_reply "$by" keep_least
    least=${REPLY/no/0}
    setting_reply "$by" keep_count
    if [[ $REPLY != no ]] && ((${left[${of[index]}]} > REPLY)); then
        doom "$index" "more than $REPLY"
        return
    fi
    setting_reply "$by" keep_days
    if [[ $REPLY != no ]] && ((now - times[index] > REPLY * 86400 && ${left[${of[index]}]} > least)); then doom "$index" "older than $REPLY d"; fi
}

# room_of DATASET: what would be free without those of it that are to stay so far. Of several that share something, none by itself
# says that.
room_of() {
    local index list=''
    for index in "${!snapshots[@]}"; do
        if [[ ${snapshots[index]%%@*} == "$1" && -z ${doomed[index]:-} ]]; then list+=${list:+,}${snapshots[index]#*@}; fi
    done
    if [[ -z $list ]]; then printf 0 && return; fi
    reclaim "$1@$list"
}

prune_by_space() {
    local size allocated index dataset ours=0 most=-1 too_much=0 line freed=0 by
    local -A room=()
    if ((${#snapshots[@]} == 0)); then return; fi
    line=$(zpool list -H -p -o size,allocated -- "$pool")
    IFS=$'\t' read -r size allocated <<< "$line"
    for index in "${!snapshots[@]}"; do
        dataset=${snapshots[index]%%@*}
        if [[ -n ${room[$dataset]:-} ]]; then continue; fi
        room[$dataset]=$(room_of "$dataset")
        ours=$((ours + room[$dataset]))
    done
    if [[ ${settings[space_percent]} != no ]]; then most=$((size * settings[space_percent] / 100)); fi
    if [[ ${settings[pool_percent]} != no ]]; then too_much=$((allocated - size * settings[pool_percent] / 100)); fi
    for index in "${!snapshots[@]}"; do
        if (((most < 0 || ours <= most) && freed >= too_much)); then return; fi
        by=${of[index]%% *}
        setting_reply "$by" keep_least
        if [[ -n ${doomed[index]:-} ]] || ((${left[${of[index]}]} <= ${REPLY/no/0})); then continue; fi
        if ((most >= 0 && ours > most)); then
            doom "$index" "all together hold more than ${settings[space_percent]} % of the pool"
        else
            doom "$index" "the pool is fuller than ${settings[pool_percent]} %"
        fi
        dataset=${snapshots[index]%%@*}
        line=$(room_of "$dataset")
        freed=$((freed + room[$dataset] - line))
        ours=$((ours - room[$dataset] + line))
        room[$dataset]=$line
    done
}

prune_now() {
    local index dataset part sum=0 failed=0 said
    local -A lists=()
    for index in "${!doomed[@]}"; do
        say "${snapshots[index]}: ${doomed[index]}"
        dataset=${snapshots[index]%%@*}
        lists[$dataset]+=${lists[$dataset]:+,}${snapshots[index]#*@}
    done
    for dataset in "${!lists[@]}"; do
        part=$(reclaim "$dataset@${lists[$dataset]}")
        if [[ $dry_run == no ]] && ! said=$(zfs destroy -- "$dataset@${lists[$dataset]}" 2>&1); then
            # The others can go all the same.
            warn "${said//$'\n'/; }"
            failed=1
            continue
        fi
        sum=$((sum + part))
    done
    if [[ $dry_run == yes ]]; then
        say "${#doomed[@]} of ${#snapshots[@]} would go, and free $(human "$sum")"
    else
        say "${#doomed[@]} of ${#snapshots[@]} went, $(human "$sum") freed"
    fi
    return "$failed"
}
