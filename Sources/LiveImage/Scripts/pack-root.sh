# shellcheck shell=bash
# Packs the root of the container that it runs in, in which dpkg has installed a system. It stands before the script that calls it.
#
#   root_forget             removes what belongs to one machine, to one day, or to the container alone
#   root_pack FILE NAME…    writes the root as a tar archive; same packages, same bytes. What matches a NAME is left out.
#
# SOURCE_DATE_EPOCH is the latest time that may appear in it.

root_forget() {
    local day=$((SOURCE_DATE_EPOCH / 86400)) folder
    for folder in /var/log /var/cache/apt /var/lib/apt/lists; do
        [[ ! -d $folder ]] || find "$folder" -type f -delete
    done
    rm -rf /var/cache/ldconfig /var/cache/debconf/*-old /var/cache/man /var/lib/dpkg/*-old /var/tmp/* /root/.wget-hsts
    rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/.pwd.lock
    rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /var/lib/urandom/random-seed
    rm -f /etc/ssh/ssh_host_* /var/lib/dkms/mok.*
    rm -f /etc/hostid /etc/nvme/host{id,nqn} /etc/iscsi/initiatorname.iscsi
    # systemd fills an empty machine-id at boot; D-Bus reads the same one.
    if [[ -e /etc/machine-id ]]; then : > /etc/machine-id; fi
    if [[ -f /var/lib/dbus/machine-id ]]; then ln -sfn /etc/machine-id /var/lib/dbus/machine-id; fi
    [[ ! -f /etc/shadow ]] || sed -E -i "s/^([^:]*:[^:]*:)[1-9][0-9]*:/\1$day:/" /etc/shadow
}

# root_mount_points FOLDER: what the container mounts over the root's own folders and files cannot be written in place: it joins the
# archive from there. The mounted folders change while they are read, too.
root_mount_points() {
    local etc=$1/etc
    mkdir -p "$etc" "$1"/{dev,proc,run,sys,tmp}
    chmod 755 "$1"
    chmod 1777 "$1/tmp"
    printf 'localhost\n' > "$etc/hostname"
    printf '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n' > "$etc/hosts"
    if [[ -e /usr/lib/systemd/system/systemd-resolved.service ]]; then
        ln -s ../run/systemd/resolve/stub-resolv.conf "$etc/resolv.conf"
    else
        : > "$etc/resolv.conf"
    fi
}

root_pack() {
    local file=$1 extra
    shift
    extra=$(mktemp -d)
    root_mount_points "$extra"
    tar --create --file "$file.part" \
        --format=pax --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --sort=name --numeric-owner --owner-map=/dev/null --group-map=/dev/null \
        --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime \
        --xattrs --xattrs-include='*' --xattrs-exclude='security.selinux' --acls \
        --anchored \
        --exclude=./{dev,proc,run,sys,tmp,in,out} \
        --exclude=./etc/{hosts,hostname,resolv.conf} \
        "${@/#/--exclude=}" \
        --directory=/ . \
        --directory="$extra" {dev,proc,run,sys,tmp} etc/{hostname,hosts,resolv.conf}
    rm -rf "$extra"
    mv "$file.part" "$file"
}
