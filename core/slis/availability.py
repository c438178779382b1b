"""Availability: every request; good unless it failed (status 500 and above, or 429)."""

from burnline.rollups.measures import Measure, Pair, Sql
from burnline.slis.base import Member, Sli
from burnline.spec import SliKind

_KNOWN = Sql("status is not null")
_FAILED = Sql("not _ok")

SLI = Sli(
    kind=SliKind(
        name="availability",
        track="infrastructure",
        budgeting="Occurrences",
        columns=("status",),
    ),
    eligible="requests",
    measure=lambda slo, siblings: Measure("availability", columns=frozenset({"status"}), now=Pair(_KNOWN, _FAILED)),
    member=lambda slo: Member(_KNOWN, _FAILED, frozenset({"status"})),
)
