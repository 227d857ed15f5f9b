"""What the pages of the club are made of."""

from typing import Any

from django.http import HttpRequest

from core.staff import FactsAdmin


class ClubFacts(FactsAdmin):
    """Facts: nothing to save, what can be done stands at the top."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)
