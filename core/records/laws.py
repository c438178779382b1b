"""The definitions that were in force: history keeps its law.

A law is all SLOs of one model and the log time from which they apply. An SLO's first definition
applies to the time before it as well: there was no other. Of the laws that began by a moment, the
one written last is in force, so a law can be corrected by writing another one of the same date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from burnline.errors import BurnlineError
from burnline.records.entries import Definition
from burnline.records.journal import writing
from burnline.records.records import read
from burnline.spec import Expression, ExpressionError, Model, Slo, parse_expression
from burnline.spec.units import format_percentage

_EXPRESSIONS = ("good", "valid")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITER = "burnline"
KEPT = 8


def law(slo: Slo) -> dict[str, Any]:
    """An SLO as JSON, without the line of its file; expressions are their text, decimals are text."""
    return slo.model_dump(mode="json", exclude={"line"}, exclude_none=True)


def slo_of(written: Mapping[str, Any]) -> Slo:
    """The SLO of a law. Raises ``BurnlineError`` when this version does not know its terms."""
    try:
        parsed = {key: parse_expression(written[key]) for key in _EXPRESSIONS if written.get(key) is not None}
        return Slo.model_validate({**written, **parsed})
    except (ValidationError, ExpressionError):
        name = written.get("name", "?")
        raise BurnlineError(
            f"the recorded definition of the SLO '{name}' cannot be read by this version of Burnline; upgrade it"
        ) from None


def record_laws(root: Path, models: Sequence[Model], since_us: int | None) -> tuple[Definition, ...]:
    """Write a law for each model whose SLOs changed since its last one; returns what was written.

    ``since_us`` is the log time from which the present definitions apply. A model's first law
    applies from the beginning of time. Nothing is locked or written while nothing changed.

    Raises:
        BurnlineError: the journal cannot be read or written.
    """
    if not _changed(read(root).definitions, models, since_us):
        return ()
    with writing(root) as journal:
        known = [entry for entry in journal.read() if isinstance(entry, Definition)]
        fresh = _changed(known, models, since_us)
        journal.append(fresh)
    return fresh


def _changed(known: Sequence[Definition], models: Sequence[Model], since_us: int | None) -> tuple[Definition, ...]:
    newest = {entry.model: entry for entry in known}
    fresh = []
    for model in models:
        slos = tuple(law(slo) for slo in model.slos)
        last = newest.get(model.name)
        if last is None or _by_name(last.slos) != _by_name(slos):
            since = None if last is None else since_us
            fresh.append(Definition(by=_WRITER, model=model.name, since_us=since, slos=slos))
    return tuple(fresh)


def _by_name(slos: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {slo["name"]: slo for slo in slos}


def in_force(laws: Sequence[Definition], models: Sequence[Model], at_us: int) -> tuple[Model, ...]:
    """The models with their SLOs as they were in force at ``at_us`` (microseconds, log time).

    ``models`` are the present ones; where the newest law is in force, or none was written, a model
    is returned as it is. Raises ``BurnlineError`` for a law that cannot be read.
    """
    return tuple(_model_at([entry for entry in laws if entry.model == model.name], model, at_us) for model in models)


def _model_at(laws: Sequence[Definition], model: Model, at_us: int) -> Model:
    current = _current(laws, at_us)
    if current is None or current is laws[-1]:
        return model
    slos = dict(_by_name(current.slos))
    for entry in laws:
        for name, slo in _by_name(entry.slos).items():
            if not _defined_by(laws, name, at_us):
                slos.setdefault(name, slo)
    recorded = {name for entry in laws for name in _by_name(entry.slos)}
    unrecorded = (slo for slo in model.slos if slo.name not in recorded)
    return model.model_copy(update={"slos": (*(slo_of(slo) for slo in slos.values()), *unrecorded)})


def _current(laws: Sequence[Definition], at_us: int) -> Definition | None:
    return next((e for e in reversed(laws) if e.since_us is None or e.since_us <= at_us), None)


def _defined_by(laws: Sequence[Definition], name: str, at_us: int) -> bool:
    """Whether an SLO had a definition of its own by a moment."""
    return any(name in _by_name(e.slos) for e in laws if e.since_us is None or e.since_us <= at_us)


def past_models(laws: Sequence[Definition], models: Sequence[Model]) -> tuple[Model, ...]:
    """The models as their ``KEPT`` newest laws before the present one had them: rollups must answer these too.

    Raises ``BurnlineError`` for a law that cannot be read.
    """
    found = []
    for model in models:
        own = [entry for entry in laws if entry.model == model.name][-KEPT - 1 : -1]
        found += [model.model_copy(update={"slos": tuple(slo_of(slo) for slo in entry.slos)}) for entry in own]
    return tuple(found)


def boundaries(laws: Sequence[Definition], model: str, first_us: int, last_us: int) -> tuple[int, ...]:
    """The log times in (first, last] from which another law of a model is in force."""
    own = [entry for entry in laws if entry.model == model]
    moments = sorted({e.since_us for e in own if e.since_us is not None and first_us < e.since_us <= last_us})
    return tuple(t for t in moments if _current(own, t) is not _current(own, t - 1))


def changes(
    laws: Sequence[Definition],
    model: Model,
    slo: str,
    first_us: int,
    last_us: int,
    *,
    unit: str | None = None,
    zone: tzinfo = UTC,
) -> tuple[str, ...]:
    """What changed in the definition of an SLO in (first, last], a sentence for each of its terms.

    For example ``objective 95 % until 12 Nov 2026, 99 % since``; nothing changed is no sentence.
    ``unit`` is that of the threshold, ``zone`` that of the dates.
    """
    moments = boundaries(laws, model.name, first_us, last_us)
    spells = [in_force(laws, (model,), t)[0].slo(slo) for t in (first_us, *moments)]
    terms = [{} if spell is None else dict(_terms(spell, unit)) for spell in spells]
    dates = _dates(moments, zone)
    if all(terms):
        names = dict.fromkeys(name for spell in terms for name in spell)
        found = [_sentence(f"{name} ", [spell.get(name, "none") for spell in terms], dates) for name in names]
    else:
        found = [_sentence("", ["promised" if spell else "not promised" for spell in terms], dates)]
    return tuple(text for text in found if text)


def _sentence(name: str, values: Sequence[str], dates: Sequence[str]) -> str:
    """``<name>a until D1, b since`` over the spells of equal values; empty for a single one."""
    spells: list[tuple[str, str]] = []
    for value, end in zip(values, [*dates, ""], strict=True):
        if spells and spells[-1][0] == value:
            spells.pop()
        spells.append((value, end))
    if len(spells) == 1:
        return ""
    *past, (now, _) = spells
    return name + ", ".join(f"{value} until {end}" for value, end in past) + f", {now} since"


def _dates(moments: Sequence[int], zone: tzinfo) -> tuple[str, ...]:
    """Dates; with the time of day where two changes fall on one date."""
    local = [(_EPOCH + timedelta(microseconds=t)).astimezone(zone) for t in moments]
    days = [moment.date() for moment in local]
    return tuple(f"{m.day} {m:%b %Y %H:%M}" if days.count(m.date()) > 1 else f"{m.day} {m:%b %Y}" for m in local)


def _terms(slo: Slo, unit: str | None) -> Iterator[tuple[str, str]]:
    """The terms of an SLO that decide how it is judged, as words."""
    yield "objective", _percent(slo.objective)
    yield "window", f"{slo.window.duration} {slo.window.kind}"
    yield "budgeting", slo.budgeting
    yield "track", slo.track
    yield "SLI", slo.sli
    if slo.threshold is not None:
        yield "threshold", f"{slo.threshold:g}{f' {unit}' if unit else ''}"
    if slo.at is not None:
        yield "at", str(slo.at)
    if slo.metric is not None:
        yield "metric", slo.metric
    for name, members in (("features", slo.features), ("members", slo.all)):
        if members:
            yield name, ", ".join(members)
    for name, expression in (("good", slo.good), ("valid", slo.valid)):
        if isinstance(expression, Expression):
            yield name, f"'{expression.text}'"
    yield "rows needed", str(slo.min_rows)
    if slo.time_slice_target is not None:
        yield "slice target", _percent(slo.time_slice_target)
    if slo.time_slice_window is not None:
        yield "slice", str(slo.time_slice_window)


def _percent(fraction: Decimal) -> str:
    return format_percentage(fraction).replace("%", " %")
