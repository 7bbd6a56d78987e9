"""What is told of the control plane from outside: answers, leases, certificates; and the pack of kube-prometheus names."""
import base64
import json

from harness.case import EndToEndTest
from harness.waiting import eventually

LEASE = """rules:
  - alert: E2ELeaseStale
    metric: component_lease_age_seconds{lease="%s"}
    threshold: "> 11s"
    clear: "< 11s"
    title: "${labels.lease} is stale"
"""
CERTIFICATES = """rules:
  - alert: E2ECertificate
    metric: certificate_remaining_seconds{name=~"%s|https://.*"}
    threshold: "< 36500d"
    title: "${labels.kind} ends in ${shown}"
"""
FAST_NOT_READY = """rules:
  - {alert: KubePodNotReady, override: true, for: 1s}
"""


class ControlPlaneTest(EndToEndTest):
    def test_lease_that_nobody_renews_is_told_of_until_somebody_does(self):
        name = f"{self.namespace('lease').name}-component"
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, "namespace": "kube-system"},
                 "spec": {"holderIdentity": "one", "renewTime": "2020-01-01T00:00:00.000000Z"}}
        self.cluster.kubectl("create", "-f", "-", manifest=[lease])
        self.addCleanup(self.cluster.kubectl, "-n", "kube-system", "delete", "lease", name)
        agent = self.agent(rules=LEASE % name, defaults=False).start()
        card = self.await_card(rule="E2ELeaseStale", seconds=60)
        self.assertIn(f"{name} is stale", card["title"])
        renewed = {"spec": {"renewTime": "2020-01-01T00:00:10.000000Z"}}
        self.cluster.kubectl("-n", "kube-system", "patch", "lease", name, "-p", json.dumps(renewed))
        self.assertEqual(self.await_card("resolved", rule="E2ELeaseStale", seconds=60)["id"], card["id"])
        self.assertNotIn("unavailable", agent.do("rules").stdout)

    def test_reload_and_kill_resolve_nothing_that_is_told_of_a_lease(self):
        """Who has just begun to look at a lease does not know when it was renewed."""
        name = f"{self.namespace('stale').name}-component"
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, "namespace": "kube-system"},
                 "spec": {"holderIdentity": "one", "renewTime": "2020-01-01T00:00:00.000000Z"}}
        self.cluster.kubectl("create", "-f", "-", manifest=[lease])
        self.addCleanup(self.cluster.kubectl, "-n", "kube-system", "delete", "lease", name)
        agent = self.agent(rules=LEASE % name, defaults=False).start()
        card = self.await_card(rule="E2ELeaseStale", seconds=60)
        agent.write_rules(LEASE % name + '  - {alert: E2EUp, metric: api_server_up, threshold: "< 0", title: t}\n')
        agent.reload()
        eventually(lambda: "E2EUp" in agent.do("rules").stdout, 20, lambda: agent.log_tail())
        self.assertNotIn("unavailable", agent.do("rules explain E2ELeaseStale").stdout)
        agent.kill()
        agent.start()
        eventually(lambda: "unavailable" in agent.do("rules explain E2ELeaseStale").stdout, 10, "leases not to be known yet")
        eventually(lambda: "unavailable" not in agent.do("rules explain E2ELeaseStale").stdout, 60, "leases to be looked at again")
        self.assertEqual([each["id"] for each in self.receiver.cards(status="firing", rule="E2ELeaseStale")], [card["id"]])
        self.cluster.kubectl("-n", "kube-system", "patch", "lease", name, "-p",
                             json.dumps({"spec": {"renewTime": "2020-01-01T00:00:10.000000Z"}}))
        self.assertEqual(self.await_card("resolved", rule="E2ELeaseStale", seconds=60)["id"], card["id"])
        self.assert_nothing_repeated()
        delivered = [delivery.card["status"] for delivery in self.receiver.deliveries() if delivery.id == card["id"]]
        self.assertEqual(delivered.count("resolved"), 1, delivered)

    def test_certificates_of_the_api_server_and_of_webhooks_are_looked_at(self):
        name = f"{self.namespace('certificate').name}-policy"
        authority = (self.cluster.pki / "ca.crt").read_bytes()
        webhook = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name},
                   "webhooks": [{"name": "policy.klaw.test", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                                 "failurePolicy": "Ignore", "rules": [],
                                 "clientConfig": {"url": "https://127.0.0.1:1/", "caBundle": base64.b64encode(authority).decode()}}]}
        self.cluster.kubectl("create", "-f", "-", manifest=[webhook])
        self.addCleanup(self.cluster.kubectl, "delete", "validatingwebhookconfiguration", name)
        self.agent(rules=CERTIFICATES % name, defaults=False).start()
        titles = set()

        def told():
            titles.update(card["title"].split(" ends in ")[0] for card in self.receiver.cards(rule="E2ECertificate"))
            return len(titles) == 2
        eventually(told, 30, lambda: f"both certificates: {titles}")
        self.assertEqual(titles, {"APIServer", "ValidatingWebhookConfiguration"})

    def test_pack_mixin_has_the_names_of_kube_prometheus(self):
        agent = self.agent(rules=FAST_NOT_READY)
        agent.config["rules"]["pack"] = "mixin"
        agent.write_config()
        agent.start()
        namespace = self.namespace("mixin")
        namespace.unschedulable_pods("web")
        card = self.await_card(rule="KubePodNotReady")
        self.assertEqual(card["severity"], "warning")
        self.assertIn(namespace.name, card["subtitle"])
