"""What the assistant may know of safety reports. No word of it calls a tune safe."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from chat.assistant.wording import tokens
from chat.ports import Block, Fact, Pattern, PlainKnowledge, Question, Reply, Source, Tool, words
from safety.models import ReportState, SafetyReport, Verdict
from safety.report.model import DISCLAIMER
from users.models import User

ROWS: Final = 5
FINDINGS: Final = 5
OPEN: Final = (Verdict.CAUTION, Verdict.CONFIRM, Verdict.BLOCK, Verdict.INSUFFICIENT)
MEANINGS: Final = {
    Verdict.PASS: "the checks that ran found no problem, which does not make the tune safe",
    Verdict.CAUTION: "there are findings to look at before flashing",
    Verdict.INSUFFICIENT: "too little of the file could be checked to say anything",
    Verdict.CONFIRM: "there are grave findings that you must confirm before flashing",
    Verdict.BLOCK: "do not flash this file",
    Verdict.NOT_ANALYSED: "the file could not be analysed",
}


def reports(user: User, vehicle_id: UUID | None = None) -> list[SafetyReport]:
    """The newest first."""
    rows = SafetyReport.objects.visible_to(user).filter(state=ReportState.READY)
    if vehicle_id is not None:
        rows = rows.filter(vehicle_id=vehicle_id)
    return list(rows.select_related("vehicle", "tune_version__tune").order_by("-created_at", "-id")[:ROWS])


def about(report: SafetyReport, *, findings: int = FINDINGS) -> list[Fact]:
    """The verdict, then the worst findings: words only, no numbers of tables that somebody else made."""
    where = source(report)
    day = f"{report.created_at.day} {report.created_at:%B %Y}"
    head = (
        f'The safety report of {day} on "{name_of(report)}" for {report.vehicle} says '
        f'"{report.get_verdict_display()}", risk score {report.score} of 100: {MEANINGS[Verdict(report.verdict)]}.'
    )
    rows = report.body.get("findings", [])
    found = [
        Fact(head, where),
        *(
            Fact(
                f'Finding ({row["severity"]}) in the report on "{name_of(report)}": {row["title"]}. {_why(report, row)}',
                where,
            )
            for row in rows[:findings]
        ),
    ]
    if len(rows) > findings:
        found.append(Fact(f"The report has {len(rows) - findings} more findings.", where))
    return found


def _why(report: SafetyReport, finding: Mapping[str, Any]) -> str:
    """A tune that was bought or is on sale keeps its tables' numbers to itself here."""
    if report.tune_version_id is not None:
        return str(finding.get("suggestion") or "")
    return f"{finding['explanation']} {finding.get('suggestion') or ''}".strip()


def name_of(report: SafetyReport) -> str:
    if report.tune_version is not None:
        return str(report.tune_version.tune.title)
    return report.filename or "a file"


def source(report: SafetyReport) -> Source:
    return Source(
        "safety_report",
        str(report.pk),
        f"Safety report on {name_of(report)}",
        f"/api/v1/safety/reports/{report.pk}/",
    )


def _safe(question: Question) -> Reply | None:
    """The newest report that the question names, else the newest of all."""
    found = reports(question.user)
    if not found:
        return Reply(
            "There is no safety report yet. Have the file analysed against your vehicle before you flash it; without "
            "that I can say nothing about it."
        )
    report = next((one for one in found if _named(one) & question.words), found[0])
    rows = about(report)
    return Reply("\n".join([*(fact.text for fact in rows), DISCLAIMER]), (source(report),))


def _named(report: SafetyReport) -> set[str]:
    return {word for word in tokens(f"{name_of(report)} {report.vehicle}") if len(word) > 2} - {
        "tune",
        "stage",
        "map",
        "msq",
    }


def _list(question: Question) -> Reply | None:
    found = reports(question.user)
    if not found:
        return Reply("There is no safety report yet.")
    rows = [about(report, findings=0)[0] for report in found]
    return Reply("\n".join(fact.text for fact in rows), tuple(fact.source for fact in rows))


PATTERNS: Final = (
    Pattern(
        "is it safe",
        (words("safe safety risk risky dangerous danger verdict finding findings blocked harmful hurt"),),
        _safe,
        likes=words(
            "tune map file flash report my bike is this what did say says for the why it to analysis stage remap"
        ),
        unlike=words("reports list mean means airbag"),
    ),
    Pattern(
        "report",
        (words("report analysis analysed analyzed analyse checked"),),
        _safe,
        likes=words("safety tune what did say says last latest result results my the"),
        unlike=words("reports list mean means"),
    ),
    Pattern(
        "all reports",
        (words("reports analyses"),),
        _list,
        likes=words("safety my list all show which what have tune"),
    ),
    Pattern(
        "why blocked",
        (
            words("why cant cannot blocked refused refuse block"),
            words("flash flashing tune write install map"),
        ),
        _safe,
        likes=words("my bike i"),
    ),
)


def _report(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    raw = arguments.get("vehicle_id")
    try:
        vehicle_id = UUID(str(raw)) if raw else None
    except ValueError:
        return []
    return [fact for report in reports(user, vehicle_id)[:2] for fact in about(report)]


class SafetyKnowledge(PlainKnowledge):
    order = 20

    def blocks(self, user: User) -> Sequence[Block]:
        """Reports that are open: those with something to look at come before those without."""
        found = sorted(reports(user), key=lambda report: report.verdict not in OPEN)
        return [Block("safety_reports", [fact for report in found for fact in about(report)])]

    def patterns(self) -> Sequence[Pattern]:
        return PATTERNS

    def tools(self) -> Sequence[Tool]:
        parameters = {"type": "object", "properties": {"vehicle_id": {"type": "string", "format": "uuid"}}}
        return [
            Tool("get_safety_report", "The newest safety reports with their findings.", _report, parameters)
        ]
