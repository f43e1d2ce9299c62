# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# What the installer tells programs, as JSON: what can be answered, what this medium and this machine have, what is wrong with answers.

# describe: the table of the answers, what can be installed, and the disks as they are judged.
describe() {
    local variables refused offers found disks interfaces
    variables=$(answers_table | jq --raw-input --null-input --compact-output \
        '[inputs | split("|") | {name: .[0], default: .[1], kind: .[2], text: (.[3:] | join("|"))}]')
    refused=$(answers_not_yet | jq --raw-input --null-input --compact-output '[inputs | split("|") | {name: .[0], only: .[1], why: .[2]}]')
    offers=$(describe_offers)
    interfaces=$(find -L "${KLDLOAD_NET:-/sys/class/net}" -mindepth 1 -maxdepth 1 ! -name lo -printf '%f\n' | sort | jq --raw-input --null-input --compact-output '[inputs]')
    found=$(disks_candidates) || fail "which disks there are, or which of them holds the medium of this system, could not be found out"
    disks=$(describe_disks "$found")
    jq --null-input --compact-output --argjson variables "$variables" --argjson refused "$refused" --argjson offers "$offers" \
        --argjson interfaces "$interfaces" --argjson disks "$disks" --arg locales "$(answers_locales)" --arg keymaps "$(answers_keymaps)" \
        --arg zones "$(describe_zones)" --argjson uefi "$([[ -d ${KLDLOAD_EFI:-/sys/firmware/efi} ]] && printf true || printf false)" \
        --arg lacks "$(machine_lacks_memory)" \
        '{variables: $variables, refused: $refused, offers: $offers, interfaces: $interfaces, disks: $disks, uefi: $uefi, lacks_memory: $lacks,
          locales: (["C"] + ($locales | [scan("[^ \n]+")]) | map(if test("@") then sub("@"; ".UTF-8@") else . + ".UTF-8" end)),
          keymaps: ($keymaps | [scan("[^ \n]+")] | unique), zones: ($zones | [scan("[^\n]+")])}'
}

describe_offers() {
    local names name profiles profile rows='' number system
    names=$(distribution_names)
    for name in $names; do
        profiles=$(distribution_fact "$name" PROFILES)
        for profile in $profiles; do
            number=$(wc --lines < "$BOOTSTRAP_DARKSITE/$name/profiles/$profile") || number=0 # not said on media of before
            system=false
            if [[ -e $BOOTSTRAP_DARKSITE/$name/systems/$profile ]]; then system=true; fi
            rows+="$name|$(distribution_fact "$name" RELEASE)|$profile|$number|$system"$'\n'
        done
    done
    jq --raw-input --null-input --compact-output '[inputs | select(. != "") | split("|")
        | {distribution: .[0], release: .[1], profile: .[2], packages: (.[3] | tonumber), system: (.[4] == "true")}]' <<< "$rows"
}

# describe_disks CANDIDATES: each with what speaks against it in any case (problems), and what KLDLOAD_FORCE_WIPE=1 would overwrite (data).
describe_disks() {
    local path size transport locked medium model bytes problems all KLDLOAD_FORCE_WIPE rows='' facts
    while IFS='|' read -r path size transport locked medium model; do
        if [[ -z $path ]]; then continue; fi
        disks_problems=()
        if [[ $medium == yes ]]; then
            disks_problem "$path: the live system or the answers are on it"
        else
            KLDLOAD_FORCE_WIPE=1
            disks_judge_one "$path" "$path"
        fi
        problems=$(describe_list "${disks_problems[@]}")
        disks_problems=()
        KLDLOAD_FORCE_WIPE=0
        if [[ $medium == no ]]; then disks_judge_one "$path" "$path"; fi
        all=$(describe_list "${disks_problems[@]}")
        bytes=$(blockdev --getsize64 "$path") || bytes=0 # a problem says so already
        facts=$(lsblk --nodeps --json --output ROTA,RM,SERIAL "$path") || facts='{}'
        rows+=$(jq --null-input --compact-output --arg path "$path" --arg size "$size" --argjson bytes "$bytes" --arg transport "$transport" \
            --arg readonly "$locked" --arg medium "$medium" --arg model "$model" --argjson problems "$problems" --argjson all "$all" --argjson facts "$facts" \
            '($facts.blockdevices[0] // {}) as $facts | {path: $path, size: $size, bytes: $bytes, transport: $transport, readonly: ($readonly != "0"),
              medium: ($medium == "yes"), model: $model, serial: ($facts.serial // ""), rotational: ($facts.rota // false), removable: ($facts.rm // false),
              problems: $problems, data: ($all - $problems)}')$'\n'
    done <<< "$1"
    jq --slurp --compact-output . <<< "$rows"
}

describe_list() { if (($#)); then printf '%s\n' "$@" | jq --raw-input --null-input --compact-output '[inputs]'; else printf '[]'; fi; }

# describe_zones: those that answers_is_zone takes.
describe_zones() {
    local zones=${KLDLOAD_ZONEINFO:-/usr/share/zoneinfo}
    printf 'UTC\n'
    if [[ -f $zones/zone.tab ]]; then awk -F'\t' '!/^#/ { print $3 }' "$zones/zone.tab" | sort; fi
    if [[ -d $zones/Etc ]]; then find "$zones/Etc" -type f -printf 'Etc/%f\n' | sort; fi
}

# describe_problems FILE: what is wrong with the answers in it, and what may be, each at its variable and line where it has them.
describe_problems() {
    local problems warnings
    problems=$(describe_list "${answers_problems[@]}")
    warnings=$(describe_list "${answers_warnings[@]}")
    jq --null-input --compact-output --arg file "$1:" --argjson problems "$problems" --argjson warnings "$warnings" '
        def placed: if startswith($file) then .[($file | length):] | capture("^(?:(?<line>[0-9]+): )? *(?<what>(?s:.*))$") else {line: null, what: .} end
            | {line: (if .line then (.line | tonumber) else null end), name: (.what | [scan("KLDLOAD_[A-Z_]+")] | first), what: .what};
        {good: ($problems | length == 0), problems: ($problems | map(placed)), warnings: ($warnings | map(placed))}'
}
