"""What sync lets other apps plug in: collections of records that phones keep.

How to plug a model in (garage/hooks.py):

    from sync.ports import ModelCollection, collections

    collections.register("vehicles", ModelCollection(
        code=10,                                     # small, stable, unique: the migration says the same
        model=Vehicle,
        serializer=VehicleSerializer,                # the rules of REST; its field names are the wire names
        writable=("nickname", "vin", "odometer_km"),
        read_only=("rev", "created_at", "updated_at"),
    ))
    collections.register("mods", ModelCollection(
        code=11, model=Mod, serializer=ModSerializer, parents=("vehicles",),
        writable=("vehicle_id", "title", "fitted_on"),
        owner="",                                    # no column of its own: reached through the vehicle
        scope="EXISTS (SELECT 1 FROM garage_vehicle v WHERE v.id = {row}.vehicle_id AND v.owner_id = %(me)s)",
    ))

and in the app's migration, after the table: `SyncTable("Vehicle", code=10)`, or with `streams=` for rows that are
reached otherwise (sync/operations.py has examples, also for members who come and go: `SyncAccess`).
The view of REST becomes `class VehicleViewSet(SyncedViewSet): collection = "vehicles"` (sync/views.py).

More words of a plug: `direction=Direction.PULL` (server writes only), `merge=Merge.SERVER_WINS` (a push made
against an older state is refused), `public=True` (one stream for all: the catalogue; no scope), `hot=True`
(early in a first sync), `filters={"make": "{row}.make = %s"}` (white list for `filters` of a pull).
A deed with rules of its own overrides `clean` or `write` in a subclass. Columns: `id` always comes first; name
fields by the model's names (`vehicle_id`, `odometer_km`), or give a `Field` where the wire differs from the table.
"""

from sync.ports.plug import ModelCollection
from sync.ports.words import (
    Change,
    Collection,
    Collections,
    Deed,
    Direction,
    Errors,
    Field,
    Merge,
    collections,
)

__all__ = [
    "Change",
    "Collection",
    "Collections",
    "Deed",
    "Direction",
    "Errors",
    "Field",
    "Merge",
    "ModelCollection",
    "collections",
]
