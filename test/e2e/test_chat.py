"""Chats: cards that live in a group, buttons that work, commands that are answered."""
import json
import re
import time

from harness import cluster as clusters
from harness.case import EndToEndTest
from harness.platform import DingTalk, Feishu, newest
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

ACCESS = [{"name": "李雷", "feishu": "ou_li", "role": "operator"}, {"name": "韩梅梅", "feishu": "ou_han", "role": "operator"},
          {"feishu_chat": "oc_ops", "role": "viewer"}]


class FeishuTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)

    def chat_agent(self, **options):
        settings = {"language": "en", "apps": [self.feishu.app()], "access": ACCESS,
                    "channels": [{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}], **options}
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, **settings).start()
        self.feishu.await_connection()
        self.running = agent
        return agent

    def broken_pod(self):
        """Its name tells it from those of other tests, which may still be going."""
        namespace = self.namespace("chat")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        return namespace, f"{namespace.name}-big cannot be scheduled"

    def test_card_lives_from_trouble_over_acknowledgement_to_its_end(self):
        self.chat_agent()
        namespace, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        self.assertEqual(card["chat"], "oc_ops")
        self.assertEqual(newest(card)["header"]["template"], "orange")
        pressed = self.feishu.press(card["id"], "Acknowledge")
        self.assertEqual(pressed["toast"]["type"], "success", pressed)
        self.assertLess(pressed["seconds"], 1)
        acknowledged = self.feishu.await_card(trouble, also="李雷")
        self.assertEqual(acknowledged["id"], card["id"])
        self.assertEqual(newest(acknowledged)["header"]["template"], "yellow")
        namespace.delete_pods(f"{namespace.name}-big")
        resolved = self.feishu.await_card(trouble, also='"template": "green"')
        self.assertEqual(resolved["id"], card["id"])
        self.assertEqual(len(self.feishu.cards(trouble)), 1)
        # Platforms meter calls: one card for its whole life is one creation and one change for each thing to say.
        calls = sum(self.running.metric("klaw_chat_calls_total", api=api) for api in ("messages.create", "messages.update"))
        self.assertEqual(self.running.metric("klaw_chat_connected"), 1)
        self.assertLessEqual(calls, 3 * len(self.feishu.cards("")))

    def test_button_works_once_and_only_for_those_who_may(self):
        self.chat_agent()
        _, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        stranger = self.feishu.press(card["id"], "Acknowledge", operator="ou_stranger")
        self.assertEqual(stranger["toast"]["type"], "error")
        self.assertIn("ou_stranger has no role", stranger["toast"]["content"])
        nobody = self.feishu.press(card["id"], "Acknowledge", operator="")
        self.assertIn("nobody vouches", nobody["toast"]["content"])
        first = self.feishu.press(card["id"], "Acknowledge")
        self.assertEqual(first["toast"]["type"], "success", first)
        again = self.feishu.press(card["id"], "", value=first["value"])
        self.assertEqual(again["toast"], first["toast"])  # a press that comes twice is no mistake
        second = self.feishu.press(card["id"], "", value=first["value"], operator="ou_han")
        self.assertIn("already used by 李雷", second["toast"]["content"])
        elsewhere = self.feishu.write("help")
        other = eventually(lambda: self.feishu.answers_to(elsewhere), 15, "another message")[0]
        moved = self.feishu.press(other["id"], "", value=first["value"], operator="ou_han")
        self.assertIn("belongs to another card", moved["toast"]["content"])
        forged = self.feishu.press(card["id"], "", value={"v": 1, "verb": "ack", "n": "forged"})
        self.assertIn("unknown", forged["toast"]["content"])

    def test_role_of_a_department_is_for_those_in_it_and_below_it(self):
        self.chat_agent(access=[{"feishu_department": "infra", "role": "operator"}])
        _, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        stranger = self.feishu.press(card["id"], "Acknowledge", operator="ou_han")
        self.assertIn("ou_han has no role that allows", stranger["toast"]["content"])
        self.feishu.call("fault", api="departments.parent", kind="delay", seconds=3)
        slow = self.feishu.press(card["id"], "Acknowledge")
        self.assertLess(slow["seconds"], 1)
        self.assertIn("Working on it", slow["toast"]["content"])
        self.feishu.await_card(trouble, also="李雷")  # in a department below, when the directory has answered
        calls = self.feishu.state()["calls"]
        self.assertIn(trouble, self.feishu.ask("alerts"))
        self.assertEqual(self.feishu.state()["calls"]["departments.parent"], calls["departments.parent"])

    def test_nobody_is_looked_up_whose_own_role_suffices(self):
        self.chat_agent(access=[*ACCESS, {"feishu_department": "infra", "role": "admin"}])
        _, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        self.assertEqual(self.feishu.press(card["id"], "Acknowledge")["toast"]["type"], "success")
        self.assertIn(trouble, self.feishu.ask("alerts"))
        self.assertNotIn("users.get", self.feishu.state()["calls"])
        self.assertNotIn("departments.parent", self.feishu.state()["calls"])

    def test_card_for_one_person_is_pressed_in_the_direct_chat(self):
        self.chat_agent(channels=[{"name": "me", "type": "feishu", "app": "klaw-feishu", "chat": "ou_li"}])
        namespace, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        self.assertEqual(card["chat"], "ou_li")
        self.assertEqual(self.feishu.press(card["id"], "Acknowledge")["toast"]["type"], "success")
        self.assertEqual(self.feishu.await_card(trouble, also="Acknowledged by")["id"], card["id"])
        namespace.delete_pods(f"{namespace.name}-big")
        self.assertEqual(self.feishu.await_card(trouble, also='"template": "green"')["id"], card["id"])
        self.assertIn("COMMAND", self.feishu.ask("help", chat="ou_li", direct=True))

    def test_directory_that_does_not_answer_opens_nothing(self):
        self.chat_agent(access=[{"feishu_department": "0", "role": "operator"}])
        self.feishu.call("fault", api="users.get", kind="cut", times=10)
        self.assertIn("the directory did not answer", self.feishu.ask("alerts"))

    def test_commands_are_answered_where_they_were_written(self):
        self.chat_agent()
        _, trouble = self.broken_pod()
        self.feishu.await_card(trouble)
        self.assertIn(trouble, self.feishu.ask("alerts"))
        self.assertIn("did you mean", self.feishu.ask("alrts"))
        self.assertIn("has no role that allows", self.feishu.ask("ack 1234", sender="ou_stranger"))
        self.assertIn("has no role that allows", self.feishu.ask("alerts", sender="ou_stranger", chat="oc_elsewhere"))

    def test_message_that_comes_again_is_answered_once_also_after_a_restart(self):
        agent = self.chat_agent()
        message = self.feishu.write("clusters", event_id="e-1", times=3)
        eventually(lambda: self.feishu.answers_to(message), 10, "the answer")
        agent.kill()
        agent.start()
        self.feishu.await_connection()
        self.feishu.write("clusters", event_id="e-1", message_id=message)
        self.feishu.ask("help")  # a later answer: everything before it has been looked at
        self.assertEqual(len(self.feishu.answers_to(message)), 1)

    def test_reply_to_what_was_done_comes_also_after_a_kill(self):
        agent = self.chat_agent()
        _, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        incident = newest(card)["body"]["elements"][-1]["content"].split("incident ")[1].split("<")[0].split(" ")[0]
        self.feishu.call("fault", api="messages.reply", kind="answer", status=503, code=1, times=1000)
        message = self.feishu.write(f"ack {incident}", event_id="e-ack")
        self.feishu.await_card(trouble, also="李雷")
        agent.kill()
        self.feishu.call("fault", clear=True)
        agent.start()
        self.feishu.await_connection()
        self.feishu.write(f"ack {incident}", event_id="e-ack", message_id=message)
        answers = eventually(lambda: self.feishu.answers_to(message), 30, "the reply")
        self.assertIn("Acknowledged", json.dumps(newest(answers[0])))
        self.feishu.ask("help")
        self.assertEqual(len(self.feishu.answers_to(message)), 1)

    def test_command_that_was_long_on_its_way_changes_nothing(self):
        self.chat_agent()
        _, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        incident = newest(card)["body"]["elements"][-1]["content"].split("incident ")[1].split("<")[0].split(" ")[0]
        self.assertIn("send it again", self.feishu.ask(f"ack {incident}", age=600))
        self.assertIn("Acknowledged", self.feishu.ask(f"ack {incident}"))

    def test_connection_survives_what_the_platform_does_to_it(self):
        self.chat_agent()
        for trouble in ("text", "garbage", "oversized"):
            self.feishu.call("connection", do=trouble)
        self.feishu.call("connection", do="fragments", count=7)
        self.assertIn("COMMAND", self.feishu.ask("help"))
        for end in ("close", "abort"):
            before = self.feishu.state()["bootstraps"]
            self.feishu.call("connection", do="bootstrap", answer={"status": 502})
            self.feishu.call("connection", do=end)
            eventually(lambda: self.feishu.state()["bootstraps"] > before + 1, 30, "the next try")
            self.feishu.await_connection(30)
            self.assertIn("COMMAND", self.feishu.ask("help"))

    def test_outage_of_the_platform_loses_nothing_and_floods_nobody(self):
        self.chat_agent()
        self.feishu.call("fault", api="*", kind="answer", status=503, code=1, times=10_000)
        namespace, trouble = self.broken_pod()
        eventually(lambda: self.feishu.state()["calls"].get("messages.create", 0) >= 2, 30, "tries")
        namespace.delete_pods(f"{namespace.name}-big")
        eventually(lambda: "-big" not in self.cluster.kubectl("-n", namespace.name, "get", "pods"), 30, "the Pod's end")
        namespace.unschedulable_pods(f"{namespace.name}-huge")
        self.feishu.call("fault", clear=True)
        self.feishu.await_card(f"{namespace.name}-huge cannot be scheduled", seconds=60)
        self.assertLessEqual(len(self.feishu.cards(trouble)), 1)

    def test_token_that_was_revoked_is_renewed_without_losing_a_card(self):
        self.chat_agent()
        self.feishu.ask("help")
        self.feishu.call("connection", do="revoke_tokens")
        self.feishu.await_card(self.broken_pod()[1])

    def test_card_that_was_withdrawn_comes_anew(self):
        self.chat_agent()
        _, trouble = self.broken_pod()
        card = self.feishu.await_card(trouble)
        self.feishu.call("connection", do="withdraw", message_id=card["id"])
        self.feishu.press(card["id"], "Acknowledge")
        self.assertNotEqual(self.feishu.await_card(trouble, also="李雷")["id"], card["id"])


class DingTalkTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.dingtalk = DingTalk()
        self.addCleanup(self.dingtalk.close)

    def chat_agent(self, app=None, **options):
        settings = {"language": "en", "apps": [self.dingtalk.app(**(app or {}))],
                    "access": [{"name": "李雷", "dingtalk": "li", "role": "operator"},
                               {"name": "韩梅梅", "dingtalk": "han", "role": "operator"}, {"dingtalk_chat": "cidops==", "role": "viewer"}],
                    "channels": [{"name": "oncall", "type": "dingtalk", "app": "klaw-dingtalk", "chat": "cidops=="}], **options}
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, **settings).start()
        self.dingtalk.await_connection()
        return agent

    def broken_pod(self):
        namespace = self.namespace("chat")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        return namespace, f"{namespace.name}-big cannot be scheduled"

    def life_of_a_card(self, own_template):
        namespace, trouble = self.broken_pod()
        card = self.dingtalk.await_card(trouble)
        self.assertEqual(card["spaces"], ["cidops=="])
        pressed = self.dingtalk.press(card["id"], "Acknowledge")
        self.assertEqual(pressed["code"], 200, pressed)
        self.assertLess(pressed["seconds"], 1)
        acknowledged = self.dingtalk.await_card(trouble, also="李雷")
        self.assertEqual(acknowledged["id"], card["id"])
        again = self.dingtalk.press(card["id"], "", action=pressed["action"], params=pressed["params"], operator="han")
        if own_template:
            private = [c["private"] for c in self.dingtalk.cards(trouble)][0]
            self.assertIn("already used by 李雷", private["han"]["hint"], again)
        eventually(lambda: [m for m in self.dingtalk.state()["messages"] if m["to"] == "han" and "already used" in m["text"]], 10,
                   "the word to the presser")
        namespace.delete_pods(f"{namespace.name}-big")
        self.dingtalk.await_card(trouble, also="Resolved")
        self.assertEqual([c["id"] for c in self.dingtalk.cards(trouble)], [card["id"]])

    def test_card_lives_without_any_set_up_of_templates(self):
        self.chat_agent()
        self.life_of_a_card(own_template=False)

    def test_card_lives_in_a_template_of_ours(self):
        self.chat_agent(app={"card_template": "klaw.schema"})
        self.life_of_a_card(own_template=True)

    def test_card_for_one_person_is_pressed_in_the_direct_chat(self):
        self.chat_agent(channels=[{"name": "me", "type": "dingtalk", "app": "klaw-dingtalk", "chat": "li"}])
        namespace, trouble = self.broken_pod()
        card = self.dingtalk.await_card(trouble)
        self.assertEqual(card["spaces"], ["li"])
        self.dingtalk.press(card["id"], "Acknowledge")
        self.assertEqual(self.dingtalk.await_card(trouble, also="Acknowledged by")["id"], card["id"])
        namespace.delete_pods(f"{namespace.name}-big")
        self.assertEqual(self.dingtalk.await_card(trouble, also="Resolved")["id"], card["id"])

    def test_press_counts_once_it_is_known_whose_people_are_meant_also_after_a_restart(self):
        agent = self.chat_agent(app={"corp_id": "", "card_template": "klaw.schema"})
        _, trouble = self.broken_pod()
        card = self.dingtalk.await_card(trouble)
        self.dingtalk.press(card["id"], "Acknowledge")
        self.assertIn("set `corp_id`", [c["private"] for c in self.dingtalk.cards(trouble)][0]["li"]["hint"])
        eventually(lambda: [m for m in self.dingtalk.state()["messages"] if "mention the robot once" in m["text"]], 10,
                   "the word in the group")
        self.assertIn("COMMAND", self.dingtalk.ask("help"))
        agent.kill()
        agent.start()
        self.dingtalk.await_connection()
        self.dingtalk.press(card["id"], "Acknowledge")
        self.dingtalk.await_card(trouble, also="李雷")

    def test_role_of_a_department_is_for_those_in_it_and_below_it(self):
        self.chat_agent(access=[{"dingtalk_department": 4, "role": "viewer"}])
        self.assertIn("COMMAND", self.dingtalk.ask("help"))
        self.assertIn("has no role", self.dingtalk.ask("alerts", sender="han"))
        self.dingtalk.call("connection", do="permission", name="qyapi_get_department_list", granted=False)
        self.assertIn("COMMAND", self.dingtalk.ask("help"))  # what was asked is remembered
        self.assertIn("which departments they are in", self.dingtalk.ask("alerts", sender="wei"))

    def test_commands_are_answered_in_groups_and_alone(self):
        self.chat_agent()
        self.assertIn("COMMAND", self.dingtalk.ask("help"))
        self.assertIn("has no role", self.dingtalk.ask("alerts", sender="wei", chat="cidelsewhere=="))
        self.assertIn("nobody vouches", self.dingtalk.ask("alerts", sender=""))
        # The message's own address has ended: the robot writes by itself.
        self.assertIn("version v", self.dingtalk.ask("clusters", session_life=5))
        self.assertIn("version v", self.dingtalk.ask("clusters", direct=True, chat="cidli==", session_life=5))
        self.assertIn("COMMAND", self.dingtalk.ask("help", direct=True, chat="cidli=="))

    def test_message_that_comes_again_is_answered_once(self):
        self.chat_agent()
        self.dingtalk.ask("clusters", message_id="msg-again==", times=3)
        self.dingtalk.ask("help")
        self.assertEqual(len([m for m in self.dingtalk.state()["messages"] if "version v" in m["text"]]), 1)

    def test_connection_survives_what_the_platform_does_to_it(self):
        self.chat_agent()
        for trouble in ("text", "garbage", "oversized", "numeric", "binary"):
            self.dingtalk.call("connection", do=trouble)
        self.assertIn("COMMAND", self.dingtalk.ask("help"))
        self.assertEqual(self.dingtalk.call("connection", do="event"), {"answer": None})  # events were not asked for
        for how in ("close", "abort"):
            before = self.dingtalk.state()["registrations"]
            self.dingtalk.call("connection", do="register", answer={"status": 503})
            self.dingtalk.call("connection", do=how)
            eventually(lambda: self.dingtalk.state()["registrations"] > before + 1, 30, "the next try")
            self.dingtalk.await_connection()
            self.assertIn("COMMAND", self.dingtalk.ask("help"))

    def test_pages_turn_on_the_card(self):
        """C3"""
        self.chat_agent()
        namespace = self.namespace("pages")
        namespace.create(*[namespace.pod(f"pod-{i:02}") for i in range(40)])
        self.dingtalk.call("message", chat="cidops==", sender="li", text=f"pods -n {namespace.name}")
        card = self.dingtalk.await_card("page 1 of 3")
        self.dingtalk.press(card["id"], "Next")
        turned = self.dingtalk.await_card("page 2 of 3")
        self.assertEqual(turned["id"], card["id"])
        self.dingtalk.press(card["id"], "Previous")
        self.dingtalk.await_card("page 1 of 3", also="pod-00")

    def test_silence_asks_for_how_long_and_by_conditions_for_a_confirmation(self):
        """S1, S2: what forms do elsewhere, buttons do here."""
        agent = self.chat_agent()
        namespace, trouble = self.broken_pod()
        card = self.dingtalk.await_card(trouble)
        self.dingtalk.press(card["id"], "Silence 2h")
        choice = self.dingtalk.await_card("for how long")
        self.assertNotIn("8h", agent.do("silence list").stdout)
        self.dingtalk.press(choice["id"], "8h")
        eventually(lambda: choice["id"] in [c["id"] for c in self.dingtalk.cards("Silenced")], 15, "the end of the choice on its card")
        self.assertIn("李雷", agent.do("silence list").stdout)
        self.dingtalk.call("message", chat="cidops==", sender="li", text=f"silence namespace={namespace.name} 1h")
        preview = self.dingtalk.await_card("of the last 24h")
        self.dingtalk.press(preview["id"], "Confirm")
        eventually(lambda: len(agent.do("silence list --json").stdout.split('"id"')) == 3, 15, "the second silence")

    def test_cluster_that_was_meant_is_chosen_on_the_card(self):
        """C2"""
        second = clusters.second()
        self.chat_agent(clusters={"main": self.cluster.kubeconfig, "other": second.kubeconfig})
        self.dingtalk.call("message", chat="cidops==", sender="li", text="nodes")
        card = self.dingtalk.await_card("which cluster is meant")
        self.dingtalk.press(card["id"], "main")
        self.assertEqual(self.dingtalk.await_card("node-1")["id"], card["id"])

    def test_new_connection_stands_before_the_old_one_goes(self):
        self.chat_agent()
        self.dingtalk.call("connection", do="disconnect", grace=3)
        eventually(lambda: [c for c in self.dingtalk.state()["connections"] if not c["leaving"]], 3, "the new connection")
        self.assertIn("COMMAND", self.dingtalk.ask("help"))
        self.assertEqual(self.dingtalk.state()["lost"], 0)

    def test_answers_that_are_no_answers_lose_no_card(self):
        self.chat_agent()
        for strange in ({"text": "<html>banned</html>", "status": 200}, {"code": "Forbidden.AccessDenied.QpsLimitForApi", "status": 403},
                        {"code": "InvalidAuthentication", "status": 400}, {"status": 504}):
            self.dingtalk.call("fault", api="card.createAndDeliver", kind="answer", **strange)
        self.dingtalk.call("fault", api="card.createAndDeliver", kind="cut_after")
        trouble = self.broken_pod()[1]
        self.dingtalk.await_card(trouble, seconds=60)
        self.assertEqual(len(self.dingtalk.cards(trouble)), 1)


