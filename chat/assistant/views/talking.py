"""Questions and their answers, whole and as streams."""

from collections.abc import AsyncIterator, Generator, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from chat.assistant.errors import AssistantUnavailable
from chat.assistant.events import Done, Event, Piece
from chat.assistant.models import MessageStatus
from chat.assistant.serializers import AnswerOutput, AskInput, EditInput, StreamInput
from chat.assistant.services import resuming
from chat.assistant.services.answering import answer_here, heard, read_on, start_answer
from chat.assistant.services.conversing import Ask, Turn, ask, edit, regenerate
from chat.assistant.wire import Form, chosen, written, written_async
from core.idempotency import Idempotent
from core.ids import uuid7
from core.serializers import judged
from core.views import GatewayView
from users.authentication import person

PROTOCOL = OpenApiParameter(
    "protocol", str, enum=["ai-sdk"], description="`ai-sdk`: the AI SDK's UI message stream."
)
AFTER = OpenApiParameter(
    "after", int, description="The last `id` that arrived: only what came after it. 0 sends all."
)
STREAM = {(200, "text/plain"): OpenApiTypes.STR, (200, "text/event-stream"): OpenApiTypes.STR}


class AnyAnswer(BaseContentNegotiation):
    """Streams choose their form by Accept themselves; refusals are JSON whatever was asked for."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(
            (one for one in parsers if request.content_type.split(";")[0].strip() == one.media_type), None
        )

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer = renderers[0]
        return renderer, renderer.media_type


class AskView(Idempotent, GatewayView):
    throttle_scopes = ("assistant",)

    @extend_schema(request=AskInput, responses=AnswerOutput)
    def post(self, request: Request) -> Response:
        """Ask, and wait for the whole answer."""
        turn = ask(person(request), asked(judged(AskInput, request.data)))
        return whole(turn)


class StreamView(GatewayView):
    """`text/plain` by default: the words alone. `Accept: text/event-stream`: events `start`, `delta`, `done`, `error`."""

    throttle_scopes = ("assistant",)
    content_negotiation_class = AnyAnswer

    @extend_schema(request=StreamInput, responses=STREAM, parameters=[PROTOCOL])
    def post(self, request: Request) -> StreamingHttpResponse:
        """Ask, and read the answer while it is written."""
        form = form_of(request)
        said = judged(StreamInput, request.data)
        background = said.pop("background")
        return streamed(request, ask(person(request), asked(said)), form, background=background)


class RegenerateView(GatewayView):
    throttle_scopes = ("assistant",)
    content_negotiation_class = AnyAnswer

    @extend_schema(request=None, responses=STREAM, parameters=[PROTOCOL])
    def post(self, request: Request, session_id: str, pk: UUID) -> StreamingHttpResponse:
        """Another answer to the same question, as a stream; the old one stays as a branch."""
        form = form_of(request)
        return streamed(request, regenerate(person(request), session_id, pk), form)


class EditView(GatewayView):
    throttle_scopes = ("assistant",)
    content_negotiation_class = AnyAnswer

    @extend_schema(request=EditInput, responses=STREAM, parameters=[PROTOCOL])
    def post(self, request: Request, session_id: str, pk: UUID) -> StreamingHttpResponse:
        """Ask an earlier question in other words, as a stream; what followed it stays as a branch."""
        form = form_of(request)
        message = judged(EditInput, request.data)["message"]
        return streamed(request, edit(person(request), session_id, pk, message), form)


class ResumeView(GatewayView):
    content_negotiation_class = AnyAnswer

    @extend_schema(responses=STREAM, parameters=[AFTER, PROTOCOL])
    def get(self, request: Request, session_id: str, pk: UUID) -> StreamingHttpResponse:
        """An answer from where a reader lost it; while it is being written, until its end."""
        form, user = form_of(request), person(request)
        reading = resuming.Reading(user, session_id, pk, after_of(request))
        row = reading.look()
        body: Iterator[bytes] | AsyncIterator[bytes]
        if isinstance(request._request, ASGIRequest):
            body = written_async(resuming.resumed_async(reading, row), form)
        else:
            body = written(resuming.resumed(reading, row), form)
        return stream_response(body, form, session_id, pk)


def asked(said: dict[str, Any]) -> Ask:
    return Ask(
        message=said["message"],
        session_id=said.get("session_id") or str(uuid7()),
        client_id=said["client_id"],
        training=said["training_data"],
    )


def form_of(request: Request) -> Form:
    """Raises ValidationError for a protocol that we don't speak."""
    protocol = request.query_params.get("protocol", "")
    if protocol not in {"", "ai-sdk"}:
        raise ValidationError({"protocol": ["Leave it out, or say ai-sdk."]})
    return chosen(request.headers.get("Accept", ""), protocol)


