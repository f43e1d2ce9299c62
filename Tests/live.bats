#!/usr/bin/env bats
# The programs of the live system: the report on its state and the server of the mirrors. No root and no network needed.
bats_require_minimum_version 1.5.0

load lib/keys

setup() {
    live=$BATS_TEST_DIRNAME/../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p bin darksite config lists module net
    export PATH="$PWD/bin:$PATH"
    export KLDLOAD_DARKSITES=$PWD/darksite KLDLOAD_CONFIG=$PWD/config KLDLOAD_APT_LISTS=$PWD/lists
    export KLDLOAD_ZFS_MODULE=$PWD/module KLDLOAD_NET=$PWD/net KLDLOAD_ISSUE=$PWD/run/report.issue
    export KLDLOAD_MEDIUM=$PWD/medium KLDLOAD_CMDLINE=$PWD/words
    mkdir -p medium/kldload
    echo 'boot=live quiet kldload.medium=0123 console=tty0' > words
    echo 0123 > medium/kldload/medium
    listed
    export KLDLOAD_SCRATCH=$PWD/scratch KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer
    export KLDLOAD_EPOCH=$PWD/clock-epoch KLDLOAD_RTC=$PWD/rtc KLDLOAD_MEMINFO=$PWD/meminfo
    touch --date=2026-11-26 clock-epoch
    date --date=2026-11-28 +%s > rtc
    echo 'MemTotal: 2000000 kB' > meminfo
    echo free > config/edition
    echo 2.3.9 > module/version
    export KLDLOAD_APT_SOURCES=$PWD/own.sources
    printf '%s\n' 'Types: deb' 'URIs: http://127.0.0.1:3142' > own.sources
    mkdir -p darksite/debian/apt
    printf '%s\n' FAMILY=apt PORT=3142 > darksite/debian/distribution
    printf 'Package: %s\n\n' one two three > lists/127.0.0.1:3142_dists_trixie_main_binary-amd64_Packages
    stub apt-get 'exit 0'
    stub modprobe 'exit 0'
    stub uname 'echo 6.12.0-test'
    stub systemctl 'exit 0'
    stub ip 'exit 0'
    stub sleep 'exit 0'
    stub date 'if [ "$*" = +%s ]; then exec /usr/bin/date --date=2026-11-28 +%s; fi; exec /usr/bin/date "$@"'
}

# listed FOLDER…: what the list of the medium has in its darksites.
listed() {
    printf "%064d  %s\n" 1 live/vmlinuz > medium/kldload/sha256sums
    for folder; do printf "%064d  darksite/%s/some/file\n" 1 "$folder"; done >> medium/kldload/sha256sums
}

teardown() {
    if [ -n "${server-}" ]; then kill "$server"; fi
}

stub() {
    printf '#!/bin/bash\n%s\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

report() { run "$live/usr/lib/kldload/live-report"; }

@test "a live system in order is reported as ready, in lines a program can wait for" {
    echo "4f2c1d9" > config/build
    report
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "kldload: live system up: edition free, 4f2c1d9" ]
    [ "${lines[1]}" = "kldload: darksite debian: 3 packages at http://127.0.0.1:3142 (signature verified)" ]
    [ "${lines[2]}" = "kldload: zfs 2.3.9 module loaded for 6.12.0-test" ]
    [ "${lines[3]}" = "kldload: network: none, and none is needed" ]
    [ "${lines[4]}" = "kldload: ready" ]
    [ "${#lines[@]}" -eq 5 ]
}

@test "a machine with too little memory to install is not ready" {
    echo 'MemTotal: 500000 kB' > meminfo
    report
    [ "$status" -eq 1 ]
    [ "${lines[3]}" = "kldload: FAILED memory: 488 MiB of memory are too few, 900 are the least" ]
}

@test "a clock that was years off is said, and one that still is, is a failure" {
    date --utc --date=2015-01-01T12:00 +%s > rtc
    report
    [ "$status" -eq 0 ]
    [[ "${lines[3]}" == "kldload: clock: the machine's own says 2015-01-01, before this image was made (2026-11-26); it was set forward to that" ]]
    stub date 'if [ "$*" = +%s ]; then exec /usr/bin/date --date=2015-01-01 +%s; fi; exec /usr/bin/date "$@"'
    report
    [ "$status" -eq 1 ]
    [[ "${lines[3]}" == "kldload: FAILED clock: it says "*", before this image was made: timedatectl set-time sets it" ]]
    rm clock-epoch
    report
    [ "$status" -eq 1 ]
    [[ "${lines[3]}" == "kldload: FAILED clock: this image does not say when it was made" ]]
}

