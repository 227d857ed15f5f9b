"""What a VIN says about the vehicle, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from garage.vin.countries import country_of, region_of
from garage.vin.structure import check_digit, needs_check_digit, uses_check_digit, validate_vin
from garage.vin.wmi import UNDATED, Maker, maker_of

if TYPE_CHECKING:
    from datetime import date

# Position 10 counts through these thirty and starts again: A is 1980 and 2010. U, Z and 0 are no year.
_YEAR_CODES: Final = "ABCDEFGHJKLMNPRSTVWXY123456789"
_FIRST_YEAR: Final = 1980
_CYCLE: Final = len(_YEAR_CODES)

# Countries that also build cars for North America.
_EXPORTERS: Final = frozenset({"JP", "KR", "DE", "GB", "SE", "IT"})

YearBasis = Literal["position_7", "likely_position_7", "only_candidate", "latest_possible"]


@dataclass(frozen=True, slots=True)
class VinFacts:
    """The parts of a VIN and what they mean; a None says that this VIN doesn't tell.

    wmi: positions 1 to 3; wmi_extension: positions 12 to 14 of a maker of small numbers, else None.
    country: ISO 3166-1 alpha-2 code of the country that assigned the WMI, mostly that of the factory.
    check_digit_present: position 9 is a check digit here; check_digit_ok: None where the market uses none.
    model_year: the likeliest; year_candidates: every year that position 10 can mean today, oldest first.
    year_basis: why model_year was chosen: by position 7 (North American cars; "likely" for cars that seem to be built
    for there), as the only one possible, or as the latest possible.
    """

    vin: str
    wmi: str
    wmi_extension: str | None
    region: str | None
    country: str | None
    maker: str | None
    vehicle_kind: str | None
    vds: str
    vis: str
    check_digit_present: bool
    check_digit_ok: bool | None
    model_year: int | None
    year_candidates: tuple[int, ...]
    year_basis: YearBasis | None
    plant: str
    serial: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Year:
    chosen: int | None
    candidates: tuple[int, ...]
    basis: YearBasis | None
    note: str | None


def decode_vin(vin: str, *, today: date) -> VinFacts:
    """Read a normalised VIN; `today` bounds the model year (next year's models are already on sale).

    Raises VinError as `validate_vin` does.
    """
    validate_vin(vin)
    extension = vin[11:14] if vin[2] == "9" else None
    maker = maker_of(vin[:3], extension)
    right = vin[8] == check_digit(vin)
    year = _model_year(vin, maker, last=today.year + 1, right_digit=right)
    notes = (_maker_note(maker, extension), _digit_note(vin, right=right), year.note)
    return VinFacts(
        vin=vin,
        wmi=vin[:3],
        wmi_extension=extension,
        region=region_of(vin[:3]),
        country=country_of(vin[:3]),
        maker=maker.name if maker else None,
        vehicle_kind=maker.kind if maker else None,
        vds=vin[3:9],
        vis=vin[9:],
        check_digit_present=right or uses_check_digit(vin),
        check_digit_ok=right if right or uses_check_digit(vin) else None,
        model_year=year.chosen,
        year_candidates=year.candidates,
        year_basis=year.basis,
        plant=vin[10],
        serial=vin[14:] if extension else vin[11:],
        notes=tuple(note for note in notes if note),
    )


def year_agrees(facts: VinFacts, year: int) -> bool | None:
    """Whether the owner's year fits the VIN, one year either way; None when the VIN tells no year.

    One year, because owners write the year of the model, of building or of first registration.
    """
    possible = _possible_years(facts)
    if not possible:
        return None
    return any(abs(year - candidate) <= 1 for candidate in possible)


def year_note(facts: VinFacts, year: int) -> str | None:
    """A sentence for the owner when the year and the VIN disagree. It is a note and never a refusal."""
    if year_agrees(facts, year) is not False:
        return None
    told = " or ".join(map(str, _possible_years(facts)))
    return f"The VIN speaks of model year {told}, the vehicle is entered as {year}."


def _possible_years(facts: VinFacts) -> tuple[int, ...]:
    if facts.year_basis == "position_7" and facts.model_year is not None:
        return (facts.model_year,)
    return facts.year_candidates


def _maker_note(maker: Maker | None, extension: str | None) -> str | None:
    if maker is None:
        return "This manufacturer code is not in our table."
    if extension and not maker.small:
        return "A maker of small numbers: positions 12 to 14 name it, and that name is not in our table."
    return None


def _digit_note(vin: str, *, right: bool) -> str | None:
    if right or needs_check_digit(vin):
        return None
    if uses_check_digit(vin):
        return "The check digit (position 9) does not fit, though China uses one; compare the VIN with the frame."
    return "Position 9 is no check digit here; this market doesn't require one, so typing mistakes can't be seen."


def _model_year(vin: str, maker: Maker | None, *, last: int, right_digit: bool) -> _Year:
    if vin[9] not in _YEAR_CODES:
        return _Year(None, (), None, "Position 10 names no model year.")
    if vin[:3] in UNDATED and not right_digit:
        return _Year(None, (), None, "This maker writes no model year into VINs for this market.")
    first = _FIRST_YEAR + _YEAR_CODES.index(vin[9])
    candidates = tuple(range(first, last + 1, _CYCLE))
    if len(candidates) == 1:
        return _Year(first, candidates, "only_candidate", None)
    if maker and maker.kind == "car" and right_digit:
        return _year_of_car(vin, candidates)
    return _latest(candidates)


def _year_of_car(vin: str, candidates: tuple[int, ...]) -> _Year:
    """49 CFR 565.15(d)(1): a digit in position 7 means before 2010, a letter from 2010 on.

    That binds cars and light trucks for North America only; motorcycles put what they like in position 7. Outside
    North America a right check digit (one in eleven is right by accident) is the mark of a car built for there.
    """
    chosen = candidates[0] if vin[6].isdigit() else candidates[1]
    if needs_check_digit(vin):
        return _Year(chosen, candidates, "position_7", None)
    if country_of(vin[:3]) not in _EXPORTERS:
        return _latest(candidates)
    note = (
        f"Taken as built for North America, because the check digit fits; then position 7 makes it {chosen}."
    )
    return _Year(chosen, candidates, "likely_position_7", note)


def _latest(candidates: tuple[int, ...]) -> _Year:
    told = " or ".join(map(str, candidates))
    note = f"Position 10 can mean {told}; nothing in this VIN decides, the latest is taken."
    return _Year(candidates[-1], candidates, "latest_possible", note)
