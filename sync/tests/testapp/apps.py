from django.apps import AppConfig


class TestAppConfig(AppConfig):
    """Installed by config/settings_test.py only: collections of every kind for the tests of sync."""

    name = "sync.tests.testapp"
    label = "synctest"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sync.tests.testapp import hooks  # noqa: F401 -- app ready
