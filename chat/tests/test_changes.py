"""Changes of messages: for whom, how long, over what; and that no way of asking for them loses one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connections

from chat.models import Message, MessageEdit, Part
from chat.services import delete, edit, open_thread, send
from core import clock
from core.rls import as_system
from tests.cast import make_user

pytestmark = pytest.mark.django_db
THREADS = "/api/v1/chat/threads/"
SYNC = "/api/v1/chat/sync/"


@pytest.fixture
def talk():
    """Alice, Tara, and two threads of theirs."""
    alice, tara = make_user("alice"), make_user("tara")
    people = {tara.pk: Part.TUNER}
    return alice, tara, [
        open_thread(opener=alice.pk, people=people, kind=kind)[0] for kind in ("direct", "order")
    ]  # fmt: skip


def test_words_change_only_from_the_revision_that_was_seen(talk, client_for):
    alice, _, (thread, _) = talk
    url, client = f"{THREADS}{thread.pk}/messages/", client_for(alice)
    said = client.post(url, {"body": "Frist"})
    door = f"{url}{said.json()['id']}/"
    assert said.headers["ETag"] == '"1"'
    edited = client.patch(door, {"body": "First"}, headers={"If-Match": said.headers["ETag"]})
    assert (edited.status_code, edited.headers["ETag"], edited.json()["rev"]) == (200, '"2"', 2)
    for tag in ('"1"', '"x"', "2²"):
        late = client.patch(door, {"body": "Last"}, headers={"If-Match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert client.delete(door, headers={"If-Match": '"1"'}).status_code == 412
    assert Message.objects.get().body == "First"
    assert client.delete(door, headers={"If-Match": '"2"'}).status_code == 204
    assert list(MessageEdit.objects.order_by("rev").values_list("body", flat=True)) == ["Frist", "First"]


def test_a_message_can_be_changed_for_a_day_and_taken_back_for_ever(talk, client_for):
    alice, _, (thread, _) = talk
    said = send(thread_id=thread.pk, sender_id=alice.pk, body="Hello").said
    door = f"{THREADS}{thread.pk}/messages/{said.id}/"
    with clock.held_at(clock.now() + timedelta(hours=24, minutes=1)):
        late = client_for(alice).patch(door, {"body": "Bye"})
        assert (late.status_code, late.json()["code"]) == (409, "chat_edit_closed")
        assert client_for(alice).delete(door).status_code == 204
    gone = client_for(alice).patch(door, {"body": "Bye"})
    assert (gone.status_code, gone.json()["code"]) == (409, "chat_edit_closed")
    assert Message.objects.get().body == ""


def test_a_thread_answers_304_until_something_of_it_has_changed(talk, client_for):
    alice, tara, (_, thread) = talk
    url, client = f"{THREADS}{thread.pk}/", client_for(alice)

    def asked(tag):
        answer = client.get(url, headers={"If-None-Match": tag})
        return answer.status_code, answer.headers["ETag"]

    tag = client.get(url).headers["ETag"]
    assert asked(tag) == (304, tag)
    send(thread_id=thread.pk, sender_id=tara.pk, body="Hello")
    status, second = asked(tag)
    assert (status, second != tag) == (200, True)
    client.post(f"{url}read/", {"seq": 1})  # only her own mark moves
    status, third = asked(second)
    assert (status, third != second) == (200, True)
    late = client.patch(url, {"subject": "Stage 2"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    named = client.patch(url, {"subject": "Stage 2"}, headers={"If-Match": third})
    assert (named.status_code, named.json()["subject"]) == (200, "Stage 2")
    until = clock.now() + timedelta(hours=8)
    muted = client.patch(url, {"muted_until": until.isoformat()}).json()
    assert muted["muted_until"] == until.isoformat().replace("+00:00", "Z")
    assert client_for(tara).get(url).json()["muted_until"] is None
    assert client_for(tara).patch(url, {"subject": "Mine"}).status_code == 403
    assert client.patch(url, {"muted_until": None}).json()["muted_until"] is None


def test_all_threads_bring_edits_and_tombstones_by_one_cursor(talk, client_for):
    alice, tara, threads = talk
    client = client_for(alice)
    said = [send(thread_id=thread.pk, sender_id=tara.pk, body="Hello").said for thread in threads]
    cursor = client.get(SYNC).json()["cursor"]
    edit(thread_id=threads[0].pk, message_id=said[0].id, user_id=tara.pk, body="Hello!")
    delete(thread_id=threads[1].pk, message_id=said[1].id, user_id=tara.pk)
    delta = client.get(SYNC, {"cursor": cursor}).json()
    changed = [(row["id"], row["body"], row["rev"], row["deleted_at"] is None) for row in delta["messages"]]
    assert changed == [(str(said[0].id), "Hello!", 2, True), (str(said[1].id), "", 2, False)]
    assert delta["has_more"] is False
    assert client.get(SYNC, {"cursor": delta["cursor"]}).json()["messages"] == []
    assert client.get(SYNC, {"cursor": "nonsense"}).status_code == 400


WRITERS, EACH = 6, 25


def since(client, thread, state):
    """Changed messages of a thread, with all pages, and what to ask with next."""
    query = {"since": state or "2020-01-01T00:00:00Z", "page_size": 200}
    answer = client.get(f"{THREADS}{thread.pk}/messages/", query)
    rows = answer.json()["results"]
    while following := answer.json()["next"]:
        answer = client.get(following)
        rows += answer.json()["results"]
    return rows, answer.headers.get("X-Sync-Until") or state


def after_rev(client, thread, state):
    query = {"after_rev": state or 0, "page_size": 200}
    rows = client.get(f"{THREADS}{thread.pk}/messages/", query).json()["results"]
    return rows, rows[-1]["rev"] if rows else state


def all_threads(client, _, state):
    answer = client.get(SYNC, {"cursor": state} if state else {}).json()
    return answer["messages"], answer["cursor"]


def polled(ask, client, thread, over):
    """Ask again and again, and twice after the last word; messages by id, the newest revision counts."""
    known, state, rounds = {}, None, 2
    try:
        while rounds:
            rounds -= over.is_set()
            rows, state = ask(client, thread, state)
            for row in rows:
                if row["rev"] >= known.get(row["id"], {"rev": 0})["rev"]:
                    known[row["id"]] = row
    finally:
        connections.close_all()
    return {key: (row["rev"], row["body"]) for key, row in known.items()}


def wrote(number, sender, threads):
    """Now and then a line is changed, or taken back."""
    try:
        for turn in range(EACH):
            thread = threads[(number + turn) % 2]
            said = send(thread_id=thread.pk, sender_id=sender.pk, body=f"{number} {turn}").said
            at = {"thread_id": thread.pk, "message_id": said.id, "user_id": sender.pk}
            if turn % 5 == 0:
                edit(**at, body=f"{number} {turn}!")
            if turn % 7 == 0:
                delete(**at)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_who_polls_while_others_write_misses_nothing(talk, client_for):
    """By `since`, by `after_rev` and by the cursor of all threads: each knows in the end what the database has."""
    alice, tara, threads = talk
    over = Event()
    with ThreadPoolExecutor(WRITERS + 3) as pool:
        ways = [(way, client_for(alice)) for way in (since, after_rev, all_threads)]
        polls = [pool.submit(polled, way, client, threads[0], over) for way, client in ways]
        for one in [pool.submit(wrote, n, (alice, tara)[n % 2], threads) for n in range(WRITERS)]:
            one.result()
        over.set()
        found = [one.result() for one in polls]
    with as_system("a test"):
        rows = list(Message.objects.all())
    stored = {str(row.pk): (row.rev, row.body) for row in rows}
    first = {str(row.pk): (row.rev, row.body) for row in rows if row.thread_id == threads[0].pk}
    assert found == [first, first, stored]
    assert len(stored) == WRITERS * EACH
