# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# The manifest, the first snapshot, and letting go of the disks.

finish() {
    rm -f "$TARGET/usr/sbin/policy-rc.d"
    finish_manifest
    finish_clean
    if seal_wanted; then seal_target; fi
    finish_labels
    pool_settle
    if seal_wanted; then
        # No snapshot and no log: those would be of this machine. The log is in the live system.
        seal_trim
        export_note
    else
        # What was installed, to go back to.
        run zfs snapshot -r rpool@install
        finish_log
    fi
    pool_release || fail "the pool can't be exported: something in the live system holds it"
}

finish_manifest() {
    mkdir -p "$TARGET/etc/kldload"
    {
        printf '# What this machine was installed with, by %s. It can be used as an answers file; secrets are not in it.\n' \
            "$(cat /etc/kldload/build 2> /dev/null || printf 'an unknown build')"
        answers_manifest
    } > "$TARGET/etc/kldload/install-manifest.env"
    chmod 644 "$TARGET/etc/kldload/install-manifest.env"
}

finish_clean() {
    rm -rf "$TARGET"/var/cache/apt/archives/*.deb "$TARGET"/var/lib/dpkg/*-old "$TARGET"/var/cache/debconf/*-old
    rm -f "$TARGET"/etc/{passwd,group,shadow,gshadow,subuid,subgid}-
    # All that systemd would make at the first boot after an update of /usr has just been made (systemd-update-done.service(8)).
    touch "$TARGET/etc/.updated" "$TARGET/var/.updated"
}

# finish_labels: SELinux would keep services from files without a label. What can't be labelled here, the first boot does, and
# restarts.
finish_labels() {
    local contexts=/etc/selinux/targeted/contexts/files/file_contexts
    if [[ ! -e $TARGET$contexts ]]; then return; fi
    in_target setfiles -F -e /dev -e /proc -e /sys -e /run -e /tmp "$contexts" / || {
        say "the files can't be labelled for SELinux here; the first boot does it, and restarts"
        touch "$TARGET/.autorelabel"
    }
}

finish_log() {
    printf '\ntimes in seconds:\n'
    printf '  %s\n' "${say_timings[@]}"
    install -D -m 640 "$say_log" "$TARGET$say_log"
}
