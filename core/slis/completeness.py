"""Completeness: one event per required feature of a request that succeeded; good if not null."""

from burnline.rollups.measures import Measure, Pair, Sql
from burnline.rollups.store import fingerprint
from burnline.slis.base import Sli
from burnline.spec import SliKind, Slo
from burnline.spec.quoting import quote_identifier


def _measure(slo: Slo) -> Measure:
    if slo.features is None:
        pair = Pair(
            Sql("case when _ok then _features else 0 end"),
            Sql("case when _ok then _nulls else 0 end"),
            numbers=True,
        )
        return Measure("completeness", columns=frozenset({"f_*"}), now=pair)
    nulls = " + ".join(f"({quote_identifier(name)} is null)::int" for name in slo.features)
    pair = Pair(
        Sql(f"case when _ok then {len(slo.features)} else 0 end"),
        Sql(f"case when _ok then {nulls} else 0 end"),
        numbers=True,
    )
    identity = f"completeness:{fingerprint(*slo.features)}"
    return Measure(identity, optional=frozenset(slo.features), now=pair)


SLI = Sli(
    kind=SliKind(
        name="completeness",
        track="model",
        budgeting="Occurrences",
        parameters=frozenset({"features"}),
        columns=("f_*",),
    ),
    eligible="valid",
    measure=lambda slo, siblings: _measure(slo),
)
