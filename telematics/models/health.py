"""Trouble codes, maintenance, and the devices that tell: what a vehicle's state of health is made of."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ids import uuid7
from core.querysets import ScopedQuerySet
from garage.models.vehicle import VehicleRow


class DtcStatus(models.TextChoices):
    STORED = "stored", "Stored"
    PENDING = "pending", "Pending"
    PERMANENT = "permanent", "Permanent"


class DtcReportQuerySet(ScopedQuerySet["DtcReport"]):
    owner_path = "owner_id"


class DtcReport(models.Model):
    """What a device said of trouble codes at one instant; events are made of all of them, in order of time.

    codes: [[code, status, freeze frame], ...], null where it did not speak of codes, empty: there were none.
    """

    pk = models.CompositePrimaryKey("vehicle_id", "at", "digest")
    vehicle_id = models.UUIDField()
    owner_id = models.UUIDField()
    at = models.DateTimeField()
    digest = models.BinaryField(help_text="blake2b-128 of codes and lamp.")
    codes = models.JSONField(null=True)
    mil = models.BooleanField(null=True)
    anchor = models.BooleanField(
        default=False, help_text="The state when older reports were purged; older ones count no more."
    )
    received_at = models.DateTimeField(db_default=Now())

    objects = DtcReportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner_id"], name="telematics_reports_of_owner")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class DtcEvent(VehicleRow):
    """A trouble code from its first report to the first one without it; when it comes back, that is another one.

    `occurrences`: reports that had it. `status` and `freeze_frame`: of the last report that had them.
    """

    code = models.CharField(max_length=5)
    status = models.CharField(max_length=10, choices=DtcStatus.choices)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    occurrences = models.PositiveIntegerField()
    purged = models.PositiveIntegerField(default=0, help_text="Of the occurrences: reports that were purged.")
    freeze_frame = models.JSONField(default=dict, blank=True)
    acked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "trouble code"
        ordering = ["-first_seen"]
        indexes = [
            models.Index(fields=["vehicle", "-first_seen"], name="telematics_dtcs_of_vehicle"),
            models.Index(fields=["owner", "-created_at", "-id"], name="telematics_dtcs_of_owner"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle", "code"],
                condition=Q(cleared_at=None, deleted_at=None),
                name="telematics_dtc_one_open",
            ),
            models.CheckConstraint(
                condition=Q(last_seen__gte=F("first_seen")), name="telematics_dtc_forward"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class DtcDefinition(models.Model):
    """A manufacturer's own words for a code; they go before the generic ones. `make` is lower case."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    make = models.CharField(max_length=80)
    code = models.CharField(max_length=5)
    text = models.CharField(max_length=400)

    class Meta:
        verbose_name = "manufacturer's trouble code"
        constraints = [models.UniqueConstraint(fields=["code", "make"], name="telematics_definition_once")]

    def __str__(self) -> str:
        return f"{self.code} ({self.make})"


class MaintenancePlan(VehicleRow):
    """Work that comes back every so many kilometres, months or engine hours, whichever is first.

    lead_*: how long before it counts as due soon. `told_at`: when the owner was told of the present due.
    """

    title = models.CharField(max_length=120)
    every_km = models.PositiveIntegerField(null=True, blank=True)
    every_months = models.PositiveSmallIntegerField(null=True, blank=True)
    every_hours = models.PositiveIntegerField(null=True, blank=True)
    last_done_on = models.DateField()
    last_done_km = models.FloatField(default=0)
    last_done_hours = models.FloatField(default=0)
    lead_km = models.PositiveIntegerField(default=500)
    lead_days = models.PositiveSmallIntegerField(default=14)
    lead_hours = models.PositiveSmallIntegerField(default=10)
    notes = models.TextField(max_length=4000, blank=True)
    told_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="telematics_plans_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(every_km__gt=0) | Q(every_months__gt=0) | Q(every_hours__gt=0),
                name="telematics_plan_comes_back",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Protocol(models.TextChoices):
    TORQUE = "torque", "Torque Pro"
    OSMAND = "osmand", "OsmAnd or Traccar Client"
    OWNTRACKS = "owntracks", "OwnTracks"


class DeviceKey(VehicleRow):
    """A secret with which a device may write samples of one vehicle, and nothing else. Only its hash is kept.

    `told`: what the device said of itself (names and units of its signals). Deleting it ends it at once.
    """

    protocol = models.CharField(max_length=10, choices=Protocol.choices)
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=8, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key, hexadecimal.")
    last_used_at = models.DateTimeField(null=True, blank=True)
    told = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="telematics_keys_of_owner")]

    def __str__(self) -> str:
        return self.name or f"{self.get_protocol_display()} {self.prefix}"


class ImportFormat(models.TextChoices):
    GPX = "gpx", "GPX track"
    TORQUE_CSV = "torque_csv", "Torque log (CSV)"
    OPENXC = "openxc", "OpenXC trace (JSON lines)"
    DBC = "dbc", "CAN frames with a DBC file"


class ImportState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ImportJob(VehicleRow):
    """A file that is read into samples. `percent` moves while it runs; `message` says why it failed, or what it skipped."""

    format = models.CharField(max_length=10, choices=ImportFormat.choices)
    file_id = models.UUIDField()
    dbc_file_id = models.UUIDField(null=True, blank=True)
    start_at = models.DateTimeField(null=True, blank=True, help_text="For files without times of their own.")
    state = models.CharField(max_length=7, choices=ImportState.choices, default=ImportState.QUEUED)
    percent = models.PositiveSmallIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0, help_text="Samples found in the file.")
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Lines without an instant or a number.")
    message = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="telematics_imports_of_owner")]
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="telematics_import_percent")
        ]

    def __str__(self) -> str:
        return f"{self.get_format_display()}, {self.percent} %"
