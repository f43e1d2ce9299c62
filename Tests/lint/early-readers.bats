#!/usr/bin/env bats
# What finds pipes whose reader goes away early, judged by samples: the paragraphs of one file are all bad, those of the other all good.

lint=$BATS_TEST_DIRNAME/early-readers
samples=$BATS_TEST_DIRNAME/samples

# paragraphs FILE: each into a file of its own in the folder of this test.
paragraphs() {
    local count
    count=$(grep -c '^$' "$1")
    csplit --quiet --prefix="$BATS_TEST_TMPDIR/part" --suffix-format=%03d --suppress-matched "$1" '/^$/' '{*}'
    parts=("$BATS_TEST_TMPDIR"/part*)
    ((${#parts[@]} == count + 1))
}

@test "every pipe into a reader that stops early is found, once, with its line" {
    paragraphs "$samples/early-readers.bad"
    local part
    for part in "${parts[@]}"; do
        run "$lint" "$part"
        [[ $status == 1 && ${#lines[@]} == 1 && $output == "$part:"* ]] || { echo "status $status: $output" && cat "$part" && return 1; }
    done
    run "$lint" "$samples/early-readers.bad"
    [[ ${lines[0]} == *"/early-readers.bad:1: stops before its writer is done: grep -q '^apt_'" ]]
}

@test "what reads to the end, or says why not, is left alone" {
    paragraphs "$samples/early-readers.good"
    local part
    for part in "${parts[@]}"; do
        run "$lint" "$part"
        [[ $status == 0 && -z $output ]] || { echo "status $status: $output" && cat "$part" && return 1; }
    done
}

@test "the readers that are taken for patient are: their writer comes to its end" {
    local reader
    for reader in 'sed -n 1p' 'awk "NR == 1"' 'grep 1' 'grep -c 1' 'tail -n 1' 'sort -u'; do
        bash -c "set -o pipefail; seq 300000 | $reader > /dev/null" || { echo "$reader" && return 1; }
    done
    for reader in 'head -n 1' 'grep -q 1' 'grep -m 1 1' 'sed 1q' 'cmp - /etc/passwd'; do
        run bash -c "set -o pipefail; seq 300000 | $reader > /dev/null 2>&1"
        [[ $status == 141 ]] || [[ $reader == cmp* && $status == 1 ]] || { echo "$reader: $status" && return 1; }
    done
}

@test "this repository has none" {
    cd "$BATS_TEST_DIRNAME/../.."
    run "$lint"
    [[ $status == 0 ]] || { echo "$output" && return 1; }
}
