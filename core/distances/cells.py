"""Few cells instead of many bins: what PSI, Jensen-Shannon and chi-square compare.

Numbers: ten groups of bins of about a tenth of the reference each, what lies below and above all of the reference,
and missing values (Siddiqi, Credit Risk Scorecards, 2006, uses the ten). Categories: those of which at least five
rows are expected on both sides, the rarer ones together, those the reference has never seen, and missing values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from burnline.distances.axes import Categories, Flags, Floats

GROUPS = 10
LEAST_EXPECTED = 5.0


@dataclass(frozen=True)
class Cells:
    """Counts of the reference and of each day by cell, both (D, K); the last is that of missing values.

    ``once`` are the rows of the reference whose category occurs once, (D,); 0 for numbers.
    """

    reference: Floats
    current: Floats
    once: Floats

    @cached_property
    def rows(self) -> tuple[Floats, Floats]:
        """Rows of the reference and of each day, missing values included, each (D,)."""
        return self.reference.sum(axis=1), self.current.sum(axis=1)

    @cached_property
    def chance(self) -> Floats:
        """What PSI is in the mean when nothing changed, (K - 1)(1/n + 1/m); 0 where a side has no row, (D,)."""
        n, m = self.rows
        known = (n > 0) & (m > 0)
        spare = np.maximum(self.used.sum(axis=1) - 1, 0) * (n + m) / np.where(known, n * m, 1.0)
        return np.where(known, spare, 0.0)

    @cached_property
    def used(self) -> Flags:
        """Cells with any row on either side, (D, K)."""
        return (self.reference + self.current) > 0


def decile_cells(reference: Floats, current: Floats, reference_nulls: Floats, current_nulls: Floats) -> Cells:
    """Cells of a numeric column: below, ten groups, above, null. Counts (R, B) with R = 1 or D, and (D, B).

    A bin belongs to the tenth of the reference in which its middle lies, so a value with more than a tenth of the
    rows has a group of its own and fewer than ten are used.
    """
    of, out = _from_zero(reference), _from_zero(current)
    total = of[:, -1:]
    share = (of[:, :-1] + of[:, 1:]) / 2 / np.where(total > 0, total, 1.0)
    group = np.clip(np.floor(share * GROUPS), 0, GROUPS - 1) + 1
    group[of[:, 1:] <= 0] = 0
    group[of[:, :-1] >= total] = GROUPS + 1
    ends = np.arange(GROUPS + 3)
    starts = np.stack([np.searchsorted(row, ends) for row in group])
    before = np.diff(np.take_along_axis(of, starts, axis=1), axis=1)
    days = max(len(out), len(of))
    starts = np.broadcast_to(starts, (days, starts.shape[1]))
    after = np.diff(np.take_along_axis(np.broadcast_to(out, (days, out.shape[1])), starts, axis=1), axis=1)
    return _cells(before, after, reference_nulls, current_nulls, np.zeros(days))


def pooled_cells(
    axis: Categories, reference: Floats, current: Floats, reference_nulls: Floats, current_nulls: Floats
) -> Cells:
    """Cells of a categorical column: frequent categories, rarer ones together, unseen ones together, null.

    A category is frequent when the reference's share leads one to expect at least five rows of it among the day's,
    and when the reference has at least five of it; the most frequent one always is. The values of the
    reference that occur once are each unseen by its other rows, so while nothing changes their share is that of unseen
    values of the day (Good, The population frequencies of species, 1953): up to the share of the day they are counted
    with the unseen, so that only more than that is a difference. Where the reference itself holds
    ``<other>``, what is unseen cannot be told from what is rare and counts as that.
    """
    totals = reference.sum(axis=1, keepdims=True)
    rows = current.sum(axis=1, keepdims=True)
    other = axis.other
    named = np.ones(len(axis), dtype=bool)
    if other is not None:
        named[other] = False
    candidates = named & (reference >= LEAST_EXPECTED).any(axis=0)
    ranked = np.where(named, reference.max(axis=0, initial=0.0), -1.0)
    if ranked.size:
        candidates[int(ranked.argmax())] = True
    chosen = np.flatnonzero(candidates)
    of, out = reference[:, chosen], current[:, chosen]
    expected = of * rows / np.where(totals > 0, totals, 1.0)
    keep = (np.minimum(of, expected) >= LEAST_EXPECTED) & (of > 0)
    if chosen.size:
        first = of.argmax(axis=1)
        top = np.take_along_axis(of, first[:, None], axis=1) > 0
        keep |= (np.arange(chosen.size) == np.broadcast_to(first[:, None], (len(keep), 1))) & top
    days = len(keep)
    once = np.where((reference > 0) & named & (np.round(reference) <= 1), reference, 0.0)
    kept_once = np.where(keep & (np.round(of) <= 1), of, 0.0).sum(axis=1, keepdims=True)
    of_unseen = once.sum(axis=1, keepdims=True) - kept_once
    of_rare = totals - (of * keep).sum(axis=1, keepdims=True) - of_unseen
    unseen = _unseen(reference, current, named)
    out_rare = rows - (out * keep).sum(axis=1, keepdims=True) - unseen
    if other is not None:
        blurred = reference[:, [other]] > 0
        out_rare, unseen = np.where(blurred, out_rare + unseen, out_rare), np.where(blurred, 0.0, unseen)
        of_rare, of_unseen = np.where(blurred, of_rare + of_unseen, of_rare), np.where(blurred, 0.0, of_unseen)
    fair = np.minimum(of_unseen, unseen / np.where(rows > 0, rows, 1.0) * totals)
    of_rare = of_rare + of_unseen - fair
    before = np.hstack([of * keep, np.broadcast_to(of_rare, (days, 1)), fair])
    after = np.hstack([out * keep, out_rare, unseen])
    return _cells(before, after, reference_nulls, current_nulls, np.broadcast_to(of_unseen, (days, 1))[:, 0])


def _unseen(reference: Floats, current: Floats, named: Flags) -> Floats:
    """Rows of named categories that the reference does not hold, (D, 1)."""
    if len(reference) == 1:
        return np.asarray(current[:, (reference[0] <= 0) & named].sum(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray((current * ((reference <= 0) & named)).sum(axis=1, keepdims=True), dtype=np.float64)


def _cells(before: Floats, after: Floats, nulls_before: Floats, nulls_after: Floats, once: Floats) -> Cells:
    """The cells with that of missing values at the end."""
    days = len(after)
    missing = np.broadcast_to(nulls_before[:, None], (days, 1)), np.broadcast_to(nulls_after[:, None], (days, 1))
    before = np.broadcast_to(before, (days, before.shape[1]))
    return Cells(
        np.maximum(np.hstack([before, missing[0]]), 0.0),
        np.maximum(np.hstack([after, missing[1]]), 0.0),
        once,
    )


def _from_zero(counts: Floats) -> Floats:
    """Running sums along the bins, with the 0 in front."""
    return np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)
