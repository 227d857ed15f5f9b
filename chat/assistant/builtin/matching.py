"""Which kind of question is this? Groups of words that must be hit, and how much of the question they explain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chat.assistant.wording import STOP, repaired, stem, tokens
from chat.ports import Pattern, Question
from users.models import User


@dataclass(frozen=True, slots=True)
class Match:
    """coverage: the share of the question's words that the pattern knows, 0 to 1."""

    pattern: Pattern
    hits: int
    coverage: float


def asked(user: User, text: str, known: frozenset[str]) -> Question:
    """The question with its words folded, repaired and stemmed; `known` are the words that typos are repaired to."""
    said = repaired(tokens(text), known)
    return Question(user, text, frozenset(said) | frozenset(map(stem, said)))


def vocabulary(patterns: Iterable[Pattern], texts: Iterable[str]) -> frozenset[str]:
    """Every word that a question may have meant: those of the patterns, and of the person's own records."""
    known = {word for pattern in patterns for group in (*pattern.needs, pattern.likes) for word in group}
    return frozenset(known.union(word for text in texts for word in tokens(text)))


def matches(question: Question, patterns: Sequence[Pattern]) -> list[Match]:
    """Patterns whose every group is hit, the best first."""
    content = {stem(word) for word in question.words if word not in STOP} or set(question.words)
    found = []
    for pattern in patterns:
        groups = [{stem(word) for word in group} | group for group in pattern.needs]
        if not all(group & question.words for group in groups):
            continue
        if {stem(word) for word in pattern.unlike} & question.words:
            continue
        vocabulary_here = {stem(word) for group in (*groups, pattern.likes) for word in group}
        hit = content & vocabulary_here
        found.append(Match(pattern, len(groups) + len(hit), len(hit) / len(content)))
    return sorted(found, key=lambda match: (-match.coverage, -match.hits, match.pattern.name))
