"""Which providers answer now, as the settings and the person's allowance say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from chat.assistant.providers import OpenAICompatible, Provider, Timings

MODEL: Final = "openai"
BUILTIN: Final = "builtin"


@dataclass(frozen=True, slots=True)
class Config:
    """models: asked in this order; builtin: whether the built-in stands behind them; degraded: why there are none."""

    models: Sequence[Provider]
    builtin: bool
    degraded: str
    model: str
    context_tokens: int
    max_tokens: int
    tools: bool
    word_pause: float

    @property
    def first_name(self) -> str:
        return self.models[0].name if self.models else BUILTIN


def model_provider() -> OpenAICompatible:
    """The one language model of the house: AI_BASE_URL, AI_API_KEY, AI_MODEL."""
    return OpenAICompatible(
        settings.AI_BASE_URL, settings.AI_API_KEY, settings.AI_MODEL, Timings(**settings.AI_TIMEOUTS)
    )


def settings_now(*, model_allowed: bool) -> Config:
    """AI_PROVIDER: `auto` (the model, then the built-in), `openai` (the model alone), `builtin`."""
    wanted = settings.AI_PROVIDER
    with_model = wanted != BUILTIN and model_allowed
    return Config(
        models=[model_provider()] if with_model else [],
        builtin=wanted != MODEL or not with_model,
        degraded="" if with_model or wanted == BUILTIN else "quota",
        model=settings.AI_MODEL if with_model else "",
        context_tokens=settings.AI_CONTEXT_TOKENS,
        max_tokens=settings.AI_MAX_TOKENS,
        tools=settings.AI_TOOLS,
        word_pause=settings.AI_WORD_PAUSE,
    )
