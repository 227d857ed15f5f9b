from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Marketplace"

    def ready(self) -> None:
        from marketplace import hooks  # noqa: F401 -- app ready
