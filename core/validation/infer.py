"""A schema from the reference: generous enough that healthy data of another week pass, tight enough to catch faults."""

from __future__ import annotations

import math

from burnline.spec.columns import SEGMENTS, column_type
from burnline.spec.schema import ColumnRule, RowsRule, Schema
from burnline.validation.bounds import outward, round_up, tolerated, upper_share
from burnline.validation.figures import AgeProfile, NumberProfile, Profile, RowsProfile, TextProfile

CATEGORIES = 50
MARGIN = 0.5
REPEATED = 0.05
HEAVY = 0.0001
_SKEWED = 1.15
_UNIT = ("confidence",)
_LATE = ("label", "label_timestamp", "relevance")


def infer(profile: Profile) -> Schema:
    """The Schema that a reference suggests.

    - ``nulls``: twice the one-sided 99.9 % bound of the share, at least 1.5 times the worst day;
    - ``min`` and ``max``: the level that one row in a million exceeds, and half the distance from the median beyond;
      zero below what is never negative by its nature, of which one row in 10,000 may lie higher: such tails are long;
    - ``values``: all categories where there are at most fifty; ``unseen``: three times the bound of the share of rows
      whose category was seen once, at least 0.1 % (Good and Turing: how much of the next data is new);
    - ``unique``: the request_id, unless every twentieth repeats;
    - ``max_age``: three times the age that one row in a thousand exceeds.
    """
    columns = {
        "timestamp": ColumnRule(type="timestamp", nulls=0.0),
        "model": ColumnRule(type="string", nulls=0.0),
    }
    if profile.rows.repeated <= REPEATED:
        columns["request_id"] = ColumnRule(type="string", required=False, unique=True)
    for name, number in profile.numbers.items():
        columns[name] = _number(name, number)
    for name, text in profile.texts.items():
        columns[name] = _text(name, text)
    for name, age in profile.ages.items():
        columns[name] = _age(age)
    return Schema(model=profile.model, rows=_rows(profile.rows), columns=columns)


def _number(name: str, found: NumberProfile) -> ColumnRule:
    low, high = _range(name, found)
    whole = found.integer or (found.filled > 0 and found.whole == 1.0)
    return ColumnRule(
        type="integer" if whole else "number",
        required=_required(name, found.filled),
        nulls=_nulls(name, found.filled, found.rows, found.nulls_day),
        min=low,
        max=high,
        outside=HEAVY if high is not None and name not in _UNIT and skewed(found) else 0.0,
    )


def _range(name: str, found: NumberProfile) -> tuple[float | None, float | None]:
    if name in _UNIT or name.startswith("p_"):
        return 0.0, 1.0
    if name == "latency_ms":
        return 0.0, None
    if name == "status" or found.low is None or found.high is None or found.tails is None:
        return None, None
    tails = found.tails
    if found.low == found.high:
        return None, None
    high = tails.q50 + (1 + MARGIN) * (max(tails.rare_high, found.high) - tails.q50)
    low = tails.q50 - (1 + MARGIN) * (tails.q50 - min(tails.rare_low, found.low))
    low = 0.0 if never_negative(found) and low < 0 else outward(low, up=False)
    return low, outward(high, up=True)


def never_negative(found: NumberProfile) -> bool:
    """Whether a column is never negative by its nature, as far as a reference without a negative value can tell.

    A count begins at zero, an amount is skewed to the right, of an age even one in a million is far above zero; a
    temperature above zero is none of these.
    """
    if found.low is None or found.low < 0 or found.tails is None:
        return False
    counts = found.whole == 1.0 and found.low == 0
    return counts or skewed(found) or found.tails.rare_low >= 0


def skewed(found: NumberProfile) -> bool:
    """Whether the upper quartile is farther from the median than the lower one."""
    tails = found.tails
    return tails is not None and tails.q75 - tails.q50 > _SKEWED * (tails.q50 - tails.q25)


def _text(name: str, found: TextProfile) -> ColumnRule:
    listed = found.values is not None and 0 < found.distinct <= CATEGORIES and not found.boolean
    counted = found.values is not None and found.distinct > 0 and not found.boolean
    return ColumnRule(
        type="boolean" if found.boolean else "string",
        required=_required(name, found.filled),
        nulls=_nulls(name, found.filled, found.rows, found.nulls_day),
        values=tuple(sorted(found.values)) if listed and found.values is not None and name != "version" else None,
        unseen=unseen_share(found) if counted and name != "version" else None,
    )


def unseen_share(found: TextProfile) -> float:
    """The share of rows with a category of its own that another week may bring."""
    return round_up(max(0.001, 3 * upper_share(found.singletons, found.filled, 0.99)))


def _age(found: AgeProfile) -> ColumnRule:
    return ColumnRule(
        type="timestamp",
        required=False,
        nulls=tolerated(found.rows - found.filled, found.rows, found.nulls_day),
        max_age=outward(max(3 * found.q999, 60.0), up=True),
        stale=0.01,
    )


def _required(name: str, filled: int) -> bool:
    """Features and answers that held values must be there; segments are not known everywhere, labels come later."""
    family = name.startswith(("f_", "p_")) or (column_type(name) is not None and name not in _LATE + SEGMENTS)
    return filled > 0 and family and not name.startswith(("b_", "d_")) and name != "canary"


def _nulls(name: str, filled: int, rows: int, worst_day: float) -> float | None:
    """``None`` (nothing is said) for labels, which come late, and for columns without any value."""
    if not filled or name in _LATE or name.startswith("b_"):
        return None
    return tolerated(rows - filled, rows, worst_day)


def _rows(found: RowsProfile) -> RowsRule:
    """Limits of pauses; rows per day are left to the same hours of the week unless a person writes limits."""
    week = found.end_us - found.first_us >= 6.9 * 86_400_000_000
    return RowsRule(
        gap=300.0 * math.ceil(max(3 * found.gap, 600.0) / 300) if week else None,
        lag=300.0 * math.ceil(max(3 * found.gap, 3600.0) / 300) if week else None,
        seasonal=sum(k for _, k in found.hours) >= 24,
    )
