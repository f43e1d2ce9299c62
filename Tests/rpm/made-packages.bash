# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the tests that load this
# For tests of the gates' scripts: packages of the made repositories, as the steps before them lay them out.

# make_repositories: in $made, and a configuration with which dnf reads them.
make_repositories() {
    local program path
    for program in dnf rpmbuild rpmsign createrepo_c; do
        type -P "$program" > /dev/null || skip "$program is not installed"
    done
    export LC_ALL=C.UTF-8 TZ=UTC made=$BATS_FILE_TMPDIR/made
    "$BATS_TEST_DIRNAME/make-rpm-repositories" "$made"
    cat > "$BATS_FILE_TMPDIR/dnf.conf" <<EOF
[main]
reposdir=/nonexistent
plugins=0
install_weak_deps=0
module_platform_id=platform:el9
gpgcheck=0
cachedir=$BATS_FILE_TMPDIR/cache
logdir=$BATS_FILE_TMPDIR
EOF
    for path in 9-stream/BaseOS/x86_64/os 9-stream/AppStream/x86_64/os zfs/epel/9/kmod/x86_64 epel/9/Everything/x86_64 hotfix/x86_64; do
        printf '[%s]\nname=x\nbaseurl=file://%s\n' "${path//\//-}" "$made/site/$path" >> "$BATS_FILE_TMPDIR/dnf.conf"
    done
}

closure() { # closure NAME WORD…: the packages that dnf installs for these, in a folder of that name
    local folder=$BATS_FILE_TMPDIR/closures/$1
    shift
    mkdir -p "$folder"
    dnf --config "$BATS_FILE_TMPDIR/dnf.conf" --installroot "$BATS_FILE_TMPDIR/nothing" --releasever 9 --forcearch x86_64 --assumeyes \
        install --downloadonly --destdir "$folder" "$@" > "$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" && return 1; }
}

# prepare: what a script reads and writes, of one test.
prepare() {
    scripts=$BATS_TEST_DIRNAME/../../Sources/Darksites/Scripts
    in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
    site=$made/site broken=$made/site/broken/x86_64/Packages
    mkdir -p "$in" "$out"
}

names() { # names FILE…: name, epoch:version-release, architecture a line
    rpm --dbpath "$BATS_TEST_TMPDIR/db" -qp --nosignature --nodigest --qf '%{NAME} %|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE} %{ARCH}\n' "$@"
}

slice() { # slice CLOSURE [FILE…]
    mkdir -p "$in/repository"
    cp "$BATS_FILE_TMPDIR/closures/$1"/*.rpm "${@:2}" "$in/repository/"
    names "$in/repository"/*.rpm | sort > "$in/profile"
    echo 'zfs any' > "$in/rules"
    createrepo_c --quiet --no-database "$in/repository"
}
install() { # install [--system]
    SOURCE_DATE_EPOCH=1736761560 GATE_IN=$in GATE_OUT=$out \
        run bash <(cat "$scripts"/{dnf-main,pack-root,install-profile-dnf}.sh) el9 x86_64 9 "$@"
}
