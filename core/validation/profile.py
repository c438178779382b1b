"""What the reference looks like: the figures that a schema is inferred from and data are compared with.

Extremes are extrapolated from the tail beyond the 1 % quantile by a generalised Pareto law fitted with moments
(Hosking and Wallis 1987): the level that one row in a million exceeds, not the largest value that happened to be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

from burnline.spec.quoting import quote_identifier
from burnline.validation.source import Condition, Data, chunks
from burnline.validation.sums import (
    SEGMENT_VALUES,
    VALUES,
    NumberSums,
    Tell,
    TextSums,
    finite,
    number_sums,
    sample,
    text_sums,
)

SAMPLE_ROWS = 200_000
RARE = 1e-6
OUTLIER = 0.0005
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_CHUNK = 25
_LEAST_XI, _MOST_XI = -0.1, 0.5
_LEAST_SPREAD, _USUAL_SPREAD = 0.02, 0.1

Quartiles = tuple[float, float, float]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tails(_Kept):
    """Quartiles, the bounds of outliers (one row in 2,000 on either side) and the levels of one in a million."""

    q25: float
    q50: float
    q75: float
    outlier_low: float
    outlier_high: float
    rare_low: float
    rare_high: float


class NumberProfile(_Kept):
    """A number column of the reference. ``nulls_day`` is the largest share of missing values of a day."""

    rows: int
    filled: int
    low: float | None
    high: float | None
    whole: float
    nulls_day: float
    integer: bool
    tails: Tails | None = None
    mode: float | None = None
    mode_share: float = 0.0
    quartiles: dict[str, Quartiles] = {}


class TextProfile(_Kept):
    """A text (or boolean) column: ``values`` with their rows, when there are at most a thousand."""

    rows: int
    filled: int
    distinct: int
    singletons: int
    nulls_day: float
    mode_share: float
    boolean: bool
    numbers: float
    values: dict[str, int] | None


class AgeProfile(_Kept):
    """How old features are at the request, in seconds: the 99.9 % quantile; ``early`` is the share below zero."""

    rows: int
    filled: int
    q999: float
    early: float
    nulls_day: float


class RowsProfile(_Kept):
    """Rows per hour of the week (0 = Monday 00:00 UTC): sums and how many such hours there were; ``days`` are the
    rows of whole days, ``gap`` the longest pause in seconds, ``unordered`` the share of rows before their predecessor,
    ``repeated`` the share of rows whose request_id was there before, ``spread`` the over-dispersion of an hour."""

    rows: int
    first_us: int
    end_us: int
    hours: tuple[tuple[int, int], ...]
    days: tuple[int, ...]
    gap: float
    unordered: float
    repeated: float
    spread: float


class Profile(_Kept):
    """The reference of one model, column by column. ``seen`` is the sentence that says what it is."""

    model: str
    said: str
    rows: RowsProfile
    numbers: dict[str, NumberProfile]
    texts: dict[str, TextProfile]
    ages: dict[str, AgeProfile]
    answers: dict[str, float] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the reference has."""
        return (*self.numbers, *self.texts, *self.ages)


SERVING = ("prediction", "confidence", "score", "rank", "relevance", "label")
_APART = ("timestamp", "model", "request_id", "label_timestamp", "feature_timestamp", "query_id", "weight")


def is_answer(name: str) -> bool:
    """Whether a column is part of the answer: null where the request failed."""
    return name in SERVING or name.startswith("p_")


def content(data: Data, target: str) -> list[str]:
    """The columns that are read as numbers (or text), apart from keys and times."""
    return [n for n in data.columns if data.targets[n] == target and n not in _APART]


def segments_of(data: Data) -> list[str]:
    """The columns by which medians are also taken."""
    return [n for n in ("region", "version", "tenant") if data.has(n)] + [
        n for n in data.columns if n.startswith("d_") and data.targets[n] == "text"
    ][:3]


