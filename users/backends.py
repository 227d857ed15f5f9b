"""How staff log into the admin: by e-mail in any case."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from users.models import User


class StaffBackend(ModelBackend):
    """Django's own backend; the manager looks addresses up in lower case. Erased people can't log in."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and user.deleted_at is None

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        found: User | None = super().authenticate(request, username=username, password=password, **kwargs)
        return found
