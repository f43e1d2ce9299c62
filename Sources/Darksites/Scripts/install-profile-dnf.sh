#!/bin/bash
# Installs one profile onto nothing, with the real dnf and rpm, and looks at what came of it.
#
#   bash install-profile-dnf.sh PLATFORM ARCHITECTURE RELEASE [--system]      el9 x86_64 9
#
# dnf-main.sh and pack-root.sh stand before it, as one script. With --system the root is handed on.
#
# Runs as root in a container without network that has dnf.
#
# In    /in/repository   the profile's packages and the metadata of them alone
#       /in/profile      what is to be installed: name, epoch:version-release, architecture a line
#       /in/rules        what it is held to beyond that; see judge-dnf.sh
#       SOURCE_DATE_EPOCH  with --system: when rpm installed it, and the latest time that a file may have
# Out   /out/verdict     what was proven, and by what: a word and its value a line
#       /out/system.tar  with --system: what was installed, as no machine has it yet: same packages, same bytes
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# As the installer does it: `dnf --installroot`, without weak dependencies; the signatures of the packages were checked before.
# rpm goes on when a scriptlet of a package fails after its files are there; here that is a failure.
set -euo pipefail
shopt -s inherit_errexit nullglob

platform=$1 architecture=$2 release=$3 is_system=no
if [[ ${4:-} == --system ]]; then is_system=yes; fi
in=${GATE_IN:-/in} out=${GATE_OUT:-/out}

fail() {
    printf 'the profile does not install: %s\n' "$1" >&2
    exit 1
}

say() { printf '[%4d s] %s\n' "$SECONDS" "$1"; }

umask 022
# Programs in Perl and Python write hashes in their order.
export LC_ALL=C.UTF-8 TZ=UTC PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 PYTHONHASHSEED=0
work=$(mktemp -d /tmp/gate-XXXXXX)
trap 'rm -rf "$work"' EXIT
export HOME=$work
root=$work/root
mkdir "$root"

# --- install ----------------------------------------------------------------------------------------------------------

# Scriptlets read and write /dev/null, and nothing is mounted in the root. A container may not make devices: an empty file reads
# alike, and what is written there does no harm.
mkdir -m 755 "$root/dev" "$root/proc" "$root/sys"
for device in 'null 3' 'zero 5' 'random 8' 'urandom 9'; do
    mknod -m 666 "$root/dev/${device% *}" c 1 "${device#* }" 2> /dev/null || : > "$root/dev/${device% *}"
done

# A container may not make namespaces, with which rpm keeps scriptlets from the network and from each other's /tmp. Not every rpm of
# Debian's has its database where the distributions have it.
printf '%%%s\n' '__transaction_unshare %{nil}' '_dbpath /var/lib/rpm' > "$HOME/.rpmmacros"

dnf_main "$work" "$platform" > "$work/dnf.conf"
cat >> "$work/dnf.conf" <<END_OF_CONF
[repository]
name=repository
baseurl=file://$in/repository
END_OF_CONF
dnf_() {
    dnf --config "$work/dnf.conf" --installroot "$root" --releasever "$release" --forcearch "$architecture" --assumeyes "$@"
}
# A root that is handed on gets its initramfs later, by running in it, and with that a module that DKMS makes: here nothing would find
# what it needs, and DKMS would make a key to sign with.
held=()
system_hold() {
    local plugins=$root/etc/kernel/install.d dkms=$root/etc/dkms
    mkdir -p "$plugins"
    ln -s /dev/null "$plugins/50-dracut.install"
    ln -s /dev/null "$plugins/51-dracut-rescue.install"
    held+=("$plugins"/5{0-dracut,1-dracut-rescue}.install)
    if ! grep --quiet '^dkms ' "$in/profile"; then return; fi
    mkdir -p "$dkms/framework.conf.d"
    : > "$dkms/no-autoinstall"
    printf 'sign_file=/nonexistent\n' > "$dkms/framework.conf.d/zz-unsigned.conf"
    held+=("$dkms/no-autoinstall" "$dkms/framework.conf.d/zz-unsigned.conf")
}
if [[ $is_system == yes ]]; then
    : "${SOURCE_DATE_EPOCH:?is not set}"
    system_hold
fi

wanted=()
while read -r name version arch; do wanted+=("$name-$version.$arch"); done < "$in/profile"
say "${#wanted[@]} packages"
dnf_ install "${wanted[@]}" < /dev/null > "$work/log" 2>&1 \
    || fail "dnf ended with $?: $(grep -iE -m 3 -A 3 '^ *error' "$work/log" || tail -n 10 "$work/log")"
scriptlets=$(grep -iE 'scriptlet (failed|in rpm package)|^error:' "$work/log") || : # none, as it should be
[[ -z $scriptlets ]] || fail "scriptlets failed: $(head -n 10 <<< "$scriptlets")"

# --- look at it -------------------------------------------------------------------------------------------------------

