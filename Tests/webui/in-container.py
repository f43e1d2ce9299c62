"""What units.bats looks at from inside: asks the page as people and programs do, and says `all well` in the end."""
import asyncio
import http.client
import json
import os
import pwd
import ssl
import subprocess
import sys

import websockets

LIVE = os.path.exists("/etc/kldload/live")


def command(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def http_answer(method, path, body=None, secure=False):
    connection = http.client.HTTPSConnection("127.0.0.1", 8443, timeout=20, context=ssl.create_default_context(cafile="/var/lib/kldload-webui/tls.crt")) if secure \
        else http.client.HTTPConnection("127.0.0.1", 8080, timeout=20)
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


async def main():
    print(command("/usr/local/bin/kldload-webui", "code"))
    assert http_answer("GET", "/")[0] == 200
    main_pid = command("systemctl", "show", "-p", "MainPID", "--value", "kldload-webui").strip()
    assert os.stat(f"/proc/{main_pid}").st_uid == pwd.getpwnam("kldload-webui").pw_uid, "the server's user"
    if LIVE:
        assert http_answer("GET", "/", secure=True)[0] == 200
        assert os.stat("/var/lib/kldload-webui/tls.key").st_mode & 0o777 == 0o600
    else:
        for password, expected in (("correct horse", 200), ("wrong", 401)):
            got = http_answer("POST", "/login", {"user": "ada", "password": password})
            assert got[0] == expected, got
    token = command("/usr/local/bin/kldload-webui", "token", "tests").strip()
    field = "additional_headers" if int(websockets.__version__.split(".")[0]) >= 14 else "extra_headers"
    async with websockets.connect(f"ws://token:{token}@127.0.0.1:8080/ws", **{field: {}}) as machine:
        async def ask(action, **given):
            await machine.send(json.dumps({"action": action, "id": 1, **given}))
            while True:
                message = json.loads(await asyncio.wait_for(machine.recv(), 40))
                if message.get("id") == 1:
                    print(action, json.dumps(message)[:300])
                    return message

        assert (await ask("system_info"))["data"]["live_mode"] == LIVE
        assert (await ask("network_info"))["type"] == "network_info"
        assert (await ask("run_audit"))["type"] == "audit_result"
        assert (await ask("credentials_save", creds={"scp": {"password": "x"}}))["type"] == "credentials_result"
        assert (await ask("db_events"))["events"]
        if LIVE:
            assert (await ask("describe"))["type"] == "installer"
            assert (await ask("check", hostname="web-01"))["good"] is True
            assert (await ask("install", hostname="web-01"))["running"] is True
            for _ in range(100):
                state = await ask("install_state")
                if state["rc"] is not None:
                    break
                await asyncio.sleep(0.2)
            assert state["rc"] == 0, state
            assert "KLDLOAD_HOSTNAME='web-01'" in open("/installed-with", encoding="utf-8").read()
        else:
            answer = await ask("be_create", name="next")
            assert "outside of the sandbox" in answer["output"] and "made create next" in answer["output"], answer
            listening = command("ss", "-Htln")
            addresses = {line.split()[3] for line in listening.splitlines()}
            assert addresses <= {"127.0.0.1:8080", "[::1]:8080"}, addresses
    print("all well")


try:
    asyncio.run(main())
except BaseException as error:
    print(repr(error), file=sys.stderr)
    print(command("journalctl", "--no-pager", "-b", "-u", "kldload-webui", "-u", "kldload-webui-helper", "-u", "kldload-install"), file=sys.stderr)
    raise
