"""Rules over rows: counted many at a time, judged by their tolerated share, and looked into where they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from burnline.logs import moment
from burnline.results.validation import Check, CheckSeverity
from burnline.validation.bounds import exceeds
from burnline.validation.source import ALWAYS, Condition, Data, chunks
from burnline.validation.sums import Tell

_AT_ONCE = 60
_LOOKED_INTO = 12
_HOUR_US = 3_600_000_000
EXAMPLE_LENGTH = 80


@dataclass(frozen=True)
class Rule:
    """One check of rows: those that meet ``among`` may not meet ``broken``, but for a share of ``limit``.

    ``rows`` and ``failed`` are known where they were counted before. ``example`` is SQL for a value that shows the
    fault. ``wrong`` says what is the matter with the rows ("lie outside 0 to 100"), ``fix`` what to do, ``right`` what
    holds when nothing is wrong. ``least`` is how many failing rows it takes at least.
    """

    check: str
    column: str | None
    broken: Condition
    wrong: str
    fix: str
    right: str
    example: str | None = None
    among: Condition = ALWAYS
    limit: float = 0.0
    severity: CheckSeverity = "error"
    rows: int | None = None
    failed: int | None = None
    least: int = 1

    def fails(self, failed: int, rows: int) -> bool:
        """Whether so many failing rows are too many."""
        return failed >= self.least and exceeds(failed, rows, self.limit)


@dataclass(frozen=True)
class Look:
    """A failing rule from near: an example, the first failing row and when a validation could first have told."""

    example: str | None
    first_failed: datetime | None
    detected_at: datetime | None


def apply(data: Data, rules: Sequence[Rule], *, end_us: int, tell: Tell | None = None) -> list[Check]:
    """Count, judge and look into rules; ``end_us`` is where the data end."""
    counts = _count(data, rules, tell)
    broken = [i for i, (rows, failed) in enumerate(counts) if rules[i].fails(failed, rows)]
    looks = dict(zip(broken, _look(data, [rules[i] for i in broken], end_us), strict=True))
    return [_check(rule, *counts[i], looks.get(i)) for i, rule in enumerate(rules)]


def _count(data: Data, rules: Sequence[Rule], tell: Tell | None) -> list[tuple[int, int]]:
    """Rows judged and failing rows of every rule."""
    found = {i: (r.rows, r.failed) for i, r in enumerate(rules) if r.rows is not None and r.failed is not None}
    todo = [i for i in range(len(rules)) if i not in found]
    for done in range(0, len(todo), _AT_ONCE):
        part = todo[done : done + _AT_ONCE]
        conditions = [c for i in part for c in (rules[i].among, rules[i].broken)]
        texts = [c.named(f"c{k}")[0] for k, c in enumerate(conditions)]
        sums = ", ".join(
            f"count(*) filter ({texts[2 * k]}), count(*) filter (({texts[2 * k]}) and ({texts[2 * k + 1]}))"
            for k in range(len(part))
        )
        values = data.row(f"select {sums} from log", conditions)
        for k, i in enumerate(part):
            found[i] = (int(values[2 * k]), int(values[2 * k + 1]))
        if tell is not None:
            tell(min(done + _AT_ONCE, len(todo)), len(todo), "checks")
    return [(int(found[i][0] or 0), int(found[i][1] or 0)) for i in range(len(rules))]


def _look(data: Data, rules: Sequence[Rule], end_us: int) -> list[Look]:
    """Where failing rules fail: hours are summed until the rule would have failed."""
    found: list[Look] = []
    for part in chunks(rules, _LOOKED_INTO):
        conditions = [c for r in part for c in (r.among, r.broken)]
        columns = []
        for k, rule in enumerate(part):
            among, broken = conditions[2 * k].named(f"c{2 * k}")[0], conditions[2 * k + 1].named(f"c{2 * k + 1}")[0]
            bad = f"({among}) and ({broken})"
            example = f"arg_min(cast({rule.example} as varchar), coalesce(_us, 0)) filter ({bad})"
            columns += [
                f"count(*) filter ({among})",
                f"count(*) filter ({bad})",
                f"min(_us) filter ({bad})",
                example if rule.example is not None else "null",
            ]
        query = f"select _us // {_HOUR_US} as hour, {', '.join(columns)} from log group by 1 order by 1 nulls first"
        hours = data.rows(query, conditions)
        for k, rule in enumerate(part):
            found.append(_hourly(rule, [(h[0], *h[1 + 4 * k : 5 + 4 * k]) for h in hours], end_us))
    return found


def _hourly(rule: Rule, hours: Sequence[tuple[int | None, int, int, int | None, str | None]], end_us: int) -> Look:
    rows, failed = 0, 0
    first: int | None = None
    example: str | None = None
    for hour, judged, broken, first_us, shown in hours:
        rows, failed = rows + judged, failed + broken
        if example is None and shown is not None:
            example = shown
        if first is None:
            first = first_us
        if hour is not None and rule.fails(failed, rows):
            told = min((hour + 1) * _HOUR_US, max(end_us, first_us or 0))
            return Look(shorten(example), when(first), when(told))
    return Look(shorten(example), when(first), when(end_us) if end_us else None)


def _check(rule: Rule, rows: int, failed: int, look: Look | None) -> Check:
    if look is None:
        few = f"; {failed:,} of {rows:,} rows do not, which is tolerated" if failed else ""
        return Check(
            check=rule.check, column=rule.column, passed=True, failed_rows=failed, example=None,
            sentence=f"{_subject(rule.column)}{rule.right}{few}", severity=rule.severity, rows=rows,
        )  # fmt: skip
    example = f", for example {look.example}" if look.example is not None else ""
    since = f", first at {stamp(look.first_failed)}" if look.first_failed is not None else ""
    beyond = f" (tolerated: {share(rule.limit)})" if rule.limit else ""
    return Check(
        check=rule.check,
        column=rule.column,
        passed=False,
        failed_rows=failed,
        example=look.example,
        sentence=(
            f"{_subject(rule.column)}{failed:,} of {rows:,} rows ({share(failed / max(rows, 1))}) "
            f"{rule.wrong}{beyond}{example}{since}; {rule.fix}"
        ),
        severity=rule.severity,
        rows=rows,
        first_failed=look.first_failed,
        detected_at=look.detected_at,
    )


def verdict(
    check: str,
    column: str | None,
    *,
    passed: bool,
    sentence: str,
    failed_rows: int | None = None,
    rows: int | None = None,
    example: str | None = None,
    severity: CheckSeverity = "error",
    first_us: int | None = None,
    told_us: int | None = None,
) -> Check:
    """A check that is not a rule over rows; the times count for one that failed."""
    return Check(
        check=check,
        column=column,
        passed=passed,
        failed_rows=0 if passed and failed_rows is None else failed_rows,
        example=None if passed else shorten(example),
        sentence=f"{_subject(column)}{sentence}",
        severity=severity,
        rows=rows,
        first_failed=None if passed else when(first_us),
        detected_at=None if passed else when(told_us),
    )


def _subject(column: str | None) -> str:
    return f"{column}: " if column is not None else ""


def share(fraction: float) -> str:
    """A share in percent with two significant digits, never rounded to nothing or to all."""
    percent = 100 * fraction
    if fraction in (0.0, 1.0):
        return f"{percent:.0f} %"
    digits = next((d for d in range(8) if abs(percent) >= 10.0 ** (1 - d)), 8)
    text = f"{percent:.{digits}f}"
    return f"{text} %" if float(text) < 100 else f"{percent:.3f} %"


def shorten(text: str | None) -> str | None:
    """An example that fits a sentence."""
    if text is None:
        return None
    return text if len(text) <= EXAMPLE_LENGTH else f"{text[: EXAMPLE_LENGTH - 1]}…"


def when(us: int | None) -> datetime | None:
    """A time in UTC; ``None`` stays ``None``, and so does a time beyond the calendar."""
    try:
        return moment(us) if us is not None else None
    except (OverflowError, ValueError, OSError):
        return None


def stamp(at: datetime | None) -> str:
    """A time as sentences name it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at is not None else "an unknown time"


def elapsed(seconds: float) -> str:
    """A time as people say it: 45 s, 12 min, 3.5 h, 2 d."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= (2 * size if unit == "d" else size):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
