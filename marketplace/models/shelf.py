"""The shelf: one flat row a published tune, made by triggers, so that browsing touches one table and one index.

It holds nothing but what everybody may read, so it has no row-level security: policies would keep the planner
from using the text and token indexes (`@@` and `@>` are not leakproof). The web role may only read it.
"""

from typing import Any
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from marketplace.models.tunes import Tune


class RawJson(models.TextField[Any, Any]):
    """PostgreSQL's `json`, read as text: put into answers as it is."""

    def db_type(self, connection: Any) -> str:
        return "json"


class Listing(models.Model):
    """tokens: `make:yamaha`, `model:yamaha/mt07`, `stage:stage1` ... for filters (0003 makes them).

    labels: `make:Yamaha`, `model:Yamaha MT-07` ... in words for people, for facets and suggestions.
    card: the row of an answer, ready to send.
    """

    tune = models.OneToOneField(Tune, on_delete=models.CASCADE, primary_key=True, related_name="+")
    published_at = models.DateTimeField()
    price_minor = models.BigIntegerField()
    score = models.FloatField()
    sales_count = models.PositiveIntegerField()
    tokens = ArrayField(models.TextField())
    labels = ArrayField(models.TextField())
    document = SearchVectorField()
    card = RawJson()

    class Meta:
        indexes = [
            models.Index(fields=["-published_at", "-tune"], name="marketplace_shelf_newest"),
            models.Index(fields=["price_minor", "tune"], name="marketplace_shelf_price"),
            models.Index(fields=["-score", "-tune"], name="marketplace_shelf_score"),
            models.Index(fields=["-sales_count", "-tune"], name="marketplace_shelf_sales"),
            GinIndex(fields=["tokens"], name="marketplace_shelf_tokens"),
            GinIndex(fields=["document"], name="marketplace_shelf_words"),
        ]

    def __str__(self) -> str:
        return f"listing of {self.tune_id}"


class ShelfState(models.Model):
    """The version key of the shelf, in parts: a change replaces one part, so that sellers do not queue."""

    part = models.PositiveSmallIntegerField(primary_key=True)
    version = models.UUIDField(default=uuid4)

    def __str__(self) -> str:
        return f"shelf part {self.part}"
