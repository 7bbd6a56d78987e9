"""What the platforms meter: calls for each alert from its beginning to its end, and calls of a month."""
import json
import threading
import time

from harness.case import EndToEndTest
from harness.platform import DingTalk, Feishu
from harness.waiting import eventually, stays

NOTHING = "rules:\n  - {alert: E2ENothing, resource: pods, when: 'false', title: t}\n"
PEOPLE = [{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"},
          {"name": "韩梅梅", "feishu": "ou_han", "dingtalk": "han", "role": "operator"}]
CHANNELS = [{"name": "feishu", "app": "klaw-feishu", "chat": "oc_ops"},
            {"name": "dingtalk", "app": "klaw-dingtalk", "chat": "cidops=="}]


def alert(name, ended=False, replica="", **labels):
    """`replica` tells alerts of one workload apart, which share a card."""
    return {"labels": {"alertname": name, "severity": "warning", "namespace": "shop", "deployment": name.lower(),
                       **({"replica": replica} if replica else {}), **labels},
            "summary": f"{name} is down", "ended": ended}


class Mix:
    """Two hundred alerts as they come in a bad week, the quiet hours between them left out."""
    PLAIN, ACKNOWLEDGED, ESCALATED, ASSIGNED, REMINDED, SILENCED, FLAPPING, GROUPS, GROUPED = 50, 30, 16, 8, 8, 8, 20, 6, 10

    def __init__(self, agent):
        self.agent = agent
        self.threads = []
        self.alerts = (self.PLAIN + self.ACKNOWLEDGED + self.ESCALATED + self.ASSIGNED + self.REMINDED + self.SILENCED
                       + self.FLAPPING + self.GROUPS * self.GROUPED)

    def incident(self, name):
        def found():
            rows = json.loads(self.agent.do("alerts --json").stdout)["rows"]
            return next((row["id"] for row in rows if name in json.dumps(row)), None)
        return eventually(found, 60, f"the alert {name}")

    def do(self, words):
        done = self.agent.do(words)
        assert done.returncode == 0, done.stdout + done.stderr

    def life(self, name, *steps, **labels):
        """Fires, goes through the steps, (seconds, what), and is over."""
        self.agent.receive(alert(name, **labels))
        for seconds, what in steps:
            time.sleep(seconds)
            if what == "flap":
                self.agent.receive(alert(name, ended=True, **labels))
                time.sleep(seconds)
                self.agent.receive(alert(name, **labels))
            elif what:
                self.do(what.format(self.incident(name)))
        self.agent.receive(alert(name, ended=True, **labels))

    def group(self, name):
        for replica in range(self.GROUPED):
            self.agent.receive(alert(name, replica=str(replica)))
            time.sleep(0.7)
        time.sleep(6)
        for replica in range(self.GROUPED):
            self.agent.receive(alert(name, ended=True, replica=str(replica)))
            time.sleep(0.5)

    def play(self):
        lives = [
            *[(f"Plain{i}", [(6, "")], {}) for i in range(self.PLAIN)],
            *[(f"Taken{i}", [(4, "ack {} --comment mine"), (5, "")], {}) for i in range(self.ACKNOWLEDGED)],
            *[(f"Escalated{i}", [(8, "ack {}"), (5, "")], {"team": "escalates"}) for i in range(self.ESCALATED)],
            *[(f"Assigned{i}", [(4, "assign {} 韩梅梅"), (6, "")], {}) for i in range(self.ASSIGNED)],
            *[(f"Reminded{i}", [(75, "")], {"team": "reminds"}) for i in range(self.REMINDED)],
            *[(f"Silenced{i}", [(4, "silence {} 1h"), (5, "")], {}) for i in range(self.SILENCED)],
            *[(f"Flapping{i}", [(5, "flap"), (5, "flap"), (5, "")], {}) for i in range(self.FLAPPING)],
        ]
        self.failures = []

        def guarded(run, *arguments, **labels):
            try:
                run(*arguments, **labels)
            except BaseException as error:  # of a thread: told by the test
                self.failures.append(f"{arguments[:1]}: {error!r}")
        for i in range(self.GROUPS):
            self.begin(guarded, self.group, f"Group{i}")
        # Those that are reminded wait longest; the others mix.
        lives.sort(key=lambda life: (not life[0].startswith("Reminded"), hash(life[0]) % 97))
        for name, steps, labels in lives:
            self.begin(guarded, self.life, name, *steps, **labels)
            # No storm: those come in digests, which would be fewer calls.
            time.sleep(0.8)
            eventually(lambda: self.agent.metric("klaw_deliveries_queued") < 3, 60, "room for the next card")
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures

    def begin(self, run, *arguments, **labels):
        thread = threading.Thread(target=run, args=arguments, kwargs=labels)
        thread.start()
        self.threads.append(thread)


class CallsTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.feishu, self.dingtalk = Feishu(), DingTalk()
        self.addCleanup(self.feishu.close)
        self.addCleanup(self.dingtalk.close)

    def calls(self, platform):
        return sum(platform.state()["calls"].values())

    def test_two_hundred_alerts_of_all_sorts_cost_at_most_three_calls_each(self):
        agent = self.agent(
            rules=NOTHING, defaults=False, language="en", apps=[self.feishu.app(), self.dingtalk.app()], access=PEOPLE,
            channels=CHANNELS, log={"level": "info", "format": "json"},
            routes=[{"match": 'team="escalates"', "mention": ["李雷"], "escalate": [{"after": "5s", "mention": ["韩梅梅"]}]},
                    {"match": 'team="reminds"', "mention": ["李雷"], "repeat": "1m"}]).start()
        self.feishu.await_connection()
        self.dingtalk.await_connection()
        mix = Mix(agent)
        mix.play()

        def open_ones():
            rows = json.loads(agent.do("alerts --json").stdout).get("rows", [])
            return [row["title"] for row in rows if "Flapping" not in row["title"]]  # those stay open until they are quiet
        eventually(lambda: not open_ones(), 60, lambda: f"the end of {open_ones()}")
        eventually(lambda: agent.metric("klaw_deliveries_queued") == 0, 60, lambda: f"the last cards {agent.metrics()}")
        for platform, name in ((self.feishu, "Feishu"), (self.dingtalk, "DingTalk")):
            # The cards of flapping alerts are closed later, once they are quiet.
            calls = self.calls(platform) + mix.FLAPPING
            print(f"  {name}: {calls} calls for {mix.alerts} alerts, {calls / mix.alerts:.2f} each: {platform.state()['calls']}")
            self.assertLessEqual(calls, 3 * mix.alerts)
            self.assertLessEqual(len(platform.cards("alert updates")), 10, "digests would make it look cheaper than it is")
            for word in ("Plain0", "Taken3", "Escalated1", "Assigned2", "Reminded0", "Silenced1", "Flapping4", "Group5"):
                self.assertTrue(platform.cards(f"{word} is down"), f"{name} has no card of {word}")

    def test_cards_come_in_digests_before_the_months_calls_are_used_up_and_kills_forget_no_call(self):
        limit = 60
        agent = self.agent(rules=NOTHING, defaults=False, language="en", access=PEOPLE, channels=CHANNELS,
                           apps=[self.feishu.app(calls_per_month=limit), self.dingtalk.app(calls_per_month=limit)]).start()

        def counted(app):
            return agent.metric("klaw_month_calls", account=app)
        number = 0
        for _ in range(5):
            for _ in range(16):
                agent.receive(alert(f"Month{number}"))
                number += 1
                time.sleep(0.3)
            before = {app: counted(app) for app in ("klaw-feishu", "klaw-dingtalk")}
            agent.kill()
            agent.start()
            for app, calls in before.items():
                self.assertGreaterEqual(counted(app), calls - 4, "only calls that were under way may be forgotten")
        for platform, app in ((self.feishu, "klaw-feishu"), (self.dingtalk, "klaw-dingtalk")):
            # Four fifths leave one by one; the others leave together, in digests, one in ten minutes.
            eventually(lambda: counted(app) >= 0.8 * limit, 30, f"four fifths of {app}, {agent.metrics()}")
            stays(lambda: self.calls(platform) <= limit, 5, "within the month's calls")
            alone, digests = len(platform.cards(" is down")), len(platform.cards("alert updates"))
            print(f"  {app}: {self.calls(platform)} calls of {limit}, {alone} cards and {digests} digests for {number} alerts")
            self.assertGreaterEqual(self.calls(platform), 0.7 * limit)
        left = agent.do(f"alerts deliveries {Mix(agent).incident(f'Month{number - 1}')}").stdout
        for channel in ("feishu", "dingtalk"):
            self.assertRegex(left, channel + r"\s+opened\s+(queued|sent)", "what comes last is not lost")
