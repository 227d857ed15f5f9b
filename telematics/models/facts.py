"""What follows from samples, and what its owner decided: trips, alerts and their rules, places.

Trips and alerts of samples are a pure function of the stored set (`telematics.derive`); only ids, labels and
acknowledgements have a history.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core import clock
from core.models import Record
from garage.models.vehicle import Vehicle, VehicleRow


class Label(models.TextChoices):
    NONE = "", "None"
    BUSINESS = "business", "Business"
    PRIVATE = "private", "Private"


class Trip(VehicleRow):
    """Units: m, s, km/h, 1/min, degC, litres, km, degrees. `level_used`, `refuelled`: percent of the tank."""

    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    distance_m = models.FloatField()
    distance_source = models.CharField(max_length=10, blank=True, help_text="odometer, speed or gps.")
    gps_m = models.FloatField(null=True, help_text="Way between the fixes, as a check.")
    drive_s = models.FloatField()
    idle_s = models.FloatField()
    speed_max = models.FloatField(null=True)
    speed_avg = models.FloatField(null=True)
    rpm_max = models.FloatField(null=True)
    coolant_max = models.FloatField(null=True)
    fuel_l = models.FloatField(null=True)
    fuel_source = models.CharField(max_length=10, blank=True, help_text="rate, maf or level.")
    level_used = models.FloatField(null=True)
    refuelled = models.FloatField(null=True)
    odometer_start_km = models.FloatField(null=True)
    odometer_end_km = models.FloatField(null=True)
    start_lat = models.FloatField(null=True)
    start_lon = models.FloatField(null=True)
    end_lat = models.FloatField(null=True)
    end_lon = models.FloatField(null=True)
    samples = models.PositiveIntegerField()
    label = models.CharField(max_length=10, choices=Label.choices, blank=True, default=Label.NONE)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-start_at"]
        indexes = [
            models.Index(fields=["vehicle", "-start_at"], name="telematics_trips_of_vehicle"),
            models.Index(fields=["owner", "-created_at", "-id"], name="telematics_trips_of_owner"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(end_at__gte=F("start_at")), name="telematics_trip_forward")
        ]

    def __str__(self) -> str:
        return f"{self.start_at:%Y-%m-%d %H:%M}, {self.distance_m / 1000:.1f} km"


class EditKind(models.TextChoices):
    JOIN = "join", "Joined"
    CUT = "cut", "Split"
    LABEL = "label", "Labelled"


class TripEdit(VehicleRow):
    """What the owner decided of a stretch of time, so that a recompute keeps it.

    join: the pause in t0..t1 ends no trip. cut: at t0 (= t1) one ends. label: the trip around the middle of t0..t1.
    """

    kind = models.CharField(max_length=5, choices=EditKind.choices)
    t0 = models.DateTimeField()
    t1 = models.DateTimeField()
    label = models.CharField(max_length=10, choices=Label.choices, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["vehicle", "t0"], name="telematics_edits_of_vehicle")]
        constraints = [models.CheckConstraint(condition=Q(t1__gte=F("t0")), name="telematics_edit_forward")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.t0:%Y-%m-%d %H:%M}"


class Geofence(Record):
    """A circle (centre and radius) or a polygon (`corners`: [[lat, lon], ...]); positions in degrees."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    lat = models.FloatField(null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    radius_m = models.FloatField(null=True, blank=True)
    corners = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="telematics_fences_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(lat=None, lon=None, radius_m=None) & ~Q(corners=[])
                | Q(lat__range=(-90, 90), lon__range=(-180, 180), radius_m__gt=0, corners=[]),
                name="telematics_fence_has_one_shape",
            )
        ]

    def __str__(self) -> str:
        return self.name


class AlertKind(models.TextChoices):
    """The first nine judge samples; `derive.alerts.KINDS` has their parameters."""

    OVERSPEED = "overspeed", "Overspeed"
    REV_LIMIT = "rev_limit", "Rev limit"
    COOLANT = "coolant", "Coolant hot"
    BATTERY = "battery", "Battery low"
    IDLING = "idling", "Idling"
    HARSH_ACCEL = "harsh_accel", "Harsh acceleration"
    HARSH_BRAKE = "harsh_brake", "Harsh braking"
    GEOFENCE = "geofence", "Place entered or left"
    FUEL_DROP = "fuel_drop", "Fuel drop"
    DTC_NEW = "dtc_new", "New trouble code"
    MIL_ON = "mil_on", "Warning light"
    SILENT = "silent", "Device silent"
    MAINTENANCE = "maintenance", "Maintenance due"


class AlertRule(Record):
    """Of one vehicle, or of all of the owner's. It judges what begins after `since`; a change begins anew.

    New trouble codes, the warning light and due maintenance are told without a rule; an inactive rule mutes them.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=12, choices=AlertKind.choices)
    params = models.JSONField(default=dict, blank=True)
    geofence = models.ForeignKey(Geofence, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    on_enter = models.BooleanField(default=True)
    on_exit = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    since = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="telematics_rules_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=AlertKind.GEOFENCE, geofence__isnull=False)
                | ~Q(kind=AlertKind.GEOFENCE) & Q(geofence=None),
                name="telematics_rule_fence_with_its_kind",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.get_kind_display()


class Alert(VehicleRow):
    """Something that a rule found. The id is made of vehicle, rule and start: a replay makes no second one."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=12, choices=AlertKind.choices)
    what = models.CharField(
        max_length=40, blank=True, help_text="A finer kind: enter, exit, off, running, a code."
    )
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    value = models.FloatField(null=True, help_text="The extreme, in the unit of what the rule looks at.")
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    title = models.CharField(max_length=160)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When the owner acknowledged it.")

    class Meta:
        ordering = ["-start_at"]
        indexes = [
            models.Index(fields=["vehicle", "-start_at"], name="telematics_alerts_of_vehicle"),
            models.Index(fields=["owner", "-created_at", "-id"], name="telematics_alerts_of_owner"),
            models.Index(fields=["rule", "start_at"], name="telematics_alerts_of_rule"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(end_at__gte=F("start_at")), name="telematics_alert_forward")
        ]

    def __str__(self) -> str:
        return self.title
