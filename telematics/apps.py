from django.apps import AppConfig


class TelematicsConfig(AppConfig):
    name = "telematics"
    verbose_name = "Telematics"

    def ready(self) -> None:
        from telematics import hooks  # noqa: F401 -- app ready
