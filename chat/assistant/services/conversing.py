"""A turn of a conversation: its rows before anybody answers, and what is stored when the answer has ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from chat.assistant.clean import visible
from chat.assistant.context import Gathered, gather
from chat.assistant.errors import AnswerRunning, NotAnAnswer, NotAQuestion
from chat.assistant.events import Begun, Done
from chat.assistant.models import (
    AnswerUsage,
    AssistantMessage,
    AssistantSession,
    MessageRole,
    MessageStatus,
)
from chat.assistant.services.quotas import Allowance, demand_message
from chat.assistant.services.training import add_training, lock_person
from core import audit, clock
from core.errors import Invalid, NotFound
from core.rls import as_user
from users.models import User

TITLE: Final = 60  # characters
LOST: Final = timedelta(seconds=150)  # without a sign of life a running answer counts as lost
FREE: Final = frozenset({"builtin"})  # providers that cost nothing


@dataclass(frozen=True, slots=True)
class Turn:
    """One question that waits for its answer; the rows are committed."""

    user: User
    begun: Begun
    gathered: Gathered
    allowance: Allowance
    repeated: Done | None = None  # the same client_id was answered before: this is that answer


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client sends. client_id: the same one again is the same question."""

    message: str
    session_id: str
    client_id: str = ""
    training: Sequence[str] = field(default_factory=tuple)


def ask(user: User, said: Ask) -> Turn:
    """Write the question down and gather what may be known for it.

    Raises Invalid, QuotaUsedUp, AnswerRunning, TooMuchTraining; then nothing was written.
    """
    text = visible(said.message).strip()
    if not text:
        raise Invalid(fields={"message": ["Ask something."]})
    with as_user(user):
        lock_person(user)
        session = open_session(user, said.session_id)
        if (turn := _repeated(user, session, said.client_id)) is not None:
            return turn
        allowance = _may_go_on(user, session)
        for body in said.training:
            add_training(owner=user, title="", body=body, session=session)
        question = _add(
            session, MessageRole.USER, parent=_newest(session), content=text, client_id=said.client_id
        )
        if not session.title:
            session.title = title_of(text)
        return _turn(user, session, question, allowance)


def regenerate(user: User, session_id: str, message_id: UUID) -> Turn:
    """Another answer to the same question; the one before becomes another branch.

    Raises NotFound, NotAnAnswer, QuotaUsedUp, AnswerRunning.
    """
    with as_user(user):
        lock_person(user)
        session = session_of(user, session_id, lock=True)
        old = message_of(user, session, message_id)
        if old.role != MessageRole.ASSISTANT or old.parent is None:
            raise NotAnAnswer
        allowance = _may_go_on(user, session)
        _show(session, old.parent)
        return _turn(user, session, old.parent, allowance)


def edit(user: User, session_id: str, message_id: UUID, message: str) -> Turn:
    """Ask an earlier question in other words: a branch beside it.

    Raises NotFound, NotAQuestion, Invalid, QuotaUsedUp, AnswerRunning.
    """
    text = visible(message).strip()
    if not text:
        raise Invalid(fields={"message": ["Ask something."]})
    with as_user(user):
        lock_person(user)
        session = session_of(user, session_id, lock=True)
        old = message_of(user, session, message_id)
        if old.role != MessageRole.USER:
            raise NotAQuestion
        allowance = _may_go_on(user, session)
        _show(session, old.parent)
        question = _add(session, MessageRole.USER, parent=old.parent, content=text)
        return _turn(user, session, question, allowance)


def choose(user: User, session_id: str, message_id: UUID) -> None:
    """Show the branch that this message is on: it, what led to it, and the newest of what followed."""
    with as_user(user):
        lock_person(user)
        session = session_of(user, session_id, lock=True)
        message = message_of(user, session, message_id)
        _demand_quiet(session)
        children: dict[UUID | None, list[AssistantMessage]] = {}
        for row in session.messages.order_by("seq").only("id", "parent_id", "seq"):
            children.setdefault(row.parent_id, []).append(row)
        end = message
        while below := children.get(end.pk):
            end = below[-1]
        _show(session, end)


def clear(user: User, session_id: str) -> None:
    """Forget what was said: messages go for good, training texts stay. An empty conversation is none to list."""
    with as_user(user):
        session = session_of(user, session_id, lock=True)
        session.messages.all().delete()
        session.title, session.last_message_at, session.last_seq = "", None, 0
        session.thread_id = session.handed_over_at = None
        session.save()


# -- While and after it is answered


def flush(user: User, message_id: UUID, content: str) -> bool:
    """Write down what there is so far; False when nobody wants the rest (cancelled, cleared)."""
    with as_user(user):
        rows = AssistantMessage.objects.visible_to(user).filter(
            pk=message_id, status=MessageStatus.STREAMING, cancelled_at=None
        )
        return bool(rows.update(content=content))


@dataclass(frozen=True, slots=True)
class Took:
    """What an answer took: milliseconds to the first piece (None: none came) and in all."""

    first_ms: int | None
    total_ms: int
    estimated: bool


