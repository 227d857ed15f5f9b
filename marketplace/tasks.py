"""Jobs of the marketplace."""

from uuid import UUID

from procrastinate.contrib.django import app

from marketplace import services


@app.task(name="marketplace.tell_owners")
def tell_owners(version_id: str) -> None:
    """A new version is out: everybody who owns the tune hears of it."""
    services.tell_owners(UUID(version_id))
