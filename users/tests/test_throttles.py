"""The throttle table: every row counts, nobody is locked out by name, and codes fail closed."""

import pytest
from django.core import mail
from django.test import RequestFactory

from core import throttling
from core.clientip import client_ip, ip_prefix, throttle_key
from core.testing.jobs import run_jobs
from tests.cast import PASSWORD, make_user
from users import sessions
from users.models import AuthMethod

pytestmark = pytest.mark.django_db

AUTH = "/api/v1/auth/"


def try_login(client, *, password="wrong", email="alice@example.com", address="198.51.100.7"):
    body = {"email": email, "password": password}
    return client.post(f"{AUTH}login/", body, REMOTE_ADDR=address).status_code


def test_wrong_passwords_lock_account_and_network_together(anyone, throttled):
    make_user("alice")
    throttled(login_account="3/15min")
    assert [try_login(anyone) for _ in range(4)] == [401, 401, 401, 429]
    assert try_login(anyone, password=PASSWORD, address="203.0.113.5") == 200
    assert try_login(anyone, email="bob@example.com") == 401


def test_a_right_password_is_forgiven(anyone, throttled):
    make_user("alice")
    throttled(login_account="3/15min", login_ip="3/15min")
    assert [try_login(anyone, password=PASSWORD) for _ in range(6)] == [200] * 6


def test_guesses_from_many_places_wait_and_the_owner_hears_of_it_once(
    anyone, throttled, settings, monkeypatch
):
    alice = make_user("alice")
    waited = []
    settings.LOGIN_DELAY_SECONDS = 1.0
    monkeypatch.setattr("users.services.accounts.time.sleep", waited.append)
    throttled(login_name="2/15min", login_letter="1/day")
    codes = [try_login(anyone, address=f"198.51.{n}.7") for n in range(5)]
    assert (codes, waited) == ([401] * 5, [1.0] * 3)
    run_jobs()
    assert [(m.to, m.subject) for m in mail.outbox] == [
        ([alice.email], "Somebody tries to guess your password")
    ]
    assert try_login(anyone, password=PASSWORD, address="203.0.113.5") == 200


@pytest.mark.parametrize(
    "scope,method,path,body,expected",
    [
        ("register", "post", "register/", {"password": "short"}, 400),
        ("refresh_ip", "post", "refresh/", {"refresh_token": "x"}, 401),
        ("reset_ip", "post", "password-reset/", {"email": "x@example.com"}, 200),
        ("reset_account", "post", "password-reset/", {"email": "x@example.com"}, 200),
        ("reset_ip", "post", "password-reset-confirm/", {"token": "x", "new_password": "long-enough-1"}, 400),
        ("email_confirm_ip", "post", "email/verify/", {"token": "x"}, 400),
        ("anon", "post", "login/", {"email": "x@example.com", "password": "x"}, 401),
    ],
)
def test_a_row_of_the_table_for_strangers(scope, method, path, body, expected, anyone, throttled):
    throttled(**{scope: "1/h"})
    if scope == "register":
        body = {"email": "rita@example.com", "password": "12345678", "name": "Rita"}
    send = getattr(anyone, method)
    first, second = send(AUTH + path, body), send(AUTH + path, body)
    assert (first.status_code, second.status_code) == (expected, 429)
    assert int(second["Retry-After"]) > 0


@pytest.mark.parametrize(
    "scope,path,body,expected",
    [
        ("password_check", "password-change/", {"old_password": "x", "new_password": "long-enough-1"}, 400),
        ("password_check", "reauthenticate/", {"password": "x"}, 400),
        ("email_send", "email/verify/", {}, 200),
        ("email_send", "email/change/", {"email": "n@example.com", "password": PASSWORD}, 200),
        ("user", "email/verify/", {}, 200),
    ],
)
def test_a_row_of_the_table_for_people(scope, path, body, expected, client_for, throttled):
    client, bob = client_for(make_user("alice")), client_for(make_user("bob"))
    throttled(**{scope: "1/h"})
    assert [client.post(AUTH + path, body).status_code for _ in range(2)] == [expected, 429]
    assert bob.post(AUTH + path, body).status_code == expected


