"""What was found in one training run, before it becomes a check of the report; and how it is worded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from burnline.results.validation import CheckSeverity
from burnline.validation.training_curves import Curve


@dataclass(frozen=True)
class Finding:
    """One check of one column of a run: ``text`` follows "Run <name>: " in the sentence.

    ``at`` is where it begins and ``detected`` when it could first have been told, both microseconds since the epoch.
    """

    check: str
    column: str | None
    text: str
    failed: bool = False
    at: int | None = None
    detected: int | None = None
    failed_rows: int | None = None
    rows: int | None = None
    example: str | None = None
    severity: CheckSeverity = "error"


def passed(check: str, column: str | None, text: str, curve: Curve | None = None) -> Finding:
    """A check without anything found."""
    rows = None if curve is None else len(curve)
    return Finding(check, column, text, failed_rows=None if rows is None else 0, rows=rows)


def number(value: float) -> str:
    """A loss or a norm in four digits, without a lone trailing point."""
    return f"{value:.4g}"


def step(value: float) -> str:
    """A step as it is counted: whole where it is whole."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,g}"


def moment(micros: int) -> datetime:
    """Microseconds since the epoch as a time."""
    return datetime.fromtimestamp(micros / 1e6, UTC)
