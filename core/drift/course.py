"""The course of errors beside what was expected of them, hour by hour: evidence, the gap, the lane, the onset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.concept import ALPHA
from burnline.budgets.delays import DelayCurves
from burnline.budgets.windows import begin
from burnline.drift.evidence import count_path, margin, overdispersion, span, square_path
from burnline.drift.expectation import Expectation
from burnline.results.drift import ConceptDay
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.reads import HOUR
from burnline.rollups.surrogate import Kind

Floats = NDArray[np.float64]

PROVEN = 1 / ALPHA
MOST_E = 1e12
_LEAST_DUE = 20.0
_LEAST_LABELS = 300.0
_Z = 1.96
_SMOOTH = 6
_BIASED = 0.1


@dataclass(frozen=True)
class Sums:
    """Labelled events, badness realised and expected, and the variance of the expectation: by hour."""

    labelled: Floats
    bad: Floats
    due: Floats
    variance: Floats

    def part(self, start: int, stop: int | None = None) -> Sums:
        """The hours from ``start`` to before ``stop``."""
        cut = slice(max(start, 0), None if stop is None else max(stop, 0))
        return Sums(self.labelled[cut], self.bad[cut], self.due[cut], self.variance[cut])


@dataclass(frozen=True)
class Gap:
    """Estimated and realised SLI over a window, and estimated less realised with its 95 % interval."""

    estimated: float
    realised: float
    gap: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Course:
    """The labels of one model beside what its inputs lead one to expect.

    ``labels`` has t, known (first buckets of the hours of request and label), n, bad: the requests from ``begin`` (an
    hour's first bucket) to ``last`` with labels known ``at``. ``curves`` say how long labels of wrong and of right
    answers take (``None``: alike). The window begins at bucket ``first``. For ``kind`` rmse badness is a squared error.
    """

    kind: Kind
    labels: pl.DataFrame
    expectation: Expectation
    curves: DelayCurves | None
    begin: int
    first: int
    last: int
    at: int

    @cached_property
    def _rows(self) -> dict[str, NDArray[np.float64]]:
        rates = self.expectation.rates.sort("t")
        if self.kind == "rmse":
            # The few requests that are judged of an hour say little of its squared errors.
            rates = rates.with_columns(pl.col("rate").rolling_mean(_SMOOTH, min_samples=1))
        rows = self.labels.filter(pl.col("t") <= self.last, pl.col("known") <= self.at)
        rows = rows.join(rates, on="t", how="inner").sort("t", "known")
        found = {name: rows[name].to_numpy().astype(np.float64) for name in ("t", "known", "n", "bad", "rate", "sd")}
        return found | {"due": found["n"] * self._selected(found)}

    def _selected(self, rows: dict[str, Floats]) -> Floats:
        """The expected badness of labels that came at an age at which wrong answers are over-represented."""
        if self.curves is None:
            return rows["rate"]
        age = np.maximum(rows["known"] - rows["t"] + 1, 1) / HOUR
        share = np.clip(rows["rate"], 0.0, 1 - 1e-9)
        ratio = self.curves.arrival_odds(np.zeros(len(share), dtype=np.int64), age) ** self.curves.trust[0]
        odds = share / (1 - share) * ratio
        return np.asarray(odds / (1 + odds))

    @cached_property
    def hours(self) -> Sums:
        """Sums by the hour of the request, from ``begin`` on."""
        rows = self._rows
        place = ((rows["t"] - self.begin) // HOUR).astype(np.int64)
        count = (self.last - self.begin) // HOUR + 1
        sums = [
            np.bincount(place, of, count).astype(np.float64)
            for of in (rows["n"], rows["bad"], rows["due"], (rows["n"] * rows["sd"]) ** 2)
        ]
        return Sums(*sums)

    @cached_property
    def window(self) -> Sums:
        """Sums by the hour of the request in the window."""
        return self.hours.part((self.first - self.begin) // HOUR)

    @cached_property
    def scatter(self) -> float:
        """Over-dispersion of counts in the reference."""
        if self.kind != "accuracy":
            return 1.0
        of = self.hours.part(0, (self.expectation.end - self.begin) // HOUR)
        return overdispersion(of.bad, of.due, of.labelled)

    @property
    def margin(self) -> float:
        """What expectations are multiplied by to cover their own error."""
        return margin(self.expectation.bad)

    @property
    def selective(self) -> bool:
        """Whether labels of wrong answers come at another pace than those of right ones."""
        return self.curves is not None and bool(self.curves.gap[0] * self.curves.trust[0] >= _BIASED)

    def path(self, of_bad: float = 1.0, of_due: float = 1.0, since: int | None = None) -> Floats:
        """Evidence by the hour in which labels of the window came in, from its first on.

        Of requests from bucket ``since`` on only these parts of what was realised and expected count.
        """
        rows = self._rows
        inside = rows["t"] >= self.first
        late = rows["t"] >= (self.first if since is None else since)
        place = ((rows["known"] - self.first) // HOUR).astype(np.int64)[inside]
        count = (self.at - self.first) // HOUR + 1
        bad, due = (
            np.bincount(place, (rows[name] * np.where(late, part, 1.0))[inside], count).astype(np.float64)
            for name, part in (("bad", of_bad), ("due", of_due))
        )
        if self.kind == "accuracy":
            return count_path(bad, due * self.margin, self.scatter)
        return square_path(bad, due * self.margin)

    def marginal(self) -> bool:
        """Whether the window is proven to be worse than the reference, whatever its inputs."""
        usual = self.window.labelled * self.expectation.base * self.margin
        accurate = self.kind == "accuracy"
        bad = self.window.bad
        path = count_path(bad, usual, self.scatter) if accurate else square_path(bad, usual)
        return bool(path.max(initial=0.0) >= PROVEN)

    def enough(self, of_due: float = 1.0, of_rows: float = 1.0) -> bool:
        """Whether a part of the window could prove errors half as many again, if there were any."""
        if self.kind == "accuracy":
            return float(self.window.due.sum()) * of_due >= _LEAST_DUE
        return float(self.window.labelled.sum()) * of_rows >= _LEAST_LABELS

    def gap(self) -> Gap:
        """Estimated, realised and their difference over the labelled requests of the window."""
        n, bad, due = (float(of.sum()) for of in (self.window.labelled, self.window.bad, self.window.due))
        table = (due * self.expectation.relative_error) ** 2 + float(self.window.variance.sum())
        if self.kind == "accuracy":
            estimated, realised = 1 - due / n, 1 - bad / n
            sd = float(np.sqrt(self.scatter * max(bad * (1 - bad / n), 1.0) + table)) / n
        else:
            estimated, realised = _root(due / n), _root(bad / n)
            # The standard error of a root is that of the mean over twice the root.
            parts = ((float(np.sqrt(table)) / n, estimated), (_squares_sd(self.window), realised))
            sd = float(np.sqrt(sum((one / (2 * max(root, 1e-12))) ** 2 for one, root in parts)))
        gap = estimated - realised
        return Gap(estimated, realised, gap, (gap - _Z * sd, gap + _Z * sd))

    def period(self) -> tuple[int, int]:
        """The buckets (from, to) in which errors exceed the expectation most, from after the reference on; they reach
        into the window."""
        start = min(max(self.expectation.end, self.begin), self.first)
        of = self.hours.part((start - self.begin) // HOUR)
        unit = self.scatter if self.kind == "accuracy" else 2 * max(self.expectation.base, 1e-300)
        low, high = span(of.bad / unit, of.due / unit, (self.first - start) // HOUR)
        return start + low * HOUR, start + (high + 1) * HOUR - 1

    def days(self, since: tuple[int, int] | None = None) -> tuple[ConceptDay, ...]:
        """The lane: one entry per day of requests with labels; those in ``since`` (from, to) may have drifted."""
        path = self.path()
        found = []
        for day in range(self.first // BUCKETS_PER_DAY, self.last // BUCKETS_PER_DAY + 1):
            stop = (day + 1) * BUCKETS_PER_DAY
            start = max(day * BUCKETS_PER_DAY, self.first)
            of = self.hours.part((start - self.begin) // HOUR, (stop - self.begin) // HOUR)
            n = float(of.labelled.sum())
            if n <= 0:
                continue
            figures = (float(of.bad.sum()) / n, float(of.due.sum()) / n, *self._interval(of))
            realised, expected, low, high = map(_root, figures) if self.kind == "rmse" else figures
            step = min((stop - self.first) // HOUR, len(path)) - 1
            inside = since is not None and since[0] < stop and since[1] >= start
            found.append(
                ConceptDay(
                    day=begin(day * BUCKETS_PER_DAY),
                    labelled=n,
                    realised=realised,
                    expected=expected,
                    interval=(low, high),
                    e_value=min(float(path[step]), MOST_E),
                    drifted=inside and low > expected,
                    provisional=self._immature(stop),
                )
            )
        return tuple(found)

    def _interval(self, of: Sums) -> tuple[float, float]:
        """95 % interval of the badness of some hours: Wilson's, or from the scatter of the hours."""
        n = float(of.labelled.sum())
        share = float(of.bad.sum()) / n
        if self.kind == "rmse":
            sd = _squares_sd(of) if (of.labelled > 0).sum() > 1 else share
            return max(share - _Z * sd, 0.0), share + _Z * sd
        share, own = min(max(share, 0.0), 1.0), n / self.scatter
        centre = (share + _Z**2 / (2 * own)) / (1 + _Z**2 / own)
        half = _Z * float(np.sqrt(share * (1 - share) / own + _Z**2 / (4 * own**2))) / (1 + _Z**2 / own)
        return max(centre - half, 0.0), min(centre + half, 1.0)

    def _immature(self, stop: int) -> bool:
        """Whether labels of a day that ends at bucket ``stop`` are still to come."""
        known = self.curves is not None and self.curves.span[0] > 0
        wait = float(self.curves.maturity[0]) if known and self.curves is not None else 0.0
        return (self.at + 1 - stop) / HOUR < wait


def _squares_sd(of: Sums) -> float:
    """Standard error of the mean squared error, from how its hours scatter."""
    n = float(of.labelled.sum())
    filled = of.labelled > 0
    left = (of.bad - of.labelled * of.bad.sum() / n)[filled]
    return float(np.sqrt((left**2).sum() * len(left) / max(len(left) - 1, 1))) / n


def _root(mean: float) -> float:
    return float(np.sqrt(max(mean, 0.0)))