def finish(user: User, done: Done, took: Took) -> None:
    """Store an answer and what it took, once; when the conversation was cleared meanwhile, only what it took."""
    with as_user(user):
        rows = AssistantMessage.objects.visible_to(user).filter(
            pk=done.message_id, status=MessageStatus.STREAMING
        )
        rows.update(
            content=done.content,
            status=done.status,
            provider=done.provider,
            model=done.model,
            degraded=done.degraded,
            error_code=done.error_code,
            prompt_tokens=done.prompt_tokens,
            completion_tokens=done.completion_tokens,
            sources=done.sources,
            cautions=done.cautions,
        )
        _, new = AnswerUsage.objects.get_or_create(
            message_id=done.message_id,
            defaults={
                "owner": user,
                "provider": done.provider,
                "model": done.model,
                "prompt_tokens": done.prompt_tokens,
                "completion_tokens": done.completion_tokens,
                "estimated": took.estimated,
                "status": done.status,
                "error_code": done.error_code,
                "first_token_ms": took.first_ms,
                "total_ms": took.total_ms,
            },
        )
        if new and done.provider not in FREE:
            audit.record(
                "assistant.answer",
                actor=user.pk,
                target=f"assistant_message:{done.message_id}",
                outcome=done.status,
                model=done.model,
                prompt_tokens=done.prompt_tokens,
                completion_tokens=done.completion_tokens,
            )


def cancel(user: User, session_id: str, message_id: UUID) -> bool:
    """Ask whoever writes this answer to stop; False when it has ended already. Raises NotFound."""
    with as_user(user):
        session = session_of(user, session_id)
        message = message_of(user, session, message_id)
        rows = AssistantMessage.objects.visible_to(user).filter(
            pk=message.pk, status=MessageStatus.STREAMING, cancelled_at=None
        )
        return bool(rows.update(cancelled_at=clock.now()))


# -- Inside, all as the person


def session_of(user: User, session_id: str, *, lock: bool = False) -> AssistantSession:
    """Raises NotFound."""
    rows = AssistantSession.objects.visible_to(user).filter(session_id=session_id)
    found: AssistantSession | None = (rows.select_for_update() if lock else rows).first()
    if found is None:
        raise NotFound
    return found


def message_of(user: User, session: AssistantSession, message_id: UUID) -> AssistantMessage:
    """Raises NotFound."""
    found: AssistantMessage | None = (
        AssistantMessage.objects.visible_to(user)
        .select_related("parent")
        .filter(pk=message_id, session=session)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def title_of(text: str) -> str:
    """The first line of the first question, cut at a word."""
    line = " ".join(text.split("\n", 1)[0].split())
    if len(line) <= TITLE:
        return line
    cut = line[: TITLE - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut[TITLE // 2 :] else cut}…"


def open_session(user: User, session_id: str) -> AssistantSession:
    """The conversation of that name, new if need be, locked until the transaction ends."""
    session, _ = AssistantSession.objects.get_or_create(owner=user, session_id=session_id)
    locked: AssistantSession = AssistantSession.objects.select_for_update().get(pk=session.pk)
    return locked


def _may_go_on(user: User, session: AssistantSession) -> Allowance:
    _demand_quiet(session)
    return demand_message(user)


def _demand_quiet(session: AssistantSession) -> None:
    """One answer at a time; one whose process died is given up. Raises AnswerRunning."""
    running = session.messages.filter(status=MessageStatus.STREAMING)
    running.filter(updated_at__lt=clock.now() - LOST).update(status=MessageStatus.PARTIAL, error_code="lost")
    if running.exists():
        raise AnswerRunning


def _repeated(user: User, session: AssistantSession, client_id: str) -> Turn | None:
    """The turn of a question that came before, with its answer. Raises AnswerRunning while that is written."""
    if not client_id:
        return None
    question = session.messages.filter(client_id=client_id, role=MessageRole.USER).first()
    if question is None:
        return None
    answer = session.messages.filter(parent=question).order_by("-active", "-seq").first()
    if answer is None or answer.status == MessageStatus.STREAMING:
        raise AnswerRunning
    begun = Begun(session.session_id, question.pk, answer.pk)
    return Turn(user, begun, Gathered(question.content), Allowance(0, 0, 0, 0, clock.now()), done_of(answer))


def done_of(answer: AssistantMessage) -> Done:
    """An answer that was stored, as its readers hear of it."""
    return Done(
        message_id=answer.pk,
        status=answer.status,
        content=answer.content,
        provider=answer.provider,
        model=answer.model,
        degraded=answer.degraded,
        error_code=answer.error_code,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        sources=answer.sources,
        cautions=answer.cautions,
    )


def _newest(session: AssistantSession) -> AssistantMessage | None:
    found: AssistantMessage | None = session.messages.filter(active=True).order_by("-seq").first()
    return found


def _add(session: AssistantSession, role: str, **facts: Any) -> AssistantMessage:
    session.last_seq += 1
    session.last_message_at = clock.now()
    made: AssistantMessage = AssistantMessage.objects.create(
        owner_id=session.owner_id, session=session, seq=session.last_seq, role=role, **facts
    )
    return made


def _turn(user: User, session: AssistantSession, question: AssistantMessage, allowance: Allowance) -> Turn:
    answer = _add(session, MessageRole.ASSISTANT, parent=question, status=MessageStatus.STREAMING)
    session.save(update_fields=["title", "last_seq", "last_message_at"])
    gathered = gather(user, session, question.content, question.seq)
    return Turn(user, Begun(session.session_id, question.pk, answer.pk), gathered, allowance)


def _show(session: AssistantSession, end: AssistantMessage | None) -> None:
    """The branch from the first message to `end` is shown, all others are not."""
    parents = dict(session.messages.values_list("id", "parent_id"))
    shown = []
    at = end.pk if end is not None else None
    while at is not None:
        shown.append(at)
        at = parents[at]
    session.messages.filter(active=True).exclude(pk__in=shown).update(active=False)
    session.messages.filter(active=False, pk__in=shown).update(active=True)
