"""The inbox of staff: who may look, and what they see."""

from datetime import timedelta

import pytest

from appointments.tests.making import NOW, at, booked, make_bike, make_shop
from chat.models import Message, Part, Participant, SocketTicket, Thread
from chat.ports import besides
from chat.selectors.clock import first_answer, span
from chat.services import desk, open_thread, send
from chat.tests.inbox import PAGE, act, ask, audited, browser_of, listed, make_staff, show
from core import clock
from core.testing.counting import statements
from safety.models import SafetyReport, Verdict
from tests.cast import make_user

pytestmark = pytest.mark.django_db


# -- Who may look


@pytest.mark.parametrize("groups", [(), ("workshop", "finance", "moderation")])
def test_without_the_support_group_there_is_nothing(question, groups):
    wendy = browser_of(make_staff("wendy", *groups))
    before = Message.objects.count()
    doors = [
        wendy.get(PAGE), wendy.get(PAGE, {"thread": str(question.pk)}), wendy.post(f"{PAGE}ticket/"),
        wendy.get(f"{PAGE}files/{question.pk}/"), act(wendy, question, "reply", body="Hello"),
    ]  # fmt: skip
    assert [door.status_code for door in doors] == [403] * 5
    assert "Inbox" not in wendy.get("/admin/").content.decode()
    assert (Message.objects.count(), SocketTicket.objects.count(), audited()) == (before, 0, [])


