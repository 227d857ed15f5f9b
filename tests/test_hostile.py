"""Hostile requests: each gets a 4xx in the standard shape, and leaves no trace."""

import base64
import json
import time
from uuid import UUID

import jwt
import pytest
from django.conf import settings as django_settings

from appointments.models import Appointment
from core.auth import make_refresh_token
from core.models import AuditEvent, StoredFile
from garage.models import Vehicle
from marketplace.models import Purchase
from tests.cast import PASSWORD, login, make_user
from tuners.models import TunerApplication
from users.models import AppSession, User, UserDevice

pytestmark = pytest.mark.django_db

A = "/api/v1/auth/"
JSON = "application/json"
PRESIGN, VEHICLES = "/api/v1/files/presign/", "/api/v1/garage/vehicles/"
PURCHASE, BOOK = "/api/v1/marketplace/purchase/", "/api/v1/appointments/book/"
PROFILE, LOGIN, REGISTER = f"{A}profile/", f"{A}login/", f"{A}register/"
GOOD = {"email": "rita@example.com", "password": "a-much-better-one-7", "name": "Rita"}


def raw(method, path, body, content_type=JSON, **headers):
    return lambda client: client.generic(method, path, body, content_type=content_type, **headers)


def post(path, data):
    return raw("POST", path, json.dumps(data))


def patch(data):
    return raw("PATCH", PROFILE, json.dumps(data))


def get(path, **headers):
    return lambda client: client.get(path, **headers)


def bearer(token):
    return get(PROFILE, HTTP_AUTHORIZATION=token)


def b64(data):
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def ours(claims=None, *, key=None, headers=None, alg="HS256"):
    """A token as we would make it, but for what is given."""
    kid, right = next(iter(django_settings.JWT_KEYS.items()))
    full = {"iss": "revsync", "sub": "018f0000-0000-7000-8000-000000000001", "exp": int(time.time()) + 600,
            "sid": "018f0000-0000-7000-8000-000000000002", "gen": 1, "iat": 1, **(claims or {})}  # fmt: skip
    return "Bearer " + jwt.encode(full, key or right, algorithm=alg, headers={"kid": kid, **(headers or {})})


def no_signature(alg):
    kid = next(iter(django_settings.JWT_KEYS))
    return f"Bearer {b64({'alg': alg, 'kid': kid})}.{ours().split('.')[1]}."


def file(**facts):
    good = {"filename": "a.pdf", "content_type": "application/pdf", "size": 9, "purpose": "document"}
    return post(PRESIGN, good | facts)


def bike(**facts):
    return post(VEHICLES, {"make": "Yamaha", "model": "MT-07", "year": 2019, **facts})


NOBODY = "018f0000-0000-7000-8000-000000000001"
NESTED = "[" * 200 + "]" * 200
DEEP = '{"a":' * 5000 + "1" + "}" * 5000

