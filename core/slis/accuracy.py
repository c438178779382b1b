"""Accuracy: requests that succeeded and whose label is known; good if it equals the prediction."""

from burnline.rollups.measures import Sql
from burnline.slis.base import Member, Sli, per_request
from burnline.spec import SliKind, Slo

_COLUMNS = frozenset({"prediction", "label"})


def _member(slo: Slo) -> Member:
    del slo
    return Member(Sql("true"), Sql("_wrong"), _COLUMNS, labelled=True)


SLI = Sli(
    kind=SliKind(
        name="accuracy",
        track="model",
        budgeting="Occurrences",
        columns=("prediction", "label"),
    ),
    eligible="succeeded",
    measure=lambda slo, siblings: per_request("accuracy", _member(slo)),
    member=_member,
)
