# shellcheck shell=bash
# Questions to a person at a console: in windows of whiptail where there is one, else by plain lines.
#
# Each function puts what was said into ask_reply and succeeds; it fails where the person wants to go back.

ask_reply=''
ask_title='kldload'

# ask_begin: chooses between the two.
ask_begin() {
    ask_windows=no
    if [[ -z ${KLDLOAD_PLAIN:-} && -t 0 && -t 1 && ${TERM:-dumb} != dumb ]] && command -v whiptail > /dev/null; then ask_windows=yes; fi
    if [[ $ask_windows == no ]]; then printf '%s: an empty line means what stands in [ ], - means nothing; < goes back, ? lists what can be said\n' "$ask_title"; fi
}

# ask_whiptail WORD…: what whiptail was told; 1 for its button Back. The Escape key is no answer.
ask_whiptail() {
    local status=0
    while :; do
        ask_reply=$(whiptail --title "$ask_title" --cancel-button Back "$@" 3>&1 1>&2 2>&3) || status=$?
        ((status == 255)) || return $status
        status=0
    done
}

# ask_read [-s]: a line of plain input. Where input ends, nobody is there to be asked.
ask_read() {
    printf '> '
    IFS= read -r "$@" ask_reply || {
        printf '\n%s: no more input\n' "$ask_title" >&2
        exit 2
    }
    if [[ ${1:-} == -s ]]; then printf '\n'; fi
    [[ $ask_reply != '<' ]]
}

# ask_tell TEXT: something to be read.
ask_tell() {
    local options=()
    if [[ $ask_windows == yes ]]; then
        # A text that scrolls takes the keys, and the button waits for the tabulator: only where it must.
        if (($(fold --width=72 <<< "$1" | wc --lines) > 14)); then options=(--scrolltext); fi
        whiptail --title "$ask_title" "${options[@]}" --msgbox -- "$1" 20 76 || : # Escape closes it too
    else
        printf '\n%s\n' "$1"
    fi
}

# ask_line QUESTION DEFAULT [LIST]: a line of text. LIST is a command that prints what can be said.
ask_line() {
    if [[ $ask_windows == yes ]]; then
        ask_whiptail --inputbox -- "$1" 12 76 "$2"
        return
    fi
    while :; do
        printf '\n%s [%s]\n' "$1" "$2"
        ask_read || return
        if [[ $ask_reply != '?' || -z ${3:-} ]]; then break; fi
        printf '\n'
        "$3" | paste --serial --delimiters=' ' | fold --spaces --width=78
    done
    if [[ -z $ask_reply ]]; then ask_reply=$2; elif [[ $ask_reply == - ]]; then ask_reply=''; fi
}

# ask_secret QUESTION: a line that is not shown.
ask_secret() {
    if [[ $ask_windows == yes ]]; then
        ask_whiptail --passwordbox -- "$1" 12 76
        return
    fi
    printf '\n%s\n' "$1"
    ask_read -s
}

# ask_one QUESTION DEFAULT WORD MEANING…: one of the words.
ask_one() {
    local question=$1 default=$2 words=() word i
    shift 2
    if [[ $ask_windows == yes ]]; then
        ask_whiptail --notags --default-item "$default" --menu -- "$question" 20 76 $(($# / 2 < 10 ? $# / 2 : 10)) "$@"
        return
    fi
    printf '\n%s\n' "$question"
    for ((i = 1; i <= $#; i += 2)); do
        words+=("${!i}")
        word=$((i + 1))
        printf '  %d) %s\n' "${#words[@]}" "${!word}"
    done
    while :; do
        printf 'a number or word [%s] ' "$default"
        ask_read || return
        if [[ -z $ask_reply ]]; then ask_reply=$default; fi
        if [[ $ask_reply =~ ^[0-9]{1,3}$ ]] && ((10#$ask_reply >= 1 && 10#$ask_reply <= ${#words[@]})); then
            ask_reply=${words[10#$ask_reply - 1]}
        fi
        for word in "${words[@]}"; do if [[ $ask_reply == "$word" ]]; then return; fi; done
        printf '%s is none of them\n' "$ask_reply"
    done
}

# ask_several QUESTION "DEFAULT…" WORD MEANING…: none, one or several of the words, with spaces between.
ask_several() {
    local question=$1 default=$2 rows=() words=() given found word number i
    shift 2
    for ((i = 1; i <= $#; i += 2)); do
        words+=("${!i}")
        number=$((i + 1))
        rows+=("${!i}" "${!number}" "$([[ " $default " == *" ${!i} "* ]] && printf on || printf off)")
    done
    if [[ $ask_windows == yes ]]; then
        ask_whiptail --notags --separate-output --checklist -- "$question (the space bar marks)" 20 76 "${#words[@]}" "${rows[@]}" || return
        ask_reply=${ask_reply//$'\n'/ }
        return
    fi
    printf '\n%s\n' "$question"
    for ((i = 0; i < ${#words[@]}; i++)); do printf '  %d) %s\n' $((i + 1)) "${rows[i * 3 + 1]}"; done
    while :; do
        printf 'numbers with spaces between, or none [%s] ' "${default:-none}"
        ask_read || return
        if [[ -z $ask_reply ]]; then ask_reply=$default; fi
        read -r -a given <<< "${ask_reply//,/ }"
        found=''
        for word in "${given[@]}"; do
            if [[ $word == none ]]; then continue; fi
            if [[ $word =~ ^[0-9]{1,3}$ ]] && ((10#$word >= 1 && 10#$word <= ${#words[@]})); then word=${words[10#$word - 1]}; fi
            if [[ " ${words[*]} " != *" $word "* ]]; then
                printf '%s is none of them\n' "$word"
                continue 2
            fi
            if [[ " $found " != *" $word "* ]]; then found+="${found:+ }$word"; fi
        done
        ask_reply=$found
        return
    done
}

# ask_yes QUESTION DEFAULT: 1 or 0 in ask_reply; DEFAULT is one of them.
ask_yes() {
    local words=(no yes)
    ask_one "$1" "${words[$2]}" yes yes no no || return
    if [[ $ask_reply == yes ]]; then ask_reply=1; else ask_reply=0; fi
}
