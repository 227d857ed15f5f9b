"""The applications that are compared: each in one worker process, each with a database of its own kind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

from core.devserver import companion

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LIVES = time.clock_gettime if sys.platform == "linux" else None


@dataclass
class Peer:
    """One running application: how to ask it, and what it and its database connections have cost so far."""

    name: str
    port: int
    database: str  # URL
    tokens: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)  # what sections filled in
    environment: dict[str, str] = field(default_factory=dict)  # what its server was told

    def __post_init__(self) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self._watch = psycopg.connect(self.database, autocommit=True)

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, bytes, float]:
        """Status, body and seconds of one request over the one connection."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        start = time.perf_counter()
        self._link.request(method, path, content, headers)
        answer = self._link.getresponse()
        text = answer.read()
        return answer.status, text, time.perf_counter() - start

    def demand(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """The JSON of an answer that must be good; raises RuntimeError with what came instead."""
        status, text, _ = self.ask(method, path, body, token)
        if status not in {200, 201}:
            raise RuntimeError(f"{self.name}: {method} {path} answered {status}: {text[:500]!r}")
        return json.loads(text)

    def processes(self) -> set[int]:
        """Its server's process tree and the PostgreSQL processes behind its connections."""
        servers = [
            one
            for one in psutil.process_iter(["cmdline"])
            if f"--port {self.port}" in " ".join(one.info["cmdline"] or [])
        ]
        tree = {one.pid for server in servers for one in (server, *server.children(recursive=True))}
        rows = self._watch.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s", [self.name]
        )
        return tree | {pid for (pid,) in rows}

    def reconnect(self) -> None:
        """After a pause in which the server may have given up the connection."""
        self._link.close()

    def close(self) -> None:
        self._link.close()
        self._watch.close()


def cpu_seconds(pids: set[int]) -> float:
    """Processor time of these processes, ended threads included; to the nanosecond where the kernel tells."""
    if LIVES is None:
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)
    return sum(LIVES((~pid << 3) | 2) for pid in pids)  # clock_getcpuclockid(3): CPUCLOCK_SCHED of a process


def production(url: str, files: Path) -> dict[str, str]:
    """What the environment of the product says: as in production, throttles on with rates out of reach."""
    keys = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "REFRESH_KEY", "OTP_KEY", "FILES_KEY")}
    return keys | {
        "JWT_KEYS": "1:" + secrets.token_urlsafe(48), "DEBUG": "false", "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "false", "LOG_LEVEL": "ERROR", "FILES_ROOT": str(files), "DATABASE_URL": url,
        "THROTTLE_USER": "1000000/min", "THROTTLE_ANON": "1000000/min", "THROTTLE_REGISTER": "1000000/min",
        "THROTTLE_LOGIN_IP": "1000000/min", "THROTTLE_TELEMETRY": "1000000/min", "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip


@contextlib.contextmanager
def product(url: str, files: Path) -> Iterator[Peer]:
    """RevSync: sessions checked, row-level security on."""
    environment = production(url, files)
    run("manage.py", "migrate", "-v0", environment={**environment, "REVSYNC_DB_ROLE": "owner"})
    with serve("product", "wsgi", "config.wsgi:application", url, environment) as peer:
        yield peer


@contextlib.contextmanager
def plain(url: str) -> Iterator[Peer]:
    environment = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.plain.settings"}
    run("-m", "django", "migrate", "-v0", environment=environment)
    with serve("plain", "wsgi", "bench.plain.wsgi:application", url, environment) as peer:
        yield peer


@contextlib.contextmanager
def limit(url: str) -> Iterator[Peer]:
    """Serves the plain peer's data: start it after that one."""
    with serve("limit", "asgi", "bench.limit.asgi:application", url, {"DATABASE_URL": url}) as peer:
        yield peer


def run(*arguments: str, environment: dict[str, str]) -> None:
    path = {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT, env=os.environ | path | environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve(
    name: str, interface: str, target: str, url: str, environment: dict[str, str], *, workers: int = 1
) -> Iterator[Peer]:
    """One granian worker unless told otherwise; PostgreSQL knows its connections by PGAPPNAME."""
    port = free_port()

    def answers() -> bool:
        with socket.socket() as link:
            return link.connect_ex(("127.0.0.1", port)) == 0

    command = ["env", f"PGAPPNAME={name}", f"PYTHONPATH={ROOT}", *(f"{key}={value}" for key, value in environment.items()),
               sys.executable, "-m", "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port),
               "--workers", str(workers), "--no-ws", "--log-level", "error", "--working-dir", str(ROOT), target]  # fmt: skip
    if interface == "wsgi":
        command[-1:-1] = ["--blocking-threads", "1", "--blocking-threads-idle-timeout", "600"]
    with companion(command, ready=answers):
        peer = Peer(name, port, url, environment=environment)
        try:
            yield peer
        finally:
            peer.close()
