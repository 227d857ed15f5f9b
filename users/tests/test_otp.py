"""Codes by SMS: what is sent, what is told, what survives a refusal, and whose account a number opens."""

import json
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from core import clock
from core.clock import held_at
from core.errors import Unavailable
from core.rls import as_system
from core.testing.client import RiderClient
from core.testing.counting import statements
from core.testing.jobs import run_jobs
from tests.cast import PASSWORD, login, make_user
from users import codes, sms
from users.models import AppSession, OtpChallenge, Purpose, RevokedReason, User
from users.sms import SmsFailed
from users.sms.descope import Descope
from users.sms.twilio import Twilio
from users.tests.outbox import Outbox, last_code

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+919876543210", "+919876543211"
AUTH = "/api/v1/auth/phone/"


def request_code(client, phone=PHONE):
    answer = client.post(f"{AUTH}request-otp/", {"phone_number": phone})
    assert answer.status_code == 200
    run_jobs()
    return answer.json()


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


# -- The happy way


def test_a_code_logs_in_once(anyone):
    make_user("alice", phone=PHONE, phone_verified_at=clock.now())
    sent = request_code(anyone)
    assert (sent["resend_after"], set(sent)) == (30, {"message", "challenge_id", "resend_after"})
    body = {
        "phone_number": "098765 43210",
        "otp_code": last_code(PHONE),
        "challenge_id": sent["challenge_id"],
    }
    entered = anyone.post(f"{AUTH}login/", body)
    assert entered.status_code == 200
    assert entered.json()["user"]["email"] == "alice@example.com"
    assert AppSession.objects.get().auth_method == "otp"
    again = anyone.post(f"{AUTH}login/", body)
    assert (again.status_code, again.json()["code"]) == (400, "wrong_code")


def test_a_new_number_makes_an_account_with_a_proved_number(anyone):
    request_code(anyone)
    entered = anyone.post(f"{AUTH}verify-otp/", {"phone": PHONE, "otp_code": last_code(PHONE)})
    assert entered.status_code == 200
    user = entered.json()["user"]
    assert (user["phone_number"], user["phone_verified"], user["email"]) == (PHONE, True, None)


def test_where_codes_do_not_register_nobody_new_gets_one(anyone, settings):
    settings.OTP_REGISTERS = False
    request_code(anyone)
    assert Outbox.messages == []
    challenge = OtpChallenge.objects.get()
    refused = anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": codes.code_of(challenge)})
    assert refused.status_code == 401
    assert User.objects.count() == 0


def test_with_a_bearer_the_number_is_proved_and_no_login_made(client_for):
    alice = make_user("alice")
    client = client_for(alice)
    request_code(client)
    proved = client.post(f"{AUTH}verify-otp/", {"phone_number": PHONE, "otp_code": last_code(PHONE)})
    assert (proved.status_code, proved.json()["phone_verified"]) == (200, True)
    assert "access_token" not in proved.json()
    status = client.get(f"{AUTH}verification-status/").json()
    assert status == {"phone_number": PHONE, "phone_verified": True}
    assert AppSession.objects.count() == 1


def test_an_expired_bearer_is_told_and_a_dead_one_counts_as_none(anyone):
    alice = make_user("alice")
    client = login(alice)
    request_code(anyone)
    body = {"phone_number": PHONE, "otp_code": last_code(PHONE)}
    with held_at(clock.now() + timedelta(hours=2)):
        assert client.post(f"{AUTH}verify-otp/", body).json()["code"] == "token_expired"
    AppSession.objects.update(revoked_at=clock.now())
    assert client.post(f"{AUTH}verify-otp/", body).json()["user"]["id"] != str(alice.pk)


# -- What is told, and what it costs


def test_known_and_unknown_numbers_get_the_same_answer_for_the_same_work(anyone):
    make_user("alice", phone=PHONE, phone_verified_at=clock.now())

    def ask(phone):
        with statements() as told:
            answer = anyone.post(f"{AUTH}request-otp/", {"phone": phone}, HTTP_X_REQUEST_ID="same-for-both")
        body = {**answer.json(), "challenge_id": ""}
        return answer.status_code, body, len(told)

    assert ask(PHONE) == ask(OTHER)


def test_neither_code_nor_number_is_stored(anyone):
    request_code(anyone)
    row = str(OtpChallenge.objects.values().get())
    assert last_code(PHONE) not in row
    assert PHONE not in row


@pytest.mark.parametrize("phone", ["+1234567890", "+442071838750", "+91111", "12", "+999999999999"])
def test_countries_that_are_not_served_and_impossible_numbers(phone, anyone):
    refused = anyone.post(f"{AUTH}request-otp/", {"phone_number": phone})
    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == ["phone_number"]
    assert OtpChallenge.objects.count() == 0


def test_sms_can_be_off(anyone, settings):
    settings.SMS_BACKEND = "off"
    assert anyone.post(f"{AUTH}request-otp/", {"phone": PHONE}).json()["code"] == "phone_not_served"


