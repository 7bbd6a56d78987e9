"""Metrics as input: metrics-server, pages in the text format, PromQL; and Klaw's own."""
import datetime
import json
import subprocess
import urllib.error
import urllib.request

from harness import cluster as clusters
from harness.case import EndToEndTest
from harness.kubelet import Kubelet, dialled_address
from harness.prometheus import Alertmanager, Page, Prometheus, program
from harness.rules import EVENTS, impatient
from harness.waiting import eventually

MEMORY = """rules:
  - alert: E2EMemoryNearLimit
    metric: container_memory_limit_utilization{namespace="%s"}
    threshold: "> 90%%"
    clear: "< 80%%"
    title: "${labels.pod} uses ${shown} of its memory"
"""
SOON_SILENT = """  - {alert: MetricsSourceSilent, override: true, threshold: "> 3s"}
"""
QUEUE = """rules:
  - alert: E2EQueueLong
    metric: queue_length{queue="mail"}
    threshold: "> 10"
    title: "${labels.queue} has ${shown} waiting for ${labels.team}"
"""
ERRORS = """rules:
  - alert: E2EErrors
    promql: sum by (service) (queue_errors)
    threshold: "> 5"
    every: 1s
    title: "${labels.service} fails ${shown} times"
"""
COURSE = """rules:
  - alert: E2ECourse
    metric: max_over_time(queue_length{queue="mail"}[3s])
    threshold: "> 10"
    title: "${labels.queue} has ${shown} waiting"
"""
WORKING_SET = """rules:
  - alert: E2EWorkingSet
    metric: container_memory_working_set_bytes{namespace="%s"}
    threshold: "> 300Mi"
    title: "${labels.pod} works with ${shown}"
"""
# Would fire if what is missing were taken for nothing.
UNUSED = """  - alert: E2EMemoryUnused
    metric: container_memory_limit_utilization{namespace="%s"}
    threshold: "< 10%%"
    title: "${labels.pod} uses ${shown} of its memory"
"""
NODE_WORKING_SET = """rules:
  - alert: E2ENodeWorkingSet
    metric: node_memory_working_set_bytes{node="%s"}
    threshold: "> 4Gi"
    title: "${labels.node} works with ${shown}"
"""
GIB = 1 << 30


