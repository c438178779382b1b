"""Whether data are as they must be, stage by stage of the pipeline."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import polars as pl

from burnline.results import Result

Stage = Literal["ingestion", "transformation", "features", "serving", "training"]
CheckSeverity = Literal["error", "warning"]


class Check(Result):
    """One check of one column (or of the whole, ``column`` is ``None``).

    ``failed_rows`` of ``rows`` do not pass; ``example`` is a value that does not; ``sentence`` says what, where and
    what to do. A ``warning`` that fails does not make the validation fail. ``first_failed`` is the time of the first
    row that does not pass, ``detected_at`` when a validation first could have told.
    """

    check: str
    column: str | None
    passed: bool
    failed_rows: int | None
    example: str | None
    sentence: str
    severity: CheckSeverity = "error"
    rows: int | None = None
    first_failed: datetime | None = None
    detected_at: datetime | None = None


class StageReport(Result):
    """The checks of one stage over so many rows; ``reason`` says why a stage has none."""

    stage: Stage
    rows: int
    checks: tuple[Check, ...]
    reason: str | None = None

    @property
    def passed(self) -> bool:
        """Whether no check with severity error failed."""
        return all(c.passed or c.severity == "warning" for c in self.checks)


class ValidationReport(Result):
    """All stages of one model; ``schema_path`` is the file the checks are read from, ``None`` = inferred anew."""

    model: str
    path: str | None
    at: datetime | None
    sentence: str
    schema_path: str | None
    stages: tuple[StageReport, ...]
    passed: bool
    time_to_detection: float | None = None
    notes: tuple[str, ...] = ()

    def to_polars(self) -> pl.DataFrame:
        """One row per check: stage and the fields of ``Check``."""
        rows = [{"stage": s.stage, **c.model_dump()} for s in self.stages for c in s.checks]
        if not rows:
            return pl.DataFrame(schema=dict.fromkeys(("stage", *Check.model_fields), pl.String))
        return pl.DataFrame(rows, infer_schema_length=None)
