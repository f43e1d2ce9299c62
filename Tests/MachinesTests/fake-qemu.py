#!/usr/bin/python3
"""Stands in for qemu-system-x86_64 in tests: connects to the sockets it is told of, and plays a machine.

What it plays is in FAKE_QEMU, a word each with "+" between:

  live, installed  a live system that installs; a system that one can log in to. Without either: live where the first drive is
                   read-only, else installed
  silent           nothing is on the console
  refuses          it ends at once, with a message
  panics           the kernel does
  resets           it starts anew in place of installing
  fails            the installer fails
  fails-again      the installer fails, but for the first time
  broken           a message of the kernel's comes right after the login prompt
  stays            it does not power off
  unseen           it powers off at once, before anybody takes a picture of it

FAKE_QEMU_ANY_PASSWORD: every password is right. FAKE_QEMU_PID: a file that gets the number of the process. FAKE_QEMU_FAIL: scripts that hold this text fail. FAKE_QEMU_RUN=1:
scripts are run on this host, by the command that was typed. FAKE_QEMU_KEYS: what must have been pressed on the keyboard before
anybody has a session on the screen.
"""
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

MODE = os.environ.get("FAKE_QEMU", "").split("+")


def connect(name):
    for word in sys.argv:
        if found := re.match(rf"socket,id={name},path=(.*)", word):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(found[1].replace(",,", ","))
            return connection
    sys.exit(f"fake-qemu: no socket {name}")


def say(*lines):
    for line in lines:
        console.sendall(line.encode() + b"\r\n")


def hear():
    text = b""
    while not text.endswith(b"\r"):
        piece = console.recv(1)
        if not piece:
            os._exit(0)
        text += piece
        if secret is False:
            console.sendall(piece)
    say("")
    return text[:-1].decode()


def end(reason):
    monitor.sendall(json.dumps({"event": "SHUTDOWN", "data": {"guest": True, "reason": reason}}).encode() + b"\r\n")
    time.sleep(0.05)
    os._exit(0)


def answer_monitor():
    monitor.sendall(b'{"QMP": {"version": {}, "capabilities": []}}\r\n')
    for line in monitor.makefile():
        request = json.loads(line)
        if request["execute"] == "screendump":
            with open(request["arguments"]["filename"], "wb") as file:
                file.write(b"P6\n20 10\n255\n" + bytes((i + len(pressed)) % 251 for i in range(600)))
            pictured.set()
        if request["execute"] == "send-key":
            pressed.extend(key["data"] for key in request["arguments"]["keys"])
        if request["execute"] in ("qmp_capabilities", "screendump", "send-key", "block_resize", "cont"):
            monitor.sendall(b'{"return": {}}\r\n')
            if request["execute"] == "cont":
                begun.set()
        else:
            monitor.sendall(b'{"error": {"class": "CommandNotFound", "desc": "it is only played"}}\r\n')


def serve_scripts():
    channel.sendall(b"ready\0")
    text = b""
    while piece := channel.recv(65536):
        text += piece
        while b"\0" in text:
            script, _, text = text.partition(b"\0")
            script = script.decode()
            if "poweroff" in script and "stays" not in MODE:
                end("guest-shutdown")
            output = "running" if "is-system-running" in script else ""
            if "install-manifest" in script:
                output = os.environ.get("FAKE_QEMU_MANIFEST", "")
            failing = os.environ.get("FAKE_QEMU_FAIL")
            failed = failing is not None and re.search(failing, script)
            if "Class=user" in script:
                failed = "".join(pressed) != os.environ.get("FAKE_QEMU_KEYS")
            channel.sendall((f"one\nthe reason\0{1}\0" if failed else f"{output}\0{0}\0").encode())


def run_scripts(command):
    command = command.split(";", 1)[1]
    subprocess.run(["bash", "-c", f"exec 3<&{channel.fileno()}; {command}"], pass_fds=[channel.fileno()], check=False)


def start_shell(command):
    if os.environ.get("FAKE_QEMU_RUN"):
        run_scripts(command)
    else:
        serve_scripts()


def live():
    say("kldload: live system up", "kldload: ready")
    console.sendall(b"root@kldload-live:~# ")
    if os.environ.get("FAKE_QEMU_NO_SEED") is None:
        say("kldload: install: answers from the seed disk /dev/vdb")
        if "resets" in MODE:
            end("guest-reset")
        for step in range(1, 4):
            say(f"kldload: install: step {step}/3 step{step}: something")
            time.sleep(float(os.environ.get("FAKE_QEMU_STEP", "0")))
        if "fails" in MODE or ("fails-again" in MODE and starts > 1):
            say("kldload: INSTALL FAILED in step pool: no disk (log: /var/log/installer/kldload-installer.log)")
            console.sendall(b"root@kldload-live:~# ")
        else:
            say("kldload: INSTALLED debian core on /dev/vda in 1 s", "kldload: powering off")
            if "stays" not in MODE:
                if "unseen" not in MODE:
                    pictured.wait(60)  # nothing powers off at once
                end("guest-shutdown")
    while True:
        command = hear()
        if "virtio-ports" in command:
            start_shell(command)
        console.sendall(b"root@kldload-live:~# ")


def installed():
    global secret
    if phrase := os.environ.get("FAKE_QEMU_PASSPHRASE"):
        console.sendall(b"Enter passphrase for 'rpool':")
        secret = True
        if hear() != phrase:
            say("Key load error: Incorrect key provided for 'rpool'.")
            console.sendall(b"(initramfs) ")
            time.sleep(60)
        secret = False
    console.sendall(b"kldload-test login: ")
    if "broken" in MODE:
        say("[   12.345678] random: something")
    while not hear():
        console.sendall(b"kldload-test login: ")
    secret = True
    console.sendall(b"Password: ")
    if hear() != os.environ.get("FAKE_QEMU_PASSWORD", "secret") and "FAKE_QEMU_ANY_PASSWORD" not in os.environ:
        say("", "Login incorrect")
        time.sleep(60)
    secret = False
    console.sendall(b"\x1b[?2004htester@kldload-test:~$ ")
    command = hear()
    secret = True
    console.sendall(b"kldload-sudo:")
    hear()
    start_shell(command)


if "--version" in sys.argv:
    print("QEMU emulator version 0 (played)")
    sys.exit()
if pid := os.environ.get("FAKE_QEMU_PID"):
    with open(pid, "a+") as file:
        file.write(f"{os.getpid()}\n")
        file.seek(0)
        starts = len(file.readlines())
if "refuses" in MODE:
    sys.exit("qemu-system-x86_64: it does not want to")
secret = False
console, monitor, channel = connect("console"), connect("monitor"), connect("channel")
begun = threading.Event()
pictured = threading.Event()
pressed = []
threading.Thread(target=answer_monitor, daemon=True).start()
begun.wait()
if "silent" in MODE:
    time.sleep(600)
say("\x1b[2J\x1b[01;01HBdsDxe: starting Boot0001", "Linux version 6.12", "Loading, please wait...")
if "panics" in MODE:
    say("[    1.0] Kernel panic - not syncing: VFS")
    time.sleep(600)
first = next(word for word in sys.argv if "if=none" in word)
if "live" in MODE or ("installed" not in MODE and "readonly=on" in first):
    live()
else:
    installed()
