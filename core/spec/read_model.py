"""Reads Model files: what each model promises, with its template filled in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import cast

from burnline.spec.document import Entry, Node, Scalar, plain, read_documents
from burnline.spec.document import Mapping as MappingNode
from burnline.spec.errors import DefinitionError, Problem, did_you_mean
from burnline.spec.fields import Flaw, Problems, Section, choice, name_of, text, text_map, unit
from burnline.spec.header import read_header
from burnline.spec.kinds import SliKind
from burnline.spec.model import Escalation, Model, ModelType, Slo
from burnline.spec.read_corrections import read_corrections
from burnline.spec.read_slo import read_slo
from burnline.spec.schema import is_schema
from burnline.spec.templates import DEFAULT_TIER, TIERS, TYPES, defaults, template
from burnline.spec.units import parse_decimal, parse_elapsed, parse_objective, parse_percentage

_SPEC = (
    "type",
    "tier",
    "owner",
    "slos",
    "justification",
    "sla",
    "escalation",
    "corrections",
    "remediation",
    "artifact",
)
_PERIODS = ("month", "quarter", "year")


def load_models(folder: str | Path, kinds: Mapping[str, SliKind], *, timezone: str = "UTC") -> tuple[Model, ...]:
    """All models of a workspace folder (``models/*.yaml`` but for ``*.schema.yaml``), by name.

    ``timezone`` is the zone of calendar windows that name none.

    Raises:
        DefinitionError: with every problem of every file.
    """
    models, problems = read_models(folder, kinds, timezone=timezone)
    if problems:
        raise DefinitionError(problems)
    return models


def read_models(
    folder: str | Path, kinds: Mapping[str, SliKind], *, timezone: str = "UTC"
) -> tuple[tuple[Model, ...], tuple[Problem, ...]]:
    """As ``load_models``, but broken files do not hide the others: the good models, the problems."""
    models: dict[str, Model] = {}
    problems: list[Problem] = []
    paths = Path(folder, "models")
    for path in sorted(p for p in (*paths.glob("*.yaml"), *paths.glob("*.yml")) if not is_schema(p)):
        found, wrong = _read_file(path, kinds, timezone)
        problems += wrong
        for model in found:
            if model.name in models:
                first = models[model.name].path
                text = f"the model '{model.name}' is defined in {first} already"
                problems.append(Problem(str(path), None, text))
            else:
                models[model.name] = model
    return tuple(models[name] for name in sorted(models)), tuple(problems)


def load_model(path: str | Path, kinds: Mapping[str, SliKind], *, timezone: str = "UTC") -> Model:
    """The one model of a file.

    Raises:
        DefinitionError: with every problem of the file, or if it holds several models.
    """
    models, problems = _read_file(Path(path), kinds, timezone)
    if problems:
        raise DefinitionError(problems)
    if len(models) != 1:
        raise DefinitionError([Problem(str(path), None, f"holds {len(models)} models, not one")])
    return models[0]


def _read_file(
    path: Path, kinds: Mapping[str, SliKind], timezone: str
) -> tuple[tuple[Model, ...], tuple[Problem, ...]]:
    try:
        documents = read_documents(path)
    except DefinitionError as error:
        return (), error.problems
    problems = Problems(str(path))
    models = [_read_model(node, kinds, problems, timezone) for node in documents]
    return tuple(model for model in models if model is not None), problems.by_line()


def _read_model(document: Node, kinds: Mapping[str, SliKind], problems: Problems, timezone: str) -> Model | None:
    before = len(problems.found)
    header = read_header(document, "Model", problems)
    if header is None:
        return None
    spec = header.spec
    spec.only(_SPEC)
    type_ = spec.need("type", choice(TYPES), "classification")
    tier = spec.get("tier", _tier, DEFAULT_TIER)
    slos, removed = _slos(spec, type_, tier, kinds, timezone)
    names = _names(spec, type_, tier, kinds, removed)
    model = Model(
        name=header.name,
        labels=header.labels,
        type=cast(ModelType, type_ or TYPES[0]),
        tier=tier,
        owner=spec.get("owner", text),
        slos=slos,
        removed=removed,
        justification=_justification(spec, names),
        sla=_sla(spec, names),
        escalation=_escalation(spec),
        corrections=read_corrections(spec, timezone, slos=names),
        remediation=spec.get("remediation", text),
        artifact=spec.get("artifact", text),
        path=problems.path,
    )
    return model if len(problems.found) == before else None


def _tier(node: Node) -> int:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or value not in TIERS:
        raise Flaw(node.line, f"must be 1, 2, 3 or 4, not {name_of(node)}")
    return cast(int, value)


def _slos(
    spec: Section,
    type_: str | None,
    tier: int,
    kinds: Mapping[str, SliKind],
    timezone: str,
) -> tuple[tuple[Slo, ...], tuple[str, ...]]:
    if type_ is None:
        return (), ()
    section = spec.section("slos")
    given = section.entries if section is not None else {}
    standard = template(type_, tier, kinds)
    values = defaults(type_, tier, kinds)
    removed = tuple(name for name, entry in given.items() if _is_false(entry))
    for name in removed:
        if name not in standard:
            text = f"slos.{name}: nothing to remove: the template of {type_} has no such SLO"
            spec.problems.add(given[name].line, text + did_you_mean(name, standard))
    entries = {name: Entry(Scalar(None, "", 0), 0) for name in standard} | dict(given)
    slos = [
        read_slo(name, entry, values, kinds, spec.problems, timezone)
        for name, entry in entries.items()
        if name not in removed
    ]
    found = {slo.name: slo for slo in slos if slo is not None}
    candidates = [name for name in entries if name not in removed]
    for slo in found.values():
        _check_members(slo, found, candidates, kinds, spec.problems)
    return tuple(found.values()), removed


def _names(
    spec: Section, type_: str | None, tier: int, kinds: Mapping[str, SliKind], removed: tuple[str, ...]
) -> set[str] | None:
    """Every SLO the model means to have, the ones that cannot be read included; None if unknown."""
    given = spec.entries.get("slos")
    own = given.value.entries if given and isinstance(given.value, MappingNode) else {}
    return {*own, *template(type_, tier, kinds)} - set(removed) if type_ else None


def _is_false(entry: Entry) -> bool:
    return isinstance(entry.value, Scalar) and entry.value.value is False


def _check_members(
    slo: Slo,
    found: Mapping[str, Slo],
    candidates: list[str],
    kinds: Mapping[str, SliKind],
    problems: Problems,
) -> None:
    fit = [name for name, other in found.items() if not other.all and kinds[other.sli].budgeting == "Occurrences"]
    for member in slo.all:
        if member == slo.name:
            problems.add(slo.line, f"slos.{slo.name}.all: '{member}' cannot be a member of itself")
        elif member not in candidates:
            hint = did_you_mean(member, fit)
            problems.add(slo.line, f"slos.{slo.name}.all: the model has no SLO '{member}'{hint}")
        elif member in found and member not in fit:
            why = "is a composite" if found[member].all else "is not counted per request"
            problems.add(slo.line, f"slos.{slo.name}.all: '{member}' {why}")


def _slo_keys(section: Section, names: set[str] | None) -> None:
    for key, entry in section.entries.items():
        if names is not None and key not in names:
            text = f"{section.where}: the model has no SLO '{key}'{did_you_mean(key, names)}"
            section.problems.add(entry.line, text)


def _justification(spec: Section, names: set[str] | None) -> dict[str, str]:
    section = spec.section("justification")
    if section is None:
        return {}
    _slo_keys(section, names)
    return spec.get("justification", text_map, {})


def _sla(spec: Section, names: set[str] | None) -> dict[str, object]:
    section = spec.section("sla")
    if section is None:
        return {}
    _slo_keys(section, names)
    for name in section.entries:
        sla = section.section(name)
        if sla is None:
            continue
        sla.only(["objective", "period", "credits", "monthly_fee"])
        sla.need("objective", unit(parse_objective), "99%")
        sla.get("period", choice(_PERIODS))
        for credit in sla.sections("credits"):
            credit.only(["below", "percent"])
            credit.need("below", unit(parse_percentage), "99%")
            credit.need("percent", unit(parse_decimal), "10")
    return {key: plain(entry.value) for key, entry in section.entries.items()}


def _escalation(spec: Section) -> tuple[Escalation, ...]:
    steps = []
    for section in spec.sections("escalation"):
        section.only(["after", "to"])
        after = section.need("after", unit(parse_elapsed), "30m")
        to = section.need("to", text, "risk-sre")
        if after is not None and to is not None:
            steps.append(Escalation(after=timedelta(seconds=float(after)), to=to))
    return tuple(steps)
