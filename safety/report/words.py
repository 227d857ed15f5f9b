"""The words of a report that are the same in every face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

VERDICT_TITLES: Final[Mapping[str, str]] = {
    "pass": "No problem found by these checks",
    "caution": "Look at the notes before flashing",
    "confirm": "Serious findings: flash only after you confirm each of them",
    "block": "Do not flash this file",
    "insufficient_data": "Too little could be checked",
    "not_analysed": "This file was not analysed",
}

VERDICT_TEXTS: Final[Mapping[str, str]] = {
    "pass": "None of the checks that could run found anything. What was not checked is listed below.",
    "caution": "Something is unusual but not clearly wrong. Ask your tuner if you do not know why it is so.",
    "confirm": "At least one finding can damage the engine. Talk to your tuner; you have to acknowledge it to go on.",
    "block": "At least one finding would damage the engine or the ECU, or the file is for another one.",
    "insufficient_data": "Fewer checks could run than are needed for a judgement. Add facts about the vehicle or a backup.",
    "not_analysed": "Nobody here understands this file, so nothing can be said about it, good or bad.",
}

SEVERITY_WORDS: Final[Mapping[str, str]] = {
    "critical": "critical",
    "high": "high",
    "medium": "medium",
    "low": "low",
    "info": "note",
}

GROUPS: Final[Mapping[str, str]] = {
    "A": "File and identity",
    "B": "Table sanity",
    "C": "Combustion",
    "D": "Limits and protections",
    "E": "Vehicle match",
    "F": "Legal notices",
    "G": "Log evidence",
}

LAYERS: Final[Mapping[str, str]] = {
    "default": "general default",
    "family": "default for this ECU family",
    "engine": "default for this kind of engine",
    "vehicle": "this vehicle",
    "file": "the file itself",
    "backup": "the backup",
}


def shown(value: Any) -> str:
    """A number or word for people."""
    if value is None or value == "":
        return ""
    return f"{value:g}" if isinstance(value, float | int) and not isinstance(value, bool) else str(value)


def facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was compared with what, as label and text."""
    tune, base, vehicle = report["tune"], report["baseline"], report["vehicle"]
    rows = [
        ("Tune", f"{tune['format'] or 'unknown format'}, {tune['signature'] or 'no signature'}"),
        ("Tune's sha256", str(tune["sha256"])),
    ]
    if base:
        kinds = {"nearest": "nearest verified tune of the same engine (a stand-in)", "backup": "ECU backup"}
        rows.append(("Compared with", f"{kinds.get(base['kind'], base['kind'])}, {base['signature']}"))
        rows.append(("Its sha256", str(base["sha256"])))
    else:
        rows.append(("Compared with", "nothing: no backup was given"))
    known = {
        "kind": vehicle["kind"],
        "cylinders": vehicle["cylinders"],
        "cc": vehicle["displacement_cc"],
        "aspiration": vehicle["aspiration"],
        "fuel": vehicle["fuel"],
        "redline rpm": vehicle["redline_rpm"],
    }
    rows.append(("Vehicle", ", ".join(f"{k} {shown(v)}" for k, v in known.items() if v is not None)))
    rows.append(("Checked", f"{report['coverage']:.0%} of the checks that apply"))
    rows.append(("Risk found", f"{report['score']} of 100"))
    rows.append(("Versions", f"engine {report['engine_version']}, rules {report['ruleset_version']}"))
    return rows
