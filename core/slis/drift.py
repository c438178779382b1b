"""Drift: daily slices with enough rows; good if no feature has moved beyond the threshold.

A feature has moved by its Population Stability Index without the part that chance adds, against the reference and,
where the reference covers them, against the same hours of the week; only what is proven counts. Days are UTC.
"""

from burnline.rollups.measures import Measure, Slices
from burnline.slis.base import Sli
from burnline.spec import SliKind
from burnline.spec.units import parse_positive

SLI = Sli(
    kind=SliKind(
        name="drift",
        track="model",
        budgeting="Timeslices",
        parameters=frozenset({"threshold", "min_rows"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_positive,
        columns=("f_*",),
    ),
    eligible="slices",
    measure=lambda slo, siblings: Measure(
        "drift", columns=frozenset({"f_*"}), slices=Slices("drift", slo.threshold or 0, min_rows=slo.min_rows)
    ),
)
