#!/usr/bin/env bats
# `deploy install-cli`: what it puts where, the launcher, and man page and completion as real programs take them.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/install-cli.bats
# shellcheck disable=SC2016,SC2119,SC2120,SC2154 # other shells expand what is quoted here; bats sets output and stderr, and calls with arguments

bats_require_minimum_version 1.5.0

setup() {
    DEPLOY_BINARY=$(realpath "${DEPLOY_BINARY:?name the binary to test}")
    unset NO_COLOR CI DEPLOY_DIRECTORY
    cd "$BATS_TEST_TMPDIR" || return
    # A checkout whose launcher says how it was called.
    mkdir -p 'home checkout' other/deep/er
    for folder in 'home checkout' other; do
        printf '#!/bin/bash\nprintf "<%%s>" "${0%%/*}" "${DEPLOY_DIRECTORY-}" "$@"\n' > "$folder/deploy"
        chmod +x "$folder/deploy"
        touch "$folder/deploy.yaml" "$folder/Package.swift"
    done
    export KLDLOAD_CHECKOUT="$PWD/home checkout" HOME=$PWD/user
    mkdir user
    place=$PWD/user/.local
}

install_cli() { "$DEPLOY_BINARY" install-cli --prefix "$place" "$@"; }

@test "it says what was put where, the second time that it is so already" {
    run -0 --separate-stderr install_cli
    [[ $output == *"written"*"$place/bin/deploy"*"$place/share/man/man1/deploy.1"*"$place/share/bash-completion/completions/deploy"* ]]
    [[ $stderr == *"$place/bin is not on PATH"* ]]
    run -0 --separate-stderr env PATH="$place/bin:$PATH" "$DEPLOY_BINARY" install-cli --prefix "$place"
    [ "$(grep -c '^is so already' <<< "$output")" = 5 ]
    [[ $stderr != *"not on PATH"* ]]
    echo '# changed' >> "$place/share/man/man1/deploy.1"
    run -0 --separate-stderr install_cli --dry-run
    [[ $output == *"to be written"*deploy.1* ]]
    run -0 --separate-stderr install_cli
    [ "$(grep -c '^written' <<< "$output")" = 1 ]
}

@test "what somebody else has put there is left, and nothing is written then" {
    mkdir -p "$place/bin"
    ln -s "$PWD/other/deploy" "$place/bin/deploy"
    run -2 --separate-stderr install_cli
    [[ $stderr == *"is not of this command"*"$place/bin/deploy"* ]]
    [ ! -e "$place/share" ]
    run -0 --separate-stderr install_cli --uninstall
    [[ $output == *"left alone"*"$place/bin/deploy"* ]]
    [ -L "$place/bin/deploy" ]
}

@test "it is taken away again, and says what it took" {
    install_cli
    run -0 --separate-stderr install_cli --uninstall --dry-run
    [[ $output == *"to be removed"* ]]
    [ -x "$place/bin/deploy" ]
    run -0 --separate-stderr install_cli --uninstall --json
    [ "$(grep -o '"changed":true' <<< "$output" | wc -l)" = 5 ]
    [ -z "$(find "$place" -type f)" ]
}

@test "the launcher runs the tool of the checkout that one stands in, elsewhere the one it is from" {
    install_cli
    cd other/deep/er
    run -0 "$place/bin/deploy" status 'two words'
    [ "$output" = "<$BATS_TEST_TMPDIR/other><><status><two words>" ]
    cd /
    run -0 "$place/bin/deploy" --help
    [ "$output" = "<$BATS_TEST_TMPDIR/home checkout><><--help>" ]
    # A declaration without a tool of its own.
    mkdir -p "$BATS_TEST_TMPDIR/declared/below"
    touch "$BATS_TEST_TMPDIR/declared/deploy.yaml"
    cd "$BATS_TEST_TMPDIR/declared/below"
    run -0 "$place/bin/deploy" status
    [ "$output" = "<$BATS_TEST_TMPDIR/home checkout><$BATS_TEST_TMPDIR/declared><status>" ]
    rm -r "$BATS_TEST_TMPDIR/home checkout"
    run -1 "$place/bin/deploy" status
    [[ $output == *"the checkout that this was installed from is gone: $BATS_TEST_TMPDIR/home checkout"* ]]
}

