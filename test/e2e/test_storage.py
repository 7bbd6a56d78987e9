"""The database of a running agent in trouble."""
import json
import sqlite3
import subprocess
import urllib.error
import urllib.request

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

RULE = "E2EUnschedulable"


class FullDiskTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.disk = self.directory / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True)

    def fill(self):
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * 4096)
            except OSError:
                pass

    def test_cards_go_out_while_nothing_can_be_written_and_all_is_written_when_there_is_room(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, data=str(self.disk / "data")).start()
        pods = self.namespace("full")
        pods.unschedulable_pods("before")
        self.await_card(rule=RULE, where=(pods.name, "before"))
        self.fill()
        names = [f"during-{i}" for i in range(5)]
        pods.unschedulable_pods(*names)
        for name in names:
            self.await_card(rule=RULE, where=(pods.name, name))
        eventually(lambda: "disk is full" in agent.get("/readyz")[1], 20, lambda: f"the trouble to be said: {agent.get('/readyz')}")
        self.assertEqual(agent.get("/healthz")[0], 200)
        (self.disk / "filler").unlink()
        eventually(lambda: agent.get("/readyz")[1] == "ready\n", 30, lambda: f"the disk to be used again: {agent.get('/readyz')}")
        agent.kill()
        agent.start()
        pods.delete_pods("before", *names)
        for name in ["before", *names]:
            self.await_card("resolved", rule=RULE, where=(pods.name, name))
        self.assert_nothing_repeated()
        agent.stop()
        verified = run_klaw("audit", "verify", "--config", agent.config_file)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        with sqlite3.connect(f"file:{self.disk}/data/klaw.db?mode=ro", uri=True) as database:
            fired = [target.split("/")[-1] for target, in database.execute("select target from audit where action = 'alert.fired'")
                     if pods.name in target]
        self.assertEqual(sorted(fired), sorted(["before", *names]))

    def test_webhook_sender_is_told_to_come_again_until_its_alert_is_on_disk_and_gets_one_card(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, data=str(self.disk / "data")).start()
        token = (agent.data / "token").read_text().strip()

        def post(name):
            alert = {"status": "firing", "labels": {"alertname": name, "severity": "warning"}, "fingerprint": f"of-{name}",
                     "annotations": {"summary": f"{name} is told"}, "startsAt": "2026-11-23T10:00:00Z"}
            request = urllib.request.Request(f"http://127.0.0.1:{agent.port}/api/alertmanager",
                                             data=json.dumps({"version": "4", "alerts": [alert]}).encode(),
                                             headers={"Authorization": f"Bearer {token}"})
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        def stored(name):
            with sqlite3.connect(f"file:{self.disk}/data/klaw.db?mode=ro", uri=True) as database:
                return [row for row in database.execute("select * from audit where action = 'alert.fired'") if name in str(row)]
        self.assertEqual(post("BeforeIsFull")[0], 200)
        self.assertEqual(len(stored("BeforeIsFull")), 1, "on disk once the sender has its answer")
        self.fill()
        for _ in range(3):  # an Alertmanager repeats what is answered so
            status, text = post("WhileFull")
            self.assertEqual(status, 503)
            self.assertIn("disk is full", text)
        self.assertEqual(stored("WhileFull"), [])
        (self.disk / "filler").unlink()
        eventually(lambda: post("WhileFull")[0] == 200, 30, lambda: f"the disk to be used again: {agent.get('/readyz')}")
        self.assertEqual(len(stored("WhileFull")), 1, "on disk once the sender has its answer")
        agent.kill()
        agent.start()
        self.assertEqual(post("WhileFull")[0], 200)
        self.await_card(rule="WhileFull")
        sent = [delivery for delivery in self.receiver.deliveries(rule="WhileFull") if delivery.event == "card.sent"]
        self.assertEqual(len(sent), 1, sent)
        self.assert_nothing_repeated()


class DamagedFileTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.running = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.pods = self.namespace("damaged")
        self.pods.unschedulable_pods("before")
        self.await_card(rule=RULE, where=(self.pods.name, "before"))
        self.running.stop()

    def assert_goes_on_in_memory(self, content, *words):
        """Loud in one sentence that names the file, and cards all the same."""
        file = self.running.data / "klaw.db"
        file.write_bytes(content)
        told = len(self.running.log_lines())
        self.running.start()
        status, text = self.running.get("/readyz")
        self.assertEqual(status, 200)  # a Pod that is restarted for it would see no more of the cluster than this one
        errors = [line for line in self.running.log_lines()[told:] if line.get("level") == "error"]
        self.assertEqual(len(errors), 1, errors)
        for said in (text, errors[0]["message"]):
            for word in ("klaw.db", "nothing is stored", *words):
                self.assertIn(word, said)
        # A permission that nobody could find again is none.
        refused = self.running.do("cordon node-2 --yes")
        self.assertIn("nothing was done", refused.stdout + refused.stderr)
        self.assertNotIn("unschedulable", self.cluster.get("node", "node-2")["spec"])
        self.pods.unschedulable_pods("after")
        self.await_card(rule=RULE, where=(self.pods.name, "after"))
        self.pods.delete_pods("after")
        self.await_card("resolved", rule=RULE, where=(self.pods.name, "after"))
        self.assertEqual(self.running.stop()[1], 0)
        self.assertEqual(file.read_bytes(), content)  # what may be saved from it is left alone

    def test_pages_overwritten_in_the_middle(self):
        content = bytearray((self.running.data / "klaw.db").read_bytes())
        for page in range(1, len(content) // 4096):
            content[page * 4096:page * 4096 + 512] = b"\x5a" * 512
        self.assert_goes_on_in_memory(bytes(content), "damaged")

    def test_file_that_is_no_database(self):
        self.assert_goes_on_in_memory(b"Dear diary,\n" * 1000, "database")
