# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared between the libraries
# Who and where the machine is: name, language, keyboard, time, users, network.

system() {
    system_identity
    system_language
    system_late
    system_user
    system_network
    system_sources
}

system_identity() {
    printf '%s\n' "$KLDLOAD_HOSTNAME" > "$TARGET/etc/hostname"
    printf '%s\n' '127.0.0.1 localhost' "127.0.1.1 $KLDLOAD_HOSTNAME$(system_short_name)" \
        '::1 localhost ip6-localhost ip6-loopback' 'ff02::1 ip6-allnodes' 'ff02::2 ip6-allrouters' > "$TARGET/etc/hosts"
    # Without a number systemd would take the first boot for that of a factory image, and enable units as it sees fit.
    systemd-id128 new > "$TARGET/etc/machine-id"
    chmod 444 "$TARGET/etc/machine-id"
}

system_short_name() { if [[ $KLDLOAD_HOSTNAME == *.* ]]; then printf ' %s' "${KLDLOAD_HOSTNAME%%.*}"; fi; }

system_language() {
    local layout=$KLDLOAD_KEYBOARD variant=''
    ln --symbolic --force "../usr/share/zoneinfo/$KLDLOAD_TIMEZONE" "$TARGET/etc/localtime"
    if [[ -e $TARGET/etc/timezone || $KLDLOAD_DISTRO == debian || $KLDLOAD_DISTRO == ubuntu ]]; then
        printf '%s\n' "$KLDLOAD_TIMEZONE" > "$TARGET/etc/timezone"
    fi
    if [[ $layout == *'('* ]]; then
        variant=${layout#*\(}
        variant=${variant%)}
        layout=${layout%%\(*}
    fi
    if [[ -d $TARGET/etc/default ]]; then
        printf '%s\n' 'XKBMODEL="pc105"' "XKBLAYOUT=\"$layout\"" "XKBVARIANT=\"$variant\"" 'XKBOPTIONS=""' 'BACKSPACE="guess"' \
            > "$TARGET/etc/default/keyboard"
        rm -f "$TARGET/etc/console-setup/cached_"*
    else
        printf 'KEYMAP=%s\nXKBLAYOUT=%s\nXKBVARIANT=%s\n' "$layout" "$layout" "$variant" > "$TARGET/etc/vconsole.conf"
    fi
    printf 'LANG=%s\n' "$KLDLOAD_LOCALE" > "$TARGET/etc/locale.conf"
    if [[ -d $TARGET/etc/default ]]; then ln --symbolic --force ../locale.conf "$TARGET/etc/default/locale"; fi
    if [[ $KLDLOAD_LOCALE != C.UTF-8 && -e $TARGET/usr/sbin/locale-gen ]]; then
        printf '%s %s\n' "$KLDLOAD_LOCALE" "$(system_charset)" >> "$TARGET/etc/locale.gen"
    fi
}

system_charset() { if [[ $KLDLOAD_LOCALE == *.UTF-8* ]]; then printf 'UTF-8'; else printf 'ISO-8859-1'; fi; }

system_late_process=''

# system_late: what takes a while and uses one core, as the initramfs does, which is made at the same time.
system_late() {
    case $KLDLOAD_DISTRO in
        debian | ubuntu) bootstrap_deb_late & system_late_process=$! ;;
    esac
}

system_late_done() {
    if [[ -n $system_late_process ]]; then
        wait "$system_late_process" || fail "locale, certificates or the database of hardware can't be made; see the log"
    fi
}

system_user() {
    local group groups=() home=$TARGET/home/$KLDLOAD_USERNAME
    for group in sudo wheel adm systemd-journal libvirt; do
        if grep --quiet "^$group:" "$TARGET/etc/group"; then groups+=("$group"); fi
    done
    in_target useradd --create-home --shell /bin/bash --user-group --groups "$(IFS=, && printf '%s' "${groups[*]}")" \
        --comment Administrator "$KLDLOAD_USERNAME"
    if [[ -n $KLDLOAD_PASSWORD ]]; then
        # On stdin, and not in the log. A hash is what crypt(5) makes: $id$salt$hash.
        local as=()
        # shellcheck disable=SC2016  # these are dollars
        if [[ $KLDLOAD_PASSWORD =~ ^\$(1|2[abxy]|5|6|7|y|gy|sha1)\$[^:]+$ ]]; then as=(--encrypted); fi
        printf '%s:%s\n' "$KLDLOAD_USERNAME" "$KLDLOAD_PASSWORD" | chroot "$TARGET" chpasswd "${as[@]}"
    fi
    if [[ -n $KLDLOAD_SSH_KEYS ]]; then
        mkdir "$home/.ssh"
        chmod 700 "$home/.ssh"
        printf '%s\n' "$KLDLOAD_SSH_KEYS" | tr ';' '\n' | sed 's/^ *//; s/ *$//; /^$/d' > "$home/.ssh/authorized_keys"
        chmod 600 "$home/.ssh/authorized_keys"
        in_target chown --recursive "$KLDLOAD_USERNAME:" "/home/$KLDLOAD_USERNAME/.ssh"
        if [[ -z $KLDLOAD_PASSWORD ]]; then
            # Nobody could use sudo with a password that is not there.
            printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$KLDLOAD_USERNAME" > "$TARGET/etc/sudoers.d/90-kldload"
            chmod 440 "$TARGET/etc/sudoers.d/90-kldload"
        fi
    fi
    in_target passwd --quiet --lock root || in_target usermod --lock root
}

