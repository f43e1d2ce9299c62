# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# What an installation says, and how it ends: steps, the log, failures, cleaning up.
#
# After say_begin, file descriptor 3 is where people read (the lines "kldload: …"); everything else that is written to
# stdout and stderr is in the log only.

say_log=/var/log/installer/kldload-installer.log
say_step=start
say_step_number=0
say_step_count=0
say_step_started=0
say_reason_file=/run/kldload-install.reason
say_timings=()
say_wiped=no # whether a disk was touched
say_watched=no # whether say_end says how it ended

# say_begin: from here on the log takes what programs write. After say_watch: it may fail, too.
say_begin() {
    mkdir -p "${say_log%/*}"
    # The log of an attempt before this one stays beside it.
    if [[ -e $say_log ]]; then mv --force -- "$say_log" "$say_log.before"; fi
    install -m 640 /dev/null "$say_log"
    : > "$say_reason_file"
    exec >> "$say_log" 2>&1 < /dev/null
}

say() {
    printf 'kldload: install: %s\n' "$*" >&3
    printf '[%4d s] %s\n' "$SECONDS" "$*"
}

# say_last LINE: what the consoles show in the end.
say_last() {
    printf 'kldload: %s\n' "$*" >&3
    printf '[%4d s] %s\n' "$SECONDS" "$*"
}

# run COMMAND…: writes the command into the log, then runs it. Not for commands with a secret among their words.
run() {
    printf '[%4d s] + %s\n' "$SECONDS" "${*@Q}"
    "$@"
}

# step NAME DESCRIPTION FUNCTION: runs FUNCTION as a step of the installation.
step() {
    say_step=$1
    say_step_number=$((say_step_number + 1))
    say_step_started=$SECONDS
    say "step $say_step_number/$say_step_count $say_step: $2"
    "$3"
    say_timings+=("$say_step $((SECONDS - say_step_started))")
    say "step $say_step_number/$say_step_count $say_step: done in $((SECONDS - say_step_started)) s"
}

# fail MESSAGE: ends the installation. What it leaves behind is removed by say_end, which says MESSAGE; before say_watch nobody
# else would.
fail() {
    if [[ $say_watched == yes ]]; then say_reason "$1"; else printf 'kldload: %s\n' "$1" >&2; fi
    exit 1
}

# say_reason TEXT: keeps why it failed; the first reason counts. In a file: a subshell may be who knows it.
say_reason() {
    if [[ ! -s $say_reason_file ]]; then printf '%s\n' "$1" > "$say_reason_file"; fi
}

# say_failed_command LINE COMMAND STATUS FUNCTION: of the trap on ERR. COMMAND is as it stands in the script: no values in it.
say_failed_command() {
    # In a subshell it may be tolerated by who started it; if not, that ends with an error too.
    if ((BASH_SUBSHELL == 0)); then say_reason "\"${2%%$'\n'*}\" ended with status $3 (${4:-main}, line $1)"; fi
}

# say_watch: sets the traps that say how it ended and clean up.
say_watch() {
    say_watched=yes
    exec 3>&1
    trap 'say_failed_command "$LINENO" "$BASH_COMMAND" "$?" "${FUNCNAME[0]:-}"' ERR
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    trap 'say_end $?' EXIT
}

# say_end STATUS: of the trap on EXIT.
say_end() {
    local status=$1 reason
    trap - ERR EXIT
    set +e
    if ((status == 0)); then return; fi
    reason=''
    if [[ -e $say_reason_file ]]; then read -r reason < "$say_reason_file"; fi
    if ((status == 130 || status == 143)); then reason='it was interrupted'; fi
    printf '\n[%4d s] what was running, and what is mounted:\n' "$SECONDS"
    findmnt --list --output TARGET,SOURCE | grep -E "^(${TARGET:-/target}|/mnt)"
    if [[ $(type -t export_release) == function ]]; then export_release; fi
    pool_release || reason+='; the disks are still in use'
    if [[ $say_wiped == yes && ${KLDLOAD_FORCE_WIPE:-} != 1 ]]; then reason+='; KLDLOAD_FORCE_WIPE=1 overwrites what was begun'; fi
    say_last "INSTALL FAILED in step $say_step: ${reason:-it ended with status $status} (log: $say_log)"
    exit 1
}

# counted NUMBER NOUN: "1 problem", "2 problems".
counted() { if (($1 == 1)); then printf '1 %s' "$2"; else printf '%s %ss' "$1" "$2"; fi; }
