"""Trouble codes as an engine control unit sends them (ISO 15031-5, SAE J1979): modes 03, 07, 0A and 01 PID 01."""

from dataclasses import dataclass
from typing import Final

_LETTERS: Final = "PCBU"
STORED, PENDING, PERMANENT = "stored", "pending", "permanent"
_STATUS: Final = {0x43: STORED, 0x47: PENDING, 0x4A: PERMANENT}


@dataclass(frozen=True, slots=True)
class Lamp:
    """Answer of mode 01 PID 01: is the malfunction lamp on, and how many codes confirm it."""

    mil: bool
    count: int


def code_of(high: int, low: int) -> str:
    """Two bytes as text: top two bits the letter, then a digit of two bits, then three hexadecimal digits."""
    return f"{_LETTERS[high >> 6]}{high >> 4 & 3}{high & 15:X}{low:02X}"


def bytes_of(code: str) -> bytes:
    """The other way round: P0301 is the bytes 3 and 1."""
    return bytes((_LETTERS.index(code[0]) << 6 | int(code[1]) << 4 | int(code[2], 16), int(code[3:], 16)))


def read_codes(answer: bytes, *, can: bool) -> tuple[str, list[str]]:
    """(status, codes) of one whole answer of modes 03, 07 or 0A; `can` when it came over CAN.

    CAN sends the number of codes and then as many pairs; the older K-line sends three pairs in each message,
    filled up with zeros, and repeats the mode byte in front of each. Raises ValueError for another answer.
    """
    if not answer or answer[0] not in _STATUS:
        raise ValueError("This is no answer of mode 03, 07 or 0A.")
    status = _STATUS[answer[0]]
    pairs = _can_pairs(answer) if can else _line_pairs(answer)
    codes = (
        code_of(pairs[at], pairs[at + 1]) for at in range(0, len(pairs), 2) if pairs[at : at + 2] != b"\0\0"
    )
    return status, list(dict.fromkeys(codes))


def read_lamp(answer: bytes) -> Lamp:
    """Of `41 01 A B C D`: bit 7 of A is the lamp, the rest of A the number of codes."""
    if len(answer) < 3 or answer[:2] != b"\x41\x01":
        raise ValueError("This is no answer of mode 01 PID 01.")
    return Lamp(mil=bool(answer[2] & 0x80), count=answer[2] & 0x7F)


def _can_pairs(answer: bytes) -> bytes:
    if len(answer) < 2:
        raise ValueError("The number of codes is missing.")
    pairs = answer[2 : 2 + 2 * answer[1]]
    if len(pairs) != 2 * answer[1]:
        raise ValueError(f"{answer[1]} codes were promised, the answer is cut off.")
    return pairs


def _line_pairs(answer: bytes) -> bytes:
    if len(answer) % 7:
        raise ValueError("A K-line answer is 7 bytes for each message.")
    messages = [answer[at : at + 7] for at in range(0, len(answer), 7)]
    if any(message[0] != answer[0] for message in messages):
        raise ValueError("The messages answer different modes.")
    return b"".join(message[1:] for message in messages)
