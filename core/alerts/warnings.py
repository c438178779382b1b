"""What can be said about alerts when an SLO is defined, before anything burns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from math import ceil

from burnline.budgets.burn_rules import Rule, can_fire
from burnline.spec.windows import parse_duration

# Hours until a burn is proven at one budgeted bad event an hour (alpha 0.01): simulated medians.
PROOF_HOURS = {15: 0.45, 5: 3.0, 2: 25.0}
ENOUGH = 1.0
"""Budgeted bad events an hour from which on asking for evidence delays no fast alert."""


def warnings(
    objective: Decimal,
    rules: Sequence[Rule],
    *,
    length: timedelta,
    valid_per_hour: float | None = None,
    healthy_rate: float | None = None,
) -> tuple[str, ...]:
    """Sentences about alerts that cannot work as one may expect; none when all is well.

    ``rules`` are those in force for a window of ``length``; ``valid_per_hour`` is the mean number of valid
    events and ``healthy_rate`` the share of bad ones that was accepted when the model went live (its reference window),
    both None when unknown.
    """
    found = [_never(rule, objective) for rule in rules if not can_fire(rule, objective)]
    if not rules:
        found.append(
            f"A window of {_time(length)} is shorter than the long window of every alert rule: nothing can fire."
        )
    if healthy_rate is not None and healthy_rate >= 1 - objective:
        found.append(
            f"The objective allows {_percent(1 - objective)} bad events and healthy traffic has "
            f"{_percent(healthy_rate)}: its alerts tell nothing; set an objective that is met when all is well."
        )
    if valid_per_hour is not None and valid_per_hour > 0:
        found += _traffic(objective, rules, valid_per_hour)
    return tuple(found)


def hours_to_proof(objective: Decimal, valid_per_hour: float, burn: int) -> float | None:
    """About how long a burn of 15, 5 or 2 lasts until the evidence proves it.

    ``PROOF_HOURS`` over the budgeted bad events an hour. None where a total outage burns slower.
    """
    if burn * (1 - objective) >= 1 or valid_per_hour <= 0:
        return None
    return PROOF_HOURS[burn] / (valid_per_hour * float(1 - objective))


def _never(rule: Rule, objective: Decimal) -> str:
    return (
        f"The {rule.name} {rule.severity} needs a burn rate above {rule.threshold:.4g} and a total outage "
        f"burns at {float(1 / (1 - objective)):.4g}: it can never fire."
    )


def _traffic(objective: Decimal, rules: Sequence[Rule], valid_per_hour: float) -> list[str]:
    found = []
    budgeted = valid_per_hour * float(1 - objective)
    if budgeted < ENOUGH:
        proofs = ((burn, hours_to_proof(objective, valid_per_hour, burn)) for burn in PROOF_HOURS)
        burn, hours = next(((b, h) for b, h in proofs if h is not None), (0, 0.0))
        proof = f": a {burn}x burn takes about {_time(timedelta(hours=hours))} to prove" if burn else ""
        found.append(
            f"With {_events(valid_per_hour)} an hour the budget is {budgeted:.2g} bad an hour{proof}; "
            "a lower objective or more traffic decides sooner."
        )
    page = next((rule for rule in rules if rule.severity == "page" and can_fire(rule, objective)), None)
    if page is not None:
        seen = valid_per_hour * (parse_duration(page.long).fixed / timedelta(hours=1))
        if seen * page.threshold * float(1 - objective) < 1:
            enough = ceil(1 / (page.threshold * float(1 - objective)))
            found.append(
                f"One bad event alone exceeds the {page.name} page threshold: with {_events(seen)} in {page.long} it "
                f"takes {enough} to keep it below; only the evidence keeps it quiet."
            )
    return found


def _percent(rate: float | Decimal) -> str:
    return f"{float(rate) * 100:.3g} %"


def _events(count: float) -> str:
    return "1 event" if 0.95 <= count < 1.05 else f"{count:,.0f} events" if count >= 10 else f"{count:.2g} events"


def _time(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.2g} h" if hours < 48 else f"{hours / 24:,.0f} d"
