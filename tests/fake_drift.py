"""Inputs of the fake workspace: hourly histograms of arithmetic, and what drift and validation say of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import stats

from burnline.results.drift import (
    Baseline,
    ChangedAnswers,
    ConceptDay,
    ConceptDrift,
    ConceptRegion,
    Distribution,
    DriftBucket,
    DriftCourse,
    DriftReport,
    DriftWindow,
    FeatureDrift,
    Kind,
    Role,
)
from burnline.results.validation import Check, StageReport, ValidationReport

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
HOURS = 60 * 24
FIRST = NOW - timedelta(hours=HOURS)
WEEK = 7 * 24
THRESHOLD = 0.2
WIDE, BARE, YOUNG, BLIND = "ad-ctr", "lead-score", "promo-uplift", "kyc-matcher"
_BINS, _PER_HOUR = 20, 90.0
_LOW, _HIGH = -4.0, 6.0

Floats = np.ndarray
Way = Literal["reference", "trailing"]


@dataclass(frozen=True)
class Column:
    """A column of the log: its ``days`` last days are shifted by ``shift`` standard deviations (numeric), or that
    share of rows has the last, new category."""

    name: str
    role: Role = "feature"
    values: tuple[str, ...] = ()
    shift: float = 0.0
    days: float = 0.0
    weekend: float = 0.0
    nulls: tuple[float, float] = (0.01, 0.01)
    harmful: bool | None = None
    moved: float | None = None

    @property
    def kind(self) -> Kind:
        return "categorical" if self.values else "numeric"

    @property
    def edges(self) -> Floats:
        return np.linspace(_LOW, _HIGH, _BINS + 1)

    def shares(self, shift: float) -> Floats:
        """The probability of each bin or category."""
        if self.values:
            usual = np.array([*(2.0 ** -np.arange(len(self.values) - 1)), 0.0])
            return usual / usual.sum() * (1 - shift) + np.eye(len(self.values))[-1] * shift
        inside = np.diff(stats.norm.cdf(self.edges, loc=shift))
        return inside / inside.sum()


_STEADY = ("f_merchant_age", "f_distance", "f_hour", "f_velocity", "f_balance")
_COLUMNS = (
    Column("f_amount", shift=1.2, days=8.5, harmful=True, moved=0.014),
    Column("f_fx_rate", shift=2.2, days=12.0, harmful=False, moved=0.0),
    Column("f_device", values=("ios", "android", "web", "tablet-x"), shift=0.3, days=5.0),
    Column("f_basket", weekend=1.1),
    Column("f_income", nulls=(0.02, 0.11), days=6.0),
    *(Column(name) for name in _STEADY),
    Column("f_country", values=("CH", "DE", "FR", "IT", "AT", "XX")),
    Column("prediction", role="prediction", values=("no", "yes", "unsure"), shift=0.15, days=8.5, harmful=True),
    Column("confidence", role="confidence", shift=-0.4, days=8.5),
    Column("label", role="label", values=("no", "yes", "unsure")),
    Column("version", role="segment", values=("v14", "v15", "v16"), shift=1.0, days=8.375),
    Column("region", role="segment", values=("eu-west", "us-east", "ap-south", "none")),
)
_WIDE = tuple(
    Column(f"f_signal_{i:03}", shift=(0.9 - i * 0.006) if i % 9 == 0 else 0.05, days=10.0 + i % 7) for i in range(100)
)


def columns(model: str) -> tuple[Column, ...]:
    """The columns of a model."""
    if model == BARE:
        return ()
    if model == "fraud":
        return _COLUMNS
    return _WIDE if model == WIDE else tuple(Column(c.name, c.role, c.values) for c in _COLUMNS)


@lru_cache(maxsize=256)
def counts(model: str, column: Column) -> Floats:
    """Rows per hour and bin; the last of the bins are the nulls."""
    rng = np.random.default_rng(zlib.crc32(f"{model}/{column.name}".encode()))
    hours = np.arange(HOURS)
    times = [FIRST + timedelta(hours=int(h)) for h in hours]
    late = hours >= HOURS - column.days * 24
    weekend = np.array([t.weekday() >= 5 for t in times])
    known = np.where(late[:, None], column.shares(column.shift), column.shares(0.0))
    known = np.where(weekend[:, None] & (column.weekend > 0), column.shares(column.weekend), known)
    missing = np.where(late, column.nulls[1], column.nulls[0])
    shares = np.c_[known * (1 - missing[:, None]), missing]
    rate = _PER_HOUR * (1 + 0.5 * np.sin(2 * np.pi * hours / 24))
    return rng.poisson(rate[:, None] * shares).astype(float)


def psi(before: Floats, now: Floats) -> tuple[float, float]:
    """Without what chance adds, and as it is."""
    n, m = float(before.sum()), float(now.sum())
    p, q = (before + 0.5) / (before + 0.5).sum(), (now + 0.5) / (now + 0.5).sum()
    plain = float(((q - p) * np.log(q / p)).sum())
    return max(0.0, plain - (len(p) - 1) * (1 / n + 1 / m)), plain


class FakeDrift:
    """The part of ``FakeWorkspace`` that answers ``drift``, ``distribution`` and ``validate``."""

    empty: bool

    def drift_course(
        self,
        model: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        baseline: Way = "reference",
        step: Literal["1d", "1h"] = "1d",
    ) -> DriftCourse:
        """The buckets and the days of concept drift of the same answer."""
        found = self.drift(model, at=at, start=start, end=end, baseline=baseline, step=step, raw=False)
        return DriftCourse(buckets=found.buckets, days=found.concept.days)

    def drift(
        self,
        model: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        baseline: Way = "reference",
        step: Literal["1d", "1h"] = "1d",
        raw: bool = True,
    ) -> DriftReport:
        """What changed over the window, by default the last seven days; harm is known with ``raw`` only."""
        until = min(end or NOW, NOW)
        since = max(start or until - timedelta(days=7), FIRST)
        unknown = {"harmful": None, "badness_moved": None, "badness_interval": None}
        found = tuple(_measured(model, c, since, until, baseline) for c in columns(model))
        found = found if raw else tuple(f.model_copy(update=unknown) for f in found)
        drifted = [f for f in found if f.drifted]
        reference = None if not found else _baseline(model, since, until, baseline)
        return DriftReport(
            model=model,
            at=NOW,
            sentence=_sentence(model, found, drifted),
            threshold=THRESHOLD,
            reference=reference,
            window=DriftWindow(from_=since, to=until, rows=max((f.n for f in found), default=0.0)),
            features=tuple(sorted(found, key=lambda f: (not f.drifted, not f.harmful, -(f.psi or 0.0)))),
            buckets=tuple(b for c in columns(model) for b in _buckets(model, c, since, until, baseline, step)),
            concept=self._concept(model, since, until),
            notes=("f_vendor is null in every row: nothing can be compared.",) if model == "fraud" else (),
        )

    def distribution(
        self,
        model: str,
        feature: str,
        *,
        start: datetime,
        end: datetime,
        at: datetime | None = None,
        baseline: Way = "reference",
    ) -> Distribution:
        """Then and now, side by side."""
        column = next(c for c in columns(model) if c.name == feature)
        end = min(end, NOW)
        before, now = _reference(model, column, start, end, baseline), _sum(model, column, start, end)
        edges = tuple(float(e) for e in column.edges)
        total, known = float(now.sum()), float(now[:-1].sum())
        return Distribution(
            feature=feature,
            role=column.role,
            kind=column.kind,
            low=() if column.values else edges[:-1],
            high=() if column.values else edges[1:],
            values=column.values,
            baseline=tuple((before[:-1] / before[:-1].sum()).tolist()),
            window=tuple((now[:-1] / known if known else now[:-1]).tolist()),
            nulls=(float(before[-1] / before.sum()), float(now[-1] / total) if total else 0.0),
            n_baseline=float(before.sum()),
            n=total,
        )

    def _concept(self, model: str, since: datetime, until: datetime) -> ConceptDrift:
        if model not in ("fraud", "flights"):
            return ConceptDrift(drifted=None, reason="no label is known of the window")
        days = tuple(_concept_days(model, since, until))
        labelled = sum(d.labelled for d in days)
        wrong = sum(d.labelled * d.realised for d in days)
        expected = sum(d.labelled * d.expected for d in days)
        gap = (wrong - expected) / labelled
        drifted = model == "fraud"
        where = ConceptRegion(
            where={"f_country": "FR, IT", "f_amount": "above 120"},
            valid=labelled * 0.2,
            bad=wrong * 0.6,
            expected=expected * 0.2,
            share_of_excess=0.8,
            sentence="Above 120 in FR and IT three times as many are wrong as the inputs explain.",
        )
        return ConceptDrift(
            drifted=drifted,
            estimated=1 - expected / labelled,
            realised=1 - wrong / labelled,
            gap=gap,
            interval=(gap - 0.004, gap + 0.004),
            where=(where,) if drifted else (),
            slo="accuracy",
            e_value=4e9 if drifted else 0.7,
            since=until - timedelta(days=8) if drifted else None,
            days=days,
            answers=ChangedAnswers(
                repeated=4681.0,
                changed=180.0 if drifted else 0.0,
                interval=(0.033, 0.044) if drifted else (0.0, 0.001),
                since=until - timedelta(days=8) if drifted else None,
                versions=("v14", "v15") if drifted else (),
                sentence="180 of 4,681 canaries that were asked again get another answer since v15."
                if drifted
                else "No canary that was asked again gets another answer.",
            ),
            reason="Requests fail more often than their inputs explain."
            if drifted
            else "Requests fail as often as their inputs explain.",
        )

    def schema(self, model: str) -> str:
        """What the data must look like."""
        names = "".join(f"    {c.name}: {{type: number}}\n" for c in columns(model))
        return f"kind: Schema\nmetadata: {{name: {model}}}\nspec:\n  columns:\n{names}"

    def validate(
        self,
        model: str,
        path: str | None = None,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> ValidationReport:
        """The checks of each stage, over the hours of the window."""
        broken = model == "fraud"
        rows = round(((end or NOW) - (start or NOW - timedelta(days=1))) / timedelta(hours=1) * _PER_HOUR)
        stages = tuple(_stages(model, rows, broken)) if columns(model) else ()
        failed = sum(not c.passed for s in stages for c in s.checks)
        return ValidationReport(
            model=model,
            path=path,
            at=NOW,
            sentence=f"{failed} checks of {model} fail." if failed else f"Every check of {model} passes.",
            schema_path=None,
            stages=stages,
            passed=all(s.passed for s in stages),
            time_to_detection=5400.0 if broken else None,
        )


def _index(at: datetime) -> int:
    return round((at - FIRST) / timedelta(hours=1))


def _sum(model: str, column: Column, since: datetime, until: datetime) -> Floats:
    return counts(model, column)[max(0, _index(since)) : max(0, _index(until))].sum(axis=0)


def _reference(model: str, column: Column, since: datetime, until: datetime, way: Way) -> Floats:
    if way == "trailing":
        return _sum(model, column, since - (until - since), since)
    return counts(model, column)[:WEEK].sum(axis=0)


def _seasonal(model: str, column: Column, since: datetime, until: datetime) -> float:
    """The window against the same hours of the week of the reference."""
    inside = np.arange(max(0, _index(since)), _index(until))
    table = counts(model, column)
    before, now = table[:WEEK][inside % WEEK].sum(axis=0), table[inside].sum(axis=0)
    return psi(before[:-1], now[:-1])[0] if now[:-1].sum() else 0.0


def _measured(model: str, column: Column, since: datetime, until: datetime, way: Way) -> FeatureDrift:
    before, now = _reference(model, column, since, until, way), _sum(model, column, since, until)
    old, new = before[:-1], now[:-1]
    corrected, plain = psi(old, new)
    seasonal = _seasonal(model, column, since, until) if way == "reference" else None
    p, q = old / old.sum(), new / new.sum()
    apart = float(np.abs(p.cumsum() - q.cumsum()).max())
    size = old.sum() * new.sum() / (old.sum() + new.sum())
    numeric = column.kind == "numeric"
    pooled = np.array([old, new])[:, (old + new) > 0]
    chi2, chi2_p = stats.chi2_contingency(pooled)[:2]
    middle = (column.edges[:-1] + column.edges[1:]) / 2
    mixed = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        js = 0.5 * sum(float(np.nansum(a * np.log2(a / mixed))) for a in (p, q))
    drifted = min(corrected, corrected if seasonal is None else seasonal) > THRESHOLD
    nulls = (float(before[-1] / before.sum()), float(now[-1] / now.sum()))
    harmful = column.harmful if drifted else None
    return FeatureDrift(
        feature=column.name,
        role=column.role,
        kind=column.kind,
        n_baseline=float(before.sum()),
        n=float(now.sum()),
        ks=apart if numeric else None,
        ks_error=float(max(p.max(), q.max())) / 20 if numeric else None,
        ks_p=float(stats.kstwobign.sf(apart * size**0.5)) if numeric else None,
        chi2=None if numeric else float(chi2),
        chi2_p=None if numeric else float(chi2_p),
        psi=corrected,
        psi_textbook=plain,
        psi_seasonal=seasonal,
        js=js**0.5,
        wasserstein=float(np.abs(p.cumsum() - q.cumsum()).sum() * (column.edges[1] - column.edges[0]))
        if numeric
        else None,
        effect=float((q - p) @ middle) if numeric else float(np.sqrt(chi2 / pooled.sum())),
        p_block=0.005 if drifted else 0.4,
        p_adjusted=0.001 if drifted else 0.6,
        nulls=nulls,
        outside=(0.0, 0.02) if numeric and drifted else (0.0, 0.0),
        unseen=None if numeric else float(q[-1]) if not p[-1] else 0.0,
        unseen_values=() if numeric or p[-1] or not q[-1] else column.values[-1:],
        drifted=drifted,
        harmful=harmful,
        badness_moved=column.moved if drifted else None,
        badness_interval=None if column.moved is None or not drifted else (column.moved - 0.003, column.moved + 0.003),
        first_seen=NOW - timedelta(days=column.days) if drifted else None,
        reason=_reason(column, corrected, drifted),
    )


def _reason(column: Column, strength: float, drifted: bool) -> str:
    if not drifted:
        return f"{column.name} is as it was: PSI {strength:.2f}."
    harm = {True: "it adds to the expected errors", False: "the expected errors stay", None: "its harm is unknown"}
    return f"{column.name} moved for {column.days:.0f} days (PSI {strength:.2f}); {harm[column.harmful]}."


def _buckets(
    model: str, column: Column, since: datetime, until: datetime, way: Way, step: str
) -> Iterator[DriftBucket]:
    length = timedelta(hours=1 if step == "1h" else 24)
    begin = since.replace(minute=0, second=0, microsecond=0)
    begin = begin if step == "1h" else begin.replace(hour=0)
    while begin < until:
        now = _sum(model, column, begin, min(begin + length, NOW))
        silent = not now.sum()
        strength = None if silent else psi(_reference(model, column, begin, begin + length, way)[:-1], now[:-1])[0]
        seasonal = None if silent or way == "trailing" else _seasonal(model, column, begin, min(begin + length, NOW))
        judged = min((s for s in (strength, seasonal) if s is not None), default=0.0)
        yield DriftBucket(
            feature=column.name,
            from_=max(begin, since),
            to=min(begin + length, until),
            n=float(now.sum()),
            psi=strength,
            psi_seasonal=seasonal,
            drifted=judged > THRESHOLD,
            provisional=begin + length > NOW,
        )
        begin += length


def _baseline(model: str, since: datetime, until: datetime, way: Way) -> Baseline:
    if way == "trailing":
        earlier = since - (until - since)
        return Baseline(
            kind="trailing",
            from_=earlier,
            to=since,
            rows=_PER_HOUR * ((since - earlier) / timedelta(hours=1)),
            seasonal=False,
            provisional=False,
            sentence="Compared with the same length of time before the window.",
        )
    young = model == YOUNG
    return Baseline(
        kind="reference",
        from_=FIRST,
        to=FIRST + timedelta(days=3 if young else 7),
        rows=_PER_HOUR * WEEK,
        seasonal=not young,
        provisional=young,
        sentence=f"Compared with the first days of the log{', of which 3 are over' if young else ''}: 15,120 rows.",
    )


def _concept_days(model: str, since: datetime, until: datetime) -> Iterator[ConceptDay]:
    begin = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while begin < until:
        age = (NOW - begin) / timedelta(days=1)
        excess = 0.035 if model == "fraud" and age < 8.5 else 0.0
        labelled = 2000.0 * min(1.0, age / 2)
        expected = 0.03 + (0.014 if model == "fraud" and age < 8.5 else 0.0)
        realised = expected + excess
        half = 1.96 * (realised * (1 - realised) / max(labelled, 1.0)) ** 0.5
        yield ConceptDay(
            day=begin,
            labelled=labelled,
            realised=realised,
            expected=expected,
            interval=(max(0.0, realised - half), realised + half),
            e_value=1e6 if excess else 0.8,
            drifted=excess > 0,
            provisional=age < 2,
        )
        begin += timedelta(days=1)


def _sentence(model: str, found: tuple[FeatureDrift, ...], drifted: list[FeatureDrift]) -> str:
    if not found:
        return f"The log of {model} has no feature, prediction or segment column: nothing can be compared."
    if not drifted:
        return f"Nothing drifted: all {len(found)} columns of {model} are as they were in the first week."
    worst = max(drifted, key=lambda f: (bool(f.harmful), f.psi or 0.0))
    hurts = "it adds to the errors: look there first" if worst.harmful else "no harm is known"
    return f"{len(drifted)} of {len(found)} columns of {model} drifted, {worst.feature} most of all; {hurts}."


def _stages(model: str, rows: int, broken: bool) -> Iterator[StageReport]:
    since = NOW - timedelta(days=6)

    def check(name: str, column: str | None, failed: int = 0, example: str | None = None, warn: bool = False) -> Check:
        what = f"{failed:,} of {rows:,} rows of {column or 'the log'} fail {name}" if failed else f"{name} holds"
        return Check(
            check=name,
            column=column,
            passed=not failed,
            failed_rows=failed,
            example=example,
            sentence=f"{what}.",
            severity="warning" if warn else "error",
            rows=rows,
            first_failed=since if failed else None,
            detected_at=since + timedelta(minutes=90) if failed else None,
        )

    yield StageReport(
        stage="ingestion", rows=rows, checks=(check("row_count", None), check("freshness", None), check("unique", None))
    )
    yield StageReport(stage="transformation", rows=rows, checks=(check("type", "f_amount"), check("type", "f_country")))
    missing = rows // 11 if broken else 0
    strange = rows // 40 if broken else 0
    yield StageReport(
        stage="features",
        rows=rows,
        checks=(
            check("range", "f_amount", strange, "5120.5" if broken else None, warn=True),
            check("null_share", "f_income", missing, "null" if broken else None),
            check("categories", "f_device", strange, "tablet-x" if broken else None),
            check("categories", "f_country"),
        ),
    )
    yield StageReport(stage="serving", rows=rows, checks=(check("status", None), check("prediction", "prediction")))
    yield StageReport(stage="training", rows=0, checks=(), reason="no training run is in the workspace")
