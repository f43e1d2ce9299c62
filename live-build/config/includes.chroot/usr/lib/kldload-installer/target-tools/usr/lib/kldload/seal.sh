# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables are shared with whoever sources this, and with the parts of this
# Sealing: what is of one machine leaves a system, so that each copy of it becomes a machine of its own at its first boot. This list is the
# only one: the installer, kexport and kseal all go by it. Who sources this has functions `fail MESSAGE [HINT]`, `warn MESSAGE`, `say MESSAGE`.
#
#   seal_open ROOT [POOL]    which system: the folder it is in ('' for the one that runs), and its pool, whose snapshots and EFI system
#                            partitions are then part of it; without a pool, the partition that is mounted at ROOT/boot/efi
#   seal_check               what is still of one machine, in seal_found: ROW<tab>WHERE
#   seal_apply               takes it out, and lays in what the first boot needs; fails where something is left
#   seal_close               unmounts what seal_open has mounted
#
#   seal_keep_password=yes   the passwords of people stay

# The table: row | what it is | how it is found | how it goes.
#
# found:  files PATTERN…     whatever has such a name; esp:/… is on each EFI system partition
#         homes NAME…        such a file in somebody's home folder
#         content PATTERN…   files (no links) that are not empty
#         below FOLDER…      files that are not empty, in a folder or further down
#         -                  by seal_find_ROW
# goes:   remove, empty, or - : by seal_remove_ROW
read -r -d '' seal_table_text << 'TABLE' || : # it ends at its end
machine-id|the number of the machine|content /etc/machine-id|empty
dbus-id|the same, as D-Bus keeps it|content /var/lib/dbus/machine-id|remove
ssh-host-keys|SSH host keys|files /etc/ssh/ssh_host_*|remove
hostid|the number that the pool knows the machine by|files /etc/hostid|remove
hostid-settings|that number, among settings of modules and words of the kernel|-|-
pool-cache|where the disks of the pool were|files /etc/zfs/zpool.cache|remove
hostid-initramfs|that number, inside of an initramfs|-|-
hostid-archive|that number, in an archive beside an initramfs|-|-
nvme-host|what servers of disks know the machine by|files /etc/nvme/hostnqn /etc/nvme/hostid|remove
wireguard|WireGuard's keys, and connections made with them|files /etc/wireguard/* /etc/kldload/secrets/* /etc/systemd/system/*.wants/wg-quick@*.service|remove
tls-keys|self-signed certificates that name the machine, and their keys|files /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem /etc/cockpit/ws-certs.d/0-self-signed*|remove
module-key|the private key that DKMS signs modules with|files /var/lib/dkms/mok.*|remove
dhcp-leases|what DHCP servers gave it|files /var/lib/dhcp/*.lease* /var/lib/dhclient/* /var/lib/dhcpcd/* /var/db/dhcpcd/* /etc/dhcpcd.duid /var/lib/NetworkManager/*.lease /var/lib/systemd/network/*|remove
network-manager|networks that NetworkManager remembers|files /var/lib/NetworkManager/secret_key /var/lib/NetworkManager/seen-bssids /var/lib/NetworkManager/timestamps /var/lib/NetworkManager/NetworkManager.state|remove
network-cards|names that were given to its network cards|files /etc/udev/rules.d/70-persistent-*.rules /etc/udev/rules.d/75-persistent-*.rules|remove
cloud-init|the instance that cloud-init knows|files /var/lib/cloud/instance /var/lib/cloud/instances/* /var/lib/cloud/data/* /var/lib/cloud/sem/* /var/lib/cloud/handlers/*|remove
cloud-network|the network that cloud-init set up for it|files /etc/netplan/50-cloud-init.yaml /etc/systemd/network/10-cloud-init-* /etc/NetworkManager/system-connections/cloud-init-* /etc/network/interfaces.d/50-cloud-init* /etc/ssh/sshd_config.d/50-cloud-init.conf|remove
journal|the journal|files /var/log/journal/*|remove
logs|logs, that of the installation among them|below /var/log|-
crashes|what is left of crashes|files /var/lib/systemd/coredump/* /var/lib/systemd/pstore/* /var/crash/*|remove
histories|what people have typed|homes .bash_history .zsh_history .python_history .lesshst .viminfo .mysql_history .psql_history .sqlite_history .wget-hsts|remove
package-caches|packages and lists that can be had again|files /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* /var/cache/apt/*.bin /var/lib/apt/lists/*_* /var/cache/dnf/* /var/cache/libdnf5/* /var/cache/yum/* /var/cache/PackageKit/*|remove
random-seed|what its random numbers begin with|files /var/lib/systemd/random-seed /var/lib/urandom/random-seed /var/lib/random-seed esp:/loader/random-seed|remove
credential-secret|the secret that systemd encrypts credentials with|files /var/lib/systemd/credential.secret|remove
web-page|the certificate of the page in the browser, and what it keeps: tokens, records|files /var/lib/kldload-webui/* /var/lib/kldload/state.db*|remove
firmware|what firmware has left on its partition|files esp:/NvVars esp:/FSCK*.REC|remove
clock|how its clock goes wrong|files /var/lib/chrony/*drift /var/lib/ntp/*drift /var/lib/systemd/timesync/clock|remove
temporary|temporary files|below /tmp /var/tmp|remove
password-backups|passwords as they were before|files /etc/shadow- /etc/gshadow- /etc/passwd- /etc/group-|remove
firstboot|that there was a first boot|files /var/lib/kldload/firstboot /var/lib/kldload/firstboot.done /var/lib/kldload/before-trial /etc/kldload/pending-export.env|remove
secrets|secrets among the answers it was installed with|-|-
passwords|passwords of people|-|-
boot-environments|boot environments beside the one that is sealed|-|-
snapshots|snapshots of what was before|-|-
TABLE

# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/seal-rows.sh"
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/seal-lay.sh"

seal_root=''
seal_pool=''
seal_esps=()
seal_mounted=()
seal_work=''
seal_keep_password=no

seal_rows() { cut -d'|' -f1 <<< "$seal_table_text"; }

# seal_read ROW: seal_what, seal_finder and seal_remover of it.
seal_read() {
    local line row
    while IFS= read -r line; do
        row=${line%%|*}
        if [[ $row != "$1" ]]; then continue; fi
        IFS='|' read -r _ seal_what seal_finder seal_remover <<< "$line"
        return
    done <<< "$seal_table_text"
    fail "there is no row $1 in the table of what is sealed"
}

seal_open() {
    local partition folder partitions=()
    seal_root=${1%/}
    seal_pool=${2:-}
    seal_esps=()
    seal_mounted=()
    mkdir -p "${KLDLOAD_RUN:-/run/kldload}"
    seal_work=$(mktemp --directory "${KLDLOAD_RUN:-/run/kldload}/seal.XXXXXX")
    if [[ -z $seal_pool ]]; then
        if [[ -d $seal_root/boot/efi/loader ]]; then seal_esps=("$seal_root/boot/efi"); fi
        return
    fi
    seal_partitions
    for partition in "${partitions[@]}"; do
        folder=$(findmnt --noheadings --first-only --output TARGET --source "$partition") || folder='' # it is not mounted
        if [[ -z $folder ]]; then
            folder=$seal_work/${partition##*/}
            mkdir "$folder"
            mount -t vfat -o umask=0077 "$partition" "$folder" || fail "$partition can't be mounted: what is on it can't be seen"
            seal_mounted+=("$folder")
        fi
        seal_esps+=("$folder")
    done
    ((${#seal_esps[@]})) || fail "no disk of the pool $seal_pool has an EFI system partition"
}

seal_close() {
    local folder
    for folder in "${seal_mounted[@]}"; do umount "$folder"; done
    seal_mounted=()
    if [[ -n $seal_work ]]; then rm -rf --one-file-system "$seal_work"; fi
    seal_work=''
}

# seal_partitions: the EFI system partitions of the pool's disks, in partitions; by what the boot menu goes by.
seal_partitions() {
    local pool=$seal_pool library
    for library in "${BASH_SOURCE[0]%/*}" "${INSTALLER:-}/target/usr/lib/kldload"; do
        if [[ -e $library/boot-partitions.sh ]]; then
            # shellcheck source=/dev/null
            . "$library/boot-partitions.sh"
            partitions_read
            return
        fi
    done
    fail "there is no boot-partitions.sh beside seal.sh"
}

# seal_in COMMAND…: in the system that is sealed.
seal_in() {
    if [[ -z $seal_root ]]; then
        "$@"
        return
    fi
    chroot "$seal_root" env --ignore-environment PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        TERM=dumb SYSTEMD_OFFLINE=1 SYSTEMD_RELAX_ESP_CHECKS=1 KLDLOAD_SNAPSHOT=no "$@"
}

# seal_each PATTERN…: what there is of these names, in seal_matches.
seal_each() {
    local pattern base IFS='' # a name may have blanks; a pattern has none
    seal_matches=()
    for pattern; do
        if [[ $pattern == esp:* ]]; then
            # shellcheck disable=SC2086  # the pattern is one
            for base in "${seal_esps[@]}"; do seal_match "$base"${pattern#esp:}; done
        else
            # shellcheck disable=SC2086  # and here
            seal_match "$seal_root"$pattern
        fi
    done
}

seal_match() {
    local path
    for path; do
        # The pattern itself, where nothing has such a name.
        if [[ -e $path || -L $path ]]; then seal_matches+=("$path"); fi
    done
}

# seal_find ROW: where it is found, a path or a few words a line, in seal_places.
seal_find() {
    local words path seal_what seal_finder seal_remover
    seal_places=()
    seal_read "$1"
    read -r -a words <<< "$seal_finder"
    case ${words[0]} in
        files)
            seal_each "${words[@]:1}"
            seal_places=("${seal_matches[@]}")
            ;;
        homes)
            words=("${words[@]:1}")
            seal_each "${words[@]/#//root/}" "${words[@]/#//home/*/}"
            seal_places=("${seal_matches[@]}")
            ;;
        content)
            seal_each "${words[@]:1}"
            for path in "${seal_matches[@]}"; do if [[ -f $path && ! -L $path && -s $path ]]; then seal_places+=("$path"); fi; done
            ;;
        below)
            seal_each "${words[@]:1}"
            if ((${#seal_matches[@]})); then
                find "${seal_matches[@]}" -ignore_readdir_race -type f -size +0 -not -path "$seal_root/var/log/journal/*" -print0 > "$seal_work/found"
                mapfile -d '' -t seal_places < "$seal_work/found"
            fi
            ;;
        -) "seal_find_${1//-/_}" ;;
        *) fail "the row $1 of the table says \"$seal_finder\", which nobody understands" ;;
    esac
}

