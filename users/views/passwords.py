"""Changing a password, and getting back in without it."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.serializers import MessageSerializer
from core.views import GatewayView
from users.authentication import logged_in
from users.serializers.security import PasswordChangeInput, PasswordResetConfirmInput, PasswordResetInput
from users.services import passwords
from users.views.base import PublicAuthView, checked, plain, said


class ChangeView(GatewayView):
    @extend_schema(request=PasswordChangeInput, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        form = checked(PasswordChangeInput(data=request.data))
        passwords.change(login=logged_in(request), request=plain(request), **form)
        return said("Your password is changed. Other devices are logged out.")


class ResetView(PublicAuthView):
    @extend_schema(request=PasswordResetInput, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        form = checked(PasswordResetInput(data=request.data))
        passwords.request_reset(request=plain(request), **form)
        return said("If there is an account with this address, a letter is on its way to it.")


class ResetAlias(ResetView):
    alias = True


class ResetConfirmView(PublicAuthView):
    @extend_schema(request=PasswordResetConfirmInput, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        form = checked(PasswordResetConfirmInput(data=request.data))
        passwords.confirm_reset(request=plain(request), **form)
        return said("Your password is changed. Please log in.")
