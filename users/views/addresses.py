"""Proving a mail address, and changing it."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.serializers import MessageSerializer
from core.views import GatewayView
from users.authentication import OptionalTokenAuthentication, logged_in
from users.serializers.security import EmailChangeInput, EmailVerifyInput
from users.services import addresses
from users.views.base import BEARER_OR_NOT, checked, plain, said


class VerifyView(GatewayView):
    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)  # the link of a letter is opened anywhere

    @extend_schema(request=EmailVerifyInput, responses=MessageSerializer, auth=BEARER_OR_NOT)
    def post(self, request: Request) -> Response:
        form = checked(EmailVerifyInput(data=request.data))
        if token := form.get("token"):
            addresses.confirm_by_link(token=token, request=plain(request))
            return said("Thank you, this address is yours.")
        if not request.user.is_authenticated:
            raise NotAuthenticated
        login = logged_in(request)
        if code := form.get("code"):
            addresses.confirm_by_code(
                login=login, code=code, email=form.get("email", ""), request=plain(request)
            )
            return said("Thank you, this address is yours.")
        addresses.send_verification(login=login, request=plain(request))
        return said("A letter is on its way to you.")


class ChangeView(GatewayView):
    @extend_schema(request=EmailChangeInput, responses=MessageSerializer)
    def post(self, request: Request) -> Response:
        form = checked(EmailChangeInput(data=request.data))
        addresses.request_change(login=logged_in(request), request=plain(request), **form)
        return said("A letter is on its way to the new address. Nothing changes until you answer it.")
