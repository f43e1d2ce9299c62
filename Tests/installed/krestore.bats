#!/usr/bin/env bats
# krestore: what comes back is what was, and what is there stays.
# shellcheck disable=SC2154  # variables of fake-zfs.bash
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    home=$PWD/root/home
    echo one > "$home/file"
    touch -d '2026-11-01 10:00' "$home/file"
    zfs snapshot rpool/home@first
    zfs snapshot rpool/home@again
    echo two > "$home/file"
    zfs snapshot rpool/home@second
    for snapshot in first again second; do fake set "rpool/home@$snapshot" written=4096; done
}

@test "the list has each version once, with the snapshots that have it" {
    run -0 krestore list "$home/file"
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[1]} =~ ^'what is there now'\ .*4B.*1\ snapshot$ ]]
    [[ ${lines[2]} =~ ^again\ .*2026-11-01\ 10:00:00\ +2\ snapshots$ ]]
    run -0 krestore list "$home/file" --json
    [ "$(jq -c '[.[] | [.now, .snapshots, .bytes, .kind]]' <<< "$output")" = '[[true,["second"],4,"file"],[false,["again","first"],4,"file"]]' ]
}

@test "a file of the same size and time, and another content, is another version" {
    touch -d '2026-11-01 10:00' "$home/file"
    run -0 krestore list "$home/file"
    [ "${#lines[@]}" -eq 4 ]
    [ "$(wc -c < "$home/file")" -eq "$(wc -c < "$home/.zfs/snapshot/first/file")" ]
}

@test "what has not been written to is not looked into" {
    fake set rpool/home@again written=0
    rm -r "$home/.zfs/snapshot/first"
    run -0 krestore list "$home/file" --json
    [ "$(jq -c '.[1].snapshots' <<< "$output")" = '["again","first"]' ]
}

@test "by default the newest other version comes beside; and nothing is written over" {
    run -0 krestore get "$home/file"
    [ "$(cat "$home/file.again")" = one ]
    [ "$(cat "$home/file")" = two ]
    run -1 krestore get "$home/file"
    [[ $output == *"file.again is there already"* ]]
    [ -z "$(find "$home" -name '.krestore*')" ]
}

@test "a deleted file comes back in its place, with all that it had" {
    chmod 640 "$home/file"
    chown 65534:65534 "$home/file" || skip "not root"
    ln "$home/file" "$home/link" && rm "$home/link"
    setfattr -n user.note -v hello "$home/file" 2> /dev/null || true # where the tests run on something without them
    zfs snapshot rpool/home@third
    rm "$home/file"
    run -0 krestore get "$home/file"
    [ "$(cat "$home/file")" = two ]
    [ "$(stat -c '%a %u %g %y' "$home/file")" = "$(stat -c '%a %u %g %y' "$home/.zfs/snapshot/third/file")" ]
    [ "$(getfattr -d "$home/file" 2> /dev/null | tail -n +2)" = "$(getfattr -d "$home/.zfs/snapshot/third/file" 2> /dev/null | tail -n +2)" ]
}

@test "of a snapshot that is named; names with blanks, @ and letters of all kinds" {
    name='a @ b é
c'
    echo x > "$home/$name"
    zfs snapshot rpool/home@named
    rm "$home/$name"
    run -0 krestore get "$home/$name@named"
    [ "$(cat "$home/$name")" = x ]
    rm "$home/$name"
    run -0 krestore get "$home/$name"
    [ "$(cat "$home/$name")" = x ]
    run -0 krestore get "$home/file@first" -o "$PWD/out"
    [ "$(cat out)" = one ]
    run -1 krestore get "$home/gone@nothing"
    [[ $output == *"rpool/home has no snapshot nothing"* ]]
    run -1 krestore get "$home/nothing"
    [[ $output == *"no snapshot of rpool/home has another version"* ]]
    run -1 krestore get "$home/nothing@first"
    [[ $output == *"nothing is not in rpool/home@first"* ]]
}

