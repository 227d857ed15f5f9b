"""From a bearer token to a person: one statement, which also sets the row-level-security context."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from core import clock
from core.auth import BadToken, read_access_token
from core.postgresql.direct import Statement
from users.models import AppSession, User

# Every column but the password hash, which only login needs (Django fetches it on demand).
_COLUMNS = [field.attname for field in User._meta.concrete_fields if field.attname != "password"]
_STATEMENT = Statement(f"""
SELECT {", ".join(f"u.{column}" for column in _COLUMNS)},
       s.aal, GREATEST(s.created_at, s.reauthenticated_at),
       (s.gen = %(generation)s::bigint AND s.acked_gen < s.gen) OR s.last_seen_at < %(now)s::timestamptz - interval '5 minutes',
       set_config('app.user_id', u.id::text, true)
  FROM {AppSession._meta.db_table} s JOIN {User._meta.db_table} u ON u.id = s.user_id
 WHERE s.id = %(session)s::uuid AND u.id = %(user)s::uuid AND s.gen >= %(generation)s::bigint AND s.revoked_at IS NULL
   AND s.idle_expires_at > %(now)s::timestamptz AND s.absolute_expires_at > %(now)s::timestamptz AND u.is_active AND u.deleted_at IS NULL
""")


class Login(NamedTuple):
    """What `request.auth` says of the login behind a request."""

    user_id: UUID
    session_id: UUID
    generation: int
    aal: int
    expires_at: int
    proved_at: datetime  # when the person last gave a password or code


class Unauthenticated(AuthenticationFailed):
    """401 with our own stable code."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.own_code = code


class SessionTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access_token>`; revocation, ban and role change count from the next request on."""

    def authenticate(self, request: Request) -> tuple[User, Login] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise Unauthenticated("The Authorization header is malformed.", "token_invalid")
        try:
            user, login, news = authenticate_token(words[1].decode("ascii"))
        except UnicodeDecodeError:
            raise Unauthenticated("This token is not valid.", "token_invalid") from None
        if news:
            request._request.session_in_use = login  # type: ignore[attr-defined]  # for SessionUseMiddleware
        return user, login

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class OptionalTokenAuthentication(SessionTokenAuthentication):
    """For routes that serve strangers too: a dead login counts as none. An expired token is told, as its owner
    can refresh it and means to be known.
    """

    def authenticate(self, request: Request) -> tuple[User, Login] | None:
        try:
            return super().authenticate(request)
        except Unauthenticated as refusal:
            if refusal.own_code == "token_expired":
                raise
            return None


def authenticate_token(token: str) -> tuple[User, Login, bool]:
    """The person and login of an access token, and whether its use is news that the session should keep.

    Raises Unauthenticated (401).
    """
    try:
        claims = read_access_token(token)
    except BadToken as problem:
        if problem.expired:
            raise Unauthenticated("This token has expired. Please refresh it.", "token_expired") from None
        raise Unauthenticated("This token is not valid.", "token_invalid") from None
    values: dict[str, Any] = {
        "session": claims.session_id,
        "user": claims.user_id,
        "generation": claims.generation,
        "now": clock.now(),
    }
    row = _STATEMENT.row(values)
    if row is None:
        raise Unauthenticated("This session has ended. Please log in again.", "session_revoked")
    user: User = User.from_db("default", _COLUMNS, row[: len(_COLUMNS)])
    aal, proved_at, news = row[len(_COLUMNS) : -1]
    login = Login(claims.user_id, claims.session_id, claims.generation, aal, claims.expires_at, proved_at)
    return user, login, news


def logged_in(request: Request) -> Login:
    """The login of an authenticated request."""
    login: Any = request.auth
    assert isinstance(login, Login)  # noqa: S101 -- permission classes see to it
    return login


def person(request: Request | HttpRequest) -> User:
    """Whoever asks, where permission classes or the admin let nobody else through. Raises NotAuthenticated."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