# -- Guessing


def test_five_wrong_codes_end_it_and_survive_their_refusals(anyone):
    request_code(anyone)
    code = last_code(PHONE)
    for n in range(1, 6):
        assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": wrong(code)}).status_code == 400
        assert OtpChallenge.objects.get().attempts == n
    assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": code}).status_code == 400
    assert AppSession.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_guesses_are_five():
    with as_system("test"):
        challenge = codes.issue(purpose=Purpose.LOGIN, address=PHONE, user_id=None)
        bad = wrong(codes.code_of(challenge))

    def guess(_):
        try:
            return RiderClient().post(f"{AUTH}login/", {"phone": PHONE, "otp_code": bad}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(guess, range(20))) == {400}
    with as_system("test"):
        assert OtpChallenge.objects.get().attempts == 5


@pytest.mark.django_db(transaction=True)
def test_one_code_is_one_login_however_often_it_comes_at_once():
    with as_system("test"):
        challenge = codes.issue(purpose=Purpose.LOGIN, address=PHONE, user_id=None)
        body = {"phone": PHONE, "otp_code": codes.code_of(challenge)}

    def enter(_):
        try:
            return RiderClient().post(f"{AUTH}login/", body).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [200, 400, 400, 400]
    with as_system("test"):
        assert (User.objects.count(), AppSession.objects.count()) == (1, 1)


def test_a_code_expires_and_a_new_one_ends_the_old(anyone):
    request_code(anyone)
    old = last_code(PHONE)
    anyone.post(f"{AUTH}resend-otp/", {"phone_number": PHONE})
    run_jobs()
    new = last_code(PHONE)
    assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": old}).status_code == 400
    with held_at(clock.now() + timedelta(minutes=5, seconds=1)):
        assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": new}).status_code == 400
    assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": new}).status_code == 200


def test_a_code_opens_only_its_own_number_and_challenge(anyone):
    first, _ = request_code(anyone), request_code(anyone, OTHER)
    body = {"phone": OTHER, "otp_code": last_code(PHONE)}
    assert anyone.post(f"{AUTH}login/", body).status_code == 400
    crossed = {"phone": OTHER, "otp_code": last_code(OTHER), "challenge_id": first["challenge_id"]}
    assert anyone.post(f"{AUTH}login/", crossed).status_code == 400


def test_cool_down_and_caps(anyone, throttled):
    throttled(otp_send_pause="1/30s")
    request_code(anyone)
    soon = anyone.post(f"{AUTH}resend-otp/", {"phone_number": PHONE})
    assert (soon.status_code, soon.json()["code"]) == (429, "throttled")
    assert 0 < int(soon["Retry-After"]) <= 30
    throttled(otp_spend="2/day")
    assert [anyone.post(f"{AUTH}request-otp/", {"phone": f"+91987654321{n}"}).status_code for n in range(3)] == [
        200, 200, 429,
    ]  # fmt: skip


@pytest.mark.parametrize("scope", ["otp_send_ip", "otp_send_hour", "otp_send_day", "otp_spend"])
def test_every_limit_of_sending_counts(scope, anyone, throttled):
    throttled(**{scope: "1/h"})
    assert anyone.post(f"{AUTH}request-otp/", {"phone": PHONE}).status_code == 200
    assert anyone.post(f"{AUTH}request-otp/", {"phone": PHONE}).status_code == 429
    assert OtpChallenge.objects.count() == 1


@pytest.mark.parametrize("scope", ["otp_verify_ip", "otp_verify_day"])
def test_every_limit_of_checking_counts(scope, anyone, throttled):
    throttled(**{scope: "1/h"})
    body = {"phone": PHONE, "otp_code": "000000"}
    assert [anyone.post(f"{AUTH}login/", body).status_code for _ in range(2)] == [400, 429]


# -- Whose account


def test_a_number_that_was_never_proved_takes_the_account_over_emptied(anyone):
    """Mallory registered with Alice's number and waits."""
    mallory = make_user("mallory", phone=PHONE)
    waiting = login(mallory)
    request_code(anyone)
    entered = anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": last_code(PHONE)})
    assert entered.json()["user"]["id"] == str(mallory.pk)
    assert entered.json()["user"]["email"] is None
    assert waiting.get("/api/v1/auth/profile/").status_code == 401
    back = RiderClient().post("/api/v1/auth/login/", {"phone": PHONE, "password": PASSWORD})
    assert back.status_code == 401
    assert AppSession.objects.filter(revoked_reason=RevokedReason.PASSWORD).count() == 1


def test_a_number_written_into_a_proved_account_by_mistake_is_taken_from_it(anyone):
    alice = make_user("alice", phone=PHONE, email_verified_at=clock.now())
    request_code(anyone)
    entered = anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": last_code(PHONE)}).json()
    assert entered["user"]["id"] != str(alice.pk)
    alice.refresh_from_db()
    assert (alice.phone, alice.email) == (None, "alice@example.com")


