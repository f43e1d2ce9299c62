#!/bin/bash
# Written by deploy install-cli, which replaces and removes this file.
#
# Runs the tool `deploy` of the checkout that one stands in, or else of the one that this was installed from. What is built is what
# the nearest deploy.yaml declares, from the current folder upward; where there is none, that of the checkout it was installed from.
set -euo pipefail

home=@HOME@

say() { printf 'deploy: %s\n' "$*" >&2; }

# is_trusted FILE: whether it belongs to the one who runs this, to root, or to the one who called sudo. What others put into a folder
# that one happens to stand in is not run.
is_trusted() {
    local owner
    owner=$(stat --dereference --format=%u -- "$1")
    [[ $owner == "$EUID" || $owner == 0 || $owner == "${SUDO_UID:-0}" ]]
}

folder=$PWD
while [[ -n $folder && ! -f $folder/deploy.yaml ]]; do folder=${folder%/*}; done
if [[ -f $folder/deploy.yaml ]]; then
    if [[ -x $folder/deploy && -f $folder/Package.swift ]]; then
        is_trusted "$folder/deploy" || {
            say "$folder/deploy belongs to somebody else, and is not run"
            say "to build what $folder declares, with the tool of $home: $home/deploy COMMAND -C $folder"
            exit 1
        }
        exec "$folder/deploy" "$@"
    fi
    export DEPLOY_DIRECTORY=$folder
fi
[[ -x $home/deploy ]] || {
    say "the checkout that this was installed from is gone: $home"
    say "run ./deploy install-cli in another one"
    exit 1
}
exec "$home/deploy" "$@"
