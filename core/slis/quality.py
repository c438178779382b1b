"""Quality: a composite. Valid are failed requests and those whose outcome is known in every
member; good is what is good in every member. A third budget, never added to its members'."""

from collections.abc import Mapping

from burnline.rollups.measures import Measure, Pair, Sql
from burnline.rollups.store import fingerprint
from burnline.slis.base import Member, Sli
from burnline.spec import SliKind, Slo


def _members(slo: Slo, siblings: Mapping[str, Slo]) -> list[Member]:
    from burnline.slis import catalogue

    members = []
    for name in slo.all:
        sibling = siblings[name]
        member = catalogue()[sibling.sli].member
        if member is not None:
            members.append(member(sibling))
    return members


def _join(pieces: list[Sql], word: str, prefix: str) -> Sql:
    renamed = [piece.renamed(f"{prefix}{index}_") for index, piece in enumerate(pieces)]
    parameters = {k: v for piece in renamed for k, v in piece.parameters.items()}
    return Sql(f" {word} ".join(f"({piece.text})" for piece in renamed), parameters)


def _measure(slo: Slo, siblings: Mapping[str, Slo]) -> Measure:
    members = _members(slo, siblings)
    known = _join([m.known for m in members], "and", "k")
    bad = _join([m.bad for m in members], "or", "b")
    columns = frozenset().union(*(m.columns for m in members))
    identity = fingerprint(known.text, known.parameters, bad.text, bad.parameters)
    succeeded = Sql(f"_ok and ({known.text})", known.parameters)
    if any(m.labelled for m in members):
        return Measure(
            f"quality:{identity}",
            columns=columns,
            now=Pair(Sql("not _ok"), Sql("true")),
            late=Pair(succeeded, bad),
        )
    return Measure(
        f"quality:{identity}",
        columns=columns,
        now=Pair(
            Sql(f"not _ok or ({known.text})", known.parameters),
            Sql(f"not _ok or ({bad.text})", bad.parameters),
        ),
    )


SLI = Sli(
    kind=SliKind(
        name="quality",
        track="model",
        budgeting="Occurrences",
        parameters=frozenset({"all"}),
        required=frozenset({"all"}),
    ),
    eligible="requests",
    measure=_measure,
)
