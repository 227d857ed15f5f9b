"""Finding pieces of a person's own texts: PostgreSQL's full-text search over words that were folded in Python."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import Case, F, FloatField, IntegerField, Q, Value, When

from chat.assistant.models import TrainingChunk, TrainingData
from chat.assistant.wording import terms
from core import clock

CHUNK: Final = 800  # characters
OVERLAP: Final = 100
MOST_TERMS: Final = 24
RECENT: Final = timedelta(days=30)


def pieces(text: str) -> list[str]:
    """A text in pieces of at most `CHUNK` characters that overlap, cut at a blank where there is one."""
    found = []
    start = 0
    while start < len(text):
        end = min(start + CHUNK, len(text))
        if end < len(text):
            blank = max(text.rfind(" ", start + CHUNK // 2, end), text.rfind("\n", start + CHUNK // 2, end))
            end = blank if blank > 0 else end
        if piece := text[start:end].strip():
            found.append(piece)
        if end == len(text):
            break
        start = max(end - OVERLAP, start + 1)
    return found


def index(training: TrainingData) -> None:
    """Its chunks, new."""
    TrainingChunk.objects.filter(training=training).delete()
    TrainingChunk.objects.bulk_create(
        TrainingChunk(
            owner_id=training.owner_id,
            training=training,
            session_id=training.session_id,
            position=position,
            body=piece,
            words=SearchVector(Value(" ".join(terms(f"{training.title} {piece}"))), config="simple"),
        )
        for position, piece in enumerate(pieces(training.body))
    )


def find(user_id: UUID, session_pk: UUID | None, question: str, most: int) -> Sequence[TrainingChunk]:
    """The best pieces for a question: those of the conversation first, then by rank and recency."""
    wanted = list(dict.fromkeys(terms(question)))[:MOST_TERMS]
    if not wanted:
        return []
    # The terms are letters and digits by construction, so they can't be operators.
    query = SearchQuery(
        " | ".join(f"{word}:*" if len(word) > 3 else word for word in wanted),
        search_type="raw",
        config="simple",
    )
    here = Q(session=None) if session_pk is None else Q(session=None) | Q(session_id=session_pk)
    mine = Case(When(session=None, then=Value(1)), default=Value(0), output_field=IntegerField())
    fresh = Case(
        When(training__updated_at__gte=clock.now() - RECENT, then=Value(0.05)),
        default=Value(0.0),
        output_field=FloatField(),
    )
    rows = TrainingChunk.objects.filter(here, owner_id=user_id, training__deleted_at=None, words=query)
    rows = rows.annotate(
        apart=mine, score=SearchRank(F("words"), query, cover_density=True) + fresh
    ).select_related("training")
    return list(rows.order_by("apart", "-score", "training_id", "position")[:most])
