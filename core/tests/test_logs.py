"""Logs say what happened and nothing that opens a door; addresses come from whom we trust."""

import json
import logging
import sys

import pytest
from django.test import RequestFactory

from core.clientip import client_ip, ip_prefix, throttle_key
from core.logs import JsonFormatter, TextFormatter, redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "told",
    [
        "Authorization: Bearer s3cret-value",
        "authorization=Bearer s3cret-value",
        "{'Authorization': 'Bearer s3cret-value'}",
        '{"access_token": "s3cret-value", "n": 1}',
        "{'refresh_token': 's3cret-value'}",
        "GET /chat/ws?token=s3cret-value&x=1",
        "x-api-key: s3cret-value",
        "X-API-Key=s3cret-value",
        'password="s3cret-value"',
        "old_password: s3cret-value",
        "otp_code=s3cret-value",
        "secret = s3cret-value",
        "razorpay_signature=s3cret-value",
        "Cookie: sessionid=s3cret-value",
    ],
)
def test_secrets_are_not_written(told):
    assert "s3cret" not in redact(told)
    assert "[redacted]" in redact(told)


@pytest.mark.parametrize("told", [f"refused {JWT} of a phone", f"Bearer {JWT}", f"?next=/x#{JWT}"])
def test_a_token_in_the_middle_of_a_sentence_is_not_written(told):
    assert JWT.rpartition(".")[2] not in redact(told)


@pytest.mark.parametrize(
    "told",
    [
        "GET /api/v1/garage/vehicles/?page_size=5 200",
        "purged 3 uploads and 4 deleted files",
        "the blob document/aa/0123 could not be deleted now",
    ],
)
def test_what_is_no_secret_stays(told):
    assert redact(told) == told


def record(message, *args, exc_info=None):
    return logging.LogRecord("core.test", logging.WARNING, __file__, 1, message, args, exc_info)


def test_a_line_is_one_json_object():
    line = JsonFormatter().format(record("refused %s\nat %s", "token=s3cret", "München"))
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["logger"], told["message"]) == (
        "WARNING",
        "core.test",
        "refused token=[redacted]\nat München",
    )


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_traces_are_redacted_too(formatter):
    try:
        raise ValueError("password=s3cret")
    except ValueError:
        line = formatter.format(record("crashed", exc_info=sys.exc_info()))
    assert "ValueError" in line
    assert "s3cret" not in line


@pytest.mark.parametrize(
    "offered,taken",
    [
        ("trace-0123456789", True),
        ("short", False),
        ("x" * 65, False),
        ("a b c d e f g h", False),
        ('"},{"level":"', False),
        ("", False),
    ],
)
def test_a_request_id_is_taken_when_it_is_plausible(offered, taken, client):
    answer = client.get("/healthz", headers={"x-request-id": offered})
    assert (answer["X-Request-ID"] == offered) is taken
    assert len(answer["X-Request-ID"]) >= 16


# -- Addresses


def asked(remote="10.0.0.9", forwarded=None):
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded is not None else {}
    return RequestFactory().get("/", REMOTE_ADDR=remote, **extra)


@pytest.mark.parametrize(
    "proxies,forwarded,address",
    [
        (0, None, "10.0.0.9"),
        (0, "6.6.6.6", "10.0.0.9"),
        (1, None, "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),
        (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_trusted_proxies_are_believed(proxies, forwarded, address, settings):
    settings.TRUSTED_PROXIES = proxies
    assert client_ip(asked(forwarded=forwarded)) == address


@pytest.mark.parametrize(
    "address,prefix,key",
    [
        ("203.0.113.7", "203.0.113.0/24", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.0/24", "203.0.113.7"),
        ("nonsense", "", "nonsense"),
        ("", "", ""),
    ],
)
def test_prefixes(address, prefix, key):
    assert (ip_prefix(address), throttle_key(address)) == (prefix, key)
