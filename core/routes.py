"""Many routes under one prefix, found by their first two words instead of one after the other."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import ResolverMatch, RoutePattern

if TYPE_CHECKING:
    from collections.abc import Sequence

Head = tuple[str, str]
ANY = "<"  # a word that a converter reads


class Routes(URLResolver):
    """`path(prefix, include(routes))`, whose cost does not grow with the number of routes.

    For each pair of first words there is an ordinary resolver with the routes that may begin so, in their order.
    """

    def __init__(self, prefix: str, routes: Sequence[URLPattern | URLResolver]) -> None:
        super().__init__(RoutePattern(prefix), routes)
        self.prefix = prefix

    def resolve(self, path: str) -> ResolverMatch:
        """Raises Resolver404."""
        return self._rooms.get(_head(str(path).removeprefix(self.prefix)), self._rest).resolve(path)

    @cached_property
    def _rooms(self) -> dict[Head, URLResolver]:
        """Head -> the routes that it may lead to. A head with an unknown second word is (first, ANY)."""
        heads = {route: _head_of(route) for route in self.url_patterns}
        chosen: dict[Head, list[URLPattern | URLResolver]] = defaultdict(list)
        for head in set(heads.values()):
            for route, other in heads.items():
                if all(word in {mine, ANY} for mine, word in zip(head, other, strict=True)):
                    chosen[head].append(route)
        return {head: URLResolver(self.pattern, routes) for head, routes in chosen.items()}

    @cached_property
    def _rest(self) -> URLResolver:
        """Routes with a converter among the first two words: what a path of unknown words may lead to."""
        return URLResolver(self.pattern, [r for r in self.url_patterns if ANY in _head_of(r)])


def _head_of(route: URLPattern | URLResolver) -> Head:
    words = str(route.pattern)
    if not isinstance(route.pattern, RoutePattern):
        return ANY, ANY  # a regular expression
    return _head(words if isinstance(route, URLPattern) else f"{words}{ANY}/{ANY}")


def _head(path: str) -> Head:
    """The first two words; ANY where a converter stands."""
    first, _, rest = path.partition("/")
    second = rest.partition("/")[0]
    return (ANY if ANY in first else first, ANY if ANY in second else second)
