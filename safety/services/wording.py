"""Plainer words for findings from a language model, where the house switched it on (SAFETY_WORDING).

Findings in, words out. Nothing of it is trusted: a sentence with a number that the finding does not have, with a
promise, or with markup is dropped, and the built-in text stands. Verdict, score and findings are never touched.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from core.jobs import enqueue
from core.rls import as_system
from safety.models import ReportState, SafetyReport
from safety.ports import wordings

LONGEST: Final = 600  # characters
TOLD: Final = (
    "code",
    "severity",
    "title",
    "explanation",
    "suggestion",
    "value",
    "limit",
)  # nothing of the file's
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_SPELLED: Final = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000, "dozen": 12, "half": 0.5,
    "double": 2, "twice": 2, "triple": 3, "quarter": 0.25,
}  # fmt: skip
_WORD: Final = re.compile(r"[a-z]+")
# A model that calms people down is worse than none.
_PROMISES: Final = re.compile(
    r"\b(safe|safely|harmless|no (?:risk|danger|problem)s?|ignore|nothing to worry|don't worry|go ahead)\b",
    re.IGNORECASE,
)


def want_words(report: SafetyReport) -> None:
    """Ask for words later, in the transaction under way; nothing where that is switched off."""
    if settings.SAFETY_WORDING != "off" and report.body["findings"] and "words" not in report.body:
        enqueue("safety.find_words", report_id=str(report.pk))


def find_words(report_id: UUID) -> int:
    """Ask the provider once and keep the sentences that hold; how many. Raises NoWords."""
    provider = wordings.get(settings.SAFETY_WORDING)
    with as_system("the job words reports of all"):
        report = SafetyReport.objects.live().filter(pk=report_id, state=ReportState.READY).first()
    if provider is None or report is None or "words" in report.body:
        return 0
    findings = report.body["findings"]
    told = [{name: finding[name] for name in TOLD} for finding in findings]
    words = checked(told, provider.words(told))
    with as_system("the job words reports of all"):
        locked = SafetyReport.objects.select_for_update().get(pk=report_id)
        locked.body["words"] = words
        locked.save(update_fields=["body"])
    return sum(map(bool, words))


def checked(findings: Sequence[Mapping[str, Any]], words: Sequence[Any]) -> list[str]:
    """One text for each finding: what was said, or "" where it does not hold."""
    padded = [*words, *[""] * len(findings)][: len(findings)]
    return [
        text if isinstance(text, str) and holds(finding, text) else ""
        for finding, text in zip(findings, padded, strict=True)
    ]


def holds(finding: Mapping[str, Any], text: str) -> bool:
    """Whether a sentence says nothing that its finding does not say: no new number, no promise, no markup."""
    plain = text.strip()
    if (
        not plain
        or len(text) > LONGEST
        or not text.isprintable()
        or re.search(r"[<>{}\[\]`|\\]|https?:", text)
    ):
        return False
    if _PROMISES.search(text):
        return False
    return numbers_in(text) <= numbers_in(" ".join(str(value) for value in finding.values()))


def numbers_in(text: str) -> set[float]:
    """Every number of a text, in digits or spelled, without its sign; 1,200 and 1200 are one."""
    digits = {_value(found) for found in _NUMBER.findall(text)}
    return digits | {float(_SPELLED[word]) for word in _WORD.findall(text.lower()) if word in _SPELLED}


def _value(found: str) -> float:
    grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", found)
    plain = found.replace(",", "") if grouped else found.replace(",", ".")
    head, dot, tail = plain.partition(".")
    return float(f"{head}{dot}{tail.replace('.', '')}")
