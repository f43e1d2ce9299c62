#!/usr/bin/env bats
# Which disks are installed to: never the medium, never one with data unless that was said, and all that is wrong at once.
bats_require_minimum_version 1.5.0

setup() {
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    cd "$BATS_TEST_TMPDIR" || return
    # A machine of words: vda holds the medium, vdb is empty, vdc has a file system, vdd a part of another pool.
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { printf 'say: %s\n' "\$*"; }
fail() { printf 'fail: %s\n' "\$*"; exit 1; }
counted() { printf '%s %ss' "\$1" "\$2"; }
source "$library/disks.sh"
TARGET=/target KLDLOAD_FORCE_WIPE=0 KLDLOAD_SEED_DEVICE=
readlink() {
    case \${!#} in
        /dev/vd[a-d]) printf '%s\n' "\${!#}" ;;
        /dev/disk/by-id/virtio-b) echo /dev/vdb ;;
        /sys/dev/block/253:33) echo ../../devices/pci0/block/vdc/vdc1 ;;
        *) return 1 ;;
    esac
}
lsblk() {
    case "\$*" in
        *PATH,SIZE,MODEL) echo '/dev/vdb 12G Disk' ;;
        *--inverse*\ /dev/vd?1) printf '%s\n' "\${!#}" "\${!#%1}" ;;
        *'NAME /dev/vda') printf '/dev/vda\n/dev/vda1\n' ;;
        *'NAME /dev/vdc') printf '/dev/vdc\n/dev/vdc1\n' ;;
        *'NAME '*) printf '%s\n' "\${!#}" ;;
        *TYPE*) echo disk ;;
        *'RO '*) echo 0 ;;
        *SIZE*) echo 12G ;;
    esac
}
losetup() { case \${!#} in /dev/loop0) echo "\${BACKED:-}" ;; *) return 1 ;; esac; }
blockdev() { echo "\${SIZE:-12884901888}"; }
findmnt() { printf '%s\n' 'overlay /' "\${MEDIUM:-/dev/vda1} /run/live/medium" "\${MOUNTED:-tmpfs /tmp}"; }
wipefs() { if [[ \${!#} == /dev/vdc1 ]]; then echo 'ext4 photos'; fi; }
zpool() { if [[ -n \${POOL:-} ]]; then case "\$*" in *'-o name') echo rpool ;; *) printf 'rpool 1\n\t%s 1\n' "\$POOL" ;; esac; fi; }
udevadm() { :; }
blkid() { # as that of util-linux 2.41, which takes one token
    local tokens=0 word
    for word; do if [[ \$word == --match-token ]]; then tokens=\$((tokens + 1)); fi; done
    if ((tokens > 1)); then echo 'blkid: Can only search for one NAME=value pair' >&2; return 4; fi
    case "\$*" in
        *--match-token*) if [[ -z \${OTHER:-} ]]; then return 2; else printf '%s\n' \$OTHER; fi ;;
        *TYPE*) if [[ \${!#} == /dev/sdx1 ]]; then echo ext4; else echo zfs_member; fi ;;
    esac
}
END
}

teardown() { if [ -n "${loop-}" ]; then losetup --detach "$loop"; fi; }

judge() { run bash -c "source ./around; $1; disks_judge; echo \"disks: \${disks[*]}\""; }

# What is played above takes any words; the real programs don't.
@test "the real programs take the words that they are asked with: a disk in a file, where it lies, and what is on it" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    truncate -s 20M disk
    loop=$(losetup --find --show disk)
    cat > inside << END
set -euo pipefail
shopt -s inherit_errexit
source "$library/disks.sh"
udevadm() { :; } # there may be none here
zpool() { :; } # as there may be no module
disks_problems=()
disks_ask below disks_below $loop && printf 'below %s\n' "\$disks_said"
disks_ask mounts disks_mounts && [[ \$disks_said == *' /'* ]]
disks_ask pools disks_labelled_rpool && printf 'pools %s\n' "\$disks_said"
KLDLOAD_FORCE_WIPE=0 disks_judge_one $loop $loop
printf '%s\n' "\${disks_problems[@]}"
END
    run bash ./inside
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "below $loop" ]
    number=$(stat --format=%Hd:%Ld disk) # on a disk, or on what is none
    if [ -e "/sys/dev/block/$number" ]; then [[ $output == *"below $loop"$'\n'"/dev/"* ]]; fi
    [ "${lines[-2]}" = 'pools ' ]
    [ "${lines[-1]}" = "$loop: 20 MiB are too few, 6144 are needed" ]
    mkfs.ext4 -q -L rpool "$loop"
    run bash ./inside
    [ "${lines[-1]}" = "$loop: $loop holds data (ext4 rpool); KLDLOAD_FORCE_WIPE=1 overwrites it" ]
    [[ $output == *$'\npools \n'* ]] # a file system of that name is no pool
}

@test "an empty disk is taken, by whatever name it is called" {
    judge 'KLDLOAD_DISK=/dev/disk/by-id/virtio-b'
    [ "$status" -eq 0 ]
    [[ $output == *'disks: /dev/vdb' ]]
}

@test "the disk of the live system is never taken, not even by force" {
    judge 'KLDLOAD_DISK=/dev/vda KLDLOAD_FORCE_WIPE=1'
    [ "$status" -ne 0 ]
    [[ $output == *'/dev/vda: the live system or the answers are on it'* ]]
}

@test "a disk with data is taken only where that was said" {
    judge 'KLDLOAD_DISK=/dev/vdc'
    [ "$status" -ne 0 ]
    [[ $output == *'/dev/vdc1 holds data (ext4 photos); KLDLOAD_FORCE_WIPE=1 overwrites it'* ]]
    judge 'KLDLOAD_DISK=/dev/vdc KLDLOAD_FORCE_WIPE=1'
    [ "$status" -eq 0 ]
}

@test "everything that speaks against the disks is said at once" {
    judge 'KLDLOAD_DISK="/dev/vda,/dev/vdc /dev/vdx /dev/vdb /dev/disk/by-id/virtio-b"'
    [ "$status" -ne 0 ]
    [[ $output == *'/dev/vda: the live'* && $output == *'/dev/vdc1 holds'* && $output == *'/dev/vdx: there is no such disk'* ]]
    [[ $output == *'same disk as /dev/vdb'* && $output == *'no disk was touched'* ]]
    [[ $output == *'say: this machine has: /dev/vdb 12G Disk'* ]]
}

@test "a disk that is too small is refused" {
    judge 'KLDLOAD_DISK=/dev/vdb SIZE=1073741824'
    [ "$status" -ne 0 ]
    [[ $output == *'1024 MiB are too few'* ]]
}

@test "a second pool rpool, on a disk that stays, would keep the machine from booting, imported or not" {
    judge 'KLDLOAD_DISK=/dev/vdb KLDLOAD_FORCE_WIPE=1 OTHER=/dev/vdd2'
    [ "$status" -ne 0 ]
    [[ $output == *'there is a pool rpool already, on /dev/vdd2:'* ]]
    judge 'KLDLOAD_DISK=/dev/vdb KLDLOAD_FORCE_WIPE=1 POOL=/dev/vdd3 OTHER="/dev/vdd2 /dev/vdd3"'
    [ "$status" -ne 0 ]
    [[ $output == *'there is a pool rpool already, on /dev/vdd3 /dev/vdd2:'* ]]
    judge 'KLDLOAD_DISK=/dev/vdb KLDLOAD_FORCE_WIPE=1 OTHER="/dev/vdb /dev/sdx1"' # of a file system that is called so
    [ "$status" -eq 0 ]
}

@test "a disk with a file system that is mounted is taken only where that was said" {
    judge 'MOUNTED="/dev/vdb /srv/backup" KLDLOAD_DISK=/dev/vdb'
    [ "$status" -ne 0 ]
    [[ $output == *'/dev/vdb is mounted at /srv/backup; KLDLOAD_FORCE_WIPE=1 unmounts'* ]]
}

@test "the disk on which the medium is a file is never taken, not even by force; one in memory is on none" {
    judge 'MEDIUM=/dev/loop0 BACKED=" 253:33" KLDLOAD_DISK=/dev/vdc KLDLOAD_FORCE_WIPE=1'
    [ "$status" -ne 0 ]
    [[ $output == *'/dev/vdc: the live system or the answers are on it'* ]]
    judge 'MEDIUM=/dev/loop0 BACKED=0:35 KLDLOAD_DISK=/dev/vdb'
    [ "$status" -eq 0 ]
    judge 'MEDIUM=/dev/loop0 BACKED=253:99 KLDLOAD_DISK=/dev/vdb' # nobody knows on which
    [ "$status" -ne 0 ]
    judge 'MEDIUM=/dev/loop0 KLDLOAD_DISK=/dev/vdb KLDLOAD_FORCE_WIPE=1'
    [ "$status" -ne 0 ]
    [[ $output == *'the medium of the live system: it can'"'"'t be looked at'* ]]
}

@test "a probe that fails is a problem, that is said, and no disk is taken; not even by force, where it is the medium or a pool" {
    local probe
    for probe in udevadm lsblk blockdev findmnt wipefs zpool blkid; do
        judge "$probe() { echo '$probe: Input/output error' >&2; return 5; }; KLDLOAD_DISK=/dev/vdb"
        echo "$probe: $output"
        [ "$status" -ne 0 ]
        [[ $output == *'say: '*": it can't be looked at: \""*'" ended with status '* && $output == *'no disk was touched'* ]]
        if [[ $probe == wipefs ]]; then continue; fi
        judge "$probe() { return 5; }; KLDLOAD_DISK=/dev/vdb KLDLOAD_FORCE_WIPE=1"
        [ "$status" -ne 0 ]
    done
    # In the middle: one part of a disk, and what the list of pools is made of.
    judge 'wipefs() { if [[ ${!#} == /dev/vdc1 ]]; then return 1; fi; }; KLDLOAD_DISK=/dev/vdc'
    [ "$status" -ne 0 ]
    judge 'zpool() { case "$*" in *"-o name") echo tank ;; *) return 1 ;; esac; }; KLDLOAD_DISK=/dev/vdb'
    [ "$status" -ne 0 ]
    judge 'OTHER=/dev/vdd2; eval "real_$(declare -f blkid)"; blkid() { case "$*" in *TYPE*) return 2 ;; *) real_blkid "$@" ;; esac; }; KLDLOAD_DISK=/dev/vdb'
    [ "$status" -ne 0 ]
}

@test "programs are told of every disk what speaks against it, what would be lost, and which one the medium is" {
    cat >> around << END
lsblk() {
    case "\$*" in
        *--pairs*) printf 'PATH="%s" SIZE="12G" TYPE="disk" TRAN="" RO="0" MODEL="%s"\n' /dev/vda Stick /dev/vdb 'Pipe | line' /dev/vdc Old ;;
        *--json*) echo '{"blockdevices":[{"rota":false,"rm":true,"serial":"S1"}]}' ;;
        *--inverse*\ /dev/vd?1) printf '%s\n' "\${!#}" "\${!#%1}" ;;
        *'NAME /dev/vdc') printf '/dev/vdc\n/dev/vdc1\n' ;;
        *'NAME '*) printf '%s\n' "\${!#}" ;;
        *'RO '*) echo 0 ;;
    esac
}
source "$library/describe.sh"
END
    run -0 bash -c 'source ./around; found=$(disks_candidates); describe_disks "$found"'
    [ "$(jq -c '[.[] | [.path, .medium, .problems, .data]]' <<< "$output")" = "$(jq -nc '[["/dev/vdb", false, [], []],
        ["/dev/vdc", false, [], ["/dev/vdc: /dev/vdc1 holds data (ext4 photos); KLDLOAD_FORCE_WIPE=1 overwrites it"]],
        ["/dev/vda", true, ["/dev/vda: the live system or the answers are on it"], []]]')" ]
    [ "$(jq -c '.[0] | [.model, .bytes, .removable, .serial]' <<< "$output")" = '["Pipe   line",12884901888,true,"S1"]' ]
    SIZE=1000 run -0 bash -c 'source ./around; SIZE=1000; found=$(disks_candidates); describe_disks "$found"'
    [ "$(jq -c '.[0].problems' <<< "$output")" = '["/dev/vdb: 0 MiB are too few, 6144 are needed"]' ]
    MEDIUM=/dev/nothing run bash -c 'source ./around; findmnt() { return 1; }; found=$(disks_candidates); describe_disks "$found"'
    [ "$status" -ne 0 ]
}