@test "what is wrong with the mirror is said, with apt's words, and the rest is still looked at" {
    stub apt-get 'echo "E: The repository is not signed." >&2; exit 100'
    report
    [ "$status" -eq 1 ]
    [[ "${lines[1]}" == "kldload: FAILED darksite debian at http://127.0.0.1:3142: E: The repository is not signed." ]]
    [[ "${lines[2]}" == "kldload: zfs 2.3.9 module"* ]]
    [ "${lines[-1]}" = "kldload: NOT READY" ]
}

@test "warnings of apt count as failures" {
    stub apt-get '[[ " $* " == *" APT::Update::Error-Mode=any "* ]] || exit 3'
    report
    [ "$status" -eq 0 ]
}

@test "a mirror with an empty index is not ready" {
    : > lists/127.0.0.1:3142_dists_trixie_main_binary-amd64_Packages
    report
    [ "$status" -eq 1 ]
    [[ "${lines[1]}" == "kldload: FAILED darksite debian"*"its index is empty" ]]
}

@test "a medium without the mirror is no failure" {
    rm -r darksite/debian
    stub apt-get 'exit 100'
    report
    [ "$status" -eq 0 ]
    [ "${lines[1]}" = "kldload: darksites: none of APT's packages on this medium" ]
}

@test "a darksite that the image has and that is not there is not ready" {
    mkdir -p darksite/rpm/centos darksite/{centos,other}
    echo FAMILY=rpm > darksite/centos/distribution
    listed debian/apt ubuntu/apt rpm/centos rpm/fedora
    report
    [ "$status" -eq 1 ]
    [ "$(grep FAILED <<< "$output" | grep -v 'darksite centos at')" = "$(printf 'kldload: FAILED darksite %s\n' "rpm/fedora: the image has it, and it is not at $PWD/darksite/rpm/fedora" \
        "ubuntu: the image has it, and it is not at $PWD/darksite/ubuntu/apt")" ]
    rm medium/kldload/sha256sums
    report
    [ "$status" -eq 1 ]
    [[ "${lines[1]}" == "kldload: FAILED medium: there is no list of what it should have: "* ]]
}

@test "a system that is not of the medium that was started from is not ready" {
    echo 4567 > medium/kldload/medium
    report
    [ "$status" -eq 1 ]
    [ "${lines[1]}" = "kldload: FAILED medium: the kernel was started from another image (0123) than the one at $PWD/medium (4567)" ]
    rm medium/kldload/medium
    report
    [[ "${lines[1]}" == *"(without one)" ]]
    echo 'boot=live' > words # by a boot loader of somebody else's
    report
    [ "$status" -eq 0 ]
}

@test "another distribution's mirror is reported where the medium has it, and kept out of the lists of the live system" {
    mkdir -p darksite/ubuntu/apt/dists/noble
    printf '%s\n' FAMILY=apt PORT=3143 > darksite/ubuntu/distribution
    # What apt would do, in the lists that it is told of.
    # shellcheck disable=SC2016 # a script in single quotes
    stub apt-get '
        for word; do case $word in Dir::State::Lists=*) lists=${word#*=} ;; Dir::Etc::SourceList=*) sources=${word#*=} ;; esac; done
        [ -n "${lists-}" ] || exit 0
        grep -qx "deb \[signed-by=[^ ]* check-date=no check-valid-until=no\] http://127.0.0.1:3143 noble main" "$sources" || exit 9
        printf "Package: %s\n\n" one two > "$lists/127.0.0.1:3143_dists_noble_main_binary-amd64_Packages"'
    report
    [ "$status" -eq 0 ]
    [ "${lines[1]}" = "kldload: darksite debian: 3 packages at http://127.0.0.1:3142 (signature verified)" ]
    [ "${lines[2]}" = "kldload: darksite ubuntu: 2 packages at http://127.0.0.1:3143 (signature verified)" ]
    [ "$(ls lists)" = 127.0.0.1:3142_dists_trixie_main_binary-amd64_Packages ]

    stub apt-get 'case "$*" in *3143* | *apt-ubuntu*) echo "E: no" >&2; exit 100 ;; esac'
    report
    [ "$status" -eq 1 ]
    [ "${lines[2]}" = "kldload: FAILED darksite ubuntu at http://127.0.0.1:3143: E: no" ]
}

