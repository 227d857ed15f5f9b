"""The sentences of a person's own texts and records that speak of what was asked."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from chat.assistant.wording import terms
from chat.ports import Fact, Source

BEST: Final = 3  # sentences
ENOUGH: Final = 0.5  # share of the question's weight that the best sentence must speak of
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])|\n+")
LONGEST: Final = 400  # characters of one sentence


@dataclass(frozen=True, slots=True)
class Found:
    """share: how much of the question it speaks of, 0 to 1, rare words counting more."""

    text: str
    source: Source
    share: float


def sentences(fact: Fact) -> list[str]:
    return [piece.strip()[:LONGEST] for piece in _SENTENCE.split(fact.text) if piece.strip()]


def extract(question: Sequence[str], facts: Iterable[Fact]) -> list[Found]:
    """The best sentences, in the order of their share; none below `ENOUGH` of the question.

    question: the terms asked for, typos repaired.
    """
    wanted = set(question)
    if not wanted:
        return []
    pieces = [
        (text, fact.source, set(terms(f"{fact.source.title} {text}")))
        for fact in facts
        for text in sentences(fact)
    ]
    spread = Counter(word for _, _, words in pieces for word in words & wanted)
    weight = {word: 1 + math.log((1 + len(pieces)) / (1 + spread[word])) for word in wanted}
    whole = sum(weight.values())
    found = [
        Found(text, source, sum(weight[word] for word in words & wanted) / whole)
        for text, source, words in pieces
    ]
    found = sorted((one for one in found if one.share >= ENOUGH), key=lambda one: -one.share)
    if not found:
        return []
    least = max(ENOUGH, found[0].share * 0.8)  # what says much less than the best only dilutes it
    kept = {one.text: one for one in reversed(found) if one.share >= least}
    return sorted(kept.values(), key=lambda one: -one.share)[:BEST]
