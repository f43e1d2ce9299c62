#!/usr/bin/env bats
# The simulated fleet (Tests/bench/fleet): it comes to what can be known without it, and says what it does not know.
#
#   bats Tests/bench/fleet.bats
# shellcheck disable=SC2030,SC2031,SC2154 # bats sets output and stderr

bats_require_minimum_version 1.5.0

fleet() { "$BATS_TEST_DIRNAME/fleet" "$@"; }

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    # Of one distribution with four profiles: a mirror of 10 s, from which each is installed in 60; 5 s for the image, which alone is sent
    # away. desktop and kvm are on no record.
    local profile steps='{"step": "debian/mirror", "needs": [], "here": "it runs inside deploy"}' needs=''
    for profile in core server desktop kvm; do
        steps+=', {"step": "debian/install-'$profile'", "needs": ["builder/bootstrap", "debian/mirror"], "here": "it gives files away"}'
        needs+="${needs:+, }\"debian/install-$profile\""
    done
    printf '{"steps": [{"step": "builder/essential", "needs": []}, {"step": "builder/bootstrap", "needs": ["builder/essential"]},
        %s, {"step": "iso/image", "needs": [%s]}]}' "$steps" "$needs" > graph.json
    record builder/essential 0 && record builder/bootstrap 0 && record debian/mirror 10000 && record iso/image 5000
    record debian/install-core 60000 && record debian/install-server 60000
}

record() { # STEP MILLISECONDS: a run of it
    local folder=store/records/by-key/${#1}
    mkdir -p "$folder" && printf 'record 2\nstep %s\nmilliseconds %s\n' "$1" "$2" > "$folder/${1//\//-}-$2"
}

@test "one machine takes the sum, machines without end the longest chain" { fleet --check; }

@test "twenty installations on 1 to 16 machines come to what one can count" {
    fleet graph.json store > table 2> remarks
    # Five mirrors, twenty installations, an image: 1255 s; the longest chain is 75.
    [[ $(cut -f1,2,4,5 table | tail -n +2) == "$(printf '%s\t%s\t75\t%s %%\n' 1 1255 6 2 635 12 4 325 23 8 195 38 16 135 56)" ]] || { cat table && false; }
    # All but the image stays at home, two at a time: more workers change nothing.
    [[ $(cut -f3 table | tail -n +2 | sort -u) == 635 ]] || { cat table && false; }
    grep -q '^This is a simulation: 36 steps, 20 of them installations.$' remarks || { cat remarks && false; }
}

@test "the shortest run on record counts, and what stands in for what is said" {
    record debian/install-server 90000
    record debian/install-core 30000
    fleet graph.json store > table 2> remarks
    grep -q '^All of them one after the other: 1105 s\.' remarks
    grep -q '^- debian/install-kvm is on no record: it takes the 60.0 s of debian/install-server$' remarks
    grep -q '^- ubuntu, centos, rocky, fedora: the graph and the times of debian$' remarks
}

@test "without a record of an image there is nothing to simulate" {
    rm -r store/records
    run -1 --separate-stderr fleet graph.json store
    [[ -z $output && $stderr == 'fleet: builder/essential is on no record: build the image first' ]]
}
