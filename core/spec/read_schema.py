"""Reads Schema files (``models/<name>.schema.yaml``): what the data of a model must look like."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from burnline.spec.document import Node, Scalar, read_documents
from burnline.spec.errors import DefinitionError, Problem
from burnline.spec.fields import Flaw, Problems, Section, boolean, choice, items, name_of, unit
from burnline.spec.header import read_header
from burnline.spec.schema import SCHEMA_TYPES, ColumnRule, RowsRule, Schema, SchemaType, schema_path
from burnline.spec.units import parse_elapsed, parse_fraction, parse_number

_COLUMN = (
    "type",
    "required",
    "nulls",
    "min",
    "max",
    "outside",
    "values",
    "unseen",
    "unique",
    "max_age",
    "stale",
)
_ROWS = ("per_day", "gap", "lag", "seasonal")


def load_schema(folder: str | Path, model: str) -> Schema | None:
    """The Schema of a model of a workspace folder, ``None`` when it has no file.

    Raises:
        DefinitionError: with every problem of the file.
    """
    path = schema_path(folder, model)
    other = path.with_suffix(".yml")
    path = other if other.exists() and not path.exists() else path
    return read_schema(path, model) if path.exists() else None


def read_schema(path: Path, model: str) -> Schema:
    """The Schema in a file that belongs to ``model``.

    Raises:
        DefinitionError: with every problem of the file.
    """
    documents = read_documents(path)
    problems = Problems(str(path))
    if len(documents) > 1:
        problems.add(documents[1].line, "holds several documents; a Schema is one")
    schema = _read(documents[0], model, problems)
    if schema is None or problems.found:
        raise DefinitionError(problems.by_line())
    return schema


def orphans(folder: str | Path, models: set[str]) -> tuple[Problem, ...]:
    """A problem for each Schema file of a workspace folder that belongs to no Model."""
    found = sorted([*Path(folder, "models").glob("*.schema.yaml"), *Path(folder, "models").glob("*.schema.yml")])
    names = {path: path.name.rsplit(".schema.", 1)[0] for path in found}
    return tuple(
        Problem(str(path), None, f"there is no Model '{name}' that this Schema could belong to; rename or remove it")
        for path, name in names.items()
        if name not in models
    )


def _read(document: Node, model: str, problems: Problems) -> Schema | None:
    header = read_header(document, "Schema", problems)
    if header is None:
        return None
    if header.name and header.name != model:
        text = f"metadata.name: is '{header.name}', but by its file name this is the Schema of '{model}'"
        problems.add(document.line, text)
    spec = header.spec
    spec.only(["rows", "columns"])
    columns = spec.section("columns")
    found: dict[str, ColumnRule] = {}
    if columns is None and spec.is_mapping:
        example = "{f_amount: {type: number, nulls: 1%}}"
        problems.add(spec.line, f"'columns' is missing in spec; add columns: {example}")
    for name in columns.entries if columns is not None else ():
        rule = _column(cast(Section, columns), name)
        if rule is not None:
            found[name] = rule
    return Schema(model=model, rows=_rows(spec), columns=found, path=problems.path)


def _column(columns: Section, name: str) -> ColumnRule | None:
    section = columns.section(name)
    if section is None:
        columns.flaw(columns.line_of(name), "is empty; write for example {type: number}", name)
        return None
    section.only(_COLUMN)
    type_ = section.need("type", choice(SCHEMA_TYPES), "number")
    if type_ is None:
        return None
    rule = ColumnRule(
        type=cast(SchemaType, type_),
        required=section.get("required", boolean, True),
        nulls=section.get("nulls", unit(parse_fraction)),
        min=section.get("min", unit(parse_number)),
        max=section.get("max", unit(parse_number)),
        outside=section.get("outside", unit(parse_fraction), 0.0),
        values=section.get("values", _values),
        unseen=section.get("unseen", unit(parse_fraction)),
        unique=section.get("unique", boolean, False),
        max_age=section.get("max_age", unit(_seconds)),
        stale=section.get("stale", unit(parse_fraction), 0.0),
        line=columns.line_of(name),
    )
    _fits(section, rule)
    return rule


def _fits(section: Section, rule: ColumnRule) -> None:
    """Note keys that the type of the column gives no meaning to."""
    allowed = {"type", "required", "nulls", "unique"} | {
        "number": {"min", "max", "outside", "values", "unseen"},
        "integer": {"min", "max", "outside", "values", "unseen"},
        "string": {"values", "unseen"},
        "boolean": set[str](),
        "timestamp": {"max_age", "stale"},
    }[rule.type]
    for key in section.entries:
        if key in _COLUMN and key not in allowed:
            section.flaw(section.line_of(key), f"has no meaning for a {rule.type}; remove it", key)
    if rule.min is not None and rule.max is not None and rule.min > rule.max:
        section.flaw(section.line_of("min"), f"is {rule.min:g}, above max, which is {rule.max:g}", "min")
    if rule.type in ("number", "integer"):
        for word in rule.values or ():
            try:
                float(word)
            except ValueError:
                text = f"'{word}' is not a number, but the column is of type {rule.type}"
                section.flaw(section.line_of("values"), text, "values")


def _rows(spec: Section) -> RowsRule:
    section = spec.section("rows")
    if section is None:
        return RowsRule()
    section.only(_ROWS)
    per_day = section.section("per_day")
    least, most = None, None
    if per_day is not None:
        per_day.only(["min", "max"])
        least, most = per_day.get("min", unit(parse_number)), per_day.get("max", unit(parse_number))
        if least is not None and most is not None and least > most:
            per_day.flaw(per_day.line_of("min"), f"is {least:g}, above max, which is {most:g}", "min")
    return RowsRule(
        least_per_day=least,
        most_per_day=most,
        gap=section.get("gap", unit(_seconds)),
        lag=section.get("lag", unit(_seconds)),
        seasonal=section.get("seasonal", boolean, True),
    )


def _seconds(value: object) -> float:
    return float(parse_elapsed(value))


def _values(node: Node) -> tuple[str, ...]:
    """A list of different single values, each as the file writes it."""
    found: list[str] = []
    for i, item in enumerate(items(node)):
        if not isinstance(item, Scalar) or item.value is None:
            raise Flaw(item.line, f"must be a single value, not {name_of(item)}", f"[{i}]")
        if item.text in found:
            raise Flaw(item.line, f"'{item.text}' is listed twice")
        found.append(item.text)
    if not found:
        raise Flaw(node.line, "must not be empty")
    return tuple(found)
