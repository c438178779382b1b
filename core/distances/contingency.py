"""Tests and effect sizes of shares: two-sample chi-square, Cramer's V, missing values, values never seen before."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr, bdtrc, chdtrc, ndtr

from burnline.distances.axes import Flags, Floats
from burnline.distances.cells import LEAST_EXPECTED


def chi_square(reference: Floats, current: Floats) -> tuple[Floats, Floats, Floats]:
    """Statistic, p-value and degrees of freedom of the two-sample test of cells (D, K), each (D,).

    It is that of ``scipy.stats.chi2_contingency`` without Yates' correction over the cells in which at least five
    rows are expected on both sides, by the reference or by both together; the others are left out. NaN with fewer
    than two such cells.
    """
    together = reference + current
    n, m = reference.sum(axis=1, keepdims=True), current.sum(axis=1, keepdims=True)
    least = np.minimum(n, m)
    expected = np.maximum(reference / np.where(n > 0, n, 1.0), together / np.where(n + m > 0, n + m, 1.0)) * least
    used = expected >= LEAST_EXPECTED
    before, after = reference * used, current * used
    n, m = before.sum(axis=1, keepdims=True), after.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        # With two rows of cells sum (observed - expected)^2 / expected is this.
        terms = (before * np.sqrt(m / n) - after * np.sqrt(n / m)) ** 2 / together
        statistic = np.where(used, terms, 0.0).sum(axis=1)
    dof = used.sum(axis=1) - 1.0
    known = (dof >= 1) & (n[:, 0] > 0) & (m[:, 0] > 0)
    dof = np.where(known, dof, np.nan)
    statistic = np.where(known, statistic, np.nan)
    return statistic, np.where(known, chdtrc(np.where(known, dof, 1.0), np.where(known, statistic, 0.0)), np.nan), dof


def cramers_v(reference: Floats, current: Floats) -> Floats:
    """Cramer's V, 0 .. 1, of cells (D, K) with both sides weighted alike, without the part of chance, (D,).

    V of the raw table shrinks to 0 when the reference has many times the rows of the day, so the shares are compared
    as if both had as many: V^2 = sum (p - q)^2 / (2 (p + q)). Its mean under no change, (K - 1)(1/n + 1/m) / 4, is
    taken off (as Bergsma, A bias-correction for Cramer's V and Tschuprow's T, 2013, does for one sample).
    """
    n, m = reference.sum(axis=1, keepdims=True), current.sum(axis=1, keepdims=True)
    q, p = reference / np.where(n > 0, n, 1.0), current / np.where(m > 0, m, 1.0)
    used = (p + q) > 0
    square = (np.where(used, (p - q) ** 2, 0.0) / np.where(used, 2 * (p + q), 1.0)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spare = (used.sum(axis=1) - 1) * (1 / n + 1 / m)[:, 0] / 4
        return np.where((n > 0)[:, 0] & (m > 0)[:, 0], np.sqrt(np.clip(square - spare, 0.0, 1.0)), np.nan)


def two_proportions(had: Floats, n: Floats, have: Floats, m: Floats) -> Floats:
    """Two-sided p-value of "``had`` of ``n`` and ``have`` of ``m`` are of one share", (D,).

    The pooled z-test where at least five are expected of every kind; else, given how many there are in all, those of
    the second side are binomial (Przyborowski and Wilenski 1940; conservative for large shares).
    """
    known = (n > 0) & (m > 0)
    if not (had.any() or have.any()):
        return np.where(known, 1.0, np.nan)
    rows, there = np.where(known, n + m, 1.0), had + have
    rare = np.minimum(there, rows - there) * np.minimum(n, m) / rows < LEAST_EXPECTED
    share = there / rows
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(had / n - have / m) / np.sqrt(share * (1 - share) * (1 / n + 1 / m))
    flip = there > rows / 2
    all_, second = np.where(flip, rows - there, there), np.where(flip, m - have, have)
    few = np.minimum(2 * np.minimum(_at_most(second, all_, m / rows), at_least(second, all_, m / rows)), 1.0)
    return np.where(known, np.where(rare, few, 2 * ndtr(-np.where(rare, 0.0, z))), np.nan)


def at_least(hits: Floats, tries: Floats, share: Floats) -> Floats:
    """P(X >= hits) of a binomial X, counts rounded to whole ones."""
    hits, tries = np.round(hits), np.round(tries)
    hits = np.minimum(hits, tries)
    return np.where(hits <= 0, 1.0, bdtrc(np.maximum(hits - 1, 0), tries.astype(np.int64), share))


def _at_most(hits: Floats, tries: Floats, share: Floats) -> Floats:
    hits, tries = np.round(hits), np.round(tries)
    return np.where(hits >= tries, 1.0, bdtr(np.minimum(hits, tries), tries.astype(np.int64), share))


def unseen_p(unseen: Floats, singletons: Floats, n: Floats, m: Floats) -> Floats:
    """p-value of "the day has no more unseen rows than a reference of this variety leaves", (D,).

    The chance that the next row of the reference is new is estimated by its values that occur once (Good 1953), over
    n rows. Both counts taken as Poisson, the day's are binomial given their sum, which keeps the uncertainty of the
    estimate: with no singletons one new row in a seventh as many rows has p = 1/8, five have 3e-5.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = m / (n + m)
    known = (n > 0) & (m > 0)
    return np.where(known, at_least(unseen, unseen + singletons, np.where(known, share, 0.5)), np.nan)


def outside_p(below: Floats, above: Floats, n: Floats, m: Floats) -> Floats:
    """p-value of "the day's extremes come from the reference's distribution", (D,): free of its form.

    That the x most extreme rows of one end all come from the day has a chance of at most (m / (n + m))^x.
    """
    known = (n > 0) & (m > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(known, m / (n + m), 0.5)
    return np.where(known, np.minimum(2 * share ** np.maximum(below, above), 1.0), np.nan)


def bonferroni(*tests: Floats) -> Floats:
    """The smallest of the p-values that are known times how many there are, at most 1; NaN if none is, (D,)."""
    every = np.stack(np.broadcast_arrays(*tests))
    known: Flags = ~np.isnan(every)
    count = known.sum(axis=0)
    least = np.where(known, every, 1.0).min(axis=0)
    return np.where(count > 0, np.minimum(least * count, 1.0), np.nan)