@test "over asks, takes a snapshot first, and says so" {
    run -1 krestore get "$home/file" --over
    [[ $output == *"nothing was changed"*"--yes"* ]]
    [ "$(cat "$home/file")" = two ]
    run -0 krestore get "$home/file" --over --yes
    [ "$(cat "$home/file")" = one ]
    [[ $output == *"What is there now stays in rpool/home@krestore-over-file-"* ]]
    snapshot=$(zfs list -H -t snapshot -o name | grep krestore)
    [ "$(cat "$home/.zfs/snapshot/${snapshot#*@}/file")" = two ]
    [ "$(zfs get -H -o value kldload:by "$snapshot")" = krestore ]
}

@test "without a snapshot of what is there, nothing is replaced" {
    fake fail 'zfs snapshot' 'cannot create snapshot: out of space'
    run -1 krestore get "$home/file" --over --yes
    [ "$(cat "$home/file")" = two ]
}

@test "a folder: its versions, beside, and over; what came since is in the snapshot only" {
    mkdir "$home/folder"
    echo a > "$home/folder/a"
    ln -s a "$home/folder/link"
    zfs snapshot rpool/home@folder
    echo b > "$home/folder/b"
    rm "$home/folder/a"
    run -0 krestore list "$home/folder/"
    [ "${#lines[@]}" -eq 3 ]
    run -0 krestore get "$home/folder"
    [ "$(cat "$home/folder.folder/a")" = a ]
    [ "$(readlink "$home/folder.folder/link")" = a ]
    run -0 krestore get "$home/folder" --over --yes
    [ "$(cat "$home/folder/a")" = a ]
    [ ! -e "$home/folder/b" ]
    [ -z "$(find "$home" -name '.krestore*')" ]
    snapshot=$(zfs list -H -t snapshot -o name | grep krestore)
    [ -e "$home/.zfs/snapshot/${snapshot#*@}/folder/b" ]
}

@test "what a folder holds is said in full, when it is more than 2 GB, too" {
    mkdir "$home/folder"
    truncate -s 5000000000 "$home/folder/large"
    run -0 krestore list "$home/folder" --json
    [ "$(jq '.[0].bytes' <<< "$output")" -eq 5000000000 ]
}

@test "a file whose folder is gone: the folder is what to bring back" {
    mkdir "$home/folder"
    echo a > "$home/folder/a"
    zfs snapshot rpool/home@folder
    rm -r "$home/folder"
    run -0 krestore list "$home/folder/a"
    [[ ${lines[1]} == folder* ]]
    run -1 krestore get "$home/folder/a"
    [[ $output == *"the folder $home/folder is not there"*"krestore get $home/folder"* ]]
    run -0 krestore get "$home/folder"
    [ "$(cat "$home/folder/a")" = a ]
}

@test "a folder in which another file system is mounted is not replaced; a whole file system neither" {
    mkdir "$home/folder"
    zfs snapshot rpool/home@folder
    echo later > "$home/folder/later"
    zfs create -o mountpoint=/home/folder/data rpool/data
    echo precious > "$home/folder/data/file"
    run -1 krestore get "$home/folder" --over --yes
    [[ $output == *"$home/folder/data is mounted there"* ]]
    [ "$(cat "$home/folder/data/file")" = precious ]
    run -1 krestore get "$home" --over --yes
    [[ $output == *"is a whole file system, rpool/home"*"ksnap rollback rpool/home"* ]]
}

@test "a link is brought back as a link; one on the way leads nowhere else" {
    ln -s /etc "$home/etc"
    zfs snapshot rpool/home@link
    rm "$home/etc"
    run -0 krestore get "$home/etc"
    [ "$(readlink "$home/etc")" = /etc ]
    rm "$home/etc"
    run -1 krestore get "$home/etc/passwd@link" -o "$PWD/passwd"
    [ ! -e passwd ]
}

@test "a file system that is not mounted: by where it would be, or by its name" {
    zfs create -o mountpoint=/kldload-test/place rpool/far
    mkdir -p root/kldload-test/place/etc
    echo old > root/kldload-test/place/etc/fstab
    zfs snapshot rpool/far@s
    zfs unmount rpool/far
    run -0 krestore list /kldload-test/place/etc/fstab
    [[ ${lines[1]} == 's '* ]]
    run -1 krestore get /kldload-test/place/etc/fstab
    [[ $output == *"-o PATH"* ]]
    run -0 krestore get /kldload-test/place/etc/fstab -o got
    [ "$(cat got)" = old ]
    run -0 krestore get /etc/fstab@s --from rpool/far -o again
    [ "$(cat again)" = old ]
    [ -z "$(findmnt --source rpool/far@s)" ] # nothing is left behind
    run -2 krestore get ../../etc/fstab --from rpool/far -o third
    run -1 krestore get etc/fstab --from rpool/nothing -o third
}

@test "a dataset: a clone, which is told of; never over what is there, never a boot environment by the way" {
    run -0 krestore dataset rpool/home@first rpool/home-then
    [ "$(cat root/home-then/file)" = one ]
    [[ $output == *"rpool/home-then is what rpool/home was at first; it is at $PWD/root/home-then"$'\n'* ]]
    run -1 krestore dataset rpool/home@first rpool/srv
    zfs snapshot rpool/ROOT/default@x
    run -1 krestore dataset rpool/ROOT/default@x rpool/ROOT/old
    [[ $output == *"kbe create old rpool/ROOT/default@x"* ]]
    run -2 krestore dataset rpool/home rpool/other
    run -1 krestore dataset rpool/home@nothing rpool/other
}

@test "what is meant must be clear" {
    run -2 krestore
    run -2 krestore "$home/file"
    [[ $output == *"krestore list $home/file"* ]]
    run -2 krestore get
    run -2 krestore get "$home/file" --over -o x
    run -2 krestore list "$home/file" --over
    run -1 krestore list /tmp/kldload-nothing
    [[ $output == *"ext4 and not ZFS"* ]]
}
