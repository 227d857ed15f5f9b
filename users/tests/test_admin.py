"""Staff and people: bans, roles, ended logins, keys shown once, and nobody promoting themselves."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.core import mail
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from core import audit, clock
from core.models import AuditEvent
from core.testing.client import RiderClient, StaffClient
from core.testing.jobs import run_jobs
from tests.cast import login, make_user
from users.models import ApiKey, AppSession, Identity, RevokedReason, Role, User, UserDevice

pytestmark = pytest.mark.django_db


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def form_of(person, **changes):
    fields = {"first_name": person.first_name, "last_name": person.last_name, "email": person.email or "",
              "phone": person.phone or "", "role": person.role, "is_active": person.is_active,
              "is_staff": person.is_staff, "is_superuser": person.is_superuser, "bio": person.bio}  # fmt: skip
    return {name: value for name, value in (fields | changes).items() if value is not False}


def test_a_ban_ends_all_logins_and_is_in_the_log(desk):
    alice = make_user("alice")
    client = login(alice)
    saved = desk.post(url(User, "change", alice.pk), form_of(alice, is_active=False))
    assert saved.status_code == 302, re.findall(r"errorlist.*", saved.content.decode())
    assert client.get("/api/v1/auth/profile/").status_code == 401
    assert AppSession.objects.get(user=alice).revoked_reason == RevokedReason.ADMIN
    event = AuditEvent.objects.get(action="staff.person")
    assert (event.target, event.data) == (str(alice.pk), {"changed": ["is_active"]})


def test_a_role_counts_from_the_next_request_on(desk):
    alice = make_user("alice")
    client = login(alice)
    desk.post(url(User, "change", alice.pk), form_of(alice, role=Role.TUNER))
    assert client.get("/api/v1/auth/profile/").json()["user"]["role"] == "TUNER"
    alice.refresh_from_db()
    assert alice.token_epoch == 1


def test_an_address_that_staff_change_is_unproved(desk):
    from core import clock

    alice = make_user("alice", email_verified_at=clock.now())
    desk.post(url(User, "change", alice.pk), form_of(alice, email="Alice2@example.com"))
    alice.refresh_from_db()
    assert (alice.email, alice.email_verified_at) == ("alice2@example.com", None)


def helper(*codenames):
    """A member of staff with these permissions and no more."""
    tess = make_user("tess", is_staff=True)
    tess.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = StaffClient()
    client.force_login(tess)
    return tess, client


def test_staff_who_may_edit_people_cannot_promote_themselves_or_others():
    tess, client = helper("change_user", "view_user")
    alice = make_user("alice")
    for person in (tess, alice):
        client.post(
            url(User, "change", person.pk), form_of(person, is_superuser=True, is_staff=True, role="ADMIN")
        )
        person.refresh_from_db()
        assert not person.is_superuser
        assert person.role == Role.RIDER
    assert not alice.is_staff
    sam = make_user("sam")
    assert client.post(url(User, "change", sam.pk), form_of(sam, email="mine@example.com")).status_code == 403


def test_only_superusers_set_passwords_and_their_owners_hear_of_it(desk):
    alice = make_user("alice")
    where = reverse("admin:auth_user_password_change", args=[alice.pk])
    body = {"password1": "a-much-better-one-7", "password2": "a-much-better-one-7", "usable_password": "true"}
    _tess, client = helper("change_user", "view_user")
    assert client.post(where, body).status_code == 403
    waiting = login(alice)
    assert desk.post(where, body).status_code == 302
    assert waiting.get("/api/v1/auth/profile/").status_code == 401
    run_jobs()
    assert [(m.to, m.subject) for m in mail.outbox] == [([alice.email], "Your password was changed")]


def test_nobody_deletes_people_here(desk):
    alice = make_user("alice")
    assert desk.post(url(User, "delete", alice.pk), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_a_login_is_ended_by_a_deed_that_asks_first(desk):
    alice = make_user("alice")
    client = login(alice)
    session = AppSession.objects.get(user=alice)
    deed = reverse("admin:users_appsession_end", args=[session.pk])
    desk.get(deed)
    session.refresh_from_db()
    assert session.revoked_at is None
    desk.post(deed, {"_form_submitted": "true"})
    assert client.get("/api/v1/auth/profile/").status_code == 401


def test_a_key_is_shown_once_and_works(desk):
    body = {"name": "Front desk", "scopes": ["workshop", "support"], "networks": "203.0.113.0/24"}
    page = desk.post(url(ApiKey, "add"), body)
    assert (page.status_code, "no-store" in page["Cache-Control"]) == (200, True)
    key = re.search(r'id="api-key">(rs_[\w-]{43})<', page.content.decode()).group(1)
    row = ApiKey.objects.get()
    assert (row.scopes, row.networks, row.created_by.email) == (
        ["support", "workshop"], ["203.0.113.0/24"], "sam@example.com",
    )  # fmt: skip
    shown = desk.get(url(ApiKey, "change", row.pk)).content.decode()
    assert key not in shown
    assert row.key_hash not in shown
    desk.post(reverse("admin:users_apikey_end", args=[row.pk]), {"_form_submitted": "true"})
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_a_network_that_is_none_is_refused(desk):
    page = desk.post(url(ApiKey, "add"), {"name": "x", "scopes": ["support"], "networks": "everywhere"})
    assert "everywhere is no network" in page.content.decode()
    assert ApiKey.objects.count() == 0


def test_the_log_is_read_only_and_finds_a_person_by_address(desk):
    alice = make_user("alice")
    login(alice)
    page = desk.get(url(AuditEvent, "changelist"), {"q": alice.email}).content.decode()
    assert "Alice Test" in page
    assert "session.open" in page
    event = AuditEvent.objects.filter(actor=alice.pk).first()
    assert desk.get(url(AuditEvent, "change", event.pk)).status_code == 200
    assert desk.post(url(AuditEvent, "change", event.pk), {"action": "x"}).status_code == 403
    assert desk.post(url(AuditEvent, "delete", event.pk), {"post": "yes"}).status_code == 403


def test_the_log_shows_the_last_month_and_more_when_asked(desk):
    with clock.held_at(clock.now() - timedelta(days=60)):
        audit.record("old.deed", outcome="refused")
    audit.record("new.deed")

    def shown(**query):
        page = desk.get(url(AuditEvent, "changelist"), query)
        assert page.status_code == 200
        return [word for word in ("old.deed", "new.deed") if word in page.content.decode()]

    assert shown() == ["new.deed"]
    assert shown(time="quarter") == shown(time="all") == ["old.deed", "new.deed"]
    assert shown(time="all", outcome="not") == ["old.deed"]
    assert shown(outcome="ok") == ["new.deed"]
    assert shown(time="year", q="old.") == ["old.deed"]
    assert shown(q="nothing") == shown(q="01900000-0000-7000-8000-000000000000") == []


def test_every_page_of_a_row_opens(desk):
    alice = make_user("alice")
    login(alice)
    UserDevice.objects.create(user=alice, device_id="x", push_token="secret-push-token")
    Identity.objects.create(user=alice, provider="acme", issuer="i", subject="s")
    RiderClient().post("/api/v1/auth/password-reset/", {"email": alice.email})
    for model in (User, AppSession, UserDevice, Identity, ProcrastinateJob):
        row = model.objects.order_by("-pk").first()
        page = desk.get(url(model, "change", row.pk))
        assert page.status_code == 200
        assert "secret-push-token" not in page.content.decode()


def test_a_new_person_can_be_made_and_given_a_password(desk):
    page = desk.post(
        url(User, "add"),
        {"email": "New@example.com", "first_name": "New", "password1": "a-much-better-one-7",
         "password2": "a-much-better-one-7", "usable_password": "true"},
    )  # fmt: skip
    assert page.status_code == 302, re.findall(r"errorlist.*", page.content.decode())
    made = User.objects.get(email="new@example.com")
    assert made.check_password("a-much-better-one-7")


def test_deeds_on_a_person(desk, settings):
    alice = make_user("alice")
    client = login(alice)
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    for deed in ("remove_second_factor", "end_logins"):
        done = desk.post(reverse(f"admin:users_user_{deed}", args=[alice.pk]), {"_form_submitted": "true"})
        assert done.headers["HX-Redirect"] == url(User, "change", alice.pk)
    assert Authenticator.objects.count() == 0
    assert client.get("/api/v1/auth/profile/").status_code == 401
