"""Throughput: five-minute slices; good if the rate of requests reaches the threshold.

A slice without any request has rate zero. Slices run from the model's first request on.
"""

from burnline.rollups.measures import Measure, Slices
from burnline.slis.base import Sli, number
from burnline.spec import SliKind
from burnline.spec.units import parse_rate

SLI = Sli(
    kind=SliKind(
        name="throughput",
        track="infrastructure",
        budgeting="Timeslices",
        unit="/s",
        parameters=frozenset({"threshold"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_rate,
    ),
    eligible="slices",
    measure=lambda slo, siblings: Measure(
        f"throughput>={number(slo.threshold or 0)}/s", slices=Slices("rate", slo.threshold or 0)
    ),
)