class CallbackTest(EndToEndTest):
    """Where the platform posts to an address of ours instead of over a connection that we keep."""

    def start(self, platform, app, chat):
        self.running = self.agent(
            rules=UNSCHEDULABLE, defaults=False, language="en",
            access=[{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"}],
            channels=[{"name": "oncall", "type": platform, "app": app["name"], "chat": chat}])
        address = f"http://127.0.0.1:{self.running.port}"
        self.running.config |= {"apps": [app], "url": address}
        self.running.write_config()
        self.running.start()
        return f"{address}/callback/{app['name']}"

    def broken_pod(self):
        namespace = self.namespace("post")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        return f"{namespace.name}-big cannot be scheduled"

    def dropped(self):
        return {series.split('reason="')[1].split('"')[0]: int(value) for series, value in self.running.metrics().items()
                if series.startswith("klaw_chat_dropped_total")}

    def test_feishu_asks_is_answered_and_presses_by_posts(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        (self.directory / "key").write_text("kudryavka\n")
        url = self.start("feishu", feishu.app(mode="callback", encrypt_key_file=str(self.directory / "key"),
                                              verification_token="v-1"), "oc_ops")
        self.assertEqual(feishu.call("callback", url=url, key="kudryavka", token="v-1"), {"verified": True})
        self.assertIn("COMMAND", feishu.ask("help"))
        trouble = self.broken_pod()
        card = feishu.await_card(trouble)
        pressed = feishu.press(card["id"], "Acknowledge")
        self.assertEqual(pressed["toast"]["type"], "success", pressed)
        self.assertLess(pressed["seconds"], 1)
        self.assertEqual(feishu.await_card(trouble, also="李雷")["id"], card["id"])
        self.assertEqual(feishu.state()["bootstraps"], 0)
        self.assertEqual(self.running.metric("klaw_chat_connected"), 1)
        for fault, status in (("bad_signature", 401), ("unsigned", 401), ("stale", 401), ("replayed", 401), ("wrong_key", 401),
                              ("bad_token", 401), ("garbage", 401), ("oversized", 413), (None, 200)):
            self.assertEqual(feishu.call("post", fault=fault)["status"], status, fault)
        self.assertEqual(self.dropped(), {
            "bad signature": 1, "no signature": 1, "too old or too new": 1, "replayed": 1, "not sealed with our key": 2,
            "bad token": 1, "too long": 1, "unhandled event": 2})
        self.assertIn("COMMAND", feishu.ask("help"))

    def test_dingtalk_asks_is_answered_and_presses_by_posts(self):
        dingtalk = DingTalk()
        self.addCleanup(dingtalk.close)
        url = self.start("dingtalk", dingtalk.app(mode="callback", card_template="klaw.schema"), "cidops==")
        dingtalk.call("callback", url=url)
        self.assertIn("COMMAND", dingtalk.ask("help"))
        self.assertIn("nobody vouches", dingtalk.ask("alerts", corp="ding2"))
        trouble = self.broken_pod()
        card = dingtalk.await_card(trouble)
        pressed = dingtalk.press(card["id"], "Acknowledge")
        self.assertEqual(pressed["code"], 200, pressed)
        self.assertLess(pressed["seconds"], 1)
        self.assertEqual(dingtalk.await_card(trouble, also="李雷")["id"], card["id"])
        self.assertEqual(dingtalk.state()["registrations"], 0)
        for fault, status in (("bad_signature", 401), ("unsigned", 401), ("stale", 401), ("garbage", 400), ("oversized", 413)):
            self.assertEqual(dingtalk.call("post", fault=fault)["status"], status, fault)
        self.assertEqual(dingtalk.call("post", below="/card/guessed")["status"], 401)
        self.assertEqual(self.dropped(), {
            "bad signature": 2, "too old or too new": 1, "malformed message": 1, "too long": 1, "bad card address": 1,
            "identity of another organisation": 1})
        self.assertNotIn("/card/", self.running.log.read_text())
        self.assertIn("COMMAND", dingtalk.ask("help"))


class PeopleTest(EndToEndTest):
    """Whoever has no name in the configuration has the one that the platform knows."""

    def acknowledged_by(self, chat, app, access, operator):
        self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[app], access=access,
                   channels=[{"name": "oncall", "app": app["name"], "chat": chat}]).start()
        self.platform.await_connection()
        namespace = self.namespace("people")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        trouble = f"{namespace.name}-big cannot be scheduled"
        card = self.platform.await_card(trouble)
        pressed = self.platform.press(card["id"], "Acknowledge", operator=operator)
        self.assertLess(pressed["seconds"], 1.2)
        return self.platform.await_card(trouble, also="韩梅梅")

    def test_name_comes_from_feishu_and_is_asked_for_once(self):
        self.platform = Feishu()
        self.addCleanup(self.platform.close)
        card = self.acknowledged_by("oc_ops", self.platform.app(), [{"feishu_chat": "oc_ops", "role": "operator"}], "ou_han")
        self.assertNotIn("ou_han", json.dumps(newest(card)))
        self.platform.ask("help", sender="ou_han")
        self.assertEqual(self.platform.state()["calls"]["users.get"], 1)

    def test_slow_look_up_holds_up_no_answer(self):
        self.platform = Feishu()
        self.addCleanup(self.platform.close)
        self.platform.call("fault", api="users.get", kind="delay", seconds=8)
        self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[self.platform.app()], access=ACCESS).start()
        self.platform.await_connection()
        began = time.time()
        self.assertIn("COMMAND", self.platform.ask("help", sender="ou_han"))
        self.assertLess(time.time() - began, 5)

    def test_name_comes_from_dingtalk(self):
        self.platform = DingTalk()
        self.addCleanup(self.platform.close)
        self.acknowledged_by("cidops==", self.platform.app(), [{"dingtalk_chat": "cidops==", "role": "operator"}], "han")


class SecretsTest(EndToEndTest):
    def test_secret_comes_from_kubernetes_and_no_secret_is_in_the_log(self):
        feishu, dingtalk = Feishu(), DingTalk()
        self.addCleanup(feishu.close)
        self.addCleanup(dingtalk.close)
        namespace = self.namespace("secret")
        for name in ("feishu", "dingtalk"):
            self.cluster.kubectl("-n", namespace.name, "create", "secret", "generic", name, "--from-literal=word=secret")
        apps = [{**app, "secret": {"namespace": namespace.name, "name": app["type"], "key": "word"}}
                for app in (feishu.app(), dingtalk.app())]
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=apps, log={"level": "trace", "format": "json"},
                           access=[{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"}],
                           channels=[{"name": "one", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}]).start()
        feishu.await_connection()
        dingtalk.await_connection()
        self.assertIn("COMMAND", feishu.ask("help"))
        self.assertIn("COMMAND", dingtalk.ask("help"))
        for platform in (feishu, dingtalk):
            platform.call("fault", api="*", kind="answer", status=400, times=2)
            platform.call("connection", do="abort")
        feishu.await_connection()
        dingtalk.await_connection()
        agent.reload()
        eventually(lambda: agent.log_has("rules run"), 20, "the reload")
        log = agent.log.read_text()
        for secret in ('"secret"', "=secret", ":secret", "ticket", "t-1-x", "token-", "session=", "access_key"):
            self.assertNotIn(secret, log)

    def test_secret_that_is_not_there_is_named(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        agent = self.agent(apps=[{**feishu.app(), "secret": {"namespace": "default", "name": "nowhere", "key": "word"}}])
        agent.start(wait=False)
        self.assertEqual(agent.process.wait(20), 1)
        self.assertTrue(agent.log_has("Secret default/nowhere"), agent.log_tail())


class CommandsTest(EndToEndTest):
    """What people ask of a cluster, in chat and by `klaw do`, from the same catalogue."""
    alone = True

    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)

    def chat_agent(self, **more):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[self.feishu.app()], access=ACCESS, **more).start()
        self.feishu.await_connection()
        return agent

    def shop(self, *names):
        namespace = self.namespace("shop")
        namespace.create(*[namespace.pod(name) for name in names])
        self.cluster.kubectl("-n", namespace.name, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
        return namespace

    def test_objects_are_listed_as_kubectl_lists_them(self):
        self.chat_agent()
        namespace = self.shop("cart", "web")
        answer = self.feishu.ask(f"pods -n {namespace.name}")
        for word in ("cart", "web", "ready 1/1", "Running", "restarts 0", "main"):
            self.assertIn(word, answer)
        self.assertEqual(self.feishu.ask(f"容器组 {namespace.name}").count("Running"), 2)
        self.assertIn("Nothing found", self.feishu.ask(f"pods -n {namespace.name} --bad"))
        namespace.unschedulable_pods("big")
        self.assertIn("Pending", eventually(lambda: (lambda text: "big" in text and text)(
            self.feishu.ask(f"pods —bad -n {namespace.name}")), 20, "the bad Pod"))
        self.assertIn("cart", self.feishu.ask("pods cart --all"))
        self.assertIn("node-1", self.feishu.ask("nodes"))

    def test_one_object_is_described_with_its_events_and_no_secret(self):
        self.chat_agent()
        namespace = self.shop("cart")
        text = self.feishu.ask(f"describe pod cart -n {namespace.name}")
        self.assertIn("image: shop/cart:1.0", text)
        self.assertIn("Scheduled", text)
        self.assertNotIn("managedFields", text)
        self.cluster.kubectl("-n", namespace.name, "create", "secret", "generic", "pass", "--from-literal=word=hunter2")
        text = self.feishu.ask(f"describe secret/pass -n {namespace.name}")
        self.assertIn("word: 7 bytes, not shown", text)
        self.assertNotIn("aHVudGVyMg", text)

    def test_many_rows_come_in_pages_that_turn_on_the_card(self):
        self.chat_agent()
        namespace = self.shop(*[f"pod-{i:02}" for i in range(40)])
        message = self.feishu.write(f"pods -n {namespace.name}")
        answer = eventually(lambda: self.feishu.answers_to(message), 15, "the answer")[0]
        self.assertIn("page 1 of 3", str(newest(answer)))
        self.assertIn("pod-14", str(newest(answer)))
        turned = self.feishu.press(answer["id"], "Next")
        self.assertTrue(turned["card"], turned)
        answer = self.feishu.answers_to(message)[0]
        self.assertIn("page 2 of 3", str(newest(answer)))
        self.assertNotIn("pod-14", str(newest(answer)))
        self.assertTrue(self.feishu.press(answer["id"], "Previous")["card"])
        self.assertIn("pod-00", str(newest(self.feishu.answers_to(message)[0])))

    def test_five_hundred_rows_turn_and_are_narrowed_on_one_card(self):
        """C3"""
        self.chat_agent()
        namespace = self.namespace("many")
        namespace.create(*[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"map-{i:03}", "namespace": namespace.name}}
                           for i in range(500)])
        message = self.feishu.write(f"configmaps -n {namespace.name}")
        answer = eventually(lambda: self.feishu.answers_to(message), 15, "the answer")[0]

        def shown():
            answers = self.feishu.answers_to(message)
            self.assertEqual(len(answers), 1)
            return json.dumps(newest(answers[0]), ensure_ascii=False)
        self.assertRegex(shown(), "page 1 of 3[34]")

        def press(label, words, **more):
            self.assertTrue(self.feishu.press(answer["id"], label, **more)["card"])
            self.assertIn(words, shown())
        for page in (2, 3):
            press("Next", f"page {page} of")
        press("Apply", "--grep 'map-4.2$'", form_value={"grep": "map-4.2$"})
        self.assertEqual(re.findall(r"map-4\d2", shown()), [f"map-4{i}2" for i in range(10)])
        press("All", "page 1 of 3")
        refused = self.feishu.press(answer["id"], "Apply", form_value={"grep": "map-["})
        self.assertIn("--grep: missing ]", refused["toast"]["content"])

    def test_half_a_command_is_completed_by_presses_on_its_answer(self):
        """C1"""
        namespace = self.namespace("half")
        self.running = self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[self.feishu.app()], access=[
            *ACCESS, {"feishu_chat": "oc_half", "role": "viewer", "namespaces": [namespace.name]}]).start()
        self.feishu.await_connection()
        labels = {"app": "web"}
        namespace.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace.name},
                          "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                                   "template": {"metadata": {"labels": labels}, "spec": namespace.pod("x")["spec"]}}})
        message = self.feishu.write("sca", chat="oc_half")
        answer = eventually(lambda: self.feishu.answers_to(message), 15, "the answer")[0]
        for label, asked in (("scale", "Which one?"), ("deployment/web", "How many replicas? There are 2 now"), ("3", "This would scale Deployment")):
            self.assertTrue(self.feishu.press(answer["id"], label)["card"], label)
            self.assertIn(asked, json.dumps(newest(self.feishu.answers_to(message)[0]), ensure_ascii=False))
        self.assertTrue(self.feishu.press(answer["id"], "Confirm")["card"])
        eventually(lambda: self.cluster.get("deployment", "web", "-n", namespace.name)["spec"]["replicas"] == 3, 20, "three replicas")
        listed = self.running.do("scale")
        self.assertNotEqual(listed.returncode, 0)
        self.assertIn(f"scale --namespace {namespace.name}", self.running.do("scale").stdout + self.running.do("scale").stderr)

    def test_same_commands_work_from_the_shell_with_json(self):
        agent = self.chat_agent()
        namespace = self.shop("cart")
        rows = json.loads(agent.do(f"pods -n {namespace.name} --json").stdout)["rows"]
        self.assertEqual([(row["name"], row["status"]) for row in rows], [("cart", "Running")])
        self.assertEqual(len(agent.do(f"pods -n {namespace.name}").stdout.splitlines()), 3)

    def test_cluster_that_was_meant_is_asked_for_once(self):
        second = clusters.second()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, clusters={"main": self.cluster.kubeconfig, "other": second.kubeconfig},
                           language="en", apps=[self.feishu.app()], access=ACCESS).start()
        self.feishu.await_connection()
        message = self.feishu.write("nodes")
        answer = eventually(lambda: self.feishu.answers_to(message), 15, "the answer")[0]
        self.assertIn("which cluster is meant", str(newest(answer)))
        self.assertTrue(self.feishu.press(answer["id"], "main")["card"])
        self.assertIn("node-1", str(newest(self.feishu.answers_to(message)[0])))
        self.assertEqual(len(self.feishu.answers_to(message)), 1)
        self.assertIn("node-1", agent.do("nodes --cluster main").stdout)


class SilencesTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.running = self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[self.feishu.app()], access=ACCESS,
                                  channels=[{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}]).start()
        self.feishu.await_connection()
        self.place = self.namespace("silence")

    def broken(self, name):
        self.place.unschedulable_pods(f"{self.place.name}-{name}")
        return f"{self.place.name}-{name} cannot be scheduled"

    def test_button_silences_for_as_long_as_one_says_and_says_who_and_why(self):
        """S1; that it ends in time is shown in rules/silence_test."""
        card = self.feishu.await_card(self.broken("big"))
        pressed = self.feishu.press(card["id"], "Apply", form_value={"duration": "8h", "reason": "it's known, ticket 7"})
        self.assertEqual(pressed["toast"]["type"], "success", pressed)
        silenced = self.feishu.await_card(f"{self.place.name}-big", also="it s known, ticket 7")
        self.assertIn("李雷", str(newest(silenced)))
        self.assertEqual(newest(silenced)["header"]["template"], "grey")
        self.running.kill()
        self.running.start()
        self.feishu.await_connection()
        self.assertIn("ticket 7", self.feishu.ask("silence list"))

    def test_silence_by_conditions_shows_what_it_is_about_before_it_is_made(self):
        """S2"""
        self.feishu.await_card(self.broken("one"))
        message = self.feishu.write(f"silence namespace={self.place.name} 1h")
        answer = eventually(lambda: self.feishu.answers_to(message), 15, "the preview")[0]
        self.assertIn("Matches 1 active, 1 of the last 24h", str(newest(answer)))
        self.assertIn("Nothing is silenced", self.feishu.ask("silence list"))
        self.assertTrue(self.feishu.press(answer["id"], "Confirm")["card"])
        self.assertIn("Silenced", str(newest(self.feishu.answers_to(message)[0])))
        self.feishu.await_card(f"{self.place.name}-one", also='"template": "grey"')
        self.assertIn("every alert", self.feishu.ask('silence namespace=~".*" 1h'))

    def test_silences_are_listed_extended_and_ended(self):
        """S3"""
        self.feishu.await_card(self.broken("two"))
        self.assertIn("Silenced", self.feishu.ask(f"silence namespace={self.place.name} 1h --yes"))
        listed = self.running.do("silence list --json").stdout
        identity, until = (json.loads(listed)["rows"][0][name] for name in ("id", "until"))
        self.assertIn("Silenced until", self.feishu.ask(f"静默 延长 {identity} 3h").replace("静默延长至", "Silenced until"))
        self.assertNotEqual(json.loads(self.running.do("silence list --json").stdout)["rows"][0]["until"], until)
        self.assertIn("has ended", self.feishu.ask(f"silence expire {identity}"))
        self.assertIn("Nothing is silenced", self.feishu.ask("silences"))


