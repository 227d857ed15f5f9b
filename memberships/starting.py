"""The plans that a fresh house begins with; from then on they are the staff's."""

from typing import Any

PLANS: dict[str, dict[str, Any]] = {
    "basic": {
        "name": "Basic",
        "description": "A little off every service, and a year of telemetry.",
        "rank": 1,
        "price_minor": 29_900,
        "benefits": {
            "service_discount_bps": 500,
            "telemetry_retention_days": 365,
            "assistant_quota": 50,
            "commission_free_bookings": 1,
            "included_services": [],
        },
    },
    "plus": {
        "name": "Plus",
        "description": "Brake checks included, five years of telemetry, offers for members.",
        "rank": 2,
        "price_minor": 79_900,
        "benefits": {
            "offer_tiers": ["basic"],
            "service_discount_bps": 1_000,
            "telemetry_retention_days": 5 * 365,
            "assistant_quota": 500,
            "commission_free_bookings": 10,
            "included_services": ["brake-check"],
        },
    },
}
