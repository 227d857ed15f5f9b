"""Keys of staff tools: made, shown once, ended."""

import ipaddress
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from core import clock
from core.staff import FactsAdmin, ask, deed
from users.models import ApiKey, User
from users.models.keys import Scope
from users.staff import make_key, revoke_key


class KeyForm(forms.ModelForm[ApiKey]):
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget)
    networks = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Addresses it may come from, such as 203.0.113.0/24, separated by commas; empty: any.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "networks", "expires_at")

    def clean_networks(self) -> list[str]:
        networks = [part.strip() for part in self.cleaned_data["networks"].split(",") if part.strip()]
        for network in networks:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise ValidationError(f"{network} is no network.") from None
        return networks


@admin.register(ApiKey)
class KeyAdmin(FactsAdmin):
    list_display = (
        "name",
        "prefix",
        "shown_scopes",
        "shown_state",
        "last_used_at",
        "expires_at",
        "created_by",
    )
    list_filter = ("created_at", "expires_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "prefix")
    actions_detail: Any = ("end",)
    shown = (
        "name", "prefix", "shown_scopes", "networks", "shown_state", "last_used_at", "expires_at", "revoked_at",
        "created_by", "created_at",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return ModelAdmin.has_add_permission(self, request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if obj else KeyForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shown if obj else ("name", "scopes", "networks", "expires_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shown if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            return
        row, text = make_key(
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            networks=form.cleaned_data["networks"],
            expires_at=form.cleaned_data["expires_at"],
            created_by=cast("User", request.user),
            request=request,
        )
        obj.pk, obj.prefix, obj._text = row.pk, row.prefix, text

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The one page that shows the key; it is stored nowhere, this answer included."""
        context = {
            **self.admin_site.each_context(request),
            "title": "New API key",
            "key": obj._text,
            "row": obj,
            "opts": self.opts,
        }
        page = TemplateResponse(request, "admin/users/key_made.html", context)
        page["Cache-Control"] = "no-store"
        return page

    @display(description="Scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description="State", label={"live": "success", "ended": "danger", "expired": "warning"})
    def shown_state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "ended"
        return "expired" if key.expires_at and key.expires_at <= clock.now() else "live"

    @deed("End this key", ask("End this key? What uses it stops working at once.", "End it"))
    def end(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row: Any = self.get_object(request, object_id)
        revoke = partial(revoke_key, row, by=cast("User", request.user), request=request)
        return self.done(request, object_id, revoke, "This key has ended.")
