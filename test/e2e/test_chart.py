"""The chart by real helm on a real API server, and Klaw under exactly the ServiceAccount that it makes: what it grants is enough, and no
more than is used (I4)."""
import json
import os
import subprocess
import time

from harness import cluster as clusters
from harness.agent import run_klaw
from harness.paths import CLUSTER_BIN, REPO
from harness.release import CHART, Release, helm, name_of
from harness.rules import impatient
from harness.waiting import eventually
from test_changes import ChangeTest

GOLDEN = REPO / "test" / "golden" / "chart"
EVERYTHING, REPLICAS = (REPO / "test" / "chart" / "values" / f"{name}.yaml" for name in ("everything", "replicas"))
# Questions about one's own rights, which any service account may ask.
OF_EVERYBODY = {("authorization.k8s.io/selfsubjectaccessreviews", "create")}


class ReleaseTest(ChangeTest):
    def setUp(self):
        super().setUp()
        self.cluster = clusters.installed()
        self.home = self.namespace("release")

    def release(self, *options):
        release = Release(self.cluster, self.home)
        said = release.install(*options)
        self.addCleanup(helm, self.cluster, "uninstall", release.name, "-n", release.namespace, "--ignore-not-found")
        return release, said

    def kubectl(self, *arguments, **more):
        return self.cluster.kubectl("-n", self.home.name, *arguments, **more)

    def claimable_volume(self):
        """Makes one that a claim can have; the options by which the release's claim has it."""
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": self.home.name},
                  "spec": {"capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": self.home.name,
                           "hostPath": {"path": "/var/lib/klaw-test"}}}
        self.cluster.kubectl("create", "-f", "-", manifest=[volume])
        self.addCleanup(self.cluster.kubectl, "delete", "pv", self.home.name, "--wait=false", check=False)
        return ["--set", f"persistence.storageClass={self.home.name}"]


