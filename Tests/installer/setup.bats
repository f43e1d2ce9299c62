#!/usr/bin/env bats
# The front end at the console: what it asks, what it makes of the answers, and that nothing is touched before "yes".

setup() {
    live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p bin darksite/debian/profiles net/{lo,eth0} zoneinfo/America zoneinfo/Europe run
    printf '%s\n' FAMILY=apt 'PROFILES=core server' > darksite/debian/distribution
    touch darksite/debian/profiles/{core,server,live} zoneinfo/America/Toronto zoneinfo/Europe/Vienna
    export PATH="$PWD/bin:$PATH" KLDLOAD_PLAIN=1 KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer KLDLOAD_RUN=$PWD/run
    export KLDLOAD_DARKSITES=$PWD/darksite KLDLOAD_NET=$PWD/net KLDLOAD_ZONEINFO=$PWD/zoneinfo
    export KLDLOAD_INSTALL_TARGET=$PWD/bin/install-target
    stub findmnt 'printf "%s\n" "overlay /" "/dev/sr0 /run/live/medium"'
    stub ckbcomp 'echo "ckbcomp $*" >> keys; echo "keycode 1 = x"'
    stub loadkeys 'echo "loadkeys $* $(cat)" >> keys; exit ${LOADKEYS:-0}'
    stub lsblk 'case "$*" in *--inverse*) echo "${*: -1}" ;; *) cat "'"$PWD"'/disks" ;; esac'
    cat > disks << 'END'
PATH="/dev/sda" SIZE=" 1.8T" TYPE="disk" TRAN="sata" RO="0" MODEL="Slow One"
PATH="/dev/sdb" SIZE="14.9G" TYPE="disk" TRAN="usb" RO="0" MODEL="Stick"
PATH="/dev/sr0" SIZE=" 700M" TYPE="rom" TRAN="sata" RO="1" MODEL="DVD"
PATH="/dev/loop0" SIZE=" 300M" TYPE="loop" TRAN="" RO="1" MODEL=""
PATH="/dev/zram0" SIZE="   1G" TYPE="disk" TRAN="" RO="0" MODEL=""
PATH="/dev/vda" SIZE="  20G" TYPE="disk" TRAN="" RO="0" MODEL=""
PATH="/dev/nvme0n1" SIZE=" 931G" TYPE="disk" TRAN="nvme" RO="0" MODEL="Quick $One"
END
    stub install-target 'shift; cp "$1" '"$PWD"'/installed; stat --format=%a "$1" > '"$PWD"'/mode; exit ${INSTALL_STATUS:-0}'
}

