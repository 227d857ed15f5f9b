"""Where the files are: ours beside the tests, third-party ones beside the repository (never copied)."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "tunes"


@pytest.fixture(scope="session")
def synthetic():
    """(bytes, name) of one of our own tunes, by name."""

    def load(name: str) -> tuple[bytes, str]:
        return (DATA / "synthetic_msq" / name).read_bytes(), name

    return load


@pytest.fixture(scope="session")
def rom():
    """(bytes, name) of one of our own images or definitions, by name."""

    def load(name: str) -> tuple[bytes, str]:
        return (DATA / "synthetic_rom" / name).read_bytes(), name

    return load


@pytest.fixture(scope="session")
def shared():
    """(bytes, name) of a third-party file; skips where it is absent."""

    def load(name: str) -> tuple[bytes, str]:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"third-party tune {name} is not beside the repository (../shared/tunes)")
        return path.read_bytes(), name

    return load


def manifest() -> list[dict]:
    """The third-party files with role and vehicle; empty where they are absent."""
    path = SHARED / "manifest.json"
    return json.loads(path.read_text())["items"] if path.exists() else []


def expected() -> dict:
    return json.loads((DATA / "synthetic_msq" / "expected.json").read_text())


@pytest.fixture
def shop(tmp_path, settings):
    """Files in a folder of their own and no cache: the shelf's version moves at commit, which tests never reach."""
    settings.MEDIA_ROOT = tmp_path
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture
def shown_by():
    """A server of one page with its policy: `with shown_by(content, policy) as address`."""

    @contextmanager
    def serve(content: bytes, policy: str):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()

    return serve
