#!/usr/bin/env bats
# A boot environment on trial: it boots, and becomes the default when it was found healthy; else the one before it boots again, with
# nobody at the machine. What systemd-boot does is done by ./systemd-boot.
bats_require_minimum_version 1.5.0

load boot-machine

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    make_machine
    environment new 6.13.0
    fake systemctl 'if [ -e '"$PWD"'/failed ]; then cat '"$PWD"'/failed; fi'
    sed -i '/get -H -o value guid/i \        "list -H -o name,health") cat '"$PWD"'/pools ;;' bin/zpool
    sed -i '/"set "/i \        "list -H -t filesystem -o mounted,name") cat '"$PWD"'/mounted ;;' bin/zfs
    printf 'rpool\tONLINE\n' > pools
    printf 'yes\trpool/ROOT/default\nyes\trpool/home\nno\trpool\n' > mounted
    mkdir -p net state
    echo default > running
    bash kldload-boot sync
}

# start ESP: the machine is started from that disk. Afterwards what runs is in ./running, and its words in ./cmdline.
start() {
    "$BATS_TEST_DIRNAME/systemd-boot" "$1" > cmdline
    sed -E 's|.*root=ZFS=[^ ]*/ROOT/([^ ]*).*|\1|' cmdline > running
}

runs() { [ "$(cat running)" = "$1" ] || { echo "$(cat running) runs, not $1" && return 1; }; }
property() { sed -n "s/^$1\t//p" properties; }

@test "a trial boots its tries, then the one before boots, on each disk" {
    run -0 bash kldload-boot trial new 3
    for esp in esp1 esp2; do
        for _ in 1 2 3; do
            start $esp
            runs new
        done
        for _ in 4 5 6; do
            start $esp
            runs default
        done
    done
    [ "$(cat bootfs)" = rpool/ROOT/default ]
}

@test "whatever they are called, the trial is tried first, and the default is what is left" {
    for name in aaa default-2 zzz Default kldload_1-x 0; do
        environment "$name" 6.12.9 6.14.0
        run -0 bash kldload-boot trial "$name" 1
        start esp1
        runs "$name"
        grep -q 6.14.0 esp1/loader/entries/kldload_1-*
        start esp1
        runs default
        run -0 bash kldload-boot settle
        [ "$(property kldload:trial)" = "" ]
    done
}

@test "a version with a plus is no count of tries" {
    environment plus '6.12.1+2' '6.12.1+deb13-amd64'
    run -0 bash kldload-boot default plus
    for _ in 1 2 3 4; do start esp1 && runs plus; done
    run -0 bash kldload-boot trial new 1
    start esp1 && runs new
    start esp1 && runs plus
    run -0 bash kldload-boot trial default 1
    start esp1 && runs default
    start esp1 && runs plus
}

@test "what is healthy is kept, on all disks, and there is no trial any more" {
    run -0 bash kldload-boot trial new
    start esp2
    grep -q 'kldload.trial=.* systemd.wants=kldload-bless.service' cmdline
    grep -q 'panic=30' cmdline
    run -0 bash kldload-boot settle # comes first, and leaves it to the check of health
    run -0 bash kldload-boot health
    run -0 bash kldload-boot bless
    [ "$(cat bootfs)" = rpool/ROOT/new ]
    [[ "$(property kldload:trial-result)" == 'new: kept at '* ]]
    [ "$(property kldload:trial)" = "" ]
    for esp in esp1 esp2; do
        [ "$(menu $esp)" = $'kldload-default-6.12.9.conf\nkldload-new-6.13.0.conf' ]
        for _ in 1 2 3; do start $esp && runs new; done
    done
    run ! grep -q kldload.trial cmdline
}

@test "a trial that never comes up is over by itself, and what is said of it is why" {
    run -0 bash kldload-boot trial new 2
    start esp1 && start esp1 && start esp1
    runs default
    run -0 bash kldload-boot settle
    [[ "$(property kldload:trial-result)" == 'new: failed after 2 of 2 tries: it did not come up; default runs' ]]
    [ "$(menu esp2)" = $'kldload-default-6.12.9.conf\nkldload-new-6.13.0.conf' ] # to be looked at, and never by itself
    start esp2 && runs default
}

@test "a trial that comes up and is not well says what is wrong, and its next try or the one before follows" {
    run -0 bash kldload-boot trial new 2
    start esp1
    echo 'web.service loaded failed failed' > failed
    run -1 bash kldload-boot health
    [ "$output" = 'web.service has failed' ]
    run -1 bash kldload-boot unhealthy
    start esp1 && runs new
    run -1 bash kldload-boot health
    run -1 bash kldload-boot unhealthy
    start esp1 && runs default
    run -0 bash kldload-boot settle
    [[ "$(property kldload:trial-result)" == 'new: failed after 2 of 2 tries: web.service has failed; default runs' ]]
}