def profile(data: Data, said: str, *, tell: Tell | None = None) -> Profile:
    """The figures of the reference."""
    rows = rows_profile(data)
    numbers: dict[str, NumberProfile] = {}
    texts: dict[str, TextProfile] = {}
    for answers in (False, True):
        where = "_ok" if answers else "true"
        names = [n for n in content(data, "number") if is_answer(n) == answers]
        sums = number_sums(data, names, {}, where=where, tell=tell)
        nulls = _nulls_by_day(data, names, where)
        tails = _tails(data, names, rows.rows, where, tell)
        for name in names:
            numbers[name] = _number(data, name, sums[name], nulls[name], tails[name])
        names = [n for n in content(data, "text") if is_answer(n) == answers]
        nulls = _nulls_by_day(data, names, where)
        for name, found in text_sums(data, names, {}, where=where, tell=tell).items():
            texts[name] = _text(data, name, found, nulls[name], _mode_by_day(data, name, where))
    return Profile(
        model=data.model,
        said=said,
        rows=rows,
        numbers=numbers,
        texts=texts,
        ages=_ages(data),
        answers=agreement(data),
    )


@dataclass(frozen=True)
class _Sampled:
    """Of a number column: tails, the commonest value with its largest share, quartiles by segment."""

    tails: Tails | None
    mode: float | None
    mode_share: float
    quartiles: Mapping[str, Quartiles]


def _number(data: Data, name: str, sums: NumberSums, nulls: float, drawn: _Sampled) -> NumberProfile:
    types = {g.shape.columns[name].type for g in data.groups if name in g.shape.columns}
    whole = sums.whole / sums.filled if sums.filled else 0.0
    engine_integer = bool(types) and all(t.endswith(("INT", "INTEGER")) for t in types)
    low, high = (x if x is not None and np.isfinite(x) else None for x in (sums.low, sums.high))
    return NumberProfile(
        rows=sums.rows,
        filled=sums.filled,
        low=low if low is not None or drawn.tails is None else drawn.tails.rare_low,
        high=high if high is not None or drawn.tails is None else drawn.tails.rare_high,
        whole=whole,
        nulls_day=nulls,
        integer=engine_integer,
        tails=drawn.tails,
        mode=drawn.mode,
        mode_share=drawn.mode_share,
        quartiles=dict(drawn.quartiles),
    )


def _text(data: Data, name: str, sums: TextSums, nulls: float, mode_day: float) -> TextProfile:
    return TextProfile(
        rows=sums.rows,
        filled=sums.filled,
        distinct=sums.distinct,
        singletons=sums.singletons,
        nulls_day=nulls,
        mode_share=max(max(sums.values.values(), default=0) / max(sums.filled, 1), mode_day),
        boolean=set(data.kinds(name)) == {"bool"},
        numbers=sums.numbers / max(sums.filled, 1),
        values=dict(sums.values) if sums.distinct <= VALUES else None,
    )


def _nulls_by_day(data: Data, names: Sequence[str], where: str) -> dict[str, float]:
    """The largest share of missing values of a day with at least 100 rows, by column."""
    worst = dict.fromkeys(names, 0.0)
    for chunk in chunks(names, 200):
        counts = ", ".join(f"count({quote_identifier(n)})" for n in chunk)
        query = f"select count(*), {counts} from log where {where} group by _us // {_DAY_US}"
        for rows, *filled in data.rows(query):
            if rows >= 100:
                for name, n in zip(chunk, filled, strict=True):
                    worst[name] = max(worst[name], 1 - n / rows)
    return worst


def _mode_by_day(data: Data, name: str, where: str) -> float:
    """The largest share that one value has on a day with at least 100 values."""
    x = quote_identifier(name)
    query = f"""select max(most / total) from (
                    select max(n) as most, sum(n) as total from (
                        select _us // {_DAY_US} as day, {x} as v, count(*) as n from log
                        where {where} and {x} is not null group by 1, 2) group by day) where total >= 100"""
    return float(data.row(query)[0] or 0.0)


