"""Reads over the owner's log: consumption, costs, and what a chart draws."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import DecimalField
from django.db.models.expressions import RawSQL

from garage.models import FuelUp

# What was filled since the full tank before, over the way since then: per 100 km. Null for a tank that is not full
# or the first, and where a fuel-up in between is missing, was of another unit, or has no reading.
_CONSUMPTION = """(
SELECT CASE WHEN count(*) FILTER (WHERE f.missed_previous OR f.unit <> garage_fuelup.unit) = 0
       THEN round(100 * sum(f.quantity) / (garage_fuelup.odometer_km - b.km), 2) END
  FROM (SELECT max(p.odometer_km) AS km FROM garage_fuelup p
         WHERE p.vehicle_id = garage_fuelup.vehicle_id AND p.full_tank AND p.deleted_at IS NULL
           AND p.odometer_km < garage_fuelup.odometer_km) b
  JOIN garage_fuelup f ON f.vehicle_id = garage_fuelup.vehicle_id AND f.deleted_at IS NULL
       AND f.odometer_km > b.km AND f.odometer_km <= garage_fuelup.odometer_km
 WHERE garage_fuelup.full_tank
 GROUP BY b.km)"""


def with_consumption(rows: Any) -> Any:
    """Fuel-ups with `consumption`: units per 100 km since the full tank before, or None."""
    return rows.annotate(consumption=RawSQL(_CONSUMPTION, (), DecimalField()))  # noqa: S611 -- no value in it


@dataclass(frozen=True, slots=True)
class MonthCost:
    """Minor units of one currency in one month ("2026-11")."""

    month: str
    currency: str
    service_minor: int
    fuel_minor: int
    mods_minor: int

    @property
    def total_minor(self) -> int:
        return self.service_minor + self.fuel_minor + self.mods_minor


@dataclass(frozen=True, slots=True)
class Costs:
    """distance_km: between the first and the last reading of the time asked for; None with fewer than two."""

    months: list[MonthCost]
    distance_km: Decimal | None
    totals: list[dict[str, Any]] = field(default_factory=list)


_COSTS = """
SELECT to_char(day, 'YYYY-MM'), currency,
       COALESCE(sum(amount_minor) FILTER (WHERE kind = 's'), 0)::bigint,
       COALESCE(sum(amount_minor) FILTER (WHERE kind = 'f'), 0)::bigint,
       COALESCE(sum(amount_minor) FILTER (WHERE kind = 'm'), 0)::bigint
  FROM (SELECT done_on AS day, currency, amount_minor, 's' AS kind, vehicle_id, deleted_at FROM garage_servicerecord
        UNION ALL
        SELECT filled_on, currency, amount_minor, 'f', vehicle_id, deleted_at FROM garage_fuelup
        UNION ALL
        SELECT COALESCE(installed_on, created_at::date), currency, amount_minor, 'm', vehicle_id, deleted_at
          FROM garage_mod) spent
 WHERE vehicle_id = %(vehicle)s::uuid AND deleted_at IS NULL AND amount_minor IS NOT NULL
   AND day BETWEEN %(first)s::date AND %(last)s::date
 GROUP BY 1, 2 ORDER BY 1, 2"""

# Every reading that a row of the log or the odometer's own history tells, on its day.
_READINGS = """
SELECT day, max(km) FROM (
    SELECT (read_at AT TIME ZONE 'UTC')::date AS day, reading_km AS km FROM garage_odometerentry
     WHERE vehicle_id = %(vehicle)s::uuid AND deleted_at IS NULL
    UNION ALL
    SELECT done_on, odometer_km FROM garage_servicerecord
     WHERE vehicle_id = %(vehicle)s::uuid AND deleted_at IS NULL AND odometer_km IS NOT NULL
    UNION ALL
    SELECT filled_on, odometer_km FROM garage_fuelup
     WHERE vehicle_id = %(vehicle)s::uuid AND deleted_at IS NULL AND odometer_km IS NOT NULL) told
 WHERE day BETWEEN %(first)s::date AND %(last)s::date
 GROUP BY day ORDER BY day"""


def costs_of(vehicle_id: UUID, first: date, last: date) -> Costs:
    """What a vehicle has cost between two days, both included."""
    with connection.cursor() as cursor:
        cursor.execute(_COSTS, {"vehicle": vehicle_id, "first": first, "last": last})
        months = [MonthCost(*row) for row in cursor.fetchall()]
    way = _way(readings_of(vehicle_id, first, last))
    sums: dict[str, int] = {}
    for row in months:
        sums[row.currency] = sums.get(row.currency, 0) + row.total_minor
    totals = [
        {
            "currency": currency,
            "total_minor": total,
            "per_km_minor": round(Decimal(total) / way, 2) if way else None,
        }
        for currency, total in sorted(sums.items())
    ]
    return Costs(months, way, totals)


def readings_of(vehicle_id: UUID, first: date, last: date) -> list[tuple[date, Decimal]]:
    """The highest reading of each day, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_READINGS, {"vehicle": vehicle_id, "first": first, "last": last})
        return [(day, km) for day, km in cursor.fetchall()]


def _way(readings: list[tuple[date, Decimal]]) -> Decimal | None:
    if len(readings) < 2:
        return None
    numbers = [km for _, km in readings]
    return (max(numbers) - min(numbers)) or None


def charts_of(vehicle_id: UUID, first: date, last: date) -> dict[str, list[dict[str, Any]]]:
    """Series for a client to draw: odometer, consumption, price per unit, and cost a month."""
    rows = FuelUp.objects.live().filter(vehicle_id=vehicle_id, filled_on__range=(first, last))
    filled = with_consumption(rows).order_by("filled_on", "odometer_km")
    fuel = list(filled.values("filled_on", "unit", "quantity", "amount_minor", "currency", "consumption"))
    return {
        "odometer": [{"date": day, "odometer_km": km} for day, km in readings_of(vehicle_id, first, last)],
        "consumption": [
            {"date": row["filled_on"], "per_100km": row["consumption"], "unit": row["unit"]}
            for row in fuel
            if row["consumption"] is not None
        ],
        "fuel_price": [
            {
                "date": row["filled_on"],
                "per_unit_minor": round(row["amount_minor"] / row["quantity"], 2),
                "unit": row["unit"],
                "currency": row["currency"],
            }
            for row in fuel
            if row["amount_minor"] is not None
        ],
        "cost": [
            {"month": row.month, "currency": row.currency, "total_minor": row.total_minor}
            for row in costs_of(vehicle_id, first, last).months
        ],
    }
