#!/usr/bin/env bats
# The units that end a trial, started by systemd itself in a container: what is well is kept; what is not, or not up in time, starts
# anew; and a boot that is no trial is left alone. kldload-boot is a fake that says what it was asked. Needs root.
bats_require_minimum_version 1.5.0

setup() {
    [ "$(id -u)" -eq 0 ] || skip "only root can start a container"
    type -P systemd-nspawn > /dev/null || skip "no systemd-nspawn"
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p root/{etc/systemd/system,usr,var/tmp,run,tmp,proc,sys,dev,root} upper/{lib/systemd/system,sbin} work
    ln -s usr/{bin,sbin,lib,lib64} root/
    cp -R "$BATS_TEST_DIRNAME"/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target/usr/lib/systemd/system/. upper/lib/systemd/system/
    printf '#!/bin/bash\necho "$*" >> /said\ncase $1 in health) sleep 0.3; [ ! -e /sick ] ;; unhealthy) [ -e /over ] ;; esac\n' > upper/sbin/kldload-boot
    chmod 755 upper/sbin/kldload-boot
    printf 'root:x:0:0:root:/root:/bin/sh\n' > root/etc/passwd
    printf 'root:x:0:\n' > root/etc/group
    systemd-id128 new > root/etc/machine-id
    # When all is started, and time was given to what follows it: the end.
    printf '[Unit]\nAfter=multi-user.target\n[Service]\nExecStart=/bin/sh -c "sleep 4; exec systemctl poweroff --force"\n' > root/etc/systemd/system/end.service
    mkdir -p root/etc/systemd/system/multi-user.target.wants root/etc/systemd/system/kldload-bless.service.d
    ln -s ../end.service root/etc/systemd/system/multi-user.target.wants/
    ln -s /dev/null root/etc/systemd/system/getty.target
}

# boot WORD…: with these words for what would be the kernel's command line; status 133 where it starts anew.
boot() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    run timeout 100 unshare --mount --propagation private bash -euc '
        mount -t overlay overlay -o "lowerdir=/usr,upperdir=$PWD/upper,workdir=$PWD/work" root/usr
        exec systemd-nspawn --quiet --register=no --keep-unit --directory=root --boot --machine=kldload-trial -- systemd.unit=multi-user.target \
            systemd.log_target=console SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 "$@" < /dev/null' - "$@"
    printf '%s\n' "$output" | grep -aE 'kldload|complete|cycle' || : # for whoever looks into a failure
    [[ $output != *'ordering cycle'* ]]
}

on_trial=(kldload.trial=20261130T000000Z systemd.wants=kldload-bless.service)

@test "what is well is kept" {
    boot "${on_trial[@]}"
    [ "$(cat root/said)" = $'settle\nhealth\nbless' ]
}

@test "what is not well starts anew, and nothing keeps it" {
    touch root/sick
    boot "${on_trial[@]}"
    [ "$(cat root/said)" = $'settle\nhealth\nunhealthy' ]
    [[ $output == *'Rebooting.'* ]]
}

@test "… unless somebody has ended the trial meanwhile" {
    touch root/sick root/over
    boot "${on_trial[@]}"
    [ "$(cat root/said)" = $'settle\nhealth\nunhealthy' ]
    [[ $output != *'Rebooting.'* ]]
}

@test "what is not up in time starts anew" {
    printf '[Unit]\nJobTimeoutSec=5s\n' > root/etc/systemd/system/kldload-bless.service.d/test.conf
    printf '[Unit]\nBefore=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\nTimeoutStartSec=infinity\n' > root/etc/systemd/system/hang.service
    ln -s ../hang.service root/etc/systemd/system/multi-user.target.wants/
    boot "${on_trial[@]}"
    [ "$(cat root/said)" = $'settle\nunhealthy' ]
    [[ $output == *'Rebooting.'* ]]
}

@test "a boot that is no trial is left alone, also where it is sick" {
    touch root/sick
    boot
    [ "$(cat root/said)" = settle ]
    [[ $output != *'Rebooting.'* ]]
}
