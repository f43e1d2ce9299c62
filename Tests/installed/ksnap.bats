#!/usr/bin/env bats
# ksnap: what is taken, what is lost by going back, what stays when it is pruned.
# shellcheck disable=SC2016,SC2154  # scripts of fakes; variables of fake-zfs.bash
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    fake now 1795995000
}

# snapshots [DATASET]: their names, the oldest first
snapshots() { zfs list -H -t snapshot -s createtxg -o name "$@"; }

at() { date -u -d "@$1" +%Y%m%dT%H%M%SZ; }

# ours TOOL SECONDS DATASET: a snapshot as a tool takes it, of that time
ours() {
    fake now "$2"
    zfs snapshot -o "kldload:by=$1" -o kldload:reason=test "$3@$1-test-$(at "$2")"
}

@test "without a word it takes the running system, /home, /root and /srv, at the same moment" {
    zfs create rpool/home/ada
    zfs create -o com.sun:auto-snapshot=false rpool/srv/cache
    zfs create rpool/ROOT/default/opt
    run -0 ksnap
    [ "${#lines[@]}" -eq 6 ]
    names=$(snapshots)
    [[ $names =~ ^(rpool/ROOT/default@ksnap-[0-9]{8}T[0-9]{6}Z)$'\n' ]]
    for dataset in rpool/ROOT/default/opt rpool/home rpool/home/ada rpool/root rpool/srv; do [[ $names == *"$dataset@"* ]]; done
    [[ $names != *cache* && $names != *var/log* ]]
    [ "$(fake log | grep -c '^zfs snapshot')" -eq 1 ]
}

@test "a path means the file system that it is on, and begins with / or . ; the reason stands in the name and in a property" {
    mkdir -p root/srv/www
    run -1 ksnap take root/srv/www
    [[ $output == *"there is no dataset root/srv/www"*"./root/srv/www"* ]]
    run -0 ksnap take ./root/srv/www -m "before: the move / to B"
    [[ $output =~ ^rpool/srv@ksnap-before:-the-move-to-B-[0-9]{8}T[0-9]{6}Z$ ]]
    [ "$(zfs get -H -o value kldload:reason "$output")" = "before: the move / to B" ]
    [ "$(zfs get -H -o value kldload:by "$output")" = ksnap ]
}

@test "two in the same second have two names; datasets with a blank in their name are datasets" {
    zfs create 'rpool/srv/two words'
    for _ in 1 2 3; do run -0 ksnap 'rpool/srv/two words'; done
    [ "$(snapshots | sort -u | wc -l)" -eq 3 ]
}

@test "-r takes what is below, too; what is not ZFS is told by its name; nothing is taken when one of them is wrong" {
    zfs create rpool/home/ada
    run -0 ksnap take rpool/home -r
    [ "${#lines[@]}" -eq 2 ]
    run -1 ksnap rpool/srv /nowhere
    [[ $output == *"/nowhere: there is no such file or folder"* ]]
    run -1 ksnap rpool/srv /tmp
    [[ $output == *"/tmp is on /dev/sda1, which is ext4 and not ZFS"* ]]
    [ "$(snapshots | wc -l)" -eq 2 ]
}

@test "a pool that takes none is told in its own words" {
    fake fail 'zfs snapshot' "cannot create snapshots : out of space"
    run -1 ksnap rpool/srv
    [[ $output == *"no snapshot was taken: cannot create snapshots : out of space"*"→ "* ]]
}

@test "the list has the newest first, with what took it, and the holds" {
    ours kpkg 1795991400 rpool/srv
    zfs snapshot rpool/home@autosnap_2026-11-28_00:00:01_daily
    zfs snapshot rpool/home@mine
    zfs hold x rpool/home@mine
    fake set rpool/home@mine used=1536
    run -0 ksnap list
    [[ ${lines[1]} =~ ^rpool/home@mine\ .*1\.50K\ +held\ +- ]]
    [[ ${lines[2]} =~ sanoid ]]
    [[ ${lines[3]} =~ kpkg\ +test ]]
    [[ ${lines[4]} == '3 snapshots; all'* ]]
    run -0 ksnap list rpool/srv --json
    [ "$(jq -r '.[0] | [.dataset, .taken_by, .reason, .unique_bytes, .created] | join(" ")' <<< "$output")" = "rpool/srv kpkg test 0 2026-11-29T22:30:00Z" ]
    run -0 ksnap list rpool/var/log --json
    [ "$output" = '[]' ]
}

