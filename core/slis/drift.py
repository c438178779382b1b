"""Drift: daily slices in which no feature moved beyond the threshold. Not measured yet."""

from burnline.slis.base import Sli
from burnline.spec import SliKind
from burnline.spec.units import parse_positive

SLI = Sli(
    kind=SliKind(
        name="drift",
        track="model",
        budgeting="Timeslices",
        parameters=frozenset({"threshold"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_positive,
        columns=("f_*",),
    ),
    eligible="slices",
    measure=lambda slo, siblings: None,
    absent="drift is not measured by this version of Burnline",
)
