#!/usr/bin/env bats
# Every external command that looks at disks, writes to them or makes the new system what was ordered fails, one after the
# other: before the wipe no disk was touched, and afterwards the machine can be installed to again. Needs root, for a root file system of its own.

load ../lib/keys

# made_medium: faults/medium, with the system in two archives and the signed list of all files, and the key of the signature.
made_medium() {
    local folder=faults/medium/darksite/debian/systems/server gpg
    mkdir -p "$folder/lists" faults/medium/{live,kldload}
    mksquashfs faults/system faults/medium/live/10-system.squashfs -quiet -no-progress
    mksquashfs faults/system "$folder/system.squashfs" -quiet -no-progress -e usr/sbin
    printf '%s\n' usr/sbin/nft usr/sbin/sanoid usr/sbin/locale-gen > "$folder/lists/0.list"
    printf '%s\n' 'live/10-system.squashfs 0.list 0' "${folder#faults/medium/}/system.squashfs - 100" > "$folder/lists/sources"
    cp -r faults/medium/darksite/debian/systems faults/darksite/debian/
    (cd faults/medium && find . -type f ! -path './kldload/*' -printf '%P\0' | sort --zero-terminated | xargs --null sha256sum > kldload/sha256sums)
    make_key gpg made
    gpg=(gpg --homedir "$PWD/gpg" --batch --quiet)
    "${gpg[@]}" --export > faults/key.gpg
    "${gpg[@]}" --armor --detach-sign faults/medium/kldload/sha256sums
    (cd faults/medium && sha256sum kldload/sha256sums.asc > kldload/signatures.sha256)
    "${gpg[@]}" --armor --detach-sign faults/medium/kldload/signatures.sha256
    gpgconf --homedir "$PWD/gpg" --kill all
}

