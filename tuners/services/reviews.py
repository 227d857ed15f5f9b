"""Reviews of tuners: by right, one a person, answered by the tuner, hidden by staff with a reason."""

from uuid import UUID

from django.db import transaction

from core import audit, clock
from core.notes import notify
from core.refs import Ref
from core.rls import as_system
from tuners.errors import ReviewNotAllowed
from tuners.models import TunerProfile, TunerReview
from tuners.ports import review_rights
from users.models import User


def write_review(
    *, author: User, tuner: TunerProfile, rating: int, text: str = ""
) -> tuple[TunerReview, bool]:
    """The author's one review of this tuner, written or rewritten; True when it is new.

    Rewriting a review that staff hid does not bring it back. Raises ReviewNotAllowed (403).
    """
    right = _right(author.pk, tuner)
    with transaction.atomic():
        review, new = TunerReview.objects.update_or_create(
            tuner=tuner,
            author=author,
            defaults={
                "rating": rating,
                "text": text,
                "right_kind": right.kind,
                "right_id": right.id,
                "deleted_at": None,
            },
        )
        if new:
            notify(tuner.user_id, "tuner_reviewed", "You have a new review", text[:200], tuner_id=tuner.pk)
    return review, new


def reply_to_review(*, tuner: TunerProfile, review_id: UUID, text: str) -> TunerReview | None:
    """The tuner's answer under a review of theirs; None when there is no such review."""
    with as_system("the review belongs to its author"):
        review: TunerReview | None = (
            TunerReview.objects.select_for_update()
            .filter(pk=review_id, tuner=tuner, hidden_reason="", deleted_at=None)
            .first()
        )
        if review is not None:
            review.reply = text
            review.replied_at = clock.now() if text else None
            review.save(update_fields=["reply", "replied_at"])
    return review


def hide_review(*, review: TunerReview, staff: User, reason: str) -> None:
    """Staff take a review out of sight; it no longer counts."""
    with as_system("staff moderate all reviews"):
        TunerReview.objects.filter(pk=review.pk).update(hidden_reason=reason)
        audit.record("tuner_review.hide", actor=staff.pk, target=review.pk, reason=reason)


def show_review(*, review: TunerReview, staff: User) -> None:
    with as_system("staff moderate all reviews"):
        TunerReview.objects.filter(pk=review.pk).update(hidden_reason="")
        audit.record("tuner_review.show", actor=staff.pk, target=review.pk)


def _right(author_id: UUID, tuner: TunerProfile) -> Ref:
    if author_id != tuner.user_id:
        for plug in review_rights.values():
            if right := plug.right(author_id, tuner.user_id):
                return right
    raise ReviewNotAllowed
