"""Where every model of a workspace stands as of a moment: from counts to verdict and gate."""

from __future__ import annotations

from collections.abc import Sequence

from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question
from burnline.budgets.state import judge
from burnline.records.entries import Definition
from burnline.results import ModelStatus, SloStatus
from burnline.spec import Model
from burnline.standing import Standing


def slo_status(fleet: Fleet, question: Question) -> SloStatus:
    """The status of one SLO."""
    return Standing(fleet, (question,)).status(question)


def model_statuses(fleet: Fleet, laws: tuple[Definition, ...] = ()) -> tuple[ModelStatus, ...]:
    """Every defined model, then every model that is only in the logs, by name.

    ``laws`` are the definitions that were in force before, of which a status says when they fell into its window.
    """
    slos: dict[str, list[SloStatus]] = {m.name: [] for m in fleet.models if fleet.only in (None, m.name)}
    standing = Standing(fleet, fleet.questions, laws)
    for question in fleet.questions:
        slos[question.model].append(standing.status(question))
    defined = [_defined(fleet, m, slos[m.name]) for m in fleet.models if m.name in slos]
    names = {m.name for m in fleet.models}
    strangers = [n for n in sorted(fleet.seen) if n not in names and fleet.only in (None, n)]
    return (*defined, *(_undefined(fleet, name) for name in strangers))


def _defined(fleet: Fleet, model: Model, slos: Sequence[SloStatus]) -> ModelStatus:
    judged = judge(slos, tier=model.tier)
    return ModelStatus(
        model=model.name,
        type=model.type,
        tier=model.tier,
        owner=model.owner,
        labels=model.labels,
        state=judged.state,
        verdict=judged.verdict,
        gate=judged.gate,
        tracks=judged.tracks,
        slos=tuple(slos),
        requests=fleet.requests(model.name),
        last_seen=fleet.last_seen(model.name),
        notes=() if model.name in fleet.seen else ("the logs hold no request of this model",),
    )


def _undefined(fleet: Fleet, name: str) -> ModelStatus:
    judged = judge(())
    return ModelStatus(
        model=name,
        type=None,
        tier=None,
        defined=False,
        state=judged.state,
        verdict=judged.verdict,
        gate=judged.gate,
        tracks=judged.tracks,
        slos=(),
        requests=fleet.requests(name),
        last_seen=fleet.last_seen(name),
        notes=(f"no SLO is defined; write models/{name}.yaml",),
    )
