"""The database of a running agent in trouble."""
import sqlite3
import subprocess

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


class DamagedFileTest(EndToEndTest):
    def test_damaged_database_is_said_and_cards_go_out_from_memory(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        pods = self.namespace("damaged")
        pods.unschedulable_pods("before")
        self.await_card(rule=RULE, where=(pods.name, "before"))
        agent.stop()
        file = agent.data / "klaw.db"
        content = bytearray(file.read_bytes())
        for page in range(1, len(content) // 4096):
            content[page * 4096:page * 4096 + 512] = b"\x5a" * 512
        file.write_bytes(content)
        agent.start()
        self.assertIn("damaged", agent.get("/readyz")[1])
        pods.unschedulable_pods("after")
        self.await_card(rule=RULE, where=(pods.name, "after"))
        self.assertEqual(file.read_bytes(), bytes(content))  # what may be saved from it is left alone
