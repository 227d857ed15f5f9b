"""Deeds of the marketplace."""

from marketplace.services.buying import (
    complete_purchase,
    dispute_purchase,
    expire_purchase,
    purchase_tune,
    refund_purchase,
)
from marketplace.services.downloads import download_entitled, renew_downloads
from marketplace.services.news import tell_owners
from marketplace.services.publishing import (
    approve_tune,
    prepare_later,
    publish_tune,
    refuse_tune,
    retire_tune,
)
from marketplace.services.reviews import hide_review, reply_to_review, show_review, write_review
from marketplace.services.tunes import create_tune, update_tune
from marketplace.services.versions import add_version

__all__ = [
    "add_version",
    "approve_tune",
    "complete_purchase",
    "create_tune",
    "dispute_purchase",
    "download_entitled",
    "expire_purchase",
    "hide_review",
    "prepare_later",
    "publish_tune",
    "purchase_tune",
    "refund_purchase",
    "refuse_tune",
    "renew_downloads",
    "reply_to_review",
    "retire_tune",
    "show_review",
    "tell_owners",
    "update_tune",
    "write_review",
]
