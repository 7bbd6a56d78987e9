"""Verbs beyond those of test_changes.py: drain, revisions, taints, resources, apply, create, delete."""
import json
import threading
import uuid

from harness.agent import run_klaw
from harness.platform import Feishu
from harness.waiting import eventually
from test_changes import ChangeTest

PEOPLE = [{"name": "Ada", "feishu": "ou_ada", "role": "admin"}, {"name": "李雷", "feishu": "ou_li", "role": "operator"}]


class VerbTest(ChangeTest):
    def setUp(self):
        super().setUp()
        self.running = self.agent(defaults=False).start()
        self.place = self.namespace("verb")

    def rows(self, agent=None):
        listed = run_klaw("audit", "list", "--data", (agent or self.running).data, "--limit", 1000, "--output", "json").stdout
        return [(row["action"], row["decision"], row["target"].split("/", 1)[1]) for row in
                sorted(map(json.loads, listed.splitlines()), key=lambda row: row["seq"]) if "/" in row["target"]]

    def kubectl(self, *arguments, **more):
        return self.cluster.kubectl("-n", self.place.name, *arguments, **more)


class NodeTest(VerbTest):
    """With a node of its own, and a Deployment on it whose budget lets one Pod go."""

    def setUp(self):
        super().setUp()
        self.node = f"drain-{uuid.uuid4().hex[:6]}"
        known = self.cluster.get("node", "node-1")
        labels = {**known["metadata"]["labels"], "kubernetes.io/hostname": self.node}
        self.addCleanup(self.cluster.kubectl, "delete", "node", self.node, "--wait=false", check=False)
        self.cluster.kubectl("create", "-f", "-", manifest=[{
            "apiVersion": "v1", "kind": "Node", "status": {key: known["status"][key] for key in ("allocatable", "capacity", "nodeInfo")},
            "metadata": {"name": self.node, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}}])
        eventually(self.is_ready, 60, "the node")

    def is_ready(self):
        conditions = self.cluster.get("node", self.node)["status"].get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def settled(self, name, selector=None):
        labels = {"app": name}
        pod = self.place.pod("x", node_selector={"kubernetes.io/hostname": self.node})["spec"]
        self.place.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": self.place.name},
                           "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                                    "template": {"metadata": {"labels": labels}, "spec": pod}}})
        self.rolled_out(self.place, name)

    def budget(self, name):
        self.place.create({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": self.place.name},
                           "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}}})
        eventually(lambda: self.cluster.get("pdb", name, "-n", self.place.name).get("status", {}).get("disruptionsAllowed") == 1,
                   30, "the budget")

    def on_node(self):
        pods = self.cluster.get("pods", "-n", self.place.name, "--field-selector", f"spec.nodeName={self.node}")["items"]
        return {pod["metadata"]["name"] for pod in pods}

    def is_cordoned(self):
        return self.cluster.get("node", self.node)["spec"].get("unschedulable", False)


class DrainTest(NodeTest):
    def test_budget_blocks_until_it_is_relaxed_and_the_card_follows(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        agent = self.agent(defaults=False, name="chat", language="en", apps=[feishu.app()], access=PEOPLE).start()
        feishu.await_connection()
        self.settled("web")
        self.budget("web")
        self.assertIn("has no role that allows", feishu.ask(f"drain {self.node}", sender="ou_li"))
        feishu.write(f"drain {self.node}", sender="ou_ada")
        preview = feishu.await_reply("2 Pods are evicted", also="lets 1 of its 2 Pods here go now")
        self.assertFalse(self.is_cordoned())
        feishu.press(preview["id"], "Confirm", operator="ou_ada")
        waiting = feishu.await_reply("1 of 2 Pods evicted", also="waits for the disruption budget", seconds=60)
        self.assertEqual(waiting["id"], preview["id"])
        self.assertTrue(self.is_cordoned())
        self.assertEqual(len(self.on_node()), 1)
        self.kubectl("delete", "pdb", "web")
        done = feishu.await_reply("✅", also="2 of 2 Pods evicted", seconds=60)
        self.assertEqual(done["id"], preview["id"])
        self.assertEqual(self.on_node(), set())
        feishu.press(done["id"], "Undo", operator="ou_ada")
        undoing = feishu.await_reply("This would uncordon", also="Confirm")
        feishu.press(undoing["id"], "Confirm", operator="ou_ada")
        eventually(lambda: not self.is_cordoned(), 20, "the node open again")
        rows = self.rows(agent)
        self.assertIn(("drain", "completed", f"Node/{self.node}"), rows)
        self.assertEqual(len([row for row in rows if row[:2] == ("drain", "done") and "/Pod/" in row[2]]), 2)
        self.assert_log_holds(agent)

    def test_daemon_sets_and_finished_pods_stay_and_lonely_ones_are_refused(self):
        self.settled("web")
        labels = {"app": "log"}
        self.place.create(
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "log", "namespace": self.place.name},
             "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": self.place.pod("x", node_selector={"kubernetes.io/hostname": self.node})["spec"]}}},
            self.place.pod("lonely", node_selector={"kubernetes.io/hostname": self.node}))
        eventually(lambda: len(self.on_node()) == 4, 60, "the Pods on the node")
        self.assertIn(f"declare no controller: {self.place.name}/lonely", self.do(f"drain {self.node}", ok=False))
        preview, done = self.confirmed(f"drain {self.node} --force")
        self.assertIn("stay: 1 of DaemonSets", preview)
        self.assertIn("✅ 3 of 3 Pods evicted", done)
        self.assertTrue(all(name.startswith("log-") for name in self.on_node()))
        self.assertIn("is drained already", self.do(f"drain {self.node}", ok=False))

    def test_killed_in_the_middle_it_is_found_out_and_said(self):
        """A11."""
        self.settled("web")
        self.budget("web")
        command = self.do(f"drain {self.node}").split("To do it: ")[1].strip()
        asking = threading.Thread(target=self.running.do, args=(command,))
        asking.start()
        eventually(lambda: len(self.on_node()) == 1, 30, "the first eviction")
        left = self.on_node()
        self.running.kill()
        asking.join()
        self.kubectl("delete", "pdb", "web")
        self.running.start()
        eventually(lambda: ("drain", "failed", f"Node/{self.node}") in self.rows(), 60, "the outcome")
        self.assertEqual(self.on_node(), left)
        self.assertTrue(self.is_cordoned())
        _, done = self.confirmed(f"drain {self.node}")
        self.assertIn("✅ 1 of 1 Pods evicted", done)
        self.assert_log_holds(self.running)

    def test_stuck_at_the_deadline_with_the_reason(self):
        self.settled("web")
        self.budget("web")
        command = self.do(f"drain {self.node} --timeout 5s").split("To do it: ")[1].strip()
        said = self.do(command, ok=False)
        self.assertIn("1 of 2 Pods evicted", said)
        self.assertIn(f"waits for the disruption budget {self.place.name}/web", said)
        self.assertIn("the node stays cordoned", said)

    def test_taints_are_set_and_taken_away(self):
        taints = lambda: [(t["key"], t.get("value"), t["effect"]) for t in self.cluster.get("node", self.node)["spec"].get("taints", [])]
        eventually(lambda: not taints(), 30, "the end of what a new node is tainted with")
        preview, _ = self.confirmed(f"taint {self.node} dedicated=gpu:NoSchedule")
        self.assertIn("spec.taints", preview)
        self.assertIn(("dedicated", "gpu", "NoSchedule"), taints())
        self.assertIn("add --overwrite", self.do(f"taint {self.node} dedicated=cpu:NoSchedule", ok=False))
        self.confirmed(f"taint {self.node} dedicated-")
        self.assertNotIn("dedicated", [taint[0] for taint in taints()])


