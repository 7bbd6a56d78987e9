"""Each kind of trouble becomes one card, which says what is wrong with what and is resolved when it has been mended."""
from concurrent.futures import ThreadPoolExecutor

from harness.case import EndToEndTest
from harness.receiver import texts
from harness.rules import RULE_OF, impatient
from harness.waiting import eventually

# trouble → the owner that the card is about (node-silent: its node), and what its text must say
SAYS = {
    "unschedulable": ("Deployment", ["unschedulable", "Insufficient cpu"]),
    "image-pull": ("Deployment", ["image-pull", "trouble/image-pull:1"]),
    "crash-loop": ("Deployment", ["crash-loop", "server"]),
    "oom-kill": ("Deployment", ["oom-kill", "server"]),
    "node-silent": ("Node", ["node-silent"]),
    "job-failed": ("Job", ["job-failed", "BackoffLimitExceeded"]),
    "rollout-stuck": ("Deployment", ["rollout-stuck"]),
    "claim-pending": ("PersistentVolumeClaim", ["claim-pending", "1Gi"]),
}


class TroublesTest(EndToEndTest):
    """All troubles happen side by side, as the slowest of them takes most of a minute."""

    def test_every_trouble_has_one_card_until_it_is_mended(self):
        self.agent(rules=impatient()).start()
        namespace = self.namespace("troubles")
        self.addCleanup(namespace.clear)
        with ThreadPoolExecutor(len(RULE_OF)) as pool:
            list(pool.map(lambda trouble: namespace.trouble("make", trouble), RULE_OF))
            identities = {}
            for trouble, rule in RULE_OF.items():
                with self.subTest(trouble=trouble, stage="made"):
                    identities[trouble] = self.check_made(namespace, trouble, rule)
            list(pool.map(lambda trouble: namespace.trouble("mend", trouble), RULE_OF))
        for trouble, rule in RULE_OF.items():
            if trouble in identities:
                with self.subTest(trouble=trouble, stage="mended"):
                    self.check_mended(namespace, trouble, rule, identities[trouble])
        self.assert_nothing_repeated()

    def place(self, namespace, trouble):
        return f"{namespace.name}-{trouble}" if trouble == "node-silent" else trouble

    def check_made(self, namespace, trouble, rule):
        card = self.await_card(rule=rule, where=(namespace.name, self.place(namespace, trouble)))
        owner, words = SAYS[trouble]
        self.assertIn("main", card["subtitle"])
        self.assertIn(f"{owner} {self.place(namespace, trouble)}", card["subtitle"])
        if trouble != "node-silent":
            self.assertIn(namespace.name, card["subtitle"])
        for word in words:
            self.assertIn(word.lower(), texts(card).lower())
        self.assertTrue(card["footer"]["incident"])
        self.assertFalse(card["footer"].get("startedBefore", False))
        return card["id"]

    def check_mended(self, namespace, trouble, rule, identity):
        card = self.await_card("resolved", rule=rule, where=(namespace.name, self.place(namespace, trouble)))
        self.assertEqual(card["id"], identity)
        self.assertIn("resolvedAt", card)
        sent = [d for d in self.receiver.deliveries(rule=rule, where=(namespace.name, self.place(namespace, trouble))) if d.event == "card.sent"]
        self.assertEqual(len(sent), 1)


class CauseTest(EndToEndTest):
    def test_silent_node_is_what_the_cards_are_about_and_they_list_what_depends_on_it(self):
        """R9: the node is the cause; the Pods on it and their Deployment are what it takes along."""
        self.agent(rules=impatient()).start()
        namespace = self.namespace("cause")
        self.addCleanup(namespace.clear)
        namespace.trouble("make", "node-silent", wait=False)
        node = f"{namespace.name}-node-silent"
        labels = {"app": "cart"}
        namespace.create({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "namespace": namespace.name},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": {**namespace.pod("x")["spec"], "nodeName": node}}}})
        self.await_card(rule="NodeNotReady", where=node, seconds=90)
        for card in self.receiver.cards(where=namespace.name):  # its lease is missed earlier than the node
            self.assertIn(f"Node {node}", card["subtitle"])
            dependents = [section["lines"] for section in card["sections"] if section["heading"] == "Depends on it"]
            self.assertEqual(dependents, [[f"Deployment {namespace.name}/cart (2)"]], card["title"])


class QuietTest(EndToEndTest):
    def test_rollout_scale_down_and_drain_make_no_card(self):
        """W7, with the default rules as they are: 100 Pods, and half of the nodes."""
        self.agent().start()
        namespace = self.namespace("quiet")
        labels = {"app": "web"}
        namespace.create({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace.name},
            "spec": {"replicas": 100, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": namespace.pod("x", "shop/web:1.0")["spec"]}}})
        kubectl = self.cluster.kubectl
        kubectl("-n", namespace.name, "rollout", "status", "deployment/web", "--timeout=60s")
        kubectl("-n", namespace.name, "set", "image", "deployment/web", "server=shop/web:2.0")
        kubectl("-n", namespace.name, "rollout", "status", "deployment/web", "--timeout=60s")
        nodes = ["node-1", "node-2", "node-3"]
        self.addCleanup(kubectl, "uncordon", *nodes)
        kubectl("drain", *nodes, "--ignore-daemonsets", "--timeout=60s", "--force")
        kubectl("-n", namespace.name, "rollout", "status", "deployment/web", "--timeout=60s")
        kubectl("-n", namespace.name, "scale", "deployment/web", "--replicas=2")
        eventually(lambda: len(self.cluster.get("pods", "-n", namespace.name)["items"]) == 2, 60, "the scale-down")
        # A trouble seen afterwards shows that everything before it has been looked at.
        namespace.trouble("make", "job-failed")
        self.await_card(rule=RULE_OF["job-failed"], where=(namespace.name, "job-failed"))
        self.assertEqual([c["title"] for c in self.receiver.cards(where=namespace.name) if "job-failed" not in c["subtitle"]], [])
