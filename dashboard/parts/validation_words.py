"""Stages and checks of the data, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from burnline.dashboard import wording
from burnline.dashboard.wording import Mark
from burnline.results.validation import Check, Stage, StageReport, ValidationReport

STAGES: Mapping[Stage, tuple[str, str, str]] = {
    "ingestion": ("Ingestion", ":material/input:", "What arrived: rows, freshness, duplicates"),
    "transformation": ("Transformation", ":material/transform:", "Types and columns after reading"),
    "features": ("Features", ":material/data_object:", "Ranges, categories and missing values of the inputs"),
    "serving": ("Serving", ":material/dns:", "What the model answered"),
    "training": ("Training", ":material/model_training:", "Gradients, losses and shapes of training runs"),
}
PASSED = Mark("Passed", ":material/check_circle:", "green")
FAILED = Mark("Failed", ":material/error:", "red")
WARNS = Mark("Warnings", ":material/warning:", "yellow")
NOTHING = Mark("Not checked", ":material/visibility_off:", "gray")


def failed(stage: StageReport) -> tuple[Check, ...]:
    """The checks with severity error that fail."""
    return tuple(c for c in stage.checks if not c.passed and c.severity == "error")


def warned(stage: StageReport) -> tuple[Check, ...]:
    """The checks with severity warning that fail."""
    return tuple(c for c in stage.checks if not c.passed and c.severity == "warning")


def mark_of(stage: StageReport) -> Mark:
    """How a stage stands."""
    if not stage.checks:
        return NOTHING
    return FAILED if failed(stage) else WARNS if warned(stage) else PASSED


def verdict(report: ValidationReport) -> Mark:
    """How the data stand as a whole."""
    if not any(stage.checks for stage in report.stages):
        return NOTHING
    if not report.passed:
        return FAILED
    return WARNS if any(warned(stage) for stage in report.stages) else PASSED


def counts(stage: StageReport) -> str:
    """How many checks of a stage pass, fail and warn."""
    bad, doubtful = len(failed(stage)), len(warned(stage))
    passed = len(stage.checks) - bad - doubtful
    parts = [f"**{bad} failed**" if bad else "", f"{doubtful} warn" if doubtful else "", f"{passed} passed"]
    return " · ".join(part for part in parts if part)


def detection(check: Check) -> timedelta | None:
    """From the first row that does not pass to when a validation first could have told."""
    if check.first_failed is None or check.detected_at is None:
        return None
    return check.detected_at - check.first_failed


def evidence(check: Check, zone: ZoneInfo) -> str:
    """Rows, example and times of a check that fails."""
    parts = []
    if check.failed_rows is not None:
        of = f" of {wording.count(check.rows)}" if check.rows else ""
        share = f" ({wording.percent(check.failed_rows / check.rows, 2)})" if check.rows else ""
        parts.append(f"{wording.count(check.failed_rows)}{of} rows{share}")
    if check.example is not None:
        parts.append(f"for example `{_code(check.example)}`")
    if check.first_failed is not None:
        parts.append(f"first {wording.moment(check.first_failed, zone)}")
    if (after := detection(check)) is not None:
        parts.append(f"detectable after {wording.duration(after)}" if after > timedelta(0) else "detectable at once")
    return " · ".join(parts)


def _code(value: str) -> str:
    """A value between backticks: short, without a backtick of its own."""
    plain = value.replace("`", "'").replace("\n", " ")
    return plain if len(plain) <= 60 else f"{plain[:59]}…"


def name(check: Check) -> str:
    """A check and its column: `range · f_amount`."""
    words = check.check.replace("_", " ")
    return words if check.column is None else f"{words} · {check.column}"
