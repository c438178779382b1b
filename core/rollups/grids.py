"""The bins that distributions of numbers are counted in: about 128 a column, frozen from the reference.

A numeric column gets equal bins between its 0.1 % and 99.9 % quantiles, of the value or of its logarithm where it is
heavily skewed. Tails keep their own bins beyond the ends. The bins never move: drift compares like with like.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import duckdb

from burnline.logs import Shape
from burnline.logs.files import literal_pattern
from burnline.logs.relation import select
from burnline.spec.columns import SEGMENTS
from burnline.spec.quoting import quote_identifier

BINS = 128
OUTSIDE = 1_000_000
_SAMPLE = 50_000
_COLUMNS_AT_ONCE = 50


@dataclass(frozen=True)
class Grid:
    """Equal bins of x, or of ln x: bin = floor((g(x) - low) * per_unit).

    Bins are given up to ``OUTSIDE`` on both sides; what lies beyond, infinities among it, shares these two outermost
    bins. On a logarithmic grid zero and negative values lie in the lowest.
    """

    log: bool
    low: float
    per_unit: float

    @staticmethod
    def between(low: float, middle: float, high: float) -> Grid:
        """The grid whose ``BINS`` bins span ``low`` to ``high``; one bin per unit when that is a point.

        Positive values of which half crowd into the lowest twentieth of the range get
        logarithmic bins.
        """
        log = low > 0 and middle - low < (high - low) / 20
        start, end = (math.log(low), math.log(high)) if log else (low, high)
        width = end - start
        return Grid(log, start, BINS / width if width > 0 and math.isfinite(BINS / width) else 1.0)

    def edges(self, bin_: int) -> tuple[float, float]:
        """Lower and upper edge of a bin in the feature's own unit."""
        ends = (self.low + bin_ / self.per_unit, self.low + (bin_ + 1) / self.per_unit)
        return (_exp(ends[0]), _exp(ends[1])) if self.log else ends


def _exp(x: float) -> float:
    return math.exp(min(x, 709.0))


Grids = Mapping[tuple[str, str], Grid]
Frozen = Mapping[str, Mapping[str, tuple[bool, float, float]]]


def numeric(name: str, shape: Shape, segments: Collection[str]) -> bool:
    """Whether a column is counted in bins; segments, text and truth values are counted by their values."""
    if name == "confidence":
        return True
    return shape.columns[name].kind == "number" and not is_segment(name, segments)


def is_segment(name: str, segments: Collection[str]) -> bool:
    """Whether a column tells parts of the traffic apart."""
    return name in segments or name in SEGMENTS or name.startswith("d_")


def tracked(shape: Shape, segments: Collection[str]) -> tuple[str, ...]:
    """The columns whose distribution is kept, by name: features, prediction, confidence and segments."""
    return tuple(
        sorted(
            name
            for name, column in shape.columns.items()
            if (name.startswith("f_") and column.kind != "time")
            or name in ("prediction", "confidence")
            or is_segment(name, segments)
        )
    )


def find_grids(
    con: duckdb.DuckDBPyConnection,
    shape: Shape,
    wanted: Mapping[str, Collection[str]],
    *,
    count_429: bool,
    relation: str | None = None,
    progress: Callable[[int], None] = lambda columns: None,
) -> dict[tuple[str, str], Grid]:
    """Grids for numeric columns (``wanted``: by model), from a fixed sample of the file.

    ``relation`` is the canonical relation of a file that is no log. A column without any finite value gets none.
    """
    names = sorted({name for columns in wanted.values() for name in columns})
    grids = {}
    for start in range(0, len(names), _COLUMNS_AT_ONCE):
        chunk = names[start : start + _COLUMNS_AT_ONCE]
        quantiles = ", ".join(f"quantile_cont({_finite(n)}, [0.001, 0.5, 0.999])" for n in chunk)
        rows = relation or select(shape, count_429=count_429, only=("model", *chunk))
        query = f"""
            with log as ({rows}),
                 sampled as (select * from log where model in (select unnest($models))
                             using sample reservoir({_SAMPLE} rows) repeatable (1))
            select model, {quantiles} from sampled group by model"""
        parameters = {"path": literal_pattern(shape.path), "models": list(wanted)}
        for model, *found in con.execute(query, parameters).fetchall():
            for name, ends in zip(chunk, found, strict=True):
                if name in wanted[model] and ends is not None and ends[0] is not None:
                    grids[model, name] = Grid.between(*ends)
        progress(start + len(chunk))
    return grids


