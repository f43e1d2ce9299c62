#!/usr/bin/env bats
# What `deploy delta` owes its user: a medium of updates, and when there is none. The archive is made here (make-archive) and served on
# the loopback, and no container runs; but for the last test, which has real packages of the real archive, and podman.
#
#   DEPLOY_BINARY=.build/debug/deploy bats Tests/end-to-end/delta.bats
# shellcheck disable=SC2154 # bats sets output and stderr, made-site the rest

load made-site.bash
load ../lib/checkout

setup_file() {
    serve_made_site
    export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@example.org GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.org
}

setup() {
    enter_made_checkout
    sed -i 's/debian: \[core\]/debian: [core, server]/' deploy.yaml
}

# old.lock and, a month later, new.lock and deploy.lock: curl and nginx move, mailer goes with what it needs, zsh comes.
two_locks() {
    deploy update 2>/dev/null
    cp deploy.lock old.lock
    rm -r "${site:?}/$archive"
    cp -a "$site/made/second" "$site/$archive"
    printf 'nginx\nzsh\n' >package-sets/debian/server.txt
    deploy update 2>/dev/null
    cp deploy.lock new.lock
}

field() { # FILE EXPRESSION: what python makes of the JSON in it
    python3 -c 'import json, sys; it = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"
}

@test "the medium has what machines lack, and says what becomes of them" {
    two_locks
    run -0 --separate-stderr deploy delta old.lock new.lock -o stick --draft
    [[ $output == 'stick   '*'its list of digests has sha256 '"$(sha256sum <stick/kldload/sha256sums | cut -c -64)" ]]
    [[ $stderr == *'from old.lock to new.lock'* && $stderr == *'debian core: 2 upgraded (9 packages then)'* ]]
    [[ $stderr == *'debian server: 4 upgraded, 2 new, 2 removed (14 packages then)'* ]]
    [[ $stderr == *'6 packages, '*' that these profiles have'* && $stderr == *'proven: nothing is missing (solver)'* ]]
    [[ $stderr == *'not proven: that the real apt updates machines with it: this is a draft'* ]]
    run find stick -name '*.deb' -printf '%f\n'
    [[ ${#lines[@]} == 6 ]]
    (cd stick && sha256sum --quiet --check kldload/sha256sums)
    # Nothing lies there that the list does not name.
    diff <(cd stick && find . -type f -printf '%P\n' | sort) \
        <({ cut -c 67- stick/kldload/sha256sums && printf 'kldload/sha256sums%s\n' '' .asc; } | sort)
    deploy key --export 2>/dev/null | gpg --dearmor >key.gpg
    gpgv --keyring ./key.gpg stick/kldload/sha256sums.asc stick/kldload/sha256sums
    [[ $(field stick/kldload/delta.json 'it["format"], it["kind"], it["proven"]') == "(1, 'kldload-delta', ['solver'])" ]]
    [[ $(field stick/kldload/delta.json 'it["from"]["lock"]') == $(sha256sum <old.lock | cut -c -64) ]]
    [[ $(field stick/kldload/delta.json '[p["name"] for p in it["distributions"][0]["profiles"][1]["remove"]]') == "['exim4', 'mailer']" ]]
    # A file of this machine is in none of it, and the same again is the same.
    cp -r stick before
    run -0 deploy delta ./old.lock deploy.lock -o stick --draft
    diff -r before stick
    run ! grep -rqF "$PWD" stick
}

@test "sides are what diff takes: revisions, locks and images" {
    two_locks
    git init -q . && cp old.lock deploy.lock && git add deploy.yaml package-sets deploy.lock && git commit -q -m x
    cp new.lock deploy.lock
    mkdir -p tree/kldload && cp new.lock tree/kldload/deploy.lock
    xorriso -outdev new.iso -map tree / -commit >/dev/null 2>&1
    run -0 --separate-stderr deploy delta old.lock new.iso -o stick --draft
    [[ $stderr == *'; the whole image new.iso has '* ]]
    # The commit's sets are those of the new lock, so its lock is made to fit them.
    run -0 --separate-stderr deploy delta HEAD deploy.lock -o other --draft
    [[ $stderr == *'from HEAD ('* ]]
}

@test "packages that the archive has deleted come from the image that has them" {
    two_locks
    deploy build debian/mirror 2>/dev/null
    mkdir -p tree/kldload tree/darksite/debian/apt
    cp new.lock tree/kldload/deploy.lock
    find "$site/$archive/pool" -name '*.deb' -exec cp {} tree/darksite/debian/apt/ \;
    xorriso -outdev new.iso -map tree / -commit >/dev/null 2>&1
    deploy delta old.lock new.lock -o first --draft 2>/dev/null
    find "$site/$archive/pool" -name '*.deb' -delete
    for deb in first/darksite/debian/apt/pool/*/*/*/*.deb; do
        digest=$(sha256sum <"$deb" | cut -c -64)
        rm -f "live-build/cache/blobs/${digest:0:2}/$digest"
    done
    run -0 --separate-stderr deploy delta old.lock new.iso -o second --draft
    diff -r first second
    for deb in first/darksite/debian/apt/pool/*/*/*/*.deb; do
        digest=$(sha256sum <"$deb" | cut -c -64)
        rm -f "live-build/cache/blobs/${digest:0:2}/$digest"
    done
    run -1 --separate-stderr deploy delta old.lock new.lock -o third --draft
    [[ ! -e third ]]
}

@test "there is no medium where there is no way" {
    two_locks
    run -1 --separate-stderr deploy delta new.lock deploy.lock -o stick --draft
    [[ $stderr == *'nothing moved from new.lock to deploy.lock'* ]]
    run -1 --separate-stderr deploy delta new.lock old.lock -o stick --draft
    [[ $stderr == *'debian: 4 packages would go back to an older version'*'curl 8.2-1 → 8.1-1'*'name the earlier one first'* ]]
    run -2 --separate-stderr deploy delta gone.lock new.lock -o stick --draft
    [[ $stderr == *'there is no file gone.lock'* ]]
    run -2 --separate-stderr deploy delta old.lock
    run -2 --separate-stderr deploy delta old.lock new.lock -o package-sets --draft
    [[ $stderr == *'package-sets is there, and is no medium of updates: it is left as it is'* ]]
    echo precious >stick.img
    run -2 --separate-stderr deploy delta old.lock new.lock -o stick.img --draft
    [[ $(<stick.img) == precious ]]
    run -2 --separate-stderr deploy delta old.lock new.lock -o /dev/null --draft
    [[ $stderr == *'/dev/null is a device'* ]]
    echo x >key
    run -2 --separate-stderr deploy delta old.lock new.lock --next-key key -o stick --draft
    [[ $stderr == *"key can't be taken as a public key"* ]]
    run -2 --separate-stderr deploy delta old.lock new.lock --next-key gone -o stick --draft
    [[ ! -e stick ]]
}

@test "the next key comes with a signature of the present one" {
    two_locks
    DEPLOY_KEY=$BATS_TEST_TMPDIR/next deploy key --export >next.asc 2>/dev/null
    run -0 --separate-stderr deploy delta old.lock new.lock --next-key next.asc -o stick --draft
    [[ $stderr == *'; the next one is '* ]]
    deploy key --export 2>/dev/null | gpg --dearmor >key.gpg
    gpgv --keyring ./key.gpg stick/kldload/next-key.gpg.asc stick/kldload/next-key.gpg
    cmp stick/kldload/next-key.gpg <(gpg --dearmor <next.asc)
}

@test "a machine of the earlier lock takes it, and nothing else would" {
    two_locks
    DEPLOY_KEY=$BATS_TEST_TMPDIR/next deploy key --export >next.asc 2>/dev/null
    deploy delta old.lock new.lock --next-key next.asc -o stick --draft 2>/dev/null
    export KLDLOAD_RUN=$PWD/run KLDLOAD_ETC=$PWD/etc UPDATE_SOURCE_KEYS=$PWD/keys UPDATE_SOURCE_OS_RELEASE=$PWD/os-release
    export KLDLOAD_LIB=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools/usr/lib/kldload
    mkdir -p etc keys target/var/lib/dpkg
    deploy key --export 2>/dev/null | gpg --dearmor >keys/medium.gpg
    printf '%s\n' KLDLOAD_DISTRO=debian KLDLOAD_PROFILE=server >etc/install-manifest.env
    echo VERSION_CODENAME=trixie >os-release
    # What dpkg has of the packages of the earlier lock; of those that moved, the first archive's.
    awk -v RS= 'FNR == NR { n = split($0, l, "\n"); for (i = 1; i <= n; i++) { split(l[i], w, " "); have[w[1] " " w[2]] = 1 } next }
        { name = version = ""; n = split($0, l, "\n")
          for (i = 1; i <= n; i++) { if (l[i] ~ /^Package: /) name = substr(l[i], 10); if (l[i] ~ /^Version: /) version = substr(l[i], 10) }
          if ((name " " version) in have) print $0 "\nStatus: install ok installed\n" }' \
        stick/darksite/debian/from/server "$site/made/first/dists/trixie/main/binary-amd64/Packages" |
        grep -vE "^(Filename|Size|MD5sum|SHA1|SHA256|SHA512): " >target/var/lib/dpkg/status
    [[ $(grep -c ^Package: target/var/lib/dpkg/status) == 14 ]]
    update() {
        bash -c 'set -euo pipefail; shopt -s inherit_errexit nullglob
            source "$KLDLOAD_LIB/common.sh"; source "$KLDLOAD_LIB/update-source.sh"
            update_source_open "$1"; update_source_check "$PWD/target"
            printf "%s\n" "${update_source_arriving[*]}" "${update_source_leaving[*]}" "${update_source_differences[@]}"
            update_source_take_key "$PWD/target"; printf "%s\n" "$update_source_next_key"; update_source_close' update "$@"
    }
    run -0 --separate-stderr update stick
    [[ ${lines[0]} == 'curl=8.2-1 libcurl=8.2-1 nginx=1.28-1 nginx-common=1.28-1 zsh=6.0-1 zsh-common=6.0-1' ]]
    [[ ${lines[1]} == 'exim4 mailer' && ${lines[2]} =~ ^[0-9A-F]{40}$ && ${#lines[@]} == 3 ]]
    cmp "target$PWD/keys/medium.gpg" <(gpg --dearmor <next.asc)
    # Signed by a build host that the machine does not know.
    DEPLOY_KEY=$BATS_TEST_TMPDIR/next deploy delta old.lock new.lock -o foreign --draft 2>/dev/null
    run -1 --separate-stderr update foreign
    [[ $stderr == *'which this machine does not trust'* ]]
}

# bats test_tags=slow,podman,network
@test "real packages: the real apt proves it, and the image is a file system with just that on it" {
    type -P podman >/dev/null || skip 'podman is not installed'
    unset DEPLOY_MIRROR_MADE
    small_checkout "$BATS_TEST_TMPDIR/real"
    cd "$BATS_TEST_TMPDIR/real"
    printf '%s\n' apt xorriso >package-sets/debian/builder.txt
    printf '%s\n' bash nano >package-sets/debian/core.txt
    deploy update
    cp deploy.lock old.lock
    printf '%s\n' bash jq >package-sets/debian/core.txt
    deploy update
    run -0 --separate-stderr deploy delta old.lock deploy.lock -o stick.img
    [[ $stderr == *'apt updates core (3 packages come, 0 go) from the medium alone'* ]]
    [[ $stderr == *'proven: nothing is missing (solver, apt)'* ]]
    [[ $output == "stick.img   "*"sha256 $(sha256sum <stick.img | cut -c -64)" ]]
    xorriso -osirrox on -indev stick.img -extract / there >/dev/null 2>&1
    (cd there && sha256sum --quiet --check kldload/sha256sums)
    [[ $(find there -name '*.deb' | wc -l) == 3 ]]
    # Over the medium of last time.
    run -0 --separate-stderr deploy delta old.lock deploy.lock -o stick.img
}

# What a machine does that has kupgrade: /medium is where the stick is.
update_for_real() {
    cat <<'END_OF_SCRIPT'
set -euo pipefail
shopt -s inherit_errexit nullglob
export DEBIAN_FRONTEND=noninteractive
. /usr/lib/kldload/common.sh
tool=kupgrade
. /usr/lib/kldload/update-source.sh
# Locks are empty; and debconf has a program of apt's look into packages, which caches this machine's own sources.
left() { find /etc/apt /var/lib/apt /var/cache/apt -type f -size +0 ! -name '*pkgcache.bin' | sort; }
left >/before
update_source_open /medium
update_source_check
[[ $update_source_state == ready && ${#update_source_differences[@]} == 0 ]]
apt-get "${update_source_apt_options[@]}" --yes --allow-change-held-packages install "${update_source_arriving[@]}" \
    "${update_source_leaving[@]/%/-}"
update_source_check
[[ $update_source_state == current ]]
update_source_close
left | diff /before -
dpkg-query --show --showformat='${db:Status-Status} ${Package} ${Version} ${Architecture}\n' | sed -n 's/^installed //p' | sort |
    diff /medium/darksite/debian/profiles/core - && echo 'as a fresh installation'
END_OF_SCRIPT
}

# bats test_tags=slow,podman,network
@test "real packages: a root that was really installed becomes what a fresh installation is" {
    type -P podman >/dev/null || skip 'podman is not installed'
    unset DEPLOY_MIRROR_MADE
    small_checkout "$BATS_TEST_TMPDIR/real"
    cd "$BATS_TEST_TMPDIR/real"
    printf '%s\n' bash gpgv nano >package-sets/debian/core.txt
    deploy update
    cp deploy.lock old.lock
    deploy build debian/install-core
    # The root that the gate has installed, out of the store.
    key=$(<live-build/cache/records/last/debian-install-core)
    digest=$(awk '/^output system.tar / { print $4 }' "live-build/cache/records/by-key/${key:0:2}/$key")
    mkdir root
    tar -xf "live-build/cache/blobs/${digest:0:2}/$digest" -C root
    printf '%s\n' bash gpgv jq >package-sets/debian/core.txt
    deploy update
    deploy delta old.lock deploy.lock -o stick
    mkdir -p root/usr/lib/kldload/keys root/etc/kldload root/medium
    cp "$BATS_TEST_DIRNAME"/../../live-build/config/includes.chroot/usr/lib/kldload-installer/target-tools/usr/lib/kldload/{common,update-source,update-check}.sh \
        root/usr/lib/kldload/
    deploy key --export 2>/dev/null | gpg --dearmor >root/usr/lib/kldload/keys/medium.gpg
    printf '%s\n' KLDLOAD_DISTRO=debian KLDLOAD_PROFILE=core >root/etc/kldload/install-manifest.env
    update_for_real >root/update
    # As deploy starts containers: podman's own limits may be above those of the host, and podman itself lowers that of processes.
    files=$(ulimit -Hn) processes=$(ulimit -Hu)
    if [[ $processes == unlimited ]] || ((processes > 32768)); then processes=32768; fi
    run podman run --rm --privileged --network none --ulimit "nofile=${files/unlimited/1048576}" --ulimit "nproc=$processes" \
        --volume "$PWD/stick:/medium:ro" --rootfs "$PWD/root" bash /update
    echo "$output"
    [[ $status == 0 && ${lines[-1]} == 'as a fresh installation' ]]
}
