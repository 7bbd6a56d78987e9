"""The agent with PostgreSQL: the same as with a file, also when agent or server die; from a file to a server."""
import json
import signal
import time
import unittest

import test_crash
import test_failover
import test_presses
from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.platform import Feishu, newest
from harness.postgres import PostgresServer, missing
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually

RULE = "E2EUnschedulable"
NOTHING = test_presses.NOTHING
alert = test_presses.alert


@unittest.skipIf(missing(), missing())
class WithPostgres(EndToEndTest):
    """One server for each class, a database for each test; every agent keeps everything there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        self.database = self.server.new_database()
        self.url_file = self.directory / "url"
        self.url_file.write_text(self.server.url(self.database) + "\n")

    def agent(self, *arguments, **options):
        options.setdefault("storage", {"postgres": {"url_file": str(self.url_file)}})
        return super().agent(*arguments, **options)

    def sql(self, text):
        return self.server.sql(text, self.database)

    def assert_sound(self, agent):
        checked = run_klaw("storage", "check", "--config", agent.config_file, "--output", "json")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        found = json.loads(checked.stdout)
        self.assertEqual(found["engine"], "PostgreSQL")
        self.assertTrue(found["audit"]["holds"])
        return found


class CrashOnPostgresTest(WithPostgres, test_crash.CrashTest):
    """All of test_crash.CrashTest."""


class PressedOnceOnPostgresTest(WithPostgres, test_presses.OnceTest):
    """All of test_presses.OnceTest."""


class FailoverOnPostgresTest(WithPostgres, test_failover.FailoverTest):
    """What test_failover.FailoverTest has that is not about the file: replicas that share nothing but the server."""
    test_standby_waits_for_a_transaction_that_a_stopped_leader_left_open = None
    test_agent_without_replicas_is_kept_out_of_their_directory = None
    test_standby_keeps_warm_caches_and_leaves_the_rest_to_the_leader = None
    test_there_are_never_two_leaders_when_the_api_server_is_away = None
    test_change_while_nobody_leads_is_told_by_the_next_leader = None

    def data_of(self, name):
        return self.directory / f"data-{name}"

    def stop_between_transactions(self, agent):
        self.stopped.append(agent.process)
        for _ in range(100):
            agent.process.send_signal(signal.SIGSTOP)
            if self.sql("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()") == ["0"]:
                return
            agent.process.send_signal(signal.SIGCONT)
            time.sleep(0.01)  # it may end what it is at
        self.fail("it is in a transaction always")


class PostgresTest(WithPostgres):
    def test_card_goes_on_after_kill_and_no_secret_is_said(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        agent = self.agent(rules=NOTHING, defaults=False, language="en", apps=[feishu.app()], access=test_presses.ACCESS,
                           channels=[{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}]).start()
        feishu.await_connection()
        agent.receive(alert("Pay"))
        card = feishu.await_card("Pay is down")
        feishu.press(card["id"], "Acknowledge")
        feishu.await_card("Pay is down", also="李雷")
        agent.kill()
        agent.start()
        feishu.await_connection()
        agent.receive({**alert("Pay"), "ended": True})
        feishu.await_card("Pay", also="esolved")
        self.assertEqual(len(feishu.cards("Pay is down")), 1, "one message, changed in place")
        self.assertIn("李雷", json.dumps(newest(feishu.cards("Pay is down")[0]), ensure_ascii=False))
        self.assertFalse((agent.data / "klaw.db").exists(), "nothing is in a file")
        self.assertTrue(agent.log_has(f"writes to postgresql://127.0.0.1:{self.server.port}/{self.database}"))
        found = self.assert_sound(agent)
        self.assertGreater(found["rows"]["audit"], 0)
        self.assertGreaterEqual(found["term"], 2)
        listed = run_klaw("audit", "list", "--config", agent.config_file, "--output", "json")
        self.assertIn('"ack"', listed.stdout)
        for text in (agent.log.read_text(), listed.stdout, listed.stderr, json.dumps(found), agent.get("/metrics")[1]):
            self.assertNotIn(self.server.password, text)

    def test_nothing_is_lost_and_cards_go_out_while_the_server_is_away(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        pods = self.namespace("away")
        pods.unschedulable_pods("before")
        self.await_card(rule=RULE, where=(pods.name, "before"))
        self.server.stop()
        names = [f"during-{i}" for i in range(5)]
        pods.unschedulable_pods(*names)
        for name in names:
            self.await_card(rule=RULE, where=(pods.name, name))
        eventually(lambda: "database server" in agent.get("/readyz")[1], 20, lambda: f"the trouble to be said: {agent.get('/readyz')}")
        self.assertEqual(agent.get("/healthz")[0], 200)
        self.assertEqual(agent.metric("klaw_storage_degraded"), 1)
        self.assertGreater(agent.metric("klaw_storage_queued"), 0)
        refused = agent.do("audit list")
        self.assertIn("cannot be reached", refused.stdout + refused.stderr)
        self.server.start()
        eventually(lambda: agent.get("/readyz")[1] == "ready\n", 30, lambda: f"the server to be used again: {agent.get('/readyz')}")
        self.assertEqual(agent.metric("klaw_storage_degraded"), 0)
        agent.kill()
        agent.start()
        pods.delete_pods("before", *names)
        for name in ["before", *names]:
            self.await_card("resolved", rule=RULE, where=(pods.name, name))
        self.assert_nothing_repeated()
        fired = [target.split("/")[-1] for target in self.sql("SELECT target FROM audit WHERE action = 'alert.fired'") if pods.name in target]
        self.assertEqual(sorted(fired), sorted(["before", *names]))
        self.assert_sound(agent)

    def test_second_agent_on_the_same_database_is_refused(self):
        self.agent(rules=NOTHING, defaults=False).start()
        second = self.agent(rules=NOTHING, defaults=False, name="second").start(wait=False)
        self.assertEqual(second.process.wait(30), 1)
        self.assertTrue(second.log_has("another agent uses this database"), second.log_tail())

    def test_agent_that_was_overtaken_ends_and_writes_nothing_more(self):
        agent = self.agent(rules=NOTHING, defaults=False).start()
        agent.receive(alert("Before"))
        self.await_card(rule="Before")
        self.sql("UPDATE leadership SET term = term + 1, holder = 'another'")
        rows = self.sql("SELECT count(*) FROM audit")
        try:
            agent.receive(alert("After"))
        except OSError:
            pass  # it is not taken
        self.assertEqual(agent.process.wait(30), 1)
        self.assertTrue(agent.log_has("another agent has taken over the database"), agent.log_tail())
        self.assertEqual(self.sql("SELECT count(*) FROM audit"), rows)
        self.assertEqual(self.receiver.cards(rule="After"), [])


@unittest.skipIf(missing(), missing())
class MigrationTest(WithPostgres):
    def migrate(self, agent, *more):
        return run_klaw("storage", "migrate", "--from", f"sqlite:{agent.data}", "--to", "postgres", *more)

    def test_card_of_a_file_goes_on_in_a_server(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        agent = self.agent(rules=NOTHING, defaults=False, language="en", apps=[feishu.app()], access=test_presses.ACCESS,
                           channels=[{"name": "oncall", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"}], storage=None)
        del agent.config["storage"]
        agent.write_config()
        agent.start()
        feishu.await_connection()
        agent.receive(alert("Moved"))
        card = feishu.await_card("Moved is down")
        feishu.press(card["id"], "Acknowledge")
        feishu.await_card("Moved is down", also="李雷")
        address = ("--url-file", self.url_file)

        refused = self.migrate(agent, *address)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("another agent", refused.stderr)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), ["0"])
        agent.stop()

        moved = self.migrate(agent, *address)
        self.assertEqual(moved.returncode, 0, moved.stdout + moved.stderr)
        self.assertNotIn(self.server.password, moved.stdout + moved.stderr)
        again = self.migrate(agent, *address)
        self.assertEqual(again.returncode, 1)
        self.assertIn("not empty", again.stderr)

        agent.config["storage"] = {"postgres": {"url_file": str(self.url_file)}}
        agent.write_config()
        agent.start()
        feishu.await_connection()
        agent.receive({**alert("Moved"), "ended": True})
        feishu.await_card("Moved", also="esolved")
        self.assertEqual(len(feishu.cards("Moved is down")), 1, "one message, changed in place")
        self.assert_sound(agent)
        verified = run_klaw("audit", "verify", "--config", agent.config_file)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_address_comes_by_environment_or_configuration_and_wrong_ones_are_refused(self):
        agent = self.agent(rules=NOTHING, defaults=False, storage=None)
        del agent.config["storage"]
        agent.write_config()
        missing_database = self.migrate(agent, "--url-file", self.url_file)
        self.assertIn("there is no database", missing_database.stderr)
        agent.start()
        agent.stop()
        self.assertIn("is missing", self.migrate(agent).stderr)
        self.assertIn("not set", self.migrate(agent, "--url-env", "KLAW_TEST_NO_SUCH").stderr)
        wrong = run_klaw("storage", "migrate", "--from", f"sqlite:{agent.data}", "--to", "postgres", "--url-env", "KLAW_TEST_DATABASE",
                         KLAW_TEST_DATABASE=self.server.url(self.database).replace(self.server.password, "wrong-secret"))
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("cannot be reached", wrong.stderr)
        self.assertNotIn("wrong-secret", wrong.stderr)
        moved = run_klaw("storage", "migrate", "--from", f"sqlite:{agent.data}", "--to", "postgres", "--url-env", "KLAW_TEST_DATABASE",
                         KLAW_TEST_DATABASE=self.server.url(self.database))
        self.assertEqual(moved.returncode, 0, moved.stderr)
        self.assertGreater(int(self.sql("SELECT count(*) FROM audit")[0]), 0)


del WithPostgres  # no test of its own
