"""Where a pair of burn-rate windows holds, bucket by bucket.

Method: Site Reliability Workbook, chapter 5: both windows burn faster (strictly) than the
threshold. A pair is judged once there is history to fill its long window. It goes on to hold while its
short window burns above half the threshold (never below 1): a burn that hovers about a threshold
is one alert and not ten. While the short window holds no valid event a pair neither begins nor stops to
hold, for at most ``PATIENCE`` buckets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from burnline.alerts.counts import Ints, Sums
from burnline.budgets.arrivals import Floats
from burnline.budgets.burn_rules import Rule
from burnline.spec.windows import BUCKET, parse_duration

Bools = NDArray[np.bool_]

PATIENCE = 864
"""Three days without data: then a pair stops to hold."""
CALM = Decimal("0.5")
"""The share of its threshold under which the short window must fall for a pair to stop."""


@dataclass(frozen=True)
class Pair:
    """A rule over a history. ``exceeds``: both windows exceed on data of this bucket; ``holds``:
    it exceeds, or has not calmed down since it did. Burn rates without valid events are nan."""

    rule: Rule
    exceeds: Bools
    holds: Bools
    burn_long: Floats
    burn_short: Floats


def buckets(duration: str) -> int:
    """The number of five-minute buckets of a window's name, ``1h``: 12."""
    return parse_duration(duration).fixed // BUCKET


def pairs(sums: Sums, rules: Sequence[Rule], objective: Decimal) -> tuple[Pair, ...]:
    """Every rule over the history."""
    windows = {size: sums.windows(size) for rule in rules for size in (buckets(rule.long), buckets(rule.short))}
    return tuple(_pair(rule, windows[buckets(rule.long)], windows[buckets(rule.short)], objective) for rule in rules)


def _pair(rule: Rule, long: tuple[Ints, Ints], short: tuple[Ints, Ints], objective: Decimal) -> Pair:
    threshold = Decimal(repr(rule.threshold))
    limit = threshold * (1 - objective)
    exceeds = _exceeds(*long, limit) & _exceeds(*short, limit)
    exceeds[: buckets(rule.long) - 1] = False
    calm = max(threshold * CALM, min(threshold, Decimal(1)))
    # A burn that dips under a threshold of no more than the sustainable pace is over.
    goes_on = exceeds if calm == threshold else _exceeds(*short, calm * (1 - objective))
    budget = float(1 - objective)
    return Pair(rule, exceeds, _held(exceeds, goes_on, short[0] > 0), _burn(*long, budget), _burn(*short, budget))


def _exceeds(valid: Ints, bad: Ints, limit: Decimal) -> Bools:
    """bad / valid > limit, exactly: where floats cannot tell, decimals do."""
    allowed = valid * float(limit)
    above: Bools = (valid > 0) & (bad > allowed)
    for i in np.flatnonzero((valid > 0) & (np.abs(bad - allowed) <= 1e-12 * allowed)):
        above[i] = int(bad[i]) > limit * int(valid[i])
    return above


def _held(exceeds: Bools, goes_on: Bools, data: Bools) -> Bools:
    """From where it exceeds for as long as it goes on, carried over buckets without data for ``PATIENCE``."""
    at = np.arange(len(data))
    last = np.maximum.accumulate(np.where(data, at, -1))
    calm = np.where(data, ~goes_on & ~exceeds, at - last > PATIENCE)
    began = np.maximum.accumulate(np.where(exceeds, at, -1))
    calmed = np.maximum.accumulate(np.where(calm, at, -1))
    held: Bools = began > calmed
    return held


def _burn(valid: Ints, bad: Ints, budget: float) -> Floats:
    burn: Floats = np.divide(bad, valid * budget, out=np.full(len(valid), np.nan), where=valid > 0)
    return burn
