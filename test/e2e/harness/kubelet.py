"""A kubelet as far as its pages of metrics go, on an address of this machine that API servers are willing to dial."""
import collections
import contextlib
import http.server
import ipaddress
import json
import ssl
import subprocess
import threading
import time

from harness.ports import free_port

SPARE_ADDRESS = "10.254.254.1"


def _addresses():
    listed = json.loads(subprocess.run(["ip", "-json", "-4", "address", "show", "up"], check=True, capture_output=True).stdout)
    return [each["local"] for link in listed for each in link.get("addr_info", [])]


@contextlib.contextmanager
def dialled_address():
    """An address of this machine that is neither loopback nor link-local: API servers proxy to no other. Where there is
    none the loopback device lends its own to one."""
    for address in map(ipaddress.ip_address, _addresses()):
        if not (address.is_loopback or address.is_link_local):
            yield str(address)
            return
    subprocess.run(["ip", "address", "add", f"{SPARE_ADDRESS}/32", "dev", "lo"], check=True)
    try:
        yield SPARE_ADDRESS
    finally:
        subprocess.run(["ip", "address", "del", f"{SPARE_ADDRESS}/32", "dev", "lo"], check=True)


def _certificate(pki, directory, address):
    """Signed by the authority by which the API server knows kubelets; the path of the file with its key."""
    key, request, names, certificate = (directory / f"kubelet.{end}" for end in ("key", "csr", "names", "crt"))
    names.write_text(f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth\n")
    for command in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=kubelet",
                     "-keyout", key, "-out", request],
                    ["x509", "-req", "-in", request, "-CA", pki / "ca.crt", "-CAkey", pki / "ca.key", "-set_serial",
                     str(time.time_ns()), "-days", "2", "-extfile", names, "-out", certificate]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return certificate, key


class Kubelet:
    """Serves /metrics/resource and /stats/summary of the node `name` to those who have a certificate of the cluster."""

    def __init__(self, cluster, directory, name, address):
        self.cluster, self.name, self.address = cluster, name, address
        self.memory = 1 << 30  # bytes, of the 8 GiB that the node has
        self.volumes = {}  # (namespace, claim) → (used, capacity) in bytes
        self.asked = collections.Counter()  # path → how often it was answered
        self._began = time.time()
        kubelet = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.split("?")[0]
                page = {"/metrics/resource": kubelet.resource, "/stats/summary": kubelet.summary}.get(path)
                body = page().encode() if page else b"404 page not found"
                self.send_response(200 if page else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                kubelet.asked[path] += 1

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that has gone, or without a certificate

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*_certificate(cluster.pki, directory, address))
        context.load_verify_locations(cluster.pki / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = Server((address, free_port()), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.cluster.kubectl("delete", "node", self.name, "--wait=false", "--ignore-not-found")
        self._server.shutdown()
        self._server.server_close()

    def register(self):
        """Its Node is ready from the start and has no phase: kwok renews its lease and leaves its status alone."""
        room = {"cpu": "8", "memory": "8Gi", "pods": "110"}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.cluster.kubectl("create", "-f", "-", manifest=[{
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": self.name, "labels": {"kubernetes.io/hostname": self.name}},
            "spec": {"taints": [{"key": "klaw.test/own", "effect": "NoSchedule"}]},
            "status": {"capacity": room, "allocatable": room,
                       "addresses": [{"type": "InternalIP", "address": self.address}, {"type": "Hostname", "address": self.name}],
                       "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
                       "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "posting ready status",
                                       "lastHeartbeatTime": now, "lastTransitionTime": now}]}}])

    def resource(self):
        """With the times of the readings, as kubelets write it."""
        now = time.time()
        return (f"# TYPE node_cpu_usage_seconds_total counter\n"
                f"node_cpu_usage_seconds_total {100 + (now - self._began) / 2:.6f} {now * 1000:.0f}\n"
                f"# TYPE node_memory_working_set_bytes gauge\n"
                f"node_memory_working_set_bytes {self.memory} {now * 1000:.0f}\n"
                f"# TYPE resource_scrape_error gauge\nresource_scrape_error 0\n")

    def summary(self):
        volumes = [{"name": claim, "pvcRef": {"namespace": namespace, "name": claim}, "usedBytes": used, "capacityBytes": capacity,
                    "availableBytes": capacity - used, "inodes": 1000, "inodesFree": 900, "inodesUsed": 100}
                   for (namespace, claim), (used, capacity) in self.volumes.items()]
        pods = [{"podRef": {"namespace": volume["pvcRef"]["namespace"], "name": "database-0", "uid": "u-0"}, "volume": [volume]}
                for volume in volumes]
        return json.dumps({"node": {"nodeName": self.name}, "pods": pods})
