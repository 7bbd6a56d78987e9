"""Rules that are looked at and changed while the agent runs, and how they came to be so."""
import json
import threading
import time

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.paths import REPO
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

RULE = "E2EUnschedulable"
SLOW = """rules:
  - alert: E2ESlow
    resource: pods
    each: object.status.conditions
    when: item.reason == "Unschedulable"
    for: %s
    title: "${object.metadata.name} waits"
"""


class RulesTest(EndToEndTest):
    def klaw(self, agent, *arguments, ok=True):
        done = run_klaw("rules", *arguments, "--config", agent.config_file)
        self.assertEqual(done.returncode == 0, ok, done.stdout + done.stderr)
        return done.stdout if ok else done.stderr

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def test_rule_is_shown_explained_and_exported_as_it_runs(self):
        agent = self.agent(rules=UNSCHEDULABLE + SLOW.removeprefix("rules:\n") % "1h").start()
        namespace = self.namespace("explained")
        namespace.unschedulable_pods("web")
        self.await_card(rule=RULE, where=(namespace.name, "web"))
        shown = self.klaw(agent, "show", RULE)
        self.assertIn("test.yaml:", shown)
        self.assertIn(f"alert: {RULE}", shown)
        explained = self.klaw(agent, "explain", RULE)
        self.assertRegex(explained, r"reads +pods: .*status\.conditions")
        self.assertRegex(explained, r"alerts +[1-9]\d* firing")
        self.assertRegex(explained, r"evaluated +[1-9].*us each")
        self.assertRegex(explained, r"matched +[1-9]")
        self.assertRegex(explained, r"errors +0")
        waiting = self.klaw(agent, "explain", "E2ESlow")
        self.assertRegex(waiting, r"looked at +when a field that it reads changes\n")
        self.assertRegex(waiting, r"for +1h\n")
        self.assertRegex(waiting, r"matched +[1-9]")
        self.assertRegex(waiting, r"alerts +0 firing, [1-9]\d* pending")
        self.assertRegex(self.klaw(agent, "explain", "CronJobMissed"), r"looked at +when a field .* and every 15s as it reads the clock")
        self.assertIn("unavailable", self.klaw(agent, "explain", "NodeFilesystemFull"))
        exported = self.file("exported.yaml", self.klaw(agent, "export"))
        self.assertEqual(run_klaw("rules", "check", exported, "--config", self.file("none.yaml", "rules: {pack: none}")).returncode, 0)
        agent.stop()
        self.assertIn(f"alert: {RULE}", self.klaw(agent, "show", RULE))
        self.assertRegex(self.klaw(agent, "explain", RULE), r"reads +pods")

    def test_tests_of_both_default_packs_pass_by_the_command(self):
        for pack in ("fast", "mixin"):
            tests = sorted((REPO / "rules" / "default" / pack).glob("*_test.yaml"))
            done = run_klaw("rules", "test", *tests, "--config", self.file(f"{pack}.yaml", f"rules: {{pack: {pack}}}"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"^SUCCESS: [1-9]\d+ tests")

    def test_applied_rule_stands_over_the_file_until_it_is_removed_and_every_step_is_on_record(self):
        agent = self.agent(rules=SLOW % "1h", defaults=False).start()
        namespace = self.namespace("applied")
        namespace.unschedulable_pods("web")
        pending = lambda: "1 pending" in self.klaw(agent, "explain", "E2ESlow")
        eventually(pending, 20, "the alert to be pending")
        self.klaw(agent, "apply", self.file("mine.yaml", SLOW % "1s"))
        self.await_card(rule="E2ESlow", where=(namespace.name, "web"))  # for 1s of the time that it has waited already
        agent.kill()
        agent.start()
        self.assertIn("for: 1s", self.klaw(agent, "show", "E2ESlow"))
        history = self.klaw(agent, "history", "E2ESlow")
        self.assertIn("-    for: 1h", history)
        self.assertIn("+    for: 1s", history)
        self.assertRegex(history, r"revision 2 .*local:\w+ +apply")
        self.assertRegex(history, r"revision 1 .*klaw .*test\.yaml:2")
        self.klaw(agent, "revert", "E2ESlow", "1")
        self.assertIn("for: 1h", self.klaw(agent, "show", "E2ESlow"))
        self.klaw(agent, "apply", self.file("mine.yaml", SLOW % "7m"))
        self.klaw(agent, "remove", "E2ESlow")
        self.assertIn("for: 1h", self.klaw(agent, "show", "E2ESlow"))
        self.assertRegex(self.klaw(agent, "history"), r"E2ESlow +6 ")
        audit = run_klaw("audit", "list", "--config", agent.config_file, "--action", "rules").stdout
        for step in ("rules apply", "rules revert E2ESlow 1", "rules remove E2ESlow"):
            self.assertIn(step, audit)
        agent.kill()
        self.assertIn("revision 6", self.klaw(agent, "history", "E2ESlow"))

    def test_bad_rule_is_not_applied_nor_one_whose_test_fails(self):
        agent = self.agent(rules=SLOW % "1h", defaults=False).start()
        bad = self.file("bad.yaml", (SLOW % "1s").replace("item.reason ==", "item.reason ="))
        self.assertRegex(self.klaw(agent, "apply", bad, ok=False), r":5:\d+: ")
        failing = self.file("failing.yaml", SLOW % "1s")
        self.file("failing_test.yaml", """tests:
  - name: wrong
    rule: E2ESlow
    inputs: []
    expect: [{at: 1m, alerts: [{alert: E2ESlow}]}]
""")
        self.assertIn("nothing is applied while a test fails", self.klaw(agent, "apply", failing, ok=False))
        self.assertIn("for: 1h", self.klaw(agent, "show", "E2ESlow"))

    def test_reload_under_load_with_a_bad_file_keeps_the_old_set_and_the_times_that_run(self):
        """R3: bad files come all through the waiting time, so that had one begun it anew, it would not be over."""
        wait = 30
        rules = SLOW % f"{wait}s"
        agent = self.agent(rules=rules, defaults=False).start()
        namespace = self.namespace("reload")
        began = time.time()
        namespace.unschedulable_pods("web")
        eventually(lambda: "1 pending" in self.klaw(agent, "explain", "E2ESlow"), 10, "the alert to be pending")
        done = threading.Event()

        def churn():
            while not done.is_set():
                self.cluster.kubectl("-n", namespace.name, "annotate", "--overwrite", "pod", "web", f"now={time.time()}")
        load = threading.Thread(target=churn)
        load.start()
        bad_files = ("rules: [", rules + "  - {alert: E2ESlow, resource: pods}\n", "rules: 7")
        refused_at = []

        def card_after_bad_files():
            for text in bad_files:
                agent.write_rules(text)
                agent.reload()
                refused = len(refused_at) + 1
                eventually(lambda: agent.log.read_text().count("everything stays as it was") == refused, 10, f"{text} to be refused")
                refused_at.append(time.time())
            return self.receiver.deliveries(rule="E2ESlow")
        try:
            card = eventually(card_after_bad_files, wait + 10, "the card, whose wait no bad file began anew")[0]
        finally:
            done.set()
            load.join()
        third = wait / 3
        for part in range(3):
            hits = [at for at in refused_at if part * third <= at - began < (part + 1) * third]
            self.assertGreaterEqual(len(hits), len(bad_files), "each bad file was refused in each part of the wait")
        self.assertGreaterEqual(card.at - began, wait)
        self.assertLess(card.at - began, wait + third, "a wait begun anew by those of the second part would still run")
        self.assertEqual(agent.metric("klaw_config_last_reload_successful"), 0)
        self.assertIn(f"for: {wait}s", self.klaw(agent, "show", "E2ESlow"))
        agent.write_rules(rules)
        agent.reload()
        eventually(lambda: agent.metric("klaw_config_last_reload_successful") == 1, 10, "the good file to be taken")
        self.assertEqual([c["id"] for c in self.receiver.cards(rule="E2ESlow")], [card.id])

    def test_new_rule_is_played_through_what_was_watched_before_it_was_written(self):
        """R4: stored while the agent ran, killed and restarted in between; the rule of the agent reads no reasons."""
        agent = self.agent(rules=SLOW % "1h", defaults=False, history={"keep": "24h"}).start()
        namespace = self.namespace("backtest")
        namespace.unschedulable_pods("before", "gone")
        # Other tests leave Pods to their namespaces' slow end.
        here = f'when: object.metadata.namespace == "{namespace.name}" && '
        new = self.file("new.yaml", UNSCHEDULABLE.replace("when: ", here))
        found = lambda: json.loads(self.klaw(agent, "backtest", new, "-o", "json"))

        def alerts(count):
            def there():
                # Nothing is readable in the first second.
                done = run_klaw("rules", "backtest", new, "-o", "json", "--config", agent.config_file)
                return done.returncode == 0 and [rule["alerts"] for rule in json.loads(done.stdout)["rules"]] == [count]
            return there

        eventually(alerts(2), 20, "both Pods to be on disk")
        agent.kill()
        namespace.delete_pods("gone")
        agent.start()
        namespace.unschedulable_pods("after")
        eventually(alerts(3), 20, "the new Pod to be on disk")
        self.assertEqual(found()["notJudged"], [])
        self.assertRegex(self.klaw(agent, "backtest", new), r"They would have sent \d+ cards")
        self.assertGreater(agent.metric("klaw_history_bytes"), 0)
        self.assertEqual(agent.metric("klaw_history_lost_events_total"), 0)