class InstallTest(ReleaseTest):
    def setUp(self):
        super().setUp()
        self.cluster.kubectl("label", "namespace", self.home.name, "pod-security.kubernetes.io/enforce=restricted")
        self.options = [*self.claimable_volume(), "--wait", "--timeout", "90s"]

    def pod(self):
        return self.cluster.get("pod", "klaw-0", "-n", self.home.name)

    def objects(self):
        kinds = "statefulset,service,configmap,secret,serviceaccount,networkpolicy,role,rolebinding,poddisruptionbudget"
        mine = ["-l", "app.kubernetes.io/instance=klaw", "-o", "name"]
        return (self.kubectl("get", kinds, *mine) + "".join(
            f"{kind}/{self.home.name}-klaw\n" for kind in ("clusterrole", "clusterrolebinding")
            if self.cluster.kubectl("get", kind, f"{self.home.name}-klaw", "--ignore-not-found", "-o", "name"))).split()

    def test_install_upgrade_and_uninstall(self):
        """A Pod of the restricted standard is admitted; an update keeps the claim; what stays behind is the claim alone."""
        release, _ = self.release(*self.options)
        first = self.pod()
        self.assertEqual(first["status"]["phase"], "Running")
        self.assertEqual(first["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "klaw-data")
        role = self.cluster.get("clusterrole", release.role)["rules"]
        self.assertEqual({verb for rule in role for verb in rule["verbs"]}, {"get", "list", "watch"})

        release.upgrade("--reuse-values", "--set", "rbac.profile=operator", "--wait", "--timeout", "90s")
        self.assertEqual(self.pod()["metadata"]["uid"], first["metadata"]["uid"])  # rights need no restart
        self.assertIn(("apps/deployments", "patch"), release.granted())

        release.upgrade("--reuse-values", "--set", "config.language=zh", "--set-json", 'rules={"mine.yaml":"group: mine\\nrules: []\\n"}',
                        "--wait", "--timeout", "90s")
        second = eventually(lambda: (lambda pod: pod["metadata"]["uid"] != first["metadata"]["uid"] and pod)(self.pod()), 60, "the new Pod")
        self.assertEqual(second["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "klaw-data")
        helm(self.cluster, "rollback", "klaw", "1", "-n", self.home.name, "--wait", "--timeout", "90s")
        self.assertNotIn(("apps/deployments", "patch"), release.granted())
        self.assertEqual(len(self.cluster.get("pods", "-n", self.home.name)["items"]), 1)

        release.uninstall("--wait", "--timeout", "60s")
        eventually(lambda: self.objects() == [], 30, self.objects)
        self.assertEqual(self.kubectl("get", "pvc", "-o", "name").split(), ["persistentvolumeclaim/klaw-data"])
        release.install(*self.options)  # takes the claim that was kept
        self.assertEqual(self.pod()["status"]["phase"], "Running")

    def test_the_next_step_is_told(self):
        self.assert_notes("notes.txt", self.release()[1])

    def test_the_next_step_with_replicas_is_told(self):
        self.assert_notes("notes-replicas.txt", self.release("--set", "replicas=2,storage.postgresql.existingSecret=klaw-database")[1])

    def assert_notes(self, name, said):
        notes = said.split("NOTES:\n")[1].replace(self.home.name, "NAMESPACE")
        path = GOLDEN / name
        if os.environ.get("KLAW_UPDATE_GOLDEN"):
            path.write_text(notes)
        self.assertEqual(notes, path.read_text())


class DryRunTest(ReleaseTest):
    def test_the_api_server_takes_every_object_and_knows_every_field(self):
        """By its strict validation, with the real definitions of the Prometheus operator; the restricted standard has nothing to say."""
        helm(self.cluster, "version")  # brings the definitions as well
        crds = CLUSTER_BIN / "prometheus-operator" / "example" / "prometheus-operator-crd"
        self.cluster.kubectl("apply", "--server-side", "-f", crds)
        self.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/servicemonitors.monitoring.coreos.com",
                             "crd/prometheusrules.monitoring.coreos.com")
        for name in ("ops", "pay", "shop"):
            self.cluster.kubectl("create", "namespace", name)
            self.addCleanup(self.cluster.kubectl, "delete", "namespace", name, "--wait=false")
        self.cluster.kubectl("label", "namespace", self.home.name, "pod-security.kubernetes.io/warn=restricted")
        for options in ([], ["-f", EVERYTHING], ["-f", REPLICAS]):
            text = helm(self.cluster, "template", "klaw", CHART, "-n", self.home.name, *options)
            path = self.directory / "all.yaml"
            path.write_text(text)
            said = self.cluster.kubectl("create", "--dry-run=server", "--validate=strict", "-f", path, "-o", "name").split()
            self.assertEqual(len(said), text.count("\nkind: "), said)
            done = subprocess.run([CLUSTER_BIN / "kubectl", "--kubeconfig", self.cluster.kubeconfig, "create", "--dry-run=server", "-f", path],
                                  capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


    def test_the_job_that_moves_a_file_to_a_server_is_taken_as_the_documentation_has_it(self):
        self.cluster.kubectl("label", "namespace", self.home.name, "pod-security.kubernetes.io/warn=restricted")
        path = self.directory / "move.yaml"
        path.write_text((REPO / "docs" / "install.md").read_text().split("# move.yaml\n")[1].split("```")[0])
        done = subprocess.run([CLUSTER_BIN / "kubectl", "--kubeconfig", self.cluster.kubeconfig, "-n", self.home.name, "create", "--dry-run=server",
                               "--validate=strict", "-f", path], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class RightsTest(ReleaseTest):
    """A shop with one object of each kind, and an agent that is nobody but the ServiceAccount of a release."""

    def setUp(self):
        super().setUp()
        self.shop = self.namespace("rights")
        self.ns = self.shop.name
        self.shop.create(*self.shop_objects())
        for name in ("deployment/web", "statefulset/db", "daemonset/log"):
            self.shop_kubectl("rollout", "status", name, "--timeout=90s")
        self.pods = [pod["metadata"]["name"] for pod in self.cluster.get("pods", "-n", self.ns, "-l", "app=web")["items"]]

    def shop_kubectl(self, *arguments, **more):
        return self.cluster.kubectl("-n", self.ns, *arguments, **more)

    def shop_objects(self):
        def thing(api, kind, name, **spec):
            return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": self.ns}, **spec}

        def workload(kind, name, **spec):
            labels = {"app": name}
            return thing("apps/v1", kind, name, spec={"selector": {"matchLabels": labels}, **spec,
                         "template": {"metadata": {"labels": labels}, "spec": self.shop.pod("x")["spec"]}})
        job = {"template": {"spec": {**self.shop.pod("x")["spec"], "restartPolicy": "Never"}}}
        port = {"ports": [{"port": 80}], "selector": {"app": "web"}}
        backend = {"service": {"name": "web", "port": {"number": 80}}}
        return [
            workload("Deployment", "web", replicas=2), workload("StatefulSet", "db", replicas=1, serviceName="db"), workload("DaemonSet", "log"),
            thing("batch/v1", "Job", "once", spec=job),
            thing("batch/v1", "CronJob", "tick", spec={"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}),
            thing("v1", "Service", "web", spec=port),
            thing("networking.k8s.io/v1", "Ingress", "web", spec={"defaultBackend": backend}),
            thing("v1", "ConfigMap", "conf", data={"LEVEL": "info"}),
            thing("v1", "Secret", "db", stringData={"PASSWORD": "correct-horse"}),
            thing("v1", "PersistentVolumeClaim", "data", spec={"accessModes": ["ReadWriteOnce"], "storageClassName": "none",
                                                               "resources": {"requests": {"storage": "1Gi"}}}),
            thing("autoscaling/v2", "HorizontalPodAutoscaler", "web", spec={"maxReplicas": 5, "scaleTargetRef": {
                "apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}}),
            thing("policy/v1", "PodDisruptionBudget", "web", spec={"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}),
            thing("v1", "Event", "note", involvedObject={"kind": "Pod", "name": "x", "namespace": self.ns}, type="Normal", reason="Note",
                  message="of the test"),
        ]

    def begin(self, *options, **agent):
        self.released, _ = self.release("--set", "persistence.enabled=false", *options)
        config = self.released.kubeconfig(self.directory / "kubeconfig")
        self.running = self.agent(impatient(), clusters={"main": config}, language="en", **agent)
        self.running.config["listen"] = f"0.0.0.0:{self.running.port}"  # as the chart has it
        self.running.write_config()
        self.running.start()

    def refused(self, words):
        """By Kubernetes, not by Klaw."""
        said = self.do(words, ok=False)
        self.assertRegex(said, r"forbidden|does not let", words)
        return said

    def read_everything(self):
        """Every command that only reads, about every kind."""
        slice_name = self.shop_kubectl("get", "endpointslices", "-o", "name").split("/")[1].strip()
        replica_set = self.shop_kubectl("get", "rs", "-o", "name").split()[0].split("/")[1]
        names = {"pods": self.pods[0], "deployments": "web", "statefulsets": "db", "daemonsets": "log", "replicasets": replica_set,
                 "jobs": "once", "cronjobs": "tick", "services": "web", "endpointslices": slice_name, "ingresses": "web", "configmaps": "conf",
                 "hpa": "web", "pvc": "data", "events": "note"}
        for kind, name in names.items():
            self.assertIn("of the test" if kind == "events" else name, self.do(f"{kind} -n {self.ns}"), kind)
            self.assertIn(name, self.do(f"describe {kind} {name} -n {self.ns}"), kind)
        for kind, name in {"nodes": "node-1", "namespaces": self.ns}.items():
            self.assertIn(name, self.do(kind))
            self.assertIn(name, self.do(f"describe {kind} {name}"))
        self.do(f"logs deploy/web -n {self.ns}")
        for words in ("status", "health", "top nodes", "top pods", "cluster preflight main --to v1.37.0", f"rollout status deploy/web -n {self.ns}",
                      f"rollout history deploy/web -n {self.ns}", f"rollout history sts/db -n {self.ns}", f"history deploy/web -n {self.ns}",
                      "alerts", "rules", "clusters", "clusters test main", f"status -n {self.ns}"):
            self.do(words)

    def watches_and_alerts(self):
        """All that the default rules are about is watched, and one who is in trouble gets a card with logs and Events."""
        watched = self.running.metrics()
        self.assertEqual({name for name, value in watched.items() if name.startswith("klaw_watch_synced") and value != 1}, set())
        self.assertEqual(self.running.metric("klaw_watch_failing"), 0)
        self.assertAlmostEqual(self.running.metric("klaw_token_expiry_timestamp_seconds", cluster="main"), time.time() + 3600, delta=60)
        self.assertAlmostEqual(self.running.metric("klaw_time_seconds"), time.time(), delta=5)
        self.shop.create(self.shop.pod("bad", image="trouble/crash-loop:1"))
        eventually(
            lambda: [card for card in self.receiver.cards(status="firing") if card["footer"].get("rule") == "PodCrashLooping"], 60,
            lambda: f"the card; have {[(card['footer'].get('rule'), card.get('subtitle')) for card in self.receiver.cards()]}")
        eventually(lambda: ("pods/log", "get") in self.released.requests()["allow"], 60, "the look at the log")

    def rights_of(self, *arguments):
        """What `klaw access rbac` prints."""
        role = self.directory / "role.yaml"
        role.write_text(run_klaw("access", "rbac", *arguments).stdout)
        rules = json.loads(self.cluster.kubectl("create", "--dry-run=client", "-f", role, "-o", "json"))["rules"]
        return {(name_of(group, resource), verb) for rule in rules for group in rule["apiGroups"]
                for resource in rule["resources"] for verb in rule["verbs"]}

    def assert_used(self, rights, reasons=()):
        """Each of these, but those with a reason; a reason that is not needed is a failure as well."""
        unused = rights - self.released.requests()["allow"]
        self.assertEqual(unused - set(reasons), set(), "granted and not used")
        self.assertEqual(set(reasons) - unused, set(), "used: these need no reason any more")


class ReadOnlyTest(RightsTest):
    def test_sees_everything_but_secrets_changes_nothing_and_has_no_right_too_many(self):
        self.begin()
        self.watches_and_alerts()
        self.read_everything()
        eventually(lambda: {("coordination.k8s.io/leases", "list"), ("metrics.k8s.io/pods", "list"),
                            ("admissionregistration.k8s.io/validatingwebhookconfigurations", "list")} <= self.released.requests()["allow"],
                   60, "what the rules ask for by the clock")
        self.assertEqual(self.released.requests()["forbid"], set())
        self.assert_used(self.released.granted())
        before = self.cluster.kubectl("get", "all,cm,pvc", "-n", self.ns, "-o", "jsonpath={range .items[*]}{.metadata.name} {.metadata.generation}{\"\\n\"}{end}")
        for words in self.changes():
            self.refused(f"{words} --yes")
        for words in (f"secrets -n {self.ns}", f"describe secret db -n {self.ns}"):
            self.refused(words)
        after = self.cluster.kubectl("get", "all,cm,pvc", "-n", self.ns, "-o", "jsonpath={range .items[*]}{.metadata.name} {.metadata.generation}{\"\\n\"}{end}")
        self.assertEqual(after, before)
        verbs = {verb for _, verb in self.released.requests()["forbid"]}
        self.assertEqual(verbs, {"patch", "create", "delete", "list", "get"})

    def changes(self):
        ns = self.ns
        return [f"restart deploy/web -n {ns}", f"scale deploy/web 3 -n {ns}", f"pause deploy/web -n {ns}", f"suspend cronjob/tick -n {ns}",
                f"run cronjob/tick -n {ns}", f"evict pod/{self.pods[0]} -n {ns}", f"set data configmap/conf LEVEL=debug -n {ns}",
                f"create configmap more A=b -n {ns}", f"delete pod/{self.pods[0]} -n {ns}", f"delete namespace/{ns} --confirm {ns}",
                "cordon node-1", "taint node-1 a=b:NoSchedule", "drain node-2 --force --delete-emptydir-data", f"create secret more A=b -n {ns}"]


class OperatorTest(RightsTest):
    def test_each_of_its_commands_works_and_no_other(self):
        self.begin("--set", "rbac.profile=operator")
        ns = self.ns
        self.do(f"scale deploy/web 3 -n {ns} --yes")
        self.do(f"set image deploy/web server=shop/cart:2.0 -n {ns} --yes")
        self.shop_kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        self.do(f"rollback deploy/web -n {ns} --yes")
        for kind in ("deploy/web", "sts/db", "ds/log"):
            self.do(f"restart {kind} -n {ns} --yes")
        self.do(f"set resources deploy/web --limits cpu=1 -n {ns} --yes")
        self.do(f"pause deploy/web -n {ns} --yes")
        self.do(f"resume deploy/web -n {ns} --yes")
        self.do(f"suspend cronjob/tick -n {ns} --yes")
        self.do(f"resume cronjob/tick -n {ns} --yes")
        self.do(f"run cronjob/tick -n {ns} --yes")
        self.do(f"set data configmap/conf LEVEL=debug -n {ns} --yes")
        self.shop_kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        pod = next(each["metadata"]["name"] for each in self.cluster.get("pods", "-n", ns, "-l", "app=web")["items"]
                   if "deletionTimestamp" not in each["metadata"])
        self.do(f"evict pod/{pod} -n {ns} --yes")
        self.assertEqual(self.cluster.get("configmap", "conf", "-n", ns)["data"], {"LEVEL": "debug"})
        self.assertEqual(len(self.cluster.get("jobs", "-n", ns)["items"]), 2)
        self.assertEqual(self.released.requests()["forbid"], set())
        self.assert_used(self.released.granted() - self.rights_of())
        for words in (f"delete configmap/conf -n {ns}", f"create configmap more A=b -n {ns}", "cordon node-1", f"set data secret/db A=b -n {ns}"):
            self.refused(f"{words} --yes")


class FullTest(RightsTest):
    def test_each_of_its_commands_works(self):
        self.begin("--set", "rbac.profile=full")
        ns = self.ns
        new = [{**each, "metadata": {**each["metadata"], "name": f"new-{each['metadata']['name']}"}} for each in self.shop_objects()
               if each["kind"] not in ("Secret", "Event")]
        for each in new:
            selector = each.get("spec", {}).get("selector")
            if selector and "matchLabels" in selector and "template" in each["spec"]:
                selector["matchLabels"] = each["spec"]["template"]["metadata"]["labels"] = {"app": each["metadata"]["name"]}
        new.append(self.shop.pod("new-pod"))
        document = self.directory / "new.yaml"
        document.write_text("\n---\n".join(json.dumps(each) for each in new))
        applied = run_klaw("do", "--config", self.running.config_file, "--file", document, f"apply -n {ns} --yes")
        self.assertEqual(applied.returncode, 0, applied.stdout + applied.stderr)
        for words in ("deployment/new-web", "statefulset/new-db", "daemonset/new-log", "job/new-once", "cronjob/new-tick", "service/new-web", "ingress/new-web",
                      "configmap/new-conf", "pvc/new-data", "hpa/new-web", "pod/new-pod"):
            self.do(f"delete {words} -n {ns} --yes")
        self.do(f"create configmap more A=b -n {ns} --yes")
        self.do(f"create pod extra --image shop/cart:1.0 -n {ns} --yes")
        self.do(f"create namespace {ns}-more --yes")
        self.do(f"delete namespace/{ns}-more --confirm {ns}-more --yes")
        self.do("cordon node-2 --yes")
        self.do("uncordon node-2 --yes")
        self.do("taint node-2 a=b:PreferNoSchedule --yes")
        self.do("taint node-2 a- --yes")
        self.addCleanup(self.cluster.kubectl, "uncordon", "node-2")
        self.shop_kubectl("delete", "pdb", "--all")  # which a drain would wait for
        self.do("drain node-2 --force --delete-emptydir-data --yes")
        audited = self.do("cluster audit")
        self.assertIn("secrets", audited)  # which it cannot read, and says so
        for words in ("scale deploy/web 3", "restart sts/db", "restart ds/log", "set data configmap/conf LEVEL=debug", "suspend cronjob/tick", "run cronjob/tick"):
            self.do(f"{words} -n {ns} --yes")
        self.assertLessEqual(self.released.requests()["forbid"], {("secrets", "list")})
        applies = {("apps/daemonsets", "create"), ("apps/deployments", "create"), ("apps/statefulsets", "create"), ("autoscaling/horizontalpodautoscalers", "create"),
                   ("batch/cronjobs", "create"), ("networking.k8s.io/ingresses", "create"), ("persistentvolumeclaims", "create"),
                   ("policy/poddisruptionbudgets", "create"), ("services", "create")}
        engines = {right for right in self.released.granted() if right[0].split("/")[0].endswith(("cluster.x-k8s.io", "velero.io"))}
        self.assert_used(self.released.granted() - self.rights_of(), {
            **dict.fromkeys(applies, "a server-side apply that makes an object is judged as its creation as well, without a request of its own: see below"),
            **dict.fromkeys(engines, "Cluster API and Velero are not in this cluster: test_cluster_api.py, test_backup.py"),
        })
        self.without("create", "services")
        again = self.directory / "service.yaml"
        again.write_text(json.dumps(next(each for each in new if each["kind"] == "Service")))
        refused = run_klaw("do", "--config", self.running.config_file, "--file", again, f"apply -n {ns} --yes")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("forbidden", refused.stdout + refused.stderr)

    def without(self, verb, resource):
        """Takes a right away, and waits until that holds."""
        role = self.cluster.get("clusterrole", self.released.role)
        kept = []
        for rule in role["rules"]:
            if resource in rule["resources"] and verb in rule["verbs"]:
                kept.append({**rule, "resources": [resource], "verbs": [each for each in rule["verbs"] if each != verb]})
                rule = {**rule, "resources": [each for each in rule["resources"] if each != resource]}
            if rule["resources"]:
                kept.append(rule)
        self.cluster.kubectl("replace", "-f", "-", manifest=[{**role, "rules": kept}])
        eventually(lambda: self.shop_kubectl("auth", "can-i", verb, resource, "--as", self.released.user, check=False).strip() == "no", 30, "the smaller role")


class OnRequestTest(RightsTest):
    """What no profile has, switched on by itself."""

    def test_secrets_kubelets_exec_and_rules_that_are_off(self):
        parts = {"reads": ["secrets", "kubelets", "watch-more"], "verbs": ["secrets-change", "exec"]}
        switches = ",".join(f"rbac.{section}.{name}=true" for section, names in parts.items() for name in names)
        self.shop.create({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Exec", "metadata": {"name": self.pods[0], "namespace": self.ns},
                          "spec": {"execs": [{"containers": ["server"], "local": {"workDir": "/"}}]}})
        self.begin("--set", switches, metrics={"kubelets": True, "tls_secrets": True, "every": "2s"},
                   **{"exec": [{"command": ["echo", "*"], "namespaces": [self.ns]}]})
        self.running.write_rules(impatient() + "  - {alert: CertificateSigningRequestPending, override: true, enabled: true}\n"
                                 "  - {alert: ServiceWithoutReadyEndpoints, override: true, enabled: true}\n")
        self.running.reload()
        ns = self.ns
        self.assertIn("db", self.do(f"secrets -n {ns}"))
        self.assertIn("PASSWORD", self.do(f"describe secret db -n {ns}"))
        self.do(f"create secret more A=b -n {ns} --yes")
        self.do(f"set data secret/more A=c -n {ns} --yes")
        self.do(f"delete secret/more -n {ns} --yes")
        self.assertIn("hello", self.do(f"exec {self.pods[0]} -n {ns} --yes -- echo hello"))
        self.do(f"exec ds/log -n {ns} -- echo hello")  # in the first of its Pods
        self.do("clusters test main")
        for right in (("nodes/proxy", "get"), ("certificates.k8s.io/certificatesigningrequests", "watch"), ("discovery.k8s.io/endpointslices", "watch")):
            eventually(lambda: right in self.released.requests()["allow"], 60, right)
        self.assertEqual(self.released.requests()["forbid"], set())
        wanted = self.rights_of("--only", ",".join(name for names in parts.values() for name in names))
        others = {(f"apps/{kind}", "get") for kind in ("deployments", "replicasets", "statefulsets")} | {("batch/jobs", "get")}
        self.assert_used(wanted, {**dict.fromkeys(others, "kinds in which a Pod is looked for; one was named"),
                                  ("pods/exec", "create"): "judged beside the get of the WebSocket, without a request of its own"})

    def test_archives_of_everything_are_written_and_restored(self):
        archives = self.directory / "archives"
        self.begin("--set", "rbac.reads.cluster-backup=true,rbac.verbs.cluster-restore=true",
                   backups=[{"name": "shop", "cluster": "main", "namespaces": [self.ns], "to": {"directory": str(archives)}, "secrets": "plain"}])
        self.do("cluster backup shop")
        self.assertEqual(len(list(archives.iterdir())), 1)
        self.shop_kubectl("delete", "configmap/conf", "secret/db")
        self.do("cluster restore shop --only configmaps,secrets --yes")
        self.assertEqual(self.cluster.get("configmap", "conf", "-n", self.ns)["data"], {"LEVEL": "info"})
        self.assertEqual(self.released.requests()["forbid"], set())

    def test_people_are_impersonated(self):
        """With the profile operator Klaw itself could scale; whoever asks may not."""
        self.begin("--set", "rbac.profile=operator,rbac.reads.impersonation=true")
        self.running.config["clusters"][0]["impersonate"] = True
        self.running.write_config()
        self.running.stop()
        self.running.start()
        self.assertIn('User "local:root" cannot get resource "deployments"', self.do(f"scale deploy/web 3 -n {self.ns} --yes", ok=False))
        self.cluster.kubectl("create", "clusterrolebinding", self.ns, "--clusterrole=cluster-admin", "--user=local:root")
        self.addCleanup(self.cluster.kubectl, "delete", "clusterrolebinding", self.ns)
        self.do(f"scale deploy/web 3 -n {self.ns} --yes")
