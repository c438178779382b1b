"""From sums by label and by day to the estimate of every SLO that waits for labels.

The order matters: delays say which days are mature, mature days before the window teach the table of error rates, the
table says what is expected of every event, and that splits the never-labelled ones between the delay curves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from burnline.budgets.calibration import BINS, calibrate, day_counts, left_out, matured, spread
from burnline.budgets.concept import arrival_counts, concept_drift
from burnline.budgets.delays import cohorts, delay_curves
from burnline.budgets.nowcast import estimates, nowcast
from burnline.budgets.performance import Expected, beyond_chance, performance, with_performance
from burnline.results import Estimate

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_BUCKETS_PER_DAY = 288
_BLOCK = 256
_LEAST_TAUGHT = 200.0


def label_estimates(
    labels: pl.DataFrame,
    events: pl.DataFrame,
    *,
    first: NDArray[np.int64],
    at: int,
    outcomes: pl.DataFrame | None = None,
    confidences: pl.DataFrame | None = None,
    surrogate: pl.DataFrame | None = None,
    overdispersion: ArrayLike = 1.0,
) -> tuple[Estimate | None, ...]:
    """Estimates of S SLOs over the buckets ``first`` (S) to ``at``, from everything known at ``at``.

    All frames have row, the number of the SLO, and may reach back before the window: that past teaches.

    - ``labels``: t (first bucket of the hour of the request), known, valid, bad; changes of the sums. Without what was
      known at the request of composites (``failed`` below).
    - ``events``: t, events (labelled or not), and failed where some are known to be bad without a label.
    - ``outcomes``: day (since 1970), known, bin (of 50), labelled, wrong; ``confidences``: day, bin, events. SLOs that
      are in neither, or when one is ``None``, are expected to be as bad as in the past (method reference).
    - ``surrogate``: day, rate (expected bad share of the day's events), sd (of the rate). It replaces calibration where
      it knows every day with events of the window and its back-tested error is not larger.

    Returns ``None`` for SLOs without events, and where nothing at all tells how bad they are.
    """
    size = len(first)
    scatter = np.broadcast_to(np.asarray(overdispersion, dtype=np.float64), size)
    found: list[Estimate | None] = []
    for start in range(0, size, _BLOCK):
        stop = min(start + _BLOCK, size)
        block = [_part(frame, start, stop) for frame in (labels, events, outcomes, confidences, surrogate)]
        mine, asked, *rest = block
        assert mine is not None
        assert asked is not None
        found += _block(mine, asked, *rest, first=first[start:stop], at=at, scatter=scatter[start:stop])
    return tuple(found)


def _part(frame: pl.DataFrame | None, start: int, stop: int) -> pl.DataFrame | None:
    if frame is None:
        return None
    return frame.filter(pl.col("row").is_between(start, stop - 1)).with_columns(
        row=pl.col("row").cast(pl.Int64) - start
    )


def _block(
    labels: pl.DataFrame,
    events: pl.DataFrame,
    outcomes: pl.DataFrame | None,
    confidences: pl.DataFrame | None,
    surrogate: pl.DataFrame | None,
    *,
    first: NDArray[np.int64],
    at: int,
    scatter: Floats,
) -> tuple[Estimate | None, ...]:
    size = len(first)
    past = cohorts(labels, events, at)
    plain = delay_curves(labels, past, at=at, count=size)
    oldest = past["t"].min()
    begin = int(oldest) // _BUCKETS_PER_DAY if isinstance(oldest, int) else at // _BUCKETS_PER_DAY
    days = (begin, at // _BUCKETS_PER_DAY)
    each = np.arange(days[0], days[1] + 1)
    window = (each + 1) * _BUCKETS_PER_DAY > first[:, None]
    ripe = matured(days, plain.maturity, at)

    n, labelled, wrong = _by_day(past, days, size)
    chosen = _learn(labelled[:, :, None], wrong[:, :, None], n[:, :, None], ripe, window)
    method = np.where(chosen.taught > 0, "reference", "")
    calibration = by_features = None
    if outcomes is not None and confidences is not None:
        seen = day_counts(outcomes, at=at, days=days, count=size)
        of_bins = _totals(confidences, "events", days, size, BINS)
        binned = of_bins.sum(axis=(1, 2)) > 0
        chosen = _where(binned, _learn(*seen, np.maximum(of_bins, seen[0]), ripe, window), chosen)
        method = np.where(binned, "calibration", method)
        calibration = _expected(chosen, binned, window)
    tested = beyond_chance(labelled, wrong, chosen.labelled, ripe)
    if surrogate is not None:
        features = _from_rates(surrogate, days, n, labelled, window)
        other = beyond_chance(labelled, wrong, features.labelled, ripe)
        whole = np.all(np.isfinite(features.all) | ~window | (n == 0), axis=1) & (window & (n > 0)).any(axis=1)
        better = whole & (np.nan_to_num(other, nan=np.inf) <= np.nan_to_num(tested, nan=np.inf))
        by_features = _expected(features, whole, window)
        chosen = _where(better, replace(features, taught=np.maximum(chosen.taught, 1.0)), chosen)
        method, tested = np.where(better, "surrogate", method), np.where(better, other, tested)

    unknown = (method == "")[:, None]
    rate = np.divide(chosen.labelled, labelled, out=np.full(n.shape, np.nan), where=labelled > 0)
    comparable = chosen.before & np.isin(method, ("calibration", "surrogate"))
    daily = pl.DataFrame(
        {
            "row": np.repeat(np.arange(size), len(each)),
            "day": np.tile(each, size),
            "expected": np.where(unknown, np.nan, chosen.all).ravel(),
            "expected_waiting": np.where(unknown, np.nan, chosen.waiting).ravel(),
            "rate": np.where(comparable[:, None], rate, np.nan).ravel(),
        }
    ).fill_nan(None)
    past = spread(past, daily)
    curves = delay_curves(labels, past, at=at, count=size)
    inside = past.filter(pl.col("t") >= pl.Series(first[past["row"].to_numpy()]))
    current = nowcast(inside, curves, at=at, overdispersion=scatter, error=tested)
    found = estimates(current, curves, [str(name) or None for name in method])

    since = max(int(first.min()) // _BUCKETS_PER_DAY, days[0])
    arrived = labels.with_columns(day=pl.col("t") // _BUCKETS_PER_DAY).join(
        daily.select("row", "day", "rate"), on=["row", "day"], how="left"
    )
    errors, due = arrival_counts(arrived, curves, days=(since, days[1]), at=at)
    due = np.where(window[:, since - days[0] :], due, np.nan)
    measured = performance(
        n,
        labelled,
        wrong,
        window=window,
        ripe=ripe,
        calibration=calibration,
        surrogate=by_features,
        selected=np.where(comparable, current.expected, np.nan),
        drift=concept_drift(errors, due, reference_bad=chosen.taught, overdispersion=scatter),
        overdispersion=scatter,
    )
    return with_performance(found, measured)


@dataclass(frozen=True)
class _Expectation:
    """Expected bad events by day (S, D): of all, of labelled and of waiting ones.

    A day that taught the table is expected by that of the other days. ``sd`` and ``labelled_sd`` (S) are deviations
    over the window, ``taught`` (S) the bad events that taught the table; ``before`` (S) = only days before the window
    did.
    """

    all: Floats
    labelled: Floats
    waiting: Floats
    sd: Floats
    labelled_sd: Floats
    taught: Floats
    before: Flags


def _learn(labelled: Floats, wrong: Floats, events: Floats, ripe: Flags, window: Flags) -> _Expectation:
    """Expectations (S, D) from counts (S, D, B) by the table of mature days before the window.

    Where those hold fewer than 200 labels, all mature days teach, and where they do as well, every day.
    """
    amount = labelled.sum(axis=2)
    early = ripe & ~window
    before = np.where(early, amount, 0.0).sum(axis=1) >= _LEAST_TAUGHT
    enough = np.where(ripe, amount, 0.0).sum(axis=1) >= _LEAST_TAUGHT
    days = np.where(before[:, None], early, ripe | ~enough[:, None])
    taught, errors = (np.where(days[:, :, None], of, 0.0) for of in (labelled, wrong))
    table = calibrate(taught.sum(axis=1), errors.sum(axis=1))
    expected_all, _ = table.expect(events)
    expected, _ = table.expect(labelled)
    deviations = [table.expect((of * window[:, :, None]).sum(axis=1))[1] for of in (events, labelled)]
    return _Expectation(
        all=expected_all,
        labelled=np.where(days, left_out(taught, errors), expected),
        waiting=np.maximum(expected_all - expected, 0.0),
        sd=deviations[0],
        labelled_sd=deviations[1],
        taught=errors.sum(axis=(1, 2)),
        before=before,
    )


def _from_rates(
    surrogate: pl.DataFrame, days: tuple[int, int], n: Floats, labelled: Floats, window: Flags
) -> _Expectation:
    """What a surrogate expects, from its rate (and sd) by day."""
    size = len(n)
    known = _totals(surrogate.with_columns(one=pl.lit(1.0)), "one", days, size, 1)[:, :, 0] > 0
    rate, sd = (np.where(known, _totals(surrogate, name, days, size, 1)[:, :, 0], np.nan) for name in ("rate", "sd"))
    chance = np.nan_to_num(rate * (1 - rate))
    deviations = [
        np.sqrt(np.where(window, of * chance + (of * np.nan_to_num(sd)) ** 2, 0.0).sum(axis=1)) for of in (n, labelled)
    ]
    return _Expectation(
        all=rate * n,
        labelled=rate * labelled,
        waiting=rate * (n - labelled),
        sd=deviations[0],
        labelled_sd=deviations[1],
        taught=np.zeros(size),
        before=np.ones(size, dtype=np.bool_),
    )


def _expected(of: _Expectation, known: Flags, window: Flags) -> Expected:
    """For the comparison with what came: unknown where the days of the window taught the table themselves."""
    nothing = np.full(of.all.shape, np.nan)
    comparable = known[:, None] & (of.before[:, None] | ~window)
    return Expected(
        all=np.where(known[:, None], of.all, nothing),
        labelled=np.where(comparable, of.labelled, nothing),
        sd=of.sd,
        labelled_sd=of.labelled_sd,
    )


def _where(rows: Flags, one: _Expectation, other: _Expectation) -> _Expectation:
    """The expectation ``one`` for these SLOs, ``other`` for the rest."""
    wide = rows[:, None]
    return _Expectation(
        *(np.where(wide, getattr(one, name), getattr(other, name)) for name in ("all", "labelled", "waiting")),
        *(
            np.where(rows, getattr(one, name), getattr(other, name))
            for name in ("sd", "labelled_sd", "taught", "before")
        ),
    )


def _by_day(past: pl.DataFrame, days: tuple[int, int], size: int) -> tuple[Floats, Floats, Floats]:
    """Events, labelled and bad (S, D)."""
    frame = past.with_columns(day=pl.col("t") // _BUCKETS_PER_DAY)
    events, labelled, bad = (_totals(frame, name, days, size, 1)[:, :, 0] for name in ("events", "labelled", "bad"))
    return events, labelled, bad


def _totals(frame: pl.DataFrame, name: str, days: tuple[int, int], size: int, bins: int) -> Floats:
    """Sums of a column (S, D, B) by row, day and, with several bins, bin."""
    length = days[1] - days[0] + 1
    inside = frame.filter(pl.col("day").is_between(*days))
    index = inside["row"].to_numpy() * length + inside["day"].to_numpy() - days[0]
    if bins > 1:
        index = index * bins + inside["bin"].to_numpy()
    amount = inside[name].cast(pl.Float64).fill_null(0.0).to_numpy()
    return np.bincount(index, amount, size * length * bins).astype(np.float64).reshape(size, length, bins)
