#!/usr/bin/env bats
# Sealing: what is of one machine is found, wherever it is, and gone afterwards; and what is not, stays.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317  # scripts of fakes; variables and functions that are shared with fake-zfs.bash and seal.sh
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    load sealed-machine
    ((EUID == 0)) || skip "takes root"
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    # The system in the folder has no programs: what would be called there is played here.
    fake_program chroot 'folder=$1; shift 2; while [[ $1 == -* || $1 == *=* ]]; do shift; done
        echo "$*" >> '"$PWD"'/called
        case $1 in mkinitramfs) file=$3 ;; dracut) file=$6 ;; *) exit 9 ;; esac
        mkdir -p packed/etc
        if [ -e "$folder/etc/hostid" ]; then cp "$folder/etc/hostid" packed/etc; fi
        touch --date=@0 packed/etc
        (cd packed && find . -mindepth 1 | cpio --quiet --reproducible --create --format=newc | gzip --no-name) > "$folder$file"
        rm -r packed'
    fake_program mount 'exit 0'
    fail() { printf 'fail: %s\n' "$*" >&2 && exit 1; }
    warn() { printf 'warn: %s\n' "$*" >&2; }
    say() { :; }
    # shellcheck source=/dev/null
    . "$KLDLOAD_LIB/seal.sh"
}

@test "two machines, sealed, are the same in all that is in them" {
    machine one "machine one"
    machine two "machine two"
    run ! diff -r one two
    run -0 kseal --root one
    run -0 kseal --root two
    sed -i '/^SEALED=/d' one/etc/kldload/seal.info two/etc/kldload/seal.info
    diff -r one two
    run ! grep -rl 'machine one' one
    run -0 kseal --check --root one
    [ "$output" = 'nothing of one machine was found' ]
}

