"""Test clusters, through the scripts of test/cluster."""
import json
import os
import signal
import subprocess
import threading
from pathlib import Path

from harness.paths import CLUSTER_BIN, CLUSTER_TOOLS, WORK
from harness.waiting import eventually


class Cluster:
    def __init__(self, directory, name="klaw-test", port=16440):
        self.directory, self.name, self.port = Path(directory), name, port

    @property
    def kubeconfig(self):
        return self.directory / "kubeconfig"

    @property
    def pki(self):
        return self.directory / "pki"

    def _tool(self, tool, *arguments, timeout=300):
        # The log takes the output: a pipe would stay open as long as the components live.
        log = self.directory.with_suffix(".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab+") as output:
            start = output.seek(0, os.SEEK_END)
            done = subprocess.run([CLUSTER_TOOLS / tool, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=output, timeout=timeout)
            if done.returncode != 0:
                output.seek(start)
                text = output.read().decode(errors="replace")
                raise RuntimeError(f"test/cluster/{tool} {' '.join(map(str, arguments))}: {text[-2000:]}")

    def up(self, *options):
        self._tool("up", "--dir", self.directory, "--name", self.name, "--port-base", self.port, *options, timeout=1800)
        return self

    def down(self):
        self._tool("down", "--dir", self.directory)

    def start(self, component):
        self._tool("start", self.directory, component)

    def stop(self, component, with_signal="TERM"):
        self._tool("stop", self.directory, component, with_signal)

    def restart(self, component, with_signal="KILL"):
        self._tool("restart", self.directory, component, with_signal)

    def restart_api_server(self):
        """Its clients back off for up to half a minute after a few restarts. Those that tests wait for must not."""
        self.restart("apiserver")
        self.restart("controller-manager")
        self.restart("scheduler")

    def compact(self):
        self._tool("compact", self.directory)

    def freeze(self, component, frozen=True):
        pid = int((self.directory / "pids" / component).read_text())
        os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def kubectl(self, *arguments, manifest=None, check=True):
        """Its output. `manifest` (objects) goes to its standard input as a List."""
        text = None
        if manifest is not None:
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifest})
        done = subprocess.run([CLUSTER_BIN / "kubectl", "--kubeconfig", self.kubeconfig, *map(str, arguments)],
                              input=text, capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr[-2000:]}")
        return done.stdout

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def namespace(self, name):
        return Namespace(self, name)


class Namespace:
    """Gone at the end of the test that made it, with everything in it. Its removal is not waited for."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        cluster.kubectl("create", "namespace", name)
        eventually(lambda: cluster.kubectl("-n", name, "get", "serviceaccount", "default", check=False),
                   what=f"the service account of {name}")

    def trouble(self, verb, *arguments, wait=True):
        options = [] if wait else ["--no-wait"]
        self.cluster._tool("trouble", "--dir", self.cluster.directory, "--namespace", self.name, *options, verb, *arguments)

    def remove(self):
        self.cluster.kubectl("delete", "namespace", self.name, "--wait=false", check=False)

    def clear(self):
        self.cluster._tool("trouble", "--dir", self.cluster.directory, "--namespace", self.name, "clear")

    def pod(self, name, image="shop/cart:1.0", cpu="10m", node_selector=None):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": self.name},
                "spec": {"terminationGracePeriodSeconds": 0, "nodeSelector": node_selector or {},
                         "containers": [{"name": "server", "image": image, "resources": {"requests": {"cpu": cpu}}}]}}

    def create(self, *objects):
        self.cluster.kubectl("create", "-f", "-", manifest=list(objects))

    def unschedulable_pods(self, *names):
        self.create(*[self.pod(name, cpu="1000") for name in names])

    def delete_pods(self, *names):
        self.cluster.kubectl("-n", self.name, "delete", "pod", "--grace-period=0", "--force", *names)


_others = {}
_others_lock = threading.Lock()


def shared():
    """The cluster that test/e2e/run started for all tests."""
    return Cluster(os.environ["KLAW_E2E_CLUSTER"], port=int(os.environ["KLAW_E2E_PORT"]))


def other(name, place, *options, bare=True):
    """Bare (no kubelets), started by the first test that needs it; test/e2e/run ends it."""
    with _others_lock:
        if name not in _others:
            cluster = Cluster(WORK / name, name, int(os.environ["KLAW_E2E_PORT"]) + place)
            _others[name] = cluster.up(*(["--without", "kwok"] if bare else []), *options)
        return _others[name]


def second():
    """Two versions of Kubernetes older than the shared one."""
    return other("second", 20, "--emulate", "1.34")


def third():
    """Three versions older; its scheduler and controller-manager lead by Leases."""
    return other("third", 40, "--emulate", "1.33", "--leaders", "yes")


def audited():
    """Its API server writes down who sent what, and as whom."""
    return other("audited", 10, "--audit", "yes")


def installed():
    """For releases of the chart: with kubelets and metrics, and its API server writes down who sent what."""
    return other("chart", 30, "--audit", "yes", "--nodes", "2", bare=False)


def end_others():
    for cluster in _others.values():
        cluster.down()
