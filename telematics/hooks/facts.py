"""Facts follow from samples and reports; a person's are given out whole and wiped, a demo has some."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from core import clock
from core.ports import demo_worlds, file_holders, personal_data
from garage.ports import TimelineEvent, timeline_sources, vehicle_rows
from telematics import ports
from telematics.ingest.batch import Batch
from telematics.instants import millis
from telematics.models import (
    Alert,
    AlertKind,
    AlertRule,
    DeviceKey,
    DtcEvent,
    DtcReport,
    Geofence,
    ImportJob,
    ImportState,
    Latest,
    MaintenancePlan,
    Protocol,
    Trip,
    TripEdit,
)
from telematics.samples import EMPTY
from telematics.selectors.dtc import describe
from telematics.services.deleting import tombstone_of
from telematics.services.devices import make_key
from telematics.services.dtcs import reported
from telematics.services.facts import settle, stirred
from telematics.services.ingesting import report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from garage.models import Vehicle

HELD: Final[Mapping[str, Any]] = {
    "trips": Trip,
    "trip_edits": TripEdit,
    "alert_rules": AlertRule,
    "alerts": Alert,
    "geofences": Geofence,
    "trouble_codes": DtcEvent,
    "trouble_code_reports": DtcReport,
    "maintenance_plans": MaintenancePlan,
    "device_keys": DeviceKey,
    "imports": ImportJob,
}
# Children before what they point at.
WIPED: Final = (
    Alert, AlertRule, Geofence, TripEdit, Trip, DtcEvent, DtcReport, MaintenancePlan, DeviceKey, ImportJob,
)  # fmt: skip


class FactsData:
    def export(self, user_id: UUID) -> Mapping[str, Any]:
        """Every row, tombstones included, by table; of keys not even the hash."""
        found = {name: list(model.objects.filter(owner_id=user_id).values()) for name, model in HELD.items()}
        for row in found["trouble_code_reports"]:
            row.pop("digest")
        for row in found["device_keys"]:
            row.pop("digest")
        return found

    def erase(self, user_id: UUID) -> None:
        """Rows go for good."""
        for model in WIPED:
            model.objects.filter(owner_id=user_id).delete()


class ImportFiles:
    """A file that is being read can't be deleted."""

    def holds(self, file_id: UUID) -> bool:
        open_jobs = ImportJob.objects.filter(state__in=(ImportState.QUEUED, ImportState.RUNNING))
        return bool(
            open_jobs.filter(file_id=file_id).exists() or open_jobs.filter(dbc_file_id=file_id).exists()
        )


class RowsOfVehicle:
    """What follows from the samples of a vehicle goes with it, and its devices are refused."""

    def gone(self, vehicle: Vehicle) -> None:
        tombstone_of(vehicle)


class CodesOfVehicle:
    """Trouble codes in the story of a vehicle."""

    def events(self, vehicle_id: UUID, limit: int) -> list[TimelineEvent]:
        rows = DtcEvent.objects.live().filter(vehicle_id=vehicle_id).select_related("vehicle")
        return [
            TimelineEvent(
                at=row.first_seen,
                kind="trouble code",
                title=f"{row.code} {'cleared' if row.cleared_at else row.get_status_display().lower()}",
                detail=describe(row.code, row.vehicle.make).text,
                link=f"telematics/dtcevent/{row.pk}/change/",
            )
            for row in rows.order_by("-first_seen")[:limit]
        ]


class DemoFacts:
    """Facts of the demo's drives, and one of each thing that an owner can set up."""

    def fill(self, world: dict[str, Any]) -> None:
        bike = world["alice_vehicle"]
        if MaintenancePlan.objects.filter(vehicle=bike).exists():
            return
        told = Latest.objects.filter(pk=bike.pk).first()
        home = Geofence.objects.create(
            owner=bike.owner, name="Home",
            lat=told.lat if told and told.lat is not None else 18.7546,
            lon=told.lon if told and told.lon is not None else 73.4062,
            radius_m=300,
        )  # fmt: skip
        since = clock.now() - timedelta(days=30)
        AlertRule.objects.create(owner=bike.owner, kind=AlertKind.GEOFENCE, geofence=home, since=since)
        AlertRule.objects.create(
            owner=bike.owner, vehicle=bike, name="Not faster than 100", kind=AlertKind.OVERSPEED,
            params={"limit": 100, "min_s": 3}, since=since,
        )  # fmt: skip
        MaintenancePlan.objects.create(
            owner=bike.owner, vehicle=bike, title="Engine oil and filter", every_km=6000, every_months=12,
            last_done_on=(clock.now() - timedelta(days=200)).date(), last_done_km=14_500,
        )  # fmt: skip
        make_key(bike, protocol=Protocol.TORQUE, name="Phone on the handlebar")
        settle(bike.pk)
        at = millis(clock.now() - timedelta(days=2))
        lambda_sensor, air = ports.TroubleCode("P0133"), ports.TroubleCode("P0113", "pending")
        report(bike.pk, bike.owner_id, at, Batch(EMPTY, codes=[lambda_sensor, air], mil=True))
        report(bike.pk, bike.owner_id, at + 86_400_000, Batch(EMPTY, codes=[lambda_sensor], mil=True))


ports.stirred.register("facts", stirred)
ports.reported.register("codes", reported)
personal_data.register("telematics_facts", FactsData())
file_holders.register("telematics", ImportFiles())
vehicle_rows.register("telematics", RowsOfVehicle())
timeline_sources.register("trouble codes", CodesOfVehicle())
demo_worlds.register("telematics_facts", DemoFacts())
