"""Who is told of what and when, and what happens when nobody reacts."""
from datetime import datetime, timedelta, timezone

from harness.case import EndToEndTest
from harness.receiver import Receiver
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

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

    def test_quiet_hours_let_people_sleep_and_tell_then_what_still_fires(self):
        pods, urgent = self.namespace("sleep"), self.namespace("urgent")
        time = datetime.now(timezone.utc)
        hours = {"from": f"{time - timedelta(hours=1):%H:%M}", "to": f"{time + timedelta(hours=1):%H:%M}",
                 "except": f'namespace="{urgent.name}"'}
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, routes=[{"notify": ["hook"], "quiet_hours": hours}]).start()
        pods.unschedulable_pods("stays", "ends")
        urgent.unschedulable_pods("wakes")
        self.await_card(rule=RULE, where=(urgent.name, "wakes"))
        known = eventually(lambda: self.alerts_of(agent, pods, "stays", "ends"), what="both alerts")
        agent.kill()  # the night goes on all the same
        agent.start()
        pods.delete_pods("ends")
        eventually(lambda: agent.do(f"alerts {known['ends']}").returncode != 0, what="the end of one alert")
        self.assertRegex(agent.do(f"alerts deliveries {known['ends']}").stdout, "hook +opened +superseded")
        self.assertEqual(self.receiver.cards(where=pods.name), [])
        agent.config["routes"][0].pop("quiet_hours")
        agent.write_config()
        agent.reload()
        self.assertEqual(self.await_card(rule=RULE, where=(pods.name, "stays"))["id"], known["stays"])
        self.assertEqual(len(self.receiver.deliveries(where=pods.name)), 1)
        self.assert_nothing_repeated()

    def alerts_of(self, agent, pods, *names):
        """Name of the Pod → id of its alert, once all have one."""
        lines = agent.do(f"alerts -n {pods.name}").stdout.splitlines()
        found = {name: line.split()[0] for line in lines for name in names if f"Pod/{name} " in line}
        return found if len(found) == len(names) else None
