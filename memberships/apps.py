from django.apps import AppConfig


class MembershipsConfig(AppConfig):
    name = "memberships"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Memberships"

    def ready(self) -> None:
        from memberships import hooks  # noqa: F401 -- app ready
