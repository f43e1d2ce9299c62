# shellcheck shell=bash
# Keys that tests sign with.

# make_key HOME USER [ALGORITHM [OPTION…]]: a key of USER that signs, without a passphrase and without an end, in a home of gpg's, which
# is made where it isn't there. Its path must be short: gpg's agent makes a socket in it, and that may be 107 bytes long.
make_key() {
    local home=$1 user=$2 algorithm=${3:-ed25519} said
    if [[ ! -d $home ]]; then mkdir -m 700 -- "$home" || return; fi
    # It tells of every file it makes.
    said=$(gpg --homedir "$home" --batch --pinentry-mode loopback --passphrase '' "${@:4}" \
        --quick-generate-key "$user" "$algorithm" sign never 2>&1) || {
        printf '%s\n' "$said" >&2
        return 1
    }
}
