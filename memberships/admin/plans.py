"""Plans; price and benefits are edited on a page of their own, which first shows who is affected."""

import hashlib
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.views import View
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from core.errors import DomainError
from memberships.benefits import KINDS
from memberships.models import Plan
from memberships.selectors.figures import effect_of
from memberships.services.plans import edit_terms
from memberships.states import ENTITLED
from payments.amounts import decimals, minor_units, money
from users.authentication import person

_WITH_LINK: Any = action(description="Price and benefits", url_path="open-terms")


class TermsForm(forms.Form):
    """Price as people write it, one field a benefit; empty is not given."""

    price = forms.DecimalField(
        min_value=Decimal("0.001"), max_digits=15, decimal_places=3, widget=UnfoldAdminDecimalFieldWidget
    )
    rev = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, plan: Plan, **kwargs: Any) -> None:
        self.plan = plan
        kwargs.setdefault("initial", self._present())
        super().__init__(*args, **kwargs)
        self.fields["price"].label = f"Price a {plan.interval}, {plan.currency}"
        for code, kind in KINDS.items():
            self.fields[code] = self._field(code, kind)

    def _present(self) -> dict[str, Any]:
        plan = self.plan
        price = Decimal(plan.price_minor).scaleb(-decimals(plan.currency))
        shown = {
            code: ", ".join(one) if isinstance(one, list) else one for code, one in plan.benefits.items()
        }
        return {"price": price, "rev": plan.rev, **shown}

    @staticmethod
    def _field(code: str, kind: Any) -> forms.Field:
        if kind.unit == "codes":
            return forms.CharField(
                required=False,
                label=kind.label,
                max_length=1000,
                help_text=f"Codes with commas between ({code}).",
                widget=UnfoldAdminTextInputWidget,
            )
        text = "hundredths of a percent" if kind.unit == "bps" else kind.unit
        return forms.IntegerField(
            required=False,
            label=kind.label,
            min_value=0,
            max_value=kind.most,
            help_text=f"{text} ({code})",
            widget=UnfoldAdminIntegerFieldWidget,
        )

    def clean_price(self) -> int:
        try:
            return minor_units(self.cleaned_data["price"], self.plan.currency)
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None

    def benefits(self) -> dict[str, Any]:
        """The fields as a plan keeps them; what was not given is left out."""
        found: dict[str, Any] = {}
        for code, kind in KINDS.items():
            value = self.cleaned_data.get(code)
            if kind.unit == "codes":
                value = [one.strip() for one in (value or "").split(",") if one.strip()] or None
            if value is not None:
                found[code] = value
        return found


class TermsView(View):
    """Fill in, look at the effect, save: what is saved is what was looked at."""

    admin: ClassVar[Any] = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not self.admin.has_change_permission(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        plan = get_object_or_404(Plan, pk=pk)
        return self._show(request, plan, TermsForm(plan=plan))

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        plan = get_object_or_404(Plan, pk=pk)
        form = TermsForm(request.POST, plan=plan)
        if not form.is_valid():
            return self._show(request, plan, form)
        price, benefits = form.cleaned_data["price"], form.benefits()
        seen = hashlib.sha256(repr((price, sorted(benefits.items()))).encode()).hexdigest()
        if request.POST.get("deed") != "save" or request.POST.get("seen") != seen:
            return self._show(request, plan, form, effect=effect_of(plan, price, benefits), seen=seen)
        try:
            edit_terms(
                plan_id=plan.pk,
                price_minor=price,
                benefits=benefits,
                rev=form.cleaned_data["rev"],
                by=person(request),
            )
        except DomainError as problem:
            messages.error(request, problem.text)
            return HttpResponseRedirect(reverse("admin:memberships_terms", args=[plan.pk]))
        messages.success(request, f"{plan.name} has new terms.")
        return HttpResponseRedirect(reverse("admin:memberships_plan_change", args=[plan.pk]))

    def _show(self, request: HttpRequest, plan: Plan, form: TermsForm, **more: Any) -> HttpResponse:
        context = {
            **admin.site.each_context(request),
            "title": f"Price and benefits of {plan.name}",
            "plan": plan,
            "form": form,
            "back": reverse("admin:memberships_plan_change", args=[plan.pk]),
            **more,
        }
        return render(request, "memberships/terms.html", context, status=400 if form.errors else 200)


def _open_terms(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:memberships_terms", args=[object_id]))


@admin.register(Plan)
class PlanAdmin(ModelAdmin):
    list_display = ("name", "code", "rank", "price", "interval", "members", "shown_active")
    list_filter = ("active", "interval")
    search_fields = ("name", "code")
    ordering = ("rank",)
    actions_detail: Any = ("open_terms",)
    open_terms: Any = _WITH_LINK(_open_terms)

    def get_urls(self) -> list[URLPattern]:
        terms = self.admin_site.admin_view(TermsView.as_view(admin=self))
        return [path("<uuid:pk>/terms/", terms, name="memberships_terms"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        price: Any = ("price_minor", "currency") if obj is None else ("price", "interval")
        names = ("name", "code"), "description", ("rank", "active")
        return (*names, price, *(("interval",) if obj is None else ()), "tax_bps", "shown_benefits")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Price and benefits touch members: they have a page with a preview."""
        return ("shown_benefits",) if obj is None else ("code", "interval", "price", "shown_benefits")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Price", ordering="price_minor")
    def price(self, row: Plan) -> str:
        return money(row.price_minor, row.currency)

    @display(description="Members")
    def members(self, row: Plan) -> int:
        return row.memberships.filter(status__in=ENTITLED).count()

    @display(description="For sale", boolean=True, ordering="active")
    def shown_active(self, row: Plan) -> bool:
        return row.active

    @display(description="Benefits")
    def shown_benefits(self, row: Plan) -> str:
        if not row.pk or not row.benefits:
            return "None yet: they are set on the page Price and benefits, once the plan is saved."
        return "; ".join(
            f"{kind.label}: {kind.show(row.benefits[code])}"
            for code, kind in KINDS.items()
            if code in row.benefits
        )
