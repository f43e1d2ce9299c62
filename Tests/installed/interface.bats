#!/usr/bin/env bats
# What holds for every tool of the installed system: it explains itself, to anybody, changing nothing; and what it says of itself stands in
# its man page and its completion, too.
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    shopt -s nullglob
    tools=("$target_tools"/usr/sbin/*)
}

# A place that everybody can read, as the tools' own is on an installed system.
setup_file() {
    public=$(mktemp --directory)
    export public
    chmod 755 "$public"
    cp -r "$BATS_TEST_DIRNAME"/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target{,-tools}/. "$public"
    chmod -R u=rwX,go=rX "$public"
}

teardown_file() { rm -r "$public"; }

# for_each CHECK: calls it with the path of each tool, and tells of all that fail.
for_each() {
    local tool failed=0
    for tool in "${tools[@]}"; do
        if [[ -L $tool ]]; then continue; fi
        if ! "$1" "$tool"; then
            echo "$1: ${tool##*/}"
            failed=1
        fi
    done
    return "$failed"
}

help_of() { sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$1"; }

# words_of TOOL: the verbs and options of its help, a line each. A line that begins with two blanks and the tool's name is one of usage.
words_of() {
    local name=${1##*/} usage
    usage=$(help_of "$1" | grep '^  ')
    # What is between a verb and what it does is two blanks at least.
    { grep -E "^  $name " <<< "$usage" | sed -E "s/^  $name //; s/   .*//" | grep -oE '^\[?[a-z][a-z-]*(\|[a-z-]+)*' | tr -d '[' | tr '|' '\n' || :; } | sort -u
    { grep -oE '(^|[][ |,(])--?[a-zA-Z][a-z-]*' <<< "$usage" | sed -E 's/^[^-]//' || :; } | sort -u
}

man_of() { mandoc -T ascii "$1" | col -b; }

says_what_it_is() {
    local tool=$1 name=${1##*/} out
    out=$("$tool" --help) && [[ $(head -n 1 <<< "$out") == "$name: "* ]] || return 1
    [[ $("$tool" -h) == "$out" ]]
}

says_so_to_anybody() {
    local name=${1##*/} out
    if ((EUID != 0)); then return 0; fi
    out=$(KLDLOAD_LIB=$public/usr/lib/kldload setpriv --reuid 65534 --regid 65534 --clear-groups "$public/usr/sbin/$name" --help) || return 1
    [[ $out == "$name: "* ]]
}

refuses_what_it_does_not_know() {
    local status=0 out
    out=$("$1" --no-such-option 2>&1 < /dev/null) || status=$?
    [[ $status == 2 && $out == *"${1##*/}: "*$'\n'*"→ ${1##*/} --help"* ]] || {
        printf '%s\n' "status $status: $out"
        return 1
    }
}

begins_as_all_do() {
    grep -qx 'set -euo pipefail' "$1" && grep -qx 'shopt -s inherit_errexit nullglob' "$1" && [[ -x $1 ]]
}

has_a_man_page_that_says_all() {
    local name=${1##*/} page=$target_tools/usr/share/man/man8/${1##*/}.8 text word words section status=0
    [[ -e $page ]] || return 1
    mandoc -T lint -W warning "$page" || return 1
    text=$(man_of "$page")
    words=$(words_of "$1")
    while IFS= read -r word; do
        if [[ -n $word ]] && ! grep -qE -- "(^|[^A-Za-z0-9-])$word([^A-Za-z0-9-]|\$)" <<< "$text"; then
            echo "the man page of $name lacks $word"
            status=1
        fi
    done <<< "$words"
    for section in 'EXIT STATUS' EXAMPLES; do
        if ! grep -qx "$section" <<< "$text"; then echo "the man page of $name lacks $section" && status=1; fi
    done
    return "$status"
}

has_a_completion_that_knows_all() {
    local name=${1##*/} file=$target_tools/usr/share/bash-completion/completions/${1##*/} word words status=0
    [[ -e $file ]] && bash -n "$file" || return 1
    words=$(words_of "$1")
    while IFS= read -r word; do
        # One letter is typed faster than completed.
        if [[ -z $word || $word == -? ]]; then continue; fi
        if ! grep -qE -- "(^|[^A-Za-z0-9-])$word([^A-Za-z0-9-]|\$)" "$file"; then
            echo "the completion of $name lacks $word"
            status=1
        fi
    done <<< "$words"
    return "$status"
}

@test "each tool says what it is, and has changed nothing then" {
    for_each says_what_it_is
    [ -z "$(fake log)" ]
}

@test "… to anybody" {
    for_each says_so_to_anybody
}

@test "what a tool does not know is status 2, with the way to its help" {
    for_each refuses_what_it_does_not_know
    [ -z "$(fake log)" ]
}

@test "no tool goes on after an error" {
    for_each begins_as_all_do
}

@test "each has a man page, which lacks no verb and no option, and which mandoc finds nothing wrong with" {
    type -P mandoc > /dev/null || skip "no mandoc"
    for_each has_a_man_page_that_says_all
}

@test "each has a completion, which lacks no verb and no option" {
    for_each has_a_completion_that_knows_all
}

@test "another name of a tool is one in its man page and its completion, too" {
    for tool in "${tools[@]}"; do
        [ -L "$tool" ] || continue
        [ -x "$tool" ] # what it leads to is there
        for file in "man/man8/${tool##*/}.8" "bash-completion/completions/${tool##*/}"; do
            [ -e "$target_tools/usr/share/$file" ]
        done
    done
}

@test "the fake of ZFS is as strict as the real one where it matters" {
    fake_system
    run -1 zfs snapshot rpool/nothing@x
    [[ $output == *"dataset does not exist"* ]]
    run -2 zfs set -- a:b=c rpool/home
    zfs snapshot rpool/home@one
    run -1 zfs snapshot rpool/srv@two rpool/home@one
    run -1 zfs list rpool/srv@two # all or none
    zfs hold keep rpool/home@one
    run -1 zfs destroy rpool/home@one
    zfs release keep rpool/home@one
    zfs clone rpool/home@one rpool/clone
    run -1 zfs destroy rpool/home@one
    [[ $output == *"dependent clones"* ]]
    zfs destroy rpool/clone
    zfs destroy rpool/home@one
    run -1 zfs destroy rpool/ROOT/default
    [[ $output == *busy* ]]
}
