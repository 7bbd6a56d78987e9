"""Logs of several Pods through the real API server: each container has a file of its own (C4)."""
import threading
from datetime import datetime, timedelta, timezone

from harness.case import EndToEndTest
from harness.waiting import eventually


class LogsTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.running = self.agent(defaults=False).start()
        self.place = self.namespace("logs")
        self.now = datetime.now(timezone.utc)

    def pod(self, name, **logs):
        """A running Pod labelled app=web; `logs`: container → [(seconds ago, line)], and `previous` → what it wrote before."""
        previous = logs.pop("previous", {})
        pod = self.place.pod(name)
        pod["metadata"]["labels"] = {"app": "web"}
        pod["spec"]["containers"] = [{**pod["spec"]["containers"][0], "name": container} for container in logs]
        self.place.create(pod, {
            "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Logs", "metadata": {"name": name, "namespace": self.place.name},
            "spec": {"logs": [{"containers": [container], "follow": True,
                               "logsFile": str(self.written(name, container, lines)),
                               "previousLogsFile": str(self.written(name, f"{container}-before", previous.get(container, [])))}
                              for container, lines in logs.items()]}})
        eventually(lambda: self.cluster.get("-n", self.place.name, "pod", name)["status"].get("phase") == "Running", 30, name)
        first = next(iter(logs))
        eventually(lambda: logs[first][0][1] in self.cluster.kubectl("-n", self.place.name, "logs", name, "-c", first, check=False),
                   30, f"the log of {name}")

    def written(self, pod, container, lines):
        path = self.directory / f"{pod}-{container}.log"
        path.write_text("".join(self.line(*each) for each in lines))
        return path

    def line(self, seconds_ago, text):
        when = self.now - timedelta(seconds=seconds_ago)
        return f"{when.strftime('%Y-%m-%dT%H:%M:%S.%fZ')} stdout F {text}\n"

    def logs(self, words):
        done = self.running.do(f"logs {words} -n {self.place.name}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_lines_around_what_matches_in_several_pods_are_merged_by_time(self):
        self.pod("web-a", server=[(55, "a was early"), (50, "a starts"), (40, "a asks for /cart"), (20, "a error: no answer"), (10, "a goes on"), (5, "a waits")])
        self.pod("web-b", server=[(45, "b starts"), (30, "b asks for /pay"), (15, "b error: refused"), (2, "b waits")])
        self.assertEqual(self.logs("-l app=web --grep error --context 1"),
                         ["[web-a] a asks for /cart", "[web-b] b asks for /pay", "[web-a] a error: no answer",
                          "[web-b] b error: refused", "[web-a] a goes on", "[web-b] b waits"])

    def test_previous_container_one_container_since_and_the_last_lines(self):
        self.pod("web", server=[(4000, "old"), (60, "new"), (30, "newest")], proxy=[(50, "proxied")],
                 previous={"server": [(5000, "panic: out of cheese")]})
        self.assertEqual(self.logs("web --container server --previous"), ["panic: out of cheese"])
        self.assertEqual(self.logs("web --container proxy"), ["proxied"])
        self.assertEqual(self.logs("web --container server --since 10m"), ["new", "newest"])
        self.assertEqual(self.logs("web --container server --tail 1")[-1], "newest")
        self.assertEqual(self.logs("web --since 10m"), ["[web/server] new", "[web/proxy] proxied", "[web/server] newest"])

    def test_followed_log_shows_what_is_written_while_one_waits(self):
        self.pod("web", server=[(60, "before")])
        path = self.directory / "web-server.log"

        def write():
            with open(path, "a") as log:
                log.write(f"{datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')} stdout F while you wait\n")

        later = threading.Timer(2, write)
        later.start()
        self.addCleanup(later.join)
        self.assertEqual(self.logs("web --follow 4s"), ["while you wait"])

    def test_secrets_and_control_characters_of_lines_are_not_shown(self):
        self.pod("web", server=[(9, "password=hunter2hunter2"), (8, "\x1b[31mred\x1b[0m \u202etxt.exe")])
        shown = "\n".join(self.logs("web"))
        self.assertNotIn("hunter2", shown)
        self.assertNotIn("\x1b", shown)
        self.assertNotIn("\u202e", shown)

    def test_what_cannot_be_read_is_said_and_the_rest_shown(self):
        self.pod("web-a", server=[(5, "a is well")])
        self.pod("web-b", server=[(4, "b is well")])
        self.cluster.kubectl("-n", self.place.name, "patch", "logs.kwok.x-k8s.io", "web-b", "--type=json", "-p",
                             '[{"op": "replace", "path": "/spec/logs/0/containers/0", "value": "other"}]')
        eventually(lambda: "b is well" not in self.cluster.kubectl("-n", self.place.name, "logs", "web-b", check=False), 30,
                   "a kubelet that has no log of it")
        shown = "\n".join(self.logs("-l app=web"))
        self.assertIn("[web-a] a is well", shown)
        self.assertRegex(shown, r"web-b: .*log target not found")
        missing = self.running.do(f"logs nobody -n {self.place.name}")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("nobody", missing.stderr)
