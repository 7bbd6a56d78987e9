"""What cards show beside what rules see, asked from the real API server; who is called, and rung, on both platforms."""
import json
import re

from harness.case import EndToEndTest
from harness.platform import DingTalk, Feishu, newest
from harness.rules import UNSCHEDULABLE, impatient
from harness.waiting import eventually

ACCESS = [{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"},
          {"name": "韩梅梅", "feishu": "ou_han", "dingtalk": "han", "role": "operator"}]
ROUTE = {"mention": ["李雷"], "ring": "app"}
ENRICHED = UNSCHEDULABLE + "    enrich: [logs, events]\n"


class CardContentTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)

    def chat_agent(self, rules, defaults=False, **options):
        settings = {"language": "en", "apps": [self.feishu.app()], "access": ACCESS,
                    "channels": [{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}], **options}
        agent = self.agent(rules=rules, defaults=defaults, **settings).start()
        self.feishu.await_connection()
        return agent

    def identity_of(self, agent, namespace):
        return next(line.split()[0] for line in agent.do("alerts").stdout.splitlines() if namespace.name in line)

    def found_on_card(self, trouble, word):
        """With the first card, or where the API server is slow with a later version of it."""
        return json.dumps(newest(self.feishu.await_card(trouble, also=word)), ensure_ascii=False)

    def test_card_of_a_crash_has_events_and_logs(self):
        self.chat_agent(impatient(), defaults=True)
        namespace = self.namespace("crash")
        namespace.trouble("make", "crash-loop")
        self.feishu.await_card("keeps crashing", also=namespace.name, seconds=60)
        shown = self.found_on_card("keeps crashing", "could not reach database")
        self.assertIn('"content": "Events"', shown)
        self.assertIn("BackOff", shown)
        namespace.trouble("mend", "crash-loop")

    def test_card_without_logs_says_why_and_has_the_events(self):
        namespace = self.namespace("events")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        eventually(lambda: "FailedScheduling" in self.cluster.kubectl("-n", namespace.name, "get", "events"), 30, "the Event")
        self.chat_agent(ENRICHED)
        shown = self.found_on_card(f"{namespace.name}-big cannot be scheduled", "FailedScheduling")
        self.assertRegex(shown, "The logs could not be read|has written nothing")  # it was never placed on a node

    def test_people_are_rung_once_also_over_a_restart(self):
        agent = self.chat_agent(UNSCHEDULABLE, routes=[ROUTE])
        namespace = self.namespace("ring")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        trouble = f"{namespace.name}-big cannot be scheduled"
        card = self.feishu.await_card(trouble, also="<at id=ou_li>")
        def rung():
            return self.feishu.cards(trouble)[0].get("rung")
        eventually(rung, 15, "a ring")
        self.assertEqual(rung(), [{"how": "urgent_app", "people": ["ou_li"]}])
        identity = self.identity_of(agent, namespace)
        # The answer must be stored: killed before, Klaw says that it is not known whether people were rung.
        stored = lambda: re.search(r"oncall\s+ring\s+sent", agent.do(f"alerts deliveries {identity}").stdout)
        eventually(stored, 15, "the ring to be recorded")
        agent.kill()
        agent.start()
        self.feishu.press(card["id"], "Acknowledge")
        self.feishu.await_card(trouble, also='"template": "yellow"')
        self.assertEqual(len(rung()), 1)
        self.assertTrue(stored())

    def test_rule_rings_those_whom_the_route_calls(self):
        self.chat_agent(UNSCHEDULABLE + "    ring: phone\n", routes=[{"mention": ["李雷"]}])
        namespace = self.namespace("ring")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        trouble = f"{namespace.name}-big cannot be scheduled"
        self.feishu.await_card(trouble, also="<at id=ou_li>")
        rung = eventually(lambda: self.feishu.cards(trouble)[0].get("rung"), 15, "a ring")
        self.assertEqual(rung, [{"how": "urgent_phone", "people": ["ou_li"]}])

    def test_refused_ring_is_told_in_the_ledger(self):
        agent = self.chat_agent(UNSCHEDULABLE, routes=[ROUTE])
        self.feishu.call("fault", api="messages.urgent_app", kind="answer", times=5, code=99991672, msg="no scope", status=400)
        namespace = self.namespace("ring")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        self.feishu.await_card(f"{namespace.name}-big cannot be scheduled")
        identity = self.identity_of(agent, namespace)
        eventually(lambda: "ring" in agent.do(f"alerts deliveries {identity}").stdout
                   and "refused" in agent.do(f"alerts deliveries {identity}").stdout, 15, "a refused ring")

    def test_alert_is_assigned_and_commented_on_its_card(self):
        agent = self.chat_agent(UNSCHEDULABLE)
        namespace = self.namespace("assign")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        trouble = f"{namespace.name}-big cannot be scheduled"
        self.feishu.await_card(trouble)
        identity = self.identity_of(agent, namespace)
        self.assertIn("Assigned", self.feishu.ask(f"assign {identity} 韩梅梅"))
        self.feishu.await_card(trouble, also="<at id=ou_han>")
        self.assertIn("Commented", self.feishu.ask(f"comment {identity} the node is being repaired"))
        self.feishu.await_card(trouble, also="李雷: the node is being repaired")
        self.assertIn("one of 李雷, 韩梅梅", self.feishu.ask(f"assign {identity} nobody"))


    def test_one_card_lives_and_the_one_before_says_so(self):
        agent = self.chat_agent(UNSCHEDULABLE)
        namespace = self.namespace("living")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        trouble = f"{namespace.name}-big cannot be scheduled"
        first = self.feishu.await_card(trouble)
        self.assertIn("Assigned", self.feishu.ask(f"assign {self.identity_of(agent, namespace)} 韩梅梅"))
        second = self.feishu.await_card(trouble, also="<at id=ou_han>")

        def shown(card):
            return json.dumps(newest(next(m for m in self.feishu.cards(trouble) if m["id"] == card["id"])), ensure_ascii=False)
        eventually(lambda: "Continued in a newer card below" in shown(first), 15, lambda: f"the end of the first card: {shown(first)}")
        self.assertNotIn('"tag": "button"', shown(first))
        agent.kill()
        agent.start()
        self.feishu.await_connection()
        self.assertEqual(self.feishu.press(second["id"], "Acknowledge")["toast"]["type"], "success")
        namespace.delete_pods(f"{namespace.name}-big")
        eventually(lambda: '"template": "green"' in shown(second), 30, "the resolved card")
        self.assertIn("Continued in a newer card below", shown(first))
        self.assertEqual(len(self.feishu.cards(trouble)), 2)