@test "the launcher runs nothing that belongs to somebody else" {
    [ "$(id -u)" -eq 0 ] || skip "giving files away needs root"
    install_cli
    chown 12345 other/deploy
    cd other
    run -1 env -u SUDO_UID "$place/bin/deploy" status
    [[ $output == *"other/deploy belongs to somebody else, and is not run"* ]]
    SUDO_UID=12345 run -0 "$place/bin/deploy" status
}

@test "DEPLOY_DIRECTORY names the folder of the declaration, and -C wins over it" {
    DEPLOY_DIRECTORY=$PWD/declared run -2 --separate-stderr "$DEPLOY_BINARY" status
    [[ $stderr == *"$PWD/declared"* ]]
    DEPLOY_DIRECTORY=$PWD/declared run -2 --separate-stderr "$DEPLOY_BINARY" status -C "$PWD/elsewhere"
    [[ $stderr == *"$PWD/elsewhere"* ]]
}

@test "mandoc and man find nothing wrong with the man page" {
    install_cli
    page=$place/share/man/man1/deploy.1
    mandoc -T lint -W warning "$page"
    if type -P groff > /dev/null; then [ -z "$(man --warnings=w --encoding=UTF-8 -l "$page" 2>&1 > /dev/null)" ]; fi
    mandoc -T utf8 "$page" | col -b > text
    grep -q 'deploy burn \[options\] iso device' text
    grep -q 'INSTALL-CLI\|install-cli' text
    # A page of the system's own index as well.
    [ "$(mandoc -T utf8 "$page" | col -b | grep -c 'OPTIONS OF MANY COMMANDS')" = 1 ]
}

@test "bash completes commands, options and files" {
    install_cli
    touch made.iso notes.txt
    cat > ask.bash << 'END'
source "$1"
complete_line() {
    COMP_LINE=$1 COMP_POINT=${#1}
    read -ra COMP_WORDS <<< "$1"
    if [[ $1 == *' ' ]]; then COMP_WORDS+=(''); fi
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    _deploy deploy "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}"
}
complete_line "$2"
END
    ask() { bash ask.bash "$place/share/bash-completion/completions/deploy" "$1"; }
    [[ $(ask 'deploy bu') == $'build\nburn' ]]
    [[ $(ask 'deploy seed --in') == --into* ]]
    [[ $(ask 'deploy test m') == made.iso* ]]
    [[ $(ask 'deploy test n') != *notes* ]]
    # As a shell at a terminal has it.
    if [ -e /usr/share/bash-completion/bash_completion ]; then
        XDG_DATA_HOME=$place/share run -0 bash -ic 'source /usr/share/bash-completion/bash_completion; _completion_loader deploy; complete -p deploy'
        [[ $output == *"_deploy deploy"* ]]
    fi
}

@test "fish completes commands and options" {
    type -P fish > /dev/null || skip "fish is not installed"
    install_cli
    export XDG_DATA_HOME=$place/share XDG_CONFIG_HOME=$PWD/config
    mkdir config
    PATH=$place/bin:$PATH run -0 fish -c 'complete -C "deploy bu"'
    [[ $output == *build* && $output == *burn* ]]
    PATH=$place/bin:$PATH run -0 fish -c 'complete -C "deploy burn --f"'
    [[ $output == *--force* ]]
}

@test "zsh completes commands" {
    type -P zsh > /dev/null || skip "zsh is not installed"
    install_cli
    zsh -n "$place/share/zsh/site-functions/_deploy"
    [ "$(head -n 1 "$place/share/zsh/site-functions/_deploy")" = '#compdef deploy' ]
    cat > ask.zsh << 'END'
zmodload zsh/zpty
zpty asked zsh -f -i
zpty -w asked "PROMPT=; fpath=($1 \$fpath); autoload -U compinit; compinit -u -d $PWD/dump; bindkey '^I' complete-word; LISTMAX=0; print rea''dy"
zpty -r -m asked out '*ready*'
zpty -n -w asked $'deploy bur\t'
sleep 1
zpty -n -w asked $' --for\t'
sleep 1
zpty -w asked ''
sleep 0.5
while zpty -r -t asked piece; do print -rn -- "$piece"; done
zpty -d asked
END
    run -0 timeout 30 zsh -f ask.zsh "$place/share/zsh/site-functions"
    [[ $output == *"burn"*"--force"* ]]
}
