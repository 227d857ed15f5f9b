"""What staff answer with."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from chat.models.message import MAX_BODY
from core.models import Record


class CannedReply(Record):
    """A ready answer; staff write `/shortcut`."""

    shortcut = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    body = models.TextField(max_length=MAX_BODY)
    team = models.CharField(max_length=20, blank=True, help_text="A staff group, or empty for all.")

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        verbose_name_plural = "canned replies"
        ordering = ["shortcut"]
        constraints = [
            models.UniqueConstraint(
                fields=["shortcut"], condition=Q(deleted_at=None), name="chat_shortcut_once"
            )
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut} {self.title}"
