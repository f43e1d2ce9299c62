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
    local layout=$KLDLOAD_KEYBOARD variant='' family
    ln --symbolic --force "../usr/share/zoneinfo/$KLDLOAD_TIMEZONE" "$TARGET/etc/localtime"
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    if [[ -e $TARGET/etc/timezone || $family == apt ]]; then
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
        printf 'KEYMAP=%s\nXKBLAYOUT=%s\nXKBVARIANT=%s\n' "$(system_keymap "$layout" "$variant")" "$layout" "$variant" > "$TARGET/etc/vconsole.conf"
    fi
    printf 'LANG=%s\n' "$KLDLOAD_LOCALE" > "$TARGET/etc/locale.conf"
    if [[ -d $TARGET/etc/default ]]; then ln --symbolic --force ../locale.conf "$TARGET/etc/default/locale"; fi
    if [[ $KLDLOAD_LOCALE != C.UTF-8 && -e $TARGET/usr/sbin/locale-gen ]]; then
        printf '%s UTF-8\n' "$KLDLOAD_LOCALE" >> "$TARGET/etc/locale.gen"
    fi
}

# system_keymap LAYOUT VARIANT: the name of the console's keymap that distributions of RPM packages make of a layout of XKB.
system_keymap() {
    local name
    for name in "$1${2:+-$2}" "$1"; do
        if [[ -e $TARGET/usr/lib/kbd/keymaps/xkb/$name.map.gz ]]; then printf '%s\n' "$name" && return; fi
    done
    printf '%s\n' "$1"
}

system_late_process=''

