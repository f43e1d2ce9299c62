#!/bin/bash
# Installs one profile onto nothing, with the real dpkg and apt, and looks at what came of it.
#
#   bash install-profile.sh [--system]      with --system the root is handed on; pack-root.sh and initramfs.sh stand before it, as one script
#
# Runs as root in a container without network, whose image holds the files of the Essential packages and of what they
# depend on; no package is installed there, and dpkg's database is empty.
#
# In    /in/packages     the profile's .debs, and `Packages`: their stanzas, from the mirror
#       /in/first        the names of those files that apt needs to run, itself and the Essential ones among them
#       /in/profile      what is to be installed: name, version, architecture a line
#       /in/rules        what it is held to beyond that; see judge-apt.sh
#       /in/plan.awk     with --system: the installer's, which says what packages are there for others alone
#       SOURCE_DATE_EPOCH  with --system: the latest time that may appear in it
# Out   /out/verdict     what was proven, and by what: a word and its value a line
#       /out/system.tar  with --system: what was installed, with an initramfs, as no machine has it yet: same packages, same bytes
#       GATE_IN, GATE_OUT  other folders than /in and /out, for tests
#
# As debootstrap does: dpkg installs what apt needs, and then the apt that is being installed does the rest. Nothing is
# left out of what is unpacked, so that files of two packages in one place are found. Three things are not as on a
# real machine: no service starts (policy-rc.d), no initramfs is made before the end, and man-db makes no index.
set -euo pipefail
shopt -s inherit_errexit nullglob

fail() {
    printf 'the profile does not install: %s\n' "$1" >&2
    exit 1
}

# run COMMAND…: where it fails, what dpkg said of the first package that it could not install, and not what came after that.
run() {
    "$@" < /dev/null 2>&1 | tee "$work/said" || fail "$1 ended with $?:
$(grep -m 1 -B 3 -A 3 '^dpkg: error' "$work/said" || tail -n 6 "$work/said")"
}

say() { printf '[%4d s] %s\n' "$SECONDS" "$1"; }

in=${GATE_IN:-/in} out=${GATE_OUT:-/out}

is_system=no
if [[ ${1:-} == --system ]]; then is_system=yes; fi

umask 022
# Programs in Perl and Python write hashes in their order.
export PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 PYTHONHASHSEED=0
export LC_ALL=C.UTF-8 TZ=UTC HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
# There is no EFI system partition here; systemd-boot's scripts would insist.
export SYSTEMD_RELAX_ESP_CHECKS=1
work=$(mktemp -d)

# --- install ----------------------------------------------------------------------------------------------------------

[[ ! -s /var/lib/dpkg/status ]] || fail "something is installed already"
# The container is thrown away: nothing need reach the disk. dpkg syncs its database whatever it is told; /tmp is memory.
rm -rf /var/lib/dpkg
mkdir -p "$work"/dpkg/{info,updates,triggers,alternatives} /etc/dpkg/dpkg.cfg.d
touch "$work/dpkg/status"
ln -s "$work/dpkg" /var/lib/dpkg
printf 'force-unsafe-io\n' > /etc/dpkg/dpkg.cfg.d/gate

mapfile -t first < "$in/first"
grep -q '^apt_' "$in/first" || fail "it has no apt"
say "${#first[@]} packages that apt needs"
# --force-depends: in one run, dpkg configures none of them for another one's Pre-Depends.
run dpkg --force-depends --install "${first[@]/#/$in/packages/}"

# No service starts here (Debian Policy 9.3.3).
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
dpkg-divert --quiet --local --rename --divert /usr/sbin/update-initramfs.real --add /usr/sbin/update-initramfs
printf '#!/bin/sh\nexit 0\n' > /usr/sbin/update-initramfs
chmod 755 /usr/sbin/update-initramfs
echo 'man-db man-db/auto-update boolean false' | debconf-set-selections

cat > "$work/apt.conf" << 'END'
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::Etc::SourceParts "-";
END
# Its signature was judged with the whole mirror; the files are checked against the stanzas' digests again.
printf 'deb [trusted=yes] file:%s ./\n' "$in/packages" > "$work/sources.list"
printf 'Dir::Etc::SourceList "%s";\n' "$work/sources.list" >> "$work/apt.conf"
export APT_CONFIG=$work/apt.conf

wanted=()
while read -r name version _; do wanted+=("$name=$version"); done < "$in/profile"
say "the other $((${#wanted[@]} - ${#first[@]})) of ${#wanted[@]} packages"
apt-get update --error-on=any
run apt-get install --yes "${wanted[@]}"

rm /usr/sbin/policy-rc.d /usr/sbin/update-initramfs
dpkg-divert --quiet --local --rename --remove /usr/sbin/update-initramfs

# --- look at it -------------------------------------------------------------------------------------------------------

