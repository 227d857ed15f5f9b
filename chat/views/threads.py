"""Threads of the person who asks."""

from datetime import datetime
from hashlib import blake2b
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services
from chat.models import Part, Thread
from chat.selectors import messages as messages_of
from chat.selectors import threads as selectors
from chat.serializers import (
    PersonInput,
    ReadInput,
    ReadOutput,
    SyncOutput,
    ThreadChange,
    ThreadInput,
    ThreadOutput,
    TicketOutput,
    UnreadOutput,
)
from chat.services import tickets
from core import clock
from core.errors import Invalid, NotFound, PreconditionFailed
from core.idempotency import Idempotent
from core.pagination import KeysetPagination
from core.refs import Ref
from core.renderers import dumps
from core.serializers import judged
from core.views import ScopedMixin, ScopedViewSet, caller_id
from sync.cursors import sign, unsign
from sync.views import SinceMixin
from users.authentication import logged_in


@extend_schema_view(
    list=extend_schema(responses=ThreadOutput(many=True)),
    retrieve=extend_schema(responses=ThreadOutput),
    create=extend_schema(request=ThreadInput, responses={200: ThreadOutput, 201: ThreadOutput}),
    partial_update=extend_schema(request=ThreadChange, responses=ThreadOutput),
    destroy=extend_schema(
        description="Leave the thread. A direct one can only be muted, or its person blocked."
    ),
)
class ThreadViewSet(SinceMixin, ScopedViewSet):
    """The threads that one is in, the liveliest first."""

    model = Thread
    collection = "chat_threads"
    serializer_class = ThreadOutput
    ordering: ClassVar[str] = "-last_message_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("last_message_at", "created_at", "updated_at")

    def represent(self, rows: Any) -> list[Any]:
        return [*ThreadOutput(selectors.shown(rows, caller_id(self.request)), many=True).data]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if "since" in request.query_params:
            return super().list(request, *args, **kwargs)
        pages = KeysetPagination()
        rows = pages.paginate_queryset(self.get_queryset(), request, self)
        return pages.get_paginated_response(self.represent(rows))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        answer = self._answer(self.get_object())
        if request.headers.get("If-None-Match") == answer.headers["ETag"]:
            return Response(status=304, headers={"ETag": answer.headers["ETag"]})
        return answer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = judged(ThreadInput, request.data)
        context = given.get("context")
        people = dict.fromkeys(given.get("participants", []), Part.USER)
        thread, made = services.open_thread(
            opener=caller_id(request),
            people=people,
            kind=given.get("kind") or ("order" if len(people) > 1 else None),
            subject=given.get("subject", ""),
            context=Ref(context["kind"], context["id"]) if context else None,
        )
        return self._answer(thread, status=201 if made else 200)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = judged(ThreadChange, request.data)
        thread = self.get_object()
        demanded = request.headers.get("If-Match", "*")
        if demanded not in {"*", self._answer(thread).headers["ETag"]}:
            raise PreconditionFailed
        if "muted_until" in given:
            services.mute(thread_id=thread.pk, user_id=caller_id(request), until=given["muted_until"])
        if "subject" in given:
            services.rename(thread_id=thread.pk, user_id=caller_id(request), subject=given["subject"])
        return self._answer(self.get_object())

    def perform_destroy(self, instance: Thread) -> None:
        services.leave(thread_id=instance.pk, user_id=caller_id(self.request))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.perform_destroy(self.get_object())
        return Response(status=204)

    def _answer(self, row: Any, *, status: int = 200) -> Response:
        """The tag is of all that is answered: one's own marks, and who is here, move without the thread."""
        shown = self.represent([row])[0]
        tag = blake2b(dumps(shown), digest_size=12).hexdigest()
        return Response(shown, status=status, headers={"ETag": f'"{tag}"'})


class ThreadView(ScopedMixin, APIView):
    """A door below one thread."""

    model = Thread

    def thread(self, pk: UUID) -> Thread:
        """Raises NotFound."""
        found: Thread | None = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found


class ReadView(ThreadView):
    """Everything up to `seq` was read; a mark never goes back."""

    @extend_schema(request=ReadInput, responses=ReadOutput)
    def post(self, request: Request, pk: UUID) -> Response:
        thread = self.thread(pk)
        seq = judged(ReadInput, request.data)["seq"]
        me = caller_id(request)
        services.mark_read(thread_id=thread.pk, user_id=me, seq=seq)
        mine = selectors.shown([thread], me)[0]
        return Response({"read_seq": mine["read_seq"], "unread": mine["unread"]})


class ParticipantsView(ThreadView, Idempotent):
    """Bring somebody into an order's thread; they see what is said from then on."""

    @extend_schema(request=PersonInput, responses={201: ThreadOutput})
    def post(self, request: Request, pk: UUID) -> Response:
        thread = self.thread(pk)
        given = judged(PersonInput, request.data)
        services.add_person(thread_id=thread.pk, user_id=given["user_id"], by=caller_id(request))
        return Response(ThreadOutput(selectors.shown([thread], caller_id(request))[0]).data, status=201)


class UnreadView(APIView):
    """How much is new, in all threads and in each."""

    @extend_schema(responses=UnreadOutput)
    def get(self, request: Request) -> Response:
        rows = selectors.unread(caller_id(request))
        threads = [{"thread_id": str(thread_id), "unread": count} for thread_id, count in rows]
        return Response({"unread": sum(count for _, count in rows), "threads": threads})


class SyncView(APIView):
    """Messages of all threads that are new or changed after a cursor; each at least once, in order in its thread."""

    PAGE = 200

    @extend_schema(
        parameters=[
            OpenApiParameter("cursor", str, description="Of the last answer; none: from the beginning.")
        ],
        responses=SyncOutput,
    )
    def get(self, request: Request) -> Response:
        me = caller_id(request)
        found, mark, more = messages_of.stream(me, self._mark(me, request), limit=self.PAGE)
        cursor = sign("chat", me, [mark.at.isoformat(), [list(pair) for pair in mark.seen]])
        return Response(
            {
                "messages": [messages_of.rest(said) for said in found],
                "cursor": cursor,
                "has_more": more,
                "server_time": clock.now(),
            }
        )

    def _mark(self, me: UUID, request: Request) -> messages_of.Mark:
        token = request.query_params.get("cursor")
        if not token:
            return messages_of.Mark()
        content = unsign("chat", me, token)
        if content is None:
            raise Invalid(fields={"cursor": ["This cursor was not made for you. Start without one."]})
        at, seen = content
        return messages_of.Mark(datetime.fromisoformat(at), tuple((thread, rev) for thread, rev in seen))


class TicketView(APIView):
    """A ticket instead of a token in the socket's address: it works once, for half a minute."""

    @extend_schema(request=None, responses={201: TicketOutput})
    def post(self, request: Request) -> Response:
        login = logged_in(request)
        ticket, expires_at = tickets.mint(user_id=login.user_id, session_id=login.session_id)
        answer = {"ticket": ticket, "url": f"/chat/ws?ticket={ticket}", "expires_at": expires_at}
        return Response(TicketOutput(answer).data, status=201)
