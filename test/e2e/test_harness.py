"""The harness itself: a receiver, a proxy and clusters that the other tests may rely on."""
import hashlib
import hmac
import http.client
import json
import socket
import time
import unittest

from harness import cluster as clusters
from harness.proxy import Proxy, api_proxy
from harness.receiver import Receiver
from harness.waiting import eventually


def card(identity, status="firing", revision=1, rule="R"):
    return {"version": 1, "event": "card.sent" if revision == 1 else "card.updated",
            "card": {"id": identity, "status": status, "revision": revision, "footer": {"rule": rule}, "subtitle": "c · ns"}}


class ReceiverTest(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def post(self, message, key, secret=None, timestamp=None):
        body = json.dumps(message).encode()
        timestamp = str(int(time.time()) if timestamp is None else timestamp)
        digest = hmac.new((secret or self.receiver.secret).encode(), timestamp.encode() + b"." + body, hashlib.sha256)
        connection = http.client.HTTPConnection("127.0.0.1", self.receiver.port, timeout=5)
        try:
            connection.request("POST", "/hook", body, {"Idempotency-Key": key, "X-Klaw-Timestamp": timestamp,
                                                       "X-Klaw-Signature": "sha256=" + digest.hexdigest()})
            return connection.getresponse().status
        finally:
            connection.close()

    def test_signed_card_is_taken(self):
        self.assertEqual(self.post(card("a"), "k1"), 200)
        self.assertEqual([c["id"] for c in self.receiver.cards(rule="R", where="ns")], ["a"])

    def test_wrong_secret_and_old_timestamp_are_refused(self):
        self.assertEqual(self.post(card("a"), "k1", secret="other"), 401)
        self.assertEqual(self.post(card("a"), "k2", timestamp=int(time.time()) - 4000), 401)
        self.assertEqual((self.receiver.cards(), len(self.receiver.refused())), ([], 2))

    def test_repetition_with_the_same_key_counts_once(self):
        self.post(card("a"), "k1")
        self.assertEqual(self.post(card("a"), "k1"), 200)
        self.assertEqual((len(self.receiver.deliveries()), len(self.receiver.repetitions())), (1, 1))
        self.assertEqual(self.receiver.duplicates(), [])

    def test_same_card_sent_anew_with_another_key_is_a_duplicate(self):
        self.post(card("a"), "k1")
        self.post(card("a"), "k2")
        self.assertEqual([d.id for d in self.receiver.duplicates()], ["a"])

    def test_update_replaces_the_card(self):
        self.post(card("a"), "k1")
        self.post(card("a", "resolved", 2), "k2")
        self.assertEqual([c["status"] for c in self.receiver.cards()], ["resolved"])

    def test_lost_reply_is_a_taken_card(self):
        self.receiver.answer_next(1, status=None, accept=True)
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.post(card("a"), "k1")
        self.assertEqual(self.post(card("a"), "k1"), 200)
        self.assertEqual((len(self.receiver.deliveries()), len(self.receiver.repetitions())), (1, 1))

    def test_refusal_is_no_taken_card(self):
        self.receiver.answer_next(1, status=503)
        self.assertEqual(self.post(card("a"), "k1"), 503)
        self.assertEqual(self.receiver.cards(), [])


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        self.proxy = Proxy(self.server.getsockname()[1])
        self.addCleanup(self.proxy.close)

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5)
        self.addCleanup(client.close)
        upstream, _ = self.server.accept()
        self.addCleanup(upstream.close)
        return client, upstream

    def test_passes_both_ways(self):
        client, upstream = self.connect()
        client.sendall(b"question")
        self.assertEqual(upstream.recv(100), b"question")
        upstream.sendall(b"answer")
        self.assertEqual(client.recv(100), b"answer")

    def test_cuts_in_the_middle_of_a_line(self):
        client, upstream = self.connect()
        self.proxy.cut_after("needle")
        upstream.sendall(b"one line\n{\"name\":\"needle-1\"}\n")
        received = b""
        while data := client.recv(100):
            received += data
        self.assertEqual(received, b"one line\n{\"name\":\"needle")
        self.assertEqual(self.proxy.cuts, 1)

    def test_cuts_where_the_text_comes_in_pieces(self):
        client, upstream = self.connect()
        self.proxy.cut_after("needle")
        upstream.sendall(b"nee")
        self.assertEqual(client.recv(100), b"nee")
        upstream.sendall(b"dle and more")
        received = b""
        while data := client.recv(100):
            received += data
        self.assertEqual(received, b"dle")

    def test_stalls_and_resumes(self):
        client, upstream = self.connect()
        self.proxy.stall()
        upstream.sendall(b"late")
        client.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            client.recv(100)
        self.proxy.resume()
        client.settimeout(5)
        self.assertEqual(client.recv(100), b"late")

    def test_cuts_all_at_once_and_refuses(self):
        client, _ = self.connect()
        eventually(self.proxy.cut_now, 5, "a connection to cut")
        with self.assertRaises(OSError):
            if client.recv(1) == b"":
                raise ConnectionResetError
        self.proxy.refuse()
        with self.assertRaises(OSError):
            late = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5)
            if late.recv(1) == b"":
                raise ConnectionResetError


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.cluster = clusters.shared()

    def test_proxied_api_server_speaks_plain_http_and_is_cut_in_mid_line(self):
        proxy = api_proxy(self.cluster)
        self.addCleanup(proxy.close)
        namespace = self.cluster.namespace("harness-proxy")
        self.addCleanup(namespace.remove)
        client = socket.create_connection(("127.0.0.1", proxy.port), timeout=30)
        self.addCleanup(client.close)
        client.sendall(f"GET /api/v1/namespaces/{namespace.name}/pods?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = client.recv(65536)
        self.assertTrue(received.startswith(b"HTTP/1.1 200"), received)
        proxy.cut_after('"name":"needle-2')
        namespace.create(namespace.pod("needle-1"), namespace.pod("needle-2"))
        while data := client.recv(65536):
            received += data
        self.assertIn(b'"needle-1"', received)
        self.assertTrue(received.endswith(b'"name":"needle-2'), received[-200:])
        self.assertEqual(proxy.cuts, 1)

    def test_resumed_watch_gets_410_after_compaction_and_restart(self):
        before = json.loads(self.cluster.kubectl("get", "--raw", "/api/v1/pods?limit=1"))["metadata"]["resourceVersion"]
        self.cluster.kubectl("create", "configmap", "harness-later", "-n", "default")
        self.addCleanup(self.cluster.kubectl, "delete", "configmap", "harness-later", "-n", "default")
        self.cluster.compact()
        self.cluster.restart_api_server()
        text = self.cluster.kubectl("get", "--raw", f"/api/v1/pods?watch=1&resourceVersion={before}&timeoutSeconds=5")
        self.assertIn('"code":410', text)

    def test_trouble_comes_and_goes(self):
        namespace = self.cluster.namespace("harness-trouble")
        self.addCleanup(namespace.remove)
        namespace.trouble("make", "unschedulable")
        pods = self.cluster.get("pods", "-n", namespace.name)["items"]
        self.assertEqual([pod["status"]["conditions"][0]["reason"] for pod in pods], ["Unschedulable"])
        namespace.trouble("mend", "unschedulable")
        eventually(lambda: [pod["status"]["phase"] for pod in self.cluster.get("pods", "-n", namespace.name)["items"]] ==
                   ["Running"], 30, "one running pod")


if __name__ == "__main__":
    unittest.main()
