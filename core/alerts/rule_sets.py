"""Alert rules that somebody tries on a history: ``page 14.4 1h/5m, ticket 1 3d/6h``."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from burnline.budgets.burn_rules import Rule
from burnline.errors import BurnlineError
from burnline.results import Severity
from burnline.spec.units import UnitError
from burnline.spec.windows import BUCKET, parse_duration

EXAMPLE = "page 14.4 1h/5m, ticket 1 3d/6h"
_RULE = re.compile(r"(page|ticket)\s+(\d{1,6}(?:\.\d{1,6})?)x?\s+(\w+)\s*/\s*(\w+)")
_SEVERITIES: dict[str, Severity] = {"page": "page", "ticket": "ticket"}


def parse_rules(text: str, length: timedelta) -> tuple[Rule, ...]:
    """Read rules: severity, burn rate and the two windows of each, separated by commas.

    Windows are multiples of five minutes, the short one shorter than the long one and that no longer
    than ``length``, the SLO's window. ``budget`` of a rule is threshold x long / length.

    Raises:
        BurnlineError: not such rules.
    """
    parts = [part.strip() for part in text.split(",")]
    found = tuple(_rule(part, length) for part in parts)
    if len(set(found)) < len(found):
        raise BurnlineError(f"rules: {text!r} names a rule twice; leave one out")
    return found


def _rule(text: str, length: timedelta) -> Rule:
    match = _RULE.fullmatch(text)
    if match is None:
        raise BurnlineError(f"rules: {text!r} is not a rule; write severity, burn rate and windows, such as {EXAMPLE}")
    severity, threshold, long, short = match.groups()
    spans = [_window(name, text) for name in (long, short)]
    if spans[1] >= spans[0]:
        raise BurnlineError(f"rules: in {text!r} the second window must be shorter than the first")
    if spans[0] > length:
        raise BurnlineError(f"rules: in {text!r} the first window is longer than the window of the SLO")
    if float(threshold) <= 0:
        raise BurnlineError(f"rules: in {text!r} the burn rate must be above 0")
    spends = Decimal(threshold) * (spans[0] // BUCKET) / (length // BUCKET)
    return Rule(_SEVERITIES[severity], long, short, spends, float(threshold))


def _window(name: str, text: str) -> timedelta:
    try:
        duration = parse_duration(name)
    except UnitError as error:
        raise BurnlineError(f"rules: in {text!r} {error}") from None
    if not duration.is_fixed or duration.fixed % BUCKET:
        raise BurnlineError(f"rules: in {text!r} the window {name} is not a whole number of five minutes")
    return duration.fixed
