"""Programs that ask by the Model Context Protocol: as somebody, refused as they are, and never without a person's press."""
import json
import secrets
import subprocess
import urllib.error
import urllib.request

from harness.agent import run_klaw
from harness.paths import klaw
from harness.platform import Feishu, newest
from harness.waiting import eventually
from test_changes import OPERATORS, ChangeTest


class ProgramTest(ChangeTest):
    """An agent with a program for 李雷, who may change things, and one for Ana, who may only look."""

    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.tokens = {name: secrets.token_hex(16) for name in ("for-li", "for-ana")}
        for name, token in self.tokens.items():
            (self.directory / name).write_text(token)
        principals = [{"name": name, "token_file": str(self.directory / name), "user": user, "changes": True, "confirm_in": "ops"}
                      for name, user in (("for-li", "feishu:ou_li"), ("for-ana", "feishu:ou_ana"))]
        self.running = self.agent(defaults=False, language="en", apps=[self.feishu.app()], access=OPERATORS,
                                  channels=[{"name": "ops", "app": "klaw-feishu", "chat": "oc_ops"}],
                                  mcp={"principals": principals}).start()
        self.feishu.await_connection()
        self.place = self.namespace("mcp")
        self.workload(self.place)

    def post(self, principal, method, **params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        request = urllib.request.Request(f"http://127.0.0.1:{self.running.port}/mcp", json.dumps(body).encode(),
                                         {"Authorization": f"Bearer {self.tokens[principal]}", "Content-Type": "application/json",
                                          "User-Agent": "a test 1.0"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["result"]

    def call(self, principal, tool, **arguments):
        """What the tool says; the words of a refusal."""
        result = self.post(principal, "tools/call", name=tool, arguments=arguments)
        return json.loads(result["content"][0]["text"])["error"] if result["isError"] else result["structuredContent"]

    def plan_scale(self, principal, replicas):
        return self.call(principal, "change_plan", verb="scale", arguments=["deployment/web", str(replicas)], namespace=self.place.name)

    def rows(self, **wanted):
        listed = run_klaw("audit", "list", "--data", self.running.data, "--limit", 1000, "--output", "json").stdout
        rows = sorted(map(json.loads, listed.splitlines()), key=lambda row: row["seq"])
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


class McpTest(ProgramTest):
    def test_is_refused_exactly_as_in_chat(self):
        """I5: the same words to the program and to the person, and the same reason in the log."""
        said = self.feishu.ask(f"scale deployment/web 4 -n {self.place.name}", sender="ou_ana")
        refused = self.plan_scale("for-ana", 4)
        self.assertIn(f'has no role that allows "scale" in namespace {self.place.name} of cluster main', refused)
        for words in ("has no role that allows", f"in namespace {self.place.name} of cluster main"):
            self.assertIn(words, said)
        rows = self.rows(actor="feishu:ou_ana", action="scale", decision="denied")
        by_chat, by_program = ([row for row in rows if ("via" in detail(row)) == via] for via in (False, True))
        self.assertEqual((len(by_chat), len(by_program)), (1, 1), rows)
        self.assertEqual(detail(by_chat[0])["result"], detail(by_program[0])["result"])
        self.assertIn("has no role", detail(by_chat[0])["result"])
        self.assertEqual(by_chat[0]["target"], by_program[0]["target"])
        self.assertEqual((detail(by_program[0])["via"], detail(by_program[0])["claim"]), ("mcp:for-ana", "a test 1.0"))
        self.assert_log_holds(self.running)

    def test_tools_are_those_that_the_person_may_use(self):
        """A viewer has no way to change things and no audit log; an unknown token has nothing."""
        def names(principal):
            return {tool["name"] for tool in self.post(principal, "tools/list")["tools"]}
        self.assertTrue({"resources_list", "change_plan", "change_apply"} <= names("for-li"))
        self.assertTrue({"resources_list", "logs_get"} <= names("for-ana"))
        self.assertFalse({"change_plan", "change_apply", "audit_list"} & names("for-ana"))
        self.assertIn("has no role that allows \"audit\"", self.call("for-ana", "audit_list"))
        self.tokens["nobody"] = "0" * 32
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.post("nobody", "tools/list")
        refused.exception.close()
        self.assertEqual(refused.exception.code, 401)

    def test_change_is_made_only_after_a_press_by_somebody_who_may(self):
        """Plan, apply, a refused press, a press: once, in the presser's name, and the program hears of it."""
        planned = self.plan_scale("for-li", 3)
        self.assertIn("from 2 to 3 replicas", planned["summary"])
        self.assertIn("no such plan", self.call("for-ana", "change_apply", plan=planned["plan"]))
        self.assertEqual(self.call("for-li", "change_apply", plan=planned["plan"])["status"], "waiting")
        card = self.feishu.await_card("from 2 to 3 replicas", also="Confirm")
        self.assertIn("for-li", json.dumps(newest(card), ensure_ascii=False))
        self.assertEqual(self.call("for-li", "change_apply", plan=planned["plan"])["status"], "waiting")
        self.assertEqual(len(self.feishu.cards("from 2 to 3 replicas")), 1)
        viewer = self.feishu.press(card["id"], "Confirm", operator="ou_ana")
        self.assertIn("has no role that allows", viewer["toast"]["content"])
        self.assertEqual(self.call("for-li", "change_apply", plan=planned["plan"])["status"], "waiting")
        self.assertEqual(self.deployment(self.place)["spec"]["replicas"], 2)
        self.feishu.press(card["id"], "Confirm", operator="ou_han")
        eventually(lambda: self.deployment(self.place)["spec"]["replicas"] == 3, 20, "the change")
        ended = eventually(lambda: (said := self.call("for-li", "change_apply", plan=planned["plan"]))["status"] == "done" and said, 20,
                           "the end")
        self.assertIn("韩梅梅", ended["text"])
        asked = self.rows(actor="feishu:ou_li", action="scale", decision="asked")
        allowed = self.rows(actor="feishu:ou_han", action="scale", decision="allowed")
        self.assertEqual((len(asked), len(allowed)), (1, 1))
        self.assertEqual(detail(allowed[0])["via"], f"mcp-{planned['plan']}")
        self.assertIn(f"mcp-{planned['plan']}", detail(asked[0])["result"])
        self.assert_log_holds(self.running)

    def test_standard_input_is_read_only_unless_asked_otherwise(self):
        """`klaw mcp` by the data directory, as a principal and as whoever runs it."""
        def tools(*options):
            lines = [{"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "openclaw", "version": "1"}}},
                {"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
                {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
                    "name": "resources_list", "arguments": {"kind": "deployments", "namespace": self.place.name}}}]
            done = subprocess.run([klaw(), "mcp", "--config", self.running.config_file, *options], capture_output=True, text=True,
                                  input="".join(json.dumps(line) + "\n" for line in lines), timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            answers = {answer["id"]: answer["result"] for answer in map(json.loads, done.stdout.splitlines())}
            self.assertEqual(answers[2]["structuredContent"]["rows"][0]["name"], "web")
            return {tool["name"] for tool in answers[1]["tools"]}
        alone = subprocess.run([klaw(), "mcp", "--config", self.running.config_file], capture_output=True, text=True, timeout=30,
                               input=json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}) + "\n")
        self.assertIn("klaw mcp --as NAME", json.loads(alone.stdout)["error"]["message"])
        self.assertNotIn("change_plan", tools("--as", "for-li"))
        self.assertIn("change_apply", tools("--as", "for-li", "--allow-changes"))
        self.assertNotIn("change_plan", tools("--as", "for-ana", "--allow-changes"))
        read = self.rows(actor="feishu:ou_li", action="deployments")
        self.assertEqual(detail(read[0])["claim"], "openclaw 1")

    def test_without_its_agent_the_program_hears_why(self):
        """The first answer says what is wrong and what to do."""
        self.running.stop()
        request = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}
        done = subprocess.run([klaw(), "mcp", "--config", self.running.config_file], input=json.dumps(request) + "\n", capture_output=True,
                              text=True, timeout=30)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["id"], answer["error"]["code"]), (7, -32603))
        self.assertIn("agent", answer["error"]["message"])


def detail(row):
    return row["detail"] if isinstance(row["detail"], dict) else json.loads(row["detail"])
