"""Auth routes. Those that must remember a refused attempt own their transactions (non-atomic)."""

from typing import Any

from django.db import transaction
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.clientip import client_ip, throttle_key
from core.rls import as_user
from core.serializers import MessageSerializer
from core.throttling import demand
from users import services, sessions
from users.authentication import logged_in
from users.models import RevokedReason, User
from users.selectors import account_payload
from users.serializers import (
    LoginInput,
    LoginOutput,
    ProfileInput,
    ProfileOutput,
    RefreshInput,
    RegisterInput,
    TokenOutput,
)
from users.sessions import Pair

NO_STORE = {"Cache-Control": "no-store"}


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class PublicAuthView(APIView):
    """No bearer is looked at here: an old token must not stand in the way of logging in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(PublicAuthView):
    @extend_schema(request=RegisterInput, responses={201: LoginOutput})
    def post(self, request: Request) -> Response:
        form = RegisterInput(data=request.data)
        form.is_valid(raise_exception=True)
        user, pair = services.register(request=request._request, **form.validated_data)
        return welcome(user, pair, "Welcome to RevSync.", status=201)


class LoginView(PublicAuthView):
    @extend_schema(request=LoginInput, responses=LoginOutput)
    def post(self, request: Request) -> Response:
        form = LoginInput(data=request.data)
        form.is_valid(raise_exception=True)
        user, pair = services.login(request=request._request, **form.validated_data)
        return welcome(user, pair, "Welcome back.")


class RefreshView(PublicAuthView):
    @extend_schema(request=RefreshInput, responses=TokenOutput)
    def post(self, request: Request) -> Response:
        form = RefreshInput(data=request.data)
        form.is_valid(raise_exception=True)
        token = form.validated_data["refresh_token"]
        demand("refresh_ip", throttle_key(client_ip(request._request)))
        demand("refresh_session", token.partition(".")[0][:32])
        return Response(TokenOutput(sessions.refresh(token)).data, headers=NO_STORE)


class LogoutView(APIView):
    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        login = logged_in(request)
        sessions.revoke(
            user_id=logged_in(request).user_id, reason=RevokedReason.LOGOUT, only=login.session_id
        )
        return Response({"message": "You are logged out."})


class LogoutAllView(APIView):
    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        ended = sessions.revoke(user_id=logged_in(request).user_id, reason=RevokedReason.LOGOUT)
        return Response({"message": f"Logged out on {ended} device{'' if ended == 1 else 's'}."})


class ProfileView(APIView):
    @extend_schema(responses=ProfileOutput)
    def get(self, request: Request) -> Response:
        return profile(request.user.pk)

    @extend_schema(request=ProfileInput, responses=ProfileOutput)
    def patch(self, request: Request) -> Response:
        form = ProfileInput(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        if form.validated_data:
            User.objects.visible_to(request.user).update(**form.validated_data)
        return profile(request.user.pk)


def profile(user_id: Any) -> Response:
    return Response(ProfileOutput({"user": account_payload(user_id)}).data)


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