say "looking at the result"
audit=$(dpkg --audit)
[[ -z $audit ]] || fail "dpkg --audit: $audit"
# shellcheck disable=SC2016  # dpkg-query's own variables
dpkg-query --show --showformat '${Package} ${Version} ${Architecture} ${Status}\n' | sort > "$work/installed"
sed 's/$/ install ok installed/' "$in/profile" | sort | diff - "$work/installed" > "$work/difference" \
    || fail "what is installed (>) is not what was resolved (<): $(head -n 5 "$work/difference")"

rule() { sed -n "s/^$1 //p" "$in/rules"; }
forbidden=$(cut -d' ' -f1 "$work/installed" | grep --fixed-strings --line-regexp --file <(rule forbid)) \
    || : # nothing found, as it should be
[[ -z $forbidden ]] || fail "the profile forbids ${forbidden//$'\n'/ }"

kernels=(/boot/vmlinuz-*) modules=(/usr/lib/modules/*/*/zfs/zfs.ko* /usr/lib/modules/*/*/dkms/zfs.ko*)
((${#kernels[@]} <= 1)) || fail "there are ${#kernels[@]} kernels: ${kernels[*]#/boot/vmlinuz-}"
kernel=${kernels[*]#/boot/vmlinuz-} version=
if [[ $(rule zfs) == prebuilt ]]; then
    [[ -n $kernel ]] || fail "there is no kernel"
    ((${#modules[@]} == 1)) || fail "there are ${#modules[@]} ZFS modules: ${modules[*]}"
fi
if ((${#modules[@]})); then
    for module in spl zfs; do
        path=$(modinfo -k "$kernel" -n "$module") || fail "depmod knows no module $module for kernel $kernel"
        magic=$(modinfo -F vermagic "$path")
        [[ $magic == "$kernel "* ]] || fail "$path is for another kernel: $magic"
    done
    version=$(modinfo -k "$kernel" -F version zfs)
fi

{
    printf 'apt %s\n' "$(dpkg-query --show --showformat '${Version}' apt)"
    printf 'dpkg %s\n' "$(dpkg-query --show --showformat '${Version}' dpkg)"
    printf 'packages %d\n' "${#wanted[@]}"
    printf 'kernel %s\n' "${kernel:--}"
    printf 'zfs %s\n' "${version:--}"
} > "$out/verdict"

# --- hand it on -------------------------------------------------------------------------------------------------------

# system_settle: ends what was different for the sake of the installation.
system_settle() {
    local diversions
    rm /var/lib/dpkg
    cp -a "$work/dpkg" /var/lib/dpkg
    rm /etc/dpkg/dpkg.cfg.d/gate
    echo 'man-db man-db/auto-update boolean true' | debconf-set-selections
    if [[ -d /var/lib/man-db ]]; then touch /var/lib/man-db/auto-update; fi
    awk -v folder="$work" -v native="$(dpkg --print-architecture)" -f "$in/plan.awk" "$in/profile" RS= "$in/packages/Packages" \
        || fail "the slice lacks packages of the profile"
    install -D -m 644 "$work/automatic" /var/lib/apt/extended_states
    diversions=$(dpkg-divert --list)
    [[ $diversions != *'local diversion'* ]] || fail "programs are still diverted: ${diversions//$'\n'/; }"
}

# system_initramfs: by the distribution's own tool, for any hardware. What finds one machine's pool comes in an archive of its own when
# it is installed.
system_initramfs() {
    local microcode=/etc/default/amd64-microcode listing
    initramfs_settings ''
    printf 'localhost\n' > /etc/hostname
    # By itself that of AMD is left out where this machine has a processor of another maker.
    if [[ -e $microcode ]]; then
        cp -p "$microcode" "$work/microcode"
        echo AMD64UCODE_INITRAMFS=early >> "$microcode"
    fi
    run mkinitramfs -o "/boot/initrd.img-$kernel" "$kernel"
    if [[ -e $microcode ]]; then cp -p "$work/microcode" "$microcode"; fi
    install -D -m 644 /dev/null "/var/lib/initramfs-tools/$kernel"
    listing=$(lsinitramfs "/boot/initrd.img-$kernel")
    initramfs_judge initramfs-tools "$listing" '/setupcon$'
}

if [[ $is_system == yes ]]; then
    say "initramfs"
    : "${SOURCE_DATE_EPOCH:?is not set}"
    system_settle
    root_forget /
    # Without that hook of OpenZFS's none would find the root.
    if [[ -n $kernel && -e /usr/share/initramfs-tools/hooks/zfs ]]; then system_initramfs; fi
    say "writing the archive"
    root_pack "$out/system.tar" /
fi
printf 'summary: %d packages unpacked and configured\n' "${#wanted[@]}"
