"""A webhook receiver as README tells its users to write one: it checks the signature, and takes a request with an
Idempotency-Key that it knows for a repetition."""
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.ports import free_port

SECRET = "end-to-end secret"


@dataclass(frozen=True)
class Delivery:
    at: float  # seconds since the epoch
    key: str
    event: str  # card.sent or card.updated
    card: dict
    notices: tuple

    @property
    def id(self):
        return self.card["id"]

    @property
    def status(self):
        return self.card["status"]


class Receiver:
    """Collects cards on http://127.0.0.1:<port>/hook until closed. Usable from any thread."""

    def __init__(self, secret=SECRET):
        self.secret = secret
        self._lock = threading.Lock()
        self._deliveries = []
        self._keys = {}
        self._repetitions = []
        self._refused = []
        self._answers = []
        self._connections = set()
        self.before_answer = None  # called with each new delivery once it is noted, before the answer goes out
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with receiver._lock:
                    receiver._connections.add(self.connection)

            def finish(self):
                with receiver._lock:
                    receiver._connections.discard(self.connection)
                super().finish()

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver._take(self, body)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def server_activate(self):
                super().server_activate()
                self.socket.setblocking(False)  # a client that has gone again must not hold the server's loop

            def handle_error(self, *_):
                pass  # a client that was killed

        self._server = Server(("127.0.0.1", free_port()), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        """Also of the connections that a client keeps: their threads would answer on."""
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def answer_next(self, count, status=503, headers=None, accept=False):
        """The next `count` requests get this answer; with status None the connection is cut without one. With accept
        the request counts nevertheless: its reply is what got lost."""
        with self._lock:
            self._answers += [(status, headers or {}, accept)] * count

    def recover(self):
        """Takes everything again."""
        with self._lock:
            self._answers.clear()

    def _take(self, handler, body):
        problem = self._problem(handler.headers, body)
        with self._lock:
            status, headers, accept = self._answers.pop(0) if self._answers else (200, {}, True)
            delivery = None
            if problem:
                self._refused.append(problem)
                status = 401
            elif accept:
                delivery = self._note(handler.headers["Idempotency-Key"], body)
        if delivery and self.before_answer:
            self.before_answer(delivery)
        if status is None:
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _problem(self, headers, body):
        timestamp = headers.get("X-Klaw-Timestamp", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
            return f"timestamp {timestamp!r}"
        message = timestamp.encode() + b"." + body
        expected = "sha256=" + hmac.new(self.secret.encode(), message, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, headers.get("X-Klaw-Signature", "")):
            return "signature"
        if not headers.get("Idempotency-Key"):
            return "no Idempotency-Key"
        return None

    def _note(self, key, body):
        text = json.loads(body)
        delivery = Delivery(time.time(), key, text["event"], text["card"], tuple(map(str, text.get("notices", []))))
        if key in self._keys:
            self._repetitions.append(delivery)
            return None
        self._keys[key] = delivery
        self._deliveries.append(delivery)
        return delivery

    def deliveries(self, **wanted):
        """In order of arrival, without repetitions. Filters as in cards()."""
        with self._lock:
            return [delivery for delivery in self._deliveries if matches(delivery.card, **wanted)]

    def repetitions(self):
        with self._lock:
            return list(self._repetitions)

    def refused(self):
        with self._lock:
            return list(self._refused)

    def cards(self, status=None, **wanted):
        """The newest state of each card, as people would see them in a chat: rule=, where= (part of the title,
        the subtitle or an affected thing; or several such parts), status=."""
        newest = {}
        for delivery in self.deliveries():
            present = newest.get(delivery.id)
            if present is None or delivery.card.get("revision", 0) >= present.get("revision", 0):
                newest[delivery.id] = delivery.card
        return [card for card in newest.values()
                if matches(card, **wanted) and (status is None or card["status"] == status)]

    def duplicates(self):
        """Cards that were sent as new more than once: what a person would see as two messages for one problem."""
        seen, result = set(), []
        for delivery in self.deliveries():
            if delivery.event == "card.sent":
                if delivery.id in seen:
                    result.append(delivery)
                seen.add(delivery.id)
        return result


def matches(card, rule=None, where=None):
    if rule is not None and card.get("footer", {}).get("rule") != rule:
        return False
    places = [card.get("subtitle", ""), card.get("title", "")] + [thing["name"] for thing in card.get("affected", [])]
    parts = [where] if isinstance(where, str) else where or []
    return all(any(part in place for place in places) for part in parts)


def texts(card):
    """Everything in a card that a person reads, as one text."""
    parts = [card.get("title", ""), card.get("subtitle", "")]
    parts += [f"{fact['name']} {fact['value']}" for fact in card.get("facts", [])]
    parts += [f"{thing['name']} {thing.get('detail', '')}" for thing in card.get("affected", [])]
    for section in card.get("sections", []):
        parts += [section.get("heading", "")] + section.get("lines", [])
    parts += card.get("footer", {}).get("notes", [])
    return "\n".join(parts)
