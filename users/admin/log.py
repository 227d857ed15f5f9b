"""The audit log, to read."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from core import clock
from core.models import AuditEvent
from core.staff import BoundedPaginator, FactsAdmin
from users.models import ApiKey, User


class Period(admin.SimpleListFilter):
    """The last month unless somebody asks for more: a page reads no more partitions than it must."""

    title, parameter_name = "time", "time"
    days: ClassVar[dict[str | None, int]] = {None: 31, "quarter": 92, "year": 366}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("quarter", "Last three months"), ("year", "Last year"), ("all", "Everything")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Last month"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        days = self.days.get(self.value())
        return queryset.filter(at__gte=clock.now() - timedelta(days=days)) if days else queryset


class Outcome(admin.SimpleListFilter):
    title, parameter_name = "outcome", "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("ok", "Went through"), ("not", "Anything else")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        if self.value() is None:
            return queryset
        return queryset.filter(outcome="ok") if self.value() == "ok" else queryset.exclude(outcome="ok")


@admin.register(AuditEvent)
class AuditAdmin(FactsAdmin):
    """A log of years: nothing on its pages counts, sorts or searches all of it."""

    list_display = ("at", "who", "action", "outcome", "target_name", "ip_prefix")
    list_filter = (Outcome, Period)
    search_fields = ("action", "target")
    search_help_text = "The beginning of an action (flash., payments.refund), the id of a person or thing, or an e-mail address"
    ordering = ("-at", "-id")
    sortable_by = ()
    paginator = BoundedPaginator
    show_full_result_count = False
    fields = ("at", "who", "action", "outcome", "target_name", "target", "ip_prefix", "session", "data")
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """Each way has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        person = User.objects.with_address(email=term) if "@" in term else None
        if (key := person.pk if person else _uuid(term)) is not None:
            return queryset.filter(Q(actor=key) | Q(target=str(key))), False
        return queryset.filter(Q(action__startswith=term.lower()) | Q(target=term)), False

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
