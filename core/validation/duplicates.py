"""Rows that are there more than once: keys that repeat, and rows that repeat as a whole."""

from __future__ import annotations

from burnline.results.validation import Check
from burnline.spec.quoting import quote_identifier
from burnline.validation.case import Case
from burnline.validation.rules import share, stamp, verdict, when
from burnline.validation.season import HOUR_US
from burnline.validation.traffic import key_of

_SHOWN_KEYS = 100_000


def duplicates(case: Case) -> list[Check]:
    """Columns that must be unique, the request_id with the item of a ranking; whole rows where no key is unique."""
    rule, key = case.rule("request_id"), key_of(case.data)
    keyed = rule is not None and rule.unique and key is not None
    found = [_repeated(case, "request_id", key)] if keyed and key is not None else []
    found += [
        _repeated(case, name, quote_identifier(name))
        for name, other in case.schema.columns.items()
        if other.unique and name != "request_id" and name in case.data.columns
    ]
    # Rows whose request_id differs differ.
    if not keyed:
        found.append(_repeated(case, None, f"hash({', '.join(quote_identifier(n) for n in case.data.columns)})"))
    return found


def _repeated(case: Case, name: str | None, key: str) -> Check:
    """``key`` is SQL for what may not repeat; it is compared as a 64-bit hash where it is long."""
    rows, distinct = case.data.row(f"select count(k), count(distinct k) from (select {key} as k from log)")
    failed = rows - distinct
    if not failed:
        right = "no value occurs twice" if name is not None else "no row occurs twice"
        return verdict("duplicates", name, passed=True, sentence=right, rows=rows)
    shown = f"cast({quote_identifier(name)} as varchar)" if name is not None else "cast(make_timestamp(_us) as varchar)"
    # The second copy is the row that fails.
    first, example = case.data.row(f"""
        select min(second), arg_min(shown, second) from (
            select any_value(shown) as shown, coalesce(list_sort(list(_us))[2], max(_us)) as second from (
                select {key} as k, _us, {shown} as shown from log
                where {key} in (select k from (select {key} as k from log) where k is not null
                                group by k having count(*) > 1 limit {_SHOWN_KEYS}))
            group by k)""")
    what = "repeat a value that was there before" if name is not None else "repeat another row as a whole"
    since = f", first at {stamp(when(first))}" if first is not None else ""
    edit = f", {case.edit('unique')}" if name is not None else ""
    text = (
        f"{failed:,} of {rows:,} rows ({share(failed / rows)}) {what}, for example {example}{since}; "
        f"let the writer send every row once{edit}"
    )
    told = min((first // HOUR_US + 1) * HOUR_US, case.end_us) if first is not None else None
    return verdict(
        "duplicates", name, passed=False, sentence=text, failed_rows=failed, rows=rows, example=example,
        first_us=first, told_us=told,
    )  # fmt: skip
