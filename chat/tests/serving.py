"""Real servers and real websocket clients."""

import asyncio
import contextlib
import json
import os
import socket as sockets
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from django.db import connection, connections
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from users.models import AuthMethod
from users.sessions import open_session

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def database_url():
    """Of the tests' own database."""
    base, _, query = os.environ["DATABASE_URL"].partition("?")
    return f"{base.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{query}"


class Server:
    """uvicorn in a process of its own, with the settings of production but for DEBUG."""

    def __init__(self, *options, output=None, **environment):
        self.port = free_port()
        self.options, self.output, self.environment = options, output, environment
        self.start()

    def start(self):
        environment = {
            **os.environ,
            "DEBUG": "true",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url(),
            "REVSYNC_DB_ROLE": "revsync_app",
            "CHAT_CLOSE_SPREAD": "0",
            **self.environment,
        }
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(self.port),
                "--ws", "config.wire:Wire", "--ws-max-size", "65536", "--ws-per-message-deflate", "false",
                "--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "3",
                *self.options,
            ],
            cwd=ROOT,
            env=environment,
            stdout=self.output,
            stderr=self.output,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with sockets.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.05)
        raise AssertionError("the server does not answer")

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/chat/ws"

    def kill(self):
        """As the kernel would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.kill()


@contextlib.contextmanager
def serving(*options, output=None, **environment):
    server = Server(*options, output=output, **environment)
    try:
        yield server
    finally:
        server.stop()


def token_of(user):
    return open_session(user=user, method=AuthMethod.PASSWORD)[1].access_token


class Visitor:
    """One open socket."""

    def __init__(self, link):
        self.link = link
        self.seen = []

    async def say(self, **frame):
        await self.link.send(json.dumps(frame))

    async def hear(self, *types, timeout=5):  # noqa: ASYNC109
        """The next frame of one of these types; what comes before stays in `seen`."""
        async with asyncio.timeout(timeout):
            while True:
                frame = json.loads(await self.link.recv())
                self.seen.append(frame)
                if not types or frame["type"] in types:
                    return frame

    async def count(self, kind, number):
        """Read on until there are so many frames of this type."""
        while sum(frame["type"] == kind for frame in self.seen) < number:
            await self.hear(kind, timeout=20)

    async def quiet(self, *types, seconds=0.3):
        """Nothing of these types comes."""
        with contextlib.suppress(TimeoutError):
            raise AssertionError(await self.hear(*types, timeout=seconds))

    async def send(self, thread, body, **more):
        """SEND, and its ACK (or ERROR)."""
        more.setdefault("clientId", str(uuid4()))
        timeout = more.pop("timeout", 5)
        await self.say(type="SEND", threadId=str(thread), body=body, **more)
        while True:
            frame = await self.hear("ACK", "ERROR", timeout=timeout)
            if frame.get("clientId") == more["clientId"]:
                return frame

    async def closed(self, timeout=5):  # noqa: ASYNC109
        """The close code."""
        async with asyncio.timeout(timeout):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    self.seen.append(json.loads(await self.link.recv()))
        return self.link.close_code


@contextlib.asynccontextmanager
async def visiting(server, token, **options):
    """Connect and read READY."""
    url = f"{server.url}?token={token}" if token else server.url
    async with connect(url, compression=None, **options) as link:
        visitor = Visitor(link)
        visitor.ready = await visitor.hear("READY")
        yield visitor


def run(story, *, patience=50):
    """An asynchronous test body, on a database that other processes see."""

    async def told():
        async with asyncio.timeout(patience):
            return await story

    return asyncio.run(told())


def in_thread(deed):
    """A synchronous deed from inside of a story."""

    def work():
        try:
            return deed()
        finally:
            connections.close_all()

    return sync_to_async(work, thread_sensitive=False)()


def uuids(values):
    return [UUID(value) for value in values]
