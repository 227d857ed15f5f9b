"""REST: threads, messages, marks, blocks, search; Bob tries every door."""

import pytest
from django.db import connection

from chat.models import Message, MessageEdit, Part, Thread
from chat.services import open_thread, send
from core.testing.counting import statements
from tests.cast import make_user

pytestmark = pytest.mark.django_db
THREADS = "/api/v1/chat/threads/"


@pytest.fixture
def cast():
    return make_user("alice"), make_user("bob"), make_user("tara")


@pytest.fixture
def thread(cast):
    alice, _, tara = cast
    return open_thread(opener=alice.pk, people={tara.pk: Part.TUNER})[0]


def lines(thread, sender, *bodies):
    return [send(thread_id=thread.pk, sender_id=sender.pk, body=body).said for body in bodies]


def test_a_direct_thread_is_opened_once(cast, client_for):
    alice, _, tara = cast
    first = client_for(alice).post(THREADS, {"participants": [str(tara.pk)]})
    again = client_for(tara).post(THREADS, {"participants": [str(alice.pk)]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert {one["name"] for one in first.json()["participants"]} == {"Alice Test", "Tara Test"}
    assert Thread.objects.count() == 1


def test_a_message_goes_round(cast, thread, client_for):
    alice, bob, tara = cast
    url = f"{THREADS}{thread.pk}/messages/"
    said = client_for(alice).post(url, {"body": "Hello", "client_id": "c1"})
    again = client_for(alice).post(url, {"body": "Hello", "client_id": "c1"})
    assert (said.status_code, again.status_code) == (201, 200)
    assert said.json() == again.json()
    assert said.json()["seq"] == 1
    assert client_for(tara).get(url).json()["results"] == [said.json()]
    assert client_for(tara).get("/api/v1/chat/unread/").json() == {
        "unread": 1, "threads": [{"thread_id": str(thread.pk), "unread": 1}],
    }  # fmt: skip
    read = client_for(tara).post(f"{THREADS}{thread.pk}/read/", {"seq": 99})
    assert read.json() == {"read_seq": 1, "unread": 0}
    assert client_for(bob).get(url).status_code == 404
    assert client_for(bob).post(url, {"body": "Let me in"}).status_code == 404
    assert Message.objects.count() == 1


def test_the_ways_to_ask_for_messages(cast, thread, client_for):
    alice, _, tara = cast
    said = lines(thread, alice, *"abcde")
    url, client = f"{THREADS}{thread.pk}/messages/", client_for(tara)

    def bodies(**query):
        answer = client.get(url, query).json()
        return (
            "".join(row["body"] for row in answer["results"]),
            bool(answer["next"]),
            bool(answer["previous"]),
        )

    assert bodies() == ("abcde", False, False)
    assert bodies(page_size=2) == ("de", False, True)
    assert bodies(before_seq=4, page_size=2) == ("bc", False, True)
    assert bodies(after_seq=1, page_size=3) == ("bcd", True, False)
    client_for(alice).patch(f"{url}{said[0].id}/", {"body": "A"})
    client_for(alice).delete(f"{url}{said[1].id}/")
    assert bodies(after_rev=5) == ("A", False, False)  # the deleted one has no words
    page = client.get(url, {"since": said[4].created_at.isoformat()})
    assert [row["rev"] for row in page.json()["results"]] == [5, 6, 7]
    assert page.json()["last_rev"] == 7
    until = page["X-Sync-Until"]
    assert [row["rev"] for row in client.get(url, {"since": until}).json()["results"]] == [7]
    assert list(MessageEdit.objects.values_list("body", "rev")) == [("a", 1), ("b", 2)]
    both = client.get(url, {"since": until, "after_seq": 1})
    assert (both.status_code, list(both.json()["fields"])) == (400, ["since"])


def test_pages_follow_their_links_to_the_end(cast, thread, client_for):
    alice, _, _ = cast
    lines(thread, alice, *(str(n) for n in range(7)))
    url, found = f"{THREADS}{thread.pk}/messages/?after_rev=0&page_size=3", []
    while url:
        page = client_for(alice).get(url).json()
        found += [row["seq"] for row in page["results"]]
        url = page["next"]
    assert found == [1, 2, 3, 4, 5, 6, 7]


def test_all_threads_by_one_cursor(cast, thread, client_for):
    alice, bob, tara = cast
    other, _ = open_thread(opener=alice.pk, people={bob.pk: Part.USER})
    lines(thread, alice, "a", "b")
    lines(other, alice, "c")
    client = client_for(alice)
    first = client.get("/api/v1/chat/sync/").json()
    assert [row["body"] for row in first["messages"]] == ["a", "b", "c"]
    assert client.get("/api/v1/chat/sync/", {"cursor": first["cursor"]}).json()["messages"] == []
    lines(thread, tara, "d")
    delta = client.get("/api/v1/chat/sync/", {"cursor": first["cursor"]}).json()
    assert [row["body"] for row in delta["messages"]] == ["d"]
    foreign = client_for(bob).get("/api/v1/chat/sync/", {"cursor": first["cursor"]})
    assert (foreign.status_code, list(foreign.json()["fields"])) == (400, ["cursor"])


def test_words_are_found_only_where_one_is(cast, thread, client_for):
    alice, bob, tara = cast
    lines(thread, tara, "The big bore map is done", "Nothing else")
    found = client_for(alice).get("/api/v1/chat/search/", {"q": "bore map"}).json()["results"]
    assert [row["body"] for row in found] == ["The big bore map is done"]
    assert client_for(bob).get("/api/v1/chat/search/", {"q": "bore map"}).json()["results"] == []
    assert client_for(bob).get("/api/v1/chat/search/").status_code == 400


def test_a_block_holds_both_ways_and_can_be_lifted(cast, thread, client_for):
    alice, bob, tara = cast
    url = f"{THREADS}{thread.pk}/messages/"
    made = client_for(alice).post("/api/v1/chat/blocks/", {"user_id": str(tara.pk)})
    assert made.status_code == 201
    for person in (alice, tara):
        refused = client_for(person).post(url, {"body": "?"})
        assert (refused.status_code, refused.json()["code"]) == (403, "chat_blocked")
    assert client_for(bob).delete(f"/api/v1/chat/blocks/{made.json()['id']}/").status_code == 404
    assert client_for(alice).delete(f"/api/v1/chat/blocks/{made.json()['id']}/").status_code == 204
    assert client_for(tara).post(url, {"body": "!"}).status_code == 201
    assert client_for(alice).post("/api/v1/chat/blocks/", {"user_id": str(tara.pk)}).status_code == 201


def test_what_can_not_be_sent_leaves_no_trace(cast, thread, client_for):
    alice, _, tara = cast
    url = f"{THREADS}{thread.pk}/messages/"
    theirs = lines(thread, tara, "mine")[0]
    for body, field in (
        ({"body": ""}, "body"),
        ({"body": "x" * 8001}, "body"),
        ({"body": "ok", "sender_id": str(tara.pk)}, "sender_id"),
        ({"body": "ok", "reply_to": str(thread.pk)}, "reply_to"),
        ({"body": "ok", "attachments": [str(thread.pk)]}, "attachments"),
        ({"body": "ok", "client_id": "x" * 65}, "client_id"),
    ):
        refused = client_for(alice).post(url, body)
        assert (refused.status_code, list(refused.json()["fields"])) == (400, [field])
    assert client_for(alice).patch(f"{url}{theirs.id}/", {"body": "?"}).status_code == 403
    assert client_for(alice).delete(f"{url}{theirs.id}/").status_code == 403
    assert Message.objects.count() == 1
    thread.refresh_from_db()
    assert (thread.last_seq, thread.last_rev) == (1, 1)


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_for_any_number(cast, client_for, count):
    alice, _, _ = cast
    for n in range(count):
        thread, _ = open_thread(opener=alice.pk, subject=f"Question {n}")
        lines(thread, alice, "one", "two")
    client = client_for(alice)
    with statements() as told:
        assert len(client.get(THREADS).json()["results"]) == count
    assert len([line for line in told if "set_config('role'" not in line]) == 5
    with statements() as told:
        assert len(client.get("/api/v1/chat/search/", {"q": "two"}).json()["results"]) == count
    assert len([line for line in told if "set_config('role'" not in line]) == 3
    with statements() as told:
        assert len(client.get(f"{THREADS}{thread.pk}/messages/").json()["results"]) == 2
    assert len([line for line in told if "set_config('role'" not in line]) == 3


def test_a_note_is_never_seen_by_the_customer(cast, client_for, desk):
    from chat.models import Kind
    from chat.services import append
    from core.rls import APP_ROLE, SYSTEM_ROLE
    from core.testing.client import use_role

    alice, _, _ = cast
    thread, _ = open_thread(opener=alice.pk, subject="Help")
    lines(thread, alice, "Help me")
    append(thread_id=thread.pk, body="Wants a refund again", kind=Kind.NOTE)
    answer = client_for(alice).get(f"{THREADS}{thread.pk}/messages/").json()
    assert [row["body"] for row in answer["results"]] == ["Help me"]
    assert client_for(alice).get("/api/v1/chat/search/", {"q": "refund"}).json()["results"] == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.user_id', %s, false)", [str(alice.pk)])
        cursor.execute(f"SET ROLE {APP_ROLE}")
        cursor.execute("SELECT body FROM chat_message")
        assert cursor.fetchall() == [("Help me",)]
    use_role(SYSTEM_ROLE)
