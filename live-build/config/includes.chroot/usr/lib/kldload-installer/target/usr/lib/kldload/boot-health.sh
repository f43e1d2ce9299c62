# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with whoever sources this
# Whether a machine that has come up is well: compared with what was noted before.
#
#   health_note           how it is now: lines "KEY VALUE"
#   health_check [FILE]   a line for each thing that is wrong, compared with such a note; nothing where it is well

# Commands of the administrator's that must succeed, too; what one says last is the reason.
health_folder=/etc/kldload/health.d

health_note() {
    local pools mounted failed
    pools=$(zpool list -H -o name,health)
    printf 'pool %s\n' "${pools//$'\n'/$'\npool '}"
    mounted=$(health_mounted)
    if [[ -n $mounted ]]; then printf 'mounted %s\n' "${mounted//$'\n'/$'\nmounted '}"; fi
    failed=$(health_failed_units)
    if [[ -n $failed ]]; then printf 'failed %s\n' "${failed//$'\n'/$'\nfailed '}"; fi
    if health_route; then printf 'route yes\n'; fi
}

# The file systems of all but the boot environments: which of these is there is no question of health.
health_mounted() {
    zfs list -H -t filesystem -o mounted,name | awk -F'\t' -v root="$pool/ROOT/" '$1 == "yes" && index($2, root) != 1 { print $2 }'
}

health_failed_units() { systemctl list-units --failed --plain --no-legend | awk '{ print $1 }' | sort; }

# A way out, of IPv4 or IPv6.
health_route() {
    awk '$2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' /proc/net/route 2> /dev/null \
        || awk '$1 == "00000000000000000000000000000000" && $2 == "00" && $10 != "lo" { found = 1 } END { exit !found }' \
            /proc/net/ipv6_route 2> /dev/null
}

health_check() {
    local note='' pools name state was program said waited=0 status failed mounted
    if [[ -n ${1:-} && -e $1 ]]; then note=$'\n'$(< "$1")$'\n'; fi
    pools=$(zpool list -H -o name,health)
    while IFS=$'\t' read -r name state; do
        if [[ $state != ONLINE && $note != *$'\n'"pool $name"$'\t'"$state"$'\n'* ]]; then printf 'the pool %s is %s\n' "$name" "$state"; fi
    done <<< "$pools"
    while read -r was name state; do
        if [[ $was == pool && $'\n'$pools != *$'\n'"$name"$'\t'* ]]; then printf 'the pool %s is not there\n' "$name"; fi
    done <<< "$note"
    mounted=$'\n'$(health_mounted)$'\n'
    while read -r was state; do
        if [[ $was != mounted ]]; then continue; fi
        if [[ $mounted != *$'\n'"$state"$'\n'* ]]; then printf '%s is not mounted\n' "$state"; fi
    done <<< "$note"
    if [[ $note == *$'\n'"route yes"$'\n'* ]]; then
        while ! health_route; do
            waited=$((waited + 2))
            if ((waited > ${HEALTH_NETWORK_WAIT:-90})); then
                printf 'there is no route to the network, and there was one\n'
                break
            fi
            sleep 2
        done
    fi
    for program in "$health_folder"/*; do
        if [[ ! -x $program || -d $program ]]; then continue; fi
        status=0
        said=$(timeout 120 "$program" 2>&1) || status=$?
        if ((status != 0)); then printf '%s: status %s: %s\n' "$program" "$status" "$(tail --lines=1 <<< "$said" | cut --bytes=-200)"; fi
    done
    # Last: by now what fails soon after its start has failed.
    failed=$(health_failed_units)
    while read -r state; do
        if [[ -n $state && $note != *$'\n'"failed $state"$'\n'* ]]; then printf '%s has failed\n' "$state"; fi
    done <<< "$failed"
}
