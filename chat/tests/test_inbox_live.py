"""Staff and customers at the same time: sockets of staff, and Sam's real browser while Alice writes."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from websockets.asyncio.client import connect

from chat.models import CannedReply, Kind, Message, Participant
from chat.services import append, join_as_staff, send
from chat.tests.inbox import PAGE, ask, browser_of, make_staff
from chat.tests.serving import Visitor, in_thread, run, token_of, visiting
from core.rls import as_system
from core.testing.browser import browser, complaints, keep_picture
from tests.cast import login, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@asynccontextmanager
async def watching(server, ticket):
    """A page of the inbox."""
    async with connect(f"{server.url}?ticket={ticket}", compression=None) as link:
        visitor = Visitor(link)
        visitor.ready = await visitor.hear("READY")
        yield visitor


def test_a_socket_of_staff_hears_all_of_support_until_they_leave_it(server, page, sue, alice, question):
    ticket, used = (page.post(f"{PAGE}ticket/").json()["ticket"] for _ in range(2))
    token = token_of(alice)

    def note():
        append(thread_id=question.pk, body="Only for us", kind=Kind.NOTE, author=sue.pk)

    def leave():
        with as_system("a test"):
            sue.groups.clear()

    async def story():
        async with watching(server, used), connect(f"{server.url}?ticket={used}") as again:
            await again.wait_closed()
            assert again.close_code == 4401  # a ticket opens one socket
        async with watching(server, ticket) as desk, visiting(server, token) as customer:
            await customer.send(question.pk, "Anybody?")
            assert (await desk.hear("MESSAGE"))["body"] == "Anybody?"
            await in_thread(note)
            assert (await desk.hear("NOTE"))["body"] == "Only for us"
            await customer.quiet("NOTE")
            assert "Only for us" not in json.dumps(customer.seen)
            await in_thread(leave)
            assert await desk.closed(timeout=15) == 4401

    run(story())
    assert not Participant.objects.filter(user=sue).exists()


def test_who_reads_by_rest_moves_the_numbers_of_the_inbox(server, page, sue, alice, question, client_for):
    """Sam takes part and reads as anybody does; Sue only looks, by the door of staff tools."""
    sam = make_user("sam")
    join_as_staff(thread_id=question.pk, user_id=sam.pk)
    for body in ("Anybody?", "Hello?"):
        send(thread_id=question.pk, sender_id=alice.pk, body=body)
    ticket = page.post(f"{PAGE}ticket/").json()["ticket"]
    doors = f"/api/v1/chat/threads/{question.pk}/read/", f"/api/v1/staff/chat/threads/{question.pk}/read/"

    def unread():
        shown = client_for(sue).get(f"/api/v1/staff/chat/threads/{question.pk}/").json()
        assert shown["read_seq"] == 3 - shown["unread"]
        assert [entry.unread for entry, _ in page.get(PAGE).context["entries"]] == [shown["unread"]]
        return shown["unread"]

    async def story():
        async with watching(server, ticket) as desk:
            before = await in_thread(unread)
            seen = await in_thread(lambda: client_for(sue).post(doors[1], {"seq": 2}).json())
            assert await desk.hear("SEEN") == {"type": "SEEN", "threadId": str(question.pk), "seq": 2}
            between = await in_thread(unread)
            await in_thread(lambda: client_for(sam).post(doors[0], {"seq": 3}))
            mark = await desk.hear("READ")
            assert (mark["threadId"], mark["user"], mark["seq"]) == (str(question.pk), str(sam.pk), 3)
            return before, seen, between, await in_thread(unread)

    assert run(story()) == (2, {"read_seq": 2, "unread": 1}, 1, 0)
    assert client_for(alice).post(doors[1], {"seq": 2}).status_code == 403


class Desk:
    """Sam's browser; each step waits outside of the story's loop."""

    def __init__(self, page):
        self.page = page

    async def do(self, step, *values):
        return await asyncio.to_thread(step, *values)

    async def find(self, selector):
        return await self.do(self.page.find_element, By.CSS_SELECTOR, selector)

    async def read(self, place, words):
        """Wait for these words in an element of that id."""
        path = f"//*[@id='{place}' and contains(., \"{words}\")]"
        return await self.do(self.page.find_element, By.XPATH, path)

    async def gone(self, place, words):
        """Wait until these words are no longer in it."""
        path = f"//*[@id='{place}' and not(contains(., \"{words}\"))]"
        return await self.do(self.page.find_element, By.XPATH, path)

    async def keys(self, *keys, selector="body"):
        box = await self.find(selector)
        await self.do(box.send_keys, *keys)

    async def click(self, selector):
        await self.do((await self.find(selector)).click)

    async def live(self):
        """The socket is open; what a reload would lose is there."""
        await self.find("#inbox[data-live=true]")
        await self.do(self.page.execute_script, "window.stayed = true")

    async def stayed(self):
        return await self.do(self.page.execute_script, "return window.stayed === true")


@pytest.mark.browser
def test_sam_answers_while_alice_writes(server, alice):
    sam = make_user("sam")
    thread = ask(alice)
    ask(make_user("bob"), subject="Invoice for March", body="Where is it?")
    CannedReply.objects.create(
        shortcut="pair", title="Pairing", body="Hello {name}, ignition on first, then pair."
    )
    token = token_of(alice)
    with browser() as page:
        log_in(page, server, sam)
        page.get(address(server, PAGE))
        asyncio.run(a_day(server, Desk(page), token, thread, sam))
        for theme in ("light", "dark"):
            page.execute_script(
                "document.documentElement.classList.toggle('dark', arguments[0])", theme == "dark"
            )
            keep_picture(page, f"inbox-{theme}")
        assert complaints(page) == []
    thread.refresh_from_db()
    assert (thread.status, thread.assignee) == ("open", sam)
    assert thread.staff_seen_seq == thread.last_seq


async def a_day(server, desk, token, thread, sam):
    async with asyncio.timeout(240), visiting(server, token) as alice:
        await desk.live()
        await alice.send(thread.pk, "Anybody there?")
        await desk.read(f"row-{thread.pk}", "Anybody there?")
        await desk.read(f"row-{thread.pk}", "2 unread")
        await desk.read("tab-open", "2")
        await in_thread(lambda: by_rest(thread))
        await desk.gone(f"row-{thread.pk}", "unread")
        assert await desk.stayed()

        await desk.keys("j", Keys.ENTER)  # the liveliest conversation, by keyboard
        await desk.live()
        await desk.read("inbox-log", "It blinks twice")
        await alice.say(type="TYPING", threadId=str(thread.pk), typing=True)
        await desk.read("inbox-typing", "Alice Test is writing")
        await alice.send(thread.pk, "The light is blue.")
        await desk.read("inbox-log", "The light is blue.")

        await desk.keys("n")
        await desk.keys("Second one this week", Keys.CONTROL, Keys.ENTER, selector="#inbox-body")
        await desk.read("inbox-log", "Second one this week")
        await alice.quiet("NOTE")

        await desk.keys(Keys.ESCAPE, selector="#inbox-body")
        await desk.keys("r")
        await desk.keys("/pa", Keys.ENTER, selector="#inbox-body")
        await desk.keys(Keys.CONTROL, Keys.ENTER, selector="#inbox-body")
        heard = await alice.hear("MESSAGE", timeout=15)
        while heard["senderId"] != str(sam.pk):
            heard = await alice.hear("MESSAGE", timeout=15)
        assert (heard["body"], heard["sender"]) == ("Hello Alice, ignition on first, then pair.", "support")
        await desk.read("inbox-log", "Hello Alice, ignition on first")
        await desk.read("inbox-head", "Yours")
        await desk.read("inbox-people", "Sam Test")
        await desk.read("inbox-head", "Waiting for the customer")

        await alice.say(type="READ", threadId=str(thread.pk), seq=heard["seq"])
        await desk.find(".inbox-staff .inbox-seen")
        await desk.click("#head-status [value=resolved]")
        await desk.read("inbox-head", "Resolved")
        assert (await state(alice, "resolved"))["assignee"] == str(sam.pk)
        await alice.send(thread.pk, "It works, thank you!")
        await desk.read("inbox-head", "Open")
        await desk.read("inbox-log", "It works, thank you!")
        assert await desk.stayed()
        await asyncio.sleep(1)  # the page tells that it was seen
        assert "Second one this week" not in json.dumps(alice.seen)


def by_rest(thread):
    """A colleague looks at it with another tool."""
    door = f"/api/v1/staff/chat/threads/{thread.pk}/read/"
    assert login(make_staff("sue", "support")).post(door, {"seq": 2}).json() == {"read_seq": 2, "unread": 0}


async def state(visitor, wanted):
    frame = await visitor.hear("THREAD", timeout=15)
    while frame["status"] != wanted:
        frame = await visitor.hear("THREAD", timeout=15)
    return frame


def address(server, path):
    return f"http://127.0.0.1:{server.port}{path}"


def log_in(page, server, user):
    """With the cookie of a session that is there already: the served process hashes passwords as production does."""
    page.get(address(server, "/healthz"))
    page.add_cookie({"name": "sessionid", "value": browser_of(user).session.session_key})


@pytest.mark.browser
def test_without_a_socket_the_page_asks_by_itself(server, alice):
    sam = make_user("sam")
    thread = ask(alice)
    with browser() as page:
        log_in(page, server, sam)
        page.execute_cdp_cmd("Network.enable", {})
        page.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/inbox/ticket/*"]})
        page.get(address(server, f"{PAGE}?thread={thread.pk}"))
        page.find_element(By.XPATH, "//*[@id='inbox-state' and contains(., 'asking every')]")
        page.find_element(By.ID, "inbox-body").send_keys("Can you hear us?", Keys.CONTROL, Keys.ENTER)
        page.find_element(By.XPATH, "//*[@id='inbox-log' and contains(., 'Can you hear us?')]")
        append(thread_id=thread.pk, body="The visit was moved.")
        page.implicitly_wait(25)
        page.find_element(By.XPATH, "//*[@id='inbox-log' and contains(., 'The visit was moved.')]")
    assert Message.objects.filter(body="Can you hear us?").count() == 1
