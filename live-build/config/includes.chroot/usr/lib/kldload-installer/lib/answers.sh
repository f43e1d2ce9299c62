# shellcheck shell=bash
# The answers: what can be said, what it means when nothing is said, and what is wrong with what was said.
#
#   answers_load FILE     sets every variable of the table, to what FILE says or to its default, and judges each value
#   answers_check         judges what they say together
#   answers_problems      all that is wrong, a line each: FILE:LINE: what
#   answers_manifest      the answers as an answers file, without the secrets
#   answers_offers        what there is to install: a list of DISTRIBUTION/PROFILE; empty where nobody knows
#
# An answers file has a variable a line, as a shell would take it: NAME=value, NAME='value' or NAME="value". It is read,
# never run: a value in which a shell would replace something ($ or ` outside of single quotes) is an error.

# The table: name | default | kind of value | what it says. The README shows the same.
#
# kinds: flag (0 or 1), word:a,b,c (one of these), distribution and profile (of those there are), name, hostname, host, path, disks, text, address, prefix, addresses, interface,
# zone, keymap, locale, keys, secret (never shown). A kind that ends in ? may be empty. It is read by bash alone: where a program is missing, no answer must get lost.
read -r -d '' answers_table_text << 'TABLE' || : # it ends at its end
KLDLOAD_DISTRO|debian|distribution|the distribution to install, of those that the medium has
KLDLOAD_PROFILE|server|profile|what to install of it, of the profiles that the medium has
KLDLOAD_DISK||disks?|the disks to install to, one or several with spaces or commas between: /dev/vda, /dev/disk/by-id/…
KLDLOAD_FORCE_WIPE|0|flag|1: a disk that holds data may be overwritten
KLDLOAD_STORAGE_MODE|zfs|word:zfs,manual|manual: a pool that is imported and mounted at /target already (core only)
KLDLOAD_ZFS_TOPOLOGY|single|word:single,mirror,raidz,stripe|how several disks make a pool
KLDLOAD_ZFS_ENCRYPT|0|flag|1: AES-256-GCM, with a passphrase at every boot
KLDLOAD_ZFS_PASSPHRASE||secret:passphrase?|that passphrase, 8 to 512 bytes
KLDLOAD_ZFS_DEDUP|0|flag|1: deduplication of blocks; takes 5 GB of memory for each TB
KLDLOAD_HOSTNAME|kldload-node|hostname|the name of the machine
KLDLOAD_USERNAME|admin|name|the administrator, who may use sudo
KLDLOAD_PASSWORD||secret:password?|the administrator's password: plain, or a hash of crypt(5); without one a key is needed, and sudo asks for none
KLDLOAD_SSH_KEYS||keys?|public keys that may log in as the administrator, as lines of authorized_keys (options too), with ; between
KLDLOAD_TIMEZONE|America/Toronto|zone|a time zone by its own name, not by an older one: America/New_York, Etc/UTC
KLDLOAD_KEYBOARD|us|keymap|a keyboard layout of XKB, with its variant: us, de, ch(fr)
KLDLOAD_LOCALE|en_US.UTF-8|locale|language and conventions
KLDLOAD_NET_METHOD|dhcp|word:dhcp,static|how the network is set up
KLDLOAD_NET_IFACE||interface?|the interface; empty: with dhcp every wired one
KLDLOAD_NET_IP||address?|the address, with static
KLDLOAD_NET_PREFIX||prefix?|its prefix length, with static; empty: 24, or 64 with IPv6
KLDLOAD_NET_GW||address?|the gateway, with static
KLDLOAD_NET_DNS||addresses?|name servers, commas between; empty: those of DHCP, with static 1.1.1.1,8.8.8.8
KLDLOAD_WIREGUARD|1|flag|1: WireGuard keys for this machine (in core: 0)
KLDLOAD_ENABLE_EBPF|1|flag|1: eBPF tools, which every profile but core has in any case (in core: 0)
KLDLOAD_NVIDIA_DRIVERS|0|flag|1: NVIDIA's drivers; needs a network
KLDLOAD_ENABLE_AI|0|flag|1: a local language model; needs a network
KLDLOAD_INFRA_MODE|standalone|word:standalone,cluster|cluster: the machine will be part of one, and the manifest says so
KLDLOAD_DEBIAN_RELEASE||release?|Debian's release by its codename, as trixie: another one than that of the medium is refused
KLDLOAD_RHEL_USERNAME||text?|RHEL: the account of the subscription
KLDLOAD_RHEL_PASSWORD||secret?|RHEL: its password
KLDLOAD_RHEL_ORG||text?|RHEL: the organisation of an activation key
KLDLOAD_RHEL_ACTIVATION_KEY||secret?|RHEL: the activation key
KLDLOAD_EXPORT_FORMAT|none|word:none,qcow2,raw,vhd,vmdk,ova|make a golden image of the disk in the end
KLDLOAD_EXPORT_SCP_HOST||host?|where to copy it to
KLDLOAD_EXPORT_SCP_USER|root|user|as whom
KLDLOAD_EXPORT_SCP_PATH|/root/|path|into which folder
KLDLOAD_EXPORT_SCP_PASSWORD||secret?|with which password
KLDLOAD_EXPORT_SCP_KEY||path?|or with the key in which file
KLDLOAD_KERNEL_OPTIONS||text?|more words for the kernel's command line; its consoles are those of the live system, unless console= is among them
KLDLOAD_AFTER|auto|word:auto,nothing,poweroff,reboot|what to do when it is done; auto: power off after a seed disk or kldload.answers, reboot after autoinstall.env, else nothing
TABLE
answers_table() { printf '%s\n' "$answers_table_text"; }

