"""Where in the space of inputs answers fail more often than expected: a scan over subsets of each input.

Cells of an input are ordered by realised over expected badness; the prefix with the largest Poisson log-likelihood
ratio (Kulldorff 1997) is the best of all subsets (linear-time subset scanning, Neill 2012). Expectations are scaled to
what was realised in all, so a region stands out beside the rest and a rise everywhere alike has none. What the best
region explains is put into the expectation before the next is sought, so that inputs that merely go with a guilty one
do not follow it as shadows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.drift.cells import Cells
from burnline.results.drift import ConceptRegion
from burnline.rollups.surrogate import Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 5
LEAST = 15.0
_PER_CELL = 0.25
_PART = 0.08
_MOST_SHARE = 0.6
_TOLD = 0.02
_ROUNDS = 80
# More threads are slower on so few rows, and one gives the same trees everywhere.
_TREES: Mapping[str, object] = {
    "num_leaves": 6,
    "learning_rate": 0.1,
    "min_data_in_leaf": 50,
    "min_sum_hessian_in_leaf": 1.0,
    "lambda_l2": 1.0,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class Found:
    """A region: the input (its place), its cells, and the log-likelihood ratio that speaks for it."""

    place: int
    cells: frozenset[int]
    score: float


def regions(
    rows: pl.DataFrame, columns: Sequence[Cells], *, kind: Kind, answers: Sequence[Cells] = (), most: int = MOST
) -> tuple[ConceptRegion, ...]:
    """At most ``most`` regions of labelled ``rows`` (columns ``_bad``, ``_expected``, ``_events`` and the inputs).

    Counts are events; squared errors are counted in units of twice their usual size, in which their scatter is that of
    counts. ``share_of_excess`` is of everything that is bad beyond expectation.
    """
    bad, due, weight = (rows[name].to_numpy().astype(np.float64) for name in ("_bad", "_expected", "_events"))
    if not len(bad) or due.sum() <= 0:
        return ()
    codes = [column.codes(rows) for column in columns]
    level = weight / weight.mean()
    unit = 1.0 if kind == "accuracy" else 2 * float((due**2).sum() / due.sum())
    unit *= float((level**2).mean())
    known = [column.codes(rows) for column in answers]
    found = scan(codes, [c.size for c in columns], bad, due, level / unit, answers=known, most=most)
    excess = float((weight * (bad - due)).sum())
    return tuple(_region(columns[one.place], one, codes[one.place], (bad, due, weight), excess, kind) for one in found)


def scan(
    codes: Sequence[Ints],
    sizes: Sequence[int],
    bad: Floats,
    due: Floats,
    weight: Floats,
    *,
    answers: Sequence[Ints] = (),
    most: int = MOST,
) -> list[Found]:
    """Regions in the order in which they explain most; ``codes`` are the cells of the rows, for each input.

    ``weight`` turns badness into counts that scatter like those of independent events. ``answers`` are cells of what
    the model answered, which helps to explain but is no place of its own.
    """
    explained = due
    found: list[Found] = []
    while len(found) < most:
        named = {one.place for one in found}
        left = [place for place in range(len(codes)) if place not in named]
        scored = [_best(place, codes[place], sizes[place], weight * bad, weight * explained) for place in left]
        best = max(scored, key=lambda one: one.score, default=None)
        least = LEAST if not found else max(LEAST, _PART * found[0].score)
        if best is None or best.score < least:
            break
        found.append(best)
        explained = _explained([*answers, *(codes[one.place] for one in found)], bad, due)
    return found


def _best(place: int, codes: Ints, size: int, bad: Floats, due: Floats) -> Found:
    realised = np.bincount(codes, bad, size)
    total = float(realised.sum())
    expected = np.bincount(codes, due, size) * total / max(float(due.sum()), 1e-300)
    filled = np.flatnonzero(expected > 0)
    order = filled[np.argsort(-realised[filled] / expected[filled], kind="stable")]
    c, e = realised[order].cumsum(), expected[order].cumsum()
    usable = (c > e) & (e < _MOST_SHARE * total)
    score = np.full(len(order), -np.inf)
    inner, outer = c[usable], total - c[usable]
    rest = np.where(outer > 0, outer * np.log(np.maximum(outer, 1e-300) / (total - e[usable])), 0.0)
    score[usable] = inner * np.log(inner / e[usable]) + rest - _PER_CELL * (np.flatnonzero(usable) + 1)
    if not usable.any():
        return Found(place, frozenset(), -np.inf)
    stop = int(np.argmax(score))
    # A cell with next to nothing in it (a few nulls) only makes the words longer.
    told = [int(cell) for cell in order[: stop + 1] if realised[cell] >= _TOLD * c[stop]]
    return Found(place, frozenset(told), float(score[stop]))


def _explained(known: Sequence[Ints], bad: Floats, due: Floats) -> Floats:
    """What one would expect knowing these cells: trees that correct the expectation, interactions included."""
    import lightgbm

    likely = np.clip(due * bad.sum() / due.sum(), 1e-9, None)
    binary = bool(np.isin(bad, (0.0, 1.0)).all())
    chance = np.clip(likely, 1e-6, 1 - 1e-6)
    start = np.log(chance / (1 - chance)) if binary else np.log(likely)
    table = np.column_stack([start, *known]).astype(np.float64)
    parameters = {**_TREES, "objective": "binary" if binary else "poisson"}
    trees = lightgbm.train(parameters, lightgbm.Dataset(table, bad, init_score=start, params=parameters), _ROUNDS)
    raw = np.clip(start + np.asarray(trees.predict(table, raw_score=True, num_threads=1)), -50, 50)
    return np.asarray(1 / (1 + np.exp(-raw)) if binary else np.exp(raw))


def _region(
    column: Cells, found: Found, codes: Ints, of: tuple[Floats, Floats, Floats], excess: float, kind: Kind
) -> ConceptRegion:
    inside = np.isin(codes, list(found.cells))
    bad, due, weight = (values[inside] for values in of)
    valid, realised, expected = float(weight.sum()), float((weight * bad).sum()), float((weight * due).sum())
    share = (realised - expected) / excess if excess > 0 else 0.0
    words = column.words(found.cells)
    what = f"{column.name} {words}" if column.numeric else f"{column.name} = {words}"
    if kind == "accuracy":
        told = f"{realised:,.0f} wrong of {valid:,.0f}, {expected:,.0f} expected"
    else:
        told = (
            f"RMSE {np.sqrt(realised / valid):.4g} over {valid:,.0f} requests, {np.sqrt(expected / valid):.4g} expected"
        )
    return ConceptRegion(
        where={column.name: words},
        valid=valid,
        bad=realised,
        expected=expected,
        share_of_excess=share,
        sentence=f"{what}: {told}; {share:.0%} of the excess",
    )
