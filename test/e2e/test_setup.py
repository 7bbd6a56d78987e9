"""`klaw feishu setup` and `klaw dingtalk setup`: what is right, what is missing and where it is mended, and no secret anywhere."""
import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from harness.agent import run_klaw
from harness.paths import WORK, klaw
from harness.platform import DingTalk, Feishu, newest


class Dialogue:
    """The program on a terminal of its own."""

    def __init__(self, *arguments, **environment):
        self.screen = ""
        self._terminal, theirs = pty.openpty()
        self._process = subprocess.Popen([klaw(), *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
                                         env={**os.environ, **environment}, start_new_session=True)
        os.close(theirs)

    def until(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        while text not in self.screen:
            assert time.monotonic() < deadline, f"no {text!r} in\n{self.screen}"
            self._read(0.2)
        return self

    def type(self, text):
        os.write(self._terminal, (text + "\n").encode())
        return self

    def end(self, seconds=20):
        deadline = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            self._read(0.1)
        self._read(0.1)
        os.close(self._terminal)
        return self._process.wait(1)

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _read(self, seconds):
        if select.select([self._terminal], [], [], seconds)[0]:
            try:
                self.screen += os.read(self._terminal, 65536).decode(errors="replace")
            except OSError:  # the other end has gone
                time.sleep(seconds)


class SetupTest(unittest.TestCase):
    def setUp(self):
        self.directory = WORK / "tests" / re.sub(r"[^A-Za-z0-9_]+", "-", ".".join(self.id().split(".")[-2:]))
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)

    def platform(self, kind):
        made = kind()
        self.addCleanup(made.close)
        return made

    def setup_of(self, platform, *arguments, secret="secret", **environment):
        ran = run_klaw(platform, "setup", *arguments, KLAW_TEST_SECRET=secret, **environment)
        self.output = ran.stdout + ran.stderr
        return ran.returncode

    def config(self, app, chat, access=(), **more):
        file = self.directory / "klaw.yaml"
        channels = [{"name": "oncall", "app": app["name"], "chat": chat}]
        file.write_text(json.dumps({"apps": [app], "access": access, "channels": channels, **more}))
        return file

    def yaml_of(self, output):
        return output.split("stays where it is):")[1].strip().replace("\r", "")

    def assert_config_is_fine(self, yaml, **environment):
        file = self.directory / "made.yaml"
        file.write_text(yaml)
        checked = run_klaw("config", "check", file, **environment)
        self.assertEqual(checked.returncode, 0, checked.stderr + yaml)


class FeishuSetupTest(SetupTest):
    def setUp(self):
        super().setUp()
        self.feishu = self.platform(Feishu)
        self.asked = ["--id", Feishu.APP, "--secret-env", "KLAW_TEST_SECRET", "--domain", self.feishu.url, "--chat", "oc_ops"]

    def test_right_set_up_sends_a_card_and_prints_the_configuration(self):
        self.assertEqual(self.setup_of("feishu", *self.asked), 0, self.output)
        for word in ("ok       App ID and App Secret", 'ok       bot "Klaw"', "ok       scope im:message:send_as_bot",
                     "ok       long connection", 'ok       group oc_ops "group oc_ops"', "ok       test card in oc_ops"):
            self.assertIn(word, self.output)
        self.assertEqual([newest(card)["header"]["title"]["content"] for card in self.feishu.cards("Klaw can write here")],
                         ["Klaw can write here"])
        yaml = self.yaml_of(self.output)
        self.assertIn("secret_env: KLAW_TEST_SECRET", yaml)
        self.assert_config_is_fine(yaml, KLAW_TEST_SECRET="secret")

    def test_wrong_secret_is_said_with_where_the_right_one_is(self):
        self.assertEqual(self.setup_of("feishu", *self.asked, secret="wr0ng-s3cret"), 1)
        self.assertIn("MISSING  token", self.output)
        self.assertIn(f"{self.feishu.url}/app/{Feishu.APP}/baseinfo", self.output)
        self.assertNotIn("wr0ng-s3cret", self.output)

    def test_missing_scope_is_named_with_its_page(self):
        self.feishu.call("connection", do="scope", name="im:message:send_as_bot", granted=0)
        self.assertEqual(self.setup_of("feishu", *self.asked), 1)
        self.assertIn("MISSING  scope im:message:send_as_bot, to send and change cards", self.output)
        self.assertIn(f"{self.feishu.url}/app/{Feishu.APP}/auth", self.output)
        self.assertIn("MISSING  test card in oc_ops: code 99991672", self.output)

    def test_scopes_for_ringing_are_wanted_where_routes_ring(self):
        rings = {"routes": [{"ring": "app", "mention": ["李雷"], "escalate": [{"after": "5m", "mention": ["李雷"], "ring": "phone"}]}],
                 "access": [{"name": "李雷", "feishu": "ou_li", "role": "operator"}]}
        self.feishu.call("connection", do="scope", name="im:message.urgent", granted=1)
        file = self.config(self.feishu.app(), "oc_ops", **rings)
        self.assertEqual(self.setup_of("feishu", "--check", "--config", file), 1, self.output)
        self.assertIn("ok       scope im:message.urgent, to ring people in the application", self.output)
        self.assertIn("MISSING  scope im:message.urgent:phone, to ring people by phone", self.output)
        self.assertNotIn("urgent:sms", self.output)
        self.assertIn("ok       scope contact:contact.base:readonly, to look people up", self.output)

    def test_scopes_for_ringing_are_wanted_where_rules_ring(self):
        rules = WORK / "setup-rules"
        shutil.rmtree(rules, ignore_errors=True)
        rules.mkdir(parents=True)
        (rules / "ring.yaml").write_text("rules: [{alert: Loud, resource: pods, when: 'false', title: t, ring: sms}]\n")
        file = self.config(self.feishu.app(), "oc_ops", rules={"directories": [str(rules)]})
        self.assertEqual(self.setup_of("feishu", "--check", "--config", file), 1, self.output)
        self.assertIn("MISSING  scope im:message.urgent:sms, to ring people by SMS", self.output)

    def test_bot_that_is_not_in_the_group_is_said(self):
        self.feishu.call("connection", do="bot_leaves", chat="oc_ops")
        self.assertEqual(self.setup_of("feishu", *self.asked), 1)
        self.assertIn("MISSING  the bot is not in the group oc_ops", self.output)

    def test_configuration_is_checked_without_asking_anybody(self):
        file = self.config(self.feishu.app(), "oc_ops")
        self.assertEqual(self.setup_of("feishu", "--check", "--config", file), 0, self.output)
        self.assertEqual(self.feishu.state()["calls"].get("messages.create", 0), 0)
        self.assertEqual(self.setup_of("feishu", "--check", "--config", file, "--send"), 0, self.output)
        self.assertEqual(self.feishu.state()["calls"]["messages.create"], 1)
        self.assertEqual(self.setup_of("dingtalk", "--check", "--config", file), 1)
        self.assertIn("no such application", self.output)

    def test_departments_that_have_roles_are_looked_up(self):
        file = self.config(self.feishu.app(), "oc_ops", [{"feishu_department": ["od-duty", "infra"], "role": "operator"}])
        self.assertEqual(self.setup_of("feishu", "--check", "--config", file), 0, self.output)
        self.assertIn('ok       department od-duty "值班"', self.output)
        self.assertIn('ok       department infra "基础设施"', self.output)
        self.feishu.call("connection", do="scope", name="contact:department.organize:readonly", granted=0)
        file = self.config(self.feishu.app(), "oc_ops", [{"feishu_department": "od-none", "role": "operator"}])
        self.assertEqual(self.setup_of("feishu", "--check", "--config", file), 1)
        self.assertIn("MISSING  scope contact:department.organize:readonly", self.output)
        self.assertIn("MISSING  department od-none: code 40004", self.output)

    def test_secret_comes_by_no_argument_and_goes_nowhere(self):
        self.assertEqual(self.setup_of("feishu", "--secret", "hunter2"), 2)
        self.feishu.call("fault", api="*", kind="answer", status=400, code=1, times=3)
        self.setup_of("feishu", *self.asked)
        self.assertNotRegex(self.output, r"\bsecret\b(?! itself)|t-1-x|ticket")
        missing = run_klaw("feishu", "setup", "--id", Feishu.APP)
        self.assertEqual((missing.returncode, "set FEISHU_APP_SECRET" in missing.stderr), (1, True), missing.stderr)

    def test_person_is_led_through_and_presses_the_card(self):
        dialogue = Dialogue("feishu", "setup", "--domain", self.feishu.url)
        self.addCleanup(dialogue.close)
        dialogue.until("App ID (cli_…): ").type(Feishu.APP)
        dialogue.until("it is not shown").type("secret")
        dialogue.until("Press Enter")
        self.assertEqual(len(self.feishu.state()["connections"]), 1, "the console saves only while there is one")
        dialogue.type("").until("1. group oc_ops (oc_ops)").type("1").until("Press the button")
        card = self.feishu.await_card("Klaw can write here")
        pressed = self.feishu.press(card["id"], "I see it")
        self.assertEqual(pressed["toast"]["type"], "success")
        self.assertEqual(dialogue.end(), 0, dialogue.screen)
        self.assertIn("presses come in; you are ou_li", dialogue.screen)
        self.assertIn('feishu: "ou_li", role: admin', dialogue.screen)
        self.assertNotRegex(dialogue.screen, r"\bsecret\r?\n")
        self.assert_config_is_fine(self.yaml_of(dialogue.screen), FEISHU_APP_SECRET="x")


class DingTalkSetupTest(SetupTest):
    def setUp(self):
        super().setUp()
        self.dingtalk = self.platform(DingTalk)
        self.asked = ["--id", DingTalk.APP, "--secret-env", "KLAW_TEST_SECRET", "--domain", self.dingtalk.url, "--chat", "cidops=="]

    def test_right_set_up_sends_a_card_and_prints_the_configuration(self):
        self.assertEqual(self.setup_of("dingtalk", *self.asked), 0, self.output)
        for word in ("ok       Client ID and Client Secret", "ok       Stream mode", "ok       permission to change cards",
                     "ok       robot in the group cidops==", "ok       test card in cidops=="):
            self.assertIn(word, self.output)
        self.assertEqual(len(self.dingtalk.cards("Klaw can write here")), 1)
        self.assert_config_is_fine(self.yaml_of(self.output), KLAW_TEST_SECRET="secret")

    def test_wrong_secret_is_said_with_where_the_right_one_is(self):
        self.assertEqual(self.setup_of("dingtalk", *self.asked, secret="wr0ng-s3cret"), 1)
        self.assertIn("MISSING  token", self.output)
        self.assertIn("open-dev.dingtalk.com", self.output)
        self.assertNotIn("wr0ng-s3cret", self.output)

    def test_platform_out_of_reach_is_no_wrong_secret(self):
        self.assertEqual(self.setup_of("dingtalk", "--id", DingTalk.APP, "--secret-env", "KLAW_TEST_SECRET", "--domain", "http://127.0.0.1:1"), 1)
        self.assertIn("the platform must be reachable from here", self.output)
        self.assertNotIn("copy Client ID", self.output)

    def test_missing_permission_is_named(self):
        self.dingtalk.call("fault", api="card.update", kind="answer", status=403, scopes=["Card.Instance.Write"],
                           code="Forbidden.AccessDenied.AccessTokenPermissionDenied")
        self.assertEqual(self.setup_of("dingtalk", *self.asked), 1)
        self.assertIn("MISSING  permission to change cards", self.output)
        self.assertIn("Card.Instance.Write", self.output)

    def test_departments_that_have_roles_are_looked_up(self):
        file = self.config(self.dingtalk.app(), "cidops==", [{"dingtalk_department": 42, "role": "operator"}])
        self.assertEqual(self.setup_of("dingtalk", "--check", "--config", file), 0, self.output)
        self.assertIn('ok       department 42 "值班"', self.output)
        self.dingtalk.call("connection", do="permission", name="qyapi_get_department_list", granted=False)
        self.assertEqual(self.setup_of("dingtalk", "--check", "--config", file), 1)
        self.assertIn("MISSING  department 42: errcode 60011", self.output)
        self.assertIn("qyapi_get_department_list", self.output)

    def test_permission_to_write_and_to_ring_is_asked_for_without_doing_so(self):
        self.dingtalk.call("fault", api="robot.ding", kind="answer", status=403, scopes=["qyapi_robot_ding"],
                           code="Forbidden.AccessDenied.AccessTokenPermissionDenied")
        file = self.config(self.dingtalk.app(), "cidops==", routes=[{"ring": "phone", "mention": ["李雷"]}],
                           access=[{"name": "李雷", "dingtalk": "li", "role": "operator"}])
        self.assertEqual(self.setup_of("dingtalk", "--check", "--config", file), 1, self.output)
        self.assertIn("ok       permission to write to people", self.output)
        self.assertIn("MISSING  permission to ring people (DING)", self.output)
        self.assertIn("qyapi_robot_ding", self.output)
        self.assertEqual(self.dingtalk.state()["messages"], [])

    def test_robot_that_is_not_in_the_group_is_said(self):
        self.dingtalk.call("connection", do="robot_leaves", chat="cidops==")
        self.assertEqual(self.setup_of("dingtalk", *self.asked), 1)
        self.assertIn("MISSING  the robot is not in the group cidops==", self.output)

    def test_application_without_stream_mode_is_said(self):
        self.dingtalk.call("connection", do="register", answer={"status": 400, "code": "param.error", "message": "not published"})
        self.assertEqual(self.setup_of("dingtalk", *self.asked), 1)
        self.assertIn("MISSING  Stream mode", self.output)
        self.assertIn("publish the application", self.output)

    def test_person_writes_and_presses_and_gets_the_configuration(self):
        (self.directory / "secret").write_text("secret\n")
        dialogue = Dialogue("dingtalk", "setup", "--domain", self.dingtalk.url, "--id", DingTalk.APP, "--secret-file",
                            str(self.directory / "secret"))
        self.addCleanup(dialogue.close)
        dialogue.until("Mention the robot")
        self.dingtalk.call("message", chat="cidops==", sender="li", text="hello")
        dialogue.until("Press the button")
        card = self.dingtalk.await_card("Klaw can write here")
        self.dingtalk.press(card["id"], "I see it")
        self.assertEqual(dialogue.end(), 0, dialogue.screen)
        self.assertIn("the group is cidops==, you are li", dialogue.screen)
        self.assert_config_is_fine(self.yaml_of(dialogue.screen))


if __name__ == "__main__":
    unittest.main()
