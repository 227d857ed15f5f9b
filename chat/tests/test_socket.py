"""One socket of one server: who comes in, what is said, how it ends."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from chat.models import Message
from chat.services import tickets
from chat.services.people import block
from chat.tests.serving import in_thread, run, serving, token_of, visiting
from core.auth import read_access_token
from core.rls import as_system
from users.models import AuthMethod, RevokedReason
from users.sessions import open_session, revoke

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis]


def test_two_people_talk(server, pair):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            head = {"threadId": str(thread.pk), "lastSeq": 0, "lastRev": 0, "readSeq": 0, "unread": 0}
            assert a.ready["threads"] == [head]
            assert (a.ready["userId"], a.ready["protocol"], a.ready["maxFrameBytes"]) == (
                str(alice.pk),
                1,
                65536,
            )
            ack = await a.send(thread.pk, "Is the map ready?", clientId="one")
            heard = await t.hear("MESSAGE")
            assert (ack["seq"], ack["rev"], ack["duplicate"]) == (1, 1, False)
            assert heard == {
                "type": "MESSAGE", "id": ack["id"], "threadId": str(thread.pk), "seq": 1, "rev": 1,
                "kind": "text", "body": "Is the map ready?", "attachments": [], "sender": "user",
                "senderId": str(alice.pk), "clientId": "one", "replyTo": None, "timestamp": ack["timestamp"],
                "editedAt": None, "deletedAt": None,
            }  # fmt: skip
            assert await a.hear("MESSAGE") == heard
            again = await a.send(thread.pk, "Is the map ready?", clientId="one")
            assert again == ack | {"duplicate": True}
            await t.quiet("MESSAGE")
            await t.say(type="SEND", threadId=str(thread.pk), body="Tonight.")
            assert (await a.hear("MESSAGE"))["sender"] == "tuner"

    run(story())
    assert list(Message.objects.order_by("seq").values_list("seq", "rev", "body")) == [
        (1, 1, "Is the map ready?"),
        (2, 2, "Tonight."),
    ]


@pytest.mark.parametrize("path", ["", "/"])
@pytest.mark.parametrize("token", ["", "nonsense", None])
def test_without_a_good_token_it_opens_and_closes_with_4401(server, pair, path, token):
    async def story():
        query = "" if token is None else f"?token={token}"
        async with connect(f"{server.url}{path}{query}") as link:
            await link.wait_closed()
            return link.close_code

    assert run(story()) == 4401


def test_a_login_that_ends_takes_its_live_socket_with_it(server, pair):
    alice, _, _ = pair
    first, first_pair = open_session(user=alice, method=AuthMethod.PASSWORD)
    second = token_of(alice)

    async def story():
        async with visiting(server, first_pair.access_token) as one, visiting(server, second) as two:
            await in_thread(lambda: end(alice, only=first.pk))
            assert await one.closed(timeout=3) == 4401
            await two.say(type="PING", t=7)
            assert await two.hear("PONG") == {"type": "PONG", "t": 7}
            await in_thread(lambda: end(alice))
            assert await two.closed(timeout=3) == 4401

    run(story())


def end(user, **which):
    with as_system("a test"):
        revoke(user_id=user.pk, reason=RevokedReason.USER, **which)


def test_the_subprotocol_and_the_header_carry_a_token_too(server, pair):
    token = token_of(pair[0])

    async def story():
        async with connect(server.url, subprotocols=["bearer", token]) as link:
            assert link.subprotocol == "bearer"
            assert json.loads(await link.recv())["type"] == "READY"
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(f"{server.url}/", additional_headers=headers) as link:
            assert json.loads(await link.recv())["type"] == "READY"

    run(story())


def test_no_log_of_the_server_holds_a_token(pair, tmp_path):
    """Not even with the access log that production switches off."""
    alice, _, _ = pair
    token = token_of(alice)
    ticket, _ = tickets.mint(user_id=alice.pk, session_id=read_access_token(token).session_id)
    log = tmp_path / "log"

    async def story(server):
        for query in (f"token={token}", f"ticket={ticket}", f"token={token[:-4]}zzzz"):
            async with connect(f"{server.url}?{query}") as link:
                await link.recv() if "zzzz" not in query else await link.wait_closed()

    with log.open("wb") as output, serving("--log-level", "info", "--access-log", output=output) as server:
        run(story(server))
    text = log.read_text(encoding="utf-8")
    assert text.count("/chat/ws") >= 3  # it does log them
    assert [word for word in (token, ticket, token[:40], "zzzz") if word in text] == []


def test_two_who_block_each_other_are_refused_and_read_on(server, pair):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            await a.send(thread.pk, "Buy now!")
            row = await in_thread(lambda: block(user_id=tara.pk, other_id=alice.pk))
            for one in (a, t):
                refused = await one.send(thread.pk, "Well?", clientId="w")
                assert (refused["code"], refused["clientId"]) == ("forbidden", "w")
            await in_thread(lambda: unblock(row))
            assert (await a.send(thread.pk, "Sorry."))["seq"] == 2

    run(story())
    assert list(Message.objects.order_by("seq").values_list("body", flat=True)) == ["Buy now!", "Sorry."]


def unblock(row):
    with as_system("a test"):
        row.tombstone()


def test_a_page_from_elsewhere_is_refused_with_403(server, pair):
    token = token_of(pair[0])

    async def story(origin):
        async with visiting(server, token, origin=origin):
            return True

    assert run(story(f"http://127.0.0.1:{server.port}"))
    with pytest.raises(InvalidStatus) as refused:
        run(story("https://evil.example"))
    assert refused.value.response.status_code == 403
