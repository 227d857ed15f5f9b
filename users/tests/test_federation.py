"""Logins from outside: what is taken for genuine, what is not, and whose account it opens."""

import base64
import hashlib
import hmac
import threading
import time
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core import mail

from core import clock
from core.clock import held_at
from core.testing.client import RiderClient
from core.testing.jobs import run_jobs
from tests.cast import PASSWORD, login, make_user
from users import providers
from users.models import AppSession, Identity, User
from users.providers import keys
from users.tests.issuer import Issuer, unsigned

pytestmark = pytest.mark.django_db

AUTH = "/api/v1/auth/"


@pytest.fixture
def issuer(settings):
    made = Issuer()
    settings.IDENTITY_PROVIDERS = made.entries()
    providers._made.cache_clear()
    yield made
    made.close()
    providers._made.cache_clear()


def exchange(token, provider="supabase", client=None):
    return (client or RiderClient()).post(f"{AUTH}exchange/", {"provider": provider, "token": token})


def outcome(answer):
    return answer.status_code, answer.json().get("code")


OK = (200, None)
REFUSED = (401, "provider_token_invalid")


# -- Genuine ones


def test_a_supabase_login_makes_an_account_once(issuer):
    issuer.people["sb-1"] = {"email": "Rita@example.com", "email_confirmed_at": "2026-01-01T00:00:00Z"}
    first = exchange(issuer.supabase()).json()
    assert (first["user"]["email"], first["user"]["email_verified"]) == ("rita@example.com", True)
    again = exchange(issuer.supabase()).json()
    assert again["user"]["id"] == first["user"]["id"]
    assert Identity.objects.count() == 1
    session = AppSession.objects.first()
    assert (session.auth_method, session.provider_session_id) == ("supabase", "s-1")


def test_a_descope_login_with_what_its_management_has_proved(issuer):
    issuer.people["ds-1"] = {"email": "dora@example.com", "verifiedEmail": True, "name": "Dora Desk"}
    made = exchange(issuer.descope(), "descope").json()["user"]
    assert (made["email"], made["email_verified"], made["name"]) == ("dora@example.com", True, "Dora Desk")


def test_an_openid_login(issuer):
    made = exchange(issuer.oidc(), "acme").json()["user"]
    assert (made["email"], made["email_verified"], made["name"]) == ("olga@example.com", True, "Olga Open")


def test_the_external_token_is_good_for_the_exchange_only(issuer):
    client = RiderClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issuer.oidc()}")
    assert client.get(f"{AUTH}profile/").status_code == 401


# -- Forged, borrowed and misused ones


