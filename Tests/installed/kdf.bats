#!/usr/bin/env bats
# kdf: the numbers of ZFS, each where it belongs.
bats_require_minimum_version 1.5.0

setup() {
    load fake-zfs
    cd "$BATS_TEST_TMPDIR" || return
    fake_zfs
    fake_system
    fake set rpool/home used=5368709120 usedbydataset=1073741824 usedbysnapshots=2147483648 usedbychildren=2147483648 quota=10737418240 compressratio=1.82
}

@test "a line for each file system, and one for the pool" {
    run -0 kdf
    [[ ${lines[0]} =~ ^DATASET\ +USED\ +DATA\ +SNAPSHOTS\ +BELOW\ +QUOTA\ +AVAIL\ +RATIO\ +MOUNTED ]]
    [[ $output =~ rpool/home\ +5G\ +1G\ +2G\ +2G\ +q\ 10G\ +1G\ +1\.82\ +/home ]]
    [[ $output =~ rpool/ROOT\ .*-$'\n' ]]
    [[ ${lines[-1]} == 'pool rpool: 10G, of which 9G are free; 10 % full, 3 % fragmented, ONLINE' ]]
    [[ $output != *$'\e'* ]]
}

@test "a path means what it is on, and what is below that" {
    zfs create rpool/home/ada
    fake set rpool/home/ada refquota=1073741824 quota=2147483648
    mkdir -p root/home/x
    run -0 kdf "$PWD/root/home/x"
    [ "${#lines[@]}" -eq 4 ]
    [[ ${lines[2]} =~ rpool/home/ada\ .*\ r\ 1G ]]
    run -1 kdf /tmp
    [[ $output == *"ext4 and not ZFS"* ]]
    run -1 kdf rpool/nothing
}

@test "as JSON" {
    zfs create 'rpool/srv/two words'
    run -0 kdf --json
    [ "$(jq -c '.datasets[] | select(.dataset == "rpool/home") | [.used_bytes, .snapshots_bytes, .quota_bytes, .refquota_bytes, .compress_ratio, .mounted_at]' <<< "$output")" = '[5368709120,2147483648,10737418240,null,1.82,"/home"]' ]
    [ "$(jq -r '.datasets[] | select(.dataset == "rpool/srv/two words") | .mounted_at' <<< "$output")" = '/srv/two words' ]
    [ "$(jq -c '.pools' <<< "$output")" = '[{"pool":"rpool","size_bytes":10737418240,"allocated_bytes":1073741824,"free_bytes":9663676416,"fragmentation_percent":3,"capacity_percent":10,"health":"ONLINE"}]' ]
}
