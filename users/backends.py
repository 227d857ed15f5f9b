"""How a password opens the admin, and django-allauth's door: by e-mail in any case, throttled like our own."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from core import audit
from core.clientip import client_ip, ip_prefix, throttle_key
from core.throttling import count, forgive
from users.models import User


class StaffBackend(ModelBackend):
    """Django's own backend; the manager looks addresses up in any case. Erased people can't log in."""

    def user_can_authenticate(self, user: Any) -> bool:
        waiting = settings.REGISTER_VERIFY_FIRST and not user.is_verified and not user.is_staff
        return super().user_can_authenticate(user) and user.deleted_at is None and not waiting

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """None for a wrong password; PermissionDenied, which ends the attempt, over the limits of login."""
        name = str(username or kwargs.get("email") or "").lower()
        if not name or not password or "\0" in name + password:
            return None
        address = client_ip(request) if request else ""
        counted = [("login_ip", throttle_key(address)), ("login_account", f"{name}|{ip_prefix(address)}")]
        if request is not None and not all(count(scope, identity)[0] for scope, identity in counted):
            raise PermissionDenied
        found: User | None = super().authenticate(request, username=name, password=password)
        if found is None:
            audit.record("staff.login", outcome="refused", request=request)
            return None
        for scope, identity in counted:
            forgive(scope, identity)
        audit.record("staff.login", actor=found.pk, request=request)
        return found
