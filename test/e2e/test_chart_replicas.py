"""The chart with what it makes run as processes: the Pods' own arguments, files and environment, under the rights of its ServiceAccount
and nothing else. One Pod with a file, and replicas with PostgreSQL, through installation, upgrade, kill -9 and removal."""
import json
import time
import unittest
import urllib.error
import urllib.request

import test_chart
from harness.agent import run_klaw
from harness.pod_agent import PodAgent
from harness.postgres import PostgresServer, missing
from harness.release import helm
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

RULE = "E2EUnschedulable"
GAP = 15  # seconds that M2 allows
TOKEN = "of-the-alertmanager"
PROGRAM_TOKEN = "of-a-program-that-only-reads"


def leads(agent):
    return agent.running() and agent.get("/leader", timeout=1)[0] == 200


def alert(name):
    return {"status": "firing", "labels": {"alertname": name, "severity": "critical"}, "annotations": {"summary": name},
            "startsAt": "2026-11-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}


class RunningChartTest(test_chart.ReleaseTest):
    """Pods are made by the cluster's controllers and run here."""

    def setUp(self):
        super().setUp()
        self.shop = self.namespace("shop")
        self.agents = {}

    def install(self, *options):
        values = self.directory / "values.json"
        values.write_text(json.dumps(self.values()))
        self.installed, self.said = self.release("-f", values, *options, "--wait", "--timeout", "90s")
        self.kubeconfig = self.installed.kubeconfig(self.directory / "kubeconfig")

    def upgrade(self, *options):
        self.installed.upgrade("-f", self.directory / "values.json", *options, "--wait", "--timeout", "120s")

    def values(self):
        return {
            "config": {
                "language": "en", "rules": {"pack": "none"}, "log": {"level": "debug", "format": "json"},
                "alertmanager": {"token_file": "/etc/klaw-secrets/alertmanager-token"},
                "channels": [{"name": "hook", "type": "webhook", "url": self.receiver.url, "secret_file": "/etc/klaw-secrets/hook-secret"}],
            },
            "rules": {"mine.yaml": UNSCHEDULABLE},
            "secrets": {"create": {"hook-secret": self.receiver.secret, "alertmanager-token": TOKEN}},
        }

    def pods(self):
        """That are to run, the oldest first."""
        found = self.cluster.get("pods", "-n", self.home.name, "-l", "app.kubernetes.io/instance=klaw")["items"]
        living = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
        return sorted(living, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    def run_new_pods(self):
        """Begins those that are new; the agents of all that are to run."""
        made = []
        for pod in self.pods():
            uid = pod["metadata"]["uid"]
            if uid not in self.agents:
                directory = self.directory / f"pods-{len(self.agents)}"
                self.agents[uid] = PodAgent(directory, self.installed, pod, self.kubeconfig, self.directory / "claims")
                self.addCleanup(self.agents[uid].end)
                self.agents[uid].start()
            made.append(self.agents[uid])
        return made

    def cards(self, name, status=None):
        return [card for card in self.receiver.cards(rule=RULE, status=status) if card["subtitle"].rsplit(" ", 1)[-1] == name]

    def await_one_card(self, name, status):
        eventually(lambda: self.cards(name, status), 30,
                   lambda: f"{name} {status}; have {[(card['subtitle'], card['status']) for card in self.receiver.cards(rule=RULE)]}", interval=0.05)
        self.assertEqual(len(self.cards(name)), 1, self.cards(name))
        self.assert_nothing_repeated()

    def left_behind(self):
        kinds = "deployment,statefulset,replicaset,pod,service,configmap,secret,serviceaccount,networkpolicy,role,rolebinding,poddisruptionbudget,pvc,lease"
        names = self.kubectl("get", kinds, "-o", "name").split()
        return {name for name in names if not name.endswith(("/kube-root-ca.crt", "/default"))}


class OnePodTest(RunningChartTest):
    """A file on a claim."""

    def setUp(self):
        super().setUp()
        self.volume = self.claimable_volume()

    def test_cards_go_on_over_upgrade_and_rollback_with_the_claim(self):
        self.install(*self.volume)
        first, = self.run_new_pods()
        self.assertIn("statefulset/klaw", self.said)
        self.shop.unschedulable_pods("first", "second", "third")
        for name in ("first", "second", "third"):
            self.await_one_card(name, "firing")

        first.stop()
        self.upgrade(*self.volume, "--set", "config.time_zone=+08:00")
        second, = eventually(lambda: len(self.pods()) == 1 and self.pods()[0]["metadata"]["uid"] not in self.agents and self.run_new_pods(), 60, "the Pod of the upgrade")
        self.shop.delete_pods("first")
        self.await_one_card("first", "resolved")

        second.stop()
        helm(self.cluster, "rollback", "klaw", "1", "-n", self.home.name, "--wait", "--timeout", "90s")
        third, = eventually(lambda: len(self.pods()) == 1 and self.pods()[0]["metadata"]["uid"] not in self.agents and self.run_new_pods(), 60, "the Pod of before")
        self.shop.delete_pods("second")
        self.await_one_card("second", "resolved")
        self.assertEqual(self.installed.requests()["forbid"], set())
        self.assertEqual(self.installed.requests(self.home.name)["allow"] & {("coordination.k8s.io/leases", "update"), ("coordination.k8s.io/leases", "create")}, set())

        third.stop()
        self.installed.uninstall("--wait", "--timeout", "60s")
        eventually(lambda: self.left_behind() == {"persistentvolumeclaim/klaw-data"}, 30, self.left_behind)

    def test_replicas_on_one_node_come_by_way_of_a_leader_alone(self):
        """One that does not know of replicas and one that does must not share a file."""
        self.install(*self.volume)
        both = [*self.volume, "--set", "replicas=2,persistence.oneNode=true"]
        refused = helm(self.cluster, "upgrade", "klaw", test_chart.CHART, "-n", self.home.name, "-f", self.directory / "values.json", *both, ok=False)
        self.assertIn("upgrade with leadership.enabled=true and replicas=1 first", refused.stderr)
        self.upgrade(*self.volume, "--set", "leadership.enabled=true")
        self.upgrade(*both)
        pods = self.pods()
        self.assertEqual(len(pods), 2)
        self.assertEqual(len({pod["spec"]["nodeName"] for pod in pods}), 1)
        first, second = self.run_new_pods()
        eventually(lambda: leads(first) != leads(second), GAP, "one to lead")
        self.shop.unschedulable_pods("shared")
        self.await_one_card("shared", "firing")
        leader, standby = (first, second) if leads(first) else (second, first)
        leader.kill()
        eventually(lambda: leads(standby), GAP, standby.log_tail)
        self.shop.delete_pods("shared")
        self.await_one_card("shared", "resolved")


@unittest.skipIf(missing(), missing())
class ReplicasTest(RunningChartTest):
    """PostgreSQL, by a Secret with its address."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        secret = self.directory / "url"
        secret.write_text(self.server.url(self.server.new_database()))
        self.kubectl("create", "secret", "generic", "klaw-database", f"--from-file=url={secret}")

    def values(self):
        values = {**super().values(), "storage": {"postgresql": {"existingSecret": "klaw-database"}}}
        values["config"]["access"] = [{"name": "Ana", "feishu": "ou_ana", "role": "viewer"}]
        values["config"]["mcp"] = {"hosts": ["klaw.example.com"],
                                   "principals": [{"name": "reader", "token_file": "/etc/klaw-secrets/mcp-token", "user": "feishu:ou_ana"}]}
        values["secrets"]["create"]["mcp-token"] = PROGRAM_TOKEN
        return values

    def holder(self):
        return self.kubectl("get", "lease", "klaw", "--ignore-not-found", "-o", "jsonpath={.spec.holderIdentity}")

    def pair(self, agents):
        """(leader, standby), by what they say and by the Lease."""
        def leader_by_the_lease():
            """While the lead changes, one may not know yet that it is another's."""
            leading = [each for each in agents if leads(each)]
            return leading[0] if len(leading) == 1 and self.holder().split("_")[0] == leading[0].pod else None
        leader = eventually(leader_by_the_lease, GAP, lambda: f"one leader, as the notes find it: {self.holder()}; {[each.log_tail() for each in agents]}")
        return leader, next(each for each in agents if each is not leader)

    def supervise(self, agents):
        """As the kubelet: of two that want a Lease that is gone one is quicker, and if that is not the leader, the leader ends."""
        def all_run():
            for agent in agents:
                if not agent.running():
                    self.assertTrue(agent.log_has("started again it is a standby"), agent.log_tail())
                    agent.start(wait=False)
            return all(agent.get("/readyz")[0] == 200 for agent in agents) and [leads(each) for each in agents].count(True) == 1
        eventually(all_run, 30, lambda: f"replicas of which one leads; {[each.log_tail() for each in agents]}")

    def lease_rights(self):
        role = self.cluster.get("role", f"{self.home.name}-klaw-lease", "-n", self.home.name)["rules"]
        self.assertEqual({tuple(rule["resources"]) for rule in role}, {("leases",)})
        return {("coordination.k8s.io/leases", verb) for rule in role for verb in rule["verbs"]}

    def test_replicas_fail_over_and_are_upgraded_with_one_card_for_each_problem(self):
        self.install("--set", "replicas=2")
        agents = self.run_new_pods()
        self.assertEqual(len(agents), 2)
        leader, standby = self.pair(agents)
        for agent in agents:
            self.assertEqual(agent.get("/readyz")[0], 200)
            self.assertEqual(agent.metric("klaw_leader"), float(agent is leader))
        self.shop.unschedulable_pods("before", "mended")
        self.await_one_card("before", "firing")
        self.await_one_card("mended", "firing")
        listed = run_klaw("do", "--data", leader.data, "alerts")
        self.assertIn("mended", listed.stdout, listed.stderr)
        self.assertEqual(self.alertmanager_sends(standby), 503, "which it tries again, whatever its token")
        self.assertEqual(self.alertmanager_sends(leader), 200)

        leader.kill()
        killed_at = time.monotonic()
        self.shop.unschedulable_pods("meanwhile")
        self.shop.delete_pods("mended")
        eventually(lambda: leads(standby), GAP, standby.log_tail, interval=0.05)
        print(f"\n    from kill -9 to the next leader, with the chart's times: {time.monotonic() - killed_at:.1f} s", flush=True)
        self.await_one_card("meanwhile", "firing")
        self.await_one_card("mended", "resolved")
        leader.start()  # as the kubelet does
        self.assertEqual(self.pair(agents), (standby, leader))

        self.kubectl("delete", "lease", "klaw")
        eventually(lambda: self.holder() and any(map(leads, agents)), GAP, lambda: f"the Lease to be written anew; {[each.log_tail() for each in agents]}")
        self.supervise(agents)
        self.pair(agents)

        self.upgrade("--set", "replicas=2", "--set", "config.time_zone=+08:00")
        new = eventually(lambda: len(self.pods()) == 2 and not {pod["metadata"]["uid"] for pod in self.pods()} & set(self.agents) and self.run_new_pods(),
                         60, lambda: f"the Pods of the upgrade; {[pod['metadata']['name'] for pod in self.pods()]}")
        self.pair([*agents, *new])
        for old in agents:
            old.stop()
        self.pair(new)
        self.shop.unschedulable_pods("after")
        self.await_one_card("after", "firing")
        self.shop.delete_pods("before")
        self.await_one_card("before", "resolved")
        self.await_one_card("meanwhile", "firing")

        asked = self.installed.requests()
        self.assertEqual(asked["forbid"], set())
        self.assertEqual(self.lease_rights() - self.installed.requests(self.home.name)["allow"], set(), "granted and not used")
        writes = {right for right in asked["allow"] if right[1] not in ("get", "list", "watch")} - test_chart.OF_EVERYBODY
        self.assertEqual(writes, self.lease_rights() - {("coordination.k8s.io/leases", "get")})
        for agent in (*agents, *new):
            self.assertNotIn(self.server.password, agent.log.read_text())

        for agent in new:
            agent.stop()
        self.installed.uninstall("--wait", "--timeout", "60s")
        eventually(lambda: self.left_behind() == {"lease.coordination.k8s.io/klaw", "secret/klaw-database"}, 30, self.left_behind)
        self.assertIn(f"`helm uninstall` leaves the Lease: kubectl -n {self.home.name} delete lease klaw", self.said)

    def test_one_that_stands_by_passes_on_to_the_leader_what_is_sent_to_it(self):
        self.kubectl("create", "secret", "generic", "klaw-share", "--from-literal=token=of-the-replicas")
        self.install("--set", "replicas=2,leadership.share.existingSecret=klaw-share")
        agents = self.run_new_pods()
        leader, standby = self.pair(agents)
        eventually(lambda: {each.metric("klaw_replicas") for each in agents} == {2}, GAP, "both to know each other")
        self.assertEqual(self.alertmanager_sends(standby, alert("Passed")), 200)
        card = self.await_card(rule="Passed")
        self.assertEqual(self.alertmanager_sends(leader, alert("Passed")), 200)
        self.assertEqual([each["id"] for each in self.receiver.cards(rule="Passed")], [card["id"]])
        self.assertEqual(self.alertmanager_sends(standby, alert("Refused"), token="wrong"), 401)
        self.assertIn("alerts_list", self.program_asks(standby, "klaw.example.com"))
        with self.assertRaisesRegex(urllib.error.HTTPError, "421"):
            self.program_asks(standby, "elsewhere.example.com")
        self.shop.unschedulable_pods("shared")
        self.await_one_card("shared", "firing")
        leader.kill()
        eventually(lambda: leads(standby), GAP, standby.log_tail)
        self.shop.delete_pods("shared")
        self.await_one_card("shared", "resolved")
        leader.start()  # as the kubelet does
        self.pair(agents)
        eventually(lambda: self.alertmanager_sends(leader, alert("Again")) == 200, GAP, leader.log_tail)
        self.await_card(rule="Again")
        for agent in agents:
            agent.stop()
        asked = self.installed.requests()
        self.assertEqual(asked["forbid"], set())
        self.assertEqual(self.lease_rights() - self.installed.requests(self.home.name)["allow"], set(), "granted and not used")

    def test_one_pod_becomes_two_without_both_kinds_at_once(self):
        self.install()
        alone, = self.run_new_pods()
        self.assertEqual(self.strategy(), "Recreate")
        self.assertEqual(self.kubectl("get", "pvc,lease", "-o", "name"), "")
        self.shop.unschedulable_pods("grown")
        self.await_one_card("grown", "firing")
        alone.stop()
        self.upgrade("--set", "replicas=2")
        self.assertEqual(self.strategy(), "Recreate", "what ran knew nothing of replicas")
        agents = eventually(lambda: len(self.pods()) == 2 and self.run_new_pods(), 60, "two Pods")
        self.pair(agents)
        self.shop.delete_pods("grown")
        self.await_one_card("grown", "resolved")
        self.upgrade("--set", "replicas=2", "--set", "config.time_zone=+08:00")
        self.assertEqual(self.strategy(), "RollingUpdate")
        self.upgrade("--set", "replicas=1")
        self.assertEqual(self.strategy(), "Recreate")

    def test_a_file_is_moved_to_the_server_and_the_card_goes_on(self):
        """By what the Job of docs/install.md runs."""
        volume, own = self.claimable_volume(), ["--set", "storage.postgresql.existingSecret="]
        self.install(*volume, *own)
        alone, = self.run_new_pods()
        self.shop.unschedulable_pods("moved")
        self.await_one_card("moved", "firing")
        self.kubectl("scale", "statefulset", "klaw", "--replicas=0")
        alone.stop()
        moved = run_klaw("storage", "migrate", "--from", f"sqlite:{alone.data}", "--to", "postgres", "--url-file", self.directory / "url")
        self.assertEqual(moved.returncode, 0, moved.stdout + moved.stderr)
        self.upgrade("--set", "replicas=2")
        agents = eventually(lambda: len(self.pods()) == 2 and self.run_new_pods(), 60, "two Pods")
        self.pair(agents)
        self.shop.delete_pods("moved")
        self.await_one_card("moved", "resolved")
        self.assertEqual(self.kubectl("get", "statefulset,pvc", "-o", "name").split(), ["persistentvolumeclaim/klaw-data"])

    def strategy(self):
        return self.cluster.get("deployment", "klaw", "-n", self.home.name)["spec"]["strategy"]["type"]

    def program_asks(self, agent, host):
        """By the name that a client knows; the names of the tools."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{agent.port}/mcp", data=body,
                                         headers={"Authorization": f"Bearer {PROGRAM_TOKEN}", "Content-Type": "application/json", "Host": host})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return [tool["name"] for tool in json.load(answer)["result"]["tools"]]

    def alertmanager_sends(self, agent, *alerts, token=TOKEN):
        """With the token that the configuration has; the status that it gets."""
        body = json.dumps({"version": "4", "alerts": alerts}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{agent.port}/api/alertmanager", data=body, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            if error.code == 503:
                self.assertEqual(error.headers.get("Connection"), "close", "the next try may meet the leader")
            return error.code


del RunningChartTest  # no test of its own
