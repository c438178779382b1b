"""Writes an inferred Schema as a file that a person can edit: a line for each column, with what was seen behind it."""

from __future__ import annotations

import os
from pathlib import Path

from burnline.errors import BurnlineError
from burnline.spec.schema import ColumnRule, RowsRule, Schema, schema_path
from burnline.spec.writing import entry
from burnline.validation.figures import Profile

_HEAD = """\
# What the data of {model} must look like: `burnline validate {model} [FILE]` holds them against this.
# Inferred from {said}; edit it freely.
#   nulls, outside (of min and max), unseen (not in values) and stale (older than max_age) are shares of rows that are
#   tolerated; a share fails when it is above its limit and chance alone hardly explains that.
#   required: false lets a column be absent; unique: true lets no value occur twice.
"""


def write_schema(folder: str | Path, schema: Schema, profile: Profile, *, force: bool = False) -> Path:
    """Write ``models/<name>.schema.yaml`` and return its path.

    Raises:
        BurnlineError: the file is there already and ``force`` is not set, or it cannot be written.
    """
    path = schema_path(folder, schema.model)
    if path.exists() and not force:
        raise BurnlineError(f"{path}: is there already; edit it, or give --force to write it anew")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(schema_text(schema, profile), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise BurnlineError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def schema_text(schema: Schema, profile: Profile) -> str:
    """The Schema as YAML with comments; ``read_schema`` reads it back as it was."""
    said = " ".join(profile.said.split())
    lines = [
        _HEAD.format(model=schema.model, said=said),
        entry("apiVersion", "burnline/v1"),
        entry("kind", "Schema"),
        entry("metadata", {"name": schema.model}),
        "spec:\n",
        entry("rows", _rows(schema.rows), indent=2, comment=_seen_rows(profile)),
        _per_day(profile),
        "  columns:\n",
    ]
    lines += [
        entry(name, _column(rule), indent=4, comment=_seen(profile, name)) for name, rule in schema.columns.items()
    ]
    return "".join(lines)


def _rows(rule: RowsRule) -> dict[str, object]:
    found: dict[str, object] = {}
    if rule.least_per_day is not None or rule.most_per_day is not None:
        days = {"min": rule.least_per_day, "max": rule.most_per_day}
        found["per_day"] = {key: _number(value) for key, value in days.items() if value is not None}
    found |= {key: _time(value) for key, value in (("gap", rule.gap), ("lag", rule.lag)) if value is not None}
    return found | {"seasonal": rule.seasonal}


def _column(rule: ColumnRule) -> dict[str, object]:
    found: dict[str, object] = {"type": rule.type}
    if not rule.required:
        found["required"] = False
    if rule.nulls is not None:
        found["nulls"] = _share(rule.nulls)
    for key in ("min", "max"):
        value = getattr(rule, key)
        if value is not None:
            found[key] = _number(value)
    if rule.outside:
        found["outside"] = _share(rule.outside)
    if rule.values is not None:
        found["values"] = list(rule.values)
    if rule.unseen is not None:
        found["unseen"] = _share(rule.unseen)
    if rule.unique:
        found["unique"] = True
    if rule.max_age is not None:
        found["max_age"] = _time(rule.max_age)
        found["stale"] = _share(rule.stale)
    return found


def _number(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _share(value: float) -> str:
    return f"{100 * value:.12g}%"


def _time(seconds: float) -> str:
    """Seconds in the largest unit in which they are a short number."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and (seconds / size).is_integer():
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.12g}s"


def _seen_rows(profile: Profile) -> str:
    days = profile.rows.days
    between = f", {min(days):,} to {max(days):,} a day" if days else ""
    return f"seen: {profile.rows.rows:,} rows{between}"


def _per_day(profile: Profile) -> str:
    """Limits of a day as a comment: they may be wanted where the hours of the week say too little."""
    days = [n for n in profile.rows.days if n]
    if not days:
        return ""
    return f"  # rows may also say: per_day: {{min: {min(days) // 2}, max: {2 * max(days)}}}\n"


def _seen(profile: Profile, name: str) -> str:
    """What the reference holds, in a few words without line breaks."""
    number, text, age = profile.numbers.get(name), profile.texts.get(name), profile.ages.get(name)
    if number is not None:
        if not number.filled:
            return "seen: no value"
        middle = f", median {number.tails.q50:.4g}" if number.tails is not None else ""
        return f"seen: {number.low:.4g} to {number.high:.4g}{middle}{_missing(number.rows, number.filled)}"
    if text is not None:
        return f"seen: {text.distinct:,} different values{_missing(text.rows, text.filled)}"
    if age is not None:
        return f"seen: 99.9 % of features not older than {age.q999:.0f} s{_missing(age.rows, age.filled)}"
    return ""


def _missing(rows: int, filled: int) -> str:
    return f", {100 * (rows - filled) / rows:.2g} % missing" if rows > filled else ""
