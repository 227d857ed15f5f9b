"""Ways for a code to reach a phone; the setting SMS_BACKEND names one."""

from functools import lru_cache
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


class SmsFailed(Exception):
    """It was not taken; the job tries again. Never carries the code."""


class SmsBackend(Protocol):
    """Sends texts. One whose `makes_codes` is true sends and checks codes of its own instead of ours."""

    makes_codes: bool

    def send(self, phone: str, text: str) -> None:
        """To an E.164 number, with a time-out. Raises SmsFailed."""
        ...

    def is_right(self, phone: str, code: str) -> bool:
        """Asked about codes that we did not make. Raises core.errors.Unavailable."""
        ...


BACKENDS = {
    "console": "users.sms.local.Console",
    "file": "users.sms.local.File",
    "twilio": "users.sms.twilio.Twilio",
    "descope": "users.sms.descope.Descope",
}


def backend() -> SmsBackend:
    return _made(settings.SMS_BACKEND)


@lru_cache
def _made(name: str) -> SmsBackend:
    return cast("SmsBackend", import_string(BACKENDS.get(name, name))())
