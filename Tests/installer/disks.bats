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
source "$library/disks.sh"
TARGET=/target KLDLOAD_FORCE_WIPE=0 KLDLOAD_SEED_DEVICE=
readlink() { case \${!#} in /dev/vd[a-d]) printf '%s\n' "\${!#}" ;; /dev/disk/by-id/virtio-b) echo /dev/vdb ;; *) return 1 ;; esac; }
lsblk() {
    case "\$*" in
        *--inverse*) printf '/dev/vda1\n/dev/vda\n' ;;
        *'NAME /dev/vda') printf '/dev/vda\n/dev/vda1\n' ;;
        *'NAME /dev/vdc') printf '/dev/vdc\n/dev/vdc1\n' ;;
        *'NAME '*) printf '%s\n' "\${!#}" ;;
        *TYPE*) echo disk ;;
        *'RO '*) echo 0 ;;
        *SIZE*) echo 12G ;;
    esac
}
blockdev() { echo "\${SIZE:-12884901888}"; }
findmnt() { case "\$*" in */run/live/medium*) echo /dev/vda1 ;; *) return 1 ;; esac; }
wipefs() { if [[ \${!#} == /dev/vdc1 ]]; then echo 'ext4 photos'; fi; }
zpool() { :; }
udevadm() { :; }
blkid() { if [[ -n \${OTHER:-} ]]; then case "\$*" in *LABEL=rpool*) echo "\$OTHER" ;; *) echo rpool ;; esac; else return 2; fi; }
END
}

judge() { run bash -c "source ./around; $1; disks_judge; echo \"disks: \${disks[*]}\""; }

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
}

@test "a disk that is too small is refused" {
    judge 'KLDLOAD_DISK=/dev/vdb SIZE=1073741824'
    [ "$status" -ne 0 ]
    [[ $output == *'1024 MiB are too few'* ]]
}

@test "a second pool rpool, on a disk that stays, would keep the machine from booting" {
    judge 'KLDLOAD_DISK=/dev/vdb KLDLOAD_FORCE_WIPE=1 OTHER=/dev/vdd2'
    [ "$status" -ne 0 ]
    [[ $output == *'there is a pool rpool already, on /dev/vdd2'* ]]
    judge 'KLDLOAD_DISK=/dev/vdb KLDLOAD_FORCE_WIPE=1 OTHER=/dev/vdb'
    [ "$status" -eq 0 ]
}
