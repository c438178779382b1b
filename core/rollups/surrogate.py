"""A surrogate of a model's failures: the expected badness of a request from what is known when it arrives.

Gradient-boosted trees are fitted on labelled requests of a reference period: the chance that the answer is wrong, or
the squared error of a predicted number. Applied to any request they give its expected badness, with or without a
label. Expectations are scaled so that they add up to what was realised in the reference, and never fall below 2 % of
its mean. Requests of the reference itself are judged out of fold (Stone 1974), by trees that have not seen them.

What such a surrogate cannot see is a change of the relation between inputs and labels (concept drift): it says what
these requests would have cost in the reference period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Floats = NDArray[np.float64]
Kind = Literal["accuracy", "rmse"]

LEVELS = 200
LEAST_BAD = 30
_LEAST_SHARE = 0.02
_CUT = 0.999
_FOLDS = 2
_ROUNDS = 80
_PARAMETERS: Mapping[str, object] = {
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 50,
    "cat_smooth": 20,
    "max_bin": 63,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    # More threads are slower on so few rows, and one gives the same trees everywhere.
    "num_threads": 1,
    "verbose": -1,
}
# Squared errors scale with their own mean, so trees split on their ratio, not on their difference.
_OBJECTIVE: Mapping[Kind, str] = {"accuracy": "binary", "rmse": "gamma"}
# The gamma deviance takes no zeros.
_TINY = 1e-6


class Surrogate(BaseModel):
    """Expected badness of a request from its inputs.

    ``numbers`` are inputs taken as numbers, ``categories`` those with their known levels (others count as missing).
    ``trees`` is LightGBM's text, ``None`` when every request is expected to be as bad as ``base``, and ``scale`` what
    their output is multiplied by. ``base`` is the mean badness of the reference: a share of wrong answers, or a
    mean squared error. ``relative_error`` is the standard error of ``base`` as a fraction of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    numbers: tuple[str, ...] = ()
    categories: dict[str, tuple[str, ...]] = {}
    trees: str | None = None
    scale: float = 1.0
    base: float
    relative_error: float = 0.0

    def expected(self, inputs: pl.DataFrame) -> Floats:
        """Expected badness of each row. Inputs that the frame lacks count as missing."""
        if self.trees is None:
            return np.full(inputs.height, self.base)
        import lightgbm

        raw = lightgbm.Booster(model_str=self.trees).predict(self._matrix(inputs), num_threads=1)
        return self._scaled(np.asarray(raw, dtype=np.float64), self.scale)

    def _scaled(self, raw: Floats, scale: float) -> Floats:
        most = 1.0 if self.kind == "accuracy" else np.inf
        return np.clip(raw * scale, min(_LEAST_SHARE * self.base, most), most)

    def _matrix(self, inputs: pl.DataFrame) -> Floats:
        columns = [_number(inputs, name) for name in self.numbers]
        columns += [_code(inputs, name, levels) for name, levels in self.categories.items()]
        return np.column_stack(columns) if columns else np.empty((inputs.height, 0))


@dataclass(frozen=True)
class Learnt:
    """A surrogate, what it expects of the rows it was learnt from (out of fold), and how many rows and bad ones
    there were."""

    surrogate: Surrogate
    out_of_fold: Floats
    rows: int
    bad: float


