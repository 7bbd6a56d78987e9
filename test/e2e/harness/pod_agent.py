"""What the kubelet would make of a Pod of the chart: the same arguments, files and environment, in a directory of its own. The test cluster's
kubelets run nothing."""
import base64
import os
import re

from harness.agent import Agent
from harness.ports import free_port

ARGUMENTS = ["agent", "--config", "/etc/klaw/klaw.yaml"]


class PodAgent(Agent):
    """`claims`: the directory in which claims are, which outlive Pods. `kubeconfig` stands in for the mounted ServiceAccount."""

    def __init__(self, directory, release, pod, kubeconfig, claims):
        self.pod = pod["metadata"]["name"]
        self.directory = directory / self.pod
        self.directory.mkdir(parents=True)
        self.port = free_port()
        self.log = self.directory / "agent.log"
        self.process = None
        spec, container = pod["spec"], pod["spec"]["containers"][0]
        assert container["args"] == ARGUMENTS, container["args"]
        self.environment = {**os.environ, "KUBECONFIG": str(kubeconfig), **self._variables(pod, container)}
        volumes = {volume["name"]: self._directory_of(volume, release, claims) for volume in spec["volumes"]}
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"] if mount["name"] in volumes}
        self.config = {"data": str(mounts["/var/lib/klaw"])}
        self.config_file = mounts["/etc/klaw"] / "klaw.yaml"
        paths = re.compile("|".join(sorted(map(re.escape, mounts), key=len, reverse=True)))
        self.write_config(paths.sub(lambda found: str(mounts[found[0]]), self.config_file.read_text()).replace(":8917", f":{self.port}"))

    def _variables(self, pod, container):
        """Each Pod has an address of its own; here it has a port of its own."""
        fields = {"metadata.name": pod["metadata"]["name"], "status.podIP": "127.0.0.1"}
        values = {}
        for each in container.get("env", []):
            source = each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            text = fields[source] if source else each["value"]
            text = re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], text)
            values[each["name"]] = text.replace(":8917", f":{self.port}")
        return values

    def _directory_of(self, volume, release, claims):
        if "persistentVolumeClaim" in volume:
            directory = claims / volume["persistentVolumeClaim"]["claimName"]
        else:
            directory = self.directory / volume["name"]
        directory.mkdir(parents=True, exist_ok=True)
        for kind, name in self._sources(volume):
            content = release.cluster.get(kind, name, "-n", release.namespace)["data"]
            for key, value in content.items():
                (directory / key).write_bytes(base64.b64decode(value) if kind == "secret" else value.encode())
        return directory

    @staticmethod
    def _sources(volume):
        if "configMap" in volume:
            yield "configmap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "secret", volume["secret"]["secretName"]
        for source in volume.get("projected", {}).get("sources", []):
            if "secret" in source:  # else of the token, which the kubeconfig has
                yield "secret", source["secret"]["name"]