setup_file() {
    [ "$(id -u)" -eq 0 ] || return 0
    live=$(cd "$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot" && pwd)
    cd "$BATS_FILE_TMPDIR" || return
    mkdir -p layers faults/bin faults/installer
    cp -r "$live/usr/lib/kldload-installer/." faults/installer/
    cp "$live/usr/sbin/kldload-install-target" faults/install-target
    # Packages and what boots them are others' business (bootstrap.bats, boot.bats); here a system on the medium is the new one.
    echo 'zfsutils-linux 2.3.9-1 amd64' > faults/profile
    mkdir -p faults/darksite/debian
    printf '%s\n' FAMILY=apt 'PROFILES=core server' CODENAME=trixie ARCHITECTURE=amd64 \
        'UPDATES=http://one.example.org/debian trixie main /usr/share/keyrings/debian-archive-keyring.gpg' > faults/darksite/debian/distribution
    echo 'BOOTSTRAP_DARKSITE=/faults/darksite' >> faults/installer/lib/distribution.sh
    mkdir -p faults/darksite/debian/profiles
    cp faults/profile faults/darksite/debian/profiles/server
    echo 'bootstrap_mounts() { :; }' >> faults/installer/lib/bootstrap.sh
    echo 'boot() { system_late_done; }' >> faults/installer/lib/boot.sh
    mkdir -p faults/system/{etc/default,home/admin,usr/sbin,usr/bin,usr/share/keyrings,usr/lib/systemd/system,var/lib}
    touch faults/system/etc/{passwd,group} faults/system/usr/sbin/{nft,sanoid,locale-gen} faults/system/usr/bin/wg \
        faults/system/usr/share/keyrings/debian-archive-keyring.gpg faults/system/usr/lib/systemd/system/nftables.service
    chmod +x faults/system/usr/sbin/locale-gen
    made_medium
    ssh-keygen -q -t ed25519 -N '' -C me -f faults/key
    echo 'postinstall() { :; }' >> faults/installer/lib/postinstall.sh

    # One program is all of them. What it was called with is in the log; the line that FAIL says fails each time. Programs
    # that write to a disk say so in `touched`; what it then holds is a file below state.
    cat > faults/program << 'END'
#!/bin/bash
here=$PWD
cd /faults
name=${0##*/}
line="$name ${*//$'\n'/ }" # programs of awk have several lines
printf '%s\n' "$line" >> log
if [[ $line == "${FAIL-}" ]]; then echo "$name: Input/output error" >&2; exit 5; fi
touched() { printf '%s %s\n' "$name" "$*" >> touched; }
parts() { echo /dev/vdb "$@"; if [[ -e state/table ]]; then printf '%s\n' "/dev/vdb1${1:+ part}" "/dev/vdb2${1:+ part}"; fi; }
case "$name $*" in
    lsblk*--inverse*) printf '%s\n' "${!#}" ;;
    'lsblk '*NAME,TYPE*) parts disk ;;
    'lsblk '*'NAME /dev/vdb') parts ;;
    'lsblk '*TYPE*) echo disk ;;
    'lsblk '*'RO '*) echo 0 ;;
    'lsblk '*SIZE*) echo '12G made' ;;
    'blockdev '*) echo 12884901888 ;;
    'findmnt '*TARGET*) printf '%s\n' 'overlay /' '/dev/sr0 /run/live/medium' ;;
    'wipefs --all'*) touched "$@" ;;
    'wipefs '*/dev/vdb) if [[ -e state/table ]]; then echo 'gpt'; fi ;;
    'sgdisk --zap-all'*) touched "$@" && rm -f state/table ;;
    'sgdisk '*) touched "$@" && touch state/table ;;
    'mkfs.vfat '* | 'dd '*) touched "$@" ;;
    'zpool labelclear'*) touched "$@" && exit 1 ;;
    'zpool create'*) cat > /dev/null && touched "$@" && touch state/pool ;;
    'zpool export'*) rm state/pool ;;
    'zpool list -H -o name'*) if [[ -e state/pool ]]; then echo rpool; fi ;;
    'zpool list rpool') [[ -e state/pool ]] || exit 1 ;;
    'zpool list -v'*) printf 'rpool 1\n\t/dev/vdb2 1\n' ;;
    'blkid '*) exit 2 ;;
    'mktemp '*) # the same names in every run
        number=$(/bin/grep -c ^mktemp log)
        /bin/rm -rf "/tmp/made-$number"
        /bin/mkdir "/tmp/made-$number"
        echo "/tmp/made-$number"
        ;;
    'chroot '*) cat > /dev/null && echo said ;;
    'systemd-id128 '*) echo 0123 ;;
    'zpool '* | 'zfs '* | 'zgenhostid '* | 'modprobe '* | 'udevadm '* | 'fuser '* | 'findmnt '* | 'umount '*) ;;
    *)
        cd "$here"
        for folder in /usr/sbin /usr/bin /sbin /bin; do if [[ -x $folder/$name ]]; then exec "$folder/$name" "$@"; fi; done
        exit 127
        ;;
esac
END
    chmod +x faults/program
    local name
    for name in lsblk blockdev findmnt losetup wipefs sgdisk mkfs.vfat zpool zfs zgenhostid modprobe udevadm blkid fuser umount swapoff dd \
        awk sort paste tr grep tac readlink mkdir mv install head rm cat sed chmod cp flock ln touch chroot systemd-id128 gpgv stat sha256sum nproc mkfifo mktemp unsquashfs; do
        ln -s ../program "faults/bin/$name"
    done
    cat > inside << END
set -eu
mount -t tmpfs tmpfs layers
mkdir layers/upper layers/work layers/root
mount -t overlay -o lowerdir=/,upperdir=\$PWD/layers/upper,workdir=\$PWD/layers/work overlay layers/root
root=\$PWD/layers/root
mount --bind /proc "\$root/proc"
mount -t tmpfs tmpfs "\$root/run"
mkdir -p "\$root/faults" "\$root"/target/root "\$root"/target/var/tmp "\$root/sys/firmware/efi" "\$root/sys/module/zfs/parameters"
cp -r faults/. "\$root/faults/"
touch "\$root/dev/vdb"
mknod -m 666 "\$root/dev/null" c 1 3
ln -s /proc/self/fd "\$root/dev/fd"
ln -s /proc/self/fd/0 "\$root/dev/stdin"
chroot "\$root" /bin/bash /faults/try
END
    # In that root: a run in which all goes well tells which commands there are; then each fails.
    cat > faults/try << 'END'
