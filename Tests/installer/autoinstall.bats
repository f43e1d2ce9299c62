#!/usr/bin/env bats
# Installing without being asked: where answers are looked for, in which order, and what the machine does afterwards.
bats_require_minimum_version 1.5.0

setup() {
    live=$BATS_TEST_DIRNAME/../../live-build/config/includes.chroot
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p bin etc run volume medium/kldload/answers
    export PATH="$PWD/bin:$PATH" KLDLOAD_CONFIG=$PWD/etc KLDLOAD_RUN=$PWD/run KLDLOAD_CMDLINE=$PWD/words KLDLOAD_CONSOLES=/dev/null
    export KLDLOAD_MEDIUM=$PWD/medium
    export KLDLOAD_INSTALLER=$live/usr/lib/kldload-installer KLDLOAD_INSTALL_TARGET=$PWD/bin/install-target KLDLOAD_PAUSE=0
    echo 'BOOT_IMAGE=/live/vmlinuz boot=live quiet' > words
    stub udevadm 'exit 0'
    stub sleep 'echo sleep >> slept'
    stub blkid 'case $* in
        *LABEL=KLDLOADSEED*) [ -e seed ] || exit 2; cat seed ;;
        *LABEL=kldloadseed*) [ -e small ] || exit 2; cat small ;;
        *TYPE*) echo "${TYPE:-vfat}" ;;
        *) exit 2 ;;
    esac'
    stub mount 'echo "$*" > mounted; cp -a volume/. "${*: -1}/"'
    stub umount 'rm -rf "$1"/*'
    stub systemctl 'echo "$*" >> done'
    stub install-target 'cp "$2" installed; echo "${KLDLOAD_SEED_DEVICE:-}" > device; echo "kldload: INSTALLED"; exit ${STATUS:-0}'
}

stub() {
    printf '#!/bin/bash\n%s\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

autoinstall() {
    run "$live/usr/lib/kldload/autoinstall"
    printf '%s\n' "$output"
}

answers() { printf '%s\n' "KLDLOAD_DISK=/dev/vda" "KLDLOAD_PASSWORD=x" "KLDLOAD_HOSTNAME=$1" "${@:2}"; }

@test "without answers nothing is installed, and the machine stays on" {
    autoinstall
    [ "$status" -eq 0 ]
    [ ! -e installed ] && [ ! -e done ] && [ -z "$(ls run)" ]
}

@test "a seed disk is installed from, is known as no disk to install to, and then the machine powers off" {
    echo /dev/vdb > seed
    answers from-seed > volume/answers.env
    autoinstall
    [ "$status" -eq 0 ]
    [[ $output == *'answers from the seed disk /dev/vdb'*'kldload: INSTALLED'*'kldload: powering off'* ]]
    grep -q from-seed installed
    [ "$(cat device)" = /dev/vdb ]
    [ "$(cat done)" = '--force poweroff' ]
    [ ! -e run/answers.env ]
}

@test "a file of the live system is installed from when there is no seed disk, and then the machine restarts" {
    answers from-file > etc/autoinstall.env
    autoinstall
    grep -q from-file installed
    [ "$(cat done)" = '--force reboot' ]
}

@test "the kernel's word wins over a seed disk, and that over the file" {
    echo /dev/vdb > seed
    answers from-seed > volume/answers.env
    answers from-file > etc/autoinstall.env
    answers from-word > word.env
    autoinstall
    grep -q from-seed installed
    echo "quiet kldload.answers=$PWD/word.env" > words
    autoinstall
    grep -q from-word installed
}

# put_on_medium NAME: answers, as deploy seed --into leaves them there.
put_on_medium() {
    answers "$1" > medium/kldload/answers/answers.conf
    (cd medium/kldload/answers && sha256sum answers.conf > sha256sums)
}

@test "answers on the medium are installed from, and then the machine powers off: it would start from the medium again" {
    put_on_medium from-medium
    answers from-file > etc/autoinstall.env
    autoinstall
    [ "$status" -eq 0 ]
    [[ $output == *'answers from this medium'* ]]
    grep -q from-medium installed
    [ -z "$(cat device)" ]
    [ "$(cat done)" = '--force poweroff' ]
}

@test "a seed disk wins over the medium, and kldload.seed=no is for both" {
    put_on_medium from-medium
    echo /dev/vdb > seed
    answers from-seed > volume/answers.env
    autoinstall
    grep -q from-seed installed
    rm installed
    echo kldload.seed=no > words
    autoinstall
    [ "$status" -eq 0 ]
    [ ! -e installed ]
    answers from-file > etc/autoinstall.env
    autoinstall
    grep -q from-file installed
}

@test "answers on the medium that went bad are not taken" {
    put_on_medium from-medium
    answers other > medium/kldload/answers/answers.conf
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'INSTALL FAILED in step answers: the answers on this medium are not what was put there'* ]]
    [ ! -e installed ]
}

