#!/bin/bash
# judge-answers.sh FILE [OFFER…]: has the installer's own loader read an answers file. That (answer-kinds.sh and
# answers.sh) stands before it, as one script.
#
# An OFFER is DISTRIBUTION/PROFILE, something that there is to install. Without any, all are taken.
#
# Output, each item with a zero byte after it. Exit status 0: NAME=value for every variable there is, with its default
# where FILE says nothing, and =TEXT for what may not be meant. Exit status 3: what is wrong, a sentence each.
set -euo pipefail
shopt -s inherit_errexit

file=${1:?the answers file is missing}

shift
# shellcheck disable=SC2034  # the loader reads it
declare -a answers_problems answers_warnings answers_offers=("$@")
answers_load "$file"
answers_check
if ((${#answers_problems[@]} > 0)); then
    printf '%s\0' "${answers_problems[@]}"
    exit 3
fi
for name in $(answers_names); do printf '%s=%s\0' "$name" "${!name}"; done
for warning in "${answers_warnings[@]}"; do printf '=%s\0' "$warning"; done
