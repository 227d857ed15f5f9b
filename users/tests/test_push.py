"""Notes of all apps on the phones of a person."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.notes import notify
from core.rls import as_user
from core.testing.jobs import run_jobs
from tests.cast import make_user
from users.models import UserDevice
from users.push import PushFailed, TokenGone
from users.push.fcm import Fcm
from users.tests.outbox import Pushes

pytestmark = pytest.mark.django_db


def test_a_note_reaches_every_phone_and_forgets_those_that_are_gone():
    alice, bob = make_user("alice"), make_user("bob")
    for owner, token in [(alice, "phone"), (alice, "gone-tablet"), (alice, None), (bob, "bobs")]:
        UserDevice.objects.create(user=owner, device_id=str(token), push_token=token)
    with as_user(bob):  # who causes a note need not see whom it is for
        notify(alice.pk, "tune_sold", "Sold", "Somebody bought your tune.", tune_id=bob.pk)
    run_jobs()
    data = {"tune_id": str(bob.pk), "kind": "tune_sold"}
    assert Pushes.sent == [("phone", "Sold", "Somebody bought your tune.", data)]
    assert UserDevice.objects.get(device_id="gone-tablet").push_token is None


def test_where_push_is_off_nothing_is_sent(settings):
    settings.PUSH_BACKEND = "off"
    alice = make_user("alice")
    UserDevice.objects.create(user=alice, device_id="x", push_token="phone")
    notify(alice.pk, "x", "X")
    run_jobs()
    assert Pushes.sent == []


def test_firebase_over_http(settings, local_server):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    seen = []

    def answer(path, body, headers):
        if path == "/token":
            claims = jwt.decode(
                body["assertion"], key.public_key(), algorithms=["RS256"], audience=url + "/token"
            )
            seen.append(claims["iss"])
            return 200, {"access_token": "ya29", "expires_in": 3600}
        assert (path, headers["Authorization"]) == ("/v1/projects/p1/messages:send", "Bearer ya29")
        seen.append(body["message"])
        wanted = body["message"]["token"]
        if wanted == "gone":
            return 404, {"error": {"details": [{"errorCode": "UNREGISTERED"}]}}
        return (500 if wanted == "broken" else 200), {}

    url = local_server(answer)
    account = {
        "project_id": "p1",
        "client_email": "a@p1.example",
        "private_key": pem,
        "token_uri": f"{url}/token",
    }
    settings.FCM_CREDENTIALS, settings.FCM_BASE_URL = json.dumps(account), url
    fcm = Fcm()
    fcm.send("phone", title="T", body="B", data={"kind": "k"})
    with pytest.raises(TokenGone):
        fcm.send("gone", title="T", body="B", data={})
    with pytest.raises(PushFailed):
        fcm.send("broken", title="T", body="B", data={})
    assert seen[0] == "a@p1.example"  # once for all three
    assert seen[1] == {"token": "phone", "notification": {"title": "T", "body": "B"}, "data": {"kind": "k"}}
    assert len(seen) == 4
