"""Saturation: five-minute slices; good if the mean of an infrastructure metric is within limits."""

from burnline.rollups.measures import Measure, Slices
from burnline.slis.base import Sli, number
from burnline.spec import SliKind
from burnline.spec.units import parse_number

SLI = Sli(
    kind=SliKind(
        name="saturation",
        track="infrastructure",
        budgeting="Timeslices",
        parameters=frozenset({"metric", "threshold"}),
        required=frozenset({"metric", "threshold"}),
        parse_threshold=parse_number,
        columns=("metrics:*",),
    ),
    eligible="slices",
    measure=lambda slo, siblings: Measure(
        f"saturation:{slo.metric}<={number(slo.threshold or 0)}",
        slices=Slices("gauge", slo.threshold or 0, metric=slo.metric),
    ),
)
