"""Columns that a baseline and the newest logs do not share, or count in different ways: each is named in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb

from burnline.logs.engine import connect
from burnline.rollups.ledger import BaselineEntry, Ledger
from burnline.rollups.store import Store

_NAMED = 5
_MARK = "in the newest logs"

_COLUMNS = """
    select model, feature, bool_or(bin is not null) as number, bool_or(category is not null) as value
    from read_parquet($path) where model in (select unnest($models::varchar[])) group by all order by all"""


def is_one(problem: str) -> bool:
    """Whether a sentence about a baseline is one of these."""
    return _MARK in problem


def noted(store: Store, draft: Ledger, before: Ledger, found: Mapping[str, BaselineEntry]) -> dict[str, BaselineEntry]:
    """The baselines with a sentence for everything that they and the newest day of their model differ in.

    Models whose logs and baseline are as ``before`` keep the sentences they had.
    """
    last: dict[str, int] = {}
    touched = {model for model, entry in found.items() if before.baselines.get(model) != entry}
    newest = (draft.newest_us() or 0) // _DAY_US
    for path, log in draft.logs.items():
        fresh = before.logs.get(path) != log
        for model, span in log.models.items():
            touched |= {model} if fresh else set()
            last[model] = max(last.get(model, 0), min(span.last_us // _DAY_US, newest))
    by_day: dict[int, list[str]] = {}
    for model in sorted(touched & found.keys()):
        by_day.setdefault(last[model], []).append(model)
    result = dict(found)
    with connect() as con:
        for day, models in by_day.items():
            objects = draft.days[day].objects if day in draft.days else {}
            columns = _columns(con, store.path(objects["features"]), models) if "features" in objects else {}
            for model in models:
                said = [p for p in found[model].problems if not is_one(p)]
                said += _sentences(found[model], *columns[model]) if model in columns else []
                result[model] = found[model].model_copy(update={"problems": tuple(said)})
    for model in found.keys() - touched:
        result[model] = before.baselines[model]
    return result


_DAY_US = 86_400_000_000


def _columns(con: duckdb.DuckDBPyConnection, path: str, models: list[str]) -> dict[str, tuple[set[str], set[str]]]:
    """Columns of each model in a day summary: those with numbers, and those with other values or none at all."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for model, name, number, value in con.execute(_COLUMNS, {"path": path, "models": models}).fetchall():
        numbers, values = found.setdefault(model, (set(), set()))
        if number:
            numbers.add(name)
        if value or not number:
            values.add(name)
    return found


def _sentences(entry: BaselineEntry, numbers: Collection[str], values: Collection[str]) -> list[str]:
    """What the baseline and the newest logs differ in. A training file need hold no more than the features."""
    then, now = {*entry.numbers, *entry.values}, {*numbers, *values}
    if entry.kind == "training":
        then, now = ({n for n in names if n.startswith("f_")} for names in (then, now))
    where = entry.path if entry.kind == "training" else "its reference days"
    # A column of both types, or without a value, has not turned.
    were, are = set(entry.numbers) - set(entry.values), set(numbers) - set(values)
    turned = (were & set(values) - set(numbers)) | (are & set(entry.values) - set(entry.numbers))
    found = (
        (now - then, f"{{}} in the newest logs but not in {where}: nothing to compare with"),
        (then - now, f"{{}} in {where} but not in the newest logs"),
        (turned & then & now, f"{{}} of another type in the newest logs than in {where}: cannot be compared"),
    )
    return [text.format(_listed(names)) for names, text in found if names]


def _listed(names: Collection[str]) -> str:
    """The names with their verb: f_a is, f_a and f_b are, the first five and how many more are."""
    ordered = sorted(names)
    shown = ordered if len(ordered) <= _NAMED + 1 else [*ordered[:_NAMED], f"{len(ordered) - _NAMED:,} more"]
    words = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{words} {'is' if len(ordered) == 1 else 'are'}"