@test "answers are fetched from an address" {
    stub curl 'while [ "$1" != --output ]; do shift; done; echo "KLDLOAD_HOSTNAME=from-$(cut -d\" -f2)" > "$2"'
    echo "kldload.answers=http://example.org/a.env" > words
    autoinstall
    grep -q 'from-http://example.org/a.env' installed
}

# serve FOLDER: over http on this host; its address is in `address`.
serve() {
    python3 -c '
import http.server, os, socketserver, sys
os.chdir(sys.argv[1])
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/moved": self.send_response(302); self.send_header("Location", "ftp://127.0.0.1/a.env"); self.end_headers()
        elif self.path == "/endless":
            self.send_response(200); self.end_headers()
            try:
                while True: self.wfile.write(b"#" * 65536)
            except OSError: pass
        else: super().do_GET()
    def log_message(self, *words): pass
with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
    print(server.server_address[1], file=open("../port.new", "w"), flush=True); os.rename("../port.new", "../port")
    server.serve_forever()' "$1" 3>&- &
    server=$!
    for _ in {1..100}; do if [ -e port ]; then break; fi; command sleep 0.1; done
    address=http://127.0.0.1:$(cat port)
}

teardown() { if [ -n "${server-}" ]; then kill "$server"; fi; }

@test "the real curl fetches answers, and again until they are there; not what is too long or leads elsewhere" {
    mkdir site
    export KLDLOAD_PATIENCE=2
    serve site
    echo "kldload.answers=$address/a.env" > words
    stub sleep 'cp word.env site/a.env' # what comes late
    answers from-word > word.env
    autoinstall
    [ "$status" -eq 0 ]
    grep -q from-word installed
    rm installed site/a.env
    stub sleep 'exec /bin/sleep "$1"'
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *"INSTALL FAILED in step answers: $address/a.env can't be fetched: curl ended with status 22"* ]]
    for path in moved endless; do
        echo "kldload.answers=$address/$path" > words
        autoinstall
        [ "$status" -eq 1 ]
        [[ $output == *"$address/$path can't be fetched: it "* ]]
    done
    [ ! -e installed ]
    [ -z "$(ls run)" ]
}

@test "https stays https, and the one authority that the image has is the only one" {
    stub curl 'printf "%s\n" "$@" > words-of-curl; cat > /dev/null; exit 1'
    echo kldload.answers=https://example.org/a.env > words
    touch etc/answers-ca.pem
    autoinstall
    [ "$status" -eq 1 ]
    [ "$(grep -A1 -e '--proto-redir' words-of-curl | tail -n 1)" = '=https' ]
    [ "$(grep -A1 -e '--proto$' words-of-curl | tail -n 1)" = '=https' ]
    [ "$(grep -A1 -e '--cacert' words-of-curl | tail -n 1)" = "$PWD/etc/answers-ca.pem" ]
    grep -qx -e --capath words-of-curl
    echo kldload.answers=tftp://example.org/a.env > words
    autoinstall
    [[ $output == *'tftp://example.org/a.env can'"'"'t be fetched: http and https are known'* ]]
}

@test "a name, a password or a token in the address is on no console, and among no program's words" {
    stub curl 'printf "%s\n" "$@" > words-of-curl; cat > /dev/null; exit ${CURL:-3}'
    echo 'kldload.answers=http://u:s3cret@example.org/a.env?token=t0ken' > words
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'http://example.org/a.env can'"'"'t'* && $output != *s3cret* && $output != *t0ken* ]]
    run grep -E 's3cret|t0ken' words-of-curl
    [ "$status" -eq 1 ]
    CURL=0 autoinstall
    [[ $output == *'answers from http://example.org/a.env'* && $output != *s3cret* && $output != *t0ken* ]]
}

