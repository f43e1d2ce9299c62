#!/bin/bash
# Turns a list of .debs into a configured root file system, by running in it.
#
#   bash configure-root.sh [--no-tar | --without NAME] [--hook SCRIPT [ARGUMENT…]]
#
# pack-root.sh stands before it, as one script.
#
# Runs as root in a container without network, whose image holds the files of the Essential packages and of what they
# depend on (data.tar only: nothing is configured, there is no package database); or what came of it with --without.
#
# In    /in/packages/*.deb   every package of the root, the Essential ones too, exactly one version of each; or what is added
#       SOURCE_DATE_EPOCH    latest time that may appear in the result
# Hook  `bash SCRIPT ARGUMENT…` runs in the configured root, before it is cleaned; it may write to /out
# Out   /out/rootfs.tar      the root: same packages, same bytes (not with --no-tar). With --without as it is, for another step to go on in
#                            with the package NAME, on which others may depend; else without its kernels, and cleaned
set -euo pipefail
shopt -s inherit_errexit nullglob

fail() {
    printf 'configure-root: %s\n' "$1" >&2
    exit 1
}

say() { printf '[%4d s] %s\n' "$SECONDS" "$1"; }

tar=finished
later=()
hook=()
while (($#)); do
    case $1 in
        --no-tar) tar=none && shift ;;
        --without) tar=unfinished && later=("--ignore-depends=$2") && shift 2 ;;
        --hook) shift && hook=("$@") && break ;;
        *) fail "unknown argument $1" ;;
    esac
done
[[ ${SOURCE_DATE_EPOCH:-} =~ ^[0-9]+$ ]] || fail "SOURCE_DATE_EPOCH must be a number of seconds"

umask 022
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
# Debconf and other Perl programs write hashes in their order.
export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 PYTHONHASHSEED=0
export SYSTEMD_RELAX_ESP_CHECKS=1

# --- what is to be installed ------------------------------------------------------------------------------------------

declare -A file_of=() pre_depends_of=() depends_of=()
declare -a essential=()
wanted=$(mktemp)

