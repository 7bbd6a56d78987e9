"""A3: roles × verbs × namespaces and clusters. Deny is the default, and whoever is refused hears what they lack."""
import json
import re
import uuid

from harness.agent import run_klaw
from harness.platform import Feishu, newest
from harness.waiting import eventually
from test_verbs import NodeTest

DEFAULT_ROLES = {"viewer": {"read"}, "operator": {"read", "alerts", "workloads"}, "admin": {"*"}}
CUSTOM = {"keeper": {"read", "scale", "nodes"}}
ROLES = {**DEFAULT_ROLES, **CUSTOM}
# verb → permission, and a command that reaches a preview where it is allowed.
NAMESPACED = {
    "restart": ("workloads", "restart deploy/web"), "scale": ("workloads", "scale deploy/web 3"),
    "rollback": ("workloads", "rollback deploy/web"), "set": ("workloads", "set image deploy/web server=shop/web:9"),
    "pause": ("workloads", "pause deploy/web"), "resume": ("workloads", "resume cronjob/asleep"),
    "suspend": ("workloads", "suspend cronjob/awake"), "run": ("workloads", "run cronjob/awake"),
    "evict": ("workloads", "evict pod/alone"), "delete": ("workloads", "delete pod/alone"),
    "create": ("workloads", "create configmap made LEVEL=debug"),
    "apply": ("workloads", "apply"), "exec": ("exec", "exec alone"), "reveal": ("reveal", "reveal secret db PASSWORD")}
BEHIND = {"apply": "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\n", "exec": " -- echo hello"}
OF_THE_CLUSTER = {
    "cordon": ("nodes", "cordon NODE"), "uncordon": ("nodes", "uncordon CORDONED"), "drain": ("nodes", "drain NODE"),
    "taint": ("nodes", "taint NODE keep=out:NoSchedule")}
OF_KLAW = {
    "ack": ("alerts", "ack 0000"), "unack": ("alerts", "unack 0000"), "assign": ("alerts", "assign 0000 nobody"),
    "comment": ("alerts", "comment 0000 word"), "silence": ("alerts", "silence namespace=nowhere 1h"),
    "unsilence": ("alerts", "unsilence 0000"), "rules": ("rules", "rules remove Nothing"),
    "clusters": ("clusters", "clusters remove nothing"), "grant": ("access", "grant nobody viewer 1h"),
    "revoke": ("access", "revoke 0000"),
    "cluster deploy": ("clusters", "cluster deploy made --version v1.34.2 -n nowhere --cluster main"),
    "cluster upgrade": ("clusters", "cluster upgrade made --to v1.34.2 -n nowhere --cluster main"),
    "cluster backup": ("backups", "cluster backup made"), "cluster restore": ("backups", "cluster restore made --cluster main"),
    "cluster volumes": ("backups", "cluster volumes backup made -n nowhere --cluster main")}
# Whoever may do what was asked for; whoever may read: what a conversation is about is nobody else's.
JUDGED_OTHERWISE = {"approve", "refuse", "use"}
APPS = 3  # an application answers four times a second


