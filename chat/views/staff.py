"""The inbox of staff: by a staff key with the scope support, or a login of the support group."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat import frames, services
from chat.models import CannedReply, Kind, Message, Part, Report, Thread
from chat.selectors import messages as messages_of
from chat.selectors import threads as selectors
from chat.serializers import (
    CannedOutput,
    DeskChange,
    DeskMessage,
    DeskQuery,
    DeskReport,
    DeskThread,
    MessageOutput,
    MessagePage,
    MessageQuery,
    NoteOutput,
    ReadInput,
    ReadOutput,
)
from chat.services import desk
from chat.views.messages import PAGE_SIZE, page_answer
from core import clock
from core.errors import Invalid, NotFound
from core.idempotency import Idempotent
from core.pagination import KeysetPagination
from core.serializers import judged
from users.models import User
from users.models.keys import Scope
from users.staff import StaffView

PAGING = ("cursor", "page_size", "ordering", "count")


class DeskView(StaffView):
    scope = Scope.SUPPORT

    def thread(self, pk: UUID) -> Thread:
        """Raises NotFound."""
        found: Thread | None = selectors.desk().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found

    def person(self, request: Request) -> User | None:
        """The member of staff; None for a key."""
        return request.user if isinstance(request.user, User) else None


def shown(rows: list[Any]) -> list[dict[str, Any]]:
    """Threads of `selectors.desk` with what only staff see."""
    answers = []
    for row, answer in zip(rows, selectors.shown(rows, None), strict=True):
        about = selectors.about(row)
        facts = [{"label": label, "value": value} for label, value in (about.facts if about else ())]
        answers.append(
            answer
            | {
                "read_seq": row.last_seq - max(0, row.unread),
                "unread": max(0, row.unread),
                "priority": row.priority,
                "first_response_due_at": row.first_response_due_at,
                "first_responded_at": row.first_responded_at,
                "snoozed_until": row.snoozed_until,
                "facts": facts,
            }
        )
    return [*DeskThread(answers, many=True).data]


class InboxView(DeskView):
    """Conversations with customers, the liveliest first."""

    ordering: ClassVar[str] = "-last_message_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("last_message_at", "created_at", "priority")

    @extend_schema(parameters=[DeskQuery], responses=DeskThread(many=True))
    def get(self, request: Request) -> Response:
        asked = {key: value for key, value in request.query_params.items() if key not in PAGING}
        given = judged(DeskQuery, asked)
        rows = selectors.desk(
            status=given.get("status", ""), kind=given.get("kind", ""), assignee=given.get("assignee_id")
        )
        pages = KeysetPagination()
        return pages.get_paginated_response(shown(pages.paginate_queryset(rows, request, self)))


class ConversationView(DeskView):
    @extend_schema(responses=DeskThread)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shown([self.thread(pk)])[0])

    @extend_schema(request=DeskChange, responses=DeskThread)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Status, priority, and who looks after it."""
        thread, given = self.thread(pk), judged(DeskChange, request.data)
        assignee = given.get("assignee_id")
        person = None
        if assignee is not None:
            person = User.objects.filter(pk=assignee, is_staff=True, is_active=True).first()
            if person is None:
                raise Invalid(fields={"assignee_id": ["There is no such member of staff."]})
        minutes = given.get("snooze_minutes")
        services.set_status(
            thread_id=thread.pk,
            status=given.get("status") or ("snoozed" if minutes else None),
            assignee=person,
            unassign="assignee_id" in given and assignee is None,
            priority=given.get("priority"),
            snooze=timedelta(minutes=minutes) if minutes else None,
        )
        return Response(shown([self.thread(pk)])[0])


