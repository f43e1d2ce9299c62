#!/usr/bin/env bats
# kpkg, and the hook of apt: with this machine's own apt and dpkg, on a root and an archive that are made here; of ZFS there is the fake.
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
    package hello 1.0
    package hello 1.1
    package needed 2
    package server 1.0 needed
    archive
}

version() { dpkg-query --admindir="$root/var/lib/dpkg" --show --showformat '${db:Status-Status} ${Version}' "$1"; }
snapshots() { zfs list -H -t snapshot -o name -r rpool; }

@test "installed with a snapshot before and the difference after; undone, it is gone with its settings" {
    run -0 kpkg install server --yes < /dev/null
    [[ $output == *'transaction 1: 2 new'*'+ needed 2'*'+ server 1.0'*'before it: rpool/ROOT/default@kpkg-install-server-'*'back: kpkg undo'* ]]
    [ "$(version server)" = 'installed 1.0' ]
    [ "$(snapshots | wc -l)" -eq 1 ]
    [ "$(zfs get -H -o value kldload:by "$(snapshots)")" = kpkg ]
    [ "$(zfs get -H -o value kldload:reason "$(snapshots)")" = 'install server' ]
    mkdir -p "$root/home" && echo data > "$root/home/file"
    run -0 kpkg undo --yes
    [[ $output == *'transaction 2: 2 gone'* ]]
    [ ! -e "$root/etc/server.conf" ] && [ ! -e "$root/usr/share/needed" ]
    [ "$(cat "$root/home/file")" = data ]
    run -0 kpkg undo --yes # what was undone comes back
    [ "$(version server)" = 'installed 1.0' ]
}

@test "an upgrade goes back to the version before, as long as that is to be had" {
    kpkg install hello=1.0 --yes < /dev/null
    run -0 kpkg upgrade --yes
    [[ $output == *'~ hello 1.0 → 1.1'* ]]
    run -0 kpkg undo --yes
    [ "$(version hello)" = 'installed 1.0' ]
    run -0 kpkg upgrade --yes
    rm archive/hello_1.0_all.deb && archive
    run -1 kpkg undo --yes
    [[ $output == *'not done (apt ended with status 100); nothing was changed'* ]]
    [ "$(version hello)" = 'installed 1.1' ]
}

@test "the transaction before the last is undone alone; what has changed again since, is left and said" {
    kpkg install hello=1.0 --yes < /dev/null
    kpkg install server --yes < /dev/null
    kpkg upgrade --yes
    run -1 kpkg undo 1 --yes
    [[ $output == *'has changed again since, and is left as it is: hello'*'nothing of transaction 1 is left to undo'* ]]
    run -0 kpkg undo 2 --yes
    [ "$(version hello)" = 'installed 1.1' ]
    [ ! -e "$root/usr/share/server" ]
}

@test "undone as a boot environment, the whole system is as it was, and what is not of it stays" {
    fake_program kldload-boot 'echo "$*" >> '"$PWD"'/boot-said'
    kpkg install hello=1.0 --yes < /dev/null
    echo mine > "$root/etc/mine"
    mkdir -p "$root/var/log" && echo line > "$root/var/log/log"
    kpkg install server --yes < /dev/null
    run -0 kpkg undo 2 --be --yes
    [[ $output == *'before-2 boots from now on'* ]]
    [ "$(cat boot-said)" = 'default before-2' ]
    [ "$(zfs get -H -o value canmount rpool/ROOT/before-2)" = noauto ]
    [ "$(version server)" = 'installed 1.0' ] # this one goes on as it is
    mkdir there
    mount -t zfs -o zfsutil rpool/ROOT/before-2 "$PWD/there"
    [ ! -e there/usr/share/server ] && [ -e there/usr/share/hello ] && [ -e there/etc/mine ]
    [ "$(cat "$root/var/log/log")" = line ]
    run -1 kpkg undo 2 --be < /dev/null
    [[ $output == *'nothing was changed'* ]]
}

@test "apt itself is followed: a snapshot before each transaction that changes something, and a record after" {
    run -0 apt-get -q -y install server
    [[ $(snapshots) == rpool/ROOT/default@kpkg-install-server-* ]]
    run -0 kpkg history
    [[ ${lines[1]} == 1*'install server'*'2 new' ]]
    run -0 kpkg history 1
    [[ $output == *'command: apt-get -q -y install server'*'+ server 1.0'* ]]
    run -0 apt-get -q -y purge server
    run -0 kpkg history --json
    [ "$(jq -r '.[0].changes[0] | [.name, .before, .after] | @tsv' <<< "$output")" = $'server\t1.0\t' ]
    [ "$(jq -r '.[] | [.number, .status, (.changes | length)] | @tsv' <<< "$output")" = $'2\t0\t1\n1\t0\t2' ]
    # Nothing is done, so nothing is taken.
    count=$(snapshots | wc -l)
    apt-get -q -y install needed
    apt-get -q update
    apt-get -q -y --simulate install hello
    apt-get -q -y --download-only install hello
    [ "$(snapshots | wc -l)" -eq "$count" ]
}

