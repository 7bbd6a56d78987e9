"""klaw do, audit, record, replay, rules, version."""
import json
import signal
import sqlite3
import subprocess
import unittest

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.paths import klaw
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

RULE = "E2EUnschedulable"


class CompletionTest(unittest.TestCase):
    """C1, in the shell."""

    def completed(self, *words):
        """What bash offers for the last word."""
        script = ('eval "$("$1" completion bash)"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _klaw; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", klaw(), "klaw", *words], capture_output=True, text=True, check=True)
        return done.stdout.split()

    def test_bash_completes_subcommands_verbs_and_options(self):
        self.assertEqual(self.completed("re"), ["replay", "record"])
        self.assertEqual(self.completed("do", "depl"), ["deployments"])
        self.assertEqual(self.completed("do", "pods", "--b"), ["--bad"])
        self.assertEqual(self.completed("do", "容器组", "--g"), ["--grep"])
        self.assertEqual(self.completed("do", "cluster", "au"), ["audit"])
        self.assertEqual(self.completed("do", "cluster", "audit", "--sev"), ["--severity"])
        self.assertEqual(self.completed("do", "安全审计", "--sev"), ["--severity"])
        self.assertEqual(self.completed("cluster", "au"), ["audit"])
        self.assertEqual(self.completed("rules", "ex"), ["explain", "export"])
        self.assertEqual(self.completed("replay", "--no"), ["--no-default-rules"])

    def test_zsh_takes_the_same_script(self):
        done = subprocess.run([klaw(), "completion", "zsh"], capture_output=True, text=True, check=True)
        self.assertIn("bashcompinit", done.stdout)
        self.assertEqual(subprocess.run([klaw(), "completion", "fish"], capture_output=True).returncode, 2)


class DoTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.running = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.pods = self.namespace("do")
        self.pods.unschedulable_pods("asked")
        self.card = self.await_card(rule=RULE, where=(self.pods.name, "asked"))

    def do(self, words):
        done = self.running.do(words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_alerts_lists_and_shows(self):
        self.assertIn(self.card["id"], self.do("alerts"))
        self.assertIn("asked", self.do("alerts " + self.card["id"]))

    def test_ack_changes_the_card_and_survives_a_restart(self):
        self.do(f"ack {self.card['id']} --comment looking")
        acknowledged = self.await_card("acknowledged", rule=RULE, where=(self.pods.name, "asked"))
        self.assertEqual(acknowledged["id"], self.card["id"])
        self.assertEqual(acknowledged["acknowledged"]["comment"], "looking")
        self.assertTrue(acknowledged["acknowledged"]["by"])
        self.running.kill()
        self.running.start()
        self.assertIn(self.card["id"], self.do("alerts"))
        self.pods.delete_pods("asked")
        self.assertEqual(self.await_card("resolved", rule=RULE, where=(self.pods.name, "asked"))["id"], self.card["id"])
        self.assert_nothing_repeated()

    def test_silence_changes_the_card_and_keeps_the_next_quiet(self):
        self.do(f"silence {self.card['id']} 2h")
        self.assertIn("until", self.await_card("silenced", rule=RULE, where=(self.pods.name, "asked"))["silenced"])
        self.do(f"silence rule={RULE} namespace={self.pods.name} 1h")
        self.pods.unschedulable_pods("quiet")
        eventually(lambda: "quiet" in self.do("alerts"), 30, "the alert, silenced but there")
        self.assertEqual(self.receiver.cards(status="firing", rule=RULE, where=(self.pods.name, "quiet")), [])
        self.running.kill()
        self.running.start()
        self.pods.unschedulable_pods("still-quiet")
        eventually(lambda: "still-quiet" in self.do("alerts"), 30, "the alert, silenced after the restart too")
        self.assertEqual(self.receiver.cards(status="firing", rule=RULE, where=(self.pods.name, "still-quiet")), [])

    def test_deliveries_tells_each_attempt_also_after_a_restart(self):
        """D8"""
        def ledger():
            return self.do(f"alerts deliveries {self.card['id']}")
        eventually(lambda: "delivered" in ledger(), 10, "the attempt in the ledger")
        self.assertRegex(ledger(), r"opened +sent +1 .*ms +delivered")
        self.running.kill()
        self.running.start()
        self.assertRegex(ledger(), r"opened +sent +1 .*ms +delivered")

    def test_command_that_does_not_exist_is_refused_with_a_hint(self):
        done = self.running.do("aks " + self.card["id"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("ack", done.stdout + done.stderr)

    def test_help_rules_and_clusters(self):
        self.assertIn("silence", self.do("help"))
        self.assertIn(RULE, self.do("rules"))
        self.assertIn("main", self.do("clusters"))


class AuditTest(EndToEndTest):
    def test_chain_verifies_and_a_changed_row_is_named(self):
        """U1"""
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        namespace = self.namespace("audit")
        namespace.unschedulable_pods("audited")
        card = self.await_card(rule=RULE, where=(namespace.name, "audited"))
        agent.do(f"ack {card['id']}")
        self.await_card("acknowledged", rule=RULE, where=(namespace.name, "audited"))
        listed = run_klaw("audit", "list", "--config", agent.config_file)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("ack", listed.stdout)
        agent.stop()
        verified = run_klaw("audit", "verify", "--config", agent.config_file)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        row = self.tamper(agent.data)
        verified = run_klaw("audit", "verify", "--config", agent.config_file)
        self.assertNotEqual(verified.returncode, 0)
        self.assertIn(str(row), verified.stdout + verified.stderr)

    def tamper(self, data):
        """Changes one byte of a text of the audit log behind the program's back; returns the row's number."""
        file = next(path for path in data.iterdir() if path.read_bytes()[:15] == b"SQLite format 3")
        with sqlite3.connect(file) as database:
            for (trigger,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
                database.execute(f'drop trigger "{trigger}"')
            table = database.execute("select name from sqlite_master where type='table' and name like '%audit%'").fetchone()[0]
            columns = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
            rows = database.execute(f'select rowid, * from "{table}" order by rowid').fetchall()
            row = rows[len(rows) // 2]
            column, value = next((name, value) for name, value in zip(columns, row[1:])
                                 if isinstance(value, str) and value and "hash" not in name)
            changed = chr(ord(value[0]) ^ 1) + value[1:]
            database.execute(f'update "{table}" set "{column}" = ? where rowid = ?', (changed, row[0]))
        return row[0]


class RecordTest(EndToEndTest):
    def record(self, *options):
        namespace = self.namespace("record")
        recording = self.directory / "recording.jsonl.gz"
        recorder = subprocess.Popen([klaw(), "record", "--kubeconfig", self.cluster.kubeconfig, "--out", recording, *options],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(recorder.kill)
        eventually(lambda: recording.exists() and recording.stat().st_size > 0, 30, "the recording to begin")
        namespace.trouble("make", "job-failed")
        namespace.trouble("make", "unschedulable")
        namespace.trouble("mend", "unschedulable")
        recorder.send_signal(signal.SIGINT)
        output, _ = recorder.communicate(timeout=20)
        self.assertEqual(recorder.returncode, 0, output)
        return namespace, recording

    def replay(self, *arguments):
        done = run_klaw("replay", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_replay_of_a_recording_is_the_same_each_time(self):
        namespace, recording = self.record()
        rules = self.directory / "rules"
        rules.mkdir()
        (rules / "e2e.yaml").write_text(UNSCHEDULABLE)
        once, twice = (self.replay("--rules", rules, recording) for _ in range(2))
        self.assertEqual(once, twice)
        self.assertIn(RULE, once)
        self.assertIn(namespace.name, once)
        as_json = self.replay("--output", "json", "--rules", rules, recording)
        self.assertTrue([json.loads(line) for line in as_json.splitlines() if line])

    def test_replay_takes_what_kubectl_wrote(self):
        namespace = self.namespace("kubectl")
        namespace.unschedulable_pods("written")
        eventually(lambda: "Unschedulable" in self.cluster.kubectl("-n", namespace.name, "get", "pod", "written", "-o", "json"),
                   30, "the scheduler's verdict")
        file = self.directory / "watch.json"
        file.write_text(self.cluster.kubectl("-n", namespace.name, "get", "pods", "--watch", "--output-watch-events",
                                             "-o", "json", "--request-timeout=3s", check=False))
        rules = self.directory / "rules"
        rules.mkdir()
        (rules / "e2e.yaml").write_text(UNSCHEDULABLE)
        self.assertIn("written", self.replay("--rules", rules, file))

    def test_broken_recording_is_refused_with_its_line(self):
        file = self.directory / "broken.jsonl"
        file.write_text('{"klaw":"recording","version":1,"started":"2026-11-23T00:00:00Z","clusters":{"c":{"version":"v1.36.3"}}}\n{"t":\n')
        done = run_klaw("replay", file)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, r"broken\.jsonl:2")


class ProgramTest(EndToEndTest):
    def test_version_help_and_unknown_subcommand(self):
        self.assertRegex(run_klaw("version").stdout, r"\d+\.\d+")
        help_text = run_klaw("--help").stdout
        for subcommand in ("agent", "do", "replay", "record", "rules", "audit"):
            self.assertIn(subcommand, help_text)
        self.assertNotEqual(run_klaw("agnet").returncode, 0)

    def test_rules_check_names_the_place(self):
        file = self.directory / "bad.yaml"
        file.write_text("group: g\nrules:\n  - alert: X\n    resource: pods\n    when: object.\n")
        done = run_klaw("rules", "check", file)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, r"bad\.yaml:5:\d+")
        file.write_text(UNSCHEDULABLE)
        self.assertEqual(run_klaw("rules", "check", file).returncode, 0)
