#!/usr/bin/env bats
# kldload-firstboot: each program once, and it can be seen how that ended.
# shellcheck disable=SC2016,SC2154  # scripts of fakes; variables of fake-zfs.bash
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    export KLDLOAD_FIRSTBOOT=$PWD/programs KLDLOAD_LOG=$PWD/log KLDLOAD_TMP=$PWD/tmp
    mkdir programs tmp
    program 10-one 'echo said by one; cat '"$PWD"'/tmp/kldload-firstboot-status'
    program 20-two 'echo x >> '"$PWD"'/two'
}

program() { printf '#!/bin/bash\n%s\n' "$2" > "programs/$1" && chmod +x "programs/$1"; }

@test "all are run once, in their order, and what they say is in the log" {
    run -1 kldload-firstboot
    [[ $output =~ 10-one\ +waiting ]]
    run -1 kldload-firstboot log
    run -0 kldload-firstboot run
    run -0 kldload-firstboot log
    [[ $output == '== '*' 10-one'$'\n''said by one'$'\n''10-one'$'\n''== '*' 20-two' ]]
    [ -z "$(ls tmp)" ]
    [ -e state/firstboot.done ]
    run -0 kldload-firstboot run
    [ "$(wc -l < two)" -eq 1 ]
    run -0 kldload-firstboot status
    [[ $output =~ 20-two\ +done\ +20 ]]
}

@test "one that fails keeps none from running, is told, and is run again by hand" {
    program 10-one 'exit 3'
    run -1 kldload-firstboot run
    [[ $output == *'10-one ended with status 3'*'→ kldload-firstboot log'* ]]
    [ -e two ]
    run -1 kldload-firstboot
    [[ $output =~ 10-one\ +'failed with status 3' ]]
    run -1 kldload-firstboot --json
    [ "$(jq -c 'map([.program, .state, .status])' <<< "$output")" = '[["10-one","failed",3],["20-two","done",0]]' ]
    program 10-one 'exit 0'
    run -0 kldload-firstboot run
    [ "$(wc -l < two)" -eq 1 ]
}

@test "one that was cut short is run again; a link in /tmp leads nowhere" {
    mkdir -p state/firstboot
    echo 'running 0 1700000000 0' > state/firstboot/20-two
    echo precious > file
    ln -s "$PWD/file" tmp/kldload-firstboot-status
    run -0 kldload-firstboot run
    [ -e two ]
    [ "$(cat file)" = precious ]
    program 30-three 'echo three'
    mkdir -p tmp/kldload-firstboot-status/x
    run -0 kldload-firstboot run
    run -0 kldload-firstboot status
}

@test "what a program leaves running keeps neither the lock nor the output" {
    program 10-one 'sleep 60 & echo $! > '"$PWD"'/left'
    start=$SECONDS
    kldload-firstboot run > out
    ((SECONDS - start < 30))
    run -0 kldload-firstboot run
    kill "$(cat left)"
}
