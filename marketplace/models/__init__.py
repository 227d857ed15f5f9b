"""Tunes and their versions, what they fit, who bought them, and what buyers say."""

from marketplace.models.buying import Download, Entitlement, EntitlementStatus, Purchase, PurchaseStatus
from marketplace.models.opinions import Favourite, TuneReview
from marketplace.models.shelf import Listing, ShelfState
from marketplace.models.tunes import Compatibility, FileState, Stage, Tune, TuneStatus, TuneVersion

__all__ = [
    "Compatibility",
    "Download",
    "Entitlement",
    "EntitlementStatus",
    "Favourite",
    "FileState",
    "Listing",
    "Purchase",
    "PurchaseStatus",
    "ShelfState",
    "Stage",
    "Tune",
    "TuneReview",
    "TuneStatus",
    "TuneVersion",
]