say "looking at the result"
# The keys that scriptlets may have imported are packages to rpm, too.
rpm --root "$root" --query --all --queryformat '%{NAME} %|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE} %{ARCH}\n' \
    | grep -v '^gpg-pubkey ' | sort > "$work/installed"
sort "$in/profile" | diff - "$work/installed" > "$work/difference" \
    || fail "what is installed (>) is not what was resolved (<): $(head -n 5 "$work/difference")"
unsatisfied=$(dnf_ --quiet repoquery --unsatisfied 2> "$work/log") \
    || fail "dnf can't say what is unsatisfied: $(tail -n 5 "$work/log")"
[[ -z $unsatisfied ]] || fail "unsatisfied: ${unsatisfied//$'\n'/ }"
dnf_ --quiet check > "$work/log" 2>&1 || fail "dnf check: $(tail -n 10 "$work/log")"

rule() { sed -n "s/^$1 //p" "$in/rules"; }
forbidden=$(cut -d' ' -f1 "$work/installed" | grep --fixed-strings --line-regexp --file <(rule forbid)) \
    || : # nothing found, as it should be
[[ -z $forbidden ]] || fail "the profile forbids ${forbidden//$'\n'/ }"

kernels=("$root"/lib/modules/*/vmlinuz)
kernels=("${kernels[@]#"$root"/lib/modules/}")
kernels=("${kernels[@]%/vmlinuz}")
((${#kernels[@]} <= 1)) || fail "there are ${#kernels[@]} kernels: ${kernels[*]}"
kernel=${kernels[*]} zfs=
case $(rule zfs) in
    kmod)
        [[ -n $kernel ]] || fail "there is no kernel"
        for module in spl zfs; do
            mapfile -t files < <(find "$root/lib/modules/$kernel/" -name "$module.ko*" \
                \( -path '*/extra/*' -o -path '*/weak-updates/*' \))
            ((${#files[@]} == 1)) || fail "there are ${#files[@]} modules $module for kernel $kernel"
            # A module from the folder of another kernel, by a link, is taken as it is: its package says that it fits.
            magic=$(modinfo -F vermagic "${files[0]}")
            [[ -L ${files[0]} || $magic == "$kernel "* ]] || fail "${files[0]#"$root"} is for another kernel: $magic"
        done
        zfs=$(modinfo -F version "${files[0]}")
        ;;
    dkms)
        [[ -n $kernel ]] || fail "there is no kernel"
        sources=("$root"/usr/src/zfs-*)
        ((${#sources[@]} == 1)) || fail "there are ${#sources[@]} sources of ZFS"
        [[ -d $root/usr/src/kernels/$kernel ]] || fail "there are no headers for kernel $kernel"
        zfs=${sources[0]##*/zfs-}
        ;;
    any) ;;
    *) fail "there is no rule for ZFS" ;;
esac

{
    printf 'dnf %s\n' "$(dnf --version | sed -n 1p)"
    printf 'rpm %s\n' "$(rpm --version | sed -E 's/.* //')"
    printf 'packages %d\n' "${#wanted[@]}"
    printf 'kernel %s\n' "${kernel:--}"
    printf 'zfs %s\n' "${zfs:--}"
} > "$out/verdict"

# --- hand it on -------------------------------------------------------------------------------------------------------

# system_settle: ends what was different for the sake of the installation, and takes away what tells one run from another.
system_settle() {
    local keys settings=/etc/dkms/framework.conf.d
    rm "${held[@]}"
    if [[ -d $root$settings ]] && ! rpm --root "$root" --query --file "$settings" > /dev/null 2>&1; then rmdir "$root$settings"; fi
    # dnf has its folders below the root, and so has rpm its locks. Of a package that nobody remembers the request of, dnf takes it
    # that it is wanted, as it is here: the profile names them all.
    rm -rf "$root$work" "$root"/var/lib/dnf/* "$root"/var/cache/{dnf,libdnf5,yum,PackageKit}/*
    # The database as if it had been written at once: what SQLite leaves free or unsorted is not in it.
    rpmdb --root "$root" --rebuilddb || fail "the database of packages can't be written anew"
    rm -f "$root"/var/lib/rpm/{.rpm.lock,rpmdb.sqlite-shm,rpmdb.sqlite-wal}
    # What has the number of a machine in its name, or its owner's settings of before.
    rm -rf "$root"/boot/loader/entries/*.conf "$root"/boot/{vmlinuz,initramfs}-0-rescue-* "$root"/var/lib/authselect/backups/*
    keys=$(grep -rlsE -e '-----BEGIN ([A-Z]+ )*PRIVATE KEY' "$root/etc") || : # none, as it should be
    [[ -z $keys ]] || fail "all machines would share keys that its packages made, so leave it out of iso.systems: ${keys//"$root"/}"
}

if [[ $is_system == yes ]]; then
    say "writing the archive"
    root_forget "$root"
    system_settle
    root_pack "$out/system.tar" "$root"
fi
printf 'summary: %d packages installed by dnf\n' "${#wanted[@]}"
