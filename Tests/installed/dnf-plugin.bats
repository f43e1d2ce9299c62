#!/usr/bin/env bats
# The plugin of dnf 4: called by this machine's own dnf, around each transaction that changes something, and by nothing else.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # fakes are scripts in single quotes

setup() {
    type -P dnf > /dev/null && type -P rpmbuild > /dev/null && type -P createrepo_c > /dev/null || skip "no dnf, rpmbuild or createrepo_c"
    cd "$BATS_TEST_TMPDIR" || return
    target_tools=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools
    mkdir -p root archive plugins log cache persist
    ln -s "$(readlink --canonicalize "$target_tools/usr/lib/kldload/dnf-plugins/kldload.py")" plugins/
    printf '#!/bin/sh\necho "$*" >> %q\n' "$PWD/said" > hook
    chmod +x hook
    touch said
    export KLDLOAD_TRANSACTION_HOOK=$PWD/hook
    package hello 1
    createrepo_c --quiet archive
}

package() { # package NAME VERSION
    printf 'Name: %s\nVersion: %s\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%%%%description\nx\n%%%%files\n' "$1" "$2" > "$1.spec"
    rpmbuild --quiet -bb --define "_topdir $PWD/build" --define "_rpmdir $PWD/archive" "$1.spec"
}

ask() {
    dnf -y --quiet --installroot="$PWD/root" --releasever=1 --setopt="pluginpath=$PWD/plugins" --setopt=plugins=1 --setopt="cachedir=$PWD/cache" \
        --setopt="logdir=$PWD/log" --setopt="persistdir=$PWD/persist" --setopt=reposdir=/nowhere --repofrompath="made,file://$PWD/archive" \
        --setopt=made.gpgcheck=0 --disableplugin=debuginfo-install "$@"
}

@test "dnf calls the hook before and after what changes something" {
    run -0 ask install hello
    [ "$(sed 's/ [0-9]*$/ PID/' said)" = $'before dnf PID\nafter dnf PID' ]
    : > said
    run -0 ask install hello # it is there
    run -0 ask list --installed
    run -0 ask makecache
    run ! ask install nothing
    [ ! -s said ]
    . "$target_tools/usr/lib/kldload/packages.sh" # which reads rpm's database, too
    [ "$(packages_of "$PWD/root")" = $'hello.noarch\t1-1' ]
    if ((EUID == 0)); then # as kbe diff mounts what it looks into
        said=$(unshare --mount bash -c 'mount --bind root root && mount -o remount,bind,ro root && . "$1" && packages_of "$PWD/root"' - "$target_tools/usr/lib/kldload/packages.sh")
        [ "$said" = $'hello.noarch\t1-1' ]
    fi
    run -0 ask remove hello
    [ "$(wc -l < said)" -eq 2 ]
}

@test "a hook that fails or is not there keeps dnf from nothing" {
    printf '#!/bin/sh\nexit 1\n' > hook
    run -0 ask install hello
    rm hook
    run -0 ask remove hello
    [[ $output == *'kldload: no snapshot was taken'* ]]
}

@test "what waits is told of, what was upgraded goes back, and what came goes, by dnf itself" {
    mkdir bin
    {
        printf '#!/bin/bash\ncd %q\n' "$PWD"
        declare -f ask
        printf 'ask "$@"\n'
    } > bin/dnf
    sed -i 's/dnf -y/\/usr\/bin\/dnf -y/' bin/dnf
    printf '#!/bin/sh\nexec /usr/bin/rpm --root %q "$@"\n' "$PWD/root" > bin/rpm
    chmod +x bin/*
    ask install hello
    package hello 2
    package other 1
    createrepo_c --quiet archive
    cat > tool << 'END'
set -euo pipefail
shopt -s inherit_errexit nullglob
. "$KLDLOAD_LIB/common.sh"
. "$KLDLOAD_LIB/package-manager.sh"
manager=dnf assume_yes=yes
"$@"
END
    export KLDLOAD_LIB=$target_tools/usr/lib/kldload PATH=$PWD/bin:$PATH
    run -0 bash tool manager_refresh
    run -0 --separate-stderr bash tool manager_waiting
    [ "$output" = $'hello.noarch\t1-1\t2-1\t-' ]
    run -0 bash tool manager_upgrade
    [ "$(rpm -q hello)" = hello-2-1.noarch ]
    run -0 --separate-stderr bash tool manager_waiting
    [ "$output" = '' ]
    run -0 bash tool manager_install other
    undo() { local gone=(other.noarch) back=($'hello.noarch\t1-1') && manager_undo_names gone back && manager_undo; }
    declare -f undo > undo
    sed -i 's/^"\$@"$/. .\/undo; undo/' tool
    run -0 bash tool
    [ "$(rpm -qa)" = hello-1-1.noarch ]
}
