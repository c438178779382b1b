"""Single requests of a time in which more answers fail than expected: what else explains it, and where errors sit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.fleet import Fleet
from burnline.drift.cells import RARE, Cells, cells
from burnline.drift.expectation import Expectation
from burnline.drift.regions import regions
from burnline.drift.sample import LabelledSample, labelled_sample
from burnline.results.drift import ConceptRegion

Floats = NDArray[np.float64]

_LEAST_ROWS = 100
_BASELINE = 10_000
_LEAST_DUE = 5.0
_MARGIN = 1.1
_Z = 2.0
_RELEASE = 0.8
_TWO = 2
_LOOK_BACK = 2 * 288
_ROLLOUT = 72
_STRAY = 0.01
_NAMED = 3
_PART = 0.2


@dataclass(frozen=True)
class Inspection:
    """What a sample of labelled requests shows of an excess of errors.

    ``unseen_share`` is the part of the excess at feature values that the reference never had, named in ``unseen``;
    ``usual_bad``, ``usual_due`` and ``usual_rows`` are the parts of badness, expectation and requests elsewhere.
    ``selected`` is how many times worse labelled requests are expected to be than all. ``release`` says that the errors
    are those of a new version, and is ``proven`` when older ones beside it do not make them. ``where`` are regions of
    the excess.
    """

    unseen_share: float
    unseen: str
    usual_bad: float
    usual_due: float
    usual_rows: float
    selected: float
    release: str | None
    proven: bool
    where: tuple[ConceptRegion, ...]


def inspect(fleet: Fleet, model: str, reference: Expectation, first: int, last: int) -> Inspection | None:
    """Look at single requests from the onset, bucket ``first``, to ``last``.

    ``None`` where too few can be read with a label.
    """
    now = labelled_sample(fleet, model, first=first - _LOOK_BACK, last=last)
    before = labelled_sample(fleet, model, first=reference.first, last=reference.end - 1, most=_BASELINE)
    rows = _comparable(now, reference.base)
    rows = rows.filter(pl.col("_t") >= first)
    if rows.height < _LEAST_ROWS or not before.rows.height:
        return None
    earlier = now.rows.filter(pl.col("_t") < first - _ROLLOUT)
    old = {*before.rows["_version"].drop_nulls(), *_frequent(earlier["_version"])}
    after = replace(now, rows=now.rows.filter(pl.col("_t") >= first))
    return _inspected(after, before, rows, old)


def _frequent(versions: pl.Series) -> list[str]:
    """Versions that more than a few stray requests name."""
    counted = versions.drop_nulls().value_counts(name="n").filter(pl.col("n") > _STRAY * max(len(versions), 1))
    return counted[versions.name].to_list()


def _comparable(of: LabelledSample, base: float) -> pl.DataFrame:
    """Labelled rows, expected as bad as the reference where there is no surrogate."""
    rows = of.rows.filter(pl.col("_bad").is_not_null(), pl.col("_events") > 0)
    return rows.with_columns(pl.col("_expected").fill_null(base))


def _inspected(now: LabelledSample, before: LabelledSample, rows: pl.DataFrame, old: set[str]) -> Inspection:
    bad, due, weight = (rows[name].to_numpy().astype(np.float64) for name in ("_bad", "_expected", "_events"))
    columns = [cells(name, before.rows) for name in now.features]
    age = [cells("_age", before.rows)] if before.rows["_age"].count() else []
    total = [float((weight * of).sum()) for of in (bad, due)]
    excess = total[0] - total[1]
    unseen = np.zeros(rows.height, dtype=bool)
    named = []
    for column in (*columns, *age):
        codes = column.codes(rows)
        by_cell = np.bincount(codes, weight * (bad - due), column.size)
        fresh = _fresh(column, before.rows)
        unseen |= np.isin(codes, fresh)
        named += [(float(by_cell[cell]), column, cell) for cell in fresh]
    usual = ~unseen
    kept = [float((weight * of)[usual].sum()) for of in (bad, due, np.ones(len(bad)))]
    every = now.rows["_expected"].drop_nulls()
    level = float(every.mean()) if len(every) else 0.0  # type: ignore[arg-type]
    segments = [name for name in rows.columns if _is_segment(name)]
    outcomes = [name for name in ("prediction", "confidence") if name in rows.columns]
    if "prediction" in outcomes and rows["prediction"].drop_nulls().n_unique() > _TWO and now.kind == "accuracy":
        # With two classes prediction and confidence are the model's log-odds; with more the class says too little.
        outcomes.remove("prediction")
    release, proven = _release(now, rows, old, excess)
    return Inspection(
        unseen_share=(total[0] - kept[0] - total[1] + kept[1]) / excess if excess > 0 else 0.0,
        unseen=_named(named),
        usual_bad=kept[0] / total[0] if total[0] > 0 else 1.0,
        usual_due=kept[1] / total[1] if total[1] > 0 else 1.0,
        usual_rows=kept[2] / float(weight.sum()),
        selected=total[1] / float(weight.sum()) / level if level > 0 else 1.0,
        release=release,
        proven=proven,
        where=regions(
            rows,
            [*columns, *(cells(name, before.rows) for name in segments)],
            kind=now.kind,
            answers=[cells(name, before.rows) for name in outcomes],
        ),
    )


def _is_segment(name: str) -> bool:
    return name in ("version", "region", "tenant") or name.startswith("d_")


def _fresh(column: Cells, before: pl.DataFrame) -> list[int]:
    """Cells that the reference lacks: beyond its range, new categories, and nulls where there were next to none."""
    nulls = before[column.name].null_count() / before.height if column.name in before.columns else 1.0
    unseen = column.unseen[1:] if column.name == "_age" else column.unseen
    return [*unseen, *([column.null] if nulls < RARE else [])]


def _named(found: Sequence[tuple[float, Cells, int]]) -> str:
    """The unseen values (excess, column, cell) that hold most of the excess."""
    most = max((part for part, _, _ in found), default=0.0)
    texts = []
    for part, column, cell in sorted(found, key=lambda one: -one[0])[:_NAMED]:
        if part > _PART * most:
            name = "age of the features in minutes" if column.name == "_age" else column.name
            texts.append(f"{name} {column.words(frozenset({cell}))}")
    return ", ".join(texts)


def _release(now: LabelledSample, rows: pl.DataFrame, old: set[str], excess: float) -> tuple[str | None, bool]:
    """Whether versions that came with the errors make (nearly) all of them, and whether older ones beside them do not.

    ``old`` are versions that answered before the errors began.
    """
    if excess <= 0:
        return None, False
    known = pl.col("_version").is_in(sorted(old))
    begun = rows.filter(~known)["_t"].min()
    if begun is None:
        return None, False
    # Older versions are held against the new ones from the moment these answered.
    parts = (
        rows.filter(pl.col("_version").is_not_null(), pl.col("_t") >= begun)
        .group_by("_version")
        .agg(
            excess=(pl.col("_events") * (pl.col("_bad") - pl.col("_expected"))).sum(),
            wrong=pl.col("_bad").sum(),
            expected=pl.col("_expected").sum(),
            variance=(pl.col("_bad") - pl.col("_expected")).var() * pl.len(),
            rows=pl.len(),
        )
    )
    fresh, usual = parts.filter(~known), parts.filter(known)
    part = float(fresh["excess"].sum()) / excess
    if not fresh.height or part < _RELEASE:
        return None, False
    wrong, due = (float(usual[name].sum()) for name in ("wrong", "expected"))
    accurate = now.kind == "accuracy"
    enough = due >= _LEAST_DUE if accurate else usual["rows"].sum() >= _LEAST_ROWS
    noise = due if accurate else float(usual["variance"].fill_null(0.0).sum())
    names = ", ".join(sorted(fresh["_version"].to_list()))
    said = f"{min(part, 1.0):.0%} of the excess is version {names}, which came with it"
    if not enough:
        return f"{said}; no older version is left beside it to compare with", False
    if wrong > _MARGIN * due + _Z * np.sqrt(max(noise, 1e-12)):
        return None, False
    return f"{said}, and older versions beside it fail as often as expected", True