def learn(
    inputs: pl.DataFrame,
    bad: Floats,
    kind: Kind,
    *,
    weights: Floats | None = None,
    population: tuple[float, float] | None = None,
) -> Learnt:
    """Fit the surrogate of labelled requests.

    ``inputs`` holds one column per input, numbers or text; ``bad`` is 1 for a wrong answer and 0 for a right one, or
    the squared error. ``weights`` are events per row. ``population`` is the mean badness and the number of events of
    the whole reference where the rows are a sample of it. With fewer than 30 wrong (or right) answers, or errors that
    are all the same, nothing is learnt: every request is expected to be as bad as (bad + 1/2) / (n + 1), or the mean.

    Squared errors are cut at their 99.9 % quantile, so that one absurd value does not decide. Raises ``ValueError``
    without rows.
    """
    if not len(bad):
        raise ValueError("no labelled rows to learn from")
    weights = np.ones(len(bad)) if weights is None else weights / weights.mean()
    label = np.minimum(bad, np.quantile(bad, _CUT)) if kind == "rmse" else bad
    rows, total = len(label), float(bad.sum())
    mean = float(np.average(label, weights=weights))
    if kind == "accuracy":
        events = population[1] if population else float(rows)
        base = population[0] if population else mean
        base = (base * events + 0.5) / (events + 1)
        error = float(np.sqrt(base * (1 - base) / events))
        enough = min(total, rows - total) >= LEAST_BAD
    else:
        base, error = mean, float(label.std() / np.sqrt(rows))
        enough = bool(label.max() > label.min()) and rows >= 2 * LEAST_BAD
    flat = Surrogate(kind=kind, base=base, relative_error=error / base if base else 0.0)
    if not enough:
        return Learnt(flat, np.full(rows, base), rows, total)
    shell = flat.model_copy(update=_described(inputs))
    matrix = shell._matrix(inputs)
    if not matrix.shape[1]:
        return Learnt(flat, np.full(rows, base), rows, total)
    target = label / mean + _TINY if kind == "rmse" else label
    folds = np.random.default_rng(1).permutation(rows) % _FOLDS
    unseen = np.empty(rows)
    for fold in range(_FOLDS):
        inside = folds != fold
        part = _fit(matrix[inside], target[inside], weights[inside], shell)
        unseen[~inside] = part.predict(matrix[~inside], num_threads=1)
    scale = base / float(np.average(unseen, weights=weights))
    trees = _fit(matrix, target, weights, shell).model_to_string()
    learnt = shell.model_copy(update={"trees": trees, "scale": scale})
    return Learnt(learnt, shell._scaled(unseen, scale), rows, total)


def _described(inputs: pl.DataFrame) -> dict[str, object]:
    """Which columns can tell rows apart: numbers, and categories with their most frequent levels."""
    numbers, categories = [], {}
    for name, dtype in inputs.schema.items():
        if dtype == pl.String:
            counted = inputs[name].drop_nulls().value_counts(name="n").sort(["n", name], descending=[True, False])
            if counted.height > 1 or (counted.height == 1 and inputs[name].null_count()):
                categories[name] = tuple(counted[name][:LEVELS].to_list())
        elif len(np.unique(_number(inputs, name), equal_nan=True)) > 1:
            numbers.append(name)
    return {"numbers": tuple(numbers), "categories": categories}


def _fit(matrix: Floats, label: Floats, weights: Floats, shell: Surrogate) -> Any:
    import lightgbm

    names = [*shell.numbers, *shell.categories]
    parameters = {**_PARAMETERS, "objective": _OBJECTIVE[shell.kind]}
    data = lightgbm.Dataset(
        matrix,
        label,
        weight=weights,
        feature_name=[f"x{index}" for index in range(len(names))],
        categorical_feature=list(range(len(shell.numbers), len(names))),
        params=parameters,
    )
    return lightgbm.train(parameters, data, _ROUNDS)


def _number(inputs: pl.DataFrame, name: str) -> Floats:
    """A column as numbers; text that is none and what is not finite are missing."""
    if name not in inputs.columns:
        return np.full(inputs.height, np.nan)
    values = inputs[name].cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _code(inputs: pl.DataFrame, name: str, levels: tuple[str, ...]) -> Floats:
    """A column as places in ``levels``; other values are missing."""
    if name not in inputs.columns:
        return np.full(inputs.height, np.nan)
    codes = pl.Series(range(len(levels)), dtype=pl.Float64)
    values = inputs[name].cast(pl.String).replace_strict(pl.Series(levels, dtype=pl.String), codes, default=None)
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)
