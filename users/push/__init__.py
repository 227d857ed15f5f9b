"""Ways for a note to reach a phone; the setting PUSH_BACKEND names one."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


class PushFailed(Exception):
    """It was not taken; the job tries again."""


class TokenGone(Exception):
    """The installation behind this token is gone: forget the token."""


class PushBackend(Protocol):
    def send(self, token: str, *, title: str, body: str, data: Mapping[str, str]) -> None:
        """To one installation, with a time-out. Raises PushFailed, TokenGone."""
        ...


BACKENDS = {"console": "users.push.console.Console", "fcm": "users.push.fcm.Fcm"}


def backend() -> PushBackend | None:
    """None where push is off."""
    return None if settings.PUSH_BACKEND == "off" else _made(settings.PUSH_BACKEND)


@lru_cache
def _made(name: str) -> PushBackend:
    return cast("PushBackend", import_string(BACKENDS.get(name, name))())