def _tails(data: Data, names: Sequence[str], rows: int, where: str, tell: Tell | None) -> dict[str, _Sampled]:
    """What a bounded sample says of number columns."""
    found: dict[str, _Sampled] = {}
    segments = segments_of(data)
    for chunk in chunks(names, _CHUNK):
        drawn = sample(data, chunk, rows, segments, where=where, limit=SAMPLE_ROWS, more=(f"_us // {_DAY_US} as _day",))
        days = [part for part in drawn.partition_by("_day") if part.height >= 100]
        for name in chunk:
            values = finite(drawn[name])
            mode, share = mode_of(values)
            # A rate that changes once a day is one value all day long.
            worst = max((mode_of(finite(day[name]))[1] for day in days), default=0.0)
            found[name] = _Sampled(tails_of(values), mode, max(share, worst), {})
        for name, quartiles in segment_quartiles(drawn, chunk, segments).items():
            found[name] = replace(found[name], quartiles=quartiles)
        if tell is not None:
            tell(len(found), len(names), "reference")
    return found


def segment_quartiles(
    drawn: pl.DataFrame, names: Sequence[str], segments: Sequence[str]
) -> dict[str, dict[str, Quartiles]]:
    """Quartiles of number columns by ``segment=value`` with at least a hundred values, and of all under ``""``."""
    finite_values = [
        pl.when(pl.col(n).is_finite()).then(pl.col(n)).quantile(q, "nearest").alias(f"{i} {n}")
        for n in names
        for i, q in enumerate((0.25, 0.5, 0.75))
    ]
    counts = [pl.col(n).is_finite().sum().alias(f"n {n}") for n in names]
    found: dict[str, dict[str, Quartiles]] = {n: {} for n in names}

    def keep(key: str, row: Mapping[str, float | None]) -> None:
        for name in names:
            quartiles = tuple(row[f"{i} {name}"] for i in range(3))
            if (row[f"n {name}"] or 0) >= 100 and None not in quartiles:
                found[name][key] = quartiles  # type: ignore[assignment]

    if drawn.height:
        keep("", drawn.select(*finite_values, *counts).row(0, named=True))
    for segment in segments:
        if drawn.height and drawn[segment].n_unique() <= SEGMENT_VALUES:
            by = drawn.filter(pl.col(segment).is_not_null()).group_by(segment).agg(*finite_values, *counts)
            for row in by.iter_rows(named=True):
                keep(f"{segment}={row[segment]}", row)
    return found


def mode_of(values: np.ndarray) -> tuple[float | None, float]:
    """The commonest of some sorted values and its share."""
    if not len(values):
        return None, 0.0
    ends = np.flatnonzero(np.diff(values) != 0)
    bounds = np.concatenate(([-1], ends, [len(values) - 1]))
    lengths = np.diff(bounds)
    longest = int(np.argmax(lengths))
    return float(values[bounds[longest + 1]]), float(lengths[longest] / len(values))


def tails_of(values: np.ndarray) -> Tails | None:
    """Quartiles and tail levels of sorted finite values; ``None`` for fewer than 20.

    With fewer than 1,000 values the levels keep a whole range's distance from the extremes instead.
    """
    n = len(values)
    if n < 20:
        return None
    q25, q50, q75 = (float(x) for x in np.quantile(values, (0.25, 0.5, 0.75)))
    low, high = float(values[0]), float(values[-1])
    if n < 1_000:
        width = high - low
        rare_low, rare_high = low - width, high + width
        outlier_low, outlier_high = low - width / 2, high + width / 2
    else:
        rare_low, rare_high = -_level(-values[::-1], RARE), _level(values, RARE)
        outlier_low, outlier_high = -_level(-values[::-1], OUTLIER), _level(values, OUTLIER)
    return Tails(
        q25=q25, q50=q50, q75=q75,
        outlier_low=outlier_low, outlier_high=outlier_high, rare_low=rare_low, rare_high=rare_high,
    )  # fmt: skip


