"""A TCP proxy that can be told to misbehave. In front of an API server it speaks TLS upstream as the administrator and
plain HTTP to the client, so that it sees the watch lines and can cut them where it wants."""
import socket
import ssl
import struct
import threading


class Proxy:
    def __init__(self, upstream_port, tls=None):
        """`tls`: a client SSLContext for upstream, or None to pass the bytes as they are."""
        self._upstream_port, self._tls = upstream_port, tls
        self._lock = threading.Lock()
        self._open = set()
        self._cut_after = None
        self._cuts_left = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._refusing = False
        self.cuts = 0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        self.resume()
        self.cut_now()

    def cut_after(self, text, times=1):
        """Cuts a connection in the middle of the line in which the server says `text`, the next `times` times."""
        with self._lock:
            self._cut_after, self._cuts_left = text.encode(), times

    def cut_now(self):
        with self._lock:
            pairs = list(self._open)
        for pair in pairs:
            reset(*pair)
        return len(pairs)

    def stall(self):
        """Passes nothing more from the server, and keeps every connection open."""
        self._flowing.clear()

    def resume(self):
        self._flowing.set()

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
        upward = threading.Thread(target=self._pass, args=(client, upstream), daemon=True)
        upward.start()
        self._pass_down(upstream, client)
        with self._lock:
            self._open.discard(pair)
        for end in pair:
            close(end)

    def _pass(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except (OSError, ValueError):
            pass
        close(target)

    def _pass_down(self, source, target):
        tail = b""
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                end = self._where_to_cut(tail, data)
                if end is not None:
                    target.sendall(data[:end])
                    finish(target)
                    return
                target.sendall(data)
                tail = data[-256:]
        except (OSError, ValueError):
            pass

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


def finish(end):
    """Sends what was written, then ends the connection."""
    try:
        end.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    close(end)


def close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


def reset(*ends):
    for end in ends:
        try:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        close(end)
