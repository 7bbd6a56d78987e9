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


# Of rules that look at the clock, in seconds; so long the consequences of what has cleared may take to clear as well.
EVALUATION = 15


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
    """What fails because its node does is told of with the node, and for itself only when it goes on failing."""

    def setUp(self):
        super().setUp()
        self.pods = self.namespace("cause")
        self.addCleanup(self.pods.clear)
        self.node = f"{self.pods.name}-node-silent"

    def fall_silent(self):
        self.pods.trouble("make", "node-silent", wait=False)

    def recover(self):
        self.pods.trouble("mend", "node-silent")

    def run_on_node(self, name, image, replicas=1):
        labels = {"app": name}
        self.pods.create({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": self.pods.name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels},
                                  "spec": {**self.pods.pod("x", image)["spec"], "nodeName": self.node}}}})

    def quiet_alerts(self, agent):
        """rule → the rule that keeps it quiet, of the open alerts of the namespace."""
        identities = [line.split()[0] for line in agent.do(f"alerts -n {self.pods.name}").stdout.splitlines()[1:]]
        texts_of = [agent.do(f"alerts {identity}").stdout for identity in identities]
        return {part(text, "rule"): part(text, "kept quiet by").split(":")[0] for text in texts_of}

    def test_silent_node_is_what_the_cards_are_about_and_they_list_what_depends_on_it(self):
        """R9: the node is the cause; its Pods and their Deployment are what it takes along."""
        self.fall_silent()
        self.recover()  # before anybody has missed it: a node that is ready
        self.run_on_node("cart", "shop/cart:1.0", replicas=2)
        self.cluster.kubectl("-n", self.pods.name, "rollout", "status", "deployment/cart", "--timeout=60s")
        agent = self.agent(rules=impatient(PodNotReady="5s", WorkloadUnavailable="5s")).start()
        self.fall_silent()
        self.await_card(rule="NodeNotReady", where=self.node, seconds=90)
        consequences = {"PodNotReady": "NodeNotReady", "WorkloadUnavailable": "NodeNotReady"}
        eventually(lambda: self.quiet_alerts(agent) == consequences, 30,
                   lambda: f"the consequences to be kept quiet; {self.quiet_alerts(agent)}")
        self.recover()
        self.await_card("resolved", rule="NodeNotReady", where=self.node)
        eventually(lambda: self.quiet_alerts(agent) == {}, 30, lambda: f"the end of all; {self.quiet_alerts(agent)}")
        for delivery in self.receiver.deliveries(where=self.pods.name):  # its lease is missed earlier than the node
            self.assertIn(f"Node {self.node}", delivery.card["subtitle"])
            dependents = [section["lines"] for section in delivery.card["sections"] if section["heading"] == "Depends on it"]
            self.assertEqual(dependents, [[f"Deployment {self.pods.name}/cart (2)"]], delivery.card["title"])

    def test_pod_that_stays_bad_is_told_of_once_its_node_is_back(self):
        """R7: of two Pods that the node hides one is well again with it."""
        self.fall_silent()
        self.recover()
        self.run_on_node("cart", "shop/cart:1.0")
        self.cluster.kubectl("-n", self.pods.name, "rollout", "status", "deployment/cart", "--timeout=60s")
        agent = self.agent(rules=impatient(PodNotReady="5s", PodPending="5s")).start()
        self.fall_silent()
        self.await_card(rule="NodeNotReady", where=self.node, seconds=90)
        self.run_on_node("catalog", "trouble/config-error:1")
        hidden = {"PodNotReady": "NodeNotReady", "PodPending": "NodeNotReady"}
        eventually(lambda: self.quiet_alerts(agent) == hidden, 30,
                   lambda: f"the Pods to be kept quiet; {self.quiet_alerts(agent)}")
        self.assertEqual([card["title"] for card in self.receiver.cards(where=self.pods.name)
                          if f"Node {self.node}" not in card["subtitle"]], [])
        self.recover()
        self.await_card("resolved", rule="NodeNotReady", where=self.node)
        self.await_card(rule="PodPending", where=(self.pods.name, "catalog"))
        ended, told = self.receiver.deliveries(rule="NodeNotReady")[-1].at, self.receiver.deliveries(rule="PodPending")[0].at
        self.assertLess(told - ended, EVALUATION + 5)
        self.assertEqual(self.receiver.cards(where=(self.pods.name, "cart")), [])
        self.assert_nothing_repeated()


def part(text, name):
    """What `alerts ID` says under a name."""
    return next((line.strip()[len(name) + 2:] for line in text.splitlines() if line.strip().startswith(name + ": ")), "")


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
