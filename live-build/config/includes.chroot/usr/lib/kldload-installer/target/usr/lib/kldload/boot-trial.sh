# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with whoever sources this
# A boot environment on trial: it boots next, a few times at most; the one before it stays the default until the new one was found
# healthy. Nobody has to be at the machine, and no variable of the firmware is needed.
#
# How systemd-boot goes about it: the name of an entry ends in +LEFT-DONE.conf; at each start it counts one to the other, by renaming
# the file, before it hands over. `default` of loader.conf is a pattern, and the first entry that it fits is taken; entries with
# nothing LEFT are sorted last, the others by sort-key. So for the time of a trial the pattern fits two entries, kldload_1-… of the one
# on trial (first by its sort-key) and kldload_2-… of the default: that is what starts when the tries are used up. Each disk counts
# for itself.
#
# What is known about it are properties of rpool/ROOT, because every boot environment sees them:
#
#   kldload:trial          which boot environment        kldload:trial-kind    trial (kept when healthy) or once (never kept)
#   kldload:trial-tries    how many tries                kldload:trial-id      when it was ordered; stands on its kernel's command line
#   kldload:trial-reason   what its last try found       kldload:trial-result  how the last trial ended
#
#   trial_read             trial_be, trial_kind, trial_tries, trial_id; fails where there is no trial
#   trial_start BE KIND TRIES
#   trial_end RESULT       there is no trial any more; the menus are the caller's business
#   trial_running          whether this very boot is one on trial
#   trial_bless            the running boot environment is the default from now on, on all disks
#   trial_settle           at each boot: what has become of a trial
#   trial_counters         on the disks, in trial_left (the fewest) and trial_done (the most); trial_disks is how many have one

trial_properties=(kldload:trial kldload:trial-kind kldload:trial-tries kldload:trial-id kldload:trial-reason)
trial_be='' trial_kind='' trial_tries='' trial_id='' trial_reason='' trial_result=''
trial_left='' trial_done='' trial_disks=''
firmware_default=/sys/firmware/efi/efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f

# trial_take LISTING: what lines PROPERTY<tab>VALUE say of it.
trial_take() {
    local property value
    trial_be='' trial_kind='' trial_tries='' trial_id='' trial_reason='' trial_result=''
    while IFS=$'\t' read -r property value; do
        case $property in
            kldload:trial) trial_be=$value ;;
            kldload:trial-kind) trial_kind=$value ;;
            kldload:trial-tries) trial_tries=$value ;;
            kldload:trial-id) trial_id=$value ;;
            kldload:trial-reason) trial_reason=$value ;;
            kldload:trial-result) trial_result=$value ;;
        esac
    done <<< "$1"
}

trial_read() {
    local listing
    listing=$(zfs get -H -s local -o property,value all "$pool/ROOT") || fail "the properties of $pool/ROOT can't be read"
    trial_take "$listing"
    [[ -n $trial_be ]] || return 1
    # Numbers and names that stand in file names; whoever sets properties by hand may have set anything.
    [[ $trial_tries =~ ^[1-9]$ && $trial_id =~ ^[0-9TZ]+$ && $trial_kind =~ ^(trial|once)$ ]] || {
        warn "the properties kldload:trial… of $pool/ROOT do not say what they should: there is no trial"
        trial_be=''
        return 1
    }
}

trial_running() { [[ -n $trial_id && " $(< "${KLDLOAD_CMDLINE:-/proc/cmdline}") " == *" kldload.trial=$trial_id "* ]]; }

# trial_start: nothing is on trial unless all disks say so.
trial_start() {
    local chosen folder
    environment_exists "$1" || fail "there is no boot environment $1"
    chosen=$(environment_default)
    [[ $1 != "$chosen" ]] || fail "$1 boots by default as it is"
    [[ $3 =~ ^[1-9]$ ]] || fail "\"$3\" is no number of tries; 1 to 9"
    menu_newest "$1" > /dev/null || fail "$1 has no kernel that can reach its root"
    if [[ $2 == trial ]]; then trial_note "$1"; fi
    for folder in "${trial_properties[@]}" kldload:trial-result; do zfs inherit "$folder" "$pool/ROOT"; done
    zfs set "kldload:trial=$1" "kldload:trial-kind=$2" "kldload:trial-tries=$3" "kldload:trial-id=$(date --utc +%Y%m%dT%H%M%SZ)" "$pool/ROOT"
    trial_free_default
    (menu_write "$chosen") &
    wait $! || {
        zfs inherit kldload:trial "$pool/ROOT"
        # Those that were written say otherwise.
        (menu_write "$chosen") &
        wait $! || : # the same that failed before
        fail "the menus can't be written, and so there is no trial: $chosen boots"
    }
}

# trial_note BE: how the machine is today, for the check of its health; it is left in the boot environment that will make it.
trial_note() {
    local root=/ folder
    folder=$(environment_running)
    if [[ $folder != "$1" ]]; then
        # Its parts may be mounted to be read for the menu, and a mounted file system is not mounted again otherwise.
        root=$work/roots/$1
        if mountpoint --quiet "$root"; then environment_unmount "$root"; fi
        mkdir -p "$root"
        environment_mount "$1" "$root" rw
    fi
    mkdir -p "$root/var/lib/kldload"
    health_note > "$root/var/lib/kldload/before-trial"
    if [[ $root != / ]]; then
        environment_unmount "$root"
        environment_mount "$1" "$root" ro
    fi
}

trial_end() {
    local property
    zfs set "kldload:trial-result=${1:0:1000}" "$pool/ROOT"
    for property in "${trial_properties[@]}"; do zfs inherit "$property" "$pool/ROOT"; done
    trial_be=''
}

