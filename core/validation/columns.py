"""Whether the columns are there and of the type that is expected, in every file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from burnline.logs.relation import Kind
from burnline.results.validation import Check
from burnline.spec.errors import nearest
from burnline.spec.quoting import quote_identifier
from burnline.validation.case import Case
from burnline.validation.profile import is_answer
from burnline.validation.rules import verdict
from burnline.validation.source import Group

_FITS: dict[str, tuple[Kind, ...]] = {
    "number": ("number",),
    "integer": ("number",),
    "string": ("text",),
    "boolean": ("bool",),
    "timestamp": ("time", "number", "text"),
}
_WORDS: dict[Kind, str] = {
    "number": "numbers",
    "text": "text",
    "bool": "booleans",
    "time": "times",
    "other": "lists or structures",
}
_OF_SERVICE = ("latency_ms", "status")


def is_served(name: str) -> bool:
    """Whether a column comes from serving: data that have not reached the model cannot have it."""
    return is_answer(name) or name in _OF_SERVICE


def missing_columns(case: Case) -> list[Check]:
    """Columns that some or all files lack, an error where they are required; answers are for the stage serving."""
    found = []
    for name, rule in case.schema.columns.items():
        if is_served(name) or name == "request_id" or name.startswith("b_"):
            continue
        lacking = [p for g in case.data.groups if name not in g.shape.columns for p in g.paths]
        if not lacking:
            found.append(verdict("column", name, passed=True, sentence="the column is there"))
            continue
        near = nearest(name, [c for c in case.data.columns if c not in case.schema.columns])
        hint = f" (is it {near}?)" if near is not None else ""
        every = len(lacking) == case.data.files
        which = "the data have" if every else f"{len(lacking):,} of {case.data.files:,} files have"
        why = "but it is required" if rule.required else "though the reference has it"
        text = f"{which} no such column{hint}, {why}; let its writer add it"
        text += f", {case.edit('required')}" if rule.required else ""
        found.append(
            verdict(
                "column", name, passed=False, sentence=text, example=Path(lacking[0]).name,
                severity="error" if rule.required else "warning",
                failed_rows=case.rows if every else None, rows=case.rows,
                first_us=case.begins_us, told_us=case.told_after(1),
            )
        )  # fmt: skip
    return found


def types(case: Case) -> list[Check]:
    """Columns of another type than the schema says, or that change their type between files.

    A column without any value has no type of its own: that all is missing is for the stage features to say.
    """
    found = []
    for name in case.data.columns:
        rule, kinds = case.rule(name), case.data.kinds(name)
        expected: str
        if rule is not None:
            wanted, expected = _FITS[rule.type], rule.type
        elif len(kinds) > 1:
            commonest = max(kinds, key=lambda k: sum(len(g.paths) for g in kinds[k]))
            wanted, expected = (commonest,), _WORDS[commonest]
        else:
            continue
        groups = [g for kind, part in kinds.items() if kind not in wanted for g in part]
        if not groups:
            found.append(verdict("type", name, passed=True, sentence=f"the column holds {_WORDS[next(iter(kinds))]}"))
            continue
        typed = _typed(case, groups, name)
        if typed.filled:
            found.append(_wrong_type(case, name, groups, typed, expected))
    return found


def _wrong_type(case: Case, name: str, groups: Sequence[Group], typed: _Typed, expected: str) -> Check:
    paths = [p for g in groups for p in g.paths]
    is_ = " and ".join(sorted({g.shape.columns[name].type for g in groups}))
    part = len(paths) < case.data.files
    where = f" in {len(paths):,} of {case.data.files:,} files (first {Path(paths[0]).name})" if part else ""
    text = f"the type is {is_}{where} where {expected} is expected; let its writer keep the type, {case.edit('type')}"
    return verdict(
        "type", name, passed=False, sentence=text, failed_rows=typed.filled, rows=typed.rows, example=typed.example,
        first_us=typed.first_us, told_us=typed.first_us,
    )  # fmt: skip


@dataclass(frozen=True)
class _Typed:
    """Of a column in some groups: rows, values, the time of the first row, an example."""

    rows: int
    filled: int
    first_us: int | None
    example: str | None


def _typed(case: Case, groups: Sequence[Group], name: str) -> _Typed:
    rows, filled = 0, 0
    firsts: list[int] = []
    examples: list[str] = []
    # What the column is read as would hide what it is: every value is read as text.
    every = replace(case.data, targets={**case.data.targets, name: "text"})
    for group in groups:
        column = quote_identifier(name)
        query = f"select count(*), count({column}), min(_us), min({column}) from log"
        n, values, first, example = replace(every, groups=(group,)).row(query)
        rows, filled = rows + n, filled + values
        firsts += [first] if first is not None else []
        examples += [example] if example is not None else []
    return _Typed(rows, filled, min(firsts, default=None), next(iter(examples), None))
