"""What the people who run an agent rely on: health, metrics, reload, clear words about bad input."""
import re
import socket

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.receiver import Receiver
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually, stays

RULE = "E2EUnschedulable"
SECOND_RULE = UNSCHEDULABLE.replace("E2EUnschedulable", "E2ESecond")


class HealthTest(EndToEndTest):
    def test_ready_only_after_the_first_lists(self):
        self.addCleanup(self.cluster.freeze, "apiserver", False)
        self.cluster.freeze("apiserver")
        agent = self.agent().start(wait=False)
        eventually(lambda: agent.get("/healthz")[0] == 200, 10, "it to be alive")
        stays(lambda: agent.get("/readyz")[0] == 503, 1, "not ready before it has seen anything")
        self.cluster.freeze("apiserver", False)
        agent.await_ready(60)

    def test_metrics_tell_of_watches_alerts_and_latency(self):
        """M3"""
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        namespace = self.namespace("metrics")
        namespace.unschedulable_pods("counted")
        self.await_card(rule=RULE, where=(namespace.name, "counted"))
        status, text = agent.get("/metrics")
        self.assertEqual(status, 200)
        names = set(re.findall(r"^# TYPE (\S+) \S+$", text, re.MULTILINE))
        self.assertTrue(names, text)
        for name in names:
            self.assertRegex(name, r"^(klaw|process)_[a-z0-9_]+$")
        for line in text.splitlines():
            if line and not line.startswith("#"):
                self.assertRegex(line, r'^[a-z_0-9]+(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? [-+0-9.eEINFa]+$')
        histograms = re.findall(r"^# TYPE (klaw_\S*latency\S*|klaw_\S*_seconds) histogram$", text, re.MULTILINE)
        self.assertTrue(histograms, f"no latency histogram in {sorted(names)}")
        self.assertTrue(any(agent.metric(f"{name}_count") >= 1 for name in histograms), text)


class ReloadTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.running = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.pods = self.namespace("reload")

    def test_new_rule_works_after_sighup_and_alerts_stay(self):
        self.pods.unschedulable_pods("first")
        first = self.await_card(rule=RULE, where=(self.pods.name, "Pod first"))
        self.running.write_rules(UNSCHEDULABLE + SECOND_RULE.split("rules:\n")[1])
        self.running.reload()
        self.await_card(rule="E2ESecond", where=(self.pods.name, "Pod first"))
        self.pods.unschedulable_pods("second")
        self.await_card(rule=RULE, where=(self.pods.name, "Pod second"))
        self.await_card(rule="E2ESecond", where=(self.pods.name, "Pod second"))
        self.assertEqual(self.await_card(rule=RULE, where=(self.pods.name, "Pod first"))["id"], first["id"])
        self.assert_nothing_repeated()

    def test_bad_rule_file_is_refused_whole_and_the_old_set_stays(self):
        self.running.write_rules(SECOND_RULE + "  - alert: Broken\n    resuorce: pods\n    when: 1 +\n")
        self.running.reload()
        eventually(lambda: self.running.log_has("test.yaml:", "resuorce"), 15, lambda: "a word about the bad file: " + self.running.log_tail())
        self.pods.unschedulable_pods("after")
        self.await_card(rule=RULE, where=(self.pods.name, "Pod after"))
        self.assertEqual(self.receiver.cards(rule="E2ESecond", where=self.pods.name), [])

    def test_channels_come_and_go_with_the_configuration(self):
        self.pods.unschedulable_pods("before")
        self.await_card(rule=RULE, where=(self.pods.name, "Pod before"))
        other = Receiver()
        self.addCleanup(other.close)
        self.running.config["channels"] = [{"name": "other", "type": "webhook", "url": other.url, "secret": other.secret}]
        self.running.write_config()
        self.running.reload()
        eventually(lambda: self.running.log_has("rules run"), 15, "the end of the reload")
        self.pods.unschedulable_pods("after")
        self.await_card(rule=RULE, where=(self.pods.name, "Pod after"), receiver=other)
        self.assertEqual(self.receiver.cards(rule=RULE, where=(self.pods.name, "Pod after")), [])
        self.assert_nothing_repeated(other)

    def test_planned_maintenance_keeps_quiet_until_it_is_over(self):
        """S4"""
        self.running.config["maintenance"] = [{"name": "patches", "match": f'namespace="{self.pods.name}"',
                                               "schedule": "* * * * *", "duration": "1h", "comment": "one by one"}]
        self.running.write_config()
        self.running.reload()
        eventually(lambda: "maintenance patches" in self.running.do("silence").stdout, 15, "the maintenance in force")
        self.pods.unschedulable_pods("patched")
        eventually(lambda: "patched" in self.running.do("alerts").stdout, 30, "the alert, silenced")
        self.assertEqual(self.receiver.cards(where=self.pods.name), [])
        del self.running.config["maintenance"]
        self.running.write_config()
        self.running.reload()
        self.await_card(rule=RULE, where=(self.pods.name, "Pod patched"))
        self.assert_nothing_repeated()

    def test_a_bad_rule_leaves_the_old_channels_too(self):
        self.running.config["channels"] = []
        self.running.write_config()
        self.running.write_rules("rules:\n  - alert: Broken\n    resuorce: pods\n")
        self.running.reload()
        eventually(lambda: self.running.log_has("everything stays as it was"), 15, "a word about the bad file")
        self.pods.unschedulable_pods("after")
        self.await_card(rule=RULE, where=(self.pods.name, "Pod after"))

    def test_bad_configuration_is_refused_and_the_agent_goes_on(self):
        self.running.write_config("channels: [\n")
        self.running.reload()
        eventually(lambda: self.running.log_has("klaw.yaml"), 15, "a word about the bad file")
        self.pods.unschedulable_pods("after")
        self.await_card(rule=RULE, where=(self.pods.name, "Pod after"))


class BadInputTest(EndToEndTest):
    """One clear sentence with where and what to do, and an exit code."""

    def assert_refused(self, agent, *words):
        done = run_klaw("agent", "--config", agent.config_file, timeout=30)
        text = done.stdout + done.stderr
        self.assertNotEqual(done.returncode, 0, text)
        self.assertGreater(done.returncode, 0, "it crashed: " + text)
        for word in words:
            self.assertIn(word, text)

    def test_unknown_option(self):
        agent = self.agent()
        agent.config["chanels"] = []
        agent.write_config()
        self.assert_refused(agent, "klaw.yaml", "chanels", "channels")

    def test_missing_kubeconfig(self):
        self.assert_refused(self.agent(clusters={"main": self.directory / "nowhere"}), "nowhere")

    def test_malformed_kubeconfig(self):
        kubeconfig = self.directory / "kubeconfig"
        kubeconfig.write_text("apiVersion: v1\nclusters: {[}\n")
        self.assert_refused(self.agent(clusters={"main": kubeconfig}), str(kubeconfig))

    def test_invalid_rule_file(self):
        self.assert_refused(self.agent(rules="group: g\nrules:\n  - alert: X\n    resource: pods\n    when: 1 +\n"), "test.yaml:5")

    def test_occupied_port(self):
        agent = self.agent()
        with socket.create_server(("127.0.0.1", agent.port)):
            self.assert_refused(agent, str(agent.port))