@test "a property that a file system hands to its snapshots makes none of them a tool's" {
    zfs set kldload:by=kpkg rpool/srv
    zfs snapshot rpool/srv@mine
    run -0 ksnap list --json
    [ "$(jq -r '.[0].taken_by' <<< "$output")" = null ]
    run -0 ksnap prune
    [ "$(snapshots)" = rpool/srv@mine ]
}

@test "going back says what is lost, and without a terminal wants --yes" {
    echo one > root/home/file
    zfs snapshot rpool/home@first
    echo two > root/home/file
    echo new > root/home/more
    zfs snapshot rpool/home@second
    fake set rpool/home written@first=5242880
    run -1 ksnap rollback rpool/home@first
    [[ $output == *"5M written since, in 3 files and folders"*"1 newer snapshots:"*"@second"*"nothing was changed"*"--yes"* ]]
    [ "$(cat root/home/file)" = two ]
    run -0 ksnap rollback "$PWD/root/home@first" --yes
    [ "$(cat root/home/file)" = one ]
    [ ! -e root/home/more ]
    [ "$(snapshots)" = rpool/home@first ]
}

@test "without a name it goes back to the newest snapshot" {
    echo one > root/srv/file
    zfs snapshot rpool/srv@a
    echo two > root/srv/file
    zfs snapshot rpool/srv@b
    echo three > root/srv/file
    run -0 ksnap rollback rpool/srv --yes
    [ "$(cat root/srv/file)" = two ]
    [ "$(snapshots | wc -l)" -eq 2 ]
}

@test "it never destroys what is held, nor what something was made from" {
    zfs snapshot rpool/srv@a
    zfs snapshot rpool/srv@b
    zfs hold backup rpool/srv@b
    run -1 ksnap rollback rpool/srv@a --yes
    [[ $output == *"rpool/srv@b is held"* ]]
    zfs release backup rpool/srv@b
    zfs clone rpool/srv@b rpool/copy
    run -1 ksnap rollback rpool/srv@a --yes
    [[ $output == *"rpool/srv@b is what rpool/copy was made from"* ]]
    [ "$(snapshots | wc -l)" -eq 2 ]
}

@test "a snapshot that came while the question stood there is not destroyed unseen" {
    zfs snapshot rpool/srv@a
    # The first look at what has changed is where another one comes.
    fake_program timeout 'shift; zfs snapshot rpool/srv@late; exec "$@"'
    run -1 ksnap rollback rpool/srv@a --yes
    [[ $output == *"came or went meanwhile"* ]]
    [[ $(snapshots) == *late* ]]
}

@test "the running system is not rolled back in place: its snapshot becomes a boot environment" {
    zfs snapshot rpool/ROOT/default@before
    echo later > root/later
    fake_program kbe 'echo "kbe $*" >> '"$PWD"'/kbe.log'
    run -1 ksnap rollback "$PWD/root@before"
    [ ! -e kbe.log ]
    run -0 ksnap rollback "$PWD/root@before" --yes
    [[ $output == *"is not rolled back in place"*"systemctl reboot"* ]]
    [[ $(head -n 1 kbe.log) =~ ^kbe\ create\ (rollback-[0-9TZ]+)\ rpool/ROOT/default@before$ ]]
    [ "$(tail -n 1 kbe.log)" = "kbe activate ${BASH_REMATCH[1]}" ]
    [ -e root/later ]
    [[ $(fake log) != *rollback* ]]
}

@test "where kbe fails, nothing else is done" {
    zfs snapshot rpool/ROOT/default@before
    fake_program kbe 'echo "kbe $*" >> '"$PWD"'/kbe.log; exit 1'
    run -1 ksnap rollback rpool/ROOT/default@before --yes
    [ "$(wc -l < kbe.log)" -eq 1 ]
}

@test "a boot environment that does not run is rolled back, and the menu made anew" {
    zfs snapshot rpool/ROOT/default@x
    zfs clone -o canmount=noauto -o mountpoint=/ rpool/ROOT/default@x rpool/ROOT/other
    zfs snapshot rpool/ROOT/other@then
    fake_program kldload-boot 'echo "$*" > '"$PWD"'/boot.log'
    run -0 ksnap rollback rpool/ROOT/other@then --yes
    [ "$(cat boot.log)" = sync ]
}

