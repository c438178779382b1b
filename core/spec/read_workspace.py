"""Reads burnline.yaml."""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path

from burnline.spec.columns import COLUMNS, SEGMENTS, column_type
from burnline.spec.document import Mapping as MappingNode
from burnline.spec.document import Node, Sequence, read_documents
from burnline.spec.errors import DefinitionError, Problem, did_you_mean, perhaps
from burnline.spec.fields import (
    Flaw,
    Problems,
    Section,
    boolean,
    choice,
    text,
    text_map,
    texts,
    unit,
)
from burnline.spec.header import read_header
from burnline.spec.model import Model
from burnline.spec.read_corrections import read_corrections
from burnline.spec.read_notifications import read_notifications
from burnline.spec.units import UnitError
from burnline.spec.windows import Duration, parse_duration, parse_time_zone
from burnline.spec.workspace import Reference, Source, WorkspaceSpec

FILE = "burnline.yaml"
ENGINES = ("duckdb",)

_SPEC = (
    "timezone",
    "logs",
    "labels",
    "metrics",
    "events",
    "training",
    "reference",
    "store",
    "engine",
    "segments",
    "count_429",
    "notifications",
    "corrections",
)
_LABELS = ("request_id", "label", "label_timestamp", "model")
_EVENTS = ("timestamp", "model", "kind", "version", "note")


def load_workspace(path: str | Path, *, engines: Collection[str] = ENGINES) -> WorkspaceSpec:
    """Read the settings of a workspace; ``path`` is its folder or its burnline.yaml.

    Raises:
        DefinitionError: no such file, or with every problem of the file.
    """
    file = Path(path)
    if file.is_dir():
        file = file / FILE
    if not file.exists():
        text_ = f"no workspace here: {FILE} is missing; write one with: burnline init DIR --logs …"
        raise DefinitionError([Problem(str(file), None, text_)])
    documents = read_documents(file)
    problems = Problems(str(file))
    if len(documents) > 1:
        problems.add(documents[1].line, "holds several documents; a workspace is one")
    spec = _read(documents[0], file.parent, problems, engines)
    if spec is None or problems.found:
        raise DefinitionError(problems.by_line())
    return spec


def check_correction_names(spec: WorkspaceSpec, models: Collection[Model]) -> None:
    """That the workspace's corrections name models and SLOs that exist.

    Raises:
        DefinitionError: naming the line of the correction and the nearest name.
    """
    known = {model.name: {slo.name for slo in model.slos} for model in models}
    file, problems = str(spec.path / FILE), []
    for i, correction in enumerate(spec.corrections):
        where = f"corrections[{i}]"
        for name in correction.models or ():
            if name not in known:
                hint = did_you_mean(name, known)
                problems.append(Problem(file, correction.line, f"{where}.models: there is no model '{name}'{hint}"))
        meant = known if correction.models is None else {m: known[m] for m in correction.models if m in known}
        slos = {slo for names in meant.values() for slo in names}
        for name in correction.slos or ():
            if meant and name not in slos:
                hint = did_you_mean(name, slos)
                problems.append(Problem(file, correction.line, f"{where}.slos: no model has an SLO '{name}'{hint}"))
    if problems:
        raise DefinitionError(problems)


def _read(document: Node, folder: Path, problems: Problems, engines: Collection[str]) -> WorkspaceSpec | None:
    header = read_header(document, "Workspace", problems)
    if header is None:
        return None
    spec = header.spec
    spec.only(_SPEC)
    fields = WorkspaceSpec.model_fields
    timezone = spec.get("timezone", unit(parse_time_zone), "UTC")
    return WorkspaceSpec(
        name=header.name,
        timezone=timezone,
        logs=_sources(spec, "logs"),
        labels=_sources(spec, "labels", _LABELS),
        metrics=_sources(spec, "metrics", None),
        events=_sources(spec, "events", _EVENTS),
        training=_sources(spec, "training", None),
        reference=_reference(spec) or fields["reference"].default,
        store=spec.get("store", text, fields["store"].default),
        engine=spec.get("engine", choice(engines), "duckdb"),
        segments=spec.get("segments", _segments, fields["segments"].default),
        count_429=spec.get("count_429", boolean, True),
        notifications=read_notifications(spec),
        corrections=read_corrections(spec, timezone, of_workspace=True),
        path=folder,
    )


def _sources(spec: Section, key: str, columns: Collection[str] | None = tuple(COLUMNS)) -> tuple[Source, ...]:
    """Sources under a key; ``columns`` are the canonical names a mapping may use, None for any."""
    sources = []
    for section in spec.sections(key):
        section.only(["path", "format", "mapping"])
        path = section.need("path", text, f'"{key}/*.parquet"')
        mapping = section.get("mapping", functools.partial(_mapping, columns=columns), {})
        form = section.get("format", text, "auto")
        if path is not None:
            sources.append(Source(path=path, format=form, mapping=mapping))
    return tuple(sources)


def _mapping(node: Node, columns: Collection[str] | None) -> dict[str, str]:
    mapping = text_map(node)
    for name in mapping:
        is_log = columns is not None and "timestamp" in columns and "kind" not in columns
        known = columns is None or name in columns or (is_log and column_type(name) is not None)
        if not known and isinstance(node, MappingNode):
            hint = did_you_mean(name, columns or ())
            raise Flaw(node.entries[name].line, f"unknown canonical column '{name}'{hint}")
    return mapping


def _reference(spec: Section) -> Reference | None:
    section = spec.section("reference")
    if section is None:
        return None
    section.only(["window", "path"])
    first = section.get("window", unit(_first))
    path = section.get("path", text)
    if (section.present("window") is None) == (section.present("path") is None):
        section.flaw(section.line, "needs either window: first 7d or path:")
        return None
    return Reference(first=first, path=path)


def _first(value: object) -> Duration:
    words = value.split() if isinstance(value, str) else []
    if len(words) != 2 or words[0] != "first":
        raise UnitError(f"'{value}' is not a reference window; write first 7d")
    duration = parse_duration(words[1])
    if not duration.is_fixed:
        raise UnitError(f"{duration} has no fixed length; write it in days or weeks")
    return duration


def _segments(node: Node) -> tuple[str, ...]:
    if isinstance(node, Sequence) and not node.items:
        return ()
    names = texts(node)
    for name in names:
        if name not in SEGMENTS and not (name.startswith("d_") and column_type(name)):
            hint = perhaps(name, SEGMENTS, f"write {', '.join(SEGMENTS)} or d_…")
            raise Flaw(node.line, f"'{name}' is not a segment column{hint}")
    return names
