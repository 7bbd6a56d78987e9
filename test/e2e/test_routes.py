"""Who is told of what, and what happens when nobody reacts."""
from harness.case import EndToEndTest
from harness.receiver import Receiver
from harness.rules import UNSCHEDULABLE

RULE = "E2EUnschedulable"


class RoutesTest(EndToEndTest):
    def test_routes_escalation_and_acknowledgement(self):
        lead = Receiver()
        self.addCleanup(lead.close)
        pods = self.namespace("routes")
        channel = {"type": "webhook", "secret": self.receiver.secret}
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False,
                           channels=[{"name": "team", "url": self.receiver.url, **channel},
                                     {"name": "lead", "url": lead.url, **channel}],
                           routes=[{"match": f'namespace="{pods.name}"', "notify": ["team"],
                                    "escalate": [{"after": "3s", "notify": ["lead"]}]}],
                           notify=["lead"]).start()
        pods.unschedulable_pods("nobody-cares")
        card = self.await_card(rule=RULE, where=(pods.name, "nobody-cares"))
        self.assertEqual(lead.cards(rule=RULE, where=(pods.name, "nobody-cares")), [])
        agent.kill()  # the escalation is due all the same
        agent.start()
        called = self.await_card(rule=RULE, where=(pods.name, "nobody-cares"), receiver=lead)
        self.assertEqual(called["id"], card["id"])
        agent.do(f"ack {card['id']}")
        self.await_card("acknowledged", rule=RULE, where=(pods.name, "nobody-cares"), receiver=lead)
        pods.delete_pods("nobody-cares")
        for receiver in (self.receiver, lead):
            self.await_card("resolved", rule=RULE, where=(pods.name, "nobody-cares"), receiver=receiver)
            self.assert_nothing_repeated(receiver)