# trial_words: what the kernel is told besides. What can't go on starts anew by itself, and that is the next try.
trial_words() {
    local words="panic=30 rd.shell=0 rd.emergency=reboot kldload.trial=$trial_id" cipher
    cipher=$(zfs get -H -o value encryption "$pool/ROOT/$trial_be")
    # Nobody knows when somebody comes to type a passphrase.
    if [[ $cipher == off ]]; then words+=' kldload.deadline=300'; fi
    if [[ $trial_kind == trial ]]; then words+=' systemd.wants=kldload-bless.service systemd.watchdog_sec=120'; fi
    printf '%s\n' "$words"
}

# trial_plan DEFAULT ENTRY: the two entries in place of their usual ones, and what fits both.
trial_plan() {
    local entry words
    if [[ $trial_be == "$1" ]]; then printf '%s\n' "$2" && return; fi
    entry=$(menu_newest "$trial_be") || {
        warn "$trial_be is on trial, and has no kernel that can reach its root: $1 boots"
        printf '%s\n' "$2"
        return
    }
    words=$(trial_words)
    mv "$work/entries/$2" "$work/entries/kldload_2-${2#kldload-}"
    sed -e 's/^title .*/& (on trial)/' -e 's/^sort-key .*/sort-key kldload/' -e "s/^options .*/& $words/" "$work/entries/$entry" \
        > "$work/entries/kldload_1-${entry#kldload-}"
    rm "$work/entries/$entry"
    printf 'kldload_*\n'
}

# trial_entry_on ESP ENTRY: under which name a planned entry goes there. A count that was begun goes on.
trial_entry_on() {
    local name=${2##*/} file
    case $name in kldload_1-*) ;; *) printf '%s\n' "$name" && return ;; esac
    for file in "$1/loader/entries/${name%.conf}+"*.conf; do
        if grep --quiet --word-regexp --fixed-strings "kldload.trial=$trial_id" "$file"; then printf '%s\n' "${file##*/}" && return; fi
    done
    printf '%s+%s.conf\n' "${name%.conf}" "$trial_tries"
}

# trial_counters: wants menu_begin's folder.
trial_counters() {
    local partition listing='' left used
    trial_left='' trial_done=0 trial_disks=0
    partitions_read
    for partition in "${partitions[@]}"; do
        trial_counter_of "$partition" > "$work/counter" &
        wait $! || warn "$partition can't be read"
        listing+=$(< "$work/counter")$'\n'
    done
    while read -r left used; do
        if [[ -z $left ]]; then continue; fi
        trial_disks=$((trial_disks + 1))
        if [[ -z $trial_left || $left -lt $trial_left ]]; then trial_left=$left; fi
        if ((used > trial_done)); then trial_done=$used; fi
    done <<< "$listing"
}

trial_counter_of() {
    local esp file
    partition_open "$1"
    for file in "$esp"/loader/entries/kldload_1-*.conf; do
        if ! grep --quiet --word-regexp --fixed-strings "kldload.trial=$trial_id" "$file"; then continue; fi
        if [[ $file =~ \+([0-9]+)(-([0-9]+))?\.conf$ ]]; then printf '%s %s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]:-0}"; fi
    done
}

# trial_bless: first what the disks boot, then what the pool says. Cut in between, the next boot does the rest (trial_settle).
trial_bless() {
    local be uptime
    be=$(environment_running)
    [[ -n $be ]] || fail "the root is no boot environment"
    read -r uptime _ < /proc/uptime
    (menu_write "$be") &
    # A healthy machine is not started anew because one of its disks can't be written to; kldload-boot has said which.
    wait $! || warn "$be is kept, and not all disks know; kldload-boot sync, when that is mended"
    zpool set "bootfs=$pool/ROOT/$be" "$pool"
    trial_end "$be: kept at $(date --utc +%FT%TZ), healthy ${uptime%.*} s after it was started"
    printf 'kldload-boot: %s is kept: it boots by default\n' "$be"
}

# trial_settle: called after menu_begin.
trial_settle() {
    local be chosen result
    be=$(environment_running)
    chosen=$(environment_default)
    if trial_running; then
        if [[ $trial_kind == trial ]]; then return; fi # the check of its health decides
        trial_end "$be: started once, at $(date --utc +%FT%TZ); $chosen boots next"
    elif [[ $be == "$trial_be" && $trial_kind == trial ]]; then
        trial_counters
        # It was found healthy, and the power cut before the pool knew. If not, another of its kernels was chosen by hand.
        if ((trial_disks < ${#partitions[@]})); then trial_bless; fi
        return
    elif ! environment_exists "$trial_be"; then
        trial_end "$trial_be: destroyed before it was tried"
    else
        trial_counters
        if ((trial_done == 0)); then
            menu_write "$chosen" # it is still to come
            return
        fi
        result="it did not come up"
        if [[ -n $trial_reason ]]; then result=$trial_reason; fi
        trial_end "$trial_be: failed after $trial_done of $trial_tries tries: $result; $be runs"
    fi
    warn "the trial of ${trial_result:-$trial_be} is over"
    menu_write "$chosen"
}

# trial_free_default: what somebody chose with the key d in the menu is a variable of the firmware, and counts for more than any file.
trial_free_default() {
    if [[ ! -e $firmware_default ]]; then return; fi
    chattr -i "$firmware_default" 2> /dev/null || : # the file system of variables may be mounted without
    if rm -f "$firmware_default" 2> /dev/null; then
        warn "the default that was chosen in the boot menu (key d) is forgotten: it would have been stronger than this"
    else
        warn "a default was chosen in the boot menu (key d), and can't be forgotten here: press d there again, or nothing changes"
    fi
}
