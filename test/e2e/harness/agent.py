"""`klaw agent` as a process, and the other subcommands."""
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from harness.paths import klaw
from harness.ports import free_port
from harness.waiting import eventually


def run_klaw(*arguments, timeout=60, **environment):
    """One of the commands that end by themselves."""
    return subprocess.run([klaw(), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment})


class Agent:
    """An agent with a directory of its own. JSON is YAML, so the configuration is written as JSON."""

    def __init__(self, directory, clusters, receiver, rules="", defaults=True, **options):
        """`clusters`: name → kubeconfig. `rules`: text of one more rule file."""
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = self.directory / "agent.log"
        self.process = None
        self.environment = None  # that of the test
        rules_directory = self.directory / "rules"
        rules_directory.mkdir(exist_ok=True)
        self.rule_file = rules_directory / "test.yaml"
        self.config_file = self.directory / "klaw.yaml"
        self.config = {
            "clusters": [{"name": name, "kubeconfig": str(path)} for name, path in clusters.items()],
            "data": str(self.directory / "data"),
            "listen": f"127.0.0.1:{self.port}",
            "rules": {"pack": "fast" if defaults else "none", "directories": [str(rules_directory)]},
            "channels": [{"name": "hook", "type": "webhook", "url": receiver.url, "secret": receiver.secret}],
            "log": {"level": "debug", "format": "json"},
            **options,
        }
        self.write_rules(rules)
        self.write_config()

    @property
    def data(self):
        return Path(self.config["data"])

    def write_rules(self, text):
        if text:
            self.rule_file.write_text(text)
        elif self.rule_file.exists():
            self.rule_file.unlink()

    def write_config(self, text=None):
        self.config_file.write_text(text if text is not None else json.dumps(self.config, indent=2))

    def start(self, wait=True):
        assert self.process is None or self.process.poll() is not None, "it runs already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([klaw(), "agent", "--config", self.config_file], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True, env=self.environment)
        if wait:
            self.await_ready()
        return self

    def await_ready(self, seconds=30):
        def ready():
            assert self.process.poll() is None, f"the agent ended with {self.process.returncode}: {self.log_tail()}"
            return self.get("/readyz")[0] == 200
        eventually(ready, seconds, lambda: f"the agent to be ready; {self.get('/readyz')}; {self.log_tail()}")

    def kill(self):
        """As a machine that loses its power, as far as the process is concerned."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout=30):
        """Asks it to end; returns the seconds that took and the exit code."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        return time.monotonic() - started, code

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def end(self):
        """For clean-up: leaves nothing running."""
        if not self.running():
            return
        try:
            self.stop(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def get(self, path, timeout=5):
        """(status, text); status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, urllib.error.URLError, ConnectionError) as error:
            return 0, str(error)

    def metrics(self):
        """name{labels} → value"""
        status, text = self.get("/metrics")
        assert status == 200, text
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}

    def metric(self, name, **labels):
        """The sum over all series of that name with those labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(value for series, value in self.metrics().items()
                   if series.split("{")[0] == name and all(label in series for label in wanted))

    def receive(self, *alerts):
        """Alerts as an Alertmanager sends them: {"labels", "summary", "ended"?}."""
        def sent(alert):
            return {"status": "resolved" if alert.get("ended") else "firing", "labels": alert["labels"],
                    "annotations": {"summary": alert["summary"]}, "startsAt": "2026-11-01T00:00:00Z",
                    "endsAt": "2026-11-01T01:00:00Z" if alert.get("ended") else "0001-01-01T00:00:00Z"}
        body = json.dumps({"version": "4", "alerts": [sent(alert) for alert in alerts]}).encode()
        token = (self.data / "token").read_text().strip()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/alertmanager", data=body,
                                         headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200, answer.read()

    def do(self, words, *options):
        return run_klaw("do", "--config", self.config_file, *options, words)

    def log_lines(self):
        if not self.log.exists():
            return []
        lines = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"message": line})
        return lines

    def log_has(self, *parts):
        """Whether one line of the log contains all parts."""
        return any(all(part in str(line) for part in parts) for line in self.log_lines())

    def log_tail(self):
        return "\n".join(map(str, self.log_lines()[-8:]))
