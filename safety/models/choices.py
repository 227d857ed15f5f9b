"""The words that rows of safety use."""

from django.db import models


class Verdict(models.TextChoices):
    """From the engine; `pass` means that these checks found no problem, not that a tune is safe."""

    PASS = "pass", "No problem found"
    CAUTION = "caution", "Caution"
    INSUFFICIENT = "insufficient_data", "Too little could be checked"
    CONFIRM = "confirm", "Needs confirmation"
    BLOCK = "block", "Do not flash"
    NOT_ANALYSED = "not_analysed", "Not analysed"


class ReportState(models.TextChoices):
    """A queued report has no verdict yet; the job fills it in."""

    QUEUED = "queued", "Waiting for the analyser"
    READY = "ready", "Ready"


class BaselineKind(models.TextChoices):
    """A stand-in is another vehicle's tune: it never counts as a backup."""

    NONE = "", "Nothing"
    BACKUP = "backup", "ECU backup"
    NEAREST = "nearest", "Nearest verified tune"
