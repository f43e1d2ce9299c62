#!/usr/bin/env bats
# The root file systems that the gate of RPM packages hands on, of made packages with the real dnf and rpm; and what completes them by
# running in them, with stand-ins for DKMS and dracut. Needs root, as rpm does to install.
# shellcheck disable=SC2154 # bats sets output and status

setup_file() {
    bats_require_minimum_version 1.5.0
    load made-packages
    make_repositories
    closure basic bash coreutils systemd glibc-langpack-en
    closure whole bash coreutils systemd glibc-langpack-en iputils chrony linux-firmware dnf openssh-server
    closure completing bash coreutils systemd glibc-langpack-en kernel dracut kmod tar --repofrompath "dkms,file://$made/site/zfs/epel/9/x86_64" \
        zfs zfs-dkms kernel-devel
}

setup() { load made-packages && prepare; }

unpacked() { # unpacked: the archive that was handed on, in `root`
    rm -rf "$BATS_TEST_TMPDIR/root" && mkdir "$BATS_TEST_TMPDIR/root" && cd "$BATS_TEST_TMPDIR/root" || return
    tar --extract --preserve-permissions --numeric-owner --xattrs --xattrs-include='*' --file "$out/system.tar"
}

@test "a root is handed on with owners, modes, links and capabilities, and twice the same" {
    slice whole
    install --system
    echo "$output"
    [ "$status" -eq 0 ]
    unpacked
    [ "$(stat --format='%a %u %g' var/lib/chrony var/lib/chrony/drift usr/lib/firmware/secret)" = $'750 993 990\n640 993 990\n640 0 990' ]
    [ usr/share/zoneinfo/UTC -ef usr/share/zoneinfo/Zulu ]
    [ "$(readlink bin usr/lib/firmware/link.bin)" = $'usr/bin\nmade.bin' ]
    python3 -c 'import os; assert os.getxattr("usr/bin/ping", "security.capability")[4:6] == b"\0\x20"'
    [ "$(stat --format=%a etc/shadow tmp)" = $'600\n1777' ]
    [ "$(<var/lib/systemd-was-here)" = ran ]
    rpm --root "$PWD" --dbpath /var/lib/rpm -qa --qf '%{NAME} %|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE} %{ARCH}\n' | sort | diff "$in/profile" -
    # rpm counts a second for each package.
    [ "$(rpm --root "$PWD" --dbpath /var/lib/rpm -qa --qf '%{INSTALLTIME}\n' | sort | tail -n 1)" -le $((1736761560 + 60)) ]
    # rpm itself finds all of it as its packages say, but for what was looked away on purpose.
    rpm --root "$PWD" --dbpath /var/lib/rpm --verify --all --nodeps --noscripts > "$BATS_TEST_TMPDIR/verify" || : # it fails where anything differs; what may is judged below
    run ! grep -vE ' /(dev|proc|run|sys|tmp|etc/shadow)$' "$BATS_TEST_TMPDIR/verify"
    mv "$out/system.tar" "$BATS_TEST_TMPDIR/first.tar"
    rm "$out/verdict"
    sleep 2
    install --system
    [ "$status" -eq 0 ]
    cmp "$out/system.tar" "$BATS_TEST_TMPDIR/first.tar"
}

@test "what belongs to a machine, a day or the gate is not in what is handed on" {
    slice whole
    install --system
    [ "$status" -eq 0 ]
    # The judge of all systems, and what is RPM's own.
    SOURCE_DATE_EPOCH=1736761560 run -0 "$BATS_TEST_DIRNAME/../iso/judge-system" "$out/system.tar"
    echo "$output"
    unpacked
    [ -e etc/machine-id ] && [ ! -s etc/machine-id ]
    [ ! -e var/lib/systemd/random-seed ]
    [ -z "$(find var/{log,cache,tmp} tmp dev proc sys run -type f 2> /dev/null)" ]
    [ -z "$(find var/lib/dnf -mindepth 1 2> /dev/null)" ]
    [ "$(find var/lib/rpm -type f)" = var/lib/rpm/rpmdb.sqlite ]
    [ -z "$(find . -path '*/kernel/install.d/*' -o -path '*dkms*' -o -name '*gate-*' -o -name '.rpmmacros')" ]
    # No time after the date that was asked for, and the day of passwords is that day.
    run find . -mindepth 1 ! -path ./etc -newermt @1736761560 # tar writes into that later than it sets its time
    echo "$output"
    [ -z "$output" ]
    grep -qx 'root:\*:20101:0:99999:7:::' etc/shadow
    [ "$(cat etc/hostname)" = localhost ]
}