read_packages() {
    local deb fields name version architecture is_essential pre depends
    for deb in /in/packages/*.deb; do
        # shellcheck disable=SC2016  # dpkg-deb's own variables
        fields=$(dpkg-deb --show --showformat \
            '${Package}\n${Version}\n${Architecture}\n${Essential}\n${Pre-Depends}\n${Depends}\n.' "$deb") \
            || fail "$deb cannot be read"
        {
            read -r name
            read -r version
            read -r architecture
            read -r is_essential
            read -r pre
            read -r depends
        } <<< "$fields"
        [[ -z ${file_of[$name]:-} ]] || fail "$name is given twice: ${file_of[$name]} and $deb"
        file_of[$name]=$deb
        pre_depends_of[$name]=$pre
        depends_of[$name]=$depends
        [[ $is_essential != yes ]] || essential+=("$name")
        printf '%s %s %s\n' "$name" "$version" "$architecture" >> "$wanted"
    done
    ((${#file_of[@]})) || fail "/in/packages holds no package"
    installed >> "$wanted"
    LC_ALL=C sort -o "$wanted" "$wanted"
}

# What dpkg has installed: name, version, architecture a line.
installed() {
    # shellcheck disable=SC2016  # dpkg-query's own variables
    [[ ! -s /var/lib/dpkg/status ]] \
        || dpkg-query --show --showformat '${Package} ${Version} ${Architecture}|${Status}\n' | sed 's/|install ok installed$//'
}

# Names in a relation field, of every alternative; versions and architectures do not matter here.
names_in() {
    local part name
    local IFS=',|'
    for part in $1; do
        name=${part#"${part%%[! ]*}"}
        name=${name%%[ (:]*}
        [[ -z $name || -z ${file_of[$name]:-} ]] || printf '%s\n' "$name"
    done
}

# Prints the packages named by the arguments and all they depend on, as far as they are given, each once and sorted.
closure_of() {
    local -A seen=()
    local -a queue=("$@")
    local name next
    while ((${#queue[@]})); do
        name=${queue[-1]}
        unset 'queue[-1]'
        [[ -z ${seen[$name]:-} ]] || continue
        seen[$name]=yes
        while read -r next; do queue+=("$next"); done < <(names_in "${pre_depends_of[$name]},${depends_of[$name]}")
    done
    printf '%s\n' "${!seen[@]}" | LC_ALL=C sort
}

declare -A done_already=()

# Installs, in one run of dpkg, those of the named packages that are not installed yet.
install_packages() {
    local -a force=("$1") files=()
    local name
    shift
    for name; do
        [[ -z ${done_already[$name]:-} ]] || continue
        done_already[$name]=yes
        files+=("${file_of[$name]}")
    done
    ((${#files[@]})) || return 0
    # What `clean` would remove is not unpacked at all. --force-unsafe-io: the container is thrown away.
    dpkg "${force[@]}" "${later[@]}" --force-unsafe-io --force-confold \
        --path-exclude='/usr/share/doc/*' --path-include='/usr/share/doc/*/copyright' \
        --path-exclude='/usr/share/man/*' --path-exclude='/usr/share/info/*' \
        --path-exclude='/usr/share/locale/*/LC_MESSAGES/*' --path-exclude='/usr/share/lintian/*' \
        --install "${files[@]}" < /dev/null
}

# --- what must not happen while it is installed -----------------------------------------------------------------------

given() { [[ -n ${file_of[$1]:-} ]]; }

hold_back() {
    # No service starts here (invoke-rc.d, deb-systemd-invoke; Debian Policy 9.3.3).
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    # DKMS would build for every kernel that has headers, and make a key to sign with.
    if given dkms; then
        mkdir -p /etc/dkms
        : > /etc/dkms/no-autoinstall
    fi
    # Kernel, ZFS and systemd would each make an initramfs; the hook makes the only one.
    if given initramfs-tools; then
        dpkg-divert --quiet --local --rename --divert /usr/sbin/update-initramfs.real --add /usr/sbin/update-initramfs
        printf '#!/bin/sh\nexit 0\n' > /usr/sbin/update-initramfs
        chmod 755 /usr/sbin/update-initramfs
    fi
}

let_go() {
    rm -f /usr/sbin/policy-rc.d
    if given initramfs-tools; then
        rm -f /usr/sbin/update-initramfs
        dpkg-divert --quiet --local --rename --remove /usr/sbin/update-initramfs
    fi
}

check_installed() {
    local audit
    audit=$(dpkg --audit)
    [[ -z $audit ]] || fail "dpkg --audit: $audit"
    installed | LC_ALL=C sort | diff "$wanted" - >&2 \
        || fail "what is installed (>) is not what was given (<)"
}

# --- what must not be in the result -----------------------------------------------------------------------------------

clean() {
    # Documentation and translations, which the image brought with Essential; licences stay.
    find /usr/share/doc -not -type d -not -name copyright -delete
    rm -rf /usr/share/man/* /usr/share/info/* /usr/share/locale/*/LC_MESSAGES /usr/share/lintian
    find /usr/share/doc /usr/share/locale -mindepth 1 -type d -empty -delete
    root_forget /
    find / -xdev \( -path /proc -o -path /sys -o -path /in -o -path /out \) -prune -o \
        -type d -name __pycache__ -prune -exec rm -rf {} +
}

# Three runs, because dpkg does not configure a package in the middle of a run for another one's Pre-Depends: first what
# all maintainer scripts may use, then what any package pre-depends on, then the rest, with all dependencies checked.
install_all() {
    local first early second all
    mapfile -t first < <(closure_of "${essential[@]}")
    mapfile -t early < <(
        for name in "${!pre_depends_of[@]}"; do names_in "${pre_depends_of[$name]}"; done | LC_ALL=C sort -u
    )
    mapfile -t second < <(closure_of "${early[@]}")
    mapfile -t all < <(printf '%s\n' "${!file_of[@]}" | LC_ALL=C sort)
    say "${#first[@]} Essential packages and what they depend on"
    install_packages --force-depends "${first[@]}"
    hold_back
    say "what others pre-depend on"
    install_packages --force-depends "${second[@]}"
    say "the rest of ${#all[@]} packages"
    install_packages --no-force-depends "${all[@]}"
}

# ----------------------------------------------------------------------------------------------------------------------

read_packages
mkdir -p /var/lib/dpkg/{info,updates,triggers,alternatives}
touch /var/lib/dpkg/status
if [[ -s /var/lib/dpkg/status ]]; then
    say "${#file_of[@]} more packages"
    hold_back
    install_packages --no-force-depends "${!file_of[@]}"
else
    install_all
fi
let_go
check_installed

if ((${#hook[@]})); then
    say "hook ${hook[*]}"
    bash "${hook[@]}"
fi
case $tar in
    finished)
        say "cleaning"
        clean
        say "writing the archive"
        root_pack /out/rootfs.tar / './boot/vmlinuz-*' './boot/initrd.img-*' './vmlinuz*' './initrd.img*'
        ;;
    unfinished)
        # zfsutils draws a /etc/hostid, ssh its keys: who goes on with this root must read the same each time it is made.
        root_forget /
        say "writing the archive"
        root_pack /out/rootfs.tar /
        ;;
esac
rm -f "$wanted"
say "done"
