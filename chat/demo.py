"""The demo's conversations: Alice asks Tara, Tara delivers, support helps Bob and Alice."""

from typing import Any, Final
from uuid import UUID

from chat.models import CannedReply, Kind, Part, Thread, ThreadKind
from chat.services import append, join_as_staff, open_thread, send
from users.models import User

CANNED: Final = (
    ("hello", "Greeting", "Hello, and thank you for writing to us. We look at this now."),
    (
        "backup",
        "Backup first",
        "Please save a backup of the ECU before anything is written; the app leads you.",
    ),
    (
        "refund",
        "Refund on its way",
        "Your refund was made. Banks take three to five working days to show it.",
    ),
)


def fill_chat(world: dict[str, Any]) -> None:
    """Idempotent."""
    for shortcut, title, body in CANNED:
        CannedReply.objects.get_or_create(shortcut=shortcut, defaults={"title": title, "body": body})
    if Thread.objects.exists():
        return
    alice, bob, tara, sam = (world[name] for name in ("alice", "bob", "tara", "sam"))
    direct, _ = open_thread(opener=alice.pk, people={tara.pk: Part.TUNER})
    _talk(
        direct.pk,
        (alice, "Hi Tara, do you map big bore R1 engines on Speeduino?"),
        (tara, "I do. Send me a log of a third gear pull and your fuel grade."),
        (alice, "98 octane. The log follows tonight."),
    )
    order, _ = open_thread(
        opener=tara.pk, people={alice.pk: Part.USER}, kind=ThreadKind.ORDER, subject="Stage 1 for the R1"
    )
    _talk(
        order.pk,
        (tara, "Your map is in the shop. It expects the stock airbox."),
        (alice, "Perfect, I bought it just now."),
    )
    support, _ = open_thread(opener=alice.pk, subject="The dongle does not pair")
    join_as_staff(thread_id=support.pk, user_id=sam.pk)
    _talk(
        support.pk,
        (alice, "The dongle blinks twice and then nothing. What does it want?"),
        (sam, "Two blinks mean that it waits for the ignition. Please switch it on first."),
    )
    append(
        thread_id=support.pk,
        body="Second one this week: put it into the guide.",
        kind=Kind.NOTE,
        author=sam.pk,
    )
    lost, _ = open_thread(opener=bob.pk, subject="Invoice for my last visit")
    _talk(lost.pk, (bob, "Where do I find the invoice of March?"))


def _talk(thread_id: UUID, *lines: tuple[User, str]) -> None:
    for sender, body in lines:
        send(thread_id=thread_id, sender_id=sender.pk, body=body)
