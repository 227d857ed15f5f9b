"""Every route of the OpenAPI description as something to try: its parameters, and bodies made from its schemas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from drf_spectacular.generators import SchemaGenerator

# Ids that a client makes itself: somebody else's is no reference, only a coincidence.
CLIENT_MADE = {"id", "client_id", "client_event_id", "device_id", "session_id", "event_id", "key"}
# Fields in which people write, and those whose shape the description does not tell.
WORDY = {
    "nickname",
    "notes",
    "title",
    "name",
    "business",
    "description",
    "body",
    "detail",
    "make",
    "model",
    "filename",
}
SHAPED = {
    "sha256": "a" * 64,
    "content_type": "application/pdf",
    "currency": "INR",
    "phone_number": "+919876543210",
    "make": "Royal Enfield",
    "model": "Himalayan 450",
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    parameters: list[dict[str, Any]] = field(default_factory=list)
    body: dict[str, Any] | None = None
    components: dict[str, Any] = field(default_factory=dict)
    public: bool = False  # the description says that no login is needed

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def names(self, place: str) -> list[str]:
        return [row["name"] for row in self.parameters if row["in"] == place]

    def ids_in_path(self) -> list[str]:
        """Path parameters that are UUIDs."""
        return [
            row["name"]
            for row in self.parameters
            if row["in"] == "path" and row["schema"].get("format") == "uuid"
        ]

    def id_filters(self) -> list[str]:
        return [
            row["name"]
            for row in self.parameters
            if row["in"] == "query" and (row["schema"].get("format") == "uuid" or row["name"].endswith("_id"))
        ]

    def url(self, **ids: str) -> str:
        """The path with these ids; what is no id gets something plausible."""
        path = self.path
        for row in self.parameters:
            if row["in"] == "path":
                value = ids.get(row["name"], {"integer": "1"}.get(row["schema"].get("type"), "x"))
                path = path.replace("{" + row["name"] + "}", value)
        return path

    def example(self, reference: str) -> Any:
        """A body with this id wherever a foreign one could stand; None when the route takes none."""
        return self._made(_Filling(lambda _: reference, "word", _is_id))

    def sowing(self, made: Mapping[str, str], words: str) -> Any:
        """A body that may well be taken: own ids by field name, words in every field for people."""
        filling = _Filling(
            lambda name: made.get(name, "018f0000-0000-7000-8000-000000000000"),
            words,
            lambda schema, name: name in made or name in WORDY,
        )
        return self._made(filling)

    def _made(self, filling: "_Filling") -> Any:
        return None if self.body is None else _example(self.body, self.components, filling, "", 0)

    def refers(self) -> bool:
        """Can a body name somebody else's record?"""
        return self.body is not None and "REFERENCE" in str(self.example("REFERENCE"))


@lru_cache(maxsize=1)
def routes() -> list[Route]:
    document = SchemaGenerator().get_schema(request=None, public=True)
    components = document["components"]["schemas"]
    return [
        Route(
            method,
            path,
            _parameters(item, operation),
            _json_body(operation),
            components,
            public={} in operation.get("security", [{}]),
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]


def _parameters(item: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [*item.get("parameters", []), *operation.get("parameters", [])]


def _json_body(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


class _Filling(NamedTuple):
    """What goes into a body: ids by field name, words, and which optional fields are given."""

    reference: Callable[[str], str]
    words: str
    wanted: Callable[[dict[str, Any], str], bool]


def _example(  # noqa: PLR0911 -- a table
    schema: dict[str, Any], components: dict[str, Any], filling: _Filling, name: str, depth: int
) -> Any:
    if depth > 6:
        return None
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[-1]]
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            return _example(schema[several][0], components, filling, name, depth + 1)
    if "enum" in schema:
        return next((value for value in schema["enum"] if value), None)
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
    if kind == "object":
        return {
            key: _example(inner, components, filling, key, depth + 1)
            for key, inner in schema.get("properties", {}).items()
            if not inner.get("readOnly") and (key in schema.get("required", []) or filling.wanted(inner, key))
        }
    if kind == "array":
        return [_example(schema["items"], components, filling, name, depth + 1)]
    if kind in {"integer", "number"}:
        return max(schema.get("minimum", 1), 1)
    return True if kind == "boolean" else _text(schema, filling, name)


def _is_id(schema: dict[str, Any], name: str) -> bool:
    text = str(schema)
    return name not in CLIENT_MADE and "uuid" in text


def _text(schema: dict[str, Any], filling: _Filling, name: str) -> str:
    form = schema.get("format")
    if form == "uuid" or (name.endswith("_id") and not form):
        return filling.reference(name) if name not in CLIENT_MADE else "018f0000-0000-7000-8000-00000000c11e"
    if name in SHAPED:
        return SHAPED[name]
    known = {"email": "nobody@example.com", "date": "2026-01-02", "date-time": "2026-01-02T03:04:05Z", "time": "10:00",
             "uri": "https://example.com/x", "binary": "x", "decimal": "1.0"}  # fmt: skip
    if form in known:
        return known[form]
    return filling.words[: schema.get("maxLength", 200)].ljust(schema.get("minLength", 0), "x")
