# shellcheck shell=bash disable=SC2154
# What ./deploy adds to the tool when there is nothing to build: one look at all sources.
title 'The launcher with nothing to build (at most 30 ms more than the tool)'
if [[ -n ${BENCH_BINARY:-} ]]; then
    echo 'Not measured: BENCH_BINARY names another tool.'
else
    measure --rounds "$(rounds 25)" './deploy --version' '' "$root/deploy --version" \
        'the tool itself' '' "$binary --version"
fi
