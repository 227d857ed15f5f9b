"""Is the process alive, and can it serve?"""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.storage import store


def healthz(request: HttpRequest) -> JsonResponse:
    """Live: the process answers. Touches nothing else."""
    return JsonResponse({"status": "ok"})


@transaction.non_atomic_requests
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready: database, migrations, cache and file storage answer; 503 names what does not."""
    results = {name: _passes(check) for name, check in CHECKS.items()}
    ready = all(results.values())
    return JsonResponse(
        {
            "status": "ok" if ready else "unavailable",
            "checks": {k: "ok" if v else "failed" for k, v in results.items()},
        },
        status=200 if ready else 503,
    )


@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text; keep it inside your network (docs/security.md)."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _isolation() -> bool:
    """A web process that logs in as the owner would see everybody's rows, and nothing else would tell."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        row = cursor.fetchone()
    return bool(row and not row[0])


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _cache() -> bool:
    cache.set("readyz", "1", 5)
    return bool(cache.get("readyz") == "1")


def _storage() -> bool:
    return store().ready()


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "isolation": _isolation,
    "migrations": _migrations,
    "cache": _cache,
    "storage": _storage,
}