@test "diff shows what changed, with other letters too, and as JSON" {
    echo one > root/home/file
    zfs snapshot rpool/home@first
    echo two > root/home/file
    echo x > 'root/home/é "new"'
    run -0 ksnap diff rpool/home@first
    [[ $output == *"M  $PWD/root/home/file"*"+  $PWD/root/home/é \"new\""*"3 changes from rpool/home@first to now"* ]]
    run -0 ksnap diff rpool/home --json
    [ "$(jq -r '.[] | select(.change == "added") | .path' <<< "$output")" = "$PWD/root/home/é \"new\"" ]
    zfs snapshot rpool/home@second
    run -0 ksnap diff rpool/home@second --json
    [ "$output" = '[]' ]
    run -0 ksnap diff rpool/home@first second
    [[ $output == *'to second' ]]
}

@test "what is held can't be destroyed until it is released" {
    zfs snapshot rpool/srv@a
    run -0 ksnap hold rpool/srv@a -m "the audit"
    [ "$(zfs holds -H rpool/srv@a | cut -f 2)" = the-audit ]
    run -1 ksnap destroy rpool/srv@a --yes
    [[ $output == *"rpool/srv@a is held"* ]]
    run -0 ksnap release rpool/srv@a
    run -0 ksnap destroy rpool/srv@a --yes
    [ -z "$(snapshots)" ]
}

@test "destroy wants a snapshot's whole name, asks, and says what is freed" {
    zfs snapshot rpool/srv@a
    zfs snapshot rpool/srv@b
    fake set rpool/srv@a used=1048576
    for wrong in rpool/srv rpool/srv@ 'rpool/srv@a%b' rpool/srv@a,b 'rpool/srv@%'; do
        run -2 ksnap destroy "$wrong" --yes
    done
    run -1 ksnap destroy rpool/srv@a
    [[ $output == *"Destroy 1 snapshot, which frees 1M?"* ]]
    [ "$(snapshots | wc -l)" -eq 2 ]
    run -0 ksnap destroy rpool/srv@a rpool/srv@b --yes
    [ -z "$(snapshots)" ]
    run -1 ksnap destroy rpool/srv@gone --yes
}

@test "destroy -r takes those of that name below, and tells of the one that stays before any goes" {
    zfs create rpool/srv/www
    zfs snapshot -r rpool/srv@a
    zfs clone rpool/srv/www@a rpool/copy
    run -1 ksnap destroy -r rpool/srv@a --yes
    [ "$(snapshots | wc -l)" -eq 2 ]
    zfs destroy rpool/copy
    run -0 ksnap destroy -r rpool/srv@a --yes
    [ -z "$(snapshots)" ]
}

@test "a path with an @ in its name is one" {
    mkdir -p 'root/srv/x@y'
    run -0 ksnap take "$PWD/root/srv/x@y"
    run -0 ksnap diff "$PWD/root/srv/x@y"
    [[ $output == *'0 changes'* ]]
}

@test "pruning keeps so many of each tool and each file system, and what a person took" {
    echo 'keep_count = 2' > etc/snapshots.conf
    echo 'ksnap.prune = no' >> etc/snapshots.conf
    for n in 1 2 3 4; do
        ours kpkg $((1795900000 + n)) rpool/ROOT/default
        ours kpkg $((1795900000 + n)) rpool/srv
        ours ksnap $((1795900000 + n)) rpool/srv
    done
    zfs snapshot rpool/srv@mine
    run -0 ksnap prune --dry-run
    [[ $output == *'4 of 8 would go'* ]]
    [ "$(snapshots | wc -l)" -eq 13 ]
    run -0 ksnap prune
    [ "$(snapshots | wc -l)" -eq 9 ]
    [ "$(snapshots rpool/srv | grep -c kpkg)" -eq 2 ]
    [[ $(snapshots) == *"rpool/srv@kpkg-test-$(at 1795900004)"* ]]
    run -0 ksnap prune
    [[ $output == '0 of 4 went'* ]]
}

@test "by age the newest few stay; what is held or was made from one stays" {
    printf '%s\n' 'keep_days = 30' 'keep_least = 1' > etc/snapshots.conf
    now=$(date +%s)
    for days in 50 40 35 31 1; do ours kpkg $((now - days * 86400)) rpool/srv; done
    old=$(snapshots | sed -n 1,2p)
    zfs hold x "${old%$'\n'*}"
    zfs clone "${old#*$'\n'}" rpool/copy
    run -0 ksnap prune
    [ "$(snapshots | wc -l)" -eq 3 ]
    [[ $(snapshots) == "$old"* ]]
    ours kupgrade $((now - 90 * 86400)) rpool/srv
    run -0 ksnap prune
    [ "$(snapshots | grep -c kupgrade)" -eq 1 ]
}

