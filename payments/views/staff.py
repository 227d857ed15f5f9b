"""The finance and cash desks, over the API."""

import hashlib
from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import audit
from core.errors import NotFound
from core.idempotency import HEADER, Idempotent
from core.permissions import HasScope
from core.rls import as_system
from core.views import GatewayView
from payments import ledger
from payments.errors import GatewayUnavailable
from payments.models import Payment, Refund, WebhookEvent
from payments.serializers import (
    CollectCashInput,
    RefundInput,
    RefundSerializer,
    TrialBalanceOutput,
    VerifyOutput,
    WebhookEventSerializer,
)
from payments.services import collect_cash, refund, send, webhooks
from payments.views.payers import payer_of
from users.staff import STAFF_DOOR

FINANCE = (HasScope("finance"),)
COUNTER = (HasScope("finance") | HasScope("workshop"),)


class DeskView(Idempotent, GatewayView):
    """Staff by login or by key; who did what is in the audit log."""

    authentication_classes = STAFF_DOOR

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        with as_system("staff acts for all"):
            audit.record(
                "staff.call",
                actor=request.user.pk,
                target=request.path,
                request=request._request,
                method=request.method,
            )


class CollectCashView(DeskView):
    """Take cash over the counter; without an amount all that is due."""

    permission_classes = COUNTER

    @extend_schema(request=CollectCashInput, responses=VerifyOutput)
    def post(self, request: Request, pk: UUID) -> Response:
        payment = any_payment(pk)
        form = CollectCashInput(data=request.data)
        form.is_valid(raise_exception=True)
        amount = form.validated_data.get("amount_minor") or payment.amount_minor - payment.captured_minor
        done = collect_cash(payment=payment, amount_minor=amount, by=payer_of(request), key=deed_key(request))
        return Response(VerifyOutput({"payment": done}).data)


class RefundsView(DeskView):
    """Give money back; without an amount all that is left. The gateway is asked at once, and again if it is silent."""

    permission_classes = FINANCE

    @extend_schema(request=RefundInput, responses={201: RefundSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        payment = any_payment(pk)
        form = RefundInput(data=request.data)
        form.is_valid(raise_exception=True)
        key = deed_key(request)
        made = refund(
            payment=payment, by=payer_of(request), key=f"refund-{key}" if key else None, **form.validated_data
        )
        try:
            made = send(made.pk)
        except GatewayUnavailable:
            made = fresh(made.pk)
        return Response(RefundSerializer(made).data, status=201)


class TrialBalanceView(APIView):
    """The books: debit, credit and balance of each account; per currency the balances sum to zero."""

    authentication_classes = STAFF_DOOR
    permission_classes = FINANCE

    @extend_schema(responses=TrialBalanceOutput)
    def get(self, request: Request) -> Response:
        with as_system("the books are everybody's"):
            lines = [asdict(line) for line in ledger.trial_balance()]
        totals: dict[str, int] = {}
        for line in lines:
            totals[line["currency"]] = totals.get(line["currency"], 0) + line["balance_minor"]
        answer = {
            "lines": lines,
            "balanced": not any(totals.values()),
            "totals": [{"currency": currency, "balance_minor": total} for currency, total in totals.items()],
        }
        return Response(TrialBalanceOutput(answer).data)


class RetryWebhookView(DeskView):
    """Try a stored event again now."""

    permission_classes = FINANCE

    @extend_schema(request=None, responses=WebhookEventSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        with as_system("staff acts for all"):
            if not WebhookEvent.objects.filter(pk=pk).exists():
                raise NotFound
        return Response(WebhookEventSerializer(webhooks.retry(pk)).data)


def any_payment(payment_id: UUID) -> Payment:
    """Anybody's payment, for staff. Raises NotFound."""
    with as_system("staff acts for all"):
        found: Payment | None = Payment.objects.filter(pk=payment_id).first()
    if found is None:
        raise NotFound
    return found


def deed_key(request: Request) -> str | None:
    """The client's Idempotency-Key as a key of the deed itself: it holds even where the answer was never kept."""
    given = request.headers.get(HEADER)
    if not given:
        return None
    return hashlib.sha256(f"{request.user.pk} {request.path} {given}".encode()).hexdigest()[:40]


def fresh(refund_id: UUID) -> Refund:
    """A refund as it stands now."""
    with as_system("staff acts for all"):
        found: Refund = Refund.objects.get(pk=refund_id)
    return found
