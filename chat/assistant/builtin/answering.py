"""The built-in answerer: deterministic, from a person's own records, and honest when there is nothing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chat.assistant.builtin import glossary
from chat.assistant.builtin.codes import codes_in, meaning_of
from chat.assistant.builtin.extracting import Found, extract
from chat.assistant.builtin.matching import Match, asked, matches, vocabulary
from chat.assistant.builtin.smalltalk import PATTERNS
from chat.assistant.wording import STOP, repaired, stem, tokens
from chat.ports import Fact, Pattern, Question, Reply, Source, knowledge
from users.models import User

NOTHING: Final = (
    "I found nothing about this in your data. If you like, hand this conversation over to our support: a person "
    "will read it and answer."
)
OTHERS: Final = "I know your own records only, and nothing of other people."
OWN_TEXT: Final = 0.7  # share of a question from which a person's own text beats the glossary
SURE: Final = 0.5  # coverage from which a pattern answers before anything is extracted
_OWNER: Final = re.compile(r"\b([a-z]{2,})['’]s\b", re.IGNORECASE)
_NOBODY: Final = frozenset(
    "what who it that there here when where how let he she this whats why today tomorrow one everybody".split()  # noqa: SIM905
)
_MEANING: Final = frozenset(
    [
        "mean",
        "means",
        "meaning",
        "define",
        "definition",
        "explain",
        "explained",
        "explanation",
        "term",
        "stand",
        "stands",
        "is",
        "are",
    ]
)
_TELLING: Final = frozenset("mean means meaning define definition explain explanation term stands".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Known:
    """What may be said: facts of the person's records, and pieces of the texts they gave (session first)."""

    facts: Sequence[Fact] = ()
    texts: Sequence[Fact] = ()


def all_patterns() -> list[Pattern]:
    return [*PATTERNS, *(pattern for plug in knowledge.values() for pattern in plug.patterns())]


def answer(user: User, text: str, known: Known) -> Reply:
    """Reads the database through the patterns of the apps: call it `reading(user)`."""
    patterns = all_patterns()
    words = vocabulary(patterns, (fact.text for fact in (*known.facts, *known.texts))) | glossary.WORDS
    if codes := codes_in(text):
        return _codes(codes, known)
    if _somebody_else(text, words):
        return Reply(OTHERS)
    said = repaired(tokens(text), words)
    question = asked(user, text, words)
    candidates: tuple[Callable[[], Reply | None], ...] = (
        lambda: _meaning(said, known),
        lambda: _from_records_or_texts(question, said, patterns, known),
        lambda: _term_alone(said),
        lambda: _extracted(said, known.facts),
    )
    return next((reply for candidate in candidates if (reply := candidate())), Reply(NOTHING))


def _content(said: Sequence[str]) -> list[str]:
    return [stem(word) for word in said if word not in STOP]


def _meaning(said: Sequence[str], known: Known) -> Reply | None:
    """A word of the trade, where its meaning is asked for and the person's own texts don't say more."""
    term = glossary.explained(list(said))
    if term is None or not _asks_for_meaning(said):
        return None
    if not _TELLING & set(said) and len(_content(said)) > term.length:
        return None  # `what is the coolant temperature`: more is asked than what coolant is
    texts = extract(_content(said), known.texts)
    return None if texts and texts[0].share > OWN_TEXT else _explained(term)


def _from_records_or_texts(
    question: Question, said: Sequence[str], patterns: Sequence[Pattern], known: Known
) -> Reply | None:
    """A pattern that explains most of the question, a text that speaks of more of it, or a pattern after all."""
    texts = extract(_content(said), known.texts)
    found = matches(question, patterns)
    best = _first(question, [match for match in found if match.coverage >= SURE])
    if best and not (texts and texts[0].share > best[0].coverage):
        return best[1]
    if texts:
        return _quoted(texts)
    less = _first(question, found)
    return less[1] if less else None


def _term_alone(said: Sequence[str]) -> Reply | None:
    """`knock?`: little more than the term itself."""
    term = glossary.explained(list(said))
    return _explained(term) if term and len(_content(said)) <= term.length + 1 else None


def _explained(term: glossary.Term) -> Reply:
    return Reply(term.text, (Source("glossary", term.name, term.name),))


def _extracted(said: Sequence[str], facts: Sequence[Fact]) -> Reply | None:
    records = extract(_content(said), facts)
    return _quoted(records) if records else None


def _somebody_else(text: str, known: frozenset[str]) -> bool:
    """`Bob's odometer`: a name that no record of this person has."""
    names = (name.lower() for name in _OWNER.findall(text))
    return any(name not in _NOBODY and name not in known and stem(name) not in known for name in names)


def _first(question: Question, found: Sequence[Match]) -> tuple[Match, Reply] | None:
    """The first of the matches that has something to say."""
    for match in found:
        if reply := match.pattern.answer(question):
            return match, reply
    return None


def _asks_for_meaning(said: Sequence[str]) -> bool:
    """`what is lambda`, `explain knock`; not `what is my redline`, which asks for a record."""
    words = set(said)
    if words & {"my", "our", "mine"}:
        return bool(words & _TELLING)
    return bool(words & _TELLING) or (
        bool(words & {"what", "whats"}) and bool(words & _MEANING | words & {"whats"})
    )


def _quoted(found: Sequence[Found]) -> Reply:
    sources = tuple(dict.fromkeys(one.source for one in found))
    return Reply("From your data: " + " ".join(_ended(one.text) for one in found), sources)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _codes(codes: Sequence[str], known: Known) -> Reply:
    """Each code, and where the person's own records and texts name it."""
    meanings = [meaning_of(code) for code in codes]
    lines = [fact.text for fact in meanings]
    sources = [fact.source for fact in meanings]
    for fact in (*known.facts, *known.texts):
        if any(code in fact.text.upper() for code in codes):
            lines.append(f"In your data: {_ended(fact.text)}")
            sources.append(fact.source)
    return Reply("\n".join(lines[:8]), tuple(dict.fromkeys(sources[:8])))
