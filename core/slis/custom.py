"""Custom: good and valid as expressions over the canonical columns."""

from burnline.rollups.measures import Measure, Pair, Sql
from burnline.rollups.store import fingerprint
from burnline.slis.base import Member, Sli
from burnline.spec import SliKind, Slo
from burnline.spec.expression import Expression

_LABELS = frozenset({"label", "label_timestamp"})


def _sql(expression: Expression | None, prefix: str) -> Sql:
    if expression is None:
        return Sql("true")
    text, parameters = expression.sql(prefix)
    return Sql(text, parameters)


def _columns(slo: Slo) -> frozenset[str]:
    return frozenset().union(*(e.columns for e in (slo.good, slo.valid) if e is not None))


def _member(slo: Slo) -> Member:
    """An event is known where both expressions have a value."""
    good, valid = _sql(slo.good, "g"), _sql(slo.valid, "v")
    return Member(
        known=Sql(f"({valid.text}) and ({good.text}) is not null", {**valid.parameters, **good.parameters}),
        bad=Sql(f"not ({good.text})", good.parameters),
        columns=_columns(slo),
        labelled=bool(_columns(slo) & _LABELS),
    )


def _measure(slo: Slo) -> Measure:
    member = _member(slo)
    pair = Pair(member.known, member.bad)
    texts = [e.text if e is not None else "" for e in (slo.good, slo.valid)]
    identity = f"custom:{fingerprint(*texts)}"
    if member.labelled:
        return Measure(identity, columns=member.columns, late=pair)
    return Measure(identity, columns=member.columns, now=pair)


def _asked(slo: Slo) -> Measure | None:
    """The requests that ``valid`` admits, whether or not ``good`` has a value yet."""
    valid = _sql(slo.valid, "v")
    columns = slo.valid.columns if slo.valid is not None else frozenset()
    if columns & _LABELS:
        return None
    identity = f"custom asked:{fingerprint(slo.valid.text if slo.valid is not None else '')}"
    return Measure(identity, columns=columns, now=Pair(valid, Sql("false")))


SLI = Sli(
    kind=SliKind(
        name="custom",
        track="model",
        budgeting="Occurrences",
        parameters=frozenset({"good", "valid"}),
        required=frozenset({"good"}),
    ),
    eligible="valid",
    measure=lambda slo, siblings: _measure(slo),
    member=_member,
    asked=_asked,
)
