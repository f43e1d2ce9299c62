# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# The packages of the profile, from the darksite onto the empty target: as a system that was made of them when this medium was built
# (image.sh), or one by one.
#
# Which packages, in which versions, is what the build resolved and proved; it stands on the medium beside the mirror.

BOOTSTRAP_KEY=${BOOTSTRAP_KEY:-${KLDLOAD_KEYRING:-/usr/share/keyrings/kldload-darksite.gpg}}
# Where the mirror is in the target, as long as the installation lasts.
bootstrap_mirror=/run/kldload-darksite
# The folder with what plan.awk says, once it is made.
bootstrap_plan=''

in_target() {
    printf '[%4d s] + in the target: %s\n' "$SECONDS" "${*@Q}"
    in_target_quietly "$@"
}

# in_target_quietly: without a line in the log. Nothing of the live system's settings gets into what packages make of themselves.
in_target_quietly() {
    chroot "$TARGET" env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
        DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true SYSTEMD_RELAX_ESP_CHECKS=1 "$@"
}

# bootstrap_profile: the file that lists the packages of the profile; fails where the medium has none.
bootstrap_profile() {
    local profiles=$BOOTSTRAP_DARKSITE/$KLDLOAD_DISTRO/profiles
    [[ -d $profiles ]] || fail "this medium has no darksite of $KLDLOAD_DISTRO (it has: $(distribution_names))"
    [[ -s $profiles/$KLDLOAD_PROFILE ]] \
        || fail "the darksite of $KLDLOAD_DISTRO has no profile $KLDLOAD_PROFILE (it has: $(distribution_fact "$KLDLOAD_DISTRO" PROFILES))"
    printf '%s\n' "$profiles/$KLDLOAD_PROFILE"
}

# bootstrap_darksite: the mirror of the distribution.
bootstrap_darksite() {
    local folder family
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    folder=$BOOTSTRAP_DARKSITE/rpm/$KLDLOAD_DISTRO
    if [[ $family == apt ]]; then folder=$BOOTSTRAP_DARKSITE/$KLDLOAD_DISTRO/apt; fi
    [[ -d $folder ]] || fail "the darksite of $KLDLOAD_DISTRO has no mirror"
    printf '%s\n' "$folder"
}

# bootstrap_way: image or packages.
bootstrap_way() {
    if [[ $KLDLOAD_BOOTSTRAP == packages ]]; then
        echo packages
    elif image_sources > /dev/null; then
        echo image
    elif [[ $KLDLOAD_BOOTSTRAP == image ]]; then
        fail "KLDLOAD_BOOTSTRAP=image: this medium has no system of the profile $KLDLOAD_PROFILE of $KLDLOAD_DISTRO, only its packages"
    else
        echo packages
    fi
}

