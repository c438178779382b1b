"""The answers: frozen objects with the field names of the public JSON.

One fact has one shape: the command line prints these objects, the pages show them and the
HTTP interface returns them. Times carry an offset, rates are fractions, unknown is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, RootModel

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


EvidenceVerdict = Literal["confirmed_breach", "confirmed_ok", "undecided"]
Severity = Literal["page", "ticket"]


class Spend(Result):
    """What the bad events of a model budget are made of; the four parts add up to ``bad``.

    ``irreducible`` is the error rate accepted at validation times the valid events, ``noise`` what
    chance adds to it, ``confirmed`` what is proven to be degradation, ``unexplained`` the rest.
    """

    irreducible: float
    noise: float
    confirmed: float
    unexplained: float
    reference_rate: float
    reference_events: float


class Evidence(Result):
    """Whether the data prove that an objective is missed or met over its window.

    ``interval`` is an anytime-valid 95 % confidence sequence of ``value``: it may be looked at every
    day. The verdict is confirmed when it lies on one side of the objective. ``e_value`` is the
    evidence against "the objective is met"; ``overdispersion`` how many times more the counts
    scatter than independent events would (1 = not at all); ``events_to_decide`` about how many
    more events decide it at the present rate, ``None`` when decided or when the rate equals the
    budget. Where the budget is overspent and the verdict undecided, ``confirmed_bad`` counts the bad events of burns
    within the window that were each proven real: they may have overspent it although the rate of the whole window
    proves nothing.
    """

    verdict: EvidenceVerdict
    interval: tuple[float, float]
    e_value: float
    overdispersion: float
    events_to_decide: float | None = None
    confirmed_bad: float | None = None
    spend: Spend | None = None


class DelayPoint(Result):
    """The share of good and of bad outcomes that are labelled by an age in hours."""

    hours: float
    good: float
    bad: float


class Estimate(Result):
    """The SLI over all valid events when labels are late or missing.

    ``bad`` counts labelled bad events plus what is expected of ``waiting`` ones, with 95 %
    intervals. ``delay_bias`` says that bad outcomes are labelled later (or earlier) than good
    ones; ``delay_gap`` is the largest difference of their delay curves. ``method`` is how the
    unlabelled part was judged: ``nowcast`` (label delays by outcome), ``calibration`` (confidence),
    ``surrogate`` (features) or ``reference`` (nothing but the past rate).

    ``calibration`` and ``surrogate`` are what each label-free method expects of all events and
    ``disagree`` that they contradict each other; ``backtest_error`` is the mean absolute error of
    the method on matured days; ``realised`` and ``expected`` are the labelled part and what was
    expected of it, whose ``gap`` is a sign of concept drift.
    """

    value: float
    interval: tuple[float, float]
    bad: float
    bad_interval: tuple[float, float]
    method: str
    delay_bias: bool
    labelled: float = 0.0
    waiting: float = 0.0
    delay_gap: float | None = None
    delays: tuple[DelayPoint, ...] = ()
    calibration: float | None = None
    surrogate: float | None = None
    disagree: bool = False
    backtest_error: float | None = None
    expected: float | None = None
    realised: float | None = None
    gap: float | None = None
    gap_interval: tuple[float, float] | None = None
    concept_drift: bool | None = None


class Forecast(Result):
    """When the budget is exhausted if recent behaviour continues.

    ``probability`` is that of exhaustion before the window ends (rolling: within one window
    length); ``exhausts_at`` is the median moment and ``interval_80`` its 80 % interval, ``None``
    where it lies beyond that horizon. A budget that is exhausted already has probability 1.
    ``remaining_80`` is the 80 % band of the budget left at the ``horizon``.
    """

    exhausts_at: datetime | None
    interval_80: tuple[datetime | None, datetime | None] | None
    probability: float
    horizon: datetime | None = None
    remaining_80: tuple[float, float] | None = None


class Alert(Result):
    """One alert of the history of an SLO, named by ``id``.

    A page or ticket starts when a pair of burn-rate windows exceeds its threshold and the evidence
    proves the burn real (``confirmed``); ``rule`` is the pair that fired first. ``onset`` is
    when the burn began, ``budget_spent`` the fraction of the window's budget it had spent when the
    alert started. ``group`` names the alerts of one model that belong together,
    ``fleet_discovery`` says that it stands among all SLOs of the fleet at a false discovery rate
    of 5 %. ``mark``, ``acknowledged_by`` and ``silenced`` are what people said.
    """

    model: str
    slo: str
    track: Track
    severity: Severity
    rule: str
    started_at: datetime
    resolved_at: datetime | None
    burn_long: float
    burn_short: float
    budget_spent: float
    confirmed: bool
    fleet_discovery: bool
    id: str = ""
    onset: datetime | None = None
    group: str | None = None
    e_value: float | None = None
    tier: int | None = None
    acknowledged_by: str | None = None
    mark: Literal["useful", "noise"] | None = None
    silenced: str | None = None


class Alerts(RootModel[tuple[Alert, ...]]):
    """Alerts, oldest first."""

    model_config = ConfigDict(frozen=True)

    def __iter__(self) -> Iterator[Alert]:  # type: ignore[override]
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)

    def to_polars(self) -> pl.DataFrame:
        """One row per alert with the fields of ``Alert``."""
        return _table(self.root, Alert)


class AlertGroup(Result):
    """Alerts of one model that overlap in time, over all its SLOs and both tracks."""

    id: str
    model: str
    severity: Severity
    started_at: datetime
    resolved_at: datetime | None
    tracks: tuple[Track, ...]
    slos: tuple[str, ...]
    alerts: tuple[str, ...]


class Note(Result):
    """What somebody wrote down about an incident."""

    at: datetime
    by: str | None
    text: str
    id: str = ""


class Incident(Result):
    """Contiguous, evidence-confirmed burn of one track of a model.

    ``started_at`` is the onset, ``detected_at`` when the first alert started, ``ended_at`` when
    the last one resolved (``None`` while it lasts). ``budget_spent`` is the fraction of the window's
    budget that each SLO spent in between; more than 20 % of one requires a postmortem (the error
    budget policy of the Site Reliability Workbook). ``status`` and ``notes`` are people's.
    """

    id: str
    model: str
    track: Track
    slos: tuple[str, ...]
    started_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    budget_spent: dict[str, float]
    severity: Severity
    state: Literal["open", "resolved"]
    postmortem_required: bool = False
    bad: dict[str, float] = Field(default_factory=dict)
    peak_burn: dict[str, float] = Field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    status: Literal["new", "investigating", "mitigated", "closed"] = "new"
    notes: tuple[Note, ...] = ()


class Incidents(RootModel[tuple[Incident, ...]]):
    """Incidents, newest first."""

    model_config = ConfigDict(frozen=True)

    def __iter__(self) -> Iterator[Incident]:  # type: ignore[override]
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)

    def to_polars(self) -> pl.DataFrame:
        """One row per incident; what was spent as a list of SLO and fraction."""
        rows = [
            {
                **i.model_dump(exclude={"budget_spent", "bad", "peak_burn", "notes"}),
                "budget_spent": [{"slo": slo, "fraction": spent} for slo, spent in i.budget_spent.items()],
            }
            for i in self.root
        ]
        return pl.DataFrame(rows, infer_schema_length=None)


class ReplayFigures(Result):
    """What a set of alert rules would have done over the history.

    ``alerts_per_week`` counts alerts that would have started; ``precision`` is the share of alerts
    that fell on a true burn (one that spent at least 1 % of the window's budget beyond
    its pace) and ``recall`` the share of true burns that were alerted; ``detection`` and ``reset``
    are median seconds from the onset to the alert and from the end of the burn to its resolution.
    """

    alerts: int
    pages: int
    tickets: int
    alerts_per_week: float
    precision: float | None
    recall: float | None
    detection: float | None
    reset: float | None
    budget_spent: float | None
    firing_share: float


class Replay(Result):
    """Raw burn-rate rules beside the same rules gated by evidence, on the history of one SLO."""

    model: str
    slo: str
    track: Track
    objective: float
    threshold: float | None
    alpha: float
    from_: datetime = Field(alias="from")
    to: datetime
    overdispersion: float
    raw: ReplayFigures
    gated: ReplayFigures
    raw_alerts: tuple[Alert, ...]
    alerts: tuple[Alert, ...]
    burns: tuple[tuple[datetime, datetime], ...] = ()
    warnings: tuple[str, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Corrected(Result):
    """An SLO before its corrections: what was measured raw, and what the corrections dropped."""

    total: float
    bad: float
    value: float | None
    budget_remaining: float | None
    excluded_total: float
    excluded_bad: float
    reasons: tuple[str, ...]


class SloStatus(Result):
    """One SLO as of a moment.

    ``total`` and ``bad`` count events (Occurrences, weighted by sampling) or slices; ``value`` is
    good / total; ``coverage`` is the share of valid events whose outcome is known;
    ``budget_total`` = (1 - objective) x total and ``budget_consumed`` = bad, in the unit of
    ``total``; ``budget_remaining`` = 1 - bad / budget_total, below 0 when overspent.
    Without data every figure is ``None`` and ``reason`` says why. Corrections are applied; ``raw``
    holds the figures without them. ``alerts`` are those that fire at the moment. ``notes`` say
    what a reader must know about the figures.
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
    raw: Corrected | None = None
    notes: tuple[str, ...] = ()
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
                **s.model_dump(
                    exclude={"window", "burn_rates", "evidence", "estimate", "forecast", "alerts", "raw", "notes"}
                ),
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


def _table(rows: Sequence[BaseModel], shape: type[BaseModel]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(shape.model_fields, pl.String))
    return pl.DataFrame([row.model_dump() for row in rows], infer_schema_length=None)
