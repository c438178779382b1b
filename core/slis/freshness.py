"""Freshness: requests that succeeded with a known feature time; good up to the age threshold."""

from burnline.rollups.measures import Sql
from burnline.slis.base import Member, Sli, number, per_request
from burnline.spec import SliKind, Slo
from burnline.spec.units import parse_seconds


def _member(slo: Slo) -> Member:
    return Member(
        known=Sql("feature_timestamp is not null"),
        bad=Sql("_us - feature_timestamp > $limit", {"limit": round((slo.threshold or 0) * 1e6)}),
        columns=frozenset({"feature_timestamp"}),
    )


SLI = Sli(
    kind=SliKind(
        name="freshness",
        track="model",
        budgeting="Occurrences",
        unit="s",
        parameters=frozenset({"threshold"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_seconds,
        columns=("feature_timestamp",),
    ),
    eligible="succeeded",
    measure=lambda slo, siblings: per_request(f"freshness<={number(slo.threshold or 0)}s", _member(slo)),
    member=_member,
    histogram="age",
    better="below",
)