# seal_take_out ROW: what seal_find has found of it.
seal_take_out() {
    local path seal_what seal_finder seal_remover
    seal_read "$1"
    case $seal_remover in
        remove) rm -rf --one-file-system -- "${seal_places[@]}" ;;
        empty) for path in "${seal_places[@]}"; do : > "$path"; done ;;
        -) "seal_remove_${1//-/_}" ;;
        *) fail "the row $1 of the table says \"$seal_remover\", which nobody understands" ;;
    esac
}

seal_check() {
    local row rows place
    seal_found=()
    rows=$(seal_rows)
    while IFS= read -r row; do
        seal_find "$row"
        for place in "${seal_places[@]}"; do seal_found+=("$row"$'\t'"${place#"$seal_root"}"); done
    done <<< "$rows"
}

# Twice: what runs may have written meanwhile. What is there after that is not taken for sealed.
seal_apply() {
    local row rows attempt
    rows=$(seal_rows)
    # First: what is not sealed whole, and booted all the same, gets anew what it lacks.
    seal_note
    seal_lay_unit
    for attempt in 1 2; do
        while IFS= read -r row; do
            seal_find "$row"
            if ((${#seal_places[@]})); then seal_take_out "$row"; fi
        done <<< "$rows"
        if ((attempt == 1)); then seal_lay; fi
    done
    seal_check
    ((${#seal_found[@]} == 0)) || fail "it is not sealed: of one machine is still ${seal_found[0]/$'\t'/: }$(seal_more)"
}

seal_more() { if ((${#seal_found[@]} > 1)); then printf ', and %d more' $((${#seal_found[@]} - 1)); fi; }
