#!/bin/bash
# shellcheck shell=bash
# What must be true of a clone of a golden image after its first start, on a disk that is larger than the image's. `deploy golden` runs
# this and after it one function, in the machine, as root, each in a shell of its own under `set -eu`, in the order of this file.
#
# Given: IMAGE_BYTES and DISK_BYTES, the sizes of the image and of the clone's disk; HOSTNAME_WANTED, the name that cloud-init was told;
# empty where there is no cloud-init. A function that fails says why; status 77 means that it can't be looked at here.

fail() {
    printf '%s\n' "$*" >&2
    return 1
}

clone_cloud_init_did_what_it_was_told() {
    local said status=0
    [[ -n $HOSTNAME_WANTED ]] || { echo 'the profile has no cloud-init' && exit 77; }
    said=$(cloud-init status --wait --long) || status=$? # 2 is that it got over an error, such as a metadata service that is not there
    [[ $status == 0 || $status == 2 ]] || fail "cloud-init ended with $status: $said"
    [[ $(hostname) == "$HOSTNAME_WANTED" ]] || fail "the hostname is $(hostname), not $HOSTNAME_WANTED"
}

clone_no_unit_failed() {
    local state failed
    state=$(systemctl is-system-running --wait) || true # the state says it
    failed=$(systemctl list-units --failed --plain --no-legend)
    [[ -z $failed ]] || {
        systemctl status --no-pager --failed | tail -n 40
        fail "failed: $failed"
    }
    [[ $state == running ]] || fail "the system is $state"
}

# The image has partitions beside the pool's, and the pool some room of its own: a twentieth of what came is enough of a difference.
clone_the_pool_has_grown_to_its_disk() {
    local size
    size=$(zpool list -H -p -o size rpool)
    ((size > IMAGE_BYTES + (DISK_BYTES - IMAGE_BYTES) * 19 / 20 - (2 << 30))) \
        || fail "the pool has $size bytes, on a disk of $DISK_BYTES; the image had $IMAGE_BYTES"
}

clone_the_pool_is_healthy() {
    local state
    state=$(zpool status -x rpool)
    [[ $state == "pool 'rpool' is healthy" ]] || fail "$state"
}

clone_it_is_a_machine_of_its_own() {
    local up keys
    [[ $(cat /etc/machine-id) =~ ^[0-9a-f]{32}$ ]] || fail "its machine-id is \"$(cat /etc/machine-id)\""
    if [[ -e /usr/sbin/sshd ]]; then
        read -r up _ < /proc/uptime
        keys=$(find /etc/ssh -name 'ssh_host_*_key' -newermt "@$(($(date +%s) - ${up%.*} - 60))")
        [[ -n $keys ]] || fail "no host key of SSH was made at this start: $(ls -l /etc/ssh)"
    fi
}
