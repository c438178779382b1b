"""When a budget burns fast enough to act: pairs of a long and a short window.

Method: Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts". The pairs
stand in ``burn_rules.yaml``; a threshold is ``budget`` x P / long for a window of length P.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from burnline.results import BURN_WINDOWS
from burnline.spec.windows import parse_duration


@dataclass(frozen=True)
class Rule:
    """A pair of windows and the burn rate that both must exceed.

    ``budget`` is the fraction of the error budget that burning at ``threshold`` for the long
    window spends.
    """

    severity: Literal["page", "ticket"]
    long: str
    short: str
    budget: Decimal
    threshold: float

    @property
    def name(self) -> str:
        """The windows of the pair: ``1h/5m``."""
        return f"{self.long}/{self.short}"


def rules(length: timedelta) -> tuple[Rule, ...]:
    """The rules for a window of this length, fastest first.

    A pair whose long window exceeds the window itself is left out. No threshold is below 1:
    a burn rate of 1 or less never exhausts the budget.
    """
    scaled = []
    for row in _table():
        long = parse_duration(row.long).fixed
        if long > length:
            continue
        pace = row.budget * _microseconds(length) / _microseconds(long)
        scaled.append(Rule(row.severity, row.long, row.short, row.budget, float(max(pace, Decimal(1)))))
    return tuple(scaled)


def ticket_rules(length: timedelta) -> tuple[Rule, ...]:
    """The rules of an SLO that is judged by the day, which never pages: tickets, over the long window alone.

    A short window would hold no slice for most of the day.
    """
    return tuple(replace(rule, short=rule.long) for rule in rules(length) if rule.severity == "ticket")


def can_fire(rule: Rule, objective: Decimal) -> bool:
    """Whether a total outage, which burns at 1 / (1 - objective), exceeds the threshold."""
    return Decimal(repr(rule.threshold)) * (1 - objective) < 1


def firing(rules: Sequence[Rule], burn: Mapping[str, float | None], objective: Decimal) -> tuple[Rule, ...]:
    """The rules whose long and short burn rates both exceed (strictly) their threshold.

    ``burn`` is by window name; a rate of None (no events) exceeds nothing. Rules that can never
    fire at this objective are dropped.
    """
    return tuple(
        rule
        for rule in rules
        if can_fire(rule, objective)
        and _exceeds(burn.get(rule.long), rule.threshold)
        and _exceeds(burn.get(rule.short), rule.threshold)
    )


def detection_time(
    rule: Rule, objective: Decimal, error_ratio: float, *, window: Literal["long", "short"] = "long"
) -> timedelta | None:
    """How long a steady error ratio lasts before the burn rate of a window exceeds the threshold.

    (1 - objective) x threshold / error_ratio x window; None when it never does.
    """
    if error_ratio <= 0:
        return None
    length = parse_duration(rule.long if window == "long" else rule.short).fixed
    share = float((1 - objective) * Decimal(repr(rule.threshold))) / error_ratio
    return share * length if share < 1 else None


@dataclass(frozen=True)
class _Row:
    severity: Literal["page", "ticket"]
    long: str
    short: str
    budget: Decimal


@cache
def _table() -> tuple[_Row, ...]:
    text = files("burnline.budgets").joinpath("burn_rules.yaml").read_text("utf-8")
    table = tuple(
        _Row(row["severity"], row["long"], row["short"], Decimal(row["budget"])) for row in yaml.safe_load(text)
    )
    unknown = {name for row in table for name in (row.long, row.short)} - set(BURN_WINDOWS)
    if unknown:
        raise ValueError(f"burn_rules.yaml: no burn rate is computed over {sorted(unknown)}")
    return table


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def _exceeds(burn: float | None, threshold: float) -> bool:
    return burn is not None and burn > threshold