@test "the health that is compared with is that of before: what had failed already, may" {
    echo 'old.service loaded failed failed' > failed
    printf 'rpool\tONLINE\ntank\tDEGRADED\nfar\tONLINE\n' > pools
    printf 'Iface Destination Gateway Flags RefCnt Use Metric Mask\neth0 00000000 0102 0003 0 0 0 00000000\n' > net/route
    sed -i "s|\$root$PWD/state|$PWD/state|g" lib/boot-trial.sh # where it would be once that one runs
    run -0 bash kldload-boot trial new
    run -0 bash kldload-boot health
    printf '%s\n' 'old.service loaded failed failed' 'new.service loaded failed failed' > failed
    printf 'no\trpool/home\n' > mounted
    printf 'rpool\tDEGRADED\ntank\tDEGRADED\n' > pools
    rm net/route
    mkdir -p etc/health.d
    printf '#!/bin/sh\necho looked; echo no disk >&2; exit 3\n' > etc/health.d/disk
    printf '#!/bin/sh\nexit 1\n' > etc/health.d/not-executable
    chmod +x etc/health.d/disk
    HEALTH_NETWORK_WAIT=0 run -1 bash kldload-boot health
    [[ $output == *'the pool rpool is DEGRADED'* && $output == *'rpool/home is not mounted'* && $output == *'new.service has failed'* ]]
    [[ $output == *'there is no route to the network, and there was one'* && $output == *'/disk: status 3: no disk'* ]]
    [[ $output == *'the pool far is not there'* ]]
    [[ $output != *old.service* && $output != *not-executable* && $output != *tank* ]]
}

@test "once is once: it does not stay, well or not" {
    run -0 bash kldload-boot once new
    start esp1 && runs new
    run ! grep -q kldload-bless cmdline
    run -0 bash kldload-boot settle
    [[ "$(property kldload:trial-result)" == 'new: started once'* ]]
    for esp in esp1 esp2; do start $esp && runs default; done
    # And where it does not come up, neither.
    run -0 bash kldload-boot once new
    start esp1 && runs new
    start esp1 && runs default
}

@test "what changes the menu meanwhile leaves the count of each disk as it is" {
    run -0 bash kldload-boot trial new 3
    start esp1 && start esp1
    echo 'made again' > be/default/boot/initrd.img-6.12.9
    echo 'made again, too' > be/new/boot/initrd.img-6.13.0
    run -0 bash kldload-boot sync
    [ "$(cd esp1/loader/entries && echo kldload_1-*)" = kldload_1-new-6.13.0+1-2.conf ]
    [ "$(cd esp2/loader/entries && echo kldload_1-*)" = kldload_1-new-6.13.0+3.conf ]
    start esp1 && runs new
    start esp1 && runs default
    # Ordered anew, it is counted anew.
    sed -i 's/^kldload:trial-id\t.*/kldload:trial-id\t1/' properties
    run -0 bash kldload-boot sync
    start esp1 && runs new
}

@test "a trial that was not begun is still to come; one that is left by hand after a try is over" {
    run -0 bash kldload-boot trial new
    run -0 bash kldload-boot settle # the one before was started by hand
    [ "$(property kldload:trial)" = new ]
    start esp1 && runs new
    echo default > running # chosen in the menu after the first try hung
    echo quiet > cmdline
    run -0 bash kldload-boot settle
    [[ "$(property kldload:trial-result)" == 'new: failed after 1 of 2 tries'* ]]
    start esp1 && runs default
}

@test "the power is cut while it is being kept: the next boot does the rest" {
    run -0 bash kldload-boot trial new
    start esp1
    fake zpool "$(sed 's/^#!.*//; s|"set bootfs="\*)|"set bootfs="*) exit 137;|' bin/zpool)"
    run ! bash kldload-boot bless
    [ "$(property kldload:trial)" = new ]
    fake zpool "$(sed 's/^#!.*//; s| exit 137;||' bin/zpool)"
    for esp in esp1 esp2; do start $esp && runs new; done
    run -0 bash kldload-boot settle
    [ "$(cat bootfs)" = rpool/ROOT/new ]
    [ "$(property kldload:trial)" = "" ]
}

@test "another kernel of what is on trial, chosen by hand, decides nothing; and what is over is not kept afterwards" {
    environment new 6.12.8 6.13.0
    run -0 bash kldload-boot trial new
    grep -h ^options esp1/loader/entries/kldload-new-6.12.8.conf > cmdline
    echo new > running
    run -0 bash kldload-boot settle
    [ "$(property kldload:trial)" = new ]
    [ "$(cat bootfs)" = rpool/ROOT/default ]
    start esp1 && runs new
    bash kldload-boot default default # by somebody who is there
    run -0 bash kldload-boot bless
    run -0 bash kldload-boot unhealthy
    [ "$(cat bootfs)" = rpool/ROOT/default ]
    start esp1 && runs default
}

