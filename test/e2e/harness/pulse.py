"""Somebody outside who waits for signs of life."""
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.ports import free_port


class Pulse:
    def __init__(self):
        self._lock = threading.Lock()
        self._beats = []
        pulse = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with pulse._lock:
                    pulse._beats.append(time.monotonic())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/ping/secret-of-the-pulse"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def beats(self):
        with self._lock:
            return len(self._beats)
