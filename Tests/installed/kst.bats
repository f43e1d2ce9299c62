#!/usr/bin/env bats
# kst: a machine that is well is told to be, and one that is not says first why, and what to do.
# shellcheck disable=SC2016,SC2154  # scripts of fakes; variables of fake-zfs.bash
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    export KLDLOAD_ROOT=$PWD/root TZ=UTC
    mkdir -p root/etc root/boot root/run root/usr/lib/modules/6.12.9
    echo 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"' > root/etc/os-release
    echo 'KLDLOAD_PROFILE="server"' > etc/install-manifest.env
    touch root/boot/vmlinuz-6.12.9 root/usr/lib/modules/6.12.9/zfs.ko.xz
    fake_program systemctl 'cat '"$PWD"'/failed 2> /dev/null || :'
    fake_program apt-mark 'echo linux-image-amd64'
    fake_program apt-get 'exit 100'
    fake_program uname 'case $1 in -r) echo 6.12.9 ;; -n) echo web-01 ;; esac'
    sed "s/on Sun Nov .*/on $(date -d '5 days ago' '+%a %b %e %H:%M:%S %Y')/" > zfs/status << 'END'
  pool: rpool
 state: ONLINE
  scan: scrub repaired 0B in 00:00:12 with 0 errors on Sun Nov  8 00:24:13 2026
config:

	NAME          STATE     READ WRITE CKSUM
	rpool         ONLINE       0     0     0
	  mirror-0    ONLINE       0     0     0
	    vda2      ONLINE       0     0     0
	    vdb2      ONLINE       0     0     0

errors: No known data errors
END
}

@test "a machine that is well" {
    zfs snapshot rpool/home@x
    run -0 kst
    [[ ${lines[0]} =~ ^web-01\ +'Debian GNU/Linux 13 (trixie) server, up ' ]]
    [[ $output =~ 'pool rpool'\ +'ONLINE, 10 % of 10G used, 9G free, 3 % fragmented; scrubbed '[45]' d ago' ]]
    [[ $output =~ boot\ +'default runs, and boots next' ]]
    [[ $output =~ snapshots\ +'1, the newest of ' ]]
    [[ $output =~ 'held back'\ +linux-image-amd64 ]]
    [[ $output =~ reboot\ +'not needed' ]]
    [[ $output =~ 'failed units'\ +none ]]
    [ "${lines[-1]}" = healthy ]
    [[ $output != *$'\e'* ]]
    [ "$(fake log)" = "$(fake log | grep -v 'set kldload')" ]
}

@test "what is wrong is the first line, with what to do" {
    fake set pool health=DEGRADED
    run -1 kst
    [ "${lines[0]}" = '✗ the pool rpool is DEGRADED → zpool status rpool' ]
    [[ $output != *$'\n'healthy* ]]
    fake set pool health=ONLINE capacity=93
    run -1 kst
    [ "${lines[0]}" = '✗ the pool rpool is 93 % full → kdf; ksnap list' ]
    fake set pool capacity=85
    run -0 kst
    [[ ${lines[0]} == '! the pool rpool is 85 % full, which makes it slow'* ]]
}

@test "errors of a disk, damaged data, a scrub that found some" {
    cp zfs/status good
    sed -i 's/vdb2      ONLINE       0     0     0/vdb2      ONLINE       0     3   1.2K/' zfs/status
    run -1 kst
    [[ ${lines[0]} == '✗ vdb2 of rpool had errors: 0 reading, 3 writing, 1.2K of checksums → '* ]]
    sed "s/^errors: .*/errors: 2 data errors, use '-v' for a list/" good > zfs/status
    run -1 kst
    [[ ${lines[0]} == "✗ the pool rpool has damaged data: 2 data errors"* ]]
    sed "s/with 0 errors/with 4 errors/" good > zfs/status
    run -1 kst
    [[ ${lines[0]} == "✗ the last scrub of rpool found 4 errors"* ]]
}

