"""The only way in which the assistant touches other apps' records."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from core.rls import as_user


@contextmanager
def reading(user: Any) -> Iterator[None]:
    """As this person, in a transaction (or savepoint) in which PostgreSQL refuses every write."""
    with as_user(user):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")  # PostgreSQL itself ends this with the savepoint
        yield
