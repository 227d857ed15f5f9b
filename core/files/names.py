"""What a person calls a file: kept to be shown, never used as a path."""

import re
import unicodedata

from core.errors import Invalid

MAX_LENGTH = 200
# Marks that turn the direction of writing: "photo<U+202E>gpj.exe" would read as a picture.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def clean_filename(name: str) -> str:
    """The last part of the name, normalised (NFC). Raises Invalid naming `filename` for what can't be a name."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1].strip()
    if last in {"", ".", ".."}:
        raise Invalid(fields={"filename": ["Give the file a name."]})
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Cn", "Zl", "Zp"} for sign in last) or _TURNS.search(
        last
    ):
        raise Invalid(fields={"filename": ["The name contains characters that no file name may have."]})
    if len(last) > MAX_LENGTH:
        raise Invalid(fields={"filename": [f"The name may have at most {MAX_LENGTH} characters."]})
    return last
