"""`cluster audit` on a real API server: a deliberately bad namespace, mended in part."""
import json

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.platform import Feishu
from harness.waiting import eventually

PEOPLE = [{"name": "Ana", "feishu": "ou_ana", "role": "viewer"}, {"name": "Sec", "feishu": "ou_sec", "role": "auditor"}]
AUDITOR = [{"name": "auditor", "rules": [{"may": ["read", "security"]}]}]


def deployment(name, spec):
    labels = {"app": name}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": spec}}}


BAD = deployment("bad", {
    "hostNetwork": True, "serviceAccountName": "power", "automountServiceAccountToken": True,
    "volumes": [{"name": "run", "hostPath": {"path": "/run/containerd/containerd.sock"}}],
    "containers": [{"name": "web", "image": "shop/web", "imagePullPolicy": "IfNotPresent",
                    "env": [{"name": "DB_PASSWORD", "value": "correct-horse-battery"}],
                    "volumeMounts": [{"name": "run", "mountPath": "/run/c.sock"}],
                    "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}, "runAsUser": 0}}]})
GOOD = deployment("good", {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [{"name": "web", "image": "shop/web:1@sha256:" + "0" * 64,
                    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                    "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                        "capabilities": {"drop": ["ALL"]}}}]})


def role(namespace):
    rbac = "rbac.authorization.k8s.io"
    return [{"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": {"name": "power"},
             "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}]},
            {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": {"name": "power"},
             "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "power"},
             "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": "power"}]}]


OTHERS = [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "power"}},
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
           "data": {"API_TOKEN": "staple-battery-horse"}},
          {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "open"},
           "spec": {"type": "NodePort", "selector": {"app": "bad"}, "ports": [{"port": 80}]}}]

EXPECTED = {
    "Deployment/bad": {"capabilities-added", "container-runtime-socket", "writable-host-path", "host-namespaces",
                       "host-path-volume", "run-as-root-user", "run-as-non-root", "secret-in-environment",
                       "workload-takeover", "privilege-escalation", "image-latest", "image-pull-policy", "volume-types",
                       "capabilities-kept", "seccomp-missing", "writable-root-filesystem", "cpu-limit", "memory-limit"},
    "ConfigMap/settings": {"secret-in-configmap"},
    "Role/power": {"role-wildcard", "role-read-secrets"},
    "Service/open": {"node-port"},
    "Namespace": {"pod-security-missing", "network-policy-missing"},
    "ServiceAccount/default": {"default-account-token"},
}


class AuditTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.place = self.namespace("audit")
        self.create(*OTHERS, *role(self.place.name), BAD, GOOD)
        eventually(lambda: len(self.cluster.get("pods", "-n", self.place.name)["items"]) == 4, 30, "the Pods")
        self.running = self.agent(defaults=False, language="en", apps=[self.feishu.app()], access=PEOPLE, roles=AUDITOR)
        self.running.start()
        self.feishu.await_connection()

    def create(self, *objects):
        self.place.create(*[{**each, "metadata": {**each["metadata"], "namespace": self.place.name}} for each in objects])

    def audit(self, *options):
        done = run_klaw("cluster", "audit", "--config", self.running.config_file, "-n", self.place.name, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def report(self):
        return json.loads(self.audit("--output", "json"))

    def found(self, report):
        found = {}
        for each in report["findings"]:
            thing = each["object"]
            key = "Namespace" if thing["kind"] == "Namespace" else f"{thing['kind']}/{thing['name']}"
            found.setdefault(key, set()).add(each["check"])
        return found

    def test_bad_namespace_has_exactly_its_findings_and_mending_shows(self):
        first = self.report()
        self.assertEqual(first["unread"], [])
        self.assertEqual(self.found(first), EXPECTED)
        self.assertNotIn("correct-horse", json.dumps(first))
        self.assertNotIn("staple-battery", json.dumps(first))
        self.assertNotIn("previous", first)

        self.create({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny"},
                     "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
                    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "taken"},
                     "spec": {"externalIPs": ["10.9.8.7"], "ports": [{"port": 80}]}})
        self.cluster.kubectl("delete", "configmap", "settings", "-n", self.place.name)
        second = self.report()
        self.assertEqual(second["previous"], first["at"])
        self.assertEqual({(each["check"], each["object"]["name"]) for each in second["fixed"]},
                         {("network-policy-missing", self.place.name), ("secret-in-configmap", "settings")})
        self.assertEqual({each["check"] for each in second["findings"] if each["new"]}, {"external-ip"})

    def test_sarif_names_a_rule_for_each_result_and_markdown_is_for_people(self):
        sarif = json.loads(self.audit("--output", "sarif"))
        run = sarif["runs"][0]
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        self.assertEqual(sarif["version"], "2.1.0")
        self.assertEqual({result["ruleId"] for result in run["results"]}, set().union(*EXPECTED.values()))
        self.assertLessEqual({result["ruleId"] for result in run["results"]}, rules)
        self.assertIn("| critical | container-runtime-socket |", self.audit("--output", "markdown"))
        card = self.audit("--severity", "critical")
        self.assertIn("container-runtime-socket", card)
        self.assertNotIn("seccomp-missing", card)

    def test_exemptions_of_the_configuration_count_until_they_end(self):
        exemption = {"check": "container-runtime-socket", "namespace": self.place.name, "reason": "node agent"}
        self.running.stop()
        self.running.config["security"] = {"exemptions": [{**exemption, "until": "2099-12-31"},
                                                          {**exemption, "check": "host-namespaces", "until": "2020-01-01"}]}
        self.running.write_config()
        self.running.start()
        report = self.report()
        self.assertEqual([each["check"] for each in report["exempted"]], ["container-runtime-socket"])
        self.assertEqual([each["check"] for each in report["findings"] if "expiredExemption" in each], ["host-namespaces"])

    def test_only_whoever_may_audits_and_the_log_has_it(self):
        self.feishu.write(f"cluster audit -n {self.place.name}", sender="ou_ana")
        self.feishu.await_reply("has no role that allows")
        self.feishu.write(f"安全审计 -n {self.place.name} --severity critical", sender="ou_sec")
        self.feishu.await_reply("container-runtime-socket")
        listed = run_klaw("audit", "list", "--config", self.running.config_file, "--verb", "cluster audit", "-o", "json")
        outcomes = [(row["actor"], row["decision"]) for row in map(json.loads, listed.stdout.splitlines())]
        self.assertIn(("feishu:ou_ana", "denied"), outcomes)
        self.assertIn(("feishu:ou_sec", "read"), outcomes)