@test "by space the oldest go first, of all tools, until the bound holds" {
    printf '%s\n' 'keep_least = 1' 'space_percent = 10' > etc/snapshots.conf
    for n in 1 2 3 4; do
        ours kpkg $((1795900000 + n * 2)) rpool/ROOT/default
        ours krestore $((1795900001 + n * 2)) rpool/home
    done
    while read -r name; do fake set "$name" used=300000000; done <<< "$(snapshots)"
    # 2.4 GB of a pool of 10 GiB; below 1.07 GB are three.
    run -0 ksnap prune
    [[ $output == *"all together hold more than 10 %"*"5 of 8 went, 1.40G freed"* ]]
    [ "$(snapshots rpool/home | wc -l)" -eq 2 ]
    [ "$(snapshots rpool/ROOT/default | wc -l)" -eq 1 ]
}

@test "a pool that is too full keeps the newest few" {
    for n in 1 2 3 4 5; do ours kpkg $((1795900000 + n)) rpool/srv; done
    fake set pool allocated=9900000000
    run -0 ksnap prune
    [[ $output == *'the pool is fuller than 80 %'* ]]
    [ "$(snapshots | wc -l)" -eq 3 ]
}

@test "a file of settings that can't be understood keeps everything" {
    for n in 1 2 3 4; do ours kpkg $((1795900000 + n)) rpool/srv; done
    for line in 'keep_count' 'keep_count = few' 'keep_cuont = 1' 'keep_count = 1; rm' 'kpkg.space_percent = 1' 'prune = 1' 'a.b.keep_count = 1' 'keep_count = 09'; do
        printf 'keep_least = 0\nkeep_days = 0\n%s\n' "$line" > etc/snapshots.conf
        run -1 ksnap prune
        [[ $output == *"nothing is pruned: $PWD/etc/snapshots.conf:3"* ]]
    done
    [ "$(snapshots | wc -l)" -eq 4 ]
}

@test "the file of settings that is installed is understood, and says what holds without it" {
    cp "$target_tools/etc/kldload/snapshots.conf" etc/
    run -0 ksnap prune --dry-run
    grep -vE '^(#|$|ksnap)' etc/snapshots.conf | while read -r key _ value; do grep -q "\[$key\]=$value" "$KLDLOAD_LIB/snap-prune.sh"; done
}

@test "one that fails does not keep the others, and is told" {
    echo 'keep_count = 1' > etc/snapshots.conf
    for n in 1 2; do
        ours kpkg $((1795900000 + n)) rpool/srv
        ours kpkg $((1795900000 + n)) rpool/home
    done
    fake fail "zfs destroy -- rpool/srv@kpkg-test-$(at 1795900001)" 'cannot destroy: I/O error'
    run -1 ksnap prune
    [[ $output == *'I/O error'*'2 of 4 went'* ]]
    [ "$(snapshots rpool/home | wc -l)" -eq 1 ]
}

@test "the policy of sanoid, with what it costs now" {
    cat > sanoid.conf << 'END'
[rpool/ROOT]
    use_template = system
    recursive = yes
    process_children_only = yes
[rpool/home]
    use_template = data
    recursive = yes
    daily = 5   # mine
[template_system]
    hourly = 0
    daily = 7
    autosnap = yes
[template_data]
    hourly = 24
    daily = 14
    monthly = 3
    autosnap = yes
END
    zfs create rpool/home/ada
    zfs snapshot rpool/home/ada@autosnap_2026-11-28_00:00:01_daily
    zfs snapshot rpool/home/ada@autosnap_2026-11-29_00:00:01_daily
    fake set rpool/home/ada@autosnap_2026-11-29_00:00:01_daily used=2048
    SANOID_CONFIG=sanoid.conf run -0 ksnap policy
    [[ $output =~ rpool/ROOT/default\ +7\ daily\ +0\ +0B ]]
    [[ $output =~ rpool/home/ada\ +24\ hourly,\ 5\ daily,\ 3\ monthly\ +2\ +2K ]]
    [[ $output == *'by itself of: rpool rpool/ROOT rpool/root rpool/srv'* ]]
    SANOID_CONFIG=sanoid.conf run -0 ksnap policy --json
    [ "$(jq -c '.datasets[] | select(.dataset == "rpool/home/ada") | [.keeps.daily, .snapshots, .held_bytes]' <<< "$output")" = '[5,2,2048]' ]
    SANOID_CONFIG=none run -1 ksnap policy
}

