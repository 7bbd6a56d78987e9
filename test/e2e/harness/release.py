"""A release of the chart by real helm, and what its ServiceAccount did by the API server's own log."""
import json
import subprocess
from collections import defaultdict

from harness.paths import CLUSTER_BIN, CLUSTER_TOOLS, REPO

CHART = REPO / "chart"


def helm(cluster, *arguments, ok=True):
    subprocess.run([CLUSTER_TOOLS / "build", "helm"], stdin=subprocess.DEVNULL, check=True)
    done = subprocess.run([CLUSTER_BIN / "helm", "--kubeconfig", cluster.kubeconfig, *map(str, arguments)],
                          capture_output=True, text=True, timeout=180)
    if ok and done.returncode != 0:
        raise AssertionError(f"helm {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout if ok else done


def name_of(group, resource, subresource=""):
    """"apps/deployments", "pods/log": as people say it."""
    return (f"{group}/" if group else "") + resource + (f"/{subresource}" if subresource else "")


class Release:
    def __init__(self, cluster, namespace, name="klaw"):
        self.cluster, self.namespace, self.name = cluster, namespace.name, name
        self.role = f"{self.namespace}-{name}"
        self.user = f"system:serviceaccount:{self.namespace}:{name}"

    def install(self, *options):
        return helm(self.cluster, "install", self.name, CHART, "-n", self.namespace, *options)

    def upgrade(self, *options):
        return helm(self.cluster, "upgrade", self.name, CHART, "-n", self.namespace, *options)

    def uninstall(self, *options):
        return helm(self.cluster, "uninstall", self.name, "-n", self.namespace, *options)

    def kubeconfig(self, path):
        """Of exactly its ServiceAccount."""
        token = self.cluster.kubectl("-n", self.namespace, "create", "token", self.name, "--duration=1h").strip()
        config = json.loads(self.cluster.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
        config["users"] = [{"name": "klaw", "user": {"token": token}}]
        for context in config["contexts"]:
            context["context"]["user"] = "klaw"
        path.write_text(json.dumps(config))
        return path

    def granted(self):
        """{("apps/deployments", "get"), …}: what its ClusterRole has."""
        rules = self.cluster.get("clusterrole", self.role)["rules"]
        return {(name_of(group, resource), verb) for rule in rules for group in rule["apiGroups"]
                for resource in rule["resources"] for verb in rule["verbs"]}

    def requests(self, namespace=None):
        """What its ServiceAccount asked the API server for, there alone if that is said, by the server's decision:
        {"allow": {…}, "forbid": {…}}."""
        asked = defaultdict(set)
        for line in (self.cluster.directory / "logs" / "audit.log").read_text().splitlines():
            if f'"{self.user}"' not in line or not line.endswith("}"):
                continue
            event = json.loads(line)
            place = event.get("objectRef")
            if event["user"]["username"] != self.user or not place or "resource" not in place:
                continue
            if namespace and place.get("namespace") != namespace:
                continue
            what = name_of(place.get("apiGroup", ""), place["resource"], place.get("subresource", ""))
            asked[event["annotations"]["authorization.k8s.io/decision"]].add((what, event["verb"]))
        return asked
