"""The example of the first documents as a page of somebody else's site has it: a plain WebSocket in a real browser."""

import re
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from chat.models import Message
from chat.tests.serving import ROOT, serving, token_of
from core import clock
from core.auth import make_access_token, read_access_token
from core.testing.browser import browser

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis, pytest.mark.browser]

CHAT = """<!doctype html><meta charset="utf-8"><title>%(name)s</title><ol id="log"></ol><script>
const heard = [], codes = []
const ws = new WebSocket('%(url)s?token=' + '%(token)s')
ws.onmessage = (event) => {
  const message = JSON.parse(event.data)
  heard.push(message)
  if (message.type === 'MESSAGE')
    document.getElementById('log').append(Object.assign(document.createElement('li'),
      {textContent: message.sender + ': ' + message.body}))
}
ws.onclose = (event) => codes.push(event.code)
function say(body) { ws.send(JSON.stringify({type: 'SEND', threadId: '%(thread)s', body})) }
function type(typing) { ws.send(JSON.stringify({type: 'TYPING', threadId: '%(thread)s', typing})) }
</script>"""
SHORTEST = """<!doctype html><title>shortest</title><script>
const printed = [], accessToken = '%(token)s', threadId = '%(thread)s'
console.log = (...words) => printed.push(words.join(' '))
%(example)s
</script>"""


@contextmanager
def site():
    """Pages of another origin, in this process: (address, pages by path)."""
    pages = {}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def stale(token):
    """The same login's token, from before it was refreshed."""
    claims = read_access_token(token)
    return make_access_token(
        user_id=claims.user_id,
        session_id=claims.session_id,
        generation=claims.generation,
        issued_at=clock.now() - timedelta(days=1),
    )


class Window:
    """One person's window of the browser."""

    def __init__(self, page, address):
        self.page = page
        page.switch_to.new_window("window")
        page.get(address)
        self.handle = page.current_window_handle

    def run(self, script, *values):
        self.page.switch_to.window(self.handle)
        return self.page.execute_script(script, *values)

    def until(self, script, wanted):
        """Wait for what the page knows to become this."""
        last = None

        def asked(_):
            nonlocal last
            last = self.run(f"return {script}")
            return last == wanted

        try:
            WebDriverWait(self.page, 20, 0.05).until(asked)
        except Exception:
            raise AssertionError(f"{script} is {last!r}, not {wanted!r}") from None

    def connected(self):
        self.until("heard.some((one) => one.type === 'READY')", wanted=True)


LINES = "[...document.querySelectorAll('#log li')].map((one) => one.textContent)"
TYPING = "heard.filter((one) => one.type === 'TYPING').map((one) => [one.user, one.typing])"


def test_two_people_talk_in_a_browser_as_the_first_documents_have_it(pair):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)
    with site() as (origin, pages), serving(CHAT_ALLOWED_ORIGINS=origin) as server, browser() as page:
        for name, token in (("alice", tokens[0]), ("tara", tokens[1]), ("stale", stale(tokens[0]))):
            pages[f"/{name}"] = CHAT % {"name": name, "url": server.url, "token": token, "thread": thread.pk}
        a, t = Window(page, f"{origin}/alice"), Window(page, f"{origin}/tara")
        a.connected()
        t.connected()
        a.run("say('Is the map ready?')")
        for window in (a, t):
            window.until(LINES, ["user: Is the map ready?"])
        t.run("type(true)")
        a.until(TYPING, [[str(tara.pk), True]])
        t.run("say('Tonight at six.')")
        for window in (a, t):
            window.until(LINES, ["user: Is the map ready?", "tuner: Tonight at six."])
        t.run("type(false)")
        a.until(TYPING, [[str(tara.pk), True], [str(tara.pk), False]])
        assert t.run(f"return {TYPING}") == []
        old = Window(page, f"{origin}/stale")
        old.until("codes", [4401])
        assert a.run("return codes") == t.run("return codes") == []
    stored = list(Message.objects.order_by("seq").values_list("sender", "body"))
    assert stored == [(alice.pk, "Is the map ready?"), (tara.pk, "Tonight at six.")]


def test_the_shortest_client_of_our_own_page_works_as_printed(pair):
    alice, tara, thread = pair
    text = (ROOT / "docs" / "chat.md").read_text(encoding="utf-8")
    example = re.search(r"## The shortest client\n\n((?:    .*\n)+)", text)[1]
    tokens = token_of(alice), token_of(tara)
    with site() as (origin, pages), serving(CHAT_ALLOWED_ORIGINS=origin) as server, browser() as page:
        printed = example.replace("wss://revsync.example/chat/ws", server.url)
        assert server.url in printed
        pages["/alice"] = SHORTEST % {"token": tokens[0], "thread": thread.pk, "example": printed}
        pages["/tara"] = CHAT % {"name": "tara", "url": server.url, "token": tokens[1], "thread": thread.pk}
        t = Window(page, f"{origin}/tara")
        t.connected()
        a = Window(page, f"{origin}/alice")
        t.until(LINES, ["user: Hello"])
        t.run("say('Hello yourself')")
        a.until("printed", ["user Hello", "tuner Hello yourself"])


def test_a_page_that_nobody_allowed_learns_nothing(server, pair):
    token = token_of(pair[0])
    with site() as (origin, pages), browser() as page:
        pages["/"] = CHAT % {"name": "evil", "url": server.url, "token": token, "thread": pair[2].pk}
        Window(page, f"{origin}/").until("[codes, heard]", [[1006], []])
