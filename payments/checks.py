"""System checks: money is not taken with empty secrets or by a sandbox, and no commission above the price."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from payments.ledger import WHOLE
from payments.ports import gateways


@register(Tags.security)
def the_till_is_safe(**_: Any) -> list[CheckMessage]:
    """Secrets are there, the default gateway exists, and the sandbox serves production only when told to."""
    found: list[CheckMessage] = []
    if settings.RAZORPAY_KEY_ID and not settings.RAZORPAY_KEY_SECRET:
        found.append(
            Error(
                "RAZORPAY_KEY_SECRET is empty: everybody could sign a payment as paid.",
                hint="Set RAZORPAY_KEY_SECRET (or RAZORPAY_KEY_SECRET_FILE), or unset RAZORPAY_KEY_ID.",
                id="revsync.E101",
            )
        )
    if settings.RAZORPAY_KEY_ID and not any(settings.RAZORPAY_WEBHOOK_SECRETS):
        found.append(
            Error(
                "RAZORPAY_WEBHOOK_SECRET is empty: webhooks can't be verified.",
                hint="Set the secret that you gave to Razorpay for this webhook.",
                id="revsync.E102",
            )
        )
    if settings.PAYMENTS_GATEWAY not in gateways:
        found.append(
            Error(
                f"PAYMENTS_GATEWAY {settings.PAYMENTS_GATEWAY!r} is none of {gateways.keys()}.",
                id="revsync.E103",
            )
        )
    sandboxed = settings.PAYMENTS_ONLINE_ENABLED and settings.PAYMENTS_GATEWAY == "sandbox"
    if sandboxed and not settings.DEBUG and not settings.PAYMENTS_SANDBOX:
        found.append(
            Error(
                "The sandbox takes no real money, but DEBUG is off.",
                hint="Set RAZORPAY_KEY_ID, or PAYMENTS_ONLINE_ENABLED=0; PAYMENTS_SANDBOX=1 for a demonstration.",
                id="revsync.E104",
            )
        )
    found += [
        Error(f"{name} must be between 0 and {WHOLE}: hundredths of a percent.", id="revsync.E105")
        for name in ("MARKETPLACE_COMMISSION_BPS", "BOOKING_COMMISSION_BPS")
        if not 0 <= getattr(settings, name) <= WHOLE
    ]
    return found
