"""Who is behind a socket: a token (query, header or subprotocol) or a ticket, checked against the database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from chat.consumer import queries
from core import clock
from core.auth import BadToken, read_access_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chat.consumer.database import Database

_SUBPROTOCOL = "bearer"

_USE_TICKET = """
UPDATE chat_socketticket SET used_at = now() WHERE digest = %s AND used_at IS NULL AND expires_at > now()
RETURNING user_id::text, session_id::text, session_key
"""
_BROWSER = """
SELECT 1 FROM django_session d, users_user u
 WHERE d.session_key = %s AND d.expire_date > now() AND u.id = %s AND u.is_active AND u.is_staff
   AND u.deleted_at IS NULL AND (u.is_superuser OR EXISTS (
       SELECT 1 FROM users_user_groups m JOIN auth_group g ON g.id = m.group_id
        WHERE m.user_id = u.id AND g.name = 'support'))
"""


@dataclass(frozen=True, slots=True)
class Login:
    """`session` is the app's login, `browser` the key of a member of staff's browser session: one of the two."""

    user: str
    session: str = ""
    browser: str = ""
    expires_at: float = 0.0  # of the token, seconds since 1970; 0: as long as the session

    @property
    def staff(self) -> bool:
        return bool(self.browser)

    async def browser_lives(self, database: Database) -> bool:
        return bool(await database.fetch(_BROWSER, [self.browser, self.user]))


async def by_token(token: str, database: Database) -> Login | None:
    """None for a token that is not genuine, or whose session has ended."""
    try:
        claims = read_access_token(token)
    except BadToken:
        return None
    rows = await database.fetch(queries.LOGIN, [claims.session_id, claims.user_id, claims.generation])
    if not rows:
        return None
    return Login(str(claims.user_id), session=str(claims.session_id), expires_at=float(claims.expires_at))


async def by_ticket(ticket: str, database: Database) -> Login | None:
    """A ticket opens one socket; its session must still live."""
    digest = hashlib.sha256(ticket.encode()).hexdigest()
    rows = await database.fetch(_USE_TICKET, [digest])
    if not rows:
        return None
    user, session, browser = rows[0]
    if browser:
        login = Login(user, browser=browser)
        return login if await login.browser_lives(database) else None
    if not await database.fetch(queries.LIVE_SESSIONS, [[session]]):
        return None
    life = settings.ACCESS_TOKEN_LIFETIME.total_seconds()
    return Login(user, session=session, expires_at=clock.now().timestamp() + life)


def header(scope: Mapping[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def offered(scope: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """(token, ticket, subprotocol to accept with) of a handshake."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    words = header(scope, b"authorization").split()
    protocols = list(scope.get("subprotocols") or ())
    token, accept = "", None
    if protocols and protocols[0].lower() == _SUBPROTOCOL:
        accept = protocols[0]
        token = protocols[1] if len(protocols) > 1 else ""
    if len(words) == 2 and words[0].lower() == "bearer":
        token = words[1]
    token = next(iter(query.get("token", [])), token)
    return token, next(iter(query.get("ticket", [])), ""), accept


def origin_allowed(scope: Mapping[str, Any]) -> bool:
    """Browsers say where their page is from; apps say nothing."""
    origin = header(scope, b"origin")
    if not origin:
        return True
    return urlsplit(origin).netloc == header(scope, b"host") or origin in settings.CHAT_ALLOWED_ORIGINS