# system_late: what takes a while and uses one core, as the initramfs does, which is made at the same time.
system_late() {
    local way family
    way=$(bootstrap_way)
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    case $way/$family in
        image/*) image_late & ;;
        packages/apt) bootstrap_deb_late & ;;
        *) return ;;
    esac
    system_late_process=$!
}

system_late_done() {
    if [[ -n $system_late_process ]]; then
        wait "$system_late_process" || fail "locale, certificates or the database of hardware can't be made; see the log"
    fi
}

# system_unknown_names: users and groups that packages brought and answers_is_taken does not know. The test of an installation
# finds these lines in the log; without it, somebody would find out by asking for one of these names.
system_unknown_names() {
    local file name
    for file in passwd group; do
        while IFS=: read -r name _; do
            if [[ $name =~ ^[a-z_][a-z0-9_-]{0,31}$ ]] && ! answers_is_taken "$name"; then
                printf 'the judge of answers does not know the name %s\n' "$name"
            fi
        done < "$TARGET/etc/$file"
    done
}

system_user() {
    local group key groups=() home=$TARGET/home/$KLDLOAD_USERNAME
    while IFS=: read -r group _; do
        case $group in sudo | wheel | adm | systemd-journal | libvirt) groups+=("$group") ;; esac
    done < "$TARGET/etc/group"
    system_unknown_names
    in_target useradd --create-home --shell /bin/bash --user-group --groups "$(IFS=, && printf '%s' "${groups[*]}")" \
        --comment Administrator "$KLDLOAD_USERNAME"
    if [[ -n $KLDLOAD_PASSWORD ]]; then
        local as=()
        # On stdin, and not in the log.
        if answers_is_hash "$KLDLOAD_PASSWORD"; then as=(--encrypted); fi
        printf '%s:%s\n' "$KLDLOAD_USERNAME" "$KLDLOAD_PASSWORD" | chroot "$TARGET" chpasswd "${as[@]}"
    fi
    if [[ -n $KLDLOAD_SSH_KEYS ]]; then
        mkdir "$home/.ssh"
        chmod 700 "$home/.ssh"
        answers_split_keys "$KLDLOAD_SSH_KEYS"
        for key in "${answers_keys[@]}"; do if [[ -n $key ]]; then printf '%s\n' "$key"; fi; done > "$home/.ssh/authorized_keys"
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
    system_names
    if [[ -x $TARGET/usr/sbin/NetworkManager ]]; then system_network_manager; else system_networkd; fi
}

# system_names: names are asked of the servers that the owner chose. LLMNR and mDNS would take an answer from any neighbour,
# and answer any neighbour who asks.
system_names() {
    mkdir -p "$TARGET/etc/systemd/resolved.conf.d"
    printf '%s\n' '[Resolve]' 'LLMNR=no' 'MulticastDNS=no' > "$TARGET/etc/systemd/resolved.conf.d/10-kldload.conf"
    if [[ -d $TARGET/etc/NetworkManager ]]; then
        mkdir -p "$TARGET/etc/NetworkManager/conf.d"
        printf '%s\n' '[connection]' 'connection.llmnr=0' 'connection.mdns=0' > "$TARGET/etc/NetworkManager/conf.d/10-kldload.conf"
    fi
    services_disabled+=(avahi-daemon.service avahi-daemon.socket)
}

system_networkd() {
    local folder=$TARGET/etc/systemd/network server file
    mkdir -p "$folder"
    file=$folder/80-kldload.network
    {
        if [[ -n $KLDLOAD_NET_IFACE ]]; then printf '[Match]\nName=%s\n\n' "$KLDLOAD_NET_IFACE"; else printf '[Match]\nType=ether\nKind=!*\n\n'; fi
        printf '[Network]\n'
        for server in ${KLDLOAD_NET_DNS//,/ }; do printf 'DNS=%s\n' "$server"; done
        if [[ $KLDLOAD_NET_METHOD == static ]]; then
            printf 'Address=%s/%s\n\n[Route]\nGateway=%s\n' "$KLDLOAD_NET_IP" "$KLDLOAD_NET_PREFIX" "$KLDLOAD_NET_GW"
            if system_is_alone; then printf 'GatewayOnLink=yes\n'; fi
        else
            printf 'DHCP=yes\n'
            if [[ -n $KLDLOAD_NET_DNS ]]; then printf '\n[DHCPv4]\nUseDNS=no\n\n[DHCPv6]\nUseDNS=no\n\n[IPv6AcceptRA]\nUseDNS=no\n'; fi
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

# system_is_alone: whether the network is this machine's address and nothing else, the gateway outside of it.
system_is_alone() { [[ $KLDLOAD_NET_PREFIX == 32 && $KLDLOAD_NET_IP != *:* || $KLDLOAD_NET_PREFIX == 128 ]]; }

system_network_manager() {
    local file=$TARGET/etc/NetworkManager/system-connections/kldload.nmconnection family server dns
    services_enabled+=(NetworkManager.service)
    services_disabled+=(systemd-networkd.service systemd-networkd-wait-online.service)
    # By itself it asks DHCP on every wired interface.
    if [[ $KLDLOAD_NET_METHOD == dhcp && -z $KLDLOAD_NET_IFACE$KLDLOAD_NET_DNS ]]; then return; fi
    mkdir -p "${file%/*}"
    {
        printf '[connection]\nid=kldload\ntype=ethernet\n'
        if [[ -n $KLDLOAD_NET_IFACE ]]; then printf 'interface-name=%s\n' "$KLDLOAD_NET_IFACE"; else printf 'multi-connect=3\n'; fi
        # Each family has its own section, and takes servers of its own kind alone.
        for family in ipv4 ipv6; do
            printf '\n[%s]\n' "$family"
            if [[ $KLDLOAD_NET_METHOD == static ]] && system_is_of "$family" "$KLDLOAD_NET_IP"; then
                printf 'method=manual\naddress1=%s/%s,%s\n' "$KLDLOAD_NET_IP" "$KLDLOAD_NET_PREFIX" "$KLDLOAD_NET_GW"
            else
                printf 'method=auto\n'
            fi
            dns=''
            for server in ${KLDLOAD_NET_DNS//,/ }; do if system_is_of "$family" "$server"; then dns+="$server;"; fi; done
            if [[ -n $dns ]]; then printf 'dns=%s\n' "$dns"; fi
            if [[ -n $KLDLOAD_NET_DNS ]]; then printf 'ignore-auto-dns=true\n'; fi
        done
    } > "$file"
    chmod 600 "$file"
}

# system_is_of FAMILY ADDRESS: whether an address is of ipv4, or of ipv6.
system_is_of() { if [[ $2 == *:* ]]; then [[ $1 == ipv6 ]]; else [[ $1 == ipv4 ]]; fi; }

# system_sources: where the machine gets updates from, when it has a network: from what the distribution was declared to be made of,
# as far as the machine has the keys. What packages of a release bring themselves, as those of RPM distributions do, stays.
system_sources() {
    local file=$TARGET/etc/apt/sources.list.d/$KLDLOAD_DISTRO.sources family updates address suites components keyring
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    if [[ $family != apt ]]; then
        system_repositories
        return
    fi
    updates=$(distribution_all "$KLDLOAD_DISTRO" UPDATES)
    rm -f "$TARGET/etc/apt/sources.list"
    mkdir -p "${file%/*}"
    if [[ $KLDLOAD_MIRROR == offline ]]; then
        printf '# KLDLOAD_MIRROR=offline: updates come from a medium.\n' > "$file"
        return
    fi
    : > "$file"
    system_mirrors "$updates"
    while read -r address suites components keyring; do
        if [[ -z $address ]]; then continue; fi # there is none
        address=${mirror_of[$address]:-$address}
        if [[ ! -e $TARGET$keyring ]]; then
            say "no updates from $address: the target has no $keyring"
            continue
        fi
        if [[ -s $file ]]; then echo >> "$file"; fi
        {
            printf 'Types: deb\nURIs: %s\nSuites: %s\n' "$address" "${suites//,/ }"
            if [[ $components != - ]]; then printf 'Components: %s\n' "${components//,/ }"; fi
            printf 'Signed-By: %s\n' "$keyring"
        } >> "$file"
    done <<< "$updates"
    [[ -z $updates || -s $file ]] || fail "the target has the keys of none of its archives: ${updates//$'\n'/; }"
}

# system_sources_check: whether the mirrors that were asked for mirror anything; before a disk is touched.
system_sources_check() {
    local family updates
    if [[ -z $KLDLOAD_MIRROR || $KLDLOAD_MIRROR == offline ]]; then return; fi
    family=$(distribution_fact "$KLDLOAD_DISTRO" FAMILY)
    [[ $family == apt ]] || fail "KLDLOAD_MIRROR: $KLDLOAD_DISTRO has repositories of dnf, whose mirrors are not set here; only offline is"
    updates=$(distribution_all "$KLDLOAD_DISTRO" UPDATES)
    system_mirrors "$updates"
}

# system_mirrors UPDATES: in mirror_of, by the address of the vendor, the mirror that was asked for in its place.
declare -A mirror_of=()
system_mirrors() {
    local mirrors mirror address rest end used
    read -r -a mirrors <<< "${KLDLOAD_MIRROR//,/ }"
    for mirror in "${mirrors[@]}"; do
        mirror=${mirror%/}
        end=/${mirror##*/}
        used=no
        while read -r address rest; do
            if [[ ${address%/} == *"$end" ]]; then
                mirror_of[$address]=$mirror
                used=yes
            fi
        done <<< "$1"
        [[ $used == yes ]] || fail "KLDLOAD_MIRROR: no repository of $KLDLOAD_DISTRO has an address that ends in $end, as $mirror does"
    done
}

# system_repositories: those of RPM distributions come with packages, and are the vendor's as they are, or off.
system_repositories() {
    local file
    if [[ $KLDLOAD_MIRROR != offline ]]; then return; fi
    for file in "$TARGET"/etc/yum.repos.d/*.repo; do
        if [[ ! -e $file ]]; then continue; fi # the pattern itself, where there is none
        run sed -i -e '/^enabled *=/d' -e 's/^\[[^]]*\] *$/&\nenabled=0/' "$file"
    done
}
