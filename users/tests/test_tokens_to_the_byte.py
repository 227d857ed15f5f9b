"""An access token is read only if it is one that we wrote."""

import base64
import json

import jwt
import pytest
from django.conf import settings

from core import clock
from core.auth import BadToken, make_access_token, read_access_token
from core.ids import uuid7

USER, SESSION = uuid7(), uuid7()


def ours():
    return make_access_token(user_id=USER, session_id=SESSION, generation=3, issued_at=clock.now())


def part(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def test_what_is_written_is_read():
    read = read_access_token(ours())
    assert (read.user_id, read.session_id, read.generation) == (USER, SESSION, 3)


def test_a_rotated_key_still_reads(settings):
    token = ours()
    settings.JWT_KEYS = {"new": "n" * 48, **settings.JWT_KEYS}
    assert read_access_token(token).user_id == USER
    assert jwt.get_unverified_header(ours())["kid"] == "new"
    settings.JWT_KEYS = {"new": "n" * 48}
    with pytest.raises(BadToken):
        read_access_token(token)


def forged(how):
    head, body, mac = ours().split(".")
    claims = jwt.decode(ours(), options={"verify_signature": False})
    kid, key = next(iter(settings.JWT_KEYS.items()))
    return {
        "no algorithm": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}.",
        "other algorithm": jwt.encode(claims, key * 2, algorithm="HS512", headers={"kid": kid}),
        "other key": jwt.encode(claims, "x" * 48, algorithm="HS256", headers={"kid": kid}),
        "other claims": f"{head}.{part(claims | {'sub': str(uuid7())})}.{mac}",
        "other issuer": jwt.encode(claims | {"iss": "x"}, key, algorithm="HS256", headers={"kid": kid}),
        "no session": jwt.encode({"iss": "revsync"}, key, algorithm="HS256", headers={"kid": kid}),
        "no object": f"{head}.{part([1])}.{mac}",
        "no signature": f"{head}.{body}.",
        "a part too many": f"{ours()}.x",
        "beyond ASCII": f"{head}.{body}é.{mac}",
        "nothing": "",
    }[how]


@pytest.mark.parametrize(
    "how",
    ["no algorithm", "other algorithm", "other key", "other claims", "other issuer", "no session", "no object",
     "no signature", "a part too many", "beyond ASCII", "nothing"],
)  # fmt: skip
def test_what_we_did_not_write_is_refused(how):
    with pytest.raises(BadToken):
        read_access_token(forged(how))
