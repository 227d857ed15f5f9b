"""Taking one's data along, and leaving."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from core.rls import as_user
from core.views import GatewayView
from users.authentication import logged_in
from users.models import DataExport
from users.serializers.security import AccountDeleteInput, AccountDeleteOutput, ExportSerializer
from users.services import erasure, exports
from users.views.base import NO_STORE, checked, plain


class ExportView(GatewayView):
    @extend_schema(responses=ExportSerializer)
    def get(self, request: Request) -> Response:
        """The newest copy; `url` works for a day once `state` is ready."""
        with as_user(request.user):
            export = DataExport.objects.visible_to(request.user).order_by("-created_at").first()
        if export is None:
            raise NotFound
        return answer(export)

    @extend_schema(request=None, responses={202: ExportSerializer})
    def post(self, request: Request) -> Response:
        """Have a copy of everything made; a letter tells when it is ready."""
        return answer(exports.request_export(login=logged_in(request), request=plain(request)), status=202)


class DeleteView(GatewayView):
    @extend_schema(request=AccountDeleteInput, responses={202: AccountDeleteOutput})
    def post(self, request: Request) -> Response:
        """Close the account; it is erased after fourteen days, a login before then brings it back."""
        form = checked(AccountDeleteInput(data=request.data))
        user = erasure.request_erasure(login=logged_in(request), request=plain(request), **form)
        text = "Your account is closed and will be erased. A login before then brings it back."
        data = AccountDeleteOutput({"message": text, "erase_after": user.erase_after}).data
        return Response(data, status=202, headers=NO_STORE)


def answer(export: DataExport, *, status: int = 200) -> Response:
    data = ExportSerializer(export, context={"url": exports.download_url(export)}).data
    return Response(data, status=status, headers=NO_STORE)
