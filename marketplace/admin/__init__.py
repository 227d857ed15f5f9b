"""Staff pages of the marketplace."""

from marketplace.admin import buying, tunes

__all__ = ["buying", "tunes"]
