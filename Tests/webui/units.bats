#!/usr/bin/env bats
# The units of the page, started by systemd itself in a container: both processes come up in their sandboxes, under their users, and what they
# need works there: sockets, certificate, PAM, the state, commands of their own, and commands apart. Needs root.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # the fakes expand it

setup() {
    [ "$(id -u)" -eq 0 ] || skip "only root can start a container"
    type -P systemd-nspawn > /dev/null || skip "no systemd-nspawn"
    live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p root/{etc/systemd/system/multi-user.target.wants,etc/kldload,etc/pam.d,usr,var/tmp,run,tmp,proc,sys,dev,root} upper/{lib/systemd/system,lib/sysusers.d,sbin} work
    ln -s usr/{bin,sbin,lib,lib64} root/
    cp -R "$live/usr/local" upper/
    cp -R upper/local/share/kldload-webui/{free,active} # as the build does
    cp "$live"/usr/lib/systemd/system/kldload-{webui,webui-helper,install}.service upper/lib/systemd/system/
    cp "$live"/usr/lib/sysusers.d/kldload-webui.conf upper/lib/sysusers.d/
    cp -R /etc/ssl root/etc/
    mkdir -p root/etc/alternatives
    printf 'root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/:/bin/sh\n' > root/etc/passwd
    printf 'root:x:0:\nada:x:1000:\nsudo:x:27:ada\nshadow:x:42:\n' > root/etc/group
    printf 'ada:%s:19000:0:99999:7:::\n' "$(openssl passwd -6 -salt abcdefgh 'correct horse')" > root/etc/shadow
    chmod 640 root/etc/shadow
    printf 'auth required pam_unix.so\naccount required pam_unix.so\n' > root/etc/pam.d/kldload-webui
    echo free > root/etc/kldload/edition
    systemd-id128 new > root/etc/machine-id
    ln -s /usr/lib/systemd/system/kldload-webui.service /usr/lib/systemd/system/kldload-webui-helper.service root/etc/systemd/system/multi-user.target.wants/
    ln -s /dev/null root/etc/systemd/system/getty.target
    cp "$BATS_TEST_DIRNAME/in-container.py" root/
    printf '#!/bin/bash\ncase " $* " in *" --check "*) echo "{\\"good\\":true,\\"problems\\":[]}" ;; *" --describe "*) echo "{\\"disks\\":[]}" ;; *) cp "$2" /installed-with; id -u > /installed-by; mkdir -p /var/log/installer; touch /usr/installed
        printf "[   0 s] step 1/1 disks: look\\n[   1 s] INSTALLED debian server on /dev/vda in 1 s\\n" > /var/log/installer/kldload-installer.log ;; esac\n' > upper/sbin/kldload-install-target
    printf '#!/bin/bash\nid -u; mount -t tmpfs none /mnt 2>&1 && echo "outside of the sandbox"; touch /usr/made && echo made "$@"\n' > upper/sbin/kbe
    chmod 755 upper/sbin/*
    mkdir -p root/mnt
    printf '[Unit]\nAfter=multi-user.target\n[Service]\nExecStart=/bin/sh -c "/usr/bin/python3 -B /in-container.py > /said 2>&1; systemctl show -p ActiveState,SubState,ExecMainStatus,User kldload-webui kldload-webui-helper > /units; exec systemctl poweroff --force"\n' \
        > root/etc/systemd/system/end.service
    ln -s ../end.service root/etc/systemd/system/multi-user.target.wants/
}

boot() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    run timeout 150 unshare --mount --propagation private bash -euc '
        mount -t overlay overlay -o "lowerdir=/usr,upperdir=$PWD/upper,workdir=$PWD/work" root/usr
        exec systemd-nspawn --quiet --register=no --keep-unit --private-network --directory=root --boot --machine=kldload-page -- systemd.unit=multi-user.target \
            systemd.log_target=console SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 "$@" < /dev/null' - "$@"
    printf '%s\n' "$output" | grep -aE 'kldload|cycle' || : # for whoever looks into a failure
    cat root/said root/units || :                            # and here
    [[ $output != *'ordering cycle'* ]]
}

@test "the live system: a code, the page, TLS, an installation apart from the sandbox" {
    touch root/etc/kldload/live
    boot
    [ "$(tail -n 1 root/said)" = 'all well' ]
    [ "$(cat root/installed-by)" = 0 ]
    [ ! -e root/run/kldload/webui/answers.env ]
    [ -e upper/installed ]
}

@test "the installed system: a password by PAM, a command apart from the sandbox, nothing on the network" {
    boot
    [ "$(tail -n 1 root/said)" = 'all well' ]
    [ -e upper/made ]
}

@test "kldload.webui=off starts neither" {
    touch root/etc/kldload/live
    boot kldload.webui=off
    run ! grep -q '^ActiveState=active' root/units
    run ! grep -q 'all well' root/said
}
