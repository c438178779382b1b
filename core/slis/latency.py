"""Latency: requests that succeeded and were timed; good up to the threshold."""

from burnline.rollups.measures import Sql
from burnline.slis.base import Member, Sli, number, per_request
from burnline.spec import SliKind, Slo
from burnline.spec.units import parse_milliseconds


def _member(slo: Slo) -> Member:
    return Member(
        known=Sql("latency_ms is not null"),
        bad=Sql("latency_ms > $limit", {"limit": slo.threshold}),
        columns=frozenset({"latency_ms"}),
    )


SLI = Sli(
    kind=SliKind(
        name="latency",
        track="infrastructure",
        budgeting="Occurrences",
        unit="ms",
        parameters=frozenset({"threshold"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_milliseconds,
        columns=("latency_ms",),
    ),
    eligible="succeeded",
    measure=lambda slo, siblings: per_request(f"latency<={number(slo.threshold or 0)}ms", _member(slo)),
    member=_member,
    histogram="latency",
    better="below",
)
