"""Stage ingestion: did the data arrive, whole, once, in time and in the right form?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from burnline.results.validation import Check
from burnline.validation.arrivals import counts, freshness, pause
from burnline.validation.case import Case
from burnline.validation.columns import missing_columns, types
from burnline.validation.duplicates import duplicates
from burnline.validation.rules import Rule, apply, share, stamp, verdict, when
from burnline.validation.source import Condition
from burnline.validation.traffic import unordered

_ORDER = 0.01


def ingestion(case: Case) -> list[Check]:
    """All checks of the stage."""
    found = _files(case)
    if not case.data.groups:
        return found if case.of_path else _nothing(case)
    found += [*missing_columns(case), *types(case), *_timeless(case), *_models(case)]
    if not case.rows:
        return [*found, *_nothing(case)]
    return [*found, *_times(case), *duplicates(case), *counts(case), *pause(case), freshness(case)]


def _files(case: Case) -> list[Check]:
    found = [
        verdict("readable", None, passed=False, sentence=f"{path}: {reason}", example=Path(path).name)
        for path, reason in case.data.unreadable.items()
    ]
    if not found:
        one = case.data.files == 1
        text = "the file can be read" if one else f"all {case.data.files:,} files can be read"
        found = [verdict("readable", None, passed=True, sentence=text)]
    for path in case.data.empty:
        text = f"{path}: the file has no rows; find out why its writer wrote nothing"
        found.append(verdict("empty", None, passed=False, sentence=text, example=Path(path).name))
    return found


def _timeless(case: Case) -> list[Check]:
    """Rows without a time: they belong to no span, so they are counted among all rows."""
    if not case.data.has("timestamp"):
        return []
    rows, failed = case.data.row("select count(*), count(*) filter (_us is null) from log", all_rows=True)
    text = f"{failed:,} of {rows:,} rows have no time that can be read; let the writer give every row one"
    sentence = text if failed else "every row has a time"
    return [verdict("timestamp", "timestamp", passed=not failed, sentence=sentence, failed_rows=failed, rows=rows)]


def _models(case: Case) -> list[Check]:
    """A file before the model must hold its rows only; the logs of a workspace may be shared."""
    if not case.of_path or not case.data.has("model"):
        return []
    model = Condition("", {"model": case.model})
    rows, foreign, first = case.data.row(
        "select count(*), count(*) filter (other), min(_us) filter (other) from ("
        'select _us, "model" is distinct from $c0_model as other from log)',
        [model],
        all_rows=True,
    )
    if not foreign:
        return [verdict("model", "model", passed=True, sentence=f"every row is of {case.model}", rows=rows)]
    others = case.data.rows(
        'select "model" from log where "model" is distinct from $c0_model group by 1 order by count(*) desc limit 3',
        [model],
        all_rows=True,
    )
    names = ", ".join("no model" if name is None else str(name) for (name,) in others)
    text = (
        f"the rows are of {names}, none of {case.model}; name the file of {case.model}"
        if foreign == rows
        else f"{foreign:,} of {rows:,} rows are of {names} and are left out; keep models in files of their own"
    )
    return [
        verdict(
            "model", "model", passed=False, sentence=text, failed_rows=foreign, rows=rows, example=names,
            first_us=first, told_us=first,
        )
    ]  # fmt: skip


def _nothing(case: Case) -> list[Check]:
    """No row at all, unless an empty or foreign file says so already."""
    if case.data.empty or (case.of_path and case.data.span is None):
        return []
    newest = case.newest_us
    span = f"from {stamp(when(case.start_us))} to {stamp(when(case.end_us))}"
    last = f"; the newest lies at {stamp(when(newest))}" if newest is not None else ""
    text = f"there is no row of {case.model} {span}{last}; find out whether its requests are still logged"
    return [
        verdict(
            "rows", None, passed=False, sentence=text, rows=0, first_us=case.begins_us,
            told_us=case.end_us or None,
        )
    ]  # fmt: skip


def _times(case: Case) -> Sequence[Check]:
    if not case.data.has("timestamp"):
        return []
    future = Rule(
        check="future",
        column="timestamp",
        broken=Condition("_us > $limit", {"limit": case.future_us}),
        wrong=f"lie after {stamp(when(case.future_us))}",
        fix="check the writer's clock and time zone",
        right="no row lies in the future",
        example="make_timestamp(_us)",
    )
    found = apply(case.data, [future], end_us=case.end_us)
    usual = case.profile.rows.unordered if case.profile is not None else 1.0
    if usual > _ORDER / 10:
        return found
    part, late = unordered(case.data)
    wrong = part > _ORDER
    text = (
        f"{late:,} rows ({share(part)}) lie before the row above them, while the reference is in order; "
        "check whether the writer mixes sources"
    )
    sentence = text if wrong else "rows are in the order of time"
    order = verdict(
        "order", "timestamp", passed=not wrong, sentence=sentence, failed_rows=late, rows=case.rows, severity="warning"
    )
    return [*found, order]
