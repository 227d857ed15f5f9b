"""Absolute URLs of our own: by the host that the client called, or by PUBLIC_URL where there is no request."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

MOST_BASES = 64
_TOLD = ("HTTP_HOST", "HTTP_X_FORWARDED_HOST", "SERVER_NAME", "SERVER_PORT")
_bases: dict[tuple[str | None, ...], str] = {}
_request: ContextVar[HttpRequest | None] = ContextVar("request_of_links", default=None)


@contextmanager
def made_for(request: HttpRequest) -> Iterator[None]:
    """Links made inside are for the caller of this request."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def absolute(path: str) -> str:
    """The full URL of one of our paths. PUBLIC_URL, where set, wins over what a request calls us."""
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{path}"
    request = _request.get()
    if request is None:
        return f"http://localhost:{settings.PORT}{path}"
    # What the caller wrote (bounded) and how it came; judged by Django once.
    told = (request.scheme, *map(request.META.get, _TOLD))
    base = _bases.get(told)
    if base is None:
        base = request.build_absolute_uri("/")[:-1]
        if len(_bases) >= MOST_BASES:
            _bases.clear()
        _bases[told] = base
    return f"{base}{path}"
