"""When a column began to look different, to the hour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def onset(hours: Floats, before: Floats, after: Floats) -> int:
    """The row from which on the counts of ``hours`` (H, B) look like ``after`` (B) rather than like ``before`` (B).

    The likelihood of a change point with known sides: the sum of ln(q / p) from a row on is largest where the change
    was (Page 1954). Half a row is added to every cell. Returns a row of 0 .. H; H when nothing looks like ``after``.
    """
    p, q = ((side + 0.5) / (side + 0.5).sum() for side in (before, after))
    gain = hours @ np.log(q / p)
    from_here = np.concatenate([np.cumsum(gain[::-1])[::-1], [0.0]])
    return int(np.argmax(from_here))


def run_of(days: NDArray[np.int64], drifted: NDArray[np.bool_], last: int, gap: int = 2) -> int | None:
    """The first day of the run of ``drifted`` days that ends with the latest one up to day ``last``.

    ``days`` are in order; a run may lack up to ``gap`` days. ``None`` when no day drifted.
    """
    hit = days[drifted & (days <= last)]
    if not len(hit):
        return None
    breaks = np.flatnonzero(np.diff(hit) > gap + 1)
    return int(hit[breaks[-1] + 1] if len(breaks) else hit[0])
