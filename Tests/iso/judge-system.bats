#!/usr/bin/env bats
# The judge of systems finds each thing that it forbids, by its name; and what packs a system leaves none of them in it. Some need root.
# shellcheck disable=SC2154 # bats sets output, status and lines
bats_require_minimum_version 1.5.0

setup() {
    judge=$BATS_TEST_DIRNAME/judge-system
    cd "$BATS_TEST_TMPDIR" || return
    export SOURCE_DATE_EPOCH=1700000000
    made_root
}

# made_root: ./root, as a system is that was packed.
made_root() {
    rm -rf root
    mkdir -p root/{dev,proc,run,sys,tmp,root,usr/sbin} root/etc/{ssh,dpkg/dpkg.cfg.d} root/var/{log/journal,cache/apt/archives,tmp} \
        root/var/lib/{dpkg,apt/lists/partial,systemd}
    echo localhost > root/etc/hostname
    printf '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n' > root/etc/hosts
    touch root/etc/{machine-id,resolv.conf}
    printf 'root:*:%s:0:99999:7:::\nadmin:!::::::\n' $((SOURCE_DATE_EPOCH / 86400)) > root/etc/shadow
    printf '%s\n' /bin/sh /bin/sh.distrib dash > root/var/lib/dpkg/diversions # a package's own
    echo '# force-unsafe-io' > root/etc/dpkg/dpkg.cfg.d/own
    stamp
}

stamp() { find root -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }

plant() { # plant PATH: so that it is forbidden
    mkdir -p "$(dirname "root/$1")"
    case $1 in
        etc/shadow) printf 'admin:*:%s:0:99999:7:::\n' $((SOURCE_DATE_EPOCH / 86400 + 1)) >> "root/$1" ;;
        etc/hosts) printf '10.88.0.2\t4f1d0ab2\n' >> "root/$1" ;;
        etc/dpkg/dpkg.cfg.d/*) echo force-unsafe-io > "root/$1" ;;
        var/lib/dpkg/diversions) printf '%s\n' /usr/sbin/update-initramfs /usr/sbin/update-initramfs.real : >> "root/$1" ;;
        *) echo planted > "root/$1" ;;
    esac
    stamp
    if [[ $1 == planted ]]; then touch --date="@$((SOURCE_DATE_EPOCH + 1))" "root/$1"; fi # for its time alone
}

archive() { tar --create --format=gnu --numeric-owner --directory=root --file=root.tar .; }

@test "a system as it should be is passed, as a folder and as an archive" {
    run -0 "$judge" root
    [[ $output != *FOUND* && ${lines[0]} == 'ok      no number of the machine' ]]
    archive
    run -0 "$judge" root.tar
}

@test "each forbidden thing is found and named, in a folder and in an archive" {
    local path thing said tried=0
    "$judge" --list > list
    while IFS=$'\t' read -r path thing; do
        made_root
        plant "$path"
        archive
        for said in root root.tar; do
            run "$judge" "$said"
            [[ $status -eq 1 && $(grep '^FOUND' <<< "$output") == "FOUND   $thing: $path" ]] || {
                printf '%s in %s: status %s\n%s\n' "$path" "$said" "$status" "$output"
                return 1
            }
        done
        tried=$((tried + 1))
    done < list
    [ "$tried" -ge 40 ]
}

@test "a time of access or of change that an archive keeps counts" {
    tar --create --format=pax --directory=root --file=root.tar .
    run -1 "$judge" root.tar
    [[ $output == *'FOUND   later time: '* ]]
}

@test "nothing is judged without the latest time, and what is not there is no system" {
    run -2 env -u SOURCE_DATE_EPOCH "$judge" root
    run -2 "$judge" nowhere
    mkdir empty
    run -2 "$judge" empty
    echo text > text
    run -2 --separate-stderr "$judge" text
    [[ $stderr == 'judge-system: '* ]]
}

@test "what packs a system leaves none of them in it" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    local path
    "$judge" --list > list
    # What was put in the way of programs, the setting of dpkg's, and what dnf leaves are undone by who did that, before.
    while IFS=$'\t' read -r path _; do
        case $path in
            usr/sbin/policy-rc.d | var/lib/dpkg/diversions | etc/dpkg/dpkg.cfg.d/*) ;;
            var/cache/dnf/* | var/cache/libdnf5/* | var/cache/yum/* | var/cache/PackageKit/* | var/lib/dnf/* | var/lib/rpm/* | boot/*) ;;
            *) plant "$path" ;;
        esac
    done < list
    run -1 "$judge" root
    [ "$(grep -c '^ok' <<< "$output")" -eq 4 ]
    ln -s usr/{bin,lib,lib64,sbin} root/
    mknod root/dev/null c 1 3
    cp "$BATS_TEST_DIRNAME/../../Sources/LiveImage/Scripts/pack-root.sh" root/run/
    # The programs are this machine's, and stay out of the archive.
    run -0 unshare --mount --propagation private bash -euc '
        mount --bind -o ro /usr root/usr
        chroot root /bin/bash -euo pipefail -c "source /run/pack-root.sh; root_forget /; root_pack /run/system.tar / ./usr"'
    run -0 "$judge" root/run/system.tar
    run -0 tar --list --file root/run/system.tar
    [[ $output == *./etc/shadow* && $output == *./var/lib/dpkg/diversions* ]]
}

@test "the system of an image is judged as the installer puts it together" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    local folder=medium/darksite/debian/systems/core
    mkdir -p "$folder/lists" medium/{live,kldload}
    printf '%s\n' 'version 4' 'distribution debian apt amd64' 'snapshot debian trixie 2023-11-14T22:13:20Z 1 0' \
        'distribution ubuntu apt amd64' 'snapshot ubuntu noble 2033-11-14T22:13:20Z 1 0' > medium/kldload/deploy.lock
    mksquashfs root "$folder/system.squashfs" -quiet -no-progress > mksquashfs.log
    plant etc/ssh/ssh_host_rsa_key
    plant var/log/syslog
    mksquashfs root medium/live/10-system.squashfs -quiet -no-progress > mksquashfs.log
    echo etc/ssh/ssh_host_rsa_key > "$folder/lists/0.list"
    printf '%s\n' 'live/10-system.squashfs 0.list 8' "${folder#medium/}/system.squashfs - 100" > "$folder/lists/sources"
    unset SOURCE_DATE_EPOCH
    xorriso -outdev image.iso -map medium / > xorriso.log 2>&1
    for image in medium image.iso; do
        run -1 "$judge" "$image" core
        [[ $(grep '^FOUND' <<< "$output") == 'FOUND   key of the machine: etc/ssh/ssh_host_rsa_key' ]] || {
            echo "$output"
            false
        }
    done
    run -2 "$judge" medium server
    [[ $output == *'has no system server of debian'* ]]
}
