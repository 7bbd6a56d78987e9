"""Clusters by Cluster API: its real controllers, machines that its in-memory provider plays (issue of the lifecycle)."""
import json

from harness import cluster as clusters
from harness.case import EndToEndTest
from harness.cluster_api import ClusterApi
from harness.platform import Feishu
from harness.waiting import eventually

PEOPLE = [{"name": "Ada", "feishu": "ou_ada", "role": "admin"}, {"name": "李雷", "feishu": "ou_li", "role": "operator"}]


class WithoutClusterApiTest(EndToEndTest):
    def test_it_is_said_what_to_install(self):
        running = self.agent(defaults=False, language="en").start()
        refused = running.do("cluster deploy one --version v1.29.0 -n default")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("Cluster API is not installed in main", refused.stderr)
        self.assertIn("clusterctl init", refused.stderr)
        report = running.do("cluster preflight main --to v1.37.0").stdout
        self.assertIn("kubeadm upgrade apply v1.37.0", report)


class ClusterApiTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.management = clusters.second()
        self.running = self.agent(defaults=False, language="en", apps=[self.feishu.app()], access=PEOPLE,
                                  clusters={"mgmt": self.management.kubeconfig}).start()
        self.feishu.await_connection()

    def managed(self, name):
        return self.management.get("clusters.cluster.x-k8s.io", name, "-n", self.fleet.name)

    def machines(self):
        listed = self.management.get("machines.cluster.x-k8s.io", "-n", self.fleet.name)["items"]
        return sorted((each["spec"]["version"], "cluster.x-k8s.io/control-plane" in each["metadata"]["labels"]) for each in listed)

    def confirm(self, command, preview, done, seconds):
        self.feishu.write(command, sender="ou_ada")
        asked = self.feishu.await_reply(preview, also="Confirm", seconds=30)
        self.feishu.press(asked["id"], "Confirm", operator="ou_ada")
        return asked, self.feishu.await_reply("✅", also=done, seconds=seconds)

    def test_cluster_is_deployed_watched_and_upgraded(self):
        self.fleet = self.namespace("fleet", self.management)
        with ClusterApi(self.management, self.directory / "cluster-api") as api:
            api.quick_start(self.fleet.name)
            place = f"-n {self.fleet.name}"
            self.assertIn("has no role that allows", self.feishu.ask(f"cluster deploy one --version v1.29.0 {place}", sender="ou_li"))
            self.assertIn("there are in-memory-quick-start", self.feishu.ask(f"cluster deploy one --version v1.29.0 --class big {place}", sender="ou_ada"))
            asked, done = self.confirm(f"cluster deploy one --version v1.29.0 --workers 2 {place}", "This would deploy Cluster",
                                       "control plane 1/1, workers 2/2", 120)
            self.assertEqual(done["id"], asked["id"], "the card of the preview follows it")
            self.assertIn("watched as one from now on", json.dumps(done, ensure_ascii=False))
            self.assertEqual(self.machines(), [("v1.29.0", False), ("v1.29.0", False), ("v1.29.0", True)])
            eventually(lambda: "one" in [row["cluster"] for row in json.loads(self.running.do("clusters --json").stdout)["rows"]],
                       30, "the cluster to be watched")
            listed = json.loads(self.running.do(f"cluster list {place} --cluster mgmt --json").stdout)["rows"]
            self.assertEqual([(row["name"], row["phase"], row["watched"]) for row in listed], [("one", "Provisioned", "yes")])

            for to, why in (("v1.31.0", "one minor version at a time"), ("v1.28.0", "one minor version at a time"), ("latest", "is no version of Kubernetes")):
                self.assertIn(why, self.feishu.ask(f"cluster upgrade one --to {to} --cluster mgmt", sender="ou_ada"))
            # Its API server keeps objects in memory and serves less than a real one: that is said.
            asked, _ = self.confirm("cluster upgrade one --to v1.30.0 --cluster mgmt", "This would upgrade Cluster",
                         "v1.30.0: control plane 1/1, workers 2/2", 180)
            self.assertIn("unknown: webhooks could not be looked at", json.dumps(asked, ensure_ascii=False))
            self.assertEqual(self.machines(), [("v1.30.0", False), ("v1.30.0", False), ("v1.30.0", True)])
            self.assertEqual(self.managed("one")["spec"]["topology"]["version"], "v1.30.0")
            self.assertEqual(self.outcomes(), [("cluster deploy", "denied"), ("cluster deploy", "refused"), ("cluster deploy", "previewed"), ("cluster deploy", "allowed"),
                                               ("cluster deploy", "done"), ("cluster deploy", "completed"),
                                               *[("cluster upgrade", "refused")] * 3, ("cluster upgrade", "previewed"),
                                               ("cluster upgrade", "allowed"), ("cluster upgrade", "done"), ("cluster upgrade", "completed")])

    def test_cluster_is_deployed_from_a_template_without_a_class(self):
        self.fleet = self.namespace("fleet", self.management)
        with ClusterApi(self.management, self.directory / "cluster-api") as api:
            api.template(self.fleet.name)
            deploy = f"cluster deploy three --template plain --version v1.29.0 --workers 1 -n {self.fleet.name} --cluster mgmt"
            self.assertIn("no variable", self.feishu.ask(f"{deploy} ZONE=eu", sender="ou_ada"))
            asked, done = self.confirm(deploy, "This would deploy Cluster", "v1.29.0: control plane 1/1, workers 1/1", 120)
            self.assertEqual(done["id"], asked["id"])
            self.assertIn("watched as three from now on", json.dumps(done, ensure_ascii=False))
            self.assertEqual(self.machines(), [("v1.29.0", False), ("v1.29.0", True)])
            listed = json.loads(self.running.do(f"cluster list -n {self.fleet.name} --cluster mgmt --json").stdout)["rows"]
            self.assertEqual([(row["name"], row["status"], row["watched"]) for row in listed], [("three", "v1.29.0: control plane 1/1, workers 1/1", "yes")])
            self.assertIn("has no topology", self.feishu.ask("cluster upgrade three --to v1.30.0 --cluster mgmt", sender="ou_ada"))
            made = [each for each in self.outcomes() if each[0] == "cluster deploy"]
            self.assertEqual(made.count(("cluster deploy", "allowed")), 7)
            self.assertEqual(made[-1], ("cluster deploy", "completed"))

    def test_killed_in_the_middle_of_an_upgrade_goes_on_following_it(self):
        self.fleet = self.namespace("fleet", self.management)
        with ClusterApi(self.management, self.directory / "cluster-api") as api:
            api.quick_start(self.fleet.name)
            self.confirm(f"cluster deploy two --version v1.29.0 --workers 1 -n {self.fleet.name}", "This would deploy Cluster",
                         "control plane 1/1, workers 1/1", 120)
            api.freeze("capi-in-memory")
            self.feishu.write("cluster upgrade two --to v1.30.0 --despite-findings --cluster mgmt", sender="ou_ada")
            asked = self.feishu.await_reply("This would upgrade Cluster", also="Confirm", seconds=30)
            self.feishu.press(asked["id"], "Confirm", operator="ou_ada")
            self.feishu.await_reply("⏳", also="control plane 0/1", seconds=60)
            self.running.kill()
            self.running.start()
            api.freeze("capi-in-memory", False)
            self.feishu.await_reply("✅", also="v1.30.0: control plane 1/1, workers 1/1", seconds=180)
            self.assertEqual([each for each in self.outcomes() if each[0] == "cluster upgrade"],
                             [("cluster upgrade", "previewed"), ("cluster upgrade", "allowed"), ("cluster upgrade", "done"), ("cluster upgrade", "completed")])

    def outcomes(self):
        rows = json.loads(self.running.do("audit --limit 500 --json").stdout)["rows"]
        return [(row["what"], row["result"]) for row in reversed(rows) if row["what"].startswith("cluster ") and row["result"] != "read"]
