"""Refusals of the safety app."""

from core.errors import DomainError, Unavailable


class TablesWithheld(DomainError):
    """The tables of a tune are its maker's work: the buyer sees them, and whoever brought the file."""

    code, status, message = "tables_withheld", 403, "Buy the tune to see its tables."


class ReportNotReady(DomainError):
    code, status, message = "report_not_ready", 409, "The file still waits for the analyser. Ask again soon."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


class AnalyserBusy(Unavailable):
    code, message = "analyser_busy", "The analyser is busy. Please try again in a moment."


class NothingToAcknowledge(DomainError):
    code, status = "nothing_to_acknowledge", 409
    message = "Only a report that asks for confirmation can be acknowledged."


class NoWords(Unavailable):
    """The service that words findings gave nothing useful; the built-in text stands."""

    code, message = "no_words", "The findings keep their built-in words."
