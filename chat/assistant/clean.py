"""Text from outside, made harmless: for a model it is data, for a screen it is plain words."""

import re
import unicodedata
from typing import Final

# Invisible signs carry orders that no reader of the text would see: zero-width, bidi, tags, variation selectors.
_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT: Final = frozenset("\n\t")
_SELECTORS: Final = re.compile(
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5]"
)
# Signs with which chat templates tell who speaks; in a text of ours they are never meant.
_ROLES: Final = re.compile(
    r"<\|[^<>|]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>", re.IGNORECASE
)
_BLANKS: Final = re.compile(r"[ \t]{4,}")
_LINES: Final = re.compile(r"\n{3,}")


def visible(text: str) -> str:
    """Only what a reader can see, in NFC; line breaks and tabs stay."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.isascii() and text.isprintable():
        return text
    kept = (sign for sign in text if sign in _KEPT or unicodedata.category(sign) not in _CATEGORIES)
    return _SELECTORS.sub("", "".join(kept))


def as_data(text: str) -> str:
    """A text that goes into a prompt as data: visible, without the signs of chat templates."""
    text = visible(text)
    while (less := _ROLES.sub(" ", text)) != text:  # what is left may join to another sign
        text = less
    return _LINES.sub("\n\n", _BLANKS.sub("   ", text)).strip()


class Plain:
    """A stream of pieces from a model, made plain: nothing invisible, no picture that a client would fetch."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        text = self._held + visible(piece)
        self._held = "!" if text.endswith("!") else ""
        return text.removesuffix(self._held).replace("![", "[")

    def end(self) -> str:
        rest, self._held = self._held, ""
        return rest
