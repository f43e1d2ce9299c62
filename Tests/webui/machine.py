"""A machine in a folder, for tests of the page: what it has is files, what its commands do is scripts; kldload-webui is the real one.

  python3 -B machine.py FOLDER [--installed] [--network]    makes one, starts both processes, and says how to get in, until Ctrl-C

The installer's own --check and --describe, ksnap, kbe and kst are the real ones, too: the former judge a made medium and made disks, the
latter work on the pool of folders of Tests/installed/fake-zfs.py.
"""
import http.client
import asyncio
import contextlib
import importlib.machinery
import importlib.util
import json
import logging
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

from ports import free_port

logging.getLogger("asyncio").setLevel(logging.ERROR)  # how long a test takes is nobody's warning
HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 120  # seconds for what comes at once on a machine that has nothing else to do
LIVE = HERE.parent.parent / "live-build/config/includes.chroot"
WEBUI = LIVE / "usr/local/bin/kldload-webui"
PYTHON = os.environ.get("WEBUI_PYTHON", "/usr/bin/python3")  # the one that has python3-websockets


def webui_module():
    """kldload-webui as a module, for what is tested without a process."""
    loader = importlib.machinery.SourceFileLoader("kldload_webui", str(WEBUI))
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("kldload_webui", loader))
    loader.exec_module(module)
    return module


LSBLK = r"""case "$*" in
    *--pairs*) printf 'PATH="%s" SIZE="%s" TYPE="disk" TRAN="%s" RO="0" MODEL="%s"\n' /dev/nvme0n1 931.5G nvme "Samsung SSD 980" \
        /dev/vda 20G "" "" /dev/vdb 20G "" "" /dev/sda 1.8T sata "ST2000DM008" /dev/sdb 14.9G usb "Stick" /dev/sdc 2G usb "Tiny" ;;
    *--json*LABEL*) echo '{"blockdevices":[
        {"path":"/dev/vda1","label":null,"fstype":"vfat","size":"1G","model":null,"hotplug":false},
        {"path":"/dev/vda2","label":"rpool","fstype":"zfs_member","size":"19G","model":null,"hotplug":false},
        {"path":"/dev/sdb","label":"KLDLOAD_DELTA","fstype":"iso9660","size":"14.9G","model":"Stick","hotplug":true},
        {"path":"/dev/sdc1","label":null,"fstype":"exfat","size":"2G","model":null,"hotplug":true},
        {"path":"/dev/sr0","label":"KLDLOAD","fstype":"iso9660","size":"900M","model":"DVD","hotplug":false}]}' ;;
    *--json*MOUNTPOINT*) echo '{"blockdevices":[
        {"path":"/dev/nvme0n1","size":1000204886016,"model":"Samsung SSD 980","serial":"S64ENX0","type":"disk","tran":"nvme","rota":false,"rm":false,"mountpoint":null},
        {"path":"/dev/vda","size":21474836480,"model":null,"serial":null,"type":"disk","tran":null,"rota":true,"rm":false,"mountpoint":null},
        {"path":"/dev/vdb","size":21474836480,"model":null,"serial":null,"type":"disk","tran":null,"rota":true,"rm":false,"mountpoint":null},
        {"path":"/dev/sda","size":2000398934016,"model":"ST2000DM008","serial":"WFL1","type":"disk","tran":"sata","rota":true,"rm":false,"mountpoint":null},
        {"path":"/dev/sdb","size":15997468672,"model":"Stick","serial":"0001","type":"disk","tran":"usb","rota":false,"rm":true,"mountpoint":null},
        {"path":"/dev/sdc","size":2147483648,"model":"Tiny","serial":"0002","type":"disk","tran":"usb","rota":false,"rm":true,"mountpoint":null},
        {"path":"/dev/loop0","size":1,"model":null,"serial":null,"type":"loop","tran":null,"rota":false,"rm":false,"mountpoint":null}]}' ;;
    *--json*) echo '{"blockdevices":[{"rota":false,"rm":false,"serial":"S1"}]}' ;;
    *--inverse*) printf '/dev/sdb1\n/dev/sdb\n' ;;
    *'NAME /dev/sda') printf '/dev/sda\n/dev/sda1\n' ;;
    *'NAME '*) printf '%s\n' "${!#}" ;;
    *TYPE*) echo disk ;;
    *'RO '*) echo 0 ;;
esac"""

