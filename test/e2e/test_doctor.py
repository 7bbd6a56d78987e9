"""`klaw doctor` beside a running agent, and without one."""
import json
import os
import unittest

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.platform import DingTalk, Feishu
from harness.ports import free_port
from harness.postgres import PostgresServer, missing
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually


class DoctorTest(EndToEndTest):
    def doctor(self, agent, *options):
        asked = run_klaw("doctor", "--config", agent.config_file, "--json", *options)
        self.assertEqual(asked.stderr, "")
        return asked.returncode, {check["check"]: check for check in json.loads(asked.stdout)["checks"]}, asked.stdout

    def test_of_a_healthy_agent_finds_nothing_failed_and_shows_no_secret(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        agent.receive({"labels": {"alertname": "Heard", "severity": "critical"}, "summary": "somebody hears of it"})
        self.await_card("firing", rule="Heard")
        eventually(lambda: "the last one arrived" in self.doctor(agent)[1]["storage.outbox"]["evidence"], 10,
                   lambda: f"the card to be stored as sent: {self.doctor(agent)[2]}")
        code, checks, text = self.doctor(agent)
        self.assertEqual(code, 0, text)
        for name in ("config", "data.permissions", "storage.schema", "storage.audit", "storage.outbox", "agent.version", "agent.running",
                     "agent.ready", "agent.role", "cluster.watch", "cluster.reach", "cluster.clock", "cluster.certificate", "cluster.client_certificate", "cluster.rights", "rules", "channel",
                     "agent.files"):
            self.assertEqual(checks[name]["state"], "ok", checks[name])
        self.assertRegex(checks["cluster.reach"]["evidence"], r"^v1\.\d+")
        self.assertNotIn((agent.data / "token").read_text().strip(), text)
        self.assertNotIn(self.receiver.secret, text)

    def kubeconfig(self, path, contexts, server=None):
        config = json.loads(self.cluster.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
        if server:
            config["clusters"][0]["cluster"]["server"] = server
        context = config["contexts"][0]["context"]
        config["contexts"] = [{"name": name, "context": context} for name in contexts]
        config["current-context"] = contexts[0]
        path.write_text(json.dumps(config))
        return path

    def of_clusters(self, agent, check):
        asked = run_klaw("doctor", "--config", agent.config_file, "--json")
        return [(each["subject"], each["state"], each["evidence"]) for each in json.loads(asked.stdout)["checks"] if each["check"] == check]

    def test_asks_every_cluster_of_a_directory_and_of_all_contexts(self):
        directory = self.directory / "kubeconfigs"
        directory.mkdir()
        self.kubeconfig(directory / "good.yaml", ["any"])
        self.kubeconfig(directory / "away.yaml", ["any"], f"https://127.0.0.1:{free_port()}")
        (directory / "broken.yaml").write_text("clusters: 7")
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        agent.config["clusters"] = [{"directory": str(directory)},
                                    {"kubeconfig": str(self.kubeconfig(self.directory / "two", ["east", "west"])), "context": "*"}]
        agent.write_config()
        reached = {subject.split()[1].strip(","): state for subject, state, _ in self.of_clusters(agent, "cluster.reach")}
        self.assertEqual(reached, {"good": "ok", "away": "failed", "east": "ok", "west": "ok"})
        (_, state, evidence), = self.of_clusters(agent, "cluster.kubeconfig")
        self.assertEqual(state, "failed")
        self.assertIn("broken.yaml", evidence)
        self.assertEqual([state for _, state, _ in self.of_clusters(agent, "cluster.client_certificate")], ["ok"] * 4)

    def test_fails_for_a_directory_without_kubeconfigs(self):
        directory = self.directory / "none"
        directory.mkdir()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        agent.config["clusters"] = [{"directory": str(directory)}]
        agent.write_config()
        (_, state, evidence), = self.of_clusters(agent, "cluster.kubeconfig")
        self.assertEqual(state, "failed")
        self.assertIn("the directory has no kubeconfig", evidence)

    def test_speaks_chinese_and_says_what_to_do(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        os.chmod(agent.data / "token", 0o644)
        asked = run_klaw("doctor", "--config", agent.config_file, "--language", "zh")
        self.assertEqual(asked.returncode, 0, asked.stdout + asked.stderr)
        self.assertRegex(asked.stdout, r"警告 +数据目录权限 +others may read: \S+token \(644\)")
        self.assertIn("处理建议", asked.stdout)

    def test_without_an_agent_fails_and_still_looks_at_files_and_clusters(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        agent.stop()
        code, checks, text = self.doctor(agent)
        self.assertEqual(code, 1, text)
        self.assertEqual(checks["agent.running"]["state"], "failed")
        self.assertIn("klaw agent", checks["agent.running"]["remedy"])
        self.assertEqual(checks["storage.schema"]["state"], "ok")
        self.assertEqual(checks["cluster.reach"]["state"], "ok")

    def test_names_the_place_of_an_error_in_the_configuration(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        agent.config["chanels"] = []
        agent.write_config()
        code, checks, text = self.doctor(agent, "--offline")
        self.assertEqual(code, 1, text)
        self.assertRegex(checks["config"]["evidence"], r'klaw\.yaml:\d+:\d+: unknown key "chanels".*did you mean "channels"')

    def test_fails_for_a_channel_that_takes_nothing(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.receiver.close()
        agent.receive({"labels": {"alertname": "Lost", "severity": "critical"}, "summary": "nobody hears of it"})
        eventually(lambda: self.doctor(agent, "--offline")[1]["channel"]["state"] == "failed", 30,
                   lambda: f"the channel to be found failing: {self.doctor(agent, '--offline')[2]}")
        self.assertEqual(self.doctor(agent, "--offline")[0], 1)

    def test_names_what_a_chat_application_may_not_do(self):
        feishu, dingtalk = Feishu(), DingTalk()
        self.addCleanup(feishu.close)
        self.addCleanup(dingtalk.close)
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, apps=[feishu.app(), dingtalk.app()], channels=[
            {"name": "oncall", "app": "klaw-feishu", "chat": "oc_ops"}, {"name": "others", "app": "klaw-dingtalk", "chat": "cidops=="}]).start()
        def applications():
            code, _, text = self.doctor(agent)
            return code, {(check["check"], check["subject"].split()[-1], check["state"]): check["evidence"]
                          for check in json.loads(text)["checks"] if check["check"].startswith("chat.")}
        code, healthy = applications()
        self.assertEqual(code, 0, healthy)
        for name in ("klaw-feishu", "klaw-dingtalk"):
            self.assertIn(("chat.credentials", name, "ok"), healthy)
            self.assertIn(("chat.permissions", name, "ok"), healthy)
        feishu.call("connection", do="scope", name="im:message:send_as_bot", granted=0)
        dingtalk.call("fault", api="card.update", kind="answer", status=403, scopes=["Card.Instance.Write"],
                      code="Forbidden.AccessDenied.AccessTokenPermissionDenied")
        code, lacking = applications()
        self.assertEqual(code, 1, lacking)
        self.assertIn("im:message:send_as_bot, to send and change cards", lacking["chat.permissions", "klaw-feishu", "failed"])
        self.assertIn("permission to change cards", lacking["chat.permissions", "klaw-dingtalk", "failed"])


@unittest.skipIf(missing(), missing())
class ReplicasTest(EndToEndTest):
    """A leader and a standby, which share a server and nothing else."""
    doctor = DoctorTest.doctor

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        self.place = self.namespace("doctor")
        (self.directory / "url").write_text(self.server.url(self.server.new_database()))

    def replica(self, name):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, name=name, storage={"postgres": {"url_file": str(self.directory / "url")}},
                           leadership={"lease": f"{self.place.name}/klaw", "identity": name},
                           backups=[{"name": "nightly", "cluster": "main", "to": {"directory": str(self.directory / "archives")}, "every": "24h"}])
        return agent.start()

    def test_asks_each_replica_by_itself(self):
        first, second = self.replica("first"), self.replica("second")
        eventually(lambda: any(agent.get("/leader")[0] == 200 for agent in (first, second)), 20, "a leader")
        leader, standby = (first, second) if first.get("/leader")[0] == 200 else (second, first)
        for agent, role in ((leader, "leads, or is the only one"), (standby, "this replica is a standby")):
            code, checks, text = self.doctor(agent)
            self.assertEqual(code, 0, text)
            self.assertIn(role, checks["agent.role"]["evidence"])
            self.assertEqual(checks["agent.running"]["evidence"], f"http://127.0.0.1:{agent.port}")
            self.assertRegex(checks["storage.schema"]["evidence"], r"^PostgreSQL postgresql://127\.0\.0\.1")
            for name in ("agent.ready", "storage.schema", "storage.audit", "storage.outbox", "cluster.reach"):
                self.assertEqual(checks[name]["state"], "ok", checks[name])
            self.assertEqual("backup" in checks, agent is leader)
            self.assertNotIn(self.server.password, text)

    def test_says_that_the_server_is_away(self):
        agent = self.replica("alone")
        self.server.stop()
        self.addCleanup(self.server.start)
        code, checks, text = self.doctor(agent)
        self.assertEqual(code, 1, text)
        self.assertEqual(checks["storage.open"]["state"], "failed")
        self.assertIn("cannot be reached", checks["storage.open"]["evidence"])
        self.assertEqual(checks["agent.running"]["state"], "ok")
        self.assertNotIn(self.server.password, text)