stub() {
    printf '#!/bin/bash\n%s\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

# said LINE…: what a person types, a line each.
said() {
    printf '%s\n' "$@" > typed
    run "$live/usr/sbin/kldload-setup" "${options[@]}" < typed
    printf '%s\n' "$output"
    echo "status $status"
}

options=()

# answers FILE: what the installer's loader makes of it; it must find nothing wrong.
answers() {
    # shellcheck source=live-build/config/includes.chroot/usr/lib/kldload-installer/lib/answers.sh
    source "$KLDLOAD_INSTALLER/lib/answers.sh"
    set +o functrace
    answers_load "$1"
    answers_check
    printf '%s\n' "${answers_problems[@]}"
    [ ${#answers_problems[@]} -eq 0 ]
}

# keyboard, profile, pool, disk, encrypt, host, user, password twice, keys, zone, locale, network, platform, install
shortest=('' core '' '' '' '' '' "o'dd \$x" "o'dd \$x" '' '' '' '' '' yes)

@test "with empty lines and a password, the defaults are installed, and the answers are gone afterwards" {
    said "${shortest[@]}"
    [ "$status" -eq 0 ]
    answers installed
    [ "$KLDLOAD_PROFILE,$KLDLOAD_DISK,$KLDLOAD_HOSTNAME,$KLDLOAD_USERNAME" = core,/dev/nvme0n1,kldload-node,admin ]
    [ "$KLDLOAD_PASSWORD" = "o'dd \$x" ]
    [ "$KLDLOAD_FORCE_WIPE,$KLDLOAD_ZFS_TOPOLOGY,$KLDLOAD_WIREGUARD" = 1,single,0 ]
    [ "$(cat mode)" = 600 ]
    [ -z "$(ls run)" ]
    [[ $output != *"o'dd"* ]]
}

@test "disks are offered the quickest first; what can't be installed to is not" {
    said "${shortest[@]}"
    shown=$(grep -oE '^  [0-9]\) /dev.*' <<< "$output")
    [ "$shown" = "$(printf '%s\n' '  1) /dev/nvme0n1  931G  Quick $One' '  2) /dev/vda  20G  disk' '  3) /dev/sda  1.8T  Slow One' '  4) /dev/sdb  14.9G  Stick')" ]
}

@test "the medium that the system runs from is not offered, and nothing is where that can't be known" {
    stub findmnt 'printf "%s\n" "overlay /" "/dev/sdb1 /run/live/medium"'
    stub lsblk 'case "$*" in *--inverse*) printf "/dev/sdb1\n/dev/sdb\n" ;; *) cat "'"$PWD"'/disks" ;; esac'
    said "${shortest[@]}"
    [[ $output != *') /dev/sdb'* ]]
    [[ $output == *') /dev/sda'* ]]
    rm installed
    stub findmnt 'exit 1'
    said "${shortest[@]}"
    [ "$status" -eq 2 ]
    [[ $output == *'could not be found out'* ]]
    [ ! -e installed ]
}

@test "the keyboard is asked for first, and loaded on a console of the machine; what comes over a line are letters already" {
    shortest[0]='de(nodeadkeys)'
    said "${shortest[@]}"
    [ "$status" -eq 0 ]
    [[ $output == *'layout of the keyboard'*'What kind of system'* ]]
    [ ! -e keys ]
    stub tty 'echo /dev/tty1'
    said "${shortest[@]}"
    [ "$(cat keys)" = $'ckbcomp de nodeadkeys\nloadkeys --quiet --unicode --console=/dev/tty1 - keycode 1 = x' ]
    LOADKEYS=1 said "${shortest[@]}"
    [ "$status" -eq 0 ]
    [[ $output == *"This keyboard can't be switched to de(nodeadkeys) here"*'What kind of system'* ]]
    stub tty 'echo /dev/ttyS0'
    rm keys
    said "${shortest[@]}"
    [ ! -e keys ]
}

@test "every question answered: mirror, encryption, static network, key" {
    ssh-keygen -q -t ed25519 -N '' -C me -f key
    said 'de(nodeadkeys)' server '/dev/sda 4' mirror yes 'long enough' 'long enough' web.example.org me secret secret "$(cat key.pub)" \
        Europe/Vienna de_AT.UTF-8 static 10.0.0.5 16 10.0.0.1 9.9.9.9 '2 3' yes
    [ "$status" -eq 0 ]
    answers installed
    [ "$KLDLOAD_DISK,$KLDLOAD_ZFS_TOPOLOGY,$KLDLOAD_ZFS_ENCRYPT,$KLDLOAD_ZFS_PASSPHRASE" = "/dev/sda /dev/sdb,mirror,1,long enough" ]
    [ "$KLDLOAD_HOSTNAME,$KLDLOAD_USERNAME,$KLDLOAD_PASSWORD,$KLDLOAD_SSH_KEYS" = "web.example.org,me,secret,$(cat key.pub)" ]
    [ "$KLDLOAD_TIMEZONE,$KLDLOAD_KEYBOARD,$KLDLOAD_LOCALE" = "Europe/Vienna,de(nodeadkeys),de_AT.UTF-8" ]
    [ "$KLDLOAD_NET_METHOD,$KLDLOAD_NET_IFACE,$KLDLOAD_NET_IP,$KLDLOAD_NET_PREFIX,$KLDLOAD_NET_GW,$KLDLOAD_NET_DNS" = "static,eth0,10.0.0.5,16,10.0.0.1,9.9.9.9" ]
    [ "$KLDLOAD_WIREGUARD,$KLDLOAD_ENABLE_EBPF,$KLDLOAD_ZFS_DEDUP" = 0,1,1 ]
    [[ $output != *secret* && $output != *'long enough'* ]]
}

@test "a bad answer is asked for again, with the reason" {
    said '' core '' 9 1 '' '-bad-' web.example root me secret other secret secret '' Mars '?' Europe/Vienna '' '' '' yes
    [ "$status" -eq 0 ]
    answers installed
    [ "$KLDLOAD_HOSTNAME,$KLDLOAD_USERNAME,$KLDLOAD_PASSWORD,$KLDLOAD_TIMEZONE" = web.example,me,secret,Europe/Vienna ]
    [[ $output == *'9 is none of them'* && $output == *'can'"'"'t be "-bad-"'* && $output == *'can'"'"'t be "root"'* ]]
    [[ $output == *'not the same twice'* && $output == *'there is no such time zone'* ]]
    [[ $output == *$'\nAmerica/Toronto Europe/Vienna\n'* ]]
}

@test "nobody is left without a way to log in" {
    said '' core '' '' '' '' '' '' '' '<' secret secret '' '' '' '' '' yes
    [ "$status" -eq 0 ]
    [[ $output == *'nobody could log in'* ]]
    answers installed
    [ "$KLDLOAD_PASSWORD" = secret ]
}

@test "going back keeps what was said, passes by what was not asked, and before the first question leaves" {
    said '' core '' '' '' one two '<' '<' '<' '' three '' secret secret '' '' '' '' '' yes
    answers installed
    [ "$KLDLOAD_HOSTNAME,$KLDLOAD_USERNAME" = three,two ]
    rm installed
    said '' core '<' '<' '<' yes
    [ "$status" -eq 2 ]
    [ ! -e installed ]
}

@test "without a yes nothing is touched: no, the end of input, and no disk" {
    said '' core '' '' '' '' '' secret secret '' '' '' '' '' no
    [ "$status" -eq 2 ]
    [[ $output == *'ALL that is on /dev/nvme0n1 will be lost'*'no more input'* ]]
    [ ! -e installed ] && [ -z "$(ls run)" ]
    grep -E 'sr0|loop0' disks > other && mv other disks
    said "${shortest[@]}"
    [ "$status" -eq 2 ]
    [[ $output == *'There is no disk to install to'* ]]
    [ ! -e installed ]
}

@test "an installation that fails is a failure here, and the answers are gone" {
    INSTALL_STATUS=1 said "${shortest[@]}"
    [ "$status" -eq 1 ]
    [ -z "$(ls run)" ]
    [[ $output != *'systemctl reboot'* ]]
}

@test "it can write a file instead, and begin with the manifest of another machine" {
    options=(--write "$PWD/mine.env")
    said '' core '' '/dev/vda' '' web '' secret secret '' '' '' '' ''
    [ "$status" -eq 0 ] && [ ! -e installed ]
    [ "$(stat --format=%a mine.env)" = 600 ]
    answers mine.env
    answers_manifest > manifest.env
    options=(--from "$PWD/manifest.env" --write "$PWD/other.env")
    said '' '' '' '' '' '' '' secret secret '' '' '' '' ''
    [ "$status" -eq 0 ]
    diff mine.env other.env
    echo 'KLDLOAD_DISTRO=debain' > manifest.env
    said ''
    [ "$status" -eq 2 ]
    [[ $output == *"manifest.env:1: KLDLOAD_DISTRO can't be"* ]]
}

@test "a medium without darksites, and words it does not know" {
    rm -r darksite/debian
    said '' ''
    [ "$status" -eq 2 ]
    [[ $output == *'there is nothing to install'* ]]
    options=(--unknown)
    said ''
    [ "$status" -eq 2 ]
    [[ $output == 'kldload-setup: asks'* && $output != *shellcheck* ]]
}

# --- windows ----------------------------------------------------------------------------------------------------------

# The real whiptail on a terminal of its own; keys are typed when the window that they are for is drawn.
@test "whiptail asks the same, on a terminal" {
    command -v whiptail > /dev/null || skip "there is no whiptail here"
    unset KLDLOAD_PLAIN
    cat > drive.py << 'END'
import os, pty, re, select, sys, time
steps = [tuple(line.rstrip("\n").split("\t")) for line in open("steps")]
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "linux"
    os.execv(sys.argv[1], sys.argv[1:])
seen, deadline = "", time.time() + 60
def read():
    global seen
    if select.select([fd], [], [], 0.2)[0]:
        try: data = os.read(fd, 65536)
        except OSError: return False
        if not data: return False
        seen += data.decode(errors="replace")
        open("screen", "a").write(data.decode(errors="replace"))
    return True
for want, keys in steps:
    while want not in re.sub(r"\x1b[^a-zA-Z]*[a-zA-Z]|\s+", " ", seen):
        if time.time() > deadline or not read(): sys.exit("no window says: " + want + " but:" + repr(seen[-1500:]))
    time.sleep(0.3) # it throws away what is typed before it is ready
    read()
    seen = ""
    os.write(fd, keys.encode().decode("unicode_escape").encode())
while time.time() < deadline and read(): pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
    printf '%s\t%s\n' 'layout of the keyboard' '\r' 'What kind of system?' '\x1b[A\r' 'Who makes' '\r' 'Which disk' '\r' 'Encrypt the pool' '\r' 'name of the machine' ' x\r' "can't be" '\r' \
        'name of the machine' "$(printf '\\x7f%.0s' {1..40})box\\r" 'name of the administrator' '\r' 'The password of admin' "o'dd \$x\\r" 'Once more' "o'dd \$x\\r" \
        'Public SSH keys' '\r' 'time zone' '\r' 'Language and' '\r' 'How is the network' '\r' 'What else' ' \r' \
        'What was said' '\r' 'Install debian core now' '\x1b[B\r' 'take the medium out' '' > steps
    run python3 drive.py "$live/usr/sbin/kldload-setup"
    echo "$output"
    [ "$status" -eq 0 ]
    answers installed
    [ "$KLDLOAD_PROFILE,$KLDLOAD_DISK,$KLDLOAD_HOSTNAME,$KLDLOAD_PASSWORD,$KLDLOAD_ZFS_DEDUP" = "core,/dev/nvme0n1,box,o'dd \$x,1" ]
    run grep -F "o'dd" screen
    [ "$status" -eq 1 ]
}
