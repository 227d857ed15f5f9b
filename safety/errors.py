"""Refusals of the safety app."""

from core.errors import DomainError, Unavailable


class NothingToAnalyse(DomainError):
    code, status, message = "nothing_to_analyse", 400, "Give one of tune_id, file_id or a file."


class TablesWithheld(DomainError):
    """The tables of a tune are its maker's work: the buyer sees them, and whoever brought the file."""

    code, status, message = "tables_withheld", 403, "Buy the tune to see its tables."


class AnalyserBusy(Unavailable):
    code, message = "analyser_busy", "The analyser is busy. Please try again in a moment."


class NothingToAcknowledge(DomainError):
    code, status = "nothing_to_acknowledge", 409
    message = "Only a report that asks for confirmation can be acknowledged."
