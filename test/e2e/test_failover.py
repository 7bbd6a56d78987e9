"""Two replicas of one agent: leaders are killed, stopped, cut off and asked to go, and each problem keeps its one card
(M2). KLAW_FAILOVER_KILLS=100 kills as many leaders as the feature line says, in some ten minutes."""
import http.client
import json
import os
import random
import re
import signal
import sqlite3
import threading
import time

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.platform import Feishu, newest
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.receiver import Receiver
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually, stays

RULE = "E2EUnschedulable"
KILLS = int(os.environ.get("KLAW_FAILOVER_KILLS", "12"))
# Seconds. The defaults of the agent are 10, 6 and 2: KLAW_FAILOVER_TIMES="10 6 2".
DURATION, RENEW, RETRY = map(float, os.environ.get("KLAW_FAILOVER_TIMES", "3 2 0.5").split())
GAP = 15  # seconds that M2 allows


class FailoverTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        # Of the test before: told with them, a problem would share a digest.
        eventually(lambda: not [pod for pod in self.cluster.get("pods", "-A")["items"] if pod["metadata"]["namespace"].startswith("failover-")],
                   120, "the Pods of the test before to be gone", interval=0.5)
        self.pods = self.namespace("failover")
        self.stopped = []
        self.gave_up = 0
        self.addCleanup(self.continue_all)

    def replicas(self, names="ab", receivers=None, **options):
        """Agents on one data directory. Those with a receiver of their own can be told apart by what they send."""
        made = []
        for name in names:
            leadership = {"lease": f"{self.pods.name}/klaw", "identity": name, "duration": f"{DURATION:g}s",
                          "renew": f"{RENEW:g}s", "retry": f"{int(RETRY * 1000)}ms"}
            made.append(self.agent(rules=UNSCHEDULABLE, defaults=False, name=name, data=str(self.data_of(name)),
                                   leadership=leadership, receiver=(receivers or {}).get(name), **options))
        for replica in made:
            replica.start()
        return made

    def data_of(self, name):
        return self.directory / "shared"

    def continue_all(self):
        for process in self.stopped:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)

    def leader(self, replicas, seconds=GAP):
        return eventually(lambda: next((each for each in replicas if leads(each)), None), seconds,
                          lambda: f"a leader; {[each.log_tail() for each in replicas]}")

    def pair(self, replicas):
        leader = self.leader(replicas)
        return leader, next(each for each in replicas if each is not leader)

    def supervised_pair(self, replicas):
        """With warm caches both. One that could not renew its lease in time has ended, and is started again."""
        def ready():
            for replica in replicas:
                if not replica.running():
                    self.assertTrue(replica.log_has("could not be renewed in time"), replica.log_tail())
                    self.gave_up += 1
                    replica.start(wait=False)
            return all(replica.get("/readyz")[0] == 200 for replica in replicas) and any(map(leads, replicas))
        eventually(ready, 60, lambda: f"two replicas of which one leads; {[each.log_tail() for each in replicas]}")
        return self.pair(replicas)

    def lease(self):
        return self.cluster.get("-n", self.pods.name, "lease", "klaw")["spec"]

    def cards(self, name, status=None):
        return [card for card in self.receiver.cards(rule=RULE, status=status)
                if card["subtitle"].rsplit(" ", 1)[-1] == name]

    def await_cards(self, names, status, seconds=60):
        def missing():
            return [name for name in names if not self.cards(name, status)]
        eventually(lambda: not missing(), seconds, lambda: f"cards {status} of {missing()}", interval=0.05)

    def assert_one_card_each(self, names):
        self.assert_nothing_repeated()
        self.assertEqual({name: len(self.cards(name)) for name in names}, dict.fromkeys(names, 1))

    def test_killed_leaders_lose_no_card_and_double_none(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        dice = random.Random(20261127)
        settings = {"language": "en", "apps": [feishu.app()]}
        replicas = self.replicas(**settings, channels=[
            {"name": "hook", "type": "webhook", "url": self.receiver.url, "secret": self.receiver.secret},
            {"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}])
        # Makes the stretch between a request and its receipt wide enough to be hit.
        self.receiver.before_answer = lambda _: time.sleep(0.02)
        firing, resolved, acknowledged, gaps = [], [], [], []
        for kill in range(KILLS):
            leader, standby = self.supervised_pair(replicas)
            names = [f"kill-{kill:03}-{i}" for i in range(3)]
            acts = threading.Thread(target=self.pods.unschedulable_pods, args=names)
            acts.start()
            if len(firing) > 6 and dice.random() < 0.5:
                gone = [firing.pop(dice.randrange(len(firing))) for _ in range(2)]
                self.pods.delete_pods(*gone)
                resolved += gone
            if dice.random() < 0.5:
                acts.join()  # in the middle of what the leader says of them, else of their creation
            time.sleep(dice.uniform(0, 0.6))
            leader.kill()
            killed_at = time.time()
            acts.join()
            firing += names
            leader.start(wait=False)
            probe = f"probe-{kill:03}"
            self.pods.unschedulable_pods(probe)
            self.await_cards([probe], None, GAP + 15)
            gaps.append(min(d.at for d in self.receiver.deliveries() if d.at > killed_at + 0.1) - killed_at)
            resolved.append(probe)
            self.pods.delete_pods(probe)
            if kill % 4 == 0:
                acknowledged.append(self.acknowledge(self.supervised_pair(replicas)[0], names[0]))
        print(f"\n    {KILLS} kills: from a kill to the next act p50 {percentile(gaps, 50):.2f} s, "
              f"p99 {percentile(gaps, 99):.2f} s, longest {max(gaps):.2f} s; {self.gave_up} gave up by themselves", flush=True)
        self.assertLess(max(gaps), GAP)
        self.await_cards(resolved, "resolved")
        left = [name for name in firing if name not in acknowledged]
        self.await_cards(left, "firing")
        self.await_cards([name for name in acknowledged if name in firing], "acknowledged")
        self.assert_one_card_each(firing + resolved)
        eventually(lambda: not self.wrong_in(feishu, firing, resolved), 60,
                   lambda: f"one message for each problem: {self.wrong_in(feishu, firing, resolved)}", interval=0.5)
        leader, _ = self.supervised_pair(replicas)
        verified = run_klaw("audit", "verify", "--config", leader.config_file)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.assertGreaterEqual(self.lease()["leaseTransitions"], KILLS)

    def acknowledge(self, leader, name):
        self.await_cards([name], "firing")
        incident = self.cards(name)[0]["id"]
        done = leader.do(f"ack {incident} --comment mine")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return name

    def wrong_in(self, feishu, firing, resolved):
        """What people see in the chat and should not: problems that are told nowhere, with two cards, or in a wrong
        state. What waited together may have been told in one digest, and what has changed since has a card of its own."""
        own, digests = {}, set()
        for message in feishu.state()["messages"]:
            text = json.dumps(newest(message), ensure_ascii=False)
            names = set(re.findall(r"(?:kill|probe)-\d\d\d(?:-\d)?", text))
            if len(names) > 1:
                digests |= names
            elif names:
                own.setdefault(names.pop(), []).append('"template": "green"' in text)
        wanted = {**{name: [False] for name in firing}, **{name: [True] for name in resolved}}
        return {name: own.get(name) for name in wanted
                if own.get(name) != wanted[name] and not (name in digests and name not in own)}

    def test_stopped_leader_that_goes_on_does_nothing_more(self):
        receivers = {"a": self.receiver, "b": Receiver()}
        self.addCleanup(receivers["b"].close)
        replicas = self.replicas(receivers=receivers)
        leader, standby = self.pair(replicas)
        old, new = (receivers["a"], receivers["b"]) if leader is replicas[0] else (receivers["b"], receivers["a"])
        old.before_answer = lambda _: time.sleep(0.2)  # it has more to say when it is stopped
        names = [f"stop-{i:02}" for i in range(20)]
        self.pods.unschedulable_pods(*names)
        eventually(lambda: len(old.deliveries()) >= 3, 30, "the first cards")
        self.stop_between_transactions(leader)
        said = len(old.deliveries()) + len(old.repetitions())
        eventually(lambda: leads(standby), GAP, lambda: f"the other to lead; {standby.log_tail()}")
        eventually(lambda: len(new.deliveries()) >= len(names) - said, 30, "the other to tell the rest")
        said = len(old.deliveries()) + len(old.repetitions())
        leader.process.send_signal(signal.SIGCONT)
        self.assertEqual(leader.process.wait(5), 1)
        self.assertTrue(leader.log_has("this process ends and does nothing more"), leader.log_tail())
        self.assertEqual(len(old.deliveries()) + len(old.repetitions()), said)
        leader.start()
        self.assertIn("this replica is a standby", leader.get("/readyz")[1])
        told = {d.card["subtitle"].rsplit(" ", 1)[-1] for each in receivers.values() for d in each.deliveries()}
        self.assertLessEqual(set(names), told)  # Pods of other tests may be unschedulable too

    def stop_between_transactions(self, agent):
        """A process that is stopped within one keeps the database from everybody until it ends."""
        self.stopped.append(agent.process)
        for _ in range(100):
            agent.process.send_signal(signal.SIGSTOP)
            with sqlite3.connect(agent.data / "klaw.db", timeout=0, isolation_level=None) as database:
                try:
                    database.execute("BEGIN IMMEDIATE")
                    database.execute("ROLLBACK")
                    return
                except sqlite3.OperationalError:
                    agent.process.send_signal(signal.SIGCONT)
                    time.sleep(0.01)  # it may end what it is at
        self.fail("it is in a transaction always")

    def test_standby_waits_for_a_transaction_that_a_stopped_leader_left_open(self):
        replicas = self.replicas()
        leader, standby = self.pair(replicas)
        database = sqlite3.connect(leader.data / "klaw.db", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        leader.kill()
        eventually(lambda: standby.log_has("if a former leader has been stopped"), 30, standby.log_tail)
        self.assertFalse(leads(standby))
        self.assertTrue(standby.running())
        database.execute("ROLLBACK")
        eventually(lambda: leads(standby), GAP, standby.log_tail)

    def test_leader_that_is_asked_to_go_hands_over_within_two_seconds(self):
        replicas = self.replicas()
        leader, standby = self.pair(replicas)
        self.pods.unschedulable_pods("handed-over")
        self.await_cards(["handed-over"], "firing")
        began = time.monotonic()
        leader.process.send_signal(signal.SIGTERM)
        eventually(lambda: leads(standby), GAP, standby.log_tail, interval=0.01)
        took = time.monotonic() - began
        print(f"\n    from SIGTERM to the next leader {took:.2f} s", flush=True)
        self.assertLess(took, 2)
        self.assertEqual(leader.process.wait(10), 0, leader.log_tail())
        self.pods.delete_pods("handed-over")
        self.await_cards(["handed-over"], "resolved")
        self.assert_one_card_each(["handed-over"])

    def test_there_are_never_two_leaders_when_the_api_server_is_away(self):
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        replicas = self.replicas(clusters={"main": proxied_kubeconfig(proxy, self.directory / "kubeconfig")})
        leader, _ = self.pair(replicas)
        both = []
        watching = threading.Event()
        watcher = threading.Thread(target=watch_for_two, args=(replicas, watching, both))
        watcher.start()
        self.addCleanup(watching.set)
        proxy.refuse()
        proxy.cut_now()
        time.sleep(RENEW / 4)  # shorter than it takes to lose the lease
        proxy.refuse(False)
        stays(lambda: leader.running() and leads(leader), DURATION + 1, leader.log_tail)
        proxy.refuse()
        proxy.cut_now()
        self.assertEqual(leader.process.wait(RENEW + 2), 1)
        self.assertTrue(leader.log_has("could not be renewed in time"), leader.log_tail())
        leader.start(wait=False)
        stays(lambda: not any(map(leads, replicas)), DURATION, "nobody leads whom nobody can see")
        proxy.refuse(False)
        self.leader(replicas)
        self.pods.unschedulable_pods("afterwards")
        self.await_cards(["afterwards"], "firing")
        watching.set()
        watcher.join()
        self.assertEqual(both, [])
        self.assert_one_card_each(["afterwards"])

    def test_standby_keeps_warm_caches_and_leaves_the_rest_to_the_leader(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        self.pods.unschedulable_pods("seen")
        replicas = self.replicas(language="en", apps=[feishu.app()], channels=[
            {"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}])
        leader, standby = self.pair(replicas)
        eventually(lambda: standby.get("/readyz")[0] == 200, 30, "the standby's caches to be warm")
        self.assertIn("this replica is a standby", standby.get("/readyz")[1])
        self.assertEqual(standby.get("/healthz")[0], 200)
        self.assertEqual((leader.metric("klaw_leader"), standby.metric("klaw_leader")), (1, 0))
        self.assertEqual(standby.metric("klaw_objects", resource="pods"), leader.metric("klaw_objects", resource="pods"))
        feishu.await_connection()
        stays(lambda: len(feishu.state()["connections"]) == 1, 2, "one connection to the chat")
        self.assertEqual(post(standby, "/callback/klaw-feishu", {}), 503)
        self.assertIn(f"{leader.config['leadership']['identity']}_", self.lease()["holderIdentity"])
        status, text = post(standby, "/api/do", {"command": "alerts"}, token=True, answer=True)
        self.assertEqual(status, 422)
        self.assertIn(f"{self.lease()['holderIdentity']} leads", text)
        for replica in replicas:  # which have one data directory
            self.assertIn("seen", replica.do("alerts").stdout)
        lists = standby.metric("klaw_watch_lists_total", resource="pods")
        leader.kill()
        eventually(lambda: leads(standby), GAP, standby.log_tail)
        self.assertEqual(standby.metric("klaw_watch_lists_total", resource="pods"), lists, "its cache was warm")
        self.pods.delete_pods("seen")
        feishu.await_card("seen cannot be scheduled", also='"template": "green"')
        self.assertEqual(len(feishu.cards("seen cannot be scheduled")), 1, feishu.cards("seen"))

    def test_change_while_nobody_leads_is_told_by_the_next_leader(self):
        replicas = self.replicas()
        leader, standby = self.pair(replicas)
        self.pods.unschedulable_pods("mended", "stays")
        self.await_cards(["mended", "stays"], "firing")
        leader.kill()
        self.pods.delete_pods("mended")
        self.pods.unschedulable_pods("began")
        self.assertFalse(leads(standby))
        self.await_cards(["mended"], "resolved")
        self.await_cards(["stays", "began"], "firing")
        self.assert_one_card_each(["mended", "stays", "began"])

    def test_agent_without_replicas_is_kept_out_of_their_directory(self):
        self.replicas()
        alone = self.agent(rules=UNSCHEDULABLE, defaults=False, name="alone", data=str(self.directory / "shared"))
        alone.start(wait=False)
        self.assertEqual(alone.process.wait(20), 1)
        self.assertIn("uses this data directory", alone.log_tail())


def leads(agent):
    return agent.running() and agent.get("/leader", timeout=1)[0] == 200


def watch_for_two(replicas, until, both):
    while not until.is_set():
        if all(map(leads, replicas)):
            both.append(time.time())
        time.sleep(0.02)


def post(agent, path, body, token=False, answer=False):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = "Bearer " + (agent.data / "token").read_text().strip()
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return (response.status, text) if answer else response.status


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]
