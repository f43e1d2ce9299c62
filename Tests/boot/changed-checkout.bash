# shellcheck shell=bash
# shellcheck disable=SC2034  # deploy is for whoever sources this
# A copy of this checkout, without its lock, whose deploy.yaml says something else: for images and media that tests need beside the one at
# hand. It uses the same store.
#
#   changed_checkout WHAT SED-ARGUMENT…    makes it, and goes there, which is $work; the checkout is $root, the program $deploy. Fails
#                                          with WHAT where sed changes nothing in deploy.yaml

root=$(realpath -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../..")
deploy=${DEPLOY_BINARY:-$root/deploy}
export DEPLOY_CACHE=${DEPLOY_CACHE:-$root/live-build/cache}

changed_checkout() {
    local what=$1
    shift
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/changed-checkout.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    (cd "$root" && git ls-files -z deploy.yaml package-sets live-build | xargs -0 cp --parents --no-dereference -t "$work")
    cd "$work" || return
    sed -i "$@" deploy.yaml
    if cmp -s "$root/deploy.yaml" deploy.yaml; then echo "$what" >&2 && exit 1; fi
}
