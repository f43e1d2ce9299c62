# shellcheck shell=bash
# shellcheck disable=SC2154  # variables are shared with seal.sh
# What a sealed system has instead of what was taken out: the unit that makes a machine of its own of each copy, and cloud-init's settings.

seal_pending=/etc/kldload/clone-pending

# seal_note: what the first boot is to make anew, because it was there: a word a line, kept until it is known.
seal_note() {
    local pending=$seal_root$seal_pending
    if [[ -e $seal_root/etc/wireguard/private.key ]]; then seal_note_word wireguard; fi
    if [[ -e $seal_root/etc/ssl/private/ssl-cert-snakeoil.key ]]; then seal_note_word snakeoil; fi
    mkdir -p "${pending%/*}"
    touch "$pending"
}

seal_note_word() {
    local pending=$seal_root$seal_pending
    mkdir -p "${pending%/*}"
    if [[ ! -e $pending ]] || ! grep --quiet --line-regexp "$1" "$pending"; then printf '%s\n' "$1" >> "$pending"; fi
}

seal_lay() {
    seal_lay_cloud_init
    seal_lay_info
    # The menu of what is sealed: by the name of the pool, whose number will be another one, and with force; see boot-menu.sh.
    if [[ -n $seal_pool ]]; then
        seal_in env KLDLOAD_POOL="$seal_pool" KLDLOAD_ESPS="${KLDLOAD_ESPS:-}" kldload-boot sync || fail "the boot menu of what is sealed can't be written; see above"
    fi
}

# The profile core has none of the tools, and gets these two files here.
seal_lay_unit() {
    local from=${BASH_SOURCE[0]%/*}/clone to=$seal_root/usr/lib/kldload/clone units=$seal_root/etc/systemd/system
    if [[ ! $from -ef $to ]]; then
        install -D -m 755 "$from/kldload-clone" "$to/kldload-clone"
        install -D -m 644 "$from/kldload-clone.service" "$to/kldload-clone.service"
    fi
    install -D -m 644 "$from/kldload-clone.service" "$units/kldload-clone.service"
    mkdir -p "$units/multi-user.target.wants"
    ln --symbolic --force ../kldload-clone.service "$units/multi-user.target.wants/kldload-clone.service"
}

# Where no datasource is found, cloud-init's own generator (ds-identify) leaves it off, and nothing waits for anything.
seal_lay_cloud_init() {
    local folder=$seal_root/etc/cloud name locked=true network=networkd
    if [[ ! -e $seal_root/usr/bin/cloud-init ]]; then return; fi
    name=$(seal_administrator)
    if [[ $seal_keep_password == yes ]]; then locked=false; fi
    # Who sets up the network here. Left to itself, cloud-init takes ifupdown where that is, and both would do it.
    if [[ -x $seal_root/usr/sbin/NetworkManager ]]; then network='network-manager'; fi
    rm -f "$folder/cloud-init.disabled"
    mkdir -p "$folder/cloud.cfg.d"
    {
        cat << 'END'
# Of kseal(8). A file that comes later in this folder, or user data, has the last word.
datasource_list: [NoCloud, ConfigDrive, OpenStack, Ec2, GCE, Azure, OVF, None]
# The root is on ZFS, and neither of these knows how that grows: kldload-clone.service has done it before cloud-init starts.
growpart: {mode: "off"}
resize_rootfs: false
# The name of the machine can be looked up by itself, whoever gives it.
manage_etc_hosts: localhost
END
        printf '%s\n' 'system_info:' '  network:' "    renderers: [$network]" "    activators: [$network]"
        if [[ -n $name ]]; then
            printf '%s\n' '  # Keys that a cloud gives are for who was named when this was installed.' '  default_user:' \
                "    name: $name" '    gecos: Administrator' "    lock_passwd: $locked"
        fi
    } > "$folder/cloud.cfg.d/95-kldload.cfg"
}

# seal_administrator: by the answers that the system was installed with; nothing where they don't say, or nobody has that name.
seal_administrator() {
    local manifest=$seal_root/etc/kldload/install-manifest.env name=''
    if [[ -e $manifest ]]; then name=$(sed -n "s/^KLDLOAD_USERNAME='\([a-z_][a-z0-9_-]*\)'\$/\1/p" "$manifest"); fi
    if [[ -n $name ]] && grep --quiet "^$name:" "$seal_root/etc/passwd"; then printf '%s\n' "$name"; fi
}

seal_lay_info() {
    local passwords=locked
    if [[ $seal_keep_password == yes ]]; then passwords=kept; fi
    {
        printf '# This system was sealed: each copy of it becomes a machine of its own at its first boot.\n'
        printf "SEALED='%s'\nSEALED_BY='%s'\nSEALED_PASSWORDS='%s'\n" "$(date --utc +%Y-%m-%dT%H:%M:%SZ)" "${seal_by:-${tool:-kldload}}" "$passwords"
    } > "$seal_root/etc/kldload/seal.info"
    chmod 644 "$seal_root/etc/kldload/seal.info"
}
