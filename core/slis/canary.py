"""Canary: requests with known answers; good if the prediction is the known answer."""

from burnline.rollups.measures import Measure, Pair, Sql
from burnline.slis.base import Sli
from burnline.spec import SliKind

SLI = Sli(
    kind=SliKind(
        name="canary",
        track="model",
        budgeting="Occurrences",
        columns=("canary", "prediction", "label"),
    ),
    eligible="valid",
    measure=lambda slo, siblings: Measure(
        "canary",
        columns=frozenset({"canary", "prediction", "label"}),
        late=Pair(Sql("_ok and canary"), Sql("_wrong")),
    ),
    asked=lambda slo: Measure(
        "canary requests", columns=frozenset({"canary"}), now=Pair(Sql("_ok and canary"), Sql("false"))
    ),
)
