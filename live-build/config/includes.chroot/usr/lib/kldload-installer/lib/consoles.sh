# shellcheck shell=bash
# What services say to whoever is in front of the machine.

consoles=${KLDLOAD_CONSOLES:-/dev/tty1 /dev/ttyS0 /dev/hvc0}

# consoles_say LINE: to every console, opened anew for each line: a getty may hang them up in between.
consoles_say() {
    local console
    printf '%s\n' "$*"
    for console in $consoles; do
        if [[ -c $console ]]; then printf '%s\r\n' "$*" 2> /dev/null > "$console" || :; fi # there may be no such device behind it
    done
}