@test "a pool that is full or read-only keeps nothing from being installed, and is said" {
    fake fail 'zfs snapshot' 'cannot create snapshot: out of space'
    run -0 apt-get -q -y install hello
    [[ $output == *'no snapshot was taken before this, and it goes on without: cannot create snapshot: out of space'* ]]
    [ "$(version hello)" = 'installed 1.1' ]
    run -0 kpkg install server --yes < /dev/null
    [[ $output == *'out of space'*'back, as far as the old versions are to be had: kpkg undo'* ]]
    run -1 kpkg undo --be --yes
    [[ $output == *'no snapshot was taken before transaction 2'* ]]
    run -0 kpkg undo --yes
    [ ! -e "$root/usr/share/server" ]
}

@test "whatever happens to the hook, apt goes on" {
    chmod a-w state && mkdir -p state/transactions && rm -rf state/transactions && echo no > state/transactions
    run -0 apt-get -q -y install hello
    [ "$(version hello)" = 'installed 1.1' ]
    rm lib/transaction-hook
    run -0 apt-get -q -y install needed
    [ "$(version needed)" = 'installed 2' ]
}

@test "an installation that was never started has nothing to go back to" {
    rm state/firstboot.done
    run -0 apt-get -q -y install hello
    [ -z "$(snapshots)" ]
}

@test "what could not be done leaves no snapshot; what failed in the middle has one" {
    run -1 kpkg install nothing --yes < /dev/null
    [[ $output == *'install nothing: not done (apt ended with status 100); nothing was changed'* ]]
    [ -z "$(snapshots)" ]
    run -1 kpkg install hello < /dev/null
    [[ $output == *'nothing was changed: install hello'*'--yes'* ]]
    # Unpacked over a file of another package.
    mkdir -p package-clash/DEBIAN package-clash/usr/share/hello
    printf 'Package: clash\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' > package-clash/DEBIAN/control
    echo no > package-clash/usr/share/hello/version
    dpkg-deb --root-owner-group --build package-clash archive/clash_1_all.deb
    archive
    kpkg install hello --yes < /dev/null
    run -1 kpkg install needed clash --yes < /dev/null
    [[ $output == *'apt ended with status 100, in the middle'*'kpkg undo'* ]]
    [ "$(snapshots | wc -l)" -eq 2 ]
}

@test "a file is installed as one" {
    cp archive/needed_2_all.deb .
    run -0 kpkg install needed_2_all.deb --yes < /dev/null
    [ "$(version needed)" = 'installed 2' ]
}

@test "from a medium alone, which is let go of whatever happens" {
    # update-source.sh has tests of its own; here is what it would say.
    rm lib/update-source.sh
    cat > lib/update-source.sh << END
update_source_open() {
    if [[ \$1 != /dev/stick ]]; then fail "\$1: no"; fi
    mkdir -p "$PWD/opened/apt/partial"
    echo "deb [trusted=yes] file:$PWD/medium ./" > "$PWD/opened/sources.list"
    update_source_apt_options=(-o "Dir::Etc::SourceList=$PWD/opened/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$PWD/opened/apt/" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
}
update_source_close() { rm -r "$PWD/opened"; echo closed >> "$PWD/closed"; }
END
    mkdir medium && cp archive/needed_2_all.deb medium/ && (cd medium && apt-ftparchive packages . > Packages)
    run -0 kpkg install needed --from /dev/stick --yes < /dev/null
    [ "$(version needed)" = 'installed 2' ]
    [ "$(cat closed)" = closed ]
    run -1 kpkg install hello --from /dev/stick --yes < /dev/null # which the machine's own source has
    [ "$(wc -l < closed)" -eq 2 ]
    run -1 kpkg install needed --from /dev/other --yes < /dev/null
    [[ $output == *'/dev/other: no'* ]]
    run -2 kpkg install needed --from
    run -0 kpkg undo 1 --yes
    run -0 kpkg install hello --yes < /dev/null
}

@test "what is installed is listed" {
    kpkg install server --yes < /dev/null
    run -0 kpkg list
    [ "$output" = $'needed 2\nserver 1.0' ]
    run -0 kpkg list serv --json
    [ "$output" = '[{"name":"server","version":"1.0"}]' ]
}

@test "what a command was for is read from it" {
    . "$KLDLOAD_LIB/common.sh" && . "$KLDLOAD_LIB/transactions.sh"
    [ "$(transaction_of_command 'apt-get -y install nginx g++')" = 'install nginx g++' ]
    [ "$(transaction_of_command '/usr/bin/apt full-upgrade -y')" = upgrade ]
    [ "$(transaction_of_command '/usr/bin/python3 /usr/bin/dnf -y install nginx')" = 'install nginx' ]
    [ "$(transaction_of_command '/usr/bin/python3 /usr/bin/unattended-upgrade')" = unattended-upgrade ]
    [ "$(transaction_of_command 'apt install ./a.deb')" = 'install a.deb' ]
    [ "$(transaction_of_command '')" = packages ]
}

@test "nonsense is refused" {
    run -2 kpkg
    run -2 kpkg install
    run -2 kpkg undo x --yes
    run -1 kpkg undo --yes
    [[ $output == *'there is no transaction to undo'* ]]
    run -1 kpkg undo 7 --yes
    run -1 kpkg history 7
    run -0 kpkg history
    [ "$output" = 'there was no transaction yet' ]
}
