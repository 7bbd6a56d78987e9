"""Cluster API with its in-memory provider of infrastructure, on a test cluster: the real controllers as four processes on
the loopback. The clusters they make have API servers that keep objects in memory, and no kubelets."""
import base64
import json
import os
import shutil
import signal
import subprocess
import urllib.request

from harness.paths import CLUSTER_BIN, CLUSTER_TOOLS
from harness.ports import free_port
from harness.waiting import eventually

CORE, PROVIDER = "capi-manifests", "capi-in-memory-manifests/infrastructure/inmemory"
# program → where its manifests are, the version that the label of its CRDs names, and its own options
CONTROLLERS = {
    "capi-core": (CORE, "v1beta1", ["--insecure-diagnostics", "--diagnostics-address", "127.0.0.1:0", "--feature-gates", "ClusterTopology=true"]),
    "capi-bootstrap": (f"{CORE}/bootstrap/kubeadm", "v1beta1", ["--insecure-diagnostics", "--diagnostics-address", "127.0.0.1:0"]),
    "capi-control-plane": (f"{CORE}/controlplane/kubeadm", "v1beta1", ["--insecure-diagnostics", "--diagnostics-address", "127.0.0.1:0", "--feature-gates", "ClusterTopology=true"]),
    "capi-in-memory": (PROVIDER, "v1alpha1", ["--insecure-diagnostics", "--diagnostics-address", "127.0.0.1:0", "--feature-gates", "ClusterTopology=true"]),
}


