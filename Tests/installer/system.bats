#!/usr/bin/env bats
# What the answers make of the new system: network, users, sources of updates, firewall. The programs that read it are the
# judges: systemd-networkd, apt, nft, chpasswd, sshd's keys. Those that need a network of their own need root.
bats_require_minimum_version 1.5.0

setup() {
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p target/{etc,home,usr/sbin,usr/share/keyrings,usr/lib/systemd/system} darksite/debian
    echo FAMILY=apt > darksite/debian/distribution
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { printf 'say: %s\n' "\$*"; }
fail() { printf 'fail: %s\n' "\$*"; exit 1; }
run() { "\$@"; }
in_target() { printf 'in the target: %s\n' "\$*"; }
source "$library/answers.sh"
source "$library/distribution.sh"
source "$library/services.sh"
source "$library/system.sh"
source "$library/finish.sh"
TARGET=$PWD/target BOOTSTRAP_DARKSITE=$PWD/darksite
answers_load answers.env
answers_check
if ((\${#answers_problems[@]})); then printf '%s\n' "\${answers_problems[@]}"; exit 2; fi
END
}

# answers LINE…: with what every one needs.
answers() { printf '%s\n' KLDLOAD_DISK=/dev/vda KLDLOAD_PASSWORD=x "$@" > answers.env; }

do_it() { run bash -c "source ./around; $1" && printf '%s\n' "$output"; }

# --- network -----------------------------------------------------------------------------------------------------------

# networkd LINE…: systemd-networkd itself sets up a network of its own, with eth0 and eth1, by what the answers make. What it
# complains of is in `complaints`, what came of it in `addresses` and `routes`.
networkd() {
    answers "$@"
    rm -rf target/etc/systemd
    do_it system_networkd
    [ "$status" -eq 0 ]
    cat > inside << END
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/netif/{links,leases}
chown -R systemd-network: /run/systemd/netif
mount -t sysfs -o ro sysfs /sys
mkdir -p /run/systemd/network
mount --bind target/etc/systemd/network /etc/systemd/network
for name in eth0 eth1; do ip link add \$name type veth peer name p\$name; ip link set p\$name up; done
SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd > log 2>&1 &
for _ in {1..100}; do
    ip -o address show dev eth0 scope global > addresses
    { ip route && ip -6 route show default; } > routes
    if [ -s addresses ] && grep -q ^default routes; then break; fi
    if grep -q DHCP=yes target/etc/systemd/network/80-kldload.network && grep -q 'Enumeration completed' log; then break; fi
    sleep 0.1
done
kill %1
END
    unshare --mount --net --propagation private bash ./inside
    grep -E '80-kldload.network.*(gnoring|nvalid|Unknown)|Could not set|Failed to configure' log > complaints || :
    cat complaints addresses routes
    [ ! -s complaints ]
}

@test "every kind of static network that is taken is one that systemd-networkd sets up" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    static=(KLDLOAD_NET_METHOD=static KLDLOAD_NET_IFACE=eth0)
    networkd "${static[@]}" KLDLOAD_NET_IP=10.0.0.5 KLDLOAD_NET_GW=10.0.0.1
    grep -q 'inet 10.0.0.5/24' addresses
    grep -q '^default via 10.0.0.1 dev eth0' routes
    networkd "${static[@]}" KLDLOAD_NET_IP=10.0.0.5 KLDLOAD_NET_PREFIX=32 KLDLOAD_NET_GW=10.9.9.1 KLDLOAD_NET_DNS=9.9.9.9,2620:fe::fe
    grep -q 'inet 10.0.0.5/32' addresses
    grep -q '^default via 10.9.9.1 dev eth0.* onlink' routes
    networkd "${static[@]}" KLDLOAD_NET_IP=10.0.0.4 KLDLOAD_NET_PREFIX=31 KLDLOAD_NET_GW=10.0.0.5
    grep -q 'inet 10.0.0.4/31' addresses
    networkd "${static[@]}" KLDLOAD_NET_IP=2001:db8::5 KLDLOAD_NET_GW=fe80::1
    grep -q 'inet6 2001:db8::5/64' addresses
    grep -q '^default via fe80::1 dev eth0' routes
    networkd "${static[@]}" KLDLOAD_NET_IP=2001:db8::5 KLDLOAD_NET_PREFIX=128 KLDLOAD_NET_GW=2001:db8:1::1
    grep -q 'inet6 2001:db8::5/128' addresses
    grep -q '^default via 2001:db8:1::1 dev eth0' routes
    networkd KLDLOAD_NET_DNS=9.9.9.9
}

@test "name servers that are given are asked, with DHCP too and instead of its own; those that are not stay DHCP's" {
    answers KLDLOAD_NET_DNS=9.9.9.9,2620:fe::fe
    do_it system_networkd
    [ "$(grep -c '^DNS=' target/etc/systemd/network/80-kldload.network)" -eq 2 ]
    [ "$(grep -c '^UseDNS=no' target/etc/systemd/network/80-kldload.network)" -eq 3 ]
    do_it system_network_manager
    file=target/etc/NetworkManager/system-connections/kldload.nmconnection
    [ "$(grep -E '^(\[|dns|ignore|method)' $file | paste -sd' ')" = "[connection] [ipv4] method=auto dns=9.9.9.9; ignore-auto-dns=true [ipv6] method=auto dns=2620:fe::fe; ignore-auto-dns=true" ]
    answers
    do_it system_networkd
    run -1 grep -E 'DNS' target/etc/systemd/network/80-kldload.network
    rm $file
    do_it system_network_manager
    [ ! -e $file ]
    answers KLDLOAD_NET_METHOD=static KLDLOAD_NET_IFACE=eth0 KLDLOAD_NET_IP=2001:db8::5 KLDLOAD_NET_GW=fe80::1 KLDLOAD_NET_DNS=9.9.9.9
    do_it system_network_manager
    [ "$(grep -E '^(\[|dns|address|method)' $file | paste -sd' ')" = "[connection] [ipv4] method=auto dns=9.9.9.9; [ipv6] method=manual address1=2001:db8::5/64,fe80::1" ]
}

@test "no neighbour is asked for names or answered, neither in the live system nor in an installed one" {
    answers
    mkdir -p target/etc/NetworkManager
    do_it 'system_network; printf "%s\n" "${services_disabled[@]}"'
    [[ $output == *avahi-daemon.service* ]]
    for file in target/etc/systemd/resolved.conf.d/*.conf "$library"/../../../../etc/systemd/resolved.conf.d/*.conf; do
        grep -qx LLMNR=no "$file"
        grep -qx MulticastDNS=no "$file"
    done
    grep -qx connection.llmnr=0 target/etc/NetworkManager/conf.d/*.conf
    grep -qx connection.mdns=0 target/etc/NetworkManager/conf.d/*.conf
}

@test "an interface that this machine does not have is said before a disk is touched" {
    mkdir -p net/{lo,enp1s0}
    sed '/^main /d; /^# Mounts of the target/,$d' "$library/../../../sbin/kldload-install-target" > functions
    answers KLDLOAD_NET_IFACE=eth0
    run bash -c "KLDLOAD_INSTALLER='$library/..' KLDLOAD_NET=$PWD/net; source ./functions; answers_load answers.env; fail() { echo \"fail: \$*\"; exit 1; }; judge_interface"
    [ "$status" -eq 1 ]
    [ "$output" = "fail: KLDLOAD_NET_IFACE=eth0: this machine has no such interface, but: enp1s0 " ]
    answers KLDLOAD_NET_IFACE=enp1s0
    run bash -c "KLDLOAD_INSTALLER='$library/..' KLDLOAD_NET=$PWD/net; source ./functions; answers_load answers.env; judge_interface"
    [ "$status" -eq 0 ]
}

# --- people ------------------------------------------------------------------------------------------------------------

@test "passwords are hashes by one judgement, and keys are in the file as they were given" {
    ssh-keygen -q -t ed25519 -N '' -C me -f key
    cat > chroot-fake << 'END'
chroot() { shift; printf '%s: ' "$*"; cat; }
END
    touch target/etc/{group,passwd}
    mkdir target/home/admin
    for password in 'plain' '$7.50' "$(openssl passwd -6 x)"; do
        rm -rf target/home/admin/.ssh
        answers "KLDLOAD_SSH_KEYS='command=\"a; b\" $(cat key.pub);$(cat key.pub); '"
        printf 'KLDLOAD_PASSWORD=%s\n' "'$password'" > password
        sed -i '/^KLDLOAD_PASSWORD=/d' answers.env && cat password >> answers.env
        do_it 'source ./chroot-fake; system_user'
        [ "$status" -eq 0 ]
        if [[ $password == '$6$'* ]]; then [[ $output == *"chpasswd --encrypted: admin:$password"* ]]; else [[ $output == *"chpasswd: admin:$password"* ]]; fi
        [ "$(cat target/home/admin/.ssh/authorized_keys)" = "$(printf 'command="a; b" %s\n%s' "$(cat key.pub)" "$(cat key.pub)")" ]
        [ "$(ssh-keygen -l -f target/home/admin/.ssh/authorized_keys | wc -l)" -eq 2 ]
    done
}

@test "names that packages brought and nobody knew are in the log, for the test of an installation" {
    answers
    printf '%s:x:1:\n' root tcpdump newcomer Debian-gdm > target/etc/passwd
    echo 'othergroup:x:2:' > target/etc/group
    do_it system_unknown_names
    [ "$output" = $'the judge of answers does not know the name newcomer\nthe judge of answers does not know the name othergroup' ]
}

# --- updates -----------------------------------------------------------------------------------------------------------

@test "updates come from where the build says, as far as the target has the keys, in words that apt takes" {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p lists/partial target/etc/apt
    printf 'UPDATES=%s\n' "http://one.example.org/debian trixie,trixie-updates main,contrib $keyring" \
        "http://two.example.org/security trixie-security main $keyring" "http://flat.example.org ./ - /etc/apt/keyrings/flat.gpg" \
        "http://not.example.org x main /usr/share/keyrings/not.gpg" >> darksite/debian/distribution
    answers
    touch "target$keyring"
    mkdir -p target/etc/apt/keyrings && touch target/etc/apt/keyrings/flat.gpg
    echo 'deb http://left.example.org x main' > target/etc/apt/sources.list
    do_it system_sources
    [ "$status" -eq 0 ]
    [[ $output == *'no updates from http://not.example.org: the target has no /usr/share/keyrings/not.gpg'* ]]
    apt-get update --print-uris -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$PWD/target/etc/apt/sources.list.d" \
        -o Dir::State::Lists="$PWD/lists" | cut -d"'" -f2 > found
    sed -n 's|.*org/\(.*\)/dists/\(.*\)/binary-amd64/.*|\1 \2|p' found | sort \
        | diff - <(printf '%s\n' debian\ trixie{-updates,}/{contrib,main} 'security trixie-security/main')
    grep -x 'http://flat.example.org/./InRelease' found
    run ! grep not.example.org found
    [ ! -e target/etc/apt/sources.list ]
    rm "target$keyring" target/etc/apt/keyrings/flat.gpg
    do_it system_sources
    [ "$status" -eq 1 ]
    [[ $output == *'the target has the keys of none of its archives: http://one'* ]]
}

@test "a distribution whose packages bring their own sources keeps them" {
    answers
    sed -i 's/apt/rpm/' darksite/debian/distribution
    do_it system_sources
    [ "$status" -eq 0 ] && [ ! -e target/etc/apt ]
}

@test "a mirror takes the place of what it mirrors, and of nothing else; offline is from nowhere" {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    printf 'UPDATES=%s\n' "http://one.example.org/debian trixie,trixie-updates main $keyring" \
        "http://two.example.org/debian-security trixie-security main $keyring" >> darksite/debian/distribution
    touch "target$keyring"
    answers KLDLOAD_MIRROR=https://mirror.example.net:8443/pub/debian/
    do_it system_sources
    [ "$status" -eq 0 ]
    [ "$(grep ^URIs target/etc/apt/sources.list.d/debian.sources)" = $'URIs: https://mirror.example.net:8443/pub/debian\nURIs: http://two.example.org/debian-security' ]
    answers KLDLOAD_MIRROR=http://m/debian,http://m/debian-security
    do_it system_sources
    run ! grep example.org target/etc/apt/sources.list.d/debian.sources
    do_it system_sources_check
    [ "$status" -eq 0 ]
    answers KLDLOAD_MIRROR=http://m/ubuntu
    do_it system_sources_check # before a disk is touched
    [ "$status" -eq 1 ]
    [[ $output == *'KLDLOAD_MIRROR: no repository of debian has an address that ends in /ubuntu, as http://m/ubuntu does'* ]]
    answers KLDLOAD_MIRROR=offline
    do_it system_sources
    [ "$status" -eq 0 ]
    run ! grep ^URIs target/etc/apt/sources.list.d/debian.sources
    apt-get update --print-uris -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$PWD/target/etc/apt/sources.list.d"
    for wrong in off ftp://m/debian 'http://m/debian trixie' http:///debian 'http://m/debian,offline' $'http://m/a\nb'; do
        answers "KLDLOAD_MIRROR='$wrong'"
        do_it :
        [ "$status" -eq 2 ] || [[ $wrong == *' '* ]]
    done
}

@test "repositories of dnf are the vendor's, or off" {
    sed -i 's/apt/rpm/' darksite/debian/distribution
    mkdir -p target/etc/yum.repos.d
    printf '%s\n' '[base]' 'name=Base' 'enabled=1' '' '[extras]' 'name=Extras' 'enabled = 1' '[third]' 'name=x' > target/etc/yum.repos.d/a.repo
    cp target/etc/yum.repos.d/a.repo before
    answers
    do_it system_sources
    cmp target/etc/yum.repos.d/a.repo before
    answers KLDLOAD_MIRROR=http://m/base
    do_it system_sources_check
    [ "$status" -eq 1 ]
    answers KLDLOAD_MIRROR=offline
    do_it system_sources
    [ "$(grep -c '^enabled=0$' target/etc/yum.repos.d/a.repo)" -eq 3 ]
    run ! grep 'enabled *= *1' target/etc/yum.repos.d/a.repo
}

# --- firewall and labels -----------------------------------------------------------------------------------------------

# open FILE: the ports that the firewall of FILE lets in, by nft's own reading.
open() { unshare --net bash -c 'nft -f "$1" && nft list ruleset' - "$1" | grep -oE '(tcp|udp) dport [^a]*' | grep -vE 'dport (68|546) ' | sed 's/ *$//' | paste -sd'|'; }

@test "the firewall is one that nft loads, from the file that the service loads, and lets in what was asked for" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    answers
    do_it services_firewall
    [ "$(open target/etc/nftables.conf)" = 'tcp dport 22' ]
    mkdir -p target/etc/wireguard
    touch target/etc/wireguard/private.key target/usr/lib/systemd/system/cockpit.socket
    do_it services_firewall
    [ "$(open target/etc/nftables.conf)" = 'tcp dport { 22, 9090 }|udp dport 51820' ]
    # RPM distributions
    mkdir -p target/etc/sysconfig
    echo '# include "/etc/nftables/main.nft"' > target/etc/sysconfig/nftables.conf
    do_it 'services_firewall; printf "%s\n" "on ${services_enabled[*]} off ${services_disabled[*]}"'
    [[ $output == *'on nftables.service off firewalld.service'* ]]
    [ "$(open target/etc/sysconfig/nftables.conf)" = 'tcp dport { 22, 9090 }|udp dport 51820' ]
}

# with_websockets: a target whose profile has what the page needs.
with_websockets() { mkdir -p target/usr/lib/python3/dist-packages/websockets target/etc/pam.d; touch target/etc/pam.d/common-auth; }

@test "the page is the one of the live system, and its own PAM service and units come with it" {
    local live=$PWD/live
    cp -R "$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot" "$live"
    cp -R "$live"/usr/local/share/kldload-webui/{core,active} # as the build lays it
    export KLDLOAD_LIVE_ROOT=$live
    answers
    with_websockets
    do_it 'services_webui; printf "on %s\n" "${services_enabled[*]}"'
    [[ $output == *'on kldload-webui.service kldload-webui-helper.service' ]]
    cmp "$live/usr/local/bin/kldload-webui" target/usr/local/bin/kldload-webui
    [ -x target/usr/local/bin/kldload-webui ]
    cmp "$live"/usr/local/share/kldload-webui/core/index.html target/usr/local/share/kldload-webui/active/index.html
    [ -e target/usr/local/share/man/man8/kldload-webui.8 ]
    [ "$(cat target/etc/kldload/edition)" = free ]
    grep -qx KLDLOAD_WEBUI=local target/etc/kldload/webui.env
    grep -qx '@include common-auth' target/etc/pam.d/kldload-webui
    # What the units start is there; what starts installations is the live system's alone.
    local unit program
    for unit in kldload-webui kldload-webui-helper; do
        program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "target/usr/lib/systemd/system/$unit.service")
        [ -x "target$program" ]
    done
    [ ! -e target/usr/lib/systemd/system/kldload-install.service ]
    # RPM distributions
    rm target/etc/pam.d/common-auth
    do_it services_webui
    grep -qx 'auth substack password-auth' target/etc/pam.d/kldload-webui
}

@test "the page is reachable from the network where that was said, and nowhere without python3-websockets, or when it is off" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    export KLDLOAD_LIVE_ROOT=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    answers KLDLOAD_WEBUI=lan
    do_it 'services_webui; services_firewall; printf "on %s\n" "${services_enabled[*]}"'
    [[ $output == *'say: there is no page: the profile has no python3-websockets'*'on nftables.service' ]]
    [ "$(open target/etc/nftables.conf)" = 'tcp dport 22' ]
    [ ! -e target/usr/local ]
    with_websockets
    do_it 'services_webui; services_firewall'
    [ "$(open target/etc/nftables.conf)" = 'tcp dport { 22, 8443 }' ]
    grep -qx KLDLOAD_WEBUI=lan target/etc/kldload/webui.env
    answers
    do_it 'services_webui; services_firewall'
    [ "$(open target/etc/nftables.conf)" = 'tcp dport 22' ]
    rm -r target/usr/local
    answers KLDLOAD_WEBUI=off
    do_it 'services_webui; printf "on %s\n" "${services_enabled[*]}"'
    [[ $output == *'on '* && $output != *kldload-webui* ]]
    [ ! -e target/usr/local ]
}

@test "core says that it has no firewall" {
    answers KLDLOAD_PROFILE=core
    do_it services_of_profile
    [[ $output == 'say: core has no firewall: '* ]]
}

@test "what media of updates are held against is the key of the medium that it was installed from, and none of apt's" {
    answers
    echo key > medium.gpg
    mkdir -p installer/target-tools
    do_it 'INSTALLER=$PWD/installer BOOTSTRAP_KEY=$PWD/medium.gpg; services_of_profile'
    cmp medium.gpg target/usr/lib/kldload/keys/medium.gpg
    [ "$(stat -c %a target/usr/lib/kldload/keys/medium.gpg target/usr/lib/kldload/keys)" = $'644\n755' ]
    [ ! -e target/etc/apt ]
    rm -r target/usr/lib/kldload
    answers KLDLOAD_PROFILE=core
    do_it 'BOOTSTRAP_KEY=$PWD/medium.gpg; services_of_profile'
    [ ! -e target/usr/lib/kldload ]
}

@test "where SELinux is, all files are labelled, now or at the first boot" {
    answers
    do_it finish_labels
    [ -z "$output" ]
    [ ! -e target/.autorelabel ]
    mkdir -p target/etc/selinux/targeted/contexts/files
    touch target/etc/selinux/targeted/contexts/files/file_contexts
    do_it finish_labels
    [[ $output == *'setfiles -F -e /dev -e /proc -e /sys -e /run -e /tmp /etc/selinux/targeted/contexts/files/file_contexts /'* ]]
    [ ! -e target/.autorelabel ]
    do_it 'in_target() { return 1; }; finish_labels'
    [ "$status" -eq 0 ]
    [ -e target/.autorelabel ]
}
