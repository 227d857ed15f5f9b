"""Our own job: what time does to memberships, renewals offered as orders, and people told in time."""

import logging
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q

from core import clock
from core.errors import DomainError
from core.notes import notify
from core.refs import Ref
from core.rls import as_system
from memberships.models import InvoiceKind, Membership, MembershipStatus
from memberships.services.lives import (
    KIND,
    locked,
    new_invoice,
    open_invoice,
    rules,
    settle_time,
)
from memberships.states import LIVE
from payments.amounts import money
from payments.models import Payment
from payments.services import open_order
from payments.services.again import again
from payments.services.orders import ensure_gateway_order

log = logging.getLogger(__name__)
BATCH = 500


def run_due() -> dict[str, int]:
    """Every membership for which something is due: time's work, an offer to renew, a word in time. Counts by state."""
    tally: dict[str, int] = {}
    for membership_id in _due():
        try:
            state, sells = again(partial(_look, membership_id))
            if sells:
                ensure_gateway_order(again(partial(_sell, membership_id)))
        except DomainError as problem:
            state = problem.code  # no gateway today: the order is made when the member asks for it
        except Exception:  # one broken membership must not keep the others
            log.exception("membership %s can't be renewed", membership_id)
            state = "error"
        tally[state] = tally.get(state, 0) + 1
    return tally


def _due() -> list[UUID]:
    now = clock.now()
    first = now - rules().first_payment
    ends_soon = Q(period_end__lte=now + settings.MEMBERSHIP_RENEW_AHEAD) & (
        Q(told_until=None) | ~Q(told_until=F("period_end"))
    )
    over = Q(status="active", period_end__lte=now)
    grace = Q(status="past_due", period_end__lte=now - settings.MEMBERSHIP_GRACE)
    gone = Q(status="halted", halted_at__lte=now - settings.MEMBERSHIP_HALTED)
    unpaid = Q(status="incomplete", created_at__lte=first)
    with as_system("renewals are for all members"):
        rows = Membership.objects.filter(status__in=LIVE).filter(ends_soon | over | grace | gone | unpaid)
        return list(rows.order_by("period_end").values_list("pk", flat=True)[:BATCH])


def _look(membership_id: UUID) -> tuple[str, bool]:
    """The state that it is in now, and whether its next period is for sale."""
    with as_system("renewals are for all members"):
        row = locked(membership_id)
        if row is None:
            return "gone", False
        term = settle_time(row)
        if not term.live or term.period_end is None:
            return str(row.status), False
        if row.told_until == term.period_end:
            unpaid = term.status in {"past_due", "halted"} and open_invoice(row) is None
            if unpaid:  # its gateway should have charged
                offer_renewal(row)
            return str(row.status), unpaid
        sells = _remind(row)
        row.told_until = row.period_end
        row.save(update_fields=["told_until"])
        return str(row.status), sells


def _sell(membership_id: UUID) -> Payment:
    """In a transaction of its own: that no gateway serves today must not undo what time has done."""
    with as_system("renewals are for all members"):
        row = Membership.objects.select_related("user").get(pk=membership_id)
        return open_order(payer=row.user, target=Ref(KIND, row.pk), gateway=row.gateway or None)


def _remind(row: Membership) -> bool:
    """The period ends soon, or has ended: say goodbye, or offer the next one (True)."""
    until = f"{row.period_end:%d %B %Y}"
    if row.cancel_at_period_end:
        text = f"It runs until {until}. You can take the cancellation back until then."
        _say(row, "membership_ending", f"Your {row.plan.name} membership ends", text)
        return False
    if row.subscription_id is not None and row.status == MembershipStatus.ACTIVE:
        text = f"The next period is charged on {until}."
        _say(row, "membership_renewing", f"Your {row.plan.name} membership renews", text)
        return False
    offer_renewal(row)
    following: Any = row.next_plan or row.plan
    text = f"Your membership runs until {until}. The next period costs {money(following.price_minor, following.currency)}."
    _say(row, "membership_renewal_due", f"Time to renew {following.name}", text)
    return True


def _say(row: Membership, kind: str, title: str, text: str) -> None:
    notify(row.user_id, kind, title, text, membership_id=row.pk)


def offer_renewal(row: Membership) -> None:
    """The invoice of the next period, at the plan's price of today; call it under the membership's lock."""
    if open_invoice(row) is None:
        new_invoice(row, InvoiceKind.RENEWAL, row.next_plan or row.plan)
