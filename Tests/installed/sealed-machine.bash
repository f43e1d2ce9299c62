# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are shared with seal.sh
# A system in a folder, with everything in it by which one machine is told from another: for each row of the table of seal.sh, made from
# that table, or by plant_ROW where a row is found by more than a name.

# machine FOLDER NAME: a whole one. What is of the machine says NAME somewhere.
machine() {
    local row rows
    mkdir -p "$1"/{etc/{ssh,kernel,sudoers.d,modprobe.d,kldload},boot/efi/loader,boot/efi/kldload,var/log,home/admin/.ssh,root,usr/bin,tmp}
    mkdir -p "$1"/var/tmp "$1"/var/lib/dbus
    printf 'root:x:0:0::/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/bash\n' > "$1/etc/passwd"
    printf 'root:!*:20000:0:99999:7:::\nadmin:*:20000:0:99999:7:::\n' > "$1/etc/shadow"
    printf 'sudo:x:27:admin\n' > "$1/etc/group"
    printf 'rw nohibernate\n' > "$1/etc/kernel/cmdline"
    printf "KLDLOAD_USERNAME='admin'\n" > "$1/etc/kldload/install-manifest.env"
    rows=$(seal_rows)
    for row in $rows; do plant "$1" "$row" "$2"; done
}

# plant FOLDER ROW NAME: what the row is about. `planted` are the places.
plant() {
    local seal_what seal_finder seal_remover words word path
    planted=()
    seal_read "$2"
    read -r -a words <<< "$seal_finder"
    for word in "${words[@]:1}"; do
        case ${words[0]} in
            files | content) path=${word/#esp:/\/boot\/efi} ;;
            homes) path=/home/admin/$word ;;
            below) path=$word/further/down ;;
        esac
        # A name that the pattern fits.
        path=${path//\*/of-$2}
        mkdir -p "$1${path%/*}"
        printf 'of %s\n' "$3" > "$1$path"
        planted+=("$path")
    done
    if [[ ${words[0]} == - ]]; then "plant_${2//-/_}" "$1" "$3"; fi
}

# number NAME: four bytes, which another name has otherwise.
number() { printf '%s' "$1" | sha256sum | cut -c -8 | tr -d '\n' | sed 's/../\\x&/g' | xargs -0 printf '%b'; }

plant_hostid_settings() {
    printf 'options zfs zfs_arc_max=1\noptions spl spl_hostid=0x%s\n' "$(printf %s "$2" | sha256sum | cut -c -8)" > "$1/etc/modprobe.d/spl.conf"
    printf 'rw nohibernate spl.spl_hostid=0x12345678 quiet\n' > "$1/etc/kernel/cmdline"
    planted=(/etc/modprobe.d/spl.conf /etc/kernel/cmdline)
}

# archive FILE NAME: of a hostid, and of the keyboard, as a machine adds it to its initramfs.
archive() {
    mkdir -p made/etc/default
    number "$2" > made/etc/hostid
    echo node > made/etc/hostname
    echo XKBLAYOUT=de > made/etc/default/keyboard
    (cd made && find . -mindepth 1 | cpio --quiet --create --format=newc) > "$1"
    rm -r made
}

plant_hostid_archive() {
    archive "$1/boot/machine-0123456789abcdef.img" "$2"
    cp "$1/boot/machine-0123456789abcdef.img" "$1/boot/efi/kldload/0123456789abcdef.machine"
    planted=(/boot/machine-0123456789abcdef.img /boot/efi/kldload/0123456789abcdef.machine)
}

# What packs an initramfs in that system, here: it takes what /etc has.
plant_hostid_initramfs() {
    mkdir -p made/etc
    number "$2" > made/etc/hostid
    (cd made && find . -mindepth 1 | cpio --quiet --create --format=newc | gzip) > "$1/boot/initrd.img-6.1"
    rm -r made
    planted=(/boot/initrd.img-6.1)
}

plant_secrets() {
    printf "# answers\nKLDLOAD_ZFS_PASSPHRASE='of %s'\nexport KLDLOAD_EXPORT_SCP_PASSWORD='x'\nKLDLOAD_HOSTNAME='node'\n" "$2" > "$1/etc/kldload/answers.env"
    planted=(/etc/kldload/answers.env)
}

plant_passwords() {
    local hash
    # shellcheck disable=SC2016  # of crypt(5)
    hash='$6$salt$'$(printf %s "$2" | sha256sum | cut -c -40)
    printf 'root:!*:20000:0:99999:7:::\nadmin:%s:20000:0:99999:7:::\nlocked:!%s:20000::::::\nsshd:!*:20000::::::\n' "$hash" "$hash" > "$1/etc/shadow"
    planted=('/etc/shadow of admin' '/etc/shadow of locked')
}

# Of a pool, which a folder has none of; they are planted by tests of their own.
plant_boot_environments() { :; }
plant_snapshots() { :; }
