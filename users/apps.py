from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "users"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "People"

    def ready(self) -> None:
        from users import hooks, schema  # noqa: F401 -- app ready
