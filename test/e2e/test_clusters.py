"""Several clusters, and clusters that let the agent see only a part, or nothing (M1, bad input)."""
import base64
import json
import re
import time

from harness import cluster as clusters
from harness.case import EndToEndTest
from harness.ports import free_port
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.rules import RULE_OF, UNSCHEDULABLE, impatient
from harness.waiting import eventually

RULE = "E2EUnschedulable"


class ClustersTest(EndToEndTest):
    def test_a_cluster_that_hangs_does_not_delay_another(self):
        other = clusters.second()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False,
                           clusters={"main": self.cluster.kubeconfig, "other": other.kubeconfig}).start()
        here, there = self.namespace("here"), self.namespace("there", other)
        # Without nodes every pod of the other cluster is unschedulable.
        there.create(there.pod("first"))
        self.assertIn("other", self.await_card(rule=RULE, where=(there.name, "first"))["subtitle"])
        self.addCleanup(other.freeze, "apiserver", False)
        other.freeze("apiserver")
        here.unschedulable_pods("mine")
        # The other one hangs until the card is there, so a busy machine may take its time.
        self.assertIn("main", self.await_card(rule=RULE, where=(here.name, "mine"))["subtitle"])
        other.freeze("apiserver", False)
        there.create(there.pod("second"))
        self.await_card(rule=RULE, where=(there.name, "second"), seconds=60)
        self.await_card(rule=RULE, where=(there.name, "first"))
        self.assertTrue(agent.running())
        self.assert_nothing_repeated()

    def test_start_with_a_cluster_that_hangs_serves_the_other(self):
        other = clusters.second()
        self.addCleanup(other.freeze, "apiserver", False)
        other.freeze("apiserver")
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False,
                           clusters={"main": self.cluster.kubeconfig, "other": other.kubeconfig}).start(wait=False)
        here = self.namespace("here")
        here.unschedulable_pods("alone")
        self.await_card(rule=RULE, where=(here.name, "alone"), seconds=20)
        self.assertEqual(agent.get("/healthz")[0], 200)
        status, text = agent.get("/readyz")
        self.assertEqual(status, 503, text)
        self.assertIn("other", text)
        other.freeze("apiserver", False)
        agent.await_ready(90)

    def test_list_of_several_clusters_shows_what_those_say_that_answer(self):
        """C2, M1: by labels; one of them hangs."""
        other = clusters.second()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        agent.config["clusters"] = [
            {"name": "main", "kubeconfig": str(self.cluster.kubeconfig), "labels": {"env": "prod"}},
            {"name": "other", "kubeconfig": str(other.kubeconfig), "labels": {"env": "prod"}}]
        agent.write_config()
        agent.start()
        here, there = self.namespace("here"), self.namespace("there", other)
        rows = lambda words: json.loads(agent.do(words + " --json").stdout)["rows"]
        names = lambda words: {(row["cluster"], row["name"]) for row in rows(words)}
        self.assertLessEqual({("main", here.name), ("other", there.name)}, names("namespaces --cluster env=prod"))
        self.assertIn("which cluster is meant?", agent.do("namespaces").stderr)
        self.addCleanup(other.freeze, "apiserver", False)
        other.freeze("apiserver")
        done = agent.do("namespaces --cluster all")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(here.name, done.stdout)
        self.assertRegex(done.stdout, r"Without an answer:\nother: ")

    def test_one_of_three_versions_of_kubernetes_hangs_and_the_others_lose_no_time(self):
        """M1: three real API servers; the time from a Pod to its card in the two, before and while the third hangs."""
        second, third = clusters.second(), clusters.third()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False,
                           clusters={"main": self.cluster.kubeconfig, "second": second.kubeconfig, "third": third.kubeconfig}).start()
        versions = {row["cluster"]: row["version"] for row in json.loads(agent.do("clusters --json").stdout)["rows"]}
        self.assertRegex(versions["second"], r"emulates 1\.34")
        self.assertRegex(versions["third"], r"emulates 1\.33")
        here, there = self.namespace("fast-here"), self.namespace("fast-there", second)

        def slowest(round_):
            """Of ten Pods in each of the two clusters, one after the other."""
            longest = 0.0
            for i in range(10):
                for place in (here, there):
                    began = time.monotonic()
                    if place is here:
                        place.unschedulable_pods(f"{round_}-{i}")
                    else:
                        place.create(place.pod(f"{round_}-{i}"))
                    self.await_card(rule=RULE, where=(place.name, f"{round_}-{i}"))
                    longest = max(longest, time.monotonic() - began)
            return longest

        before = slowest("before")
        self.addCleanup(third.freeze, "apiserver", False)
        third.freeze("apiserver")
        while_hanging = slowest("hanging")
        print(f"slowest of 20 cards: {before:.2f} s before, {while_hanging:.2f} s while a third cluster hangs")
        self.assertLess(while_hanging, 2 * before + 1, "the hanging cluster cost the others time")
        third.freeze("apiserver", False)

    def test_one_of_ten_clusters_hangs_and_the_slowest_cards_of_the_nine_are_as_fast(self):
        """M1: nine by the same API server under names of their own, so that each Pod has a card for each; and a tenth
        through a proxy that passes nothing more."""
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        nine = [f"nine-{i}" for i in range(9)]
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False, clusters={
            "tenth": proxied_kubeconfig(proxy, self.directory / "tenth"), **{name: self.cluster.kubeconfig for name in nine}}).start()
        place = self.namespace("ten")
        self.assertTrue(agent.running())

        def delays(round_, pods=12):
            """Seconds from before a Pod is made to the arrival of each of its nine cards, sorted."""
            found = []
            for i in range(pods):
                name, began = f"{round_}-{i:02}", time.time()
                place.unschedulable_pods(name)
                cards = lambda: [each for each in self.receiver.deliveries(rule=RULE, where=(place.name, name))
                                 if each.event == "card.sent" and any(cluster in each.card["subtitle"] for cluster in nine)]
                eventually(lambda: len(cards()) >= len(nine), 60, f"nine cards of {name}")
                found += [each.at - began for each in cards()]
            return sorted(found)

        before = delays("before")
        proxy.stall()
        hanging = delays("hanging")
        slowest = lambda found: found[int(len(found) * 0.99)]
        print(f"p99 of {len(before)} cards: {slowest(before):.2f} s with ten clusters, {slowest(hanging):.2f} s while one of them hangs")
        self.assertLess(slowest(hanging), 1.5 * slowest(before) + 0.5, "the hanging cluster cost the others time")
        self.assert_nothing_repeated()

    def test_clusters_come_and_go_with_the_configuration(self):
        other = clusters.second()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        here, there = self.namespace("stays"), self.namespace("comes", other)
        here.unschedulable_pods("stays")
        there.create(there.pod("comes"))
        self.await_card(rule=RULE, where=(here.name, "stays"))
        one = agent.config["clusters"]
        agent.config["clusters"] = one + [{"name": "other", "kubeconfig": str(other.kubeconfig)}]
        agent.write_config()
        agent.reload()
        self.assertIn("other", self.await_card(rule=RULE, where=(there.name, "comes"))["subtitle"])
        agent.config["clusters"] = one
        agent.write_config()
        agent.reload()
        self.await_card(status="resolved", rule=RULE, where=(there.name, "comes"))
        self.assertNotIn("other", agent.do("clusters").stdout)
        self.await_card(rule=RULE, where=(here.name, "stays"))
        self.assert_nothing_repeated()

    def test_alerts_of_a_cluster_that_left_the_configuration_while_nobody_ran_resolve(self):
        other = clusters.second()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False,
                           clusters={"main": self.cluster.kubeconfig, "other": other.kubeconfig}).start()
        there = self.namespace("left", other)
        there.create(there.pod("left"))
        self.await_card(rule=RULE, where=(there.name, "left"))
        agent.stop()
        agent.config["clusters"] = agent.config["clusters"][:1]
        agent.write_config()
        agent.start()
        self.await_card(status="resolved", rule=RULE, where=(there.name, "left"))

    def test_same_object_in_two_clusters_has_two_cards(self):
        other = clusters.second()
        here = self.namespace("twin")
        there = clusters.Namespace(other, here.name)
        self.addCleanup(there.remove)
        self.agent(rules=UNSCHEDULABLE, defaults=False,
                   clusters={"main": self.cluster.kubeconfig, "other": other.kubeconfig}).start()
        here.unschedulable_pods("twin")
        there.create(there.pod("twin"))
        eventually(lambda: len(self.receiver.cards(rule=RULE, where=here.name)) == 2, 30, "both cards")
        self.assertEqual({card["subtitle"].split()[0] for card in self.receiver.cards(rule=RULE, where=here.name)}, {"main", "other"})