@test "a digest on the kernel's command line is held against the answers, wherever they come from" {
    echo /dev/vdb > seed
    answers from-seed > volume/answers.env
    echo "kldload.answers-sha256=$(sha256sum < volume/answers.env | cut -d' ' -f1)" > words
    autoinstall
    [ "$status" -eq 0 ]
    rm installed
    answers other > volume/answers.env
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'the seed disk /dev/vdb has another digest than kldload.answers-sha256= says'* ]]
    echo kldload.answers-sha256=abc > words
    autoinstall
    [ "$status" -eq 1 ]
    [ ! -e installed ]
    [ -z "$(ls run)" ]
}

@test "two seed disks are refused, and named; one in small letters is one" {
    answers from-seed > volume/answers.env
    printf '/dev/sdb\n/dev/vdb\n' > seed
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'there are 2 seed disks, /dev/sdb /dev/vdb: take all out'* ]]
    echo /dev/vdb > seed
    echo /dev/vdc > small
    autoinstall
    [[ $output == *'there are 2 seed disks, /dev/vdb /dev/vdc'* ]]
    [ ! -e installed ]
    rm seed
    autoinstall
    [ "$(cat device)" = /dev/vdc ]
    stub blkid 'exit 4'
    autoinstall
    [ "$status" -eq 1 ]
}

@test "a second seed disk that comes a moment later is seen" {
    answers from-seed > volume/answers.env
    echo /dev/vdb > seed
    stub udevadm '[ -e slept ]'
    stub sleep 'echo >> slept; printf "/dev/vdb\n/dev/vdc\n" > seed'
    autoinstall
    [[ $output == *'there are 2 seed disks'* ]]
}

@test "a seed disk is mounted so that nothing on it acts, and gives a regular file" {
    answers from-elsewhere > elsewhere.env
    echo /dev/vdb > seed
    ln -s "$PWD/elsewhere.env" volume/answers.env
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'answers.env on the seed disk /dev/vdb is no regular file'* ]]
    [[ $(cat mounted) == '-t vfat -o ro,nosuid,nodev,noexec /dev/vdb /'* ]]
    rm volume/answers.env
    mkfifo volume/answers.env
    autoinstall
    [[ $output == *'is no regular file'* ]]
    rm volume/answers.env
    head -c 2000000 /dev/zero > volume/answers.env
    autoinstall
    [[ $output == *'has more than 1048576 bytes'* ]]
    [ ! -e installed ]
    [ -z "$(ls run)" ]
    answers from-seed > volume/answers.env
    TYPE=ext4 autoinstall
    [[ $(cat mounted) == '-t ext4 -o ro,nosuid,nodev,noexec,noload '* ]]
    rm installed
    TYPE=ntfs autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'holds "ntfs"; vfat, iso9660 and ext4 are known'* ]]
    [ ! -e installed ]
}

@test "kldload.seed=no does not look; =auto waits a minute, and fails where none comes" {
    echo /dev/vdb > seed
    answers from-seed > volume/answers.env
    echo kldload.seed=no > words
    autoinstall
    [ ! -e installed ]
    rm seed
    echo kldload.seed=auto > words
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *'INSTALL FAILED in step answers: no volume KLDLOADSEED'* ]]
    [ "$(wc -l < slept)" -eq 120 ]
    [ ! -e done ]
}

@test "answers that can't be had are a failure, and the machine stays on" {
    echo "kldload.answers=$PWD/gone.env" > words
    autoinstall
    [ "$status" -eq 1 ]
    [[ $output == *"INSTALL FAILED in step answers: $PWD/gone.env can't be read"* ]]
    echo /dev/vdb > seed
    echo > words
    autoinstall
    [[ $output == *'there is no answers.env on the seed disk /dev/vdb'* ]]
    [ ! -e installed ] && [ ! -e done ]
}

@test "after a failed installation the machine stays on" {
    echo /dev/vdb > seed
    answers from-seed > volume/answers.env
    STATUS=1 autoinstall
    [ "$status" -eq 1 ]
    [ ! -e done ]
    [ -z "$(ls run)" ] # and no secret stays
}

@test "KLDLOAD_AFTER has the last word" {
    echo /dev/vdb > seed
    answers from-seed KLDLOAD_AFTER=reboot > volume/answers.env
    autoinstall
    [ "$(cat done)" = '--force reboot' ]
    rm done
    answers from-seed KLDLOAD_AFTER=nothing > volume/answers.env
    autoinstall
    [ "$status" -eq 0 ]
    [ ! -e done ]
}
