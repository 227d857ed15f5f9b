"""People and staff groups."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminURLInputWidget

from core import audit
from core.staff import FactsAdmin, ask, deed
from users import second_factor, sessions
from users.models import RevokedReason, User
from users.services import post

# Only these make somebody more powerful; a member of staff who may edit people must not promote themselves.
POWERS = ("role", "is_staff", "is_superuser", "groups", "user_permissions")


class NewPersonForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "first_name", "last_name")
        field_classes: dict[str, Any] = {}


class PersonForm(UserChangeForm):
    profile_picture = forms.URLField(
        required=False, max_length=500, assume_scheme="https", widget=UnfoldAdminURLInputWidget
    )

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


@admin.register(User)
class PersonAdmin(FactsAdmin, DjangoUserAdmin):  # type: ignore[type-arg, misc]  # two untyped parents
    """Staff correct and ban; addresses are proved by their owner, and erasure is asked for by them."""

    form, add_form, change_password_form = PersonForm, NewPersonForm, AdminPasswordChangeForm
    ordering = ("-created_at",)
    list_display = ("shown_name", "email", "phone", "role", "shown_state", "is_staff", "created_at")
    list_filter = ("role", "is_active", "is_staff", "groups", "created_at")
    search_fields = ("email", "phone", "first_name", "last_name")
    search_help_text = "Name, e-mail address or phone number"
    filter_horizontal = ("groups", "user_permissions")
    actions_detail: Any = ("end_logins", "remove_second_factor")
    fieldsets = (
        (None, {"fields": (("first_name", "last_name"), ("email", "phone"), "password")}),
        ("Profile", {"fields": ("bio", ("location", "experience"), "profile_picture")}),
        ("Powers", {"fields": ("role", ("is_active", "is_staff", "is_superuser"), "groups", "user_permissions")}),
        ("Facts", {"fields": (("email_verified_at", "phone_verified_at"), ("last_login", "created_at"), "erase_after", "deleted_at")}),
    )  # fmt: skip
    add_fieldsets: Any = (
        (None, {"fields": ("email", ("first_name", "last_name"), "password1", "password2")}),
    )
    facts = (
        "email_verified_at",
        "phone_verified_at",
        "last_login",
        "created_at",
        "erase_after",
        "deleted_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        powerful = request.user.is_superuser
        own = obj is not None and obj.pk == request.user.pk
        return self.facts if powerful and not own else (*self.facts, *POWERS, *(("email",) if own else ()))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(deleted_at=None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers are changed by superusers only."""
        if not admin.ModelAdmin.has_change_permission(self, request, obj):
            return False
        person = self.get_object(request, obj) if isinstance(obj, str) else obj  # Unfold's deeds give the id
        return person is None or not person.is_superuser or request.user.is_superuser

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A ban ends all logins; a changed address is unproved again; a role counts from the next request on."""
        changed = set(form.changed_data) if change else set()
        if obj.email:
            obj.email = obj.email.lower()
        if "email" in changed:
            obj.email_verified_at = None
        if "phone" in changed:
            obj.phone_verified_at = None
        obj.email, obj.phone = obj.email or None, obj.phone or None
        if changed & set(POWERS):
            obj.token_epoch += 1
        super().save_model(request, obj, form, change)
        if "email" in changed and form.initial.get("email"):
            post.tell(obj, "email_changed", to=form.initial["email"])
        if "is_active" in changed and not obj.is_active:
            sessions.revoke(user_id=obj.pk, reason=RevokedReason.ADMIN, request=request)
        audit.record(
            "staff.person", actor=request.user.pk, target=obj.pk, request=request, changed=sorted(changed)
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Whoever sets a password could log in with it: superusers only, and its owner hears of it."""
        if not request.user.is_superuser:
            raise PermissionDenied
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        if answer.status_code == 302:
            person: Any = self.get_object(request, id)
            sessions.revoke(user_id=person.pk, reason=RevokedReason.PASSWORD, request=request)
            audit.record("staff.password", actor=request.user.pk, target=person.pk, request=request)
            post.tell(person, "password_changed")
        return answer

    @deed("End all logins", ask("End all logins of this person?", "End them"))
    def end_logins(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        person: Any = self.get_object(request, object_id)
        revoke = partial(
            sessions.revoke,
            user_id=person.pk,
            reason=RevokedReason.ADMIN,
            request=request,
        )
        return self.done(request, object_id, revoke, "All logins have ended.")

    @deed(
        "Remove second factor",
        ask(
            "Remove this person's second factor?", "Remove it", "Only after you know for sure who is asking."
        ),
    )
    def remove_second_factor(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        person: Any = self.get_object(request, object_id)

        def remove() -> None:
            second_factor.remove_all(person)
            audit.record("staff.mfa_removed", actor=request.user.pk, target=person.pk, request=request)

        return self.done(request, object_id, remove, "The second factor is removed.")

    @display(description="Name", ordering="first_name")
    def shown_name(self, person: User) -> str:
        return person.name or "(no name)"

    @display(description="State", label={"active": "success", "banned": "danger", "leaving": "warning"})
    def shown_state(self, person: User) -> str:
        return "leaving" if person.erase_after else "active" if person.is_active else "banned"


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # two untyped parents
    """Staff groups; support, workshop, moderation and finance are scopes of the staff API too."""

    list_display = ("name", "members")

    @display(description="Members")
    def members(self, group: Group) -> str | SafeString:
        return str(group.user_set.count())
