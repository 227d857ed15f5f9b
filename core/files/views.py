"""Doors of the file routes. The signed ones need no login: whoever has the URL has the right."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, HttpResponseRedirect
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import NotFound
from core.files import services
from core.files.delivery import deliver
from core.files.serializers import FileOutput, PresignInput, PresignOutput
from core.models import StoredFile
from core.storage import LocalStore, store
from core.storage.links import read_download_token
from core.views import GatewayView, caller_id

NO_STORE = {"Cache-Control": "no-store"}  # the answer carries a URL that opens a door
HOUR = 3600


class PresignView(APIView):
    throttle_scopes = ("presign",)

    @extend_schema(request=PresignInput, responses={201: PresignOutput})
    def post(self, request: Request) -> Response:
        form = PresignInput(data=request.data)
        form.is_valid(raise_exception=True)
        made = services.presign(caller_id(request), **form.validated_data)
        answer = {
            "url": made.upload.url,
            "method": "PUT",
            "headers": made.upload.headers,
            "file_id": made.file.id,
            "public_url": made.public_url,
            "expires_at": made.file.expires_at,
        }
        return Response(PresignOutput(answer).data, status=201, headers=NO_STORE)


class CompleteView(GatewayView):
    @extend_schema(request=None, responses=FileOutput)
    def post(self, request: Request, file_id: UUID) -> Response:
        return answer_for(services.complete(caller_id(request), file_id))


class FileView(APIView):
    @extend_schema(responses=FileOutput)
    def get(self, request: Request, file_id: UUID) -> Response:
        return answer_for(services.owned(caller_id(request), file_id))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, file_id: UUID) -> Response:
        services.delete(caller_id(request), file_id)
        return Response(status=204)


def answer_for(file: StoredFile) -> Response:
    link = services.signed_download(file)
    names = ("id", "filename", "content_type", "size", "sha256")
    shown = {name: getattr(file, name) for name in names}
    return Response(
        FileOutput({**shown, "url": link.url, "expires_at": link.expires_at}).data, headers=NO_STORE
    )


class SignedView(GatewayView):
    """The URL is the right; a bearer is not looked at, and an `Accept` header can't be wrong."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)


@extend_schema(exclude=True)
class UploadView(SignedView):
    """The PUT of a signed URL, in the local store."""

    def put(self, request: Request, token: str) -> Response:
        raw = request._request
        declared = raw.META.get("CONTENT_LENGTH") or ""
        blob = services.receive(
            token,
            raw,
            content_type=raw.META.get("CONTENT_TYPE") or "",
            length=int(declared) if declared.isascii() and declared.isdigit() else None,
        )
        return Response(headers={"ETag": f'"{blob.sha256}"'})


@extend_schema(exclude=True)
class DownloadView(SignedView):
    """The GET of a signed URL, in the local store."""

    def get(self, request: Request, token: str) -> HttpResponseBase:
        local = store()
        if not isinstance(local, LocalStore):
            raise NotFound
        right = read_download_token(token)
        try:
            return deliver(
                request._request,
                local.path(right.key),
                content_type=right.content_type,
                filename=right.filename,
            )
        except FileNotFoundError:
            raise NotFound from None


@extend_schema(exclude=True)
class PublicFileView(SignedView):
    """The lasting address of a picture that everybody may see."""

    def get(self, request: Request, file_id: UUID) -> HttpResponseBase:
        file = services.public_file(file_id)
        local = store()
        response: HttpResponseBase
        if isinstance(local, LocalStore):
            response = deliver(request._request, local.path(file.key), content_type=file.content_type)
            response["Cache-Control"] = f"public, max-age={HOUR}"
            response["Cross-Origin-Resource-Policy"] = "cross-origin"
        else:
            there = local.address(file.key) or services.signed_download(file).url
            response = HttpResponseRedirect(there)
            response["Cache-Control"] = "public, max-age=60"
        return response