@test "a scrub: long ago, under way, never in a new pool and never in an old one" {
    cp zfs/status good
    sed "s/ errors on .*/ errors on $(date -d '70 days ago' '+%a %b %e %H:%M:%S %Y')/" good > zfs/status
    run -0 kst
    [[ ${lines[0]} =~ ^'! rpool was not read through for '(69|70)' d' ]]
    sed "s/scan: .*/scan: scrub in progress since Sun Nov  8 00:24:13 2026/" good > zfs/status
    run -0 kst
    [[ $output == *'being read through (scrub)'* ]]
    sed "s/scan: .*/scan: none requested/" good > zfs/status
    run -0 kst
    [[ $output == *'never scrubbed'* && $output != *'!'* ]]
    fake set rpool creation=1700000000
    run -0 kst
    [[ ${lines[0]} == '! rpool was not read through for '* ]]
}

@test "a file system that is not where it should be; one that is locked is no illness" {
    zfs unmount rpool/srv
    run -1 kst
    [[ ${lines[0]} == '✗ rpool/srv should be mounted at /srv, and is not → zfs mount rpool/srv' ]]
    fake set rpool/srv keystatus=unavailable
    run -0 kst
    [[ ${lines[0]} == '! rpool/srv is locked → zfs mount -l rpool/srv' ]]
}

@test "a unit that failed" {
    echo 'nginx.service loaded failed failed A server' > failed
    run -1 kst
    [[ ${lines[0]} == '✗ failed: nginx.service → systemctl status nginx.service'* ]]
}

@test "what boots next: another environment, one that is gone, a newer kernel, one on trial" {
    zfs snapshot rpool/ROOT/default@x
    zfs clone -o canmount=noauto -o mountpoint=/ rpool/ROOT/default@x rpool/ROOT/next
    run -0 kst
    [[ $output =~ boot\ +'default runs, and boots next; there are next' ]]
    zpool set bootfs=rpool/ROOT/next rpool
    run -0 kst
    [[ $output =~ reboot\ +'the boot environment next boots next, default runs' ]]
    zpool set bootfs=rpool/ROOT/gone rpool
    run -1 kst
    [[ ${lines[0]} == '✗ what boots next, rpool/ROOT/gone, is not there → kbe activate default' ]]
    zpool set bootfs=rpool/ROOT/default rpool
    touch root/boot/vmlinuz-6.12.10
    run -0 kst
    [[ $output =~ reboot\ +'not needed' ]] # it has no ZFS
    mkdir root/usr/lib/modules/6.12.10
    touch root/usr/lib/modules/6.12.10/zfs.ko.xz
    run -0 kst
    [[ $output =~ reboot\ +'kernel 6.12.10 is installed, 6.12.9 runs' ]]
    zfs set kldload:trial=next kldload:trial-kind=trial rpool/ROOT
    run -0 kst
    [[ $output == *'next is to be tried first'* ]]
}

@test "how a trial ended" {
    zfs set 'kldload:trial-result=next: failed after 2 of 2 tries: it did not come up; default runs' rpool/ROOT
    run -0 kst
    [[ ${lines[0]} == '! the trial of next failed, and the one before runs: 2 of 2 tries: it did not come up; default runs → '* ]]
    zfs set 'kldload:trial-result=next: kept at 2026-11-30T00:00:00Z, healthy 41 s after it was started' rpool/ROOT
    run -0 kst
    [[ $output =~ 'last trial'\ +'next: kept at' && $output != *'!'* ]]
}

@test "as JSON, well and ill" {
    zfs snapshot rpool/home@x
    zfs hold k rpool/home@x
    run -0 kst --json
    [ "$(jq -c '[.healthy, .reasons, .host, .profile, .running, .boots_next, .snapshots.count, .snapshots.held, .reboot, .updates, .held_packages, .pools[0].capacity_percent]' <<< "$output")" = '[true,[],"web-01","server","default","default",1,1,null,null,["linux-image-amd64"],10]' ]
    fake set pool health=DEGRADED
    run -1 kst --json
    [ "$(jq -c '[.healthy, (.reasons | length), .pools[0].health]' <<< "$output")" = '[false,1,"DEGRADED"]' ]
}

