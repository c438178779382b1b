"""RMSE: hourly slices with enough labelled rows; good if the root mean square error is within
the threshold. Errors are label - prediction of requests that succeeded."""

from burnline.rollups.measures import Measure, Pair, Slices, Sql
from burnline.slis.base import Sli
from burnline.spec import SliKind
from burnline.spec.units import parse_positive

_PAIR = Pair(Sql("_ok and _error is not null"), Sql("false"), amount=Sql("_error * _error"))

SLI = Sli(
    kind=SliKind(
        name="rmse",
        track="model",
        budgeting="Timeslices",
        parameters=frozenset({"threshold", "min_rows"}),
        required=frozenset({"threshold"}),
        parse_threshold=parse_positive,
        columns=("prediction", "label"),
    ),
    eligible="slices",
    measure=lambda slo, siblings: Measure(
        "rmse",
        columns=frozenset({"prediction", "label"}),
        late=_PAIR,
        slices=Slices("root_mean_square", slo.threshold or 0, min_rows=slo.min_rows),
    ),
)
