"""The frames beside SEND: marks, typing, changes, who is here, fresh tokens, tickets, the staff's inbox."""

import asyncio
import time
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.sessions.backends.db import SessionStore
from websockets.asyncio.client import connect

from chat.consumer.login import Login
from chat.models import Attachment, Kind, Part, Participant, Presence, SocketTicket
from chat.services import add_person, append, delete, edit, leave, open_thread, send, tickets
from chat.tests.serving import Visitor, in_thread, run, serving, token_of, visiting
from core import clock
from core.auth import make_access_token, read_access_token
from core.files.services import put_bytes
from core.rls import as_system
from tests.cast import make_user
from users.models import AppSession

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis]


def shortly(token, seconds):
    """The same login's token, which ends in so many seconds."""
    claims = read_access_token(token)
    issued = clock.now() - timedelta(hours=1) + timedelta(seconds=seconds)
    return make_access_token(
        user_id=claims.user_id, session_id=claims.session_id, generation=claims.generation, issued_at=issued
    )


def test_a_token_that_ends_is_announced_renewed_or_closes(server, pair):
    alice, tara, _ = pair
    token, foreign = token_of(alice), token_of(tara)

    async def story():
        async with visiting(server, shortly(token, 3)) as kept, visiting(server, shortly(token, 3)) as lost:
            assert (await kept.hear("AUTH_EXPIRING"))["in"] in {1, 2}
            await kept.say(type="AUTH", token=token)
            assert (await kept.hear("AUTHED"))["tokenExpiresAt"] > kept.ready["tokenExpiresAt"]
            assert await lost.closed() == 4401
            await kept.say(type="PING")
            await kept.hear("PONG")
            await kept.say(type="AUTH", token=foreign)
            assert await kept.closed() == 4401

    run(story())


def test_marks_typing_and_changes_reach_the_others(server, pair):
    alice, tara, thread = pair
    tokens, key = (token_of(alice), token_of(tara)), str(thread.pk)

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            ack = await a.send(key, "Frist")
            await t.say(type="READ", threadId=key, seq=1)
            assert await a.hear("READ") == {"type": "READ", "threadId": key, "user": str(tara.pk), "seq": 1}
            await t.say(type="TYPING", threadId=key, typing=True)
            await t.say(type="TYPING", threadId=key, typing=True)
            await t.say(type="TYPING", threadId=key, typing=False)
            heard = [await a.hear("TYPING"), await a.hear("TYPING")]
            assert [one["typing"] for one in heard] == [True, False]
            assert heard[0] == {
                "type": "TYPING",
                "threadId": key,
                "user": str(tara.pk),
                "typing": True,
                "ttl": 6,
            }
            await a.say(type="EDIT", threadId=key, id=ack["id"], body="First")
            edited = await t.hear("EDITED")
            assert (edited["body"], edited["seq"], edited["rev"]) == ("First", 1, 2)
            await t.say(type="DELETE", threadId=key, id=ack["id"])
            assert (await t.hear("ERROR"))["code"] == "forbidden"
            await a.say(type="DELETE", threadId=key, id=ack["id"])
            deleted = await t.hear("DELETED")
            assert (deleted["body"], deleted["seq"], deleted["rev"]) == ("", 1, 3)
            assert deleted["deletedAt"] is not None
            await t.quiet("TYPING", "READ")

    run(story())


