from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "appointments"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Workshop"

    def ready(self) -> None:
        from appointments import hooks  # noqa: F401 -- app ready
