"""The error budget, how fast it burns, and how long it lasts.

Formulas of the Site Reliability Workbook, chapters 2 and 5, with objective T, budget fraction
b = 1 - T and window length P. Arithmetic is decimal: a count of events and an objective such as
0.999 have no rounding error, so a budget that is spent exactly is 0 and not a speck below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True)
class Budget:
    """An error budget in events or slices.

    ``value`` = good / total; ``budget_total`` = (1 - objective) x total; ``consumed`` = bad;
    ``remaining`` = 1 - bad / budget_total: 1 untouched, 0 spent, below 0 overspent.
    """

    total: float
    bad: float
    good: float
    value: float
    budget_total: float
    consumed: float
    remaining: float


def budget(objective: Decimal, valid: float, bad: float) -> Budget:
    """The budget of ``valid`` events of which ``bad`` missed an objective between 0 and 1.

    Raises:
        ValueError: no valid events, more bad than valid ones, or an objective outside (0, 1).
    """
    _check(objective)
    if valid <= 0:
        raise ValueError("a budget needs valid events")
    if not 0 <= bad <= valid:
        raise ValueError(f"{bad} bad of {valid} valid events")
    total, missed = _exact(valid), _exact(bad)
    allowed = (1 - objective) * total
    return Budget(
        total=float(valid),
        bad=float(bad),
        good=float(total - missed),
        value=float((total - missed) / total),
        budget_total=float(allowed),
        consumed=float(bad),
        remaining=float(1 - missed / allowed),
    )


def burn_rate(objective: Decimal, valid: float, bad: float) -> float | None:
    """How many times faster than sustainable the budget burns: (bad / valid) / (1 - objective).

    1 spends the budget exactly by the end of the window; at most 1 / (1 - objective). None
    without valid events. Raises ``ValueError`` for an objective outside (0, 1).
    """
    _check(objective)
    if valid <= 0:
        return None
    return float(_exact(bad) / ((1 - objective) * _exact(valid)))


def budget_spent(burn: float, elapsed: timedelta, length: timedelta) -> float:
    """The fraction of a window's budget that burning for ``elapsed`` spends: burn x elapsed / P."""
    return burn * (elapsed / length)


def time_to_exhaustion(remaining: float, burn: float, length: timedelta) -> timedelta | None:
    """How long the budget lasts at this burn rate: remaining x P / burn.

    ``remaining`` and ``burn`` are fractions as in ``Budget`` and ``burn_rate``. Zero when nothing
    is left; None when nothing burns or it lasts for centuries. What leaves a rolling window
    meanwhile is ignored.
    """
    if remaining <= 0:
        return timedelta(0)
    if burn <= 0:
        return None
    try:
        return length * (remaining / burn)
    except OverflowError:
        return None


def minutes(objective: Decimal, length: timedelta, remaining: float) -> float:
    """The budget as minutes of full outage: remaining x (1 - objective) x P.

    99.9 % over 30 days and untouched: 43.2 minutes. Raises ``ValueError`` for an objective
    outside (0, 1).
    """
    _check(objective)
    whole = (1 - objective) * _exact(length / timedelta(minutes=1))
    return float(whole * _exact(remaining))


def _check(objective: Decimal) -> None:
    if not 0 < objective < 1:
        raise ValueError(f"objective {objective} is not between 0 and 1")


def _exact(value: float) -> Decimal:
    """The decimal number that the float was read from: 0.1 is a tenth."""
    return Decimal(repr(float(value)))