# name, what is sent, by whom (anyone or alice), the answer
CASES = [
    # -- Forged logins
    ("no words after Bearer", bearer("Bearer"), "anyone", 401),
    ("three words", bearer("Bearer a b"), "anyone", 401),
    ("not ASCII", bearer("Bearer é.é.é"), "anyone", 401),
    ("another scheme", bearer("Basic YWxpY2U6eA=="), "anyone", 401),
    ("junk", bearer("Bearer junk"), "anyone", 401),
    ("ten thousand dots", bearer("Bearer " + "." * 10000), "anyone", 401),
    ("alg none", bearer(no_signature("none")), "anyone", 401),
    ("alg None", bearer(no_signature("None")), "anyone", 401),
    ("signed with a wrong key", bearer(ours(key="x" * 40)), "anyone", 401),
    ("signed with an empty kid", bearer(ours(headers={"kid": ""})), "anyone", 401),
    ("kid of another kind", bearer(f"Bearer {b64({'alg': 'HS256', 'kid': ['1']})}.e30.AAAA"), "anyone", 401),
    ("kid as a path", bearer(ours(headers={"kid": "../../etc/passwd"})), "anyone", 401),
    ("HS512 instead", bearer(ours(alg="HS512", key="x" * 64)), "anyone", 401),
    ("sub is no UUID", bearer(ours({"sub": "1 OR 1=1"})), "anyone", 401),
    ("sub is a list", bearer(ours({"sub": "[]"})), "anyone", 401),
    ("sid is no UUID", bearer(ours({"sid": "x"})), "anyone", 401),
    ("sid is null", bearer(ours({"sid": None})), "anyone", 401),
    ("gen is text", bearer(ours({"gen": "many"})), "anyone", 401),
    ("gen beyond the column", bearer(ours({"gen": 2**40})), "anyone", 401),
    ("gen beyond any column", bearer(ours({"gen": 2**70})), "anyone", 401),
    ("gen is negative", bearer(ours({"gen": -1})), "anyone", 401),
    ("no end", bearer(ours({"exp": None})), "anyone", 401),
    ("end is text", bearer(ours({"exp": "never"})), "anyone", 401),
    ("another issuer", bearer(ours({"iss": "evil"})), "anyone", 401),
    ("a session that never was", bearer(ours()), "anyone", 401),
    ("refresh token as bearer", bearer(f"Bearer {'0' * 32}.1.AAAA"), "anyone", 401),
    ("forged refresh token", post(f"{A}refresh/", {"refresh_token": f"{'0' * 32}.1.forged"}), "anyone", 401),
    ("refresh with an endless generation", post(f"{A}refresh/", {"refresh_token": f"{'0' * 32}.{'9' * 120}.x"}), "anyone", 401),
    ("refresh of no session", lambda c: c.post(f"{A}refresh/", {"refresh_token": make_refresh_token(UUID(int=5), 1)}), "anyone", 401),
    ("a staff key nobody made", get(PROFILE, HTTP_X_API_KEY="rs_" + "a" * 43), "anyone", 401),
    # -- Fields that are not the sender's to write
    ("role at registration", post(REGISTER, {**GOOD, "role": "ADMIN"}), "anyone", 400),
    ("is_staff at registration", post(REGISTER, {**GOOD, "is_staff": True}), "anyone", 400),
    ("isSuperuser in camelCase", post(REGISTER, {**GOOD, "isSuperuser": True}), "anyone", 400),
    ("a given id at registration", post(REGISTER, {**GOOD, "id": "018f0000-0000-7000-8000-000000000001"}), "anyone", 400),
    ("role in the profile", patch({"role": "ADMIN"}), "alice", 400),
    ("verified in the profile", patch({"email_verified": True}), "alice", 400),
    ("emailVerifiedAt in the profile", patch({"emailVerifiedAt": "2026-01-01T00:00:00Z"}), "alice", 400),
    ("balance in the profile", patch({"rewards_balance": 10**6}), "alice", 400),
    ("membership in the profile", patch({"membership_tier": "gold"}), "alice", 400),
    ("address in the profile", patch({"email": "bob@example.com"}), "alice", 400),
    ("phone in the profile", patch({"phone": "+919876543210"}), "alice", 400),
    ("password in the profile", patch({"password": "x" * 12}), "alice", 400),
    ("token_epoch in the profile", patch({"token_epoch": 0}), "alice", 400),
    ("deleted_at in the profile", patch({"deleted_at": None}), "alice", 400),
    ("one field in two spellings", patch({"first_name": "A", "firstName": "B"}), "alice", 400),
    ("__proto__", patch({"__proto__": {"role": "ADMIN"}}), "alice", 400),
    ("user of a device", raw("PUT", f"{A}devices/", '{"device_id":"x","user":"018f0000-0000-7000-8000-000000000001"}'), "alice", 400),
    ("my own price for a tune", post(PURCHASE, {"tune_id": NOBODY, "price_minor": 1}), "alice", 400),
    ("my own price for a tune, in camelCase", post(PURCHASE, {"tuneId": NOBODY, "priceMinor": 1}), "alice", 400),
    ("a tune that is paid already", post(PURCHASE, {"tune_id": NOBODY, "status": "paid"}), "alice", 400),
    ("my own price for a visit", post(BOOK, {"services": ["x"], "total_minor": 0, "due_minor": 0}), "alice", 400),
    ("a visit for somebody else", post(BOOK, {"services": ["x"], "user_id": NOBODY}), "alice", 400),
    ("a bike of somebody else", bike(owner_id=NOBODY), "alice", 400),
    ("a bike that is deleted already", bike(deletedAt="2026-01-01T00:00:00Z"), "alice", 400),
    ("a verified tuner at once", post("/api/v1/tuners/applications/", {"business": "Eve", "status": "approved"}), "alice", 400),
    ("a file that is complete already", file(state="complete"), "alice", 400),
    ("a file at a place of my choice", file(key="tune_version/x"), "alice", 400),
    # -- File names and kinds
    ("a file that climbs", file(filename="../"), "alice", 400),
    ("a file that climbs, with backslashes", file(filename="..\\..\\"), "alice", 400),
    ("a file that is a dot", file(filename="."), "alice", 400),
    ("a file with NUL in its name", file(filename="a\x00.pdf"), "alice", 400),
    ("a file with a header in its name", file(filename="a.pdf\r\nX-Evil: 1"), "alice", 400),
    ("a file whose name turns the writing", file(filename="bill\u202efdp.exe"), "alice", 400),
    ("a file with a name without end", file(filename="x" * 5000), "alice", 400),
    ("HTML as a document", file(content_type="text/html"), "alice", 400),
    ("SVG as a photo", file(content_type="image/svg+xml", purpose="photo"), "alice", 400),
    ("a header in a content type", file(content_type="application/pdf\r\nX: y"), "alice", 400),
    ("a file of a negative size", file(size=-1), "alice", 400),
    ("a file of an exabyte", file(size=2**60), "alice", 400),
    ("a file whose hash is a path", file(sha256="../" * 21 + "x"), "alice", 400),
    ("a file for no purpose", file(purpose="__class__"), "alice", 400),
    # -- Values of other kinds
    ("password is a list", post(LOGIN, {"email": "alice@example.com", "password": ["x"]}), "anyone", 400),
    ("password is an object", post(LOGIN, {"email": "alice@example.com", "password": {"$ne": ""}}), "anyone", 400),
    ("email is an object", post(LOGIN, {"email": {"$gt": ""}, "password": "x"}), "anyone", 400),
    ("email is a number", post(LOGIN, {"email": 5, "password": "x"}), "anyone", 400),
    ("bio is true", patch({"bio": True}), "alice", 400),
    ("bio is a novel", patch({"bio": "x" * 2001}), "alice", 400),
    ("password of a megabyte", post(LOGIN, {"email": "alice@example.com", "password": "x" * 900_000}), "anyone", 400),
    ("name with line breaks", patch({"name": "Eve\r\nBcc: all@example.com"}), "alice", 400),
    ("name that turns the writing", patch({"name": "Eve\u202egpj"}), "alice", 400),
    ("email with a line break", post(REGISTER, {**GOOD, "email": "a@b.co\nBcc: x@y.zz"}), "anyone", 400),
    ("script as picture", patch({"profile_picture": "javascript:alert(1)"}), "alice", 400),
    ("file as picture", patch({"profile_picture": "file:///etc/passwd"}), "alice", 400),
    # -- Bodies
    ("NUL escaped in a text", raw("PATCH", PROFILE, r'{"bio":"a\u0000b"}'), "alice", 400),
    ("NUL raw in a text", raw("PATCH", PROFILE, b'{"bio":"a\x00b"}'), "alice", 400),
    ("NUL in a key", raw("PATCH", PROFILE, r'{"a\u0000b":1}'), "alice", 400),
    ("half a surrogate", raw("PATCH", PROFILE, r'{"bio":"\ud800"}'), "alice", 400),
    ("invalid UTF-8", raw("PATCH", PROFILE, b'{"bio":"\xff\xfe"}'), "alice", 400),
    ("overlong UTF-8", raw("PATCH", PROFILE, b'{"bio":"\xc0\xaf"}'), "alice", 400),
    ("ten megabytes", raw("PATCH", PROFILE, b'{"bio":"' + b"x" * (10 * 1024 * 1024) + b'"}'), "alice", 413),
    ("ten megabytes of padding keys", raw("PATCH", PROFILE, b'{"bio":"x","pad":"' + b"x" * (10 * 1024 * 1024) + b'"}'), "alice", 413),
    ("nested lists", raw("PATCH", PROFILE, f'{{"bio":{NESTED}}}'), "alice", 400),
    ("nested objects, five thousand deep", raw("PATCH", PROFILE, DEEP), "alice", 400),
    ("a list for an object", raw("PATCH", PROFILE, "[1]"), "alice", 400),
    ("a number for an object", raw("PATCH", PROFILE, "7"), "alice", 400),
    ("null for an object", raw("POST", LOGIN, "null"), "anyone", 400),
    ("NaN", raw("PATCH", PROFILE, '{"bio":NaN}'), "alice", 400),
    ("Infinity", raw("PATCH", PROFILE, '{"bio":-Infinity}'), "alice", 400),
    ("half a body", raw("PATCH", PROFILE, '{"bio":'), "alice", 400),
    ("two bodies", raw("PATCH", PROFILE, '{"bio":"x"}{"bio":"y"}'), "alice", 400),
    ("a byte order mark of UTF-16", raw("PATCH", PROFILE, '{"bio":"x"}'.encode("utf-16")), "alice", 400),
    ("a number of a thousand digits", raw("PATCH", PROFILE, '{"bio":' + "9" * 1000 + "}"), "alice", 400),
    # -- Content types
    ("a form", raw("POST", LOGIN, "email=a%40b.co&password=x", "application/x-www-form-urlencoded"), "anyone", 415),
    ("multipart", raw("POST", LOGIN, "--x--", "multipart/form-data; boundary=x"), "anyone", 415),
    ("plain text, as a page of another origin sends it", raw("POST", LOGIN, "{}", "text/plain"), "anyone", 415),
    ("XML with an entity", raw("POST", LOGIN, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "application/xml"), "anyone", 415),
    ("a type that is none", raw("POST", LOGIN, "{}", "json"), "anyone", 415),
    ("an answer nobody makes", get(PROFILE, HTTP_ACCEPT="text/html"), "alice", 406),
    # -- Paths and parameters
    ("traversal", get("/api/v1/auth/../../admin/"), "alice", 404),
    ("traversal, escaped", get("/api/v1/auth/sessions/%2e%2e%2f%2e%2e%2fetc%2fpasswd/revoke/"), "alice", 404),
    ("an id of almost the right shape", raw("POST", f"{A}sessions/00000000-0000-0000-0000-00000000000g/revoke/", ""), "alice", 404),
    ("thirty-six dashes", raw("POST", f"{A}sessions/{'-' * 36}/revoke/", ""), "alice", 404),
    ("NUL in a path", get("/api/v1/users/%00/"), "alice", 404),
    ("NUL in a parameter", get(f"{A}sessions/?cursor=%00"), "alice", 400),
    ("a cursor of junk", get(f"{A}sessions/?cursor=AAAA"), "alice", 400),
    ("a cursor of another list", get(f"{A}sessions/?cursor={b64(['name', True, 'x', 'y', 0])}"), "alice", 400),
    ("a cursor with SQL", get(f"{A}sessions/?cursor={b64(['created_at', True, '2026', chr(39) + ' OR 1=1--', 0])}"), "alice", 400),
    ("ordering by a secret", get(f"{A}sessions/?ordering=user__password"), "alice", 400),
    ("a page of minus one", get(f"{A}sessions/?page_size=-1"), "alice", 400),
    ("a page of everything", get(f"{A}sessions/?page_size=999999999999"), "alice", 400),
    ("a parameter in two spellings", get(f"{A}sessions/?page_size=1&pageSize=2"), "alice", 400),
    ("a verb that is none", raw("PROPFIND", PROFILE, ""), "alice", 405),
    ("TRACE", raw("TRACE", PROFILE, ""), "alice", 405),
    ("a verb told by header", raw("POST", PROFILE, "{}", HTTP_X_HTTP_METHOD_OVERRIDE="PATCH"), "alice", 405),
    # -- Headers
    ("a host that is not ours", get(PROFILE, HTTP_HOST="evil.example"), "alice", 400),
    ("a host with a line break", get(PROFILE, HTTP_HOST="testserver\r\nX: y"), "alice", 400),
]  # fmt: skip


