"""Staff pages: payments with their timeline, refunds, the cash and review desks, webhooks, the books."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.dataclasses import ActionDialog
from unfold.decorators import display
from unfold.forms import BaseDialogForm

from core.staff import FactsAdmin, ask, ask_why, deed
from payments import services
from payments.amounts import money
from payments.jobs import enqueue
from payments.models import (
    Dispute,
    GatewayPayment,
    GatewaySubscription,
    Invoice,
    JournalEntry,
    LedgerAccount,
    Payment,
    PaymentEvent,
    Payout,
    PayoutAccount,
    Posting,
    Refund,
    WebhookEvent,
)
from payments.services import webhooks
from payments.services.payouts import verify_account
from users.models import User

LABELS = {
    "Waiting": "info",
    "Authorised": "info",
    "Paid": "success",
    "Processed": "success",
    "Handled": "success",
    "Won": "success",
    "Partly refunded": "warning",
    "In review": "danger",
    "Disputed": "danger",
    "Charged back": "danger",
    "Failed": "danger",
    "Fails again and again": "danger",
    "Lost": "danger",
    "Outcome unknown": "warning",
}


def staff_of(request: HttpRequest) -> User:
    """Who acts; the admin site lets nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class RefundForm(BaseDialogForm):
    amount_minor = forms.IntegerField(
        min_value=1,
        required=False,
        label="Amount",
        help_text="Minor units (paise, cents). Empty: all that is left.",
    )
    reason = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 3}))


class CashForm(BaseDialogForm):
    amount_minor = forms.IntegerField(
        min_value=1,
        required=False,
        label="Amount",
        help_text="Minor units (paise, cents). Empty: all that is due.",
    )


REFUND = ActionDialog(
    title="Give money back?",
    description="It is sent to the gateway at once; at the counter, hand over the notes. This can't be undone.",
    form_class=RefundForm,
    form_submit_text="Refund",
)
CASH = ActionDialog(
    title="Take cash for this payment?",
    description="Count it first.",
    form_class=CashForm,
    form_submit_text="Collected",
)


class MoneyAdmin(FactsAdmin):
    """Amounts as people write them."""

    @display(description="Amount", ordering="amount_minor")
    def amount(self, row: Any) -> str:
        return money(row.amount_minor, row.currency)

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Any) -> str:
        return str(row.get_status_display())


