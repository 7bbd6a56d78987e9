"""Alerts that an Alertmanager sends, and silences that it gets."""
import json
import re
import sqlite3
import urllib.error
import urllib.request

from harness.case import EndToEndTest
from harness.prometheus import Alertmanager, Page, Prometheus
from harness.rules import impatient
from harness.waiting import eventually

NOTHING = "rules:\n  - {alert: E2ENothing, resource: pods, when: 'false', title: t}\n"


class AlertmanagerTest(EndToEndTest):
    def test_alerts_of_a_real_alertmanager_get_cards(self):
        """I1"""
        page = Page('queue_length{queue="mail",namespace="shop",pod="mailer-1"} 42\n')
        self.addCleanup(page.close)
        token = self.directory / "token"
        token.write_text("from-alertmanager\n")
        agent = self.agent(rules=NOTHING, defaults=False, alertmanager={"token_file": str(token)}).start()
        alertmanager, prometheus = Alertmanager(self.directory / "alertmanager"), Prometheus(self.directory / "prometheus")
        self.addCleanup(alertmanager.end)
        self.addCleanup(prometheus.end)
        webhook = {"url": f"http://127.0.0.1:{agent.port}/api/alertmanager?cluster=prod", "send_resolved": True,
                   "http_config": {"authorization": {"credentials": "from-alertmanager"}}}
        alertmanager.start(webhook)
        rule = {"alert": "MailQueueLong", "expr": "queue_length > 10", "labels": {"severity": "critical"},
                "annotations": {"summary": "{{ $labels.queue }} has {{ $value }} waiting"}}
        prometheus.start([f"127.0.0.1:{page.port}"], rules={"groups": [{"name": "mail", "rules": [rule]}]},
                         alertmanager=f"127.0.0.1:{alertmanager.port}")
        card = self.await_card(rule="MailQueueLong", seconds=60)
        self.assertEqual((card["title"], card["severity"]), ("mail has 42 waiting", "critical"))
        self.assertIn("prod", card["subtitle"])
        agent.kill()
        agent.start()
        page.text = 'queue_length{queue="mail",namespace="shop",pod="mailer-1"} 1\n'
        self.assertEqual(self.await_card("resolved", rule="MailQueueLong", seconds=90)["id"], card["id"])
        self.assert_nothing_repeated()

    def test_alert_of_a_real_alertmanager_shares_the_card_of_our_rule_that_tells_of_the_same(self):
        """I1: one card for both, which is resolved when neither fires any more."""
        token = self.directory / "token"
        token.write_text("from-alertmanager\n")
        agent = self.agent(rules=impatient(), alertmanager={"token_file": str(token)}).start()
        here = self.namespace("shared")
        self.addCleanup(here.clear)
        here.trouble("make", "crash-loop")
        card = self.await_card(rule="PodCrashLooping", where=here.name)
        pod = self.cluster.kubectl("-n", here.name, "get", "pods", "-o", "name").split()[0].removeprefix("pod/")
        page = Page(f'waits{{namespace="{here.name}",pod="{pod}",container="main",reason="CrashLoopBackOff"}} 1\n')
        self.addCleanup(page.close)
        alertmanager, prometheus = Alertmanager(self.directory / "alertmanager"), Prometheus(self.directory / "prometheus")
        self.addCleanup(alertmanager.end)
        self.addCleanup(prometheus.end)
        alertmanager.start({"url": f"http://127.0.0.1:{agent.port}/api/alertmanager?cluster=main", "send_resolved": True,
                            "http_config": {"authorization": {"credentials": "from-alertmanager"}}})
        rule = {"alert": "KubePodCrashLooping", "expr": "waits > 0", "labels": {"severity": "warning"}}
        prometheus.start([f"127.0.0.1:{page.port}"], rules={"groups": [{"name": "pods", "rules": [rule]}]},
                         alertmanager=f"127.0.0.1:{alertmanager.port}")
        eventually(lambda: self.alerts_of(agent, "PodCrashLooping", here.name) == 2, 60, "both alerts of the one card")
        here.trouble("mend", "crash-loop")
        eventually(lambda: self.alerts_of(agent, "PodCrashLooping", here.name) == 1, 60, "our own to end")
        self.assertEqual(self.await_card(rule="PodCrashLooping", where=here.name)["id"], card["id"])
        page.text = f'waits{{namespace="{here.name}",pod="{pod}",container="main",reason="CrashLoopBackOff"}} 0\n'
        self.assertEqual(self.await_card("resolved", rule="PodCrashLooping", where=here.name, seconds=90)["id"], card["id"])
        self.assert_nothing_repeated()

    def alerts_of(self, agent, rule, namespace):
        """How many of them fire, by what is stored."""
        with sqlite3.connect(f"file:{agent.data}/klaw.db?mode=ro", uri=True) as database:
            rows = database.execute("SELECT json FROM alerts WHERE rule = ? AND state = 'firing'", (rule,)).fetchall()
        return sum(namespace in text for text, in rows)

    def test_payload_of_nobody_known_or_of_no_sense_is_refused(self):
        agent = self.agent(rules=NOTHING, defaults=False).start()

        def post(body, authorization):
            request = urllib.request.Request(f"http://127.0.0.1:{agent.port}/api/alertmanager", data=body.encode(),
                                             headers={"Authorization": authorization})
            try:
                return urllib.request.urlopen(request, timeout=5).status
            except urllib.error.HTTPError as error:
                return error.code
        self.assertEqual(post('{"version":"4","alerts":[]}', "Bearer "), 401)
        self.assertEqual(post('{"version":"4","alerts":[]}', "Bearer guess"), 401)
        token = (agent.data / "token").read_text().strip()
        self.assertEqual(post("{}", f"Bearer {token}"), 400)
        self.assertEqual(post('{"version":"4","alerts":[]}', f"Bearer {token}"), 200)


