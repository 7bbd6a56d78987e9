"""Changes of clusters: previewed, confirmed, permitted, recorded, followed, taken back."""
import json
import threading

from harness.agent import run_klaw
from harness.case import EndToEndTest
from harness.platform import DingTalk, Feishu, newest
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.rules import impatient
from harness.waiting import eventually

OPERATORS = [{"name": "李雷", "feishu": "ou_li", "dingtalk": "li", "role": "operator"},
             {"name": "韩梅梅", "feishu": "ou_han", "role": "operator"},
             {"name": "Ana", "feishu": "ou_ana", "role": "viewer"}]


class ChangeTest(EndToEndTest):
    """The agent that commands are given to is `running`."""

    def do(self, words, ok=True):
        done = self.running.do(words)
        self.assertEqual(done.returncode == 0, ok, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def confirmed(self, words):
        """What the preview says, and what comes of the command that it names."""
        preview = self.do(words)
        command = preview.split("To do it: ")[1].strip()
        return preview, self.do(command)

    def workload(self, namespace, image="shop/web:1.0", replicas=2, name="web", **spec):
        labels = {"app": name}
        namespace.create({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace.name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "progressDeadlineSeconds": 60, **spec,
                     "template": {"metadata": {"labels": labels}, "spec": namespace.pod("x", image)["spec"]}}})
        self.rolled_out(namespace, name)

    def rolled_out(self, namespace, name="web"):
        self.cluster.kubectl("-n", namespace.name, "rollout", "status", f"deployment/{name}", "--timeout=60s")

    def deployment(self, namespace, name="web"):
        return self.cluster.get("deployment", name, "-n", namespace.name)

    def audit(self, agent, namespace):
        """(actor, action, decision) of what was done there, oldest first."""
        listed = run_klaw("audit", "list", "--data", agent.data, "--limit", 1000, "--output", "json").stdout
        rows = sorted(map(json.loads, listed.splitlines()), key=lambda row: row["seq"])
        return [(row["actor"], row["action"], row["decision"]) for row in rows if f"/{namespace.name}/" in row["target"] + "/"]

    def assert_log_holds(self, agent):
        verified = run_klaw("audit", "verify", "--data", agent.data)
        self.assertEqual(verified.returncode, 0, verified.stderr)


