# shellcheck shell=bash
# shellcheck disable=SC2154  # target_tools is of fake-zfs.bash
# An archive of packages made for a test, and the root of fake-zfs.bash as a system of this machine's own apt and dpkg.

# made_archive: apt-get of this machine works on $FAKE_ROOT and ./archive from then on, with the hooks of the target.
made_archive() {
    export KLDLOAD_ROOT=$FAKE_ROOT DEBIAN_FRONTEND=noninteractive
    root=$FAKE_ROOT
    mkdir -p "$root"/var/lib/{dpkg/{info,updates},apt/lists/partial} "$root"/var/cache/apt/archives/partial apt-log "$root"/etc/apt/{apt.conf.d,preferences.d,trusted.gpg.d} archive
    touch "$root"/var/lib/dpkg/{status,available} state/firstboot.done
    export APT_CONFIG=$PWD/apt.conf
    cat > apt.conf << END
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
Dir "$root";
Dir::State::status "$root/var/lib/dpkg/status";
Dir::Bin::dpkg "/usr/bin/dpkg";
Dir::Log "$PWD/apt-log";
APT::Sandbox::User "root";
APT::Install-Recommends "no";
DPkg::Options { "--root=$root"; "--force-not-root"; "--force-unsafe-io"; "--log=$PWD/dpkg.log"; };
DPkg::Use-Pty "no";
END
    sed "s|/usr/lib/kldload|$KLDLOAD_LIB|" "$target_tools/etc/apt/apt.conf.d/80kldload" >> apt.conf
    echo "deb [trusted=yes] file:$PWD/archive ./" > "$root/etc/apt/sources.list"
}

package() { # package NAME VERSION [DEPENDS]
    local folder=package-$1-$2
    mkdir -p "$folder/DEBIAN" "$folder/usr/share/$1" "$folder/etc"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\n%sMaintainer: x <x@example.org>\nDescription: made for a test\n' "$1" "$2" "${3:+Depends: $3$'\n'}" > "$folder/DEBIAN/control"
    echo "$2" > "$folder/usr/share/$1/version"
    echo setting > "$folder/etc/$1.conf"
    echo "/etc/$1.conf" > "$folder/DEBIAN/conffiles"
    dpkg-deb --root-owner-group --build "$folder" "archive/$1_$2_all.deb" > /dev/null
}

archive() {
    (cd archive && apt-ftparchive packages . > Packages)
    apt-get -q update > /dev/null
}
