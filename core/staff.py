"""What the staff pages of all apps are made of: lists of facts, and deeds that ask before they act."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from core.errors import DomainError
from core.registry import Registry


@dataclass(frozen=True, slots=True)
class StaffPage:
    """A page of the admin that is no model's: the sidebar links to the first of `urls` under `group`.

    `urls`: (path under the admin, view, name of the route). Its views ask `allows` themselves too.
    """

    title: str
    group: str
    urls: Sequence[tuple[str, Callable[..., HttpResponseBase], str]]
    allows: Callable[[HttpRequest], bool]


staff_pages: Final[Registry[StaffPage]] = Registry("staff_pages", StaffPage)


def in_group(request: HttpRequest, name: str) -> bool:
    """Is this a superuser, or a member of staff in the group of that name (the scopes of the staff API)?"""
    user: Any = request.user
    if not (user.is_active and user.is_staff):
        return False
    if user.is_superuser:
        return True
    if not hasattr(user, "group_names"):
        user.group_names = set(user.groups.values_list("name", flat=True))
    return name in user.group_names


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


def ask(title: str, submit: str, description: str = "") -> ActionDialog:
    """The dialog before a deed; it also makes a POST with a CSRF token of what would be a bare link."""
    return ActionDialog(
        title=title, description=description, form_class=BaseDialogForm, form_submit_text=submit
    )


def ask_why(title: str, submit: str, description: str = "") -> ActionDialog:
    """The same for a deed that needs a reason: `form.cleaned_data["reason"]`."""
    return ActionDialog(title=title, description=description, form_class=ReasonForm, form_submit_text=submit)


F = TypeVar("F", bound=Callable[..., HttpResponse])


def deed(
    description: str, dialog: ActionDialog, *, permissions: tuple[str, ...] = ("change",)
) -> Callable[[F], F]:
    """Unfold's `@action` for `actions_detail`, with honest types: the method stays what it is."""
    made: Any = action(description=description, permissions=permissions, dialog=dialog)
    return cast("Callable[[F], F]", made)


class BoundedPaginator(Paginator[Any]):
    """Counts no further than a person pages: a table of millions is not read for the number below a list."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.most].count())


class FactsAdmin(ModelAdmin):
    """Rows that come from people: staff read them, and act through `actions_detail`."""

    actions_detail: Any = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def done(
        self, request: HttpRequest, object_id: Any, deed: Callable[[], object], said: str
    ) -> HttpResponse:
        """Do the deed, say how it went, and show the row again (dialogs are sent by htmx)."""
        try:
            deed()
        except DomainError as problem:
            messages.error(request, problem.text)
        else:
            messages.success(request, said)
        name = f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_change"
        return HttpResponse(headers={"HX-Redirect": reverse(name, args=[object_id])})
