"""The session engine: one row a login, acknowledged rotation (identity.md, decisions 1 to 3).

A refresh token is `sid.gen.mac`. Presenting the newest one rotates. Presenting the one before it is a lost
answer as long as nobody has used the newest pair: the same pair comes again, even an hour later. Once the
newest pair was seen in use (and a short grace is over) it is theft, and the session dies.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Greatest
from django.http import HttpRequest

from core import audit, clock
from core.auth import BadToken, make_access_token, make_refresh_token, read_refresh_token
from core.clientip import client_ip, ip_prefix
from core.hub import publish
from core.throttling import demand
from users.errors import SessionEnded
from users.models import AppSession, AuthMethod, RevokedReason, User, UserDevice


@dataclass(frozen=True, slots=True)
class Pair:
    """What a client keeps: `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


def open_session(
    *,
    user: User,
    method: AuthMethod,
    request: HttpRequest | None = None,
    device_id: str = "",
    aal: int = 1,
    provider_session_id: str | None = None,
) -> tuple[AppSession, Pair]:
    """A new login of `user`; the row is locked into the transaction under way."""
    now = clock.now()
    device = None
    if device_id:
        device, _ = UserDevice.objects.update_or_create(
            user=user, device_id=device_id, defaults={"last_seen_at": now, "deleted_at": None}
        )
    session = AppSession.objects.create(
        user=user,
        rotated_at=now,
        created_at=now,
        last_seen_at=now,
        idle_expires_at=now + settings.SESSION_IDLE_LIFETIME,
        absolute_expires_at=now + settings.SESSION_ABSOLUTE_LIFETIME,
        auth_method=method,
        aal=aal,
        device=device,
        provider_session_id=provider_session_id,
        ip_prefix=ip_prefix(client_ip(request)) if request else "",
        user_agent=request.headers.get("User-Agent", "").replace("\0", "")[:200] if request else "",
    )
    audit.record("session.open", actor=user.pk, session=session.pk, request=request, method=str(method))
    return session, _pair(session, now)


def refresh(token: str) -> Pair:
    """The next pair, or the same one again when its answer was lost. Raises SessionEnded (401).

    Owns its transaction: the end of a stolen session must outlive the refusal that tells of it.
    """
    try:
        session_id, presented = read_refresh_token(token)
    except BadToken:
        raise SessionEnded from None
    demand("refresh_session", session_id.hex)
    now = clock.now()
    with transaction.atomic():
        session = (
            AppSession.objects.live()
            .select_for_update(of=("self",))
            .filter(pk=session_id, user__is_active=True, user__deleted_at=None)
            .first()
        )
        answer = None if session is None else _rotate(session, presented, now)
    if answer is None:
        raise SessionEnded
    return answer


def _rotate(session: AppSession, presented: int, now: datetime) -> Pair | None:
    match _judge(session, presented, now):
        case "newest":
            session.gen += 1
            session.rotated_at = now
            session.idle_expires_at = min(now + settings.SESSION_IDLE_LIFETIME, session.absolute_expires_at)
            session.save(update_fields=["gen", "rotated_at", "idle_expires_at"])
            return _pair(session, now)
        case "lost_answer":
            # Within the grace all parallel callers get the very same pair; later the access token is fresh.
            recent = now - session.rotated_at <= settings.REFRESH_GRACE
            return _pair(session, session.rotated_at if recent else now)
        case "theft":
            _end(session, RevokedReason.REUSE, now)
            audit.record("session.reuse", actor=session.user_id, session=session.pk, outcome="revoked")
            return None
        case "unknown":
            return None
        case verdict:
            assert_never(verdict)


def _judge(session: AppSession, presented: int, now: datetime) -> Any:
    if presented == session.gen:
        return "newest"
    if presented > session.gen or presented < 1:
        return "unknown"  # a genuine token from after a restored backup
    unseen = session.acked_gen < session.gen
    in_grace = now - session.rotated_at <= settings.REFRESH_GRACE
    if presented == session.gen - 1 and (unseen or in_grace):
        return "lost_answer"
    return "theft"


def _pair(session: AppSession, issued_at: datetime) -> Pair:
    return Pair(
        access_token=make_access_token(
            user_id=session.user_id, session_id=session.pk, generation=session.gen, issued_at=issued_at
        ),
        refresh_token=make_refresh_token(session.pk, session.gen),
        expires_in=int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
    )


def _end(session: AppSession, reason: RevokedReason, now: datetime) -> None:
    publish(f"user:{session.user_id}", _ended(only=session.pk))
    session.revoked_at, session.revoked_reason = now, reason
    session.save(update_fields=["revoked_at", "revoked_reason"])


def revoke(
    *,
    user_id: UUID,
    reason: RevokedReason,
    only: UUID | None = None,
    spare: UUID | None = None,
    device: UUID | None = None,
    request: HttpRequest | None = None,
) -> int:
    """End one session (`only`), those of a `device`, all but one (`spare`), or all of a person; how many were live.

    In the transaction under way; audited.
    """
    rows = AppSession.objects.live().filter(user_id=user_id)
    if only is not None:
        rows = rows.filter(pk=only)
    if device is not None:
        rows = rows.filter(device_id=device)
    if spare is not None:
        rows = rows.exclude(pk=spare)
    ended: int = rows.update(revoked_at=clock.now(), revoked_reason=reason)
    if ended:
        publish(f"user:{user_id}", _ended(only=only, spare=spare))
        audit.record(
            "session.revoke",
            actor=user_id,
            target=only or "",
            request=request,
            reason=str(reason),
            ended=ended,
        )
    return ended


def touch(*, session_id: UUID, generation: int) -> None:
    """The pair of this generation was seen in use; the session stays alive."""
    now = clock.now()
    AppSession.objects.filter(pk=session_id, revoked_at=None).update(
        acked_gen=Greatest("acked_gen", generation),
        last_seen_at=now,
        idle_expires_at=now + settings.SESSION_IDLE_LIFETIME,
    )


def _ended(*, only: UUID | None = None, spare: UUID | None = None) -> dict[str, str | None]:
    """The frame that open sockets get: they look whether their own session still lives."""
    return {
        "type": "SESSION_REVOKED",
        "sessionId": str(only) if only else None,
        "exceptId": str(spare) if spare else None,
    }
