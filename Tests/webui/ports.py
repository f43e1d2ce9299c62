"""Ports of this host's loopback, for servers of tests; Tests/lib/ports.bash is the same for bash."""
import errno
import random
import socket

held = []  # until this process ends


def free_port():
    """One that nobody listens at, below those that the kernel gives to clients; no other process that asks here gets it meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0kldload-tests-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError as error:
            claim.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            held.append(claim)
            return port
