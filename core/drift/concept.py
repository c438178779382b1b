"""Concept drift: whether the same inputs now fail more often than they did, since when and where.

Errors realised are held against those that the inputs lead one to expect, in the order in which labels came in. A shift
of the inputs moves both and is no concept drift. Nor are errors at values where inputs have never been before (nothing
is known to have changed there but the inputs), and errors of a new version that the old one does not make at the same
time (a release).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.concept import ALPHA
from burnline.budgets.delays import DelayCurves
from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question
from burnline.budgets.windows import begin
from burnline.drift.evidence import count_path, margin, overdispersion, span, square_path
from burnline.drift.expectation import Expectation, by_confidence, by_features, curves, labels
from burnline.drift.inspect import Inspection, inspect
from burnline.results.drift import ConceptDay, ConceptDrift
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.reads import HOUR
from burnline.rollups.surrogate import Kind

Floats = NDArray[np.float64]

_PROVEN = 1 / ALPHA
_LEAST_DUE = 20.0
_LEAST_LABELS = 300.0
_Z = 1.96
_SMOOTH = 6
_NOTABLE = 0.05
_MOST_E = 1e12


def concept_drift_of(fleet: Fleet, model: str, *, first: int, last: int) -> ConceptDrift:
    """Concept drift of a model over the requests in buckets ``first`` to ``last``, as of the fleet's moment.

    ``drifted`` is true when the evidence reached 100 (alpha 0.01, however often one looks), false when enough labels
    say no, ``None`` when nothing can be said; ``reason`` says why. Figures are shares of wrong answers (``days``) and
    of right ones (``estimated``, ``realised``), for regression root mean squared errors throughout.
    """
    last = min(last, fleet.last)
    question = quality_question(fleet, model)
    if question is None or model not in fleet.seen:
        return ConceptDrift(drifted=None, reason="Not known: no SLO compares single answers with labels.")
    found = by_features(fleet, question, last) or by_confidence(fleet, question, last)
    if found is None:
        return ConceptDrift(
            drifted=None,
            slo=question.slo.name,
            reason="Not known: there is nothing to hold errors against; it takes features (f_*) or confidence and "
            "labels of the first days.",
        )
    return _Lane(fleet, question, found, first, last).answer()


def quality_question(fleet: Fleet, model: str) -> Question | None:
    """The SLO whose single answers are right or wrong, or off by an error."""
    for name in ("accuracy", "rmse"):
        for question in fleet.questions:
            if question.model == model and question.sli.kind.name == name and question.measure is not None:
                return question
    return None


@dataclass(frozen=True)
class _Hours:
    """Sums by hour: labelled events, badness realised and expected, and the variance of the expectation."""

    labelled: Floats
    bad: Floats
    due: Floats
    variance: Floats


class _Lane:
    """The errors of one model beside those expected, from the reference on."""

    def __init__(self, fleet: Fleet, question: Question, found: Expectation, first: int, last: int) -> None:
        self.fleet, self.question, self.expectation = fleet, question, found
        self.first, self.last = first - first % HOUR, last
        self.kind: Kind = "accuracy" if question.sli.kind.name == "accuracy" else "rmse"
        self.zone = ZoneInfo(fleet.spec.timezone)
        self.begin = min(found.first - found.first % HOUR, self.first)
        every = labels(fleet, question, self.begin, fleet.last)
        self.curves: DelayCurves | None = None
        if self.kind == "accuracy" and every.height:
            self.curves = curves(fleet, question, every, self.begin)
        rates = found.rates.sort("t")
        if self.kind == "rmse":
            # The few requests that are judged of an hour say little of its squared errors.
            rates = rates.with_columns(pl.col("rate").rolling_mean(_SMOOTH, min_samples=1))
        rows = every.filter(pl.col("t") <= last).join(rates, on="t", how="inner").sort("t", "known")
        self.t, self.known = (rows[name].to_numpy().astype(np.int64) // HOUR for name in ("t", "known"))
        self.n, self.bad, rate, sd = (rows[name].to_numpy().astype(np.float64) for name in ("n", "bad", "rate", "sd"))
        self.due = self.n * self._selected(rate)
        self.variance = (self.n * sd) ** 2
        self.hours = self._by(self.t, self.begin // HOUR, last // HOUR)
        taught = slice(0, max((found.end - self.begin) // HOUR, 0))
        self.scatter = 1.0
        if self.kind == "accuracy":
            of = self.hours
            self.scatter = overdispersion(of.bad[taught], of.due[taught], of.labelled[taught])
        self.margin = margin(found.bad)

    def _selected(self, rate: Floats) -> Floats:
        """The expected badness of labels that came at an age at which wrong answers are over-represented."""
        if self.curves is None:
            return rate
        age = np.maximum((self.known - self.t) * HOUR + 1, 1) / HOUR
        row = np.zeros(len(rate), dtype=np.int64)
        share = np.clip(rate, 0.0, 1 - 1e-9)
        odds = share / (1 - share) * self.curves.arrival_odds(row, age) ** self.curves.trust[0]
        return np.asarray(odds / (1 + odds))

    def _by(self, place: NDArray[np.int64], start: int, stop: int) -> _Hours:
        inside = (place >= start) & (place <= stop)
        sums = [
            np.bincount(place[inside] - start, of[inside], stop - start + 1).astype(np.float64)
            for of in (self.n, self.bad, self.due, self.variance)
        ]
        return _Hours(*sums)

    def answer(self) -> ConceptDrift:
        """What there is to say."""
        window = self._window()
        if window.labelled.sum() <= 0:
            return ConceptDrift(
                drifted=None, slo=self.question.slo.name, reason="Not known: no label of these requests is known yet."
            )
        path = self._path(1.0, 1.0)
        gap = self._gap(window)
        base = gap.model_copy(update={"slo": self.question.slo.name, "e_value": min(float(path.max()), _MOST_E)})
        if path.max() < _PROVEN:
            return self._without(base, window, path)
        return self._proven(base, window, path)

    def _window(self) -> _Hours:
        skipped = (self.first - self.begin) // HOUR
        of = self.hours
        return _Hours(of.labelled[skipped:], of.bad[skipped:], of.due[skipped:], of.variance[skipped:])

    def _path(self, of_bad: float, of_due: float, since: int | None = None) -> Floats:
        """Evidence by the hour in which labels came in, with parts of what was realised and expected of requests from
        bucket ``since`` on (all of the window for ``None``)."""
        inside = self.t >= self.first // HOUR
        start, stop = self.first // HOUR, self.fleet.last // HOUR
        late = inside & (self.t >= (self.first if since is None else since) // HOUR)
        share_bad, share_due = (np.where(late, part, 1.0) for part in (of_bad, of_due))
        bad, due = (
            np.bincount(self.known[inside] - start, (of * share)[inside], stop - start + 1).astype(np.float64)
            for of, share in ((self.bad, share_bad), (self.due, share_due))
        )
        if self.kind == "accuracy":
            return count_path(bad, due * self.margin, self.scatter)
        return square_path(bad, due * self.margin)

    def _gap(self, window: _Hours) -> ConceptDrift:
        """Estimated and realised over the window, and their difference with its interval."""
        n, bad, due = (float(of.sum()) for of in (window.labelled, window.bad, window.due))
        table = (due * self.expectation.relative_error) ** 2 + float(window.variance.sum())
        if self.kind == "accuracy":
            chance = self.scatter * max(bad * (1 - bad / n), 1.0)
            estimated, realised = 1 - due / n, 1 - bad / n
            sd = float(np.sqrt(chance + table)) / n
        else:
            estimated, realised = float(np.sqrt(max(due, 0.0) / n)), float(np.sqrt(max(bad, 0.0) / n))
            spread = self._squares_sd(window)
            pieces = ((np.sqrt(table) / n, estimated), (spread, realised))
            sd = float(np.sqrt(sum((float(one) / (2 * max(root, 1e-12))) ** 2 for one, root in pieces)))
        gap = estimated - realised
        return ConceptDrift(
            drifted=None,
            estimated=estimated,
            realised=realised,
            gap=gap,
            interval=(gap - _Z * sd, gap + _Z * sd),
            reason="",
        )

    def _squares_sd(self, of: _Hours) -> float:
        """Standard error of the mean squared error, from how its hours scatter."""
        n = float(of.labelled.sum())
        filled = of.labelled > 0
        left = (of.bad - of.labelled * of.bad.sum() / n)[filled]
        return float(np.sqrt((left**2).sum() * len(left) / max(len(left) - 1, 1))) / n

    def _days(self, path: Floats, since: tuple[int, int] | None) -> tuple[ConceptDay, ...]:
        """The lane: one entry per day of requests with labels."""
        result = []
        for day in range(self.first // BUCKETS_PER_DAY, self.last // BUCKETS_PER_DAY + 1):
            start = max(day * 24 - self.begin // HOUR, 0)
            of = _Hours(*(getattr(self.hours, n)[start : (day + 1) * 24 - self.begin // HOUR]
                          for n in ("labelled", "bad", "due", "variance")))  # fmt: skip
            n = float(of.labelled.sum())
            if n <= 0:
                continue
            realised, expected = float(of.bad.sum()) / n, float(of.due.sum()) / n
            low, high = self._interval(of)
            if self.kind == "rmse":
                realised, expected, low, high = (float(np.sqrt(max(x, 0.0))) for x in (realised, expected, low, high))
            inside = since is not None and since[0] < (day + 1) * BUCKETS_PER_DAY and since[1] >= day * BUCKETS_PER_DAY
            step = min((day + 1) * 24 - 1 - self.first // HOUR, len(path) - 1)
            result.append(
                ConceptDay(
                    day=begin(day * BUCKETS_PER_DAY),
                    labelled=n,
                    realised=realised,
                    expected=expected,
                    interval=(low, high),
                    e_value=min(float(path[step]), _MOST_E) if step >= 0 else None,
                    drifted=inside and low > expected,
                    provisional=self._immature(day),
                )
            )
        return tuple(result)

    def _interval(self, of: _Hours) -> tuple[float, float]:
        """95 % interval of the badness of a day: Wilson's, or from the scatter of its hours."""
        n = float(of.labelled.sum())
        share = min(max(float(of.bad.sum()) / n, 0.0), 1.0) if self.kind == "accuracy" else float(of.bad.sum()) / n
        if self.kind == "rmse":
            sd = self._squares_sd(of) if (of.labelled > 0).sum() > 1 else share
            return max(share - _Z * sd, 0.0), share + _Z * sd
        own = n / self.scatter
        centre = (share + _Z**2 / (2 * own)) / (1 + _Z**2 / own)
        half = _Z * np.sqrt(share * (1 - share) / own + _Z**2 / (4 * own**2)) / (1 + _Z**2 / own)
        return max(float(centre - half), 0.0), min(float(centre + half), 1.0)

    def _immature(self, day: int) -> bool:
        """Whether labels of a day are still to come."""
        wait = float(self.curves.maturity[0]) if self.curves is not None and self.curves.span[0] > 0 else 0.0
        return (self.fleet.last + 1 - (day + 1) * BUCKETS_PER_DAY) / HOUR < wait

    def _without(self, base: ConceptDrift, window: _Hours, path: Floats) -> ConceptDrift:
        days = self._days(path, None)
        n, due = float(window.labelled.sum()), float(window.due.sum())
        enough = due >= _LEAST_DUE if self.kind == "accuracy" else n >= _LEAST_LABELS
        if not enough:
            reason = f"Not known: {n:,.0f} labels are too few to tell."
            return base.model_copy(update={"drifted": None, "days": days, "reason": reason})
        return base.model_copy(update={"drifted": False, "days": days, "reason": self._as_expected(window)})

    def _as_expected(self, window: _Hours) -> str:
        """Errors are those the inputs explain, or many more or fewer than in the reference because inputs moved."""
        n, usual = window.labelled, self.expectation.base * self.margin
        told = self._told(window)
        marginal = count_path(window.bad, n * usual, self.scatter) if self.kind == "accuracy" else (
            square_path(window.bad, n * usual)
        )  # fmt: skip
        if marginal.max() >= _PROVEN and window.due.sum() > n.sum() * usual:
            return (
                f"Covariate shift, not concept drift: answers fail more often than in the reference "
                f"({self._figure(n * self.expectation.base)}), and the inputs explain it: {told}."
            )
        return f"Answers fail as often as their inputs let one expect: {told}."

    def _proven(self, base: ConceptDrift, window: _Hours, path: Floats) -> ConceptDrift:
        """Errors are beyond what was expected: looks for what else might explain it, and where they sit."""
        period = self._period()
        said = self._told(window)
        seen = inspect(
            self.fleet, self.question.model, self.expectation, max(period[0], self.first), min(period[1], self.last)
        )
        drifted: bool | None = True
        reason = f"The same inputs now fail more often: {said}, since {self._moment(period[0])}."
        if seen is not None:
            selected = seen.selected if self.curves is None or self.curves.gap[0] * self.curves.trust[0] < 0.1 else 1.0
            left = self._path(seen.usual_bad, seen.usual_due * max(selected, 1.0), period[0])
            if left.max() < _PROVEN:
                drifted, reason = self._explained(seen, window, said)
            elif seen.release is not None:
                drifted = False if seen.proven else None
                what = "A release, not concept drift" if seen.proven else "Not known, more likely a release than not"
                reason = f"{what}: {seen.release}."
            elif seen.unseen_share > _NOTABLE:
                reason += f" {seen.unseen_share:.0%} of the excess sits at values never seen before ({seen.unseen})."
        kept = replace(seen, where=()) if seen is not None and drifted is not True else seen
        return base.model_copy(
            update={
                "drifted": drifted,
                "since": self._time(period[0]) if drifted else None,
                "days": self._days(path, period if drifted else None),
                "where": kept.where if kept is not None else (),
                "reason": reason,
            }
        )

    def _explained(self, seen: Inspection, window: _Hours, said: str) -> tuple[bool | None, str]:
        """The excess is gone without values never seen before (or without the selection of the labelled)."""
        if seen.unseen_share < 0.5:
            return None, (
                f"Not known: more answers fail than expected ({said}), but requests that get a label are harder than "
                "the others, or too few single requests are left to tell."
            )
        due = float(window.due.sum()) * seen.usual_due
        enough = (
            due >= _LEAST_DUE if self.kind == "accuracy" else window.labelled.sum() * seen.usual_rows >= _LEAST_LABELS
        )
        where = f"{seen.unseen_share:.0%} of the excess sits at values never seen before ({seen.unseen})"
        rest = (
            "elsewhere answers fail as often as expected" if enough else "too few requests are left to judge the rest"
        )
        return (False if enough else None), (
            f"Errors sit where inputs have never been before: {where}; {rest}. The inputs moved; that is data drift."
        )

    def _period(self) -> tuple[int, int]:
        """The buckets in which errors exceed the expectation, from after the reference on, reaching into the window."""
        start = max(self.expectation.end, self.begin) // HOUR
        start = min(start, self.first // HOUR)
        skipped = start - self.begin // HOUR
        bad, due = self.hours.bad[skipped:], self.hours.due[skipped:]
        unit = self.scatter if self.kind == "accuracy" else 2 * max(self.expectation.base, 1e-300)
        low, high = span(bad / unit, due / unit, self.first // HOUR - start)
        return (start + low) * HOUR, (start + high + 1) * HOUR - 1

    def _figure(self, of: Floats) -> str:
        n = float(self._window().labelled.sum())
        mean = float(of.sum()) / n
        return f"{mean:.1%} wrong" if self.kind == "accuracy" else f"RMSE {np.sqrt(max(mean, 0.0)):.4g}"

    def _told(self, window: _Hours) -> str:
        return f"{self._figure(window.bad)}, where {self._source()} lets one expect {self._figure(window.due)}"

    def _source(self) -> str:
        return "what is known of the inputs" if self.expectation.source == "features" else "the confidence"

    def _time(self, bucket: int) -> datetime:
        return begin(bucket).astimezone(self.zone)

    def _moment(self, bucket: int) -> str:
        return self._time(bucket).strftime("%-d %b %H:%M")
