"""Klaw itself against a fake: `klaw run --demo`, which watches a recording and needs no control plane."""
import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

from referee import BASE, at_end, until

REPO = Path(__file__).resolve().parents[2]
RULES = """group: referees
rules:
  - alert: RefereeClaim
    resource: persistentvolumeclaims
    when: object.status.phase == "Pending" && object.metadata.name == "ledger"
    severity: warning
    title: {en: "Claim ${object.metadata.name} gets no volume", zh: "Claim ${object.metadata.name} gets no volume"}
"""
TITLE = "Claim ledger gets no volume"


def program():
    """$KLAW, or the newest of the usual builds; None where nothing was built."""
    if "KLAW" in os.environ:
        path = Path(os.environ["KLAW"]).absolute()
        return path if path.exists() else None
    found = [path for path in (REPO / "build" / name for name in ("klaw", "release/klaw", "debug/klaw")) if path.exists()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def playable():
    """False, with a word to test/referees/run, where Klaw was not built."""
    if program():
        return True
    print(json.dumps({"missing": "there is no build/klaw; build it or set KLAW"}), flush=True)
    return False


class Klaw:
    def __init__(self, name, app, channel, access, *more_channels, mention=()):
        self.directory = REPO / "build" / "referees" / "klaw" / name
        shutil.rmtree(self.directory, ignore_errors=True)
        (self.directory / "rules").mkdir(parents=True)
        (self.directory / "rules" / "referee.yaml").write_text(RULES)
        self.log_file = self.directory / "log"
        self._config = self.directory / "klaw.yaml"
        self._config.write_text(json.dumps({
            "language": "en", "apps": [{"name": "app", "domain": BASE, **app}],
            "routes": [{"match": 'severity="warning"', "mention": list(mention)}] if mention else [],
            "access": access, "listen": "127.0.0.1:0",
            "channels": [{"name": f"channel-{number}", "app": "app", **each} for number, each in enumerate((channel, *more_channels))],
            "rules": {"pack": "none", "directories": [str(self.directory / "rules")]},
            "log": {"level": "trace", "format": "json"}}))
        self._process = None

    def start(self):
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen([program(), "run", "--demo", "--config", self._config], stdout=log, stderr=log,
                                             stdin=subprocess.DEVNULL, env={**os.environ, "XDG_STATE_HOME": str(self.directory)})

        at_end.append(self.stop)

    def stop(self):
        self._process.terminate()
        self._process.wait(20)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def metric(self, name):
        """labels → value, of every series of that name."""
        address = until(lambda: list((self.directory / "klaw" / "demo").glob("*address*")), 10, "Klaw's address")[0].read_text()
        base = address.strip() if address.startswith("http") else f"http://{address.split()[0].strip()}"
        with urllib.request.urlopen(f"{base}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        series = [line.removeprefix(name).rsplit(" ", 1) for line in lines if line.startswith((name + "{", name + " "))]
        return {labels: float(value) for labels, value in series}

    def dropped(self):
        return {labels.split('reason="')[1].split('"')[0]: int(value)
                for labels, value in self.metric("klaw_chat_dropped_total").items()}


def no_secret_in(log, secrets):
    """What the fake gave or was shown, and the log must not hold."""
    assert len(secrets) > 2 and len(log) > 1000, (len(secrets), len(log))
    found = [secret for secret in secrets if secret in log]
    assert not found, found
