#!/bin/bash
# shellcheck shell=bash
# What must be true of a system that was just installed. `deploy test` sources this in the machine, as root, and calls one
# function after the other, in the order of this file, each in a shell of its own under `set -eu`. A function that fails says why;
# status 77 means that it can't be looked at here.
#
#   installed_…  after the first boot from the disk
#   second_…     after the machine was started anew, in the boot environment `second`
#   restored_…   after it was started again, in `default`, which was rolled back to a snapshot
#   degraded_…   after it was started without its first disk, where the others hold all that was on it
#
# A name that goes on with in_PROFILE_ is looked at in that profile alone.
#
# Given: PROFILE, HOSTNAME_WANTED, USERNAME, DISKS (a number), TOPOLOGY, ENCRYPTED (0 or 1), TIMEZONE, LOCALE, SECRETS (an array),
# and the profile's packages as the ISO has them in /run/kldload-test/profile: name, version, architecture a line.

fail() {
    printf '%s\n' "$*" >&2
    return 1
}

skip() {
    printf '%s\n' "$*"
    exit 77
}

equal() { [[ $2 == "$3" ]] || fail "$1 is \"$2\", not \"$3\""; }

installed_the_pool_is_healthy() {
    local state
    state=$(zpool status -x rpool)
    equal "the pool's state" "$state" "pool 'rpool' is healthy"
}

installed_the_pool_is_as_ordered() {
    local layout leaves
    layout=$(zpool status -P rpool | awk '$1 ~ /^(mirror|raidz)/ { print $1 }')
    case $TOPOLOGY in
        mirror) [[ $layout == mirror-0 ]] || fail "there is no mirror: $layout" ;;
        raidz) [[ $layout == raidz1-0 ]] || fail "there is no raidz: $layout" ;;
        *) equal "the layout" "$layout" "" ;;
    esac
    leaves=$(zpool status -P rpool | grep -c ' /dev/')
    equal "the number of disks" "$leaves" "$DISKS"
    equal autotrim "$(zpool get -H -o value autotrim rpool)" on
    equal ashift "$(zpool get -H -o value ashift rpool)" 12
    equal autoexpand "$(zpool get -H -o value autoexpand rpool)" on
    [[ $(zpool get -H -o value compatibility rpool) == openzfs-*-linux ]] || fail "zpool upgrade would turn on anything"
    local property value
    while read -r property value; do
        equal "$property" "$(zfs get -H -o value "$property" rpool/ROOT/default)" "$value"
    done << 'END'
compression lz4
acltype posix
END
    # Since OpenZFS 2.3 "on" is another word for "sa".
    [[ $(zfs get -H -o value xattr rpool/ROOT/default) != dir ]] || fail "extended attributes are files of their own"
    [[ $(zfs get -H -o value normalization rpool/ROOT/default) == form[CD] ]] || fail "names are not normalized"
}

installed_root_is_the_first_boot_environment() {
    equal "the root file system" "$(findmnt --noheadings --output SOURCE /)" rpool/ROOT/default
    equal bootfs "$(zpool get -H -o value bootfs rpool)" rpool/ROOT/default
}

