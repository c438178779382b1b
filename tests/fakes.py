"""A workspace made of arithmetic: the answers of `burnline.workspace.Workspace`, without logs or rollups.

Twenty-four models with SLOs and one without, sixty days of hourly counts, and a few of them in the
states a page must show: breached, burning, at risk, silent model failure, no data.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import fake_standing
import numpy as np
import polars as pl
from fake_alerts import FakeFindings, Watched
from fake_drift import FakeDrift

from burnline.alerting import Alerting
from burnline.budgets.assess import Findings, assess
from burnline.budgets.budget import burn_rate
from burnline.budgets.burn_rules import firing, rules
from burnline.budgets.burndown import fixed_burndown, rolling_burndown
from burnline.budgets.gate import Change, gate
from burnline.budgets.nowcast import decide
from burnline.budgets.state import judge
from burnline.budgets.sums import Sums
from burnline.budgets.windows import span
from burnline.records import actions
from burnline.records.records import Records
from burnline.records.records import read as read_records
from burnline.results import (
    BURN_WINDOWS,
    Alert,
    FleetStatus,
    GateAnswer,
    GateStatus,
    ModelStatus,
    Replay,
    SloStatus,
    Tracks,
    TrackStatus,
)
from burnline.spec.model import Model, ModelType, Slo
from burnline.spec.windows import Duration, Window
from burnline.spec.workspace import WorkspaceSpec

ZONE = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
HOURS = 60 * 24
UNDEFINED = "shadow-rank"

_TEAMS = ("risk", "ads", "platform", "logistics", "content")
_NAMES: tuple[tuple[str, ModelType], ...] = (
    ("flights", "classification"),
    ("fraud", "classification"),
    ("credit-limit", "regression"),
    ("feed-ranker", "ranking"),
    ("ad-ctr", "classification"),
    ("reco-home", "ranking"),
    ("eta-predictor", "regression"),
    ("bid-optimizer", "regression"),
    ("anomaly-guard", "classification"),
    ("doc-extract", "classification"),
    ("churn-risk", "classification"),
    ("promo-uplift", "regression"),
    ("demand-forecast", "regression"),
    ("image-moderation", "classification"),
    ("voice-intent", "classification"),
    ("inventory-alloc", "regression"),
    ("spam-filter", "classification"),
    ("driver-match", "ranking"),
    ("returns-risk", "classification"),
    ("support-router", "classification"),
    ("checkout-ranker", "ranking"),
    ("kyc-matcher", "classification"),
    ("lead-score", "regression"),
    ("search-relevance", "ranking"),
)
_OBJECTIVES: dict[str, tuple[str, str, float | None, str | None]] = {
    "availability": ("infrastructure", "0.999", None, None),
    "latency": ("infrastructure", "0.99", 100.0, "ms"),
    "accuracy": ("model", "0.94", None, None),
    "rmse": ("model", "0.95", 0.15, None),
    "ndcg": ("model", "0.95", 0.8, None),
    "freshness": ("model", "0.99", 300.0, "s"),
    "completeness": ("model", "0.99", None, None),
    "confidence": ("model", "0.5", 0.8, None),
    "drift": ("model", "0.95", 0.2, None),
}
_QUALITY = {"classification": "accuracy", "regression": "rmse", "ranking": "ndcg"}
_SLICED = ("rmse", "ndcg")
# model, slo, first hour before now, last hour before now, times the usual share of bad events
_TROUBLE = (
    ("fraud", "accuracy", 200, 0, 9.0),
    ("credit-limit", "availability", 90, 0, 30.0),
    ("credit-limit", "availability", 430, 400, 20.0),
    ("feed-ranker", "ndcg", 330, 0, 6.0),
    ("feed-ranker", "latency", 240, 190, 12.0),
    ("ad-ctr", "latency", 5, 0, 45.0),
    ("reco-home", "freshness", 70, 0, 3.5),
    ("eta-predictor", "rmse", 300, 200, 4.5),
    ("anomaly-guard", "completeness", 400, 340, 9.0),
    ("bid-optimizer", "latency", 500, 430, 7.5),
)
_ASSESSED: dict[tuple[object, ...], SloStatus] = {}


class FakeWorkspace(FakeDrift):
    """Answers like `Workspace`; `empty` has definitions and no data."""

    def __init__(self, *, empty: bool = False, models: int = len(_NAMES)) -> None:
        self.empty = empty
        self.spec = WorkspaceSpec(name="acme", timezone="Europe/Zurich", path=Path("."))
        self.models = tuple(_model(i, *named) for i, named in enumerate(_NAMES[:models]))

    @classmethod
    def open(cls, path: object = ".") -> FakeWorkspace:
        return cls()

    def version(self) -> str:
        return "1"

    def now(self) -> datetime | None:
        return None if self.empty else NOW

    @cached_property
    def _times(self) -> list[datetime]:
        return [NOW - timedelta(hours=h) for h in range(HOURS, 0, -1)]

    def _counts(self, model: Model, slo: Slo, threshold: float | None = None) -> np.ndarray:
        """Rows eligible, valid, bad; one column per hour."""
        rng = np.random.default_rng(zlib.crc32(f"{model.name}/{slo.name}".encode()))
        hour = np.arange(HOURS) + 1
        rate = 300 * (5 - model.tier) * (1 + 0.5 * np.sin((hour - 9) / 24 * 2 * np.pi))
        eligible = np.full(HOURS, 1.0) if slo.sli in _SLICED else rng.poisson(rate).astype(float)
        known = np.ones(HOURS)
        if slo.sli == "accuracy":
            known[-48:] = np.linspace(0.9, 0.2, 48)
        if self.empty or slo.sli == "drift" or (model.name == "kyc-matcher" and slo.track == "model"):
            known[:] = 0.0
        if model.name == "voice-intent":
            known[-24 * 9 : -24 * 8] = 0.0
        valid = np.floor(eligible * known)
        share = (1 - float(slo.objective)) * rng.uniform(0.15, 0.6) * np.ones(HOURS)
        for name, which, first, last, times in _TROUBLE:
            if (name, which) == (model.name, slo.name):
                share[HOURS - first : HOURS - last] *= times
        if threshold and slo.threshold:
            share = share * (slo.threshold / threshold) ** (-4 if slo.sli in ("ndcg", "confidence") else 4)
        bad = rng.binomial(valid.astype(int), np.clip(share, 0, 1)).astype(float)
        return np.stack([eligible, valid, bad])

    def _find(self, model: str, slo: str) -> tuple[Model, Slo]:
        owner = next(m for m in self.models if m.name == model)
        found = owner.slo(slo)
        assert found is not None
        return owner, found

    def _assess(
        self, model: Model, slo: Slo, at: datetime, threshold: float | None = None, objective: Decimal | None = None
    ) -> SloStatus:
        """The status of one SLO: arithmetic, so every fake shares it."""
        key = (self.empty, model.name, slo.name, at, threshold, objective)
        if key not in _ASSESSED:
            _ASSESSED[key] = self._assessed(model, slo, at, threshold, objective)
        return _ASSESSED[key]

    def _assessed(
        self, model: Model, slo: Slo, at: datetime, threshold: float | None, objective: Decimal | None
    ) -> SloStatus:
        eligible, valid, bad = self._counts(model, slo, threshold)
        slo = slo.model_copy(update={"objective": objective or slo.objective})
        period = span(slo.window, at)
        inside = slice(-round((period.to - period.from_) / timedelta(hours=1)), None)
        burns = {}
        for name, hours in zip(BURN_WINDOWS, (1, 1, 1, 6, 72), strict=True):
            burns[name] = (float(valid[-hours:].sum()), float(bad[-hours:].sum()))
        sums = Sums(float(valid[inside].sum()), float(bad[inside].sum()), float(eligible[inside].sum()))
        reason = "no day of the window has 100 rows" if slo.sli == "drift" else "no column 'label' in the logs"
        unit = _OBJECTIVES[slo.sli][3]
        found = self._known(model, slo, burns, period.length, eligible, valid, bad) if sums.valid else Findings()
        return assess(slo, period, sums, burns, reason if not sums.valid else None, unit=unit, found=found)

    def _known(
        self,
        model: Model,
        slo: Slo,
        burns: dict[str, tuple[float, float]],
        length: timedelta,
        *counts: np.ndarray,
    ) -> Findings:
        eligible, valid, bad = counts
        waiting = fake_standing.estimate(eligible, valid, bad) if slo.sli == "accuracy" else None
        return Findings(
            evidence=fake_standing.evidence(slo, valid, bad),
            estimate=waiting,
            decided=decide(waiting, slo.objective) if waiting is not None else None,
            forecast=fake_standing.forecast(slo, NOW, valid, bad),
            alerts=self._firing(model, slo, burns, length),
        )

    def _firing(
        self, model: Model, slo: Slo, burns: dict[str, tuple[float, float]], length: timedelta
    ) -> tuple[Alert, ...]:
        """An alert for each severity whose pair exceeds its threshold now."""
        rates = {name: burn_rate(slo.objective, *counts) for name, counts in burns.items()}
        first = {rule.severity: rule for rule in reversed(firing(rules(length), rates, slo.objective))}
        return tuple(
            Alert(
                id=f"{model.name}-{slo.name}-{severity}",
                model=model.name,
                slo=slo.name,
                track=slo.track,
                severity=severity,
                rule=rule.name,
                started_at=NOW - timedelta(hours=2),
                onset=NOW - timedelta(hours=3),
                resolved_at=None,
                burn_long=rates[rule.long] or 0.0,
                burn_short=rates[rule.short] or 0.0,
                budget_spent=0.05,
                confirmed=True,
                fleet_discovery=True,
                tier=model.tier,
            )
            for severity, rule in first.items()
        )

    def status(self, model: str | None = None, *, at: datetime | None = None) -> FleetStatus:
        found = [self._status(m, at or NOW) for m in self.models if model in (None, m.name)]
        if not self.empty and model in (None, UNDEFINED):
            blank = TrackStatus(state="no_data", budget_remaining=None, binding_slo=None)
            found.append(
                ModelStatus(
                    model=UNDEFINED,
                    type=None,
                    tier=None,
                    defined=False,
                    state="no_data",
                    verdict="no_data",
                    gate=GateStatus(decision="caution", reasons=("no SLO is defined",)),
                    tracks=Tracks(infrastructure=blank, model=blank),
                    slos=(),
                    requests=18234.0,
                    last_seen=NOW,
                    notes=("in the logs, but models/ has no file for it",),
                )
            )
        return FleetStatus(
            at=None if self.empty else at or NOW, workspace="acme", timezone="Europe/Zurich", models=tuple(found)
        )

    def _status(self, model: Model, at: datetime) -> ModelStatus:
        slos = tuple(self._assess(model, slo, at) for slo in model.slos)
        judged = judge(slos)
        return ModelStatus(
            model=model.name,
            type=model.type,
            tier=model.tier,
            owner=model.owner,
            labels=model.labels,
            state=judged.state,
            verdict=judged.verdict,
            gate=judged.gate,
            tracks=judged.tracks,
            slos=slos,
            requests=None if self.empty else 640_000.0,
            last_seen=None if self.empty else NOW,
        )

    def series(
        self,
        model: str,
        slo: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        step: str = "1h",
    ) -> pl.DataFrame:
        eligible, valid, bad = self._counts(*self._find(model, slo))
        frame = pl.DataFrame({"time": self._times, "valid": valid, "bad": bad, "eligible": eligible})
        frame = frame.filter(pl.col("time") >= (start or NOW - timedelta(days=30)))
        frame = frame.with_columns(pl.col("time").dt.convert_time_zone("Europe/Zurich"))
        return frame.group_by_dynamic("time", every=step).agg(pl.col("valid", "bad", "eligible").sum())

    def _days(self, days: int) -> Iterator[pl.DataFrame]:
        local = pl.Series(self._times).dt.convert_time_zone("Europe/Zurich").dt.date()
        for model in self.models:
            for slo in model.slos:
                eligible, valid, bad = self._counts(model, slo)
                yield (
                    pl.DataFrame({"day": local, "valid": valid, "bad": bad, "eligible": eligible})
                    .group_by("day", maintain_order=True)
                    .sum()
                    .tail(days)
                    .select(
                        pl.lit(model.name).alias("model"),
                        pl.lit(slo.name).alias("slo"),
                        pl.lit(slo.track).alias("track"),
                        "day",
                        "valid",
                        "bad",
                        pl.when(pl.col("valid") > 0)
                        .then(pl.col("bad") / pl.col("valid") / float(1 - slo.objective))
                        .alias("burn"),
                    )
                )

    def daily(self, *, at: datetime | None = None, days: int = 30) -> pl.DataFrame:
        schema = {"model": pl.String, "slo": pl.String, "track": pl.String, "day": pl.Date}
        schema |= {"valid": pl.Float64, "bad": pl.Float64, "burn": pl.Float64}
        return pl.DataFrame(schema=schema) if self.empty else pl.concat(self._days(days))

    def burndown(
        self,
        model: str,
        slo: str,
        *,
        at: datetime | None = None,
        objective: float | None = None,
        threshold: float | None = None,
        view: str = "fixed",
        corrected: bool = True,
    ) -> pl.DataFrame:
        owner, promise = self._find(model, slo)
        _, valid, bad = self._counts(owner, promise, threshold)
        target = Decimal(str(objective)) if objective else promise.objective
        times = pl.Series(self._times).dt.convert_time_zone("Europe/Zurich")
        if view == "rolling":
            return rolling_burndown(times, pl.Series(valid), pl.Series(bad), target, length=timedelta(days=30)).tail(
                720
            )
        return fixed_burndown(times.tail(720), pl.Series(valid[-720:]), pl.Series(bad[-720:]), target)

    def cone(self, model: str, slo: str) -> pl.DataFrame:
        _, valid, bad = self._counts(*self._find(model, slo))
        return fake_standing.cone(self._find(model, slo)[1], NOW, valid, bad)

    def spend(self, model: str, slo: str) -> pl.DataFrame:
        _, valid, bad = self._counts(*self._find(model, slo))
        times = pl.Series(self._times).dt.convert_time_zone("Europe/Zurich")
        return fake_standing.spend_path(self._find(model, slo)[1], times, valid, bad)

    def corrections(self, model: str, slo: str) -> pl.DataFrame:
        times = dict.fromkeys(("from", "to"), pl.Datetime("us", "Europe/Zurich"))
        return pl.DataFrame(schema=times | dict.fromkeys(("reason", "category", "approver"), pl.String()))

    def redefinitions(self, model: str) -> tuple[datetime, ...]:
        return ()

    def surrogate(self, model: str) -> None:
        return None

    def warnings(self, model: str, slo: str) -> tuple[str, ...]:
        return self.replay(model, slo).warnings

    def gate(
        self, model: str, *, change: Change = "feature", reason: str | None = None, by: str = "unknown"
    ) -> GateAnswer:
        status = self.status(model).models[0]
        answer = gate(status.slos, tier=status.tier, change=change, reason=reason)
        if change != "feature":
            decision = status.gate.decision
            actions.override(self.records_root, model, change=change, reason=reason or "", decision=decision, by=by)
        return GateAnswer(model=model, decision=answer.decision, reasons=answer.reasons)

    def percentiles(self, model: str, *, at: datetime | None = None, days: int = 30, step: str = "1d") -> pl.DataFrame:
        rng = np.random.default_rng(zlib.crc32(model.encode()))
        times = [NOW - timedelta(days=d) for d in range(days, 0, -1)]
        base = 22 + 6 * rng.random(days)
        frame = {"time": times, "n": np.full(days, 20000.0), "p50": base, "p90": base * 1.8, "p95": base * 2.4}
        return pl.DataFrame(frame | {"p99": base * 3.9})

    def segments(
        self,
        model: str,
        slo: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pl.DataFrame:
        _, valid, bad = self._counts(*self._find(model, slo))
        since, until = start or NOW - timedelta(days=30), end or NOW
        inside = np.array([since <= time < until for time in self._times])
        total, missed = float(valid[inside].sum()), float(bad[inside].sum())
        parts = {
            "version": (("v14", 0.7, 0.3), ("v15", 0.3, 0.7)),
            "region": (("eu-west", 0.45, 0.3), ("us-east", 0.4, 0.6), ("ap-south", 0.15, 0.1)),
        }
        rows = [
            (dimension, value, total * share, missed * blame, missed * blame / (total * share), blame, share)
            for dimension, values in parts.items()
            for value, share, blame in values
            if total
        ]
        names = ["dimension", "value", "valid", "bad", "rate", "share_of_bad", "share_of_valid"]
        return pl.DataFrame(rows, schema=names, orient="row")

    def events(
        self, model: str | None = None, *, start: datetime | None = None, end: datetime | None = None
    ) -> pl.DataFrame:
        rows = [
            (NOW - timedelta(hours=201), "fraud", "deploy", "v15", "new feature encoder"),
            (NOW - timedelta(hours=92), "credit-limit", "config", None, "pool size 64 to 16"),
            (NOW - timedelta(hours=334), "feed-ranker", "retrain", "2026-11-08", None),
        ]
        rows = [row for row in rows if model in (None, row[1]) and (start or row[0]) <= row[0] <= (end or row[0])]
        schema = {"time": pl.Datetime("us", "UTC")} | dict.fromkeys(("model", "kind", "version", "note"), pl.String())
        return pl.DataFrame(rows, schema=schema, orient="row")

    def what_if(
        self,
        model: str,
        slo: str,
        *,
        objective: float | None = None,
        threshold: float | None = None,
        at: datetime | None = None,
    ) -> SloStatus:
        owner, promise = self._find(model, slo)
        target = Decimal(str(objective)) if objective else promise.objective
        status = self._assess(owner, promise, at or NOW, threshold, target)
        return status.model_copy(update={"threshold": threshold or promise.threshold})

    def thresholds(self, model: str, slo: str) -> tuple[float, float] | None:
        promise = self._find(model, slo)[1]
        return (20.0, 400.0) if promise.sli == "latency" else None

    # Alerts

    @cached_property
    def records_root(self) -> Path:
        """A folder that goes with the fake."""
        folder = tempfile.mkdtemp(prefix="burnline-fake-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def records(self) -> Records:
        return read_records(self.records_root)

    def alerting(self, model: str | None = None, *, at: datetime | None = None) -> Alerting:
        """Of the SLOs in trouble only; the others burn at 0.6 of their budget at most."""
        known = {(m.name, slo.name): (m, slo) for m in self.models for slo in m.slos}
        troubled = dict.fromkeys((name, slo) for name, slo, *_ in _TROUBLE if model in (None, name))
        watched = tuple(self._watched(*known[key]) for key in troubled if key in known and not self.empty)
        fleet = SimpleNamespace(at=at or NOW, spec=self.spec)
        return Alerting(FakeFindings(fleet, watched), self.records())  # type: ignore[arg-type]

    def _watched(self, model: Model, slo: Slo, settings: Mapping[str, str] | None = None) -> Watched:
        tried = dict(settings or {})
        threshold = float(tried["threshold"].removesuffix("ms")) if "threshold" in tried else None
        if "objective" in tried:
            objective = Decimal(tried["objective"].removesuffix("%")) / 100
            slo = slo.model_copy(update={"objective": objective})
        _, valid, bad = self._counts(*self._find(model.name, slo.name), threshold)
        alpha = float(tried["alpha"]) if "alpha" in tried else None
        return Watched(model, slo, valid, bad, NOW, ZONE, alpha, tried.get("rules"))

    def replay(
        self, model: str, slo: str, *, at: datetime | None = None, settings: Mapping[str, str] | None = None
    ) -> Replay:
        return self._watched(*self._find(model, slo), settings).replayed()

    def arrived(
        self, model: str, slo: str, *, at: datetime | None = None, settings: Mapping[str, str] | None = None
    ) -> pl.DataFrame:
        one = self._watched(*self._find(model, slo), settings)
        frame = pl.DataFrame({"time": self._times, "valid": one.valid, "bad": one.bad})
        return frame.with_columns(
            pl.col("time").dt.convert_time_zone(ZONE.key),
            burn=pl.when(pl.col("valid") > 0).then(pl.col("bad") / pl.col("valid") / float(1 - one.slo.objective)),
        )


def _model(index: int, name: str, kind: ModelType) -> Model:
    names = ("availability", "latency", _QUALITY[kind], "freshness", "completeness", "drift")
    if kind == "classification":
        names += ("confidence",)
    return Model(
        name=name,
        labels={"team": _TEAMS[index % len(_TEAMS)]},
        type=kind,
        tier=index % 4 + 1,
        owner=f"{_TEAMS[index % len(_TEAMS)]}-sre@example.com",
        slos=tuple(_slo(n) for n in names),
    )


def _slo(name: str) -> Slo:
    track, objective, threshold, _ = _OBJECTIVES[name]
    return Slo.model_validate(
        {
            "name": name,
            "sli": name,
            "track": track,
            "objective": Decimal(objective),
            "window": Window(duration=Duration(count=30, unit="d")),
            "budgeting": "Timeslices" if name in (*_SLICED, "drift") else "Occurrences",
            "threshold": threshold,
        }
    )


LAST_DAY: date = NOW.astimezone(ZONE).date()
