"""How far the days of a column lie from a reference: everything at once, from counts alone."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from burnline.distances.axes import Axis, Bins, Floats
from burnline.distances.cells import Cells, decile_cells, pooled_cells
from burnline.distances.contingency import (
    bonferroni,
    chi_square,
    cramers_v,
    outside_p,
    two_proportions,
    unseen_p,
)
from burnline.distances.decision import by_chance, by_chance_ks, provable, provable_ks
from burnline.distances.ordered import ks_p, ordered
from burnline.distances.stability import jensen_shannon, psi, textbook


@dataclass(frozen=True)
class Distances:
    """Distances of D days (or windows) of one column from their reference, arrays (D,); NaN = undefined.

    ``n_reference`` and ``n`` are events, missing values included. ``psi`` is bias-corrected and counts missing values
    and what lies outside the reference as cells, ``psi_textbook`` is the plain sum over ten reference deciles (or all
    categories) of the values, empty cells filled with 0.0001. ``js`` is the Jensen-Shannon distance to base 2 over
    the cells of ``psi``. ``psi_provable`` and ``ks_provable`` are what a negligible change, ``psi_by_chance`` and
    ``ks_by_chance`` what none reaches but once in ten thousand (``burnline.distances.decision``).

    Numeric: ``ks`` may be too low by at most ``ks_error``, ``wasserstein`` (unit of the column) is off by at most
    ``wasserstein_error``; ``effect`` is the shift of the mean in standard deviations of the reference;
    ``outside_share`` of the values (``below_share`` + ``above_share``) lie beyond its lowest and highest bin.

    Categorical: ``chi2`` with ``dof`` over the pooled table, ``effect`` is Cramer's V, bias-corrected and at equal
    weights; ``unseen_share`` of the values are categories the reference does not have.

    ``null_reference`` and ``null_share`` are of all rows. ``p`` is the one p-value of "nothing changed" that the column
    goes by: Bonferroni over its tests (numeric: chi-square of the deciles, rank sum, missing values; categorical:
    chi-square, unseen values, missing values).
    """

    n_reference: Floats
    n: Floats
    psi: Floats
    psi_provable: Floats
    psi_by_chance: Floats
    psi_textbook: Floats
    js: Floats
    ks: Floats
    ks_error: Floats
    ks_provable: Floats
    ks_by_chance: Floats
    ks_p: Floats
    wasserstein: Floats
    wasserstein_error: Floats
    chi2: Floats
    chi2_p: Floats
    dof: Floats
    effect: Floats
    null_reference: Floats
    null_share: Floats
    null_p: Floats
    below_share: Floats
    above_share: Floats
    outside_share: Floats
    outside_p: Floats
    unseen_share: Floats
    unseen_p: Floats
    p: Floats

    def __len__(self) -> int:
        return self.n.size

    def columns(self) -> dict[str, Floats]:
        """Every figure by name, for a table."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def compare(
    axis: Axis,
    reference: ArrayLike,
    current: ArrayLike,
    *,
    reference_nulls: ArrayLike = 0.0,
    current_nulls: ArrayLike = 0.0,
    effective: ArrayLike = 1.0,
    reference_effective: ArrayLike = 1.0,
    exact: bool = False,
) -> Distances:
    """Distances of each day's counts (D, B) from the reference's, (B,), (1, B) or (D, B): each day its own.

    Counts are events by bin of ``axis`` and of missing values, (D,) or one for all. ``effective`` and
    ``reference_effective`` turn events into rows' worth of evidence where a log is sampled or a reference reweighted
    (rows / events; Kish's (sum w)^2 / (sum w^2 sum w) for uneven weights). ``exact`` evaluates the p-value of KS as
    scipy does, which takes a millisecond a day. Counts below zero are taken as zero. Raises ``ValueError`` for
    counts that do not fit the axis or each other.
    """
    of, nulls_of, rows_of = _counts(axis, reference, reference_nulls, reference_effective)
    out, nulls_out, rows_out = _counts(axis, current, current_nulls, effective)
    if len(of) not in (1, len(out)):
        raise ValueError(f"a reference of {len(of)} days cannot be held against {len(out)} days")
    days = len(out)
    values_of, values_out, missing_of = _all(of.sum(axis=1), days), out.sum(axis=1), _all(nulls_of, days)
    n, m = values_of + missing_of, values_out + nulls_out
    null_p = two_proportions(missing_of, n, nulls_out, m)
    blank = np.full(days, np.nan)
    found: dict[str, Floats] = {}
    if isinstance(axis, Bins):
        cells = decile_cells(of, out, nulls_of, nulls_out)
        deciles = _deciles(cells)
        far = ordered(axis, of, out)
        shape_p = chi_square(*deciles)[1]
        below, above = cells.current[:, 0], cells.current[:, -2]
        beyond = np.where(values_of > 0, values_out, 0.0)
        found = {
            "psi_textbook": textbook(*deciles),
            "ks": far.ks,
            "ks_error": far.ks_error,
            "ks_provable": np.where(np.isnan(far.ks), np.nan, provable_ks(values_of, values_out)),
            "ks_by_chance": np.where(np.isnan(far.ks), np.nan, by_chance_ks(values_of, values_out)),
            "ks_p": ks_p(far.ks, values_of, values_out, exact=exact),
            "wasserstein": far.wasserstein,
            "wasserstein_error": far.wasserstein_error,
            "effect": far.effect,
            "below_share": _ratio(below, beyond),
            "above_share": _ratio(above, beyond),
            "outside_share": _ratio(below + above, beyond),
            "outside_p": outside_p(below, above, values_of, values_out),
            "p": bonferroni(shape_p, far.rank_p, null_p),
        }
    else:
        cells = pooled_cells(axis, of, out, nulls_of, nulls_out)
        statistic, chi2_p, dof = chi_square(cells.reference[:, :-1], cells.current[:, :-1])
        unseen = cells.current[:, -2]
        new_p = unseen_p(unseen, cells.once, values_of, values_out)
        # Where the reference itself holds the rare values together, none can be called unseen.
        named = True if axis.other is None else of[:, axis.other] <= 0
        found = {
            "psi_textbook": textbook(of, out),
            "chi2": statistic,
            "chi2_p": chi2_p,
            "dof": dof,
            "effect": cramers_v(cells.reference[:, :-1], cells.current[:, :-1]),
            "unseen_share": _ratio(unseen, np.where((values_of > 0) & named, values_out, 0.0)),
            "unseen_p": new_p,
            "p": bonferroni(chi2_p, new_p, null_p),
        }
    either = (n > 0) & (m > 0)
    found |= {
        "n_reference": n / _all(rows_of, days),
        "n": m / _all(rows_out, days),
        "psi": psi(cells),
        "psi_provable": provable(cells),
        "psi_by_chance": by_chance(cells),
        "js": jensen_shannon(cells),
        "null_reference": _ratio(missing_of, n),
        "null_share": _ratio(nulls_out, m),
        "null_p": null_p,
    }
    found["p"] = np.where(either, found["p"], np.nan)
    return Distances(**{field.name: found.get(field.name, blank) for field in fields(Distances)})


