"""Tools of a model: reads of the same person's records, answered as numbered data."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from chat.assistant.builtin.codes import codes_in, meaning_of
from chat.assistant.context import UNTRUSTED, Numbered
from chat.assistant.providers import ToolCall
from chat.assistant.reading import reading
from chat.ports import Fact, Tool
from core.renderers import dumps
from users.models import User

MOST_FACTS: Final = 20
LOOK_UP: Final = "lookup_dtc"


def _look_up(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return [meaning_of(code) for code in codes_in(str(arguments.get("code", "")))]


OWN: Final = Tool(
    LOOK_UP,
    "What a diagnostic trouble code such as P0301 means.",
    _look_up,
    {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
)


def described(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """As the chat completions API wants them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            },
        }
        for tool in (*tools, OWN)
    ]


def used(user: User, tools: Sequence[Tool], call: ToolCall, numbered: Numbered) -> str:
    """What the model gets for its call: facts of this person, or an empty list for anything else."""
    tool = next((one for one in (*tools, OWN) if one.name == call.name), None)
    try:
        arguments = orjson.loads(call.arguments or "{}")
    except ValueError:
        arguments = None
    facts: Sequence[Fact] = ()
    if tool is not None and isinstance(arguments, dict):
        with reading(user):
            facts = list(tool.run(user, arguments))[:MOST_FACTS]
    return UNTRUSTED + dumps([numbered.add(fact) for fact in facts]).decode()