@test "a profile whose packages make a private key is not handed on" {
    slice basic "$broken"/k/keymaker-*.rpm
    install
    [ "$status" -eq 0 ]
    rm "$out/verdict"
    install --system
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *'so leave it out of iso.systems: /etc/pki/made.key'* && ! -e $out/system.tar ]]
}

# complete RULE: has the root that was handed on completed by running in it.
complete() {
    touch run/.containerenv
    mkdir -p out in
    ln -sfn /proc/mounts etc/mtab # as podman does
    cat "$scripts"/{pack-root,initramfs,initramfs-dracut}.sh > in/script
    SOURCE_DATE_EPOCH=1736761560 run unshare --mount --propagation private bash -c 'mount --rbind /dev dev && exec chroot . /bin/bash /in/script "$@"' - "$@"
}

@test "the module is compiled and the initramfs made in the root itself, twice the same" {
    slice completing
    echo 'zfs dkms' > "$in/rules"
    install --system
    [ "$status" -eq 0 ]
    local run kernel=5.14.0-580.el9.x86_64
    for run in first second; do
        unpacked
        complete dkms
        echo "$output"
        [ "$status" -eq 0 ]
        mv out/system.tar "$BATS_TEST_TMPDIR/$run.tar"
    done
    cmp "$BATS_TEST_TMPDIR"/{first,second}.tar
    mv "$BATS_TEST_TMPDIR/first.tar" "$out/system.tar"
    unpacked
    cmp "boot/vmlinuz-$kernel" "lib/modules/$kernel/vmlinuz"
    [[ $(modinfo -F vermagic "lib/modules/$kernel/extra/zfs.ko") == "$kernel "* ]]
    grep -q '/extra/zfs\.ko' "boot/initramfs-$kernel.img"
    grep -qx 'hostid of 4 bytes' "boot/initramfs-$kernel.img"
    [ -z "$(find var/log out in -type f; find etc -name mtab; ls etc/hostid etc/dkms/* var/lib/dkms/mok.* 2> /dev/null; find var/lib/dkms -name '*.log')" ]
    [ "$(rpm --root "$PWD" --dbpath /var/lib/rpm -qa | wc -l)" -eq "$(wc -l < "$in/profile")" ]
}

@test "an initramfs is not made without a module, of a kernel that is not alone, of a profile without dracut, or outside of a container" {
    slice completing
    echo 'zfs dkms' > "$in/rules"
    install --system
    unpacked
    complete kmod
    [[ $status -eq 1 && $output == *'there is no ZFS module for kernel 5.14.0-580.el9.x86_64'* ]]
    mkdir lib/modules/6.0
    touch lib/modules/6.0/vmlinuz
    complete dkms
    [[ $status -eq 1 && $output == *'there must be one kernel'* ]]
    rm -r lib/modules/6.0
    printf '#!/bin/bash\necho nothing\n' > usr/bin/lsinitrd
    complete dkms
    [[ $status -eq 1 && $output == *'the initramfs lacks what finds and opens the root: /zfs\.ko'* ]]
    rm usr/bin/dracut
    complete dkms
    [[ $status -eq 1 && $output == *'the profile has no dracut'* ]]
    rm run/.containerenv
    SOURCE_DATE_EPOCH=1 run chroot . /bin/bash /in/script dkms
    [[ $status -eq 1 && $output == *'this is no container'* ]]
    [ ! -e out/system.tar ]
}
