"""History keeps its law: alerts of the time before a changed promise are judged by the old one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from burnline.alerts.watch import Watch
from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question, ask
from burnline.logs import moment
from burnline.records.entries import Definition
from burnline.records.laws import boundaries, in_force
from burnline.results import Alert
from burnline.spec import Model, Slo


@dataclass(frozen=True)
class Spell:
    """A promise and the log time in which it was in force; ``end`` is None for the present one."""

    model: Model
    slo: Slo
    start: datetime | None
    end: datetime | None


def alerts_under_laws(fleet: Fleet, laws: Sequence[Definition]) -> tuple[Alert, ...]:
    """Every alert of the fleet's history, each under the definition then in force, oldest first.

    An alert that is open when its promise changes ends there. One that the new promise finds open too goes on under
    it, with the start it has under the new promise; where that is the same, it is one alert.
    """
    changed: list[Spell] = []
    steady: list[Question] = []
    for question in fleet.questions:
        spells = tuple(spells_of(fleet, laws, question))
        if len(spells) == 1:
            steady.append(question)
        else:
            changed += spells
    found = list(Watch(fleet, tuple(steady)).alerts)
    # Later promises follow earlier ones: an alert that goes on keeps its name.
    found += {alert.id: alert for spell in changed for alert in _of_spell(fleet, spell)}.values()
    return tuple(sorted(found, key=lambda a: (a.started_at, a.severity, a.model, a.slo)))


def spells_of(fleet: Fleet, laws: Sequence[Definition], question: Question) -> Iterator[Spell]:
    """The promises of an SLO over its history, oldest first; equal neighbours are one."""
    seen = fleet.seen.get(question.model)
    model = next(m for m in fleet.models if m.name == question.model)
    last_us = int(fleet.at.timestamp() * 1e6)
    moments = boundaries(laws, model.name, seen.first_us, last_us) if seen is not None else ()
    starts: list[tuple[datetime | None, Model, Slo]] = []
    for us in (None, *moments):
        then = model if not moments else in_force(laws, (model,), us or (moments[0] - 1))[0]
        slo = then.slo(question.slo.name)
        if slo is not None and (not starts or not _same(starts[-1][2], slo)):
            starts.append((moment(us).astimezone(fleet.at.tzinfo) if us else None, then, slo))
    ends = [start for start, _, _ in starts[1:]]
    for (start, then, slo), end in zip(starts, [*ends, None], strict=True):
        yield Spell(then, slo, start, end)


def _same(one: Slo, other: Slo) -> bool:
    return one.model_copy(update={"line": 0}) == other.model_copy(update={"line": 0})


def _of_spell(fleet: Fleet, spell: Spell) -> Iterator[Alert]:
    models = tuple(spell.model if model.name == spell.model.name else model for model in fleet.models)
    then = replace(fleet, models=models, at=spell.end or fleet.at, only=spell.model.name)
    for alert in Watch(then, (ask(spell.model, spell.slo),)).alerts:
        if spell.start is None or alert.resolved_at is None or alert.resolved_at > spell.start:
            yield alert.model_copy(update={"resolved_at": alert.resolved_at or spell.end})
