#!/usr/bin/env bats
# How Tests/run counts: a skip is no pass, a failure is never lost, and what ended before its time failed.
# shellcheck disable=SC2154,SC2034 # bats sets output; Tests/run's functions read and set the rest

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir logs bin
    # Its functions alone.
    sed -n '/^suite() {/,/^}/p; /^show_failures() {/,/^}/p; /^bats_files() {/,/^}/p; /^bats_report() {/,/^}/p' "$BATS_TEST_DIRNAME/../run" > functions
    cat > count <<'SH'
set -euo pipefail
shopt -s inherit_errexit nullglob
logs=logs passed=0 failed=0 skipped=0
source ./functions
"$@"
echo "counted $passed $failed $skipped"
SH
    PATH=$PWD/bin:$PATH
}

# swift STATUS LINE…: what `swift test` says and ends with.
swift() {
    local status=$1
    shift
    printf '%s\n' "$@" > said
    printf '#!/bin/bash\ncat "%s"\nexit %s\n' "$PWD/said" "$status" > bin/swift
    chmod +x bin/swift
}

@test "tests of bats are counted one by one, and those that were skipped apart" {
    printf '@test "a" { true; }\n@test "b" { skip "no such thing"; }\n@test "c" { true; }\n' > good.bats
    run bash count bats_files 1 good.bats
    [[ $output == *'ok      good.bats: 2 passed, 1 skipped ('*'skipped: b: no such thing'*'counted 2 0 1' ]]
    printf '@test "a" { true; }\n@test "b" { skip; }\n@test "c" { false; }\n' > bad.bats
    run bash count bats_files 1 bad.bats
    [[ $output == *'FAILED  bad.bats: 1 passed, 1 failed, 1 skipped'*'counted 1 1 1' ]]
    # Two at a time are counted as one after the other.
    run bash count bats_files 2 good.bats bad.bats
    [[ $output == *'counted 3 1 2' ]]
    echo '@test "a" { skip "why"; }' > nothing.bats
    run bash count bats_files 1 nothing.bats
    [[ $output == *'counted 0 0 1' ]]
    # bats 1.8 takes this for a failure; it is no pass at any rate.
    printf 'setup_file() { skip "nothing here"; }\n@test "a" { true; }\n@test "b" { true; }\n' > file.bats
    run bash count bats_files 1 file.bats
    [[ $output == *'counted 0 '* ]]
    printf '@test "a" { true; }\n}}\n' > broken.bats
    run bash count bats_files 1 broken.bats
    [[ $output == *'counted 0 1 0' ]]
}

@test "tests of Swift are counted one by one, and those that were skipped apart" {
    swift 0 '➜ Suite "S" skipped.' '➜ Test "a is skipped" skipped.' '➜ Test b() skipped: "not here"' '✔ Test c() passed after 0.1 seconds.' \
        '◇ Test case passing 1 argument test → x is skipped to "Policy" started.' '✔ Test run with 5 tests in 2 suites passed after 1.0 seconds.'
    run bash count suite modules
    [[ $output == *'; 2 skipped'*'counted 3 0 2' ]]
    swift 1 '✘ Test c() failed after 0.1 seconds with 1 issue.' '✘ Test case passing 1 argument failed after 0.1 seconds with 1 issue.' \
        '✘ Suite "S" failed after 1 seconds with 1 issue.' '✘ Test run with 5 tests in 2 suites failed after 1.0 seconds with 1 issue.'
    run bash count suite modules
    [[ $output == *'counted 4 1 0' ]]
    # What failed is shown wherever it stands in its line, and not what a test that begins was given.
    swift 1 '◇ Test case passing 1 argument error: x started.' 'error: signal 11' 'a.swift:1: error: no' '✘ Test c() recorded an issue'
    run bash count suite modules
    [[ $output == $'error: signal 11\na.swift:1: error: no\n✘ Test c() recorded an issue\nmodules: '* ]]
    swift 1 '◇ Test c() started.' 'Fatal error'
    run bash count suite modules
    [[ $output == *'they did not run to their end'*'counted 0 1 0' ]]
    swift 0 'nothing at all'
    run bash count suite modules
    [[ $output == *'counted 0 1 0' ]]
}
