from django.apps import AppConfig


class GarageConfig(AppConfig):
    name = "garage"
    verbose_name = "Garage"

    def ready(self) -> None:
        from garage import hooks  # noqa: F401 -- app ready
