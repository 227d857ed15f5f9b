"""A language model on a real port, streamed or whole: it remembers what it was asked and fails as a test wants it.

    model.says = "Your next service is due soon [1]."
    model.plan("stall", after=3)            # the next request; then all is well again

Ways to fail, `after` so many words: slow (`pause` seconds a word), stall, cut, garbage (a chunk that is no JSON),
error (mid-stream), endless; before any: refuse (`status`, `retry_after`, a body that leaks the key), silent, and
`tools` (asks for `calls` first). A prompt of more than `context` characters is too long at any time.
"""

import json
import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST = 20.0  # seconds that a silence lasts at most


@dataclass
class Plan:
    kind: str
    after: int = 0
    pause: float = 0.0
    status: int = 500
    retry_after: str = ""
    calls: list = field(default_factory=list)
    usage: bool = True


class OpenAI:
    """`says`: the answer; a list becomes the JSON that safety's wording asks for. `status`: what it answers with."""

    def __init__(self, key="test-key"):
        self.key = key
        self.asked = []
        self.at = []  # when each request came
        self.gone = []  # when a client left before its answer ended
        self.says = []
        self.status = 200
        self.context = 10**9
        self.plans = deque()
        self.pause = 0.0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"service": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def plan(self, kind, *, times=1, **how):
        self.plans.extend(Plan(kind, **how) for _ in range(times))

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def content(self):
        return self.says if isinstance(self.says, str) else json.dumps({"words": self.says})

    @property
    def counted(self):
        """Tokens of the newest prompt."""
        return round(sum(len(str(message.get("content"))) for message in self.asked[-1]["messages"]) / 3.5)

    def prompt(self, number=-1):
        """All that a request told the model, as one text."""
        return "\n".join(str(message.get("content")) for message in self.asked[number]["messages"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: OpenAI

    def do_POST(self):  # noqa: PLR0911 -- a table of failures
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service = self.service
        if self.path != "/v1/chat/completions":
            return self.whole(404, {"error": {"message": "no such path"}})
        given = self.headers.get("Authorization", "")
        if given != f"Bearer {service.key}":
            return self.refused(401, f"Incorrect API key provided: {given}.", "invalid_api_key")
        service.asked.append(body)
        service.at.append(time.monotonic())
        plan = service.plans.popleft() if service.plans else Plan("well")
        if sum(len(str(message.get("content"))) for message in body["messages"]) > service.context:
            return self.refused(
                400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"
            )
        if plan.kind == "refuse":
            leak = f"Your request with key {service.key} from org-secret was refused."
            return self.refused(plan.status, leak, "refused", plan.retry_after)
        if plan.kind == "silent":
            return self.silence()
        if service.status != 200:
            return self.whole(service.status, {"error": {"message": "told to"}})
        if body.get("stream"):
            return self.stream(plan)
        message = {"role": "assistant", "content": service.content}
        return self.whole(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def stream(self, plan):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        deed = self.tools if plan.kind == "tools" else self.words
        try:
            deed(plan)
        except OSError:
            self.left()

    def words(self, plan):
        words = self.service.content.split(" ")
        pieces = [word if place == 0 else f" {word}" for place, word in enumerate(words)]
        for place, piece in enumerate(pieces):
            if (
                place == plan.after
                and plan.kind in {"stall", "cut", "garbage", "error"}
                and self.failed(plan)
            ):
                return
            self.chunk({"content": piece})
            self.rest(plan.pause if plan.kind == "slow" else self.service.pause)
        while plan.kind == "endless":
            self.chunk({"content": " and on"})
            self.rest(0.01)
        self.chunk({}, finish="stop")
        if plan.usage:
            tokens = {"prompt_tokens": self.service.counted, "completion_tokens": len(words)}
            self.raw(json.dumps({"choices": [], "usage": tokens}))
        self.done()

    def tools(self, plan):
        """Each call in two pieces, as real services send them."""
        for index, (name, arguments) in enumerate(plan.calls):
            half = len(arguments) // 2
            first = {"index": index, "id": f"call_{index}", "type": "function"}
            self.chunk({"tool_calls": [first | {"function": {"name": name, "arguments": arguments[:half]}}]})
            self.chunk({"tool_calls": [{"index": index, "function": {"arguments": arguments[half:]}}]})
        self.chunk({}, finish="tool_calls")
        self.done()

    def failed(self, plan):
        """True when nothing follows."""
        if plan.kind == "garbage":
            self.raw('{"choices": [{"delta": {"content": "bro')
            return False
        if plan.kind == "error":
            told = f"upstream died, key {self.service.key}"
            self.raw(json.dumps({"error": {"message": told, "type": "server_error"}}))
            self.done()
        elif plan.kind == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.silence()
        return True

    def chunk(self, delta, finish=None):
        self.raw(json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))

    def raw(self, text):
        data = f"data: {text}\n\n".encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def done(self):
        self.raw("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def rest(self, seconds):
        """Sleep, but notice a client that leaves."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.nobody(min(left, 0.01)):
                raise BrokenPipeError
        if self.nobody(0):
            raise BrokenPipeError

    def silence(self):
        until = time.monotonic() + LONGEST
        while time.monotonic() < until and not self.nobody(0.005):
            pass
        self.left()

    def nobody(self, seconds):
        readable, _, _ = select.select([self.connection], [], [], seconds)
        try:
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def left(self):
        self.service.gone.append(time.monotonic())
        self.close_connection = True

    def refused(self, status, message, code, retry_after=""):
        headers = {"Retry-After": retry_after} if retry_after else {}
        return self.whole(status, {"error": {"message": message, "type": "error", "code": code}}, headers)

    def whole(self, status, answer, headers=None):
        raw = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        """Quiet."""
