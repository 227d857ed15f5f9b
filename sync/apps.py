from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Sync"

    def ready(self) -> None:
        from sync import checks, hooks  # noqa: F401 -- app ready