# What an installation says into its log, at the pace of TICK seconds a line (of the file `tick`, where there is one); it fails in the step of the
# file `fail-in`.
INSTALL = r"""exec 8> "$KLDLOAD_ROOT/run/kldload-install.lock"
flock --nonblock 8 || { echo 'kldload: another installation is running' >&2; exit 1; }
log=$KLDLOAD_ROOT/var/log/installer/kldload-installer.log
mkdir -p "${log%/*}"
if [ -e "$log" ]; then mv "$log" "$log.before"; fi
cp "$2" "$KLDLOAD_ROOT/installed-with"
: > "$log"
say() { printf '[%4d s] %s\n' "$at" "$*" >> "$log"; }
pace() { sleep "$(cat "$KLDLOAD_ROOT/tick" 2> /dev/null || echo "${TICK:-0.05}")"; }
at=0 number=0
for entry in 'disks:look at the disks' 'partitions:an EFI system partition and one for ZFS on each disk' 'pool:the pool rpool' 'datasets:file systems' \
    'bootstrap:packages of the profile' 'system:name, language, users, network' 'services:services of the profile' 'boot:initramfs and boot loader' \
    'postinstall:postinstallers of this medium' 'finish:manifest, snapshot, export'; do
    name=${entry%%:*} number=$((number + 1))
    say "step $number/10 $name: ${entry#*:}"
    echo "what programs write in $name" >> "$log"
    pace
    if [ "$(cat "$KLDLOAD_ROOT/fail-in" 2> /dev/null)" = "$name" ]; then
        say "INSTALL FAILED in step $name: \"sgdisk\" ended with status 4 (log: $log)"
        exit 1
    fi
    if [ "$name" = bootstrap ]; then
        for percent in 20 40 60 80; do at=$((at + 5)); say "$percent %, $(((100 - percent) / 4)) s left"; pace; done
    fi
    at=$((at + 2))
    say "step $number/10 $name: done in 2 s"
done
say "INSTALLED debian server on /dev/vda in $at s"
"""


