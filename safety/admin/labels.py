"""The colours of verdicts."""

from safety.models import Verdict

COLOURS = {
    Verdict.PASS: "success",
    Verdict.CAUTION: "info",
    Verdict.INSUFFICIENT: "warning",
    Verdict.CONFIRM: "warning",
    Verdict.BLOCK: "danger",
    Verdict.NOT_ANALYSED: "danger",
    "": "info",
}