def forged(issuer):
    """(name, provider, token) of what must be refused."""
    good, secret_pem = issuer.supabase(), issuer.pem("rs-1")
    head, body, _ = issuer.oidc().split(".")
    confused_head = unsigned(good, alg="HS256", kid="rs-1").split(".")[0]
    stem = f"{confused_head}.{body}".encode()
    confused = stem.decode() + "." + _b64(hmac.new(secret_pem, stem, hashlib.sha256).digest())
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    foreign = jwt.encode({"iss": issuer.url, "sub": "x", "aud": "revsync-app", "iat": 1, "exp": 2**31}, stranger,
                         algorithm="RS256", headers={"kid": "rs-1", "jku": f"{issuer.url}/evil", "jwk": {}})  # fmt: skip
    return [
        ("alg none", "supabase", unsigned(good, alg="none")),
        ("alg None in capitals", "supabase", unsigned(good, alg="NONE", kid="es-1")),
        ("HS256 with the public key", "acme", confused),
        ("signed by somebody else's key", "acme", foreign),
        ("signature cut off", "acme", f"{head}.{body}."),
        ("wrong audience", "supabase", issuer.supabase(aud="somebody-else")),
        ("wrong audience, oidc", "acme", issuer.oidc(aud="another-app")),
        ("authorised for another party", "acme", issuer.oidc(azp="another-app")),
        ("wrong issuer", "supabase", issuer.supabase(iss="https://evil.example/auth/v1")),
        ("issuer of another entry", "descope", issuer.supabase()),
        ("anonymous person", "supabase", issuer.supabase(is_anonymous=True)),
        ("service role", "supabase", issuer.supabase(role="service_role")),
        ("anon key", "supabase", issuer.supabase(role="anon")),
        ("refresh token as access token", "descope", issuer.descope(drn="DSR")),
        ("no kind of token", "descope", issuer.descope(drn=None)),
        ("another project", "descope", issuer.descope(iss="https://api.descope.com/P2other")),
        ("expired", "acme", issuer.oidc(exp=int(time.time()) - 60)),
        ("from the future", "acme", issuer.oidc(iat=int(time.time()) + 3600)),
        ("not valid yet", "acme", issuer.oidc(nbf=int(time.time()) + 3600)),
        ("without an end", "acme", issuer.oidc(exp=None)),
        ("without a subject", "acme", issuer.oidc(sub=None)),
        ("subject of another kind", "acme", unsigned(issuer.oidc(), alg="RS256", kid="rs-1") + "AA"),
        ("unknown key id", "acme", _with_kid(issuer.oidc(), "nobody")),
        ("no key id", "acme", unsigned(issuer.oidc(), alg="RS256") + "AAAA"),
        ("algorithm of another entry", "descope", issuer.descope(kid="es-1")),
        ("junk", "acme", "x"),
        ("three dots", "acme", "..."),
        ("deep header", "acme", _b64(b'{"a":' * 5000 + b"1" + b"}" * 5000) + ".e30."),
    ]  # fmt: skip


def _b64(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _with_kid(token, kid):
    return unsigned(token, alg="RS256", kid=kid) + token.rsplit(".", 1)[1]


def test_what_is_not_genuine_is_refused_and_leaves_nothing(issuer):
    wrong = {name: outcome(exchange(token, provider)) for name, provider, token in forged(issuer)}
    assert {name: got for name, got in wrong.items() if got != REFUSED} == {
        "deep header": (400, "invalid")  # longer than any token may be
    }
    assert (User.objects.count(), AppSession.objects.count(), Identity.objects.count()) == (0, 0, 0)


def test_a_provider_that_nobody_configured(issuer):
    assert outcome(exchange(issuer.oidc(), "facebook")) == (400, "provider_unknown")


def test_a_legacy_secret_stands_in_an_entry_of_its_own(issuer, settings):
    legacy = {**issuer.entries()[0], "hs256_secret": "s" * 32, "algorithms": ["HS256"]}
    settings.IDENTITY_PROVIDERS = [*issuer.entries(), legacy]
    issuer.people["sb-1"] = {"email": "rita@example.com"}
    claims = {**jwt.decode(issuer.supabase(), options={"verify_signature": False})}
    assert outcome(exchange(jwt.encode(claims, "s" * 32, algorithm="HS256"))) == OK
    assert outcome(exchange(jwt.encode(claims, "t" * 32, algorithm="HS256"))) == REFUSED
    assert outcome(exchange(issuer.supabase())) == OK
    with pytest.raises(ValueError, match="HS256 alone"):
        providers._made('{"kind": "oidc", "name": "x", "issuer": "y", "audience": "z", "hs256_secret": "s", '
                        '"algorithms": ["HS256", "RS256"]}')  # fmt: skip
    with pytest.raises(ValueError, match="audience"):
        providers._made('{"kind": "oidc", "name": "x", "issuer": "y", "jwks_url": "http://x"}')


# -- Keys


def test_a_new_key_is_found_and_an_old_one_forgotten(issuer, monkeypatch):
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)
    assert outcome(exchange(issuer.oidc(), "acme")) == OK
    old = issuer.oidc()
    issuer.add("rs-2", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    assert outcome(exchange(issuer.oidc(kid="rs-2"), "acme")) == OK
    del issuer.keys["rs-1"]
    monkeypatch.setattr(keys, "FRESH_SECONDS", 0.0)
    assert outcome(exchange(old, "acme")) == REFUSED


def test_a_flood_of_unknown_key_ids_asks_the_issuer_once(issuer):
    assert outcome(exchange(issuer.oidc(), "acme")) == OK
    asked = issuer.questions
    for n in range(20):
        assert outcome(exchange(_with_kid(issuer.oidc(), f"kid-{n}"), "acme")) == REFUSED
    assert issuer.questions == asked  # it was asked a moment ago
    assert outcome(exchange(issuer.oidc(), "acme")) == OK


def test_a_slow_issuer_stops_nobody_whose_key_is_known(issuer, monkeypatch):
    ring = keys.KeyRing(f"{issuer.url}/jwks")
    assert ring.key("rs-1").key_id == "rs-1"
    issuer.delay = 0.6
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)

    def ask_for_nobody():
        with pytest.raises(keys.TokenRefused):
            ring.key("nobody")

    flood = threading.Thread(target=ask_for_nobody)
    flood.start()
    time.sleep(0.1)
    began = time.monotonic()
    monkeypatch.setattr(keys, "FRESH_SECONDS", 0.0)  # even when it is time to ask again
    assert ring.key("rs-1").key_id == "rs-1"
    assert time.monotonic() - began < 0.3
    flood.join()


