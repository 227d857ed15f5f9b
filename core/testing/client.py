"""A test client that meets the database as production does: each request runs under the web role."""

from typing import Any

from django.db import connection
from django.test.client import Client
from rest_framework.test import APIClient

from core.rls import APP_ROLE, SYSTEM_ROLE


def use_role(role: str) -> None:
    """The role of everything that follows on this connection, without anybody's context."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        cursor.execute("SELECT set_config('app.user_id', '', false)")


class WebRoleMixin:
    """Test bodies see all rows (system role); requests see what the web sees."""

    def request(self, **kwargs: Any) -> Any:
        use_role(APP_ROLE)
        try:
            return super().request(**kwargs)  # type: ignore[misc]
        finally:
            use_role(SYSTEM_ROLE)


class RiderClient(WebRoleMixin, APIClient):
    """REST as a person with a bearer token."""


class StaffClient(WebRoleMixin, Client):
    """The admin in a session."""