class ConversationMessagesView(Idempotent, DeskView):
    @extend_schema(parameters=[MessageQuery], responses=MessagePage)
    def get(self, request: Request, pk: UUID) -> Response:
        thread = self.thread(pk)
        asked = judged(MessageQuery, request.query_params.dict())
        size = asked.pop("page_size", PAGE_SIZE)
        return page_answer(request, messages_of.page(thread.pk, None, limit=size, **asked), asked)

    @extend_schema(request=DeskMessage, responses={201: MessageOutput})
    def post(self, request: Request, pk: UUID) -> Response:
        """Answer the customer, or leave a note for colleagues."""
        thread, given = self.thread(pk), judged(DeskMessage, request.data)
        person = self.person(request)
        note = given.pop("note")
        if person is not None and not note:
            sent = desk.answer(thread_id=thread.pk, by=person, **{"body": ""} | given)
            return Response(messages_of.rest(sent.said), status=200 if sent.duplicate else 201)
        for name in ("attachments", "reply_to", "client_id"):
            if given.get(name):
                raise Invalid(
                    fields={name: ["Only an answer of a person has this; others send Idempotency-Key."]}
                )
        said = services.append(
            thread_id=thread.pk,
            body=given.get("body", ""),
            kind=Kind.NOTE if note else Kind.SYSTEM,
            role=Part.SUPPORT,
            author=person.pk if person else None,
        )
        return Response(messages_of.rest(said), status=201)


class ConversationReadView(DeskView):
    @extend_schema(request=ReadInput, responses=ReadOutput)
    def post(self, request: Request, pk: UUID) -> Response:
        """Staff have seen everything up to `seq`. The customer learns of it only from who takes part."""
        thread = self.thread(pk)
        desk.seen(thread_id=thread.pk, by=self.person(request), seq=judged(ReadInput, request.data)["seq"])
        row = shown([self.thread(pk)])[0]
        return Response({"read_seq": row["read_seq"], "unread": row["unread"]})


class ConversationMessageView(DeskView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID, message_id: UUID) -> Response:
        """Take a message away, whoever wrote it."""
        services.delete(thread_id=self.thread(pk).pk, message_id=message_id, user_id=None)
        return Response(status=204)


class NotesView(DeskView):
    """What colleagues noted; customers never see it."""

    @extend_schema(responses=NoteOutput(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        rows = Message.objects.filter(thread=self.thread(pk), kind=Kind.NOTE, deleted_at=None)
        return Response(
            {
                "results": [
                    {
                        "id": str(row.pk),
                        "body": row.body,
                        "sender_id": str(row.sender_id) if row.sender_id else None,
                        "timestamp": frames.stamp(row.created_at),
                    }
                    for row in rows.order_by("created_at")[:500]
                ],
                "next": None,
                "previous": None,
            }
        )


class CannedRepliesView(DeskView):
    """Ready answers."""

    @extend_schema(responses=CannedOutput(many=True))
    def get(self, request: Request) -> Response:
        rows = CannedReply.objects.filter(deleted_at=None)[:500]
        return Response({"results": CannedOutput(rows, many=True).data, "next": None, "previous": None})


class ReportsView(DeskView):
    """Messages that people complained of; still open, the newest first."""

    ordering: ClassVar[str] = "-created_at"
    ordering_fields: ClassVar[tuple[str, ...]] = ("created_at",)
    scope = Scope.MODERATION

    @extend_schema(responses=DeskReport(many=True))
    def get(self, request: Request) -> Response:
        rows = Report.objects.live().select_related("message").filter(closed_at=None)
        pages = KeysetPagination()
        found = pages.paginate_queryset(rows, request, self)
        return pages.get_paginated_response(DeskReport(found, many=True).data)


class CloseReportView(DeskView):
    scope = Scope.MODERATION

    @extend_schema(request=None, responses=DeskReport)
    def post(self, request: Request, pk: UUID) -> Response:
        row = (
            Report.objects.live()
            .select_for_update(of=("self",))
            .select_related("message")
            .filter(pk=pk)
            .first()
        )
        if row is None:
            raise NotFound
        if row.closed_at is None:
            row.closed_at, row.closed_by = clock.now(), self.person(request)
            row.save(update_fields=["closed_at", "closed_by"])
        return Response(DeskReport(row).data)
