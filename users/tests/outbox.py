"""A phone that keeps what it gets."""

from typing import ClassVar


class Outbox:
    makes_codes = False
    messages: ClassVar[list[tuple[str, str]]] = []

    def send(self, phone, text):
        self.messages.append((phone, text))

    def is_right(self, phone, code):
        raise NotImplementedError


def last_code(phone):
    """The code of the newest SMS to this number."""
    text = next(text for to, text in reversed(Outbox.messages) if to == phone)
    return text.split()[0]
