# shellcheck shell=bash
# What the completions of the tools share; each of them sources this.

# _kldload_offer WORDS: those that begin as the word at the cursor does.
_kldload_offer() { mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}"); }

# _kldload_names TYPE: datasets or snapshots. To bash, @ and : end a word as a rule, and what is offered goes in place of the last one.
_kldload_names() {
    local names name typed=${COMP_LINE:0:COMP_POINT} done=''
    names=$(zfs list -H -t "$1" -o name 2> /dev/null) || return 0
    typed=${typed##*[[:space:]]}
    if [[ $typed == *[@:]* && $COMP_WORDBREAKS == *@* ]]; then done=${typed%"${typed##*[@:]}"}; fi
    while IFS= read -r name; do
        if [[ -n $name && $name == "$typed"* ]]; then COMPREPLY+=("${name#"$done"}"); fi
    done <<< "$names"
}

_kldload_files() { mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"); }
