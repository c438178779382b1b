"""Whether rows arrive as usual: how many, without pauses, and how fresh the newest is."""

from __future__ import annotations

from burnline.results.validation import Check, CheckSeverity
from burnline.validation.case import Case
from burnline.validation.figures import Profile
from burnline.validation.rules import elapsed, share, stamp, verdict, when
from burnline.validation.season import HOUR_US, Block, blocks, crowded_blocks, empty_blocks
from burnline.validation.traffic import longest_pause

_PART_OF_A_FILE = 0.5
_LEAST_SPAN = 20 / 24


def counts(case: Case) -> list[Check]:
    """Rows against the same hours of the week of the reference, and against the limits of a day."""
    if not case.data.has("timestamp"):
        return []
    profile = case.profile
    if profile is None or not case.schema.rows.seasonal or not sum(k for _, k in profile.rows.hours):
        return _per_day(case)
    by_hour = dict(case.data.rows(f"select _us // {HOUR_US}, count(*) from log where _us is not null group by 1"))
    everything = _blocks(case, profile, by_hour, 1.0)
    expected = sum(b.expected for b in everything)
    # A file may be a part of what was logged: its hours are held against each other, its size only warns.
    level = min(1.0, case.rows / expected) if case.of_path and expected > 0 else 1.0
    judged = everything if level == 1.0 else _blocks(case, profile, by_hour, level)
    found = [*_per_day(case), _too_few(case, empty_blocks(judged), expected, level)]
    crowded = crowded_blocks(everything)
    return [*found, _too_many(case, crowded)] if crowded else found


def _blocks(case: Case, profile: Profile, by_hour: dict[int, int], level: float) -> list[Block]:
    rows = profile.rows
    return blocks(by_hour, case.start_us, case.end_us, rows.hours, rows.spread, level=level)


def _too_few(case: Case, empty: list[Block], expected: float, level: float) -> Check:
    if empty:
        missing = sum(b.expected - b.rows for b in empty)
        worst = max(empty, key=lambda b: b.expected - b.rows)
        text = (
            f"from {stamp(when(worst.start_us))} to {stamp(when(worst.end_us))} there are {worst.rows:,} rows where "
            f"about {worst.expected:,.0f} are usual at that time of the week, and about {missing:,.0f} are missing in "
            f"all; find out what stopped, {case.edit('rows.seasonal')}"
        )
        return verdict(
            "rows", None, passed=False, sentence=text, failed_rows=round(missing), rows=case.rows,
            example=f"{worst.rows:,} rows instead of {worst.expected:,.0f}",
            first_us=empty[0].start_us, told_us=empty[0].end_us,
        )  # fmt: skip
    if level < _PART_OF_A_FILE:
        text = (
            f"{case.rows:,} rows are {share(level)} of the {expected:,.0f} that are usual at these hours of the week; "
            "check that the data are whole"
        )
        return verdict(
            "rows", None, passed=False, sentence=text, rows=case.rows, severity="warning",
            failed_rows=round(expected - case.rows), first_us=case.start_us, told_us=case.end_us,
        )  # fmt: skip
    text = f"{case.rows:,} rows, {expected:,.0f} are usual at these hours of the week"
    return verdict("rows", None, passed=True, sentence=text, rows=case.rows)


def _too_many(case: Case, crowded: list[Block]) -> Check:
    worst = max(crowded, key=lambda b: b.rows - b.expected)
    text = (
        f"from {stamp(when(worst.start_us))} to {stamp(when(worst.end_us))} there are {worst.rows:,} rows where about "
        f"{worst.expected:,.0f} are usual at that time of the week; check whether requests are logged twice"
    )
    return verdict(
        "rows_high", None, passed=False, sentence=text, rows=case.rows, severity="warning",
        failed_rows=round(sum(b.rows - b.expected for b in crowded)),
        first_us=crowded[0].start_us, told_us=crowded[0].end_us,
    )  # fmt: skip


def _per_day(case: Case) -> list[Check]:
    """Limits that somebody wrote for a day, for spans of at least 20 hours."""
    days = (case.end_us - case.start_us) / (24 * HOUR_US)
    least, most = case.schema.rows.least_per_day, case.schema.rows.most_per_day
    if days < _LEAST_SPAN or (least is None and most is None):
        return []
    per_day = case.rows / days
    edit = case.edit("rows.per_day")
    if least is not None and per_day < least:
        text = f"{per_day:,.0f} rows a day are fewer than {least:,.0f}; find out what is missing, {edit}"
        return [_day(case, text, round((least - per_day) * days))]
    if most is not None and per_day > most:
        text = f"{per_day:,.0f} rows a day are more than {most:,.0f}; check whether requests are logged twice, {edit}"
        return [_day(case, text, round((per_day - most) * days))]
    return [verdict("rows_per_day", None, passed=True, sentence=f"{per_day:,.0f} rows a day", rows=case.rows)]


def _day(case: Case, text: str, rows: int) -> Check:
    return verdict(
        "rows_per_day", None, passed=False, sentence=text, rows=case.rows, failed_rows=rows,
        first_us=case.start_us, told_us=case.end_us,
    )  # fmt: skip


def pause(case: Case) -> list[Check]:
    """The longest time without a row against the limit, which a file with a part of the rows may exceed."""
    limit = case.schema.rows.gap
    if limit is None or not case.data.has("timestamp"):
        return []
    allowed = limit * (_thinner(case) if case.of_path else 1.0)
    longest, since = longest_pause(case.data)
    if since is None or longest <= allowed:
        text = f"no pause is longer than {elapsed(allowed)}"
        return [verdict("gap", None, passed=True, sentence=text, rows=case.rows)]
    text = (
        f"no row for {elapsed(longest)} from {stamp(when(since))} on, where at most {elapsed(allowed)} are usual; "
        f"find out what stopped, {case.edit('rows.gap')}"
    )
    return [
        verdict(
            "gap", None, passed=False, sentence=text, rows=case.rows, example=stamp(when(since)), first_us=since,
            told_us=since + round(allowed * 1e6),
        )
    ]  # fmt: skip


def _thinner(case: Case) -> float:
    """How many times fewer rows there are in a time than in the reference, at least 1."""
    if case.profile is None:
        return 1.0
    rows = case.profile.rows
    usual = rows.rows / max(rows.end_us - rows.first_us, 1)
    return max(1.0, usual * max(case.end_us - case.start_us, 1) / case.rows)


def freshness(case: Case) -> Check:
    """The newest row against the moment of the question."""
    limit = case.schema.rows.lag
    newest = case.data.row("select max(_us) from log")[0]
    if limit is None or newest is None:
        text = "nothing is known of how fresh data usually are"
        return verdict("freshness", None, passed=True, sentence=text, rows=case.rows)
    lag = max(0.0, (case.now_us - newest) / 1e6)
    if lag <= limit:
        text = f"the newest row is {elapsed(lag)} old"
        return verdict("freshness", None, passed=True, sentence=text, rows=case.rows)
    text = (
        f"the newest row ({stamp(when(newest))}) is {elapsed(lag)} old at {stamp(when(case.now_us))}, at most "
        f"{elapsed(limit)} are usual; find out what holds the data up, {case.edit('rows.lag')}"
    )
    # A file may be history; only who says of when it is asked knows that it is late.
    severity: CheckSeverity = "warning" if case.of_path and not case.asked_at else "error"
    return verdict(
        "freshness", None, passed=False, sentence=text, rows=case.rows, example=stamp(when(newest)),
        severity=severity, first_us=newest, told_us=newest + round(limit * 1e6),
    )  # fmt: skip
