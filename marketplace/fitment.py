"""Does a tune fit a vehicle? Pure functions; the shelf asks the same question in SQL (marketplace/search)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from garage.models import Vehicle
from marketplace.models import Compatibility

Verdict = Literal["fits", "unsure", "no"]
_NOISE = re.compile(r"[\s!-/:-@\[-`{-~]+", re.ASCII)


def key(words: str) -> str:
    """Case, blanks and ASCII punctuation do not count: `MT-07` is `mt07`. Twin of marketplace_key in SQL."""
    return _NOISE.sub("", words.lower())


@dataclass(frozen=True, slots=True)
class Reason:
    """code: other_model, other_year, other_ecu, other_calibration, year_unknown, ecu_unknown, calibration_unknown,
    nothing_stated.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Fit:
    """The best of all rows: the one that fits, else the one with the fewest open questions."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    row_id: UUID | None = None
    label: str = ""
    verified: bool = False


def label_of(row: Compatibility) -> str:
    """`Yamaha MT-07 2014-2017 Denso`, as it stands on a card."""
    years = ""
    if row.year_from is not None and row.year_from == row.year_to:
        years = str(row.year_from)
    elif row.year_from is not None or row.year_to is not None:
        years = f"{row.year_from or ''}-{row.year_to or ''}"
    return " ".join(part for part in (row.make, row.model, years, row.ecu_family) if part)


def judge(vehicle: Vehicle, rows: Iterable[Compatibility]) -> Fit:
    """The best verdict of all rows, with every reason of that row."""
    best: Fit | None = None
    for row in rows:
        found = judge_row(vehicle, row)
        if best is None or _rank(found) < _rank(best):
            best = found
    if best is None:
        return Fit("no", (Reason("nothing_stated", "The tuner does not say what this tune is for."),))
    return best


def judge_row(vehicle: Vehicle, row: Compatibility) -> Fit:
    """One row: any contradiction is a no, anything that the vehicle does not say leaves it unsure."""
    against: list[Reason] = []
    unknown: list[Reason] = []
    if not _same_model(vehicle, row):
        against.append(Reason("other_model", f"Made for {row.make} {row.model}".rstrip() + "."))
    if row.year_from is not None or row.year_to is not None:
        if vehicle.year is None:
            unknown.append(Reason("year_unknown", "Tell the model year of your vehicle."))
        elif not (row.year_from or 0) <= vehicle.year <= (row.year_to or 9999):
            span = f"{row.year_from or ''}-{row.year_to or ''}"
            against.append(Reason("other_year", f"Made for {span}, yours is of {vehicle.year}."))
    for name in ("family", "hardware", "software"):
        wanted, has = getattr(row, f"ecu_{name}"), getattr(vehicle, f"ecu_{name}")
        _compare(f"ECU {name}", wanted and [wanted], has, "ecu", against, unknown)
    _compare("calibration", row.calibration_ids, vehicle.ecu_calibration_id, "calibration", against, unknown)
    # A row without a make is for an ECU alone: while the vehicle does not say which it has, nothing speaks for it.
    lost = against or (not key(row.make) and not vehicle.ecu_family)
    verdict: Verdict = "no" if lost else "unsure" if unknown else "fits"
    return Fit(verdict, tuple(against + unknown), row.pk, label_of(row), row.verified)


def _same_model(vehicle: Vehicle, row: Compatibility) -> bool:
    if row.vehicle_model_id and vehicle.vehicle_model_id:
        return bool(row.vehicle_model_id == vehicle.vehicle_model_id)
    return key(row.make) in {"", key(vehicle.make)} and key(row.model) in {"", key(vehicle.model)}


def _compare(  # noqa: PLR0917 -- one place calls it
    what: str, wanted: Sequence[str], has: str, code: str, against: list[Reason], unknown: list[Reason]
) -> None:
    if not wanted:
        return
    if not has:
        unknown.append(Reason(f"{code}_unknown", f"Tell the {what} of your vehicle: {', '.join(wanted)}?"))
    elif key(has) not in {key(one) for one in wanted}:
        against.append(Reason(f"other_{code}", f"Made for {what} {', '.join(wanted)}, yours is {has}."))


def _rank(fit: Fit) -> tuple[int, int]:
    return ["fits", "unsure", "no"].index(fit.verdict), len(fit.reasons)
