"""Which country stands behind the first two characters of a VIN (the ranges of ISO 3780)."""

from __future__ import annotations

from typing import Final

# ISO 3780 counts A to Z first, then 1 to 9, then 0; I, O and Q do not occur.
ORDER: Final = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890"

# first character: "from-to country" by the second character; "*" is the whole row.
_RANGES: Final[dict[str, str]] = {
    "A": "A-H ZA, J-K CI, L-M LS, N-P BW, R-S NA, T-U MG, V-W MU, X-Y TN, Z-1 CY, 2-3 ZW, 4-5 MZ",
    "B": "A-B AO, C-C ET, F-G KE, H-H RW, L-L NG, R-R DZ, U-U UG, 3-4 LY",
    "C": "A-B BJ, F-G MG, L-M TN, R-R GA",
    "D": "A-E EG, F-K MA, L-R ZM",
    "E": "A-E ET, F-K MZ",
    "F": "A-E GH, F-K NG",
    "H": "* CN",
    "J": "* JP",
    "K": "F-H IL, L-R KR, S-T JO",
    "L": "* CN",
    "M": "A-E IN, F-K ID, L-R TH, S-S MM, U-U MN, X-X KZ, Y-0 IN",
    "N": "A-E IR, F-K PK, L-R TR, S-T UZ, V-V AZ, X-X TJ, Y-Y AM, 1-5 IR, 7-8 TR",
    "P": "A-E PH, F-K SG, L-R MY, S-T BD, V-V KH, 5-0 IN",
    "R": "A-E AE, F-K TW, L-R VN, S-T SA",
    "S": "A-M GB, N-T DE, U-Z PL, 1-2 LV, 3-3 GE, 4-4 IS",
    "T": "A-H CH, J-P CZ, R-V HU, W-2 PT, 3-5 RS, 6-6 AD, 7-8 NL",
    "U": "A-C ES, H-M DK, N-T IE, U-X RO, 1-2 MK, 5-7 SK, 8-0 BA",
    "V": "A-E AT, F-R FR, S-W ES, X-2 FR, 3-5 HR, 6-8 EE",
    "W": "* DE",
    "X": "A-C BG, D-E RU, F-H GR, J-K RU, L-R NL, S-W RU, X-Y LU, 0-0 RU, 3-9 RU",
    "Y": "A-E BE, F-K FI, N-N MT, S-W SE, X-2 NO, 3-5 BY, 6-0 UA",
    "Z": "A-U IT, X-Z SI, 1-1 SM, 3-5 LT, 6-0 RU",
    "1": "* US",
    "2": "A-5 CA",
    "3": "A-X MX, 4-4 NI, 5-5 DO, 6-6 HN, 7-7 PA, 8-9 PR",
    "4": "* US",
    "5": "* US",
    "6": "A-X AU, Y-1 NZ",
    "7": "A-E NZ, F-0 US",
    "8": "A-E AR, F-G CL, L-N EC, S-T PE, X-Z VE, 2-2 BO, 4-4 CR",
    "9": "A-E BR, F-G CO, S-V UY, 1-0 BR",
}

_REGIONS: Final[dict[str, str]] = {
    **dict.fromkeys("ABCDEFG", "Africa"),
    **dict.fromkeys("HJKLMNPR", "Asia"),
    **dict.fromkeys("STUVWXYZ", "Europe"),
    **dict.fromkeys("12345", "North America"),
    **dict.fromkeys("67", "Oceania"),
    **dict.fromkeys("89", "South America"),
}


def _spread() -> dict[str, str]:
    table: dict[str, str] = {}
    for first, row in _RANGES.items():
        for part in row.split(", "):
            span, country = part.split(" ")
            start, end = ("A", "0") if span == "*" else span.split("-")
            for second in ORDER[ORDER.index(start) : ORDER.index(end) + 1]:
                table[first + second] = country
    return table


_COUNTRIES: Final = _spread()


def country_of(wmi: str) -> str | None:
    """ISO 3166-1 alpha-2 code of the country that assigned this WMI; None where ISO 3780 has assigned none.

    >>> country_of("ME4"), country_of("7SA"), country_of("0AA")
    ('IN', 'US', None)
    """
    return _COUNTRIES.get(wmi[:2])


def region_of(wmi: str) -> str | None:
    """Continent by the first character; 7F to 70 lie in the Oceanian block but belong to the United States."""
    return "North America" if country_of(wmi) == "US" else _REGIONS.get(wmi[:1])