def test_with_the_issuer_down_known_keys_go_on_and_unknown_ones_are_503(issuer, monkeypatch):
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)
    assert outcome(exchange(issuer.oidc(), "acme")) == OK
    issuer.down = True
    monkeypatch.setattr(keys, "FRESH_SECONDS", 0.0)
    assert outcome(exchange(issuer.oidc(), "acme")) == OK
    down = exchange(_with_kid(issuer.oidc(), "new"), "acme")
    assert outcome(down) == (503, "provider_unavailable")
    assert int(down["Retry-After"]) >= 0
    monkeypatch.setattr(keys, "KEEP_SECONDS", 0.0)
    assert outcome(exchange(issuer.oidc(), "acme")) == (503, "provider_unavailable")


def test_an_issuer_that_is_down_from_the_start_is_503(issuer):
    issuer.down = True
    assert outcome(exchange(issuer.oidc(), "acme")) == (503, "provider_unavailable")
    assert User.objects.count() == 0


def test_supabase_down_while_it_is_asked_for_proof_is_503_and_links_nothing(issuer):
    exchange(issuer.oidc(), "acme")  # keys are known
    issuer.people["sb-1"] = {"email": "rita@example.com"}
    assert outcome(exchange(issuer.supabase())) == OK
    issuer.down = True
    assert outcome(exchange(issuer.supabase("sb-2"))) == (503, "provider_unavailable")
    assert outcome(exchange(issuer.supabase("sb-1"))) == OK
    assert Identity.objects.filter(provider="supabase").count() == 1


def test_somebody_who_logged_out_over_there_is_refused(issuer):
    assert outcome(exchange(issuer.supabase("sb-gone"))) == REFUSED


# -- Whose account


def test_both_sides_proved_links_and_tells(issuer):
    alice = make_user("alice", email_verified_at=clock.now(), last_login=clock.now())
    made = exchange(issuer.oidc(email="ALICE@example.com"), "acme").json()["user"]
    assert made["id"] == str(alice.pk)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    run_jobs()
    assert [m.subject for m in mail.outbox] == ["A login was connected"]


def test_an_unproved_address_outside_opens_nobodys_account(issuer):
    alice = make_user("alice", email_verified_at=clock.now())
    refused = exchange(issuer.oidc(email=alice.email, email_verified=False), "acme")
    assert outcome(refused) == (409, "link_requires_login")
    said_so_itself = issuer.supabase(
        email=alice.email, user_metadata={"email_verified": True}, email_verified=True
    )
    issuer.people["sb-1"] = {"email": alice.email, "email_confirmed_at": None}
    assert outcome(exchange(said_so_itself)) == (409, "link_requires_login")
    assert outcome(exchange(issuer.oidc(email=alice.email, email_verified="true"), "acme")) == (
        409,
        "link_requires_login",
    )
    assert Identity.objects.count() == 0


