# shellcheck shell=bash
# What the build wrote down of the distributions on this medium: DARKSITE/NAME/distribution, `NAME=value` a line, which is read and
# never run; and DARKSITE/NAME/profiles/PROFILE, the packages of each profile.
#
#   FAMILY=apt                        or rpm
#   PROFILES=core server              those that the medium has
#   RELEASE=13  CODENAME=trixie  ARCHITECTURE=amd64
#   PORT=3142                         apt: where the live system serves the mirror, on 127.0.0.1
#   UPDATES=ADDRESS SUITES COMPONENTS KEYRING    apt, a line for each repository: where its updates come from. Suites have commas
#                                     between; so have components, and - stands for none
#   PLATFORM=el9                      rpm: what modules are for

BOOTSTRAP_DARKSITE=${BOOTSTRAP_DARKSITE:-/root/darksite}

# distribution_names: those that the medium has, in a line.
distribution_names() {
    local names=() file name
    for file in "$BOOTSTRAP_DARKSITE"/*/distribution; do
        if [[ ! -e $file ]]; then continue; fi # the pattern itself, where there is none
        name=${file%/distribution}
        names+=("${name##*/}")
    done
    printf '%s\n' "${names[*]}"
}

# distribution_offers: what there is to install, DISTRIBUTION/PROFILE a line.
distribution_offers() {
    local names name profiles profile
    names=$(distribution_names)
    for name in $names; do
        profiles=$(distribution_fact "$name" PROFILES)
        for profile in $profiles; do printf '%s/%s\n' "$name" "$profile"; done
    done
}

# distribution_all NAME KEY: every value that is written down, a line each.
distribution_all() { sed -n "s/^$2=//p" "$BOOTSTRAP_DARKSITE/$1/distribution"; }

# distribution_fact NAME KEY: the one value that there must be.
distribution_fact() {
    local value
    value=$(distribution_all "$1" "$2") || value=''
    if [[ -z $value || $value == *$'\n'* ]]; then
        fail "the medium does not say of $1 what $2 is: $BOOTSTRAP_DARKSITE/$1/distribution"
    fi
    printf '%s\n' "$value"
}
