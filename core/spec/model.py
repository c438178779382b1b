"""What a model has promised."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from burnline.results import Budgeting, Track
from burnline.spec.corrections import Correction
from burnline.spec.expression import Expression
from burnline.spec.windows import Duration, Window

ModelType = Literal["classification", "regression", "ranking"]


class Slo(BaseModel):
    """One promise of a model: an SLI, its objective and its window.

    ``line`` is where the Model file sets it, 0 when all of it comes from the template.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    sli: str
    track: Track
    objective: Decimal
    window: Window
    budgeting: Budgeting
    threshold: float | None = None
    metric: str | None = None
    at: int | None = None
    features: tuple[str, ...] | None = None
    all: tuple[str, ...] = ()
    good: Expression | None = None
    valid: Expression | None = None
    min_rows: int = 30
    time_slice_target: Decimal | None = None
    time_slice_window: Duration | None = None
    line: int = 0


class Escalation(BaseModel):
    """Who is told once an alert has gone unanswered for ``after``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    after: timedelta
    to: str


class Model(BaseModel):
    """One model and everything promised for it, with its template filled in.

    ``removed`` are the template's SLOs that the file turns off; ``sla`` is as the file has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    labels: dict[str, str] = {}
    type: ModelType
    tier: int = 2
    owner: str | None = None
    slos: tuple[Slo, ...]
    removed: tuple[str, ...] = ()
    justification: dict[str, str] = {}
    sla: dict[str, object] = {}
    escalation: tuple[Escalation, ...] = ()
    corrections: tuple[Correction, ...] = ()
    remediation: str | None = None
    artifact: str | None = None
    path: str | None = None

    def slo(self, name: str) -> Slo | None:
        """The SLO of that name, or None."""
        return next((slo for slo in self.slos if slo.name == name), None)