def _level(values: np.ndarray, chance: float) -> float:
    """The value that a share ``chance`` of rows exceeds: a generalised Pareto tail above the 99 % quantile.

    xi = (1 - m² / s²) / 2 and sigma = m (m² / s² + 1) / 2 with mean and variance of the excess; xi is kept within
    -0.1 (about that of a normal tail here) and 0.5, so that a bounded tail leaves some room.
    """
    start = int(np.ceil(0.99 * len(values))) - 1
    threshold = float(values[start])
    excess = values[values > threshold] - threshold
    if len(excess) < 5:
        return float(values[-1])
    share = len(excess) / len(values)
    if chance >= share:
        return threshold
    mean, variance = float(excess.mean()), float(excess.var(ddof=1))
    ratio = mean * mean / variance if variance > 0 else 1.0
    xi = min(max((1 - ratio) / 2, _LEAST_XI), _MOST_XI)
    sigma = mean * (1 - xi)
    growth = np.log(share / chance) if abs(xi) < 1e-6 else ((share / chance) ** xi - 1) / xi
    return max(float(threshold + sigma * growth), float(values[-1]) if chance <= RARE else -np.inf)


def _ages(data: Data) -> dict[str, AgeProfile]:
    if not data.has("feature_timestamp", "timestamp"):
        return {}
    query = """select count(*), count("feature_timestamp"),
                      quantile_cont((_us - "feature_timestamp") / 1e6, 0.999) filter (_us >= "feature_timestamp"),
                      count(*) filter ("feature_timestamp" > _us + 1000000) from log"""
    rows, filled, q999, early = data.row(query)
    nulls = _nulls_by_day(data, ["feature_timestamp"], "true")["feature_timestamp"]
    age = AgeProfile(rows=rows, filled=filled, q999=q999 or 0.0, early=early / max(filled, 1), nulls_day=nulls)
    return {"feature_timestamp": age}


