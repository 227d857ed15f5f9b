"""What a client needs to generate its own schema from."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from sync.ports import collections
from sync.requests import ALL_AT_ONCE, MAX_PAGE, MAX_RECORDS


def schema() -> dict[str, Any]:
    oldest, newest = settings.SYNC_SCHEMA_VERSIONS
    return {
        "schema_versions": {"oldest": oldest, "newest": newest},
        "collections": [
            {
                "name": name,
                "direction": plug.direction,
                "merge": plug.merge,
                "parents": list(plug.parents),
                "public": plug.public,
                "filters": sorted(plug.filters),
                "fields": [
                    {
                        "name": each.name,
                        "type": each.type,
                        "writable": each.writable,
                        "nullable": each.nullable,
                    }
                    for each in plug.fields
                ],
            }
            for name, plug in ((name, collections[name]) for name in collections.in_order())
        ],
        "limits": {"push_records": MAX_RECORDS, "page": MAX_PAGE, "all_at_once": ALL_AT_ONCE},
    }
