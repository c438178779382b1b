"""What the bad events of a budget are made of.

Each part is cut from what the parts before it left, in the order of how sure it is:

1. irreducible: the reference rate times the valid events. The reference is the error rate accepted at validation.
2. confirmed: the valid events times what the lower limit of the bad share (anytime-valid, see
   ``burnline.budgets.evidence``) exceeds the upper limit of the reference rate by. Proven, so never called noise.
3. noise: up to 1.96 sqrt(phi N p (1 - p)), what chance adds to the reference rate p once in forty looks.
4. unexplained: the rest, too much for noise and not enough for proof.

The reference is a sample itself: its upper limit is that of Clopper and Pearson (1934), at 97.5 %, with the counts of
the reference divided by the over-dispersion phi, as they scatter like that many fewer events.

Without a reference nothing is irreducible and nothing can be called noise. What is proven to lie beyond ``share``, the
bad share that the objective allows, is confirmed, the rest is unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from burnline.budgets.evidence import limits
from burnline.results import Spend

Floats = NDArray[np.float64]

_LEVEL = 0.975
_BAND = 1.96


@dataclass(frozen=True)
class SpendPath:
    """The spend as it was known at each moment: four arrays that add up to the bad events so far."""

    irreducible: Floats
    noise: Floats
    confirmed: Floats
    unexplained: Floats


def spend(
    valid: float,
    bad: float,
    phi: float,
    reference_valid: float,
    reference_bad: float,
    share: float = 1.0,
) -> Spend:
    """The four parts of ``bad`` of ``valid`` events, given the reference. Counts may be weighted.

    ``share`` matters without reference only (``reference_valid`` 0): then ``reference_rate`` is 0 and
    ``reference_events`` 0.
    """
    path = spend_over_time([valid], [bad], phi, reference_valid, reference_bad, share)
    return Spend(
        irreducible=float(path.irreducible[0]),
        noise=float(path.noise[0]),
        confirmed=float(path.confirmed[0]),
        unexplained=float(path.unexplained[0]),
        reference_rate=reference_bad / reference_valid if reference_valid > 0 else 0.0,
        reference_events=float(reference_valid),
    )


def spend_over_time(
    valid: ArrayLike,
    bad: ArrayLike,
    phi: float,
    reference_valid: float,
    reference_bad: float,
    share: float = 1.0,
) -> SpendPath:
    """The four parts at each moment of a window, from the sums ``valid`` and ``bad`` since its start.

    What was confirmed at one moment may be less at a later one: the rate that is judged is that of the window so far.
    """
    n, b = np.asarray(valid, dtype=np.float64), np.asarray(bad, dtype=np.float64)
    rate = reference_bad / reference_valid if reference_valid > 0 else 0.0
    accepted = share if reference_valid <= 0 else _upper(reference_valid / phi, reference_bad / phi)
    low, _ = limits(n, b, phi)
    irreducible = np.minimum(n * rate, b)
    above = b - irreducible
    confirmed = np.minimum(n * np.maximum(low - accepted, 0.0), above)
    noise = np.minimum(_BAND * np.sqrt(phi * n * rate * (1 - rate)), above - confirmed)
    return SpendPath(irreducible, noise, confirmed, np.maximum(above - confirmed - noise, 0.0))


def _upper(valid: float, bad: float) -> float:
    """The upper limit of a share, Clopper and Pearson; fractional counts are interpolated."""
    return float(betaincinv(bad + 1, valid - bad, _LEVEL)) if bad < valid else 1.0
