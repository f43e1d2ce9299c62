# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# What the profile does with its packages: snapshots, WireGuard, firewall, units that start at boot.

# Units that are to start, or not to, at boot; `system` has put some here already.
services_enabled=()
services_disabled=()

services() {
    services_zfs
    services_of_profile
    services_apply
    services_told
}

# services_told: what whoever logs in learns of how this machine is kept up to date; pam_motd(8) shows it. All profiles but core have
# tools, and kst tells of the machine as it is at that time (kst-refresh.timer).
services_told() {
    local update='dnf upgrade' kernel='A new kernel comes with that; one without a ZFS module for it is never booted, and kldload-boot says so.'
    if services_has /usr/sbin/kst; then return; fi
    if services_has /usr/bin/dpkg; then update='apt update && apt full-upgrade'; fi
    if ((${#services_held[@]})); then
        kernel="Held back until you want them: ${services_held[*]}. To take them: apt-mark unhold, upgrade, apt-mark hold."
    fi
    mkdir -p "$TARGET/etc/motd.d"
    printf '%s\n' \
        "$KLDLOAD_DISTRO $KLDLOAD_PROFILE on ZFS, installed by kldload (/etc/kldload/install-manifest.env); kldload-boot list: boot environments" \
        "Updates: $update. To go back afterwards: zfs snapshot before; zfs clone it below rpool/ROOT; kldload-boot default CLONE" \
        "$kernel" > "$TARGET/etc/motd.d/kldload"
}

# services_apply: once for all, because each call of systemctl takes a while.
services_apply() {
    local unit enable=() disable=()
    for unit in "${services_enabled[@]}"; do
        if services_has "/usr/lib/systemd/system/$unit"; then enable+=("$unit"); fi
    done
    for unit in "${services_disabled[@]}"; do
        if services_has "/usr/lib/systemd/system/$unit"; then disable+=("$unit"); fi
    done
    in_target systemctl enable "${enable[@]}"
    # After what was enabled: with that come units that it names (Also=).
    if ((${#disable[@]})); then in_target systemctl disable "${disable[@]}"; fi
}

services_of_profile() {
    if [[ $KLDLOAD_PROFILE == core ]]; then
        if ! services_has /usr/lib/systemd/system/firewalld.service; then
            say "core has no firewall: all that its services offer can be reached, and that is SSH"
        fi
        return
    fi
    run cp --recursive --no-preserve=ownership,timestamps "$INSTALLER/target-tools/." "$TARGET/"
    # What media of updates are held against. It is none of apt's: nothing comes from a stick unless somebody asks for it.
    install -D -m 644 "$BOOTSTRAP_KEY" "$TARGET/usr/lib/kldload/keys/medium.gpg"
    services_enabled+=(kldload-firstboot.service ksnap-prune.timer kst-refresh.timer)
    services_transactions
    services_holds
    if services_has /usr/sbin/sanoid; then services_sanoid; fi
    if services_has /usr/bin/wg && [[ $KLDLOAD_WIREGUARD == 1 ]]; then services_wireguard; fi
    services_webui
    if services_has /usr/sbin/nft; then services_firewall; fi
    # Seeds of clouds are for images that are cloned; sealing one takes this away.
    if services_has /usr/bin/cloud-init; then touch "$TARGET/etc/cloud/cloud-init.disabled"; fi
    if services_has /usr/sbin/gdm3; then in_target systemctl set-default graphical.target; fi
    services_enabled+=(libvirtd.socket cockpit.socket)
}

# services_transactions: dnf 4 looks for plugins beside its own alone, in a folder with Python's version in its name. apt and dnf 5 find
# theirs in /etc.
services_transactions() {
    local folder
    for folder in "$TARGET"/usr/lib/python3*/site-packages/dnf-plugins; do
        # Without such a folder, the pattern itself.
        if [[ -d $folder ]]; then run ln --symbolic --force /usr/lib/kldload/dnf-plugins/kldload.py "$folder/kldload.py"; fi
    done
}

services_has() { [[ -e $TARGET$1 ]]; }

# A new kernel is taken on purpose, with a boot environment to go back to; not by the way, in any upgrade.
services_held=()

services_holds() {
    local name held
    if ! services_has /usr/bin/dpkg; then return; fi
    for name in linux-headers-amd64 linux-headers-generic linux-image-amd64 linux-image-generic; do
        if services_has "/var/lib/dpkg/info/$name.list"; then services_held+=("$name"); fi
    done
    if ((${#services_held[@]} == 0)); then return; fi
    printf '%s hold\n' "${services_held[@]}" | in_target dpkg --set-selections
    held=$(in_target_quietly apt-mark showhold)
    [[ ${held//$'\n'/ } == "${services_held[*]}" ]] || fail "what is held is \"${held//$'\n'/ }\", not \"${services_held[*]}\""
}

# Debian's own jobs of cron read pools through each month (/etc/cron.d/zfsutils-linux); elsewhere a timer does.
services_zfs() {
    services_enabled+=(zfs.target zfs-import.target zfs-mount.service zfs-zed.service chrony.service ssh.service sshd.service)
    if services_has "/usr/lib/systemd/system/zfs-scrub-monthly@.timer" && ! services_has /etc/cron.d/zfsutils-linux; then
        in_target systemctl enable "zfs-scrub-monthly@rpool.timer"
    fi
}

services_sanoid() {
    mkdir -p "$TARGET/etc/sanoid"
    cat > "$TARGET/etc/sanoid/sanoid.conf" << 'EOF'
# Snapshots that come and go by themselves; see /usr/share/sanoid/sanoid.defaults.conf for all that can be said.
[rpool/ROOT]
    use_template = system
    recursive = yes
    process_children_only = yes

[rpool/home]
    use_template = data
    recursive = yes

[rpool/root]
    use_template = data

[rpool/srv]
    use_template = data
    recursive = yes

[template_system]
    frequently = 0
    hourly = 0
    daily = 7
    monthly = 0
    yearly = 0
    autosnap = yes
    autoprune = yes

[template_data]
    frequently = 0
    hourly = 24
    daily = 14
    monthly = 3
    yearly = 0
    autosnap = yes
    autoprune = yes
EOF
    services_enabled+=(sanoid.timer)
}

# Keys only: whom to talk to is decided later.
services_wireguard() {
    mkdir -p "$TARGET/etc/wireguard"
    chmod 700 "$TARGET/etc/wireguard"
    # Not in_target: the log would be its stdout.
    (
        umask 077
        chroot "$TARGET" wg genkey > "$TARGET/etc/wireguard/private.key"
        chroot "$TARGET" wg pubkey < "$TARGET/etc/wireguard/private.key" > "$TARGET/etc/wireguard/public.key"
    )
    chmod 644 "$TARGET/etc/wireguard/public.key"
}

# services_webui: the page, as the live system has it; the file knows which of the two it is in.
services_webui() {
    local path from=${KLDLOAD_LIVE_ROOT:-} found=no auth='@include common-auth' account='@include common-account'
    if [[ $KLDLOAD_WEBUI == off ]]; then return; fi
    for path in "$TARGET"/usr/lib*/python3*/*-packages/websockets; do
        if [[ -d $path ]]; then found=yes; fi # the pattern itself, where there is none
    done
    if [[ $found == no ]]; then
        say "there is no page: the profile has no python3-websockets"
        return
    fi
    for path in usr/local/bin/kldload-webui usr/local/share/kldload-webui usr/local/share/man/man8/kldload-webui.8 usr/lib/sysusers.d/kldload-webui.conf etc/kldload/edition \
        usr/lib/systemd/system/kldload-webui.service usr/lib/systemd/system/kldload-webui-helper.service; do
        mkdir -p "$TARGET/${path%/*}"
        run cp --recursive --no-preserve=ownership,timestamps "$from/$path" "$TARGET/${path%/*}/"
    done
    printf '# local: on this machine, and at the end of an SSH tunnel; lan: at https://ADDRESS:8443, too (the firewall has to let that in)\nKLDLOAD_WEBUI=%s\n' \
        "$KLDLOAD_WEBUI" > "$TARGET/etc/kldload/webui.env"
    # RPM distributions have one file for what comes from the network.
    if ! services_has /etc/pam.d/common-auth; then auth='auth substack password-auth' account='account include password-auth'; fi
    mkdir -p "$TARGET/etc/pam.d"
    printf '# Who logs in to the page; that he is in sudo or wheel, it looks for itself.\n%s\n%s\n' "$auth" "$account" > "$TARGET/etc/pam.d/kldload-webui"
    services_enabled+=(kldload-webui.service kldload-webui-helper.service)
}

# services_firewall: what may come in is what was asked for.
services_firewall() {
    local file=/etc/nftables.conf tcp=22 what=SSH udp=''
    # RPM distributions load another file, and come with a firewall of their own, which would be a second one.
    if services_has /etc/sysconfig/nftables.conf; then file=/etc/sysconfig/nftables.conf; fi
    services_disabled+=(firewalld.service)
    if services_has /usr/lib/systemd/system/cockpit.socket; then
        tcp+=', 9090'
        what+=', Cockpit'
    fi
    if [[ $KLDLOAD_WEBUI == lan ]] && services_has /usr/local/bin/kldload-webui; then
        tcp+=', 8443'
        what+=', the page of this machine'
    fi
    if services_has /etc/wireguard/private.key; then
        udp='        udp dport 51820 accept'$'\n'
        what+=', WireGuard'
    fi
    cat > "$TARGET$file" << EOF
#!/usr/sbin/nft -f
# What may come in: $what; and answers to what went out. What is forwarded is
# the business of whoever forwards (libvirt, containers), in tables of their own.
table inet kldload
delete table inet kldload
table inet kldload {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        ct state invalid drop
        iifname "lo" accept
        iifname "virbr*" accept
        meta l4proto { icmp, ipv6-icmp } accept
        udp sport 67 udp dport 68 accept
        udp dport 546 accept
        tcp dport { $tcp } accept
$udp    }
}
EOF
    chmod 755 "$TARGET$file"
    services_enabled+=(nftables.service)
}
