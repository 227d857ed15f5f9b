"""Conversations: listed, read, cleared, their branches and thumbs."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.assistant.selectors import listed_sessions, shown_messages, with_alternatives
from chat.assistant.serializers import (
    AssistantMessageOutput,
    CancelOutput,
    ConversationOutput,
    FeedbackInput,
    HandOverInput,
    HandOverOutput,
    SessionOutput,
    SessionsOutput,
)
from chat.assistant.services import conversing
from chat.assistant.services.answering import tell_cancelled
from chat.assistant.services.feedback import give_feedback
from chat.assistant.services.handing_over import hand_over
from core.pagination import KeysetPagination
from core.serializers import judged
from core.views import GatewayView
from users.authentication import person

PAGE = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="Taken from `next` or `previous`."),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="1 to 200."),
]


class SessionsView(APIView):
    ordering = "-last_message_at"

    @extend_schema(responses=SessionsOutput, parameters=PAGE)
    def get(self, request: Request) -> Response:
        """The caller's conversations, the one last spoken in first."""
        pages = KeysetPagination()
        rows = pages.paginate_queryset(listed_sessions(person(request)), request, self)
        return Response(named(pages, "sessions", SessionOutput(rows, many=True).data))


class ConversationView(APIView):
    ordering = "seq"
    ordering_fields = ("seq",)

    @extend_schema(
        responses=ConversationOutput,
        parameters=[*PAGE, OpenApiParameter("ordering", str, enum=["seq", "-seq"])],
    )
    def get(self, request: Request, session_id: str) -> Response:
        """The branch that is shown, oldest first; `ordering=-seq` begins at the newest."""
        user = person(request)
        session = conversing.session_of(user, session_id)
        pages = KeysetPagination()
        rows = pages.paginate_queryset(shown_messages(user, session), request, self)
        messages = AssistantMessageOutput(with_alternatives(user, session, rows), many=True).data
        head = {"session_id": session.session_id, "title": session.title, "thread_id": session.thread_id}
        return Response(head | named(pages, "messages", messages))


class ClearView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, session_id: str) -> Response:
        """Forget what was said here, for good. Training texts stay until they are deleted."""
        conversing.clear(person(request), session_id)
        return Response(status=204)


class CancelView(GatewayView):
    @extend_schema(request=None, responses=CancelOutput)
    def post(self, request: Request, session_id: str, pk: UUID) -> Response:
        """Stop an answer that is being written; what there is of it is kept."""
        cancelled = conversing.cancel(person(request), session_id, pk)
        if cancelled:
            tell_cancelled(pk)
        return Response({"cancelled": cancelled})


class ChooseView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, session_id: str, pk: UUID) -> Response:
        """Show the branch that this message is on."""
        conversing.choose(person(request), session_id, pk)
        return Response(status=204)


class FeedbackView(APIView):
    @extend_schema(request=FeedbackInput, responses=FeedbackInput)
    def post(self, request: Request, session_id: str, pk: UUID) -> Response:
        """A thumb for an answer; a second one replaces the first."""
        said = judged(FeedbackInput, request.data)
        give_feedback(person(request), session_id, pk, rating=said["rating"], comment=said["comment"])
        return Response(said)


class HandOverView(APIView):
    @extend_schema(request=HandOverInput, responses={201: HandOverOutput, 200: HandOverOutput})
    def post(self, request: Request, session_id: str) -> Response:
        """A thread with support that has this conversation attached; 200 with the same one if there is one already."""
        said = judged(HandOverInput, request.data)
        thread_id, new = hand_over(person(request), session_id, message=said["message"])
        return Response({"thread_id": thread_id}, status=201 if new else 200)


def named(pages: KeysetPagination, name: str, data: Any) -> dict[str, Any]:
    """A page whose rows have the name that clients were promised."""
    page = pages.envelope(data)
    return {name: page.pop("results"), **page}
