"""The two ways in which a file is turned away. Neither is ever a guess."""

from __future__ import annotations


class SafetyProblem(Exception):
    """Common parent, so that a caller can catch both."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message

    def __reduce__(self) -> tuple[type[SafetyProblem], tuple[str, str]]:
        return type(self), (self.reason_code, self.message)


class NotAnalysed(SafetyProblem):
    """The file may be fine, but nobody here understands it: no verdict on its content is possible."""


class Refused(SafetyProblem):
    """The file is corrupt, hostile or beyond the limits of its format: it must not be flashed."""
