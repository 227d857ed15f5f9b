"""What garage lets higher apps plug in: readers of ECU files, sources of flashes, gates, lines of a timeline."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from uuid import UUID

from core.registry import Registry
from garage.errors import NoReader, UnreadableFile

if TYPE_CHECKING:
    from garage.models import Vehicle
    from users.models import User

BACKUP, TUNE = "backup", "tune"


# -- Reading ECU files


@dataclass(frozen=True, slots=True)
class EcuFileFacts:
    """What a reader found in an ECU file.

    format: "msq", "bin", "hex", "s19" ...; family: "speeduino", "rusefi" ...; signature: the firmware's own words.
    checksum_ok: None where no definition says how this format is summed. verified: whole enough to be written
    back; a readable file may still be none (a blank page, a wrong checksum), and `detail` says why.
    """

    format: str
    family: str = ""
    signature: str = ""
    calibration_id: str = ""
    checksum_ok: bool | None = None
    verified: bool = False
    detail: str = ""


@runtime_checkable
class FileReader(Protocol):
    """Reads hostile bytes in a limited process.

    Raises `garage.errors.UnreadableFile` with a sentence for the owner; `core.errors.Unavailable` when it can't
    look now (asked again later). `filename` is the owner's name for it: a hint, never a path.
    """

    def read(self, data: bytes, filename: str) -> EcuFileFacts: ...


file_readers: Registry[FileReader] = Registry("file_readers", FileReader)


def read_ecu_file(data: bytes, filename: str) -> EcuFileFacts:
    """The facts of the first reader that can read it. Raises UnreadableFile; NoReader when none is plugged in."""
    refusal: UnreadableFile | None = None
    for reader in file_readers.values():
        try:
            return reader.read(data, filename)
        except UnreadableFile as problem:
            refusal = problem
    raise refusal or NoReader


# -- Flashing


@dataclass(frozen=True, slots=True)
class FlashFile:
    """The file that would be written.

    stored_file: id of core's stored file; sha256: hex; size: bytes; label: what the owner sees.
    ecu_expected: identity that the ECU must show before it is written, any of family, hardware, software,
    calibration_id, signature; empty values are not compared.
    """

    stored_file: UUID
    sha256: str
    size: int
    label: str
    kind: str = TUNE
    ecu_expected: dict[str, str] = field(default_factory=dict)
    format: str = ""


@runtime_checkable
class FlashSource(Protocol):
    """`file_for` names the file if this user may write it to this vehicle.

    Raises a DomainError: 404 when the source is absent or not theirs, 409 when it can't be flashed now. Runs in
    the transaction that makes the job; must not touch the network.
    """

    def file_for(self, user: "User", vehicle: "Vehicle", source_id: UUID) -> FlashFile: ...


@dataclass(frozen=True, slots=True)
class FlashRequest:
    """What somebody asks to write. `acknowledgement` is the sentence they confirmed, or ""."""

    user: "User"
    vehicle: "Vehicle"
    source_kind: str
    source_id: UUID
    file: FlashFile
    safety_report_id: UUID | None = None
    acknowledgement: str = ""

    @property
    def restores_own_backup(self) -> bool:
        """The vehicle's own verified backup: needs no report."""
        return self.source_kind == BACKUP


@dataclass(frozen=True, slots=True)
class Objection:
    """Why not. `waivable`: staff may let it pass for one flash of this vehicle (audited)."""

    code: str
    message: str
    detail: dict[str, Any] = field(default_factory=dict)
    waivable: bool = False


@runtime_checkable
class FlashGate(Protocol):
    """All its objections to this flash; none lets it pass. Reads only, in the transaction that makes the job."""

    def objections(self, flash: FlashRequest) -> list[Objection]: ...


@runtime_checkable
class Acknowledged(Protocol):
    """The words with which this user confirmed a report already, or "": a job that names it keeps them."""

    def words(self, user: "User", report_id: UUID) -> str: ...


flash_sources: Registry[FlashSource] = Registry("flash_sources", FlashSource)
flash_gates: Registry[FlashGate] = Registry("flash_gates", FlashGate)
acknowledged: Registry[Acknowledged] = Registry("acknowledged", Acknowledged)


# -- The story of a vehicle


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One line for support: `kind` picks the icon; `link` is an admin path or ""."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    link: str = ""


@runtime_checkable
class TimelineSource(Protocol):
    """The newest `limit` events of a vehicle."""

    def events(self, vehicle_id: UUID, limit: int) -> list[TimelineEvent]: ...


timeline_sources: Registry[TimelineSource] = Registry("timeline_sources", TimelineSource)


# -- Rows of others about a vehicle


@runtime_checkable
class VehicleRows(Protocol):
    """An app that keeps rows about vehicles."""

    def gone(self, vehicle: "Vehicle") -> None:
        """The vehicle is being deleted by its owner: mark the rows about it as deleted, so that phones learn of it.

        In the transaction of the deletion; short, without network.
        """
        ...


vehicle_rows: Registry[VehicleRows] = Registry("vehicle_rows", VehicleRows)
