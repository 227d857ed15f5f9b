"""What the garage keeps: the catalogue, vehicles, the owner's log, ECU backups and flash jobs."""

from garage.models.catalogue import CatalogueState, VehicleBrand, VehicleModel, VehicleType
from garage.models.choices import (
    Aspiration,
    BackupState,
    Connection,
    DocumentKind,
    FlashState,
    FlashStep,
    FuelType,
    FuelUnit,
    ReadingSource,
)
from garage.models.flashing import EcuBackup, FlashEvent, FlashJob, FlashWaiver
from garage.models.log import Document, FuelUp, Mod, OdometerEntry, Reminder, ReminderTold, ServiceRecord
from garage.models.vehicle import Vehicle, VehicleRow

__all__ = [
    "Aspiration",
    "BackupState",
    "CatalogueState",
    "Connection",
    "Document",
    "DocumentKind",
    "EcuBackup",
    "FlashEvent",
    "FlashJob",
    "FlashState",
    "FlashStep",
    "FlashWaiver",
    "FuelType",
    "FuelUnit",
    "FuelUp",
    "Mod",
    "OdometerEntry",
    "ReadingSource",
    "Reminder",
    "ReminderTold",
    "ServiceRecord",
    "Vehicle",
    "VehicleBrand",
    "VehicleModel",
    "VehicleRow",
    "VehicleType",
]
