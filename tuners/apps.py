from django.apps import AppConfig


class TunersConfig(AppConfig):
    name = "tuners"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Tuners"

    def ready(self) -> None:
        from tuners import hooks  # noqa: F401 -- app ready
