#!/usr/bin/env bats
# What the machine is like afterwards: its consoles, the features and labels of its pool, what is held and told; and what it must have.
bats_require_minimum_version 1.5.0

setup() {
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p target/usr/lib
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { :; }
run() { "\$@"; }
fail() { printf 'fail: %s\n' "\$*"; exit 1; }
for name in bootstrap machine disks pool initramfs boot services seal finish; do source "$library/\$name.sh"; done
TARGET=$PWD/target KLDLOAD_DISTRO=debian KLDLOAD_PROFILE=server KLDLOAD_KERNEL_OPTIONS=
KLDLOAD_SEAL=0 KLDLOAD_SEAL_PASSWORDS=lock KLDLOAD_EXPORT_FORMAT=none KLDLOAD_STORAGE_MODE=zfs INSTALLER="${library%/lib}"
END
}

# consoles CMDLINE ACTIVE TERMINAL
consoles() {
    echo "$1" > cmdline
    echo "$2" > active
    run -0 env BOOT_CMDLINE=cmdline BOOT_ACTIVE=active bash -c "source ./around; ps() { echo $3; }; boot_consoles"
}

@test "the consoles of the live system are handed on, as far as the machine has them" {
    consoles 'boot=live console=tty0 console=ttyS0,115200n8 quiet' 'tty0 ttyS0' '?'
    [ "$output" = 'console=tty0 console=ttyS0,115200n8' ]
    consoles 'boot=live console=ttyS0,115200n8' 'ttyS0' '?'
    [ "$output" = 'console=ttyS0,115200n8' ]
    consoles 'boot=live console=tty0 console=ttyS0,115200n8' 'tty0' '?' # a laptop
    [ "$output" = '' ]
    consoles 'boot=live' 'tty0' 'tty1'
    [ "$output" = '' ]
}

@test "a passphrase is asked for where the installation was started from" {
    consoles 'console=tty0 console=ttyS0,115200n8' 'ttyS0 tty0' tty1
    [ "$output" = 'console=ttyS0,115200n8 console=tty0' ]
    consoles 'console=ttyS0,115200n8 console=tty0' 'ttyS0 tty0' ttyS0
    [ "$output" = 'console=tty0 console=ttyS0,115200n8' ]
    consoles 'console=tty0 console=ttyS0,115200n8' 'ttyS0 tty0' pts/0
    [ "$output" = 'console=tty0 console=ttyS0,115200n8' ]
}

# settings OPTIONS: what the kernel is told.
settings() {
    run -0 env options="$1" bash -c 'source ./around; KLDLOAD_KERNEL_OPTIONS=$options disk_esps=(/dev/vda1)
        boot_consoles() { echo console=ttyS0; }; in_target() { :; }; pool_mount_list() { :; }; lsblk() { echo 1234; }; boot_settings'
    cat target/etc/kernel/cmdline
}

@test "answers that name a console have the last word; and no machine hibernates" {
    [ "$(settings '')" = 'rw nohibernate console=ttyS0' ]
    [ "$(settings 'quiet')" = 'rw nohibernate quiet console=ttyS0' ]
    [ "$(settings 'console=tty0 quiet')" = 'rw nohibernate console=tty0 quiet' ]
    [ -e target/usr/lib/clock-epoch ]
}

@test "an initramfs that can't find and open the root is refused, whoever makes it" {
    # made LINE…: an initramfs with these files, by TOOL; the installer wants the machine's number in it.
    made() {
        printf '%s\n' "$@" > listing
        run env TOOL="$tool" bash -c 'source ./around; in_target() { :; }; in_target_quietly() { cat listing; }
            if [[ $TOOL == initramfs-tools ]]; then mkdir -p target/etc/initramfs-tools; fi; boot_initramfs 6.1'
    }
    local tool=dracut zfs=(lib/modules/6.1/{spl,zfs}.ko.xz usr/sbin/{zpool,zfs}) without
    made "${zfs[@]}"
    [ "$status" -eq 0 ]
    made "${zfs[@]:1}"
    [[ $status -eq 1 && $output == *'lacks what finds and opens the root: /spl\.ko' ]]
    tool=initramfs-tools
    made "${zfs[@]}" scripts/zfs etc/hostid
    [ "$status" -eq 0 ]
    [ "$(cat target/etc/initramfs-tools/conf.d/kldload.conf)" = $'COMPRESS=zstd\nCOMPRESSLEVEL=3' ]
    for without in scripts/zfs etc/hostid; do
        made "${zfs[@]}" "$([ "$without" = etc/hostid ] && echo scripts/zfs || echo etc/hostid)"
        [[ $status -eq 1 && $output == *"the root: "*"$without\$" ]]
    done
}