class MatrixTest(NodeTest):
    def changing_verbs(self):
        table = run_klaw("commands").stdout.splitlines()[2:]
        cells = [re.split(r"(?<!\\)\|", row) for row in table]
        words = [cell[1].strip(" `").split() for cell in cells if cell[6].strip()]
        return {" ".join(each[:2]) if each[0] == "cluster" else each[0] for each in words}

    def prepare(self):
        self.outside = self.namespace("outside")
        self.workload(self.place, replicas=1)
        self.cluster.kubectl("-n", self.place.name, "set", "image", "deployment/web", "server=shop/web:2.0")
        self.rolled_out(self.place)
        job = {"spec": {"template": {"spec": {**self.place.pod("x")["spec"], "restartPolicy": "Never"}}}}
        cron = lambda name, suspended: {
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": self.place.name},
            "spec": {"schedule": "0 0 1 1 *", "suspend": suspended, "jobTemplate": job}}
        self.place.create(cron("awake", False), cron("asleep", True), self.place.pod("alone"), {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": self.place.name},
            "stringData": {"PASSWORD": "none"}})
        self.cluster.kubectl("-n", self.place.name, "wait", "pod/alone", "--for=condition=Ready", "--timeout=60s")
        self.cordoned = f"cordoned-{uuid.uuid4().hex[:6]}"
        self.addCleanup(self.cluster.kubectl, "delete", "node", self.cordoned, "--wait=false", check=False)
        self.cluster.kubectl("create", "-f", "-", manifest=[{
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": self.cordoned}, "spec": {"unschedulable": True}}])

    def start(self):
        self.apps = [Feishu() for _ in range(APPS)]
        for app in self.apps:
            self.addCleanup(app.close)
        people = []
        for role in ROLES:  # in a namespace of a cluster, in a cluster, everywhere
            people += [{"name": f"{role}-ns", "feishu": f"ou_{role}_ns", "role": role, "clusters": ["main"], "namespaces": [self.place.name]},
                       {"name": f"{role}-cluster", "feishu": f"ou_{role}_cluster", "role": role, "clusters": ["main"]},
                       {"name": f"{role}-all", "feishu": f"ou_{role}_all", "role": role}]
        self.agent_ = self.agent(
            defaults=False, name="matrix", language="en", clusters={"main": self.cluster.kubeconfig, "other": self.cluster.kubeconfig},
            apps=[{**app.app(), "name": f"app-{i}"} for i, app in enumerate(self.apps)], access=people,
            roles=[{"name": "keeper", "rules": [{"may": sorted(CUSTOM["keeper"])}]}],
            **{"exec": [{"command": ["echo", "*"]}], "reveal": [{"clusters": ["main", "other"]}]}).start()
        for app in self.apps:
            app.await_connection()

    def cases(self):
        """(verb, permission, command, person, whether it is allowed)"""
        def allowed(role, verb, permission, in_scope):
            return in_scope and bool({"*", permission, verb} & ROLES[role])
        for role in ROLES:
            for verb, (permission, words) in NAMESPACED.items():
                for scope, namespace, cluster, inside in (
                        ("ns", self.place, "main", True), ("ns", self.outside, "main", False),
                        ("cluster", self.place, "main", True), ("cluster", self.place, "other", False)):
                    command = f"{words} -n {namespace.name} --cluster {cluster}{BEHIND.get(verb, '')}"
                    yield verb, permission, command, f"ou_{role}_{scope}", allowed(role, verb, permission, inside)
            for verb, (permission, words) in OF_THE_CLUSTER.items():
                words = words.replace("NODE", self.node).replace("CORDONED", self.cordoned)
                for scope, cluster, inside in (("ns", "main", False), ("cluster", "main", True), ("cluster", "other", False)):
                    yield verb, permission, f"{words} --cluster {cluster}", f"ou_{role}_{scope}", allowed(role, verb, permission, inside)
            for verb, (permission, words) in OF_KLAW.items():
                yield verb, permission, words, f"ou_{role}_all", allowed(role, verb, permission, True)

    def test_every_role_may_what_it_says_where_it_holds_and_nothing_else(self):
        self.assertEqual(self.changing_verbs(), set(NAMESPACED) | set(OF_THE_CLUSTER) | set(OF_KLAW) | JUDGED_OTHERWISE)
        self.prepare()
        self.start()
        asked = []
        for number, case in enumerate(self.cases()):
            app = self.apps[number % APPS]
            asked.append((case, app, app.write(case[2], sender=case[3], chat=f"oc_{number % 11}")))
        answers = {}
        for app in self.apps:
            mine = [message for _, of, message in asked if of is app]
            def answered():
                roots = {m["root"]: m for m in app.state()["messages"] if m["root"]}
                return all(message in roots for message in mine) and roots
            answers.update({(app.port, root): m for root, m in eventually(answered, 240, "the answers").items()})
        expected = []
        for (verb, permission, command, person, may), app, message in asked:
            text = json.dumps(newest(answers[app.port, message]), ensure_ascii=False).replace("\\", "")
            told = (verb, person, command, text)
            if not may:
                self.assertIn(f'has no role that allows "{verb}"', text, told)
                if permission != verb:
                    self.assertIn(f'permission "{permission}"', text, told)
                self.assertNotIn("Confirm", text, told)
                expected.append((f"feishu:{person}", verb, "denied"))
            elif verb in OF_KLAW:
                self.assertNotIn("has no role", text, told)
            else:
                self.assertIn("This would", text, told)
                self.assertIn("Confirm", text, told)
                expected.append((f"feishu:{person}", verb, "previewed"))
        listed = run_klaw("audit", "list", "--data", self.agent_.data, "--limit", 5000, "--output", "json").stdout
        rows = [json.loads(line) for line in listed.splitlines()]
        decided = [(row["actor"], row["action"], row["decision"]) for row in rows
                   if row["decision"] in ("denied", "previewed") and row["action"] in {case[0] for case, _, _ in asked}]
        own = {(f"feishu:{person}", verb) for (verb, _, _, person, may), _, _ in asked if verb in OF_KLAW and may}
        self.assertEqual(sorted(row for row in decided if row[:2] not in own), sorted(expected))
        self.assertTrue(own <= {(row["actor"], row["action"]) for row in rows})
        self.assert_log_holds(self.agent_)
