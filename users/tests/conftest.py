"""What tests of identity need: empty outboxes, and throttles that they can switch on."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from django.core import mail

from core import throttling
from users.tests.outbox import Outbox, Pushes


@pytest.fixture(autouse=True)
def _empty_outboxes():
    Outbox.messages.clear()
    Pushes.sent.clear()
    mail.outbox = []


@pytest.fixture
def throttled(settings, monkeypatch):
    """`throttled(register="2/h")`: these limits count, in this process."""
    monkeypatch.setattr(throttling, "counter", lambda: throttling.local)
    throttling.local.clear()

    def switch(**rates):
        settings.THROTTLES = {**dict.fromkeys(settings.THROTTLES, "off"), **rates}

    return switch


@pytest.fixture
def local_server():
    """`local_server(answer)` -> URL of a real HTTP server; `answer(path, body, headers)` gives a status, or that and
    a body."""
    servers = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.loads(raw) if raw[:1] == b"{" else dict(parse_qsl(raw.decode()))
                told = answer(self.path, body, self.headers)
                status, content = told if isinstance(told, tuple) else (told, {})
                text = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