@pytest.fixture
def people(anyone):
    alice = make_user("alice", bio="Mine.")
    return {"anyone": anyone, "alice": login(alice)}


def everything():
    """What a refusal must not have changed."""
    return (
        list(User.objects.order_by("pk").values("pk", "email", "role", "is_staff", "is_superuser", "bio", "first_name",
                                                "profile_picture", "email_verified_at", "token_epoch", "password")),
        AppSession.objects.count(),
        UserDevice.objects.count(),
        AuditEvent.objects.exclude(outcome="refused").count(),
        [model.objects.count() for model in (StoredFile, Vehicle, Purchase, Appointment, TunerApplication)],
    )  # fmt: skip


@pytest.mark.parametrize("name,send,who,status", CASES, ids=[case[0] for case in CASES])
def test_a_hostile_request_is_refused_and_leaves_no_trace(name, send, who, status, people):
    before = everything()
    answer = send(people[who])
    assert answer.status_code == status, answer.content[:300]
    if status != 400 or answer["Content-Type"].startswith(JSON):
        body = answer.json()
        assert set(body) == {"error", "code", "fields", "request_id"}
    assert everything() == before


def test_there_are_enough_of_them():
    assert len(CASES) >= 60
    assert len({case[0] for case in CASES}) == len(CASES)


