#!/usr/bin/env bats
# The answers file: what is read, what is refused, what is kept. Real shells are the judges of what a line means.

setup() {
    live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    # shellcheck source=live-build/config/includes.chroot/usr/lib/kldload-installer/lib/answers.sh
    source "$live/usr/lib/kldload-installer/lib/answers.sh"
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p zoneinfo/America zoneinfo/Europe
    touch zoneinfo/America/Toronto zoneinfo/Europe/Vienna
    export KLDLOAD_ZONEINFO=$PWD/zoneinfo
    unset LC_ALL
    set +o functrace # bats's trap for each command makes the loader ten times as slow
}

# judge LINE…: loads a file of these lines and what every one needs, and judges it all.
judge() {
    printf '%s\n' "$@" > answers.env
    answers_load answers.env
    answers_check
}

# judge_rest LINE…: the same, with answers that are in order before them.
judge_rest() {
    printf '%s\n' KLDLOAD_DISK=/dev/vda KLDLOAD_PASSWORD=secret > answers.env
    if (($#)); then printf '%s\n' "$@" >> answers.env; fi
    answers_load answers.env
    answers_check
}

# wrong PROBLEM…: these are the problems, and no others.
wrong() {
    printf 'found:    %s\n' "${answers_problems[@]}"
    printf 'expected: %s\n' "$@"
    [ "$(printf '%s\n' "${answers_problems[@]}")" = "$(printf '%s\n' "$@")" ]
}

refused() { # refused NAME VALUE: the value is bad by itself
    judge_rest "$1='$2'"
    printf '%s=%s: %s\n' "$1" "$2" "${answers_problems[*]}"
    [[ "${answers_problems[0]-}" == "answers.env:3: $1 "* ]]
}

taken() { # taken NAME VALUE: it is not, and reaches the variable
    answers_read_table
    answers_reason=''
    answers_judge "$1" "$2" || { echo "$1=$2 $answers_reason" && return 1; }
}

# --- defaults and the table ----------------------------------------------------------------------------------------

@test "nothing more than a disk and a way to log in is needed, and every variable has its default" {
    judge_rest
    wrong
    [ "$KLDLOAD_DISTRO $KLDLOAD_PROFILE $KLDLOAD_HOSTNAME $KLDLOAD_USERNAME" = "debian server kldload-node admin" ]
    [ "$KLDLOAD_STORAGE_MODE $KLDLOAD_ZFS_TOPOLOGY $KLDLOAD_ZFS_ENCRYPT $KLDLOAD_FORCE_WIPE" = "zfs single 0 0" ]
    [ "$KLDLOAD_TIMEZONE $KLDLOAD_KEYBOARD $KLDLOAD_LOCALE" = "America/Toronto us en_US.UTF-8" ]
    [ "$KLDLOAD_NET_METHOD $KLDLOAD_NET_PREFIX $KLDLOAD_NET_DNS" = "dhcp  " ]
    judge_rest KLDLOAD_NET_METHOD=static KLDLOAD_NET_IFACE=eth0 KLDLOAD_NET_IP=10.0.0.5 KLDLOAD_NET_GW=10.0.0.1
    wrong
    [ "$KLDLOAD_NET_PREFIX $KLDLOAD_NET_DNS" = "24 1.1.1.1,8.8.8.8" ]
    judge_rest KLDLOAD_NET_METHOD=static KLDLOAD_NET_IFACE=eth0 KLDLOAD_NET_IP=2001:db8::5 KLDLOAD_NET_GW=fe80::1
    wrong
    [ "$KLDLOAD_NET_PREFIX" = 64 ]
    judge_rest
    local name
    for name in $(answers_names); do [ -n "${!name+set}" ]; done
}

@test "every default is a value that may be given" {
    answers_read_table
    local name
    for name in "${answers_order[@]}"; do taken "$name" "${answers_default[$name]}"; done
}

@test "every variable that the documentation names is there" {
    local name names
    names=$(answers_names)
    for name in DISTRO DISK PROFILE HOSTNAME USERNAME PASSWORD NET_METHOD NET_IFACE NET_IP NET_PREFIX NET_GW NET_DNS \
        STORAGE_MODE ZFS_TOPOLOGY ZFS_ENCRYPT WIREGUARD NVIDIA_DRIVERS ENABLE_EBPF ENABLE_AI EXPORT_FORMAT \
        EXPORT_SCP_HOST EXPORT_SCP_USER EXPORT_SCP_PATH SEAL INFRA_MODE DEBIAN_RELEASE TIMEZONE KEYBOARD LOCALE FORCE_WIPE; do
        grep -qx "KLDLOAD_$name" <<< "$names"
    done
}

@test "the README's table is the installer's" {
    readme=$BATS_TEST_DIRNAME/../../README.md
    "$BATS_TEST_DIRNAME/answers-table" > expected
    awk '/^\| variable \| default \|/ { on = 1 } !/^\|/ { on = 0 } on' "$readme" > found
    diff -u found expected
}

@test "no answer is taken and then ignored: the installer reads each, or refuses all but one value of it" {
    [ -e "$live/usr/sbin/kldload-install-target" ] || skip "there is only the loader of answers here"
    local name refused bad=0
    refused=$(answers_not_yet | cut -d'|' -f1)
    for name in $(answers_names); do
        if grep -qx "$name" <<< "$refused"; then continue; fi
        case $name in
            # RHEL can't be installed yet: no medium has it.
            KLDLOAD_RHEL_*) continue ;;
            # What the table says of these is all there is to them.
            KLDLOAD_ENABLE_EBPF | KLDLOAD_INFRA_MODE) continue ;;
        esac
        grep -rqw "$name" --include='*' --exclude="answer*.sh" --exclude=kldload-setup \
            "$live/usr/sbin" "$live/usr/lib/kldload-installer" "$live/usr/lib/kldload" || { echo "nobody reads $name" && bad=1; }
    done
    [ $bad -eq 0 ]
}

# --- what a line means ---------------------------------------------------------------------------------------------

