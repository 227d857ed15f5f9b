"""Who writes answers."""

from chat.assistant.providers.base import (
    Answering,
    ContextTooLong,
    Delta,
    Finish,
    Message,
    Prompt,
    Provider,
    ProviderProblem,
    Text,
    ToolCall,
    Usage,
)
from chat.assistant.providers.builtin import Builtin
from chat.assistant.providers.fallback import Fallback
from chat.assistant.providers.openai import OpenAICompatible, Timings

__all__ = [
    "Answering",
    "Builtin",
    "ContextTooLong",
    "Delta",
    "Fallback",
    "Finish",
    "Message",
    "OpenAICompatible",
    "Prompt",
    "Provider",
    "ProviderProblem",
    "Text",
    "Timings",
    "ToolCall",
    "Usage",
]