def _counts(axis: Axis, counts: ArrayLike, nulls: ArrayLike, effective: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Counts (D, B) and nulls (D,) in rows' worth of evidence, and the factor (D,) they were multiplied by."""
    table = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    if table.ndim != 2 or table.shape[1] != len(axis):
        raise ValueError(f"counts of shape {table.shape} do not fit an axis of {len(axis)}")
    factor = np.broadcast_to(np.asarray(effective, dtype=np.float64), len(table))
    factor = np.where(factor > 0, factor, 1.0)
    missing = np.broadcast_to(np.asarray(nulls, dtype=np.float64), len(table))
    return np.maximum(table, 0.0) * factor[:, None], np.maximum(missing, 0.0) * factor, factor


def _deciles(cells: Cells) -> tuple[Floats, Floats]:
    """The ten groups of the reference, what lies beyond counted with the outermost."""
    sides = []
    for side in (cells.reference, cells.current):
        ten = side[:, 1:-2].copy()
        used = cells.reference[:, 1:-2] > 0
        first = used.argmax(axis=1)
        last = used.shape[1] - 1 - used[:, ::-1].argmax(axis=1)
        at = np.arange(len(ten))
        np.add.at(ten, (at, first), side[:, 0])
        np.add.at(ten, (at, last), side[:, -2])
        sides.append(ten)
    return sides[0], sides[1]


def _all(figure: Floats, days: int) -> Floats:
    return figure if len(figure) == days else np.broadcast_to(figure, days)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
