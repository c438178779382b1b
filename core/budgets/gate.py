"""May this model be deployed? The error budget policy, applied to its SLOs.

The policy is data: ``gate.yaml`` says for every condition of an SLO and every tier whether feature
deploys go on. Source: Site Reliability Workbook, appendix B, "Example Error Budget Policy".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import yaml

from burnline.budgets.gate_reasons import blind, condition_reason, percent
from burnline.errors import BurnlineError
from burnline.results import Decision, GateStatus, SloStatus, Track

Change = Literal["feature", "fix", "security"]
Condition = Literal["exhausted", "overspent", "paging", "burning", "near", "no_data"]

_DECISIONS: tuple[Decision, ...] = ("block", "caution", "allow")
_NO_SLO = "no SLO is defined"


@dataclass(frozen=True)
class Policy:
    """What each condition means for feature deploys, by tier.

    ``remaining`` and ``probability`` are the limits of "near exhaustion"; ``passes`` are the kinds
    of change that a reason lets through; ``decisions`` has the conditions worst first.
    """

    remaining: float
    probability: float
    decisions: Mapping[Condition, Mapping[int, Decision]]
    passes: tuple[Change, ...]
    default_tier: int

    def decide(self, condition: Condition, tier: int | None) -> Decision:
        """The decision of one condition; a model without a tier is taken as one of the default tier."""
        return self.decisions[condition][self.default_tier if tier is None else tier]

    def rank(self, condition: Condition) -> int:
        """The place of a condition in the order worst first."""
        return list(self.decisions).index(condition)


@cache
def policy() -> Policy:
    """The policy of ``gate.yaml``."""
    read = yaml.safe_load(files("burnline.budgets").joinpath("gate.yaml").read_text("utf-8"))
    found = Policy(
        remaining=read["thresholds"]["remaining"],
        probability=read["thresholds"]["probability"],
        decisions=read["conditions"],
        passes=tuple(read["passes"]),
        default_tier=read["default_tier"],
    )
    unknown = {d for by_tier in found.decisions.values() for d in by_tier.values()} - set(_DECISIONS)
    if set(found.decisions) != set(get_args(Condition)) or unknown:
        raise ValueError("gate.yaml: an unknown or a missing condition or decision")
    return found


@dataclass(frozen=True)
class _Finding:
    decision: Decision
    rank: int
    remaining: float
    reason: str


def gate(
    slos: Sequence[SloStatus],
    *,
    tier: int | None = None,
    change: Change = "feature",
    reason: str | None = None,
) -> GateStatus:
    """May this model be deployed, by the policy of its tier (``None``: the default tier)?

    Every reason is given, worst first; an open gate has one too. A reliability or security
    fix (``change``) passes with a ``reason``: the answer then says so, and what would have
    stopped a feature.

    Raises:
        BurnlineError: an unknown kind of change, a fix without a reason, or a reason for a feature,
            which no reason lets through.
    """
    kinds = get_args(Change)
    if change not in kinds:
        raise BurnlineError(f"there is no kind of change '{change}'; write one of {', '.join(kinds)}")
    said = (reason or "").strip()
    rules = policy()
    if change not in rules.passes:
        if said:
            raise BurnlineError("a reason lets no feature through; say --change fix or --change security with it")
        decision, reasons = _feature(slos, tier, rules)
        return GateStatus(decision=decision, reasons=reasons)
    if not said:
        raise BurnlineError(f"a {_NAMES[change]} passes with a reason that is recorded; add --reason")
    return GateStatus(decision="allow", reasons=_passing(slos, tier, rules, change, said))


_NAMES: Mapping[str, str] = {"fix": "reliability fix", "security": "security fix"}


def _feature(slos: Sequence[SloStatus], tier: int | None, rules: Policy) -> tuple[Decision, tuple[str, ...]]:
    found = _findings(slos, tier, rules)
    stops = [f for f in found if f.decision != "allow"]
    if stops:
        return stops[0].decision, tuple(f.reason for f in stops)
    return "allow", tuple(f.reason for f in found) or (_open(slos),)


def _passing(slos: Sequence[SloStatus], tier: int | None, rules: Policy, change: Change, said: str) -> tuple[str, ...]:
    passes = f"the policy lets a {_NAMES[change]} through; the reason is recorded: {said}"
    found = _findings(slos, tier, rules)
    if not any(f.decision == "block" for f in found):
        return (passes, "nothing would have blocked a feature", *(f.reason for f in found))
    words = {"block": "would have blocked a feature: ", "caution": "", "allow": ""}
    return (passes, *(words[f.decision] + f.reason for f in found))


def _findings(slos: Sequence[SloStatus], tier: int | None, rules: Policy) -> list[_Finding]:
    """What the policy has to say, worst first."""
    if not slos:
        return [_Finding(rules.decide("no_data", tier), rules.rank("no_data"), 1.0, _NO_SLO)]
    found = []
    for slo in slos:
        condition = condition_of(slo, rules)
        if condition is not None:
            decision = rules.decide(condition, tier)
            text = condition_reason(slo, condition, rules.probability)
            if condition == "exhausted" and decision != "block":
                text += f"; at tier {tier} that does not block"
            found.append(_Finding(decision, rules.rank(condition), _remaining(slo), text))
    for track in get_args(Track):
        own = [slo for slo in slos if slo.track == track]
        if all(slo.state == "no_data" for slo in own):
            text = blind(own, track)
            found.append(_Finding(rules.decide("no_data", tier), rules.rank("no_data"), 1.0, text))
    return sorted(found, key=lambda f: (_DECISIONS.index(f.decision), f.rank, f.remaining))


def condition_of(slo: SloStatus, rules: Policy) -> Condition | None:
    """The worst condition that an SLO is in; ``None`` when it is healthy or has no data itself.

    Where the counts say overspent and the evidence is undecided, it is ``overspent`` and not
    ``exhausted``; an SLO that has no evidence is judged by its state alone. A labelled part that
    is overspent while late labels leave the whole open is ``near`` only, and so is drift, which proves no harm.
    """
    if slo.state == "no_data":
        return None
    if slo.sli == "drift" and slo.state in ("breached", "burning"):
        return "near"
    if slo.state == "breached":
        return "exhausted" if confirmed(slo) else "overspent"
    if any(alert.severity == "page" for alert in slo.alerts):
        return "paging"
    if slo.state == "burning":
        return "burning"
    soon = slo.forecast is not None and slo.forecast.probability >= rules.probability
    if slo.state == "at_risk" or soon or _remaining(slo) <= rules.remaining:
        return "near"
    return None


def confirmed(slo: SloStatus) -> bool:
    """Whether the budget is exhausted beyond doubt: by the rate of the window, or by burns that were proven real."""
    if slo.estimate is not None and slo.estimate.interval[1] < slo.objective:
        return True
    if slo.evidence is None or slo.evidence.verdict == "confirmed_breach":
        return True
    proven, over = slo.evidence.confirmed_bad, (slo.bad or 0.0) - (slo.budget_total or 0.0)
    return proven is not None and proven >= over > 0


def _remaining(slo: SloStatus) -> float:
    return 1.0 if slo.budget_remaining is None else slo.budget_remaining


def _open(slos: Sequence[SloStatus]) -> str:
    lowest = min((slo for slo in slos if slo.state != "no_data"), key=_remaining)
    return f"both budgets are healthy; the lowest is {lowest.slo} with {percent(_remaining(lowest))} left"
