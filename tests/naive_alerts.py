"""The alert engine again, one bucket at a time, in plain floats and decimals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce

from burnline.alerts.detector import BURNS
from burnline.budgets.burn_rules import Rule
from burnline.spec.windows import BUCKET, parse_duration


@dataclass
class NaiveEpisode:
    severity: str
    rule: str
    fired: int
    log_e: float
    rules: set[str] = field(default_factory=set)
    resolved: int | None = None


def naive_replay(
    valid: Sequence[float],
    bad: Sequence[float],
    objective: Decimal,
    rules: Sequence[Rule],
    alpha: float,
    phi: float,
    gated: bool,
) -> tuple[list[NaiveEpisode], float]:
    """Episodes and ln M at the end."""
    p0 = float(1 - objective)
    grid = [r for r in BURNS if r * p0 < 0.95]
    m = [-math.inf] * len(grid)
    holds = dict.fromkeys(rules, False)
    blind = dict.fromkeys(rules, 10**9)
    quiet = {"page": 10**9, "ticket": 10**9}
    current: dict[str, NaiveEpisode] = {}
    episodes: list[NaiveEpisode] = []
    for t in range(len(valid)):
        good = max(valid[t] - bad[t], 0.0)
        m = [
            _log_add(x, math.log(1 / 8640)) + (bad[t] * math.log(r) + good * math.log((1 - r * p0) / (1 - p0))) / phi
            for x, r in zip(m, grid, strict=True)
        ]
        evidence = reduce(_log_add, m) - math.log(len(m))
        exceeds = {}
        for rule in rules:
            long, short = (parse_duration(w).fixed // BUCKET for w in (rule.long, rule.short))
            burns = [_burn(valid, bad, t, w, objective) for w in (long, short)]
            threshold = Decimal(repr(rule.threshold))
            exceeds[rule] = t + 1 >= long and all(b is not None and b > threshold for b in burns)
            if burns[1] is not None:
                calm = max(threshold / 2, min(threshold, Decimal(1)))
                goes_on = burns[1] > calm if calm < threshold else exceeds[rule]
                holds[rule], blind[rule] = exceeds[rule] or (holds[rule] and goes_on), 0
            else:
                blind[rule] += 1
                holds[rule] = holds[rule] and blind[rule] <= 864
        for severity in ("page", "ticket"):
            mine = [rule for rule in rules if rule.severity == severity]
            held = any(holds[rule] for rule in mine)
            quiet[severity] = 0 if held else quiet[severity] + 1
            first = next((rule for rule in mine if exceeds[rule]), None)
            if severity not in current and first and (not gated or evidence >= math.log(1 / alpha)):
                current[severity] = NaiveEpisode(severity, first.name, t, evidence)
                episodes.append(current[severity])
            if severity in current:
                current[severity].rules |= {rule.name for rule in mine if holds[rule]}
        over = [s for s in current if quiet[s] >= 6]
        for severity in over:
            current.pop(severity).resolved = t
        if over and not current:
            m = [-math.inf] * len(grid)
            evidence = -math.inf
    return episodes, evidence


def _log_add(a: float, b: float) -> float:
    high, low = max(a, b), min(a, b)
    return high + math.log1p(math.exp(low - high)) if low > -math.inf else high


def _burn(valid: Sequence[float], bad: Sequence[float], t: int, size: int, objective: Decimal) -> Decimal | None:
    part = slice(max(0, t + 1 - size), t + 1)
    n = sum((Decimal(repr(float(x))) for x in valid[part]), Decimal(0))
    b = sum((Decimal(repr(float(x))) for x in bad[part]), Decimal(0))
    return None if n <= 0 else min(max(b, Decimal(0)), n) / ((1 - objective) * n)