def test_refreshing_is_limited_by_session(anyone, throttled):
    throttled(refresh_session="2/h")
    tokens = [sessions.open_session(user=make_user("alice"), method=AuthMethod.PASSWORD)[1] for _ in range(2)]
    ask = [
        anyone.post(f"{AUTH}refresh/", {"refresh_token": tokens[0].refresh_token}).status_code
        for _ in range(3)
    ]
    assert ask == [200, 200, 429]
    assert anyone.post(f"{AUTH}refresh/", {"refresh_token": tokens[1].refresh_token}).status_code == 200


class Dead:
    def hit(self, key, seconds):
        raise ConnectionError

    def forgive(self, key):
        raise ConnectionError


def test_without_redis_reads_go_on_and_codes_are_refused(client_for, anyone, throttled, monkeypatch):
    client = client_for(make_user("alice"))
    throttled(user="1/h", otp_send_ip="30/h", otp_verify_ip="60/h", reset_ip="20/h")
    monkeypatch.setattr(throttling, "counter", Dead)
    assert client.get(f"{AUTH}profile/").status_code == 200
    assert anyone.post(f"{AUTH}phone/request-otp/", {"phone": "+919876543210"}).status_code == 429
    assert anyone.post(f"{AUTH}phone/login/", {"phone": "+919876543210", "otp_code": "1"}).status_code == 429
    assert anyone.post(f"{AUTH}password-reset/", {"email": "x@example.com"}).status_code == 429


@pytest.mark.redis
def test_redis_counts_forgives_and_forgets(settings):
    redis = throttling.RedisCounter(settings.REDIS_URL)
    key = "test:forgive"
    assert [redis.hit(key, 0.2)[0] for _ in range(3)] == [1, 2, 3]
    redis.forgive(key)
    assert redis.hit(key, 0.2)[0] == 3
    redis.forgive("test:never-seen")
    assert redis.hit("test:never-seen", 0.2)[0] == 1


# -- Whose address it is


def seen(trusted, forwarded, remote="10.0.0.1"):
    from django.test import override_settings

    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    with override_settings(TRUSTED_PROXIES=trusted):
        return client_ip(RequestFactory().get("/", REMOTE_ADDR=remote, **headers))


@pytest.mark.parametrize(
    "trusted,forwarded,expected",
    [
        (0, "1.2.3.4", "10.0.0.1"),  # nobody is trusted: the header is the client's own invention
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # what the client wrote stands before what the proxy added
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1"),  # it did not come through both proxies
        (1, "", "10.0.0.1"),
        (1, "1.2.3.4:5678", "1.2.3.4"),
        (1, "[2001:db8::1]:5678", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_who_the_outermost_trusted_proxy_saw(trusted, forwarded, expected):
    assert seen(trusted, forwarded) == expected


def test_what_is_kept_and_counted_of_an_address():
    assert ip_prefix("203.0.113.77") == ip_prefix("::ffff:203.0.113.77") == "203.0.113.0/24"
    assert ip_prefix("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert ip_prefix("junk") == ""
    assert throttle_key("203.0.113.77") == throttle_key("::ffff:203.0.113.77") == "203.0.113.77"
    assert throttle_key("2001:db8:1:2:3::4") == throttle_key("2001:db8:1:2::9")


def test_a_forged_header_does_not_escape_a_throttle(anyone, throttled):
    throttled(login_ip="2/h")
    codes = [
        anyone.post(
            f"{AUTH}login/", {"email": f"{n}@example.com", "password": "x"}, HTTP_X_FORWARDED_FOR=f"9.9.9.{n}"
        ).status_code
        for n in range(3)
    ]
    assert codes == [401, 401, 429]
