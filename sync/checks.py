"""System checks: the plugs and the triggers speak of the same tables."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db.migrations.loader import MigrationLoader

from sync.operations import SyncTable
from sync.ports import ModelCollection, collections


def triggered() -> dict[str, int]:
    """Label of a model -> the collection code that its migration's triggers write."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return {
        f"{app}.{operation.model_name.lower()}": operation.code
        for (app, _), migration in loader.disk_migrations.items()
        for operation in migration.operations
        if isinstance(operation, SyncTable)
    }


@register(Tags.models)
def every_collection_has_its_triggers(**_: Any) -> list[CheckMessage]:
    """A collection whose table has no triggers, or those of another code, would never tell a change."""
    codes = triggered()
    return [
        Error(
            f"Sync collection {name!r} has code {plug.code}, but the migrations of {plug.model._meta.label} say "
            f"SyncTable code={codes.get(plug.model._meta.label_lower)}.",
            id="revsync.E010",
        )
        for name, plug in collections.items()
        if isinstance(plug, ModelCollection) and codes.get(plug.model._meta.label_lower) != plug.code
    ]