@test "the hooks are installed, to be called, and those of systemd-boot are not called any more" {
    mkdir -p target/etc/{kernel/{postinst,postrm}.d,initramfs/post-update.d} target/usr/lib/systemd/boot/efi
    touch target/usr/lib/systemd/boot/efi/systemd-bootx64.efi
    install -m 755 /dev/null target/etc/kernel/postinst.d/zz-systemd-boot
    install -m 755 /dev/null target/etc/kernel/postinst.d/initramfs-tools
    install -m 755 /dev/null target/etc/initramfs/post-update.d/systemd-boot
    run -0 env INSTALLER="${library%/lib}" bash -c 'source ./around; boot_target_files'
    run -0 run-parts --test target/etc/kernel/postinst.d
    [ "$output" = "$(printf 'target/etc/kernel/postinst.d/%s\n' dkms-kldload initramfs-tools zz-kldload)" ]
    run -0 run-parts --test target/etc/kernel/postrm.d
    [ "$output" = target/etc/kernel/postrm.d/zz-kldload ]
    run -0 run-parts --test target/etc/kernel/header_postinst.d
    [ "$output" = "$(printf 'target/etc/kernel/header_postinst.d/%s\n' dkms-kldload zz-kldload)" ]
    run -0 run-parts --test target/etc/initramfs/post-update.d
    [ "$output" = target/etc/initramfs/post-update.d/kldload ]
}

@test "the pool has the features of the ZFS that is installed, or of the next older one" {
    mkdir features
    touch features/openzfs-{2.0,2.1,2.2,2.3}-{linux,freebsd} features/openzfs-2.3 features/zol-0.8
    features() { run -0 bash -c "source ./around; pool_features '$1' features"; }
    features 2.3 && [ "$output" = openzfs-2.3-linux ]
    features 2.2 && [ "$output" = openzfs-2.2-linux ]
    features 2.10 && [ "$output" = openzfs-2.3-linux ]
    features 1.9 && [ "$output" = '' ]
    features '' && [ "$output" = '' ]
    printf '%s\n' 'zfsutils-linux 2.3.9-1 amd64' 'zfs-zed 2.3.9-1 amd64' > debian
    printf '%s\n' 'zfs-dracut 2.1.15-1.el9 noarch' 'zfs 1:2.1.15-1.el9 x86_64' > rocky
    run -0 bash -c 'source ./around; bootstrap_profile() { echo debian; }; pool_zfs_version; bootstrap_profile() { echo rocky; }; pool_zfs_version'
    [ "$output" = $'2.3\n2.1' ]
}

@test "features are named as this ZFS and zpool create know them; the pool grows with its disks, and has a number of its own" {
    fake_programs='modprobe() { :; }; pool_cache() { :; }; zgenhostid() { echo "zgenhostid $*" >> said; }
        zpool() { echo "zpool $*" >> said; }; zfs() { :; }; bootstrap_profile() { echo profile; }; pool_features() { echo "openzfs-$1-linux"; }'
    echo 'zfsutils-linux 2.3.9-1 amd64' > profile
    run -0 bash -c "source ./around; $fake_programs"'; TARGET=$PWD/target KLDLOAD_ZFS_DEDUP=0 KLDLOAD_ZFS_TOPOLOGY=single KLDLOAD_ZFS_ENCRYPT=0
        KLDLOAD_ZFS_PASSPHRASE= disk_pools=(/dev/vda2); pool_create'
    grep -q '^zpool create -f .*-o autoexpand=on .*-o compatibility=openzfs-2.3-linux .*-R .*target rpool /dev/vda2$' said
    grep -qx 'zgenhostid -f' said
}

@test "labels of a pool that was there once go from both ends of a disk and its partitions" {
    head -c 5000192 /dev/zero | tr '\0' x > part
    run -0 bash -c 'source ./around; blockdev() { stat --format=%s "$2"; }; disks_wipe_ends part'
    [ "$(stat --format=%s part)" -eq 5000192 ]
    cmp --bytes=1048576 part /dev/zero
    tail -c 1048576 part > end
    cmp --bytes=1048576 end /dev/zero
    [ "$(tr -d '\0' < part | wc -c)" -eq $((5000192 - 2 * 1048576)) ]
}

@test "who logs in is told in three lines what is held, and how updates come" {
    told() {
        run -0 bash -c "source ./around; $1"'; mkdir -p target/usr/bin; touch target/usr/bin/dpkg; services_told; cat target/etc/motd.d/kldload'
        [ "${#lines[@]}" -eq 3 ]
    }
    told 'services_held=(linux-headers-amd64 linux-image-amd64)'
    [[ ${lines[1]} == *'apt update && apt full-upgrade'* ]]
    [[ ${lines[2]} == *'Held back until you want them: linux-headers-amd64 linux-image-amd64.'*'apt-mark unhold'* ]]
    told :
    [[ ${lines[2]} == *'one without a ZFS module for it is never booted'* ]]
    # Where kst is, it tells more; and a file in /etc would hide what it writes.
    rm target/etc/motd.d/kldload
    run -0 bash -c 'source ./around; mkdir -p target/usr/sbin; touch target/usr/sbin/kst; services_told; ls target/etc/motd.d'
    [ -z "$output" ]
}