installed_data_and_logs_are_outside_of_the_boot_environment() {
    local folder source
    for folder in /home /root /srv /var/log /var/cache; do
        source=$(findmnt --noheadings --output SOURCE --target "$folder")
        if [[ $source == rpool/ROOT/* && $folder != /root ]]; then fail "$folder is on $source"; fi
    done
}

installed_encryption_is_as_ordered() {
    local cipher
    cipher=$(zfs get -H -o value encryption rpool/ROOT/default)
    if [[ $ENCRYPTED == 1 ]]; then
        equal "the cipher" "$cipher" aes-256-gcm
        equal "the key's format" "$(zfs get -H -o value keyformat "$(zfs get -H -o value encryptionroot rpool/ROOT/default)")" passphrase
    else
        equal "the cipher" "$cipher" off
    fi
}

installed_no_unit_failed() {
    local state failed
    state=$(systemctl is-system-running --wait) || true # the state says it
    failed=$(systemctl list-units --failed --plain --no-legend)
    [[ -z $failed ]] || {
        systemctl status --no-pager --failed | tail -n 40
        fail "failed: $failed"
    }
    equal "the system" "$state" running
}

installed_kernel_and_module_match() {
    local kernel wanted
    kernel=$(uname -r)
    wanted=$(modinfo --field vermagic zfs)
    [[ $wanted == "$kernel "* ]] || fail "the module on the disk is for $wanted, and $kernel runs"
    equal "the module that is loaded" "$(< /sys/module/zfs/version)" "$(modinfo --field version zfs)"
    equal "ZFS's programs" "$(zfs version | sed -n '1s/^zfs-//p')" "$(zfs version | sed -n '2s/^zfs-kmod-//p')"
}

installed_there_is_one_kernel() {
    local kernels
    kernels=$(find /lib/modules -mindepth 1 -maxdepth 1 -printf '%f\n')
    equal "what is in /lib/modules" "$kernels" "$(uname -r)"
}

installed_the_initramfs_holds_zfs() {
    local image list
    image=/boot/initrd.img-$(uname -r)
    list=$(lsinitramfs "$image")
    grep -q '/zfs\.ko' <<< "$list" || fail "$image has no zfs.ko"
    grep -q 'bin/zpool$' <<< "$list" || fail "$image has no zpool"
}

# The digests of what each disk boots by default, kernel and initramfs, must be those of the files in /boot.
every_disk_boots_what_is_in_boot() {
    local part parts folder=/run/kldload-test/esp entry version wanted digest named file
    mkdir -p "$folder"
    parts=$(lsblk --noheadings --raw --paths --output NAME,PARTTYPE | awk 'tolower($2) == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" { print $1 }')
    [[ -n $parts ]] || fail "no disk has an EFI system partition"
    for part in $parts; do
        mount -o ro "$part" "$folder"
        entry=$folder/loader/entries/$(sed -n 's/^default //p' "$folder/loader/loader.conf")
        version=$(sed -n 's/^version //p' "$entry")
        equal "the kernel that $part boots" "$version" "$(uname -r)"
        # An initramfs that was made for any machine has a second archive beside it.
        wanted=("/boot/vmlinuz-$version" "/boot/initrd.img-$version")
        digest=$(sha256sum "/boot/initrd.img-$version")
        if [[ -e /boot/machine-${digest:0:16}.img ]]; then wanted+=("/boot/machine-${digest:0:16}.img"); fi
        named=$(sed -nE 's/^(linux|initrd) //p' "$entry")
        equal "the number of files that $part boots" "$(wc -l <<< "$named")" "${#wanted[@]}"
        for file in "${wanted[@]}"; do
            cmp "$folder${named%%$'\n'*}" "$file" || fail "$part does not boot $file"
            named=${named#*$'\n'}
        done
        umount "$folder"
    done
}

installed_an_update_of_the_initramfs_reaches_every_disk() {
    [[ -x /usr/sbin/update-initramfs ]] || skip "no initramfs-tools"
    every_disk_boots_what_is_in_boot
    local before
    before=$(sha256sum "/boot/initrd.img-$(uname -r)")
    echo '# a change' > /etc/modprobe.d/kldload-test.conf
    update-initramfs -u
    [[ $(sha256sum "/boot/initrd.img-$(uname -r)") != "$before" ]] || fail "the initramfs was not made again"
    every_disk_boots_what_is_in_boot
    rm /etc/modprobe.d/kldload-test.conf
}

installed_dkms_knows_zfs() {
    [[ -x /usr/sbin/dkms ]] || skip "no DKMS: modules come with the kernel"
    [[ $(dkms status) == zfs/* ]] || fail "DKMS does not know ZFS: no later kernel would get a module"
}

installed_the_root_is_found_by_the_number_of_its_pool() {
    [[ -x /usr/sbin/update-initramfs ]] || skip "dracut knows names only"
    grep -q " root=ZFS=$(zpool get -H -o value guid rpool)/ROOT/" <<< " $(< /proc/cmdline)" || fail "$(< /proc/cmdline)"
    grep -qw nohibernate /proc/cmdline || fail "it may hibernate"
}

installed_every_disk_can_boot() {
    local parts part folder
    mapfile -t parts < <(lsblk --noheadings --raw --paths --output NAME,PARTTYPE \
        | awk 'tolower($2) == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" { print $1 }')
    equal "the number of EFI system partitions" "${#parts[@]}" "$DISKS"
    for part in "${parts[@]}"; do
        # One that is mounted for writing can't be mounted again for reading alone.
        folder=$(findmnt --noheadings --first-only --output TARGET --source "$part") || {
            folder=/run/kldload-test/esp
            mkdir -p "$folder"
            mount -o ro "$part" "$folder"
        }
        [[ -e $folder/EFI/BOOT/BOOTX64.EFI ]] || fail "$part has no boot loader where empty firmware looks for it"
        local kernels
        kernels=$(find "$folder" -ipath '*default*' -type f | wc -l)
        ((kernels > 0)) || fail "$part has nothing for the boot environment default"
        [[ $folder != /run/* ]] || umount "$folder"
    done
}

installed_the_packages_of_the_profile_are_there() {
    local missing
    missing=$(comm -23 <(sort /run/kldload-test/profile) \
        <(dpkg-query --show --showformat '${db:Status-Status} ${Package} ${Version} ${Architecture}\n' | sed -n 's/^installed //p' | sort))
    [[ -z $missing ]] || fail "not installed: ${missing//$'\n'/; }"
}

installed_the_package_manager_is_content() {
    local said
    said=$(dpkg --audit)
    equal "what dpkg complains of" "$said" ""
    apt-get check --quiet=2
}

installed_nothing_of_the_installation_is_left() {
    local left
    left=$(findmnt --noheadings --list --output TARGET | grep -E '^/(target|mnt)(/|$)' || true) # none is right
    equal "what is mounted at /target and /mnt" "$left" ""
    [[ ! -e /etc/apt/sources.list.d/kldload-darksite.sources ]] || grep -q '^Enabled: no' /etc/apt/sources.list.d/kldload-darksite.sources \
        || fail "apt is still told of the mirror on the medium"
    equal "the owner of /" "$(stat --format '%U:%G %a' /)" "root:root 755"
}

installed_names_places_and_people_are_as_ordered() {
    equal "the host's name" "$(hostname)" "$HOSTNAME_WANTED"
    equal "the time zone" "$(readlink -f /etc/localtime)" "/usr/share/zoneinfo/$TIMEZONE"
    grep -q "^LANG=\"\\?$LOCALE" /etc/default/locale /etc/locale.conf 2> /dev/null || fail "the locale is not $LOCALE"
    [[ " $(id -nG "$USERNAME") " == *' sudo '* ]] || fail "$USERNAME may not use sudo"
    equal "the home folder's owner" "$(stat --format %U "/home/$USERNAME")" "$USERNAME"
}

installed_nothing_listens_that_nobody_asked_for() {
    local found allowed='^(tcp [^ ]*:22|udp [^ ]*:(68|546)|[^ ]* [^ ]*%virbr[0-9]+:[0-9]+|[^ ]* (127\.|\[::1\]|192\.168\.122\.1:)[^ ]*)$'
    found=$(ss --no-header --listening --tcp --udp --numeric | awk '{ print $1, $5 }' | sort --unique)
    if [[ -e /usr/lib/systemd/system/cockpit.socket ]]; then found=$(sed '/^tcp [^ ]*:9090$/d' <<< "$found"); fi
    if [[ -e /etc/wireguard/private.key ]]; then found=$(sed '/^udp [^ ]*:51820$/d' <<< "$found"); fi
    found=$(sed -E "/$allowed/d" <<< "$found")
    [[ -z $found ]] || fail "others can reach: ${found//$'\n'/, }"
}

installed_the_firewall_is_loaded() {
    local rules
    if [[ $PROFILE == core ]]; then return 0; fi # which has none, and says so
    rules=$(nft list table inet kldload)
    [[ $rules == *'policy drop'* && $rules == *'tcp dport'* ]] || fail "this is no firewall: $rules"
}

installed_no_neighbour_is_asked_for_names() {
    local said
    if [[ ! -e /usr/bin/resolvectl ]]; then return 0; fi
    said=$(resolvectl --no-pager status)
    [[ $said == *-LLMNR* && $said == *-mDNS* && $said != *+LLMNR* && $said != *+mDNS* ]] || fail "LLMNR or mDNS is on: $said"
}

installed_the_judge_of_answers_knows_every_name_of_the_profile() {
    local found
    found=$(sed -n 's/^the judge of answers does not know the name //p' /var/log/installer/kldload-installer.log)
    [[ -z $found ]] || fail "answers_is_taken lacks: ${found//$'\n'/ }"
}

installed_the_manifest_tells_what_was_ordered() {
    local file=/etc/kldload/install-manifest.env
    [[ -s $file ]] || fail "there is no $file"
    grep -qx "KLDLOAD_PROFILE=['\"]\\?${PROFILE}['\"]\\?" "$file" || fail "it does not name the profile: $(grep PROFILE "$file")"
    grep -qx "KLDLOAD_HOSTNAME=['\"]\\?${HOSTNAME_WANTED}['\"]\\?" "$file" || fail "it does not name the host"
}

installed_no_secret_is_in_a_log_or_the_manifest() {
    local secret found
    for secret in "${SECRETS[@]}"; do
        found=$(grep --recursive --fixed-strings --files-with-matches --binary-files=text -e "$secret" \
            /etc/kldload /var/log /var/lib/dpkg /run/kldload /root 2> /dev/null || true) # none is right
        [[ -z $found ]] || fail "a secret is in ${found//$'\n'/, }"
    done
}

installed_the_log_of_the_installation_is_there() {
    [[ -s /var/log/installer/kldload-installer.log ]] || fail "there is no /var/log/installer/kldload-installer.log"
}

installed_in_kvm_libvirt_starts_a_guest() {
    local type=qemu state
    if [[ -c /dev/kvm ]]; then type=kvm; fi
    cat > /run/kldload-test/guest.xml << END
<domain type='$type'>
  <name>kldload-test</name>
  <memory unit='MiB'>512</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>/vmlinuz</kernel>
    <initrd>/initrd.img</initrd>
    <cmdline>console=ttyS0 earlyprintk=ttyS0</cmdline>
  </os>
  <devices>
    <serial type='file'>
      <source path='/var/log/libvirt/qemu/kldload-test-console.log'/>
    </serial>
  </devices>
</domain>
END
    virsh --connect qemu:///system version --daemon
    virsh --connect qemu:///system create /run/kldload-test/guest.xml
    state=$(virsh --connect qemu:///system domstate kldload-test)
    [[ $state == running* ]] || fail "the guest is $state"
    # Emulated in what may be emulated itself.
    timeout 900 bash -c 'until grep --quiet "Linux version" /var/log/libvirt/qemu/kldload-test-console.log; do sleep 2; done' \
        || fail "its kernel says nothing: $(tail --bytes=500 /var/log/libvirt/qemu/kldload-test-console.log)"
    virsh --connect qemu:///system destroy kldload-test
}

installed_in_server_kbe_makes_compares_and_destroys_boot_environments() {
    local said folder
    zfs create -o canmount=noauto -o compression=zstd rpool/ROOT/default/kldload-test # a part of the boot environment
    mkdir /kldload-test
    mount -t zfs -o zfsutil rpool/ROOT/default/kldload-test /kldload-test
    echo one > /kldload-test/file
    kbe create made
    equal "the part's compression" "$(zfs get -H -o value compression rpool/ROOT/made/kldload-test)" zstd
    equal "the part's place" "$(zfs get -H -o value mountpoint,canmount rpool/ROOT/made/kldload-test)" $'/kldload-test\nnoauto'
    echo two > /kldload-test/file
    folder=$(kbe mount made)
    equal "what it holds" "$(cat "$folder/kldload-test/file")" one
    echo inside > "$folder/etc/kldload-test-inside"
    kbe umount made
    said=$(kbe diff made)
    grep -q '^packages: nothing changed' <<< "$said" || fail "$said"
    grep -q -- '- /etc/kldload-test-inside' <<< "$said" || fail "$said"
    equal "what a jail says" "$(kbe jail made cat /etc/kldload-test-inside 2> /dev/null | tr -d '\r')" inside
    said=$(kbe list --json)
    equal "what runs" "$(jq -r '.[] | select(.running) | .name' <<< "$said")" default
    # What was made of it goes on without it.
    kbe create later made
    kbe rename made former
    kbe destroy former --yes
    kbe destroy later --yes
    equal "the boot environments" "$(kbe list --json | jq -r '.[].name')" default
    umount /kldload-test
    zfs destroy -r rpool/ROOT/default/kldload-test
    if [[ -d /kldload-test ]]; then rmdir /kldload-test; fi # zfs may have taken it away with the file system
    said=$(zfs list -H -t snapshot -o name -r rpool/ROOT)
    if grep -q '@kbe-' <<< "$said"; then fail "left behind: $said"; fi
}

# made_package VERSION: a package that is nowhere else.
made_package() {
    local folder=/run/kldload-test/package
    rm -rf "$folder"
    mkdir -p "$folder/DEBIAN" "$folder/usr/share/kldload-test" "$folder/etc"
    printf 'Package: kldload-test\nVersion: %s\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: made for a test\n' "$1" \
        > "$folder/DEBIAN/control"
    echo "$1" > "$folder/usr/share/kldload-test/version"
    echo setting > "$folder/etc/kldload-test.conf"
    echo /etc/kldload-test.conf > "$folder/DEBIAN/conffiles"
    dpkg-deb --root-owner-group --build "$folder" "/run/kldload-test/kldload-test_$1_all.deb"
}

installed_in_server_kpkg_installs_and_undoes() {
    [[ -x /usr/bin/apt-get ]] || skip "no apt"
    made_package 1
    echo kept > /home/kldload-test
    echo kept > /var/log/kldload-test
    kpkg install /run/kldload-test/kldload-test_1_all.deb --yes
    equal "what is installed" "$(cat /usr/share/kldload-test/version)" 1
    local snapshot changes
    snapshot=$(kpkg history --json | jq -r '.[0].snapshot')
    zfs list "$snapshot"
    changes=$(kpkg history --json | jq -c '.[0].changes')
    equal "what changed" "$changes" '[{"name":"kldload-test","before":null,"after":"1"}]'
    kpkg undo --yes
    [[ ! -e /usr/share/kldload-test && ! -e /etc/kldload-test.conf ]] || fail "it is still there"
    equal "data" "$(cat /home/kldload-test /var/log/kldload-test)" $'kept\nkept'
    rm /home/kldload-test /var/log/kldload-test
}

installed_in_server_apt_is_followed_and_not_slowed_down() {
    [[ -x /usr/bin/apt-get ]] || skip "no apt"
    local begun spent before
    made_package 1
    before=$(zfs list -H -d 1 -t snapshot -o name rpool/ROOT/default | grep -c '@kpkg-') || : # none yet
    for _ in 1 2 3 4 5; do
        apt-get -q -y install /run/kldload-test/kldload-test_1_all.deb
        apt-get -q -y purge kldload-test
    done
    equal "snapshots" "$(zfs list -H -d 1 -t snapshot -o name rpool/ROOT/default | grep -c '@kpkg-')" $((before + 10))
    apt-get -q -y install bash # which is there
    equal "snapshots of nothing" "$(zfs list -H -d 1 -t snapshot -o name rpool/ROOT/default | grep -c '@kpkg-')" $((before + 10))
    begun=${EPOCHREALTIME//./}
    for _ in 1 2 3; do
        /usr/lib/kldload/transaction-hook before apt <<< $'VERSION 3\n\nx - - none < 1 all none /x.deb'
        /usr/lib/kldload/transaction-hook after apt
    done
    spent=$(((${EPOCHREALTIME//./} - begun) / 3000))
    printf 'the hook takes %d ms a transaction\n' "$spent"
    # Emulated, everything takes ten times as long.
    if [[ $(systemd-detect-virt) != qemu ]]; then ((spent < 300)) || fail "$spent ms"; fi
}

installed_in_server_ksnap_takes_lists_and_goes_back() {
    local taken said at
    echo one > /srv/kldload-test
    taken=$(ksnap -m 'before: a test')
    at=/srv@$(sed -n 's/^rpool\/srv@//p' <<< "$taken")
    grep -q '^rpool/ROOT/default@ksnap-before:-a-test-' <<< "$taken" || fail "it took $taken"
    equal "the number of moments they were taken at" "$(xargs zfs get -H -o value createtxg <<< "$taken" | sort -u | wc -l)" 1
    echo two > /srv/kldload-test
    said=$(ksnap diff "$at")
    grep -q '^M  /srv/kldload-test$' <<< "$said" || fail "diff says $said"
    said=$(ksnap list /srv --json)
    jq -e 'map(select(.taken_by == "ksnap" and .reason == "before: a test")) | length == 1' <<< "$said" > /dev/null || fail "list says $said"
    zfs snapshot rpool/srv@kldload-test-newer
    if said=$(ksnap rollback "$at" < /dev/null 2>&1); then fail "it did not ask"; fi
    grep -q '@kldload-test-newer' <<< "$said" || fail "it does not say what is lost: $said"
    ksnap rollback "$at" --yes
    equal "/srv/kldload-test" "$(< /srv/kldload-test)" one
    said=$(zfs list -H -d 1 -t snapshot -o name rpool/srv)
    ksnap hold "${said##*$'\n'}"
    if ksnap destroy "${said##*$'\n'}" --yes; then fail "what is held was destroyed"; fi
    ksnap release "${said##*$'\n'}"
    ksnap destroy "${said##*$'\n'}" --yes
    ksnap prune
    ksnap policy
    bash -c "$(ksnap send /srv rpool/kldload-copy)"
    zfs destroy -r rpool/kldload-copy
}

installed_in_server_ksnap_makes_a_boot_environment_of_what_runs() {
    local be
    zfs snapshot -r rpool/ROOT/default@kldload-test-back
    ksnap rollback /@kldload-test-back --yes
    be=$(zpool get -H -o value bootfs rpool)
    [[ $be == rpool/ROOT/rollback-* ]] || fail "$be boots next"
    equal "what it is made of" "$(zfs get -H -o value origin "$be")" rpool/ROOT/default@kldload-test-back
    kbe activate default
    kbe destroy "${be##*/}" --yes
    zfs destroy -r rpool/ROOT/default@kldload-test-back 2> /dev/null || : # it went with what was made of it
}

installed_in_server_krestore_brings_back_what_was() {
    local name='/home/a file @ é' said
    echo precious > "$name"
    chmod 640 "$name"
    python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.kldload", b"kept")' "$name"
    said=$(stat -c '%a %u %g %y' "$name")
    zfs snapshot rpool/home@kldload-test-file
    rm "$name"
    krestore list "$name"
    krestore get "$name"
    equal "its owner, mode and time" "$(stat -c '%a %u %g %y' "$name")" "$said"
    equal "its attribute" "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.kldload").decode())' "$name")" kept
    echo other > "$name"
    krestore get "$name@kldload-test-file"
    equal "what came beside" "$(< "$name.kldload-test-file")" precious
    krestore get "$name@kldload-test-file" --over --yes
    equal "what was put over it" "$(< "$name")" precious
    # A file system that is not mounted.
    zfs create rpool/srv/kldload-far
    echo far > /srv/kldload-far/file
    zfs snapshot rpool/srv/kldload-far@s
    zfs unmount rpool/srv/kldload-far
    krestore get /srv/kldload-far/file -o /run/kldload-test/far
    equal "what was in it" "$(< /run/kldload-test/far)" far
    if findmnt --source rpool/srv/kldload-far@s; then fail "it is still mounted"; fi
    zfs destroy -r rpool/srv/kldload-far
    krestore dataset rpool/home@kldload-test-file rpool/kldload-then
    zfs destroy rpool/kldload-then
    zfs destroy rpool/home@kldload-test-file
    rm "$name"*
}

