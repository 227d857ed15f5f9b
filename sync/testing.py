"""For the tests of apps that plug into sync."""

from django.db import connection


def number_at_once() -> None:
    """Give numbers with each statement, not at commit: a test inside one transaction never commits."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS sync_stamp IMMEDIATE")