system_network() {
    if [[ -x $TARGET/usr/sbin/NetworkManager ]]; then system_network_manager; else system_networkd; fi
}

system_networkd() {
    local folder=$TARGET/etc/systemd/network server file
    mkdir -p "$folder"
    file=$folder/80-kldload.network
    {
        if [[ -n $KLDLOAD_NET_IFACE ]]; then printf '[Match]\nName=%s\n\n' "$KLDLOAD_NET_IFACE"; else printf '[Match]\nType=ether\nKind=!*\n\n'; fi
        printf '[Network]\n'
        if [[ $KLDLOAD_NET_METHOD == static ]]; then
            printf 'Address=%s/%s\nGateway=%s\n' "$KLDLOAD_NET_IP" "$KLDLOAD_NET_PREFIX" "$KLDLOAD_NET_GW"
            for server in ${KLDLOAD_NET_DNS//,/ }; do printf 'DNS=%s\n' "$server"; done
        else
            printf 'DHCP=yes\n'
        fi
    } > "$file"
    services_enabled+=(systemd-networkd.service)
    # Nothing of ours needs the network to be there; and a machine without one would wait for two minutes at each boot.
    services_disabled+=(systemd-networkd-wait-online.service)
    if [[ -e $TARGET/usr/lib/systemd/system/systemd-resolved.service ]]; then
        services_enabled+=(systemd-resolved.service)
        ln --symbolic --force ../run/systemd/resolve/stub-resolv.conf "$TARGET/etc/resolv.conf"
    fi
}

system_network_manager() {
    local file=$TARGET/etc/NetworkManager/system-connections/kldload.nmconnection family=ipv4
    services_enabled+=(NetworkManager.service)
    services_disabled+=(systemd-networkd.service systemd-networkd-wait-online.service)
    # By itself it asks DHCP on every wired interface.
    if [[ $KLDLOAD_NET_METHOD == dhcp && -z $KLDLOAD_NET_IFACE ]]; then return; fi
    mkdir -p "${file%/*}"
    {
        printf '[connection]\nid=kldload\ntype=ethernet\ninterface-name=%s\n\n' "$KLDLOAD_NET_IFACE"
        if [[ $KLDLOAD_NET_METHOD == static ]]; then
            if [[ $KLDLOAD_NET_IP == *:* ]]; then family=ipv6; fi
            printf '[%s]\nmethod=manual\naddress1=%s/%s,%s\ndns=%s;\n' "$family" "$KLDLOAD_NET_IP" "$KLDLOAD_NET_PREFIX" "$KLDLOAD_NET_GW" \
                "${KLDLOAD_NET_DNS//,/;}"
        else
            printf '[ipv4]\nmethod=auto\n'
        fi
    } > "$file"
    chmod 600 "$file"
}

# system_sources: where the machine gets updates from, when it has a network.
system_sources() {
    local release=${KLDLOAD_DEBIAN_RELEASE:-trixie} keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [[ $KLDLOAD_DISTRO != debian ]]; then return; fi
    rm -f "$TARGET/etc/apt/sources.list"
    mkdir -p "$TARGET/etc/apt/sources.list.d"
    cat > "$TARGET/etc/apt/sources.list.d/debian.sources" << EOF
Types: deb
URIs: http://ftp.debian.org/debian
Suites: $release $release-updates
Components: main contrib non-free-firmware
Signed-By: $keyring

Types: deb
URIs: http://security.debian.org/debian-security
Suites: $release-security
Components: main contrib non-free-firmware
Signed-By: $keyring
EOF
}
