#!/usr/bin/env bats
# Postinstallers: which run, in what order, with what around them, and what a failing one does. Needs root for the last.

load ../lib/keys

setup() {
    library=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/lib
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p scripts target mnt zoneinfo/America
    touch zoneinfo/America/Toronto
    printf '%s\n' 'KLDLOAD_DISK=/dev/vda' "KLDLOAD_PASSWORD='top secret'" "KLDLOAD_HOSTNAME=web" "KLDLOAD_KERNEL_OPTIONS='a \"b\" \$c'" > answers.env
    # What say.sh and the steps before give to it.
    cat > around << END
set -euo pipefail
shopt -s inherit_errexit
say() { printf 'say: %s\n' "\$*"; }
fail() { printf 'fail: %s\n' "\$*"; exit 1; }
export KLDLOAD_ZONEINFO=$PWD/zoneinfo
TARGET=$PWD/target BOOTSTRAP_KEY=$PWD/key.gpg bootstrap_mirror=/run/darksite
POSTINSTALL_FOLDER=$PWD/scripts POSTINSTALL_MNT=$PWD/mnt POSTINSTALL_ADDED=$PWD/added
source "$library/answers.sh"
source "$library/postinstall.sh"
answers_load $PWD/answers.env
END
}

script() { # script NAME LINE…
    local name=$1
    shift
    printf '%s\n' '#!/bin/bash' 'set -eu' "$@" > "scripts/$name"
    chmod +x "scripts/$name"
}

postinstall() { run bash -c 'source ./around; postinstall; echo done'; }

@test "those that were added to the medium run among the others, by their names" {
    script 10-first 'echo first' ''
    script 30-third 'echo third'
    mkdir added
    printf '%s\n' 'echo second' > added/20-second.sh
    printf '%s\n' 'echo added' > added/10-first
    chmod +x added/10-first
    run bash -c 'source ./around; postinstall_scripts'
    [ "$output" = "$PWD/scripts/10-first
$PWD/added/10-first
$PWD/added/20-second.sh
$PWD/scripts/30-third" ]
}

@test "without any, nothing happens" {
    postinstall
    [ "$output" = $'say: there are no postinstallers on this medium\ndone' ]
    rmdir scripts
    postinstall
    [ "$output" = $'say: there are no postinstallers on this medium\ndone' ]
    ln -s /nonexistent scripts # as on an image that was built without the folder
    postinstall
    [ "$output" = $'say: there are no postinstallers on this medium\ndone' ]
    [ -d mnt ] && [ ! -L mnt ]
}

@test "they run in the order of their names, those that may be executed and those in shell; others are left alone, and that is said" {
    script 20-second 'echo 20'
    script 10-first.sh 'echo 10'
    script Z-capital 'echo Z'
    script 15-python && printf '#!/usr/bin/env python3\nprint(15)\n' > scripts/15-python
    printf 'echo 30 from bash: "${BASH_VERSION%%%%.*}"\n' > scripts/30-not-executable.sh
    script '40 with a space' 'echo 40'
    script 10-first.sh~ 'echo never'
    script .hidden 'echo never'
    echo 'a note' > scripts/README
    mkdir scripts/50-folder.sh
    postinstall
    echo "$output"
    [ "$(grep -v ^say <<< "$output" | sed 's/bash: .*/bash/')" = "$(printf '%s\n' "left alone: $PWD/scripts/10-first.sh~" \
        "left alone, because it can not be executed: $PWD/scripts/README" 10 15 20 '30 from bash' 40 Z done)" ]
    [ "$(grep -m 1 ^say <<< "$output")" = "say: postinstaller 10-first.sh" ]
}

@test "every answer is in the environment but the secrets, and nothing of what was around" {
    script 10-env 'env -0 | sort -z > "$KLDLOAD_TARGET/env"'
    export SOMETHING=else KLDLOAD_PASSWORD='top secret'
    postinstall
    [ "$status" -eq 0 ]
    tr '\0' '\n' < target/env > env
    grep -qx 'KLDLOAD_HOSTNAME=web' env
    grep -qx 'KLDLOAD_KERNEL_OPTIONS=a "b" $c' env
    grep -qx "KLDLOAD_TARGET=$PWD/target" env
    grep -qx 'DEBIAN_FRONTEND=noninteractive' env
    [ "$(grep -c '^KLDLOAD_' env)" -eq "$(bash -c 'source ./around; echo $(($(answers_names | wc -l) - $(answers_secret_names | wc -l) + 1))')" ]
    # That passwords stay in an image is an answer of yes or no, and no secret.
    run grep -E 'SOMETHING|top secret|PASSWORD=|PASSPHRASE' env
    [ "$status" -eq 1 ]
}

@test "the target is in both places while they run, and afterwards there is an empty folder again" {
    script 10-both 'echo "$KLDLOAD_TARGET" > '"$PWD/mnt/one" "test -e $PWD/target/one" "mkdir $PWD/target/home && touch $PWD/mnt/home/x"
    postinstall
    [ "$status" -eq 0 ]
    [ -e target/home/x ] && [ "$(cat target/one)" = "$PWD/target" ]
    [ -d mnt ] && [ ! -L mnt ] && [ -z "$(ls -A mnt)" ]
    [ -z "$(ls -A target/run)" ]
}

@test "one that fails ends it, by its name and status, and those after it don't run" {
    script 10-good 'echo good'
    script 20-bad 'echo before; false; echo after'
    script 30-never 'echo never'
    postinstall
    [ "$status" -eq 1 ]
    [ "$output" = $'say: postinstaller 10-good\ngood\nsay: postinstaller 20-bad\nbefore\nfail: postinstaller 20-bad ended with status 1' ]
    # The next attempt finds the link, and goes on.
    script 20-bad 'echo mended'
    postinstall
    [ "$status" -eq 0 ]
}

@test "one that reads from its input finds nothing there, and one whose interpreter is missing fails" {
    script 10-reads 'if read -r line; then echo "read $line"; else echo nothing; fi'
    run bash -c 'source ./around; echo typed | postinstall'
    [[ "$output" == *$'\nnothing' ]]
    printf '#!/nonexistent\n' > scripts/20-broken
    chmod +x scripts/20-broken
    postinstall
    [ "${lines[-1]}" = "fail: postinstaller 20-broken ended with status 127" ]
}

@test "a place that is in use is not taken" {
    script 10-x true
    touch mnt/precious
    postinstall
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "fail: $PWD/mnt is in use; postinstallers need it" ]
    [ -e mnt/precious ]
}

