"""Row-level security: three database roles, the context of a request, and the migration operations.

`revsync_app` is the web: policies let it see what `app.user_id` owns. `revsync_system` acts for all (admin,
staff keys, jobs). The owner migrates. Roles and settings are always transaction-local: a session-wide one
would leak through a transaction pooler. Recipe and measurements: design page `identity.md`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db import connection, transaction
from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

APP_ROLE, SYSTEM_ROLE = "revsync_app", "revsync_system"
ME = "NULLIF((SELECT current_setting('app.user_id', true)), '')::uuid"

_ENTER = """
SELECT current_setting('role', true), current_setting('app.user_id', true),
       set_config('role', %s::text, true), set_config('app.user_id', %s::text, true)
"""
_LEAVE = "SELECT set_config('role', %s::text, true), set_config('app.user_id', %s::text, true)"


@contextmanager
def as_user(user: Any) -> Iterator[None]:
    """A transaction (or savepoint) that sees what `user` (a user or an id) may see, then restores the rest."""
    with _context(APP_ROLE, str(getattr(user, "pk", user))):
        yield


@contextmanager
def as_anonymous() -> Iterator[None]:
    """The same for a person without an account: public rows only."""
    with _context(APP_ROLE, ""):
        yield


@contextmanager
def as_system(reason: str) -> Iterator[None]:
    """A transaction that sees all rows. `reason` is for the reader of the call: say why nobody owns this work."""
    if not reason:
        raise ValueError("as_system needs a reason.")
    with _context(SYSTEM_ROLE, ""):
        yield


def become_system(reason: str) -> None:
    """The rest of the transaction under way sees all rows: for a request that staff have proved to be theirs."""
    if not reason:
        raise ValueError("become_system needs a reason.")
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("become_system is for requests in one transaction.")
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE, [SYSTEM_ROLE, ""])


@contextmanager
def _context(role: str, user_id: str) -> Iterator[None]:
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ENTER, [role, user_id])
            old_role, old_user = (cursor.fetchone() or (None, None))[:2]
        yield
        # After an exception the rollback restores both; at the end of a transaction they end by themselves.
        if not outermost and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(_LEAVE, [old_role or "none", old_user or ""])


def current_user_id() -> UUID | None:
    """Whose rows this transaction sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT NULLIF(current_setting('app.user_id', true), '')")
        row = cursor.fetchone()
    return UUID(row[0]) if row and row[0] else None


# -- Policies: what a web session may see and write of a table


class Policy(Protocol):
    """SQL of one table's rule. `using` limits what is seen, `check` what may be written."""

    def using(self, table: str) -> str: ...

    def check(self, table: str) -> str: ...


@dataclass(frozen=True)
class Owner:
    """Rows whose column is the user's id."""

    column: str = "owner_id"

    def using(self, table: str) -> str:
        return f"{table}.{self.column} = {ME}"

    def check(self, table: str) -> str:
        return self.using(table)


@dataclass(frozen=True)
class Via:
    """Rows whose parent row belongs to the user."""

    column: str
    parent: str
    owner: str = "owner_id"

    def using(self, table: str) -> str:
        return f"EXISTS (SELECT 1 FROM {self.parent} p WHERE p.id = {table}.{self.column} AND p.{self.owner} = {ME})"

    def check(self, table: str) -> str:
        return self.using(table)


@dataclass(frozen=True)
class AnyOf:
    """Rows that any of several rules lets through (buyer or seller; participants)."""

    policies: tuple[Policy, ...]

    def using(self, table: str) -> str:
        return " OR ".join(f"({policy.using(table)})" for policy in self.policies)

    def check(self, table: str) -> str:
        return " OR ".join(f"({policy.check(table)})" for policy in self.policies)


@dataclass(frozen=True)
class PublicRead:
    """Rows that `condition` (SQL over the table's columns) opens to everybody; only the owner writes."""

    condition: str
    owner: Policy

    def using(self, table: str) -> str:
        return f"({self.condition}) OR ({self.owner.using(table)})"

    def check(self, table: str) -> str:
        return self.owner.check(table)