@test "each row of the table is found by itself where it is planted, and nothing else is; then it is gone" {
    machine clean x
    kseal --root clean > /dev/null
    # In a shell of its own: bats looks at every line that it runs itself.
    cat > each << 'END'
set -uo pipefail
source "$1"
source "$KLDLOAD_LIB/seal.sh"
fail() { printf 'fail: %s\n' "$*" >&2 && exit 1; }
say() { :; }
bad=0
rows=$(seal_rows)
[[ -n $rows ]] || { echo 'the table has no rows' && bad=1; }
for row in $rows; do
    case $row in boot-environments | snapshots) continue ;; esac
    rm -rf planted && cp -a clean planted
    plant planted "$row" x
    ((${#planted[@]})) || { echo "$row: nothing is planted" && bad=1; }
    seal_open planted
    seal_check
    diff <(printf "$row\t%s\n" "${planted[@]}" | sort) <(printf '%s\n' "${seal_found[@]}" | sort) || { echo "$row: found otherwise than planted" && bad=1; }
    (seal_apply) || { echo "$row: not sealed" && bad=1; }
    seal_check
    ((${#seal_found[@]} == 0)) || { echo "$row: still there: ${seal_found[*]}" && bad=1; }
    seal_close
done
exit "$bad"
END
    run -0 bash each "$BATS_TEST_DIRNAME/sealed-machine.bash"
}

@test "what is not of one machine stays: settings, the keyboard for a passphrase, the words of the kernel, empty logs" {
    machine one x
    mkdir -p one/var/log/app
    echo line > one/var/log/app/app.log
    echo line > one/var/log/app/app.log.1
    chown 12345:12345 one/var/log/app/app.log
    echo data > one/home/admin/thesis.tex
    kseal --root one
    [ "$(cat one/etc/kernel/cmdline)" = 'rw nohibernate quiet' ]
    [ "$(cat one/etc/modprobe.d/spl.conf)" = 'options zfs zfs_arc_max=1' ]
    [ "$(cpio --quiet --list < one/boot/machine-0123456789abcdef.img | paste -sd' ')" = 'etc etc/default etc/default/keyboard etc/hostname' ]
    [ "$(stat --format='%s %u' one/var/log/app/app.log)" = '0 12345' ]
    [ ! -e one/var/log/app/app.log.1 ]
    [ "$(cat one/home/admin/thesis.tex)" = data ]
    [ -e one/etc/machine-id ] # a file that is missing is a first boot to systemd, an empty one is not
    grep -qx "KLDLOAD_HOSTNAME='node'" one/etc/kldload/answers.env
}

@test "what is found is told to a person in a line a row, and to a program with all places" {
    machine clean x
    kseal --root clean > /dev/null
    plant clean ssh-host-keys x
    touch clean/etc/ssh/ssh_host_other
    run -1 kseal --check --root clean
    [[ ${lines[1]} =~ ^ssh-host-keys\ +SSH\ host\ keys\ +/etc/ssh/ssh_host_of-ssh-host-keys\ and\ 1\ more$ ]]
    run -1 kseal --check --json --root clean
    [ "$(jq -c '[.sealed, .rows[0].row, .rows[0].found]' <<< "$output")" = '[false,"ssh-host-keys",["/etc/ssh/ssh_host_of-ssh-host-keys","/etc/ssh/ssh_host_other"]]' ]
    rm clean/etc/ssh/ssh_host_*
    run -0 kseal --check --json --root clean
    [ "$output" = '{"sealed":true,"rows":[]}' ]
}

@test "nobody can type a password any more; whoever has a key, and sudo, is asked for none" {
    machine one x
    echo 'ssh-ed25519 AAAA admin' > one/home/admin/.ssh/authorized_keys
    kseal --root one
    grep -q '^admin:\*:' one/etc/shadow
    [ "$(cat one/etc/sudoers.d/90-kldload)" = 'admin ALL=(ALL:ALL) NOPASSWD: ALL' ]
    [ "$(stat --format=%a one/etc/sudoers.d/90-kldload)" = 440 ]
    visudo -cf one/etc/sudoers.d/90-kldload || [ "$(type -t visudo)" = '' ]
    grep -qx "SEALED_PASSWORDS='locked'" one/etc/kldload/seal.info
}

@test "passwords stay where that was asked for" {
    machine one x
    kseal --root one --keep-password
    grep -q '^admin:\$6\$' one/etc/shadow
    grep -qx "SEALED_PASSWORDS='kept'" one/etc/kldload/seal.info
    [ ! -e one/etc/sudoers.d/90-kldload ]
    run -0 kseal --check --root one --keep-password
    run -1 kseal --check --root one
    [[ $output == *passwords*'/etc/shadow of admin and 1 more'* ]]
    [[ $output != *salt* ]]
}

@test "an initramfs that knows the machine is made anew, one that does not is left alone" {
    machine one x
    kseal --root one
    grep -qx 'mkinitramfs -o /boot/.initrd.img-6.1 6.1' called
    rm called
    kseal --root one
    [ ! -e called ]
    # dracut's: one of zeros is nobody's.
    mkdir -p made/etc && printf '\0\0\0\0' > made/etc/hostid
    (cd made && find . -mindepth 1 | cpio --quiet --create --format=newc | gzip) > one/boot/initramfs-5.14.img
    kseal --root one
    [ ! -e called ]
    number x > made/etc/hostid
    (cd made && find . -mindepth 1 | cpio --quiet --create --format=newc | gzip) > one/boot/initramfs-5.14.img
    kseal --root one
    grep -q '^dracut --no-hostonly ' called # of whatever hardware the copy will be on
    [ ! -e one/etc/hostid ]
}

@test "what can't be taken out is no sealed system" {
    machine one x
    fake_program chroot 'exit 3'
    run -1 kseal --root one
    [[ $output == *'the initramfs of kernel 6.1 can'"'"'t be made'* ]]
    [ ! -e one/etc/kldload/seal.info ]
    # Its keys may be gone: should it be booted, it makes itself new ones.
    [ -e one/etc/kldload/clone-pending ]
    [ -e one/etc/systemd/system/multi-user.target.wants/kldload-clone.service ]
    run -1 kseal --check --root one
}

@test "the copy gets the unit of its first boot, knows what to make anew, and cloud-init its settings" {
    machine one x
    touch one/usr/bin/cloud-init one/etc/wireguard/private.key
    mkdir -p one/etc/cloud
    touch one/etc/cloud/cloud-init.disabled
    kseal --root one
    [ -x one/usr/lib/kldload/clone/kldload-clone ]
    [ -e one/etc/systemd/system/multi-user.target.wants/kldload-clone.service ] # it leads to something
    grep -qx wireguard one/etc/kldload/clone-pending
    [ ! -e one/etc/cloud/cloud-init.disabled ]
    grep -qx 'datasource_list: \[NoCloud, ConfigDrive, OpenStack, Ec2, GCE, Azure, OVF, None\]' one/etc/cloud/cloud.cfg.d/95-kldload.cfg
    python3 -c 'import sys, yaml
settings = yaml.safe_load(open("one/etc/cloud/cloud.cfg.d/95-kldload.cfg"))
assert settings["growpart"] == {"mode": "off"} and settings["resize_rootfs"] is False, settings
assert settings["system_info"]["default_user"] == {"name": "admin", "gecos": "Administrator", "lock_passwd": True}, settings
assert settings["system_info"]["network"] == {"renderers": ["networkd"], "activators": ["networkd"]}, settings'
    # Sealed a second time, it still is known that there were keys.
    kseal --root one
    grep -qx wireguard one/etc/kldload/clone-pending
}

@test "snapshots and other boot environments of the pool are found, and go" {
    fake_system
    fake make rpool/ROOT/older canmount=noauto mountpoint=/
    zfs snapshot rpool/home@one
    seal_root='' seal_pool=rpool seal_places=()
    seal_find_snapshots
    [ "${seal_places[*]}" = rpool/home@one ]
    seal_remove_snapshots
    run ! zfs list rpool/home@one
    seal_places=()
    seal_find_boot_environments
    [ "${seal_places[*]}" = rpool/ROOT/older ]
    run -1 seal_remove_boot_environments # who has no tools says which
    [[ $output == *rpool/ROOT/older* ]]
    zfs snapshot rpool/home@kept
    zfs hold it rpool/home@kept
    seal_places=(rpool/home@kept)
    run -1 seal_remove_snapshots
    [[ $output == *'rpool/home@kept can'"'"'t be destroyed'* ]]
}

@test "the table says of each row what it is and how it is found, and nothing of it stands there twice" {
    local row rows seal_what seal_finder seal_remover
    rows=$(seal_rows)
    [ "$(sort <<< "$rows" | uniq -d)" = '' ]
    for row in $rows; do
        seal_read "$row"
        [[ -n $seal_what && -n $seal_finder && $seal_remover =~ ^(remove|empty|-)$ ]]
        [[ $seal_finder != - || $(type -t "seal_find_${row//-/_}") == function ]]
        [[ $seal_remover != - || $(type -t "seal_remove_${row//-/_}") == function ]]
    done
    [ "$(kseal --list --json | jq -r '.[].row')" = "$rows" ]
}

@test "a folder that is no system, and a machine that is none of ours, are refused with nothing changed" {
    run -1 kseal --root nothing
    mkdir empty
    run -1 kseal --root empty
    [[ $output == *'holds no system'* ]]
    run -1 kseal --yes < /dev/null
    [[ $output == *'/ is no boot environment'* ]]
    fake_system
    run -2 kseal --poweroff --root empty
    run -2 kseal --json
}

@test "on a machine that runs, what would write again is stopped, and the journal goes on in memory; what can't be stopped is said" {
    fake_program systemctl 'echo "$*" >> '"$PWD"'/called
        case $* in *is-active*rsyslog* | *is-active*random-seed* | "stop systemd-random-seed.service") ;; *) exit 1 ;; esac'
    fake_program journalctl 'echo "journalctl $*" >> '"$PWD"'/called'
    run -0 bash -c '. "$KLDLOAD_LIB/seal-running.sh"; warn() { echo "warn: $*"; }; running_stop'
    [ "$output" = "warn: rsyslog.service can't be stopped" ]
    [ "$(grep -v is-active called | paste -sd';')" = 'stop systemd-random-seed.service;stop rsyslog.service;journalctl --relinquish-var' ]
}
