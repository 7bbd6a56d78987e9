"""A namespace with something of every kind in it, and what somebody wanted of it: what a restore has to bring back."""
import json

from harness.waiting import eventually


def definition(group):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"widgets.{group}"},
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                     "versions": [{"name": "v1", "served": True, "storage": True,
                                   "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def contents(ns, group):
    """Objects of 19 kinds, apart from the namespace and the definition."""
    def of(version, kind, name, **rest):
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": ns, **rest.pop("metadata", {})}, **rest}
    pod = {"metadata": {"labels": {"app": "web"}},
           "spec": {"containers": [{"name": "web", "image": "shop/web:1.0", "resources": {"requests": {"cpu": "1m"}}}]}}
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": pod["spec"]["containers"]}}}
    selector = {"matchLabels": {"app": "web"}}
    return [
        of("v1", "ServiceAccount", "robot", metadata={"annotations": {"team": "shop"}}),
        of("v1", "Secret", "password", type="Opaque", data={"value": "aHVzaC1odXNoLTQy"}),
        of("v1", "ConfigMap", "settings", data={"level": "debug", "text": "zwei\nZeilen ä 中文 \"quoted\""}),
        of("v1", "LimitRange", "limits", spec={"limits": [{"type": "Container", "max": {"cpu": "4"}}]}),
        of("v1", "ResourceQuota", "quota", spec={"hard": {"count/configmaps": "5000"}}),
        of("v1", "PersistentVolumeClaim", "data", spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}),
        of("v1", "Service", "web", spec={"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80}]}),
        of("v1", "Service", "headless", spec={"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}]}),
        of("rbac.authorization.k8s.io/v1", "Role", "reader", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        of("rbac.authorization.k8s.io/v1", "RoleBinding", "readers",
           roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
           subjects=[{"kind": "ServiceAccount", "name": "robot", "namespace": ns}]),
        of("apps/v1", "Deployment", "web", spec={"replicas": 2, "selector": selector, "template": pod}),
        of("apps/v1", "StatefulSet", "store", spec={"serviceName": "headless", "selector": selector, "template": pod}),
        of("apps/v1", "DaemonSet", "agent", spec={"selector": selector, "template": pod}),
        of("batch/v1", "Job", "once", spec={**job, "suspend": True}),
        of("batch/v1", "CronJob", "nightly", spec={"schedule": "0 2 * * *", "suspend": True, "jobTemplate": {"spec": job}}),
        of("autoscaling/v2", "HorizontalPodAutoscaler", "web",
           spec={"maxReplicas": 4, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}),
        of("networking.k8s.io/v1", "Ingress", "web", spec={"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}),
        of("networking.k8s.io/v1", "NetworkPolicy", "closed", spec={"podSelector": {}}),
        of("policy/v1", "PodDisruptionBudget", "web", spec={"minAvailable": 1, "selector": selector}),
        of(f"{group}/v1", "Widget", "gadget", spec={"size": 3, "ratio": 0.5, "deep": {"list": [1, "two", None]}}),
    ]


KINDS = ("serviceaccounts,secrets,configmaps,limitranges,resourcequotas,persistentvolumeclaims,services,"
         "roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io,deployments.apps,statefulsets.apps,"
         "daemonsets.apps,jobs.batch,cronjobs.batch,horizontalpodautoscalers.autoscaling,ingresses.networking.k8s.io,"
         "networkpolicies.networking.k8s.io,poddisruptionbudgets.policy")


def wanted(item):
    """What somebody wanted of an object: the rest the server sets. Written anew here, so that it judges the program's own."""
    metadata = item["metadata"]
    for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"):
        metadata.pop(field, None)
    owners = metadata.get("ownerReferences", [])
    for owner in owners:
        owner.pop("uid")
    annotations = metadata.get("annotations", {})
    for field in ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"):
        annotations.pop(field, None)
    if not annotations:
        metadata.pop("annotations", None)
    item.pop("status", None)
    spec = item.get("spec", {})
    if item["kind"] == "Service":
        if spec.get("clusterIP") != "None":
            spec.pop("clusterIP", None), spec.pop("clusterIPs", None)
        for port in spec.get("ports", []):
            port.pop("nodePort", None)
    if item["kind"] == "Job":
        spec.pop("selector", None)
        for labels in (metadata.get("labels", {}), spec["template"]["metadata"].get("labels", {})):
            for field in ("controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"):
                labels.pop(field, None)
        if not metadata.get("labels", True):
            metadata.pop("labels")
    if item["kind"] == "Job" and not spec["template"]["metadata"].get("labels", True):
        spec["template"]["metadata"].pop("labels")
    return item


def snapshot(cluster, ns, group):
    """kind/name → what is wanted of it, of every object that is in a namespace for good."""
    items = cluster.get("-n", ns, f"{KINDS},widgets.{group}")["items"]
    found = {f"{item['kind']}/{item['metadata']['name']}": wanted(item) for item in items}
    found.pop("ConfigMap/kube-root-ca.crt", None)
    return found


def moved(objects, source, target):
    return json.loads(json.dumps(objects).replace(f'"namespace": "{source}"', f'"namespace": "{target}"'))


class FilledNamespaces:
    """For tests with `group`, that of a definition of their own."""

    def filled(self, prefix="shop", cluster=None):
        """A namespace with something of every kind, settled."""
        cluster = cluster or self.cluster
        cluster.kubectl("create", "-f", "-", manifest=[definition(self.group)])
        self.addCleanup(cluster.kubectl, "delete", "crd", f"widgets.{self.group}", "--wait=false", "--ignore-not-found", check=False)
        cluster.kubectl("wait", "--for=condition=Established", f"crd/widgets.{self.group}", "--timeout=30s")
        namespace = self.namespace(prefix, cluster)
        cluster.kubectl("label", "namespace", namespace.name, "team=shop")
        eventually(lambda: cluster.kubectl("-n", namespace.name, "create", "-f", "-", manifest=contents(namespace.name, self.group)) or True,
                   30, "the objects to be created")
        gadget = cluster.get("-n", namespace.name, f"widgets.{self.group}", "gadget")["metadata"]["uid"]
        cluster.kubectl("-n", namespace.name, "create", "-f", "-", manifest=[{
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"of": "gadget"},
            "metadata": {"name": "owned", "namespace": namespace.name,
                         "ownerReferences": [{"apiVersion": f"{self.group}/v1", "kind": "Widget", "name": "gadget", "uid": gadget}]}}])
        eventually(lambda: cluster.get("-n", namespace.name, "deployment", "web")["metadata"].get("annotations"), 30, "the controllers")
        return namespace
