#!/usr/bin/env bats
# kupgrade: the system that runs is never touched; what would not come up is never tried; what is interrupted can be done again.
bats_require_minimum_version 1.5.0
# shellcheck disable=SC2016  # fakes are scripts in single quotes

setup() {
    load fake-zfs
    load made-archive
    type -P apt-ftparchive > /dev/null || skip "no apt-utils"
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    made_archive
    echo quiet > cmdline
    export KLDLOAD_CMDLINE=$PWD/cmdline
    mkdir -p "$root"/{sbin,usr/sbin,boot,etc/initramfs-tools,usr/lib/modules/6.12.9}
    touch "$root/usr/lib/modules/6.12.9/zfs.ko"
    echo kernel > "$root/boot/vmlinuz-6.12.9"
    echo 1234 > "$root/etc/hostid"
    printf '#!/bin/sh\necho systemd 257\n' > "$root/sbin/init"
    chmod +x "$root/sbin/init"
    fake_program kldload-boot 'echo "$*" >> '"$PWD"'/boot-said
        if [ -e '"$PWD"'/boot-fails ] && grep -qx "$1" '"$PWD"'/boot-fails; then echo "kldload-boot: no" >&2; exit 1; fi
        case $1 in
            default) zpool set "bootfs=rpool/ROOT/$2" rpool; zfs inherit kldload:trial rpool/ROOT ;;
            trial) zfs set "kldload:trial=$2" kldload:trial-kind=trial "kldload:trial-tries=$3" kldload:trial-id=1 rpool/ROOT ;;
        esac'
    # In place of a chroot: its root is in inside, and apt works on that one.
    fake_program unshare 'while [ "$1" != - ]; do shift; done; shift; root=$1; shift $((2 + $2))
        sed "s|$FAKE_ROOT|$root|g" "$APT_CONFIG" > "$APT_CONFIG.inside"
        export APT_CONFIG=$APT_CONFIG.inside inside=$root KLDLOAD_SNAPSHOT=no KLDLOAD_BOOT_LATER=yes
        if [ -e "$root/usr/sbin/policy-rc.d" ]; then echo "$1" >> '"$PWD"'/without-services; fi
        case $1 in readlink) [ -e "$root/sbin/init" ] && exec echo /sbin/init; exit 1 ;; /*) exec "$root$1" "${@:2}" ;; *) exec "$@" ;; esac'
    fake_program modinfo 'root=$2 version=$4; [ -e "$root/usr/lib/modules/$version/zfs.ko" ] || exit 1
        case "$5 $6" in "--filename zfs") echo "$root/usr/lib/modules/$version/zfs.ko" ;; *vermagic) echo "$version SMP" ;; *version) echo 2.3.2 ;; esac'
    fake_program update-initramfs 'echo "$*" >> '"$PWD"'/initramfs-said
        if [ -e '"$PWD"'/initramfs ]; then cat '"$PWD"'/initramfs; else printf "%s\n" a/zfs.ko a/spl.ko sbin/zpool sbin/zfs etc/hostid scripts/zfs; fi > "$inside/boot/initrd.img-$3"'
    fake_program lsinitramfs 'cat "$1"'
    fake_program apt-mark 'echo "$*" >> '"$PWD"'/mark-said; if [ "$1" = showhold ] && [ -e '"$PWD"'/holds ]; then cat '"$PWD"'/holds; fi'
    package hello 1.0
    package needed 1
    archive
    apt-get -q -y install hello needed > /dev/null
    zfs destroy -r "$(zfs list -H -t snapshot -o name -r rpool/ROOT/default)"
    package hello 1.1
    archive
}

version_in() { dpkg-query --admindir="$1/var/lib/dpkg" --show --showformat '${Version}' hello; }
environments() { zfs list -H -d 1 -o name rpool/ROOT | sed -n 's,^rpool/ROOT/,,p'; }

nothing_changed() {
    [ "$(environments)" = default ]
    [ -z "$(zfs list -H -t snapshot -o name -r rpool)" ]
    [ "$(version_in "$root")" = 1.0 ]
    [ "$(zpool get -H -o value bootfs rpool)" = rpool/ROOT/default ]
    [ "$(zfs get -H -o value kldload:trial rpool/ROOT)" = - ]
    [ -z "$(ls run/be 2> /dev/null)" ]
}

@test "the upgrade is in a boot environment of its own, which is tried next" {
    run -0 kupgrade --yes --tries 3
    [[ $output == *'~ hello 1.0 → 1.1'*'an initramfs that finds the pool'*'1 changed; it will be tried at the next start, 3 times at most'* ]]
    name=$(environments | tail -n 1)
    [[ $name == upgrade-20* ]]
    [ "$(tail -n 1 boot-said)" = "trial $name 3" ]
    [ "$(version_in "$root")" = 1.0 ]
    folder=$(kbe mount "$name")
    [ "$(version_in "$folder")" = 1.1 ]
    [ ! -e "$folder/usr/sbin/policy-rc.d" ]
    grep -qx apt-get without-services
    [ "$(zfs get -H -o value kldload:state "rpool/ROOT/$name")" = - ]
    [ "$(zfs get -H -o value kldload:by "rpool/ROOT/$name")" = kupgrade ]
    # It waits; one at a time.
    kbe umount "$name"
    run -1 kupgrade --yes
    [[ $output == *"$name is waiting to be tried at the next start"* ]]
}

@test "where there is nothing to do, nothing is made" {
    apt-get -q -y install hello > /dev/null
    run -0 kupgrade --yes
    [ "$output" = 'nothing to upgrade' ]
    [ "$(environments)" = default ]
    [ ! -e boot-said ]
}

@test "without a terminal and without --yes nothing happens" {
    run -1 kupgrade < /dev/null
    [[ $output == *'nothing was changed'*'--yes'* ]]
    nothing_changed
}

@test "what fails inside leaves nothing behind" {
    mkdir -p package-hello-1.2/DEBIAN
    printf 'Package: hello\nVersion: 1.2\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' > package-hello-1.2/DEBIAN/control
    printf '#!/bin/sh\nexit 1\n' > package-hello-1.2/DEBIAN/preinst && chmod 755 package-hello-1.2/DEBIAN/preinst
    dpkg-deb --root-owner-group --build package-hello-1.2 archive/hello_1.2_all.deb > /dev/null
    archive
    run -1 kupgrade --yes
    [[ $output == *'apt did not get to its end'*'nothing was changed'* ]]
    nothing_changed
}

@test "what would not come up is not tried: no kernel with ZFS, no init, an initramfs without ZFS, another hostid" {
    rm "$root/usr/lib/modules/6.12.9/zfs.ko"
    run -1 kupgrade --yes
    [[ $output == *'kernel 6.12.9 has no ZFS module'*'none of its kernels has a ZFS module'* ]]
    nothing_changed
    touch "$root/usr/lib/modules/6.12.9/zfs.ko"

    rm "$root/sbin/init"
    run -1 kupgrade --yes
    [[ $output == *'it has no /sbin/init'* ]]
    nothing_changed
    printf '#!/bin/sh\nexit 127\n' > "$root/sbin/init" && chmod +x "$root/sbin/init"
    run -1 kupgrade --yes
    [[ $output == *'its systemd does not even say its version'* ]]
    nothing_changed
    printf '#!/bin/sh\nexit 0\n' > "$root/sbin/init"

    echo a/zfs.ko > initramfs
    run -1 kupgrade --yes
    [[ $output == *'its initramfs lacks what finds and opens the root'* ]]
    nothing_changed
    rm initramfs

    mkdir -p "$root/usr/src/zfs-2.3.9" && echo 'Linux-Maximum: 6.11' > "$root/usr/src/zfs-2.3.9/META"
    run -1 kupgrade --yes
    [[ $output == *'kernel 6.12.9 is beyond what its ZFS supports (up to 6.11)'* ]]
    nothing_changed
    rm -r "$root/usr/src"

    rm archive/hello_1.1_all.deb && mkdir -p package-hello-1.1/etc && echo 9999 > package-hello-1.1/etc/hostid
    dpkg-deb --root-owner-group --build package-hello-1.1 archive/hello_1.1_all.deb > /dev/null && archive
    run -1 kupgrade --yes
    [[ $output == *'its /etc/hostid is another one'* ]]
    nothing_changed
}

@test "a newer kernel without a module is left out, the one before it boots; dkms is asked first" {
    touch "$root/boot/vmlinuz-6.13.0"
    printf '#!/bin/sh\n' > "$root/usr/sbin/dkms" && chmod +x "$root/usr/sbin/dkms"
    fake_program dkms 'echo "$*" >> '"$PWD"'/dkms-said; exit 11'
    run -0 kupgrade --yes
    [[ $output == *'kernel 6.13.0 has no ZFS module, and will not be booted'*'it has kernel 6.12.9'* ]]
    [ "$(cat dkms-said)" = 'autoinstall -k 6.13.0' ]
    [ "$(cat initramfs-said)" = '-u -k 6.12.9' ]
}

@test "of its kernels the newest and the running one stay; the boot environment before keeps all" {
    fake_program uname 'echo 6.12.9'
    for version in 6.12.7 6.12.8 6.12.9 6.12.10; do package "linux-image-$version" 1 && package "linux-headers-$version" 1; done
    archive
    apt-get -q -y install linux-{image,headers}-6.12.{7,8,9,10} > /dev/null
    run -0 kupgrade --yes
    [[ $output == *'older kernels go from it: linux-headers-6.12.7 linux-headers-6.12.8 linux-image-6.12.7 linux-image-6.12.8'* ]]
    folder=$(kbe mount "$(zfs get -H -o value kldload:trial rpool/ROOT)")
    [ "$(dpkg-query --admindir="$folder/var/lib/dpkg" --show --showformat '${Package} ' 'linux-image-*')" = 'linux-image-6.12.10 linux-image-6.12.9 ' ]
    [ "$(dpkg-query --admindir="$root/var/lib/dpkg" --show --showformat '${Package} ' 'linux-image-*' | wc -w)" -eq 4 ]
}

@test "no room in the pool, or a menu that can't be written: nothing is left" {
    fake set rpool/ROOT available=1000000
    run -1 kupgrade --yes
    [[ $output == *'and an upgrade may take 1G'* ]]
    nothing_changed
    fake set rpool/ROOT available=10000000000
    echo trial > boot-fails
    run -1 kupgrade --yes
    [[ $output == *"can't be tried; see above"* ]]
    nothing_changed
    echo room > boot-fails
    run -1 kupgrade --yes --kernel
    [[ $output == *'no room for one more kernel'* ]]
    nothing_changed
}

@test "killed at any moment, it leaves what boots alone, and can be done again" {
    for moment in 'zfs snapshot' 'zfs clone' mount apt-get init update-initramfs 'zfs inherit'; do
        rm -f boot-said
        # The process that asks for this is killed, as by a power cut: nothing of it is tidied up.
        case $moment in
            apt-get) fake_program apt-get 'if [ -n "${inside:-}" ] && [ -e '"$PWD"'/cut ]; then /usr/bin/apt-get "$@"; kill -9 $(cat '"$PWD"'/pid); fi; exec /usr/bin/apt-get "$@"' ;;
            init) fake_program apt-get 'exec /usr/bin/apt-get "$@"'
                printf '#!/bin/sh\nif [ -e %q ]; then kill -9 $(cat %q); fi\n' "$PWD/cut" "$PWD/pid" > "$root/sbin/init" ;;
            update-initramfs) sed -i '2i if [ -e '"$PWD"'/cut ]; then kill -9 $(cat '"$PWD"'/pid); fi' bin/update-initramfs ;;
            *)
                cp "bin/${moment% *}" "bin/real-${moment% *}"
                fake_program "${moment% *}" 'real-'"${moment% *}"' "$@" || exit; if [ -e '"$PWD"'/cut ] && [[ "'"$moment"' " == "'"${moment% *}"' $1 "* || "'"$moment"'" == mount ]]; then kill -9 $(cat '"$PWD"'/pid); fi'
                ;;
        esac
        touch cut
        bash -c 'echo $$ > pid; exec kupgrade --yes' > /dev/null 2>&1 || : # it is killed
        rm cut
        echo "killed at: $moment: $(environments | tr '\n' ' ')"
        [ "$(version_in "$root")" = 1.0 ]
        [ "$(zpool get -H -o value bootfs rpool)" = rpool/ROOT/default ]
        [ ! -e boot-said ] || ! grep -q '^trial' boot-said
        if [ -e "bin/real-${moment% *}" ]; then mv "bin/real-${moment% *}" "bin/${moment% *}"; fi
        run -0 flock run/kupgrade.lock true # what it had started has ended, too
        run -0 kupgrade --yes
        name=$(zfs get -H -o value kldload:trial rpool/ROOT)
        folder=$(kbe mount "$name")
        [ "$(version_in "$folder")" = 1.1 ]
        kbe umount "$name"
        [ "$(zfs list -H -d 1 -o kldload:state rpool/ROOT | sort -u)" = - ]
        run -0 kupgrade --undo --yes
        for name in $(environments); do [ "$name" = default ] || kbe destroy "$name" --yes; done
        [ "$(environments)" = default ]
        [ -z "$(zfs list -H -t snapshot -o name -r rpool)" ]
    done
}

@test "an upgrade that was not tried yet is taken away; one that runs gives way to the one before" {
    kupgrade --yes
    name=$(environments | tail -n 1)
    run -0 kupgrade --undo --yes
    [[ $output == *"$name is gone; default boots"* ]]
    nothing_changed
    run -1 kupgrade --undo --yes
    [[ $output == *'default, which runs, was made by no upgrade'* ]]
    kupgrade --yes
    zpool set "bootfs=rpool/ROOT/$name" rpool
    zfs inherit kldload:trial rpool/ROOT
    fake_program findmnt 'case $* in *"--mountpoint /") echo rpool/ROOT/'"$name"' ;; *) exit 1 ;; esac'
    run -0 kupgrade --undo --yes
    [[ $output == *'default boots from now on'* ]]
    [ "$(tail -n 1 boot-said)" = 'default default' ]
}

@test "what there is to upgrade is said, and changes nothing" {
    echo linux-image-amd64 > holds
    run -0 kupgrade --check
    [[ $output == *'~ hello 1.0 → 1.1'*'held back: linux-image-amd64'* ]]
    run -0 kupgrade --check --json
    [ "$output" = '{"upgrades":[{"name":"hello","before":"1.0","after":"1.1","security":false}],"held":["linux-image-amd64"]}' ]
    run -0 kupgrade --check --security
    [[ $output == 'nothing to upgrade'* ]]
    rm archive/Packages
    run -1 kupgrade --check
    [[ $output == *"what there is to have can't be read"* ]]
    nothing_changed
}

@test "security alone is taken by the name of its archive" {
    mkdir security && mv archive/hello_1.1_all.deb security/ && archive
    (cd security && apt-ftparchive packages . > Packages && apt-ftparchive -o APT::FTPArchive::Release::Suite=stable-security release . > Release)
    echo "deb [trusted=yes] file:$PWD/security ./" >> "$root/etc/apt/sources.list"
    package needed 2
    archive
    run -0 kupgrade --check --security
    [[ $output == *'hello 1.0 → 1.1  (security)'* && $output != *needed* ]]
    run -0 kupgrade --yes --security
    name=$(zfs get -H -o value kldload:trial rpool/ROOT)
    folder=$(kbe mount "$name")
    [ "$(version_in "$folder")" = 1.1 ]
    [ "$(dpkg-query --admindir="$folder/var/lib/dpkg" --show --showformat '${Version}' needed)" = 1 ]
}

@test "here and now: with a snapshot before, and a way back" {
    run -0 kupgrade --apply-now --yes
    [ "$(version_in "$root")" = 1.1 ]
    [ "$(environments)" = default ]
    [[ $(zfs list -H -t snapshot -o name -r rpool) == rpool/ROOT/default@kpkg-upgrade-* ]]
    run -0 kpkg undo --yes
    [ "$(version_in "$root")" = 1.0 ]
    run -0 kupgrade --download-only
    [ "$(version_in "$root")" = 1.0 ]
}

@test "those of upgrades long ago go; what runs and boots stays" {
    for number in 1 2 3 4; do
        kbe create "upgrade-$number"
        zfs set kldload:by=kupgrade "rpool/ROOT/upgrade-$number"
        fake now "$((1800000000 + number))"
    done
    zpool set bootfs=rpool/ROOT/upgrade-1 rpool
    run -0 kupgrade --yes
    [ "$(environments | grep -c '^upgrade-[1234]$')" -eq 3 ]
    [ "$(environments | grep -x upgrade-1)" = upgrade-1 ]
    [ -z "$(environments | grep -x upgrade-2)" ]
}

@test "nonsense is refused" {
    run -2 kupgrade --check --undo
    run -2 kupgrade --tries 0
    run -2 kupgrade --json
    run -2 kupgrade now
}

@test "from a medium alone: what it brings and takes away, the next key, and let go of it whatever happens" {
    # update-source.sh has tests of its own; here is what it would say. The machine's own source has hello 1.1.
    rm lib/update-source.sh
    cat > lib/update-source.sh << END
update_source_open() {
    if [[ \$1 != /dev/stick ]]; then fail "\$1: no"; fi
    mkdir -p "$PWD/opened/apt/partial"
    echo "deb [trusted=yes] file:$PWD/medium ./" > "$PWD/opened/sources.list"
    update_source_apt_options=(-o "Dir::Etc::SourceList=$PWD/opened/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$PWD/opened/apt/" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
}
update_source_check() {
    update_source_state=\$(cat "$PWD/medium-state")
    update_source_arriving=(hello=1.2 linux-image-7=7) update_source_leaving=(needed) update_source_differences=('other is newer')
}
update_source_take_key() { echo "\$1" > "$PWD/key-for"; update_source_next_key=ABCD; }
update_source_close() { rm -r "$PWD/opened"; echo closed >> "$PWD/closed"; }
END
    package hello 1.2
    package linux-image-7 7
    archive
    mkdir medium && mv archive/{hello_1.2,linux-image-7}*.deb medium/ && (cd medium && apt-ftparchive packages . > Packages)
    archive
    echo ready > medium-state
    run -1 kupgrade --from /dev/other --yes
    [[ $output == *'/dev/other: no'* ]]
    nothing_changed
    rm -f closed
    run -0 --separate-stderr kupgrade --check --json --from /dev/stick
    [ "$(jq -c '.upgrades | map([.name, .before, .after])' <<< "$output")" = '[["hello","1.0","1.2"],["linux-image-7",null,"7"],["needed","1",null]]' ]
    [ "$(cat closed)" = closed ]
    run -0 kupgrade --from /dev/stick --yes
    [[ $output == *'other is newer'*'  ~ hello 1.0 → 1.2'*'  + linux-image-7 7'*'  - needed 1'*'the next key, ABCD'* ]]
    name=$(environments | tail -n 1)
    [ "$(tail -n 1 boot-said)" = "trial $name 2" ]
    grep -qx 'room default' boot-said # a kernel comes
    [ "$(version_in "$root")" = 1.0 ]
    folder=$(kbe mount "$name")
    [ "$(dpkg-query --admindir="$folder/var/lib/dpkg" --show --showformat '${db:Status-Abbrev}${Package} ${Version}\n' | sed -n 's/^ii //p')" \
        = $'hello 1.2\nlinux-image-7 7' ]
    [[ $(cat key-for) == */"$name" && $(wc -l < closed) -eq 2 ]]
    kbe umount "$name"
    kupgrade --undo --yes
    # It stands in the middle, and is as before.
    rm medium/linux-image-7*.deb
    run -1 kupgrade --from /dev/stick --yes
    nothing_changed
    [ "$(wc -l < closed)" -eq 3 ]
    echo current > medium-state
    run -0 kupgrade --from /dev/stick --yes
    [[ $output == 'nothing to upgrade' ]]
    run -2 kupgrade --from
    run -2 kupgrade --from /dev/stick --security
    run -2 kupgrade --from /dev/stick --undo
}
