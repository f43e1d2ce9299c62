#!/usr/bin/env bats
# The web UI's two processes, on machines that are made in folders (machine.py). Each of these runs the tests of a class by the distribution's
# own Python and python3-websockets.

# Pictures of the page are for people: WEBUI_PICTURES=FOLDER.
python_tests() {
    cd "$BATS_TEST_DIRNAME" || return
    /usr/bin/python3 -B -W ignore -m unittest -v "$1"
}

@test "the table has every action of the documentation, each with its right, its checks and what it runs" { python_tests test_requests.Table; }
@test "arguments are names, and none becomes more than a word of a command" { python_tests test_requests.Arguments; }
@test "who may only look changes nothing; what changes is written down; secrets never come back" { python_tests test_requests.Rights; }
@test "bombs in JSON and what is no JSON are refused in time" { python_tests test_requests.Json; }
@test "made up requests are all answered, and start nothing that was not checked" { python_tests test_requests.Fuzz; }
@test "the state is kept, exported, and taken whole or not at all" { python_tests test_requests.StateOfThePage; }
@test "pools and installations are read from what zpool and the log say" { python_tests test_requests.Parsed; }
@test "codes let in once, sessions run out, guessing gets slower" { python_tests test_doors.Codes; }
@test "people need their password, by PAM, and to be administrators" { python_tests test_doors.People; }
@test "cookies, tokens, logging out, and who the helper answers" { python_tests test_doors.AtTheDoor; }
@test "an installed system is on the network only where that was said" { python_tests test_doors.Installed; }
@test "attacks are refused, and everybody else is served" { python_tests test_attacks.Attacks; }
@test "8080 on the network only leads to TLS" { python_tests test_attacks.Redirect; }
@test "what there is to install, disks, checks, facts of the machine" { python_tests test_live.Asked; }
@test "an installation is started, watched, ends well or fails with its reason" { python_tests test_live.Installs; }
@test "fifty see the same installation, whoever started it, and it outlives both processes" { python_tests test_live.Watched; }
@test "the client of the README installs twenty machines at once" { python_tests test_live.Programs; }
@test "both processes are small and idle" { python_tests test_live.Cost; }
@test "an installed machine: pools, snapshots, boot environments, updates, logs" { python_tests test_installed.Installed; }

@test "each text of the page is shown somewhere, and is there in both languages" { python_tests test_page.Texts; }
@test "the page: an installation by mouse, by keyboard, with reloads; every error; loading answers; both themes, a phone to 4K" { python_tests test_page.Installer; }
@test "the page chooses what there is one of" { python_tests test_page.OneProfile; }
@test "the page of an installed machine: every screen, and what is done there" { python_tests test_page.Installed; }
@test "the page is painted at once, and small" { python_tests test_page.Quick; }
@test "the page of an installed machine is painted at once" { python_tests test_page.QuickInstalled; }

@test "Python 3.9, which RHEL 9 has, can read the file" {
    /usr/bin/python3 -B -c 'import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read(), feature_version=(3, 9))' \
        "$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/local/bin/kldload-webui"
}

@test "the man page has every word of the help, and mandoc has nothing against it" {
    local live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/local help words word
    help=$("$live/bin/kldload-webui" --help)
    mandoc -T lint -W warning "$live/share/man/man8/kldload-webui.8"
    mandoc -T ascii "$live/share/man/man8/kldload-webui.8" | col -b > "$BATS_TEST_TMPDIR/man"
    words=$(grep -oE '^  kldload-webui [a-z]+|\| [a-z]+|--[a-z-]+' <<< "$help" | sed 's/.* //' | sort -u)
    [ "$(wc -l <<< "$words")" -ge 10 ]
    for word in $words; do
        grep -qw -- "$word" "$BATS_TEST_TMPDIR/man" || { echo "not in the man page: $word" && false; }
    done
}
