"""Sessions, devices, passwords, addresses: each flow from the letter to the last refusal."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.db import connection

from core import clock, hub
from core.clock import held_at
from core.models import AuditEvent
from core.testing.client import RiderClient
from core.testing.counting import statements
from core.testing.jobs import run_jobs
from tests.cast import PASSWORD, make_user
from users.models import AppSession, OtpChallenge, User, UserDevice

pytestmark = pytest.mark.django_db

NEW = "a-much-better-one-7"
AUTH = "/api/v1/auth/"


def letter():
    run_jobs()
    return mail.outbox[-1]


def link_token(body):
    return re.search(r"token=(\S+)", body).group(1)


def short_code(body):
    return re.search(r"code in the app: (\d{6})", body).group(1)


# -- Sessions


@pytest.mark.parametrize("count", [1, 3])
def test_session_list_costs_two_statements(count, client_for):
    alice = make_user("alice")
    clients = [client_for(alice) for _ in range(count)]
    with statements() as told:  # the session, the rows
        page = clients[0].get(f"{AUTH}sessions/").json()
    assert (len(told), len(page["results"])) == (2, count)
    assert [row["current"] for row in page["results"]].count(True) == 1


def test_a_revoked_login_ends_at_once_and_others_stay(client_for):
    alice = make_user("alice")
    phone, laptop = client_for(alice), client_for(alice)
    rows = laptop.get(f"{AUTH}sessions/").json()["results"]
    other = next(row["id"] for row in rows if not row["current"])
    assert laptop.post(f"{AUTH}sessions/{other}/revoke/").status_code == 200
    assert phone.get(f"{AUTH}profile/").json()["code"] == "session_revoked"
    assert laptop.get(f"{AUTH}profile/").status_code == 200
    assert AuditEvent.objects.filter(action="session.revoke", actor=alice.pk).count() == 1


def test_bob_cannot_end_alices_login_and_learns_nothing(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    client_for(alice)
    session = AppSession.objects.get(user=alice)
    foreign = client_for(bob).post(f"{AUTH}sessions/{session.pk}/revoke/")
    absent = client_for(bob).post(f"{AUTH}sessions/{bob.pk}/revoke/")
    assert foreign.status_code == absent.status_code == 404
    assert {**foreign.json(), "request_id": ""} == {**absent.json(), "request_id": ""}
    session.refresh_from_db()
    assert session.revoked_at is None


def test_revoke_others_spares_the_one_that_asks(client_for):
    alice = make_user("alice")
    clients = [client_for(alice) for _ in range(3)]
    assert clients[0].post(f"{AUTH}sessions/revoke-others/").json()["message"] == "2 other logins ended."
    assert [c.get(f"{AUTH}profile/").status_code for c in clients] == [200, 401, 401]


def test_open_sockets_are_told_of_an_end(client_for, django_capture_on_commit_callbacks):
    alice = make_user("alice")
    client, _other = client_for(alice), client_for(alice)
    mine = next(row["id"] for row in client.get(f"{AUTH}sessions/").json()["results"] if row["current"])
    with hub.waiting([f"user:{alice.pk}"]) as box:
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"{AUTH}sessions/revoke-others/")
        frame = box.get(timeout=5)
    assert dict(frame) == {"type": "SESSION_REVOKED", "sessionId": None, "exceptId": mine}


# -- Devices


def test_a_device_is_made_changed_and_removed(client_for):
    alice = make_user("alice")
    client = client_for(alice)
    body = {"device_id": "pixel", "platform": "android", "push_token": "tok-1"}
    made = client.put(f"{AUTH}devices/", body)
    assert (made.status_code, made.json()["push"]) == (201, True)
    again = client.put(f"{AUTH}devices/", {**body, "name": "My phone"})
    assert (again.status_code, again.json()["id"], again.json()["name"]) == (
        200,
        made.json()["id"],
        "My phone",
    )
    assert [row["device_id"] for row in client.get(f"{AUTH}devices/").json()["results"]] == ["pixel"]
    assert client.delete(f"{AUTH}devices/?device_id=pixel").status_code == 204
    assert client.delete(f"{AUTH}devices/?device_id=pixel").status_code == 404
    assert client.get(f"{AUTH}devices/").json()["results"] == []
    assert client.get(f"{AUTH}profile/").status_code == 200


def test_a_push_token_moves_with_the_phone(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    body = {"device_id": "pixel", "push_token": "tok-1"}
    client_for(alice).put(f"{AUTH}devices/", body)
    assert client_for(bob).put(f"{AUTH}devices/", body).status_code == 201
    assert UserDevice.objects.get(user=alice).push_token is None
    assert UserDevice.objects.get(user=bob).push_token == "tok-1"


def test_removing_a_device_ends_its_logins(anyone, client_for):
    alice = make_user("alice")
    anyone.post(f"{AUTH}login/", {"email": alice.email, "password": PASSWORD, "device_id": "lost-phone"})
    client = client_for(alice)
    device = UserDevice.objects.get(user=alice)
    assert client.delete(f"{AUTH}devices/{device.pk}/").status_code == 204
    assert AppSession.objects.live().filter(user=alice).count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_device_list_costs_two_statements(count, client_for):
    client = client_for(make_user("alice"))
    for number in range(count):
        client.put(f"{AUTH}devices/", {"device_id": f"phone-{number}"})
    with statements() as told:
        assert len(client.get(f"{AUTH}devices/").json()["results"]) == count
    assert len(told) == 2


def test_a_new_device_is_told_by_mail_and_a_known_one_is_not(anyone):
    alice = make_user("alice")
    body = {"email": alice.email, "password": PASSWORD}
    for device in ["first", "second", "second"]:
        anyone.post(f"{AUTH}login/", {**body, "device_id": device})
    run_jobs()
    assert [m.subject for m in mail.outbox] == ["New device logged in"]


# -- Passwords


def test_password_change_ends_other_logins_and_old_reset_links(anyone, client_for):
    alice = make_user("alice")
    phone, laptop = client_for(alice), client_for(alice)
    anyone.post(f"{AUTH}password-reset/", {"email": alice.email})
    token = link_token(letter().body)
    wrong = laptop.post(f"{AUTH}password-change/", {"old_password": "nope", "new_password": NEW})
    assert (wrong.status_code, wrong.json()["code"], list(wrong.json()["fields"])) == (
        400,
        "wrong_proof",
        ["old_password"],
    )
    weak = laptop.post(f"{AUTH}password-change/", {"old_password": PASSWORD, "new_password": "12345678"})
    assert list(weak.json()["fields"]) == ["new_password"]
    done = laptop.post(f"{AUTH}password-change/", {"old_password": PASSWORD, "new_password": NEW})
    assert done.status_code == 200
    assert (laptop.get(f"{AUTH}profile/").status_code, phone.get(f"{AUTH}profile/").status_code) == (200, 401)
    late = anyone.post(f"{AUTH}password-reset-confirm/", {"token": token, "new_password": "another-one-22"})
    assert (late.status_code, late.json()["code"]) == (400, "bad_token")
    assert letter().subject == "Your password was changed"
    assert anyone.post(f"{AUTH}login/", {"email": alice.email, "password": NEW}).status_code == 200


def test_reset_by_link_once(anyone, client_for):
    alice = make_user("alice")
    client = client_for(alice)
    asked = anyone.post(f"{AUTH}password-reset/request/", {"email": "ALICE@example.com"})
    assert asked.status_code == 200
    sent = letter()
    assert sent.to == ["alice@example.com"]
    body = {"token": link_token(sent.body), "new_password": NEW}
    assert anyone.post(f"{AUTH}password-reset-confirm/", body).status_code == 200
    assert client.get(f"{AUTH}profile/").status_code == 401
    assert anyone.post(f"{AUTH}password-reset-confirm/", body).json()["code"] == "bad_token"
    assert anyone.post(f"{AUTH}login/", {"email": alice.email, "password": NEW}).status_code == 200


def test_reset_by_code_dies_after_five_wrong_ones(anyone):
    alice = make_user("alice")
    anyone.post(f"{AUTH}password-reset/", {"email": alice.email})
    code = short_code(letter().body)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    body = {"email": alice.email, "new_password": NEW}
    for _ in range(5):
        refused = anyone.post(f"{AUTH}password-reset-confirm/", {**body, "code": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_token")
    assert anyone.post(f"{AUTH}password-reset-confirm/", {**body, "code": code}).status_code == 400
    assert OtpChallenge.objects.get().attempts == 5
    anyone.post(f"{AUTH}password-reset/", {"email": alice.email})
    code = short_code(letter().body)
    assert anyone.post(f"{AUTH}password-reset-confirm/", {**body, "code": code}).status_code == 200


def test_a_weak_new_password_does_not_use_up_the_code(anyone):
    alice = make_user("alice")
    anyone.post(f"{AUTH}password-reset/", {"email": alice.email})
    body = {"email": alice.email, "code": short_code(letter().body)}
    assert (
        anyone.post(f"{AUTH}password-reset-confirm/", {**body, "new_password": "password1"}).status_code
        == 400
    )
    assert anyone.post(f"{AUTH}password-reset-confirm/", {**body, "new_password": NEW}).status_code == 200


def test_reset_links_end_after_an_hour(anyone, monkeypatch):
    alice = make_user("alice")
    anyone.post(f"{AUTH}password-reset/", {"email": alice.email})
    token = link_token(letter().body)
    late = default_token_generator._now() + timedelta(minutes=61)
    monkeypatch.setattr(type(default_token_generator), "_now", lambda self: late)
    body = {"token": token, "new_password": NEW}
    assert anyone.post(f"{AUTH}password-reset-confirm/", body).json()["code"] == "bad_token"


def test_a_reset_for_nobody_looks_and_works_the_same(anyone):
    make_user("alice")

    def ask(email):
        with statements() as told:
            answer = anyone.post(
                f"{AUTH}password-reset/", {"email": email}, HTTP_X_REQUEST_ID="same-for-both"
            )
        return answer.status_code, answer.content, len(told)

    assert ask("alice@example.com") == ask("nobody@example.com")
    run_jobs()
    assert [m.to for m in mail.outbox] == [["alice@example.com"]]


def test_a_banned_person_gets_no_reset(anyone):
    alice = make_user("alice", is_active=False)
    anyone.post(f"{AUTH}password-reset/", {"email": alice.email})
    run_jobs()
    assert mail.outbox == []


def test_nothing_of_a_code_or_token_stands_in_the_database(anyone):
    alice = make_user("alice")
    anyone.post(f"{AUTH}password-reset/", {"email": alice.email})
    sent = letter().body
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(args::text, ' ') FROM procrastinate_jobs")
        jobs = cursor.fetchone()[0]
    row = OtpChallenge.objects.values().get()
    for secret in (short_code(sent), link_token(sent)):
        assert secret not in jobs
        assert secret not in str(row)


# -- Addresses


def test_registering_sends_a_letter_whose_link_proves_the_address(anyone):
    made = anyone.post(
        f"{AUTH}register/", {"email": "rita@example.com", "password": NEW, "name": "Rita"}
    ).json()
    assert made["user"]["email_verified"] is False
    sent = letter()
    assert "Hello Rita," in sent.body
    token = link_token(sent.body)
    stranger = RiderClient()
    assert stranger.post(f"{AUTH}email/verify/", {"token": token}).status_code == 200
    assert User.objects.get(email="rita@example.com").email_verified_at is not None
    assert stranger.post(f"{AUTH}email/verify/", {"token": token}).json()["code"] == "bad_token"


def test_the_address_changes_only_when_the_new_one_answers(client_for, anyone):
    alice = make_user("alice")
    client = client_for(alice)
    change = {"email": "alice2@example.com", "password": PASSWORD}
    assert client.post(f"{AUTH}email/change/", {**change, "password": "no"}).json()["code"] == "wrong_proof"
    assert client.post(f"{AUTH}email/change/", change).status_code == 200
    sent = letter()
    assert sent.to == ["alice2@example.com"]
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    code = {"code": short_code(sent.body), "email": "alice2@example.com"}
    assert client.post(f"{AUTH}email/verify/", code).status_code == 200
    alice.refresh_from_db()
    assert (alice.email, alice.email_verified_at is not None) == ("alice2@example.com", True)
    told = letter()
    assert (told.to, told.subject) == (["alice@example.com"], "Your e-mail address was changed")
    assert anyone.post(f"{AUTH}email/verify/", {"token": link_token(sent.body)}).json()["code"] == "bad_token"


def test_a_change_to_a_taken_address_tells_only_its_owner(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    ask = client_for(alice).post(f"{AUTH}email/change/", {"email": bob.email, "password": PASSWORD})
    free = client_for(alice).post(f"{AUTH}email/change/", {"email": "free@example.com", "password": PASSWORD})
    assert (ask.status_code, ask.content) == (free.status_code, free.content)
    run_jobs()
    assert {m.to[0]: m.subject.split("?")[0] for m in mail.outbox} == {
        bob.email: "You have an account already",
        "free@example.com": "Your new address",
    }


def test_bob_cannot_use_alices_code(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    client_for(alice).post(f"{AUTH}email/verify/", {})
    code = short_code(letter().body)
    assert client_for(bob).post(f"{AUTH}email/verify/", {"code": code}).status_code == 400
    assert (
        client_for(bob).post(f"{AUTH}email/verify/", {"code": code, "email": alice.email}).status_code == 400
    )
    alice.refresh_from_db()
    assert alice.email_verified_at is None


def test_verify_without_anything_needs_a_login(anyone):
    assert anyone.post(f"{AUTH}email/verify/", {}).status_code == 401


# -- Proof, profile


def test_reauthenticating_refreshes_the_proof(client_for):
    alice = make_user("alice")
    client = client_for(alice)
    assert client.post(f"{AUTH}reauthenticate/", {"password": "no"}).json()["code"] == "wrong_proof"
    with held_at(clock.now() + timedelta(minutes=30)):
        assert client.post(f"{AUTH}reauthenticate/", {"password": PASSWORD}).status_code == 200
    session = AppSession.objects.get(user=alice)
    assert session.reauthenticated_at - session.created_at > timedelta(minutes=29)


def test_somebody_without_a_password_sets_one_while_the_login_is_fresh(client_for):
    alice = make_user("alice")
    alice.set_unusable_password()
    alice.save()
    client = client_for(alice)
    with held_at(clock.now() + timedelta(minutes=30)):
        late = client.post(f"{AUTH}password-change/", {"new_password": NEW})
    assert (late.status_code, late.json()["code"]) == (403, "reauthentication_required")
    assert client.post(f"{AUTH}password-change/", {"new_password": NEW}).status_code == 200


def test_profile_has_an_etag_and_refuses_a_lost_update(client_for):
    client = client_for(make_user("alice"))
    first = client.get(f"{AUTH}profile/")
    same = client.get(f"{AUTH}profile/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    changed = client.patch(f"{AUTH}profile/", {"bio": "Twisties."}, HTTP_IF_MATCH=first["ETag"])
    assert changed.status_code == 200
    lost = client.patch(f"{AUTH}profile/", {"bio": "Straights."}, HTTP_IF_MATCH=first["ETag"])
    assert (lost.status_code, lost.json()["code"]) == (412, "precondition_failed")
    assert client.get(f"{AUTH}profile/").json()["user"]["bio"] == "Twisties."


def test_public_profile_has_no_address_and_no_number(client_for):
    alice = make_user("alice", phone="+919876543210", bio="Rides.")
    seen = client_for(make_user("bob")).get(f"/api/v1/users/{alice.pk}/")
    assert seen.status_code == 200
    assert set(seen.json()) == {
        "id", "name", "role", "is_verified", "profile_picture", "bio", "location", "experience", "created_at", "stats",
    }  # fmt: skip
    assert alice.email not in seen.content.decode()
    alice.is_active = False
    alice.save()
    assert client_for(make_user("bob")).get(f"/api/v1/users/{alice.pk}/").status_code == 404


def test_a_picture_is_an_https_address_or_none(client_for):
    client = client_for(make_user("alice"))
    for bad in ["javascript:alert(1)", "http://x.example/a.png", "data:text/html,x", 7]:
        assert client.patch(f"{AUTH}profile/", {"profile_picture": bad}).status_code == 400
    good = "https://img.example/a.png"
    assert (
        client.patch(f"{AUTH}profile/", {"profile_picture": good}).json()["user"]["profile_picture"] == good
    )
    assert (
        client.patch(f"{AUTH}profile/", {"profile_picture": None}).json()["user"]["profile_picture"] is None
    )


def test_a_name_cannot_break_a_letter(anyone):
    body = {"email": "r@example.com", "password": NEW, "name": "Rita\nBcc: all@example.com"}
    assert list(anyone.post(f"{AUTH}register/", body).json()["fields"]) == ["name"]


# -- Strict registration


def test_verify_first_tells_nobody_whether_an_address_is_taken(anyone, settings):
    settings.REGISTER_VERIFY_FIRST = True
    make_user("alice")
    body = {"password": NEW, "name": "Somebody"}
    taken = anyone.post(f"{AUTH}register/", {**body, "email": "alice@example.com"})
    free = anyone.post(f"{AUTH}register/", {**body, "email": "rita@example.com"})
    assert taken.status_code == free.status_code == 202
    assert taken.content == free.content
    run_jobs()
    assert {m.to[0]: m.subject.split("?")[0] for m in mail.outbox} == {
        "alice@example.com": "You have an account already",
        "rita@example.com": "Is this your address",
    }
    early = anyone.post(f"{AUTH}login/", {"email": "rita@example.com", "password": NEW})
    assert (early.status_code, early.json()["code"]) == (403, "verification_required")
    token = link_token(next(m.body for m in mail.outbox if m.to == ["rita@example.com"]))
    anyone.post(f"{AUTH}email/verify/", {"token": token})
    assert anyone.post(f"{AUTH}login/", {"email": "rita@example.com", "password": NEW}).status_code == 200
