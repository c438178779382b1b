"""What a burning budget means to people, by tier of the model: ``policy.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from burnline.budgets.burn_rules import Rule
from burnline.results import Severity


@dataclass(frozen=True)
class Policy:
    """What pairs that page or ticket by rule become, and the chance of a false alarm.

    ``alpha`` bounds the probability of any false alarm of one SLO within 30 days.
    """

    page: Severity
    ticket: Severity
    alpha: float

    def apply(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """The rules with the severities of this policy."""
        return tuple(replace(rule, severity=self.page if rule.severity == "page" else self.ticket) for rule in rules)


def policy(tier: int, slos_in_fleet: int) -> Policy:
    """The policy of a tier where ``slos_in_fleet`` SLOs page the same people.

    Raises:
        KeyError: no such tier.
    """
    table = _table()
    row = table["tiers"][tier]
    crowd = table["alpha_of_many"] if slos_in_fleet > table["many"] else 1.0
    return Policy(row["page"], row["ticket"], min(row["alpha"], crowd))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(files("burnline.alerts").joinpath("policy.yaml").read_text("utf-8"))
    return table