class TeamTest(EndToEndTest):
    def test_team_in_two_chats_sees_asks_takes_over_and_hears_of_the_end(self):
        feishu, dingtalk = Feishu(), DingTalk()
        self.addCleanup(feishu.close)
        self.addCleanup(dingtalk.close)
        self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[feishu.app(), dingtalk.app()],
                   access=[{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"}],
                   channels=[{"name": "one", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"},
                             {"name": "two", "type": "dingtalk", "app": "klaw-dingtalk", "chat": "cidops=="}]).start()
        feishu.await_connection()
        dingtalk.await_connection()
        namespace = self.namespace("team")
        labels = {"app": "shop"}

        def deployment(cpu):
            return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": namespace.name},
                    "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "strategy": {"type": "Recreate"},
                             "template": {"metadata": {"labels": labels}, "spec": namespace.pod("x", cpu=cpu)["spec"]}}}
        namespace.create(deployment("1000"))
        # Three Pods of one Deployment are one card.
        card = feishu.await_card(f"{namespace.name} · Deployment shop", also="Affected &#40;3&#41;")
        other = dingtalk.await_card(f"{namespace.name} · Deployment shop")
        for answer in (feishu.ask(f"pods -n {namespace.name}"), dingtalk.ask(f"pods -n {namespace.name}")):
            self.assertEqual(answer.count("Pending"), 3, answer)
        feishu.press(card["id"], "Acknowledge")
        for seen in (feishu.await_card(f"{namespace.name} · Deployment shop", also="李雷"),
                     dingtalk.await_card(f"{namespace.name} · Deployment shop", also="李雷")):
            self.assertIn(seen["id"], (card["id"], other["id"]))
        self.cluster.kubectl("apply", "-f", "-", manifest=[deployment("10m")])
        feishu.await_card(f"{namespace.name} · Deployment shop", also='"template": "green"', seconds=60)
        dingtalk.await_card(f"{namespace.name} · Deployment shop", also="Resolved")
        self.assertEqual([len(chat.cards(f"{namespace.name} · Deployment shop")) for chat in (feishu, dingtalk)], [1, 1])


