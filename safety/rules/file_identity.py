"""Group A: is this a whole file, and is there a backup?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safety.rules.base import RULES, Note, make, rule

if TYPE_CHECKING:
    from safety.calibration import Defect
    from safety.findings import Finding
    from safety.rules.base import Context


def from_defect(defect: Defect) -> Finding:
    """A defect that parsing met, as the finding of the rule that owns its code."""
    code = defect.code if defect.code in RULES else "FILE_CORRUPT"
    return make(
        code,
        Note(
            severity=defect.severity,
            explanation=defect.message,
            table=defect.table,
            scalar=defect.scalar,
            source_name=defect.table or defect.scalar,
            limit_source="file",
            suggestion="Get the file again from its source; do not flash it.",
        ),
    )


def defects_of(context: Context, code: str) -> list[Finding]:
    return [
        from_defect(defect)
        for defect in context.tune.defects
        if (defect.code if defect.code in RULES else "FILE_CORRUPT") == code
    ]


@rule(
    "FILE_CORRUPT",
    "A",
    "The file is damaged",
    "The file is cut off or damaged. Whatever is missing, the ECU would not get what its tuner meant.",
    severity="critical",
    source="own measurement: limits of real files",
)
def file_corrupt(context: Context) -> list[Finding]:
    return defects_of(context, "FILE_CORRUPT")


@rule(
    "TABLE_MISSING",
    "A",
    "A table of the backup is missing",
    "The ECU backup has this table, the tune has not: the file is probably cut off.",
    severity="critical",
    needs=("baseline",),
    source="own corpus",
)
def table_missing(context: Context) -> list[Finding]:
    if context.base is None:
        return []
    have = {table.role for table in context.tune.tables.values()}
    broken = {defect.table for defect in context.tune.defects}  # those are reported as SHAPE or FILE_CORRUPT
    return [
        make(
            "TABLE_MISSING",
            Note(
                severity="critical",
                explanation=f"The backup holds {table.name}; this file has no such table.",
                table=key,
                source_name=table.name,
                limit_source="backup",
                suggestion="Export the tune again in full.",
            ),
        )
        for key, table in context.base.tables.items()
        if table.role in {"ve", "ignition", "target_lambda"}
        and not table.secondary
        and table.role not in have
        and table.role not in broken
        and context.tune.family == context.base.family
    ]


@rule(
    "FILE_UNSUPPORTED",
    "A",
    "Parts of the file are not understood",
    "Some of the main tables are not known to this analysis, so they were not looked at.",
    severity="medium",
    source="own corpus: a CAN box's valid .msq has no engine tables",
)
def file_unsupported(context: Context) -> list[Finding]:
    return [
        make(
            "FILE_UNSUPPORTED",
            Note(
                severity="low",
                explanation=f"No {role.replace('_', ' ')} table was found, so nothing can be said about it.",
                table=role,
                limit_source="file",
            ),
        )
        for role in context.tune.missing
    ]


@rule(
    "BACKUP_MISSING",
    "A",
    "There is no backup to compare with",
    "Without a backup of your ECU, many faults cannot be seen in the file, and there is no way back.",
    severity="info",
    source="I2, practice",
)
def backup_missing(context: Context) -> list[Finding]:
    if context.base is not None and context.baseline_kind != "nearest":
        return []
    text = (
        "No ECU backup was given; too much advance or too little fuel may go unseen."
        if context.base is None
        else "The file was compared with the nearest verified tune of the same engine, not with this ECU's backup."
    )
    return [
        make("BACKUP_MISSING", Note("info", text, suggestion="Read the ECU and upload the backup first."))
    ]


@rule(
    "BACKUP_UNREADABLE",
    "A",
    "The backup itself cannot be read",
    "The backup is damaged or not understood, so it is no way back.",
    severity="high",
    applies=lambda context: bool(context.baseline_problem),
)
def backup_unreadable(context: Context) -> list[Finding]:
    if not context.baseline_problem:
        return []
    return [
        make(
            "BACKUP_UNREADABLE",
            Note(
                "high",
                f"The backup could not be read: {context.baseline_problem}",
                limit_source="backup",
                suggestion="Read the ECU again before flashing anything.",
            ),
        )
    ]
