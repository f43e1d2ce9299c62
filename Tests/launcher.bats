#!/usr/bin/env bats
# What the launcher `deploy` owes: to build when something changed and only then, to say what is missing, and to pass on
# what it is given. Everything it could run is a fake in a folder that is its whole PATH.
# shellcheck disable=SC2016,SC2154 # the fakes are scripts in single quotes; bats sets stderr

setup() {
    bats_require_minimum_version 1.5.0
    checkout="$BATS_TEST_TMPDIR/a check out"
    fakes="$BATS_TEST_TMPDIR/fakes"
    calls="$BATS_TEST_TMPDIR/calls"
    export calls
    mkdir -p "$checkout/Sources/deploy" "$checkout/Sources/Other" "$fakes"
    cp "$BATS_TEST_DIRNAME/../deploy" "$checkout/deploy"
    touch "$checkout/Package.swift" "$checkout/Sources/deploy/main.swift" "$checkout/Sources/Other/a.swift" "$calls"

    local tool
    for tool in bash cat chmod find flock grep ls mkdir mv readlink rm sleep stat tail; do
        ln -s "$(type -P "$tool")" "$fakes/$tool"
    done
    for tool in podman runc gpgv gpg git g++ pkg-config newuidmap ldd; do fake "$tool" ''; done
    fake id 'if [ "$1" = -un ]; then echo root; else echo 0; fi'
    fake apt-get 'echo "apt-get $*" >>"$calls"'
    # A build takes what --scratch-path says, and leaves a tool there that shows what it got.
    fake swift '
        if [ "$1" = --version ]; then echo "Swift version 6.1 (swift-6.1-RELEASE)"; exit; fi
        echo "swift $*" >>"$calls"
        while [ "$1" != --scratch-path ]; do shift; done
        mkdir -p "$2/release"
        { echo "#!/bin/bash"; echo "printf \"<%s>\" \"\$KLDLOAD_CHECKOUT\" \"\$@\"; exit \${STATUS:-0}"; } >"$2/release/deploy"
        chmod +x "$2/release/deploy"'
}

launch() { PATH=$fakes "${launcher:-$checkout/deploy}" "$@"; }

fake() {
    printf '#!/bin/bash\n%s\n' "$2" >"$fakes/$1"
    chmod +x "$fakes/$1"
}

builds() { grep -c '^swift build' "$calls" || true; }

@test "the first launch builds, the second does not" {
    run -0 --separate-stderr launch
    [[ $output == "<$checkout>" ]]
    [[ $stderr == "deploy: building deploy (about 3 minutes, once)…" ]]
    run -0 --separate-stderr launch
    [[ -z $stderr ]]
    [[ $(builds) == 1 ]]
    grep -q -- '-c release --product deploy --static-swift-stdlib' "$calls"
    run ! grep -q apt-get "$calls"
}

@test "a checkout that was moved or copied builds, and nothing of the old place is kept" {
    run -0 --separate-stderr launch
    mkdir -p "$checkout/.build/x86_64-unknown-linux-gnu/release/ModuleCache" "$checkout/.build/debug"
    sleep 0.01
    touch "$checkout/Sources/Other/a.swift"
    run -0 --separate-stderr launch
    [[ -d $checkout/.build/x86_64-unknown-linux-gnu/release/ModuleCache ]]
    local moved="$checkout again" launcher="$checkout again/deploy"
    mv "$checkout" "$moved"
    run -0 --separate-stderr launch
    [[ -z $stderr && $(builds) == 2 ]]
    touch "$moved/Sources/Other/a.swift"
    run -0 --separate-stderr launch
    [[ $output == "<$moved>" && $(builds) == 3 ]]
    [[ ! -e $moved/.build/x86_64-unknown-linux-gnu/release && -d $moved/.build/debug ]]
}

@test "arguments pass through unchanged, and so does the exit status" {
    STATUS=7 run -7 --separate-stderr launch 'two words' '' '*' '--json' $'a\nb' '$HOME'
    [[ $output == "<$checkout><two words><><*><--json><a"$'\n'"b><\$HOME>" ]]
}

@test "it finds its checkout through a symbolic link and from any folder" {
    ln -s "$checkout/deploy" "$BATS_TEST_TMPDIR/link"
    cd /
    launcher="$BATS_TEST_TMPDIR/link"
    run -0 --separate-stderr launch x
    [[ $output == "<$checkout><x>" ]]
}

