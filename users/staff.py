"""The door of staff tools: a key (X-API-Key) or the login of a member of staff, then the system's view of all rows.

    class BookingList(StaffView):
        scope = Scope.WORKSHOP

`request.auth.locations` limits a key to shops (empty: all of them).
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.views import APIView

from core import audit, clock
from core.clientip import client_ip, throttle_key
from core.permissions import HasScope
from core.rls import as_system, become_system
from core.throttling import demand
from users.authentication import SessionTokenAuthentication, Unauthenticated
from users.models import ApiKey, User
from users.models.keys import Scope

HEADER = "X-API-Key"
USED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KeyLogin:
    """What `request.auth` says of a request with a key."""

    key_id: UUID | None  # None: the bootstrap key of development
    scopes: frozenset[str]
    locations: frozenset[UUID] = frozenset()
    session_id: None = None


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """`request.user` of a request with a key: a tool, not a person. It owns nothing and has no role."""

    pk: UUID | None
    name: str
    is_authenticated: bool = field(default=True, init=False)
    is_anonymous: bool = field(default=False, init=False)
    is_active: bool = field(default=True, init=False)
    is_staff: bool = field(default=True, init=False)
    is_superuser: bool = field(default=False, init=False)
    role: str = field(default="", init=False)

    def __str__(self) -> str:
        return self.name


class ApiKeyAuthentication(BaseAuthentication):
    """Header X-API-Key; only views that name this class take keys."""

    def authenticate(self, request: Request) -> tuple[Any, KeyLogin] | None:
        given = request.headers.get(HEADER, "")
        if not given:
            return None
        if (holder := _bootstrap(given)) is not None:
            return holder
        found = _find(given, client_ip(request._request))
        if found is None:
            demand("api_key_ip", throttle_key(client_ip(request._request)), closed=True)
            raise Unauthenticated("This key is not valid.", "api_key_invalid")
        return KeyHolder(found.pk, found.name), KeyLogin(
            found.pk, frozenset(found.scopes), frozenset(found.locations)
        )

    def authenticate_header(self, request: Request) -> str:
        return HEADER


def make_key(
    *,
    name: str,
    scopes: Iterable[str],
    created_by: User | None,
    expires_at: datetime | None = None,
    locations: Iterable[UUID] = (),
    networks: Iterable[str] = (),
    request: HttpRequest | None = None,
) -> tuple[ApiKey, str]:
    """(row, the key itself, which nobody can show again). Runs as the system."""
    text = "rs_" + secrets.token_urlsafe(32)
    row: ApiKey = ApiKey.objects.create(
        name=name,
        prefix=text[:8],
        key_hash=_hash(text),
        scopes=sorted(scopes),
        locations=list(locations),
        networks=list(networks),
        expires_at=expires_at,
        created_by=created_by,
    )
    audit.record(
        "api_key.create",
        actor=created_by.pk if created_by else None,
        target=row.pk,
        request=request,
        scopes=row.scopes,
    )
    return row, text


def revoke_key(row: ApiKey, *, by: User, request: HttpRequest | None = None) -> None:
    """Dead from the next request on. Runs as the system."""
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        audit.record("api_key.revoke", actor=by.pk, target=row.pk, request=request)


def _hash(text: str) -> str:
    """A key has 256 random bits: one round of SHA-256 is enough, and the lookup takes the same time for all."""
    return hashlib.sha256(text.encode()).hexdigest()


def _bootstrap(given: str) -> tuple[KeyHolder, KeyLogin] | None:
    """STAFF_API_KEY, which development may set to begin with; production does not look at it."""
    own = settings.STAFF_API_KEY
    if settings.PRODUCTION or not own or not compare_digest(own.encode(), given.encode()):
        return None
    return KeyHolder(None, "development key"), KeyLogin(None, frozenset(Scope.values))


def _find(given: str, address: str) -> ApiKey | None:
    now = clock.now()
    with as_system("a staff key is looked up"):
        row: ApiKey | None = ApiKey.objects.filter(key_hash=_hash(given), revoked_at=None).first()
        if (
            row is None
            or (row.expires_at and row.expires_at <= now)
            or not _comes_from(row.networks, address)
        ):
            return None
        if row.last_used_at is None or now - row.last_used_at > USED_EVERY:
            ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def _comes_from(networks: Iterable[str], address: str) -> bool:
    allowed = [ipaddress.ip_network(network, strict=False) for network in networks]
    if not allowed:
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in allowed)


# For staff views that own their transactions (GatewayView): they enter `as_system` themselves.
STAFF_DOOR = (ApiKeyAuthentication, SessionTokenAuthentication)


class StaffView(APIView):
    """A view of staff tools: `scope` says which; its requests see all rows and its writes are audited."""

    scope: ClassVar[str]
    authentication_classes = STAFF_DOOR

    def get_permissions(self) -> list[Any]:
        return [HasScope(self.scope)()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        become_system(f"staff: {self.scope}")
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            audit.record(
                "staff.call",
                actor=request.user.pk,
                session=getattr(request.auth, "session_id", None),
                target=request.path,
                request=request._request,
                method=request.method,
                key=isinstance(request.user, KeyHolder),
            )
