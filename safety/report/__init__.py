"""The report and its faces: JSON, text, printable HTML, SVG heat maps."""

from safety.report.model import DISCLAIMER, VERDICTS, NotChecked, Report, TableView

__all__ = ["DISCLAIMER", "VERDICTS", "NotChecked", "Report", "TableView"]
