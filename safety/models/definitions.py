"""Files that explain images to the reader. They are code-like input: only staff bring them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from core.models import Record
from core.querysets import ScopedQuerySet


class DefinitionKind(models.TextChoices):
    XDF = "xdf", "TunerPro XDF"
    ROMRAIDER = "romraider", "RomRaider or ECUFlash XML"
    INI = "ini", "TunerStudio ini"


class DefinitionQuerySet(ScopedQuerySet["RomDefinition"]):
    """They belong to the house: nobody reaches them through the API."""

    def history_of(self, user: Any) -> "DefinitionQuerySet":
        return self.none()


class RomDefinition(Record):
    """`ecu_id` is what an image (or, for an ini, the tune's signature) must contain to be read with this file."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=DefinitionKind.choices)
    ecu_id = models.CharField(
        "ECU id", max_length=80, help_text="Text inside the image, or the signature of the firmware."
    )
    file_id = models.UUIDField(editable=False, help_text="Core's stored file.")
    filename = models.CharField(max_length=200, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    size = models.PositiveIntegerField(editable=False, help_text="Bytes.")
    added_by = models.UUIDField(null=True, editable=False)

    objects: ClassVar[Any] = DefinitionQuerySet.as_manager()

    class Meta:
        verbose_name = "definition"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["ecu_id", "kind"], condition=Q(deleted_at=None), name="safety_definition_once"
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="safety_definition_sha256"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.ecu_id})"
