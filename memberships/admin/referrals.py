"""Referrals that wait for a decision, codes, and rewards that were given."""

from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from core.errors import DomainError
from core.ids import uuid7
from core.staff import ask_why, deed
from memberships.admin.base import ClubFacts
from memberships.models import Referral, ReferralCode, ReferralStatus, RewardGrant
from memberships.services.codes import good_vanity, make_vanity
from memberships.services.fraud import WORDS
from memberships.services.giving import give_goodwill
from memberships.services.referring import approve, reject
from payments.amounts import minor_units, money
from users.authentication import person

LABELS = {
    "Waiting for a first payment": "info",
    "Qualified": "warning",
    "Credited": "success",
    "Taken back": "danger",
    "Rejected": "danger",
}


class QueueFilter(SimpleListFilter):
    """What no person has looked at yet."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Rejected by a rule, waits for a person"), ("judged", "Decided by a person")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "open":
            return queryset.filter(status=ReferralStatus.REJECTED, judged_by=None)
        if self.value() == "judged":
            return queryset.exclude(judged_by=None)
        return queryset


@admin.register(Referral)
class ReferralAdmin(ClubFacts):
    """The queue is the filter `review`."""

    list_display = ("referrer", "referred", "code_text", "shown_status", "why", "judged_by", "created_at")
    list_filter = (QueueFilter, "status", "created_at")
    list_select_related = ("referrer", "referred", "judged_by")
    search_fields = (
        "code_text", "referrer__email", "referrer__first_name", "referrer__last_name", "referred__email",
        "referred__first_name", "referred__last_name",
    )  # fmt: skip
    actions_detail: Any = ("approve", "reject")
    fields = (
        ("referrer", "referred"),
        ("shown_status", "code_text"),
        "why",
        ("qualified_at", "credit_after"),
        ("credited_at", "ended_at"),
        ("judged_by", "note"),
    )
    readonly_fields = (
        "referrer", "referred", "code_text", "shown_status", "why", "qualified_at", "credit_after", "credited_at",
        "ended_at", "judged_by", "note",
    )  # fmt: skip

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Only the deeds that its state allows (the services decide; this is for the eye)."""
        row = Referral.objects.filter(pk=object_id).first()
        if row is None or row.status == ReferralStatus.REVERSED:
            return []
        shown = {"approve": row.status == ReferralStatus.REJECTED, "reject": True}
        prefix = "memberships_referral_"
        return [
            each
            for each in super().get_actions_detail(request, object_id)
            if shown[each.action_name.removeprefix(prefix)]
        ]

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Referral) -> str:
        return row.get_status_display()

    @display(description="Why")
    def why(self, row: Referral) -> str:
        return "; ".join(WORDS.get(reason, reason) for reason in row.reasons)

    @deed(
        "Approve",
        ask_why("Is this referral good after all?", "Approve", "It is credited when its time comes."),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, approve, form, "Approved.")

    @deed("Reject", ask_why("Reject this referral?", "Reject", "What was credited is taken back."))
    def reject(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, reject, form, "Rejected.")

    def _decide(
        self, request: HttpRequest, object_id: str, service: Any, form: Any, said: str
    ) -> HttpResponse:
        note = form.cleaned_data["reason"]
        decide = partial(service, referral_id=object_id, note=note, by=person(request))
        return self.done(request, object_id, decide, said)


class VanityForm(forms.ModelForm[ReferralCode]):
    class Meta:
        model = ReferralCode
        fields = ("user", "code", "expires_at")

    def clean_code(self) -> str:
        try:
            return good_vanity(self.cleaned_data["code"])
        except DomainError as problem:
            raise forms.ValidationError(problem.fields["code"]) from None


@admin.register(ReferralCode)
class ReferralCodeAdmin(ModelAdmin):
    """Own codes are random; adding one here makes a vanity code. A code is closed by its `active`."""

    form = VanityForm
    list_display = ("code", "user", "own", "active", "expires_at", "created_at")
    list_filter = ("own", "active")
    list_select_related = ("user",)
    search_fields = ("code", "user__email", "user__first_name", "user__last_name")
    autocomplete_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            ("user", "code", "expires_at") if obj is None else ("user", "code", "own", "expires_at", "active")
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if change:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("user", "code", "own")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = make_vanity(user=obj.user, code=obj.code, expires_at=obj.expires_at, by=person(request))
        obj.pk = made.pk
        obj.refresh_from_db()


class GoodwillForm(forms.ModelForm[RewardGrant]):
    """An amount as people write it."""

    amount = forms.DecimalField(
        min_value=Decimal("0.001"), max_digits=12, decimal_places=3, widget=UnfoldAdminDecimalFieldWidget
    )

    class Meta:
        model = RewardGrant
        fields = ("user", "amount", "note")

    def clean_amount(self) -> int:
        try:
            return minor_units(self.cleaned_data["amount"], settings.REWARDS_CURRENCY)
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean_note(self) -> str:
        if not self.cleaned_data["note"].strip():
            raise forms.ValidationError("Say why.")
        return str(self.cleaned_data["note"])


@admin.register(RewardGrant)
class RewardGrantAdmin(ModelAdmin):
    """What was given and until when; adding one is goodwill of the house."""

    list_display = ("user", "shown_amount", "reason", "note", "expires_at", "taken", "created_at")
    list_filter = ("reason", "currency", "expires_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__first_name", "user__last_name", "note")
    autocomplete_fields = ("user",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = GoodwillForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("user", "amount", "note")
        return ("user", "shown_amount", "reason", "note", "expires_at", "taken", "closed_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Amount", ordering="amount_minor")
    def shown_amount(self, row: RewardGrant) -> str:
        return money(row.amount_minor, row.currency)

    @display(description="Ran out or taken back")
    def taken(self, row: RewardGrant) -> str:
        return money(row.taken_minor, row.currency) if row.taken_minor else ""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            return
        made = give_goodwill(
            user=obj.user,
            amount_minor=form.cleaned_data["amount"],
            note=obj.note,
            key=str(uuid7()),
            by=person(request),
        )
        if made is None:
            raise DomainError("Nothing was given.")
        obj.pk = made.pk
        obj.refresh_from_db()
