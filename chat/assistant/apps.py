from django.apps import AppConfig


class AssistantConfig(AppConfig):
    name = "chat.assistant"
    label = "assistant"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Assistant"

    def ready(self) -> None:
        from chat.assistant import hooks  # noqa: F401 -- app ready