class Machine:
    def __init__(self, folder, live=True, network=False, medium=("debian:13:core server",), tick="0.05"):
        self.root = pathlib.Path(folder).resolve()
        self.live, self.network = live, network
        self.port, self.tls_port = free_port(), free_port()
        self.processes = []
        self.env = {
            "PATH": f"{self.root}/bin:{LIVE}/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "KLDLOAD_ROOT": str(self.root), "KLDLOAD_WEBUI_USER": "root",
            "KLDLOAD_CONSOLES": f"{self.root}/console", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/root",
            "KLDLOAD_INSTALLER": str(LIVE / "usr/lib/kldload-installer"), "KLDLOAD_TICK": tick,
        }
        if network and not live:
            self.env["KLDLOAD_WEBUI"] = "lan"
        self.make(medium)

    # making it

    def write(self, path, text=""):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def show(self, edition):
        """Lays the page of an edition where the build does."""
        pages = self.root / "usr/local/share/kldload-webui"
        shutil.copytree(pages / edition, pages / "active", dirs_exist_ok=True)

    def program(self, name, script):
        target = self.write(f"bin/{name}", f"#!/bin/bash\n{script}\n")
        target.chmod(0o755)

    def make(self, medium):
        self.write("etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n')
        self.write("etc/kldload/edition", "free\n")
        self.write("etc/kldload/build", "free-debian-server-4f2c1d9\n")
        self.write("etc/shadow", "root:*:1::::::\nada:$y$j9T$x:1::::::\n")
        self.write("proc/cmdline", "boot=live quiet\n" if self.live else "root=ZFS=rpool/ROOT/default\n")
        self.write("proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\nMemAvailable:    6000000 kB\n")
        self.write("proc/uptime", "4242.42 1.0\n")
        self.write("console")
        (self.root / "sys/firmware/efi").mkdir(parents=True)
        (self.root / "net/eth0").mkdir(parents=True)
        (self.root / "run").mkdir(exist_ok=True)
        shutil.copytree(LIVE / "usr/local/share/kldload-webui", self.root / "usr/local/share/kldload-webui")
        self.show("free")
        self.program("systemd-run", 'while [[ $1 != -- ]]; do shift; done; shift; exec "$@"')
        self.program("systemctl", rf"""echo "$*" >> "{self.root}/systemctl-said"
case "$*" in
    'start --no-block kldload-install.service') setsid kldload-install-target --config "{self.root}/run/kldload/webui/answers.env" > /dev/null 2>&1 < /dev/null & ;;
    *--failed*) cat "{self.root}/failed-units" 2> /dev/null || : ;;
esac""")
        self.program("ip", r"""echo '[{"ifname":"lo","operstate":"UNKNOWN","addr_info":[{"local":"127.0.0.1","prefixlen":8,"scope":"host"}]},
{"ifname":"eth0","operstate":"UP","address":"52:54:00:12:34:56","addr_info":[{"local":"192.0.2.7","prefixlen":24,"scope":"global"}]}]'""")
        self.program("lsblk", LSBLK)
        self.program("blockdev", r"""case ${!#} in */sdc) echo 2147483648 ;; */nvme0n1) echo 1000204886016 ;; */sda) echo 2000398934016 ;; *) echo 21474836480 ;; esac""")
        self.program("findmnt", "echo 'overlay /'; echo '/dev/sdb1 /run/live/medium'")
        self.program("wipefs", "case ${!#} in /dev/sda1) echo 'ext4 photos' ;; esac")
        self.program("journalctl", r"""most=7 names=(emerg alert crit err warning notice info debug)
for word; do for level in "${!names[@]}"; do if [[ $word == "--priority=${names[level]}" ]]; then most=$level; fi; done; done
say() { if (($1 <= most)); then echo "2026-11-30T01:00:$2"; fi; }
say 6 '00+00:00 web-01 systemd[1]: Started ssh.service'
say 4 '01+00:00 web-01 smartd[9]: Device: /dev/sda, 3 sectors wait to be looked at'
say 3 '02+00:00 web-01 kernel: I/O error, dev sda'
if [[ " $* " == *' --follow '* ]]; then sleep 0.2; say 6 '05+00:00 web-01 sshd[7]: later'; say 3 '06+00:00 web-01 kernel: again'; sleep 600; fi""")
        self.program("ss", "echo 'LISTEN 0 128 0.0.0.0:22 0.0.0.0:*'")
        self.program("nft", "echo 'table inet kldload { chain input { type filter hook input priority filter; policy drop; } }'")
        self.program("sshd", "echo 'permitrootlogin prohibit-password'")
        self.program("sleep", 'exec /bin/sleep "$@"')
        if self.live:
            self.make_live(medium)
        else:
            self.make_installed()

    def make_live(self, medium):
        self.write("etc/kldload/live")
        for entry in medium:
            name, release, profiles = entry.split(":")
            self.write(f"darksite/{name}/distribution", f"FAMILY=apt\nRELEASE={release}\nPROFILES={profiles}\n")
            for profile in profiles.split():
                self.write(f"darksite/{name}/profiles/{profile}", "package\n" * 301)
        self.env["KLDLOAD_NET"] = f"{self.root}/net"
        self.env["KLDLOAD_EFI"] = f"{self.root}/sys/firmware/efi"
        self.env["KLDLOAD_MEMINFO"] = f"{self.root}/proc/meminfo"
        self.program("readlink", r'case ${!#} in /dev/*) echo "${!#}" ;; *) exec /usr/bin/readlink "$@" ;; esac')
        self.program("kldload-install-target", f"""case " $* " in
    *' --check '* | *' --describe '*) export BOOTSTRAP_DARKSITE=$KLDLOAD_ROOT/darksite; unset KLDLOAD_ROOT; exec {LIVE}/usr/sbin/kldload-install-target "$@" ;;
esac
TICK=${{KLDLOAD_TICK:-0.05}}
{INSTALL}""")
        self.program("kldload-wipe", r'echo "+ wipefs --all $2"; echo "$*" >> "$KLDLOAD_ROOT/wiped"; echo "wiped: $2"')
        self.program("zpool", "exit 0")
        self.program("zfs", "exit 0")

    def make_installed(self):
        """The pool of folders, with the real tools."""
        self.write("etc/install-manifest.env", "KLDLOAD_PROFILE='server'\n")
        self.write("etc/kldload/install-manifest.env", "KLDLOAD_PROFILE='server'\nKLDLOAD_DISTRO='debian'\n")
        script = f"""set -e; export BATS_TEST_DIRNAME={HERE.parent}/installed; cd {self.root}; . "$BATS_TEST_DIRNAME/fake-zfs.bash"; fake_zfs; fake_system
rm bin/findmnt; cp {self.root}/bin/zfs bin/findmnt; sed -i 's/ zfs "\\$@"$/ findmnt "$@"/' bin/findmnt
env | grep -E '^(FAKE_|KLDLOAD_(LIB|RUN|ETC|STATE))' > environment; echo "$target_tools" > target-tools"""
        subprocess.run(["bash", "-c", script], check=True, env={**os.environ, **{k: v for k, v in self.env.items() if k != "KLDLOAD_ROOT"}, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        for line in (self.root / "environment").read_text().splitlines():
            name, _, value = line.partition("=")
            self.env[name] = value
        tools = (self.root / "target-tools").read_text().strip()
        # FAKE_… goes to the programs of the pool by the environment of each, which only has KLDLOAD_…
        for name in ("zfs", "zpool", "findmnt", "mount", "umount", "mountpoint"):
            path = self.root / f"bin/{name}"
            path.write_text(path.read_text().replace("exec ", f"export FAKE_ZFS={self.env['FAKE_ZFS']} FAKE_ROOT={self.env['FAKE_ROOT']}\nexec ", 1))
        self.env["PATH"] = f"{self.root}/bin:{tools}/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.write("root/usr/lib/modules/6.12.9/zfs.ko.xz")
        self.write("root/boot/vmlinuz-6.12.9")
        self.write("root/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n')
        self.program("uname", "case $1 in -r) echo 6.12.9 ;; -n) echo web-01 ;; esac")
        self.program("apt-mark", "echo linux-image-amd64")
        self.program("apt-get", "exit 100")
        self.program("kldload-boot", """case $1 in
    default) zpool set "bootfs=rpool/ROOT/$2" rpool ;;
    once | trial) zfs set kldload:trial="$2" kldload:trial-kind="$1" kldload:trial-tries="${3:-2}" kldload:trial-id=1 rpool/ROOT ;;
esac""")
        self.program("kupgrade", r"""case " $* " in
    *' --from /dev/sdc1 '*) echo 'kupgrade: /dev/sdc1 is no medium of kldload: it has no kldload/sha256sums' >&2; exit 1 ;;
    *' --check '*' --from '*) echo '{"upgrades":[{"name":"linux-image-6.12.118","before":null,"after":"6.12.118-1","security":false}],"held":[]}' ;;
    *' --check '*) echo '{"upgrades":[{"name":"openssl","before":"3.5.4-1","after":"3.5.4-2","security":true},{"name":"vim","before":"9.1-1","after":"9.1-2","security":false}],"held":["linux-image-amd64"]}' ;;
    *' --undo '*) echo 'the one before boots again' ;;
    *) for word in fetching unpacking checking; do echo "kupgrade: $word"; sleep 0.1; done; echo 'it will be tried at the next start' ;;
esac""")
        self.program("kst", f'exec env KLDLOAD_ROOT={self.root}/root {tools}/usr/sbin/kst "$@"')
        self.fake("status", self.write("pool-status", """  pool: rpool
 state: ONLINE
status: Some supported and requested features are not enabled on the pool.
\tThe pool can still be used, but some features are unavailable.
action: Enable all features using 'zpool upgrade'. Once this is done,
\tthe pool may no longer be accessible by software that does not support
\tthe features. See zpool-features(7) for details.
  scan: scrub repaired 0B in 00:00:12 with 0 errors on Sun Nov  8 00:24:13 2026
config:

\tNAME          STATE     READ WRITE CKSUM
\trpool         ONLINE       0     0     0
\t  mirror-0    ONLINE       0     0     0
\t    /dev/vda2 ONLINE       0     0     0
\t    /dev/vdb2 DEGRADED     3     0    12  too many errors
\tcache
\t  /dev/nvme0n1 ONLINE      0     0     0

errors: No known data errors
"""))

    def fake(self, *arguments):
        """Changes the pool of folders: fake-zfs.py fake …"""
        return subprocess.run(["python3", "-I", "-S", str(HERE.parent / "installed/fake-zfs.py"), *map(str, ("fake", *arguments))],
                              check=True, capture_output=True, text=True, env={**self.env, "PATH": "/usr/bin:/bin"}).stdout

    # running it

    def start(self, helper=True, serve=True, python=PYTHON, arguments=()):
        ports = ["--port", str(self.port), "--tls-port", str(self.tls_port)]
        if self.live or self.network:
            subprocess.run([python, "-I", str(WEBUI), "certificate"], check=True, env=self.env)
        if helper:
            self.helper = self.launch([python, "-I", str(WEBUI), "helper"], "helper.log")
            self.wait_for(self.helper_answers, "the helper's socket")
        if serve:
            self.server = self.launch([python, "-I", str(WEBUI), "serve", *ports, *arguments], "serve.log")
            last = self.tls_port if self.live or self.network else self.port  # that it opens last
            self.wait_for(lambda: self.answers(last), "the server's port")
        return self

    def launch(self, command, log):
        with open(self.root / log, "ab") as file:
            process = subprocess.Popen(command, env=self.env, stdout=file, stderr=file, start_new_session=True)
        self.processes.append(process)
        return process

    def logs(self):
        return "".join((self.root / log).read_text() for log in ("helper.log", "serve.log") if (self.root / log).exists())

    def helper_answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.root / "run/kldload/webui/helper.sock"))
            return True
        except OSError:
            return False

    @staticmethod
    def answers(port):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def wait_for(self, condition, what, seconds=PATIENCE):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until or any(process.poll() is not None for process in self.processes):
                raise AssertionError(f"{what} did not come: {self.logs()}")
            time.sleep(0.02)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)
        self.processes = []

    def end(self):
        """Also what both had begun, and nobody waits for any more: the folder can go."""
        self.stop()
        for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):  # it has ended by itself
                if f"KLDLOAD_ROOT={self.root}".encode() in environment.read_bytes():
                    os.kill(int(environment.parent.name), signal.SIGKILL)

    def command(self, *arguments, check=True):
        return subprocess.run([PYTHON, "-I", str(WEBUI), *arguments], env=self.env, capture_output=True, text=True, check=check)

    def code(self):
        return next(line.split()[2].rstrip(",") for line in self.command("code").stdout.splitlines() if line.startswith("kldload: code "))

    # asking it

    def http(self, method, path, body=None, headers=None, secure=False, host=None):
        """(status, headers, text)"""
        port = self.tls_port if secure else self.port
        if secure:
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=ssl.create_default_context(cafile=f"{self.root}/var/lib/kldload-webui/tls.crt"))
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"Host": host or f"127.0.0.1:{port}", **(headers or {})}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body if isinstance(body, (bytes, str, type(None))) else json.dumps(body), headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def login(self, secure=False, **given):
        """The cookie of a new session."""
        status_code, headers, text = self.http("POST", "/login", given or {"code": self.code()}, secure=secure)
        if status_code != 200:
            raise AssertionError(f"{status_code} {text}")
        return headers["Set-Cookie"].split(";")[0]


    @contextlib.asynccontextmanager
    async def client(self, cookie=None, secret=None, headers=None, secure=False):
        """A WebSocket, by the library's own client: of a page (cookie), or of a program (secret: a token or a code)."""
        import websockets
        port = self.tls_port if secure else self.port
        fields = dict(headers or {})
        if cookie:
            fields.setdefault("Cookie", cookie)
            fields.setdefault("Origin", f"{'https' if secure else 'http'}://127.0.0.1:{port}")
        name = "additional_headers" if int(websockets.__version__.split(".")[0]) >= 14 else "extra_headers"
        user = f"token:{secret}@" if secret else ""
        more = {"ssl": ssl.create_default_context(cafile=f"{self.root}/var/lib/kldload-webui/tls.crt")} if secure else {}
        async with websockets.connect(f"{'wss' if secure else 'ws'}://{user}127.0.0.1:{port}/ws", max_size=2**24, **{name: fields}, **more) as socket_:
            yield Client(socket_, self.logs)


