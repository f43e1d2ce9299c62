#!/usr/bin/env bats
# What a night owes to those who look at what it publishes, above all on bad days. The archive is made here (make-archive) and served
# on the loopback; podman is played (fake-podman), and so is the machine that is installed: what is real is everything else.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/nightly.bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2032,SC2119,SC2120,SC2154 # backticks are Markdown's; night is called with words by run; bats sets output and stderr, made-site the rest

load made-site.bash
load ../lib/ports

setup_file() {
    serve_made_site
    mkdir "$BATS_FILE_TMPDIR/bin"
    ln -s "$BATS_TEST_DIRNAME/fake-podman" "$BATS_FILE_TMPDIR/bin/podman"
    export PATH=$BATS_FILE_TMPDIR/bin:$PATH
    export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@example.org GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.org
}

setup() {
    enter_made_checkout
    iso=$BATS_TEST_TMPDIR/iso
}

teardown() {
    stop_daemon
    if mountpoint -q "$iso"; then umount "$iso"; fi
}

stop_daemon() {
    if [[ -z ${daemon:-} ]]; then return; fi
    kill "$daemon"
    wait "$daemon" || : # ended by that
    daemon=
}

# A machine called "far" to ssh, which is this one: a server of ssh's on the loopback with keys and a configuration of its own.
serve_ssh() {
    sshd=/usr/sbin/sshd # by its path: it wants to start itself again
    if [[ ! -x $sshd ]] || ! type -P rsync >/dev/null; then skip 'openssh-server or rsync is not installed'; fi
    mkdir ssh
    if [[ $(id -u) == 0 ]]; then mkdir -p /run/sshd; fi # it would not start without
    ssh-keygen -q -t ed25519 -N '' -f ssh/host
    ssh-keygen -q -t ed25519 -N '' -f ssh/user
    ssh_port=$(free_port)
    cat >ssh/sshd_config <<EOT
Port $ssh_port
ListenAddress 127.0.0.1
HostKey $PWD/ssh/host
AuthorizedKeysFile $PWD/ssh/user.pub
StrictModes no
UsePAM no
PidFile none
EOT
    cat >ssh/config <<EOT
Host far
HostName 127.0.0.1
Port $ssh_port
IdentityFile $PWD/ssh/user
IdentitiesOnly yes
UserKnownHostsFile $PWD/ssh/known
GlobalKnownHostsFile none
BatchMode yes
LogLevel ERROR
EOT
    echo "[127.0.0.1]:$ssh_port $(cut -d ' ' -f 1,2 ssh/host.pub)" >ssh/known
    start_sshd
    export RSYNC_RSH="ssh -F $PWD/ssh/config"
    there=$(id -un)@far:$iso
}
start_sshd() {
    "$sshd" -D -e -f ssh/sshd_config 2>>ssh/log 3>&- &
    daemon=$!
    # shellcheck disable=SC2033 # a machine called so
    until ssh -F ssh/config far true 2>/dev/null; do sleep 0.1; done
}

night() { deploy nightly --no-test --publish "$iso" "$@"; }
far() { deploy nightly --no-test --publish "$there" "$@"; }
move_on() { # the archive, by a month
    rm -r "${site:?}/$archive"
    cp -a "$site/made/second" "$site/$archive"
}
latest() { readlink "$iso/latest"; }
images() { find "$iso" -name '*.iso' | wc -l; }

# What somebody who looks into the folder sees is right: the latest image is whole, with all that belongs to it, and so is any other.
judge() {
    local image file
    [[ -d $iso ]] || return 0
    for image in "$iso"/kldload-*.iso; do
        if [[ -e $image ]]; then (cd "$iso" && sha256sum --quiet --check "${image##*/}.sha256") || return; fi
    done
    [[ -e $iso/latest || -L $iso/latest ]] || return 0
    image=$(latest)
    [[ $image == kldload-*.iso && -L $iso/latest ]] || return
    for file in "$image" "$image".sha256{,.asc} "${image%.iso}".{md,lock,night.json}; do
        [[ -s $iso/$file ]] || { echo "no $file" >&2 && return 1; }
    done
    deploy key --export 2>/dev/null | gpg --dearmor >"$BATS_TEST_TMPDIR/key.gpg" || return
    gpgv --quiet --keyring "$BATS_TEST_TMPDIR/key.gpg" "$iso/$image".sha256{.asc,} 2>/dev/null
}

