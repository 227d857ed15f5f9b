"""Amounts for people: minor units become digits with a currency."""

from decimal import Decimal

ZERO_DECIMAL = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
THREE_DECIMAL = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def decimals(currency: str) -> int:
    """Digits after the point (ISO 4217)."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def minor_units(amount: Decimal, currency: str) -> int:
    """Decimal("499.5"), "INR" -> 49950. Raises ValueError for more digits than the currency has."""
    units = amount.scaleb(decimals(currency))
    if units != units.to_integral_value():
        raise ValueError(f"{currency} has {decimals(currency)} digits after the point.")
    return int(units)


def money(amount_minor: int, currency: str) -> str:
    """123456, "INR" -> "INR 1,234.56"; no float is involved."""
    digits = decimals(currency)
    sign = "-" if amount_minor < 0 else ""
    whole, rest = divmod(abs(amount_minor), 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{currency} {sign}{whole:,}{fraction}"
