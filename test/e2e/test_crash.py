"""kill -9 at any moment loses no firing alert and repeats none; what begins while nobody watches is told after start."""
import random
import time

from harness.case import EndToEndTest
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

RULE = "E2EUnschedulable"


class CrashTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.pods = self.namespace("crash")

    def assert_one_card_each(self, names, status="firing", seconds=60):
        def told():
            return {card["subtitle"].rsplit(" ", 1)[-1] for card in self.receiver.cards(status=status, rule=RULE, where=self.pods.name)}
        eventually(lambda: told() >= set(names), seconds, lambda: f"cards {status} for {sorted(set(names) - told())}")
        self.assertEqual(len(self.receiver.cards(rule=RULE, where=self.pods.name)), len(names))
        self.assert_nothing_repeated()

    def test_kills_spread_over_the_way_from_change_to_card(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        # Makes the stretch between the request and its receipt wide enough to be hit.
        self.receiver.before_answer = lambda _: time.sleep(0.01)
        names = []
        for kill in range(24):
            agent.start()
            name = f"kill-{kill:02}"
            before = len(self.receiver.deliveries())
            self.pods.unschedulable_pods(name)
            names.append(name)
            # kubectl returns when the pod exists; the scheduler's verdict and the card follow within some milliseconds.
            time.sleep(kill * 0.004)
            if kill % 4 == 3:  # and now and then just as the card has arrived
                eventually(lambda: len(self.receiver.deliveries()) > before, 30, "the card", interval=0.001)
            agent.kill()
        agent.start()
        self.assert_one_card_each(names)
        self.pods.delete_pods(*names)
        self.assert_one_card_each(names, "resolved")
        self.assertIn("ok", agent_audit(agent))

    def test_kills_while_the_agent_starts(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        names = [f"start-{i:02}" for i in range(10)]
        self.pods.unschedulable_pods(*names)
        dice = random.Random(20261123)
        for kill in range(20):
            agent.start(wait=False)
            time.sleep(dice.uniform(0, 0.4))
            agent.kill()
        agent.start()
        self.assert_one_card_each(names)

    def test_kills_while_alerts_resolve(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        names = [f"resolve-{i}" for i in range(10)]
        self.pods.unschedulable_pods(*names)
        self.assert_one_card_each(names)
        for kill, name in enumerate(names):
            self.pods.delete_pods(name)
            time.sleep(kill * 0.005)
            agent.kill()
            agent.start()
        self.assert_one_card_each(names, "resolved")

    def test_wait_for_a_condition_goes_on_after_a_kill(self):
        """R1: 12 of 20 seconds before the kill; fires 8 after it, not 20."""
        agent = self.agent(rules=UNSCHEDULABLE.replace("severity: warning", "severity: warning\n    for: 20s"), defaults=False).start()
        began = time.monotonic()
        self.pods.unschedulable_pods("patient")
        eventually(lambda: agent.metric("klaw_alerts", state="pending") >= 1, 30, "the wait to begin")
        eventually(lambda: time.monotonic() > began + 12, 20, "most of the wait to pass")
        agent.kill()
        agent.start()
        self.assert_one_card_each(["patient"])
        self.assertLess(time.monotonic() - began, 30)
        self.assertGreater(time.monotonic() - began, 19)

    def test_lost_replies_repeat_the_key_and_not_the_card(self):
        """D2"""
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.receiver.answer_next(3, status=None, accept=True)
        self.pods.unschedulable_pods("lost-reply")
        self.assert_one_card_each(["lost-reply"])
        eventually(self.receiver.repetitions, 60, "the second try")
        self.assertTrue(agent.running())
        self.assert_one_card_each(["lost-reply"])

    def test_card_waits_out_a_receiver_that_is_down_and_a_restart(self):
        """D1"""
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.receiver.answer_next(10_000, status=503)
        self.pods.unschedulable_pods("waits")
        eventually(lambda: len(self.receiver._answers) < 10_000, 30, "the first try")
        agent.kill()
        self.receiver._answers.clear()
        agent.start()
        self.assert_one_card_each(["waits"])

    def test_trouble_that_began_while_the_agent_was_down_is_told_once_as_such(self):
        """W3"""
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.pods.unschedulable_pods("seen")
        self.assert_one_card_each(["seen"])
        agent.stop()
        self.pods.unschedulable_pods("unseen")
        eventually(lambda: "Unschedulable" in self.cluster.kubectl("-n", self.pods.name, "get", "pod", "unseen", "-o", "json"),
                   30, "the scheduler's verdict")
        agent.start()
        self.assert_one_card_each(["seen", "unseen"])
        marks = {card["subtitle"].rsplit(" ", 1)[-1]: card["footer"].get("startedBefore", False)
                 for card in self.receiver.cards(rule=RULE, where=self.pods.name)}
        self.assertEqual(marks, {"seen": False, "unseen": True})

    def test_what_was_mended_while_the_agent_was_down_is_resolved_after_start(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.pods.unschedulable_pods("mended")
        self.assert_one_card_each(["mended"])
        agent.kill()
        self.pods.delete_pods("mended")
        agent.start()
        self.assert_one_card_each(["mended"], "resolved")

    def test_sigterm_ends_within_five_seconds_with_nothing_lost(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        names = [f"term-{i:02}" for i in range(20)]
        self.pods.unschedulable_pods(*names)
        seconds, code = agent.stop()
        self.assertLess(seconds, 5)
        self.assertEqual(code, 0, agent.log_tail())
        agent.start()
        self.assert_one_card_each(names)

    def test_sigterm_ends_within_five_seconds_though_the_receiver_hangs(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.receiver.before_answer = lambda _: time.sleep(20)
        self.pods.unschedulable_pods("hanging")
        eventually(lambda: self.receiver.cards(rule=RULE, where=(self.pods.name, "hanging")), 30, "the request")
        seconds, code = agent.stop()
        self.assertLess(seconds, 5)
        self.assertEqual(code, 0, agent.log_tail())
        self.receiver.before_answer = None
        agent.start()
        eventually(self.receiver.repetitions, 60, "the second try")
        self.assert_one_card_each(["hanging"])


def agent_audit(agent):
    from harness.agent import run_klaw
    done = run_klaw("audit", "verify", "--config", agent.config_file)
    return "ok" if done.returncode == 0 else done.stdout + done.stderr