class MetricsTest(EndToEndTest):
    def page(self, text):
        page = Page(text)
        self.addCleanup(page.close)
        return page

    def test_memory_of_a_container_crosses_its_limit_and_clears_through_metrics_server(self):
        namespace = self.namespace("metrics")
        pod = namespace.pod("hungry")
        pod["metadata"]["annotations"] = {"kwok.x-k8s.io/usage-memory": "100Mi", "kwok.x-k8s.io/usage-cpu": "10m"}
        pod["spec"]["containers"][0]["resources"]["limits"] = {"memory": "400Mi"}
        namespace.create(pod)
        agent = self.agent(rules=MEMORY % namespace.name, defaults=False, metrics={"every": "1s"}).start()

        def use(memory):
            self.cluster.kubectl("-n", namespace.name, "annotate", "--overwrite", "pod", "hungry",
                                 f"kwok.x-k8s.io/usage-memory={memory}")

        use("390Mi")
        card = self.await_card(rule="E2EMemoryNearLimit", seconds=120)
        self.assertIn("hungry uses 97.5% of its memory", card["title"])
        use("100Mi")
        self.assertEqual(self.await_card("resolved", rule="E2EMemoryNearLimit", seconds=120)["id"], card["id"])
        self.assert_nothing_repeated()

    def row_of(self, agent, rule):
        """What `klaw do rules` says of a rule."""
        return next(row for row in json.loads(agent.do("rules --json").stdout)["rows"] if row["rule"] == rule)

    def assert_unavailable(self, agent, rule, firing):
        row = self.row_of(agent, rule)
        self.assertRegex(row["remark"], r"^unavailable: metrics\.k8s\.io/")
        self.assertEqual(int(row["firing"]), firing)

    def kubelet(self, name):
        address = self.enterContext(dialled_address())
        kubelet = Kubelet(self.cluster, self.directory, name, address)
        self.addCleanup(kubelet.close)
        kubelet.register()
        return kubelet

    def test_volume_that_fills_up_is_told_of_through_the_node_proxy_and_clears(self):
        """R11"""
        namespace = self.namespace("volumes")
        kubelet = self.kubelet(f"{namespace.name}-node")
        full, roomy = (namespace.name, "orders"), (namespace.name, "archive")
        kubelet.volumes = {full: (50 * GIB, 100 * GIB), roomy: (50 * GIB, 100 * GIB)}
        agent = self.agent(rules=impatient(PersistentVolumeFillingUp="1s"), metrics={"every": "1s", "kubelets": True}).start()
        source = f"kubelet {kubelet.name}"
        eventually(lambda: agent.metric("klaw_metric_source_up", source=source) == 1, 60, lambda: agent.get("/readyz")[1])
        self.assertEqual(self.receiver.cards(rule="PersistentVolumeFillingUp"), [])
        kubelet.volumes[full] = (98 * GIB, 100 * GIB)
        card = self.await_card(rule="PersistentVolumeFillingUp", seconds=60)
        self.assertRegex(card["title"], r"Volume orders has 2(\.0)?% left")
        self.assertIn(namespace.name, card["subtitle"])
        kubelet.volumes[full] = (96 * GIB, 100 * GIB)  # between the threshold and that to clear
        looks = kubelet.asked["/stats/summary"]
        eventually(lambda: kubelet.asked["/stats/summary"] >= looks + 3, 60, "looks at the summary")
        self.assertEqual(self.receiver.cards(status="resolved", rule="PersistentVolumeFillingUp"), [])
        kubelet.volumes[full] = (40 * GIB, 100 * GIB)
        self.assertEqual(self.await_card("resolved", rule="PersistentVolumeFillingUp", seconds=60)["id"], card["id"])
        self.assert_nothing_repeated()

    def test_memory_of_a_node_crosses_and_clears_through_the_node_proxy(self):
        """R12"""
        namespace = self.namespace("nodes")
        kubelet = self.kubelet(f"{namespace.name}-node")
        self.agent(rules=NODE_WORKING_SET % kubelet.name, defaults=False, metrics={"every": "1s", "kubelets": True}).start()
        kubelet.memory = 5 * GIB
        card = self.await_card(rule="E2ENodeWorkingSet", seconds=60)
        self.assertIn(f"{kubelet.name} works with 5", card["title"])
        kubelet.memory = 3 * GIB
        self.assertEqual(self.await_card("resolved", rule="E2ENodeWorkingSet", seconds=60)["id"], card["id"])
        self.assert_nothing_repeated()

    def test_memory_of_a_node_crosses_and_clears_the_default_rule_through_metrics_server(self):
        """R12"""
        namespace = self.namespace("nodes")
        kubelet = self.kubelet(f"{namespace.name}-node")
        kubelet.memory = 7.5 * GIB
        self.agent(rules=impatient(NodeMemoryHigh="1s"), metrics={"every": "1s"}).start()
        card = self.await_card(rule="NodeMemoryHigh", seconds=120)
        self.assertIn(f"Node {kubelet.name} uses 93.8% of its memory", card["title"])
        kubelet.memory = GIB
        self.assertEqual(self.await_card("resolved", rule="NodeMemoryHigh", seconds=120)["id"], card["id"])
        self.assert_nothing_repeated()

    def test_rule_of_a_metrics_api_that_was_never_there_is_unavailable_and_silent(self):
        """R13"""
        cluster = clusters.second()
        namespace = self.namespace("never", cluster)
        pod = namespace.pod("hungry")
        pod["spec"]["containers"][0]["resources"]["limits"] = {"memory": "400Mi"}
        namespace.create(pod)
        agent = self.agent(rules=MEMORY % namespace.name + UNUSED % namespace.name, defaults=False,
                           clusters={"main": cluster.kubeconfig}, metrics={"every": "1s"}).start()
        eventually(lambda: agent.metric("klaw_metric_source_failures_total", source="metrics.k8s.io/pods") >= 3, 60,
                   "three looks at the metrics API")
        for rule in ("E2EMemoryNearLimit", "E2EMemoryUnused"):
            self.assert_unavailable(agent, rule, firing=0)
        self.assertEqual(self.receiver.cards(), [])

    def test_metrics_api_that_is_gone_is_told_of_once_and_resolves_nothing(self):
        """R13"""
        namespace = self.namespace("gone")
        pod = namespace.pod("hungry")
        pod["metadata"]["annotations"] = {"kwok.x-k8s.io/usage-memory": "390Mi", "kwok.x-k8s.io/usage-cpu": "10m"}
        pod["spec"]["containers"][0]["resources"]["limits"] = {"memory": "400Mi"}
        namespace.create(pod)
        agent = self.agent(rules=MEMORY % namespace.name + UNUSED % namespace.name + SOON_SILENT, metrics={"every": "1s"}).start()
        card = self.await_card(rule="E2EMemoryNearLimit", seconds=120)
        self.cluster.stop("metrics-server")
        self.addCleanup(self.cluster.start, "metrics-server")
        silent = self.await_card(rule="MetricsSourceSilent", seconds=60)
        self.assertIn("No data from metrics.k8s.io/", silent["title"])
        self.assert_unavailable(agent, "E2EMemoryNearLimit", firing=1)
        self.assert_unavailable(agent, "E2EMemoryUnused", firing=0)
        self.assertEqual(self.receiver.cards(status="resolved", rule="E2EMemoryNearLimit"), [])
        self.cluster.start("metrics-server")
        self.assertEqual(self.await_card("resolved", rule="MetricsSourceSilent", seconds=120)["id"], silent["id"])
        self.assertEqual(self.receiver.cards(status="resolved", rule="E2EMemoryNearLimit"), [])
        self.assertEqual([each["id"] for each in self.receiver.cards(rule="E2EMemoryNearLimit")], [card["id"]])
        self.assertEqual(self.receiver.cards(rule="E2EMemoryUnused"), [])
        eventually(lambda: not self.row_of(agent, "E2EMemoryNearLimit")["remark"], 60, lambda: agent.do("rules").stdout)
        self.assert_nothing_repeated()

    def test_kubelets_are_asked_when_that_is_configured_and_their_refusal_is_named(self):
        """API servers proxy to no kubelet on loopback, where all of this cluster's are."""
        namespace = self.namespace("kubelets")
        agent = self.agent(rules=WORKING_SET % namespace.name, defaults=False, metrics={"every": "1s"}).start()
        self.assertIn("unavailable: the kubelets are not asked", agent.do("rules").stdout)
        agent.config["metrics"] = {"every": "1s", "kubelets": True}
        agent.write_config()
        agent.reload()
        eventually(lambda: "kubelet node-1 resource: " in agent.get("/readyz")[1], 20, lambda: agent.get("/readyz")[1])
        self.assertIn("address not allowed", agent.get("/readyz")[1])
        self.assertIn("unavailable: kubelet node-", agent.do("rules").stdout)

    def test_pods_that_ask_for_it_are_scraped(self):
        page = self.page('queue_length{queue="mail"} 11\n')
        namespace = self.namespace("annotated")
        pod = namespace.pod("queues")
        pod["spec"]["hostNetwork"] = True  # so that its address is that of this machine
        pod["metadata"]["annotations"] = {"prometheus.io/scrape": "true", "prometheus.io/port": str(page.port)}
        pod["metadata"]["labels"] = {"app": "queues"}
        namespace.create(pod)
        self.agent(rules=QUEUE.replace("labels.team", "labels.pod"), defaults=False,
                   metrics={"every": "1s", "pods": True}).start()
        card = self.await_card(rule="E2EQueueLong", seconds=60)
        self.assertIn("mail has 11 waiting for queues", card["title"])
        self.assertIn(namespace.name, card["subtitle"])
        page.text = 'queue_length{queue="mail"} 1\n'
        self.await_card("resolved", rule="E2EQueueLong")

    def test_page_in_the_text_format_is_read_and_its_loss_is_no_all_clear(self):
        page = self.page('# TYPE queue_length gauge\nqueue_length{queue="mail"} 11\nqueue_length{queue="print"} 99\n')
        agent = self.agent(rules=QUEUE, defaults=False, metrics={
            "every": "1s", "targets": [{"name": "queues", "url": page.url, "labels": {"team": "ops"}}]}).start()
        card = self.await_card(rule="E2EQueueLong")
        self.assertIn("mail has 11 waiting for ops", card["title"])
        page.text = "this is no metric at all {"
        eventually(lambda: "line 1" in agent.get("/readyz")[1], 20, lambda: f"the trouble to be named: {agent.get('/readyz')}")
        self.assertIn("queues", agent.do("clusters").stdout)
        self.assertEqual(self.receiver.cards(status="resolved", rule="E2EQueueLong"), [])
        page.text = 'queue_length{queue="mail"} 3\n'
        self.assertEqual(self.await_card("resolved", rule="E2EQueueLong")["id"], card["id"])

    def test_value_between_threshold_and_clear_keeps_what_fires_also_after_a_kill(self):
        page = self.page('queue_length{queue="mail"} 11\n')
        rules = QUEUE.replace('threshold: "> 10"', 'threshold: "> 10"\n    clear: "< 5"')
        agent = self.agent(rules=rules, defaults=False, metrics={
            "every": "1s", "targets": [{"name": "queues", "url": page.url, "labels": {"team": "ops"}}]}).start()
        card = self.await_card(rule="E2EQueueLong")
        page.text = 'queue_length{queue="mail"} 7\n'
        agent.kill()
        agent.start()
        eventually(lambda: agent.metric("klaw_metric_source_up", source="queues") == 1, 20, "a look at the page")
        page.text = 'queue_length{queue="mail"} 4\n'
        self.assertEqual(self.await_card("resolved", rule="E2EQueueLong")["id"], card["id"])
        looked = [delivery.card["status"] for delivery in self.receiver.deliveries() if delivery.id == card["id"]]
        self.assertEqual(looked.count("resolved"), 1)
        self.assert_nothing_repeated()

    def test_card_shows_the_course_of_the_readings(self):
        """I3"""
        page = self.page('queue_length{queue="mail"} 11\n')
        self.agent(rules=COURSE, defaults=False, metrics={
            "every": "1s", "targets": [{"name": "queues", "url": page.url}]}).start()
        card = self.await_card(rule="E2ECourse")
        self.assertRegex(card["chart"]["blocks"], "^▃{3,}$")
        page.text = 'queue_length{queue="mail"} 1\n'
        card = self.await_card("resolved", rule="E2ECourse")
        self.assertRegex(card["chart"]["blocks"], "^[▁▂▃▅▇]{3,}$")
        self.assertEqual(card["chart"]["least"], "1", "how it went on")

    def test_expression_is_asked_of_a_real_prometheus(self):
        page = self.page('queue_errors{service="shop",pod="a"} 4\nqueue_errors{service="shop",pod="b"} 3\n')
        prometheus = Prometheus(self.directory / "prometheus")
        self.addCleanup(prometheus.end)
        prometheus.start([f"127.0.0.1:{page.port}"])
        self.agent(rules=ERRORS, defaults=False, metrics={"prometheus": [{"url": prometheus.url}]}).start()
        card = self.await_card(rule="E2EErrors")
        self.assertIn("shop fails 7 times", card["title"])
        page.text = 'queue_errors{service="shop",pod="a"} 1\n'
        self.assertEqual(self.await_card("resolved", rule="E2EErrors")["id"], card["id"])

    def test_rule_whose_source_is_absent_says_unavailable(self):
        agent = self.agent(rules=ERRORS, defaults=False).start()
        self.assertIn("unavailable: no Prometheus server is configured", agent.do("rules").stdout)

    def test_expression_that_prometheus_refuses_is_named_with_its_words(self):
        prometheus = Prometheus(self.directory / "prometheus")
        self.addCleanup(prometheus.end)
        prometheus.start([])
        agent = self.agent(rules=ERRORS.replace("sum by (service) (queue_errors)", "sum by ("), defaults=False,
                           metrics={"prometheus": [{"url": prometheus.url}]}).start()
        eventually(lambda: "parse error" in agent.do("rules").stdout, 20, lambda: agent.do("rules").stdout)

    def test_own_histogram_tells_how_long_after_an_event_its_card_was_answered(self):
        """M3"""
        agent = self.agent(rules=EVENTS, defaults=False).start()
        namespace = self.namespace("latency")
        count = 50
        for i in range(count):
            namespace.create({
                "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"timed-{i}", "namespace": namespace.name},
                "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace.name, "name": f"web-{i}", "uid": f"u-{i}"},
                "type": "Warning", "reason": "E2ELoad", "message": "again", "action": "Test", "reportingComponent": "klaw.test/e2e",
                "reportingInstance": "e2e", "eventTime": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
        name = "klaw_event_card_latency_seconds"
        eventually(lambda: agent.metric(f"{name}_count", channel="hook") == count, 20,
                   lambda: f"{count} cards to be measured: {agent.metric(f'{name}_count')}")
        buckets = sorted((float(series.split('le="')[1].split('"')[0]), value) for series, value in agent.metrics().items()
                         if series.startswith(f"{name}_bucket"))
        p50, p99 = (next(bound for bound, value in buckets if value >= count * share) for share in (0.5, 0.99))
        self.assertLess(p50, 2.5, buckets)  # of which the call that makes the Event takes the most
        self.assertLess(p99, 60, buckets)
        self.assertGreater(agent.metric(f"{name}_sum"), agent.metric("klaw_card_latency_seconds_sum"))
        self.assert_promtool_is_pleased(agent)

    def assert_promtool_is_pleased(self, agent):
        status, text = agent.get("/metrics")
        self.assertEqual(status, 200)
        checked = subprocess.run([program("prometheus", "promtool"), "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_own_metrics_please_promtool(self):
        """M3"""
        page = self.page('queue_length{queue="mail"} 11\n')
        agent = self.agent(rules=QUEUE, defaults=False, metrics={
            "every": "1s", "targets": [{"name": "queues", "url": page.url, "labels": {"team": "ops"}}]}).start()
        self.await_card(rule="E2EQueueLong")
        eventually(lambda: agent.metric("klaw_card_latency_seconds_count") >= 1, 10, "the card to be counted")
        self.assert_promtool_is_pleased(agent)
