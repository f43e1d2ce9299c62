"""Situations of machines that were installed from an ISO: each begins with copies of the disks of one installation."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

from machine import HOPELESS, WORDS, Failure, Machine, accelerator, medium

ROOT = os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../..")
# Behind this folder, which has a machine.py, too.
sys.path.append(f"{ROOT}/Tests/webui")
from ports import free_port
LOGS = f"{ROOT}/live-build/logs/tests"
ROOT_PROMPT = r"# ?$"
ROOT_IS_DEFAULT = "test $(findmnt -no SOURCE /) = rpool/ROOT/default"
INSTALLATION_SECONDS = 5400
BOOT_SECONDS = 900
# How long a try may take until the machine gives up by itself: its own limit is ten minutes, on the clock of an emulated machine.
TRY_SECONDS = 2400


def disks(paths, others=()):
    """QEMU's options for disks, with serial numbers that say their names; the first one is booted."""
    words = list(others)
    for number, path in enumerate(paths):
        name = os.path.basename(path).split(".")[0]
        words += ["-drive", f"file={path},if=none,id={name},format=raw,cache=unsafe,discard=unmap"]
        words += ["-device", f"virtio-blk-pci,drive={name},serial={name},bootindex={number + 2}"]
    return words


def network(*options, card=""):
    """QEMU's options for a card on a network of its own, from which this host can be reached: user networking, with its `options`."""
    return ["-netdev", ",".join(["user", "id=net", *options]), "-device", f"virtio-net-pci,netdev=net{card}"]


def make_disk(path):
    with open(path, "wb") as file:
        file.truncate(16 << 30)
    return path


class Bench:
    """What all situations have: the ISO, the accelerator, folders."""

    def __init__(self, iso, folder, kept):
        self.iso, self.folder, self.kept = iso, folder, kept
        with open(f"{LOGS}/installed-accelerator.log", "w") as log:
            self.accelerator, _ = accelerator(iso, log)

    def base(self, name):
        return f"{self.kept}/{name}.raw"

    def copies(self, *names):
        """Disks of the installation, of which the original stays as it is."""
        paths = [f"{self.folder}/{name}.raw" for name in names]
        for name, path in zip(names, paths):
            subprocess.run(["cp", "--sparse=always", "--reflink=auto", self.base(name), path], check=True)
        return paths

    def live(self, log, devices, iso=None, **more):
        return Machine(log, self.accelerator, medium(iso or self.iso) + devices, **more, words=WORDS[self.accelerator])

    def installed(self, log, devices):
        # systemd-boot adds such words to the kernel's (systemd-stub(7), "SMBIOS Type 11 Strings"); nothing on the disks says them.
        words = ["-smbios", f"type=11,value=io.systemd.boot.kernel-cmdline-extra={WORDS[self.accelerator]}"]
        return Machine(log, self.accelerator, devices + words)


def say(machine, text):
    print(f"{machine.seconds():7.1f} s  {text}", flush=True)


def log_in(machine, password, name="admin"):
    """From the login prompt on the serial console to a shell of root's."""
    machine.wait_for(r"login:", BOOT_SECONDS, unfinished=True)
    say(machine, "the login prompt")
    machine.type(f"{name}\n")
    machine.wait_for(r"assword:", machine.seconds() + 120, unfinished=True)
    machine.type(password + "\n")
    machine.wait_for(r"\$ ?$", machine.seconds() + 120, unfinished=True)
    # Asked for or not: who was set up by cloud-init needs no password for it.
    machine.type(f"sudo -S -p '' true <<< {password}; sudo -i\n")
    machine.wait_for(r"root@.*" + ROOT_PROMPT, machine.seconds() + 300, unfinished=True)


def unlock(machine, passphrase):
    """From power-on, by the passphrase of the pool, which the serial console asks for."""
    machine.wait_for(r"assphrase for", BOOT_SECONDS, unfinished=True)
    time.sleep(4)  # zfs turns off the echo after its question, and throws away what was typed before
    machine.type(passphrase + "\n")


def do(machine, command, seconds=600):
    said = machine.run(command, machine.seconds() + seconds)
    say(machine, command)
    return said


def settle(machine):
    """Until nothing is being started any more."""
    do(machine, "until test -z \"$(systemctl list-jobs --no-legend)\"; do sleep 5; done", TRY_SECONDS)


