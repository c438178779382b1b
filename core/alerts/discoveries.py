"""Which of many alerts of a fleet are real: e-BH.

Method: Wang, Ramdas, "False discovery rate control with e-values" (Journal of the Royal
Statistical Society B, 2022). The e-values sorted down, the k* largest are discoveries, k* the largest
k whose e-value is at least total / (k alpha); at most alpha of the discoveries are false in the mean,
whatever depends on what. It holds for e-values of one moment (the present M of each e-detector), not
for their running maxima.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np


def discoveries(log_e: Sequence[float], total: int, alpha: float = 0.05) -> list[bool]:
    """Which of these SLOs stand out of a fleet of ``total``, in the order given.

    ``log_e`` are ln M now; SLOs of the fleet that are not listed count as e = 0.

    Raises:
        ValueError: more values than SLOs in the fleet.
    """
    if len(log_e) > total:
        raise ValueError(f"{len(log_e)} e-values of {total} SLOs")
    if not total:
        return []
    down = np.sort(np.asarray(log_e, float))[::-1]
    enough = np.flatnonzero(down >= log(total / alpha) - np.log(np.arange(1, len(down) + 1)))
    return [e >= down[enough[-1]] for e in log_e] if len(enough) else [False] * len(log_e)
