"""Serves the folders below a folder over HTTP, and misbehaves where it is told to: archive-server.py FOLDER.

Prints its port, and ends when standard input does. For /NAME/PATH it answers with FOLDER/NAME/PATH and appends PATH to
FOLDER/NAME.requests. A line "BEHAVIOUR GLOB" in FOLDER/NAME.rules, read at every request, makes it misbehave for paths that
match; the behaviours are those of misbehaving-mirror.py.
"""

import fnmatch
import os
import sys
import threading
import urllib.parse

folder = sys.argv[1]

# That program runs as soon as it is loaded; what is wanted are its classes, which stand above what it does.
source = os.path.join(os.path.dirname(__file__), "..", "TransferTests", "misbehaving-mirror.py")
with open(source) as file:
    exec(compile(file.read().split("\nservers = ")[0], source, "exec"))


class Archive(Mirror):  # noqa: F821
    def do_GET(self):
        self.counters = self.counters or Counters()  # noqa: F821
        name, path = urllib.parse.unquote(self.path).lstrip("/").split("/", 1)
        with lock:  # noqa: F821
            seen[self.path] = turn = seen.get(self.path, 0) + 1  # noqa: F821
            with open(os.path.join(folder, name + ".requests"), "a") as file:
                file.write(path + "\n")
        try:
            with open(os.path.join(folder, name, path), "rb") as file:
                data = file.read()
        except OSError:
            return self.refuse(404)
        self.behave(self.behaviour(name, path), data, turn)

    def behaviour(self, name, path):
        try:
            with open(os.path.join(folder, name + ".rules")) as file:
                for line in file:
                    behaviour, glob = line.split()
                    if fnmatch.fnmatch(path, glob):
                        return behaviour
        except OSError:
            pass
        return "ok"


server = Server(("127.0.0.1", 0), Archive)  # noqa: F821
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
