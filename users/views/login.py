"""Registering, logging in by password, refreshing, logging out."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.clientip import client_ip, throttle_key
from core.serializers import MessageSerializer
from core.throttling import demand
from core.views import GatewayView
from users import sessions
from users.authentication import logged_in
from users.models import RevokedReason
from users.serializers.login import LoginInput, LoginOutput, RefreshInput, RegisterInput, TokenOutput
from users.serializers.security import ReauthenticateInput
from users.services import accounts, proof
from users.views.base import NO_STORE, PublicAuthView, checked, plain, said, welcome


class RegisterView(PublicAuthView):
    @extend_schema(request=RegisterInput, responses={201: LoginOutput, 202: MessageSerializer})
    def post(self, request: Request) -> Response:
        form = checked(RegisterInput(data=request.data))
        made = accounts.register(request=plain(request), **form)
        if made is None:
            return said("Please look into your inbox to finish.", status=202)
        return welcome(*made, "Welcome to RevSync.", status=201)


class SignupAlias(RegisterView):
    alias = True


class LoginView(PublicAuthView):
    @extend_schema(request=LoginInput, responses=LoginOutput)
    def post(self, request: Request) -> Response:
        form = checked(LoginInput(data=request.data))
        return welcome(*accounts.login(request=plain(request), **form), "Welcome back.")


class RefreshView(PublicAuthView):
    @extend_schema(request=RefreshInput, responses=TokenOutput)
    def post(self, request: Request) -> Response:
        demand("refresh_ip", throttle_key(client_ip(plain(request))))
        token = checked(RefreshInput(data=request.data))["refresh_token"]
        return Response(TokenOutput(sessions.refresh(token)).data, headers=NO_STORE)


class LogoutView(APIView):
    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        login = logged_in(request)
        sessions.revoke(
            user_id=login.user_id, reason=RevokedReason.LOGOUT, only=login.session_id, request=plain(request)
        )
        return said("You are logged out.")


class LogoutAllView(APIView):
    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        ended = sessions.revoke(
            user_id=logged_in(request).user_id, reason=RevokedReason.LOGOUT, request=plain(request)
        )
        return said(f"Logged out on {ended} device{'' if ended == 1 else 's'}.")


class ReauthenticateView(GatewayView):
    @extend_schema(request=ReauthenticateInput, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        form = checked(ReauthenticateInput(data=request.data))
        proof.reauthenticate(login=logged_in(request), request=plain(request), **form)
        return said("Thank you, it is you.")
