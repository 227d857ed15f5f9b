"""Who asks, by a signed token and one look-up."""

from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth import get_user_model
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

User = get_user_model()


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, dict[str, Any]] | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            return None
        try:
            claims = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
            user = User.objects.get(pk=claims["sub"])
        except (jwt.InvalidTokenError, User.DoesNotExist):
            raise AuthenticationFailed from None
        return user, claims

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