def test_marks_of_delivery_follow_what_went_out_was_resumed_or_read(pair, client_for):
    alice, tara, thread = pair
    tokens, key = (token_of(alice), token_of(tara)), str(thread.pk)

    def mark():
        with as_system("a test"):
            return Participant.objects.get(user=tara)

    def shown():
        people = client_for(alice).get(f"/api/v1/chat/threads/{key}/").json()["participants"]
        return next(one["delivered_seq"] for one in people if one["user_id"] == str(tara.pk))

    async def story(server):
        delivered = {"type": "DELIVERED", "threadId": key}
        async with visiting(server, tokens[0]) as a:
            await a.send(key, "Are you there?")
            await a.quiet("DELIVERED", seconds=1.5)
            async with visiting(server, tokens[1], max_queue=None) as t:
                await t.say(type="RESUME", threads={key: 0})
                assert await a.hear("DELIVERED", timeout=8) == delivered | {"people": {str(tara.pk): 1}}
                before = await in_thread(mark)
                for number in range(20):
                    await a.send(key, str(number))
                last = await a.hear("DELIVERED", timeout=8)
                while last["people"] != {str(tara.pk): 21}:
                    last = await a.hear("DELIVERED", timeout=8)
                after = await in_thread(mark)
                assert (before.delivered_seq, after.delivered_seq, after.read_seq) == (1, 21, 0)
                assert after.rev - before.rev <= 5  # not a write a message
            await a.send(key, "Gone?")
            await a.quiet("DELIVERED", seconds=1.5)

    with serving(CHAT_DELIVERED_EVERY="1") as server:
        run(story(server))
    assert shown() == 21
    client_for(tara).post(f"/api/v1/chat/threads/{key}/read/", {"seq": 22})
    assert (shown(), mark().delivered_seq) == (22, 21)


def test_staff_in_another_process_hear_nothing_of_what_others_do_among_themselves(server, pair):
    alice, tara, direct = pair
    sam = make_user("sam")
    ticket, _ = staff_ticket(sam)
    support, _ = open_thread(opener=alice.pk, subject="Help")
    send(thread_id=direct.pk, sender_id=tara.pk, body="Between us")
    tokens = token_of(alice), token_of(tara)

    async def story(other):
        async with connect(f"{other.url}?ticket={ticket}") as link, visiting(server, tokens[0]) as a:
            s = Visitor(link)
            await s.hear("READY")
            await a.say(type="READ", threadId=str(direct.pk), seq=1)
            await a.say(type="TYPING", threadId=str(direct.pk), typing=True)
            await a.send(direct.pk, "Still between us")
            await a.say(type="TYPING", threadId=str(support.pk), typing=True)
            assert (await s.hear("TYPING"))["threadId"] == str(support.pk)
            async with visiting(server, tokens[1]) as t:
                await t.say(type="RESUME", threads={str(direct.pk): 0})
                await a.hear("DELIVERED", timeout=8)
            await s.quiet("TYPING")
            assert str(direct.pk) not in str(s.seen)

    with serving() as other:
        run(story(other))


def test_what_others_do_by_rest_comes_on_the_socket(server, pair):
    alice, tara, thread = pair
    token, bob = token_of(tara), make_user("bob")

    async def story():
        async with visiting(server, token) as t:
            sent = await in_thread(lambda: send(thread_id=thread.pk, sender_id=alice.pk, body="By REST"))
            assert (await t.hear("MESSAGE"))["id"] == str(sent.said.id)
            at = {"thread_id": thread.pk, "message_id": sent.said.id, "user_id": alice.pk}
            await in_thread(lambda: edit(**at, body="by REST"))
            assert (await t.hear("EDITED"))["body"] == "by REST"
            await in_thread(lambda: delete(**at))
            await t.hear("DELETED")
            new, _ = await in_thread(
                lambda: open_thread(
                    opener=bob.pk, people={tara.pk: Part.TUNER}, kind="order", subject="Clutch"
                )
            )
            assert (await t.hear("THREAD"))["subject"] == "Clutch"
            await in_thread(lambda: send(thread_id=new.pk, sender_id=bob.pk, body="Hello"))
            assert (await t.hear("MESSAGE"))["threadId"] == str(new.pk)
            await in_thread(lambda: leave(thread_id=new.pk, user_id=tara.pk))
            assert await t.hear("THREAD") == {"type": "THREAD", "threadId": str(new.pk), "left": True}
            await in_thread(lambda: send(thread_id=new.pk, sender_id=bob.pk, body="Are you there?"))
            await t.quiet("MESSAGE")
            assert (await t.send(new.pk, "No"))["code"] == "forbidden"
            await in_thread(lambda: add_person(thread_id=new.pk, user_id=tara.pk, by=bob.pk))
            await t.hear("THREAD")
            await in_thread(lambda: send(thread_id=new.pk, sender_id=bob.pk, body="Welcome back"))
            assert (await t.hear("MESSAGE"))["body"] == "Welcome back"
            await t.say(type="RESUME", threads={str(new.pk): 0})
            await t.hear("RESUMED")
            assert [one["body"] for one in t.seen if one["type"] == "MESSAGE"][-1] == "Welcome back"
            assert "Are you there?" not in str(t.seen)

    run(story())


