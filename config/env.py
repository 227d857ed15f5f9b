"""Typed readers of the environment. Each fails loudly, naming the variable, when a value makes no sense."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(*names: str, default: str = "") -> str:
    """The first of `names` that is set; later names are aliases kept for compatibility."""
    return next((os.environ[name] for name in names if os.environ.get(name)), default)


def flag(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def number(name: str, *, default: int) -> int:
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def listing(name: str, *, default: str = "") -> list[str]:
    """A comma-separated list; blanks are dropped."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def secret(*names: str, default: str = "") -> str:
    """A secret from NAME, or from the file that NAME_FILE points at (mounted secrets)."""
    for name in names:
        if path := os.environ.get(f"{name}_FILE"):
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except OSError as problem:
                raise ImproperlyConfigured(f"{name}_FILE cannot be read: {problem.strerror}.") from None
        if value := os.environ.get(name):
            return value
    return default
