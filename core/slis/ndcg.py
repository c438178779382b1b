"""NDCG@k: hourly slices with enough labelled items; good if the mean over queries reaches the
threshold. Gains are 2^relevance - 1 (Burges et al. 2005; Järvelin and Kekäläinen 2002)."""

from burnline.rollups.measures import Measure, Slices
from burnline.slis.base import Sli
from burnline.spec import SliKind, Slo
from burnline.spec.units import parse_fraction

_DEFAULT_CUT = 10


def _measure(slo: Slo) -> Measure:
    cut = slo.at or _DEFAULT_CUT
    return Measure(
        f"ndcg@{cut}",
        columns=frozenset({"query_id", "relevance"}),
        ranking=cut,
        slices=Slices("mean", slo.threshold or 0, min_rows=slo.min_rows),
    )


SLI = Sli(
    kind=SliKind(
        name="ndcg",
        track="model",
        budgeting="Timeslices",
        parameters=frozenset({"threshold", "at", "min_rows"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_fraction,
        columns=("query_id", "relevance"),
    ),
    eligible="slices",
    measure=lambda slo, siblings: _measure(slo),
)
