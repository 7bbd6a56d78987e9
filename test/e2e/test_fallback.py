"""What does not arrive: somebody else is told, and whoever watches Klaw hears nothing of it any more."""
from harness.case import EndToEndTest
from harness.pulse import Pulse
from harness.receiver import Receiver, texts
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually, stays

RULE = "E2EUnschedulable"
IMPATIENT = UNSCHEDULABLE + """
  - alert: KlawCannotDeliver
    override: true
    threshold: "> 4s"
"""


class FallbackTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.lead = Receiver()
        self.addCleanup(self.lead.close)
        self.pulse = Pulse()
        self.addCleanup(self.pulse.close)

    def make_agent(self, namespace, **options):
        channel = {"type": "webhook", "secret": self.receiver.secret}
        return self.agent(rules=IMPATIENT, metrics={"every": "1s"},
                          channels=[{"name": "team", "url": self.receiver.url, **channel, **options},
                                    {"name": "lead", "url": self.lead.url, **channel}],
                          routes=[{"match": f'namespace="{namespace}"', "notify": ["team"]},
                                  {"notify": ["team"]}],
                          heartbeat={"url": self.pulse.url, "every": "1s", "undelivered": "4s"}).start()

    def test_a_channel_that_fails_is_stood_in_for_and_told_of_and_stops_the_heartbeat(self):
        pods = self.namespace("fallback")
        agent = self.make_agent(pods.name, fallback="lead")
        eventually(lambda: self.pulse.beats() >= 2, 10, "signs of life")
        self.receiver.answer_next(100_000)
        pods.unschedulable_pods("lost")

        stood_in = self.await_card(rule=RULE, where=(pods.name, "lost"), receiver=self.lead)
        self.assertIn("team cannot be reached", texts(stood_in))
        told = self.await_card(rule="KlawCannotDeliver", receiver=self.lead)
        self.assertEqual(told["title"], "Klaw cannot deliver to team")
        self.assertEqual(agent.metric("klaw_delivery_failing", channel="team"), 1)
        eventually(lambda: agent.metric("klaw_heartbeats_total", outcome="withheld") >= 1, 10, "no sign of life")
        silent = self.pulse.beats()
        stays(lambda: self.pulse.beats() == silent, 2.5, "no sign of life while nothing arrives")
        self.assertNotIn("secret-of-the-pulse", agent.log.read_text())

        agent.kill()  # whoever stands in goes on to, and is not told twice
        agent.start()
        agent.do(f"ack {stood_in['id']}")
        self.await_card("acknowledged", rule=RULE, where=(pods.name, "lost"), receiver=self.lead)

        self.receiver.recover()
        self.await_card("acknowledged", rule=RULE, where=(pods.name, "lost"))
        self.await_card("resolved", rule="KlawCannotDeliver", receiver=self.lead)
        beats = self.pulse.beats()
        eventually(lambda: self.pulse.beats() > beats, 10, "signs of life again")
        pods.delete_pods("lost")
        for receiver in (self.receiver, self.lead):
            self.await_card("resolved", rule=RULE, where=(pods.name, "lost"), receiver=receiver)
            self.assert_nothing_repeated(receiver)

    def test_what_a_channel_refuses_for_good_reaches_its_fallback_at_once(self):
        pods = self.namespace("refused")
        self.make_agent(pods.name, fallback="lead")
        self.receiver.answer_next(1, status=403)
        pods.unschedulable_pods("refused")
        self.await_card(rule=RULE, where=(pods.name, "refused"), receiver=self.lead)
        pods.delete_pods("refused")
        self.await_card("resolved", rule=RULE, where=(pods.name, "refused"), receiver=self.lead)
        self.assert_nothing_repeated(self.lead)

    def test_without_a_fallback_the_others_hear_that_a_channel_fails_and_nothing_else(self):
        pods = self.namespace("alone")
        self.make_agent(pods.name)
        self.receiver.answer_next(100_000)
        pods.unschedulable_pods("alone")
        self.await_card(rule="KlawCannotDeliver", receiver=self.lead, seconds=60)  # nothing is said of the first 30
        self.assertEqual(self.lead.cards(rule=RULE), [])
        self.receiver.recover()
        self.await_card(rule=RULE, where=(pods.name, "alone"))
        self.await_card("resolved", rule="KlawCannotDeliver", receiver=self.lead)