def install_by(bench, log, text, names=("one",), iso=None, devices=()):
    """Onto new disks of these names, unattended, by these answers; from the bench's ISO, unless another one is named. With more devices."""
    answers, seeded = f"{bench.folder}/answers.env", f"{bench.folder}/seeded.iso"
    with open(answers, "w") as file:
        file.write(text)
    subprocess.run([os.environ.get("DEPLOY_BINARY", f"{ROOT}/deploy"), "seed", answers, "--into", iso or bench.iso, "-o", seeded], check=True, stdout=subprocess.DEVNULL)
    with bench.live(log, disks([make_disk(bench.base(name)) for name in names]) + list(devices), seeded) as machine:
        machine.wait_for("INSTALLED debian", INSTALLATION_SECONDS, hopeless=f"INSTALL FAILED|{HOPELESS}")
        say(machine, "installed")
        machine.await_end(machine.seconds() + 300)


def install_once(bench, log, text, names, **more):
    """As install_by; disks of these names that were installed to before stay as they are."""
    if not os.path.exists(done := f"{bench.kept}/{'-'.join(names)}-installed"):
        install_by(bench, log, text, names, **more)
        open(done, "w").close()


def as_raw(image, disk):
    """What is in an image of another format, as a disk for `disks`."""
    subprocess.run(["qemu-img", "convert", "-O", "raw", image, disk], check=True)
    return disk


def older_image(bench):
    """An image whose kernel is the one before the bench's, and a medium that leads from it to the bench's: made when they are first asked for."""
    older, changes = f"{bench.kept}/older.iso", f"{bench.kept}/kernel.img"
    if not os.path.exists(changes):
        subprocess.run([f"{ROOT}/Tests/boot/older-image", bench.iso, older, changes], check=True)
    return older, changes


def readable(image):
    """QEMU's options for a medium that nobody writes to: what disks come before it, its device comes after them."""
    return attached(image, ",readonly=on")


def attached(image, options=""):
    """QEMU's options for a disk more, which nobody boots."""
    return ["-drive", f"file={image},if=none,id=stick,format=raw{options}", "-device", "virtio-blk-pci,drive=stick"]


def host_mirrors():
    """Addresses of the archives that this host's apt asks."""
    said = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return sorted({line.rstrip("/") for line in said.split() if line.startswith("http")})


def turn_off(machine):
    machine.type("systemctl poweroff\n")
    machine.await_end(machine.seconds() + 300)


def value(said):
    """What a command said behind an equals sign at the start of a line."""
    return next(line for line in said if line.startswith("="))[1:].strip()


def guarded(name, situation, bench):
    """Whether it went well; says so."""
    started = time.monotonic()
    with open(f"{LOGS}/installed-{name}.log", "w") as log:
        try:
            situation(bench, log)
        except (Failure, subprocess.CalledProcessError) as failure:
            print(f"FAILED  {name} ({time.monotonic() - started:.0f} s): {failure}; console in {log.name}", flush=True)
            return False
    if "KLDLOAD_NAMESPACE" not in os.environ:  # else the process outside says it
        print(f"ok      {name} ({time.monotonic() - started:.0f} s)", flush=True)
    return True


def main(description, install, situations):
    """Installs, unless that was done before, and has the situations that are asked for; returns the exit status."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("iso")
    parser.add_argument("situations", nargs="*", metavar="NAME", help="one of those above; without any, all")
    parser.add_argument("--disks", metavar="FOLDER", help="where the installation's disks are kept; one that is there is used again")
    options = parser.parse_intermixed_args()
    for name in options.situations:
        if name not in situations:
            parser.error(f"no situation is called {name}")
    if not os.path.isfile(options.iso):
        parser.error(f"{options.iso} is not there")
    os.makedirs(LOGS, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="installed.") as work:
        kept = os.path.realpath(options.disks or f"{work}/kept")
        os.makedirs(kept, exist_ok=True)
        bench = Bench(os.path.realpath(options.iso), work, kept)
        done = f"{kept}/installed"
        if not os.path.exists(done):
            if not guarded("installation", install, bench):
                return 1
            open(done, "w").close()
        good = True
        for name in options.situations or situations:
            bench.folder = tempfile.mkdtemp(dir=work)
            good = guarded(name, situations[name], bench) and good
            shutil.rmtree(bench.folder)
        return 0 if good else 1
