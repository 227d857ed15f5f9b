"""The demo garage: Alice's motorcycle with its history and the backup of its ECU; Bob's scooter."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from core import clock
from core.files.services import put_bytes
from core.models import FilePurpose
from core.ports import demo_worlds
from garage.models import FuelUp, Mod, OdometerEntry, Reminder, ServiceRecord, Vehicle, VehicleModel
from garage.services.backups import save_backup
from garage.services.catalogue import load
from garage.services.vehicles import notes_on

STOCK = Path(__file__).resolve().parent.parent / "demo" / "stock.msq"
START_KM = 18_400
BIKE = {
    "nickname": "Big bore R1",
    "vin": "JYARN23Y0AA000471",
    "make": "Yamaha",
    "model": "YZF-R1",
    "year": 2010,
    "license_plate": "MH 12 RS 4711",
    "fuel_type": "petrol",
    "ecu_family": "speeduino",
    "ecu_software": "202305",
    "engine_displacement_cc": Decimal(1027),
    "engine_cylinders": 4,
    "engine_stroke": 4,
    "engine_aspiration": "na",
    "engine_redline_rpm": 13500,
    "mods": ["Speeduino ECU", "Big bore kit 1027 cc", "Slip-on exhaust"],
    "notes": "Track days in winter, Western Ghats in autumn.",
}


class DemoGarage:
    def fill(self, world: dict[str, Any]) -> None:
        if not VehicleModel.objects.exists():
            load()
        world["alice_vehicle"] = bike = Vehicle.objects.filter(owner=world["alice"], vin=BIKE["vin"]).first()
        if bike is None:
            world["alice_vehicle"] = _motorcycle(world["alice"])
        if not Vehicle.objects.filter(owner=world["bob"]).exists():
            Vehicle.objects.create(
                owner=world["bob"],
                make="Honda",
                model="Activa",
                year=2022,
                fuel_type="petrol",
                odometer_km=8200,
            )


def _motorcycle(owner: Any) -> Vehicle:
    bike: Vehicle = Vehicle.objects.create(
        owner=owner, vin_notes=notes_on(str(BIKE["vin"]), 2010), odometer_km=START_KM + 1480, **BIKE
    )
    row = {"owner": owner, "vehicle": bike}
    today = clock.now().date()
    _history(row, today)
    Reminder.objects.create(
        **row, title="Valve clearance", due_odometer_km=START_KM + 2000, every_km=Decimal(40_000)
    )
    Reminder.objects.create(
        **row,
        title="Insurance",
        due_on=today + timedelta(days=21),
        every_months=12,
        notes="Policy in documents.",
    )
    file = put_bytes(
        owner.pk, FilePurpose.ECU_BACKUP, "stock.msq", "application/octet-stream", STOCK.read_bytes()
    )
    save_backup(owner_id=owner.pk, vehicle=bike, file_id=file.pk, sha256=file.sha256)
    return bike


def _history(row: dict[str, Any], today: date) -> None:
    """Half a year: a service, a mod, and a full tank every three weeks."""
    rupees = {"currency": "INR"}
    first = today - timedelta(days=170)
    ServiceRecord.objects.create(
        **row, **rupees, title="Oil and filter", done_on=first, odometer_km=START_KM, amount_minor=480_000
    )
    Mod.objects.create(
        **row,
        **rupees,
        title="Slip-on exhaust",
        installed_on=first + timedelta(days=20),
        amount_minor=3_200_000,
    )
    FuelUp.objects.bulk_create(
        FuelUp(
            **row,
            **rupees,
            filled_on=first + timedelta(days=21 * number),
            odometer_km=START_KM + 185 * number,
            quantity=Decimal("12.4") + Decimal(number % 3) / 4,
            amount_minor=128_000 + 1_500 * number,
            station="HP, Lonavala",
        )
        for number in range(9)
    )
    OdometerEntry.objects.create(**row, reading_km=START_KM + 1480)


demo_worlds.register("garage", DemoGarage())