class RevisionTest(VerbTest):
    def twins(self, kind, change_cause=False):
        """The same object with the same three revisions in two namespaces: one for Klaw, one for kubectl."""
        labels = {"app": "web"}
        own = {"Deployment": {"replicas": 1}, "StatefulSet": {"replicas": 1, "serviceName": "web"}, "DaemonSet": {}}[kind]
        places = [self.namespace("ours"), self.namespace("theirs")]
        for place in places:
            for image in ("shop/web:1", "shop/web:2", "shop/web:3"):
                annotations = {"kubernetes.io/change-cause": image} if change_cause else {}
                self.cluster.kubectl("apply", "-f", "-", manifest=[{
                    "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web", "namespace": place.name, "annotations": annotations},
                    "spec": {**own, "selector": {"matchLabels": labels}, "template": {
                        "metadata": {"labels": labels, "annotations": {"of": image}}, "spec": place.pod("x", image)["spec"]}}}])
                self.cluster.kubectl("-n", place.name, "rollout", "status", f"{kind.lower()}/web", "--timeout=90s")
        return places

    def compared(self, kind, place):
        found = self.cluster.get(kind.lower(), "web", "-n", place.name)
        annotations = {name: value for name, value in found["metadata"].get("annotations", {}).items() if "last-applied" not in name}
        return {"template": found["spec"]["template"], "annotations": annotations}

    def test_rollback_to_a_revision_leaves_what_kubectl_leaves(self):
        """A9, for each kind that has revisions."""
        for kind in ("Deployment", "StatefulSet", "DaemonSet"):
            with self.subTest(kind):
                ours, theirs = self.twins(kind, change_cause=True)
                preview, _ = self.confirmed(f"rollback {kind.lower()}/web 1 -n {ours.name}")
                self.assertIn("shop/web:3 → shop/web:1", preview)
                self.cluster.kubectl("-n", theirs.name, "rollout", "undo", f"{kind.lower()}/web", "--to-revision=1")
                for place in (ours, theirs):
                    self.cluster.kubectl("-n", place.name, "rollout", "status", f"{kind.lower()}/web", "--timeout=90s")
                self.assertEqual(self.compared(kind, ours), self.compared(kind, theirs))

    def test_history_and_status(self):
        ours, _ = self.twins("Deployment", change_cause=True)
        history = self.do(f"rollout history deploy/web -n {ours.name}")
        for part in ("shop/web:1", "shop/web:3", "To go back: rollback deployment/web", "kubectl"):
            self.assertIn(part, history)
        self.assertIn("the rollout is complete", self.do(f"rollout status deploy/web -n {ours.name}"))
        self.cluster.kubectl("-n", ours.name, "set", "image", "deployment/web", "server=trouble/image-pull:1")
        self.assertIn("it goes on", self.do(f"rollout status deploy/web -n {ours.name} --timeout 3s"))

    def test_status_is_followed_on_its_card_and_history_offers_revisions(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        self.agent(defaults=False, name="chat", language="en", apps=[feishu.app()], access=PEOPLE).start()
        feishu.await_connection()
        self.workload(self.place, replicas=1)
        self.kubectl("set", "image", "deployment/web", "server=trouble/image-pull:1")
        eventually(lambda: self.deployment(self.place)["status"].get("observedGeneration") == 2, 20, "the new revision")
        feishu.write(f"rollout status deploy/web -n {self.place.name}")
        moving = feishu.await_reply("⏳")
        self.kubectl("set", "image", "deployment/web", "server=shop/web:2.0")
        done = feishu.await_reply("✅", also="1/1 ready", seconds=90)
        self.assertEqual(done["id"], moving["id"])
        feishu.write(f"rollout history deploy/web -n {self.place.name}")
        history = feishu.await_reply("Roll back to 1")
        feishu.press(history["id"], "Roll back to 1")
        feishu.await_reply("This would roll Deployment", also="Confirm")


class ObjectTest(VerbTest):
    def test_resources_are_set_and_put_back(self):
        self.workload(self.place)
        ns = self.place.name
        preview, done = self.confirmed(f"set resources deploy/web --limits cpu=500m,memory=256Mi --requests cpu=50m -n {ns}")
        self.assertIn("resources.requests.cpu: 10m → 50m", preview)
        resources = lambda: self.deployment(self.place)["spec"]["template"]["spec"]["containers"][0]["resources"]
        self.assertEqual(resources(), {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "50m"}})
        self.confirmed(f"set resources deploy/web --container server --limits cpu=none,memory=none --requests cpu=10m -n {ns}")
        self.assertEqual(resources(), {"requests": {"cpu": "10m"}})
        self.assertIn("is no quantity", self.do(f"set resources deploy/web --limits cpu=much -n {ns}", ok=False))

    def test_config_maps_and_secrets_from_a_line(self):
        """A12: no value of a Secret anywhere."""
        ns = self.place.name
        self.confirmed(f"create configmap web LEVEL=info 'TEXT=two words' -n {ns}")
        self.confirmed(f"set data cm/web LEVEL=debug TEXT- NEW=1 -n {ns}")
        self.assertEqual(self.cluster.get("cm", "web", "-n", ns)["data"], {"LEVEL": "debug", "NEW": "1"})
        preview, done = self.confirmed(f"create secret db word=hunter2 -n {ns}")
        second, again = self.confirmed(f"set data secret/db word=hunter3 more=hunter4 -n {ns}")
        self.assertEqual(set(self.cluster.get("secret", "db", "-n", ns)["data"]), {"word", "more"})
        self.assertEqual(self.kubectl("get", "secret", "db", "-o", "jsonpath={.data.word}"), "aHVudGVyMw==")
        described, listed = self.do(f"describe secret db -n {ns}"), self.do(f"secret db -n {ns}")
        self.assertIn("word: 7 bytes, not shown", described)
        self.assertIn("creationTimestamp", described)
        self.assertRegex(listed, r"word +7")
        audit = run_klaw("audit", "list", "--data", self.running.data, "--limit", 1000, "--output", "json").stdout
        for text in (preview, done, second, again, described, listed, audit, self.running.log.read_text()):
            for value in ("hunter", "aHVudGVy"):
                self.assertNotIn(value, text)
        stored = b"".join(path.read_bytes() for path in self.running.data.glob("klaw.db*"))
        self.assertNotIn(b"hunter", stored)
        for kind in ("configmap/web", "secret/db"):
            self.confirmed(f"delete {kind} -n {ns}")
        self.assertNotIn("db", self.kubectl("get", "secrets,cm", "-o", "name"))

    def test_pods_and_namespaces_from_a_line(self):
        ns = self.place.name
        _, done = self.confirmed(f"create pod debug --image busybox:1.36 --env A=1 --env B=2 --command \"sleep 3600\" -n {ns}")
        pod = self.cluster.get("pod", "debug", "-n", ns)["spec"]["containers"][0]
        self.assertEqual((pod["command"], [each["value"] for each in pod["env"]]), (["sleep", "3600"], ["1", "2"]))
        self.confirmed(f"delete pod/debug -n {ns}")
        name = f"made-{uuid.uuid4().hex[:6]}"
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", name, "--wait=false", check=False)
        self.confirmed(f"create namespace {name}")
        self.cluster.kubectl("-n", name, "create", "configmap", "a")
        preview = self.do(f"delete namespace/{name}")
        self.assertIn("configmaps", preview.split("in it: ")[1])
        self.assertNotIn("To do it: delete", preview)
        self.assertIn(f"add --confirm {name}", self.do(f"delete namespace/{name} --yes", ok=False))
        self.confirmed(f"delete namespace/{name} --confirm {name}")
        self.assertIn(self.cluster.kubectl("get", "namespace", name, "-o", "jsonpath={.status.phase}", check=False), ("Terminating", ""))
        self.assertIn("is of the cluster itself", self.do("delete namespace/kube-system --confirm kube-system --yes", ok=False))

    def test_each_kind_can_be_deleted_once_and_only_the_one_that_was_shown(self):
        ns = self.place.name
        self.workload(self.place)
        self.kubectl("expose", "deployment", "web", "--port=80")
        self.kubectl("create", "ingress", "web", "--rule=shop.example/*=web:80")
        self.kubectl("autoscale", "deployment", "web", "--max=3", "--cpu=80%")
        self.kubectl("create", "cronjob", "backup", "--image=shop/web:1.0", "--schedule=0 3 1 1 *")
        self.kubectl("create", "job", "once", "--image=shop/web:1.0")
        self.place.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk", "namespace": ns},
                           "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
        self.assertIn("web", self.do(f"endpointslices -n {ns}"))
        for words in ("svc/web", "ingress web", "hpa/web", "cronjob/backup", "job/once", "pvc/disk"):
            self.confirmed(f"delete {words} -n {ns}")
        preview = self.do(f"delete deploy/web -n {ns}")
        self.assertIn("its 2 Pods go with it", preview)
        command = preview.split("To do it: ")[1].strip()
        self.kubectl("delete", "deployment", "web", "--wait=true")
        self.workload(self.place)
        self.assertIn("another one now", self.do(command, ok=False))
        self.assertEqual(self.deployment(self.place)["spec"]["replicas"], 2)


