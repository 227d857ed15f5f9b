"""The usual plug: a Record with the serializer that REST uses."""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from rest_framework.exceptions import ValidationError

from core import clock
from core.fields import VisibleField
from sync.ports.words import Change, Deed, Direction, Errors, Field, Merge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.serializers import BaseSerializer

# The first that fits counts, so the narrower class stands first.
_TYPES: tuple[tuple[type[models.Field[Any, Any]], str], ...] = (
    (models.UUIDField, "uuid"),
    (models.DateTimeField, "instant"),
    (models.DateField, "date"),
    (models.TimeField, "time"),
    (models.BooleanField, "boolean"),
    (models.IntegerField, "integer"),
    (models.DecimalField, "number"),
    (models.FloatField, "number"),
    (models.CharField, "text"),
    (models.TextField, "text"),
)
_INSTANT = """to_char({row}.%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

# An empty one needs no look at what its values are.
_ARRAY = "CASE {row}.%s WHEN '{}' THEN '[]'::json ELSE to_json({row}.%s) END"


class ModelCollection:
    """A model as a collection: its columns are the fields, its serializer the rules.

    A push creates, updates and tombstones in bulk, one statement each. It sets no side effect of a view or a
    service in motion: where REST has some, override `write`.
    """

    def __init__(
        self,
        *,
        code: int,
        model: type[models.Model],
        serializer: type[BaseSerializer[Any]] | None = None,
        writable: Sequence[str | Field] = (),
        read_only: Sequence[str | Field] = ("rev", "created_at", "updated_at"),
        owner: str = "owner_id",
        scope: str = "",
        live: str = "",
        direction: Direction | None = None,
        merge: Merge = Merge.FIELDS,
        parents: Sequence[str] = (),
        public: bool = False,
        hot: bool = False,
        filters: Mapping[str, str] | None = None,
    ) -> None:
        self.code, self.model, self.serializer = code, model, serializer
        self.table = model._meta.db_table
        self.owner = "" if public else owner
        self.scope = scope or (f"{{row}}.{self.owner} = %(me)s" if self.owner else "true")
        self.live = live or ("{row}.deleted_at IS NULL" if hasattr(model, "deleted_at") else "true")
        self.direction = direction or (Direction.BOTH if writable else Direction.PULL)
        self.merge, self.parents, self.public, self.hot = merge, tuple(parents), public, hot
        self.filters = dict(filters or {})
        self._writable, self._read_only = tuple(writable), tuple(read_only)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model._meta.label}, code={self.code})"

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return (
            self._field("id", writable=False),
            *(self._field(name, writable=True) for name in self._writable),
            *(self._field(name, writable=False) for name in self._read_only),
        )

    def _field(self, name: str | Field, *, writable: bool) -> Field:
        if isinstance(name, Field):
            return name
        found = next(f for f in self.model._meta.concrete_fields if name in {f.name, f.attname})
        target = found.target_field if isinstance(found, models.ForeignKey) else found
        kind = next((word for cls, word in _TYPES if isinstance(target, cls)), "json")
        sql = f"{{row}}.{found.column}"
        if kind == "instant":
            sql = _INSTANT % found.column
        elif isinstance(found, ArrayField):
            sql = _ARRAY.replace("%s", str(found.column))
        return Field(name, sql, kind, writable=writable, nullable=found.null)

    def lock(self, user: Any, ids: Sequence[UUID]) -> dict[UUID, Any]:
        rows: Any = self.model._default_manager
        mine = rows.history_of(user).filter(pk__in=ids)
        return {row.pk: row for row in mine.select_for_update(of=("self",)).order_by("pk")}

    # -- Clean

    def clean(self, user: Any, changes: Sequence[Change]) -> dict[UUID, Errors]:
        """One serializer judges all records in turn; rows that its fields point at are read at once."""
        told = [change for change in changes if change.deed is not Deed.DELETE]
        if not told or self.serializer is None:
            return {}
        context: dict[str, Any] = {"request": SimpleNamespace(user=user), "visible_rows": {}}
        judge: Any = self.serializer(context=context)
        context["visible_rows"].update(self._targets(user, judge, told))
        errors: dict[UUID, Errors] = {}
        for change in told:
            judge.instance, judge.partial, judge.initial_data = (
                change.row,
                change.row is not None,
                change.given,
            )
            try:
                change.values = dict(judge.run_validation(change.given))
            except ValidationError as problem:
                errors[change.id] = (
                    problem.detail if isinstance(problem.detail, dict) else {"record": problem.detail}
                )
        return errors

    def _targets(self, user: Any, judge: Any, changes: Sequence[Change]) -> dict[Any, dict[UUID, Any]]:
        """Each model's visible rows by id, for every VisibleField: one statement a field instead of one a record."""
        wanted: dict[Any, set[UUID]] = {}
        for name, shape in judge.fields.items():
            if isinstance(shape, VisibleField):
                wanted.setdefault(shape.model, set()).update(
                    _uuids(change.given.get(name) for change in changes)
                )
        return {
            model: {row.pk: row for row in model._default_manager.visible_to(user).filter(pk__in=ids)}
            if ids
            else {}
            for model, ids in wanted.items()
        }

    # -- Write

    def write(self, user: Any, changes: Sequence[Change]) -> None:
        rows: Any = self.model._base_manager
        if new := [self.build(user, change) for change in changes if change.deed is Deed.CREATE]:
            rows.bulk_create(new)
        if updates := [change for change in changes if change.deed is Deed.UPDATE]:
            self._update(rows, updates)
        if gone := [change.id for change in changes if change.deed is Deed.DELETE]:
            rows.filter(pk__in=gone).update(deleted_at=clock.now())

    def build(self, user: Any, change: Change) -> Any:
        """The new row of a created record; override where the owner is not a column called `owner`."""
        owned = {self.owner: user.pk} if self.owner else {}
        return self.model(id=change.id, **owned, **change.values)

    def twin(self, user: Any, change: Change, constraint: str) -> UUID | None:
        rule = next((rule for rule in self.model._meta.constraints if rule.name == constraint), None)
        if not isinstance(rule, models.UniqueConstraint) or not rule.fields:
            return None
        row = change.row or self.build(user, change)
        wanted = {name: row.serializable_value(name) for name in rule.fields}
        rows: Any = self.model._default_manager
        found = rows.visible_to(user).filter(rule.condition or models.Q(), **wanted).exclude(pk=change.id)
        return found.values_list("pk", flat=True).first()  # type: ignore[no-any-return]

    def _update(self, rows: Any, updates: Sequence[Change]) -> None:
        names: dict[str, None] = {}
        for change in updates:
            for name, value in change.values.items():
                setattr(change.row, name, value)
                names.setdefault(name)
        if len(updates) == 1:
            updates[0].row.save(update_fields=list(names))
        else:
            rows.bulk_update([change.row for change in updates], list(names))


def _uuids(values: Any) -> set[UUID]:
    """Those that are UUIDs; the field itself complains of the others."""
    found: set[UUID] = set()
    for value in values:
        try:
            found.add(UUID(value)) if isinstance(value, str) else None
        except ValueError:
            continue
    return found