class SilencesTest(EndToEndTest):
    """I1: what is silenced in Klaw is silent in the Alertmanager."""

    def setUp(self):
        super().setUp()
        self.alertmanager = Alertmanager(self.directory / "alertmanager")
        self.addCleanup(self.alertmanager.end)
        self.klaw = self.agent(rules=NOTHING, defaults=False,
                               alertmanagers=[{"name": "am", "url": self.alertmanager.url}])

    def start_alertmanager(self):
        self.alertmanager.start({"url": f"http://127.0.0.1:{self.klaw.port}/api/alertmanager"})

    def standing(self):
        """Those that hold, of all that the Alertmanager has."""
        with urllib.request.urlopen(f"{self.alertmanager.url}/api/v2/silences", timeout=5) as answer:
            return [silence for silence in json.load(answer) if silence["status"]["state"] == "active"]

    def the_one_standing(self, condition=lambda silence: True):
        def one():
            found = self.standing()
            self.assertLessEqual(len(found), 1, found)
            return found and condition(found[0]) and found[0]
        return eventually(one, 30, lambda: f"one silence; {self.standing()}; {self.klaw.log_tail()}")

    def silence(self, words):
        done = self.klaw.do(f"silence {words}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.search(r"silence ([0-9a-f]+)\)", done.stdout).group(1)

    def copied(self):
        return eventually(lambda: self.klaw.metric("klaw_alertmanager_silences", state="copied") == 1
                          and self.klaw.metric("klaw_alertmanager_silences", state="waiting") == 0, 30,
                          lambda: f"the copy; {self.klaw.metrics()}")

    def test_a_silence_stands_there_is_extended_and_ends_with_klaws(self):
        self.start_alertmanager()
        self.klaw.start()
        name = self.silence("alertname=MailQueueLong cluster=main namespace=~shop-.* 2h --comment deploy")
        there = self.the_one_standing()
        self.assertEqual({(m["name"], m["value"], m["isRegex"]) for m in there["matchers"]},
                         {("alertname", "MailQueueLong", False), ("cluster", "main|", True), ("namespace", "shop-.*", True)})
        self.assertIn("deploy", there["comment"])
        self.copied()
        self.klaw.kill()
        self.klaw.start()
        self.assertEqual(self.silence("alertname=MailQueueLong cluster=main namespace=~shop-.* 6h"), name)
        extended = self.the_one_standing(lambda silence: silence["endsAt"] > there["endsAt"])
        self.assertEqual(extended["id"], there["id"])
        self.assertEqual(self.klaw.do(f"unsilence {name}").returncode, 0)
        eventually(lambda: self.standing() == [], 30, "the end of the silence there")

    def test_an_alertmanager_that_is_away_gets_it_once_when_it_is_back_also_after_kills(self):
        self.klaw.start()
        self.silence("alertname=MailQueueLong 2h")
        eventually(lambda: self.klaw.metric("klaw_alertmanager_failures_total", alertmanager="am") >= 1, 30, "a failure")
        listed = self.klaw.do("silences").stdout
        self.assertIn("am (being copied", listed)
        self.assertIn("does not follow yet", listed)
        self.klaw.kill()
        self.start_alertmanager()
        self.klaw.start(wait=False)
        for _ in range(3):
            eventually(lambda: self.standing(), 30, "the silence there")
            self.klaw.kill()  # perhaps before the answer was noted
            self.klaw.start(wait=False)
        self.klaw.await_ready()
        self.copied()
        self.the_one_standing()
        self.assertNotIn("being copied", self.klaw.do("silences").stdout)

    def test_a_silence_that_ends_while_the_alertmanager_is_away_ends_there_later(self):
        self.start_alertmanager()
        self.klaw.start()
        name = self.silence("alertname=MailQueueLong 2h")
        self.the_one_standing()
        self.copied()
        self.alertmanager.end()
        self.assertEqual(self.klaw.do(f"unsilence {name}").returncode, 0, "Klaw's own ends at once")
        eventually(lambda: "does not follow yet" in self.klaw.do("silences").stdout, 30, "the failure to be told")
        self.klaw.kill()
        self.klaw.start()
        self.start_alertmanager()
        eventually(lambda: self.standing() == [], 90, "the end of the silence there")

    def test_what_an_alertmanager_cannot_say_holds_in_klaw_and_is_named(self):
        self.start_alertmanager()
        self.klaw.start()
        self.silence("rule=PodCrashLooping app.kubernetes.io/name=web 2h")
        eventually(lambda: "no labels such as" in self.klaw.do("silences").stdout, 30, "the reason")
        self.assertEqual(self.standing(), [])