@test "mirrors of RPM packages are reported where the medium has them, and found out where they are not signed" {
    mkdir -p darksite/rpm/centos/{Packages/b,repodata}
    touch darksite/rpm/centos/Packages/b/{bash,bc}.rpm
    export GNUPGHOME=$PWD/gnupg KLDLOAD_KEYRING=$PWD/key.gpg
    make_key gnupg test@example.org
    gpg --export > key.gpg
    echo '<repomd/>' > darksite/rpm/centos/repodata/repomd.xml
    gpg --batch --detach-sign --armor darksite/rpm/centos/repodata/repomd.xml
    gpgconf --kill all
    report
    [ "$status" -eq 0 ]
    [ "${lines[2]}" = "kldload: darksite centos: 2 packages at $PWD/darksite/rpm/centos (signature verified)" ]
    echo >> darksite/rpm/centos/repodata/repomd.xml
    report
    [ "$status" -ne 0 ]
    [[ "${lines[2]}" == "kldload: FAILED darksite centos at $PWD/darksite/rpm/centos: "*"BAD signature"* ]]
    rm -r darksite/rpm/centos/Packages/*
    rm darksite/rpm/centos/repodata/repomd.xml.asc
    report
    [[ "${lines[2]}" == "kldload: FAILED darksite centos at "* ]]
}

@test "a mirror is served at the port that the build gave it" {
    local unit=$live/usr/lib/systemd/system/kldload-darksite@.service
    grep -qx 'ConditionPathIsDirectory=/run/live/medium/darksite/%i/apt' "$unit"
    grep -qx 'EnvironmentFile=/run/live/medium/darksite/%i/distribution' "$unit"
    # shellcheck disable=SC2016
    grep -qx 'ExecStart=/usr/lib/kldload/darksite-server /run/live/medium/darksite/%i/apt ${PORT}' "$unit"
    grep -qx 'Before=kldload-live-report.service' "$unit"
}

@test "a kernel without zfs is not ready" {
    stub modprobe 'echo "modprobe: FATAL: Module zfs not found" >&2; exit 1'
    report
    [ "$status" -eq 1 ]
    [ "${lines[2]}" = "kldload: FAILED zfs module for 6.12.0-test: modprobe: FATAL: Module zfs not found" ]
}

@test "failed units are named" {
    stub systemctl 'printf "a.service loaded failed failed A\nb.mount loaded failed failed B\n"'
    report
    [ "$status" -eq 1 ]
    [ "${lines[3]}" = "kldload: FAILED units: a.service b.mount" ]
}

@test "addresses are shown once a cable is in" {
    mkdir net/eth0 && echo 1 > net/eth0/carrier
    stub ip 'printf "2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\\\\ valid\n3: eth1    inet 192.0.2.8/24 x\n"'
    report
    [ "$status" -eq 0 ]
    [ "${lines[3]}" = "kldload: network: eth0 192.0.2.7/24, eth1 192.0.2.8/24" ]
}

@test "consoles get the report with backslashes doubled for agetty, then advice" {
    stub modprobe 'echo "odd \4 words"; exit 1'
    report
    grep -F 'odd \\4 words' run/report.issue
    grep -q '^kldload: NOT READY$' run/report.issue
    grep -q poweroff run/report.issue
    [ "$(ls run)" = report.issue ]
}

@test "consoles show where the page is and the code for it; no log does, and none where it was turned off" {
    export KLDLOAD_PAGE_ISSUE=$PWD/page-issue
    stub kldload-webui 'echo "kldload: code AB2C-D3EF, for one login" | tee "$KLDLOAD_PAGE_ISSUE"'
    echo 'boot=live kldload.webui=off' > words
    report
    [ "$(ls run)" = report.issue ]
    echo 'boot=live kldload.medium=0123' > words
    report
    grep -qx 'kldload: code AB2C-D3EF, for one login' run/20-kldload-page.issue
    [[ $output != *AB2C* ]]
    [ "${lines[-1]}" = "kldload: ready" ]
    run ! grep -q 'Ctrl+Alt+F7' run/report.issue
    stub cage 'exit 0'
    report
    grep -q 'Ctrl+Alt+F7' run/report.issue
    stub kldload-webui 'echo "kldload-webui: the helper does not answer" >&2; exit 1'
    report
    [ "$status" -eq 0 ]
    grep -q 'the helper does not answer' run/report.issue
}

@test "a report that is killed leaves that on the consoles" {
    stub apt-get 'exec /bin/sleep 2'
    run timeout --signal=KILL 0.5 "$live/usr/lib/kldload/live-report"
    [ "$status" -ne 0 ]
    grep -q '^kldload: FAILED report: it did not finish' run/report.issue
    grep -q '^kldload: NOT READY$' run/report.issue
}

# The server. `ask` is curl against it: the answer in ./body, status and header lines in ./head.

serve() {
    mkdir -p "mirror/pool/l"
    printf '0123456789' > 'mirror/pool/l/libstdc++6_1%3a14_amd64.deb'
    : > mirror/empty
    echo secret > outside
    ln -s ../outside mirror/link
    ln -s pool/l mirror/inside
    for port in 39142 39143 39144 39145; do
        "$live/usr/lib/kldload/darksite-server" "$PWD/mirror" "$port" 3>&- &
        server=$!
        for _ in {1..100}; do
            if curl --silent --output /dev/null "http://127.0.0.1:$port/empty"; then return 0; fi
            if ! kill -0 "$server" 2> /dev/null; then break; fi
            command -p sleep 0.1
        done
    done
    return 1
}

ask() {
    local path=$1
    shift
    curl --silent --path-as-is --dump-header head --output body "$@" "http://127.0.0.1:$port$path"
    code=$(head -n 1 head | cut -d ' ' -f 2)
}

@test "a package is served under the name apt asks for" {
    serve
    ask '/pool/l/libstdc++6_1%253a14_amd64.deb'
    [ "$code" = 200 ]
    [ "$(cat body)" = 0123456789 ]
    grep -qi '^content-length: 10' head
    ask '/inside/libstdc%2b%2b6_1%253a14_amd64.deb'
    [ "$code" = 200 ]
}

@test "a transfer goes on where it stopped, and one that is complete says so" {
    serve
    file='/pool/l/libstdc++6_1%253a14_amd64.deb'
    ask "$file" --header 'Range: bytes=4-'
    [ "$code" = 206 ]
    [ "$(cat body)" = 456789 ]
    grep -qi '^content-range: bytes 4-9/10' head
    ask "$file" --header 'Range: bytes=2-3'
    [ "$(cat body)" = 23 ]
    ask "$file" --header 'Range: bytes=-3'
    [ "$(cat body)" = 789 ]
    ask "$file" --header 'Range: bytes=10-'
    [ "$code" = 416 ]
    ask "$file" --header 'Range: bytes=4-' --header 'If-Range: Thu, 01 Jan 1970 00:00:00 GMT'
    [ "$code" = 200 ]
    [ "$(cat body)" = 0123456789 ]
}

@test "what did not change is not sent again" {
    serve
    ask /empty
    modified=$(sed -n 's/^Last-Modified: //p' head | tr -d '\r')
    ask /empty --header "If-Modified-Since: $modified"
    [ "$code" = 304 ]
}

@test "connections are kept between requests" {
    serve
    run curl --silent --output /dev/null --output /dev/null --write-out '%{num_connects} ' \
        "http://127.0.0.1:$port/empty" "http://127.0.0.1:$port/empty"
    [ "$output" = "1 0 " ]
}

@test "nothing but the files of the mirror is served" {
    serve
    for path in /link /../outside /%2e%2e/outside / /pool /pool/ /nothing /empty/x '/%00' "/..//$PWD/outside"; do
        ask "$path"
        [ "$code" = 404 ]
        if grep -q secret body; then return 1; fi
    done
    ask /empty --request PUT --data x
    [ "$code" = 501 ]
}

@test "the server listens on the loopback interface only" {
    serve
    ss --listening --tcp --numeric > listening
    grep -q "127.0.0.1:$port " listening
    run bash -c "ss --listening --tcp --numeric | grep -E '(0.0.0.0|\\*|\\[::\\]):$port '"
    [ "$status" -eq 1 ]
}
