"""Passkeys from the first touch to a login without a password, with a key in software and with a real browser."""

from datetime import timedelta

import pytest
import requests
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from core import clock
from core.rls import as_system
from core.testing.browser import browser
from core.testing.client import RiderClient
from tests.cast import login, make_user
from users import second_factor
from users.models import AppSession, AuthMethod
from users.sessions import open_session
from users.tests.softkey import SoftKey, text

pytestmark = pytest.mark.django_db

MFA = "/_allauth/app/v1/"
KEYS, DOOR = f"{MFA}account/authenticators/webauthn", f"{MFA}auth/webauthn/login"


@pytest.fixture(autouse=True)
def _on(settings):
    settings.MFA_ENABLED = True
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def register(client, key, name="Alice's phone"):
    options = client.get(f"{KEYS}?passwordless").json()["data"]["creation_options"]
    return client.post(KEYS, {"name": name, "credential": key.create(options)})


def registered(name="alice"):
    key = SoftKey()
    answer = register(login(make_user(name)), key)
    assert answer.status_code == 200, answer.content
    return key


def at_the_door():
    """(client, headers, options): a stranger's app asks what to sign."""
    client = RiderClient()
    asked = client.get(DOOR).json()
    return client, {"HTTP_X_SESSION_TOKEN": asked["meta"]["session_token"]}, asked["data"]["request_options"]


def enter(key, **changes):
    client, token, options = at_the_door()
    return client.post(DOOR, {"credential": key.get(options, **changes)}, **token)


def nobody_came_in(answer):
    assert 400 <= answer.status_code < 500, answer.content
    assert "access_token" not in answer.content.decode()
    return not AppSession.objects.filter(auth_method="mfa").exists()


def test_a_passkey_from_set_up_to_a_login_without_a_password():
    key = registered()
    assert second_factor.has_one(make_user("alice"))
    answer = enter(key)
    assert answer.status_code == 200, answer.content
    meta = answer.json()["meta"]
    client = RiderClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {meta['access_token']}")
    assert client.get("/api/v1/auth/profile/").json()["user"]["email"] == "alice@example.com"
    assert client.post("/api/v1/auth/refresh/", {"refresh_token": meta["refresh_token"]}).status_code == 200
    session = AppSession.objects.order_by("-created_at").first()
    assert (session.auth_method, session.aal) == ("mfa", 2)


def test_a_passkey_is_named_listed_and_removed_by_its_owner_alone():
    key = registered()
    alice, bob = login(make_user("alice")), login(make_user("bob"))
    (row,) = [
        one for one in alice.get(f"{MFA}account/authenticators").json()["data"] if one["type"] == "webauthn"
    ]
    assert (row["name"], row["is_passwordless"]) == ("Alice's phone", True)
    assert bob.get(f"{MFA}account/authenticators").json()["data"] == []
    assert bob.put(KEYS, {"id": row["id"], "name": "Mine"}).status_code == 400
    assert bob.delete(KEYS, {"authenticators": [row["id"]]}).status_code == 400
    assert alice.put(KEYS, {"id": row["id"], "name": "Key ring"}).json()["data"]["name"] == "Key ring"
    assert alice.delete(KEYS, {"authenticators": [row["id"]]}).status_code == 200
    assert not second_factor.has_one(make_user("alice"))
    assert nobody_came_in(enter(key))


def test_a_passkey_is_a_second_factor_of_a_password():
    key = registered()
    client = RiderClient()
    first = client.post(f"{MFA}auth/login", {"email": "alice@example.com", "password": "open-road-99"})
    assert first.status_code == 401
    token = {"HTTP_X_SESSION_TOKEN": first.json()["meta"]["session_token"]}
    asked = client.get(f"{MFA}auth/webauthn/authenticate", **token).json()["data"]["request_options"]
    done = client.post(f"{MFA}auth/webauthn/authenticate", {"credential": key.get(asked)}, **token)
    assert done.status_code == 200, done.content
    assert AppSession.objects.order_by("-created_at").first().aal == 2


def test_our_own_login_asks_for_more_when_there_is_a_passkey():
    registered()
    body = {"email": "alice@example.com", "password": "open-road-99"}
    answer = RiderClient().post("/api/v1/auth/login/", body)
    assert (answer.status_code, answer.json()["code"]) == (401, "mfa_required")


FORGERIES = {
    "a page of another origin": {"origin": "https://testserver.evil.example"},
    "a plain page": {"origin": "http://testserver"},
    "an old challenge": {"challenge": text(b"x" * 32)},
    "a registration for a login": {"type": "webauthn.create"},
    "a key of one's own": {"signer": ec.generate_private_key(ec.SECP256R1())},
    "nobody's finger": {"verified": False},
    "somebody else's name": {"handle": b"018f0000-0000-7000-8000-000000000001"},
    "a name that is none": {"handle": b"../alice"},
}


