#!/usr/bin/env bats
# be_enter: a command inside of another boot environment, by the kernel's own namespaces; kupgrade upgrades in it. Needs root.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # expanded by the inner shells

setup() {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount"
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    PATH=${PATH#"$PWD/bin:"}
    # What all share, and what this boot environment has no folder for.
    mkdir -p other/{proc,sys,dev,run,tmp,etc,usr,var/log} fakes shared
    printf '#!/bin/sh\nprintf "rpool/var/log\\tyes\\t%%s\\nrpool/gone\\tyes\\t/nowhere-there\\nrpool/ROOT/default\\tyes\\t/\\n" /var/log\n' > fakes/zfs
    chmod +x fakes/zfs
    ln -s usr/{bin,sbin,lib,lib64} other/
    cp /etc/passwd /etc/group other/etc/
    PATH=$PWD/fakes:$PATH
}

enter() {
    unshare --mount --propagation private bash -euc '
        mount --bind /usr other/usr
        tool=test
        . "$KLDLOAD_LIB/common.sh"
        . "$KLDLOAD_LIB/be.sh"
        be_enter "$PWD/other" "$@"' - "$@"
}

@test "its status is that of the command, and it is no init" {
    run -5 enter sh -c 'exit 5'
    run -0 enter sh -c '[ $$ -ne 1 ] && [ "$KLDLOAD_BOOT_LATER" = yes ] && [ "$KLDLOAD_SNAPSHOT" = no ]'
    run -0 enter /usr/lib/systemd/systemd --version
    [[ $output == systemd* ]]
}

@test "services are not started, and what is left running ends" {
    run -0 enter systemctl start anything
    run -0 enter sh -c 'sleep 4711 > /dev/null 2>&1 & echo left'
    [ "$output" = left ]
    [ -z "$(pgrep -f 'sleep 4711' || :)" ]
}

@test "it sees its own processes, devices, and what all share; and nothing stays mounted" {
    run -0 enter sh -c 'ls /proc | grep -c "^[0-9]"; test -c /dev/null && touch /run/x /tmp/x && [ ! -e /nowhere-there ]'
    [ "${lines[0]}" -lt 10 ]
    run -0 enter sh -c 'findmnt --noheadings --output TARGET /var/log'
    [ "$output" = /var/log ]
    run ! grep -q "$PWD/other" /proc/mounts
    [ ! -e other/run/x ]
    [ ! -e other/tmp/x ]
}
