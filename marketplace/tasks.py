"""Jobs of the marketplace."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from core.errors import Unavailable
from marketplace import services


@app.task(name="marketplace.tell_owners")
def tell_owners(version_id: str) -> None:
    """A new version is out: everybody who owns the tune hears of it."""
    services.tell_owners(UUID(version_id))


@app.task(
    name="marketplace.prepare_version",
    retry=RetryStrategy(max_attempts=5, exponential_wait=4, retry_exceptions=[Unavailable]),
)
def prepare_version(version_id: str) -> None:
    """A version was uploaded: the gates look at it before anybody asks to publish it."""
    services.prepare_later(UUID(version_id))