set -u
cd /faults
# install LINE FORCE: with LINE failing. Status in $?, what was said in said.
install() {
    : > log && : > touched
    printf '%s\n' KLDLOAD_DISK=/dev/vdb KLDLOAD_PASSWORD=x "KLDLOAD_SSH_KEYS='$(< key.pub)'" "KLDLOAD_FORCE_WIPE=$2" > answers
    FAIL=$1 KLDLOAD_MEDIUM=/faults/medium KLDLOAD_KEYRING=/faults/key.gpg KLDLOAD_NAMESPACE=yes KLDLOAD_INSTALLER=/faults/installer PATH=/faults/bin:$PATH bash /faults/install-target --config answers > said 2>&1
}
wrong() {
    printf 'WRONG %s: %s\n' "$1" "$2"
    cat said touched
    tail -n 5 /var/log/installer/kldload-installer.log
    bad=1
}
bad=0 tried=0 tolerated=()
declare -A again=()
mkdir -p state
install '' 0 || { cat said /var/log/installer/kldload-installer.log; exit 1; }
grep -q '^zpool create' touched || exit 1
sort --unique log > calls
while IFS= read -r -u 9 line; do
    rm -rf state /target /etc/hostid
    mkdir -p /target/root /target/var/tmp
    mkdir state
    tried=$((tried + 1))
    if install "$line" 0; then
        tolerated+=("$line")
        continue
    fi
    grep -q '^kldload: .*' said || wrong "$line" 'nothing was said'
    if grep -qE 'no disk was touched|in step (start|answers|disks):' said && [[ -s touched ]]; then wrong "$line" 'a disk was touched, and it says the contrary'; fi
    # Judging comes first: what fails before anything is written has the disk left as it was.
    if [[ -s touched ]] && ! grep -qE 'in step (partitions|pool|datasets|bootstrap|system|services|boot|finish):' said; then wrong "$line" 'a disk was touched too early'; fi
    if [[ -e state/pool ]] && ! grep -q 'still in use' said; then wrong "$line" 'the pool is in use, and that is not said'; fi
    step=$(sed -n 's/.* in step \([a-z]*\):.*/\1/p' said)
    if [[ -s touched && ($step =~ ^(partitions|pool|datasets|finish)$ || -z ${again[$step]-}) ]]; then
        again[$step]=yes # the disks are left alike by those in which nobody touches them
        grep -q 'KLDLOAD_FORCE_WIPE=1 overwrites what was begun' said || wrong "$line" 'it does not say how to begin anew'
        rm -rf /target
        mkdir -p /target/root /target/var/tmp
        install '' 1 || wrong "$line" 'it can not be installed to again'
        [[ ! -e state/pool ]] || wrong "$line" 'the pool is in use after the second time'
    fi
done 9< calls
printf 'tolerated: %s\n' "${tolerated[@]}"
printf 'tried %d\n' "$tried"
exit "$bad"
END
}

@test "each command of judging and wiping fails in turn" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    cd "$BATS_FILE_TMPDIR"
    run unshare --mount --propagation private bash ./inside
    echo "$output"
    [ "$status" -eq 0 ]
    # What is tolerated changes no judgement: the build's name in the manifest, one of two ways to lock root, the number of cores, a
    # folder that is left in memory, a label that is not there, and one of several looks at the pools.
    [ "$(sed -n 's/^tolerated: //; t end; d; :end s/^chroot .* passwd/chroot passwd/; p' <<< "$output")" = "$(printf '%s\n' 'cat /etc/kldload/build' \
        'chroot passwd --quiet --lock root' 'nproc ' 'rm -r /tmp/made-2' 'zpool labelclear -f /dev/vdb' 'zpool list rpool')" ]
    [ "$(sed -n 's/^tried //p' <<< "$output")" -ge 40 ]
}
