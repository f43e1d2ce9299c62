# shellcheck shell=bash
# What an initramfs is like, whoever makes it: the installer (boot.sh), or the build for the systems of the medium, before whose script
# this stands.
#
#   initramfs_settings ROOT                  how initramfs-tools packs one in ROOT, and what it does besides
#   initramfs_judge TOOL LISTING PATTERN…    fails where LISTING, which lsinitramfs or lsinitrd wrote, lacks what finds and opens the
#                                            root, or one of the further patterns. TOOL is initramfs-tools or dracut.

initramfs_settings() {
    local scripts=$1/etc/initramfs-tools/scripts
    mkdir -p "$1/etc/initramfs-tools/conf.d" "$scripts/init-top" "$scripts/init-bottom"
    # The modules in it are compressed already; a higher level costs time at every update and saves next to nothing.
    printf '%s\n' COMPRESS=zstd COMPRESSLEVEL=3 > "$1/etc/initramfs-tools/conf.d/kldload.conf"
    initramfs_deadline_begins > "$scripts/init-top/kldload-deadline"
    initramfs_deadline_ends > "$scripts/init-bottom/kldload-deadline"
    chmod 755 "$scripts"/init-{top,bottom}/kldload-deadline
}

# What ends the try of a boot environment that does not get through its initramfs; its words are on the kernel's command line. See
# kldload-boot. dracut has options for that.
initramfs_deadline_begins() {
    cat << 'END_OF_SCRIPT'
#!/bin/sh
# A boot environment on trial that is not through its initramfs by then, whatever keeps it, is started anew: that is its next try.
# Nobody may be there to do it.
if [ "$1" = prereqs ]; then exit 0; fi
seconds=
read -r line < /proc/cmdline
for word in $line; do
    case $word in kldload.deadline=*) seconds=${word#kldload.deadline=} ;; esac
done
case $seconds in '' | *[!0-9]*) exit 0 ;; esac
: > /run/kldload-deadline
(
    while [ -e /run/kldload-deadline ] && [ "$seconds" -gt 0 ]; do
        sleep 5
        seconds=$((seconds - 5))
    done
    if [ -e /run/kldload-deadline ]; then
        echo 'kldload: the root was not there in time: starting anew' > /dev/kmsg
        sleep 1
        echo b > /proc/sysrq-trigger
    fi
) < /dev/null > /dev/null 2>&1 &
END_OF_SCRIPT
}

initramfs_deadline_ends() {
    cat << 'END_OF_SCRIPT'
#!/bin/sh
# The root is there: systemd's own deadlines hold from here. But without an init, initramfs-tools would start a shell in its place, which
# waits for somebody for ever: of a boot environment on trial, that is the end of this try.
if [ "$1" = prereqs ]; then exit 0; fi
rm -f /run/kldload-deadline
read -r line < /proc/cmdline
case " $line " in *' kldload.trial='*) ;; *) exit 0 ;; esac
if run-init -n "${rootmnt:-/root}" "${init:-/sbin/init}"; then exit 0; fi
echo "kldload: there is no ${init:-/sbin/init}: starting anew" > /dev/kmsg
sleep 5
echo b > /proc/sysrq-trigger
END_OF_SCRIPT
}

initramfs_judge() {
    local tool=$1 listing=$2 pattern wanted=('/zfs\.ko' '/spl\.ko' '/zpool$' '/zfs$')
    shift 2
    if [[ $tool == initramfs-tools ]]; then wanted+=('^scripts/zfs$'); fi
    for pattern in "${wanted[@]}" "$@"; do
        grep --quiet --extended-regexp "$pattern" <<< "$listing" || fail "the initramfs lacks what finds and opens the root: $pattern"
    done
}
