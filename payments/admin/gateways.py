"""What gateways told us, standing orders, and where payees are paid."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from core.staff import FactsAdmin, ask, ask_why, deed
from payments.admin.base import LABELS, FactsInline, MoneyAdmin, ReadOnlyAdmin, staff_of
from payments.models import (
    GatewaySubscription,
    Payout,
    PayoutAccount,
    PayoutReversal,
    WebhookEvent,
)
from payments.services import recovery, webhooks
from payments.services.payouts import verify_account


@admin.register(WebhookEvent)
class WebhookEventAdmin(FactsAdmin):
    """What gateways told us; the failed ones can be tried again."""

    list_display = ("kind", "gateway", "state_label", "attempts", "error", "received_at", "payment")
    list_filter = ("state", "gateway", "kind", "received_at")
    list_select_related = ("payment",)
    search_fields = ("event_id", "kind", "error")
    fields = (
        ("kind", "gateway", "event_id"),
        ("state_label", "attempts", "next_try_at"),
        "error",
        ("received_at", "handled_at", "payment"),
        "body",
    )
    readonly_fields = (
        "kind", "gateway", "event_id", "state_label", "attempts", "next_try_at", "error", "received_at", "handled_at",
        "payment", "body",
    )  # fmt: skip
    actions_detail: Any = ("retry",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        rows = super().get_queryset(request)
        return (
            rows
            if request.resolver_match and "object_id" in request.resolver_match.kwargs
            else rows.defer("raw")
        )

    @display(description="State", label=LABELS, ordering="state")
    def state_label(self, row: WebhookEvent) -> str:
        return row.get_state_display()

    @display(description="Body")
    def body(self, row: WebhookEvent) -> str:
        return bytes(row.raw).decode("utf-8", "replace")[:10_000]

    @deed("Try again", ask("Try this event again?", "Try again", "What it did already is not done twice."))
    def retry(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self.done(
            request, object_id, partial(webhooks.retry, UUID(object_id)), "Tried: see its state."
        )


@admin.register(GatewaySubscription)
class GatewaySubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("description", "user", "amount", "shown_status", "period_end", "gateway")
    list_filter = ("status", "gateway")
    list_select_related = ("user",)
    search_fields = ("gateway_subscription_id", "description", "user__email")


@admin.register(PayoutAccount)
class PayoutAccountAdmin(FactsAdmin):
    list_display = ("user", "label", "gateway", "verified_at")
    list_filter = ("gateway", "verified_at")
    list_select_related = ("user",)
    search_fields = ("gateway_account_id", "label", "user__email")
    fields = (("user", "label"), ("gateway", "gateway_account_id"), "verified_at")
    readonly_fields = ("user", "label", "gateway", "gateway_account_id", "verified_at")
    actions_detail: Any = ("verify",)

    @deed(
        "Verify",
        ask("Does this account belong to this person?", "Verify", "Payouts go to it from tonight on."),
    )
    def verify(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = PayoutAccount.objects.get(pk=object_id)
        return self.done(request, object_id, partial(verify_account, row, by=staff_of(request)), "Verified.")


class ReversalInline(FactsInline):
    """What came back of it, and why."""

    model = PayoutReversal
    fields = ("amount", "status", "reason", "error", "created_at")
    readonly_fields = fields


@admin.register(Payout)
class PayoutAdmin(MoneyAdmin):
    list_display = ("user", "amount", "shown_status", "account", "created_at", "paid_at")
    list_filter = ("status", "currency", "created_at")
    list_select_related = ("user", "account")
    search_fields = ("key", "gateway_transfer_id", "user__email")
    fields = (("user", "account"), ("amount", "shown_status"), ("created_at", "paid_at"), "error")
    readonly_fields = ("user", "account", "amount", "shown_status", "created_at", "paid_at", "error")
    inlines = (ReversalInline,)
    actions_detail: Any = ("fetch_back",)

    @deed(
        "Fetch back",
        ask_why(
            "Fetch this payout back?", "Fetch back", "All that is left of it leaves the payee's account."
        ),
    )
    def fetch_back(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = Payout.objects.get(pk=object_id)
        act = partial(recovery.reverse, row, by=staff_of(request), reason=form.cleaned_data["reason"])
        return self.done(request, object_id, act, "Asked for.")