@test "send prints commands that work, and runs none" {
    zfs snapshot rpool/home@a
    run -0 ksnap send rpool/home rpool/backup
    [[ $output == *'zfs send rpool/home@a | zfs receive -u -o canmount=noauto rpool/backup'* ]]
    bash -c "$output"
    fake set rpool/backup@a "guid=$(zfs get -H -o value guid rpool/home@a)"
    zfs snapshot rpool/home@b
    run -0 ksnap send rpool/home rpool/backup
    [[ $output == *'Both have @a'*'zfs send -I @a rpool/home@b | zfs receive -u -o canmount=noauto rpool/backup'* ]]
    run -0 ksnap send rpool/home box:tank/home
    [[ $output == *'| ssh box zfs receive -u -o canmount=noauto tank/home'*'syncoid'* ]]
    run -1 ksnap send rpool/home rpool/srv
    [[ $output == *'no snapshot in common'* ]]
    zfs set encryption=aes-256-gcm rpool/home
    run -0 ksnap send rpool/home
    [[ $output == *'zfs send -w rpool/home@b > FILE'* ]]
    run -0 ksnap receive box:tank/home rpool/back
    [[ $output == *'ssh box zfs send tank/home@SNAPSHOT | zfs receive -u -o canmount=noauto rpool/back'* ]]
    run -1 ksnap receive rpool/backup rpool/home
}

@test "one at a time destroys; and who has the lock is told" {
    zfs snapshot rpool/srv@a
    exec 8>> run/ksnap.lock
    flock 8
    echo 'process 1, since 12:00:00: ksnap prune' > run/ksnap.lock
    run -1 ksnap destroy rpool/srv@a --yes
    [[ $output == *"another ksnap is at work: process 1, since 12:00:00: ksnap prune"* ]]
    run -0 ksnap rpool/srv # a snapshot waits for nobody
    run -0 ksnap prune     # nor does the timer's work fail because of somebody who thinks
    exec 8>> run/ksnap-prune.lock
    flock 8
    run -1 ksnap prune
}

@test "what takes root says how" {
    ((EUID == 0)) || skip "not root"
    command=$(mktemp -d)
    cp -r "$target_tools/usr" "$command"
    chmod -R u=rwX,go=rX "$command"
    KLDLOAD_LIB=$command/usr/lib/kldload run -1 setpriv --reuid 65534 --regid 65534 --clear-groups "$command/usr/sbin/ksnap" take rpool/home -m 'a b'
    rm -r "$command"
    [[ $output == "ksnap: this takes root"$'\n'"   → sudo ksnap take rpool/home -m a\\ b" ]]
}

@test "5,000 snapshots are listed in a moment" {
    mv bin/zfs bin/zfs.real
    for ((n = 0; n < 5000; n++)); do printf 'rpool/home@autosnap_%d\t%d\t4096\t0\t-\t-\t-\n' "$n" $((1795900000 + n)); done > listed
    fake_program zfs 'case $* in "list -H -p -r -t snapshot "*) exec cat '"$PWD"'/listed ;; esac; exec "$0.real" "$@"'
    start=${EPOCHREALTIME/./}
    run -0 ksnap list
    spent=$((${EPOCHREALTIME/./} - start))
    [ "${#lines[@]}" -eq 5002 ]
    echo "$spent µs"
    ((spent < 10000000)) # on a machine that does other things, too
    run -0 ksnap list --json
    [ "$(jq length <<< "$output")" -eq 5000 ]
}

@test "the completion knows snapshots, also after the @ that bash takes for an end" {
    zfs snapshot rpool/srv@one
    zfs snapshot rpool/srv@other
    # shellcheck source=/dev/null
    . "$target_tools/usr/share/bash-completion/completions/ksnap"
    COMP_LINE='ksnap destroy rpool/srv@o' COMP_POINT=25 COMP_WORDS=(ksnap destroy rpool/srv @ o) COMP_CWORD=4 COMP_WORDBREAKS=' @:'
    _ksnap
    [ "${COMPREPLY[*]}" = 'one other' ]
    COMP_LINE='ksnap ro' COMP_POINT=8 COMP_WORDS=(ksnap ro) COMP_CWORD=1
    _ksnap
    [ "${COMPREPLY[0]}" = rollback ]
}
