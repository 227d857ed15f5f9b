"""System checks: what must be true before the process may serve."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- Django's name
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from core.models import Record
from core.rls import EnableRLS

# Tables with an owner and no policy, each with the reason. Everything else that a person owns has one.
RLS_EXEMPT: dict[str, str] = {}


def models_with_policy() -> set[str]:
    """Labels of all models that some migration puts under row-level security."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return {
        f"{app}.{operation.model_name.lower()}"
        for (app, _), migration in loader.disk_migrations.items()
        for operation in migration.operations
        if isinstance(operation, EnableRLS)
    }


@register(Tags.security)
def every_owned_table_has_a_policy(**_: Any) -> list[CheckMessage]:
    """A record without row-level security needs a written reason in RLS_EXEMPT.

    A warning, so that `makemigrations` can still run for the model; `make check` fails on warnings.
    """
    covered = models_with_policy()
    return [
        Warning(
            f"{model._meta.label} has neither an EnableRLS operation nor a reason in core.checks.RLS_EXEMPT.",
            id="revsync.W001",
        )
        for model in apps.get_models()
        if issubclass(model, Record)
        and model._meta.label_lower not in covered
        and model._meta.label_lower not in RLS_EXEMPT
    ]


@register(Tags.database)
def web_role_is_bound_by_policies(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """The web role must be neither superuser nor BYPASSRLS."""
    if not databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'revsync_app'")
        row = cursor.fetchone()
    if row and row[1]:
        return [Error("The database role revsync_app bypasses row-level security.", id="revsync.E002")]
    return []


@register(Tags.security, deploy=True)
def keys_are_long_and_different(**_: Any) -> list[CheckMessage]:
    """Each key has its own job and at least 32 bytes."""
    keys = {
        "SECRET_KEY": settings.SECRET_KEY,
        **{f"REFRESH_KEY[{place}]": key for place, key in enumerate(settings.REFRESH_KEYS)},
        "OTP_KEY": settings.OTP_KEY,
        "FILES_KEY": settings.FILES_KEY,
        **{f"JWT_KEYS[{kid}]": key for kid, key in settings.JWT_KEYS.items()},
    }
    found: list[CheckMessage] = [
        Error(f"{name} has fewer than 32 characters.", id="revsync.E003")
        for name, key in keys.items()
        if len(key) < 32
    ]
    if len(set(keys.values())) < len(keys):
        found.append(Error("Two of the secret keys are equal; each needs its own.", id="revsync.E004"))
    return found
