"""Payments with their timeline; refunds; the cash and review desks."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import ActionDialog, UnfoldAction
from unfold.decorators import display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget

from core.staff import ask, ask_why, deed
from payments import services
from payments.admin.base import FactsInline, MoneyAdmin, ReadOnlyAdmin, staff_of
from payments.amounts import minor_units, money
from payments.jobs import enqueue
from payments.models import (
    Dispute,
    GatewayPayment,
    Payment,
    PaymentEvent,
    PaymentStatus,
    Refund,
)
from payments.services.books import earnings
from users.models import User


class AmountForm(BaseDialogForm):
    """An amount as people write it; `amount_minor` is what the service gets, None when the field is empty."""

    amount = forms.DecimalField(
        required=False,
        min_value=Decimal(0),
        max_digits=15,
        decimal_places=3,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="Such as 499.00. Empty: all of it.",
    )

    def clean_amount(self) -> int | None:
        given: Decimal | None = self.cleaned_data["amount"]
        if given is None:
            return None
        payment = Payment.objects.get(pk=str(self.object_id))
        try:
            return minor_units(given, payment.currency)
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from problem


class RefundForm(AmountForm):
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class CashForm(AmountForm):
    """All that is due, or a part."""


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
        "earner",
        ("shown_status", "honoured", "review_reason"),
        ("created_at", "expires_at", "captured_at"),
        "gateway_order_id",
        ("receipt", "next_check_at"),
    )
    readonly_fields = (
        "description", "user", "gateway", "amount", "taken", "returned", "earner", "shown_status", "honoured", "review_reason",
        "created_at", "expires_at", "captured_at", "receipt", "gateway_order_id", "next_check_at",
    )  # fmt: skip
    inlines = (TimelineInline, AttemptInline, RefundInline)
    actions_detail: Any = ("refund", "collect", "accept", "reject", "ask_gateway")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Only the deeds that this payment's state allows (the services decide; this is for the eye)."""
        payment = Payment.objects.filter(pk=object_id).first()
        if payment is None:
            return []
        review, cash = payment.status == PaymentStatus.REVIEW, payment.gateway == "cash"
        shown = {
            "refund": payment.left_minor > 0,
            "collect": cash and payment.captured_minor < payment.amount_minor,
            "accept": review,
            "reject": review,
            "ask_gateway": not cash,
        }
        prefix = "payments_payment_"
        return [
            each
            for each in super().get_actions_detail(request, object_id)
            if shown[each.action_name.removeprefix(prefix)]
        ]

    @display(description="Earned by")
    def earner(self, row: Payment) -> str:
        """Whose the price is, and what the house keeps of it."""
        if row.payee_id is None:
            return "the house"
        lines = dict(earnings(row, row.worth_minor))
        kept = money(lines.get(f"income:{row.subject_kind}", 0), row.currency)
        theirs = money(lines.get(f"payee:{row.payee_id}", 0), row.currency)
        who = User.objects.filter(pk=row.payee_id).first() or "somebody who left"
        return f"{who}: {theirs}; the house: {kept} ({row.commission_bps / 100:g} %)"

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
            amount_minor=form.cleaned_data["amount"],
            reason=form.cleaned_data["reason"],
        )

    @deed("Collect cash", CASH)
    def collect(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        payment = Payment.objects.get(pk=object_id)
        amount = form.cleaned_data["amount"]
        if amount is None:
            amount = payment.amount_minor - payment.captured_minor
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
