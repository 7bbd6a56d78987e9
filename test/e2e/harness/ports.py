"""Ports for servers of the tests: below those that the kernel gives to outgoing connections and to servers that do not
choose, so that nobody else takes one between its choice and its use, or after a server has closed."""
import itertools
import os
import socket

# Those from 20000 on are of the clusters of harness/cluster_api.py; of two workers of test/e2e/run each has its own.
COUNT = 4000
FIRST = 24100 + COUNT * (int(os.environ.get("KLAW_E2E_PORT", "16600")) // 60 % 2)
# Far apart for processes that were started one after the other.
_next = itertools.count(os.getpid() * 1009 % COUNT)


def free_port():
    for _ in range(COUNT):
        port = FIRST + next(_next) % COUNT
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")