class CommandTest(ChangeTest):
    def setUp(self):
        super().setUp()
        self.running = self.agent(defaults=False).start()
        self.place = self.namespace("change")

    def test_nothing_changes_before_it_is_confirmed(self):
        self.workload(self.place)
        before = self.deployment(self.place)
        preview = self.do(f"scale deploy/web 3 -n {self.place.name}")
        self.assertIn(f"This would scale Deployment {self.place.name}/web from 2 to 3 replicas", preview)
        self.assertIn("spec.replicas: 2 → 3", preview)
        self.assertEqual(self.deployment(self.place)["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"])
        self.assertEqual(self.audit(self.running, self.place), [("local:root", "scale", "previewed")])

    def test_each_change_does_what_its_preview_says_and_is_recorded(self):
        """A6: the confirmed command is about the very state that was shown."""
        self.workload(self.place)
        ns = self.place.name
        self.confirmed(f"scale deploy/web 3 -n {ns}")
        self.assertEqual(self.deployment(self.place)["spec"]["replicas"], 3)
        preview, _ = self.confirmed(f"set image deploy/web server=shop/web:2.0 -n {ns}")
        self.assertIn("spec.template.spec.containers[server].image: shop/web:1.0 → shop/web:2.0", preview)
        self.rolled_out(self.place)
        self.confirmed(f"restart deploy/web -n {ns}")
        annotations = self.deployment(self.place)["spec"]["template"]["metadata"]["annotations"]
        self.assertIn("kubectl.kubernetes.io/restartedAt", annotations)
        self.confirmed(f"pause deploy/web -n {ns}")
        self.assertTrue(self.deployment(self.place)["spec"]["paused"])
        self.assertIn("is paused", self.do(f"restart deploy/web -n {ns}", ok=False))
        self.confirmed(f"恢复 deploy/web -n {ns}")
        self.assertNotIn("paused", self.deployment(self.place)["spec"])
        self.rolled_out(self.place)
        eventually(lambda: [row[2] for row in self.audit(self.running, self.place)].count("completed") == 4, 60,
                   "the ends of the rollouts in the audit log")
        kinds = {decision for _, _, decision in self.audit(self.running, self.place)}
        self.assertEqual(kinds, {"previewed", "allowed", "done", "completed", "refused"})
        self.assert_log_holds(self.running)

    def test_rollback_equals_that_of_kubectl(self):
        """A9: the Pod template is that of the revision, for each kind that has revisions."""
        self.workload(self.place)
        ns = self.place.name
        for image in ("shop/web:2.0", "shop/web:3.0"):
            self.cluster.kubectl("-n", ns, "set", "image", "deployment/web", f"server={image}")
            self.rolled_out(self.place)
        template = lambda: self.deployment(self.place)["spec"]["template"]
        preview, _ = self.confirmed(f"rollback deploy/web -n {ns}")
        self.assertIn("from revision 3 to revision 2", preview)
        self.assertIn("3 (shop/web:3.0), 2 (shop/web:2.0), 1 (shop/web:1.0)", preview)
        self.rolled_out(self.place)
        ours = template()
        self.cluster.kubectl("-n", ns, "rollout", "undo", "deployment/web", "--to-revision=3")
        self.rolled_out(self.place)
        self.cluster.kubectl("-n", ns, "rollout", "undo", "deployment/web")
        self.assertEqual(template(), ours)
        self.assertIn("has no revision 17", self.do(f"rollback deploy/web 17 -n {ns}", ok=False))

    def test_rollback_of_stateful_and_daemon_sets(self):
        labels = {"app": "db"}
        def workload(kind, image):
            own = {"serviceName": "db", "replicas": 1} if kind == "StatefulSet" else {}
            return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "db", "namespace": self.place.name},
                    "spec": {**own, "selector": {"matchLabels": labels},
                             "template": {"metadata": {"labels": labels}, "spec": self.place.pod("x", image)["spec"]}}}
        for kind in ("StatefulSet", "DaemonSet"):
            self.place.create(workload(kind, "shop/db:1"))
            revisions = lambda: [r for r in self.cluster.get("controllerrevisions", "-n", self.place.name)["items"]
                                 if r["metadata"]["ownerReferences"][0]["kind"] == kind]
            eventually(lambda: len(revisions()) == 1, 30, "the first revision")
            self.cluster.kubectl("apply", "-f", "-", manifest=[workload(kind, "shop/db:2")])
            eventually(lambda: len(revisions()) == 2, 30, "the second revision")
            self.confirmed(f"rollback {kind.lower()}/db -n {self.place.name}")
            now = self.cluster.get(kind.lower(), "db", "-n", self.place.name)
            self.assertEqual(now["spec"]["template"]["spec"]["containers"][0]["image"], "shop/db:1")

    def test_pods_jobs_and_nodes(self):
        ns = self.place.name
        self.place.create(self.place.pod("lonely"), self.place.pod("other"))
        preview, _ = self.confirmed(f"delete pod/lonely -n {ns}")
        self.assertIn("it will not come back", preview)
        self.confirmed(f"evict pod other -n {ns}")
        eventually(lambda: not self.cluster.get("pods", "-n", ns)["items"], 30, "the end of both Pods")
        self.place.create({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "backup", "namespace": ns},
                           "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": {
                               "spec": {**self.place.pod("x")["spec"], "restartPolicy": "Never"}}}}}})
        self.confirmed(f"run cronjob/backup -n {ns}")
        jobs = self.cluster.get("jobs", "-n", ns)["items"]
        self.assertEqual([job["metadata"]["ownerReferences"][0]["name"] for job in jobs], ["backup"])
        self.confirmed(f"suspend cj/backup -n {ns}")
        self.assertTrue(self.cluster.get("cronjob", "backup", "-n", ns)["spec"]["suspend"])
        self.addCleanup(self.cluster.kubectl, "uncordon", "node-1", check=False)
        self.confirmed("cordon node-1")
        self.assertTrue(self.cluster.get("node", "node-1")["spec"]["unschedulable"])
        self.assertIn("is cordoned already", self.do("cordon node-1", ok=False))
        self.confirmed("uncordon node-1")
        self.assertNotIn("unschedulable", self.cluster.get("node", "node-1")["spec"])

    def test_disruption_budget_stops_an_eviction(self):
        ns = self.place.name
        self.workload(self.place, replicas=1)
        self.place.create({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": ns},
                           "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}})
        eventually(lambda: self.cluster.get("pdb", "web", "-n", ns).get("status", {}).get("currentHealthy") == 1, 30, "the budget")
        pod = self.cluster.get("pods", "-n", ns)["items"][0]["metadata"]["name"]
        refused = self.do(f"evict pod/{pod} -n {ns}", ok=False)
        self.assertIn("disruption budget", refused)

    def test_confirmation_is_refused_when_the_object_is_another_or_was_changed(self):
        """A2: the button of yesterday does not act on what stands there today."""
        ns = self.place.name
        self.workload(self.place)
        first = self.do(f"scale deploy/web 5 -n {ns}").split("To do it: ")[1].strip()
        self.cluster.kubectl("-n", ns, "scale", "deployment/web", "--replicas=4")
        refused = self.do(first, ok=False)
        self.assertIn("was changed since", refused)
        self.assertIn("ask for it again", refused)
        second = self.do(f"scale deploy/web 5 -n {ns}").split("To do it: ")[1].strip()
        self.cluster.kubectl("-n", ns, "delete", "deployment", "web", "--wait=true")
        self.assertIn("there is no Deployment", self.do(second, ok=False))
        self.workload(self.place)
        self.assertIn("another one now", self.do(second, ok=False))
        self.assertEqual(self.deployment(self.place)["spec"]["replicas"], 2)

    def test_mistakes_get_a_sentence_that_helps(self):
        ns = self.place.name
        for words, said in ((f"restart -n {ns}", "for example: restart deployment/NAME -n NAMESPACE"),
                            ("restart deploy/web", "In which namespace?"),
                            (f"restart cm/web -n {ns}", "restart does not work on \"cm\""),
                            (f"scale deploy/web many -n {ns}", "there is no Deployment"),
                            (f"restart deploy/../../nodes -n {ns}", "no object of Kubernetes has such a name"),
                            ("delete pod/x -n ..", "no object of Kubernetes has such a name"),
                            (f"set colour deploy/web red -n {ns}", "set changes images")):
            self.assertIn(said, self.do(words, ok=False))


class KilledTest(ChangeTest):
    def killed(self, words, how):
        """An agent whose change got no answer, or did not even reach the API server, before `kill -9`."""
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        config = proxied_kubeconfig(proxy, self.directory / "kubeconfig")
        running = self.agent(defaults=False, clusters={"main": config}).start()
        self.place = self.namespace("killed")
        self.workload(self.place)
        words = words.format(ns=self.place.name)
        command = running.do(words).stdout.split("To do it: ")[1].strip()
        how(proxy)
        asking = threading.Thread(target=running.do, args=(command,))
        asking.start()
        eventually(proxy.stalled, 20, "the change on its way")
        eventually(lambda: ("local:root", words.split()[0], "allowed") in self.audit(running, self.place), 20, "the permission")
        return running, proxy, asking

    def test_change_that_was_made_is_found_out_and_not_made_again(self):
        """A11: killed between the call and its audit row."""
        running, proxy, asking = self.killed("scale deploy/web 3 -n {ns}", lambda p: p.stall_after("web?fieldManager=klaw HTTP"))
        eventually(lambda: self.deployment(self.place)["spec"]["replicas"] == 3, 20, "the change")
        generation = self.deployment(self.place)["metadata"]["generation"]
        running.kill()
        asking.join()
        proxy.resume()
        running.start()
        eventually(lambda: ("local:root", "scale", "completed") in self.audit(running, self.place), 60, "the outcome")
        self.assertEqual(self.deployment(self.place)["metadata"]["generation"], generation)

    def test_change_that_was_not_made_is_said_to_be_so(self):
        """Somebody else had changed it back before the agent came again."""
        running, proxy, asking = self.killed("scale deploy/web 3 -n {ns}", lambda p: p.stall_after("web?fieldManager=klaw HTTP"))
        running.kill()
        asking.join()
        eventually(lambda: self.deployment(self.place)["spec"]["replicas"] == 3, 20, "the change")
        self.cluster.kubectl("-n", self.place.name, "scale", "deployment/web", "--replicas=2")
        proxy.resume()
        running.start()
        # The API server could be at work on it for a minute after it was sent.
        eventually(lambda: ("local:root", "scale", "failed") in self.audit(running, self.place), 90, "the outcome")
        self.assertEqual(self.deployment(self.place)["spec"]["replicas"], 2)


class SlowServerTest(ChangeTest):
    def setUp(self):
        super().setUp()
        self.proxy = api_proxy(self.cluster)
        self.addCleanup(self.proxy.close)
        config = proxied_kubeconfig(self.proxy, self.directory / "kubeconfig")
        self.feishu = Feishu()
        self.addCleanup(self.feishu.close)
        self.running = self.agent(defaults=False, language="en", apps=[self.feishu.app()], access=OPERATORS,
                                  clusters={"main": config}).start()
        self.feishu.await_connection()
        self.place = self.namespace("slow")
        self.workload(self.place)

    def confirmed(self):
        """A press whose change has no answer yet; the card with the preview."""
        self.feishu.write(f"scale deploy/web 3 -n {self.place.name}")
        preview = self.feishu.await_reply("from 2 to 3 replicas", also="Confirm")
        self.proxy.stall_after("web?fieldManager=klaw HTTP")
        pressed = self.feishu.press(preview["id"], "Confirm")
        self.assertIn("the card will tell", pressed["toast"]["content"])
        self.assertLess(pressed["seconds"], 1.5)
        return preview

    def assert_card_ends(self, preview):
        done = self.feishu.await_reply("✅", also="3/3 ready", seconds=60)
        self.assertEqual(done["id"], preview["id"])

    def test_result_that_comes_late_is_shown_on_the_card(self):
        preview = self.confirmed()
        self.proxy.resume()
        self.assert_card_ends(preview)

    def test_card_goes_on_after_the_agent_was_killed(self):
        preview = self.confirmed()
        eventually(lambda: self.deployment(self.place)["spec"]["replicas"] == 3, 20, "the change")
        self.running.kill()
        self.proxy.resume()
        self.running.start()
        self.assert_card_ends(preview)


class ScenarioTest(ChangeTest):
    def both_chats(self):
        feishu, dingtalk = Feishu(), DingTalk()
        self.addCleanup(feishu.close)
        self.addCleanup(dingtalk.close)
        agent = self.agent(rules=impatient(), language="en", apps=[feishu.app(), dingtalk.app()], access=OPERATORS,
                           channels=[{"name": "one", "type": "feishu", "app": "klaw-feishu", "chat": "oc_ops"},
                                     {"name": "two", "type": "dingtalk", "app": "klaw-dingtalk", "chat": "cidops=="}]).start()
        feishu.await_connection()
        dingtalk.await_connection()
        return agent, feishu, dingtalk

    def test_bad_image_is_rolled_back_from_its_card(self):
        """R10, A1, A2, A10: what changed is on the card, and the way back."""
        agent, feishu, dingtalk = self.both_chats()
        namespace = self.namespace("bad")
        self.workload(namespace)
        agent.await_ready()
        self.cluster.kubectl("-n", namespace.name, "set", "image", "deployment/web", "server=trouble/image-pull:1")
        place = f"{namespace.name} · Deployment web"
        card = feishu.await_card(place, also="Roll back", seconds=60)
        shown = json.dumps(newest(card), ensure_ascii=False)
        self.assertIn("shop/web:1.0 → trouble/image-pull:1", shown.replace("\\\\", ""))
        self.assertIn("kubectl", shown)
        viewer = feishu.press(card["id"], "Roll back", operator="ou_ana")
        self.assertIn("has no role that allows \"rollback\"", viewer["toast"]["content"])
        pressed = feishu.press(card["id"], "Roll back")
        self.assertEqual(pressed["toast"]["type"], "info", pressed)
        preview = feishu.await_reply("This would roll Deployment")
        self.assertIn("trouble/image-pull:1 → shop/web:1.0", json.dumps(newest(preview), ensure_ascii=False).replace("\\\\", ""))
        self.assertIn("trouble/image-pull:1", json.dumps(self.deployment(namespace)["spec"]["template"]))
        confirmed = feishu.press(preview["id"], "Confirm")
        self.assertLess(confirmed["seconds"], 1)
        second = feishu.press(preview["id"], "", value=confirmed["value"], operator="ou_han")
        self.assertIn("already used by 李雷", second["toast"]["content"])
        feishu.await_reply("✅", also="2/2 ready", seconds=60)
        for acted in (feishu.await_card(place, also='"template": "green"', seconds=60), dingtalk.await_card(place, also="Resolved", seconds=60)):
            self.assertIn("李雷: roll Deployment", json.dumps(acted, ensure_ascii=False).replace("\\\\", ""))
        self.assertEqual(self.deployment(namespace)["spec"]["template"]["spec"]["containers"][0]["image"], "shop/web:1.0")
        self.assertEqual([row for row in self.audit(agent, namespace) if row[1] == "rollback"],
                         [("feishu:ou_ana", "rollback", "denied"), ("feishu:ou_li", "rollback", "previewed"),
                          ("feishu:ou_li", "rollback", "allowed"), ("feishu:ou_li", "rollback", "done"),
                          ("feishu:ou_li", "rollback", "completed")])
        self.assert_log_holds(agent)

    def test_restart_from_dingtalk_shows_its_preview_and_result_on_one_card(self):
        agent, feishu, dingtalk = self.both_chats()
        namespace = self.namespace("ding")
        self.workload(namespace)
        agent.await_ready()
        dingtalk.call("message", chat="cidops==", sender="li", text=f"restart deploy/web -n {namespace.name}")
        preview = dingtalk.await_card("This would restart Deployment")
        dingtalk.press(preview["id"], "Confirm")
        done = dingtalk.await_card("restart Deployment", also="2/2 ready", seconds=60)
        self.assertEqual(done["id"], preview["id"])
        annotations = self.deployment(namespace)["spec"]["template"]["metadata"]["annotations"]
        self.assertIn("kubectl.kubernetes.io/restartedAt", annotations)

    def test_undo_takes_back_what_was_done(self):
        """A8."""
        agent, feishu, _ = self.both_chats()
        namespace = self.namespace("undo")
        self.workload(namespace)
        agent.await_ready()
        feishu.write(f"scale deploy/web 3 -n {namespace.name}")
        preview = feishu.await_reply("from 2 to 3 replicas", also="Confirm")
        feishu.press(preview["id"], "Confirm")
        done = feishu.await_reply("from 2 to 3 replicas", also="Undo", seconds=60)
        self.assertEqual(done["id"], preview["id"])
        self.cluster.kubectl("-n", namespace.name, "label", "deployment/web", "note=nothing-of-the-specification")
        feishu.press(done["id"], "Undo")
        undoing = feishu.await_reply("from 3 to 2 replicas", also="Confirm")
        feishu.press(undoing["id"], "Confirm")
        eventually(lambda: self.deployment(namespace)["spec"]["replicas"] == 2, 30, "the number of before")


    def test_undo_is_refused_when_somebody_else_was_there_since(self):
        agent, feishu, _ = self.both_chats()
        namespace = self.namespace("undone")
        self.workload(namespace)
        agent.await_ready()
        feishu.write(f"scale deploy/web 3 -n {namespace.name}")
        preview = feishu.await_reply("from 2 to 3 replicas", also="Confirm")
        feishu.press(preview["id"], "Confirm")
        done = feishu.await_reply("from 2 to 3 replicas", also="Undo", seconds=60)
        self.cluster.kubectl("-n", namespace.name, "scale", "deployment/web", "--replicas=4")
        self.assertIn("was changed since", feishu.press(done["id"], "Undo")["toast"]["content"])
        self.assertEqual(self.deployment(namespace)["spec"]["replicas"], 4)


class AccessTest(ChangeTest):
    def test_a_namespace_in_the_command_opens_nothing_outside_of_it(self):
        feishu = Feishu()
        self.addCleanup(feishu.close)
        mine = self.namespace("mine")
        self.agent(defaults=False, language="en", apps=[feishu.app()], access=[
            {"feishu_chat": "oc_ops", "role": "viewer"},
            {"name": "Bo", "feishu": "ou_bo", "role": "admin", "namespaces": [mine.name]}]).start()
        feishu.await_connection()
        for words in ("cordon node-2 -n {}", "cordon node-2 -n {} --yes", "cordon node-2"):
            answer = feishu.ask(words.format(mine.name), sender="ou_bo")
            self.assertIn("has no role that allows", answer, words)
        self.assertNotIn("unschedulable", self.cluster.get("node", "node-2")["spec"])

    def test_roles_hold_in_their_place_only(self):
        """A3: users by verbs by namespaces; everything else is refused, and recorded."""
        feishu = Feishu()
        self.addCleanup(feishu.close)
        mine, other = self.namespace("mine"), self.namespace("other")
        agent = self.agent(defaults=False, language="en", apps=[feishu.app()], access=[
            {"name": "Bo", "feishu": "ou_bo", "role": "operator", "namespaces": [mine.name]},
            {"name": "Cy", "feishu": "ou_cy", "role": "viewer", "namespaces": [mine.name]},
            {"name": "Di", "feishu": "ou_di", "role": "admin", "clusters": ["elsewhere"]},
            {"name": "Ed", "feishu": "ou_ed", "role": "admin"}]).start()
        feishu.await_connection()
        for namespace in (mine, other):
            self.workload(namespace, replicas=1)
        commands = [("pods -n {}", "web-"), ("restart deploy/web -n {}", "This would restart"), ("cordon node-2 --cluster {cluster}", "This would cordon")]
        allowed = {("ou_bo", 0, mine), ("ou_bo", 1, mine), ("ou_cy", 0, mine)}
        cluster = json.loads(agent.do("clusters --json").stdout)["rows"][0]["cluster"]
        for person in ("ou_bo", "ou_cy", "ou_di", "ou_ed", "ou_stranger"):
            for place in (mine, other):
                for index, (command, works) in enumerate(commands):
                    answer = feishu.ask(command.format(place.name, cluster=cluster), sender=person)
                    may = person == "ou_ed" or (person, index, place) in allowed
                    self.assertIn(works if may else "has no role that allows", answer.replace("\\\\", ""), (person, command, place.name))
        denied = [row for row in self.audit(agent, other) if row[2] == "denied"]
        self.assertIn(("feishu:ou_bo", "restart", "denied"), denied)
        # What is of all namespaces is outside of a role for one.
        self.assertIn("has no role that allows", feishu.ask("pods", sender="ou_bo"))

    def test_person_whom_kubernetes_refuses_is_refused(self):
        """A4: changes and reads are made as the person."""
        feishu = Feishu()
        self.addCleanup(feishu.close)
        mine, other = self.namespace("mine"), self.namespace("other")
        mine.create({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                     "metadata": {"name": "bo", "namespace": mine.name},
                     "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
                     "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "feishu:ou_bo"}]})
        agent = self.agent(defaults=False, language="en", apps=[feishu.app()],
                           access=[{"name": "Bo", "feishu": "ou_bo", "role": "admin"}])
        agent.config["clusters"][0]["impersonate"] = True
        agent.write_config()
        agent.start()
        feishu.await_connection()
        for namespace in (mine, other):
            self.workload(namespace, replicas=1)
        self.assertIn("This would restart", feishu.ask(f"restart deploy/web -n {mine.name}", sender="ou_bo"))
        for command in (f"pods -n {other.name}", f"restart deploy/web -n {other.name}"):
            answer = feishu.ask(command, sender="ou_bo").replace("\\\\", "")
            self.assertIn('User \\"feishu:ou&#95;bo\\" cannot', answer)
