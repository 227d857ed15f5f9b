"""What row-level security really is in this database: roles, tables, policies, and what is wrong with them."""

from dataclasses import dataclass, field

from django.apps import apps
from django.db import connection

from core.checks import RLS_EXEMPT, models_with_policy
from core.rls import APP_ROLE, SYSTEM_ROLE

# Tables of other packages that name a person, each with the reason why no policy is needed.
FOREIGN_EXEMPT = {
    "users_user_groups": "which staff groups somebody is in: asked for one's own login only",
    "users_user_user_permissions": "the same for single permissions",
    "django_admin_log": "written and read by the admin, which acts as the system",
}

_TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
       has_table_privilege(%s, c.oid, 'SELECT'),
       COALESCE((SELECT array_agg(DISTINCT r.rolname::text)
                   FROM pg_policy p JOIN pg_roles r ON r.oid = ANY (p.polroles) WHERE p.polrelid = c.oid), '{}'),
       EXISTS (SELECT 1 FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'
                  AND f.confrelid = to_regclass('users_user'))
       OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                     AND a.atttypid = 'uuid'::regtype AND a.attname IN ('owner_id', 'user_id', 'actor')),
       EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid
                  AND has_table_privilege(%s, i.inhrelid, 'SELECT, INSERT, UPDATE, DELETE'))
  FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
                    AND NOT c.relispartition
 ORDER BY c.relname
"""
_ROLES = "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = ANY (%s)"


@dataclass(frozen=True, slots=True)
class Line:
    """One role or table: what it is, and what is wrong with it (nothing: fine)."""

    name: str
    state: str
    problem: str = ""


@dataclass(slots=True)
class Report:
    roles: list[Line] = field(default_factory=list)
    tables: list[Line] = field(default_factory=list)

    @property
    def problems(self) -> list[Line]:
        return [line for line in (*self.roles, *self.tables) if line.problem]


def inspect() -> Report:
    """Asks the database itself, so a migration that did not run or a hand-made change shows."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLES, [[APP_ROLE, SYSTEM_ROLE]])
        bypass = dict(cursor.fetchall())
        cursor.execute(_TABLES, [APP_ROLE, APP_ROLE])
        rows = cursor.fetchall()
    exempt, demanded = _exempt_tables(), _tables_of(models_with_policy())
    return Report(
        roles=[_role(role, bypass.get(role)) for role in (APP_ROLE, SYSTEM_ROLE)],
        tables=[_table(row, exempt, demanded) for row in rows],
    )


def _role(role: str, bypasses: bool | None) -> Line:
    if bypasses is None:
        return Line(role, "absent", "it does not exist: run migrate")
    if bypasses:
        return Line(role, "bypasses policies", "it must be neither superuser nor BYPASSRLS")
    return Line(role, "bound by policies")


def _table(
    row: tuple[str, bool, bool, bool, list[str], bool, bool], exempt: dict[str, str], demanded: set[str]
) -> Line:
    name, enabled, forced, readable, roles, personal, open_parts = row
    if enabled:
        state = f"policies for {', '.join(sorted(roles)) or 'nobody'}" + ("" if forced else ", not forced")
        return Line(name, state, _gap(roles, open_parts=open_parts))
    if name in demanded:
        return Line(name, "no policy", "a migration gives it one, the database has none")
    if not readable:
        return Line(name, "closed to the web")
    if name in exempt:
        return Line(name, f"open: {exempt[name]}")
    if personal:
        return Line(name, "no policy", "it names a person: EnableRLS, or a reason in core.checks.RLS_EXEMPT")
    return Line(name, "nobody's")


def _gap(roles: list[str], *, open_parts: bool) -> str:
    """What is wrong with a table under policies."""
    if missing := {APP_ROLE, SYSTEM_ROLE} - set(roles):
        return f"no policy for {', '.join(sorted(missing))}"
    return (
        "its partitions are open, and policies hold for the whole only: revoke all on them"
        if open_parts
        else ""
    )


def _tables_of(labels: set[str]) -> set[str]:
    return {apps.get_model(label)._meta.db_table for label in labels if _known(label)}


def _exempt_tables() -> dict[str, str]:
    own = {
        apps.get_model(label)._meta.db_table: reason for label, reason in RLS_EXEMPT.items() if _known(label)
    }
    return own | FOREIGN_EXEMPT


def _known(label: str) -> bool:
    app, _, model = label.partition(".")
    return model in apps.all_models.get(app, {})