@test "what is held is asked of apt, which must say the same" {
    run -0 bash -c 'source ./around; mkdir -p target/usr/bin target/var/lib/dpkg/info; touch target/usr/bin/dpkg target/var/lib/dpkg/info/linux-{image,headers}-amd64.list
        in_target() { cat > selections; }; in_target_quietly() { sed "s/ hold//" selections; }; services_holds; cat selections'
    [ "$output" = $'linux-headers-amd64 hold\nlinux-image-amd64 hold' ]
    run -1 bash -c 'source ./around; in_target() { cat > /dev/null; }; in_target_quietly() { echo linux-image-amd64; }; services_holds'
    [[ $output == *'what is held is "linux-image-amd64", not "linux-headers-amd64 linux-image-amd64"'* ]]
}

@test "units that come with an enabled one, and are not wanted, are disabled after it" {
    run -0 bash -c 'source ./around; mkdir -p target/usr/lib/systemd/system; touch target/usr/lib/systemd/system/systemd-networkd{,-wait-online}.service
        services_enabled=(systemd-networkd.service) services_disabled=(systemd-networkd-wait-online.service)
        in_target() { echo "$*"; }; services_apply'
    [ "${lines[-1]}" = 'systemctl disable systemd-networkd-wait-online.service' ]
}

@test "a machine with too little memory is refused before a disk is touched" {
    printf 'MemTotal:  %s kB\n' $((700 * 1024)) > meminfo
    run -0 env KLDLOAD_MEMINFO=meminfo bash -c 'source ./around; machine_lacks_memory'
    [ "$output" = '700 MiB of memory are too few, 900 are the least' ]
    printf 'MemTotal:  %s kB\n' $((960 * 1024)) > meminfo
    run -0 env KLDLOAD_MEMINFO=meminfo bash -c 'source ./around; machine_lacks_memory'
    [ "$output" = '' ]
}

@test "dnf finds the plugin that takes a snapshot, whatever Python's version; a target without dnf needs none" {
    run -0 bash -c 'source ./around; services_transactions; find target -name kldload.py'
    [ -z "$output" ]
    mkdir -p target/usr/lib/python3.12/site-packages/dnf-plugins
    run -0 bash -c 'source ./around; services_transactions'
    [ "$(readlink target/usr/lib/python3.12/site-packages/dnf-plugins/kldload.py)" = /usr/lib/kldload/dnf-plugins/kldload.py ]
}

# finished: the steps of finish(), in their order.
finished() {
    run -0 bash -c "source ./around; $1"'; for name in finish_manifest finish_clean finish_labels finish_log seal_target export_note; do eval "$name() { echo $name; }"; done
        zfs() { echo "zfs $*"; }; zpool() { echo "zpool $*"; }; pool_release() { echo release; }; finish'
}

@test "sealing is the last change but for labels; then what is free is trimmed, and the pool let go of, without a snapshot or a log" {
    finished KLDLOAD_SEAL=1
    [ "$output" = "$(printf '%s\n' finish_manifest finish_clean seal_target finish_labels 'zfs inherit sync rpool' 'zpool sync rpool' 'zpool sync rpool' \
        'zpool sync rpool' 'zpool sync rpool' export_note release)" ]
    finished :
    [ "$output" = "$(printf '%s\n' finish_manifest finish_clean finish_labels 'zfs inherit sync rpool' 'zpool sync rpool' \
        'zfs snapshot -r rpool@install' finish_log release)" ]
}

@test "a disk that can't be trimmed is said, and is no reason to end" {
    run -0 bash -c 'source ./around; say() { echo "say: $*"; }; zpool() { if [[ $1 == trim ]]; then echo "$*: trim operations are not supported by this device"; return 1; fi; }; seal_trim'
    [[ $output == *'say: what is free on the disk could not be trimmed'*'trim -w rpool: trim operations are not supported'* ]]
}

@test "the installer seals by the list of kseal" {
    mkdir -p target/{etc/ssh,usr/bin,boot/efi} esp
    echo key > target/etc/ssh/ssh_host_rsa_key
    echo 0123456789abcdef0123456789abcdef > target/etc/machine-id
    # shellcheck disable=SC2016  # for the inner shell
    run -0 env KLDLOAD_RUN="$PWD/run" bash -c 'source ./around; KLDLOAD_SEAL=1
        zfs() { case $* in *snapshot*) ;; *) printf "%s\n" rpool/ROOT rpool/ROOT/default ;; esac; }
        zpool() { printf "rpool\t1\n\t/dev/vda2\t1\n"; }
        lsblk() { case $* in *PKNAME*) echo /dev/vda ;; *) echo "/dev/vda1 c12a7328-f81f-11d2-ba4b-00a0c93ec93b" ;; esac; }
        findmnt() { case $* in *mountpoint*) echo rpool/ROOT/default ;; *) echo "$PWD/esp" ;; esac; }
        chroot() { echo "chroot $*"; }
        seal_target'
    [[ $output == *'KLDLOAD_POOL=rpool KLDLOAD_ESPS= kldload-boot sync'* ]]
    [ ! -e target/etc/ssh/ssh_host_rsa_key ]
    [ ! -s target/etc/machine-id ]
    grep -qx "SEALED_BY='installer'" target/etc/kldload/seal.info
    [ -x target/usr/lib/kldload/clone/kldload-clone ] # of the profile core, too
}