def test_who_is_here_is_told_and_kept(server, pair):
    alice, tara, _ = pair
    tokens = token_of(alice), token_of(tara)

    async def story():
        async with visiting(server, tokens[0]) as a:
            async with visiting(server, tokens[1]):
                here = await a.hear("PRESENCE")
                assert (here["user"], here["online"]) == (str(tara.pk), True)
            gone = await a.hear("PRESENCE")
            assert (gone["user"], gone["online"]) == (str(tara.pk), False)

    run(story())
    assert dict(Presence.objects.values_list("user_id", "online"))[tara.pk] is False


def test_a_ticket_opens_one_socket_once(server, pair):
    alice, _, _ = pair
    session = read_access_token(token_of(alice)).session_id
    ticket, _ = tickets.mint(user_id=alice.pk, session_id=session)
    late, _ = tickets.mint(user_id=alice.pk, session_id=session)
    SocketTicket.objects.exclude(pk=SocketTicket.objects.order_by("pk").first().pk).update(
        expires_at=clock.now() - timedelta(seconds=1)
    )

    async def enter():
        async with connect(f"{server.url}?ticket={ticket}") as link:
            return (await Visitor(link).hear("READY"))["userId"]

    async def knock(word):
        async with connect(f"{server.url}?ticket={word}") as link:
            return await Visitor(link).closed()

    assert run(enter()) == str(alice.pk)
    assert run(knock(ticket)) == 4401
    assert run(knock(late)) == 4401
    AppSession.objects.update(revoked_at=clock.now())
    dead, _ = tickets.mint(user_id=alice.pk, session_id=session)
    assert run(knock(dead)) == 4401


def staff_ticket(sam):
    store = SessionStore()
    store["_auth_user_id"] = str(sam.pk)
    store.create()
    return tickets.mint(user_id=sam.pk, session_key=store.session_key)[0], store


def test_staff_hear_all_conversations_and_answer_in_any(server, pair):
    alice, _, direct = pair
    sam = make_user("sam")
    ticket, browser = staff_ticket(sam)
    token = token_of(alice)

    async def story():
        async with connect(f"{server.url}?ticket={ticket}") as link, visiting(server, token) as a:
            s = Visitor(link)
            await s.hear("READY")
            support, _ = await in_thread(lambda: open_thread(opener=alice.pk, subject="Help"))
            await a.hear("THREAD")
            assert (await s.hear("THREAD"))["threadId"] == str(support.pk)
            await a.send(support.pk, "It does not pair")
            assert (await s.hear("MESSAGE"))["body"] == "It does not pair"
            assert (await s.send(support.pk, "Switch on the ignition"))["seq"] == 2
            answer = await a.hear("MESSAGE")
            while answer["seq"] != 2:
                answer = await a.hear("MESSAGE")
            assert (answer["sender"], answer["senderId"]) == ("support", str(sam.pk))
            await in_thread(
                lambda: append(thread_id=support.pk, body="Old firmware", kind=Kind.NOTE, author=sam.pk)
            )
            assert (await s.hear("NOTE"))["body"] == "Old firmware"
            assert (await s.send(direct.pk, "Let me in"))["code"] == "forbidden"
            await a.send(direct.pk, "Between us")
            await s.quiet("MESSAGE")
            await a.quiet("NOTE")
            await in_thread(browser.delete)
            assert await s.closed(timeout=9) == 4401

    run(story())
    assert set(Participant.objects.filter(user=sam).values_list("role", flat=True)) == {"support"}


