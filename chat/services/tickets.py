"""Tickets for clients that will not put a token into an address: they open one socket, within half a minute."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from chat.models import SocketTicket
from core import clock
from core.errors import NotAllowed
from core.rls import as_system
from users.models import User

LIFE: Final = timedelta(seconds=30)


def mint(*, user_id: UUID, session_id: UUID | None = None, session_key: str = "") -> tuple[str, datetime]:
    """(ticket, until when it works). The socket lives as long as the login behind it."""
    ticket, expires_at = secrets.token_urlsafe(32), clock.now() + LIFE
    with as_system("nobody can read tickets, not even their own"):
        SocketTicket.objects.create(
            digest=hashlib.sha256(ticket.encode()).hexdigest(),
            user_id=user_id,
            session_id=session_id,
            session_key=session_key,
            expires_at=expires_at,
        )
    return ticket, expires_at


def mint_for_staff(request: HttpRequest) -> tuple[str, datetime]:
    """The same for a page of the admin: its socket also hears all conversations of staff. Raises NotAllowed."""
    user = request.user
    if (
        not isinstance(user, User)
        or not user.is_staff
        or not user.is_active
        or not request.session.session_key
    ):
        raise NotAllowed
    if not user.is_superuser and not user.groups.filter(name="support").exists():
        raise NotAllowed
    return mint(user_id=user.pk, session_key=request.session.session_key)