class ApplyTest(VerbTest):
    def map(self, name, **data):
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})

    def data(self, name):
        return self.cluster.get("cm", name, "-n", self.place.name)["data"]

    def test_conflict_names_the_manager_and_can_be_forced(self):
        ns = self.place.name
        self.cluster.kubectl("apply", "--server-side", "--field-manager=helm", "-n", ns, "-f", "-",
                             manifest=[{**json.loads(self.map("web", LEVEL="info")), "metadata": {"name": "web", "namespace": ns}}])
        refused = self.do(f"apply -n {ns}\n{self.map('web', LEVEL='debug')}", ok=False)
        self.assertIn('conflict with "helm": .data.LEVEL', refused)
        self.assertIn("--force-conflicts takes those fields over", refused)
        self.assertEqual(self.data("web"), {"LEVEL": "info"})
        preview, _ = self.confirmed(f"apply -n {ns} --force-conflicts\n{self.map('web', LEVEL='debug')}")
        self.assertIn("data.LEVEL: info → debug", preview)
        self.assertEqual(self.data("web"), {"LEVEL": "debug"})
        managers = {entry["manager"]: entry["operation"] for entry in
                    self.cluster.get("cm", "web", "-n", ns, "--show-managed-fields")["metadata"]["managedFields"]}
        self.assertEqual(managers["klaw"], "Apply")

    def test_several_objects_with_their_namespace(self):
        name = f"applied-{uuid.uuid4().hex[:6]}"
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", name, "--wait=false", check=False)
        text = f"""apply
```yaml
apiVersion: v1
kind: Namespace
metadata: {{name: {name}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: web, namespace: {name}}}
data: {{LEVEL: debug}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: {name}}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
        - name: app
          image: shop/web:1.0
          resources: {{requests: {{cpu: 0.5}}}}
```"""
        preview, done = self.confirmed(text)
        self.assertIn("it can be tried only when its namespace is there", preview)
        for title in (f"Namespace {name}", f"ConfigMap {name}/web", f"Deployment {name}/web"):
            self.assertIn(f"✅ {title}", done)
        self.assertEqual(self.cluster.get("deployment", "web", "-n", name)["spec"]["replicas"], 0)
        again, _ = self.confirmed(text)
        self.assertIn("it stays as it is", again)

    def test_what_one_object_lacks_is_said_and_nothing_is_applied_while_it_is_tried(self):
        ns = self.place.name
        refused = self.do(f"apply -n {ns}\n{self.map('good', A='b')}\n---\n"
                          '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": []}}', ok=False)
        self.assertIn("ConfigMap", refused)
        self.assertIn("❌", refused)
        self.assertIn("spec.ports", refused)
        self.assertNotIn("good", self.kubectl("get", "cm", "-o", "name"))

    def test_the_object_that_was_shown_or_none(self):
        ns = self.place.name
        first = self.do(f"apply -n {ns}\n{self.map('web', A='b')}").split("To do it: ")[1].strip()
        self.kubectl("create", "configmap", "web")
        self.assertIn("was made meanwhile", self.do(first, ok=False))
        second = self.do(f"apply -n {ns}\n{self.map('web', A='b')}").split("To do it: ")[1].strip()
        self.kubectl("label", "configmap", "web", "touched=yes")
        self.assertIn("was changed since", self.do(second, ok=False))
        self.assertNotIn("data", self.cluster.get("cm", "web", "-n", ns))

    def test_mistakes_get_a_sentence_with_the_line(self):
        ns = self.place.name
        for text, said in (("", "there is nothing to apply"), ("kind: [", "YAML:"), ("a: 1\n---\nb: {", "YAML:4"),
                           ("apiVersion: v1\nkind: Odd\nmetadata: {name: a}", "the cluster has no Odd of v1"),
                           ("a: " + "[" * 5000, "levels deep")):
            self.assertIn(said, self.do(f"apply -n {ns}\n{text}", ok=False))
