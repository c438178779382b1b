"""Confidence: requests that succeeded with a confidence; good from the threshold on."""

from burnline.rollups.measures import Sql
from burnline.slis.base import Member, Sli, number, per_request
from burnline.spec import SliKind, Slo
from burnline.spec.units import parse_fraction


def _member(slo: Slo) -> Member:
    return Member(
        known=Sql("confidence is not null"),
        bad=Sql("confidence < $limit", {"limit": slo.threshold}),
        columns=frozenset({"confidence"}),
    )


SLI = Sli(
    kind=SliKind(
        name="confidence",
        track="model",
        budgeting="Occurrences",
        parameters=frozenset({"threshold"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_fraction,
        columns=("confidence",),
    ),
    eligible="succeeded",
    measure=lambda slo, siblings: per_request(f"confidence>={number(slo.threshold or 0)}", _member(slo)),
    member=_member,
    histogram="confidence",
    better="above",
)
