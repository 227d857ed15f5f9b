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


# Common words that are one letter from a word of the trade: they are meant as they stand.
COMMON: Final = frozenset(
    """mean means meant meaning define explain made make makes take takes took done keep kept good best better back ride
    rides road read real rest fast fine find found five four hand hard head held high hold home hope hour hours idea
    kind knew left life line live long look looks lose lost love main mind mine more most move name need never next
    nice none note once only open over pace page past plan play point post pull push rain rate safe said same save
    seem sell send sent side sign size slow soon sort stay stop sure talk tall tell term test than then thing think
    till tire tired true turn type used user very wait walk want warm water week well went wide will wind wish word
    world would write wrong year years yet young first second third small large great little light right might sight
    under until value where which while white whole whose woman money month morning night number order other paper
    people person phone place plain please power press price quick quiet quite reach ready reason round sense serve
    seven shall share sheet short should since sleep smoke sound space speak spend stand start state still stock
    story street strong study stuff table their these three throw times today total touch track trade train travel
    treat trial trust truth twice using usual visit voice capital country city food song movie poem book story letter
    weather father mother brother sister friend house color colour green black blue water france paris""".split()  # noqa: SIM905
)
# What people type on a phone; too short to be told from other words by their letters.
_SHORT: Final = {
    "wen": "when", "whn": "when", "wht": "what", "wat": "what", "nxt": "next", "srvc": "service", "svc": "service",
    "appt": "appointment", "appts": "appointments", "kms": "km", "odo": "odometer", "veh": "vehicle", "u": "you",
    "ur": "your", "pls": "please", "plz": "please", "thx": "thanks", "ty": "thanks", "hw": "how", "lst": "last",
    "reg": "registration", "ins": "insurance", "docs": "documents", "recs": "records", "bk": "bike",
}  # fmt: skip


def repaired(words: Iterable[str], known: frozenset[str]) -> list[str]:
    """The words, each that is unknown replaced by the known one that it was most likely meant to be."""
    whole = (_SHORT.get(word, word) for word in words)
    return [
        word if word in known or word in STOP or word in COMMON else _nearest(word, known) for word in whole
    ]


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
            return min(
                found,
                key=lambda other: (other[0] != word[0], abs(len(other) - len(word)), -len(other), other),
            )
    return word
