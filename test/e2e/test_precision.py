"""True to what happened, however it was told."""
import json

from harness.case import EndToEndTest
from harness.receiver import texts
from harness.rules import UNSCHEDULABLE, impatient
from harness.waiting import eventually

COUNTED = """rules:
  - alert: E2ECounted
    event: {type: Warning, reason: E2ECounted}
    threshold: ">= 1 in 10m"
    title: "${count} times"
"""


class PrecisionTest(EndToEndTest):
    def test_event_that_counts_up_is_one_card_whose_counter_moves(self):
        """W4"""
        self.agent(rules=COUNTED, defaults=False).start()
        namespace = self.namespace("counted")
        namespace.create({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "counted", "namespace": namespace.name},
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace.name, "name": "web", "uid": "u-1"},
            "type": "Warning", "reason": "E2ECounted", "message": "again", "count": 1, "source": {"component": "test"}})
        card = self.await_card(rule="E2ECounted", where=namespace.name)
        self.assertEqual(card["title"], "1 times")
        for count in range(2, 26):
            self.cluster.kubectl("-n", namespace.name, "patch", "event", "counted", "-p", json.dumps({"count": count}))
        eventually(lambda: [c["title"] for c in self.receiver.cards(rule="E2ECounted")] == ["25 times"], 20,
                   lambda: f"the counter: {[c['title'] for c in self.receiver.cards(rule='E2ECounted')]}")
        self.assertEqual(self.receiver.cards(rule="E2ECounted")[0]["id"], card["id"])
        self.assert_nothing_repeated()

    def status(self, namespace, pod, state, last_state):
        """What a kubelet would have reported: nobody else speaks for a Pod that is not scheduled."""
        container = {"name": "server", "image": "shop/cart:1.0", "imageID": "", "ready": True, "restartCount": 1,
                     "state": state, "lastState": last_state}
        self.cluster.kubectl("-n", namespace.name, "patch", "pod", pod, "--subresource=status", "-p",
                             json.dumps({"status": {"containerStatuses": [container]}}))

    def terminated(self, reason):
        return {"terminated": {"exitCode": 137, "reason": reason, "startedAt": "2026-11-23T10:00:00Z",
                               "finishedAt": self.now()}}

    def now(self):
        return json.loads(self.cluster.kubectl("get", "--raw", "/api/v1/namespaces/kube-system"))["metadata"]["creationTimestamp"]

    def test_oom_kill_that_only_the_last_state_tells_of_is_told_and_other_kills_are_not_called_so(self):
        """W8"""
        namespace = self.namespace("precise")
        namespace.unschedulable_pods("oom", "killed")
        self.agent().start()
        running = {"running": {"startedAt": "2026-11-23T10:00:10Z"}}
        self.status(namespace, "killed", running, self.terminated("Error"))
        self.status(namespace, "oom", running, self.terminated("OOMKilled"))
        card = self.await_card(rule="PodOOMKilled", where=(namespace.name, "oom"))
        self.status(namespace, "oom", {"running": {"startedAt": "2026-11-23T10:00:11Z"}}, self.terminated("OOMKilled"))
        self.assertEqual([c["id"] for c in self.receiver.cards(rule="PodOOMKilled") if namespace.name in c["subtitle"]], [card["id"]])
        self.assertEqual([c for c in self.receiver.cards() if "killed" in c["subtitle"] and "OOM" in texts(c)], [])
        self.assert_nothing_repeated()

    def test_card_tells_what_was_changed_before_by_whom(self):
        """R10"""
        namespace = self.namespace("changed")
        self.agent(rules=UNSCHEDULABLE).start()
        self.cluster.kubectl("-n", namespace.name, "create", "deployment", "web", "--image=shop/web:1.0")
        self.cluster.kubectl("-n", namespace.name, "rollout", "status", "deployment/web", "--timeout=60s")
        self.cluster.kubectl("-n", namespace.name, "set", "image", "deployment/web", "web=shop/web:2.0")
        self.cluster.kubectl("-n", namespace.name, "patch", "deployment", "web", "-p",
                             json.dumps({"spec": {"template": {"spec": {"nodeSelector": {"no": "such"}}}}}))
        card = self.await_card(rule="E2EUnschedulable", where=(namespace.name, "web"))
        changes = next(section for section in card["sections"] if section["heading"] == "Changed shortly before")["lines"]
        self.assertEqual(len(changes), 2)
        self.assertRegex(changes[0], r"UTC \(.* before\) spec, by kubectl-patch")
        self.assertRegex(changes[1], r"UTC \(.* before\) web: shop/web:1.0 → shop/web:2.0, by kubectl-set")
