"""The audit log, to read."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from core.models import AuditEvent
from core.staff import FactsAdmin
from users.models import ApiKey, User


@admin.register(AuditEvent)
class AuditAdmin(FactsAdmin):
    list_display = ("at", "who", "action", "outcome", "target_name", "ip_prefix")
    list_filter = ("outcome", "action", "at")
    search_fields = ("action", "target")
    search_help_text = "Action, id of a target, or the e-mail address of a person"
    date_hierarchy = "at"
    fields = ("at", "who", "action", "outcome", "target_name", "target", "ip_prefix", "session", "data")
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        person = User.objects.with_address(email=search_term) if "@" in search_term else None
        if person is not None:
            return queryset.filter(actor=person.pk) | queryset.filter(target=str(person.pk)), False
        return super().get_search_results(request, queryset, search_term)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Two statements name everybody on the page."""
        page: ChangeList = super().get_changelist_instance(request)
        rows: Any = page.result_list
        names = names_of({row.actor for row in rows if row.actor} | {_uuid(row.target) for row in rows})
        for row in rows:
            row.names = names
        return page

    @display(description="Who")
    def who(self, event: Any) -> str:
        return self.name(event, event.actor) if event.actor else "the system, or nobody known"

    @display(description="Whom or what")
    def target_name(self, event: Any) -> str:
        return self.name(event, _uuid(event.target)) if _uuid(event.target) else event.target

    def name(self, event: Any, wanted: UUID | None) -> str:
        if not hasattr(event, "names"):
            event.names = names_of({event.actor, _uuid(event.target)})
        return str(event.names.get(wanted, "somebody erased" if wanted == event.actor else "a record"))


def names_of(ids: set[UUID | None]) -> dict[UUID, str]:
    wanted = {one for one in ids if one}
    people: dict[UUID, Any] = User.objects.in_bulk(wanted)
    keys: dict[UUID, Any] = ApiKey.objects.in_bulk(wanted)
    return {pk: str(row) for pk, row in (people | keys).items()}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
