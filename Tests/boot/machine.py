"""A machine in QEMU for tests: its serial console, which is read and typed on, and its keyboard and screen."""
import codecs
import collections
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

KERNEL = [r"Linux version", r"Loading, please wait|Run /init as init process"]
HOPELESS = r"Kernel panic|\(initramfs\)|Entering emergency mode|error: no such device|No bootable device|kldload: NOT READY"
KVM_TRIAL_SECONDS = 40
# What the live system's shell of root's on the serial console ends its lines with.
LIVE_PROMPT = r"root@kldload-live:\S*# ?$"
# Keys by the letters on a keyboard of the United States, as QEMU calls them.
KEYS = {" ": "spc", "\n": "ret", "-": "minus", "/": "slash", ".": "dot", "=": "equal", "\t": "tab"}


def facts():
    """What Sources/Machines/qemu.txt says, to deploy as well: by the first word of its lines, what each has after it."""
    found = {}
    with open(f"{os.path.dirname(os.path.realpath(__file__))}/../../Sources/Machines/qemu.txt") as file:
        for word, *words in (line.split() for line in file if line.strip() and not line.startswith("#")):
            found.setdefault(word, []).append(words)
    return found


FACTS = facts()
ACCELERATORS = {name: FACTS[name][0] for name in ["kvm", "tcg"]}
# For the kernel of a machine with this accelerator.
WORDS = {"kvm": "", "tcg": " ".join(FACTS["emulated"][0])}


class Failure(Exception):
    pass


class Late(Failure):
    """What was waited for did not come in time."""


# Who ends this process ends its machines: what holds them is left by an exception, as after Ctrl-C.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Machine:
    """A QEMU process; `log` gets each line of the serial console with the seconds since the start."""

    def __init__(self, log, accelerator, devices, memory=2048, firmware="uefi", words=""):
        self.folder = tempfile.TemporaryDirectory(prefix="machine.")
        command = ["qemu-system-x86_64", *FACTS["machine"][0]]
        command += ACCELERATORS[accelerator]
        command += ["-smp", "2", "-m", str(memory), "-serial", "stdio", *self.firmware(firmware)]
        command += ["-qmp", f"unix:{self.folder.name}/monitor,server=on,wait=off", "-monitor", "none"]
        if words:
            command += ["-smbios", "type=1,serial=kldload: " + words.replace(",", ",,")]
        self.log = log
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command + devices, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.chunks = queue.Queue()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.pending = collections.deque()  # lines that came together with one that was waited for
        self.rest = ""  # what came after the last end of line
        threading.Thread(target=self.read, daemon=True).start()

    def firmware(self, kind):
        if kind == "bios":
            return []
        for code, variables in FACTS["firmware"]:
            if os.path.exists(code) and os.path.exists(variables):
                shutil.copy(variables, f"{self.folder.name}/vars.fd")
                return ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                        "-drive", f"if=pflash,format=raw,file={self.folder.name}/vars.fd"]
        raise Failure("no UEFI firmware (apt-get install ovmf)")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def seconds(self):
        return time.monotonic() - self.started

    # The serial console.

    def read(self):
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            self.chunks.put(chunk)
        self.chunks.put(None)

    def lines(self, deadline, unfinished=False):
        """Lines as they come, without control sequences; `unfinished` ones too, each time they grow: prompts."""
        if self.rest and unfinished:
            self.pending.append(clean(self.rest))
        while True:
            while self.pending:
                yield self.pending.popleft()
            left = deadline - self.seconds()
            if left <= 0:
                raise Late(f"nothing more to wait for after {deadline:.0f} s")
            try:
                chunk = self.chunks.get(timeout=left)
            except queue.Empty:
                continue
            if chunk is None:
                raise Failure(f"QEMU ended by itself with status {self.process.wait()}")
            *whole, self.rest = (self.rest + self.decoder.decode(chunk)).split("\n")
            for line in map(clean, whole):
                self.log.write(f"{self.seconds():8.2f} {line}\n")
                self.pending.append(line)
            self.log.flush()
            if self.rest and unfinished:
                self.pending.append(clean(self.rest))

    def wait_for(self, pattern, deadline, unfinished=False, hopeless=HOPELESS):
        for line in self.lines(deadline, unfinished):
            if re.search(pattern, line):
                return line
            if re.search(hopeless, line):
                raise Failure(f"the console says: {line}")

    def type(self, text):
        os.write(self.process.stdin.fileno(), text.encode())

    def run(self, command, deadline):
        """What a command says in root's shell on the console. Fails where it does."""
        # The quotes keep the typed command's own echo from looking like its answer.
        self.type(f"( {command} ); echo sta'tus '$? e'nd'\n")
        said = []
        for line in self.lines(deadline):
            if found := re.search(r"status (\d+) end", line):
                said.append(line[:found.start()])
                break
            said.append(line)
        if found[1] != "0":
            raise Failure(f"{command}: exit status {found[1]}: " + " / ".join(said[-5:]))
        return said

    def await_end(self, deadline, hopeless=HOPELESS):
        """Until the machine is off by itself, or would start anew."""
        try:
            self.wait_for(r"(?!)", deadline, hopeless=hopeless)
        except Failure:
            if self.process.poll() != 0:
                raise

    # The monitor.

    def command(self, name, **arguments):
        """QEMU's answer to a command of its machine protocol."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{self.folder.name}/monitor")
            stream = connection.makefile("rw")
            for request in [{"execute": "qmp_capabilities"}, {"execute": name, "arguments": arguments}]:
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                while "return" not in (answer := json.loads(stream.readline())):
                    if "error" in answer:
                        raise Failure(f"QEMU refuses {name}: {answer['error']['desc']}")
        return answer["return"]

    def press(self, *keys):
        """Presses one key after the other, each a character or QEMU's name of a key, as fingers do."""
        for key in keys:
            self.command("send-key", keys=[{"type": "qcode", "data": KEYS.get(key, key)}])
            time.sleep(0.2)