# What the table offers and this installer does not do: NAME | the only value that works | why. Better an error than an
# answer that nobody acts upon.
read -r -d '' answers_not_yet_text << 'TABLE' || :
KLDLOAD_NVIDIA_DRIVERS|0|NVIDIA's drivers can't be installed from a medium
KLDLOAD_ENABLE_AI|0|a language model can't be installed from a medium
KLDLOAD_EXPORT_FORMAT|none|the installer makes no golden images
TABLE
answers_not_yet() { printf '%s\n' "$answers_not_yet_text"; }

answers_offers=()
answers_problems=()
answers_reason='' # why the last value that was judged is bad

answers_problem() { answers_problems+=("$1"); }

# answers_read_table: the table by name, in variables.
answers_read_table() {
    local name default kind
    declare -ga answers_order=()
    declare -gA answers_default=() answers_kind=() answers_line=() answers_is_bad=()
    while IFS='|' read -r name default kind _; do
        answers_order+=("$name")
        answers_default[$name]=$default
        answers_kind[$name]=$kind
    done <<< "$answers_table_text"
}

answers_names() { answers_table | cut -d'|' -f1; }

answers_secret_names() { answers_table | awk -F'|' '$3 ~ /^secret/ { print $1 }'; }

# answers_unquote TEXT: sets answers_value to what a shell would see; fails, with answers_reason, where it would do more.
answers_unquote() {
    local LC_ALL=C rest=$1 piece
    answers_value=''
    while [[ -n $rest ]]; do
        case $rest in
            "'"*)
                rest=${rest:1}
                [[ $rest == *"'"* ]] || { answers_reason='a single quote is not closed' && return 1; }
                piece=${rest%%"'"*}
                answers_value+=$piece
                rest=${rest:${#piece}+1}
                ;;
            '"'*)
                rest=${rest:1}
                while [[ $rest != '"'* ]]; do
                    case $rest in
                        '') answers_reason='a double quote is not closed' && return 1 ;;
                        \\[\"\\\$\`]*)
                            answers_value+=${rest:1:1}
                            rest=${rest:2}
                            ;;
                        [\$\`]*) answers_reason="${rest:0:1} stands outside of single quotes" && return 1 ;;
                        *)
                            answers_value+=${rest:0:1}
                            rest=${rest:1}
                            ;;
                    esac
                done
                rest=${rest:1}
                ;;
            \\?*)
                answers_value+=${rest:1:1}
                rest=${rest:2}
                ;;
            \\) answers_reason='a backslash stands at its end' && return 1 ;;
            [[:blank:]]*)
                rest=${rest#"${rest%%[![:blank:]]*}"}
                [[ -z $rest || $rest == '#'* ]] || { answers_reason='a space stands outside of quotes' && return 1; }
                break
                ;;
            [\$\`]*) answers_reason="${rest:0:1} stands outside of single quotes" && return 1 ;;
            [\;\&\|\<\>\(\)]*) answers_reason="${rest:0:1} stands outside of quotes" && return 1 ;;
            *)
                # A shell puts a home folder into the place of one that follows nothing, : or =.
                if [[ $rest == '~'* && $answers_value =~ (^|[:=])$ ]]; then answers_reason='~ stands outside of quotes' && return 1; fi
                answers_value+=${rest:0:1}
                rest=${rest:1}
                ;;
        esac
    done
}

# answers_load FILE: sets the variables that FILE names and gives all others their defaults. Every problem is collected.
answers_load() {
    local LC_ALL=C file=$1 line name number=0
    answers_problems=()
    answers_read_table
    for name in "${answers_order[@]}"; do
        unset -v "$name" # the environment has no say, and no secret goes on to other programs by way of it
        printf -v "$name" '%s' "${answers_default[$name]}"
    done
    if [[ ! -f $file || ! -r $file ]]; then
        answers_problem "$file: it can't be read"
        return
    fi
    if IFS= read -r -d '' line < "$file"; then
        answers_problem "$file: it is no text in ASCII or UTF-8"
        return
    fi
    while IFS= read -r line || [[ -n $line ]]; do
        number=$((number + 1))
        # What editors of other systems leave is no part of any value: a byte order mark and carriage returns.
        if ((number == 1)); then line=${line#$'\xef\xbb\xbf'}; fi
        line=${line%$'\r'}
        line=${line#"${line%%[![:blank:]]*}"}
        if [[ -z $line || $line == '#'* ]]; then continue; fi
        if [[ ! $line =~ ^(export[[:blank:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
            answers_problem "$file:$number: this is no NAME=value"
            continue
        fi
        name=${BASH_REMATCH[2]}
        line=${BASH_REMATCH[3]}
        if [[ -z ${answers_kind[$name]:-} ]]; then
            answers_problem "$file:$number: there is no variable $name$(answers_nearest "$name")"
            continue
        fi
        if [[ -n ${answers_line[$name]:-} ]]; then
            answers_problem "$file:$number: $name is there a second time, after line ${answers_line[$name]##*:}"
        fi
        answers_line[$name]=$file:$number
        if ! answers_unquote "$line"; then
            answers_is_bad[$name]=1
            answers_problem "$file:$number: $name: $answers_reason; put the value into single quotes"
            continue
        fi
        printf -v "$name" '%s' "$answers_value"
        if ! answers_judge "$name" "$answers_value"; then
            answers_is_bad[$name]=1
            answers_problem "$file:$number: $name $answers_reason"
        fi
    done < "$file"
    if [[ $KLDLOAD_PROFILE == core ]]; then
        for name in KLDLOAD_WIREGUARD KLDLOAD_ENABLE_EBPF; do
            if [[ -z ${answers_line[$name]:-} ]]; then printf -v "$name" 0; fi
        done
    fi
    if [[ $KLDLOAD_NET_METHOD == static ]]; then
        if [[ -z $KLDLOAD_NET_PREFIX ]]; then
            if [[ $KLDLOAD_NET_IP == *:* ]]; then KLDLOAD_NET_PREFIX=64; else KLDLOAD_NET_PREFIX=24; fi
        fi
        if [[ -z $KLDLOAD_NET_DNS ]]; then KLDLOAD_NET_DNS=1.1.1.1,8.8.8.8; fi
    fi
}

# answers_nearest NAME: " (did you mean …?)" where a known name differs in a few letters at one place.
answers_nearest() {
    local name best='' least=4 start end longer
    for name in "${answers_order[@]}"; do
        start=0 end=0 longer=$((${#1} > ${#name} ? ${#1} : ${#name}))
        while ((start < longer)) && [[ ${1:start:1} == "${name:start:1}" ]]; do start=$((start + 1)); done
        while ((start + end < ${#1} && start + end < ${#name})) \
            && [[ ${1:${#1}-end-1:1} == "${name:${#name}-end-1:1}" ]]; do end=$((end + 1)); done
        if ((longer - start - end < least)); then least=$((longer - start - end)) best=$name; fi
    done
    if [[ -n $best ]]; then printf ' (did you mean %s?)' "$best"; fi
}

# answers_no_offer NAME OFFERED…: why a name is none that is offered; nothing where it is one.
answers_no_offer() {
    local LC_ALL=C name=$1 offer list=''
    shift
    if [[ ! $name =~ ^[a-z0-9][a-z0-9-]*$ ]]; then printf 'it has small letters, digits and -' && return; fi
    for offer; do
        if [[ $offer == "$name" ]]; then return; fi
        if [[ ", $list, " != *", $offer, "* ]]; then list+=${list:+, }$offer; fi
    done
    if [[ -n $list ]]; then printf 'it is one of %s' "$list"; fi
}

# answers_judge NAME VALUE: one value by itself. Fails, with what is to be said after the name in answers_reason.
answers_judge() {
    local LC_ALL=C kind=${answers_kind[$1]} value=$2 why=''
    if [[ -z $value ]]; then
        if [[ $kind == *'?' ]]; then return; fi
        answers_reason='is empty'
        return 1
    fi
    kind=${kind%'?'}
    if [[ $kind == keys ]]; then value=${value//$'\t'/ }; fi
    if [[ $value == *[[:cntrl:]]* ]]; then
        why='a control character is in it'
    else
        case $kind in
            flag) [[ $value == [01] ]] || why='it is 0 or 1' ;;
            word:*)
                [[ $value != *,* && ,${kind#word:}, == *",$value,"* ]] || why="it is one of ${kind#word:}"
                why=${why//,/, }
                ;;
            distribution) why=$(answers_no_offer "$value" "${answers_offers[@]%/*}") ;;
            profile) why=$(answers_no_offer "$value" "${answers_offers[@]#*/}") ;;
            release) [[ $value =~ ^[a-z]+$ ]] || why='it has small letters' ;;
            name)
                if [[ ! $value =~ ^[a-z_][a-z0-9_-]{0,31}$ ]]; then
                    why='it has small letters, digits, - and _, 32 at most, and begins with a letter'
                elif answers_is_taken "$value"; then
                    why='the system has a user or a group of that name'
                fi
                ;;
            user) [[ $value =~ ^[A-Za-z0-9_][A-Za-z0-9_.@-]*$ ]] || why="that is no user's name" ;;
            host)
                answers_is_host "$value" || why='it has letters, digits and -, 64 at most, with dots between its parts'
                ;;
            hostname)
                if ! answers_is_host "$value"; then
                    why='it has letters, digits and -, 64 at most, with dots between its parts'
                elif [[ ${value,,} == localhost || ${value,,} == localhost.* || ${value,,} == *.localhost ]]; then
                    why='every machine calls itself so'
                elif [[ $value =~ (^|\.)[0-9]+$ ]]; then
                    why='it would be taken for an address'
                fi
                ;;
            path) [[ $value == /* ]] || why='it begins with /' ;;
            disks) answers_each "$value" answers_is_device || why='a disk is a path below /dev' ;;
            interface) [[ $value =~ ^[A-Za-z0-9_.-]{1,15}$ ]] || why='that is no interface' ;;
            address)
                if ! answers_is_address "$value"; then
                    why='that is no IP address'
                elif answers_is_nobodys "$value"; then
                    why='no machine can have that address in a network'
                fi
                ;;
            addresses)
                if ! answers_each "$value" answers_is_address; then
                    why='these are no IP addresses with commas between'
                elif answers_one_of "$value" answers_is_nobodys; then
                    why='no machine can have one of these addresses in a network'
                fi
                ;;
            prefix) [[ $value =~ ^[1-9][0-9]{0,2}$ ]] && ((value <= 128)) || why='that is no prefix length' ;;
            zone) answers_is_zone "$value" || why='there is no such time zone; it has a name such as Europe/Vienna or Etc/UTC' ;;
            keymap) answers_is_keymap "$value" || why='there is no such keyboard layout, or it has no such variant' ;;
            locale) answers_is_locale "$value" || why='there is no such locale; one is called de_DE.UTF-8, say' ;;
            keys) answers_are_keys "$value" || why='not all of it are public SSH keys with ; between' ;;
            secret:password)
                if [[ $value =~ ^[!*]+($|\$) ]]; then
                    why='as a password it would let in whoever types it; to have none, leave it out and give KLDLOAD_SSH_KEYS'
                elif [[ $value =~ ^\$(1|2[abxy]?|3|5|6|7|y|gy|md5|sha1)[\$,] ]] && ! answers_is_hash "$value"; then
                    why='it begins like a hash of crypt(5), but is not a whole one of a kind that is used'
                fi
                ;;
            secret:passphrase) ((${#value} >= 8 && ${#value} <= 512)) || why='it has 8 to 512 bytes' ;;
        esac
    fi
    if [[ -z $why ]]; then return; fi
    if [[ $kind == secret* ]]; then value='what it is'; else value="\"${value//[[:cntrl:]]/?}\""; fi
    answers_reason="can't be $value: $why"
    return 1
}

# answers_each LIST FUNCTION: whether FUNCTION holds for every item, of one or more, with spaces or commas between.
answers_each() {
    local items item
    read -r -a items <<< "${1//,/ }"
    ((${#items[@]} > 0)) || return 1
    for item in "${items[@]}"; do "$2" "$item" || return 1; done
}

# answers_one_of LIST FUNCTION: whether FUNCTION holds for any of them.
answers_one_of() {
    local items item
    read -r -a items <<< "${1//,/ }"
    for item in "${items[@]}"; do if "$2" "$item"; then return 0; fi; done
    return 1
}

answers_is_host() {
    [[ ${#1} -le 64 && $1 =~ ^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$ ]]
}

answers_is_device() { [[ $1 == /dev/?* && $1 != */../* ]]; }

# Users and groups that a system has before its administrator is made: of the distributions themselves and of the packages
# that profiles have. One of these would be refused by useradd, when the disk is erased already.
answers_is_taken() {
    local names=' root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats _apt nobody nogroup
        nfsnobody adm tty disk fax voice cdrom floppy tape sudo wheel audio dip operator src shadow utmp utempter video sasl
        saslauth plugdev staff users mem lock halt shutdown ftp kmem dialout crontab cron kvm render input i2c sgx clock empower
        messagebus dbus polkitd polkituser sshd ssh ssh_keys _ssh ssl-cert systemd-network systemd-resolve systemd-timesync
        systemd-journal systemd-journal-remote systemd-journal-upload systemd-coredump systemd-oom systemd-bus-proxy
        systemd-cryptsetup ntp ntpsec _ntp chrony _chrony _rpc rpc rpcuser statd tcpdump netdev bluetooth network
        networkmanager dhcpcd rdma nm-openvpn nm-openconnect openvpn uuidd tss dnsmasq libvirt libvirt-qemu libvirt-dnsmasq libvirtdbus
        libvirt-dbus qemu swtpm virtlogin cockpit-ws cockpit-wsinstance cockpit-session cockpit-systemd-service
        cockpit-wsinstance-socket avahi avahi-autoipd colord cups cups-browsed cups-pk-helper lpadmin printadmin scanner saned hplip
        gdm gdm3 debian-gdm gnome-initial-setup gnome-remote-desktop geoclue pulse pulse-access pulse-rt pipewire rtkit
        speech-dispatcher brlapi brltty usbmux usbmuxd whoopsie kernoops apport fwupd-refresh fwupd flatpak gamemode lightdm sddm
        landscape pollinate syslog sssd lxd docker podman wireshark postfix postdrop debian-exim debian-snmp exim mailnull smmsp
        mysql postgres redis named bind unbound radvd ceph gluster pcp pesign abrt setroubleshoot rngd stapusr stapsys stapdev
        slocate plocate mlocate vcsa cgred dovecot dovenull apache nginx tomcat squid memcached tang clevis frr sambashare
        setgid zabbix node-exporter prometheus iperf3 mosquitto puppet ldap openldap nslcd sanlock '
    [[ ${names//[[:space:]]/ } == *" $1 "* || $1 == systemd-* ]]
}

answers_is_ip4() {
    local octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
    [[ $1 =~ ^$octet\.$octet\.$octet\.$octet$ ]]
}

# RFC 4291, section 2.2.
answers_is_ip6() {
    local text=$1 side groups=0 most=8 colons
    if [[ $text == *.* ]]; then # the last two groups may be written as an IPv4 address
        answers_is_ip4 "${text##*:}" || return 1
        text=${text%:*}:0:0
    fi
    if [[ $text == *::* ]]; then most=7; fi
    for side in "${text%%::*}" "${text#"${text%%::*}"}"; do
        side=${side#::}
        if [[ -z $side ]]; then continue; fi
        [[ $side =~ ^[0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*$ ]] || return 1
        colons=${side//[!:]/}
        groups=$((groups + ${#colons} + 1))
    done
    ((most == 7 ? groups <= 7 : groups == 8))
}

# answers_ip6_number ADDRESS: the address in 32 digits.
answers_ip6_number() {
    local text=$1 head tail parts part number='' i
    if [[ $text == *.* ]]; then
        printf -v text '%s%x:%x' "${text%"${text##*:}"}" $(($(answers_ip4_number "${text##*:}") >> 16)) \
            $(($(answers_ip4_number "${text##*:}") & 65535))
    fi
    head=${text%%::*} tail=''
    if [[ $text == *::* ]]; then tail=${text#*::}; fi
    for part in "$head" "$tail"; do
        IFS=: read -r -a parts <<< "$part"
        part=''
        for i in "${!parts[@]}"; do printf -v part '%s%04x' "$part" $((16#${parts[i]})); done
        if [[ -z $number && $text == *::* ]]; then number="$part."; else number+="$part"; fi
    done
    part=''
    if [[ $number == *.* ]]; then printf -v part '%*s' $((33 - ${#number})) ''; fi
    printf '%s' "${number/./${part// /0}}"
}

# answers_is_nobodys ADDRESS: an address by which no machine is known to others: of this host, of groups, of nothing at all.
answers_is_nobodys() {
    if [[ $1 == *:* ]]; then
        [[ $(answers_ip6_number "$1") =~ ^(ff|0{31}[01]$|0{20}ffff) ]]
    else
        [[ $1 =~ ^(0|127|22[4-9]|2[3-5][0-9])\. ]]
    fi
}

# answers_same_network ADDRESS ADDRESS PREFIX: whether both are in it.
answers_same_network() {
    local one other bits=$3 i
    if [[ $1 != *:* ]]; then
        (((($(answers_ip4_number "$1") ^ $(answers_ip4_number "$2")) >> (32 - bits)) == 0))
        return
    fi
    one=$(answers_ip6_number "$1")
    other=$(answers_ip6_number "$2")
    for ((i = 0; i < 32 && bits > 0; i++, bits -= 4)); do
        if (((16#${one:i:1} ^ 16#${other:i:1}) >> (bits < 4 ? 4 - bits : 0))); then return 1; fi
    done
}

answers_is_address() { answers_is_ip4 "$1" || { [[ $1 == *:* ]] && answers_is_ip6 "$1"; }; }

# Older names of a zone are a package of its own (tzdata-legacy), and "localtime" is none: zone.tab has those that countries
# use. Where there is no list of them, any that looks like one will do.
answers_is_zone() {
    local zones=${KLDLOAD_ZONEINFO:-/usr/share/zoneinfo} zone
    [[ $1 =~ ^(UTC|(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z0-9_+/-]+)$ ]] || return 1
    if [[ ! -d $zones ]]; then return 0; fi
    [[ -f $zones/$1 ]] || return 1
    if [[ $1 == UTC || $1 == Etc/* || ! -f $zones/zone.tab ]]; then return 0; fi
    while IFS=$'\t' read -r _ _ zone _; do if [[ $zone == "$1" ]]; then return 0; fi; done < "$zones/zone.tab"
    return 1
}

# Locales of glibc 2.36 that are there in UTF-8, without that word; later ones have them all.
read -r -d '' answers_locales_text << 'LOCALES' || :
aa_DJ aa_ER aa_ER@saaho aa_ET af_ZA agr_PE ak_GH am_ET an_ES anp_IN ar_AE ar_BH ar_DZ ar_EG ar_IN ar_IQ ar_JO ar_KW
ar_LB ar_LY ar_MA ar_OM ar_QA ar_SA ar_SD ar_SS ar_SY ar_TN ar_YE as_IN ast_ES ayc_PE az_AZ az_IR be_BY be_BY@latin
bem_ZM ber_DZ ber_MA bg_BG bhb_IN bho_IN bho_NP bi_VU bn_BD bn_IN bo_CN bo_IN br_FR brx_IN bs_BA byn_ER ca_AD ca_ES
ca_ES@valencia ca_FR ca_IT ce_RU chr_US ckb_IQ cmn_TW crh_UA cs_CZ csb_PL cv_RU cy_GB da_DK de_AT de_BE de_CH de_DE
de_IT de_LI de_LU doi_IN dsb_DE dv_MV dz_BT el_CY el_GR en_AG en_AU en_BW en_CA en_DK en_GB en_HK en_IE en_IL en_IN
en_NG en_NZ en_PH en_SC en_SG en_US en_ZA en_ZM en_ZW eo es_AR es_BO es_CL es_CO es_CR es_CU es_DO es_EC es_ES es_GT
es_HN es_MX es_NI es_PA es_PE es_PR es_PY es_SV es_US es_UY es_VE et_EE eu_ES eu_FR fa_IR ff_SN fi_FI fil_PH fo_FO
fr_BE fr_CA fr_CH fr_FR fr_LU fur_IT fy_DE fy_NL ga_IE gd_GB gez_ER gez_ER@abegede gez_ET gez_ET@abegede gl_ES gu_IN
gv_GB ha_NG hak_TW he_IL hi_IN hif_FJ hne_IN hr_HR hsb_DE ht_HT hu_HU hy_AM ia_FR id_ID ig_NG ik_CA is_IS it_CH it_IT
iu_CA ja_JP ka_GE kab_DZ kk_KZ kl_GL km_KH kn_IN ko_KR kok_IN ks_IN ks_IN@devanagari ku_TR kw_GB ky_KG lb_LU lg_UG
li_BE li_NL lij_IT ln_CD lo_LA lt_LT lv_LV lzh_TW mag_IN mai_IN mai_NP mfe_MU mg_MG mhr_RU mi_NZ miq_NI mjw_IN mk_MK
ml_IN mn_MN mni_IN mnw_MM mr_IN ms_MY mt_MT my_MM nan_TW nan_TW@latin nb_NO nds_DE nds_NL ne_NP nhn_MX niu_NU niu_NZ
nl_AW nl_BE nl_NL nn_NO nr_ZA nso_ZA oc_FR om_ET om_KE or_IN os_RU pa_IN pa_PK pap_AW pap_CW pl_PL ps_AF pt_BR pt_PT
quz_PE raj_IN rif_MA ro_RO ru_RU ru_UA rw_RW sa_IN sah_RU sat_IN sc_IT sd_IN sd_IN@devanagari se_NO sgs_LT shn_MM
shs_CA si_LK sid_ET sk_SK sl_SI sm_WS so_DJ so_ET so_KE so_SO sq_AL sq_MK sr_ME sr_RS sr_RS@latin ss_ZA st_ZA sv_FI
sv_SE sw_KE sw_TZ syr szl_PL ta_IN ta_LK tcy_IN te_IN tg_TJ th_TH the_NP ti_ER ti_ET tig_ER tk_TM tl_PH tn_ZA to_TO
tpi_PG tr_CY tr_TR ts_ZA tt_RU tt_RU@iqtelif ug_CN uk_UA unm_US ur_IN ur_PK uz_UZ uz_UZ@cyrillic ve_ZA vi_VN wa_BE
wae_CH wal_ET wo_SN xh_ZA yi_US yo_NG yue_HK yuw_PG zh_CN zh_HK zh_SG zh_TW zu_ZA
LOCALES
answers_locales() { printf '%s\n' "$answers_locales_text"; }

answers_is_locale() {
    [[ $1 == C.UTF-8 ]] && return 0
    [[ $1 =~ ^([A-Za-z_]+)\.UTF-8(@[a-z]+)?$ && " ${answers_locales_text//$'\n'/ } " == *" ${BASH_REMATCH[1]}${BASH_REMATCH[2]} "* ]]
}

# Layouts of xkeyboard-config 2.42, which console-setup knows too.
read -r -d '' answers_keymaps_text << 'KEYMAPS' || :
us af al am ara at au az ba bd be bg br brai bt bw by ca cd ch cm cn cz de dk dz ee epo es et fi fo fr gb ge gh gn gr hr
hu id ie il in iq ir is it jp jv ke kg kh kr kz la latam lk lt lv ma mao md me mk ml mm mn mt mv my ng nl no np ph pk pl
pt ro rs ru se si sk sn sy tg th tj tm tr tw tz ua uz vn za
KEYMAPS
answers_keymaps() { printf '%s\n' "$answers_keymaps_text"; }

# A layout of ours, with a variant that XKB has where it is there to be asked: on the live system it is.
answers_is_keymap() {
    local known=${KLDLOAD_XKB:-/usr/share/X11/xkb/rules/base.lst} layout variant name of inside=''
    [[ $1 =~ ^([a-z]+)(\(([A-Za-z0-9_-]+)\))?$ ]] || return 1
    layout=${BASH_REMATCH[1]} variant=${BASH_REMATCH[3]}
    [[ " ${answers_keymaps_text//$'\n'/ } " == *" $layout "* ]] || return 1
    if [[ -z $variant || ! -f $known ]]; then return 0; fi
    while read -r name of _; do
        if [[ $name == '!' ]]; then inside=$of; fi
        if [[ $inside == variant && $name == "$variant" && $of == "$layout:" ]]; then return 0; fi
    done < "$known"
    return 1
}

# answers_split_keys LIST: sets answers_keys to its keys. A ; inside of an option's double quotes separates nothing.
answers_split_keys() {
    local LC_ALL=C rest=${1//$'\t'/ } key='' quoted=no piece
    answers_keys=()
    while :; do
        case $rest in
            '' | ';'*)
                if [[ -n $rest && $quoted == yes ]]; then key+=';' rest=${rest:1} && continue; fi
                key=${key#"${key%%[! ]*}"}
                key=${key%"${key##*[! ]}"}
                answers_keys+=("$key")
                key='' quoted=no
                if [[ -z $rest ]]; then break; fi
                rest=${rest:1}
                ;;
            '\"'*) key+=${rest:0:2} rest=${rest:2} ;;
            '"'*)
                # Only an option has quotes: what is a comment's is none.
                if [[ ! $key =~ ^\ *$answers_key_type ]]; then if [[ $quoted == yes ]]; then quoted=no; else quoted=yes; fi; fi
                key+='"' rest=${rest:1}
                ;;
            *)
                piece=${rest:0:1}
                rest=${rest:1}
                piece+=${rest%%[\;\"\\]*}
                rest=${rest:${#piece}-1}
                key+=$piece
                ;;
        esac
    done
}

answers_key_type='(ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+ '

# Options that sshd(8) knows: it would not take a key with another one, and say so in its log alone.
answers_key_options='(agent-forwarding|cert-authority|no-agent-forwarding|no-port-forwarding|no-pty|no-user-rc|no-x11-forwarding'
answers_key_options+='|no-touch-required|verify-required|port-forwarding|pty|restrict|user-rc|x11-forwarding'
answers_key_options+='|(command|environment|expiry-time|from|permitlisten|permitopen|principals|tunnel)="([^"\]|\\.)*")'

answers_are_keys() {
    local key options
    answers_split_keys "$1"
    for key in "${answers_keys[@]}"; do
        if [[ -z $key && $key == "${answers_keys[-1]}" && ${#answers_keys[@]} -gt 1 ]]; then continue; fi # after the last ;
        if [[ ! $key =~ ^$answers_key_type ]]; then
            [[ $key =~ ^(.*[^\ ])\ +($answers_key_type.*)$ ]] || return 1
            options=${BASH_REMATCH[1]} key=${BASH_REMATCH[2]}
            answers_are_key_options "$options" || return 1
        fi
        [[ $key =~ ^(ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+\ +[A-Za-z0-9+/]{20,}={0,2}( .*)?$ ]] || return 1
        # One that was cut off looks like a key still.
        if command -v ssh-keygen > /dev/null; then ssh-keygen -l -f /dev/stdin <<< "$key" > /dev/null 2>&1 || return 1; fi
    done
}

# answers_are_key_options LIST: names in whatever letters, commas between, no spaces but in quotes.
answers_are_key_options() {
    local rest=$1
    shopt -s nocasematch
    while [[ $rest =~ ^$answers_key_options(,|$) ]]; do
        rest=${rest:${#BASH_REMATCH[0]}}
        if [[ -z $rest && ${BASH_REMATCH[0]} != *, ]]; then shopt -u nocasematch && return 0; fi
    done
    shopt -u nocasematch
    return 1
}

# answers_is_hash VALUE: whether a password is a hash already, as crypt(5) makes them.
answers_is_hash() {
    local LC_ALL=C b64='[./A-Za-z0-9]'
    [[ $1 =~ ^\$1\$[^\$:]{1,8}\$$b64{22}$ || $1 =~ ^\$5\$(rounds=[0-9]+\$)?[^\$:]{1,16}\$$b64{43}$ \
        || $1 =~ ^\$6\$(rounds=[0-9]+\$)?[^\$:]{1,16}\$$b64{86}$ || $1 =~ ^\$2[abxy]\$[0-9]{2}\$$b64{53}$ \
        || $1 =~ ^\$7\$$b64{11}[^\$:]{0,86}\$$b64{43}$ || $1 =~ ^\$g?y\$$b64+\$$b64{0,86}\$$b64{43}$ ]]
}

# answers_against MESSAGE NAME…: a problem of what these answers say together; at the place of the first that was given.
# Where one of them is bad by itself, nobody knows what they would say together.
answers_against() {
    local message=$1 name place=''
    shift
    for name; do
        if [[ -n ${answers_is_bad[$name]:-} ]]; then return; fi
        if [[ -z $place && -n ${answers_line[$name]:-} ]]; then place="${answers_line[$name]}: "; fi
    done
    answers_problem "$place$message"
}

# answers_check: what the answers say together.
answers_check() {
    local name only why
    answers_check_storage
    answers_check_people
    answers_check_network
    if [[ $KLDLOAD_PROFILE == core ]]; then
        for name in KLDLOAD_WIREGUARD KLDLOAD_ENABLE_EBPF; do
            if [[ ${!name} == 1 ]]; then answers_against "$name=1 is not for the profile core, which is ZFS and nothing else" "$name" KLDLOAD_PROFILE; fi
        done
    fi
    if [[ $KLDLOAD_DISTRO == rhel ]] && [[ -z $KLDLOAD_RHEL_USERNAME || -z $KLDLOAD_RHEL_PASSWORD ]] \
        && [[ -z $KLDLOAD_RHEL_ORG || -z $KLDLOAD_RHEL_ACTIVATION_KEY ]]; then
        answers_against "KLDLOAD_DISTRO=rhel needs KLDLOAD_RHEL_USERNAME and KLDLOAD_RHEL_PASSWORD, or KLDLOAD_RHEL_ORG and KLDLOAD_RHEL_ACTIVATION_KEY" \
            KLDLOAD_DISTRO KLDLOAD_RHEL_USERNAME KLDLOAD_RHEL_PASSWORD KLDLOAD_RHEL_ORG KLDLOAD_RHEL_ACTIVATION_KEY
    fi
    if [[ $KLDLOAD_EXPORT_FORMAT == none && -n $KLDLOAD_EXPORT_SCP_HOST ]]; then
        answers_against "KLDLOAD_EXPORT_SCP_HOST is there, but KLDLOAD_EXPORT_FORMAT is none" KLDLOAD_EXPORT_SCP_HOST KLDLOAD_EXPORT_FORMAT
    fi
    if [[ " $KLDLOAD_KERNEL_OPTIONS" == *' root='* ]]; then
        answers_against "KLDLOAD_KERNEL_OPTIONS says root=, and the boot environment is what says where the root is" KLDLOAD_KERNEL_OPTIONS
    fi
    while IFS='|' read -r name only why; do
        if [[ ${!name} != "$only" ]]; then answers_against "$name=${!name}: $why; leave it at $only" "$name"; fi
    done <<< "$answers_not_yet_text"
}

answers_check_storage() {
    local disks least=0 name
    local -A seen=()
    read -r -a disks <<< "${KLDLOAD_DISK//,/ }"
    if [[ $KLDLOAD_STORAGE_MODE == manual ]]; then
        if [[ $KLDLOAD_PROFILE != core ]]; then
            answers_against "KLDLOAD_STORAGE_MODE=manual is for the profile core" KLDLOAD_STORAGE_MODE KLDLOAD_PROFILE
        fi
        for name in KLDLOAD_DISK KLDLOAD_FORCE_WIPE KLDLOAD_ZFS_TOPOLOGY KLDLOAD_ZFS_ENCRYPT KLDLOAD_ZFS_DEDUP; do
            if [[ ${!name} != "${answers_default[$name]}" ]]; then
                answers_against "KLDLOAD_STORAGE_MODE=manual: the pool is there already, and $name has no say in it" "$name" KLDLOAD_STORAGE_MODE
            fi
        done
    else
        case $KLDLOAD_ZFS_TOPOLOGY in
            single)
                if ((${#disks[@]} != 1)); then
                    answers_against "KLDLOAD_ZFS_TOPOLOGY=single takes one disk in KLDLOAD_DISK, not ${#disks[@]}" \
                        KLDLOAD_DISK KLDLOAD_ZFS_TOPOLOGY KLDLOAD_STORAGE_MODE
                fi
                ;;
            mirror | stripe) least=2 ;;
            raidz) least=3 ;;
        esac
        if ((${#disks[@]} < least)); then
            answers_against "KLDLOAD_ZFS_TOPOLOGY=$KLDLOAD_ZFS_TOPOLOGY takes $least disks or more in KLDLOAD_DISK, not ${#disks[@]}" \
                KLDLOAD_DISK KLDLOAD_ZFS_TOPOLOGY KLDLOAD_STORAGE_MODE
        fi
        for name in "${disks[@]}"; do
            if [[ -n ${seen[$name]:-} ]]; then answers_against "KLDLOAD_DISK names a disk twice" KLDLOAD_DISK && break; fi
            seen[$name]=yes
        done
    fi
    if [[ $KLDLOAD_ZFS_ENCRYPT == 1 && -z $KLDLOAD_ZFS_PASSPHRASE ]]; then
        answers_against "KLDLOAD_ZFS_ENCRYPT=1 needs KLDLOAD_ZFS_PASSPHRASE" KLDLOAD_ZFS_ENCRYPT KLDLOAD_ZFS_PASSPHRASE
    elif [[ $KLDLOAD_ZFS_ENCRYPT == 0 && -n $KLDLOAD_ZFS_PASSPHRASE ]]; then
        answers_against "KLDLOAD_ZFS_PASSPHRASE is there, but KLDLOAD_ZFS_ENCRYPT is not 1" KLDLOAD_ZFS_PASSPHRASE KLDLOAD_ZFS_ENCRYPT
    fi
}

answers_check_people() {
    if [[ -z $KLDLOAD_PASSWORD && -z $KLDLOAD_SSH_KEYS ]]; then
        answers_against "nobody could log in: set KLDLOAD_PASSWORD or KLDLOAD_SSH_KEYS" KLDLOAD_PASSWORD KLDLOAD_SSH_KEYS
    fi
}

answers_check_network() {
    local name longest=32 least=1 number network
    if [[ $KLDLOAD_NET_METHOD != static ]]; then
        for name in KLDLOAD_NET_IP KLDLOAD_NET_PREFIX KLDLOAD_NET_GW; do
            if [[ -n ${!name} ]]; then answers_against "$name is for KLDLOAD_NET_METHOD=static" "$name" KLDLOAD_NET_METHOD; fi
        done
        return
    fi
    for name in KLDLOAD_NET_IFACE KLDLOAD_NET_IP KLDLOAD_NET_GW; do
        if [[ -z ${!name} ]]; then answers_against "KLDLOAD_NET_METHOD=static needs $name" "$name" KLDLOAD_NET_METHOD; fi
    done
    # The rest would say nothing about an address that is none.
    for name in KLDLOAD_NET_IP KLDLOAD_NET_PREFIX KLDLOAD_NET_GW; do
        if [[ -z ${!name} || -n ${answers_is_bad[$name]:-} ]]; then return; fi
    done
    if [[ $KLDLOAD_NET_IP == *:* ]]; then longest=128 least=48; fi
    network=$KLDLOAD_NET_IP/$KLDLOAD_NET_PREFIX
    if ((KLDLOAD_NET_PREFIX > longest)); then
        answers_against "KLDLOAD_NET_PREFIX=$KLDLOAD_NET_PREFIX is too long for $KLDLOAD_NET_IP" KLDLOAD_NET_PREFIX KLDLOAD_NET_IP
    elif ((KLDLOAD_NET_PREFIX < least)); then
        answers_against "KLDLOAD_NET_PREFIX=$KLDLOAD_NET_PREFIX is no network of IPv6, which has 64 as a rule" KLDLOAD_NET_PREFIX KLDLOAD_NET_IP
    elif [[ $KLDLOAD_NET_IP == *:* && $KLDLOAD_NET_GW != *:* || $KLDLOAD_NET_IP != *:* && $KLDLOAD_NET_GW == *:* ]]; then
        answers_against "KLDLOAD_NET_IP and KLDLOAD_NET_GW are of two families" KLDLOAD_NET_GW KLDLOAD_NET_IP
    elif [[ $(answers_number "$KLDLOAD_NET_GW") == "$(answers_number "$KLDLOAD_NET_IP")" ]]; then
        answers_against "KLDLOAD_NET_GW is this machine's own address" KLDLOAD_NET_GW KLDLOAD_NET_IP
    elif ((KLDLOAD_NET_PREFIX < longest)); then # with one address alone, the gateway is outside of it on purpose
        if ! answers_same_network "$KLDLOAD_NET_IP" "$KLDLOAD_NET_GW" "$KLDLOAD_NET_PREFIX" \
            && [[ $(answers_number "$KLDLOAD_NET_GW") != fe[89ab]* ]]; then
            answers_against "KLDLOAD_NET_GW=$KLDLOAD_NET_GW can't be reached from $network" KLDLOAD_NET_GW KLDLOAD_NET_IP
        elif ((longest == 32 && KLDLOAD_NET_PREFIX < 31)); then
            for name in KLDLOAD_NET_IP KLDLOAD_NET_GW; do
                number=$(($(answers_ip4_number "${!name}") & ((1 << (32 - KLDLOAD_NET_PREFIX)) - 1)))
                if ((number == 0)); then
                    answers_against "$name=${!name} is the name of the network $network, not an address in it" "$name" KLDLOAD_NET_PREFIX
                elif ((number == (1 << (32 - KLDLOAD_NET_PREFIX)) - 1)); then
                    answers_against "$name=${!name} is the address of all that are in the network $network" "$name" KLDLOAD_NET_PREFIX
                fi
            done
        fi
    fi
}

# answers_number ADDRESS: the same for every way to write it.
answers_number() { if [[ $1 == *:* ]]; then answers_ip6_number "$1"; else answers_ip4_number "$1"; fi; }

answers_ip4_number() {
    local parts
    IFS=. read -r -a parts <<< "$1"
    printf '%d' $((parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3]))
}

# answers_quoted VALUE: as it can stand in an answers file, whatever it is.
answers_quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# answers_manifest: the answers as an answers file, without secrets.
answers_manifest() {
    local name
    for name in "${answers_order[@]}"; do
        if [[ ${answers_kind[$name]} != secret* ]]; then
            printf '%s=%s\n' "$name" "$(answers_quoted "${!name}")"
        elif [[ -n ${!name} ]]; then
            printf '# %s was given. It is a secret, and not kept.\n' "$name"
        fi
    done
}
