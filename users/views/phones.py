"""Codes by SMS."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.throttling import parse_rate
from core.views import GatewayView
from users.authentication import OptionalTokenAuthentication, logged_in
from users.models import User
from users.serializers.login import LoginOutput
from users.serializers.security import (
    OtpInput,
    OtpRequestInput,
    OtpSentOutput,
    PhoneVerifiedOutput,
    VerificationStatusOutput,
)
from users.services import otp
from users.views.base import BEARER_OR_NOT, NO_STORE, PublicAuthView, checked, plain, said, welcome


class RequestView(PublicAuthView):
    @extend_schema(request=OtpRequestInput, responses=OtpSentOutput)
    def post(self, request: Request) -> Response:
        """The answer is the same whether anybody has this number or not."""
        form = checked(OtpRequestInput(data=request.data))
        challenge = otp.request_code(request=plain(request), **form)
        pause = parse_rate(settings.THROTTLES["otp_send_pause"])
        answer = {
            "message": "If we serve this number, a code is on its way.",
            "challenge_id": challenge.pk,
            "resend_after": int(pause[1]) if pause else 30,
        }
        return Response(OtpSentOutput(answer).data, headers=NO_STORE)


class ResendView(RequestView):
    """A new code; the one before it ends."""


class LoginView(PublicAuthView):
    @extend_schema(request=OtpInput, responses=LoginOutput)
    def post(self, request: Request) -> Response:
        form = checked(OtpInput(data=request.data))
        return enter(request, form)


class VerifyView(GatewayView):
    """Logs in; with a bearer it proves that the number is the caller's."""

    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)

    @extend_schema(request=OtpInput, responses=PhoneVerifiedOutput, auth=BEARER_OR_NOT)
    def post(self, request: Request) -> Response:
        form = checked(OtpInput(data=request.data))
        if not request.user.is_authenticated:
            return enter(request, form)
        otp.prove(
            login=logged_in(request),
            phone=form["phone"],
            code=form["otp_code"],
            challenge_id=form.get("challenge_id"),
            request=plain(request),
        )
        return said("This number is yours.", phone_number=form["phone"], phone_verified=True)


class StatusView(APIView):
    @extend_schema(responses=VerificationStatusOutput)
    def get(self, request: Request) -> Response:
        user = User.objects.visible_to(request.user).get()
        answer = {"phone_number": user.phone, "phone_verified": user.phone_verified_at is not None}
        return Response(VerificationStatusOutput(answer).data)


def enter(request: Request, form: dict[str, str]) -> Response:
    fields = dict(form)
    user, pair = otp.login(code=fields.pop("otp_code"), request=plain(request), **fields)  # type: ignore[arg-type]
    return welcome(user, pair, "Welcome to RevSync.")
