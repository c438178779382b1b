"""What a rollup keeps: measures, declared once, as sums over the canonical relation.

A measure is a pair of sums per bucket, ``valid`` and ``bad``. Its conditions are SQL over the
canonical columns; every value in them is a named parameter. ``now`` counts at the request's
time; ``late`` counts only rows whose label is known, from the moment it became known; ``slices``
says how sums become good and bad time slices.

Beside the canonical columns a condition may use ``_ok`` (the request did not fail), ``_features``
and ``_nulls`` (feature columns of the file, and how many of them are null in this row) and, where
the label is known, ``_wrong`` (it differs from the prediction) and ``_error`` (label - prediction).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from burnline.logs.relation import Shape

REQUESTS = "requests"


@dataclass(frozen=True)
class Sql:
    """A piece of SQL and the values of its named parameters."""

    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def renamed(self, prefix: str) -> Sql:
        """The same with every parameter name prefixed, so that pieces can be put together."""
        text = self.text
        for name in sorted(self.parameters, key=len, reverse=True):
            text = re.sub(rf"\${re.escape(name)}\b", f"${prefix}{name}", text)
        return Sql(text, {f"{prefix}{name}": value for name, value in self.parameters.items()})


@dataclass(frozen=True)
class Pair:
    """Valid and bad of one row: conditions, or whole numbers when ``numbers`` is set.

    ``bad`` is only looked at where ``valid`` holds. ``amount`` is a non-negative real that is
    summed in units of 1e-12 (for values averaged over a slice).
    """

    valid: Sql
    bad: Sql
    amount: Sql | None = None
    numbers: bool = False


@dataclass(frozen=True)
class Slices:
    """How a measure becomes time slices.

    ``rate``: requests per second of a five-minute slice, good at ``threshold`` or above.
    ``gauge``: mean of an infrastructure metric over five minutes, good up to ``threshold``.
    ``root_mean_square`` (good up to ``threshold``) and ``mean`` (good from ``threshold``):
    the averaged amount of an hour with at least ``min_rows`` labelled rows.
    ``drift``: how far the features of a day with at least ``min_rows`` rows have moved, good up to ``threshold``.
    """

    kind: Literal["rate", "gauge", "root_mean_square", "mean", "drift"]
    threshold: float
    metric: str | None = None
    min_rows: int = 0

    @property
    def hourly(self) -> bool:
        """Whether a slice is an hour."""
        return self.kind in ("root_mean_square", "mean")

    @property
    def daily(self) -> bool:
        """Whether a slice is a day (what is neither hourly nor daily is five minutes)."""
        return self.kind == "drift"


@dataclass(frozen=True)
class Measure:
    """A measure and what it needs. ``id`` names it together with its parameters.

    ``columns`` must be in a file, else the file adds nothing to the measure. ``optional``
    columns are counted as empty where a file lacks them.
    """

    id: str
    columns: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    now: Pair | None = None
    late: Pair | None = None
    ranking: int | None = None
    slices: Slices | None = None

    @property
    def labelled(self) -> bool:
        """Whether some of its counts wait for labels."""
        return self.late is not None or self.ranking is not None

    @property
    def rolled(self) -> bool:
        """Whether it is summed from raw rows (a gauge or rate slice reads other sums)."""
        return self.now is not None or self.labelled


def missing(measure: Measure, shape: Shape) -> str | None:
    """Why a file cannot feed a measure: the columns it lacks, or ``None``.

    A missing label may still come in a file of its own, if the requests can be named.
    """
    lacking = sorted(name for name in measure.columns if not _has(shape, name))
    if "label" in lacking and shape.has("request_id"):
        lacking.remove("label")
    if not lacking:
        return None
    return f"the log has no column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}"


def _has(shape: Shape, name: str) -> bool:
    return bool(shape.features) if name == "f_*" else shape.has(name)


BASE = Measure(REQUESTS, now=Pair(Sql("true"), Sql("not _ok")))