@test "a changed, a new, a removed and an older source each cause a build" {
    run -0 launch
    echo changed >"$checkout/Sources/Other/a.swift"
    run -0 launch
    [[ $output == *"building deploy, its sources changed"* && $(builds) == 2 ]]
    touch "$checkout/Sources/Other/b.swift"
    run -0 launch
    [[ $(builds) == 3 ]]
    rm "$checkout/Sources/Other/b.swift"
    run -0 launch
    [[ $(builds) == 4 ]]
    touch -d 2001-01-01 "$checkout/Sources/Other/a.swift"
    run -0 launch
    [[ $(builds) == 5 ]]
    echo >>"$checkout/Package.swift"
    run -0 launch
    [[ $(builds) == 6 ]]
    run -0 launch
    [[ $(builds) == 6 ]]
}

@test "what else changes in the checkout causes no build" {
    run -0 launch
    mkdir -p "$checkout/live-build/config"
    touch "$checkout/deploy.yaml" "$checkout/live-build/config/x"
    run -0 launch
    [[ $(builds) == 1 ]]
}

@test "a Package.resolved that the build wrote causes no second build, one that somebody changed does" {
    fake swift-real "$(tail -n +2 "$fakes/swift")"
    fake swift '[ "$1" = --version ] || [ -e "$3/Package.resolved" ] || echo 1 >"$3/Package.resolved"; exec swift-real "$@"'
    run -0 launch
    [[ -e $checkout/Package.resolved ]]
    run -0 launch
    [[ $(builds) == 1 ]]
    echo 2 >"$checkout/Package.resolved"
    run -0 launch
    run -0 launch
    [[ $(builds) == 2 ]]
}

@test "a source that is edited while it builds is built next time" {
    fake swift-real "$(tail -n +2 "$fakes/swift")"
    fake swift '[ "$1" = --version ] || echo edit >>"$3/Sources/Other/a.swift"; exec swift-real "$@"'
    run -0 launch
    run -0 launch
    [[ $(builds) == 2 ]]
}

@test "a build that failed shows its errors, runs no old binary, and is repeated" {
    run -0 launch
    cp "$fakes/swift" "$fakes/swift-good"
    fake swift 'if [ "$1" = --version ]; then echo "Swift version 6.3"; exit; fi; echo noise; echo "a.swift:1:1: error: oh"; exit 1'
    touch "$checkout/Sources/Other/a.swift"
    run -1 --separate-stderr launch
    [[ -z $output && $stderr == *"a.swift:1:1: error: oh"* && $stderr != *noise* ]]
    mv "$fakes/swift-good" "$fakes/swift"
    run -0 --separate-stderr launch
    [[ $output == "<$checkout>" && $(builds) == 2 ]]
}

@test "an interrupted build is repeated" {
    fake swift-real "$(tail -n +2 "$fakes/swift")"
    fake swift '[ "$1" = --version ] || { swift-real "$@"; kill -KILL $PPID; sleep 0.2; exit; }; exec swift-real "$@"'
    run -137 launch
    mv "$fakes/swift-real" "$fakes/swift"
    run -0 --separate-stderr launch
    [[ $output == "<$checkout>" && $(builds) == 2 ]]
}

@test "two launches at once build once, and both run" {
    fake swift-real "$(tail -n +2 "$fakes/swift")"
    fake swift '[ "$1" = --version ] || sleep 0.5; exec swift-real "$@"'
    launch one >"$BATS_TEST_TMPDIR/one" 2>&1 &
    launch two >"$BATS_TEST_TMPDIR/two" 2>&1 &
    wait
    [[ $(builds) == 1 ]]
    grep -q '<one>' "$BATS_TEST_TMPDIR/one"
    grep -q '<two>' "$BATS_TEST_TMPDIR/two"
    grep -q 'waiting for another launch' "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
}

@test "the tool does not hold the lock" {
    fake swift-real "$(tail -n +2 "$fakes/swift")"
    fake swift '[ "$1" = --version ] && exec swift-real "$@"; swift-real "$@"
        while [ "$1" != --scratch-path ]; do shift; done; { echo "#!/bin/bash"; echo "ls -l /proc/\$\$/fd"; } >"$2/release/deploy"'
    run -0 launch
    [[ $output != *launcher.lock* && $output == *"->"* ]]
}

@test "root installs what is missing, after saying so" {
    rm "$fakes/podman" "$fakes/gpgv" "$fakes/runc"
    run -0 --separate-stderr launch
    [[ ${stderr_lines[0]} == "deploy: installing what this machine lacks: podman runc gpgv" ]]
    grep -qx 'apt-get install -q -y --no-install-recommends podman runc gpgv' "$calls"
    [[ $(builds) == 1 ]]
}

