"""The append-only record of what people and staff did."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from core.clientip import client_ip, ip_prefix
from core.models import AuditEvent


def record(
    action: str,
    *,
    actor: UUID | None = None,
    session: UUID | None = None,
    target: object = "",
    outcome: str = "ok",
    request: HttpRequest | None = None,
    **data: Any,
) -> None:
    """Write one event in the transaction under way; never put a secret into `data`."""
    AuditEvent.objects.create(
        actor=actor,
        session=session,
        action=action,
        target=str(target)[:120],
        outcome=outcome,
        ip_prefix=ip_prefix(client_ip(request)) if request is not None else "",
        data=data,
    )
