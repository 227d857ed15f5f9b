"""What payments hold of a person: shown to them, and kept without their name where the law wants the papers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import clock
from core.refs import Ref
from payments import ledger
from payments.amounts import money
from payments.models import (
    GatewaySubscription,
    Invoice,
    Payment,
    PaymentStatus,
    Payout,
    PayoutAccount,
    Refund,
    WebhookEvent,
)
from payments.services.orders import expire

NOBODY = "An erased account"


class PaymentData:
    """Runs as the system role, in the transaction of the job that asks."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        payments = Payment.objects.filter(user_id=user_id).order_by("created_at")
        refunds = Refund.objects.filter(payment__user_id=user_id).order_by("created_at")
        return {
            "payments": [_payment(row) for row in payments],
            "refunds": [
                {"amount": money(row.amount_minor, row.currency), "status": row.status, "at": row.created_at}
                for row in refunds
            ],
            "invoices": [
                {
                    "number": row.reference,
                    "issued_at": row.issued_at,
                    "total": money(row.total_minor, row.currency),
                }
                for row in Invoice.objects.filter(user_id=user_id).order_by("year", "number")
            ],
            "subscriptions": [
                {"description": row.description, "status": row.status, "since": row.created_at}
                for row in GatewaySubscription.objects.filter(user_id=user_id)
            ],
            "payout_accounts": [
                {"label": row.label, "gateway": row.gateway, "account": row.gateway_account_id}
                for row in PayoutAccount.objects.filter(user_id=user_id)
            ],
            "payouts": [
                {
                    "amount": money(row.amount_minor, row.currency),
                    "fetched_back": money(row.reversed_minor, row.currency),
                    "status": row.status,
                    "at": row.created_at,
                }
                for row in Payout.objects.filter(user_id=user_id)
            ],
            "ledger": [
                {
                    "account": row.account.code,
                    "amount": money(-row.amount_minor, row.currency),
                    "at": row.entry.at,
                    "text": row.entry.description,
                }
                for row in ledger.statement(user_id)
            ],
        }

    def erase(self, user_id: UUID) -> None:
        """Invoices and books stay, without a name; open orders end; what gateways wrote about the person goes."""
        for payment in Payment.objects.filter(
            user_id=user_id, status__in=[PaymentStatus.CREATED, PaymentStatus.FAILED]
        ):
            expire(payment)
        Invoice.objects.filter(user_id=user_id).update(buyer=NOBODY)
        done = (WebhookEvent.State.HANDLED, WebhookEvent.State.IGNORED)
        WebhookEvent.objects.filter(payment__user_id=user_id, state__in=done).update(raw=b"")
        PayoutAccount.objects.filter(user_id=user_id, deleted_at=None).update(
            label="", deleted_at=clock.now()
        )


def _payment(row: Payment) -> dict[str, Any]:
    return {
        "for": str(Ref(row.subject_kind, row.subject_id)),
        "description": row.description,
        "amount": money(row.amount_minor, row.currency),
        "status": row.status,
        "gateway": row.gateway,
        "at": row.created_at,
    }