# A copy of this system as the target (changes stay in memory), a mirror with one package, no network: the real apt.
@test "apt in the target installs from the darksite alone, signed, and the target's own sources stay as they are" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    export GNUPGHOME=$PWD/gnupg
    make_key gnupg 'made for a test'
    gpg --batch --export > key.gpg
    mkdir -p made/DEBIAN made/usr/share/made mirror/pool mirror/dists/trixie/main/binary-amd64
    printf 'Package: made-tool\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: made\n' > made/DEBIAN/control
    dpkg-deb --root-owner-group --build made mirror/pool/made-tool_1.0.deb
    cd mirror
    apt-ftparchive packages pool > dists/trixie/main/binary-amd64/Packages
    apt-ftparchive -o APT::FTPArchive::Release::Suite=trixie -o APT::FTPArchive::Release::Components=main \
        -o APT::FTPArchive::Release::Architectures=amd64 release dists/trixie > Release
    mv Release dists/trixie/
    gpg --batch --quiet --armor --detach-sign --output dists/trixie/Release.gpg dists/trixie/Release
    cd ..
    script 10-apt 'chroot '"$PWD"'/mnt apt-get install --yes made-tool' 'chroot "$KLDLOAD_TARGET" apt-cache policy made-tool' \
        'chroot "$KLDLOAD_TARGET" apt-cache stats | grep "^Total package names"'
    cat > inside << END
source ./around
mount -t tmpfs tmpfs $PWD/layers
mkdir $PWD/layers/{upper,work}
mount -t overlay -o lowerdir=/,upperdir=$PWD/layers/upper,workdir=$PWD/layers/work overlay "\$TARGET"
mount -t tmpfs tmpfs "\$TARGET/run"
mount --bind /dev "\$TARGET/dev"
mkdir "\$TARGET\$bootstrap_mirror"
mount --bind -o ro $PWD/mirror "\$TARGET\$bootstrap_mirror"
find "\$TARGET"/etc/apt "\$TARGET/var/lib/apt/lists" -type f -exec cksum {} + | sort > before
postinstall
find "\$TARGET"/etc/apt "\$TARGET/var/lib/apt/lists" -type f -exec cksum {} + | sort | diff before -
test -d "\$TARGET/usr/share/made"
END
    mkdir layers
    run unshare --mount --net --propagation private bash ./inside
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Setting up made-tool (1.0)"* ]]
    [[ "$output" == *"500 file:/run/darksite trixie/main amd64 Packages"* ]]
    run dpkg-query --show made-tool
    [ "$status" -ne 0 ]
    # A mirror that somebody else signed is not taken.
    make_key gnupg another
    gpg --batch --yes --export another > key.gpg
    run unshare --mount --net --propagation private bash ./inside
    [ "$status" -ne 0 ]
    [[ "$output" != *"say: postinstaller"* ]]
}