@test "the first night publishes, and the second one finds that nothing moved" {
    local first
    SECONDS=0
    run -0 --separate-stderr night
    first=$SECONDS
    [[ $output == 'the first night:'*$'\nbuilt '*' · verified'$'\npublished kldload-free-'*" to $iso   latest → it "* ]]
    judge
    image=$(latest)
    grep -q "^# $image$" "$iso/${image%.iso}.md"
    cmp deploy.lock "$iso/${image%.iso}.lock"
    find "$iso" -printf '%P %T@ %C@\n' | sort >before
    SECONDS=0
    run -0 --separate-stderr night
    ((2 * SECONDS <= first))
    [[ $output == "nothing moved since last night: latest is still $image ("*')' ]]
    find "$iso" -printf '%P %T@ %C@\n' | sort >after
    cmp before after
    run -0 deploy nightly --json --no-test --publish "$iso"
    grep -q '"event":"night","outcome":"unchanged","image":"'"$image"'"' <<<"$output"
}

@test "what moved is told with the holes that it closes, and the commits" {
    git init --quiet && git add deploy.yaml package-sets && git commit --quiet --message 'The beginning'
    night >/dev/null 2>&1
    first=$(latest)
    move_on
    echo zsh >>package-sets/debian/core.txt
    git commit --quiet --all --message 'Take zsh in | *now*'
    run -0 --separate-stderr night
    echo "$output"
    [[ $output == "1 commit since $first"*' Take zsh in | *now*'*'debian: 6 packages moved, '*' security fix'* ]]
    [[ $output == *'curl 8.1-1 → 8.2-1 '*'CVE-2025-4947, CVE-2025-5025'*'+ zsh 6.0-1 '* ]]
    judge
    second=$(latest)
    [[ $second != "$first" && $(images) == 2 ]]
    changes=$iso/${second%.iso}.md
    cat "$changes"
    grep -q "since \`$first\`" "$changes"
    grep -q '^- `[0-9a-f]*` Take zsh in \\| \\\*now\\\*$' "$changes"
    grep -q '^| `curl` | 8.1-1 | 8.2-1 | .* | CVE-2025-4947, CVE-2025-5025 |$' "$changes"
    # Before all others.
    (($(grep -n '^#### Security fixes' "$changes" | cut -d: -f1) < $(grep -n '^#### Added' "$changes" | cut -d: -f1)))
    run ! grep -q CVE-2024-0001 "$changes"
}

@test "new dates alone make no new image, nor does a profile that it does not carry" {
    printf 'mawk\n' >package-sets/debian/core.txt
    printf 'nginx\nmailer\n' >package-sets/debian/server.txt
    night >/dev/null 2>&1
    image=$(latest)
    cp deploy.lock before
    move_on
    run -0 --separate-stderr night
    [[ $output == 'nothing moved since last night: '*"$image"* ]]
    cmp deploy.lock before
    # Not even in a new clone, which has the store, and not the lock.
    rm -r deploy.lock out
    run -0 --separate-stderr night
    [[ $output == 'nothing moved since last night: '*"$image"* ]]
    cmp deploy.lock before
    # Where the store is lost, the indexes of then are, too: today's are taken.
    rm -r deploy.lock out live-build
    run -0 --separate-stderr night
    [[ $output == 'debian: 2 packages moved'*'nginx 1.26-1 → 1.28-1 '*'published '* ]]
    judge
}

@test "of old images those are kept that were asked for, and nothing else is touched" {
    mkdir -p "$iso"
    touch -d 2020-01-01 "$iso/notes.txt" "$iso/kldload-theirs.iso" "$iso/kldload-x-1234567.iso"
    for number in 1 2 3 4; do
        echo "$number" >includes/etc/made/motd
        run -0 --separate-stderr night --keep 2
        all[number]=$(latest)
    done
    [[ $output == *'   2 kept'* ]]
    [[ -e $iso/notes.txt && -e $iso/kldload-theirs.iso && -e $iso/kldload-x-1234567.iso ]]
    rm "$iso/kldload-theirs.iso" "$iso/kldload-x-1234567.iso"
    judge
    [[ ! -e $iso/${all[1]} && ! -e $iso/${all[2]} && -e $iso/${all[3]} && -e $iso/${all[4]} ]]
    run find "$iso" -name "${all[1]%.iso}*" -o -name "${all[2]%.iso}*"
    [[ -z $output ]]
    run -2 --separate-stderr night --keep 0
}