class DingTalkContentTest(EndToEndTest):
    def test_buttons_and_pages_work_on_the_public_template_that_stands_in(self):
        # One call is refused: it must be that of the card that is meant.
        eventually(lambda: "Pending" not in self.cluster.kubectl("get", "pods", "--all-namespaces"), 60, "the end of others' Pods")
        dingtalk = DingTalk()
        self.addCleanup(dingtalk.close)
        self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", access=ACCESS,
                   apps=[dingtalk.app(card_template="gone.schema")],
                   channels=[{"name": "oncall", "type": "dingtalk", "app": "klaw-dingtalk", "chat": "cidops=="}]).start()
        dingtalk.await_connection()
        dingtalk.call("fault", api="card.createAndDeliver", kind="answer", status=400, code="cardTemplateInvalid", times=1)
        namespace = self.namespace("public")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        trouble = f"{namespace.name}-big cannot be scheduled"
        card = dingtalk.await_card(trouble)
        self.assertIn("msgTitle", dingtalk.shown(card))
        dingtalk.press(card["id"], "Acknowledge")
        dingtalk.await_card(trouble, also="Acknowledged by")

    def test_people_are_mentioned_on_the_card_and_rung(self):
        dingtalk = DingTalk()
        self.addCleanup(dingtalk.close)
        self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[dingtalk.app()], access=ACCESS,
                   channels=[{"name": "oncall", "type": "dingtalk", "app": "klaw-dingtalk", "chat": "cidops=="}],
                   routes=[{"mention": ["李雷"], "ring": "phone"}]).start()
        dingtalk.await_connection()
        namespace = self.namespace("ding")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        card = dingtalk.await_card(f"{namespace.name}-big cannot be scheduled")
        self.assertIn("@li", dingtalk.shown(card).get("msgContent", ""))
        def of_here():
            return [d for d in dingtalk.state()["dings"] if namespace.name in d["content"]]
        ding = eventually(of_here, 15, "a DING")
        self.assertEqual([(d["how"], d["people"]) for d in ding], [(3, ["li"])])
        self.assertIn(f"{namespace.name}-big cannot be scheduled", ding[0]["content"])
