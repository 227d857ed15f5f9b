"""Figures for tuners about their own tunes. Buyers stay unnamed."""

from typing import Any
from uuid import UUID

from django.db import connection

from core.rls import as_system

_FIGURES = """
SELECT t.id,
       (SELECT count(*) FROM marketplace_favourite f WHERE f.tune_id = t.id AND f.deleted_at IS NULL),
       (SELECT count(*) FROM marketplace_download d JOIN marketplace_entitlement e ON e.id = d.entitlement_id
         WHERE e.tune_id = t.id AND d.result = 'granted'),
       coalesce(s.sales, 0), coalesce(s.refunds, 0), coalesce(s.gross, 0), coalesce(s.month, 0)
  FROM marketplace_tune t
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE p.status = 'paid') AS sales,
              count(*) FILTER (WHERE p.status IN ('refunded', 'charged_back')) AS refunds,
              sum(p.price_minor - p.refunded_minor) AS gross,
              count(*) FILTER (WHERE p.status = 'paid' AND p.paid_at > now() - interval '30 days') AS month
         FROM marketplace_purchase p WHERE p.tune_id = t.id AND p.paid_at IS NOT NULL) s ON true
 WHERE t.id = ANY(%s)
"""


def figures_of(tune_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """For each tune: favourites, downloads, sales, refunds, gross takings after refunds (minor units of the tune's
    currency), sales of the last 30 days. Call it with the caller's own tunes only.
    """
    if not tune_ids:
        return {}
    with as_system("figures add up rows of many buyers"), connection.cursor() as cursor:
        cursor.execute(_FIGURES, [tune_ids])
        rows = cursor.fetchall()
    names = ("favourites", "downloads", "sales", "refunds", "gross_minor", "sales_30_days")
    return {row[0]: {name: int(value) for name, value in zip(names, row[1:], strict=True)} for row in rows}