@dataclass(frozen=True)
class Sql:
    """A rule that none of the above can say; `{table}` and `{me}` are filled in."""

    read: str
    write: str

    def using(self, table: str) -> str:
        return self.read.format(table=table, me=ME)

    def check(self, table: str) -> str:
        return self.write.format(table=table, me=ME)


class _TableOperation(Operation):
    """SQL on one model's table, forwards and backwards."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing in Django's state knows of policies or triggers."""

    def table(self, app_label: str, state: ProjectState) -> str:
        return str(state.apps.get_model(app_label, self.model_name)._meta.db_table)

    def forwards(self, table: str) -> list[str]:
        raise NotImplementedError

    def backwards(self, table: str) -> list[str]:
        raise NotImplementedError

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in self.forwards(self.table(app_label, to_state)):
            schema_editor.execute(statement)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in self.backwards(self.table(app_label, from_state)):
            schema_editor.execute(statement)


class EnableRLS(_TableOperation):
    """Row-level security on a model's table: the web role by `policy`, the system role everything."""

    def __init__(self, model_name: str, policy: Policy) -> None:
        super().__init__(model_name)
        self.policy = policy

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return type(self).__name__, (self.model_name, self.policy), {}

    def describe(self) -> str:
        return f"Row-level security on {self.model_name}"

    def _narrowed(self, table: str) -> tuple[tuple[str, str], ...]:
        """Of a table that more people read than write. What may be seen is what DELETE asks for, and UPDATE of the
        row before it: without these, a row of somebody else could be deleted, or be made one's own.
        """
        if self.policy.using(table) == self.policy.check(table):
            return ()
        return (("app_update", "UPDATE"), ("app_delete", "DELETE"))

    def forwards(self, table: str) -> list[str]:
        return [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY app ON {table} TO {APP_ROLE} "
            f"USING ({self.policy.using(table)}) WITH CHECK ({self.policy.check(table)})",
            f"CREATE POLICY system ON {table} TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)",
            *(
                f"CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {deed} TO {APP_ROLE} "
                f"USING ({self.policy.check(table)})"
                for name, deed in self._narrowed(table)
            ),
        ]

    def backwards(self, table: str) -> list[str]:
        return [
            *(f"DROP POLICY {name} ON {table}" for name, _ in self._narrowed(table)),
            f"DROP POLICY app ON {table}",
            f"DROP POLICY system ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ]


class TrackChanges(_TableOperation):
    """`rev` + 1 and a new `updated_at` at every update that changes something.

    A BEFORE trigger can't see generated columns, nor whole rows that have some: there the others are compared.
    """

    def describe(self) -> str:
        return f"Count the revisions of {self.model_name}"

    def table(self, app_label: str, state: ProjectState) -> str:
        fields = state.apps.get_model(app_label, self.model_name)._meta.concrete_fields
        plain = [field.column for field in fields if not getattr(field, "generated", False)]
        self.compared = plain if len(plain) < len(fields) else []
        return super().table(app_label, state)

    def forwards(self, table: str) -> list[str]:
        old, new = (
            f"({', '.join(f'{row}.{column}' for column in self.compared)})" if self.compared else f"{row}.*"
            for row in ("OLD", "NEW")
        )
        return [
            f"CREATE TRIGGER track_changes BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN ({old} IS DISTINCT FROM {new}) EXECUTE FUNCTION core_track_changes()"
        ]

    def backwards(self, table: str) -> list[str]:
        return [f"DROP TRIGGER track_changes ON {table}"]


class AppendOnly(_TableOperation):
    """Neither web nor system may change or delete a row of this table."""

    def describe(self) -> str:
        return f"{self.model_name} is append-only"

    def forwards(self, table: str) -> list[str]:
        return [f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {APP_ROLE}, {SYSTEM_ROLE}"]

    def backwards(self, table: str) -> list[str]:
        return [f"GRANT UPDATE, DELETE ON {table} TO {APP_ROLE}, {SYSTEM_ROLE}"]