def test_a_proved_number_cannot_be_moved_to_another_account(client_for):
    make_user("alice", phone=PHONE, phone_verified_at=clock.now())
    bob = client_for(make_user("bob"))
    request_code(bob)
    refused = bob.post(f"{AUTH}verify-otp/", {"phone": PHONE, "otp_code": last_code(PHONE)})
    assert (refused.status_code, refused.json()["code"]) == (409, "account_exists")


def test_a_banned_number_stays_out(anyone):
    make_user("alice", phone=PHONE, phone_verified_at=clock.now(), is_active=False)
    request_code(anyone)
    refused = anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": last_code(PHONE)})
    assert (refused.status_code, refused.json()["error"]) == (401, "Invalid credentials")


def test_reauthenticating_by_code(client_for):
    client = client_for(make_user("alice", phone=PHONE, phone_verified_at=clock.now()))
    request_code(client)
    assert client.post("/api/v1/auth/reauthenticate/", {"otp_code": last_code(PHONE)}).status_code == 200


# -- Ways to send


def test_messages_as_files(settings, tmp_path):
    settings.SMS_FILE_PATH = str(tmp_path / "sms")
    sms._made("file").send(PHONE, "123456 is your code.")
    (file,) = (tmp_path / "sms").iterdir()
    kept = json.loads(file.read_text())
    assert (kept["to"], kept["text"]) == (PHONE, "123456 is your code.")


def test_messages_on_the_screen(capsys):
    sms._made("console").send(PHONE, "123456 is your code.")
    assert f"SMS to {PHONE}\n123456" in capsys.readouterr().out


def test_twilio_gets_what_it_needs_and_its_refusals_hide_the_code(settings, monkeypatch):
    """Only the network is fake: the modules have the names of the real SDK."""
    settings.TWILIO = {
        "account_sid": "AC1",
        "auth_token": "t",
        "from": "+15005550006",
        "messaging_service_sid": "",
    }
    calls = []

    class TwilioException(Exception):
        pass

    class Client:
        def __init__(self, account, token, http_client):
            self.messages = self
            self.account = account

        def create(self, **message):
            calls.append((self.account, message))
            if message["to"] == OTHER:
                raise TwilioException(message["body"])

    parts = {
        "twilio.rest": {"Client": Client},
        "twilio.base.exceptions": {"TwilioException": TwilioException},
        "twilio.http.http_client": {"TwilioHttpClient": lambda timeout: timeout},
        "twilio": {}, "twilio.base": {}, "twilio.http": {},
    }  # fmt: skip
    for name, content in parts.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    backend = Twilio()
    backend.send(PHONE, "123456")
    assert calls == [("AC1", {"to": PHONE, "body": "123456", "from_": "+15005550006"})]
    with pytest.raises(SmsFailed) as refused:
        backend.send(OTHER, "123456")
    assert "123456" not in str(refused.value)


def test_descope_makes_sends_and_checks_its_own_codes(settings, local_server, anyone):
    """Over real HTTP, against a server that answers as theirs does."""
    seen = []

    def answer(path, body, headers):
        seen.append((path, body, headers["Authorization"]))
        return 200 if path.endswith("signup-in/sms") or body["code"] == "424242" else 401

    settings.DESCOPE = {"project_id": "P1", "base_url": local_server(answer), "management_key": ""}
    settings.SMS_BACKEND = "descope"
    request_code(anyone)
    assert seen == [("/v1/auth/otp/signup-in/sms", {"loginId": PHONE}, "Bearer P1")]
    assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": "111111"}).status_code == 400
    ours = codes.code_of(OtpChallenge.objects.get())
    assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": ours}).status_code == 400
    assert anyone.post(f"{AUTH}login/", {"phone": PHONE, "otp_code": "424242"}).status_code == 200


def test_descope_down_is_503_not_a_wrong_code(settings, local_server):
    settings.DESCOPE = {"project_id": "P1", "base_url": local_server(lambda *_: 500), "management_key": ""}
    with pytest.raises(Unavailable):
        Descope().is_right(PHONE, "424242")
    with pytest.raises(SmsFailed):
        Descope().send(PHONE, "")


@pytest.mark.parametrize("backend", ["console", "file"])
def test_a_code_made_elsewhere_is_wrong_once_the_service_has_changed(backend, anyone, settings):
    anyone.post("/api/v1/auth/phone/request-otp/", {"phone_number": PHONE})
    OtpChallenge.objects.update(outside=True)
    settings.SMS_BACKEND = backend
    answer = anyone.post("/api/v1/auth/phone/verify-otp/", {"phone_number": PHONE, "otp_code": "424242"})
    assert (answer.status_code, AppSession.objects.count()) == (400, 0)