class ClustersAtRunTimeTest(EndToEndTest):
    def only(self):
        return self.agent(rules=UNSCHEDULABLE, defaults=False).start()

    def kubeconfig_secret(self, where, name, kubeconfig):
        where.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": where.name},
                      "stringData": {"value": kubeconfig.read_text()}})

    def told(self, agent, words):
        done = agent.do(words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_cluster_is_tried_added_from_a_secret_watched_over_a_kill_and_removed(self):
        other = clusters.second()
        here, there = self.namespace("fleet"), self.namespace("there", other)
        self.kubeconfig_secret(here, "other-kubeconfig", other.kubeconfig)
        agent = self.only()
        text = self.told(agent, f"clusters add other --secret {here.name}/other-kubeconfig --labels env=test")
        self.assertIn("Added; it is watched from now on.", text)
        self.assertRegex(text, r"Kubernetes v1\.\d+\.\d+ \(emulates 1\.34\), answered in \d+ ms")
        agent.await_ready()
        there.create(there.pod("first"))
        self.assertIn("other", self.await_card(rule=RULE, where=(there.name, "first"))["subtitle"])
        self.assertIn("env=test", self.told(agent, "clusters"))
        agent.kill()
        agent.start(wait=False)
        there.create(there.pod("second"))
        self.await_card(rule=RULE, where=(there.name, "second"), seconds=60)
        self.assertIn("resources can be read", self.told(agent, "clusters test other"))
        self.assertIn("stands in the configuration", agent.do("clusters remove main").stderr)
        self.told(agent, "clusters remove other")
        self.await_card(status="resolved", rule=RULE, where=(there.name, "first"), seconds=60)
        self.assertNotIn("other", self.told(agent, "clusters"))
        # What leads to a cluster is kept, its credentials are not.
        key = re.search(r"client-key-data: (\S+)", other.kubeconfig.read_text()).group(1)
        stored = b"".join(file.read_bytes() for file in agent.data.glob("klaw.db*"))
        self.assertNotIn(key.encode()[:60], stored)
        self.assertNotIn(base64.b64decode(key)[40:90], stored)

    def test_cluster_that_cannot_be_reached_is_not_added(self):
        agent = self.only()
        broken = agent.directory / "broken.yaml"
        broken.write_text(self.cluster.kubeconfig.read_text().replace(str(self.cluster.port), str(free_port())))
        done = agent.do(f"clusters add broken --kubeconfig {broken}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nothing was added", done.stderr)
        self.assertNotIn("broken", self.told(agent, "clusters"))
        missing = agent.do("clusters add broken --secret nowhere/kubeconfig")
        self.assertIn("Secret nowhere/kubeconfig", missing.stderr)

    def test_files_of_a_directory_are_clusters_and_one_that_is_broken_keeps_no_other_away(self):
        other = clusters.second()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        directory = agent.directory / "fleet"
        directory.mkdir()
        (directory / "east.yaml").write_text(self.cluster.kubeconfig.read_text())
        agent.config["clusters"] = [{"directory": str(directory), "labels": {"fleet": "one"}}]
        agent.write_config()
        agent.start()
        self.assertIn("fleet=one", self.told(agent, "clusters"))
        (directory / "west.yaml").write_text(other.kubeconfig.read_text())
        agent.reload()
        eventually(lambda: "west" in self.told(agent, "clusters"), 30, "the cluster of the new file")
        (directory / "west.yaml").write_text("clusters: [")
        agent.reload()
        eventually(lambda: agent.log_has("a cluster cannot be taken up", "west"), 30, "the mistake to be named")
        text = self.told(agent, "clusters")
        self.assertIn("cluster west", text)  # the mistake, and the cluster as it was
        self.assertIn("https://127.0.0.1:%d" % other.port, text)
        agent.stop()
        agent.start()
        self.assertIn("east", self.told(agent, "clusters"))

    def test_nobody_changes_anything_in_a_cluster_that_is_read_only(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False)
        agent.config["clusters"][0]["read_only"] = True
        agent.write_config()
        agent.start()
        here = self.namespace("here")
        here.unschedulable_pods("stays")
        self.await_card(rule=RULE, where=(here.name, "stays"))
        self.assertIn("read-only", self.told(agent, "clusters"))
        # From the first moment.
        agent.kill()
        agent.start(wait=False)
        eventually(lambda: agent.get("/healthz")[0] == 200, 10, "the page")
        done = agent.do(f"delete pod/stays -n {here.name} --yes")
        self.assertIn("read-only", done.stdout + done.stderr)
        self.assertIn("stays", self.told(agent, f"pods -n {here.name}"))


class StatusTest(EndToEndTest):
    def test_status_and_health_tell_of_every_side_of_a_real_cluster(self):
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        here = self.namespace("here")
        here.unschedulable_pods("waits")
        self.await_card(rule=RULE, where=(here.name, "waits"))
        rows = lambda words: {row["check"]: row for row in json.loads(agent.do(words + " --json").stdout)["rows"]}
        status = rows("status")
        self.assertEqual(status["API server"]["state"], "ok")
        self.assertRegex(status["API server"]["detail"], r"answers in \d+ ms, v1\.\d+\.\d+; all \d+ checks pass")
        self.assertEqual(status["control plane"]["state"], "unknown")  # here they do not lead by Leases
        self.assertRegex(status["nodes"]["detail"], r"^\d+ of \d+ ready")
        self.assertRegex(status["Pods"]["detail"], r"\d+ in all; waiting to start: .*Pending \d+")
        self.assertRegex(status["certificates"]["detail"], r"the API server's ends in \d+d")
        self.assertRegex(status["alerts"]["detail"], r"[1-9]\d* other")
        health = rows(f"health -n {here.name}")
        self.assertEqual(health["Pods"]["detail"], "1 in all; waiting to start: Pending 1")
        self.assertEqual(health["workloads"]["detail"], "0 of 0 have all their Pods")

    def test_health_names_a_control_plane_that_has_stopped(self):
        other = clusters.third()
        agent = self.agent(rules=UNSCHEDULABLE, defaults=False,
                           clusters={"main": self.cluster.kubeconfig, "other": other.kubeconfig}).start()
        self.assertRegex(agent.do("health other").stdout, r"scheduler alive \S+ ago; controller-manager alive \S+ ago")
        self.addCleanup(other.freeze, "scheduler", False)
        other.freeze("scheduler")
        lost = lambda: "scheduler last heard of" in agent.do("health other").stdout
        eventually(lost, 60, "the scheduler to be missed", interval=1)
        both = json.loads(agent.do("status --json").stdout)["rows"]
        self.assertEqual({row["cluster"]: row["state"] for row in both}["other"], "bad")


class RightsTest(EndToEndTest):
    def test_403_on_some_kinds_leaves_the_rest_working_and_is_told_loudly(self):
        agent = self.agent(rules=impatient(), clusters={"main": self.cluster.directory / "kubeconfig-limited"}).start(wait=False)
        namespace = self.namespace("rights")
        namespace.trouble("make", "unschedulable")
        self.await_card(rule=RULE_OF["unschedulable"], where=namespace.name)
        eventually(lambda: agent.log_has("deployments", "403") or agent.log_has("deployments", "orbidden"), 30,
                   lambda: "a word in the log about deployments: " + agent.log_tail())
        self.assertTrue(agent.running())
        self.assertEqual(agent.get("/healthz")[0], 200)
        status, text = agent.get("/readyz")
        self.assertIn("deployments", text, f"/readyz ({status}) does not name what cannot be seen")

    def assert_unreadable(self, kubeconfig, *words):
        """The agent lives, is not ready, and says why."""
        agent = self.agent(clusters={"main": kubeconfig}).start(wait=False)
        eventually(lambda: any(all(word in str(line).lower() for word in words) for line in agent.log_lines()), 30,
                   lambda: f"{words} in the log: {agent.log_tail()}")
        eventually(lambda: agent.get("/healthz")[0] == 200, 10, "it to be alive")
        self.assertEqual(agent.get("/readyz")[0], 503)
        self.assertTrue(agent.running())

    def test_wrong_certificate_authority(self):
        self.assert_unreadable(self.cluster.directory / "kubeconfig-wrong-ca", "certificate")

    def test_refused_token(self):
        self.assert_unreadable(self.cluster.directory / "kubeconfig-bad-token", "401")

    def test_server_that_is_not_there(self):
        kubeconfig = self.directory / "kubeconfig"
        kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
            "users": [{"name": "c", "user": {}}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}]}))
        self.assert_unreadable(kubeconfig, "refused")
