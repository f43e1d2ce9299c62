# shellcheck shell=bash
# A pool for tests of the tools of the installed system: what zfs, zpool, findmnt, mount and umount say of it is true of folders. See
# fake-zfs.py, which is all of those programs.

# fake_zfs: makes the pool rpool, empty, in the current folder: state in ./zfs, what is mounted in ./root, which stands for /. Its
# programs come first in PATH from then on, and the tools find what they share.
fake_zfs() {
    local program
    # Called hundreds of times: the program itself, and none that looks for one.
    fake_python=$(python3 -c 'import sys; print(sys.executable)')
    export FAKE_ZFS=$PWD/zfs FAKE_ROOT=$PWD/root
    target_tools=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools
    target_tools=$(readlink --canonicalize "$target_tools")
    # The libraries of all profiles and those of the tools are in one folder on an installed system.
    export KLDLOAD_LIB=$PWD/lib
    mkdir -p lib
    ln -sf "${target_tools%-tools}"/usr/lib/kldload/*.sh "$target_tools"/usr/lib/kldload/* lib/
    export KLDLOAD_RUN=$PWD/run KLDLOAD_ETC=$PWD/etc KLDLOAD_STATE=$PWD/state
    mkdir -p bin "$FAKE_ZFS" "$FAKE_ROOT" run etc state
    for program in zfs zpool findmnt mount umount mountpoint; do
        printf '#!/bin/sh\nexec %s -I -S %q %s "$@"\n' "$fake_python" "$BATS_TEST_DIRNAME/fake-zfs.py" "$program" > "bin/$program"
        chmod +x "bin/$program"
    done
    export PATH=$PWD/bin:$target_tools/usr/sbin:$PATH
    fake make rpool canmount=off mountpoint=/
}

# fake_system: the file systems of an installed machine. / of it is ./root.
fake_system() {
    fake make rpool/ROOT canmount=off mountpoint=none
    fake make rpool/ROOT/default canmount=noauto mountpoint=/
    fake mount rpool/ROOT/default
    zpool set bootfs=rpool/ROOT/default rpool
    local name
    for name in home root srv; do fake make "rpool/$name"; done
    fake make rpool/var canmount=off
    fake make rpool/var/log
}

# fake WORD…: changes what can't be changed by commands.
#   fake make NAME [PROPERTY=VALUE]…        a file system, mounted unless canmount says otherwise
#   fake set NAME PROPERTY=VALUE…           any property, also those that ZFS sets: used=123 written@x=5; of the pool: fake pool health=DEGRADED
#   fake now SECONDS                        what time it is for the pool, until it is said anew; a snapshot's creation is that
#   fake fail WORDS TEXT                    a command that begins with WORDS (zfs snapshot) fails, and says TEXT; TEXT '' ends that
#   fake status FILE                        what `zpool status` says
#   fake log                                the commands that changed something, a line each
fake() { "$fake_python" -I -S "$BATS_TEST_DIRNAME/fake-zfs.py" fake "$@"; }

# fake_program NAME SCRIPT: another program, whose script is given.
fake_program() { printf '#!/bin/bash\n%s\n' "$2" > "bin/$1" && chmod +x "bin/$1"; }