@test "comments, empty lines, export, spaces before, carriage returns and a byte order mark are no part of a value" {
    printf '\xef\xbb\xbf# answers\r\n\r\nexport KLDLOAD_HOSTNAME=one\r\n  export \t KLDLOAD_PROFILE=core # the least\r\n' > answers.env
    printf '\tKLDLOAD_DISK=/dev/vda\r\nKLDLOAD_SSH_KEYS=\r\nKLDLOAD_PASSWORD="x y"' >> answers.env # no newline at the end
    answers_load answers.env
    answers_check
    wrong
    [ "$KLDLOAD_HOSTNAME,$KLDLOAD_PROFILE,$KLDLOAD_DISK,$KLDLOAD_PASSWORD" = "one,core,/dev/vda,x y" ]
}

@test "what the environment says has no say, and no secret goes on to other programs" {
    export KLDLOAD_PASSWORD=from-outside KLDLOAD_HOSTNAME=from-outside
    judge KLDLOAD_DISK=/dev/vda KLDLOAD_PASSWORD=hunter2
    wrong
    [ "$KLDLOAD_HOSTNAME,$KLDLOAD_PASSWORD" = "kldload-node,hunter2" ]
    run env
    [[ $output != *hunter2* && $output != *from-outside* ]]
}

@test "passwords with odd characters survive, however they are quoted" {
    local password value
    for password in 'a b' "it's" '"' '\' '\\' '$HOME' '`id`' '$(id)' '#x' 'x#y' ' lead' 'trail ' '*x' '~' '~root' '!!x' 'a=b' \
        ';' '&&' '|' '<>' '(' '{a,b}' 'ä€😀' $'\xff\xfe' '%s%n' '-n' "'\"\\\$\`" 'a\nb' ':' '[a-z]' "''" '$'; do
        judge KLDLOAD_DISK=/dev/vda "KLDLOAD_PASSWORD=$(answers_quoted "$password")" \
            "KLDLOAD_RHEL_PASSWORD=\"$(sed 's/["\\$`]/\\&/g' <<< "$password")\"" \
            "KLDLOAD_EXPORT_SCP_PASSWORD=$(LC_ALL=C sed 's/./\\&/g' <<< "$password")"
        wrong
        for value in "$KLDLOAD_PASSWORD" "$KLDLOAD_RHEL_PASSWORD" "$KLDLOAD_EXPORT_SCP_PASSWORD"; do
            printf 'password %s gives %s\n' "$password" "$value"
            [ "$value" = "$password" ]
        done
    done
}

# The alphabet has what shells care about and few letters, so that no random line is the name of a program.
@test "whatever line is taken, bash and dash take for the same; and it runs nothing" {
    local alphabet="ab'\"\\ \$\`#~:;&|<>(){}[]*?!=,-" line i j taken=0 shell seed=${SEED:-$SRANDOM}
    echo "SEED=$seed"
    RANDOM=$seed
    mkdir empty
    for ((i = 0; i < 600; i++)); do
        line=''
        for ((j = RANDOM % 7; j >= 0; j--)); do line+=${alphabet:RANDOM % ${#alphabet}:1}; done
        if ! answers_unquote "$line"; then continue; fi
        taken=$((taken + 1))
        printf 'KLDLOAD_PASSWORD=%s\n' "$line" > line.env
        for shell in bash dash; do
            printf '%s: %s\n' "$shell" "$line"
            # shellcheck disable=SC2016
            found=$(cd empty && env -i PATH=/nonexistent "$(command -v $shell)" -c '. ../line.env && printf "%s." "$KLDLOAD_PASSWORD"')
            [ "$found" = "$answers_value." ]
        done
    done
    [ $taken -gt 40 ]
    [ -z "$(ls empty)" ]
}

# --- random answers ------------------------------------------------------------------------------------------------

pick() { printf '%s' "${@:RANDOM % $# + 1:1}"; }

letters() { # letters ALPHABET LEAST MOST
    local i text=''
    for ((i = $2 + RANDOM % ($3 - $2 + 1); i > 0; i--)); do text+=${1:RANDOM % ${#1}:1}; done
    printf '%s' "$text"
}

printable="abcXYZ019'\"\\ \$\`#~:;&|<>(){}[]*?!=,-_.@%^+/ä€😀"
small=abcdefghijklmnopqrstuvwxyz

random_value() { # random_value KIND
    local kind=$1
    if [[ $kind == *'?' ]] && ((RANDOM % 4 == 0)); then return; fi
    kind=${kind%'?'}
    case $kind in
        flag) pick 0 1 ;;
        distribution | profile | release) letters "$small" 1 15 ;;
        # shellcheck disable=SC2086
        word:*) pick ${kind//[:,]/ } | sed 's/^word$/'"${kind##*[:,]}/" ;;
        name | user) letters "x$small" 5 20 ;;
        place) pick storage.example.org 10.0.0.7:2222 a-b ;;
        gib) printf '%d' $((6 + RANDOM)) ;;
        hostkey) cut -d' ' -f1,2 key.pub | tr -d '\n' ;;
        hostname) printf '%s.%s%s' "$(letters $small 1 20)" "$(letters $small 1 1)" "$(letters ${small}0123456789 0 19)" ;;
        path) printf '/%s' "$(letters "$printable" 0 20)" ;;
        disks) pick /dev/vda "/dev/vda,/dev/vdb" "/dev/sda /dev/disk/by-id/ata-A_B:1-part" ;;
        interface) letters "$small" 1 15 ;;
        address) pick 10.1.2.3 192.0.2.254 fe80::1 2001:db8::5:6 ;;
        addresses) pick 9.9.9.9 1.1.1.1,fe80::1 "10.0.0.1, 10.0.0.2" ;;
        mirrors) pick offline https://a.example:8443/debian "http://b/x/debian, http://[2001:db8::1]/debian-security" ;;
        prefix) printf '%d' $((1 + RANDOM % 128)) ;;
        zone) pick America/Toronto Europe/Vienna ;;
        keymap) pick us de "ch(fr)" latam ;;
        locale) pick C.UTF-8 de_AT.UTF-8 ca_ES.UTF-8@valencia ;;
        keys) printf '%s %s' "$(cat key.pub)" "$(letters "${printable//;/}" 0 10)" ;;
        text | secret*) printf x && letters "$printable" 8 40 ;;
        *) echo "no values for $kind" >&2 && return 1 ;;
    esac
}

written() { # written VALUE: as one of the ways in which a person or a program would write it
    local value=$1 single="'" other="'\"'\"'"
    case $((RANDOM % 4)) in
        0) answers_quoted "$value" ;;
        1) printf "'%s'" "${value//$single/$other}" ;;
        2) printf '"%s"' "$(sed 's/["\\$`]/\\&/g' <<< "$value")" ;;
        3) printf '%q' "$value" ;;
    esac
}