def after_of(request: Request) -> int:
    """`?after=`, or the header by which a browser's EventSource resumes. Raises ValidationError."""
    raw = request.query_params.get("after") or request.headers.get("Last-Event-ID") or "0"
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 9):
        raise ValidationError({"after": ["Give the last id that arrived, or 0."]})
    return int(raw)


def whole(turn: Turn) -> Response:
    """Raises AssistantUnavailable when not a word came."""
    *_, done = answer_here(turn)
    if not isinstance(done, Done):
        raise AssistantUnavailable(retry_after=10)
    demand_answer(done)
    return Response(
        {
            "response": done.content,
            "session_id": turn.begun.session_id,
            "question_id": turn.begun.question_id,
            "message_id": turn.begun.message_id,
            "status": done.status,
            "provider": done.provider,
            "model": done.model,
            "degraded": done.degraded,
            "error_code": done.error_code,
            "sources": done.sources,
            "cautions": done.cautions,
            "usage": {"prompt_tokens": done.prompt_tokens, "completion_tokens": done.completion_tokens},
        }
    )


def streamed(request: Request, turn: Turn, form: Form, *, background: bool = False) -> StreamingHttpResponse:
    """The answer as a stream. What fails before the first word is a refusal with a status: AssistantUnavailable."""
    body: Iterator[bytes] | AsyncIterator[bytes]
    under_asgi = isinstance(request._request, ASGIRequest)
    if not (under_asgi or background):
        body = written(_peeked(answer_here(turn)), form)
    else:
        answer = start_answer(turn)
        if isinstance(first := answer.first(), Done):
            demand_answer(first)
        body = (
            written_async(heard(answer, turn, background=background), form)
            if under_asgi
            else written(read_on(answer, turn), form)
        )
    return stream_response(body, form, turn.begun.session_id, turn.begun.message_id)


def _peeked(events: Generator[Event]) -> Generator[Event]:
    """The same events, once the first word (or the end without one) is there."""
    held: list[Event] = []
    for event in events:
        held.append(event)
        if isinstance(event, Done):
            demand_answer(event)
        if isinstance(event, Piece | Done):
            break
    return _after(held, events)


def _after(held: list[Event], events: Generator[Event]) -> Generator[Event]:
    try:
        yield from chain(held, events)
    finally:
        events.close()


def demand_answer(done: Done) -> None:
    if done.status == MessageStatus.FAILED:
        raise AssistantUnavailable(retry_after=10)


def stream_response(
    body: Iterator[bytes] | AsyncIterator[bytes], form: Form, session_id: str, message_id: UUID
) -> StreamingHttpResponse:
    headers = {
        "X-Accel-Buffering": "no",
        "Cache-Control": "no-cache",
        "X-Session-Id": session_id,
        "X-Message-Id": str(message_id),
        **form.headers,
    }
    if "pool" in settings.DATABASES["default"]["OPTIONS"]:
        connection.close()  # back to the pool while the answer is read
    return StreamingHttpResponse(body, content_type=form.content_type, headers=headers)