def clean(line):
    return re.sub(r"\x1b(\[[0-9;?=!]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[A-Za-z=>])", "", line).replace("\r", "").rstrip()


def medium(iso, kind="cd"):
    """QEMU's options for an ISO in the machine, booted first."""
    path = iso.replace(",", ",,")
    return ["-drive", f"file={path},if=none,id=medium,format=raw,readonly=on"] + {
        "cd": ["-device", "ide-cd,drive=medium,bootindex=1"],
        "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=medium,id=stick,removable=on,bootindex=1"],
        "disk": ["-device", "virtio-blk-pci,drive=medium,bootindex=1"],
    }[kind]


def accelerator(iso, log):
    """The accelerator that works here, and a sentence why.

    It is found out by booting this ISO with KVM for some seconds, not by the presence of /dev/kvm: on nested machines it can be
    there and be of no use. The finding is kept until the host is rebooted. KLDLOAD_ACCEL=kvm or =tcg decides without a trial.
    """
    if forced := os.environ.get("KLDLOAD_ACCEL"):
        return forced, "KLDLOAD_ACCEL says so"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg", "there is no /dev/kvm to use"
    with open("/proc/sys/kernel/random/boot_id") as file:
        memo = os.path.join(tempfile.gettempdir(), f"boot-iso-accelerator.{os.getuid()}.{file.read().strip()}")
    if os.path.exists(memo):
        with open(memo) as file:
            known = file.read().strip()
        if known in ACCELERATORS:
            return known, f"found out before ({memo})"
    log.write("---- trial of KVM\n")
    try:
        with Machine(log, "kvm", medium(iso)) as machine:
            machine.wait_for(KERNEL[-1], KVM_TRIAL_SECONDS)
            found, why = "kvm", f"a trial started the kernel in {machine.seconds():.0f} s"
    except Failure as failure:
        found, why = "tcg", f"a trial of KVM failed: {failure}"
    log.write("---- end of the trial\n")
    with open(memo, "w") as file:
        file.write(found + "\n")
    return found, why
