"""Ports for servers of the tests: below those that the kernel gives to outgoing connections and to servers that do not
choose, so that nobody else takes one between its choice and its use, or after a server has closed."""
import itertools
import os
import socket

FIRST, COUNT = 18000, 12000
# Far apart for processes that were started one after the other.
_next = itertools.count(os.getpid() * 7919 % COUNT)


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
