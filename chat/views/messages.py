"""Messages of one thread, and search over all of one's own."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from chat import services
from chat.models import Attachment, Block, Message
from chat.selectors import messages as selectors
from chat.serializers import (
    AttachmentDownloadOutput,
    BlockInput,
    BlockOutput,
    MessageChange,
    MessageInput,
    MessageOutput,
    MessagePage,
    MessageQuery,
    ReportInput,
    ReportOutput,
)
from chat.services import people
from chat.views.threads import ThreadView
from core.errors import Invalid, NotFound
from core.files.services import signed_download
from core.idempotency import Idempotent
from core.pagination import KeysetPagination
from core.rls import as_system
from core.serializers import judged
from core.views import ScopedMixin, ScopedViewSet, caller_id

PAGE_SIZE = 50


def page_answer(request: Request, found: selectors.Page, asked: dict[str, Any]) -> Response:
    """The envelope of a page of messages; `next` and `previous` go on in the form that was asked for."""
    url = request.build_absolute_uri()
    rows = found.messages
    following = previous = None
    if found.more and ("after_rev" in asked or "since" in asked):
        following = replace_query_param(remove_query_param(url, "since"), "after_rev", rows[-1].rev)
    elif found.more and "after_seq" in asked:
        following = replace_query_param(url, "after_seq", rows[-1].seq)
    elif found.more:
        previous = replace_query_param(url, "before_seq", rows[0].seq)
    headers = {}
    if "after_rev" in asked or "since" in asked:
        until = max([selectors.changed(said) for said in rows], default=asked.get("since"))
        headers = {"X-Sync-Until": until.isoformat().replace("+00:00", "Z")} if until else {}
    body = {
        "results": [selectors.rest(said) for said in rows],
        "next": following,
        "previous": previous,
        "last_seq": found.last_seq,
        "last_rev": found.last_rev,
        "server_time": found.at,
    }
    return Response(body, headers=headers)


class MessagesView(Idempotent, ThreadView):
    @extend_schema(parameters=[MessageQuery], responses=MessagePage)
    def get(self, request: Request, pk: UUID) -> Response:
        thread = self.thread(pk)
        asked = judged(MessageQuery, request.query_params.dict())
        size = asked.pop("page_size", PAGE_SIZE)
        return page_answer(request, selectors.page(thread.pk, caller_id(request), limit=size, **asked), asked)

    @extend_schema(request=MessageInput, responses={200: MessageOutput, 201: MessageOutput})
    def post(self, request: Request, pk: UUID) -> Response:
        """Say something. A repeated `client_id` answers the first message with 200."""
        thread = self.thread(pk)
        given = judged(MessageInput, request.data)
        sent = services.send(thread_id=thread.pk, sender_id=caller_id(request), **{"body": ""} | given)
        status, tag = 200 if sent.duplicate else 201, f'"{sent.said.rev}"'
        return Response(selectors.rest(sent.said), status=status, headers={"ETag": tag})


class MessageView(ThreadView):
    @extend_schema(request=MessageChange, responses=MessageOutput)
    def patch(self, request: Request, pk: UUID, message_id: UUID) -> Response:
        """Other words; with `If-Match` only if nobody has changed it since."""
        thread = self.thread(pk)
        body = judged(MessageChange, request.data)["body"]
        said = services.edit(
            thread_id=thread.pk,
            message_id=message_id,
            user_id=caller_id(request),
            body=body,
            rev=demanded_rev(request),
        )
        return Response(selectors.rest(said), headers={"ETag": f'"{said.rev}"'})

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID, message_id: UUID) -> Response:
        """The message stays in its place, without its words."""
        services.delete(
            thread_id=self.thread(pk).pk,
            message_id=message_id,
            user_id=caller_id(request),
            rev=demanded_rev(request),
        )
        return Response(status=204)


def demanded_rev(request: Request) -> int | None:
    """The `rev` that If-Match names; one that no message has for what is no number."""
    given = request.headers.get("If-Match", "*").strip('"')
    if given == "*":
        return None
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else -1


class AttachmentView(ThreadView):
    """A signed URL of a file that somebody in the thread sent."""

    @extend_schema(responses=AttachmentDownloadOutput)
    def get(self, request: Request, pk: UUID, message_id: UUID, file_id: UUID) -> Response:
        message = selectors.one(self.thread(pk).pk, message_id, caller_id(request))
        if message is None:
            raise NotFound
        with as_system("the file is its sender's"):
            row = Attachment.objects.filter(message=message, file_id=file_id).select_related("file").first()
            if row is None:
                raise NotFound
            url = signed_download(row.file)
        return Response({"url": url.url, "expires_at": url.expires_at})


class ReportView(ThreadView, Idempotent):
    """Staff shall look at a message; once a person."""

    @extend_schema(request=ReportInput, responses={201: ReportOutput})
    def post(self, request: Request, pk: UUID, message_id: UUID) -> Response:
        thread = self.thread(pk)
        given = judged(ReportInput, request.data)
        row = people.report(
            thread_id=thread.pk, message_id=message_id, reporter_id=caller_id(request), **given
        )
        return Response(ReportOutput(row).data, status=201)


class SearchView(ScopedMixin, APIView):
    """Messages with all these words, the newest first; a phrase in quotes, a word to leave out after a minus."""

    model = Message
    ordering: ClassVar[str] = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at",)

    @extend_schema(
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, required=True)],
        responses=MessageOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        words = request.query_params.get("q", "").strip()
        if not words or "\0" in words or len(words) > 200:
            raise Invalid(fields={"q": ["Give the words to look for, at most 200 characters."]})
        pages = KeysetPagination()
        rows = pages.paginate_queryset(selectors.containing(self.get_queryset(), words), request, self)
        found = selectors.by_ids([row.pk for row in rows])
        return pages.get_paginated_response([selectors.rest(found[row.pk]) for row in rows])


@extend_schema_view(
    create=extend_schema(request=BlockInput, responses={201: BlockOutput}),
)
class BlockViewSet(ScopedViewSet):
    """Whom one wants no direct messages from."""

    model = Block
    serializer_class = BlockOutput
    http_method_names = ["get", "post", "delete", "head", "options"]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        other = judged(BlockInput, request.data)["user_id"]
        row = people.block(user_id=caller_id(request), other_id=other)
        return Response(BlockOutput(row).data, status=201)