class ClusterApi:
    """`with ClusterApi(cluster, directory)`: installed and running; at the end the processes are gone, and with the
    definitions everything they made."""

    def __init__(self, cluster, directory):
        self.cluster, self.directory, self._processes = cluster, directory, {}

    def __enter__(self):
        subprocess.run([CLUSTER_TOOLS / "build", *CONTROLLERS], check=True, stdin=subprocess.DEVNULL, timeout=1800)
        self.directory.mkdir(parents=True, exist_ok=True)
        for name in ("server.crt", "server.key"):
            shutil.copy(self.cluster.pki / name, self.directory / name.replace("server", "tls"))
        self.cluster.kubectl("create", "namespace", "capi-system", check=False)
        for program, (manifests, version, _) in CONTROLLERS.items():
            self._define(CLUSTER_BIN / manifests / "config/crd/bases", version)
        self.cluster.kubectl("wait", "--for=condition=Established", "crd", "-l", "klaw.test/cluster-api", "--timeout=30s")
        for program, (manifests, _, options) in CONTROLLERS.items():
            port, health = free_port(), free_port()
            self._hooks(program, CLUSTER_BIN / manifests / "config/webhook/manifests.yaml", port)
            self._launch(program, ["--webhook-port", str(port), "--webhook-cert-dir", str(self.directory),
                                   "--health-addr", f"127.0.0.1:{health}", *options])
            eventually(lambda: self._healthy(program, health), 60, f"{program} to be healthy")
        return self

    def __exit__(self, *_):
        self.cluster.kubectl("delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "-l", "klaw.test/cluster-api", check=False)
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _objects(self, path):
        """Those of a file of YAML, as kubectl reads them."""
        text, decoder, found = self.cluster.kubectl("create", "--dry-run=client", "-o", "json", "-f", path), json.JSONDecoder(), []
        while text := text.lstrip():
            one, end = decoder.raw_decode(text)
            found.append(one)
            text = text[end:]
        return found

    def _define(self, folder, version):
        objects = [each for path in sorted(folder.glob("*.yaml")) for each in self._objects(path)]
        for definition in objects:
            definition["metadata"].setdefault("labels", {}).update(
                {"klaw.test/cluster-api": "yes", "cluster.x-k8s.io/v1beta1": version})
        self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", manifest=objects)

    def _hooks(self, program, path, port):
        """As in a cluster, but called by address: there is no network of services here."""
        configurations = self._objects(path)
        authority = base64.b64encode((self.cluster.pki / "ca.crt").read_bytes()).decode()
        for each in configurations:
            each["metadata"] = {"name": f"{program}-{each['kind'].lower().removesuffix('webhookconfiguration')}",
                                "labels": {"klaw.test/cluster-api": "yes"}}
            for hook in each["webhooks"]:
                hook["clientConfig"] = {"url": f"https://127.0.0.1:{port}{hook['clientConfig']['service']['path']}", "caBundle": authority}
        self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", manifest=configurations)

    def _launch(self, program, options):
        log = open(self.directory / f"{program}.log", "ab")
        environment = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig), "POD_IP": "127.0.0.1",
                       "POD_NAMESPACE": "capi-system", "POD_NAME": program, "POD_UID": program}
        self._processes[program] = subprocess.Popen([CLUSTER_BIN / program, *options], stdin=subprocess.DEVNULL, stdout=log,
                                                    stderr=log, env=environment)

    def _healthy(self, program, port):
        process = self._processes[program]
        if process.poll() is not None:
            raise RuntimeError(f"{program} has ended: {(self.directory / f'{program}.log').read_text()[-2000:]}")
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).status == 200
        except OSError:
            return False

    def freeze(self, program, frozen=True):
        self._processes[program].send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def quick_start(self, namespace):
        """The class that the provider brings along, with machines that are up at once."""
        path = CLUSTER_BIN / PROVIDER / "templates/clusterclass-in-memory-quick-start.yaml"
        objects = self._objects(path)
        for each in objects:
            each["metadata"]["namespace"] = namespace
            if each["kind"] == "InMemoryMachineTemplate":
                for part in each["spec"]["template"]["spec"]["behaviour"].values():
                    part["provisioning"].update(startupDuration="1s", startupJitter="0")
        self.cluster.kubectl("apply", "--server-side", "-f", "-", manifest=objects)
        return "in-memory-quick-start"

    def template(self, namespace, name="plain"):
        """A ConfigMap with what a cluster without a class is made of, as `clusterctl generate cluster` takes it."""
        def of(group, kind, suffix, spec):
            return {"apiVersion": group, "kind": kind, "metadata": {"name": "${CLUSTER_NAME}" + suffix, "namespace": "${NAMESPACE}"}, "spec": spec}
        core, infrastructure = "cluster.x-k8s.io/v1beta1", "infrastructure.cluster.x-k8s.io/v1alpha1"
        plane, bootstrap = "controlplane.cluster.x-k8s.io/v1beta1", "bootstrap.cluster.x-k8s.io/v1beta1"
        soon = {"provisioning": {"startupDuration": "1s", "startupJitter": "0"}}
        machine = {"template": {"spec": {"behaviour": {part: soon for part in ("vm", "node", "apiServer", "etcd")}}}}
        names = {"criSocket": "unix:///var/run/containerd/containerd.sock"}
        objects = [
            of(core, "Cluster", "", {
                "clusterNetwork": {"services": {"cidrBlocks": ["${SERVICES:=10.128.0.0/12}"]}, "pods": {"cidrBlocks": ["192.168.0.0/16"]}},
                "controlPlaneRef": {"apiVersion": plane, "kind": "KubeadmControlPlane", "name": "${CLUSTER_NAME}-plane"},
                "infrastructureRef": {"apiVersion": infrastructure, "kind": "InMemoryCluster", "name": "${CLUSTER_NAME}"}}),
            of(infrastructure, "InMemoryCluster", "", {}),
            of(infrastructure, "InMemoryMachineTemplate", "-plane", machine),
            of(infrastructure, "InMemoryMachineTemplate", "-md-0", machine),
            of(plane, "KubeadmControlPlane", "-plane", {
                "replicas": "COUNT", "version": "${KUBERNETES_VERSION}",
                "kubeadmConfigSpec": {"clusterConfiguration": {"apiServer": {"certSANs": ["localhost", "127.0.0.1"]}},
                                      "initConfiguration": {"nodeRegistration": names}, "joinConfiguration": {"nodeRegistration": names}},
                "machineTemplate": {"infrastructureRef": {"apiVersion": infrastructure, "kind": "InMemoryMachineTemplate", "name": "${CLUSTER_NAME}-plane"}}}),
            of(bootstrap, "KubeadmConfigTemplate", "-md-0", {"template": {"spec": {"joinConfiguration": {"nodeRegistration": names}}}}),
            of(core, "MachineDeployment", "-md-0", {
                "clusterName": "${CLUSTER_NAME}", "replicas": "WORKERS", "selector": {"matchLabels": {}},
                "template": {"spec": {"clusterName": "${CLUSTER_NAME}", "version": "${KUBERNETES_VERSION}",
                                      "bootstrap": {"configRef": {"apiVersion": bootstrap, "kind": "KubeadmConfigTemplate", "name": "${CLUSTER_NAME}-md-0"}},
                                      "infrastructureRef": {"apiVersion": infrastructure, "kind": "InMemoryMachineTemplate", "name": "${CLUSTER_NAME}-md-0"}}}})]
        objects[1]["metadata"]["annotations"] = {"klaw.test/made": "by a template"}  # its controller takes it that there are some
        text = "\n---\n".join(json.dumps(each) for each in objects)
        text = text.replace('"COUNT"', "${CONTROL_PLANE_MACHINE_COUNT}").replace('"WORKERS"', "${WORKER_MACHINE_COUNT}")
        self.cluster.kubectl("create", "-f", "-", manifest=[{
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"cluster-template.yaml": text}}])
