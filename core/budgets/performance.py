"""What was expected of a model without labels, how well that came true, and whether the concept moved.

Expectations come from confidence (``burnline.budgets.calibration``) and, where features are logged, from a surrogate
that predicts errors. Both see a change of the inputs and neither sees a change of what is right: the gap between
errors realised and expected among labelled events is the sign of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from burnline.results import Estimate

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEAST_LABELS = 30.0
_DISAGREE = 2.0
_SD_PER_MAE = 1.2533
_Z = 1.96


@dataclass(frozen=True)
class Expected:
    """Wrong events that one method expects of S SLOs on D days, NaN where it has no answer.

    ``all`` (S, D) are expected among all valid events of a day, ``labelled`` (S, D) among those with a label as of the
    question. ``sd`` and ``labelled_sd`` (S) are the standard deviations of their sums over the window: the error of
    the method's own table and chance (``burnline.budgets.calibration.Calibration.expect`` of the window's counts).
    """

    all: Floats
    labelled: Floats
    sd: Floats
    labelled_sd: Floats


@dataclass(frozen=True)
class Performance:
    """Estimated performance of S SLOs over their windows, (S) each; rates are good shares, NaN = unknown.

    ``calibration`` and ``surrogate`` are what each method expects of all events of the window; ``disagree`` that they
    differ by more than two standard deviations, their back-tested errors included. ``error`` and ``surrogate_error``
    are their mean absolute errors of the rate of matured days. ``realised`` and ``expected`` are good shares of the
    labelled part and ``gap`` is realised minus expected, below 0 when the model does worse than expected, with its
    95 % interval ``low``, ``high``. ``drift`` is 1 when the concept moved, 0 when there is no proof of it, NaN without
    an expectation.
    """

    calibration: Floats
    surrogate: Floats
    disagree: Flags
    error: Floats
    surrogate_error: Floats
    expected: Floats
    realised: Floats
    gap: Floats
    low: Floats
    high: Floats
    drift: Floats


def performance(
    events: Floats,
    labelled: Floats,
    wrong: Floats,
    *,
    window: Flags,
    ripe: Flags,
    calibration: Expected | None = None,
    surrogate: Expected | None = None,
    selected: Floats | None = None,
    drift: Floats | None = None,
    overdispersion: ArrayLike = 1.0,
) -> Performance:
    """Compare what was expected of S SLOs on D days with what came.

    ``events``, ``labelled`` and ``wrong`` (S, D) are as of the question; ``window`` (S, D) are the days asked about,
    ``ripe`` (S, D) those whose labels are complete enough to test a method on
    (``burnline.budgets.calibration.matured``). The expectation of ``ripe`` days must not have been learnt from
    them (``burnline.budgets.calibration.left_out``). The realised part is held against the surrogate where there is
    one, else against calibration. ``selected`` (S) is what was expected among the labelled events of the window when
    delays depend on the outcome (``Nowcast.expected``; NaN = not known): labels that come first are good more often,
    and that is no gain. ``drift`` is the answer of ``burnline.budgets.concept.concept_drift``.
    """
    size = len(events)
    none = np.full(events.shape, np.nan)
    absent = Expected(none, none, np.full(size, np.nan), np.full(size, np.nan))
    by_confidence, by_features = calibration or absent, surrogate or absent
    scatter = np.broadcast_to(np.asarray(overdispersion, dtype=np.float64), size)
    (first, first_sd), (second, second_sd) = (_rate(events, one, window) for one in (by_confidence, by_features))
    featured = np.isfinite(by_features.labelled).any(axis=1)
    due_days = np.where(np.expand_dims(featured, 1), by_features.labelled, by_confidence.labelled)
    counted = window & np.isfinite(due_days)
    n, seen, due = (np.where(counted, of, 0.0).sum(axis=1) for of in (labelled, wrong, due_days))
    if selected is not None:
        due = np.where(np.isnan(selected), due, selected)
    some = n > 0
    share, due_share = (np.divide(of, n, out=np.full(size, np.nan), where=some) for of in (seen, due))
    table_sd = np.nan_to_num(np.where(featured, by_features.labelled_sd, by_confidence.labelled_sd))
    chance = scatter * np.maximum(seen * (1 - np.nan_to_num(share)), 1.0)
    sd = np.sqrt(chance + table_sd**2) / np.maximum(n, 1.0)
    gap = due_share - share
    # Both methods judge the same events: what chance does to them is beside the point, how wrong each has been is not.
    doubts = [
        np.nan_to_num(beyond_chance(labelled, wrong, one.labelled, ripe)) * _SD_PER_MAE
        for one in (by_confidence, by_features)
    ]
    apart = np.sqrt(first_sd**2 + second_sd**2 + doubts[0] ** 2 + doubts[1] ** 2)
    return Performance(
        calibration=1 - first,
        surrogate=1 - second,
        disagree=np.abs(first - second) > _DISAGREE * apart,
        error=backtest(labelled, wrong, by_confidence.labelled, ripe),
        surrogate_error=backtest(labelled, wrong, by_features.labelled, ripe),
        expected=1 - due_share,
        realised=1 - share,
        gap=gap,
        low=gap - _Z * sd,
        high=gap + _Z * sd,
        drift=np.full(size, np.nan) if drift is None else drift,
    )


def _rate(events: Floats, of: Expected, window: Flags) -> tuple[Floats, Floats]:
    """The expected bad share of the days of the window that have an answer, and its standard deviation."""
    counted = window & np.isfinite(of.all)
    n = np.where(counted, events, 0.0).sum(axis=1)
    empty = np.full(len(n), np.nan)
    rate = np.divide(np.where(counted, of.all, 0.0).sum(axis=1), n, out=empty.copy(), where=n > 0)
    return rate, np.divide(of.sd, n, out=empty, where=n > 0)


def backtest(labelled: Floats, wrong: Floats, expected: Floats, ripe: Flags) -> Floats:
    """(S) mean absolute error of the expected bad share on matured days with at least 30 labels; NaN without any.

    All (S, D). It holds the chance of single days too: ``beyond_chance`` is what remains without it.
    """
    error, good = _errors(labelled, wrong, expected, ripe)
    return _mean(np.abs(error), good)


def beyond_chance(labelled: Floats, wrong: Floats, expected: Floats, ripe: Flags) -> Floats:
    """(S) the error of the expected bad share that chance does not explain, as a mean absolute error.

    The root of the mean square error less that of independent events, p (1 - p) / n, over the ratio of standard
    deviation and mean absolute value of a normal error. This is what ``burnline.budgets.nowcast.nowcast`` takes as
    ``error``.
    """
    error, good = _errors(labelled, wrong, expected, ripe)
    share = np.divide(expected, labelled, out=np.zeros_like(expected), where=good)
    chance = np.divide(share * (1 - share), labelled, out=np.zeros_like(share), where=good)
    left: Floats = np.sqrt(np.maximum(_mean(error**2 - chance, good), 0.0)) / _SD_PER_MAE
    return left


def _errors(labelled: Floats, wrong: Floats, expected: Floats, ripe: Flags) -> tuple[Floats, Flags]:
    good = ripe & (labelled >= _LEAST_LABELS) & np.isfinite(expected)
    error: Floats = np.divide(wrong - expected, labelled, out=np.zeros_like(labelled), where=good)
    return error, good


def _mean(of: Floats, good: Flags) -> Floats:
    empty = np.full(len(of), np.nan)
    mean: Floats = np.divide(np.where(good, of, 0.0).sum(axis=1), good.sum(axis=1), out=empty, where=good.any(axis=1))
    return mean


def with_performance(found: Sequence[Estimate | None], measured: Performance) -> tuple[Estimate | None, ...]:
    """Estimates with the figures of the label-free methods, their back-tested error, the gap and concept drift.

    The back-tested error is that of the surrogate where it was used or is the only one tested, else of calibration.
    """
    return tuple(one and _with(one, measured, i) for i, one in enumerate(found))


def _with(estimate: Estimate, measured: Performance, i: int) -> Estimate:
    error, other = _known(measured.error[i]), _known(measured.surrogate_error[i])
    gap = _known(measured.gap[i])
    drift = _known(measured.drift[i])
    return estimate.model_copy(
        update={
            "calibration": _known(measured.calibration[i]),
            "surrogate": _known(measured.surrogate[i]),
            "disagree": bool(measured.disagree[i]),
            "backtest_error": other
            if error is None or (estimate.method == "surrogate" and other is not None)
            else error,
            "expected": _known(measured.expected[i]),
            "realised": _known(measured.realised[i]),
            "gap": gap,
            "gap_interval": None if gap is None else (float(measured.low[i]), float(measured.high[i])),
            "concept_drift": None if drift is None else drift > 0,
        }
    )


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