@test "a failing build leaves the last good image and the lock, and says since which change" {
    git init --quiet && git add deploy.yaml package-sets && git commit --quiet --message 'The beginning'
    night >/dev/null 2>&1
    image=$(latest)
    cp deploy.lock before
    move_on
    git commit --quiet --allow-empty --message 'Break it'
    FAKE_PODMAN_FAIL=iso-image run -1 --separate-stderr night
    echo "$output" "$stderr"
    [[ $output == *"latest is still $image   what failed  $iso/"*'.failed.md' ]]
    [[ $stderr == *'error: the night failed when it built: step iso/image failed'*'made to fail'* ]]
    judge
    [[ $(latest) == "$image" && $(images) == 1 ]]
    cmp deploy.lock before
    report=$(echo "$iso"/*.failed.md)
    cat "$report"
    grep -q '^# Failed when it built$' "$report"
    grep -q 'made to fail' "$report"
    grep -q 'Break it' "$report"
    grep -q '^| `nginx\|^| `curl` | 8.1-1 | 8.2-1 ' "$report"
    # With what failed one can go on.
    run ! cmp -s before "${report%.md}.lock"
    # The next night takes today's archives again, moved or not.
    run -0 --separate-stderr night
    judge
    [[ $(latest) != "$image" && $output == *'CVE-2025-4947'* ]]
}

@test "a machine that can't be started fails the night, unless it is told not to" {
    mkdir no-qemu
    local tool
    for tool in bash cat env gpg gpgv gpg-agent git python3 xorriso; do ln -s "$(PATH=/usr/bin:/bin:$PATH type -P "$tool")" no-qemu/; done
    ln -s "$BATS_FILE_TMPDIR/bin/podman" no-qemu/
    # Whoever says how to accelerate has nothing tried out.
    run -1 --separate-stderr env --unset=KLDLOAD_ACCEL PATH="$PWD/no-qemu" "$DEPLOY_BINARY" nightly --publish "$iso"
    echo "$stderr"
    [[ $output == *'nothing is published yet   what failed '* ]]
    [[ $stderr == *'the night failed when it installed the image in a virtual machine: qemu-system-x86_64 is not installed'* ]]
    [[ ! -e $iso/latest && ! -e deploy.lock ]]
    run -0 --separate-stderr night
    judge
}

@test "an image with a flipped byte is not published" {
    deploy build >/dev/null 2>&1
    image=$(basename out/*.iso)
    cp "out/$image" flipped
    printf x | dd of=flipped bs=1 seek=$(($(stat -c %s flipped) / 2)) conv=notrunc status=none
    mv flipped "out/$image"
    run -1 --separate-stderr night
    echo "$output" "$stderr"
    [[ $output == *'nothing is published yet'* ]]
    [[ $stderr == *"the night failed when it verified the image: out/$image is not what it says it is"* ]]
    [[ ! -e $iso/latest ]]
    rm "out/$image"
    run -0 --separate-stderr night
    judge
    grep -q '^- verified: signed by kldload build host' "$iso/${image%.iso}.md"
    [[ -s $iso/${image%.iso}.html && -s $iso/${image%.iso}.intoto.jsonl && -s $iso/${image%.iso}.spdx.json ]]
}

@test "an image that does not install is not published" {
    mkdir played
    ln -s "$BATS_TEST_DIRNAME/../MachinesTests/fake-qemu.py" played/qemu-system-x86_64
    export PATH=$PWD/played:$PATH KLDLOAD_ACCEL=tcg
    export FAKE_QEMU_PASSWORD=$'kl\'d "test" $HOME `x` \\ & <é>'
    FAKE_QEMU_MANIFEST=$(printf '%s\n' KLDLOAD_DISTRO=debian KLDLOAD_PROFILE=core KLDLOAD_BOOTSTRAP=auto KLDLOAD_DISK=/dev/vda \
        KLDLOAD_ZFS_TOPOLOGY=single KLDLOAD_HOSTNAME=kldload-test KLDLOAD_USERNAME=tester KLDLOAD_TIMEZONE=Europe/Berlin \
        KLDLOAD_LOCALE=en_US.UTF-8 "KLDLOAD_KERNEL_OPTIONS='console=tty0 console=ttyS0,115200n8 $(sed -n 's/^emulated //p' \
            "$BATS_TEST_DIRNAME/../../Sources/Machines/qemu.txt")'")
    export FAKE_QEMU_MANIFEST
    run -0 --separate-stderr deploy nightly --publish "$iso"
    echo "$output" "$stderr"
    [[ $output == *' · verified · installed and looked at in '* && $stderr == *'✓ it installs, unattended and without network'* ]]
    image=$(latest)
    grep -q '^- installed in a virtual machine: debian core on one disk' "$iso/${image%.iso}.md"
    judge
    echo new >includes/etc/made/motd
    FAKE_QEMU=live+fails run -1 --separate-stderr deploy nightly --publish "$iso"
    echo "$output" "$stderr"
    [[ $stderr == *'the night failed when it installed the image in a virtual machine: '*' checks failed'*'log    live-build/logs/'* ]]
    [[ $(latest) == "$image" ]]
    grep -q 'it installs, unattended and without network' "$iso"/*.failed.md
    judge
}

@test "without network, and with a mirror in the middle of its sync, everything stays" {
    night >/dev/null 2>&1
    image=$(latest)
    cp deploy.lock before
    DEPLOY_MIRROR_MADE=http://127.0.0.1:9/x run -1 --separate-stderr night
    [[ $stderr == *'the night failed when it updated deploy.lock: '* ]]
    cmp deploy.lock before
    judge
    # The new signed file is there, and the index that it names is not.
    cp "$site/made/second/dists/trixie/InRelease" "$site/$archive/dists/trixie/"
    run -1 --separate-stderr night
    [[ $stderr == *'the night failed when it updated deploy.lock: '* ]]
    cmp deploy.lock before
    judge
    # The indexes are, and the packages are not.
    rm -r "${site:?}/$archive/dists"
    cp -a "$site/made/second/dists" "$site/$archive/"
    run -1 --separate-stderr night
    [[ $stderr == *'the night failed when it built: '* ]]
    cmp deploy.lock before
    judge
    [[ $(latest) == "$image" ]]
    move_on
    run -0 --separate-stderr night
    judge
    [[ $(latest) != "$image" ]]
}

@test "a full disk leaves what is published as it was" {
    [[ $(id -u) == 0 ]] || skip 'only root can mount a small disk'
    mkdir -p "$iso"
    mount -t tmpfs -o size=12m tmpfs "$iso" || skip 'nothing can be mounted here'
    night >/dev/null 2>&1
    image=$(latest)
    echo new >includes/etc/made/motd
    # There is room for the small files, and not for the image.
    free=$(df --output=avail --block-size=1 "$iso" | tail -n 1)
    head -c $((free - 100000)) /dev/zero >"$iso/filler"
    run -1 --separate-stderr night
    echo "$output" "$stderr"
    [[ $stderr == *'the night failed when it published: '*'No space left on device'* ]]
    [[ $(latest) == "$image" ]]
    judge
    # Not even for a report: that is where the images are made then.
    truncate -s 0 "$iso/filler"
    rm -f "$iso"/*.failed.*
    cat /dev/zero >"$iso/filler" 2>/dev/null || : # it ends when the disk is full
    run -1 --separate-stderr night
    [[ $output == *'what failed  out/'*'.failed.md' && $stderr == *'the report could not be put beside the images'* ]]
    judge
    rm "$iso/filler"
    run -0 --separate-stderr night
    judge
    [[ $(latest) != "$image" ]]
    run find "$iso" -name '*.part'
    [[ -z $output ]]
}

@test "a night that is killed, at any of ten moments, leaves the folder right" {
    mkdir -p "$iso"
    SECONDS=0
    night >/dev/null 2>&1
    export FAKE_PODMAN_DELAY=0.1
    local number before moments=0
    for number in {1..10}; do
        echo "$number" >includes/etc/made/motd
        before=$(latest)
        "$DEPLOY_BINARY" nightly --no-test --publish "$iso" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
        sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
        if ((number % 3 == 0)); then sleep 0.8; fi
        if kill -KILL $! 2>/dev/null; then moments=$((moments + 1)); fi
        wait $! || : # killed, or ended before
        judge
        if [[ $(latest) != "$before" ]]; then echo "killed after it had published: $number" >&3; fi
    done
    ((moments > 5))
    # All the same in the very last step: one call to the system after another.
    for number in {1..10}; do
        echo "late $number" >includes/etc/made/motd
        deploy build >/dev/null 2>&1
        FAKE_PODMAN_DELAY=0 timeout -s KILL "0.$((RANDOM % 4))$((RANDOM % 10))" "$DEPLOY_BINARY" nightly --no-test \
            --publish "$iso" >/dev/null 2>&1 || : # killed, or ended before
        judge
    done
    echo last >includes/etc/made/motd
    run -0 --separate-stderr night --keep 3
    judge
    [[ $output == *' kept'* && $(images) -le 3 ]]
    run find "$iso" -name '*.part'
    [[ -z $output ]]
    run -0 --separate-stderr night
    [[ $output == 'nothing moved'* ]]
}

# Kills six nights while they send to $there; after each, the command JUDGE must find all well there.
kill_nights() { # JUDGE
    local number
    for number in {1..6}; do
        echo "killed $number" >includes/etc/made/motd
        deploy build >/dev/null 2>&1
        timeout -s KILL "0.$((3 + RANDOM % 6))" "$DEPLOY_BINARY" nightly --no-test --publish "$there" >/dev/null 2>&1 || : # killed, or ended before
        sleep 0.3
        "$1"
    done
}

@test "rsync publishes the same, image first and the link last" {
    type -P rsync >/dev/null || skip 'rsync is not installed'
    mkdir -p "$iso"
    touch "$iso/notes.txt" "$iso/kldload-theirs.iso"
    rsync_port=$(free_port)
    cat >rsyncd.conf <<EOT
port = $rsync_port
address = 127.0.0.1
use chroot = no
munge symlinks = no
log file = $BATS_TEST_TMPDIR/rsyncd.log
pid file = $BATS_TEST_TMPDIR/rsyncd.pid
[iso]
path = $iso
read only = no
EOT
    if [[ $(id -u) == 0 ]]; then printf 'uid = 0\ngid = 0\n' >>rsyncd.conf; fi
    rsync --daemon --no-detach --config=rsyncd.conf 3>&- &
    daemon=$!
    until rsync --list-only "rsync://127.0.0.1:$rsync_port/iso/" >/dev/null 2>&1; do sleep 0.1; done
    there=rsync://127.0.0.1:$rsync_port/iso

    run -0 --separate-stderr far
    judge_far
    run -0 --separate-stderr far
    [[ $output == 'nothing moved'* ]]
    for number in 1 2 3; do
        echo "$number" >includes/etc/made/motd
        run -0 --separate-stderr far --keep 2
        judge_far
    done
    [[ $output == *'   2 kept'* && $(find "$iso" -name 'kldload-free-*.iso' | wc -l) == 2 ]]
    [[ $(find "$iso" -name 'kldload-free-*.md' | wc -l) == 2 && -e $iso/notes.txt ]]
    # A new machine knows the last good night by what is there.
    rm -r live-build out deploy.lock
    run -0 --separate-stderr far
    [[ $output == 'nothing moved'* ]]
    image=$(latest)
    move_on
    FAKE_PODMAN_FAIL=iso-image run -1 --separate-stderr far
    [[ $output == *"latest is still $image   what failed  $there/"*'.failed.md' ]]
    ls "$iso"/*.failed.md "$iso"/*.failed.lock
    # Killed while it sends.
    kill_nights judge_far
    run -0 --separate-stderr far --keep 2
    judge_far
    # Nobody answers.
    stop_daemon
    run -1 --separate-stderr far
    [[ $stderr == *'the night failed when it looked at where it publishes: rsync could not reach or write '* ]]
    [[ $output == *'what failed  out/'*'.failed.md' ]]
}

@test "by ssh it publishes the same" {
    iso="$BATS_TEST_TMPDIR/the images"
    serve_ssh
    run -0 --separate-stderr far
    echo "$output" "$stderr"
    [[ $output == 'the first night:'*"published kldload-free-"*" to $there   latest → it "* ]]
    judge
    # What an rsync that was killed left there.
    touch "$iso/.$(latest).x1Yz2W" "$iso/.latest.aBcDeF"
    run -0 --separate-stderr far
    [[ $output == 'nothing moved'* ]]
    for number in 1 2 3; do
        echo "$number" >includes/etc/made/motd
        run -0 --separate-stderr far --keep 2
        judge
    done
    [[ $output == *'   2 kept'* && $(images) == 2 && $(find "$iso" -name 'kldload-free-*.md' | wc -l) == 2 ]]
    image=$(latest)
    echo broken >includes/etc/made/motd
    FAKE_PODMAN_FAIL=iso-image run -1 --separate-stderr far
    [[ $output == *"latest is still $image   what failed  $there/"*'.failed.md' ]]
    grep -q 'made to fail' "$iso"/*.failed.md
    # Killed while it sends; what is at the other end goes on for a moment.
    kill_nights judge
    run -0 --separate-stderr far --keep 2
    judge
    [[ $(images) == 2 ]]
    nothing_left
}

# Neither half a file, nor a folder of such.
nothing_left() {
    find "$iso" -mindepth 1 ! -name 'kldload-free-*' ! -name latest ! -name '*.failed.*' ! -name lost+found >left
    cat left
    [[ ! -s left ]]
}

@test "ssh that does not get through is told, and its way out" {
    serve_ssh
    far >/dev/null 2>&1
    image=$(latest)
    echo new >includes/etc/made/motd
    cp ssh/known known
    # The other machine is not known.
    : >ssh/known
    run -1 --separate-stderr far
    echo "$output" "$stderr"
    [[ $stderr == *"the night failed when it looked at where it publishes: rsync could not reach or write $there"* ]]
    [[ $stderr == *'Host key verification failed.'* && $stderr == *'RSYNC_RSH'* ]]
    [[ $output == *'what failed  out/'*'.failed.md' && $(latest) == "$image" ]]
    judge
    # It is another one than it was.
    ssh-keygen -q -t ed25519 -N '' -f ssh/other
    echo "[127.0.0.1]:$ssh_port $(<ssh/other.pub)" >ssh/known
    run -1 --separate-stderr far
    [[ $stderr == *"rsync could not reach or write $there"*'Host key verification failed.'* ]]
    cp known ssh/known
    # It does not know us.
    mv ssh/user.pub user.pub
    run -1 --separate-stderr far
    [[ $stderr == *"rsync could not reach or write $there"*'Permission denied'* ]]
    mv user.pub ssh/user.pub
    # Nobody answers.
    stop_daemon
    run -1 --separate-stderr far
    [[ $stderr == *"rsync could not reach or write $there"*'Connection refused'* ]]
    judge
    start_sshd
    run -0 --separate-stderr far
    judge
    [[ $(latest) != "$image" ]]
}

@test "a full disk at the other end leaves what is published as it was" {
    [[ $(id -u) == 0 ]] || skip 'only root can mount a small disk'
    serve_ssh
    mkdir -p "$iso"
    mount -t tmpfs -o size=12m tmpfs "$iso" || skip 'nothing can be mounted here'
    far >/dev/null 2>&1
    image=$(latest)
    echo new >includes/etc/made/motd
    # There is room for the small files, and for half of the image.
    size=$(stat -c %s "$iso/$image")
    free=$(df --output=avail --block-size=1 "$iso" | tail -n 1)
    head -c $((free - 400000 - size / 2)) /dev/zero >"$iso/filler"
    run -1 --separate-stderr far
    echo "$output" "$stderr"
    [[ $stderr == *'the night failed when it published: '*'a disk could not be read or written, as when it is full'* ]]
    [[ $output == *"latest is still $image   what failed  $there/"*'.failed.md' && $(latest) == "$image" ]]
    judge
    # Not even for a report, nor for a link.
    rm -f "$iso"/*.failed.*
    cat /dev/zero >>"$iso/filler" 2>/dev/null || : # it ends when the disk is full
    run -1 --separate-stderr far
    echo "$output" "$stderr"
    [[ $output == *'what failed  out/'*'.failed.md' && $(latest) == "$image" ]]
    judge
    # Another image, in the place that the first half of the former one had.
    echo newer >includes/etc/made/motd
    truncate -s $((free - 400000 - size)) "$iso/filler"
    run -0 --separate-stderr far
    echo "$output" "$stderr"
    judge
    [[ $(latest) != "$image" ]]
    rm "$iso/filler"
    nothing_left
}

judge_far() {
    mv "$iso/kldload-theirs.iso" "$BATS_TEST_TMPDIR/aside" || return
    judge || return
    mv "$BATS_TEST_TMPDIR/aside" "$iso/kldload-theirs.iso"
}

@test "a link that is not ours is not moved" {
    mkdir -p "$iso"
    echo mine >"$iso/latest"
    run -1 --separate-stderr night
    [[ $stderr == *"$iso/latest is there, and is no link"* && $(<"$iso/latest") == mine ]]
}
