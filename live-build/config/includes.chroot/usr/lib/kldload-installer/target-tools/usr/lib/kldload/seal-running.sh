# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with kseal
# Sealing where something runs: on the machine itself, what would write again what was just taken out is stopped; in a folder, what programs of
# that system need is mounted.

# These write when they are stopped, or by themselves. Those that are not here are none of this system's.
running_writers=(
    systemd-random-seed.service systemd-update-utmp.service rsyslog.service syslog.socket auditd.service chrony.service chronyd.service
    systemd-timesyncd.service sysstat-collect.timer sysstat-summary.timer sanoid.timer ksnap-prune.timer kst-refresh.timer kupgrade.timer
    apt-daily.timer apt-daily-upgrade.timer dnf-makecache.timer packagekit.service packagekit-offline-update.service
)

running_stop() {
    local unit
    for unit in "${running_writers[@]}"; do
        if systemctl --quiet is-active "$unit" 2> /dev/null; then systemctl stop "$unit" || warn "$unit can't be stopped"; fi
    done
    # From here on the journal is in memory.
    journalctl --relinquish-var || warn "the journal goes on to be written to the disk"
}

# What is free is zeros then, where the disk can be told; if not, the image is larger than what is in it.
running_trim() {
    local said
    zpool sync "$seal_pool"
    said=$(zpool trim -w "$seal_pool" 2>&1) || warn "what is free could not be trimmed, so the image may be large: ${said//$'\n'/; }"
}

# seal_ready_root FOLDER: for programs that are run in it. It is mounted in a namespace of its own, or taken away by seal_unready_root.
seal_ready_root() {
    local name
    seal_ready=()
    for name in proc sys dev run; do
        if [[ ! -d $1/$name ]] || mountpoint --quiet "$1/$name"; then continue; fi
        case $name in
            proc) mount -t proc proc "$1/proc" ;;
            sys) mount -t sysfs sysfs "$1/sys" ;;
            dev) mount --rbind /dev "$1/dev" && mount --make-rslave "$1/dev" ;;
            run) mount -t tmpfs -o mode=755 tmpfs "$1/run" ;;
        esac
        seal_ready+=("$1/$name")
    done
}

seal_unready_root() {
    local folder
    for folder in "${seal_ready[@]}"; do umount --recursive "$folder"; done
    seal_ready=()
}
