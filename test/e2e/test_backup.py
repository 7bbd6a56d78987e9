"""Backup and restore: archives of real clusters, restored where they were, elsewhere and into another cluster."""
import base64
import gzip
import hashlib
import json
import os
import re
import threading
import time
import uuid

from harness import cluster as clusters
from harness.case import EndToEndTest
from harness.filled_namespace import FilledNamespaces, definition, moved, snapshot
from harness.moto import S3Server
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.waiting import eventually

class BackupTest(FilledNamespaces, EndToEndTest):
    def setUp(self):
        super().setUp()
        self.archives = self.directory / "archives"
        self.group = f"g{uuid.uuid4().hex[:6]}.example.com"

    def backup(self, ns, **options):
        return {"name": "shop", "namespaces": [ns], "to": {"directory": str(self.archives)},
                "encryption": {"passphrase_file": str(self.passphrase())}, **options}

    def passphrase(self):
        path = self.directory / "passphrase"
        path.write_text("correct horse battery staple\n")
        return path

    def done(self, agent, words, *options):
        done = agent.do(words, *options)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def delete(self, cluster, ns):
        cluster.kubectl("delete", "namespace", ns, "--timeout=90s")

    def archive(self):
        return sorted(path for path in self.archives.iterdir() if not path.name.endswith(".partial"))[-1]

    def test_namespace_that_was_deleted_comes_back_identical(self):
        shop = self.filled()
        agent = self.agent(defaults=False, backups=[self.backup(shop.name)]).start()
        said = self.done(agent, "cluster backup shop")
        self.assertRegex(said, r"1 apps/v1 Deployment")
        self.assertRegex(said, r"1 apiextensions.k8s.io/v1 CustomResourceDefinition")
        self.assertIn("is whole and good", self.done(agent, f"cluster backup verify {self.archive().name.split('.')[0]}"))
        self.assertNotIn(b"gadget", self.archive().read_bytes())
        before = snapshot(self.cluster, shop.name, self.group)
        self.assertGreaterEqual(len({item["kind"] for item in before.values()}), 18)
        self.delete(self.cluster, shop.name)
        self.cluster.kubectl("delete", "crd", f"widgets.{self.group}", "--timeout=60s")
        preview = self.done(agent, "cluster restore shop")
        self.assertIn("Nothing was done yet", preview)
        self.assertNotIn("❌", preview)
        self.assertEqual(self.cluster.kubectl("get", "namespace", shop.name, "--ignore-not-found"), "")
        said = self.done(agent, "cluster restore shop --yes")
        self.assertNotIn("❌", said)
        self.assertNotIn("without its owner", said)
        self.assertEqual(snapshot(self.cluster, shop.name, self.group), before)
        self.assertEqual(self.cluster.get("namespace", shop.name)["metadata"]["labels"]["team"], "shop")
        gadget = self.cluster.get("-n", shop.name, f"widgets.{self.group}", "gadget")["metadata"]["uid"]
        owned = self.cluster.get("-n", shop.name, "configmap", "owned")["metadata"]
        self.assertEqual([owner["uid"] for owner in owned["ownerReferences"]], [gadget])
        again = self.done(agent, "cluster restore shop --yes")
        self.assertRegex(again, r"\d+ there already and the same")
        self.assertNotRegex(again, r"created|overwritten|❌")

    def test_restore_into_another_namespace_and_into_another_cluster(self):
        other = clusters.second()
        shop = self.filled()
        agent = self.agent(defaults=False, clusters={"main": self.cluster.kubeconfig, "other": other.kubeconfig},
                           backups=[self.backup(shop.name, cluster="main")]).start()
        self.done(agent, "cluster backup shop")
        before = snapshot(self.cluster, shop.name, self.group)
        copy = f"copy-{uuid.uuid4().hex[:6]}"
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", copy, "--wait=false", check=False)
        self.done(agent, f"cluster restore shop -n {shop.name}={copy} --cluster main --yes")
        self.assertEqual(snapshot(self.cluster, copy, self.group), moved(before, shop.name, copy))
        self.addCleanup(other.kubectl, "delete", "namespace", shop.name, "--wait=false", check=False)
        self.addCleanup(other.kubectl, "delete", "crd", f"widgets.{self.group}", "--wait=false", check=False)
        said = self.done(agent, "cluster restore shop --cluster other --yes")
        self.assertNotIn("❌", said)
        self.assertEqual(snapshot(other, shop.name, self.group), before)

    def test_conflicts_are_skipped_overwritten_or_fail_as_asked(self):
        shop = self.filled()
        agent = self.agent(defaults=False, backups=[self.backup(shop.name)]).start()
        self.done(agent, "cluster backup shop")
        before = snapshot(self.cluster, shop.name, self.group)
        self.cluster.kubectl("-n", shop.name, "patch", "configmap", "settings", "-p", '{"data":{"level":"info"}}')
        self.cluster.kubectl("-n", shop.name, "delete", "service", "web")
        level = lambda: self.cluster.get("-n", shop.name, "configmap", "settings")["data"]["level"]
        refused = agent.do("cluster restore shop --conflict fail --yes")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("There are objects that differ", refused.stdout + refused.stderr)
        self.assertEqual(self.cluster.kubectl("-n", shop.name, "get", "service", "web", "--ignore-not-found"), "")
        said = self.done(agent, "cluster restore shop --only configmaps --yes")
        self.assertRegex(said, r"1 there already and different, left as they are")
        self.assertEqual(level(), "info")
        self.assertEqual(self.cluster.kubectl("-n", shop.name, "get", "service", "web", "--ignore-not-found"), "")
        said = self.done(agent, "cluster restore shop --conflict overwrite --yes")
        self.assertRegex(said, r"1 created.*1 overwritten")
        self.assertEqual(level(), "debug")
        self.assertEqual(snapshot(self.cluster, shop.name, self.group), before)

    def test_damaged_or_forged_archive_is_refused_before_anything_is_written(self):
        shop = self.filled()
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        plain = self.backup(shop.name, secrets="plain")
        del plain["encryption"]
        agent = self.agent(defaults=False, clusters={"main": proxied_kubeconfig(proxy, self.directory / "kubeconfig")},
                           backups=[plain]).start()
        self.done(agent, "cluster backup shop")
        good = self.archive().read_bytes()
        self.delete(self.cluster, shop.name)
        proxy.stall_after("fieldManager=klaw")  # every change has it: the first one would stop the proxy
        damaged = [good[:-1], good[: len(good) // 2], good[:100] + bytes([good[100] ^ 1]) + good[101:], b""]
        for bytes_ in damaged:
            self.archive().write_bytes(bytes_)
            for words in ("cluster restore shop", "cluster restore shop --yes"):
                done = agent.do(words)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertIn("archive is damaged", done.stderr + done.stdout)
        # Whole by itself, but not the one that was written.
        forged = gzip.decompress(good).replace(b'"debug"', b'"other"')
        self.archive().write_bytes(self.sealed(forged))
        done = agent.do("cluster restore shop --yes")
        self.assertIn("not the archive that was written", done.stderr + done.stdout)
        self.assertFalse(proxy.stalled(), "something was written")
        self.assertEqual(self.cluster.kubectl("get", "namespace", shop.name, "--ignore-not-found"), "")
        self.archive().write_bytes(good)
        self.assertIn("is whole and good", self.done(agent, "cluster backup verify shop"))

    def sealed(self, text):
        """A valid archive of these lines, as anybody who knows the format can make one."""
        lines = text.rstrip(b"\n").split(b"\n")
        end = json.loads(lines[-1])
        before = b"\n".join(lines[:-1]) + b"\n"
        end["sha256"] = hashlib.sha256(before).hexdigest()
        packed = gzip.compress(before + json.dumps(end).replace('{"klaw": "end"', '{"klaw":"end"').encode() + b"\n")
        return packed + (b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"klaw-sha256:" + hashlib.sha256(packed).hexdigest().encode()
                         + b"\0\x03\0" + bytes(8))

    def test_kill_in_mid_backup_leaves_no_archive_and_it_is_made_after_the_start(self):
        shop = self.filled()
        shop.create(*[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"many-{i}", "namespace": shop.name}, "data": {"n": str(i)}}
                      for i in range(600)])
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        agent = self.agent(defaults=False, clusters={"main": proxied_kubeconfig(proxy, self.directory / "kubeconfig")},
                           backups=[self.backup(shop.name, schedule="0 0 1 1 *")]).start()
        proxy.stall_after("configmaps?limit=500&continue=")
        waiting = threading.Thread(target=lambda: agent.do("cluster backup shop"), daemon=True)
        waiting.start()
        eventually(proxy.stalled, 30, "the second page")
        self.assertEqual([path.name[-8:] for path in self.archives.iterdir()], [".partial"])
        agent.kill()
        waiting.join(30)
        left = next(self.archives.iterdir())
        whole = self.directory / "archives" / left.name.removesuffix(".partial")
        whole.write_bytes(left.read_bytes())  # as if somebody gave it the name of a whole one
        proxy.stall_after("no such request"), proxy.resume()
        agent.start()
        refused = agent.do(f"cluster backup verify {whole.name.split('.')[0]}")
        self.assertNotEqual(refused.returncode, 0)
        self.assertTrue(agent.log_has("Klaw ended in the middle of it"))
        whole.unlink()
        # What was interrupted is made up by the schedule, at once.
        eventually(lambda: [path for path in self.archives.iterdir() if not path.name.endswith(".partial")], 60,
                   lambda: agent.log_tail())
        self.assertFalse([path for path in self.archives.iterdir() if path.name.endswith(".partial")])
        self.assertIn("is whole and good", self.done(agent, "cluster backup verify shop"))
        self.assertRegex(self.done(agent, "cluster backup verify shop"), r"602 v1 ConfigMap")

    def test_kill_in_mid_restore_is_told_and_the_same_command_completes_it(self):
        shop = self.filled()
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        agent = self.agent(defaults=False, clusters={"main": proxied_kubeconfig(proxy, self.directory / "kubeconfig")},
                           backups=[self.backup(shop.name)]).start()
        self.done(agent, "cluster backup shop")
        before = snapshot(self.cluster, shop.name, self.group)
        self.delete(self.cluster, shop.name)
        confirm = re.search(r"To do it: (.*)", self.done(agent, "cluster restore shop")).group(1)
        proxy.stall_after("deployments?fieldManager=klaw")
        waiting = threading.Thread(target=lambda: agent.do(confirm), daemon=True)
        waiting.start()
        eventually(proxy.stalled, 60, "the Deployment to be on its way")
        agent.kill()
        waiting.join(30)
        proxy.stall_after("no such request"), proxy.resume()
        agent.start()
        eventually(lambda: agent.log_has("Klaw was restarted during this"), 30, lambda: agent.log_tail())
        rows = json.loads(self.done(agent, "audit --json"))["rows"]
        self.assertTrue(any("interrupted" in str(row) for row in rows), rows[:5])
        self.done(agent, "cluster restore shop --yes")
        self.assertEqual(snapshot(self.cluster, shop.name, self.group), before)

    def test_s3_takes_archives_in_parts_and_gives_them_back(self):
        s3 = S3Server()
        self.addCleanup(s3.close)
        self.assertEqual(s3.ask("PUT", "/backups")[0], 200)
        shop = self.filled()
        # More than one part of 8 MiB, also compressed.
        shop.create(*[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"large-{i}", "namespace": shop.name},
                       "data": {"noise": base64.b64encode(os.urandom(600_000)).decode()}} for i in range(16)])
        keys = {"access_key_file": str(self.file("access", "test")), "secret_key_file": str(self.file("secret", "hush"))}
        place = {"s3": {"endpoint": s3.url, "bucket": "backups", "prefix": "klaw/", "region": "us-east-1", **keys}}
        agent = self.agent(defaults=False, backups=[self.backup(shop.name, to=place, keep={"last": 2})]).start()
        for _ in range(3):
            self.done(agent, "cluster backup shop")
            time.sleep(1.1)  # names say the second
        kept = s3.keys("backups")
        self.assertEqual(len(kept), 2, kept)
        self.assertTrue(all(re.fullmatch(r"klaw/shop-\d{8}T\d{6}Z\.jsonl\.gz\.enc", key) for key in kept), kept)
        self.assertEqual(s3.uploads("backups"), 0)
        self.assertEqual(len(json.loads(self.done(agent, "cluster backups --json"))["rows"]), 2)
        before = snapshot(self.cluster, shop.name, self.group)
        self.delete(self.cluster, shop.name)
        self.assertNotIn("❌", self.done(agent, "cluster restore shop --yes"))
        self.assertEqual(snapshot(self.cluster, shop.name, self.group), before)

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text + "\n")
        return path

    def test_schedule_retention_secrets_and_failures(self):
        shop = self.filled()
        backup = self.backup(shop.name, every="1m", keep={"last": 1})
        del backup["encryption"]
        stranger = {**backup, "name": "broken", "namespaces": ["there-is-none"]}
        agent = self.agent(defaults=False, backups=[backup, stranger]).start()
        eventually(lambda: self.archives.exists() and [p for p in self.archives.iterdir() if p.name.endswith(".gz")], 30, lambda: agent.log_tail())
        other = self.archives / "shop-notes.txt"
        other.write_text("mine")
        names = [path.name for path in self.archives.iterdir() if path.name.endswith(".gz")]
        lines = gzip.decompress((self.archives / names[0]).read_bytes()).decode().splitlines()
        self.assertFalse([line for line in lines if '"kind":"Secret"' in line])
        self.assertIn("Secrets are not in it", self.done(agent, "cluster backup verify shop"))
        time.sleep(1.1)  # names say the second
        self.done(agent, "cluster backup shop")
        self.assertEqual(len([p for p in self.archives.iterdir() if p.name.endswith(".gz")]), 1)
        self.assertEqual(other.read_text(), "mine")
        success = agent.metrics()['klaw_backup_last_success_timestamp_seconds{name="shop"}']
        self.assertAlmostEqual(success, time.time(), delta=60)
        failures = lambda: agent.metrics().get('klaw_backups_total{name="broken",outcome="failed"}')
        eventually(lambda: failures() == 1, 30, lambda: agent.log_tail())
        card = self.await_card(rule="KlawBackupFailed")
        self.assertIn("broken", json.dumps(card))
        self.assertRegex(self.done(agent, "cluster backups"), r"there is no namespace .there-is-none")

    def test_whole_cluster_is_backed_up_with_what_is_of_the_cluster(self):
        shop = self.filled()
        role = f"role-{uuid.uuid4().hex[:6]}"
        self.cluster.kubectl("create", "clusterrole", role, "--verb=get", "--resource=pods")
        self.addCleanup(self.cluster.kubectl, "delete", "clusterrole", role, "--ignore-not-found", check=False)
        backup = self.backup(shop.name)
        del backup["namespaces"]
        agent = self.agent(defaults=False, backups=[backup]).start()
        self.done(agent, "cluster backup shop")
        self.cluster.kubectl("delete", "clusterrole", role)
        before = snapshot(self.cluster, shop.name, self.group)
        self.delete(self.cluster, shop.name)
        self.done(agent, f"cluster restore shop -n {shop.name} --yes")  # of a whole archive one namespace
        self.assertEqual(snapshot(self.cluster, shop.name, self.group), before)
        self.assertEqual(self.cluster.kubectl("get", "clusterrole", role, "--ignore-not-found"), "")
        said = self.done(agent, "cluster restore shop --only clusterroles --yes")
        self.assertRegex(said, rf"✅ ClusterRole {role}")

    def velero(self):
        """Its definitions; the test plays its controller."""
        kinds = {"Backup": "backups", "Restore": "restores", "BackupStorageLocation": "backupstoragelocations"}
        for kind, plural in kinds.items():
            crd = definition("velero.io")
            crd["metadata"]["name"] = f"{plural}.velero.io"
            crd["spec"]["names"] = {"plural": plural, "singular": kind.lower(), "kind": kind}
            self.cluster.kubectl("create", "-f", "-", manifest=[crd])
            self.addCleanup(self.cluster.kubectl, "delete", "crd", f"{plural}.velero.io", "--wait=false", check=False)
            self.cluster.kubectl("wait", "--for=condition=Established", f"crd/{plural}.velero.io", "--timeout=30s")
        home = self.namespace("velero")
        home.create({"apiVersion": "velero.io/v1", "kind": "BackupStorageLocation",
                     "metadata": {"name": "default", "namespace": home.name}, "spec": {"provider": "aws"}})
        return home

    def test_velero_is_driven_for_volumes_and_followed_to_its_end(self):
        agent = self.agent(defaults=False).start()
        done = agent.do("cluster volumes backup weekly -n shop")
        self.assertIn("Velero is not installed", done.stderr + done.stdout)
        home = self.velero()
        phase = lambda kind, name, value: self.cluster.kubectl(
            "-n", home.name, "patch", f"{kind}.velero.io", name, "--type=merge", "-p", json.dumps({"status": {"phase": value}}))
        self.assertIn("Nothing was done yet", self.done(agent, "cluster volumes backup weekly -n shop,pay"))
        self.done(agent, "cluster volumes backup weekly -n shop,pay --yes")
        made = self.cluster.get("-n", home.name, "backups.velero.io", "weekly")
        self.assertEqual(made["spec"], {"includedNamespaces": ["shop", "pay"], "ttl": "2592000s"})
        refused = agent.do("cluster volumes restore weekly --yes")
        self.assertIn("not complete", refused.stderr + refused.stdout)
        phase("backups", "weekly", "InProgress")
        phase("backups", "weekly", "Completed")
        decided = lambda: {(row["result"], row["target"].split("/")[-1]) for row in json.loads(self.done(agent, "audit --json"))["rows"]
                           if "Backup" in row["target"] or "Restore" in row["target"]}
        eventually(lambda: ("completed", "weekly") in decided(), 30, lambda: decided())
        self.done(agent, "cluster volumes restore weekly -n shop=copy --yes")
        restore = self.cluster.get("-n", home.name, "restores.velero.io")["items"][0]
        excluded = restore["spec"].pop("excludedResources")
        self.assertIn("rolebindings.rbac.authorization.k8s.io", excluded)
        self.assertIn("clusterroles.rbac.authorization.k8s.io", excluded)
        self.assertEqual(restore["spec"], {"backupName": "weekly", "includedNamespaces": ["shop"], "namespaceMapping": {"shop": "copy"}})
        phase("restores", restore["metadata"]["name"], "PartiallyFailed")
        eventually(lambda: ("failed", restore["metadata"]["name"]) in decided(), 30, lambda: decided())
