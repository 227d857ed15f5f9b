"""A POST with an `Idempotency-Key` happens once: whoever repeats it gets the first answer again.

    class PurchaseView(Idempotent, GatewayView): ...

In a view with ATOMIC_REQUESTS the answer is stored in the transaction of the deed, under an advisory lock: both
or neither. A GatewayView owns its transactions, so its claim is committed before the deed and the answer after
it; a process that dies between the two leaves a claim that is void after a minute, and the deed itself must
bear to be repeated (gateways know our receipts). Only successes are kept: after a refusal the same key may try
again.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpResponse, QueryDict
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.errors import DomainError, Invalid
from core.models import IdempotencyKey, KeyState
from core.renderers import dumps
from core.rls import as_anonymous, as_system, as_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from uuid import UUID

    from django.http import HttpResponseBase
    from rest_framework.request import Request

HEADER = "Idempotency-Key"
META_KEY = "HTTP_IDEMPOTENCY_KEY"
KEPT = timedelta(days=7)
CLAIM = timedelta(seconds=60)
ANONYMOUS_LENGTH = 16  # a key without an owner must not be guessed
KEPT_HEADERS = ("Content-Type", "Cache-Control", "ETag", "Location")
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")


class KeyRunning(DomainError):
    code, status, message = "idempotency_running", 409, "The first request with this key is still running."

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class KeyMismatch(DomainError):
    code, status = "idempotency_mismatch", 422
    message = "This Idempotency-Key was used for another request. Take a new key."


class Idempotent(APIView):
    """First base of a view whose POST costs money, a slot or a message."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # the key belongs to a person: first who, then what
        deed = getattr(self, "post", None)
        if request.method == "POST" and deed is not None and META_KEY in request.META:
            vars(self)["post"] = partial(self._once, deed)

    def idempotency_owner(self, request: Request) -> UUID | None:
        """Whose key it is; None for a person without an account."""
        owner: UUID | None = request.user.pk
        return owner

    def _once(
        self, deed: Callable[..., HttpResponseBase], request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        wanted = _Wanted.read(request, self.idempotency_owner(request))
        own_transactions = getattr(self.dispatch, "_non_atomic_requests", None)
        keeper: _Keeper = _Claim(wanted) if own_transactions else _Lock(wanted)
        if (kept := keeper.enter()) is not None:
            return _replay(kept)
        try:
            response = deed(request, *args, **kwargs)
        except Exception:
            keeper.release()
            raise
        if isinstance(response, Response) and 200 <= response.status_code < 300:
            self.finalize_response(request, response, *args, **kwargs)
            keeper.keep(response.render())
        else:
            keeper.release()
        return response


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One request, as far as repeating goes."""

    owner_id: UUID | None
    key: str
    fingerprint: str

    @classmethod
    def read(cls, request: Request, owner_id: UUID | None) -> _Wanted:
        key = request.headers[HEADER]
        if not _PRINTABLE.fullmatch(key):
            raise Invalid(fields={HEADER: ["Give 1 to 255 printable ASCII characters."]})
        if owner_id is None and len(key) < ANONYMOUS_LENGTH:
            raise Invalid(fields={HEADER: [f"Without a login give at least {ANONYMOUS_LENGTH} characters."]})
        return cls(owner_id, key, fingerprint(request))

    def lock(self) -> None:
        """Alone with this key until the transaction ends. Raises KeyRunning."""
        digest = hashlib.sha256(f"idempotency:{self.owner_id}:{self.key}".encode()).digest()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)]
            )
            row = cursor.fetchone()
        if not (row and row[0]):
            raise KeyRunning

    def found(self) -> IdempotencyKey | None:
        """The row of this key, unless it is too old or void. Raises KeyMismatch, KeyRunning."""
        rows = IdempotencyKey.objects.filter(owner_id=self.owner_id, key=self.key)
        row = rows.first()
        if row is None:
            return None
        now = clock.now()
        if row.created_at < now - KEPT:
            rows.delete()
            return None
        if row.fingerprint != self.fingerprint:
            raise KeyMismatch
        if row.state == KeyState.DONE:
            return row
        if row.locked_until and row.locked_until > now:
            raise KeyRunning
        rows.delete()
        return None

    def row(self, **facts: Any) -> IdempotencyKey:
        return IdempotencyKey.objects.create(
            owner_id=self.owner_id, key=self.key, fingerprint=self.fingerprint, **facts
        )

    @contextmanager
    def context(self) -> Iterator[None]:
        with as_user(self.owner_id) if self.owner_id else as_anonymous():
            yield


class _Keeper(Protocol):
    def enter(self) -> IdempotencyKey | None:
        """The answer of the first request, or None: this is the first."""
        ...

    def keep(self, response: Response) -> None: ...

    def release(self) -> None: ...


class _Lock:
    """Everything in the request's own transaction."""

    def __init__(self, wanted: _Wanted) -> None:
        self.wanted = wanted

    def enter(self) -> IdempotencyKey | None:
        self.wanted.lock()
        return self.wanted.found()

    def keep(self, response: Response) -> None:
        if not connection.needs_rollback:
            self.wanted.row(**_answer(response))

    def release(self) -> None:
        """The lock ends with the transaction."""


class _Claim:
    """Two short transactions around the deed."""

    def __init__(self, wanted: _Wanted) -> None:
        self.wanted = wanted
        self.until: datetime = clock.now() + CLAIM

    def enter(self) -> IdempotencyKey | None:
        with self.wanted.context():
            self.wanted.lock()
            kept = self.wanted.found()
            if kept is None:
                self.claimed = self.wanted.row(locked_until=self.until)
            return kept

    def keep(self, response: Response) -> None:
        with self.wanted.context():
            self._mine().update(**_answer(response))

    def release(self) -> None:
        with self.wanted.context():
            self._mine().delete()

    def _mine(self) -> Any:
        """None, when the minute was over and another took it."""
        return IdempotencyKey.objects.filter(pk=self.claimed.pk)


def fingerprint(request: Request) -> str:
    """SHA-256 of route, query and body; how the JSON is written does not count."""
    raw = request._request
    digest = hashlib.sha256(f"{request.method} {raw.path_info}?{raw.META.get('QUERY_STRING', '')}\n".encode())
    data = request.data
    if not isinstance(data, QueryDict):
        digest.update(orjson.dumps(orjson.loads(dumps(data)), option=orjson.OPT_SORT_KEYS))
        return digest.hexdigest()
    for name in sorted(data):
        for value in data.getlist(name):
            digest.update(f"\n{name}=".encode())
            for piece in value.chunks() if isinstance(value, UploadedFile) else [str(value).encode()]:
                digest.update(piece)
            if isinstance(value, UploadedFile):
                value.seek(0)
    return digest.hexdigest()


def purge_keys() -> int:
    """Forget keys older than a week; how many."""
    with as_system("keys have their time"):
        gone, _ = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT).delete()
    return gone


def _answer(response: Response) -> dict[str, Any]:
    return {
        "state": KeyState.DONE,
        "status": response.status_code,
        "headers": {name: response[name] for name in KEPT_HEADERS if response.has_header(name)},
        "body": response.content,
    }


def _replay(kept: IdempotencyKey) -> HttpResponse:
    headers = {**kept.headers, "Idempotency-Replayed": "true"}
    return HttpResponse(bytes(kept.body), status=kept.status, headers=headers)
