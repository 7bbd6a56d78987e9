"""Clusters spread over three replicas by Leases: each is watched by one, the leader reads what the others watch, and
what a replica watched moves when it dies, with one card for each problem (M2)."""
import time

from harness.case import EndToEndTest
from harness.proxy import api_proxy, proxied_kubeconfig
from harness.rules import UNSCHEDULABLE
from harness.waiting import eventually, stays

RULE = "E2EUnschedulable"
PODS = "GET /api/v1/pods?watch=1"
CLUSTERS = 6
MOVES = 15  # seconds from a kill until each cluster is watched again


class SharingTest(EndToEndTest):
    """The clusters are six ways to one API server."""

    def setUp(self):
        super().setUp()
        # Of the tests before, and those of test_failover.py wait for these: told with others, a problem would share a digest.
        eventually(lambda: not [pod for pod in self.cluster.get("pods", "-A")["items"] if pod["metadata"]["namespace"].startswith("failover-")],
                   120, "the Pods of the test before to be gone", interval=0.5)
        self.pods = self.namespace("failover-sharing")
        self.proxies = {f"c{number}": api_proxy(self.cluster) for number in range(CLUSTERS)}
        for proxy in self.proxies.values():
            self.addCleanup(proxy.close)

    def replicas(self, names="abc", tokens=None):
        home = {"home": self.cluster.kubeconfig}
        clusters = home | {name: proxied_kubeconfig(proxy, self.directory / f"{name}.kubeconfig")
                           for name, proxy in self.proxies.items()}
        made = []
        for name in names:
            token = self.directory / f"{name}.token"
            token.write_text((tokens or {}).get(name, "the token of the replicas"))
            replica = self.agent(rules=UNSCHEDULABLE, defaults=False, name=name, data=str(self.directory / "shared"), clusters=clusters)
            replica.config["leadership"] = {
                "lease": f"{self.pods.name}/klaw", "identity": name,
                "share": {"address": f"http://127.0.0.1:{replica.port}", "token_file": str(token)}}
            replica.write_config()
            replica.start(wait=False)
            made.append(replica)
        for replica in made:
            replica.await_ready(60)
        return made

    def leader(self, replicas):
        return eventually(lambda: next((each for each in replicas if leads(each)), None), MOVES,
                          lambda: f"a leader; {[each.log_tail() for each in replicas]}")

    def watchers(self):
        return {name: proxy.under_way(PODS) for name, proxy in self.proxies.items()}

    def await_shares(self, replicas, seconds=90):
        """Each cluster is watched by one replica, and the leader takes from the others what they watch."""
        def spread():
            leader = next((each for each in replicas if leads(each)), None)
            if not leader or set(self.watchers().values()) != {1}:
                return False
            own = [direct(each) for each in replicas]
            return sum(own) == CLUSTERS + 1 and direct(leader) + taken(leader) == CLUSTERS + 1
        eventually(spread, seconds, lambda: f"each cluster to be watched by one; {self.watchers()}, "
                                            f"{[each.get('/readyz')[1] for each in replicas]}")

    def share_of(self, replica):
        """Names of the clusters that a standby watches."""
        return {name for name in self.proxies if any(f'cluster="{name}"' in series and series.startswith("klaw_objects{")
                                                     for series in replica.metrics())}

    def cards(self, pod, status=None):
        return [card for card in self.receiver.cards(rule=RULE, status=status)
                if card["subtitle"].rsplit(" ", 1)[-1] == pod]

    def await_cards(self, pod, status="firing", seconds=30):
        eventually(lambda: len(self.cards(pod, status)) == CLUSTERS + 1, seconds,
                   lambda: f"a card {status} of {pod} from each cluster, have {[card['subtitle'] for card in self.cards(pod)]}")

    def assert_one_card_each(self, *pods):
        """In each cluster, and told as new once."""
        self.assert_nothing_repeated()
        self.assertEqual({pod: len(self.cards(pod)) for pod in pods}, dict.fromkeys(pods, CLUSTERS + 1))

    def test_each_cluster_is_watched_by_one_replica_and_told_by_the_leader(self):
        replicas = self.replicas()
        self.await_shares(replicas)
        self.pods.unschedulable_pods("spread")
        self.await_cards("spread")
        self.pods.delete_pods("spread")
        self.await_cards("spread", "resolved")
        self.assert_one_card_each("spread")
        self.assertEqual({each.metric("klaw_replicas") for each in replicas}, {3})
        leader = self.leader(replicas)
        self.assertIn("taken from", leader.get("/readyz")[1])
        self.assertEqual(leader.get("/share/c0/api/v1/pods?watch=1")[0], 401)

    def test_clusters_of_a_replica_that_dies_move_and_no_card_is_lost_or_doubled(self):
        replicas = self.replicas()
        self.await_shares(replicas)
        self.pods.unschedulable_pods("before")
        self.await_cards("before")
        leader = self.leader(replicas)
        victim = max((each for each in replicas if each is not leader), key=lambda each: len(self.share_of(each)))
        moving = self.share_of(victim)
        self.assertTrue(moving, "it watches something")
        victim.kill()
        killed_at = time.monotonic()
        self.pods.unschedulable_pods("meanwhile")
        left = [each for each in replicas if each is not victim]
        self.await_cards("meanwhile", seconds=MOVES)
        eventually(lambda: leader.metric("klaw_replicas") == 2 and all(count >= 1 for count in self.watchers().values()),
                   MOVES, lambda: f"{moving} to be watched again; {self.watchers()}")
        print(f"\n    {len(moving)} clusters moved {time.monotonic() - killed_at:.1f} s after the kill", flush=True)
        self.await_shares(left)
        self.pods.delete_pods("before")
        self.await_cards("before", "resolved")
        stays(lambda: len(self.cards("meanwhile", "firing")) == CLUSTERS + 1, 2, "the others fire on")
        self.assert_one_card_each("before", "meanwhile")
        victim.start()
        self.await_shares(replicas)
        self.assert_one_card_each("before", "meanwhile")

    def test_leader_that_dies_is_followed_by_one_that_has_its_clusters_too(self):
        replicas = self.replicas()
        self.await_shares(replicas)
        self.pods.unschedulable_pods("before", "mended")
        self.await_cards("before")
        self.await_cards("mended")
        leader = self.leader(replicas)
        leader.kill()
        killed_at = time.monotonic()
        self.pods.unschedulable_pods("meanwhile")
        self.pods.delete_pods("mended")
        left = [each for each in replicas if each is not leader]
        self.await_cards("meanwhile", seconds=30)
        print(f"\n    all told {time.monotonic() - killed_at:.1f} s after the kill of the leader", flush=True)
        self.await_cards("mended", "resolved")
        self.await_shares(left)
        self.assert_one_card_each("before", "mended", "meanwhile")

    def test_replica_that_is_asked_to_go_leaves_its_share_at_once(self):
        replicas = self.replicas()
        self.await_shares(replicas)
        leader = self.leader(replicas)
        leaving = max((each for each in replicas if each is not leader), key=lambda each: len(self.share_of(each)))
        leaving.stop()
        eventually(lambda: leader.metric("klaw_replicas") == 2, 5, "the others to know that it has gone")
        self.await_shares([each for each in replicas if each is not leaving])

    def test_wrong_token_makes_no_replica_and_both_say_so(self):
        replicas = self.replicas("ab", tokens={"b": "another one"})
        leader = self.leader(replicas)
        for replica in replicas:
            eventually(lambda: replica.log_has("is not taken for a replica's"), 30, replica.log_tail)
        self.assertEqual([each.metric("klaw_replicas") for each in replicas], [1, 1])
        self.pods.unschedulable_pods("told")
        self.await_cards("told")
        self.assertEqual(taken(leader), 0)
        self.assertEqual(leader.get("/share/c0/api/v1/pods?watch=1")[0], 401)
        self.assert_one_card_each("told")


def leads(agent):
    return agent.running() and agent.get("/leader", timeout=1)[0] == 200


def direct(agent):
    return agent.metric("klaw_cluster_shares", source="api_server")


def taken(agent):
    return agent.metric("klaw_cluster_shares") - direct(agent)
