# shellcheck shell=bash
# The answers: what can be said, what it means when nothing is said, and what is wrong with what was said.
#
#   answers_load FILE     sets every variable of the table, to what FILE says or to its default, and judges each value
#   answers_check         judges what they say together
#   answers_problems      all that is wrong, a line each: FILE:LINE: what
#   answers_warnings      what is not wrong, and may not be meant
#   answers_manifest      the answers as an answers file, without the secrets
#   answers_offers        what there is to install: a list of DISTRIBUTION/PROFILE; empty where nobody knows
#
# An answers file has a variable a line, as a shell would take it: NAME=value, NAME='value' or NAME="value". It is read,
# never run: a value in which a shell would replace something ($ or ` outside of single quotes) is an error.

# The table: name | default | kind of value | what it says. The README shows the same.
#
# kinds: flag (0 or 1), word:a,b,c (one of these), distribution and profile (of those there are), name, hostname, place, path, gib, hostkey, disks, text, address, prefix, addresses, mirrors, interface,
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
KLDLOAD_BOOTSTRAP|auto|word:auto,image,packages|image: the system is unpacked as its installation came out when the medium was built, in seconds; packages: dpkg or dnf installs it here; auto: image, where the medium has one
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
KLDLOAD_MIRROR||mirrors?|where updates come from in place of the vendor: addresses of mirrors with commas between, each for the repositories whose address ends alike (…/debian, …/debian-security); or offline: from nowhere
KLDLOAD_WIREGUARD|1|flag|1: WireGuard keys for this machine (in core: 0)
KLDLOAD_ENABLE_EBPF|1|flag|1: eBPF tools, which every profile but core has in any case (in core: 0)
KLDLOAD_NVIDIA_DRIVERS|0|flag|1: NVIDIA's drivers; needs a network
KLDLOAD_ENABLE_AI|0|flag|1: a local language model; needs a network
KLDLOAD_WEBUI|local|word:local,lan,off|the page of the installed machine: local: on the machine itself, and at the end of an SSH tunnel; lan: also at https://ADDRESS:8443, which the firewall lets in (in core: off)
KLDLOAD_INFRA_MODE|standalone|word:standalone,cluster|cluster: the machine will be part of one, and the manifest says so
KLDLOAD_DEBIAN_RELEASE||release?|Debian's release by its codename, as trixie: another one than that of the medium is refused
KLDLOAD_RHEL_USERNAME||text?|RHEL: the account of the subscription
KLDLOAD_RHEL_PASSWORD||secret?|RHEL: its password
KLDLOAD_RHEL_ORG||text?|RHEL: the organisation of an activation key
KLDLOAD_RHEL_ACTIVATION_KEY||secret?|RHEL: the activation key
KLDLOAD_SEAL|0|flag|1: the new system is sealed (kseal) as the last step, so that each copy of its disk becomes a machine of its own at its first boot
KLDLOAD_SEAL_PASSWORDS|lock|word:lock,keep|what becomes of the password when it is sealed; lock: nobody can type it, and keys or a cloud let people in
KLDLOAD_EXPORT_FORMAT|none|word:none,qcow2,raw,vhd,vmdk,ova,gce|make a golden image of the new system in the end; it is sealed, on this machine, too
KLDLOAD_EXPORT_SIZE|40|gib|how large the disk of the image is, in GiB; a copy grows with the disk that it is put on
KLDLOAD_EXPORT_TO||path?|where the image goes: a folder where a disk or a share is mounted, or a device with a file system
KLDLOAD_EXPORT_SCP_HOST||place?|where to copy it to, by ssh: HOST or HOST:PORT
KLDLOAD_EXPORT_SCP_USER|root|user|as whom
KLDLOAD_EXPORT_SCP_PATH|/root/|path|into which folder
KLDLOAD_EXPORT_SCP_PASSWORD||secret?|with which password
KLDLOAD_EXPORT_SCP_KEY||path?|or with the key in which file
KLDLOAD_EXPORT_SCP_HOSTKEY||hostkey?|the public host key of that machine: ssh-ed25519 AAAA…
KLDLOAD_EXPORT_SCP_TRUST|known|word:known,first|first: without a host key, whoever answers first is trusted
KLDLOAD_KERNEL_OPTIONS||text?|more words for the kernel's command line; its consoles are those of the live system, unless console= is among them
KLDLOAD_AFTER|auto|word:auto,nothing,poweroff,reboot|what to do when it is done; auto: power off after a seed disk, answers on the medium or kldload.answers, reboot after autoinstall.env, else nothing
TABLE
answers_table() { printf '%s\n' "$answers_table_text"; }

# What the table offers and this installer does not do: NAME | the only value that works | why. Better an error than an
# answer that nobody acts upon.
read -r -d '' answers_not_yet_text << 'TABLE' || : # and so does this
KLDLOAD_NVIDIA_DRIVERS|0|NVIDIA's drivers can't be installed from a medium
KLDLOAD_ENABLE_AI|0|a language model can't be installed from a medium
TABLE
answers_not_yet() { printf '%s\n' "$answers_not_yet_text"; }

# The kinds stand in a file beside this one. Where both were made one script, they are there.
if ! declare -F answers_judge > /dev/null; then
    # shellcheck source=live-build/config/includes.chroot/usr/lib/kldload-installer/lib/answer-kinds.sh
    source "${BASH_SOURCE[0]%/*}/answer-kinds.sh"
fi

