"""One pass over the data: what is counted of every column, in a handful of statements per chunk of columns.

Nothing here is per row in Python: a statement returns one line per chunk of columns.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from burnline.spec.quoting import quote_identifier
from burnline.validation.source import Condition, Data, chunks

CHUNK = 40
SAMPLE_ROWS = 50_000
VALUES = 1_000
SEGMENT_VALUES = 20
MOJIBAKE = "Ã[\\x{80}-\\x{BF}]|â€|\\x{FFFD}"

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class NumberSums:
    """A number column: ``rows`` of which ``filled`` hold a value; ``whole`` are whole numbers.

    ``outliers`` lie outside the bounds that were asked about, what is not finite included; ``low`` and ``high`` are its
    extremes, infinities and NaN included; ``lost`` are texts that read as no number.
    """

    rows: int
    filled: int
    low: float | None
    high: float | None
    whole: int
    outliers: int
    lost: int = 0

    @property
    def finite(self) -> bool:
        """Whether no value is infinite or not a number."""
        return all(value is None or math.isfinite(value) for value in (self.low, self.high))


@dataclass(frozen=True)
class TextSums:
    """A text column: how many different values, the commonest; ``unseen`` rows hold a value that is not known,
    ``variants`` of them a known value spelt otherwise (case, spaces, broken encoding), ``numbers`` read as a number.

    ``values`` are the commonest (at most a thousand) with their rows, ``singletons`` the values seen once.
    """

    rows: int
    filled: int
    distinct: int
    singletons: int
    blank: int
    numbers: int
    unseen: int
    variants: int
    example_unseen: str | None
    example_variant: str | None
    values: Mapping[str, int]


def number_sums(
    data: Data,
    names: Sequence[str],
    bounds: Mapping[str, tuple[float, float]],
    *,
    where: str = "true",
    tell: Tell | None = None,
) -> dict[str, NumberSums]:
    """What is counted of number columns among rows that meet ``where``; ``bounds`` are those of outliers."""
    found: dict[str, NumberSums] = {}
    for chunk in chunks(names, CHUNK):
        # Plain counts of conditions take half the time of filtered ones, but are null where every value is.
        parts: list[str] = []
        limits: dict[str, object] = {}
        for i, name in enumerate(chunk):
            x, lost = quote_identifier(name), quote_identifier(f"_text {name}")
            outliers = "0"
            if name in bounds:
                limits |= {f"low{i}": bounds[name][0], f"high{i}": bounds[name][1]}
                outliers = f"coalesce(count_if({x} not between $c0_low{i} and $c0_high{i}), 0)"
            is_text = "text" in data.kinds(name)
            parts.append(
                f"count({x}), min({x}), max({x}), coalesce(count_if({x} = floor({x})), 0), {outliers}, "
                + (f"count(*) filter ({lost} is not null and {x} is null)" if is_text else "0")
            )
        query = f"select count(*), {', '.join(parts)} from log where {where}"
        rows, *values = data.row(query, (Condition("", limits),))
        for i, name in enumerate(chunk):
            found[name] = NumberSums(rows, *values[6 * i : 6 * i + 6])
        if tell is not None:
            tell(len(found), len(names), "numeric columns")
    return found


def text_sums(
    data: Data,
    names: Sequence[str],
    known: Mapping[str, Sequence[str]],
    *,
    where: str = "true",
    tell: Tell | None = None,
) -> dict[str, TextSums]:
    """What is counted of text columns; ``known`` are the values that each may have."""
    found: dict[str, TextSums] = {}
    for done, name in enumerate(names, 1):
        found[name] = _text(data, name, list(known.get(name, ())), where)
        if tell is not None:
            tell(done, len(names), "text columns")
    return found


def _text(data: Data, name: str, known: list[str], where: str) -> TextSums:
    x = quote_identifier(name)
    folded = sorted({fold(value) for value in known})
    # The list is no condition on rows but on groups: a thousand known values cost nothing per row.
    query = f"""
        select count(v), coalesce(sum(n), 0)::bigint, coalesce(sum(n) filter (v is not null), 0)::bigint,
               count(*) filter (n = 1 and v is not null), coalesce(sum(n) filter (trim(v) = ''), 0)::bigint,
               coalesce(sum(n) filter (isfinite(try_cast(v as double))), 0)::bigint,
               coalesce(sum(n) filter (unseen), 0)::bigint, coalesce(sum(n) filter (variant), 0)::bigint,
               arg_max(v, n) filter (unseen and not variant), arg_max(v, n) filter (variant),
               list([v, n::varchar] order by n desc, v) filter (v is not null and place <= {VALUES})
        from (select *, unseen and (list_contains($c0_folded, lower(trim(strip_accents(v))))
                                    or regexp_matches(v, $c0_mojibake)) as variant
              from (select v, n, v is not null and len($c0_known) > 0 and not list_contains($c0_known, v) as unseen,
                           row_number() over (order by (v is null)::int, n desc, v) as place
                    from (select {x} as v, count(*) as n from log where {where} group by 1)))"""
    parameters = Condition("", {"known": known, "folded": folded, "mojibake": MOJIBAKE})
    distinct, *counts, top = data.row(query, (parameters,))
    rows, filled, once, blank, numbers, unseen, variants, other, variant = counts
    values = {value: int(n) for value, n in top or ()}
    return TextSums(rows, filled, distinct, once, blank, numbers, unseen, variants, other, variant, values)


def fold(value: str) -> str:
    """A category as it is compared with others: without outer spaces, case and accents (as the SQL does)."""
    plain = "".join(c for c in unicodedata.normalize("NFD", value) if not unicodedata.combining(c))
    return plain.strip().lower()


def sample(
    data: Data,
    names: Sequence[str],
    rows: int,
    segments: Sequence[str],
    *,
    where: str = "true",
    limit: int = SAMPLE_ROWS,
    more: Sequence[str] = (),
) -> pl.DataFrame:
    """Every k-th row of some columns and segments, and of ``more`` SQL; about ``limit`` of ``rows``."""
    step = max(1, rows // limit)
    columns = ", ".join([*(quote_identifier(n) for n in dict.fromkeys((*segments, *names))), *more])
    found: pl.DataFrame = data.frame(f"select {columns} from log where {where} and _row % {step} = 0")
    return found


def finite(column: pl.Series) -> np.ndarray:
    """The finite values of a column, sorted."""
    values = column.drop_nulls().to_numpy()
    return np.sort(values[np.isfinite(values)])
