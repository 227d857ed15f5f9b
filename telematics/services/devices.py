"""Keys of devices: made, looked up by their hash, ended by deleting."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core import audit, clock
from core.links import absolute
from core.rls import as_system
from telematics.models import DeviceKey, Protocol

if TYPE_CHECKING:
    from uuid import UUID

    from garage.models import Vehicle

BYTES: Final = 20  # 160 random bits: nobody guesses it, and a phone keyboard bears it
SEEN_EVERY: Final = timedelta(minutes=1)
MOST_TOLD: Final = 2000  # names and units of one device
PATHS: Final = {
    Protocol.TORQUE: "/api/v1/ingest/torque/{key}/",
    Protocol.OSMAND: "/api/v1/ingest/osmand/?id={key}",
    Protocol.OWNTRACKS: "/api/v1/ingest/owntracks/",
}


def make_key(vehicle: Vehicle, *, protocol: str, name: str = "") -> tuple[DeviceKey, str]:
    """A new key and, for this once, what it is."""
    secret = secrets.token_hex(BYTES)
    row = DeviceKey.objects.create(
        vehicle=vehicle, owner_id=vehicle.owner_id, protocol=protocol, name=name, prefix=secret[:8],
        digest=digest_of(secret),
    )  # fmt: skip
    audit.record("device_key.make", actor=vehicle.owner_id, target=row.pk, vehicle=str(vehicle.pk))
    return row, secret


def url_of(protocol: str, secret: str) -> str:
    """What to type into the app."""
    return absolute(PATHS[Protocol(protocol)].format(key=secret))


def end_key(row: DeviceKey) -> None:
    """Its device is refused from now on."""
    row.tombstone()
    audit.record("device_key.end", actor=row.owner_id, target=row.pk, vehicle=str(row.vehicle_id))


def find_key(secret: str, protocol: str) -> DeviceKey | None:
    """The live key of a live vehicle for this protocol, or None. Marks it as used, at most once a minute."""
    if not 8 <= len(secret) <= 128:
        return None
    with as_system("a device proves nobody but its vehicle"):
        row: DeviceKey | None = (
            DeviceKey.objects.live()
            .filter(digest=digest_of(secret), protocol=protocol, vehicle__deleted_at=None)
            .first()
        )
        now = clock.now()
        if row is not None and (row.last_used_at is None or now - row.last_used_at > SEEN_EVERY):
            DeviceKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def learn_told(key_id: UUID, told: dict[str, str]) -> None:
    """Keep what a device says of its signals (names, units); nothing is written where nothing is new."""
    with as_system("a device proves nobody but its vehicle"):
        row = DeviceKey.objects.select_for_update().get(pk=key_id)
        merged = {**row.told, **told}
        if merged != row.told and len(merged) <= MOST_TOLD:
            row.told = merged
            row.save(update_fields=["told"])


def digest_of(secret: str) -> str:
    """Random keys of 160 bits need no slow hash: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