answers_offers=()
answers_problems=()
answers_warnings=()
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
        if [[ -z ${answers_line[KLDLOAD_WEBUI]:-} ]]; then KLDLOAD_WEBUI=off; fi
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
    answers_check_seal
    if [[ $KLDLOAD_PROFILE == core ]]; then
        for name in KLDLOAD_WIREGUARD KLDLOAD_ENABLE_EBPF; do
            if [[ ${!name} == 1 ]]; then answers_against "$name=1 is not for the profile core, which is ZFS and nothing else" "$name" KLDLOAD_PROFILE; fi
        done
        if [[ $KLDLOAD_WEBUI != off ]]; then
            answers_against "KLDLOAD_WEBUI=$KLDLOAD_WEBUI is not for the profile core, which is ZFS and nothing else" KLDLOAD_WEBUI KLDLOAD_PROFILE
        fi
    fi
    if [[ $KLDLOAD_DISTRO == rhel ]] && [[ -z $KLDLOAD_RHEL_USERNAME || -z $KLDLOAD_RHEL_PASSWORD ]] \
        && [[ -z $KLDLOAD_RHEL_ORG || -z $KLDLOAD_RHEL_ACTIVATION_KEY ]]; then
        answers_against "KLDLOAD_DISTRO=rhel needs KLDLOAD_RHEL_USERNAME and KLDLOAD_RHEL_PASSWORD, or KLDLOAD_RHEL_ORG and KLDLOAD_RHEL_ACTIVATION_KEY" \
            KLDLOAD_DISTRO KLDLOAD_RHEL_USERNAME KLDLOAD_RHEL_PASSWORD KLDLOAD_RHEL_ORG KLDLOAD_RHEL_ACTIVATION_KEY
    fi
    answers_check_export
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

# answers_check_seal: what all copies would have in common.
answers_check_seal() {
    answers_warnings=()
    if [[ $KLDLOAD_SEAL != 1 && $KLDLOAD_EXPORT_FORMAT == none ]]; then
        if [[ $KLDLOAD_SEAL_PASSWORDS != lock ]]; then
            answers_against "KLDLOAD_SEAL_PASSWORDS is there, but nothing is sealed" KLDLOAD_SEAL_PASSWORDS KLDLOAD_SEAL
        fi
        return
    fi
    if [[ $KLDLOAD_STORAGE_MODE == manual ]]; then
        answers_against "KLDLOAD_STORAGE_MODE=manual: sealing destroys every snapshot of a pool, and this one is not the installer's" \
            KLDLOAD_SEAL KLDLOAD_STORAGE_MODE
    fi
    if [[ $KLDLOAD_SEAL_PASSWORDS == lock && -z $KLDLOAD_SSH_KEYS ]]; then
        answers_against "nobody could log in to a copy: sealing locks the password; set KLDLOAD_SSH_KEYS, or KLDLOAD_SEAL_PASSWORDS=keep" \
            KLDLOAD_SEAL KLDLOAD_SSH_KEYS
    fi
    if [[ $KLDLOAD_NET_METHOD == static ]]; then
        answers_warnings+=("KLDLOAD_NET_IP=$KLDLOAD_NET_IP: all copies would have this address, and collide; dhcp, or a cloud, gives each its own")
    fi
    if [[ $KLDLOAD_ZFS_ENCRYPT == 1 ]]; then
        answers_warnings+=("KLDLOAD_ZFS_ENCRYPT=1: all copies of the image have the same key, which a new passphrase does not change")
    fi
}

# answers_check_export: whether an image would come to an end somewhere.
answers_check_export() {
    local name
    if [[ $KLDLOAD_EXPORT_FORMAT == none ]]; then
        for name in KLDLOAD_EXPORT_TO KLDLOAD_EXPORT_SCP_HOST; do
            if [[ -n ${!name} ]]; then answers_against "$name is there, but KLDLOAD_EXPORT_FORMAT is none" "$name" KLDLOAD_EXPORT_FORMAT; fi
        done
        return
    fi
    if [[ -z $KLDLOAD_EXPORT_TO$KLDLOAD_EXPORT_SCP_HOST ]]; then
        answers_against "KLDLOAD_EXPORT_FORMAT=$KLDLOAD_EXPORT_FORMAT: where to? KLDLOAD_EXPORT_TO or KLDLOAD_EXPORT_SCP_HOST" KLDLOAD_EXPORT_FORMAT
    fi
    if [[ $KLDLOAD_ZFS_TOPOLOGY != single ]]; then
        answers_against "KLDLOAD_EXPORT_FORMAT: an image is of one disk, and KLDLOAD_ZFS_TOPOLOGY=$KLDLOAD_ZFS_TOPOLOGY makes a pool of several" \
            KLDLOAD_EXPORT_FORMAT KLDLOAD_ZFS_TOPOLOGY
    fi
    if [[ -z $KLDLOAD_EXPORT_SCP_HOST ]]; then return; fi
    if [[ -z $KLDLOAD_EXPORT_SCP_HOSTKEY && $KLDLOAD_EXPORT_SCP_TRUST != first ]]; then
        answers_against "KLDLOAD_EXPORT_SCP_HOST: nobody knows whom the image would go to: KLDLOAD_EXPORT_SCP_HOSTKEY, or KLDLOAD_EXPORT_SCP_TRUST=first" \
            KLDLOAD_EXPORT_SCP_HOST KLDLOAD_EXPORT_SCP_HOSTKEY
    fi
    if [[ -z $KLDLOAD_EXPORT_SCP_PASSWORD$KLDLOAD_EXPORT_SCP_KEY || -n $KLDLOAD_EXPORT_SCP_PASSWORD && -n $KLDLOAD_EXPORT_SCP_KEY ]]; then
        answers_against "KLDLOAD_EXPORT_SCP_HOST takes KLDLOAD_EXPORT_SCP_PASSWORD or KLDLOAD_EXPORT_SCP_KEY, one of them" \
            KLDLOAD_EXPORT_SCP_HOST KLDLOAD_EXPORT_SCP_PASSWORD KLDLOAD_EXPORT_SCP_KEY
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