def test_riders_are_sent_to_the_login(question, alice):
    answer = browser_of(alice).get(PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/login/?next={PAGE}")


def test_support_finds_it_in_the_sidebar_and_gets_a_ticket(page, sue):
    assert f'href="{PAGE}"' in page.get("/admin/").content.decode()
    assert page.post(f"{PAGE}ticket/").json().keys() == {"ticket", "expires_at"}
    kept = SocketTicket.objects.get()
    assert (kept.user, kept.session_key) == (sue, page.session.session_key)
    assert page.get(f"{PAGE}ticket/").status_code == 405


def test_conversations_between_people_are_not_staffs_to_read(page, alice):
    tara = make_user("tara")
    private, _ = open_thread(opener=alice.pk, people={tara.pk: Part.TUNER})
    send(thread_id=private.pk, sender_id=alice.pk, body="Between us")
    assert page.get(PAGE, {"thread": str(private.pk)}).status_code == 404
    assert act(page, private, "reply", body="Hello").status_code == 404
    assert act(page, private, "note", body="Hello").status_code == 404
    assert act(page, private, "status", status="resolved").status_code == 404
    assert listed(page, q="between") == []
    assert Participant.objects.filter(thread=private).count() == 2


# -- The list


def test_tabs_hold_what_they_say(page, sue, alice):
    bob = make_user("bob")
    threads = {name: ask(bob, subject=name) for name in ("new", "mine", "waits", "sleeps", "done")}
    desk.assign(thread_id=threads["mine"].pk, to=sue, by=sue)
    desk.move(thread_id=threads["waits"].pk, status="pending")
    desk.move(thread_id=threads["sleeps"].pk, status="snoozed", snooze=timedelta(hours=1))
    desk.move(thread_id=threads["done"].pk, status="resolved")
    Thread.objects.filter(subject="mine").update(first_response_due_at=clock.now() - timedelta(minutes=5))
    tabs = {
        tab: listed(page, tab=tab)
        for tab in ("", "mine", "unassigned", "overdue", "pending", "snoozed", "resolved")
    }
    assert tabs == {
        "": ["mine", "new"], "mine": ["mine"], "unassigned": ["sleeps", "waits", "new"], "overdue": ["mine"],
        "pending": ["waits"], "snoozed": ["sleeps"], "resolved": ["done"],
    }  # fmt: skip
    numbers = {tab["title"]: tab["number"] for tab in page.get(PAGE).context["tabs"]}
    assert numbers == {
        "Open": 2, "Mine": 1, "Unassigned": 3, "Overdue": 1, "Pending": 1, "Snoozed": 1, "Resolved": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "words, found",
    [
        ("dongle", ["The dongle does not pair"]), ("blinks nothing", ["The dongle does not pair"]),
        ("alice", ["The dongle does not pair"]), ("Alice Te", ["The dongle does not pair"]),
        ("bob@example.com", ["Invoice"]), ("escalate", ["Invoice"]), ("nobody", []), ("' OR 1=1 --", []),
    ],
)  # fmt: skip
def test_search_finds_subjects_people_words_and_notes(question, page, sue, words, found):
    invoice = ask(make_user("bob"), subject="Invoice", body="Where is it?")
    desk.note(thread_id=invoice.pk, by=sue, body="Please escalate")
    assert listed(page, q=words, tab="resolved") == found


def test_one_kind_only(question, page, alice):
    ask(alice, subject="My visit", kind="shop")
    assert listed(page, kind="shop") == ["My visit"]
    assert listed(page, kind="nonsense", tab="nonsense", page="-1") == [
        "My visit",
        "The dongle does not pair",
    ]


def test_unread_is_what_nobody_of_staff_has_seen(question, page, sue, alice):
    send(thread_id=question.pk, sender_id=alice.pk, body="Hello?")
    assert [entry.unread for entry, _ in page.get(PAGE).context["entries"]] == [2]
    show(page, question)
    assert [entry.unread for entry, _ in browser_of(make_user("sam")).get(PAGE).context["entries"]] == [0]
    assert list(Participant.objects.filter(thread=question).values_list("user__first_name", flat=True)) == [
        "Alice"
    ]
    send(thread_id=question.pk, sender_id=alice.pk, body="Still there?")
    page.get(PAGE, {"thread": str(question.pk)}, headers={"X-Part": "live"})  # a refresh behind one's back
    assert [entry.unread for entry, _ in page.get(PAGE).context["entries"]] == [1]
    assert act(page, question, "seen", seq=99).json() == {"said": ""}
    question.refresh_from_db()
    assert question.staff_seen_seq == question.last_seq == 3


@pytest.mark.parametrize(
    "due, answered, status, state, words",
    [
        (60, None, "open", "due", "First answer due in 40 min"),
        (10, None, "open", "overdue", "First answer overdue by 10 min"),
        (10, None, "resolved", "none", "Resolved without an answer"),
        (60, 5, "pending", "met", "First answer after 5 min"),
        (10, 150, "open", "late", "First answer after 2 h 30 min, 2 h 20 min late"),
        (None, None, "open", "none", ""),
    ],
)
def test_the_clock_is_told_in_words(due, answered, status, state, words):
    opened = clock.now()

    def minutes(number):
        return opened + timedelta(minutes=number) if number is not None else None

    thread = Thread(
        created_at=opened,
        first_response_due_at=minutes(due),
        first_responded_at=minutes(answered),
        status=status,
    )
    found = first_answer(thread, minutes(20))
    assert (found.state, found.words) == (state, words)


def test_spans_have_two_units():
    shown = [
        span(timedelta(seconds=seconds)) for seconds in (0, 59, 60, 3600, 3661, 86400, 90061, 86400 * 40)
    ]
    assert shown == [
        "under a minute",
        "under a minute",
        "1 min",
        "1 h",
        "1 h 1 min",
        "1 d",
        "1 d 1 h",
        "40 d",
    ]


def test_an_overdue_answer_shows_as_text(question, page):
    Thread.objects.update(first_response_due_at=clock.now() - timedelta(minutes=12))
    assert "First answer overdue by 12 min" in show(page, tab="overdue")
    assert act(page, question, "reply", body="Sorry for the wait.").status_code == 200
    assert "12 min late" in show(page, question)
    assert listed(page, tab="overdue") == []


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_costs_the_same_for_one_and_thirty(number, page, alice):
    make_bike(alice)
    for turn in range(number):
        thread = ask(alice, subject=f"Question {turn}", body="Why?")
        desk.note(thread_id=thread.pk, by=make_user("sam"), body="Aha")
    show(page, thread)
    query = {"thread": str(thread.pk)}
    with statements() as listing:
        assert len(page.get(PAGE).context["entries"]) == number
    with statements() as opening:
        page.get(PAGE, query)
    with statements() as refreshing:
        page.get(PAGE, query, headers={"X-Part": "live"})
    assert [len(told) for told in (listing, opening, refreshing)] == [10, 21 + len(besides), 14]


# -- The conversation and what stands beside it


def test_support_sees_the_customers_things_and_nobody_elses(alice, page, client_for):
    shop, bob = make_shop(), make_user("bob")
    bike = make_bike(alice, license_plate="KA 01 AB 1234", vin="JYARM061000012345", odometer_km=10_000)
    make_bike(bob, nickname="Bob's own")
    with clock.held_at(NOW):
        visit = booked(alice, shop, at(10), vehicle=bike)
    report_on(alice, bike)
    opened = client_for(alice).post(
        "/api/v1/chat/threads/", {"context": {"kind": "booking", "id": str(visit.pk)}}
    )
    thread = Thread.objects.get(pk=opened.json()["id"])
    seen = show(page, thread)
    for words in (
        "2016 Yamaha MT-07", "KA 01 AB 1234", "10,000 km", visit.reference, "Do not flash", "street.msq",
        "About Appointment", "alice@example.com",
    ):  # fmt: skip
        assert words in seen, words
    assert "Bob&#x27;s own" not in seen
    assert "JYARM061000012345" not in seen
    assert "/admin/garage/vehicle/" not in seen  # Sue may not open it
    assert f"/admin/garage/vehicle/{bike.pk}/change/" in show(browser_of(make_user("sam")), thread)


def report_on(owner, bike):
    return SafetyReport.objects.create(
        owner=owner, vehicle=bike, filename="street.msq", tune_sha256="1" * 64, verdict=Verdict.BLOCK, score=90,
        coverage=0.5, body={}, ruleset_version="t", engine_version="t",
    )  # fmt: skip


def test_long_conversations_come_in_pages(question, page, sue, alice):
    for number in range(1, 130):
        if number == 30:
            desk.note(thread_id=question.pk, by=sue, body="Between two pages")
        send(thread_id=question.pk, sender_id=alice.pk, body=f"line {number}")
    answer = page.get(PAGE, {"thread": str(question.pk)})
    said = []
    while True:
        found = answer.context["open"]
        said = [item.row.body for item in found.items] + said
        if not answer.context["earlier"]:
            break
        answer = page.get(f"{PAGE}{answer.context['earlier']}")
    lines = [f"line {number}" for number in range(1, 130)]
    assert said == ["It blinks twice and then nothing.", *lines[:29], "Between two pages", *lines[29:]]


def test_words_of_customers_are_text(page, alice):
    thread = ask(alice, subject="<b>Hi</b>", body="<script>alert(1)</script>\nsecond line")
    seen = show(page, thread)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>second line" in seen
    assert "<b>Hi</b>" not in seen
    assert "alert(1)</script>" not in seen


def test_somebody_erased_leaves_a_readable_conversation(question, page):
    Thread.objects.update(opened_by=None)
    Message.objects.update(sender=None)
    assert show(page, question).count("Somebody erased") >= 2
