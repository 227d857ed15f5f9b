"""What the pages of money are made of."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display

from core.staff import FactsAdmin
from payments.amounts import money
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


class MoneyAdmin(FactsAdmin):
    """Amounts as people write them."""

    @display(description="Amount", ordering="amount_minor")
    def amount(self, row: Any) -> str:
        return money(row.amount_minor, row.currency)

    @display(description="Status", label=LABELS, ordering="status")
    def shown_status(self, row: Any) -> str:
        return str(row.get_status_display())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Nothing to save here: what can be done stands at the top."""
        context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)


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