@test "libraries are missing where pkg-config does not know them, or is missing itself" {
    fake pkg-config '[ "$2" != libcurl ]'
    run -0 --separate-stderr launch
    [[ ${stderr_lines[0]} == "deploy: installing what this machine lacks: libcurl4-openssl-dev" ]]
    rm -r "$checkout/.build" "$fakes/pkg-config"
    run -0 --separate-stderr launch
    [[ ${stderr_lines[0]} == *": pkg-config libarchive-dev liblzma-dev libzstd-dev libcurl4-openssl-dev libssl-dev libxml2-dev" ]]
}

@test "an installation that fails ends it, with apt-get's words" {
    rm "$fakes/podman"
    fake apt-get 'echo "E: no network" >&2; exit 100'
    run -1 --separate-stderr launch
    [[ $stderr == *"E: no network"*"apt-get failed"* ]]
    [[ $(builds) == 0 ]]
}

@test "without root the one command is printed, and nothing is done" {
    fake id 'if [ "$1" = -un ]; then echo somebody-without-ids; else echo 1000; fi'
    rm "$fakes/podman" "$fakes/newuidmap"
    run -2 --separate-stderr launch
    [[ ${stderr_lines[0]} == "deploy: this machine lacks: podman uidmap" ]]
    [[ ${stderr_lines[-1]} == "deploy: run: sudo apt-get install --no-install-recommends podman uidmap && sudo usermod "*" somebody-without-ids" ]]
    [[ ! -s $calls ]]
}

@test "without apt-get what is missing is named" {
    rm "$fakes/podman" "$fakes/apt-get"
    run -2 --separate-stderr launch
    [[ $stderr == *"lacks: podman"*"install what your distribution calls these"* ]]
}

@test "a missing, an old and a broken Swift are each said, with the address" {
    rm "$fakes/swift"
    run -2 --separate-stderr launch
    [[ $stderr == *"no swift on PATH: https://www.swift.org/install/linux" ]]
    fake swift 'echo "Swift version 5.10.1 (swift-5.10.1-RELEASE)"'
    run -2 --separate-stderr launch
    [[ $stderr == *"Swift 6.1 or later is needed, and $fakes/swift is 5.10: https://www.swift.org/install/linux" ]]
    fake swift 'echo "cannot open shared object file" >&2; exit 127'
    run -2 --separate-stderr launch
    [[ $stderr == *"swift --version does not work: cannot open shared object file"* ]]
}

@test "libraries that the tool chain lacks are installed" {
    fake ldd 'echo "libsqlite3.so.0 => not found"; for ((i = 0; i < 20000; i++)); do echo "libc.so.6 => /lib/libc.so.6"; done; exit 1'
    run -0 --separate-stderr launch
    [[ ${stderr_lines[0]} == "deploy: installing what this machine lacks: libncurses6 libsqlite3-0 libxml2" ]]
}

@test "with nothing to do nothing is looked for" {
    run -0 launch
    rm "$fakes"/{podman,swift,apt-get,id,pkg-config,flock}
    run -0 --separate-stderr launch x
    [[ $output == "<$checkout><x>" && -z $stderr ]]
}

@test "keyrings of what is built are installed, as the tool says, where one is missing" {
    # The tool that is built here says what it was called with.
    printf 'keyring: /usr/share/keyrings/no-archive-keyring.gpg # x\n' >"$checkout/deploy.yaml"
    run -0 --separate-stderr launch build no
    [[ $stderr == *"deploy: installing keyrings: <$checkout><missing-packages><--><build><no>" ]]
    grep -qFx "apt-get install -q -y --no-install-recommends <$checkout><missing-packages><--><build><no>" "$calls"
    # Where apt has none, or somebody else than root builds, the tool says what is missing.
    fake apt-get 'exit 100'
    run -0 --separate-stderr launch build
    [[ $output == "<$checkout><build>" && $stderr == *"apt-get has no "* ]]
    fake id 'echo 1000'
    run -0 --separate-stderr launch build
    [[ -z $stderr ]]
    fake id 'echo 0'
    # With all there, nobody is asked.
    printf 'keyring: /usr/share/dpkg/../keyrings/../dpkg # a path that is there\n' >"$checkout/deploy.yaml"
    printf 'keyring: %s\n' "/usr/share/keyrings/../keyrings" "[/usr/share/keyrings/., /usr/share/keyrings/..]" >>"$checkout/deploy.yaml"
    run -0 --separate-stderr launch build
    [[ $output == "<$checkout><build>" && -z $stderr ]]
}
