"""What a tune may cost. Amounts are minor units of an ISO 4217 currency."""

from typing import Final

from marketplace.errors import PriceTooLow

# Smallest amounts that online gateways take (Razorpay: one rupee; card schemes elsewhere: about half a dollar).
MINIMUM: Final = {
    "INR": 100,
    "USD": 50,
    "EUR": 50,
    "GBP": 30,
    "AUD": 50,
    "SGD": 50,
    "AED": 200,
    "JPY": 50,
    "KWD": 150,
}
MAXIMUM: Final = 1_000_000_00
CURRENCIES: Final = tuple(MINIMUM)


def demand_possible(price_minor: int, currency: str) -> None:
    """Free, or at least the currency's minimum. Raises PriceTooLow (400)."""
    if 0 < price_minor < (least := MINIMUM[currency]):
        raise PriceTooLow(least, currency)
