"""How samples lie in PostgreSQL: packed segments, single rows that wait to be packed, and what is known by heart.

Every table carries its owner for row-level security. The statements that write them stand in
`services/store.py` and in the function `telematics_append` (0001_initial).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ids import uuid7
from core.querysets import ScopedQuerySet
from garage.models import Vehicle


class Source(models.IntegerChoices):
    """Through which door samples came."""

    BATCH = 1, "App"
    TORQUE = 2, "Torque"
    OSMAND = 3, "OsmAnd or Traccar Client"
    OWNTRACKS = 4, "OwnTracks"
    IMPORT = 5, "Import"
    COMPACTED = 6, "Compacted"
    OTHER = 7, "Other"


class SegmentQuerySet(ScopedQuerySet["Segment"]):
    owner_path = "owner_id"


class Segment(models.Model):
    """Up to an hour of samples of one vehicle, packed by `telematics.codec`. Segments may overlap in time, but no
    instant is in two of them. The table is partitioned by month of t0; arrays are in the order of `signals`.
    """

    pk = models.CompositePrimaryKey("vehicle_id", "t0", "digest")
    vehicle_id = models.UUIDField()
    owner_id = models.UUIDField()
    t0 = models.DateTimeField()
    t1 = models.DateTimeField()
    n = models.IntegerField(help_text="Samples.")
    digest = models.BinaryField(help_text="blake2b-128 of what was sent.")
    source = models.SmallIntegerField(choices=Source.choices)
    skew_ms = models.IntegerField(null=True, help_text="Server's clock minus the device's, at the upload.")
    codec = models.SmallIntegerField()
    signals = ArrayField(models.SmallIntegerField())
    smin = ArrayField(models.FloatField(null=True))
    smax = ArrayField(models.FloatField(null=True))
    savg = ArrayField(models.FloatField(null=True))
    slast = ArrayField(models.FloatField(null=True))
    scount = ArrayField(models.IntegerField())
    odo0 = models.FloatField(null=True, help_text="First odometer reading, km.")
    odo1 = models.FloatField(null=True, help_text="Last odometer reading, km.")
    fuel_l = models.FloatField(null=True, help_text="Integral of the fuel rate, litres.")
    dist_m = models.FloatField(null=True, help_text="Integral of the speed, metres.")
    data = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())

    objects = SegmentQuerySet.as_manager()

    class Meta:
        db_table = "telematics_segment"
        constraints = [
            models.CheckConstraint(condition=Q(n__gt=0), name="telematics_segment_has_samples"),
        ]

    def __str__(self) -> str:
        return f"{self.n} samples from {self.t0:%Y-%m-%d %H:%M}"


class VehicleStateQuerySet(ScopedQuerySet["Latest"]):
    owner_path = "owner_id"


class Latest(models.Model):
    """What a vehicle said last. `vals`: signal -> [value, ms]. Samples of any order give the same row.

    `extra`: names of signals that we don't know; their ids count from `signals.FIRST_UNKNOWN`.
    """

    vehicle = models.OneToOneField(Vehicle, on_delete=models.CASCADE, primary_key=True, related_name="+")
    owner_id = models.UUIDField()
    t = models.DateTimeField(null=True)
    vals = models.JSONField(default=dict)
    odometer = models.FloatField(null=True, help_text="Highest plausible reading, km.")
    odometer_at = models.DateTimeField(null=True, help_text="Instant of the highest plausible reading.")
    odometer_told = models.FloatField(null=True, help_text="What the garage was told last, km.")
    odometer_told_at = models.DateTimeField(null=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    dtc_count = models.IntegerField(null=True)
    mil = models.BooleanField(null=True)
    dtc_at = models.DateTimeField(null=True, help_text="When codes or the warning light were last spoken of.")
    last_seen = models.DateTimeField(db_default=Now())
    live_at = models.DateTimeField(null=True, help_text="When a live frame went out last.")
    extra = ArrayField(models.TextField(), default=list)
    keep_days = models.PositiveSmallIntegerField(
        null=True, help_text="Shorter than the plan allows, by the owner."
    )

    objects = VehicleStateQuerySet.as_manager()

    class Meta:
        db_table = "telematics_latest"
        verbose_name = "vehicle's telemetry"
        verbose_name_plural = "telemetry by vehicle"
        indexes = [models.Index(fields=["owner_id"], name="telematics_latest_of_owner")]

    def __str__(self) -> str:
        return f"Telemetry of {self.vehicle}"


class Tail(models.Model):
    """One sample of a device that sends them singly, until it is folded into a segment. `vals`: signal -> value."""

    pk = models.CompositePrimaryKey("vehicle_id", "t")
    vehicle_id = models.UUIDField()
    owner_id = models.UUIDField()
    t = models.DateTimeField()
    vals = models.JSONField()
    source = models.SmallIntegerField(choices=Source.choices)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "telematics_tail"

    def __str__(self) -> str:
        return f"{self.t:%Y-%m-%d %H:%M:%S}"


class Daily(models.Model):
    """One vehicle's day in UTC; kept for ever. Lengths in metres, litres, seconds, km/h."""

    pk = models.CompositePrimaryKey("vehicle_id", "day")
    vehicle_id = models.UUIDField()
    owner_id = models.UUIDField()
    day = models.DateField()
    n = models.IntegerField()
    dist_m = models.FloatField(null=True)
    fuel_l = models.FloatField(null=True)
    drive_s = models.IntegerField(null=True)
    idle_s = models.IntegerField(null=True)
    vmax = models.FloatField(null=True)
    stats = models.JSONField(default=dict, help_text="Signal -> [min, max, mean, last, count].")

    class Meta:
        db_table = "telematics_daily"
        indexes = [models.Index(fields=["owner_id"], name="telematics_daily_of_owner")]

    def __str__(self) -> str:
        return f"{self.day}"


class Dirty(models.Model):
    """A range whose derived facts are to be made anew. `shrinks`: samples went; else they only came."""

    pk = models.CompositePrimaryKey("vehicle_id", "t0", "t1")
    vehicle_id = models.UUIDField()
    owner_id = models.UUIDField()
    t0 = models.DateTimeField()
    t1 = models.DateTimeField()
    shrinks = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "telematics_dirty"
        constraints = [models.CheckConstraint(condition=Q(t1__gte=F("t0")), name="telematics_dirty_forward")]

    def __str__(self) -> str:
        return f"{self.t0} to {self.t1}"


class ArchiveQuerySet(ScopedQuerySet["Archive"]):
    owner_path = "owner_id"


class Archive(models.Model):
    """A month of a vehicle that lies as Parquet in the file store (`services/archiving.py`).

    `t0`, `t1`: its first and last sample. `ended_at`: it is being removed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    vehicle_id = models.UUIDField()
    owner_id = models.UUIDField()
    month = models.DateField()
    key = models.CharField(max_length=200, unique=True)
    rows = models.PositiveIntegerField(help_text="Samples.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    t0 = models.DateTimeField()
    t1 = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ArchiveQuerySet.as_manager()

    class Meta:
        verbose_name = "archived month"
        indexes = [
            models.Index(fields=["vehicle_id", "t0"], name="telematics_archive_of_vehicle"),
            models.Index(fields=["owner_id"], name="telematics_archive_of_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}, {self.rows:,} samples"