def rows_profile(data: Data) -> RowsProfile:
    """Rows by hour of the week, pauses, order and repeats of some data."""
    counts = data.rows(f"select _us // {_HOUR_US}, count(*) from log where _us is not null group by 1 order by 1")
    rows, first, last = data.row("select count(*), min(_us), max(_us) from log")
    first, last = first or 0, last or 0
    by_hour = dict(counts)
    start, end = data.span if data.span is not None else (first, last + 1)
    # Only hours that lie in the span as a whole are known; those without a row count as zero.
    whole = range(-(-start // _HOUR_US), end // _HOUR_US)
    hours = [[0, 0] for _ in range(168)]
    for hour in whole:
        cell = hours[(hour + 72) % 168]
        cell[0] += by_hour.get(hour, 0)
        cell[1] += 1
    days = [
        sum(by_hour.get(hour, 0) for hour in range(24 * day, 24 * day + 24))
        for day in range(-(-start // _DAY_US), end // _DAY_US)
    ]
    return RowsProfile(
        rows=rows,
        first_us=first,
        end_us=end,
        hours=tuple((n, k) for n, k in hours),
        days=tuple(days),
        gap=longest_pause(data)[0],
        unordered=unordered(data)[0],
        repeated=repeats(data)[0] / max(rows, 1),
        spread=spread(np.array([by_hour.get(hour, 0) for hour in whole], dtype=float), whole.start),
    )


def longest_pause(data: Data) -> tuple[float, int | None]:
    """The longest time without a row between the first and the last, in seconds to the minute, and where it begins."""
    query = """select gap, since from (select m - lag(m) over (order by m) as gap, lag(m) over (order by m) as since
                     from (select distinct _us // 60000000 as m from log where _us is not null))
               where gap is not null order by gap desc, since limit 1"""
    found = data.rows(query)
    # Rows at both ends of two neighbouring minutes need be no minute apart.
    return (60.0 * found[0][0], found[0][1] * 60_000_000) if found else (0.0, None)


ORDER_ROWS = 5_000_000


def unordered(data: Data) -> tuple[float, int]:
    """The share (and number) of rows that lie before the row above them in their file, of the first five million."""
    if len(data.groups) != 1 or data.files != 1:
        return 0.0, 0
    query = f"""select count(*), count(*) filter (late) from (
                    select _us < lag(_us) over (order by _row) as late from log where _row < {ORDER_ROWS})"""
    rows, late = data.row(query)
    return late / max(rows, 1), late


def key_of(data: Data) -> str | None:
    """What names a row: the request_id, in a ranking log with the item; ``None`` without a request_id."""
    if not data.has("request_id"):
        return None
    more = [n for n in ("query_id", "rank", "score") if data.has(n)] if data.has("query_id") else []
    columns = ", ".join(f"cast({quote_identifier(n)} as varchar)" for n in ("request_id", *more))
    return f'case when "request_id" is not null then hash({columns}) end'


def repeats(data: Data) -> tuple[int, int]:
    """Rows whose key was there before, and rows with a key. Keys are compared as 64-bit hashes."""
    key = key_of(data)
    if key is None:
        return 0, 0
    keyed, distinct = data.row(f"select count(k), count(distinct k) from (select {key} as k from log)")
    return keyed - distinct, keyed


def spread(counts: np.ndarray, first_hour: int) -> float:
    """Over-dispersion phi of rows per hour: the variance is mu + phi mu², from the same hours of different days.

    Days are set to the same size first, separately for weekends, so that phi holds what a day's total does not explain;
    the spread of the totals themselves is added.
    """
    hours = np.arange(first_hour, first_hour + len(counts))
    # Day 0 of the epoch was a Thursday.
    is_weekend = (hours // 24 + 3) % 7 >= 5
    of_days, of_hours = [], []
    for chosen in (is_weekend, ~is_weekend):
        days = [hours // 24 == day for day in np.unique(hours[chosen] // 24)]
        table = np.array([counts[day] for day in days if day.sum() == 24])
        totals = table.sum(axis=1) if len(table) else table
        if len(totals) < 2 or totals.min() <= 0:
            continue
        of_days.append(_phi(totals[:, None]))
        of_hours.append(_phi(table * (totals.mean() / totals)[:, None]))
    return float(max(_LEAST_SPREAD, max(of_days) + max(of_hours))) if of_days else _USUAL_SPREAD


def _phi(table: np.ndarray) -> float:
    means, variances = table.mean(axis=0), table.var(axis=0, ddof=1)
    busy = means >= 5
    if not busy.any():
        return 0.0
    return float(max(0.0, np.sum(variances[busy] - means[busy]) / np.sum(means[busy] ** 2)))


def agreement(data: Data) -> dict[str, float]:
    """How far confidence and probabilities agree in successful requests: share of rows where ``p_`` add up to one
    (``sum``) and where the confidence is that of the predicted class (``confidence``)."""
    found = {}
    for name, (judged, wrong) in answer_conditions(data).items():
        a, b = judged.named("c0")[0], wrong.named("c1")[0]
        rows, bad = data.row(f"select count(*) filter ({a}), count(*) filter ({a} and {b}) from log", (judged, wrong))
        if rows:
            found[name] = 1 - bad / rows
    return found


def answer_conditions(data: Data) -> dict[str, tuple[Condition, Condition]]:
    """What must agree in an answer: (rows that can be judged, rows that do not agree)."""
    classes = [n for n in data.columns if n.startswith("p_") and data.targets[n] == "number"]
    found = {}
    if len(classes) >= 2:
        filled = " and ".join(f"{quote_identifier(n)} is not null" for n in classes)
        total = " + ".join(quote_identifier(n) for n in classes)
        found["sum"] = (Condition(f"(_ok and {filled})"), Condition(f"abs({total} - 1) > 0.02"))
    if classes and data.has("confidence", "prediction") and data.targets["prediction"] == "text":
        cases = " ".join(f"when $class{i} then {quote_identifier(n)}" for i, n in enumerate(classes))
        chosen = f'(case "prediction" {cases} end)'
        names = {f"class{i}": n[2:] for i, n in enumerate(classes)}
        found["confidence"] = (
            Condition(f'(_ok and {chosen} is not null and "confidence" is not null)', names),
            Condition(f'abs({chosen} - "confidence") > 0.01', names),
        )
    return found
