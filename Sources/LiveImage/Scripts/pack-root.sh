# shellcheck shell=bash
# Packs a root in which a package manager has installed a system: that of the container it runs in, or a folder. It stands before the
# script that calls it.
#
#   root_forget ROOT             removes what belongs to one machine, to one day, or to the container alone
#   root_pack FILE ROOT NAME…    writes the root as a tar archive; same packages, same bytes. What matches a NAME is left out.
#
# SOURCE_DATE_EPOCH is the latest time that may appear in it. ROOT is / or the path of a folder.

root_forget() {
    local root=${1%/} day=$((SOURCE_DATE_EPOCH / 86400)) folder
    for folder in "$root"/var/log "$root"/var/cache/apt "$root"/var/lib/apt/lists; do
        [[ ! -d $folder ]] || find "$folder" -type f -delete
    done
    root_plain_folder "$root/var/log/journal"
    rm -rf "$root"/var/cache/{ldconfig,debconf/*-old,man} "$root"/var/lib/dpkg/*-old "$root"/var/tmp/* "$root"/root/.wget-hsts
    rm -f "$root"/etc/{passwd-,group-,shadow-,gshadow-,subuid-,subgid-,.pwd.lock}
    rm -f "$root"/var/lib/systemd/{random-seed,credential.secret} "$root"/var/lib/urandom/random-seed
    rm -f "$root"/etc/ssh/ssh_host_* "$root"/var/lib/dkms/mok.*
    rm -f "$root"/etc/hostid "$root"/etc/nvme/host{id,nqn} "$root"/etc/iscsi/initiatorname.iscsi
    # systemd fills an empty machine-id at boot; D-Bus reads the same one.
    if [[ -e $root/etc/machine-id ]]; then : > "$root/etc/machine-id"; fi
    if [[ -f $root/var/lib/dbus/machine-id ]]; then ln -sfn /etc/machine-id "$root/var/lib/dbus/machine-id"; fi
    [[ ! -f $root/etc/shadow ]] || sed -E -i "s/^([^:]*:[^:]*:)[1-9][0-9]*:/\1$day:/" "$root/etc/shadow"
}

# root_plain_folder FOLDER: a folder that is empty now gets back its owner and mode, and no ACL. tar writes that as two attributes, in the
# order in which the file system tells them: ext4 another one than btrfs. systemd-tmpfiles sets that of the journal at every boot.
root_plain_folder() {
    [[ -d $1 ]] || return 0
    mkdir "$1.plain"
    chown --reference="$1" "$1.plain"
    chmod --reference="$1" "$1.plain"
    rm -r "$1"
    mv "$1.plain" "$1"
}

# root_mount_points ROOT FOLDER: what a container mounts over the root's own folders and files cannot be written in place: it joins the
# archive from there. The mounted folders change while they are read, too.
root_mount_points() {
    local etc=$2/etc
    mkdir -p "$etc" "$2"/{dev,proc,run,sys,tmp}
    chmod 755 "$2"
    chmod 1777 "$2/tmp"
    printf 'localhost\n' > "$etc/hostname"
    printf '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n' > "$etc/hosts"
    if [[ -e ${1%/}/usr/lib/systemd/system/systemd-resolved.service ]]; then
        ln -s ../run/systemd/resolve/stub-resolv.conf "$etc/resolv.conf"
    else
        : > "$etc/resolv.conf"
    fi
}

# Labels of SELinux are those that the container has on the host that builds; the installer sets the system's own.
root_pack() {
    local file=$1 root=$2 extra
    shift 2
    extra=$(mktemp -d)
    root_mount_points "$root" "$extra"
    tar --create --file "$file.part" \
        --format=pax --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --sort=name --numeric-owner --owner-map=/dev/null --group-map=/dev/null \
        --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime \
        --xattrs --xattrs-include='*' --xattrs-exclude='security.selinux' --acls \
        --anchored \
        --exclude=./{dev,proc,run,sys,tmp,in,out} \
        --exclude=./etc/{hosts,hostname,resolv.conf} \
        "${@/#/--exclude=}" \
        --directory="$root" . \
        --directory="$extra" {dev,proc,run,sys,tmp} etc/{hostname,hosts,resolv.conf}
    rm -rf "$extra"
    mv "$file.part" "$file"
}
