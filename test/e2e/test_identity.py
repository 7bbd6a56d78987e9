"""A4: what people ask for is done as them and as the groups they are in; the cluster's own RBAC decides, its audit log says who."""
import json

from harness import cluster as clusters
from harness.agent import run_klaw
from harness.platform import Feishu
from harness.waiting import eventually
from test_changes import ChangeTest

RBAC = "rbac.authorization.k8s.io"


def grants(namespace, name, verbs, subject, resources=("deployments",)):
    """A Role and its binding."""
    return [{"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": name, "namespace": namespace.name},
             "rules": [{"apiGroups": ["apps"], "resources": list(resources), "verbs": verbs}]},
            {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace.name},
             "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name}, "subjects": [{"apiGroup": RBAC, **subject}]}]


class IdentityTest(ChangeTest):
    def setUp(self):
        super().setUp()
        self.audited = clusters.audited()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.place = self.namespace("identity", cluster=self.audited)
        self.place.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": self.place.name},
                           "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": self.place.pod("x")["spec"]}}},
                          *grants(self.place, "look", ["get", "list"], {"kind": "Group", "name": "system:authenticated"}),
                          *grants(self.place, "team", ["patch"], {"kind": "Group", "name": "team-shop"}))
        self.running = self.agent(
            defaults=False, language="en", apps=[self.feishu.app()], clusters={"audited": self.audited.kubeconfig},
            roles=[{"name": "shopkeeper", "groups": ["shopkeepers"], "rules": [{"may": ["read", "workloads"]}]}],
            access=[{"name": "李雷", "feishu": "ou_li", "role": "shopkeeper", "groups": ["team-shop"]},
                    {"name": "韩梅梅", "feishu": "ou_han", "role": "operator"}])
        self.running.config["clusters"][0]["impersonate"] = True
        self.running.write_config()
        self.running.start()
        self.feishu.await_connection()
        self.command = f"scale deploy/web 3 -n {self.place.name}"

    def sent(self, verb, resource):
        """As whom such requests came, by the API server's own log."""
        lines = (self.audited.directory / "logs" / "audit.log").read_text().splitlines()
        events = [json.loads(line) for line in lines if line.endswith("}")]
        return [event["impersonatedUser"] for event in events
                if event["verb"] == verb and event.get("objectRef", {}).get("resource") == resource and "impersonatedUser" in event
                and event["objectRef"].get("namespace") == self.place.name]

    def replicas(self):
        return self.audited.get("deployment", "web", "-n", self.place.name)["spec"]["replicas"]

    def test_the_cluster_sees_the_person_and_their_groups(self):
        self.feishu.write(self.command)
        preview = self.feishu.await_reply("from 1 to 3 replicas", also="Confirm")
        self.feishu.press(preview["id"], "Confirm")
        eventually(lambda: self.replicas() == 3, 20, "the change")
        patches = eventually(lambda: self.sent("patch", "deployments"), 20, "the API server's log")
        for user in patches:
            self.assertEqual(user["username"], "feishu:ou_li")
            self.assertEqual(set(user["groups"]), {"team-shop", "shopkeepers", "system:authenticated"})

    def test_what_kubernetes_refuses_gets_no_button(self):
        refused = self.feishu.ask(self.command, sender="ou_han").replace("\\\\", "")
        self.assertIn("Kubernetes does not let feishu:ou&#95;han patch deployments.apps", refused)
        self.assertNotIn("Confirm", refused)
        self.assertEqual(self.sent("patch", "deployments"), [])  # not even a dry run
        self.assertEqual([(actor, decision) for actor, action, decision in self.audit(self.running, self.place) if action == "scale"],
                         [("feishu:ou_han", "denied")])
        self.feishu.write(self.command)
        preview = self.feishu.await_reply("from 1 to 3 replicas", also="Confirm")
        pressed = self.feishu.press(preview["id"], "Confirm", operator="ou_han")
        self.feishu.await_reply("Kubernetes does not let") if pressed["toast"] is None else self.assertIn("does not let", pressed["toast"]["content"])
        self.assertEqual(self.replicas(), 1)

    def test_groups_of_kubernetes_itself_are_nobodys_to_give(self):
        self.running.config["access"][0]["groups"] = ["system:masters"]
        self.running.write_config()
        checked = run_klaw("config", "check", self.running.config_file)
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("one of those that Kubernetes keeps for itself", checked.stdout + checked.stderr)