@test "updates are counted by --refresh, not by looking; and again only where something has changed" {
    fake_program apt-get 'echo x >> '"$PWD"'/counted; printf "%s\n" "Inst a [1] (2 Debian:13/stable [amd64])" "Inst b [1] (2 Debian-Security:13/stable-security [amd64])" "Conf a"'
    mkdir -p root/var/lib/dpkg
    touch root/var/lib/dpkg/status
    run -0 kst
    [[ $output =~ updates\ +'not counted yet' ]]
    [ ! -e counted ]
    run -0 kst --refresh
    run -0 kst --refresh
    [ "$(wc -l < counted)" -eq 1 ]
    run -0 kst
    [[ $output =~ updates\ +'2 wait, 1 for security; counted '[0-9]+' s ago'$'\n' ]]
    touch -d '+1 minute' root/var/lib/dpkg/status
    run -0 kst
    [[ $output == *'have changed since'* ]]
    run -0 kst --refresh
    [ "$(wc -l < counted)" -eq 2 ]
}

@test "the message of the day has three lines, whatever there is" {
    run -0 kst --motd
    [ "${#lines[@]}" -eq 3 ]
    [ "${lines[0]}" = 'web-01: Debian GNU/Linux 13 (trixie) server on ZFS, boot environment default' ]
    [[ ${lines[1]} =~ ^healthy\ \([0-9:]+\)$ ]]
    echo 'nginx.service loaded failed failed A server' > failed
    fake set pool health=DEGRADED
    run -0 kst --refresh
    [ "$(wc -l < root/run/motd.d/kldload)" -eq 3 ]
    grep -q '^NOT HEALTHY: the pool rpool is DEGRADED → zpool status rpool; and 1 more (' root/run/motd.d/kldload
}

@test "a pool that does not answer is told, and the rest all the same" {
    fake fail 'zpool list' 'cannot open: no such pool'
    run -1 kst
    [[ ${lines[0]} == '✗ zpool list: cannot open: no such pool → '* ]]
    fake fail 'zpool list' ''
    fake fail 'zpool status' 'pool I/O is currently suspended'
    run -1 kst
    [[ $output == *'✗ zpool status: pool I/O is currently suspended'* ]]
    fake fail 'zpool status' ''
    fake fail 'zfs list' 'The ZFS modules are not loaded.'
    run -1 kst
    [[ $output == *'✗ zfs list: The ZFS modules are not loaded.'*'failed units'* ]]
    run -1 kst --json
    [ "$(jq -c .healthy <<< "$output")" = false ]
}

@test "a pool that nothing can be written to is not well" {
    fake set pool readonly=on
    run -1 kst
    [[ ${lines[0]} == '✗ the pool rpool was imported read-only'* ]]
}

@test "each program is asked once, however many snapshots there are" {
    for program in zfs zpool; do
        mv "bin/$program" "bin/$program.real"
        fake_program "$program" 'echo "$0 $1 $3 $4 $5" >> '"$PWD"'/asked; exec "$0.real" "$@"'
    done
    kst > /dev/null
    before=$(wc -l < asked)
    for n in 1 2 3 4 5 6 7 8; do bin/zfs.real snapshot "rpool/home@$n"; done
    : > asked
    kst > /dev/null
    [ "$(wc -l < asked)" -eq "$before" ]
    [ "$before" -le 6 ]
}

@test "5,000 snapshots take it no second" {
    mv bin/zfs bin/zfs.real
    for ((n = 0; n < 5000; n++)); do printf '%d\t0\n' $((1795900000 + n)); done > snapshots
    # The answer itself is ZFS's business, and in its memory.
    fake_program zfs 'case $* in "list -H -p -t snapshot "*) exec cat '"$PWD"'/snapshots ;; esac; exec "$0.real" "$@"'
    kst > /dev/null
    start=${EPOCHREALTIME/./}
    run -0 kst
    spent=$((${EPOCHREALTIME/./} - start))
    [[ $output =~ snapshots\ +5000 ]]
    echo "$spent µs"
    ((spent < 5000000)) # on a machine that does other things, too
}
