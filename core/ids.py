"""UUIDv7 keys: made by client or server, ordered by time, so that indexes stay local."""

from uuid import UUID

import uuid_utils.compat

NIL = UUID(int=0)


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562)."""
    return uuid_utils.compat.uuid7()
