"""Second factors: set up through django-allauth's routes with our token, then asked for by every door."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache

from core import clock
from core.testing.client import RiderClient, StaffClient
from core.testing.jobs import run_jobs
from tests.cast import PASSWORD, login, make_user
from users import second_factor
from users.models import AppSession
from users.tests.outbox import last_code

pytestmark = pytest.mark.django_db

MFA = "/_allauth/app/v1/"
AUTH = "/api/v1/auth/"


@pytest.fixture(autouse=True)
def _on(settings):
    settings.MFA_ENABLED = True
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def code_of(secret, step=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def set_up(client):
    """(secret, recovery codes): what an app does once."""
    offered = client.get(f"{MFA}account/authenticators/totp")
    assert offered.status_code == 404
    secret = offered.json()["meta"]["secret"]
    made = client.post(f"{MFA}account/authenticators/totp", {"code": code_of(secret)})
    assert made.status_code == 200, made.content
    kept = client.get(f"{MFA}account/authenticators/recovery-codes").json()
    cache.clear()  # the code of these thirty seconds may be used again
    return secret, kept["data"]["unused_codes"]


def enter(**more):
    answer = RiderClient().post(f"{AUTH}login/", {"email": "alice@example.com", "password": PASSWORD, **more})
    return answer.status_code, answer.json().get("code")


def test_totp_from_set_up_to_login():
    alice = make_user("alice")
    secret, _ = set_up(login(alice))
    assert enter() == (401, "mfa_required")
    assert enter(mfa_code="000000") == (401, "invalid_credentials")
    code = code_of(secret)
    assert enter(mfa_code=code) == (200, None)
    assert AppSession.objects.order_by("-created_at").first().aal == 2
    assert enter(mfa_code=code) == (401, "invalid_credentials")  # a code counts once
    assert enter(password="wrong", mfa_code=code_of(secret, 1)) == (401, "invalid_credentials")


def test_the_secret_is_stored_encrypted_and_belongs_to_one_person():
    alice = make_user("alice")
    secret, _ = set_up(login(alice))
    assert secret not in str(Authenticator.objects.values())
    bob = login(make_user("bob"))
    assert bob.get(f"{MFA}account/authenticators").json()["data"] == []
    assert bob.delete(f"{MFA}account/authenticators/totp").status_code == 200
    assert second_factor.has_one(alice)


def test_a_letter_tells_of_it(django_capture_on_commit_callbacks):
    client = login(make_user("alice"))
    with django_capture_on_commit_callbacks(execute=True):
        set_up(client)
    run_jobs()
    assert mail.outbox[-1].subject == "Your second factor was changed"


def test_a_recovery_code_counts_once():
    alice = make_user("alice")
    _, recovery = set_up(login(alice))
    assert enter(mfa_code=recovery[0]) == (200, None)
    assert enter(mfa_code=recovery[0]) == (401, "invalid_credentials")
    assert enter(mfa_code=recovery[1]) == (200, None)


def test_guessing_codes_is_limited_by_account(throttled):
    make_user("alice")
    set_up(login(make_user("alice")))
    throttled(mfa_account="2/15min")
    assert [enter(mfa_code="000000")[0] for _ in range(3)] == [401, 401, 429]


def test_no_other_door_is_open_without_it():
    phone = "+919876543210"
    alice = make_user("alice", phone=phone, phone_verified_at=clock.now())
    secret, _ = set_up(login(alice))
    client = RiderClient()
    client.post(f"{AUTH}phone/request-otp/", {"phone": phone})
    run_jobs()
    refused = client.post(f"{AUTH}phone/login/", {"phone": phone, "otp_code": last_code(phone)})
    assert refused.json()["code"] == "mfa_required"
    client.post(f"{AUTH}phone/request-otp/", {"phone": phone})
    run_jobs()
    body = {"phone": phone, "otp_code": last_code(phone), "mfa_code": code_of(secret)}
    assert client.post(f"{AUTH}phone/login/", body).status_code == 200


def test_allauths_own_login_is_answered_with_our_pair():
    secret, _ = set_up(login(make_user("alice")))
    client = RiderClient()
    first = client.post(f"{MFA}auth/login", {"email": "alice@example.com", "password": PASSWORD})
    assert first.status_code == 401
    assert "access_token" not in first.content.decode()
    token = {"HTTP_X_SESSION_TOKEN": first.json()["meta"]["session_token"]}
    done = client.post(f"{MFA}auth/2fa/authenticate", {"code": code_of(secret)}, **token)
    assert done.status_code == 200, done.content
    meta = done.json()["meta"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {meta['access_token']}")
    assert client.get(f"{AUTH}profile/").json()["user"]["email"] == "alice@example.com"
    again = RiderClient().post(f"{AUTH}refresh/", {"refresh_token": meta["refresh_token"]})
    assert again.status_code == 200
    session = AppSession.objects.order_by("-created_at").first()
    assert (session.auth_method, session.aal) == ("mfa", 2)


def test_an_ended_login_manages_nothing():
    alice = make_user("alice")
    client = login(alice)
    assert client.get(f"{MFA}account/authenticators").status_code == 200
    AppSession.objects.update(revoked_at=clock.now())
    assert client.get(f"{MFA}account/authenticators").status_code in {401, 410}


def test_the_notes_of_a_login_open_with_its_token_only():
    alice = make_user("alice")
    client = login(alice)
    client.get(f"{MFA}account/authenticators/totp")
    key = Session.objects.get().session_key
    thief = RiderClient()
    assert thief.get(f"{MFA}account/authenticators", HTTP_X_SESSION_TOKEN=key).status_code in {401, 410}


@pytest.mark.parametrize(
    "path",
    ["account/email", "account/phone", "account/password/change", "auth/signup", "auth/password/request"],
)
def test_allauths_other_flows_are_shut(path):
    assert login(make_user("alice")).post(f"{MFA}{path}", {}).status_code == 404


def test_with_the_setting_off_nothing_of_it_is_there(settings):
    set_up(login(make_user("alice")))
    settings.MFA_ENABLED = False
    assert login(make_user("alice")).get(f"{MFA}account/authenticators").status_code == 404
    assert enter() == (200, None)


def admin_login(**more):
    page = StaffClient()
    answer = page.post("/admin/login/", {"username": "sam@example.com", "password": PASSWORD, **more})
    return answer.status_code, answer.content.decode()


def test_the_admin_asks_for_it_too():
    make_user("sam")
    status, text = admin_login(mfa_code="1")
    assert (status, "Set up an authenticator first" in text) == (200, True)
    secret, _ = set_up(login(make_user("sam")))
    assert "This code is wrong" in admin_login(mfa_code="000000")[1]
    assert admin_login()[0] == 200
    assert admin_login(mfa_code=code_of(secret))[0] == 302


def test_without_the_setting_the_admin_asks_for_a_password(settings):
    settings.MFA_ENABLED = False
    make_user("sam")
    assert admin_login()[0] == 302


def test_guessing_at_the_admin_is_throttled(throttled, settings):
    settings.MFA_ENABLED = False
    make_user("sam")
    throttled(login_account="2/15min")
    for _ in range(2):
        admin_login(password="wrong")
    assert admin_login()[0] == 200  # the right one, too late
