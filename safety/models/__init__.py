"""Reports on files of people, reports on versions on sale, and definitions of images."""

from safety.models.choices import BaselineKind, ReportState, Verdict
from safety.models.definitions import DefinitionKind, RomDefinition
from safety.models.fitments import FitmentReport
from safety.models.reports import SafetyReport

__all__ = [
    "BaselineKind",
    "DefinitionKind",
    "FitmentReport",
    "ReportState",
    "RomDefinition",
    "SafetyReport",
    "Verdict",
]
