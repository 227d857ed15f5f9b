"""Who may see what: one sentence a model, in `scope`."""

from typing import Any, Self, TypeVar

from django.db.models import Model, Q, QuerySet

from core import clock

M = TypeVar("M", bound=Model)


class ScopedQuerySet(QuerySet[M, M]):
    """Rows reached through their owner. A model with other rules overrides `scope`."""

    owner_path = "owner"

    def visible_to(self, user: Any) -> Self:
        """The live rows that this user may see; a stranger sees none (and gets 404, never 403)."""
        return self.history_of(user).live()

    def history_of(self, user: Any) -> Self:
        """The same with tombstones: what sync needs."""
        return self.filter(self.scope(user)) if user.is_authenticated else self.none()

    def scope(self, user: Any) -> Q:
        bare = self.owner_path.endswith("_id")  # a column that is no foreign key
        return Q(**{self.owner_path: user.pk if bare else user})

    def live(self) -> Self:
        if any(field.name == "deleted_at" for field in self.model._meta.fields):
            return self.filter(deleted_at=None)
        return self

    def tombstone(self) -> int:
        """Mark all as deleted; the number of rows that were live."""
        return self.live().update(deleted_at=clock.now())
