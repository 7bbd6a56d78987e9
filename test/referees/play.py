"""What the scenarios of both platforms share: the program in Klaw's place, and what the fake saw of it.

A scenario is played by the official clients and by Klaw, and what the fake saw has to be the same: kinds and order of
calls and frames, from one list of lines for each step. An official client is a puppet: it gets a line for what Klaw does
by itself ({"do": "send", …}) and answers with one."""
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from referee import BASE, at_end, state, step, until

HERE = Path(__file__).resolve().parent
WHO = sys.argv[2]  # python, node or klaw


class Puppet:
    def __init__(self, platform):
        program = [sys.executable, HERE / platform / "puppet.py"] if WHO == "python" else ["node", HERE / platform / "puppet.js"]
        self._process = subprocess.Popen([*program, BASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         text=True, env={**os.environ, "PYTHONPATH": str(HERE)})
        at_end.append(self._process.kill)
        self._answers, self._came = [], threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            if line.startswith('{"did"'):
                with self._came:
                    self._answers.append(json.loads(line))
                    self._came.notify()

    def do(self, what, **more):
        """What the client answered to that; AssertionError when it could not."""
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        with self._came:
            assert self._came.wait_for(lambda: self._answers, 30), f"the client did not {what}"
            return self._answers.pop(0)


def in_two_orders(lines):
    calls = [line for line in lines if line.startswith("call ")]
    return calls, [line for line in lines if line not in calls]


class Seen:
    """Lines of the fake's transcript since the last step. Left out: what a client may do at a time of its own choosing."""

    def __init__(self, *apart):
        self._apart, self._at = apart, 0

    def lines(self):
        return [line for line in state()["transcript"][self._at:] if not line.startswith(self._apart)]

    def expect(self, *expected):
        """These and nothing else. What passes over the connection comes in this order and so do the calls; the two are
        different connections, so nobody can say which of them is seen first."""
        until(lambda: len(self.lines()) >= len(expected), 20, lambda: f"{expected}, saw {self.lines()}")
        seen = self.lines()
        self.skip()
        assert in_two_orders(seen) == in_two_orders(expected), f"seen {seen}, expected {list(expected)}"

    def skip(self):
        self._at = len(state()["transcript"])


def ours_only(name, action, lacking):
    """A step that the official clients cannot play, and why."""
    if WHO == "klaw":
        step(name, action)
    else:
        print(json.dumps({"ours": f"{name}: {lacking}"}), flush=True)
