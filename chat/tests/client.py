"""A client as docs/chat.md asks for: it resends what was not acknowledged, resumes, and counts."""

import asyncio
import contextlib
import json
import random
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


class Rider:
    """Sends its lines through servers that come and go, and keeps each thread as it heard it.

    `threads`: id -> messages in order, without a hole; what would make a hole or a twin is in `wrong`.
    """

    def __init__(self, user_id, token, servers, threads, seed):
        self.user_id, self.token, self.servers = user_id, token, servers
        self.threads = {str(thread): [] for thread in threads}
        self.outbox = {}
        self.acked = {}
        self.wrong = []
        self.connections = self.twins = 0
        self.resumed = asyncio.Event()
        self.chance = random.Random(seed)
        self.link = None

    async def run(self):
        pause = 0.05
        while True:
            server = self.chance.choice(self.servers)
            try:
                url = f"{server.url}?token={self.token}"
                async with connect(url, compression=None, open_timeout=5, close_timeout=0.2) as self.link:
                    self.connections += 1
                    pause = 0.05
                    await self.listen()
            except (OSError, WebSocketException, TimeoutError):
                pass
            finally:
                self.resumed.clear()
            await asyncio.sleep(pause * self.chance.uniform(0.5, 1.5))
            pause = min(1.0, pause * 2)

    async def listen(self):
        async for text in self.link:
            frame = json.loads(text)
            match frame["type"]:
                case "READY":
                    places = {thread: len(messages) for thread, messages in self.threads.items()}
                    await self.say(type="RESUME", threads=places)
                case "RESUMED":
                    self.resumed.set()
                    for client_id, sent in list(self.outbox.items()):
                        await self.say(type="SEND", clientId=client_id, **sent)
                case "MESSAGE":
                    self.take(frame)
                case "ACK":
                    self.acknowledge(frame)
                case "ERROR":
                    if frame["code"] in {"unavailable", "rate_limited"}:
                        asyncio.get_running_loop().call_later(0.2, self.again, frame.get("clientId"))
                    else:
                        self.wrong.append(frame)

    def take(self, frame):
        kept = self.threads[frame["threadId"]]
        if frame["seq"] <= len(kept):
            if kept[frame["seq"] - 1]["id"] != frame["id"]:
                self.wrong.append(("another message with this number", frame))
        elif frame["seq"] == len(kept) + 1:
            kept.append(frame)
        elif self.resumed.is_set():
            self.wrong.append(("out of order", len(kept), frame))

    def acknowledge(self, frame):
        self.outbox.pop(frame["clientId"], None)
        self.twins += frame["duplicate"]
        before = self.acked.setdefault(frame["clientId"], (frame["id"], frame["seq"]))
        if before != (frame["id"], frame["seq"]):
            self.wrong.append(("acknowledged twice, differently", before, frame))

    def again(self, client_id):
        if client_id in self.outbox and self.resumed.is_set():
            asyncio.get_running_loop().create_task(
                self.say(type="SEND", clientId=client_id, **self.outbox[client_id])
            )

    async def say(self, **frame):
        with contextlib.suppress(OSError, WebSocketException):
            await self.link.send(json.dumps(frame))

    async def write(self, count, pace):
        """Lines in random threads, now and then twice, now and then cutting the connection; up to `pace` seconds each."""
        for number in range(count):
            client_id = str(uuid4())
            sent = {"threadId": self.chance.choice([*self.threads]), "body": f"{self.user_id} {number}"}
            self.outbox[client_id] = sent
            if self.resumed.is_set():
                for _ in range(self.chance.choice([1, 1, 1, 2])):
                    await self.say(type="SEND", clientId=client_id, **sent)
            if self.chance.random() < 0.06 and self.link is not None:
                self.link.transport.abort()
            await asyncio.sleep(self.chance.uniform(0.0, pace))

    async def everything(self):
        """Until all that was said is acknowledged."""
        while self.outbox:
            await asyncio.sleep(0.05)

    async def caught_up(self, lengths):
        while any(
            len(self.threads[thread]) < length for thread, length in lengths.items() if thread in self.threads
        ):
            await asyncio.sleep(0.05)
