"""What the reference looks like: the figures that a schema is inferred from and data are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from burnline.spec.quoting import quote_identifier
from burnline.validation.agreement import agreement
from burnline.validation.figures import AgeProfile, NumberProfile, Profile, Quartiles, Tails, TextProfile
from burnline.validation.source import Data, chunks
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
from burnline.validation.tails import mode_of, tails_of
from burnline.validation.traffic import rows_profile

SAMPLE_ROWS = 200_000
_DAY_US = 86_400_000_000
_CHUNK = 25
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
