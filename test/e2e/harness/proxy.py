"""A TCP proxy that can be told to misbehave. In front of an API server it speaks TLS upstream as the administrator and
plain HTTP to the client, so that it sees the watch lines and can cut them where it wants."""
import json
import select
import socket
import ssl
import struct
import threading
import time

from harness.ports import free_port


class Proxy:
    def __init__(self, upstream_port, tls=None):
        """`tls`: a client SSLContext for upstream, or None to pass the bytes as they are."""
        self._upstream_port, self._tls = upstream_port, tls
        self._lock = threading.Lock()
        self._open = set()
        self._asked = {}
        self._cut_after = None
        self._cuts_left = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._stall_after = None
        self._refusing = False
        self._delay = 0
        self._told = None
        self.cuts = 0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", free_port()), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self):
        # A thread that still waits on the listener's number would take the connections of whoever gets it next.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(10)
        self._listener.close()
        self.resume()
        self.cut_now()

    def cut_after(self, text, times=1):
        """Cuts a connection in the middle of the line in which the server says `text`, the next `times` times."""
        with self._lock:
            self._cut_after, self._cuts_left = text.encode(), times

    def cut_now(self):
        with self._lock:
            for pair in self._open:
                cut(*pair)
            return len(self._open)

    def under_way(self, text):
        """How many connections are open whose last request has `text` in its first line."""
        with self._lock:
            return sum(text.encode() in line for pair, line in self._asked.items() if pair in self._open)

    def stall(self):
        """Passes nothing more from the server, and keeps every connection open."""
        self._flowing.clear()

    def resume(self):
        self._flowing.set()

    def stall_after(self, text):
        """Passes nothing more from the server once a request with `text` has been passed to it."""
        self._stall_after = text.encode()

    def stalled(self):
        return not self._flowing.is_set()

    def slow_down(self, seconds):
        """Everything from the server comes so much later."""
        self._delay = seconds

    def answer(self, text, body):
        """Requests with `text` in their first line are answered here, with `body`."""
        self._told = (text.encode(), body.encode())

    def refuse(self, refusing=True):
        """New connections are accepted and reset at once."""
        self._refusing = refusing

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                reset(client)
                continue
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        """One thread owns a connection's two ends; others only shut them down, so that no number of a closed one is
        used again under its hands."""
        try:
            upstream = socket.create_connection(("127.0.0.1", self._upstream_port))
            if self._tls:
                upstream = self._tls.wrap_socket(upstream, server_hostname="localhost")
        except OSError:
            reset(client)
            return
        pair = (client, upstream)
        with self._lock:
            self._open.add(pair)
        try:
            self._pass(client, upstream)
        except (OSError, ValueError):
            pass
        with self._lock:
            self._open.discard(pair)
            self._asked.pop(pair, None)
            for end in pair:
                end.close()

    def _pass(self, client, upstream):
        tail = b""
        while True:
            waiting = self._tls and upstream.pending() and self._flowing.is_set()
            wanted = [client, upstream] if self._flowing.is_set() else [client]
            readable = select.select(wanted, [], [], 0 if waiting else 0.05)[0]
            if client in readable:
                data = client.recv(65536)
                if not data:
                    return
                if self._told and self._told[0] in data.split(b"\r\n")[0]:
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(self._told[1])
                    client.sendall(head + self._told[1])
                    continue
                with self._lock:
                    self._asked[client, upstream] = data.split(b"\r\n")[0]
                upstream.sendall(data)
                if self._stall_after and self._stall_after in data:
                    self._stall_after = None
                    self.stall()
            if (waiting or upstream in readable) and self._flowing.is_set():
                data = self._received(upstream)
                if data is None:
                    continue
                if not data:
                    return
                time.sleep(self._delay)
                end = self._where_to_cut(tail, data)
                client.sendall(data[:end])
                if end is not None:
                    return
                tail = data[-256:]

    @staticmethod
    def _received(upstream):
        """None when what arrived was TLS's own business, such as a session ticket: waiting for more would keep the
        client's request from going out."""
        upstream.setblocking(False)
        try:
            return upstream.recv(65536)
        except (ssl.SSLWantReadError, BlockingIOError):
            return None
        finally:
            upstream.setblocking(True)

    def _where_to_cut(self, tail, data):
        with self._lock:
            if self._cuts_left == 0:
                return None
            at = (tail + data).find(self._cut_after)
            if at < 0:
                return None
            end = at + len(self._cut_after) - len(tail)
            if end <= 0:
                return None  # was in the piece before, when nobody had asked yet
            self._cuts_left -= 1
            self.cuts += 1
            return end


def api_proxy(cluster):
    """In front of a test cluster's API server, with the administrator's rights."""
    context = ssl.create_default_context(cafile=str(cluster.pki / "ca.crt"))
    context.load_cert_chain(cluster.pki / "admin.crt", cluster.pki / "admin.key")
    return Proxy(cluster.port, context)


def proxied_kubeconfig(proxy, path):
    """Of a client that goes through a proxy with the administrator's rights."""
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "proxied",
        "clusters": [{"name": "proxied", "cluster": {"server": f"http://127.0.0.1:{proxy.port}"}}],
        "users": [{"name": "proxied", "user": {}}],
        "contexts": [{"name": "proxied", "context": {"cluster": "proxied", "user": "proxied"}}]}))
    return path


def cut(*ends):
    """From any thread; whoever owns them notices and closes them, which resets the connection."""
    for end in ends:
        try:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.socket.shutdown(end, socket.SHUT_RDWR)  # not SSLSocket's, which would go on in plain text
        except OSError:
            pass


def reset(end):
    cut(end)
    end.close()
