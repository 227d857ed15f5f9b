"""Logins, devices, outside identities: facts, and ending them."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from core import clock
from core.staff import FactsAdmin, ask, deed
from users import sessions
from users.models import AppSession, Identity, RevokedReason, UserDevice

PERSON = ("user__email", "user__phone", "user__first_name", "user__last_name")


class ReadOnlyAdmin(FactsAdmin):
    list_select_related: ClassVar[Any] = ("user",)
    search_help_text = "A person's name, e-mail address or phone number"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields


@admin.register(AppSession)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ("user", "shown_state", "auth_method", "device", "ip_prefix", "last_seen_at", "created_at")
    list_filter = ("auth_method", "revoked_reason", "created_at")
    list_select_related: ClassVar[Any] = ("user", "device")
    search_fields = PERSON
    fields = (
        "user", "auth_method", "aal", "device", "user_agent", "ip_prefix", "created_at", "last_seen_at", "rotated_at",
        "reauthenticated_at", "idle_expires_at", "absolute_expires_at", "revoked_at", "revoked_reason",
    )  # fmt: skip
    actions_detail: Any = ("end",)

    @display(description="State", label={"live": "success", "ended": "danger", "expired": "warning"})
    def shown_state(self, session: AppSession) -> str:
        if session.revoked_at:
            return "ended"
        now = clock.now()
        return "live" if session.idle_expires_at > now and session.absolute_expires_at > now else "expired"

    @deed("End this login", ask("End this login?", "End it"))
    def end(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        session: Any = self.get_object(request, object_id)
        revoke = partial(
            sessions.revoke,
            user_id=session.user_id,
            only=session.pk,
            reason=RevokedReason.ADMIN,
            request=request,
        )
        return self.done(request, object_id, revoke, "This login has ended.")


@admin.register(UserDevice)
class DeviceAdmin(ReadOnlyAdmin):
    list_display = ("user", "name", "platform", "app_version", "push", "last_seen_at")
    list_filter = ("platform", "last_seen_at")
    search_fields = PERSON
    fields = ("user", "name", "platform", "app_version", "push", "last_seen_at", "created_at", "deleted_at")

    @display(description="Push", boolean=True)
    def push(self, device: UserDevice) -> bool:
        return bool(device.push_token)


@admin.register(Identity)
class IdentityAdmin(ReadOnlyAdmin):
    list_display = ("user", "provider", "email", "phone", "linked_at", "last_used_at")
    list_filter = ("provider", "linked_at")
    search_fields = (*PERSON, "email", "subject")
    fields = (
        "user", "provider", "issuer", "subject", "email", "email_verified", "phone", "phone_verified", "linked_at",
        "last_used_at",
    )  # fmt: skip
