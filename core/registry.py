"""Sockets: the lower app declares a Registry, the higher app registers its plug at start-up."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


class Registry(Generic[T]):
    """Plugs by key, in order of registration. Refuses a taken key and anything that is not the port's shape."""

    def __init__(self, name: str, port: type[T]) -> None:
        self.name = name
        self.port = port
        self._plugs: dict[str, T] = {}

    def register(self, key: str, plug: T) -> None:
        if key in self._plugs:
            raise ImproperlyConfigured(f"{self.name}: {key!r} is taken by {self._plugs[key]!r}.")
        if not isinstance(plug, self.port):
            raise ImproperlyConfigured(f"{self.name}: {plug!r} does not fit {self.port.__name__}.")
        self._plugs[key] = plug

    def get(self, key: str) -> T | None:
        return self._plugs.get(key)

    def __getitem__(self, key: str) -> T:
        return self._plugs[key]

    def __contains__(self, key: object) -> bool:
        return key in self._plugs

    def __iter__(self) -> Iterator[str]:
        return iter(self._plugs)

    def __len__(self) -> int:
        return len(self._plugs)

    def keys(self) -> list[str]:
        return list(self._plugs)

    def values(self) -> list[T]:
        return list(self._plugs.values())

    def items(self) -> list[tuple[str, T]]:
        return list(self._plugs.items())
