# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with kst and common.sh
# How the machine is, for kst. After common.sh and boot-trial.sh. Each function asks one program once, however many snapshots there are, and leaves what it found in
# variables; what is wrong goes to reasons, what is worth knowing to notes, both with what to do.

reasons=() notes=()
unhealthy() { reasons+=("$1 → $2"); }
note() { notes+=("$1 → $2"); }

# Tests have another root; nobody else.
system_root=${KLDLOAD_ROOT:-}

# --- pools ------------------------------------------------------------------------------------------------------------

pool_names=()
declare -A pool_health=() pool_size=() pool_allocated=() pool_free=() pool_fragmentation=() pool_capacity=() pool_scan=() pool_scrubbed=()
read_pools() {
    local lines name health size allocated free fragmentation capacity frozen
    # A pool whose disks do not answer may keep whoever asks waiting.
    lines=$(timeout 20 zpool list -H -p -o name,health,size,allocated,free,fragmentation,capacity,readonly 2>&1) || {
        unhealthy "zpool list: ${lines:-no answer}" "dmesg: do the disks?"
        return 0
    }
    while IFS=$'\t' read -r name health size allocated free fragmentation capacity frozen; do
        if [[ -z $name ]]; then continue; fi
        pool_names+=("$name")
        pool_health[$name]=$health
        pool_size[$name]=$size pool_allocated[$name]=$allocated pool_free[$name]=$free
        pool_fragmentation[$name]=${fragmentation//[!0-9]/} pool_capacity[$name]=${capacity//[!0-9]/}
        if [[ $health != ONLINE ]]; then unhealthy "the pool $name is $health" "zpool status $name"; fi
        if [[ $frozen == on ]]; then unhealthy "the pool $name was imported read-only: nothing that is written stays" "zpool status $name; then start the machine anew"; fi
        if ((${pool_capacity[$name]:-0} >= 90)); then
            unhealthy "the pool $name is $capacity % full" "kdf; ksnap list"
        elif ((${pool_capacity[$name]:-0} >= 80)); then
            note "the pool $name is $capacity % full, which makes it slow" "kdf; ksnap list"
        fi
    done <<< "$lines"
    if ((${#pool_names[@]} == 0)); then unhealthy "there is no pool" "zpool import"; fi
}

# read_scans: errors of the disks, and when all was last read through.
read_scans() {
    local lines line name='' when
    if ((${#pool_names[@]} == 0)); then return; fi
    lines=$(timeout 20 zpool status 2>&1) || {
        unhealthy "zpool status: ${lines:-no answer}" "dmesg: do the disks?"
        return 0
    }
    while IFS= read -r line; do
        if [[ $line =~ ^\ *pool:\ (.*) ]]; then
            name=${BASH_REMATCH[1]}
        elif [[ $line =~ ^\ *scan:\ (.*) ]]; then
            pool_scan[$name]=${BASH_REMATCH[1]}
            if [[ $line =~ (scrub\ repaired|resilvered)\ .*\ with\ ([0-9]+)\ errors\ on\ (.*) ]]; then
                when=$(date -d "${BASH_REMATCH[3]}" +%s 2> /dev/null) || when='' # a date that date can't read: no age is said
                pool_scrubbed[$name]=$when
                if ((BASH_REMATCH[2] > 0)); then unhealthy "the last scrub of $name found ${BASH_REMATCH[2]} errors" "zpool status -v $name"; fi
            fi
        elif [[ $line =~ ^errors:\ (.*) && ${BASH_REMATCH[1]} != 'No known data errors' ]]; then
            unhealthy "the pool $name has damaged data: ${BASH_REMATCH[1]}" "zpool status -v $name; krestore, or a backup"
        elif [[ $line =~ ^$'\t'\ +([^ ]+)\ +([A-Z]+)\ +([0-9.KMGT]+)\ +([0-9.KMGT]+)\ +([0-9.KMGT]+) ]]; then
            if [[ ${BASH_REMATCH[3]}${BASH_REMATCH[4]}${BASH_REMATCH[5]} != 000 ]]; then
                unhealthy "${BASH_REMATCH[1]} of $name had errors: ${BASH_REMATCH[3]} reading, ${BASH_REMATCH[4]} writing, ${BASH_REMATCH[5]} of checksums" \
                    "smartctl -a; when it was the cable: zpool clear $name"
            fi
        fi
    done <<< "$lines"
}

# scan_reply POOL: "scrubbed 12 d ago", and a note when that is too long ago. A pool is new for two months.
scan_reply() {
    local name=$1 scan=${pool_scan[$1]:-} done=${pool_scrubbed[$1]:-}
    case $scan in
        *'in progress'*) REPLY="being read through (${scan%% *})" ;;
        *' canceled on '*) REPLY='the scrub was canceled' ;;
        *)
            if [[ -n $done ]]; then
                age_reply $((now - done)) && REPLY="scrubbed $REPLY ago"
            else
                REPLY='never scrubbed'
            fi
            ;;
    esac
    if [[ $REPLY == never* && -n ${dataset_created[$name]:-} ]]; then done=${dataset_created[$name]}; fi
    if [[ -n $done ]] && ((now - done > 60 * 86400)); then
        note "$name was not read through for $(((now - done) / 86400)) d: what fails in silence is not found" "zpool scrub $name"
    fi
}

# --- file systems and snapshots ---------------------------------------------------------------------------------------

environments=()
running_environment=''
snapshots_hold=0
declare -A dataset_created=()
read_file_systems() {
    local lines name type mounted canmount mountpoint snapshots created keystatus running
    running=$(mount_field SOURCE --mountpoint /) || running='' # / is something else
    lines=$(zfs list -H -p -t filesystem,volume -o name,type,mounted,canmount,mountpoint,usedbysnapshots,creation,keystatus 2>&1) || {
        unhealthy "zfs list: ${lines:-no answer}" "zpool status"
        return 0
    }
    while IFS=$'\t' read -r name type mounted canmount mountpoint snapshots created keystatus; do
        if [[ -z $name ]]; then continue; fi
        snapshots_hold=$((snapshots_hold + ${snapshots/#-/0}))
        dataset_created[$name]=$created
        if [[ $name == */ROOT/* ]]; then
            if [[ $name == "$pool"/ROOT/* && ${name#"$pool"/ROOT/} != */* ]]; then environments+=("${name##*/}"); fi
            if [[ $name == "$running" ]]; then running_environment=${name#"$pool"/ROOT/}; fi
        elif [[ $type == filesystem && $canmount == on && $mounted != yes && $mountpoint == /* ]]; then
            if [[ $keystatus == unavailable ]]; then
                note "$name is locked" "zfs mount -l $(printf %q "$name")"
            else
                unhealthy "$name should be mounted at $mountpoint, and is not" "zfs mount $(printf %q "$name")"
            fi
        fi
    done <<< "$lines"
}

snapshots_count=0 snapshots_newest='' snapshots_held=0
read_snapshots() {
    local line
    # What keeps zfs from listing them was said of the file systems.
    line=$(zfs list -H -p -t snapshot -o creation,userrefs 2> /dev/null \
        | awk -F '\t' '{ count++; if ($1 > newest) newest = $1; if ($2 > 0) held++ } END { printf "%d %.0f %d\n", count, newest, held }') || return 0
    read -r snapshots_count snapshots_newest snapshots_held <<< "$line"
}

# --- boot environments ------------------------------------------------------------------------------------------------

default_environment=''
read_default() {
    local dataset
    dataset=$(zpool get -H -o value bootfs -- "$pool" 2> /dev/null) || dataset=- # no such pool: that was said
    if [[ $dataset == - ]]; then return; fi
    default_environment=${dataset#"$pool"/ROOT/}
    if [[ " ${environments[*]} " != *" $default_environment "* ]]; then
        unhealthy "what boots next, $dataset, is not there" "kbe activate ${running_environment:-BE}"
    fi
}

# read_trial: what kldload-boot knows of boot environments on trial; properties of ROOT, as all boot environments see them.
read_trial() {
    local lines
    lines=$(zfs get -H -s local -o property,value all -- "$pool/ROOT" 2> /dev/null) || return 0 # there are no boot environments; that was said
    trial_take "$lines"
    if [[ $trial_result == *': failed after '* ]]; then
        note "the trial of ${trial_result%%: failed after *} failed, and the one before runs: ${trial_result#*: failed after }" "kbe diff; kbe jail ${trial_result%%:*}"
    fi
}

# --- the system -------------------------------------------------------------------------------------------------------

failed_units=()
read_units() {
    local lines unit rest
    lines=$(systemctl list-units --failed --plain --no-legend 2> /dev/null) || {
        note "systemd does not answer" "systemctl status"
        return 0
    }
    while read -r unit rest; do
        if [[ -z $unit ]]; then continue; fi
        failed_units+=("$unit")
    done <<< "$lines"
    if ((${#failed_units[@]})); then unhealthy "failed: ${failed_units[*]}" "systemctl status ${failed_units[0]}; journalctl -b -u ${failed_units[0]}"; fi
}

system_name='' profile=''
read_names() {
    local line
    if [[ -e $system_root/etc/os-release ]]; then
        while IFS= read -r line; do if [[ $line =~ ^PRETTY_NAME=\"?([^\"]*) ]]; then system_name=${BASH_REMATCH[1]}; fi; done < "$system_root/etc/os-release"
    fi
    if [[ -e $KLDLOAD_ETC/install-manifest.env ]]; then
        while IFS= read -r line; do if [[ $line =~ ^KLDLOAD_PROFILE=[\"\']?([a-z0-9-]+) ]]; then profile=${BASH_REMATCH[1]}; fi; done < "$KLDLOAD_ETC/install-manifest.env"
    fi
}

held_packages=()
read_held() {
    local lines line
    if type -P apt-mark > /dev/null; then
        lines=$(apt-mark showhold 2> /dev/null) || lines='' # dpkg is at work
        if [[ -n $lines ]]; then mapfile -t held_packages <<< "$lines"; fi
    elif [[ -e $system_root/etc/dnf/plugins/versionlock.list ]]; then
        while IFS= read -r line; do if [[ $line =~ ^[^#[:space:]] ]]; then held_packages+=("$line"); fi; done < "$system_root/etc/dnf/plugins/versionlock.list"
    fi
}

# read_reboot: why the machine should be started anew; empty where it need not.
reboot_why=''
read_reboot() {
    local running kernel newest='' versions=()
    running=$(uname -r)
    for kernel in "$system_root"/boot/vmlinuz-*; do
        kernel=${kernel##*/vmlinuz-}
        # What has no ZFS is never booted; kldload-boot says so when it comes.
        if [[ $kernel != 0-rescue-* ]] && kernel_has_zfs "$kernel"; then versions+=("$kernel"); fi
    done
    if ((${#versions[@]})); then newest=$(printf '%s\n' "${versions[@]}" | sort --version-sort | tail --lines=1); fi
    if [[ -n $default_environment && -n $running_environment && $default_environment != "$running_environment" ]]; then
        reboot_why="the boot environment $default_environment boots next, $running_environment runs"
    elif [[ $trial_kind == once && -n $trial_be ]]; then
        reboot_why="the boot environment $trial_be boots once"
    elif [[ -n $trial_be && $trial_be != "$running_environment" ]]; then
        reboot_why="the boot environment $trial_be is to be tried"
    elif [[ -n $newest && $newest != "$running" ]]; then
        reboot_why="kernel $newest is installed, $running runs"
    elif [[ -e $system_root/run/reboot-required ]]; then
        reboot_why='packages ask for it'
    fi
}

kernel_has_zfs() {
    local modules=$system_root/usr/lib/modules/$1
    [[ -d $modules ]] && [[ -n $(find "$modules/" -name 'zfs.ko*' -print -quit) ]]
}