@test "random answers are the same from file to loader, in bash and dash, in the manifest, and from the manifest again" {
    export LC_ALL=C.UTF-8 # printf %q writes other characters as they are
    local round name seed=${SEED:-$SRANDOM}
    local -A wanted
    echo "SEED=$seed"
    RANDOM=$seed
    ssh-keygen -q -t ed25519 -N '' -C '' -f key
    answers_read_table
    for ((round = 0; round < 8; round++)); do
        : > answers.env
        for name in $(shuf -e "${answers_order[@]}"); do
            # A dot holds a space at the end; the dot of "." would otherwise be one of the values.
            wanted[$name]=$(random_value "${answers_kind[$name]}" && printf .)
            wanted[$name]=${wanted[$name]%.}
            printf '%s=%s\n' "$name" "$(written "${wanted[$name]}")" >> answers.env
        done
        if [ "${wanted[KLDLOAD_NET_METHOD]}" = static ]; then # what is empty then means something
            printf '%s\n' KLDLOAD_NET_PREFIX=64 KLDLOAD_NET_DNS=9.9.9.9 > static.env
            for name in KLDLOAD_NET_PREFIX KLDLOAD_NET_DNS; do
                if [ -z "${wanted[$name]}" ]; then
                    wanted[$name]=$(sed -n "s/^$name=//p" static.env)
                    sed -i "s/^$name=.*/$name=${wanted[$name]}/" answers.env
                fi
            done
        fi
        answers_load answers.env
        wrong
        same
        shells answers.env "${answers_order[@]}"
        answers_manifest > manifest.env
        for name in $(answers_secret_names); do
            ! grep -q "^$name=" manifest.env
            if [ -n "${wanted[$name]}" ]; then
                ! grep -qF -e "${wanted[$name]}" manifest.env
                grep -q "^# $name was given" manifest.env
            fi
            wanted[$name]=''
        done
        answers_load manifest.env
        wrong
        same
        shells manifest.env $(comm -23 <(answers_names | sort) <(answers_secret_names | sort))
        answers_manifest | diff <(grep -v '^#' manifest.env) -
    done
}

same() {
    for name in "${answers_order[@]}"; do
        [ "${!name}" = "${wanted[$name]}" ] || { printf '%s is %q, wanted %q\n' "$name" "${!name}" "${wanted[$name]}" && return 1; }
    done
}

shells() { # shells FILE NAME…: what bash and dash make of FILE is what is wanted
    local file=$1 shell
    shift
    for shell in bash dash; do
        # shellcheck disable=SC2016
        env -i PATH=/nonexistent "$(command -v $shell)" -c '. "./$1"; shift; for n; do eval "printf \"%s\n\" \"\$$n\""; done' - "$file" "$@" > "$shell.out"
        for name; do printf '%s\n' "${wanted[$name]}"; done | diff - "$shell.out"
    done
}

# --- single values -------------------------------------------------------------------------------------------------

@test "addresses are those that Python's ipaddress takes" {
    local text seed=${SEED:-$SRANDOM} i yes=0
    echo "SEED=$seed"
    RANDOM=$seed
    {
        printf '%s\n' 0.0.0.0 255.255.255.255 256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 1.2.3.4. .1.2.3.4 1..2.3 '' : :: ::: ::1 1:: \
            1::2::3 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1:2:3:4:5:6:7:8: :1:2:3:4:5:6:7:8 \
            1:2:3:4:5:6:7::8 1:2:3:4::5:6:7:8 ::ffff:1.2.3.4 ::1.2.3.256 1:2:3:4:5:6:1.2.3.4 1:2:3:4:5:6:7:1.2.3.4 \
            12345::1 g::1 1.2.3.4::1 ::1.2.3.4:1 1:2 a.b.c.d 1.2.3.4/24 ' 1.2.3.4'
        for ((i = 0; i < 300; i++)); do letters '0123:::..fF' 2 16 && echo; done
    } > texts
    while IFS= read -r text; do if answers_is_address "$text"; then echo "yes $text"; else echo "no $text"; fi; done < texts > found
    python3 -c '
import ipaddress, sys
for text in open("texts").read().split("\n")[:-1]:
    try: ipaddress.ip_address(text) and 0; print("yes", text)
    except ValueError: print("no", text)' > expected
    diff found expected
    yes=$(grep -c ^yes found)
    [ "$yes" -gt 10 ]
}