@dataclass(frozen=True)
class Columns:
    """How the columns of each model are counted: the frozen bins of numeric ones, and those that held other values
    before any number (``texts``). A column is in both when its type changed."""

    grids: Frozen
    texts: Mapping[str, Collection[str]]


def freeze(
    con: duckdb.DuckDBPyConnection,
    files: Iterable[tuple[Shape, Collection[str]]],
    known: Columns,
    segments: Collection[str],
    count_429: bool,
    *,
    relation: Callable[[Shape, Collection[str]], str] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Columns:
    """The known bins with those of new columns added, each from the first file that holds a number in it.

    ``files`` are shapes with their models, in order of time; what is known never changes. ``relation`` makes the
    canonical relation of some columns of files that are no logs; ``progress`` takes how many columns are done.
    """
    frozen = {model: dict(names) for model, names in known.grids.items()}
    texts = {model: set(names) for model, names in known.texts.items()}

    def look(shape: Shape, wanted: Mapping[str, Collection[str]]) -> None:
        if any(wanted.values()):
            names = {name for columns in wanted.values() for name in columns}
            rows = relation(shape, names) if relation is not None else None
            add(
                frozen,
                find_grids(
                    con, shape, wanted, count_429=count_429, relation=rows, progress=lambda n: progress(done + n)
                ),
            )

    done = 0
    for shape, models in files:
        names = {n for n in tracked(shape, segments) if numeric(n, shape, segments)}
        look(shape, {m: missing for m in models if (missing := names - frozen.get(m, {}).keys())})
        others = {n for n in tracked(shape, segments) if of_free_type(n, segments) and n not in names}
        for model in models:
            texts.setdefault(model, set()).update(others - frozen.get(model, {}).keys())
        # Labels lie beside predictions; only where those are no numbers they need bins of their own.
        if shape.has("label") and shape.columns["label"].kind == "number":
            look(shape, {m: {"label"} for m in models if not {"label", "prediction"} & frozen.get(m, {}).keys()})
        done += len(tracked(shape, segments))
        progress(done)
    return Columns(frozen, {model: tuple(sorted(names)) for model, names in texts.items() if names})


def of_free_type(name: str, segments: Collection[str]) -> bool:
    """Whether the type of a tracked column follows its values."""
    return name != "confidence" and not is_segment(name, segments)


def type_problems(shape: Shape, models: Collection[str], known: Columns, segments: Collection[str]) -> tuple[str, ...]:
    """A sentence for every column of a file that is not counted as in earlier files, or not at all."""
    found = [
        f"{name} holds times: its distribution is not kept"
        for name, column in shape.columns.items()
        if name.startswith("f_") and column.kind == "time"
    ]
    for name in tracked(shape, segments):
        if not of_free_type(name, segments):
            continue
        number = numeric(name, shape, segments)
        others = [m for m in models if name in known.texts.get(m, ())]
        numbers = [m for m in models if name in known.grids.get(m, {}) and m not in others]
        if number and others:
            found.append(f"{name} holds numbers here and other values in earlier files: counted apart, in bins")
        elif not number and numbers:
            found.append(f"{name} holds no numbers here but did in earlier files: counted apart, by value")
    return tuple(found)


def add(frozen: dict[str, dict[str, tuple[bool, float, float]]], found: Grids) -> None:
    """Put new grids among the frozen ones, which stay as they are."""
    for (model, name), grid in found.items():
        frozen.setdefault(model, {}).setdefault(name, (grid.log, grid.low, grid.per_unit))


def thawed(frozen: Frozen) -> dict[tuple[str, str], Grid]:
    """The frozen bins as grids by model and column."""
    return {(model, name): Grid(*values) for model, names in frozen.items() for name, values in names.items()}


def label_grid(model: str, grids: Grids) -> Grid | None:
    """The grid of a model's numeric labels: its own, else that of its prediction."""
    return grids.get((model, "label")) or grids.get((model, "prediction"))


def _finite(name: str) -> str:
    value = f"cast({quote_identifier(name)} as double)"
    return f"(case when isfinite({value}) then {value} end)"
