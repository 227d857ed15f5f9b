"""Deeds of the tuners app."""

from tuners.services.applications import apply, withdraw
from tuners.services.decisions import approve, check_certification, lapse_expired, refuse, reinstate, suspend
from tuners.services.reviews import hide_review, reply_to_review, show_review, write_review
from tuners.services.verification import demand_verified, is_verified

__all__ = [
    "apply",
    "approve",
    "check_certification",
    "demand_verified",
    "hide_review",
    "is_verified",
    "lapse_expired",
    "refuse",
    "reinstate",
    "reply_to_review",
    "show_review",
    "suspend",
    "withdraw",
    "write_review",
]
