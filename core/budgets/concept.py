"""Whether what is right has changed: errors realised against those expected, label by label as they arrive.

A shift of the inputs moves both; only a change of the relation between inputs and outcome moves one (concept drift).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from burnline.budgets.delays import DelayCurves

Floats = NDArray[np.float64]

ALPHA = 0.01
#: Factors of the error rate that the e-process bets on.
GROWTHS: Floats = np.array([1.25, 1.5, 2.0, 3.0, 5.0])
_LEAST_MARGIN = 0.1
_LARGEST = 1e200
_BUCKETS_PER_DAY = 288


def arrival_counts(
    labels: pl.DataFrame, curves: DelayCurves, *, days: tuple[int, int], at: int
) -> tuple[Floats, Floats]:
    """Wrong events and those expected among the labels that became known on each day: (S, D), in order of arrival.

    ``labels`` has row, t (first bucket of the hour of the request), known, valid, bad (changes of the sums) and rate,
    the expected bad share of its events; null = unknown, which makes the day's expectation NaN. ``days`` (first, last)
    count from 1970. A label that arrives at an age at which bad outcomes are over-represented is expected to be bad
    more often: odds times the ratio of the delay densities, as far as the curves differ beyond chance.
    """
    first, last = days
    size, length = len(curves.bad), max(last - first + 1, 0)
    frame = labels.filter(
        (pl.col("known") <= at) & (pl.col("t") <= at) & (pl.col("known") // _BUCKETS_PER_DAY).is_between(first, last)
    )
    row, t, known = (frame[name].to_numpy().astype(np.int64) for name in ("row", "t", "known"))
    valid, bad = (frame[name].to_numpy().astype(np.float64) for name in ("valid", "bad"))
    rate = np.clip(frame["rate"].cast(pl.Float64).fill_null(np.nan).to_numpy(), 0.0, 1 - 1e-9)
    age = np.maximum(known - t + 1, 1) / 12
    odds = rate / (1 - rate) * curves.arrival_odds(row, age) ** curves.trust[row]
    index = row * length + known // _BUCKETS_PER_DAY - first
    wrong, expected = (
        np.bincount(index, of, size * length).astype(np.float64).reshape(size, length)
        for of in (bad, np.where(valid == 0, 0.0, valid * odds / (1 + odds)))
    )
    return wrong, expected


def concept_drift(
    wrong: Floats, expected: Floats, *, reference_bad: ArrayLike, overdispersion: ArrayLike = 1.0
) -> Floats:
    """(S) 1 when more is wrong than expected beyond what chance gives once in a hundred times, 0 if not, NaN unknown.

    ``wrong`` and ``expected`` (S, T) are in the order in which labels became known, over the window. Shiryaev-Roberts
    e-detector (Shin, Ramdas and Rinaldo 2024) in the expected-count form: m <- (m + 1/T) exp(lambda wrong - S (e^lambda
    - 1)), averaged over the factors ``GROWTHS``; P(it ever reaches 100) is at most 1 % while the errors are those
    expected. S is the expectation times 1 + max(0.1, 2 / sqrt(``reference_bad``)), which covers the error of a table
    learnt from that many bad events. Unknown without an expectation; steps without one are passed over.
    """
    size, steps = wrong.shape
    reference = np.broadcast_to(np.asarray(reference_bad, dtype=np.float64), size)
    scatter = np.broadcast_to(np.asarray(overdispersion, dtype=np.float64), size)
    margin = 1 + np.maximum(_LEAST_MARGIN, 2 / np.sqrt(np.maximum(reference, 1.0)))
    known = np.isfinite(expected)
    due = np.where(known, expected, 0.0) * margin[:, None]
    counts = np.where(known, wrong, 0.0)
    gain = (np.log(GROWTHS)[:, None, None] * counts - (GROWTHS - 1)[:, None, None] * due) / scatter[:, None]
    state, highest = np.zeros((len(GROWTHS), size)), np.zeros(size)
    for step in range(steps):
        growth = np.exp(np.minimum(gain[:, :, step], np.log(_LARGEST) / 2))
        state = np.minimum((state + 1 / steps) * growth, _LARGEST)
        highest = np.maximum(highest, state.mean(axis=0))
    answered = (np.where(known, expected, 0.0) > 0).any(axis=1)
    return np.where(answered, (highest >= 1 / ALPHA).astype(np.float64), np.nan)
