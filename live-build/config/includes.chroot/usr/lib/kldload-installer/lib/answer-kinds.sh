# shellcheck shell=bash disable=SC2034,SC2154 # the table and the reason are variables of answers.sh
# The kinds of values that the table of answers has, and what is wrong with a value. Part of answers.sh, which reads it.
#
#   answers_judge NAME VALUE     one value by itself

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
            hostname)
                if ! answers_is_host "$value"; then
                    why='it has letters, digits and -, 64 at most, with dots between its parts'
                elif [[ ${value,,} == localhost || ${value,,} == localhost.* || ${value,,} == *.localhost ]]; then
                    why='every machine calls itself so'
                elif [[ $value =~ (^|\.)[0-9]+$ ]]; then
                    why='it would be taken for an address'
                fi
                ;;
            place) answers_is_host "${value%:*}" && [[ $value != *:* || ${value##*:} =~ ^[1-9][0-9]{0,4}$ ]] || why='that is no name of a machine, nor one with :PORT' ;;
            gib) [[ $value =~ ^[1-9][0-9]{0,4}$ ]] && ((value >= 6)) || why='it is a number of GiB, 6 at least' ;;
            hostkey)
                [[ $value =~ ^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))\ [A-Za-z0-9+/]{60,}={0,2}$ ]] \
                    || why='it is a kind and a key, as a file ssh_host_…_key.pub has them: ssh-ed25519 AAAA…'
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
            mirrors)
                if [[ $value != offline ]] && ! answers_each "$value" answers_is_mirror; then
                    why='it is offline, or addresses that begin with http:// or https://, with commas between'
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

# Nothing that would be something else in a file of apt's.
answers_is_mirror() { [[ $1 =~ ^https?://([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%+-]+)+/?$ ]]; }

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

# answers_number ADDRESS: the same for every way to write it.
answers_number() { if [[ $1 == *:* ]]; then answers_ip6_number "$1"; else answers_ip4_number "$1"; fi; }

answers_ip4_number() {
    local parts
    IFS=. read -r -a parts <<< "$1"
    printf '%d' $((parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3]))
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
read -r -d '' answers_locales_text << 'LOCALES' || : # it ends at its end
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
read -r -d '' answers_keymaps_text << 'KEYMAPS' || : # it ends at its end
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
