"""JSON answers by orjson; camelCase keys for clients that ask with `Accept: application/json; case=camel`."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from rest_framework.fields import DictField, JSONField, ListField
from rest_framework.renderers import BaseRenderer
from rest_framework.serializers import ListSerializer

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_HUMP = re.compile(r"_+([a-z0-9])")
_BUMP = re.compile(r"(?<=[A-Za-z0-9])([A-Z])")


def camel(key: str) -> str:
    return _HUMP.sub(lambda match: match.group(1).upper(), key)


def snake(key: str) -> str:
    return _BUMP.sub(lambda match: "_" + match.group(1).lower(), key)


def default(value: Any) -> Any:
    """What orjson does not know: decimals become JSON numbers, lazy texts texts."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dumps(data: Any) -> bytes:
    return orjson.dumps(data, default=default, option=_OPTIONS)


class FreeMap(dict[str, Any]):
    """A map whose keys are data (error fields by name excepted): never recased."""


def recase(data: Any, shape: Any = None) -> Any:
    """Camel keys, walking the data beside the serializer that made it; free maps keep their keys."""
    if isinstance(shape, JSONField | DictField) or isinstance(data, FreeMap):
        return data
    if isinstance(data, Mapping):
        fields = getattr(shape, "fields", None) or {}
        return {camel(str(key)): recase(value, fields.get(key)) for key, value in data.items()}
    if isinstance(data, list | tuple):
        child = getattr(shape, "child", None) if isinstance(shape, ListSerializer | ListField) else shape
        return [recase(value, child) for value in data]
    return data


def _shape_of(data: Any) -> Any:
    return getattr(data, "serializer", None)


def _recase_answer(data: Any, view: Any) -> Any:
    """A page is a plain dict around its rows; rows that no serializer made have the shape that the view documents."""
    if not isinstance(data, Mapping) or _shape_of(data) is not None:
        return recase(data, _shape_of(data))
    documented = getattr(view, "serializer_class", None) if "results" in data else None
    shapes = {"results": documented()} if documented else {}
    return {
        camel(str(key)): recase(value, _shape_of(value) or shapes.get(key)) for key, value in data.items()
    }


class Json(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        view = (renderer_context or {}).get("view")
        if response is not None:
            patch_vary_headers(response, ["Accept"])
        if data is None:
            return b""
        camels = wants_camel(accepted_media_type) and getattr(view, "recase", True)
        if isinstance(data, bytes):  # a selector that let PostgreSQL make the JSON
            if not camels:
                return data
            data = orjson.loads(data)
        if camels:
            data = _recase_answer(data, view)
            if response is not None:
                response["Content-Type"] = "application/json; case=camel"
        return dumps(data)


def wants_camel(accepted_media_type: str | None) -> bool:
    return "case=camel" in (accepted_media_type or "").replace(" ", "")