# -- What a browser of another origin may do: nothing


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://"]
)
def test_foreign_origins_get_no_permission(origin, people):
    asked = people["anyone"].options(
        PROFILE, HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="PATCH",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization",
    )  # fmt: skip
    read = people["alice"].get(PROFILE, HTTP_ORIGIN=origin)
    for answer in (asked, read):
        assert "Access-Control-Allow-Origin" not in answer
        assert "Access-Control-Allow-Credentials" not in answer


def test_our_own_frontend_may_without_cookies(people, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = people["alice"].get(PROFILE, HTTP_ORIGIN="https://app.example")
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Credentials" not in answer


def test_a_cookie_of_the_admin_is_no_login_for_the_api(desk):
    assert desk.get(PROFILE).status_code == 401


def test_an_invented_request_id_is_not_repeated(people):
    for invented in ["short", "x" * 65, "a b c d e f", "abcdefgh\n", "<script>alert(1)</script>"]:
        answer = people["anyone"].get(PROFILE, HTTP_X_REQUEST_ID=invented)
        assert answer["X-Request-ID"] != invented
    assert people["anyone"].get(PROFILE, HTTP_X_REQUEST_ID="plausible-1")["X-Request-ID"] == "plausible-1"


def test_what_others_sent_comes_back_as_data(people):
    text = "<script>alert(1)</script>{{7*7}}${7*7}' OR 1=1--"
    answer = people["alice"].patch(PROFILE, {"bio": text})
    assert answer.json()["user"]["bio"] == text
    assert answer["Content-Type"] == JSON
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")


def test_wrong_logins_are_not_logged_with_their_secrets(people, caplog):
    people["anyone"].post(LOGIN, {"email": "alice@example.com", "password": "s3cret-guess"})
    people["anyone"].get(f"{PROFILE}?token=eyJhbGciOi.eyJzdWIi.c2ln")
    assert "s3cret-guess" not in caplog.text
    assert PASSWORD not in caplog.text