# bootstrap_files: what will be read of the medium, by the paths there.
bootstrap_files() {
    local way family
    way=$(bootstrap_way)
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    case $way/$family in
        image/*) image_files ;;
        packages/apt)
            bootstrap_deb_planned
            awk -v mirror="darksite/$KLDLOAD_DISTRO/apt/" '{ print mirror $2 }' "$bootstrap_plan/all"
            ;;
        packages/rpm) (cd "$BOOTSTRAP_DARKSITE" && find "rpm/$KLDLOAD_DISTRO" -type f -printf 'darksite/%p\n') ;;
    esac
}

# bootstrap_read: that what will be read is what was written; before a disk is touched.
bootstrap_read() {
    local work list way what='the system that will be unpacked'
    way=$(bootstrap_way)
    if [[ $way == packages ]]; then what='the packages that will be installed'; fi # by this the page knows how long it will take
    work=$(mktemp --directory)
    bootstrap_files > "$work/files"
    list=$(medium_digests) || fail "the medium can't be trusted: it has no list of its files that is signed by the key of this live system"
    awk -v files="$work/files" '
        BEGIN { while ((getline name < files) > 0) wanted[name] = 1 }
        { path = substr($0, 67) }
        path in wanted { print; delete wanted[path] }
        END { for (name in wanted) { print name > "/dev/stderr"; missing = 1 }; exit missing }' <<< "$list" > "$work/list" \
        || fail "the medium's list of digests lacks files that the installation needs; see the log"
    [[ -s $work/list ]] || fail "nobody knows what is to be read of the medium"
    say "reading $what"
    medium_check bootstrap_read_progress < "$work/list" \
        || fail "the medium is damaged: ${medium_problems[0]}$( ((${#medium_problems[@]} == 1)) || printf ', and %s more' $((${#medium_problems[@]} - 1)))"
    rm -r "$work"
}

bootstrap_read_progress() { if (($2 > 5)); then say "$1 % of it are read, $2 s left"; fi; }

# bootstrap_check: that what is to be installed is on the medium; before a disk is touched.
bootstrap_check() {
    local profile language family codename
    profile=$(bootstrap_profile)
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    codename=$(distribution_fact "$KLDLOAD_DISTRO" CODENAME)
    if [[ $KLDLOAD_DISTRO == debian && -n $KLDLOAD_DEBIAN_RELEASE && $KLDLOAD_DEBIAN_RELEASE != "$codename" ]]; then
        fail "KLDLOAD_DEBIAN_RELEASE=$KLDLOAD_DEBIAN_RELEASE: this medium has $codename"
    fi
    case $family in
        apt) ;;
        rpm)
            language=${KLDLOAD_LOCALE%%_*}
            # There a locale is not made, it comes with a package.
            if [[ $KLDLOAD_LOCALE != C.UTF-8 ]] && ! grep --quiet -E "^glibc-(all-langpacks|langpack-$language) " "$profile"; then
                fail "KLDLOAD_LOCALE=$KLDLOAD_LOCALE: the profile $KLDLOAD_PROFILE of $KLDLOAD_DISTRO has no package glibc-langpack-$language"
            fi
            ;;
        *) fail "this installer does not know packages of the kind $family" ;;
    esac
    bootstrap_way > /dev/null
}

bootstrap() {
    local way family
    way=$(bootstrap_way)
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    case $way/$family in
        image/*)
            image_unpack
            bootstrap_mounts
            # The gate judged it when it was made; this takes a second, and asks the programs of this system.
            if [[ $family == rpm ]]; then bootstrap_rpm_judge; fi
            ;;
        packages/apt) bootstrap_deb ;;
        packages/rpm) bootstrap_rpm ;;
        *) fail "this installer does not know packages of the kind $family" ;;
    esac
    install -D -m 644 "$(bootstrap_profile)" "$TARGET/usr/share/kldload/profile"
}

# bootstrap_mounts: what maintainer scripts expect, and the mirror. /run is the target's own: its programs must not talk to
# the live system's.
bootstrap_mounts() {
    local folder
    mkdir -p "$TARGET"/{dev,proc,sys,run,tmp}
    for folder in dev proc sys; do
        run mount --rbind "/$folder" "$TARGET/$folder"
        run mount --make-rslave "$TARGET/$folder"
    done
    run mount -t tmpfs -o mode=755 tmpfs "$TARGET/run"
    run mount -t tmpfs -o mode=1777 tmpfs "$TARGET/tmp"
    mkdir -p "$TARGET$bootstrap_mirror" "$TARGET/run/lock" "$TARGET/run/udev"
    run mount --bind -o ro "$(bootstrap_darksite)/" "$TARGET$bootstrap_mirror"
    if [[ -d /run/udev ]]; then run mount --bind -o ro /run/udev "$TARGET/run/udev"; fi
}

# --- packages of APT ------------------------------------------------------------------------------------------------

# The packages are known to the last version, so nothing need be resolved, and dpkg does it in three runs: first the
# Essential packages, which any maintainer script may use; then what others pre-depend on, because dpkg does not configure
# a package in the middle of a run for a Pre-Depends (Debian Policy 7.2); then the rest, with all dependencies checked.
bootstrap_deb() {
    local size
    bootstrap_deb_planned
    size=$(awk '{ sum += $3 } END { printf "%d packages, %d MB", NR, sum / 1000000 }' "$bootstrap_plan/all")
    say "$size"
    bootstrap_mounts
    bootstrap_deb_extract "$(bootstrap_darksite)" "$bootstrap_plan/essential"
    bootstrap_deb_prepare
    bootstrap_deb_install --force-depends "$bootstrap_plan/essential"
    bootstrap_deb_hold_back
    bootstrap_deb_install --force-depends "$bootstrap_plan/early"
    bootstrap_deb_install --no-force-depends "$bootstrap_plan/rest"
    bootstrap_deb_let_go
    install -D -m 644 "$bootstrap_plan/automatic" "$TARGET/var/lib/apt/extended_states"
    bootstrap_deb_judge
    rm -r "$bootstrap_plan"
    bootstrap_plan=''
}

# bootstrap_deb_planned: has the plan made, from an index that was verified; once: dpkg gets the packages that were read before a disk
# was touched, whatever becomes of the medium.
bootstrap_deb_planned() {
    local mirror profile work
    if [[ -n $bootstrap_plan ]]; then return; fi
    mirror=$(bootstrap_darksite)
    profile=$(bootstrap_profile)
    work=$(mktemp --directory)
    bootstrap_deb_index "$mirror" > "$work/index"
    bootstrap_deb_plan "$work/index" "$profile" "$work"
    rm "$work/index"
    bootstrap_plan=$work
}

# bootstrap_deb_index MIRROR: the index of the mirror, having checked its signature and its digest.
bootstrap_deb_index() {
    local release codename index
    codename=$(distribution_fact "$KLDLOAD_DISTRO" CODENAME)
    release=$1/dists/$codename/Release
    gpgv --quiet --keyring "$BOOTSTRAP_KEY" "$release.gpg" "$release" 2> /dev/null \
        || fail "the mirror on the medium is not signed by the key of this live system"
    index=main/binary-$(distribution_fact "$KLDLOAD_DISTRO" ARCHITECTURE)/Packages
    awk -v name="$index" '/^[^ ]/ { inside = $1 == "SHA256:" } inside && $3 == name { print $1 "  " $3 }' "$release" \
        | (cd "$1/dists/$codename" && sha256sum --quiet --strict --check -) || fail "the index of the mirror is not what its signature says"
    cat "$1/dists/$codename/$index"
}

# bootstrap_deb_plan INDEX PROFILE FOLDER: writes into FOLDER what plan.awk says.
bootstrap_deb_plan() {
    local native
    native=$(distribution_fact "$KLDLOAD_DISTRO" ARCHITECTURE)
    awk -v folder="$3" -v native="$native" -f "$INSTALLER/lib/plan.awk" "$2" RS= "$1" || fail "packages of the profile $KLDLOAD_PROFILE are not in the mirror"
}

# bootstrap_deb_extract MIRROR LIST: the files alone, so that dpkg and what it calls can run in the target.
bootstrap_deb_extract() {
    local file
    # The links of the merged /usr come with base-files.
    {
        grep '^base-files ' "$2"
        grep --invert-match '^base-files ' "$2"
    } | while read -r _ file _; do
        dpkg-deb --fsys-tarfile "$1/$file" | tar --extract --directory "$TARGET" --keep-directory-symlink --preserve-permissions --numeric-owner
    done
}

bootstrap_deb_prepare() {
    mkdir -p "$TARGET"/var/lib/dpkg/{info,updates,triggers,alternatives,parts}
    touch "$TARGET"/var/lib/dpkg/{status,available}
    # The pool does not wait for the disk, neither need dpkg.
    mkdir -p "$TARGET/etc/dpkg/dpkg.cfg.d"
    printf 'force-unsafe-io\n' > "$TARGET/etc/dpkg/dpkg.cfg.d/kldload-installer"
}

# bootstrap_deb_install OPTION LIST
bootstrap_deb_install() {
    local files=() list
    list=$(awk -v mirror="$bootstrap_mirror/" '{ print mirror $2 }' "$2")
    if [[ -z $list ]]; then return; fi
    mapfile -t files <<< "$list"
    printf '[%4d s] + in the target: dpkg %s --install, %s packages\n' "$SECONDS" "$1" "${#files[@]}"
    in_target_quietly dpkg "$1" --force-confdef --force-confold --install "${files[@]}" || fail "dpkg can't install the packages; see the log"
}

# What many packages ask for and is needed once, in the end: initramfs and dependencies of modules (boot.sh), certificates
# and the database of hardware (bootstrap_deb_late).
bootstrap_deb_diverted=(/usr/sbin/update-initramfs /usr/sbin/depmod /usr/sbin/update-ca-certificates /usr/bin/systemd-hwdb)

bootstrap_deb_hold_back() {
    local program
    # No service starts here (invoke-rc.d, deb-systemd-invoke; Debian Policy 9.3.3).
    printf '#!/bin/sh\nexit 101\n' > "$TARGET/usr/sbin/policy-rc.d"
    chmod 755 "$TARGET/usr/sbin/policy-rc.d"
    for program in "${bootstrap_deb_diverted[@]}"; do
        in_target dpkg-divert --quiet --local --rename --divert "$program.real" --add "$program"
        printf '#!/bin/sh\nexit 0\n' > "$TARGET$program"
        chmod 755 "$TARGET$program"
    done
    # DKMS would look again and again for what it need not build; see boot_modules.
    mkdir -p "$TARGET/etc/dkms"
    touch "$TARGET/etc/dkms/no-autoinstall"
    # The index of manual pages is made by its timer.
    printf 'man-db man-db/auto-update boolean false\n' | in_target debconf-set-selections
}

bootstrap_deb_let_go() {
    local program
    rm "$TARGET/etc/dpkg/dpkg.cfg.d/kldload-installer" "$TARGET/etc/dkms/no-autoinstall"
    rmdir --ignore-fail-on-non-empty "$TARGET/etc/dkms"
    for program in "${bootstrap_deb_diverted[@]}"; do
        rm "$TARGET$program"
        in_target dpkg-divert --quiet --local --rename --remove "$program"
    done
    printf 'man-db man-db/auto-update boolean true\n' | in_target debconf-set-selections
    if [[ -d $TARGET/var/lib/man-db ]]; then touch "$TARGET/var/lib/man-db/auto-update"; fi
    if [[ -x $TARGET/usr/sbin/dkms ]]; then bootstrap_deb_dkms; fi
    bootstrap_deb_let_go_judge
}

# bootstrap_deb_dkms: has DKMS take in the sources that packages brought. With no-autoinstall their postinst ends before it does
# that, too; and no later kernel would get a module.
bootstrap_deb_dkms() {
    local conf source known
    for conf in "$TARGET"/usr/src/*/dkms.conf; do
        if [[ ! -e $conf ]]; then continue; fi # there is none
        source=${conf%/dkms.conf}
        source=${source##*/}
        source=${source%-*}/${source##*-}
        known=$(in_target_quietly dkms status "$source")
        if [[ -z $known ]]; then in_target dkms add "$source"; fi
        known=$(in_target_quietly dkms status "$source")
        [[ $known == "$source"* ]] || fail "DKMS does not know $source: no later kernel would get this module"
    done
}

# bootstrap_deb_let_go_judge: that what was switched off for the installation is on again.
bootstrap_deb_let_go_judge() {
    local path diversions
    for path in "$TARGET/etc/dpkg/dpkg.cfg.d/kldload-installer" "$TARGET/etc/dkms/no-autoinstall" \
        "${bootstrap_deb_diverted[@]/%/.real}"; do
        if [[ $path != "$TARGET"/* ]]; then path=$TARGET$path; fi
        [[ ! -e $path ]] || fail "$path was to last as long as the installation, and is still there"
    done
    diversions=$(in_target_quietly dpkg-divert --list)
    [[ $diversions != *'local diversion'* ]] || fail "programs are still diverted: ${diversions//$'\n'/; }"
}

# bootstrap_deb_late: goes on in the background while one core makes the initramfs; finish waits for it.
bootstrap_deb_late() {
    if [[ -x $TARGET/usr/bin/systemd-hwdb ]]; then in_target systemd-hwdb --usr update; fi
    if [[ -x $TARGET/usr/sbin/update-ca-certificates ]]; then in_target update-ca-certificates; fi
    if [[ -x $TARGET/usr/sbin/locale-gen ]]; then in_target locale-gen; fi
}

# bootstrap_deb_judge: that dpkg finds nothing wrong, and has just the packages of the profile.
bootstrap_deb_judge() {
    local audit
    audit=$(in_target_quietly dpkg --audit)
    [[ -z $audit ]] || fail "dpkg finds packages half installed: ${audit//$'\n'/ }"
    # shellcheck disable=SC2016  # dpkg-query's own variables
    chroot "$TARGET" dpkg-query --show --showformat '${Package} ${Version} ${Architecture} ${db:Status-Abbrev}\n' \
        | sed 's/ ii *$//' | sort | diff <(sort "$(bootstrap_profile)") - \
        || fail "what is installed (>) is not what the profile says (<); see the log"
}

# --- distributions of RPM packages ------------------------------------------------------------------------------------

# The index of the mirror is signed by the key of this live system and holds the digest of every package, which dnf checks.
bootstrap_rpm() {
    local mirror platform release list packages=() options=()
    mirror=$(bootstrap_darksite)
    list=$(bootstrap_profile)
    list=$(awk '{ print $1 "-" $2 "." $3 }' "$list")
    mapfile -t packages <<< "$list"
    platform=$(distribution_fact "$KLDLOAD_DISTRO" PLATFORM)
    release=$(distribution_fact "$KLDLOAD_DISTRO" RELEASE)
    gpgv --quiet --keyring "$BOOTSTRAP_KEY" "$mirror/repodata/repomd.xml.asc" "$mirror/repodata/repomd.xml" \
        || fail "the mirror on the medium is not signed by the key of this live system"
    say "${#packages[@]} packages"
    bootstrap_mounts
    # The initramfs is made once, in the end (boot.sh), and the boot menu is not that of these plugins. There is no other kernel.
    mkdir -p "$TARGET/etc/kernel/install.d"
    ln --symbolic --force /dev/null "$TARGET/etc/kernel/install.d/50-dracut.install"
    ln --symbolic --force /dev/null "$TARGET/etc/kernel/install.d/51-dracut-rescue.install"
    # The platform decides which modules there are, and with them which packages dnf sees. Packages may require files that
    # only the lists of files have.
    options=(--installroot="$TARGET" --releasever="$release" --assumeyes --quiet --noplugins --setopt=reposdir=/nonexistent
        --setopt=cachedir=/tmp/dnf-cache --setopt=install_weak_deps=False --setopt=keepcache=False --setopt=gpgcheck=0
        --setopt=best=True --setopt=strict=True --setopt=optional_metadata_types=filelists --setopt=module_platform_id="platform:$platform"
        --repofrompath="kldload,file://$mirror" --repo=kldload)
    run dnf "${options[@]}" install "${packages[@]}" || fail "dnf can't install the profile $KLDLOAD_PROFILE from the mirror"
    rm "$TARGET"/etc/kernel/install.d/5{0-dracut,1-dracut-rescue}.install
    bootstrap_rpm_judge
}

# bootstrap_rpm_judge: that just the packages of the profile are there. An epoch of 0 is not written.
bootstrap_rpm_judge() {
    rpm --root "$TARGET" --query --all --queryformat '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\n' \
        | grep --invert-match '^gpg-pubkey ' | sed 's/ 0:/ /' | sort | diff <(sed 's/ 0:/ /' "$(bootstrap_profile)" | sort) - \
        || fail "what is installed (>) is not what the profile says (<); see the log"
}

# bootstrap_stop: nothing that the installation started runs on.
bootstrap_stop() { jobs -p | xargs --no-run-if-empty kill 2> /dev/null || :; } # they may have ended
