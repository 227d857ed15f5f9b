"""What the auth views share."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from core.rls import as_user
from users.models import User
from users.selectors import account_payload
from users.serializers.login import LoginOutput
from users.sessions import Pair

NO_STORE = {"Cache-Control": "no-store"}

BEARER_OR_NOT: Any = [{"bearer": []}, {}]  # for the schema: a login is taken where there is one


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class PublicAuthView(APIView):
    """No bearer is looked at here: an old token must not stand in the way of logging in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


def checked(form: BaseSerializer[Any]) -> dict[str, Any]:
    """The valid fields of a form. Raises ValidationError."""
    form.is_valid(raise_exception=True)
    fields: dict[str, Any] = form.validated_data
    return fields


def plain(request: Request) -> HttpRequest:
    """Django's own request, which the services' audit and throttles want."""
    inner: HttpRequest = request._request
    return inner


def said(message: str, *, status: int = 200, **more: Any) -> Response:
    return Response({"message": message, **more}, status=status, headers=NO_STORE)


def welcome(user: User, pair: Pair, message: str, *, status: int = 200) -> Response:
    """The answer of every login."""
    with as_user(user):
        payload = account_payload(user.pk)
    tokens = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": pair.expires_in,
    }
    data = LoginOutput({"message": message, **tokens, "user": payload}).data
    return Response(data, status=status, headers=NO_STORE)
