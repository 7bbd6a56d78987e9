"""Nothing is missed and nothing is told twice, whatever happens to the connection to the API server (W1, W2, W5)."""

from harness.case import EndToEndTest
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually, stays

RULE = "E2EUnschedulable"


class WatchTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.pods = self.namespace("watch")

    def proxied(self):
        """An agent that sees the cluster through a proxy."""
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        kubeconfig = proxied_kubeconfig(proxy, self.directory / "kubeconfig")
        return proxy, self.agent(rules=UNSCHEDULABLE, defaults=False, clusters={"main": kubeconfig}).start()

    def card(self, name, status="firing", seconds=60):
        return self.await_card(status, seconds, rule=RULE, where=(self.pods.name, f"Pod {name}"))

    def assert_every_pod_has_one_card(self, *names):
        for name in names:
            self.card(name)
        self.assertEqual(len(self.receiver.cards(rule=RULE, where=self.pods.name)), len(names))
        self.assert_nothing_repeated()

    def test_restart_of_the_api_server_in_mid_watch(self):
        self.agent(rules=UNSCHEDULABLE, defaults=False).start()
        self.pods.unschedulable_pods("before", "healed-meanwhile")
        self.card("before")
        self.card("healed-meanwhile")
        self.cluster.restart_api_server()
        self.pods.delete_pods("healed-meanwhile")
        self.pods.unschedulable_pods("after")
        self.card("healed-meanwhile", "resolved")
        self.assert_nothing_repeated()
        self.card("before")
        self.card("after")
        self.assertEqual(len(self.receiver.cards(rule=RULE, where=self.pods.name)), 3)

    def test_compaction_leads_to_410_and_a_relist_that_finds_the_missed_delete(self):
        proxy, agent = self.proxied()
        self.pods.unschedulable_pods("stays", "goes")
        self.card("stays")
        self.card("goes")
        proxy.refuse()
        proxy.cut_now()
        self.pods.delete_pods("goes")
        self.pods.unschedulable_pods("new")
        self.cluster.compact()
        self.cluster.restart_api_server()
        proxy.refuse(False)
        self.card("goes", "resolved")
        self.assert_nothing_repeated()
        self.card("stays")
        self.card("new")
        self.assertTrue(agent.log_has("410") or agent.log_has("xpired"), "the log does not tell of the 410")

    def test_connections_cut_in_mid_line(self):
        proxy, _ = self.proxied()
        names = [f"cut-{i:02}" for i in range(7)]  # the back-off grows with each
        for name in names:
            proxy.cut_after(f'"name":"{name}')
            self.pods.unschedulable_pods(name)
            eventually(lambda: proxy.cuts, 60, "the cut")
            proxy.cuts = 0
        self.assert_every_pod_has_one_card(*names)

    def test_many_resets_while_alerts_fire_and_resolve(self):
        proxy, _ = self.proxied()
        names = [f"reset-{i:02}" for i in range(20)]
        for name in names:
            self.pods.unschedulable_pods(name)
            proxy.cut_now()
        self.assert_every_pod_has_one_card(*names)
        self.pods.delete_pods(*names[:10])
        proxy.cut_now()
        for name in names[:10]:
            self.card(name, "resolved")
        self.assertEqual(len(self.receiver.cards(rule=RULE, status="firing", where=self.pods.name)), 10)
        self.assert_nothing_repeated()

    def test_relist_of_many_unchanged_objects_makes_no_noise(self):
        """W5"""
        proxy, agent = self.proxied()
        names = [f"same-{i:03}" for i in range(100)]
        self.pods.unschedulable_pods(*names)
        self.pods.create(*[self.pods.pod(f"well-{i:03}") for i in range(200)])
        eventually(lambda: len(self.receiver.cards(rule=RULE, where=self.pods.name)) == len(names), 60,
                   lambda: f"a card for each, have {len(self.receiver.cards(rule=RULE))}")
        lists = agent.metric("klaw_watch_lists_total", resource="pods")
        told = len(self.receiver.deliveries())
        proxy.refuse()
        proxy.cut_now()
        self.pods.create(self.pods.pod("meanwhile"))
        self.cluster.compact()
        self.cluster.restart_api_server()
        proxy.refuse(False)
        eventually(lambda: agent.metric("klaw_watch_lists_total", resource="pods") > lists, 60, "the relist")
        self.pods.unschedulable_pods("afterwards")
        self.card("afterwards")  # by then whatever the relist had to say would be told
        noise = [d.card["subtitle"] for d in self.receiver.deliveries()[told:] if self.pods.name in d.card["subtitle"]]
        self.assertEqual([subtitle for subtitle in noise if "afterwards" not in subtitle], [])

    def test_silent_server_keeps_what_was_told_and_tells_the_rest_later(self):
        proxy, _ = self.proxied()
        self.pods.unschedulable_pods("before")
        self.card("before")
        proxy.stall()
        self.pods.unschedulable_pods("during")
        stays(lambda: not self.receiver.cards(rule=RULE, where=(self.pods.name, "during")) and self.receiver.cards(rule=RULE, status="firing",
                                                                                      where=(self.pods.name, "before")),
              2, "quiet and firing while the server says nothing")
        proxy.resume()
        self.assert_every_pod_has_one_card("before", "during")
