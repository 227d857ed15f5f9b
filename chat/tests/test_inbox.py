"""The inbox of staff: who may look, what they see and do, what each deed leaves behind, and a day of two people."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from chat.models import CannedReply, Kind, Message, Part, Participant, Thread
from chat.services import append, join_as_staff, open_thread, send
from core import clock
from core.models import AuditEvent
from core.testing.client import StaffClient
from core.testing.counting import statements
from tests.cast import make_user
from users.models import Role

pytestmark = pytest.mark.django_db
PAGE = "/admin/inbox/"


def make_staff(name, *groups):
    """Staff without any Django permission, in these groups."""
    row = make_user(name, role=Role.ADMIN, is_staff=True)
    row.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return row


def browser_of(user):
    client = StaffClient()
    client.force_login(user)
    return client


@pytest.fixture
def question(db):
    """Alice has asked support something."""
    alice = make_user("alice")
    thread, _ = open_thread(opener=alice.pk, subject="The dongle does not pair")
    send(thread_id=thread.pk, sender_id=alice.pk, body="It blinks twice and then nothing.")
    return alice, thread


def show(client, thread=None, **query):
    if thread is not None:
        query["thread"] = str(thread.pk)
    return client.get(PAGE, query).content.decode()


def act(client, thread, deed, **values):
    return client.post(
        f"{PAGE}?thread={thread.pk}", {"deed": deed, **values}, headers={"Accept": "application/json"}
    )


def deeds():
    return list(AuditEvent.objects.filter(action__startswith="inbox.").order_by("at").values_list("action", flat=True))


def test_first(question, desk):
    alice, thread = question
    page = show(desk, thread)
    assert "It blinks twice" in page
