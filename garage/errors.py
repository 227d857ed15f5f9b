"""Refusals of the garage. Codes never change."""

from typing import Any

from core.errors import DomainError, Invalid, Unavailable, ValueTaken, constraint_errors


class UnreadableFile(Invalid):
    """A reader's verdict on a file: not of its format, broken or hostile."""

    code, message = "file_unreadable", "This file can't be read as an ECU file."


class NoReader(Unavailable):
    code, message = "no_file_reader", "ECU files can't be read on this server now."


class IdTaken(ValueTaken):
    """By a row that is not yours, or that you have deleted."""

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        super().__init__(message, fields={"id": [self.message]}, **extra)


class VinTaken(ValueTaken):
    code, message = "vin_taken", "You already have a vehicle with this VIN."

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        super().__init__(message, fields={"vin": [self.message]}, **extra)


class DongleTaken(ValueTaken):
    code, message = "dongle_taken", "This dongle is linked to another vehicle. Unlink it there first."

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        super().__init__(message, fields={"dongle_id": [self.message]}, **extra)


class DongleMissing(Invalid):
    """A way to connect, and nothing to connect to."""

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        super().__init__(message, fields={"dongle_connection_type": ["Give the dongle_id too."]}, **extra)


class OdometerFell(Invalid):
    """Not a conflict of two writers: the reading itself is doubtful."""

    code = "odometer_fell"
    message = "The odometer can't fall. If it was wrong before, send odometer_correction: true."

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        super().__init__(message, fields={"odometer_km": [self.message]}, **extra)


class BackupKept(DomainError):
    code = "backup_kept"
    message = "The first backup and the newest verified one are kept while the vehicle exists."


class BackupNotVerified(DomainError):
    code, message = "backup_not_verified", "Only a verified backup can be written back."


class FlashBlocked(DomainError):
    """423 with every objection under fields.gates."""

    code, status, message = "flash_blocked", 423, "This flash is not safe yet."


class FlashUnderWay(DomainError):
    code, message = "flash_under_way", "This vehicle has a flash job that is not finished."


class FlashOver(DomainError):
    code, message = "flash_over", "This flash job is over; its file is no longer given out."


class FlashExpired(DomainError):
    code, status, message = "flash_expired", 410, "This flash job has expired. Please start a new one."


class FlashFileChanged(DomainError):
    code, message = (
        "flash_file_changed",
        "The stored file is not the one that was checked. Nothing was given out.",
    )


for _name, _error in {
    "garage_vehicle_one_live_vin": VinTaken,
    "garage_vehicle_one_live_dongle": DongleTaken,
    "garage_vehicle_dongle_whole": DongleMissing,
    "garage_flash_one_live_a_vehicle": FlashUnderWay,
}.items():
    constraint_errors.register(_name, _error)