class ReadOnlyAdmin(MoneyAdmin):
    """Facts about money: nobody types into them."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FactsInline(TabularInline):
    extra = 0
    can_delete = False

    @display(description="Amount")
    def amount(self, row: Any) -> str:
        return money(row.amount_minor, row.currency)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(FactsInline):
    model = GatewayPayment
    verbose_name_plural = "attempts"
    fields = ("gateway_payment_id", "status", "role", "amount", "method", "error", "created_at")
    readonly_fields = fields


class RefundInline(FactsInline):
    model = Refund
    fields = ("amount", "status", "reason", "requested_by", "error", "created_at", "processed_at")
    readonly_fields = fields


class TimelineInline(FactsInline):
    model = PaymentEvent
    verbose_name_plural = "timeline"
    fields = ("at", "kind", "source", "detail")
    readonly_fields = fields
    ordering = ("at",)


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    """The till. The review queue is the filter `In review`, the cash desk the filter `cash`."""

    list_display = ("description", "user", "amount", "shown_status", "gateway", "created_at", "captured_at")
    list_filter = ("status", "gateway", "honoured", "currency", "created_at")
    list_select_related = ("user",)
    search_fields = (
        "receipt",
        "gateway_order_id",
        "description",
        "user__email",
        "user__first_name",
        "user__last_name",
    )
    date_hierarchy = "created_at"
    fields = (
        ("description", "user", "gateway"),
        ("amount", "taken", "returned"),
        ("shown_status", "honoured", "review_reason"),
        ("created_at", "expires_at", "captured_at"),
        ("receipt", "gateway_order_id", "next_check_at"),
    )
    readonly_fields = (
        "description", "user", "gateway", "amount", "taken", "returned", "shown_status", "honoured", "review_reason",
        "created_at", "expires_at", "captured_at", "receipt", "gateway_order_id", "next_check_at",
    )  # fmt: skip
    inlines = (AttemptInline, RefundInline, TimelineInline)
    actions_detail: Any = ("refund", "collect", "accept", "reject", "ask_gateway")

    @display(description="Taken")
    def taken(self, row: Payment) -> str:
        return money(row.captured_minor, row.currency)

    @display(description="Given back")
    def returned(self, row: Payment) -> str:
        return money(row.refunded_minor, row.currency)

    @deed("Refund", REFUND)
    def refund(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._deed(
            request,
            object_id,
            services.refund,
            "The refund is on its way.",
            amount_minor=form.cleaned_data["amount_minor"],
            reason=form.cleaned_data["reason"],
        )

    @deed("Collect cash", CASH)
    def collect(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        payment = Payment.objects.get(pk=object_id)
        amount = form.cleaned_data["amount_minor"] or payment.amount_minor - payment.captured_minor
        return self._deed(request, object_id, services.collect_cash, "Collected.", amount_minor=amount)

    @deed(
        "Accept",
        ask_why("Is this money good?", "Accept", "It settles the order; what is above its amount goes back."),
    )
    def accept(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._deed(
            request, object_id, services.accept, "Accepted.", reason=form.cleaned_data["reason"]
        )

    @deed("Reject", ask_why("Reject this payment?", "Reject", "All that came for it goes back."))
    def reject(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._deed(
            request, object_id, services.reject, "Rejected.", reason=form.cleaned_data["reason"]
        )

    @deed(
        "Ask the gateway",
        ask("Ask the gateway about this payment?", "Ask", "The answer is in the timeline in a moment."),
    )
    def ask_gateway(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self.done(
            request,
            object_id,
            partial(enqueue, "reconcile_payment", payment_id=object_id),
            "The gateway is asked.",
        )

    def _deed(
        self, request: HttpRequest, object_id: str, service: Callable[..., object], said: str, **facts: Any
    ) -> HttpResponse:
        payment = Payment.objects.get(pk=object_id)
        return self.done(
            request, object_id, partial(service, payment=payment, by=staff_of(request), **facts), said
        )


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = (
        "payment",
        "amount",
        "shown_status",
        "reason",
        "requested_by",
        "created_at",
        "processed_at",
    )
    list_filter = ("status", "payment__gateway", "created_at")
    list_select_related = ("payment", "requested_by")
    search_fields = ("key", "gateway_refund_id", "reason", "payment__description", "payment__user__email")


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = ("payment", "amount", "shown_status", "reason", "created_at", "ended_at")
    list_filter = ("status", "gateway")
    list_select_related = ("payment",)
    search_fields = ("gateway_dispute_id", "payment__description", "payment__user__email")


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


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    list_display = ("reference", "buyer", "total", "issued_at", "payment")
    list_filter = ("year", "currency")
    list_select_related = ("payment",)
    search_fields = ("number", "buyer", "payment__description")

    @display(description="Total", ordering="total_minor")
    def total(self, row: Invoice) -> str:
        return money(row.total_minor, row.currency)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ("code", "kind", "created_at")
    list_filter = ("kind",)
    search_fields = ("code",)


class PostingInline(FactsInline):
    model = Posting
    fields = ("account", "amount")
    readonly_fields = fields


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    list_display = ("kind", "description", "source", "at")
    list_filter = ("kind", "at")
    search_fields = ("source", "description")
    inlines = (PostingInline,)


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


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    list_display = ("user", "amount", "shown_status", "account", "created_at", "paid_at")
    list_filter = ("status", "currency", "created_at")
    list_select_related = ("user", "account")
    search_fields = ("key", "gateway_transfer_id", "user__email")