@test "a password may be a whole hash of crypt(5), and half of one is refused" {
    local hash
    for hash in "$(openssl passwd -6 'x')" "$(openssl passwd -5 x)" "$(openssl passwd -1 x)" \
        "$(perl -e 'print crypt("x", q($y$j9T$F5Jx5fExrKuPp53xLKQ..1$))')" "$(perl -e 'print crypt("x", q($gy$j9T$F5Jx5fExrKuPp53xLKQ..1$))')" \
        "$(perl -e 'print crypt("x", q($2b$05$abcdefghijklmnopqrstuu))')" "$(perl -e 'print crypt("x", q($7$CU..../....abcdefgh$))')" \
        "$(perl -e 'print crypt("x", q($6$rounds=5000$salt$))')"; do
        echo "$hash"
        [[ ${#hash} -gt 30 ]]
        answers_is_hash "$hash"
        taken KLDLOAD_PASSWORD "$hash"
        ! answers_is_hash "${hash%?}"
        refused KLDLOAD_PASSWORD "${hash%?}"
    done
    ! answers_is_hash 'plain'
    for hash in '!' '*' '!!' '!$6$' '!$y$j9T$abc$def' '*$6$x$y'; do
        refused KLDLOAD_PASSWORD "$hash"
        [[ ${answers_problems[*]} == *'leave it out and give KLDLOAD_SSH_KEYS' ]]
    done
    taken KLDLOAD_PASSWORD '!Secret1'
    refused KLDLOAD_PASSWORD '$sha1$40000$jtNX3nZ2$hBNaIXkt4wBI2o5rsi8KejSjNqIq'
    taken KLDLOAD_PASSWORD '$6'
    taken KLDLOAD_PASSWORD '$7.50'
    taken KLDLOAD_PASSWORD '6$abc$def'
}

@test "public keys are those that ssh-keygen takes, with ; between" {
    local one two
    ssh-keygen -q -t ed25519 -N '' -C 'me; at home' -f one
    ssh-keygen -q -t ecdsa -N '' -C '' -f two
    ssh-keygen -q -t rsa -b 2048 -N '' -C 'a * b' -f three
    one=$(cut -d' ' -f1,2 one.pub) two=$(cat two.pub)
    taken KLDLOAD_SSH_KEYS "$one me@home;$two; $(cat three.pub)"
    taken KLDLOAD_SSH_KEYS "$one;"
    refused KLDLOAD_SSH_KEYS "${one%????????}"
    refused KLDLOAD_SSH_KEYS "$one $two; ssh-ed25519"
    refused KLDLOAD_SSH_KEYS "$(head -n 1 one)"
    refused KLDLOAD_SSH_KEYS "$one;;x"
    taken KLDLOAD_SSH_KEYS "$(tr ' ' '\t' <<< "$one")"
    taken KLDLOAD_SSH_KEYS "${one/ /   }"
    # With options, as sshd reads them: quotes hold spaces, commas and what would separate keys.
    local options
    for options in restrict 'no-pty,no-X11-forwarding' 'from="10.0.0.0/8,*.example.org"' 'command="a; b \"c\" d",restrict' \
        'cert-authority,principals="a,b"' 'environment="X=;",expiry-time="20300101"'; do
        taken KLDLOAD_SSH_KEYS "$options $one;$two; $options $one me"
        answers_split_keys "$options $one;$two; $options $one me"
        [ "${#answers_keys[@]}" -eq 3 ]
        [ "${answers_keys[2]}" = "$options $one me" ]
        printf '%s\n' "${answers_keys[@]}" > authorized_keys
        [ "$(ssh-keygen -l -f authorized_keys | wc -l)" -eq 3 ] # the real program finds three keys
    done
    for options in 'form="10.0.0.1"' 'from=10.0.0.1' 'restrict,' 'no-pty no-user-rc' 'from="10.0.0.1'; do refused KLDLOAD_SSH_KEYS "$options $one"; done
}

@test "values of each kind that can't be" {
    local value
    for value in 2 yes true; do refused KLDLOAD_ZFS_ENCRYPT "$value"; done
    for value in Debian 'debian,ubuntu' ',' -debian; do refused KLDLOAD_DISTRO "$value"; done
    for value in debian ubuntu core; do
        answers_offers=(mint/core mint/kiosk)
        refused KLDLOAD_DISTRO "$value"
        [ "$value" = core ] || refused KLDLOAD_PROFILE "$value"
    done
    answers_offers=()
    for value in - a_b 'a b' a..b .a a- "$(printf 'a%.0s' {1..65})"; do refused KLDLOAD_HOSTNAME "$value"; done
    for value in localhost LOCALHOST localhost.localdomain web.localhost 127.0.0.1 12345; do refused KLDLOAD_HOSTNAME "$value"; done
    for value in Me 1a 'a b' root www-data sudo a.b ä netdev tcpdump polkitd libvirt-qemu _chrony systemd-oom; do refused KLDLOAD_USERNAME "$value"; done
    for value in vda '/dev/vda /tmp/x' /dev/../etc /dev/; do refused KLDLOAD_DISK "$value" || refused_second KLDLOAD_DISK "$value"; done
    touch zoneinfo/{localtime,CET,America/Old} && mkdir zoneinfo/US && touch zoneinfo/US/Eastern
    for value in Mars/Phobos ../zoneinfo/America/Toronto America /etc/passwd localtime CET US/Eastern America/../localtime; do refused KLDLOAD_TIMEZONE "$value"; done
    for value in uk US 'de(' 'de;x'; do refused KLDLOAD_KEYBOARD "$value"; done
    for value in de de_DE de_DE.ISO-8859-1 C POSIX '../x' en_DE.UTF-8 de_DE.UTF-8@euro '*.UTF-8'; do refused KLDLOAD_LOCALE "$value"; done
    for value in 0 129 24x -1 024; do refused KLDLOAD_NET_PREFIX "$value"; done
    for value in 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 :: ::1 ff02::1 ::ffff:10.0.0.1; do
        refused KLDLOAD_NET_IP "$value"
        refused KLDLOAD_NET_GW "$value"
        refused KLDLOAD_NET_DNS "9.9.9.9,$value"
    done
    for value in , '1.1.1.1;8.8.8.8' 1.1.1; do refused KLDLOAD_NET_DNS "$value"; done
    for value in off ftp://m/debian http:///debian http://m 'http://m/debian,offline' 'http://m/a|b' "http://m/\$x" 'http://m/debian trixie'; do refused KLDLOAD_MIRROR "$value"; done
    for value in 'eth0/1' 'abcdefghijklmnop' 'a b'; do refused KLDLOAD_NET_IFACE "$value"; done
    for value in 1234567 "$(printf 'a%.0s' {1..513})"; do refused KLDLOAD_ZFS_PASSPHRASE "$value"; done
    refused KLDLOAD_KERNEL_OPTIONS $'a\tb'
    refused KLDLOAD_EXPORT_SCP_PATH relative
    refused KLDLOAD_HOSTNAME ''
}

# KLDLOAD_DISK is there already in judge_rest.
refused_second() {
    judge KLDLOAD_PASSWORD=x "$1='$2'"
    [[ "${answers_problems[0]-}" == "answers.env:2: $1 "* ]]
}

@test "time zones and variants of keyboards are held against the lists of the system, where it has them" {
    taken KLDLOAD_TIMEZONE Europe/Vienna
    printf '#\nAT\t+4813+01620\tEurope/Vienna\tcomment\nCA\t+4339-07923\tAmerica/Toronto\n' > zoneinfo/zone.tab
    mkdir zoneinfo/Etc && touch zoneinfo/Etc/UTC zoneinfo/UTC zoneinfo/America/Fort_Wayne
    for value in Europe/Vienna America/Toronto Etc/UTC UTC; do taken KLDLOAD_TIMEZONE $value; done
    refused KLDLOAD_TIMEZONE America/Fort_Wayne # a name of yesterday: it is in the folder, and in tzdata-legacy of the machine
    export KLDLOAD_XKB=$PWD/base.lst
    taken KLDLOAD_KEYBOARD 'de(nodeadkey)' # nobody knows
    printf '%s\n' '! layout' '  de   German' '  nodeadkeys de: no' '' '! variant' '  nodeadkeys      de: German (no dead keys)' '  fr  ch: x' > base.lst
    for value in de 'de(nodeadkeys)' 'ch(fr)'; do taken KLDLOAD_KEYBOARD "$value"; done
    for value in 'de(nodeadkey)' 'ch(nodeadkeys)' 'de(fr)' 'de()'; do refused KLDLOAD_KEYBOARD "$value"; done
}

# --- what is taken works, in the real programs -----------------------------------------------------------------------

@test "every locale that is taken can be made, and those in each way to write one are" {
    [ -f /usr/share/i18n/SUPPORTED ]
    local name count=0
    for name in $(answers_locales); do
        taken KLDLOAD_LOCALE "${name/@*}.UTF-8${name#"${name%@*}"}"
        [ -e "/usr/share/i18n/locales/$name" ] || { echo "no $name" && return 1; }
        count=$((count + 1))
    done
    [ $count -gt 300 ]
}

# As the installer writes it (system.sh), and as Debian's own program makes it.
@test "locale-gen makes what is asked for, however it is written" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    cat > inside << 'END'
mount --bind locale.gen /etc/locale.gen
mount -t tmpfs tmpfs /usr/lib/locale
locale-gen > /dev/null
for name in de_AT.UTF-8 ca_ES.UTF-8@valencia ast_ES.UTF-8; do LC_ALL=$name locale charmap 2>&1; done
END
    printf '%s UTF-8\n' de_AT.UTF-8 ca_ES.UTF-8@valencia ast_ES.UTF-8 > locale.gen
    [ "$(unshare --mount --propagation private bash -eu ./inside)" = $'UTF-8\nUTF-8\nUTF-8' ]
}

@test "every keyboard layout that is taken is one of XKB, with each of its variants, and makes a map of the console" {
    [ -f /usr/share/X11/xkb/rules/base.lst ]
    local name
    for name in $(answers_keymaps); do
        [ -n "$(awk -v name="$name" '/^!/ { inside = $2 == "layout" } inside && $1 == name' /usr/share/X11/xkb/rules/base.lst)" ] || echo "$name"
    done > missing
    [ "$(wc -l < missing)" -le 1 ] # those that are newer than this system
    while read -r name of; do taken KLDLOAD_KEYBOARD "$of($name)"; done < <(awk '/^!/ { inside = $2 == "variant" } inside && $2 ~ /^(de|ch|us|fr):$/ { sub(":", "", $2); print $1, $2 }' /usr/share/X11/xkb/rules/base.lst)
    for name in de fr ch us ru gr jp latam; do ckbcomp "$name" 2> /dev/null | loadkeys --parse -; done
    ckbcomp de nodeadkeys > map
    grep -q '^keycode 21 = +U+007a' map # z, where a US keyboard has y
}

@test "every name of a user that is taken, useradd takes" {
    local name
    mkdir -p root/etc root/home
    cp /etc/login.defs root/etc/
    touch root/etc/{passwd,group,shadow,gshadow,subuid,subgid}
    for name in admin a _x me-2 x_y- "$(printf 'a%.0s' {1..32})"; do
        taken KLDLOAD_USERNAME "$name"
        useradd --prefix "$PWD/root" --user-group --no-create-home "$name"
    done
    # And those that a system has are known: of this one's own base, and of all that its packages declare.
    for name in $(cut -d: -f1 /usr/share/base-passwd/{passwd,group}.master) \
        $(awk '$1 == "u" || $1 == "g" { print $2 }' /usr/lib/sysusers.d/*.conf | grep -E '^[a-z_][a-z0-9_-]*$'); do
        answers_is_taken "$name" || { echo "$name" && return 1; }
    done
}

# --- all problems at once ------------------------------------------------------------------------------------------

@test "all problems are listed at once, with file and line, and a secret is in none of them" {
    answers_offers=(debian/core debian/server ubuntu/server)
    judge 'KLDLOAD_DISTRO=debain' 'KLDLOAD_PASWORD=hunter2' 'KLDLOAD_PASSWORD="hunter2$x"' 'hunter2' \
        'KLDLOAD_ZFS_PASSPHRASE=hunter2' 'KLDLOAD_HOSTNAME=a' 'KLDLOAD_HOSTNAME=b' "KLDLOAD_DISK='/dev/vda" \
        $'KLDLOAD_RHEL_PASSWORD=\'hunter2\thunter2\'' 'KLDLOAD_NET_METHOD=static' 'KLDLOAD_NET_IP=10.0.0.5/24' 'UNRELATED=1' \
        'KLDLOAD_NET_GW = 10.0.0.1'
    wrong \
        'answers.env:1: KLDLOAD_DISTRO can'"'"'t be "debain": it is one of debian, ubuntu' \
        'answers.env:2: there is no variable KLDLOAD_PASWORD (did you mean KLDLOAD_PASSWORD?)' \
        "answers.env:3: KLDLOAD_PASSWORD: \$ stands outside of single quotes; put the value into single quotes" \
        'answers.env:4: this is no NAME=value' \
        "answers.env:5: KLDLOAD_ZFS_PASSPHRASE can't be what it is: it has 8 to 512 bytes" \
        'answers.env:7: KLDLOAD_HOSTNAME is there a second time, after line 6' \
        'answers.env:8: KLDLOAD_DISK: a single quote is not closed; put the value into single quotes' \
        "answers.env:9: KLDLOAD_RHEL_PASSWORD can't be what it is: a control character is in it" \
        "answers.env:11: KLDLOAD_NET_IP can't be \"10.0.0.5/24\": that is no IP address" \
        'answers.env:12: there is no variable UNRELATED' \
        'answers.env:13: this is no NAME=value' \
        'answers.env:10: KLDLOAD_NET_METHOD=static needs KLDLOAD_NET_IFACE' \
        'answers.env:10: KLDLOAD_NET_METHOD=static needs KLDLOAD_NET_GW'
}

@test "a file that is not there, is a folder, or is no text" {
    answers_load missing.env
    wrong 'missing.env: it can'"'"'t be read'
    answers_load .
    wrong '.: it can'"'"'t be read'
    printf 'KLDLOAD_DISK=/dev/vda\n' | iconv -t UTF-16 > wide.env
    answers_load wide.env
    wrong 'wide.env: it is no text in ASCII or UTF-8'
}

@test "the loader works in a script that ends at the first error, with unset variables as errors" {
    printf 'KLDLOAD_DISK=/dev/vda\nKLDLOAD_PASSWORD=x\nKLDLOAD_PROFILE=core\n' > answers.env
    # shellcheck disable=SC2016
    run env -i PATH="$PATH" KLDLOAD_ZONEINFO="$KLDLOAD_ZONEINFO" bash -c 'set -euo pipefail; shopt -s inherit_errexit; trap "echo ERR" ERR; set -o errtrace
        source "$1"; answers_load "$2"; answers_check; echo "${#answers_problems[@]}"; answers_manifest | tail -n 1' - \
        "$live/usr/lib/kldload-installer/lib/answers.sh" answers.env
    [ "$output" = $'0\nKLDLOAD_AFTER=\'auto\'' ]
}

@test "kldload-install-target --check says all of it and touches nothing" {
    export KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer BOOTSTRAP_DARKSITE=$PWD/darksite
    mkdir -p darksite/debian
    echo 'PROFILES=core server' > darksite/debian/distribution
    printf '%s\n' KLDLOAD_DISTRO=debain KLDLOAD_DISK=/dev/vda KLDLOAD_ZFS_TOPOLOGY=mirror > answers.env
    run "$live/usr/sbin/kldload-install-target" --config answers.env --check
    echo "$output"
    [ "$status" -eq 2 ]
    [[ ${lines[0]} == "kldload: answers: answers.env:1: KLDLOAD_DISTRO can't be "* ]]
    [[ ${lines[1]} == "kldload: answers: answers.env:2: KLDLOAD_ZFS_TOPOLOGY=mirror takes 2 disks"* ]]
    [[ ${lines[2]} == "kldload: answers: nobody could log in"* ]]
    printf '%s\n' KLDLOAD_DISK=/dev/vda KLDLOAD_PASSWORD=x > answers.env
    run "$live/usr/sbin/kldload-install-target" --config answers.env --check
    [ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "kldload-install-target --check --json says the same to programs, each at its line and variable, and no secret" {
    export KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer BOOTSTRAP_DARKSITE=$PWD/darksite
    mkdir -p darksite/debian
    echo 'PROFILES=core server' > darksite/debian/distribution
    printf '%s\n' KLDLOAD_DISTRO=debain KLDLOAD_DISK=/dev/vda KLDLOAD_ZFS_TOPOLOGY=mirror KLDLOAD_ZFS_ENCRYPT=1 KLDLOAD_ZFS_PASSPHRASE=secret > answers.env
    run "$live/usr/sbin/kldload-install-target" --config answers.env --check --json
    [ "$status" -eq 2 ]
    [[ $output != *secret* ]]
    [ "$(jq -c '[.good, (.problems[] | [.line, .name])]' <<< "$output")" \
        = '[false,[1,"KLDLOAD_DISTRO"],[5,"KLDLOAD_ZFS_PASSPHRASE"],[2,"KLDLOAD_ZFS_TOPOLOGY"],[null,"KLDLOAD_PASSWORD"]]' ]
    [[ $(jq -r '.problems[0].what' <<< "$output") == "KLDLOAD_DISTRO can't be "* ]]
    printf '%s\n' KLDLOAD_DISK=/dev/vda KLDLOAD_PASSWORD=x > answers.env
    run "$live/usr/sbin/kldload-install-target" --check --json --config answers.env
    [ "$status" -eq 0 ]
    [ "$output" = '{"good":true,"problems":[],"warnings":[]}' ]
    run "$live/usr/sbin/kldload-install-target" --config answers.env --json # it installs nothing by a word too few
    [ "$status" -eq 2 ]
}

# --- contradictions ------------------------------------------------------------------------------------------------

@test "disks and topology" {
    judge KLDLOAD_PASSWORD=x
    wrong 'KLDLOAD_ZFS_TOPOLOGY=single takes one disk in KLDLOAD_DISK, not 0'
    judge KLDLOAD_PASSWORD=x 'KLDLOAD_DISK="/dev/vda /dev/vdb"'
    wrong 'answers.env:2: KLDLOAD_ZFS_TOPOLOGY=single takes one disk in KLDLOAD_DISK, not 2'
    judge_rest KLDLOAD_ZFS_TOPOLOGY=mirror
    wrong 'answers.env:1: KLDLOAD_ZFS_TOPOLOGY=mirror takes 2 disks or more in KLDLOAD_DISK, not 1'
    judge KLDLOAD_PASSWORD=x KLDLOAD_DISK=/dev/vda,/dev/vdb KLDLOAD_ZFS_TOPOLOGY=raidz
    wrong 'answers.env:2: KLDLOAD_ZFS_TOPOLOGY=raidz takes 3 disks or more in KLDLOAD_DISK, not 2'
    judge KLDLOAD_PASSWORD=x KLDLOAD_DISK=/dev/vda,/dev/vda KLDLOAD_ZFS_TOPOLOGY=stripe
    wrong 'answers.env:2: KLDLOAD_DISK names a disk twice'
    judge KLDLOAD_PASSWORD=x KLDLOAD_DISK=/dev/vda,/dev/vdb,/dev/vdc KLDLOAD_ZFS_TOPOLOGY=raidz
    wrong
}

@test "storage that is made by hand" {
    judge KLDLOAD_PASSWORD=x KLDLOAD_STORAGE_MODE=manual KLDLOAD_PROFILE=core
    wrong
    judge_rest KLDLOAD_STORAGE_MODE=manual KLDLOAD_ZFS_ENCRYPT=1 "KLDLOAD_ZFS_PASSPHRASE='long enough'"
    wrong 'answers.env:3: KLDLOAD_STORAGE_MODE=manual is for the profile core' \
        'answers.env:1: KLDLOAD_STORAGE_MODE=manual: the pool is there already, and KLDLOAD_DISK has no say in it' \
        'answers.env:4: KLDLOAD_STORAGE_MODE=manual: the pool is there already, and KLDLOAD_ZFS_ENCRYPT has no say in it'
}

@test "encryption and its passphrase" {
    judge_rest KLDLOAD_ZFS_ENCRYPT=1
    wrong 'answers.env:3: KLDLOAD_ZFS_ENCRYPT=1 needs KLDLOAD_ZFS_PASSPHRASE'
    judge_rest "KLDLOAD_ZFS_PASSPHRASE='long enough'"
    wrong 'answers.env:3: KLDLOAD_ZFS_PASSPHRASE is there, but KLDLOAD_ZFS_ENCRYPT is not 1'
    judge_rest KLDLOAD_ZFS_ENCRYPT=1 "KLDLOAD_ZFS_PASSPHRASE='ääää'" # bytes count, as they do for ZFS
    wrong
}

@test "somebody can log in" {
    judge KLDLOAD_DISK=/dev/vda
    wrong 'nobody could log in: set KLDLOAD_PASSWORD or KLDLOAD_SSH_KEYS'
    ssh-keygen -q -t ed25519 -N '' -f key
    judge KLDLOAD_DISK=/dev/vda "KLDLOAD_SSH_KEYS='$(cat key.pub)'"
    wrong
}

@test "the network" {
    judge_rest KLDLOAD_NET_IP=10.0.0.5 KLDLOAD_NET_GW=10.0.0.1
    wrong 'answers.env:3: KLDLOAD_NET_IP is for KLDLOAD_NET_METHOD=static' 'answers.env:4: KLDLOAD_NET_GW is for KLDLOAD_NET_METHOD=static'
    static() { judge_rest KLDLOAD_NET_METHOD=static KLDLOAD_NET_IFACE=eth0 KLDLOAD_NET_IP="$1" KLDLOAD_NET_PREFIX="$2" KLDLOAD_NET_GW="$3"; }
    static 10.0.0.5 24 10.0.0.1 && wrong
    static 10.0.0.5 32 10.9.9.1 && wrong
    static 10.0.0.4 31 10.0.0.5 && wrong
    static 172.16.5.4 12 172.31.0.1 && wrong
    static 10.0.0.5 1 100.0.0.1 && wrong
    static 2001:db8::5 64 fe80::1 && wrong
    static 2001:db8::5 64 2001:DB8:0:0::1 && wrong
    static 2001:db8::5 128 2001:db9::1 && wrong
    static 2001:db8::5 127 2001:db8::4 && wrong
    static 10.0.0.5 33 10.0.0.1 && wrong 'answers.env:6: KLDLOAD_NET_PREFIX=33 is too long for 10.0.0.5'
    static 10.0.0.5 24 10.0.1.1 && wrong "answers.env:7: KLDLOAD_NET_GW=10.0.1.1 can't be reached from 10.0.0.5/24"
    static 10.0.0.5 24 10.0.0.5 && wrong "answers.env:7: KLDLOAD_NET_GW is this machine's own address"
    static 2001:db8::5 64 2001:db8:0::0:5 && wrong "answers.env:7: KLDLOAD_NET_GW is this machine's own address"
    static 10.0.0.5 24 fe80::1 && wrong 'answers.env:7: KLDLOAD_NET_IP and KLDLOAD_NET_GW are of two families'
    static 10.0.0.5 x 10.0.0.1 && wrong "answers.env:6: KLDLOAD_NET_PREFIX can't be \"x\": that is no prefix length"
    static 2001:db8::5 24 2001:db8::1 && wrong 'answers.env:6: KLDLOAD_NET_PREFIX=24 is no network of IPv6, which has 64 as a rule'
    static 2001:db8::5 64 2001:db8:0:1::1 && wrong "answers.env:7: KLDLOAD_NET_GW=2001:db8:0:1::1 can't be reached from 2001:db8::5/64"
    static 2001:db8::5 61 2001:db8:0:8::1 && wrong "answers.env:7: KLDLOAD_NET_GW=2001:db8:0:8::1 can't be reached from 2001:db8::5/61"
    static 2001:db8::5 61 2001:db8:0:7::1 && wrong
    static 10.0.0.0 24 10.0.0.1 && wrong 'answers.env:5: KLDLOAD_NET_IP=10.0.0.0 is the name of the network 10.0.0.0/24, not an address in it'
    static 10.0.0.5 24 10.0.0.255 && wrong 'answers.env:7: KLDLOAD_NET_GW=10.0.0.255 is the address of all that are in the network 10.0.0.5/24'
}

@test "addresses in every way to write them are the same numbers as Python's" {
    local text
    for text in :: ::1 1:: 1:2:3:4:5:6:7:8 1::8 fe80::1 ::ffff:1.2.3.4 1:2:3:4:5:6:1.2.3.4 2001:DB8::5 1:2:3::7:8 ::2:3:4:5:6:7:8; do
        [ "$(answers_ip6_number "$text")" = "$(python3 -c 'import ipaddress, sys; print("%032x" % int(ipaddress.ip_address(sys.argv[1])))' "$text")" ]
    done
}

@test "core has nothing but ZFS, whether it is said or not" {
    judge_rest KLDLOAD_PROFILE=core
    wrong
    [ "$KLDLOAD_WIREGUARD$KLDLOAD_ENABLE_EBPF$KLDLOAD_WEBUI" = 00off ]
    judge_rest KLDLOAD_PROFILE=core KLDLOAD_WEBUI=lan
    wrong 'answers.env:4: KLDLOAD_WEBUI=lan is not for the profile core, which is ZFS and nothing else'
    judge_rest KLDLOAD_PROFILE=core KLDLOAD_WIREGUARD=1
    wrong 'answers.env:4: KLDLOAD_WIREGUARD=1 is not for the profile core, which is ZFS and nothing else'
    judge_rest KLDLOAD_PROFILE=server
    [ "$KLDLOAD_WIREGUARD$KLDLOAD_ENABLE_EBPF$KLDLOAD_WEBUI" = 11local ]
}

@test "RHEL needs an account or an activation key, each with both its parts" {
    local problem="answers.env:3: KLDLOAD_DISTRO=rhel needs KLDLOAD_RHEL_USERNAME and KLDLOAD_RHEL_PASSWORD, or KLDLOAD_RHEL_ORG and KLDLOAD_RHEL_ACTIVATION_KEY"
    judge_rest KLDLOAD_DISTRO=rhel
    wrong "$problem"
    judge_rest KLDLOAD_DISTRO=rhel KLDLOAD_RHEL_USERNAME=x KLDLOAD_RHEL_ACTIVATION_KEY=y
    wrong "$problem"
    judge_rest KLDLOAD_DISTRO=rhel KLDLOAD_RHEL_ORG=x KLDLOAD_RHEL_ACTIVATION_KEY=y
    wrong
}

@test "what this installer can't do yet is refused, not ignored" {
    judge_rest KLDLOAD_ENABLE_AI=1
    wrong "answers.env:3: KLDLOAD_ENABLE_AI=1: a language model can't be installed from a medium; leave it at 0"
    judge_rest 'KLDLOAD_KERNEL_OPTIONS="quiet root=/dev/sda1"'
    wrong "answers.env:3: KLDLOAD_KERNEL_OPTIONS says root=, and the boot environment is what says where the root is"
}

@test "sealing leaves a way to log in to each copy, and tells of what all copies would share" {
    judge_rest KLDLOAD_SEAL=1
    wrong 'answers.env:3: nobody could log in to a copy: sealing locks the password; set KLDLOAD_SSH_KEYS, or KLDLOAD_SEAL_PASSWORDS=keep'
    judge_rest KLDLOAD_SEAL=1 KLDLOAD_SEAL_PASSWORDS=keep
    wrong
    [ "${#answers_warnings[@]}" -eq 0 ]
    judge_rest KLDLOAD_SEAL_PASSWORDS=keep
    wrong 'answers.env:3: KLDLOAD_SEAL_PASSWORDS is there, but nothing is sealed'
    judge_rest KLDLOAD_SEAL=1 KLDLOAD_SEAL_PASSWORDS=keep KLDLOAD_NET_METHOD=static KLDLOAD_NET_IFACE=eth0 KLDLOAD_NET_IP=10.0.0.5 KLDLOAD_NET_GW=10.0.0.1
    wrong
    [ "${answers_warnings[*]}" = 'KLDLOAD_NET_IP=10.0.0.5: all copies would have this address, and collide; dhcp, or a cloud, gives each its own' ]
    judge KLDLOAD_PASSWORD=x KLDLOAD_SEAL=1 KLDLOAD_SEAL_PASSWORDS=keep KLDLOAD_STORAGE_MODE=manual KLDLOAD_PROFILE=core
    wrong 'answers.env:2: KLDLOAD_STORAGE_MODE=manual: sealing destroys every snapshot of a pool, and this one is not the installer'"'"'s'
}

@test "an image has to come to an end somewhere, at somebody who is known, by one way to log in" {
    local rest=(KLDLOAD_SEAL_PASSWORDS=keep KLDLOAD_EXPORT_FORMAT=qcow2) key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtvbWUgaGVyZSBhbmQgc2VlIHdoYXQgd2UgaGF2ZQ'
    judge_rest KLDLOAD_EXPORT_SCP_HOST=storage.example.org
    wrong 'answers.env:3: KLDLOAD_EXPORT_SCP_HOST is there, but KLDLOAD_EXPORT_FORMAT is none'
    judge_rest "${rest[@]}"
    wrong 'answers.env:4: KLDLOAD_EXPORT_FORMAT=qcow2: where to? KLDLOAD_EXPORT_TO or KLDLOAD_EXPORT_SCP_HOST'
    judge_rest "${rest[@]}" KLDLOAD_EXPORT_TO=/media
    wrong
    judge_rest "${rest[@]}" KLDLOAD_EXPORT_SCP_HOST=a:2222
    wrong 'answers.env:5: KLDLOAD_EXPORT_SCP_HOST: nobody knows whom the image would go to: KLDLOAD_EXPORT_SCP_HOSTKEY, or KLDLOAD_EXPORT_SCP_TRUST=first' \
        'answers.env:5: KLDLOAD_EXPORT_SCP_HOST takes KLDLOAD_EXPORT_SCP_PASSWORD or KLDLOAD_EXPORT_SCP_KEY, one of them'
    judge_rest "${rest[@]}" KLDLOAD_EXPORT_SCP_HOST=a "KLDLOAD_EXPORT_SCP_HOSTKEY='$key'" KLDLOAD_EXPORT_SCP_KEY=/k
    wrong
    judge_rest "${rest[@]}" KLDLOAD_EXPORT_SCP_HOST=a KLDLOAD_EXPORT_SCP_TRUST=first KLDLOAD_EXPORT_SCP_PASSWORD=x
    wrong
    judge_rest "${rest[@]}" KLDLOAD_EXPORT_TO=/media KLDLOAD_ZFS_ENCRYPT=1 KLDLOAD_ZFS_PASSPHRASE=12345678
    wrong
    [[ ${answers_warnings[*]} == *'all copies of the image have the same key'* ]]
    refused KLDLOAD_EXPORT_FORMAT vdi
    refused KLDLOAD_EXPORT_SIZE 5
    refused KLDLOAD_EXPORT_SCP_HOST 'a b'
    refused KLDLOAD_EXPORT_SCP_HOST a:b
    refused KLDLOAD_EXPORT_SCP_HOSTKEY SHA256:abc
}
