"""Webhooks: signature, stored raw, then handled; tried again until handled."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError
from django.db.models import Q
from prometheus_client import Counter

from core import clock
from core.errors import DomainError
from core.rls import as_system
from payments.errors import BadSignature, UnknownGateway, UnknownOrder
from payments.jobs import enqueue
from payments.models import WebhookEvent
from payments.ports import GatewayEvent, gateways
from payments.services.again import impatient
from payments.services.disputes import settle_dispute
from payments.services.payouts import settle_transfer
from payments.services.refunds import settle_refund
from payments.services.settling import settle
from payments.services.subscriptions import settle_subscription

log = logging.getLogger(__name__)
State = WebhookEvent.State
TROUBLE = 8  # tries after which staff see the event as failed; it is tried on
LONGEST_GAP = timedelta(hours=6)
FOREIGN_AFTER = timedelta(days=3)  # an order that is still unknown then belongs to somebody else
KEPT = timedelta(days=90)
BATCH = 100
forged = Counter("payments_bad_signatures_total", "Signatures that were refused", ["gateway", "door"])


def receive(*, gateway: str, raw: bytes, headers: Mapping[str, str]) -> WebhookEvent:
    """Verify and store an event, then try to handle it at once; a failure there stays with the job.

    A repeated delivery is the same event. Raises BadSignature (counted, nothing stored), UnknownGateway.
    """
    way = gateways.get(gateway)
    if way is None or not way.enabled:
        raise UnknownGateway
    try:
        event = way.parse_webhook(raw, headers)
    except BadSignature:
        forged.labels(gateway, "webhook").inc()
        raise
    row, fresh = _store(gateway, event, raw)
    if fresh:
        handle(row.pk)
    return _read(row.pk)


def handle(event_id: UUID) -> bool:
    """Do what an event says, once; True when it is dealt with. A failure is written down, not raised."""
    try:
        with as_system("webhooks speak of everybody's money"):
            impatient()
            row = WebhookEvent.objects.select_for_update().get(pk=event_id)
            if row.state in {State.HANDLED, State.IGNORED}:
                return True
            event = gateways[row.gateway].read_webhook(bytes(row.raw), row.event_id)
            row.state = State.HANDLED if _dispatch(row, event) else State.IGNORED
            row.handled_at, row.error = clock.now(), ""
            row.save(update_fields=["state", "handled_at", "error", "payment"])
    except (DomainError, DatabaseError) as problem:
        _failed(event_id, problem)
        return False
    except Exception as problem:  # a plug of another app may raise anything; the event must survive it
        log.exception("webhook event %s failed", event_id)
        _failed(event_id, problem)
        return False
    return True


def handle_due() -> int:
    """Try the events whose time has come; how many are dealt with now."""
    with as_system("webhooks speak of everybody's money"):
        due = list(
            WebhookEvent.objects.filter(
                Q(state=State.PENDING) | Q(state=State.FAILED), next_try_at__lte=clock.now()
            )
            .order_by("next_try_at")
            .values_list("pk", flat=True)[:BATCH]
        )
    return sum(handle(event_id) for event_id in due)


def forget() -> int:
    """Empty the bodies of events that were dealt with three months ago: they name people. How many."""
    with as_system("webhooks speak of everybody's money"):
        old = WebhookEvent.objects.filter(
            state__in=[State.HANDLED, State.IGNORED], handled_at__lt=clock.now() - KEPT
        )
        return old.exclude(raw=b"").update(raw=b"")


def retry(event_id: UUID) -> WebhookEvent:
    """Staff: try again now, whatever its schedule says."""
    with as_system("staff acts for all"):
        WebhookEvent.objects.filter(pk=event_id, state=State.FAILED).update(state=State.PENDING)
    handle(event_id)
    return _read(event_id)


# -- Inside


def _store(gateway: str, event: GatewayEvent, raw: bytes) -> tuple[WebhookEvent, bool]:
    row = WebhookEvent(gateway=gateway, event_id=event.id, kind=event.kind[:60], raw=raw)
    with as_system("webhooks speak of everybody's money"):
        WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
        stored = WebhookEvent.objects.get(gateway=gateway, event_id=event.id)
        fresh = stored.pk == row.pk
        if fresh:
            enqueue("handle_webhook", after_seconds=10, event_id=str(row.pk))
    return stored, fresh


def _read(event_id: UUID) -> WebhookEvent:
    with as_system("webhooks speak of everybody's money"):
        return WebhookEvent.objects.get(pk=event_id)


def _dispatch(row: WebhookEvent, event: GatewayEvent) -> bool:
    """Through the door that fits; False when the event says nothing that we act on."""
    if event.subscription is not None:
        settle_subscription(
            gateway=row.gateway, seen=event.subscription, source="webhook", charge=event.payment
        )
    elif event.transfer is not None:
        settle_transfer(gateway=row.gateway, seen=event.transfer)
    elif event.payment is not None:
        row.payment = settle(
            gateway=row.gateway, seen=event.payment, source="webhook", receipt=event.receipt
        ).payment
    elif event.refund is not None:
        row.payment = settle_refund(gateway=row.gateway, seen=event.refund, source="webhook").payment
    elif event.dispute is not None:
        row.payment = settle_dispute(gateway=row.gateway, seen=event.dispute, source="webhook").payment
    else:
        return False
    return True


def _failed(event_id: UUID, problem: Exception) -> None:
    """Count the try and choose the next: 1, 2, 4 ... minutes, at most six hours."""
    with as_system("webhooks speak of everybody's money"):
        row = WebhookEvent.objects.select_for_update().get(pk=event_id)
        if row.state in {State.HANDLED, State.IGNORED}:
            return
        now = clock.now()
        row.attempts += 1
        row.error = f"{type(problem).__name__}: {problem}"[:300]
        row.next_try_at = now + min(timedelta(minutes=2 ** min(row.attempts - 1, 12)), LONGEST_GAP)
        if row.attempts >= TROUBLE:
            row.state = State.FAILED
        if isinstance(problem, UnknownOrder) and now - row.received_at > FOREIGN_AFTER:
            row.state, row.handled_at = State.IGNORED, now
        row.save(update_fields=["attempts", "error", "next_try_at", "state", "handled_at"])