installed_in_server_kst_says_that_all_is_well() {
    local said start=$EPOCHREALTIME
    said=$(kst) || fail "$said"
    printf 'kst took %d ms\n' $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    said=$(kst --json)
    equal "what runs" "$(jq -r .running <<< "$said")" default
    said=$(runuser -u "$USERNAME" -- /usr/sbin/kst) || fail "without root: $said"
    kst --refresh
    equal "the lines of the message of the day" "$(wc -l < /run/motd.d/kldload)" 3
    said=$(kdf --json)
    equal "the pools of kdf" "$(jq -r '.pools | length' <<< "$said")" 1
    zfs unmount rpool/srv
    if said=$(kst); then fail "a file system is missing, and it says healthy"; fi
    zfs mount rpool/srv
    grep -q '^✗ rpool/srv should be mounted' <<< "$said" || fail "$said"
}

# An upgrade of one package, from a folder that is an archive; what is made is not tried here, but taken back.
installed_in_server_kupgrade_makes_what_can_be_tried_and_takes_it_back() {
    [[ -x /usr/bin/apt-get ]] || skip "no apt"
    local folder=/var/cache/kldload-test name said
    made_package 1
    apt-get -q -y install /run/kldload-test/kldload-test_1_all.deb
    made_package 2
    mkdir -p "$folder"
    cp /run/kldload-test/kldload-test_2_all.deb "$folder"
    {
        dpkg-deb --field "$folder/kldload-test_2_all.deb"
        printf 'Filename: ./kldload-test_2_all.deb\nSize: %s\nSHA256: %s\n' "$(stat --format=%s "$folder/kldload-test_2_all.deb")" \
            "$(sha256sum "$folder/kldload-test_2_all.deb" | cut -d' ' -f1)"
    } > "$folder/Packages"
    mkdir -p /run/kldload-test/sources
    mv /etc/apt/sources.list.d/* /run/kldload-test/sources/ # there is no network here
    echo "deb [trusted=yes] file:$folder ./" > /etc/apt/sources.list.d/kldload-test.list
    said=$(kupgrade --check)
    grep -q '~ kldload-test 1 → 2' <<< "$said" || fail "$said"
    kupgrade --yes
    name=$(zfs get -H -o value kldload:trial rpool/ROOT)
    [[ $name == upgrade-* ]] || fail "nothing is on trial: $name"
    said=$(kbe diff default "$name")
    grep -q '~ kldload-test 1 → 2' <<< "$said" || fail "$said"
    equal "what runs" "$(cat /usr/share/kldload-test/version)" 1
    kupgrade --undo --yes
    equal "what is on trial" "$(zfs get -H -o value kldload:trial rpool/ROOT)" -
    equal "the boot environments" "$(kbe list --json | jq -r '.[].name')" default
    rm -r /etc/apt/sources.list.d/kldload-test.list "$folder"
    mv /run/kldload-test/sources/* /etc/apt/sources.list.d/
    apt-get -q -y purge kldload-test
}

installed_another_boot_environment_is_made_and_chosen() {
    echo kept > /etc/kldload-test-before
    zfs snapshot rpool/ROOT/default@kldload-test
    echo later > /etc/kldload-test-after
    echo later > /home/kldload-test-after
    echo later > /var/log/kldload-test-after
    zfs clone -o canmount=noauto -o mountpoint=/ rpool/ROOT/default@kldload-test rpool/ROOT/second
    kldload-boot sync
    local listed
    listed=$(kldload-boot list)
    grep -q second <<< "$listed" || fail "kldload-boot does not list it: $listed"
    # Nobody is there to choose: it boots next, is looked at, and kept.
    kldload-boot trial second 2
    equal bootfs "$(zpool get -H -o value bootfs rpool)" rpool/ROOT/default
    equal "what is on trial" "$(zfs get -H -o value kldload:trial rpool/ROOT)" second
}

second_root_is_the_other_boot_environment() {
    equal "the root file system" "$(findmnt --noheadings --output SOURCE /)" rpool/ROOT/second
    equal "the pool's state" "$(zpool status -x rpool)" "pool 'rpool' is healthy"
}

second_it_was_on_trial_and_is_kept() {
    local waited=0 result=-
    grep -q ' kldload.trial=' /proc/cmdline || fail "it was not started on trial: $(< /proc/cmdline)"
    # Emulated, what comes after the last unit takes its time.
    until [[ $result != - ]] || ((waited > 300)); do
        result=$(zfs get -H -o value kldload:trial-result rpool/ROOT)
        sleep 2
        waited=$((waited + 2))
    done
    [[ $result == 'second: kept at '* ]] || {
        systemctl status --no-pager kldload-health.service kldload-bless.service || : # that is what they say
        fail "the trial ended so: $result"
    }
    equal bootfs "$(zpool get -H -o value bootfs rpool)" rpool/ROOT/second
    equal "what is on trial" "$(zfs get -H -o value kldload:trial rpool/ROOT)" -
    printf '%s\n' "$result"
}

second_the_system_is_that_of_the_snapshot_and_the_data_that_of_now() {
    [[ -e /etc/kldload-test-before ]] || fail "a file from before the snapshot is missing"
    [[ ! -e /etc/kldload-test-after ]] || fail "a file from after the snapshot is there"
    [[ -e /home/kldload-test-after ]] || fail "/home was set back"
    [[ -e /var/log/kldload-test-after ]] || fail "/var/log was set back"
}

second_no_unit_failed() { installed_no_unit_failed; }

second_the_first_one_is_rolled_back_and_chosen() {
    # -r: sanoid has made newer snapshots meanwhile, where the machine was slow.
    zfs rollback -r rpool/ROOT/default@kldload-test
    kldload-boot default default
}

restored_root_is_the_first_boot_environment() { second_no_unit_failed && installed_root_is_the_first_boot_environment; }

restored_it_is_as_it_was_at_the_snapshot() { second_the_system_is_that_of_the_snapshot_and_the_data_that_of_now; }

restored_the_other_boot_environment_can_be_removed() {
    zfs destroy -r rpool/ROOT/second # sanoid may have made snapshots of it
    zfs destroy rpool/ROOT/default@kldload-test
    kldload-boot sync
    local listed
    listed=$(kldload-boot list)
    if grep -q second <<< "$listed"; then fail "it is still listed"; fi
    rm /home/kldload-test-after /var/log/kldload-test-after /etc/kldload-test-before
}

degraded_root_is_the_first_boot_environment() {
    equal "the root file system" "$(findmnt --noheadings --output SOURCE /)" rpool/ROOT/default
}

degraded_the_pool_says_what_is_missing_and_lost_nothing() {
    equal "the pool's state" "$(zpool list -H -o health rpool)" DEGRADED
    local status
    status=$(zpool status rpool)
    grep -q 'errors: No known data errors' <<< "$status" || fail "$status"
}

degraded_in_server_kst_says_so() {
    local said
    if said=$(kst); then fail "a disk is missing, and it says healthy: $said"; fi
    grep -q '^✗ the pool rpool is DEGRADED' <<< "$said" || fail "$said"
}
