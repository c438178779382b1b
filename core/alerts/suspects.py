"""Which SLOs could have an open alert at all: a coarse look at hours that spares replaying the others.

An open alert has a pair of windows that burnt within the last half hour, or within the last three days
if nothing has become known since. Hours do not line up with five-minute windows, so every window
is widened to whole hours and every threshold is lowered; what remains is a superset.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from burnline.budgets.arrivals import Floats
from burnline.budgets.burn_rules import Rule
from burnline.spec.windows import parse_duration

Flags = NDArray[np.bool_]

LOOK_BACK_HOURS = 7 * 24
_LATELY_HOURS = 3 * 24 + 2
# A pair goes on to hold at half its threshold; a window of one hour may lie over two unequal ones.
_LOWERED = 0.4
_NO_LOWER_THAN = 0.8


def may_fire(
    valid: Floats, bad: Floats, shares: Floats, rules: Sequence[Rule]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each SLO (row) could have an open alert, from its last ``LOOK_BACK_HOURS`` hours (columns).

    ``shares`` are the bad shares that the objectives allow.
    """
    found = np.zeros(len(valid), dtype=bool)
    for rule in rules:
        hours = -(-parse_duration(rule.long).fixed // timedelta(hours=1)) + 1
        limit = max(rule.threshold * _LOWERED, min(rule.threshold, _NO_LOWER_THAN))
        burnt, seen = _trailing(bad, hours), _trailing(valid, hours)
        found |= ((burnt > 0) & (burnt >= limit * shares[:, None] * seen)).any(axis=1)
    return found


def _trailing(counts: Floats, hours: int) -> Floats:
    """Sums over the ``hours`` hours up to each of the latest hours."""
    summed = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)
    ends = np.arange(max(1, counts.shape[1] - _LATELY_HOURS), counts.shape[1] + 1)
    trailing: Floats = summed[:, ends] - summed[:, np.maximum(ends - hours, 0)]
    return trailing
