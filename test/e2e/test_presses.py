"""Presses: once, however often the platform sends them and whenever Klaw dies; at once, however slow the cluster is; late
never."""
import json
import re
import threading
import time
import urllib.error

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.platform import DingTalk, Feishu, newest
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.waiting import eventually

NOTHING = "rules:\n  - {alert: E2ENothing, resource: pods, when: 'false', title: t}\n"
ACCESS = [{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"},
          {"name": "韩梅梅", "feishu": "ou_han", "dingtalk": "han", "role": "operator"}]
# Of the answer to a press: before it, while what was pressed is being stored, after it.
KILLS = (0, 0.002, 0.005, 0.01, 0.03, 0.1)


def alert(name, **labels):
    return {"labels": {"alertname": name, "severity": "warning", "namespace": "shop", "deployment": name.lower(), **labels},
            "summary": f"{name} is down"}


class OnceTest(EndToEndTest):
    """A11, for acknowledge and silence."""

    def done(self, agent, action):
        """Of the audit log: the commands of that verb that were carried out."""
        listed = run_klaw("audit", "list", "--config", agent.config_file, "--action", action, "--limit", 1000, "--output", "json").stdout
        rows = [json.loads(line) for line in listed.splitlines()]
        return [row["detail"] if isinstance(row["detail"], str) else json.dumps(row["detail"]) for row in rows
                if row["decision"] == "done"]

    def start(self, platform, channel):
        agent = self.agent(rules=NOTHING, defaults=False, language="en", apps=[platform.app()], access=ACCESS,
                           channels=[{"name": "oncall", **channel}]).start()
        platform.await_connection()
        return agent

    def killed_while(self, agent, platform, press, after):
        """Whatever comes of a press of which the agent dies so many seconds after it was sent."""
        def pressing():
            try:
                press()
            except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
                pass  # nobody has answered
        presser = threading.Thread(target=pressing)
        presser.start()
        time.sleep(after)  # the moment of the death is what is tried out here
        agent.kill()
        presser.join()
        agent.start()
        platform.await_connection()

    def test_feishu_press_acts_once_over_five_deliveries_and_kills(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        agent = self.start(feishu, {"type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"})
        for number, after in enumerate(KILLS):
            for verb, label, form, word in (("ack", "Acknowledge", None, "Acknowledged"),
                                            ("silence", "Apply", {"duration": "2h", "reason": ""}, "Silenced")):
                name = f"Feishu{verb.capitalize()}{number}"
                agent.receive(alert(name))
                card = feishu.await_card(f"{name} is down")
                buttons = json.dumps(newest(card))
                more = {"form_value": form} if form else {}
                event = f"e-{name}"
                value = self.value_of(newest(card), label)
                self.assertTrue(value, buttons)

                def press(times=5):
                    return feishu.press(card["id"], "", value=value, event_id=event, times=times, **more)
                self.killed_while(agent, feishu, press, after)
                last = press()
                self.assertEqual(last["toast"]["type"], "success", last)
                shown = feishu.await_card(f"{name} is down", also="李雷")
                self.assertIn(word.lower(), json.dumps(newest(shown)).lower())
                incident = self.incident_of(newest(shown))
                carried_out = [text for text in self.done(agent, verb) if incident in text]
                self.assertEqual(len(carried_out), 1, carried_out)
        self.assertEqual(len(json.loads(agent.do("silence list --json").stdout)["rows"]), len(KILLS))

    def test_dingtalk_press_acts_once_over_five_deliveries_and_kills(self):
        dingtalk = DingTalk()
        self.addCleanup(dingtalk.close)
        agent = self.start(dingtalk, {"type": "dingtalk", "app": "klaw-dingtalk", "chat": "cidops=="})
        for number, after in enumerate(KILLS):
            name = f"DingAck{number}"
            agent.receive(alert(name))
            card = dingtalk.await_card(f"{name} is down")
            self.pressed_once(agent, dingtalk, card, "Acknowledge", after)
            dingtalk.await_card(f"{name} is down", also="Acknowledged by")
            incident = self.incident_of(dingtalk.shown(card))
            self.assertEqual(len([text for text in self.done(agent, "ack") if incident in text]), 1)
            name = f"DingSilence{number}"
            agent.receive(alert(name))
            card = dingtalk.await_card(f"{name} is down")
            dingtalk.press(card["id"], "Silence 2h")
            choice = eventually(lambda: [c for c in dingtalk.cards("for how long") if "8h" in json.dumps(dingtalk.shown(c))], 15,
                                "the choice")[-1]
            self.pressed_once(agent, dingtalk, choice, "8h", after)
            incident = self.incident_of(dingtalk.shown(card))
            eventually(lambda: [text for text in self.done(agent, "silence") if incident in text], 15, "the silence")
            self.assertEqual(len([text for text in self.done(agent, "silence") if incident in text]), 1)
        self.assertEqual(len(json.loads(agent.do("silence list --json").stdout)["rows"]), len(KILLS))

    def pressed_once(self, agent, dingtalk, card, label, after):
        buttons = eventually(lambda: dingtalk.call("buttons", card=card["id"]).get(label), 15, f"the button {label}")
        action, parameters = buttons

        def press():
            return dingtalk.press(card["id"], "", action=action, params=parameters, times=5)
        self.killed_while(agent, dingtalk, press, after)
        press()

    def value_of(self, content, label):
        """What the button with that label sends."""
        if isinstance(content, list):
            return next(filter(None, (self.value_of(each, label) for each in content)), None)
        if not isinstance(content, dict):
            return None
        if content.get("tag") == "button" and content["text"]["content"] == label:
            return content["behaviors"][0].get("value")
        return next(filter(None, (self.value_of(each, label) for each in content.values())), None)

    def incident_of(self, shown):
        return re.search(r"(?:incident|ack) ([0-9a-f]{8,16})", json.dumps(shown)).group(1)


class TogetherTest(EndToEndTest):
    def test_of_two_people_who_press_at_once_one_acts_and_the_other_sees_who(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        agent = self.agent(rules=NOTHING, defaults=False, language="en", apps=[feishu.app()], access=ACCESS,
                           channels=[{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}]).start()
        feishu.await_connection()
        agent.receive(alert("Together"))
        card = feishu.await_card("Together is down")
        answers = {}

        def press(person):
            answers[person] = feishu.press(card["id"], "Acknowledge", operator=person)
        people = [threading.Thread(target=press, args=(person,)) for person in ("ou_li", "ou_han")]
        for person in people:
            person.start()
        for person in people:
            person.join()
        kinds = sorted(answer["toast"]["type"] for answer in answers.values())
        self.assertEqual(kinds, ["error", "success"], answers)
        first = next(person for person, answer in answers.items() if answer["toast"]["type"] == "success")
        second = next(answer for person, answer in answers.items() if person != first)
        self.assertIn(f"already used by {'李雷' if first == 'ou_li' else '韩梅梅'}", second["toast"]["content"])


class SlowClusterTest(EndToEndTest):
    alone = True

    def test_two_hundred_presses_are_answered_within_a_second_while_the_api_server_takes_two(self):
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        feishu = Feishu()
        self.addCleanup(feishu.close)
        rules = """group: e2e
rules:
  - alert: E2EDeployment
    resource: deployments
    when: object.metadata.name == "slow"
    actions: [restart]
    title: "${object.metadata.namespace} has a slow one"
"""
        namespace = self.namespace("slow")
        labels = {"app": "slow"}
        namespace.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "slow", "namespace": namespace.name},
                          "spec": {"replicas": 0, "selector": {"matchLabels": labels},
                                   "template": {"metadata": {"labels": labels}, "spec": namespace.pod("x")["spec"]}}})
        self.agent(rules=rules, defaults=False, language="en", apps=[feishu.app()], access=ACCESS,
                   clusters={"main": proxied_kubeconfig(proxy, self.directory / "proxied")},
                   channels=[{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}]).start()
        feishu.await_connection()
        card = feishu.await_card(f"{namespace.name} has a slow one")
        proxy.slow_down(2)
        answers = []

        def presser():
            for _ in range(20):
                answers.append(feishu.press(card["id"], "Restart"))
        pressers = [threading.Thread(target=presser) for _ in range(10)]
        for each in pressers:
            each.start()
        for each in pressers:
            each.join()
        self.assertEqual(len(answers), 200)
        self.assertEqual([answer for answer in answers if "toast" not in answer], [])
        self.assertIn("Working on it", answers[0]["toast"]["content"])
        seconds = sorted(answer["seconds"] for answer in answers)
        print(f"  answers to presses: median {seconds[100]:.3f} s, p99 {seconds[197]:.3f} s")
        self.assertLess(seconds[197], 1)
        feishu.await_reply("This would restart", seconds=60)
