"""What buyers say of a tune, and what riders keep an eye on."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Record
from core.querysets import ScopedQuerySet
from marketplace.models.buying import Purchase
from marketplace.models.tunes import Tune


class ReviewQuerySet(ScopedQuerySet["TuneReview"]):
    """Everybody reads reviews that staff did not hide; an author also reads their own hidden one."""

    owner_path = "author"

    def history_of(self, user: Any) -> "ReviewQuerySet":
        return self.filter(self.scope(user))

    def scope(self, user: Any) -> Q:
        public = Q(hidden_reason="")
        return public | Q(author=user) if user.is_authenticated else public


class TuneReview(Record):
    """One a purchase. A trigger keeps the tune's rating exact, whoever writes, hides or deletes."""

    tune = models.ForeignKey(Tune, on_delete=models.CASCADE, related_name="reviews")
    purchase = models.OneToOneField(Purchase, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=4000, blank=True)
    reply = models.TextField(max_length=4000, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    hidden_reason = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "review"
        constraints = [
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="marketplace_one_to_five")
        ]
        indexes = [models.Index(fields=["tune", "-created_at", "-id"], name="marketplace_reviews_of")]

    def __str__(self) -> str:
        return f"{self.rating} of 5"


class FavouriteQuerySet(ScopedQuerySet["Favourite"]):
    owner_path = "owner"


class Favourite(Record):
    """A tune on somebody's wishlist, with a note of their own."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    tune = models.ForeignKey(Tune, on_delete=models.CASCADE, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = FavouriteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "tune"], condition=Q(deleted_at=None), name="marketplace_favourite_once"
            )
        ]
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="marketplace_favourites_of")]

    def __str__(self) -> str:
        return str(self.tune)
