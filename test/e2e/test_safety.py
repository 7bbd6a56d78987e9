"""Acting safely: a second person, limits, and the log that proves who did what."""
import hashlib
import json
import sqlite3
import threading
import time

from harness.agent import run_klaw
from harness.platform import DingTalk, Feishu, newest
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.waiting import eventually
from test_changes import ChangeTest
from test_verbs import NodeTest

PEOPLE = [{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"},
          {"name": "韩梅梅", "feishu": "ou_han", "dingtalk": "han", "role": "operator"},
          {"name": "王五", "feishu": "ou_wang", "role": "operator"},
          {"name": "Ana", "feishu": "ou_ana", "role": "viewer"}]
SCALE_TO_NOTHING = [{"verbs": ["scale"], "when": {"replicas": 0}}]


def shown(message):
    return json.dumps(newest(message), ensure_ascii=False).replace("\\\\", "")


class ApprovalTest(ChangeTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.running = self.agent(defaults=False, language="en", apps=[self.feishu.app()], access=PEOPLE,
                                  approvals=SCALE_TO_NOTHING).start()
        self.feishu.await_connection()
        self.place = self.namespace("approve")
        self.workload(self.place)

    def replicas(self):
        return self.deployment(self.place)["spec"]["replicas"]

    def assert_card_answers(self, pressed):
        """What came of it is on the card; a refusal would be a word to whoever pressed."""
        self.assertIsNone(pressed["toast"], pressed)

    def waiting(self):
        """The card of a change that its asker has confirmed."""
        self.feishu.write(f"scale deploy/web 0 -n {self.place.name}")
        preview = self.feishu.await_reply("from 2 to 0 replicas", also="Confirm")
        self.assertIn("it must be approved by another person", shown(preview))
        confirmed = self.feishu.press(preview["id"], "Confirm")
        self.assert_card_answers(confirmed)
        card = self.feishu.await_reply("Waits for approval", also="Approve")
        self.assertEqual(card["id"], preview["id"])
        self.assertEqual(self.replicas(), 2)
        return card

    def test_second_person_approves_also_after_the_agent_was_killed(self):
        """A5, A7: who asked cannot, somebody else can, once; both are in the log."""
        card = self.waiting()
        own = self.feishu.press(card["id"], "Approve")
        self.assertIn("nobody approves what they have asked for themselves", own["toast"]["content"])
        viewer = self.feishu.press(card["id"], "Approve", operator="ou_ana")
        self.assertIn("has no role that allows", viewer["toast"]["content"])
        self.running.kill()
        self.running.start()
        self.feishu.await_connection()
        self.assertIn("from 2 to 0 replicas", self.running.do("approvals").stdout)
        approved = self.feishu.press(card["id"], "Approve", operator="ou_han")
        self.assert_card_answers(approved)
        self.feishu.await_reply("asked for by 李雷, approved by 韩梅梅")
        eventually(lambda: self.replicas() == 0, 10, "the change")
        again = self.feishu.press(card["id"], "", value=approved["value"], operator="ou_han")
        self.assert_card_answers(again)
        other = self.feishu.press(card["id"], "", value=approved["value"], operator="ou_wang")
        self.assertIn("already used by 韩梅梅", other["toast"]["content"])
        eventually(lambda: ("feishu:ou_li", "scale", "completed") in self.audit(self.running, self.place), 60, "the end")
        rows = [row for row in self.audit(self.running, self.place) if row[1] == "scale" and row[2] != "previewed"]
        self.assertEqual(rows, [("feishu:ou_li", "scale", "needs_approval"), ("feishu:ou_li", "scale", "denied"),
                                ("feishu:ou_ana", "scale", "denied"), ("feishu:ou_han", "scale", "approved"),
                                ("feishu:ou_li", "scale", "allowed"), ("feishu:ou_li", "scale", "done"),
                                ("feishu:ou_li", "scale", "completed")])
        self.assert_log_holds(self.running)

    def test_what_was_changed_meanwhile_is_left_alone(self):
        card = self.waiting()
        self.cluster.kubectl("-n", self.place.name, "scale", "deployment/web", "--replicas=3")
        self.feishu.press(card["id"], "Approve", operator="ou_han")
        ended = self.feishu.await_reply("was changed since", also="approved by 韩梅梅")
        self.assertEqual(ended["id"], card["id"])
        self.assertNotIn('"Approve"', shown(ended))
        self.assertEqual(self.replicas(), 3)

    def test_refusal_is_shown_with_who_refused(self):
        card = self.waiting()
        self.feishu.press(card["id"], "Refuse", operator="ou_han")
        ended = self.feishu.await_reply("refused by 韩梅梅")
        self.assertEqual(ended["id"], card["id"])
        self.assertEqual(self.replicas(), 2)

    def test_of_two_who_press_at_once_one_acts_and_the_other_sees_who(self):
        card = self.waiting()
        answers = {}
        def press(who):
            answers[who] = self.feishu.press(card["id"], "Approve", operator=who)["toast"]
        pressing = [threading.Thread(target=press, args=(who,)) for who in ("ou_han", "ou_wang")]
        for each in pressing:
            each.start()
        for each in pressing:
            each.join()
        eventually(lambda: self.replicas() == 0, 20, "the change")
        first = [toast for toast in answers.values() if not toast]
        second = [toast for toast in answers.values() if toast]
        self.assertEqual((len(first), len(second)), (1, 1), answers)
        self.assertRegex(second[0]["content"], "already used by (韩梅梅|王五)")
        allowed = [row for row in self.audit(self.running, self.place) if row[2] == "allowed"]
        self.assertEqual(len(allowed), 1, allowed)

    def test_without_buttons_commands_decide(self):
        asked = self.running.do(f"scale deploy/web 0 -n {self.place.name} --yes").stdout
        self.assertIn("Waits for approval", asked)
        approval = asked.split("approve ")[1].split()[0]
        refused = self.running.do(f"approve {approval}")
        self.assertIn("nobody approves", refused.stdout + refused.stderr)
        answer = self.feishu.ask(f"批准 {approval}", sender="ou_han")
        self.assertIn("approved by 韩梅梅", answer)
        eventually(lambda: self.replicas() == 0, 10, "the change")


class KilledApprovalTest(ChangeTest):
    def test_approved_change_is_found_out_when_the_agent_was_killed_in_it(self):
        """A5, A11: nobody approves twice, and it is not done twice."""
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        config = proxied_kubeconfig(proxy, self.directory / "kubeconfig")
        feishu = Feishu()
        self.addCleanup(feishu.close)
        running = self.agent(defaults=False, language="en", apps=[feishu.app()], access=PEOPLE, approvals=SCALE_TO_NOTHING,
                             clusters={"main": config}).start()
        feishu.await_connection()
        place = self.namespace("approve")
        self.workload(place)
        feishu.write(f"scale deploy/web 0 -n {place.name} --yes")
        waiting = feishu.await_reply("Waits for approval", also="Approve")
        proxy.stall_after("web?fieldManager=klaw HTTP")
        feishu.press(waiting["id"], "Approve", operator="ou_han")
        eventually(lambda: self.deployment(place)["spec"]["replicas"] == 0, 20, "the change")
        running.kill()
        proxy.resume()
        running.start()
        done = feishu.await_reply("approved by 韩梅梅", also="0/0 ready", seconds=60)
        self.assertEqual(done["id"], waiting["id"])
        eventually(lambda: ("feishu:ou_li", "scale", "completed") in self.audit(running, place), 60, "the end")
        decisions = [row[2] for row in self.audit(running, place)]
        self.assertEqual((decisions.count("approved"), decisions.count("allowed")), (1, 1), decisions)
        self.assertIn("Nothing waits for approval", running.do("approvals").stdout)


class DingTalkApprovalTest(ChangeTest):
    def test_second_person_approves_on_the_card(self):
        dingtalk = DingTalk()
        self.addCleanup(dingtalk.close)
        running = self.agent(defaults=False, language="zh", apps=[dingtalk.app()], access=PEOPLE,
                             approvals=SCALE_TO_NOTHING).start()
        dingtalk.await_connection()
        place = self.namespace("approve")
        self.workload(place)
        dingtalk.call("message", chat="cidops==", sender="li", text=f"scale deploy/web 0 -n {place.name}")
        preview = dingtalk.await_card("需要批准", also="确认")
        dingtalk.press(preview["id"], "确认")
        waiting = dingtalk.await_card("等待批准", also="批准")
        self.assertEqual(waiting["id"], preview["id"])
        dingtalk.press(waiting["id"], "批准")
        self.assertEqual(self.deployment(place)["spec"]["replicas"], 2)
        dingtalk.press(waiting["id"], "批准", operator="han")
        done = dingtalk.await_card("韩梅梅 批准", also="0")
        self.assertEqual(done["id"], preview["id"])
        eventually(lambda: self.deployment(place)["spec"]["replicas"] == 0, 10, "the change")
        self.assertIn(("dingtalk:han", "scale", "approved"), self.audit(running, place))


class SafeDrainTest(NodeTest):
    def test_drain_needs_a_second_person_and_is_one_change(self):
        """A5: who asked cannot approve it; both are in the log."""
        feishu = Feishu()
        self.addCleanup(feishu.close)
        people = [{"name": "Ada", "feishu": "ou_ada", "role": "admin"}, {"name": "Bob", "feishu": "ou_bob", "role": "admin"},
                  {"name": "李雷", "feishu": "ou_li", "role": "operator"}]
        agent = self.agent(defaults=False, name="chat", language="en", apps=[feishu.app()], access=people,
                           approvals=[{"verbs": ["drain"]}], limits=[{"changes_per_person": 1}]).start()
        feishu.await_connection()
        self.settled("web")
        feishu.write(f"drain {self.node}", sender="ou_ada")
        preview = feishu.await_reply("2 Pods are evicted", also="it must be approved by another person")
        self.assertIn(f"no ready Pod of {self.place.name}/web stays", shown(preview))
        feishu.press(preview["id"], "Confirm", operator="ou_ada")
        waiting = feishu.await_reply("Waits for approval", also="Approve")
        self.assertIn("nobody approves", feishu.press(waiting["id"], "Approve", operator="ou_ada")["toast"]["content"])
        self.assertIn("has no role", feishu.press(waiting["id"], "Approve", operator="ou_li")["toast"]["content"])
        self.assertFalse(self.is_cordoned())
        feishu.press(waiting["id"], "Approve", operator="ou_bob")
        done = feishu.await_reply("✅", also="2 of 2 Pods evicted", seconds=60)
        self.assertEqual(done["id"], waiting["id"])
        self.assertIn("approved by Bob", shown(done))
        rows = self.rows(agent)
        self.assertIn(("drain", "approved", f"Node/{self.node}"), rows)
        self.assertIn(("drain", "completed", f"Node/{self.node}"), rows)
        self.assert_log_holds(agent)

    def test_drain_that_leaves_too_few_is_refused(self):
        """A7."""
        agent = self.agent(defaults=False, name="limited", limits=[{"min_healthy": 1, "selector": "app=web"}]).start()
        self.settled("web")
        refused = agent.do(f"drain {self.node} --yes")
        self.assertIn("the limit `min_healthy`: 1 ready Pods must be left", refused.stdout + refused.stderr)
        self.assertFalse(self.is_cordoned())
        self.assertEqual(len(self.on_node()), 2)


class LimitTest(ChangeTest):
    def limited(self, *limits):
        self.running = self.agent(defaults=False, limits=list(limits)).start()
        self.place = self.namespace("limit")
        self.workload(self.place)

    def do(self, words, ok=True):
        done = self.running.do(words)
        self.assertEqual(done.returncode == 0, ok, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def pods(self):
        return [pod["metadata"]["name"] for pod in self.cluster.get("pods", "-n", self.place.name, "-l", "app=web")["items"]]

    def test_one_change_touches_no_more_pods_than_allowed(self):
        self.limited({"pods_per_change": 3})
        ns = self.place.name
        self.assertIn("the limit `pods_per_change`", self.do(f"scale deploy/web 9 -n {ns} --yes", ok=False))
        self.assertEqual(self.deployment(self.place)["spec"]["replicas"], 2)
        self.do(f"scale deploy/web 4 -n {ns} --yes")

    def test_enough_healthy_pods_stay_and_the_last_one_is_told(self):
        self.limited({"min_healthy": 2, "selector": "app=web"})
        pod = self.pods()[0]
        refused = self.do(f"delete pod/{pod} -n {self.place.name} --yes", ok=False)
        self.assertIn("the limit `min_healthy`: 2 ready Pods must be left", refused)
        self.assertIn(pod, self.pods())
        self.workload(self.place, name="single", replicas=1)
        single = self.cluster.get("pods", "-n", self.place.name, "-l", "app=single")["items"][0]["metadata"]["name"]
        preview = self.do(f"delete pod/{single} -n {self.place.name}")
        self.assertIn(f"no ready Pod of {self.place.name}/single stays", preview)

    def test_changes_of_an_hour_are_counted_over_a_restart(self):
        self.limited({"changes_per_person": 2})
        ns = self.place.name
        self.do(f"scale deploy/web 3 -n {ns} --yes")
        self.do(f"scale deploy/web 2 -n {ns} --yes")
        self.running.kill()
        self.running.start()
        refused = self.do(f"scale deploy/web 3 -n {ns} --yes", ok=False)
        self.assertIn("the limit of 2 changes an hour for one person is reached", refused)
        self.assertIn("wait until", refused)
        self.assertEqual(self.audit(self.running, self.place)[-1], ("local:root", "scale", "limited"))


class AuditTest(ChangeTest):
    def setUp(self):
        super().setUp()
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.running = self.agent(defaults=False, language="en", apps=[self.feishu.app()], access=PEOPLE).start()
        self.feishu.await_connection()
        self.place = self.namespace("audit")
        self.workload(self.place)

    def exported(self, *options):
        done = run_klaw("audit", "export", "--config", self.running.config_file, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check_chain(self, lines):
        """docs/audit.md, word by word; the number of the first row that does not hold, or nothing."""
        head, rows = lines[0], lines[1:]
        self.assertEqual((head["klaw"], head["version"]), ("audit", 1))
        anchor = head.get("anchor", {"seq": 0, "hash": "0" * 64})
        seq, before = anchor["seq"], anchor["hash"]
        for row in rows:
            text = "klaw-audit-1\n"
            for name in ("seq", "at_unix_ns", "actor", "action", "decision", "target", "detail", "prev_hash"):
                value = str(row[name])
                text += f"{len(value.encode())}:{value}\n"
            holds = row["hash"] == hashlib.sha256(text.encode()).hexdigest()
            if row["seq"] != seq + 1 or row["prev_hash"] != before or not holds:
                return row["seq"]
            seq, before = row["seq"], row["hash"]
        return None

    def test_every_request_is_in_the_log_and_another_program_checks_the_chain(self):
        """U1: reads, denied, failed and misunderstood requests too; secrets of commands never."""
        ns = self.place.name
        self.running.do(f"scale deploy/web 3 -n {ns} --yes")
        self.running.do(f"logs deploy/web -n {ns}")
        self.running.do(f"pods {ns}")
        self.running.do(f"scale deploy/none 3 -n {ns} --yes")
        self.running.do("frobnicate everything --password hunter2")
        self.feishu.ask(f"restart deploy/web -n {ns}", sender="ou_ana")
        def requests():
            return {(row["actor"], row["action"], row["decision"]) for row in self.exported()[1:]}
        wanted = {("local:root", "scale", "allowed"), ("local:root", "scale", "done"), ("local:root", "pods", "read"),
                  ("local:root", "scale", "refused"), ("local:root", "unknown", "not_understood"),
                  ("feishu:ou_ana", "restart", "denied")}
        eventually(lambda: wanted <= requests(), 20, lambda: f"{wanted}, have {requests()}")
        self.assertTrue({("local:root", "logs", "read"), ("local:root", "logs", "failed")} & requests())
        lines = self.exported()
        self.assertIsNone(self.check_chain(lines))
        self.assertNotIn("hunter2", json.dumps(lines))
        self.assert_log_holds(self.running)
        forged = [dict(line) for line in lines]
        forged[3]["actor"] = "nobody"
        self.assertEqual(self.check_chain(forged), forged[3]["seq"])

    def test_log_is_searched_by_commands_and_in_chats_by_those_who_may(self):
        ns = self.place.name
        self.running.do(f"scale deploy/web 3 -n {ns} --yes")
        self.feishu.ask(f"restart deploy/web -n {ns}", sender="ou_ana")
        done = self.running.do(f"audit -n {ns} --object deploy/web --outcome done").stdout
        self.assertIn("scale Deployment", done)
        self.assertNotIn("denied", done)
        self.assertIn("ou_ana", self.running.do("audit --person Ana --verb 重启 --since 1h").stdout)
        self.assertIn("No row of the audit log fits", self.running.do("audit --person Ana --until 1h").stdout)
        self.assertIn("has no role that allows \"audit\"", self.feishu.ask("audit", sender="ou_li").replace("\\", ""))
        listed = run_klaw("audit", "list", "--config", self.running.config_file, "--person", "Ana", "--outcome", "denied").stdout
        self.assertIn("restart", listed)
        self.assertIn("is no time", run_klaw("audit", "list", "--data", self.running.data, "--since", "soon").stderr)

    def test_what_retention_removes_is_proven_to_be_all_that_is_gone(self):
        self.running.stop()
        self.write_old_rows(5, days_ago=800)
        self.running.config["audit"] = {"keep": "400d"}
        self.running.write_config()
        self.running.start()
        def verified():
            return run_klaw("audit", "verify", "--config", self.running.config_file).stdout
        eventually(lambda: "It begins after row 5:" in verified(), 30, verified)
        self.assertIn("The audit log holds", verified())
        lines = self.exported()
        self.assertEqual(lines[0]["anchor"]["seq"], 5)
        self.assertEqual(lines[1]["seq"], 6)
        self.assertIsNone(self.check_chain(lines))
        self.assertIn("audit.retention", [line["action"] for line in lines[1:]])

    def write_old_rows(self, count, days_ago):
        """The log of an agent that has run for long, in place of what this one has written."""
        database = sqlite3.connect(self.running.data / "klaw.db")
        triggers = [sql for sql, in database.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")]
        for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM audit")
        at, before = time.time_ns() - days_ago * 86_400 * 10**9, "0" * 64
        for seq in range(1, count + 1):
            fields = [seq, at, "feishu:ou_li", "restart", "done", f"prod/shop/Deployment/web-{seq}", "{}"]
            text = "klaw-audit-1\n" + "".join(f"{len(str(field).encode())}:{field}\n" for field in [*fields, before])
            digest = hashlib.sha256(text.encode()).hexdigest()
            database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*fields, before, digest])
            before = digest
        for sql in triggers:
            database.execute(sql)
        database.commit()
        database.close()


class HistoryTest(ChangeTest):
    def test_actions_and_watched_changes_are_one_story(self):
        """U2: who changed what, also past Klaw, in the order in which it happened."""
        running = self.agent().start()
        place = self.namespace("history")
        self.workload(place)
        told = lambda: running.do(f"history deploy/web -n {place.name}").stdout
        eventually(lambda: "created" in told(), 20, "the Deployment in the history")
        self.cluster.kubectl("-n", place.name, "set", "image", "deployment/web", "server=shop/web:2.0")
        eventually(lambda: "shop/web:1.0 → shop/web:2.0" in told(), 20, told)
        running.do(f"scale deploy/web 3 -n {place.name} --yes")
        eventually(lambda: "completed" in told(), 60, told)
        running.kill()
        running.start()
        self.cluster.kubectl("-n", place.name, "scale", "deployment/web", "--replicas=1")
        eventually(lambda: "replicas: 3 → 1" in told(), 20, told)
        story = told()
        order = [story.index(part) for part in ("created", "shop/web:2.0", "from 2 to 3 replicas", "what others changed after", "replicas: 3 → 1")]
        self.assertEqual(order, sorted(order), story)
        self.assertEqual(story.count("replicas: 2 → 3"), 1, story)
        self.assertIn("kubectl", story)
        self.assertIn("only what was done through Klaw is known", running.do(f"history cm/web -n {place.name}").stdout)


class RemediationTest(ChangeTest):
    RULE = """group: e2e
rules:
  - alert: E2ETooSmall
    resource: deployments
    when: object.spec.replicas == 2 && object.metadata.namespace.startsWith("remedy")
    severity: warning
    title: "${object.metadata.name} has two replicas"
"""

    def test_what_nobody_takes_is_remedied_once_and_recorded(self):
        place = self.namespace("remedy")
        remedy = {"alert": "E2ETooSmall", "action": "restart", "after": "5s", "namespaces": [place.name]}
        running = self.agent(rules=self.RULE, defaults=False, remediation={"remedies": [remedy]}).start()
        self.workload(place)
        def restarted():
            return self.deployment(place)["spec"]["template"]["metadata"].get("annotations", {})
        eventually(lambda: "kubectl.kubernetes.io/restartedAt" in restarted(), 40, "the restart")
        eventually(lambda: ("klaw:remedy", "restart", "completed") in self.audit(running, place), 60, "its end")
        remedies = [row for row in self.audit(running, place) if row[0] == "klaw:remedy"]
        self.assertEqual(remedies, [("klaw:remedy", "restart", decision) for decision in
                                    ("previewed", "allowed", "done", "completed")])
        self.assertIn("klaw:remedy", running.do("who").stdout)
        self.assert_log_holds(running)
