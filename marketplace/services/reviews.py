"""Reviews of tunes: by buyers, one a purchase, answered by the tuner, hidden by staff with a reason."""

from uuid import UUID

from django.db import transaction

from core import audit, clock
from core.notes import notify
from core.rls import as_system
from marketplace.errors import BuyersOnly
from marketplace.models import Purchase, PurchaseStatus, Tune, TuneReview
from users.models import User


def write_review(*, author: User, tune: Tune, rating: int, text: str = "") -> tuple[TuneReview, bool]:
    """The review of the author's newest paid purchase, written or rewritten; True when it is new.

    Rewriting a review that staff hid does not bring it back. Raises BuyersOnly (403).
    """
    paid = Purchase.objects.filter(user=author, tune=tune, status=PurchaseStatus.PAID)
    purchase = paid.order_by("-paid_at").first()
    if purchase is None:
        raise BuyersOnly
    with transaction.atomic():
        review, new = TuneReview.objects.update_or_create(
            purchase=purchase,
            defaults={"tune": tune, "author": author, "rating": rating, "text": text, "deleted_at": None},
        )
        if new:
            notify(
                tune.tuner.user_id,
                "tune_reviewed",
                f"{tune.title}: a new review",
                text[:200],
                tune_id=tune.pk,
            )
    return review, new


def reply_to_review(*, owner: User, tune_id: UUID, review_id: UUID, text: str) -> TuneReview | None:
    """The tuner's answer under a visible review of their own tune; None when there is no such review."""
    with as_system("the review belongs to its author"):
        rows = TuneReview.objects.select_for_update(of=("self",)).select_related("author")
        review: TuneReview | None = rows.filter(
            pk=review_id, tune_id=tune_id, tune__tuner__user=owner, hidden_reason="", deleted_at=None
        ).first()
        if review is not None:
            review.reply = text
            review.replied_at = clock.now() if text else None
            review.save(update_fields=["reply", "replied_at"])
    return review


def hide_review(*, review: TuneReview, staff: User, reason: str) -> None:
    """Staff take a review out of sight; it no longer counts."""
    with as_system("staff moderate all reviews"):
        TuneReview.objects.filter(pk=review.pk).update(hidden_reason=reason)
        audit.record("tune_review.hide", actor=staff.pk, target=review.pk, reason=reason)


def show_review(*, review: TuneReview, staff: User) -> None:
    with as_system("staff moderate all reviews"):
        TuneReview.objects.filter(pk=review.pk).update(hidden_reason="")
        audit.record("tune_review.show", actor=staff.pk, target=review.pk)