class MentionTest(EndToEndTest):
    def test_people_are_called_by_name_at_the_beginning_and_when_nobody_takes_it(self):
        """S5: who is next is called in a message of its own; an acknowledgement ends that."""
        feishu = Feishu()
        self.addCleanup(feishu.close)
        self.agent(rules=UNSCHEDULABLE, defaults=False, language="en", apps=[feishu.app()],
                   access=[{"name": "李雷", "feishu": "ou_li", "role": "operator"},
                           {"name": "韩梅梅", "feishu": "ou_han", "role": "operator"}],
                   routes=[{"match": 'severity="warning"', "mention": ["李雷"],
                            "escalate": [{"after": "2s", "mention": ["韩梅梅"]}, {"after": "8s", "mention": ["all"]}]}],
                   channels=[{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}]).start()
        feishu.await_connection()
        namespace = self.namespace("mention")
        namespace.unschedulable_pods(f"{namespace.name}-big")
        trouble = f"{namespace.name}-big cannot be scheduled"
        first = feishu.await_card(trouble, also="<at id=ou_li></at>")
        second = feishu.await_card(trouble, also="<at id=ou_han></at>")
        self.assertNotEqual(first["id"], second["id"])
        feishu.press(second["id"], "Acknowledge", operator="ou_han")
        feishu.await_card(trouble, also="Acknowledged")
        opened = second["versions"][0]["at"]
        eventually(lambda: time.time() > opened + 10, 20, "the time of the next step")
        self.assertEqual(len(feishu.cards(trouble)), 2)
        self.assertFalse([c for c in feishu.cards(trouble) if "<at id=all>" in json.dumps(c)])