def test_files_go_with_a_message_in_the_order_of_sending(server, pair, client_for):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)
    file = put_bytes(alice.pk, "attachment", "pull.csv", "text/csv", b"rpm,afr\n")
    theirs = put_bytes(tara.pk, "attachment", "hers.csv", "text/csv", b"rpm,afr\n")

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            key = str(thread.pk)
            await a.say(type="SEND", threadId=key, body="first")
            await a.say(type="SEND", threadId=key, body="", attachments=[str(file.pk)])
            await a.say(type="SEND", threadId=key, body="third")
            heard = [await t.hear("MESSAGE") for _ in range(3)]
            assert [one["body"] for one in heard] == ["first", "", "third"]
            assert heard[1]["attachments"] == [
                {"fileId": str(file.pk), "filename": "pull.csv", "contentType": "text/csv", "size": 8}
            ]
            assert (await a.send(key, "", attachments=[str(theirs.pk)]))["code"] == "invalid"

    run(story())
    assert Attachment.objects.count() == 1
    unread = client_for(alice).get("/api/v1/chat/unread/").json()
    assert unread == {"unread": 0, "threads": []}  # one's own words, whether the mark has followed or not
    for _ in range(50):
        with as_system("a test"):
            mark = Participant.objects.get(user=alice).read_seq
        if mark == 3:
            break
        time.sleep(0.1)
    assert mark == 3


def test_a_poke_that_was_lost_is_made_up_for(server, pair):
    """A message that no poke told of: the next one shows the hole; without a next one, the comparison does."""
    alice, tara, thread = pair
    token = token_of(tara)

    def silently(body):
        with patch("chat.services.live.hub.publish"):
            send(thread_id=thread.pk, sender_id=alice.pk, body=body)

    async def story():
        async with visiting(server, token) as t:
            await in_thread(lambda: silently("one"))
            await in_thread(lambda: send(thread_id=thread.pk, sender_id=alice.pk, body="two"))
            heard = [await t.hear("MESSAGE", timeout=2) for _ in range(2)]
            assert [one["seq"] for one in heard] == [1, 2]
            await in_thread(lambda: silently("three"))
            assert (await t.hear("MESSAGE", timeout=8))["seq"] == 3
            await asyncio.sleep(0.1)
            await t.quiet("MESSAGE")

    run(story())


def test_who_was_let_in_or_taken_out_without_a_poke_is_found(pair):
    """A process without Redis hears of nothing that others do, and looks for itself."""
    alice, tara, _ = pair
    token = token_of(tara)

    async def story(server):
        async with visiting(server, token) as t:
            new, _ = await in_thread(
                lambda: open_thread(opener=alice.pk, people={tara.pk: Part.TUNER}, kind="order")
            )
            await in_thread(lambda: send(thread_id=new.pk, sender_id=alice.pk, body="Are you in?"))
            assert (await t.hear("THREAD", timeout=15))["threadId"] == str(new.pk)
            assert (await t.hear("MESSAGE"))["body"] == "Are you in?"
            await in_thread(lambda: leave(thread_id=new.pk, user_id=tara.pk))
            assert await t.hear("THREAD", timeout=15) == {
                "type": "THREAD",
                "threadId": str(new.pk),
                "left": True,
            }

    with serving(REDIS_URL="") as server:
        run(story(server))


def test_another_app_brings_frames_of_its_own(pair):
    """The registry that the assistant plugs into, without a server: the consumer asks it for types it doesn't know."""
    from chat.consumer.socket import Socket
    from chat.ports import frames

    heard = []

    class Echo:
        async def __call__(self, socket, frame):
            socket.send_frame({"type": "ECHO", "body": frame["body"], "user": str(socket.user_id)})

    class Engine:
        process = "p"

    async def keep(event):
        heard.append(event)

    async def story():
        socket = Socket(Engine(), Login(str(pair[0].pk), session="s"), keep)
        await socket._take('{"type": "ECHO", "body": "hm"}')
        await asyncio.sleep(0)

    frames.register("ECHO", Echo())
    try:
        run(story())
    finally:
        frames._plugs.pop("ECHO")
    text = f'{{"type":"ECHO","body":"hm","user":"{pair[0].pk}"}}'
    assert heard == [{"type": "websocket.send", "text": text}]
