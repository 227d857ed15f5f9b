"""What somebody looks for, as conditions over `marketplace_listing l`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from garage.models import Vehicle
from marketplace.fitment import key

Condition = tuple[str, list[Any]]

_WORDS = (
    "l.document @@ (websearch_to_tsquery('english', %s::text) || websearch_to_tsquery('simple', %s::text))"
)
_ROW = (
    "coalesce((SELECT true FROM marketplace_compatibility c WHERE c.tune_id = l.tune_id AND c.deleted_at IS NULL{} "
    "LIMIT 1), false)"
)
# Years have tokens (marketplace/migrations/0003_shelf.py); the first and the last stand for all beyond them too.
FIRST_YEAR, LAST_YEAR = 1960, 2040
FIRST, FIRST_FOR_WORDS = 1000, 200
# The rule of marketplace/fitment.py: every row that is not a "no". A test compares the two.
_FITS = """
 AND CASE WHEN c.vehicle_model_id IS NOT NULL AND %s::uuid IS NOT NULL THEN c.vehicle_model_id = %s::uuid
          ELSE marketplace_key(c.make) IN ('', %s::text) AND marketplace_key(c.model) IN ('', %s::text) END
 AND (%s::int IS NULL OR %s::int BETWEEN coalesce(c.year_from, 0) AND coalesce(c.year_to, 9999))
 AND (%s::text = '' OR marketplace_key(c.ecu_family) IN ('', %s::text))
 AND (%s::text = '' OR marketplace_key(c.ecu_hardware) IN ('', %s::text))
 AND (%s::text = '' OR marketplace_key(c.ecu_software) IN ('', %s::text))
 AND (%s::text = '' OR cardinality(c.calibration_ids) = 0
      OR %s::text IN (SELECT marketplace_key(id) FROM unnest(c.calibration_ids) id))
 AND (c.make <> '' OR %s::text <> '')"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list of tunes. Prices are minor units; `min_rating` is compared with the Bayesian score."""

    search: str = ""
    make: str = ""
    model: str = ""
    year: int | None = None
    ecu: str = ""
    vehicle_type: str = ""
    stage: str = ""
    fuel_type: str = ""
    currency: str = ""
    free: bool | None = None
    price_min: int | None = None
    price_max: int | None = None
    min_rating: float | None = None
    tuner: UUID | None = None
    vehicle: Vehicle | None = None

    @property
    def first(self) -> int:
        """So many rows of the order are tried before anything else, as many may meet this.

        Few for words: of common ones a page stands among them, for the others they cost a tenth of a search.
        """
        if any((self.model, self.ecu, self.tuner, self.vehicle)):
            return 0
        return FIRST_FOR_WORDS if self.search else FIRST

    def conditions(self) -> list[Condition]:
        """SQL and its parameters; those that an index serves come first."""
        found: list[Condition] = []
        if tokens := self._tokens():
            found.append(("l.tokens @> %s::text[]", [tokens]))
        if self.search:
            found.append((_WORDS, [self.search, self.search]))
        for sql, value in (
            ("l.price_minor >= %s::bigint", self.price_min),
            ("l.price_minor <= %s::bigint", self.price_max),
            ("l.score >= %s::float8", self.min_rating),
        ):
            if value is not None:
                found.append((sql, [value]))
        if self.year is not None:
            token = f"year:{min(max(self.year, FIRST_YEAR), LAST_YEAR)}"
            found.append(("l.tokens && %s::text[]", [[token, "year:any"]]))
        if self.free is False:
            found.append(("NOT l.tokens @> '{free:true}'", []))
        if (same_row := self._same_row()) is not None:
            found.append(same_row)
        if self.vehicle is not None:
            found += _compatible(self.vehicle)
        return found

    def _tokens(self) -> list[str]:
        make, model, ecu = key(self.make), key(self.model), key(self.ecu)
        return [
            token
            for token, given in (
                (f"make:{make}", self.make),
                (f"model:{make}/{model}", self.make and self.model),
                (f"ecu:{ecu}", self.ecu),
                (f"type:{self.vehicle_type}", self.vehicle_type),
                (f"stage:{self.stage}", self.stage),
                (f"fuel:{self.fuel_type}", self.fuel_type),
                (f"currency:{self.currency}", self.currency),
                (f"tuner:{self.tuner}", self.tuner),
                ("free:true", self.free),
            )
            if given
        ]

    def _same_row(self) -> Condition | None:
        """Tokens of two rows of a tune may add up to a vehicle that no row names: then one row must have it all.

        LIMIT keeps the planner from joining all rows of all tunes; tunes with one row need not be asked.
        """
        parts: list[tuple[str, list[Any], bool]] = [
            (" AND marketplace_key(c.make) = %s::text", [key(self.make)], bool(self.make)),
            (" AND marketplace_key(c.model) = %s::text", [key(self.model)], bool(self.model)),
            (" AND marketplace_key(c.ecu_family) = %s::text", [key(self.ecu)], bool(self.ecu)),
            (
                " AND %s::int BETWEEN coalesce(c.year_from, 0) AND coalesce(c.year_to, 9999)",
                [self.year],
                self.year is not None,
            ),
        ]
        asked = [(sql, values) for sql, values, given in parts if given]
        token_for_year = self.year is None or FIRST_YEAR < self.year < LAST_YEAR
        if token_for_year and [bool(self.make), bool(self.ecu), self.year is not None].count(True) < 2:
            return None
        row = _ROW.format("".join(sql for sql, _ in asked))
        one_row = "l.tokens @> '{rows:1}' OR " if token_for_year else ""
        return f"({one_row}{row})", [one for _, values in asked for one in values]


def _compatible(vehicle: Vehicle) -> list[Condition]:
    make, model = key(vehicle.make), key(vehicle.model)
    tokens = [f"model:{make}/{model}", f"make_all:{make}"]
    if vehicle.vehicle_model_id:
        tokens.append(f"vm:{vehicle.vehicle_model_id}")
    if vehicle.ecu_family:
        tokens.append(f"ecu_all:{key(vehicle.ecu_family)}")
    same = vehicle.vehicle_model_id
    values: list[Any] = [same, same, make, model, vehicle.year, vehicle.year]
    for part in (vehicle.ecu_family, vehicle.ecu_hardware, vehicle.ecu_software, vehicle.ecu_calibration_id):
        values += [part, key(part)]
    return [
        ("l.tokens && %s::text[]", [tokens]),
        (_ROW.format(_FITS), [*values, vehicle.ecu_family]),
    ]
