"""The value of a Secret (A12): to one person, in private, for a while, with the consent of another."""
import base64
import json

from harness.platform import DingTalk, Feishu, newest
from harness.agent import run_klaw
from harness.waiting import eventually
from test_changes import ChangeTest

PEOPLE = [{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "admin"},
          {"name": "韩梅梅", "feishu": "ou_han", "dingtalk": "han", "role": "admin"},
          {"name": "Ana", "feishu": "ou_ana", "role": "operator"}]
VALUE = "correct-horse-battery-staple-41"


class RevealTest(ChangeTest):
    def begin(self, app, recall="10s", **options):
        self.place = self.namespace("reveal")
        self.place.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": self.place.name},
                           "stringData": {"PASSWORD": VALUE}})
        self.running = self.agent(defaults=False, access=PEOPLE, apps=[app.app()], **{
            "language": "en", "reveal": [{"namespaces": ["reveal-*"], "recall": recall}], **options}).start()
        app.await_connection()
        self.command = f"reveal secret db PASSWORD -n {self.place.name}"

    def decisions(self):
        return [(actor, decision) for actor, action, decision in self.audit(self.running, self.place) if action == "reveal"]

    def assert_nowhere(self, *texts):
        """Neither the value nor its encoding: in no file of the agent, and in none of these."""
        files = {path.name: path.read_bytes() for path in self.running.directory.rglob("*") if path.is_file()}
        self.assertIn("agent.log", files)
        self.assertTrue([name for name in files if name.endswith((".db", "-wal"))], sorted(files))
        exported = run_klaw("audit", "export", "--data", self.running.data).stdout
        for word in (VALUE, base64.b64encode(VALUE.encode()).decode()):
            for name, content in files.items():
                self.assertNotIn(word.encode(), content, name)
            for text in (exported, *texts):
                self.assertNotIn(word, text)


class FeishuRevealTest(RevealTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)

    def waiting(self):
        self.feishu.write(self.command)
        preview = self.feishu.await_reply("This would show PASSWORD of Secret", also="Confirm")
        self.feishu.press(preview["id"], "Confirm")
        return self.feishu.await_reply("Waits for approval", also="Approve")

    def private(self):
        return [m for m in self.feishu.state()["messages"] if m["chat"] == "ou_li"]

    def in_groups(self):
        """Every version of everything that others may see."""
        return json.dumps([m for m in self.feishu.state()["messages"] if m["chat"] != "ou_li"], ensure_ascii=False)

    def test_value_reaches_one_person_and_is_taken_back(self):
        self.begin(self.feishu)
        card = self.waiting()
        own = self.feishu.press(card["id"], "Approve")
        self.assertIn("nobody approves what they have asked for themselves", own["toast"]["content"])
        other = self.feishu.press(card["id"], "Approve", operator="ou_ana")
        self.assertIn("has no role that allows", other["toast"]["content"])
        self.assertEqual(self.private(), [])
        self.feishu.press(card["id"], "Approve", operator="ou_han")
        self.feishu.await_reply("Done: show PASSWORD of Secret", also="approved by 韩梅梅")
        shown = eventually(self.private, 10, "the private message")
        self.assertEqual(len(shown), 1)
        self.assertIn(VALUE, newest(shown[0])["text"])
        self.assertFalse(shown[0]["withdrawn"])
        eventually(lambda: self.private()[0]["withdrawn"], 20, "the recall")
        eventually(lambda: ("klaw", "recalled") in self.decisions(), 10, "the row of the recall")
        self.assertEqual(self.decisions(), [
            ("feishu:ou_li", "previewed"), ("feishu:ou_li", "needs_approval"), ("feishu:ou_li", "denied"),
            ("feishu:ou_ana", "denied"), ("feishu:ou_han", "approved"), ("feishu:ou_li", "allowed"),
            ("feishu:ou_li", "done"), ("klaw", "recalled")])
        self.assertEqual(len(self.private()), 1)
        self.assert_nowhere(self.in_groups())
        self.assert_log_holds(self.running)

    def test_taken_back_also_when_the_agent_was_killed(self):
        self.begin(self.feishu, recall="15s")
        card = self.waiting()
        self.feishu.press(card["id"], "Approve", operator="ou_han")
        eventually(self.private, 10, "the private message")
        eventually(lambda: ("feishu:ou_li", "done") in self.decisions(), 10, "that it is recorded")
        self.running.kill()
        self.assertFalse(self.private()[0]["withdrawn"])
        self.running.start()
        eventually(lambda: self.private()[0]["withdrawn"], 40, "the recall after the restart")
        self.assertEqual(len(self.private()), 1)
        self.assert_nowhere(self.in_groups())

    def test_group_hears_only_that_the_private_message_could_not_be_sent(self):
        self.begin(self.feishu)
        card = self.waiting()
        self.feishu.call("fault", api="messages.create", kind="answer", code=230013, status=400, times=1)
        self.feishu.press(card["id"], "Approve", operator="ou_han")
        self.feishu.await_reply("not shown, as the private message could not be sent")
        self.assertEqual(self.private(), [])
        self.assertEqual(self.decisions()[-1], ("feishu:ou_li", "failed"))
        self.assert_nowhere(self.in_groups())

    def test_off_by_default_and_masked_everywhere_else(self):
        self.begin(self.feishu, reveal=[])
        self.assertIn("values of Secrets are never shown", self.feishu.ask(self.command))
        described = self.feishu.ask(f"describe secret/db -n {self.place.name}")
        self.assertIn("PASSWORD", described)
        self.assert_nowhere(self.in_groups(), described)


class DingTalkRevealTest(RevealTest):
    def test_value_reaches_one_person_and_is_taken_back(self):
        dingtalk = DingTalk()
        self.addCleanup(dingtalk.close)
        self.begin(dingtalk, language="zh")
        dingtalk.call("message", chat="cidops==", sender="li", text=self.command)
        preview = dingtalk.await_card("私下显示", also="确认")
        dingtalk.press(preview["id"], "确认")
        waiting = dingtalk.await_card("等待批准", also="批准")
        dingtalk.press(waiting["id"], "批准", operator="han")

        def private():
            return [m for m in dingtalk.state()["messages"] if m["to"] == "li"]
        shown = eventually(private, 15, "the private message")
        self.assertIn(VALUE, shown[0]["text"])
        eventually(lambda: private()[0]["withdrawn"], 20, "the recall")
        state = dingtalk.state()
        others = json.dumps([state["cards"], [m for m in state["messages"] if m["to"] != "li"]], ensure_ascii=False)
        eventually(lambda: ("klaw", "recalled") in self.decisions(), 10, "the row of the recall")
        self.assert_nowhere(others)
