"""Debian's Prometheus and Alertmanager as processes, and a page of metrics for them to read. The packages are unpacked
beside the tests' other files and not installed: installing them would start services."""
import http.server
import json
import os
import subprocess
import threading
import urllib.parse
import urllib.request

from harness.ports import free_port
from harness.paths import WORK
from harness.waiting import eventually


def program(package, name):
    """The path of a program of a Debian package, downloaded when it is not there."""
    root = WORK / "packages" / package
    path = root / "usr" / "bin" / name
    if not path.exists():
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", package], cwd=root, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        for archive in root.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive, root], check=True)
    return path


def with_shared_files(package, *command):
    """Debian's Alertmanager reads its templates from /usr/share only: it gets a /usr/share of its own."""
    share = WORK / "packages" / package / "usr" / "share"
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *root, "sh", "-c",
            'mount -t tmpfs none /usr/share && cp -r "$0"/prometheus /usr/share/ && exec "$@"', share, *command]


class Page:
    """Metrics that a test sets, served in the text format."""

    def __init__(self, text=""):
        self.text = text
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = page.text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Service:
    """A process with an HTTP port, its files in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def run(self, *command):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._ready, 30, f"{command[0]} to be ready")
        return self

    def _ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)


class Prometheus(Service):
    def start(self, targets, rules=None, alertmanager=None):
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                  "scrape_configs": [{"job_name": "test", "static_configs": [{"targets": targets}]}]}
        if rules:
            (self.directory / "rules.yml").write_text(json.dumps(rules))
            config["rule_files"] = ["rules.yml"]
        if alertmanager:
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
        (self.directory / "prometheus.yml").write_text(json.dumps(config))
        return self.run(program("prometheus", "prometheus"), f"--config.file={self.directory}/prometheus.yml",
                        f"--storage.tsdb.path={self.directory}/data", f"--web.listen-address=127.0.0.1:{self.port}")

    def query(self, expression):
        with urllib.request.urlopen(f"{self.url}/api/v1/query?query={urllib.parse.quote(expression)}", timeout=5) as answer:
            return json.load(answer)["data"]["result"]


class Alertmanager(Service):
    def start(self, webhook):
        config = {"route": {"receiver": "klaw", "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"},
                  "receivers": [{"name": "klaw", "webhook_configs": [webhook]}]}
        (self.directory / "alertmanager.yml").write_text(json.dumps(config))
        path = program("prometheus-alertmanager", "prometheus-alertmanager")
        return self.run(*with_shared_files(
            "prometheus-alertmanager", path, f"--config.file={self.directory}/alertmanager.yml",
            f"--storage.path={self.directory}/data", f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address="))
