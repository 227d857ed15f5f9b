"""Things of the garage that tests need."""

import pytest

from core.clock import now
from core.rls import as_system
from core.testing.files import stored
from garage.errors import UnreadableFile
from garage.models import BackupState, EcuBackup, Vehicle
from garage.ports import EcuFileFacts, FlashFile, file_readers, flash_gates, flash_sources

MT07 = {"make": "Yamaha", "model": "MT-07", "year": 2019}
IMAGE = b"ECU1" + bytes(range(256)) * 700  # three chunks


class Reader:
    """Stands for the readers of a higher floor: images begin with ECU1, blank ones can't be written back."""

    def read(self, data, filename):
        if not data.startswith(b"ECU1"):
            raise UnreadableFile("This is no image of an ECU.")
        blank = not any(data[4:])
        return EcuFileFacts(
            format="bin",
            family="speeduino",
            signature="speeduino 202103",
            calibration_id="CAL-1",
            verified=not blank,
            detail="The image is blank." if blank else "",
        )


class Shop:
    """Stands for the marketplace: every stored file is a tune that anybody may write."""

    def __init__(self):
        self.tunes = {}

    def file_for(self, user, vehicle, source_id):
        file = self.tunes[source_id]
        return FlashFile(
            stored_file=file.pk,
            sha256=file.sha256,
            size=file.size,
            label="Stage 1",
            ecu_expected={"family": "speeduino"},
        )


class Gate:
    """Stands for safety."""

    def __init__(self):
        self.says = []
        self.asked = []

    def objections(self, flash):
        self.asked.append(flash)
        return list(self.says)


@pytest.fixture
def garage_plugs(monkeypatch, tmp_path, settings):
    """Only what this file plugs in, whatever higher floors have; files in a folder of their own. (shop, gate)"""
    settings.MEDIA_ROOT = tmp_path
    shop, gate = Shop(), Gate()
    monkeypatch.setattr(file_readers, "_plugs", {"test": Reader()})
    monkeypatch.setattr(flash_sources, "_plugs", {"backup": flash_sources["backup"], "tune": shop})
    monkeypatch.setattr(flash_gates, "_plugs", {"backup": flash_gates["backup"], "test": gate})
    return shop, gate


def make_vehicle(owner, **columns):
    with as_system("test"):
        return Vehicle.objects.create(owner=owner, **(MT07 | columns))


def make_vehicles(owner, count):
    return [make_vehicle(owner, nickname=f"Bike {number}") for number in range(count)]


def make_backup(vehicle, data=IMAGE, state=BackupState.VERIFIED, **columns):
    file = stored(vehicle.owner, data, "ecu_backup", filename="stock.bin")
    with as_system("test"):
        return EcuBackup.objects.create(
            owner=vehicle.owner,
            vehicle=vehicle,
            file_id=file.pk,
            sha256=file.sha256,
            size=file.size,
            filename=file.filename,
            state=state,
            format="bin",
            family="speeduino",
            verified_at=now() if state == BackupState.VERIFIED else None,
            **columns,
        )
