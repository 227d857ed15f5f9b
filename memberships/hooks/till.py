"""Plugs of money: a membership is paid for by orders or by a standing order; first payments qualify referrals."""

from datetime import datetime
from uuid import UUID

from memberships.services import paying, referring, standing
from memberships.services.lives import KIND
from payments.ports import Quote, Settled, payables, settled, subscribers
from users.models import User


class MembershipOrder:
    """How payments sees a membership that is paid by orders."""

    id_field = "membership_id"

    def quote(self, id: UUID, payer: User | None) -> Quote:  # noqa: A002 -- the port's own word
        return paying.quote(id, payer)

    def paid(self, id: UUID) -> bool:  # noqa: A002
        return paying.settle_invoice(id)

    def refunded(self, id: UUID, amount_minor: int, full: bool) -> None:  # noqa: A002
        paying.take_back(id, full=full)

    def disputed(self, id: UUID, open: bool) -> None:  # noqa: A002
        paying.suspend(id, is_open=open)

    def expired(self, id: UUID) -> None:  # noqa: A002
        paying.order_ran_out(id)


class MembershipSubscription:
    """How payments sees one that its gateway renews."""

    def changed(self, id: UUID, status: str, period_end: datetime | None) -> None:  # noqa: A002
        standing.changed(id, status)

    def charged(self, id: UUID, payment_id: UUID, period_end: datetime | None) -> bool:  # noqa: A002
        return standing.charged(id, payment_id, period_end)


class FirstPayments:
    """Referrals listen to every payment."""

    def captured(self, fact: Settled) -> None:
        referring.qualify(fact)

    def refunded(self, fact: Settled) -> None:
        referring.refunded(fact)


payables.register(KIND, MembershipOrder())
subscribers.register(KIND, MembershipSubscription())
settled.register("referrals", FirstPayments())
