"""Commands in containers (A13), by the exec protocol of the real API server; a simulated kubelet runs them."""
import json

from harness.agent import run_klaw
from harness.platform import Feishu, newest
from test_changes import ChangeTest

ALLOWED = [{"command": ["echo", "*"], "namespaces": ["exec-*"]},
           {"command": ["printf", "*"], "namespaces": ["exec-*"]},
           {"command": ["ls", "*"], "namespaces": ["exec-*"]},
           {"command": ["seq", "*"], "namespaces": ["exec-*"]},
           {"command": ["sleep", "*"], "namespaces": ["exec-*"], "timeout": "1s"},
           {"command": ["id"], "clusters": ["elsewhere"]}]
PEOPLE = [{"name": "李雷", "feishu": "ou_li", "role": "runner"}, {"name": "韩梅梅", "feishu": "ou_han", "role": "operator"}]
ROLES = [{"name": "runner", "rules": [{"may": ["read", "exec"], "namespaces": ["exec-*"]}]}]


class ExecTest(ChangeTest):
    def begin(self, **options):
        self.place = self.namespace("exec")
        self.place.create(self.place.pod("web-0"),
                          {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Exec",
                           "metadata": {"name": "web-0", "namespace": self.place.name},
                           "spec": {"execs": [{"containers": ["server"], "local": {"workDir": "/"}}]}})
        self.cluster.kubectl("-n", self.place.name, "wait", "pod/web-0", "--for=condition=Ready", "--timeout=60s")
        self.running = self.agent(defaults=False, **{"exec": ALLOWED, "language": "en", **options}).start()

    def exec(self, *argv):
        """What comes of it, once it is confirmed."""
        done = self.running.do(f"exec web-0 -n {self.place.name} --yes -- {' '.join(argv)}")
        return done.returncode, done.stdout + done.stderr

    def rows(self):
        listed = run_klaw("audit", "list", "--data", self.running.data, "--limit", 1000, "--output", "json").stdout
        rows = sorted(map(json.loads, listed.splitlines()), key=lambda row: row["seq"])
        return [(row["actor"], row["decision"], row["detail"] if isinstance(row["detail"], dict) else json.loads(row["detail"]))
                for row in rows if row["action"] == "exec"]

    def test_runs_what_is_allowed_and_shows_output_and_exit_code(self):
        self.begin()
        preview, done = self.confirmed(f"exec web-0 -n {self.place.name} -- echo 'two words'")
        self.assertIn(f"This would run in Pod {self.place.name}/web-0, container server: `echo 'two words'`", preview)
        self.assertIn("exit code 0\ntwo words", done)
        # A kubelet says the exit code by itself (test/unit/kube/exec_session_test.cpp); kwok says it in words.
        code, said = self.exec("ls", "/there-is-no-such-place")
        self.assertEqual(code, 1, said)
        self.assertIn("exit status 2", said)
        rows = self.rows()
        self.assertEqual([row[:2] for row in rows], [("local:root", decision) for decision in
                                                     ("previewed", "allowed", "done", "previewed", "allowed", "unknown")])
        self.assertEqual((rows[2][2]["argv"], rows[2][2]["exitCode"]), (["echo", "two words"], 0))
        self.assertEqual(rows[5][2]["argv"], ["ls", "/there-is-no-such-place"])
        self.assert_log_holds(self.running)

    def test_nothing_else_runs(self):
        self.begin()
        for argv in (["id"], ["sh", "-c", "'echo hi'"], ["ls", "-la"], ["echo"], ["echo", "a", "b"], ["/bin/echo", "a"], ["'echo a'"]):
            code, said = self.exec(*argv)
            self.assertNotEqual(code, 0, argv)
            self.assertIn("is none of the commands", said, argv)
            self.assertIn("allowed there: `echo *`", said, argv)
        self.assertEqual({decision for _, decision, _ in self.rows()}, {"refused"})
        # What a shell would expand or join stays one argument.
        for argument in ("'$(id)'", "'a;id'", "'`id`'", "'a|id'", "'*'"):
            self.assertIn(f"exit code 0\n{argument[1:-1]}", self.exec("echo", argument)[1])

    def test_output_is_cut_masked_and_clean_and_time_is_limited(self):
        self.begin()
        self.assertIn("it wrote more", self.exec("seq", "100000")[1])
        _, masked = self.exec("printf", r"'\033[31mDB_\120ASSWORD=hunter22hunter22\n'")
        self.assertIn("DB_PASSWORD=***", masked)
        self.assertNotIn("hunter22", masked.split("\n", 1)[1])
        self.assertNotIn("\033", masked)
        _, late = self.exec("sleep", "30")
        self.assertIn("it had not ended in its time", late)
        self.assertEqual(self.rows()[-1][1], "unknown")

    def test_is_off_by_default_and_a_permission_of_its_own(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        self.begin(apps=[feishu.app()], access=PEOPLE, roles=ROLES)
        feishu.await_connection()
        command = f"exec web-0 -n {self.place.name} -- echo hello"
        self.assertIn('has no role that allows \\"exec\\"', feishu.ask(command, sender="ou_han").replace("\\\\", ""))
        feishu.write(command)
        preview = feishu.await_reply("This would run in Pod", also="Confirm")
        feishu.press(preview["id"], "Confirm")
        done = feishu.await_reply("exit code 0", also="hello")
        self.assertEqual(done["id"], preview["id"])
        self.assertEqual([row[:2] for row in self.rows()],
                         [("feishu:ou_han", "denied"), ("feishu:ou_li", "previewed"), ("feishu:ou_li", "allowed"),
                          ("feishu:ou_li", "done")])
        self.running.stop()
        del self.running.config["exec"]
        self.running.write_config()
        self.running.start()
        self.assertIn("an administrator can allow some under `exec`", self.do(f"exec web-0 -n {self.place.name} -- echo hello", ok=False))

    def test_a_shell_in_the_list_is_refused_when_it_is_loaded(self):
        self.begin()
        for command, why in ((["sh", "-c", "*"], "is a shell"), (["env"], "can run any other program"), (["*"], "is left open")):
            self.running.config["exec"] = [{"command": command}]
            self.running.write_config()
            checked = run_klaw("config", "check", self.running.config_file)
            self.assertNotEqual(checked.returncode, 0)
            self.assertIn(why, checked.stdout + checked.stderr)
