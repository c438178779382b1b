"""Whether the learning rate of a training run lets it learn."""

from __future__ import annotations

import numpy as np

from burnline.validation.training_curves import Curve
from burnline.validation.training_findings import Finding, number, passed, step

_NOTHING = 1e-6
_WASTE = 0.05
_SERIOUS = 0.25


def idle_rate(name: str, curve: Curve) -> Finding:
    """A stretch of steps with a learning rate of 0 (below a millionth of the highest).

    More than 5 % of the steps are a warning, from a quarter on an error. A schedule that ends at 0 is neither.
    """
    top = float(np.abs(curve.values).max())
    idle = np.abs(curve.values) <= _NOTHING * top
    begin, length = _longest(idle)
    share = length / len(curve)
    if share <= _WASTE or length < 2:
        return passed("learning_rate", name, f"{name} is above 0 where it should be, at most {number(top)}.", curve)
    end = begin + length - 1
    return Finding(
        check="learning_rate",
        column=name,
        failed=True,
        text=(
            f"{name} is 0 from step {step(curve.steps[begin])} to step {step(curve.steps[end])}, {100 * share:.0f} % "
            "of the run: nothing is learnt there. Correct the schedule."
        ),
        at=int(curve.micros[begin]),
        detected=int(curve.micros[min(begin + max(int(_WASTE * len(curve)), 1), end)]),
        failed_rows=length,
        rows=len(curve),
        example=number(float(curve.values[begin])),
        severity="error" if share >= _SERIOUS else "warning",
    )


def _longest(flags: np.ndarray) -> tuple[int, int]:
    """Start and length of the longest stretch that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    if not len(edges):
        return 0, 0
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest] - starts[longest])