class Client:
    def __init__(self, connection, logs):
        self.connection, self.logs, self.events, self.number = connection, logs, [], 0

    async def received(self, seconds, waited_for):
        try:
            return json.loads(await asyncio.wait_for(self.connection.recv(), seconds))
        except asyncio.TimeoutError:
            raise AssertionError(f"{waited_for} did not come; what came: {self.events}\n{self.logs()}") from None

    async def ask(self, action, **arguments):
        """The answer to a request; what comes meanwhile is in `events`."""
        self.number += 1
        await self.connection.send(json.dumps({"action": action, "id": self.number, **arguments}))
        while True:
            message = await self.received(PATIENCE, f"the answer to {action}")
            if message.get("id") == self.number:
                return message
            self.events.append(message)

    async def until(self, condition, seconds=PATIENCE):
        """The first event that is so."""
        for message in self.events:
            if condition(message):
                return message
        deadline = time.monotonic() + seconds
        while True:
            message = await self.received(deadline - time.monotonic(), "an event")
            self.events.append(message)
            if condition(message):
                return message


def main():
    folder = pathlib.Path(sys.argv[1])
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    machine = Machine(folder, live="--installed" not in sys.argv, network="--network" in sys.argv, medium=("debian:13:core server", "ubuntu:24.04:server"), tick="1")
    machine.start()
    print(f"http://127.0.0.1:{machine.port}  https://127.0.0.1:{machine.tls_port}\n{machine.command('code').stdout}", flush=True)
    try:
        machine.processes[0].wait()
    except KeyboardInterrupt:
        machine.stop()


if __name__ == "__main__":
    main()