def test_a_prepared_account_is_emptied_before_its_owner_comes_in(issuer):
    """Mallory registered with Olga's address and keeps a login open."""
    mallory = make_user("olga")
    waiting = login(mallory)
    Identity.objects.create(user=mallory, provider="acme", issuer="x", subject="mallory")
    made = exchange(issuer.oidc(), "acme").json()["user"]
    assert (made["id"], made["email_verified"]) == (str(mallory.pk), True)
    assert waiting.get(f"{AUTH}profile/").status_code == 401
    body = {"email": "olga@example.com", "password": PASSWORD}
    assert RiderClient().post(f"{AUTH}login/", body).status_code == 401
    assert list(Identity.objects.values_list("subject", flat=True)) == ["oi-1"]


def test_an_address_written_into_a_proved_account_by_mistake_leaves_it(issuer):
    alice = make_user("alice", phone="+919876543210", phone_verified_at=clock.now())
    made = exchange(issuer.oidc(email=alice.email), "acme").json()["user"]
    assert made["id"] != str(alice.pk)
    alice.refresh_from_db()
    assert (alice.email, alice.phone) == (None, "+919876543210")


def test_a_proved_number_links_too(issuer):
    alice = make_user("alice", phone="+919876543210", phone_verified_at=clock.now())
    issuer.people["sb-1"] = {"phone": "919876543210", "phone_confirmed_at": "2026-01-01T00:00:00Z"}
    assert exchange(issuer.supabase()).json()["user"]["id"] == str(alice.pk)


def test_a_banned_person_stays_out(issuer):
    make_user("olga", email_verified_at=clock.now(), is_active=False)
    assert outcome(exchange(issuer.oidc(), "acme")) == (401, "invalid_credentials")
    assert AppSession.objects.count() == 0


def test_a_login_without_any_address_makes_no_account(issuer):
    assert outcome(exchange(issuer.oidc(email=None), "acme")) == (409, "link_requires_login")


# -- Connecting and disconnecting


def test_connecting_needs_a_fresh_proof_and_belongs_to_one_account(issuer, client_for):
    alice, bob = make_user("alice"), make_user("bob")
    client = client_for(alice)
    body = {"provider": "acme", "token": issuer.oidc(email=None)}
    with held_at(clock.now() + timedelta(minutes=11)):
        assert outcome(client.post(f"{AUTH}identities/", body)) == (403, "reauthentication_required")
    made = client.post(f"{AUTH}identities/", body)
    assert made.status_code == 201
    assert client.post(f"{AUTH}identities/", body).json()["id"] == made.json()["id"]
    assert outcome(client_for(bob).post(f"{AUTH}identities/", body)) == (409, "identity_taken")
    assert exchange(issuer.oidc(), "acme").json()["user"]["id"] == str(alice.pk)


def test_the_list_and_bobs_view_of_it(issuer, client_for):
    alice, bob = client_for(make_user("alice")), client_for(make_user("bob"))
    row = alice.post(f"{AUTH}identities/", {"provider": "acme", "token": issuer.oidc()}).json()
    assert [r["id"] for r in alice.get(f"{AUTH}identities/").json()["results"]] == [row["id"]]
    assert bob.get(f"{AUTH}identities/").json()["results"] == []
    assert bob.delete(f"{AUTH}identities/{row['id']}/").status_code == 404
    assert alice.delete(f"{AUTH}identities/?id={row['id']}").status_code == 204
    assert Identity.objects.count() == 0


def test_the_last_way_in_is_not_removed(issuer):
    entered = exchange(issuer.oidc(), "acme").json()
    client = RiderClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {entered['access_token']}")
    row = client.get(f"{AUTH}identities/").json()["results"][0]
    assert outcome(client.delete(f"{AUTH}identities/{row['id']}/")) == (409, "last_login_method")
    assert client.post(f"{AUTH}password-change/", {"new_password": "a-much-better-one-7"}).status_code == 200
    assert client.delete(f"{AUTH}identities/{row['id']}/").status_code == 204
