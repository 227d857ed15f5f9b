"""Words for search and for matching: folded in Python, because the database has neither unaccent nor a stemmer."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+")
_FOREIGN: Final = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
STOP: Final = frozenset(
    """a about again all also am an and any anything are as at be been but by can could did do does doing for from get
    give had has have hello hey hi how i if in into is it its just know let like list me my need of on or our out
    please put s show so some t tell than that the their them then there these they thing this those to too up us
    was we were what whats which who why will with would you your""".split()  # noqa: SIM905 -- easier to read
)


def fold(text: str) -> str:
    """Lower case, without accents."""
    text = unicodedata.normalize("NFKD", text.lower().translate(_FOREIGN))
    return "".join(sign for sign in text if not unicodedata.combining(sign))


def tokens(text: str) -> list[str]:
    """`Öl-Wechsel's` -> ol, wechsel."""
    return _WORD.findall(fold(text).replace("'s", " ").replace("’s", " ").replace("'", "").replace("’", ""))


def stem(word: str) -> str:
    """Plurals and -ing of plain English, roughly: `brakes` and `brake` are one, `valves` and `valve` too."""
    for ending, new, least in (
        ("ies", "y", 5),
        ("sses", "ss", 6),
        ("ing", "", 7),
        ("es", "e", 5),
        ("s", "", 4),
    ):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word.removesuffix(ending) + new
    return word


def terms(text: str) -> list[str]:
    """What a text is found by: stems without the words that stand everywhere."""
    return [stem(word) for word in tokens(text) if word not in STOP]


def near(word: str, other: str, most: int) -> bool:
    """Whether at most `most` letters were added, dropped, changed or swapped with their neighbour."""
    if abs(len(word) - len(other)) > most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(word, start=1):
        last, before, row = before, row, [i] + [0] * len(other)
        for j, b in enumerate(other, start=1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and word[i - 2] == b:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > most:
            return False
    return row[-1] <= most


def repaired(words: Iterable[str], known: frozenset[str]) -> list[str]:
    """The words, each that is unknown replaced by the known one that it was most likely meant to be."""
    return [word if word in known or word in STOP else _nearest(word, known) for word in words]


@lru_cache(maxsize=4096)
def _nearest(word: str, known: frozenset[str]) -> str:
    """Short words and numbers are taken as they are: half of them are one letter from another."""
    if len(word) < 4 or any(sign.isdigit() for sign in word):
        return word
    for most in (1, 2) if len(word) >= 7 else (1,):
        # People seldom get the first letter wrong; swapped first two are caught by the sorted pair.
        found = [
            other
            for other in known
            if len(other) >= 4 and set(other[:2]) & set(word[:2]) and near(word, other, most)
        ]
        if found:
            return min(found, key=lambda other: (other[0] != word[0], abs(len(other) - len(word)), other))
    return word
