"""Staff in the inbox, and what they do there."""

from django.contrib.auth.models import Group

from chat.services import open_thread, send
from core.models import AuditEvent
from core.testing.client import StaffClient
from tests.cast import make_user
from users.models import Role

PAGE = "/admin/inbox/"


def make_staff(name, *groups):
    """Staff in these groups, without a single permission of Django's."""
    row = make_user(name, role=Role.ADMIN, is_staff=True)
    row.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return row


def browser_of(user):
    client = StaffClient()
    client.force_login(user)
    return client


def ask(customer, subject="The dongle does not pair", body="It blinks twice and then nothing.", **more):
    thread, _ = open_thread(opener=customer.pk, subject=subject, **more)
    send(thread_id=thread.pk, sender_id=customer.pk, body=body)
    thread.refresh_from_db()
    return thread


def show(client, thread=None, **query):
    answer = client.get(PAGE, query | ({"thread": str(thread.pk)} if thread else {}))
    assert answer.status_code == 200
    return answer.content.decode()


def listed(client, **query):
    """Subjects in the list, in order."""
    rows = client.get(PAGE, query).context["entries"]
    return [entry.thread.subject for entry, _ in rows]


def act(client, thread, deed, **values):
    url = f"{PAGE}?thread={thread.pk}"
    return client.post(url, {"deed": deed, **values}, headers={"Accept": "application/json"})


def audited():
    rows = AuditEvent.objects.filter(action__startswith="inbox.").order_by("at", "pk")
    return list(rows.values_list("action", "actor", "target"))
