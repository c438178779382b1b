"""The answers: frozen objects with the field names of the public JSON.

One fact has one shape: the command line prints these objects, the pages show them and the
HTTP interface returns them. Times carry an offset, rates are fractions, unknown is ``None``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

Track = Literal["infrastructure", "model"]
Budgeting = Literal["Occurrences", "Timeslices", "RatioTimeslices"]
State = Literal["healthy", "at_risk", "burning", "breached", "no_data"]
Verdict = Literal["healthy", "infrastructure", "silent_model_failure", "both", "no_data"]
Decision = Literal["allow", "caution", "block"]

BURN_WINDOWS = ("5m", "30m", "1h", "6h", "3d")


class Result(BaseModel):
    """Base of every answer: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WindowSpan(Result):
    """The span an SLO was judged over: buckets that begin in (from, to].

    ``ends_at`` is where the period of a calendar window ends; ``to`` for a rolling one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    from_: datetime = Field(alias="from")
    to: datetime
    kind: Literal["rolling", "calendar"]
    ends_at: datetime


class Evidence(Result):
    """Whether the data prove a breach (filled by the evidence layer)."""

    verdict: Literal["confirmed_breach", "confirmed_ok", "undecided"]
    interval: tuple[float, float]
    e_value: float
    overdispersion: float


class Estimate(Result):
    """The SLI over all valid events when labels are late or missing."""

    value: float
    interval: tuple[float, float]
    bad: float
    bad_interval: tuple[float, float]
    method: str
    delay_bias: bool


class Forecast(Result):
    """When the budget is exhausted, with an 80 % interval and a probability."""

    exhausts_at: datetime | None
    interval_80: tuple[datetime | None, datetime | None] | None
    probability: float


class Alert(Result):
    """One alert of the history of an SLO."""

    model: str
    slo: str
    track: Track
    severity: Literal["page", "ticket"]
    rule: str
    started_at: datetime
    resolved_at: datetime | None
    burn_long: float
    burn_short: float
    budget_spent: float
    confirmed: bool
    fleet_discovery: bool


class SloStatus(Result):
    """One SLO as of a moment.

    ``total`` and ``bad`` count events (Occurrences, weighted by sampling) or slices; ``value`` is
    good / total; ``coverage`` is the share of valid events whose outcome is known;
    ``budget_total`` = (1 - objective) x total and ``budget_consumed`` = bad, in the unit of
    ``total``; ``budget_remaining`` = 1 - bad / budget_total, below 0 when overspent.
    Without data every figure is ``None`` and ``reason`` says why.
    """

    slo: str
    sli: str
    track: Track
    objective: float
    threshold: float | None
    unit: str | None = None
    budgeting: Budgeting
    window: WindowSpan
    total: float | None
    good: float | None
    bad: float | None
    value: float | None
    coverage: float | None
    budget_total: float | None
    budget_consumed: float | None
    budget_remaining: float | None
    burn_rates: dict[str, float | None]
    state: State
    evidence: Evidence | None = None
    estimate: Estimate | None = None
    forecast: Forecast | None = None
    alerts: tuple[Alert, ...] = ()
    reason: str | None = None


class TrackStatus(Result):
    """One error budget of a model, bound by its worst SLO."""

    state: State
    budget_remaining: float | None
    binding_slo: str | None


class Tracks(Result):
    """The two error budgets. They never offset each other."""

    infrastructure: TrackStatus
    model: TrackStatus


class GateStatus(Result):
    """May this model be deployed?"""

    decision: Decision
    reasons: tuple[str, ...]


class GateAnswer(GateStatus):
    """The gate of one model, by name."""

    model: str


class ModelStatus(Result):
    """One model as of a moment. ``defined`` is false for a model that is in the logs only."""

    model: str
    type: str | None
    tier: int | None
    owner: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    defined: bool = True
    state: State
    verdict: Verdict
    gate: GateStatus
    tracks: Tracks
    slos: tuple[SloStatus, ...]
    requests: float | None = None
    last_seen: datetime | None = None
    notes: tuple[str, ...] = ()


class FleetStatus(Result):
    """Every model of a workspace as of ``at``."""

    at: datetime | None
    workspace: str | None = None
    timezone: str = "UTC"
    models: tuple[ModelStatus, ...]

    def to_polars(self) -> pl.DataFrame:
        """One row per SLO: model, type, tier and the fields of ``SloStatus`` that are scalars."""
        rows = [
            {
                "model": m.model,
                "type": m.type,
                "tier": m.tier,
                "model_state": m.state,
                "verdict": m.verdict,
                "gate": m.gate.decision,
                **s.model_dump(exclude={"window", "burn_rates", "evidence", "estimate", "forecast", "alerts"}),
                "window_from": s.window.from_,
                "window_to": s.window.to,
                **{f"burn_{k}": v for k, v in s.burn_rates.items()},
            }
            for m in self.models
            for s in m.slos
        ]
        return pl.DataFrame(rows, infer_schema_length=None)


class QuarantinedFile(Result):
    """A file that was set aside, with one sentence that says why."""

    path: str
    reason: str


class IngestReport(Result):
    """What one ingest did. ``rows`` counts the raw rows of the files read."""

    files_read: int
    files_skipped: int
    files_quarantined: tuple[QuarantinedFile, ...]
    rows: int
    duplicates: int
    labels_joined: int
    labels_unmatched: int
    seconds: float
    problems: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class Impossible(Result):
    """An SLI the data cannot support."""

    sli: str
    reason: str


class CheckReport(Result):
    """What a parquet file is and which SLIs it can support."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    path: str
    format: str | None
    confidence: float
    mapping: dict[str, str]
    possible: tuple[str, ...]
    impossible: tuple[Impossible, ...]
    problems: tuple[str, ...]
    rows: int
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    models: tuple[str, ...]
