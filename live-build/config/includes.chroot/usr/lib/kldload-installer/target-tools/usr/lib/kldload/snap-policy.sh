# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with ksnap and common.sh
# ksnap policy: what sanoid keeps by its settings, and what that costs now.

declare -A sanoid=() # "SECTION<tab>KEY" → value
sections=()

# read_sanoid FILE: as sanoid does, what is said last holds.
read_sanoid() {
    local line section='' key
    while IFS= read -r line || [[ -n $line ]]; do
        line=${line%%[#;]*}
        if [[ $line =~ ^[[:space:]]*\[([^]]+)\][[:space:]]*$ ]]; then
            section=${BASH_REMATCH[1]}
            sections+=("$section")
        elif [[ $line =~ ^[[:space:]]*([a-z_]+)[[:space:]]*=[[:space:]]*(.*[^[:space:]])[[:space:]]*$ ]]; then
            key=${BASH_REMATCH[1]}
            sanoid[$section$'\t'$key]=${BASH_REMATCH[2]}
        fi
    done < "$1"
}

# said_reply SECTION KEY: of the section itself, of its templates, of the default.
said_reply() {
    local template templates
    REPLY=${sanoid[$1$'\t'$2]:-}
    if [[ -n $REPLY ]]; then return; fi
    IFS=', ' read -r -a templates <<< "${sanoid[$1$'\t'use_template]:-}"
    for template in "${templates[@]}"; do
        if [[ -n ${sanoid[template_$template$'\t'$2]:-} ]]; then REPLY=${sanoid[template_$template$'\t'$2]}; fi
    done
    REPLY=${REPLY:-${sanoid[template_default$'\t'$2]:-}}
}

is_yes() { [[ ${1,,} =~ ^(yes|1|true|on|zfs)$ ]]; }

policy() {
    local file=${SANOID_CONFIG:-/etc/sanoid/sanoid.conf} defaults=${SANOID_DEFAULTS:-/usr/share/sanoid/sanoid.defaults.conf}
    local lines name section row sum=0 number=0 cost keeps without=() rows=()
    expect 0 0 nothing
    [[ -e $file ]] || fail "there is no $file: nothing takes snapshots by itself" "ksnap take; or install sanoid"
    if [[ -e $defaults ]]; then read_sanoid "$defaults"; fi
    read_sanoid "$file"
    local -A listed=() many=()
    lines=$(zfs list -H -t snapshot -s createtxg -o name)
    while IFS= read -r name; do
        if [[ ${name#*@} == autosnap_* ]]; then
            listed[${name%%@*}]+=${listed[${name%%@*}]:+,}${name#*@}
            many[${name%%@*}]=$((${many[${name%%@*}]:-0} + 1))
        fi
    done <<< "$lines"
    lines=$(zfs list -H -t filesystem,volume -o name)
    while IFS= read -r name; do
        section_reply "$name"
        section=$REPLY
        keeps_reply "$section"
        keeps=$REPLY
        if [[ -z $keeps && -z ${many[$name]:-} ]]; then
            without+=("$name")
            continue
        fi
        cost=0
        # What they share is in the size of none of them; zfs knows what all of them would free.
        if [[ -n ${listed[$name]:-} ]]; then cost=$(reclaim "$name@${listed[$name]}"); fi
        sum=$((sum + cost))
        number=$((number + ${many[$name]:-0}))
        if [[ $json == yes ]]; then
            keeps_json_reply "$section"
            row="\"keeps\":{$REPLY},\"snapshots\":${many[$name]:-0},\"held_bytes\":$cost}"
            json_reply "$name"
            rows+=("{\"dataset\":$REPLY,$row")
        else
            human_reply "$cost"
            rows+=("$name"$'\t'"${keeps:-nothing any more}"$'\t'"${many[$name]:-0}"$'\t'"$REPLY")
        fi
    done <<< "$lines"
    if [[ $json == yes ]]; then
        json_array_reply "${rows[@]}"
        printf '{"file":%s,"datasets":%s,"snapshots":%d,"held_bytes":%d}\n' "$(json_string "$file")" "$REPLY" "$number" "$sum"
        return
    fi
    printf '%s\n' $'DATASET\tKEEPS\tTHERE ARE\tHOLDING' "${rows[@]}" | table llrr
    printf '%s\n' "" "$number snapshots of sanoid hold $(human "$sum"). What it takes and keeps is said in $file; change it there." \
        "Nothing is taken by itself of: ${without[*]:-nothing left out}"
}

# section_reply DATASET: the section that says what holds for it; empty where none does.
section_reply() {
    local name=$1 section found='' recursive
    REPLY=
    for section in "${sections[@]}"; do
        if [[ $section == template_* || $section == version ]]; then continue; fi
        if [[ $section == "$name" ]]; then
            said_reply "$section" process_children_only
            # Its children may have a policy, itself has none.
            if is_yes "$REPLY"; then REPLY='' && return; fi
            REPLY=$section
            return
        fi
        if [[ $name == "$section"/* ]]; then
            said_reply "$section" recursive
            recursive=$REPLY
            # The nearest one above it.
            if is_yes "$recursive" && ((${#section} > ${#found})); then found=$section; fi
        fi
    done
    REPLY=$found
}

kinds=(frequently hourly daily weekly monthly yearly)

keeps_reply() { # keeps_reply SECTION: "24 hourly, 14 daily"
    local kind words=''
    if [[ -z $1 ]]; then REPLY='' && return; fi
    said_reply "$1" autosnap
    if ! is_yes "$REPLY"; then REPLY='' && return; fi
    for kind in "${kinds[@]}"; do
        said_reply "$1" "$kind"
        if [[ $REPLY =~ ^[1-9][0-9]*$ ]]; then words+=${words:+, }"$REPLY $kind"; fi
    done
    REPLY=$words
}

keeps_json_reply() {
    local kind words=''
    if [[ -n $1 ]]; then
        for kind in "${kinds[@]}"; do
            said_reply "$1" "$kind"
            if [[ $REPLY =~ ^[0-9]+$ ]]; then words+=${words:+,}"\"$kind\":$((10#$REPLY))"; fi
        done
    fi
    REPLY=$words
}
