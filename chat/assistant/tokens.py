"""How many tokens a text will be: bytes / 3.5, corrected by what providers told of earlier prompts."""

import threading
from typing import Final

BYTES_A_TOKEN: Final = 3.5
WEIGHT: Final = 0.2  # of the newest observation
_factors: dict[str, float] = {}
_lock = threading.Lock()


def estimate(text: str, model: str = "") -> int:
    """At least one."""
    return max(1, round(len(text.encode()) / BYTES_A_TOKEN * _factors.get(model, 1.0)))


def learn(model: str, text: str, tokens: int) -> None:
    """The provider counted `tokens` for this text; half and double are the most that one model can change."""
    plain = len(text.encode()) / BYTES_A_TOKEN
    if tokens <= 0 or plain < 50:
        return
    with _lock:
        old = _factors.get(model, 1.0)
        _factors[model] = min(2.0, max(0.5, old + WEIGHT * (tokens / plain - old)))
