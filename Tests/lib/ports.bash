# shellcheck shell=bash
# Ports of this host's loopback, for servers of tests; Tests/webui/ports.py is the same for Python.

port_taken() { (: <> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

free_port() { # one that nobody listens at, below those that the kernel gives to clients
    local port
    while port=$((20000 + RANDOM % 12000)) && port_taken "$port"; do :; done
    echo "$port"
}