@test "a disk that can't be written to: no trial begins; a healthy one is kept all the same" {
    echo /dev/vdb1 > broken
    run -1 bash kldload-boot trial new
    [[ $output == *'so there is no trial: default boots'* ]]
    [ "$(property kldload:trial)" = "" ]
    [ "$(menu esp1)" = $'kldload-default-6.12.9.conf\nkldload-new-6.13.0.conf' ]
    start esp1 && runs default
    rm broken
    run -0 bash kldload-boot trial new
    start esp1 && runs new
    echo /dev/vdb1 > broken
    run -0 bash kldload-boot bless
    [[ $output == *'not all disks know'* ]]
    start esp1 && runs new
    [ "$(cat bootfs)" = rpool/ROOT/new ]
}

@test "choosing another default ends a trial, and so does destroying what is tried" {
    run -0 bash kldload-boot trial new
    run -0 bash kldload-boot default default
    start esp1 && runs default
    [[ "$(property kldload:trial-result)" == 'new: the default was changed to default' ]]
    run -0 bash kldload-boot trial new
    rm -r be/new
    run -0 bash kldload-boot sync
    [[ $output == *'new is on trial, and has no kernel'* ]]
    start esp1 && runs default
    run -0 bash kldload-boot settle
    [ "$(property kldload:trial)" = "" ]
}

@test "what was chosen with a key in the menu is stronger than a trial, and is forgotten for it" {
    mkdir efivars
    variable=efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
    touch $variable
    run -0 bash kldload-boot sync
    [[ $output == *'a default was chosen in the boot menu (key d), and is stronger'* ]]
    run -0 bash kldload-boot trial new
    [ ! -e $variable ]
}

@test "an encrypted machine waits for its passphrase as long as it takes" {
    run -0 bash kldload-boot trial new
    start esp1
    grep -q kldload.deadline=300 cmdline
    sed -i 's/rpool\/ROOT\/"\*) echo off/rpool\/ROOT\/"*) echo aes-256-gcm/' bin/zfs
    run -0 bash kldload-boot trial new
    start esp1
    run ! grep -q kldload.deadline cmdline
}

@test "nonsense is refused, and changes nothing" {
    run -1 bash kldload-boot trial nothing
    run -1 bash kldload-boot trial default
    [[ $output == *'default boots by default as it is'* ]]
    run -1 bash kldload-boot trial new 0
    run -1 bash kldload-boot trial new x
    mkdir -p be/empty/etc/kernel && cp be/new/etc/os-release be/empty/etc/ && touch be/empty/etc/kernel/cmdline
    run -1 bash kldload-boot trial empty
    [[ $output == *'empty has no kernel that can reach its root'* ]]
    [ ! -s properties ]
    printf 'kldload:trial\tnew\nkldload:trial-tries\t../x\n' > properties
    run -0 bash kldload-boot sync
    [[ $output == *'do not say what they should'* ]]
    start esp1 && runs default
}

@test "a boot environment that is not finished is in no menu" {
    printf 'rpool/ROOT/new\tunfinished\n' > unfinished
    run -0 bash kldload-boot sync
    [ "$(menu esp1)" = kldload-default-6.12.9.conf ]
    [[ $output == *'new: it is not finished'* ]]
}

@test "an initramfs on trial that is not through in time starts anew; one that is, does not; and without the word, never" {
    mkdir -p initramfs
    . "$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib/initramfs.sh"
    initramfs_settings "$PWD/made"
    scripts=made/etc/initramfs-tools/scripts
    for script in init-top init-bottom; do
        [ -x "$scripts/$script/kldload-deadline" ]
        sed "s|/proc/cmdline|$PWD/cmdline|; s|/run/|$PWD/initramfs/|; s|/dev/kmsg|$PWD/kmsg|; s|/proc/sysrq-trigger|$PWD/sysrq|; s/sleep 5/sleep 1/" "$scripts/$script/kldload-deadline" > "$script"
    done
    [ -z "$(sh init-top prereqs)$(sh init-bottom prereqs)" ]
    sh init-top
    [ ! -e initramfs/kldload-deadline ]
    echo 'root=x kldload.deadline=10 quiet' > cmdline
    sh init-top
    sleep 0.5
    sh init-bottom
    sleep 3
    [ ! -e sysrq ]
    sh init-top
    sleep 5
    [ "$(cat sysrq)" = b ]
    echo 'kldload.deadline=no' > cmdline
    rm sysrq initramfs/kldload-deadline
    sh init-top
    [ ! -e initramfs/kldload-deadline ]
    # A root without an init; initramfs-tools would take /bin/sh.
    fake run-init '[ "$*" = "-n /root /sbin/init" ] && [ -e has-init ]'
    sh init-bottom
    [ ! -e sysrq ]
    echo 'kldload.trial=1' > cmdline
    touch has-init
    sh init-bottom
    [ ! -e sysrq ]
    rm has-init
    sh init-bottom
    [ "$(cat sysrq)" = b ]
    grep -q 'there is no /sbin/init' kmsg
}