@pytest.mark.parametrize("changes", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_assertion_opens_nothing(changes):
    assert nobody_came_in(enter(registered(), **changes))


def test_an_assertion_counts_once():
    key = registered()
    client, token, options = at_the_door()
    credential = key.get(options)
    assert client.post(DOOR, {"credential": credential}, **token).status_code == 200
    AppSession.objects.filter(auth_method="mfa").delete()
    assert nobody_came_in(client.post(DOOR, {"credential": credential}, **token))
    other, token, _ = at_the_door()
    assert nobody_came_in(other.post(DOOR, {"credential": credential}, **token))


def test_bobs_key_does_not_open_alices_account():
    hers, his = registered(), registered("bob")
    answer = enter(his, handle=hers.handle)
    assert nobody_came_in(answer)


def test_a_closed_account_stays_closed():
    key = registered()
    alice = make_user("alice")
    alice.is_active = False
    alice.save(update_fields=["is_active"])
    assert nobody_came_in(enter(key))


@pytest.mark.parametrize(
    "credential",
    [
        None, 5, "x", [], {}, {"response": []}, {"response": {"userHandle": 5}}, {"response": {"userHandle": "_"}},
        {"id": "x", "rawId": "x", "type": "public-key", "response": {"userHandle": "AAAA"}},
        {"id": "x", "rawId": "eA", "type": "public-key", "response": {
            "clientDataJSON": "eA", "authenticatorData": "eA", "signature": "eA", "userHandle": "AAAA"}},
    ],
    ids=str,
)  # fmt: skip
def test_junk_for_a_credential_is_refused(credential):
    registered()
    client, token, _ = at_the_door()
    assert nobody_came_in(client.post(DOOR, {"credential": credential}, **token))


@pytest.mark.parametrize("credential", [None, 5, [], {}, {"response": {"attestationObject": "eA"}}], ids=str)
def test_junk_for_a_new_key_is_refused(credential):
    client = login(make_user("alice"))
    client.get(f"{KEYS}?passwordless")
    assert client.post(KEYS, {"name": "x", "credential": credential}).status_code == 400
    assert not Authenticator.objects.exists()


def test_an_old_login_must_prove_itself_before_it_adds_a_key():
    client = login(make_user("alice"))
    AppSession.objects.update(created_at=clock.now() - timedelta(hours=1))
    assert client.get(f"{KEYS}?passwordless").status_code == 401


# -- A real browser, over HTTP

CREATE = """
const [options, done] = arguments;
const wanted = {publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey)};
navigator.credentials.create(wanted).then(made => done(made.toJSON()), problem => done(String(problem)));
"""
GET = """
const [options, done] = arguments;
const wanted = {publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey)};
navigator.credentials.get(wanted).then(found => done(found.toJSON()), problem => done(String(problem)));
"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_passkey_of_a_real_browser(live_server):
    with as_system("test"):
        pair = open_session(user=make_user("alice"), method=AuthMethod.PASSWORD)[1]
    server, mine = live_server.url, {"Authorization": f"Bearer {pair.access_token}"}
    with browser() as page, requests.Session() as phone:
        page.add_virtual_authenticator(
            VirtualAuthenticatorOptions(
                transport="internal", has_resident_key=True, has_user_verification=True, is_user_verified=True
            )
        )
        page.get(f"{server}/admin/login/")
        options = phone.get(f"{server}{KEYS}?passwordless", headers=mine, timeout=10).json()["data"]
        made = page.execute_async_script(CREATE, options["creation_options"])
        body = {"name": "Chromium", "credential": made}
        kept = phone.post(f"{server}{KEYS}", json=body, headers=mine, timeout=10)
        assert kept.status_code == 200, (made, kept.text)

        asked = phone.get(f"{server}{DOOR}", timeout=10).json()
        found = page.execute_async_script(GET, asked["data"]["request_options"])
        token = {"X-Session-Token": asked["meta"]["session_token"]}
        done = phone.post(f"{server}{DOOR}", json={"credential": found}, headers=token, timeout=10)
        assert done.status_code == 200, (found, done.text)
        ours = {"Authorization": f"Bearer {done.json()['meta']['access_token']}"}
        profile = phone.get(f"{server}/api/v1/auth/profile/", headers=ours, timeout=10).json()
        assert profile["user"]["email"] == "alice@example.com"
