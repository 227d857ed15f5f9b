"""A language model on a real port: remembers what it was asked, says what the test tells it to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class OpenAI:
    """`says` is the list of words, or the raw text of the answer; `status` what it answers with."""

    def __init__(self, key="test-key"):
        self.key = key
        self.asked = []
        self.says = []
        self.status = 200
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = service.answer(self.path, self.headers.get("Authorization"), body)
                raw = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, authorization, body):
        if path != "/v1/chat/completions" or authorization != f"Bearer {self.key}":
            return 401, {"error": {"message": "no"}}
        self.asked.append(body)
        content = self.says if isinstance(self.says, str) else json.dumps({"words": self.says})
        message = {"role": "assistant", "content": content}
        return self.status, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
