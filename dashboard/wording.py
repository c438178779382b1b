"""Numbers and sentences as people read them.

Rates are fractions until here. Percentages and units are joined by a no-break space, so that a
narrow screen never parts them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from burnline.budgets.budget import minutes
from burnline.results import Decision, EvidenceVerdict, ModelStatus, SloStatus, State, Track, Verdict

NONE = "–"
NBSP = "\u00a0"

Shown = State | Literal["no_slo"]


@dataclass(frozen=True)
class Mark:
    """How a state is shown: never by colour alone."""

    word: str
    icon: str
    color: Literal["green", "yellow", "orange", "red", "gray"]

    @property
    def label(self) -> str:
        """The word inside a sentence."""
        return self.word[0].lower() + self.word[1:]


STATES: dict[Shown, Mark] = {
    "breached": Mark("Breached", ":material/error:", "red"),
    "burning": Mark("Burning", ":material/local_fire_department:", "orange"),
    "at_risk": Mark("At risk", ":material/warning:", "yellow"),
    "no_data": Mark("No data", ":material/visibility_off:", "gray"),
    "no_slo": Mark("No SLO", ":material/help:", "gray"),
    "healthy": Mark("Healthy", ":material/check_circle:", "green"),
}
DECISIONS: dict[Decision, Mark] = {
    "block": Mark("Blocked", ":material/block:", "red"),
    "caution": Mark("Caution", ":material/warning:", "yellow"),
    "allow": Mark("Open", ":material/check_circle:", "green"),
}
VERDICTS: dict[Verdict, str] = {
    "healthy": "Both budgets hold",
    "infrastructure": "Infrastructure",
    "silent_model_failure": "Silent model failure",
    "both": "Infrastructure and model",
    "no_data": "No data",
}
EVIDENCE: dict[EvidenceVerdict, Mark] = {
    "confirmed_breach": Mark("Confirmed breach", ":material/gpp_bad:", "red"),
    "undecided": Mark("Undecided", ":material/hourglass_empty:", "gray"),
    "confirmed_ok": Mark("Confirmed ok", ":material/verified_user:", "green"),
}
TRACKS: dict[Track, str] = {"infrastructure": "Infrastructure", "model": "Model"}


def shown_state(model: ModelStatus) -> Shown:
    """The state of a model; one without a definition has no SLO, which is not the same as no data."""
    return model.state if model.defined and model.slos else "no_slo"


def percent(fraction: float | None, digits: int = 0) -> str:
    """A share: `0.0831` is `8 %`."""
    if fraction is None or not math.isfinite(fraction):
        return NONE
    text = f"{fraction * 100:,.{digits}f}"
    return f"{'0' if text == '-0' else text}{NBSP}%".replace("-", "−")


def sli(value: float | None, objective: float) -> str:
    """An SLI in per cent with the decimals its objective calls for, never rounded up to a promise."""
    if value is None:
        return NONE
    step = Decimal(1).scaleb(-sli_digits(objective))
    exact = (Decimal(repr(value)) * 100).quantize(step, rounding=ROUND_FLOOR)
    return f"{exact}{NBSP}%"


def sli_digits(objective: float) -> int:
    """Two to four decimals: enough to see a hundredth of the budget move."""
    return min(4, max(2, math.ceil(-math.log10(max(1 - objective, 1e-9)) - 1e-9)))


def objective(value: float) -> str:
    """A promise as it is written: `0.9995` is `99.95 %`."""
    text = f"{Decimal(repr(value)) * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{NBSP}%"


def threshold(value: float | None, unit: str | None) -> str:
    """A threshold with its unit: `300 s` is `5 min`."""
    if value is None:
        return NONE
    if unit == "s" and value >= 60:
        return duration(timedelta(seconds=value))
    return f"{value:g}{NBSP}{unit}" if unit else f"{value:g}"


def count(value: float | None) -> str:
    """A count of events: thousands are separated, millions abbreviated."""
    if value is None:
        return NONE
    if abs(value) >= 10_000_000:
        return f"{value / 1e6:,.1f}{NBSP}M"
    digits = 0 if float(value).is_integer() or abs(value) >= 100 else 1
    return f"{value:,.{digits}f}".replace("-", "−")


def times(burn: float | None) -> str:
    """A burn rate: 1× spends exactly the budget."""
    if burn is None:
        return NONE
    return f"{burn:,.0f}×" if burn >= 100 else f"{burn:.1f}×"


def duration(span: timedelta) -> str:
    """A length of time in its two largest units."""
    total = round(span.total_seconds())
    if total < 60:
        return f"{total}{NBSP}s"
    parts = ((total // 86400, "d"), (total // 3600 % 24, "h"), (total // 60 % 60, "min"))
    named = [f"{value}{NBSP}{unit}" for value, unit in parts if value]
    return " ".join(named[:1] if total >= 3 * 86400 else named[:2])


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time of the workspace with its zone: `22 Nov 2026, 23:00 CET`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M %Z}"


def brief(at: datetime, zone: ZoneInfo) -> str:
    """A time where year and zone are clear from around it: `22 Nov 23:00`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def day(at: date) -> str:
    """A day: `22 Nov`."""
    return f"{at.day} {at:%b}"


def budget(slo: SloStatus) -> str:
    """What is left of a budget in words."""
    return left(slo.budget_remaining)


def left(remaining: float | None) -> str:
    """What is left: `8 % left`, or by how much it is overspent."""
    if remaining is None:
        return "no data"
    if remaining < 0:
        return f"overspent by {percent(-remaining)}"
    return f"{percent(remaining, 0 if remaining >= 0.1 or remaining == 0 else 1)} left"


def budget_minutes(slo: SloStatus) -> float | None:
    """What is left in minutes of total failure over the window."""
    if slo.budget_remaining is None:
        return None
    return minutes(Decimal(repr(slo.objective)), slo.window.ends_at - slo.window.from_, slo.budget_remaining)


def unit_of(slo: SloStatus) -> str:
    """What an SLO counts."""
    if slo.budgeting == "Occurrences":
        return "events"
    return "days" if slo.sli == "drift" else "slices"


def burns(slo: SloStatus) -> str:
    """The burn rates of the last hour, six hours and three days."""
    return " / ".join(times(slo.burn_rates.get(window)) for window in ("1h", "6h", "3d"))


def worst_first(slos: tuple[SloStatus, ...]) -> list[SloStatus]:
    """SLOs with data, the one that needs attention most at the head; drift, which only warns, comes last."""
    order: list[State] = ["breached", "burning", "at_risk", "healthy"]
    known = [slo for slo in slos if slo.state in order]
    return sorted(known, key=lambda s: (s.sli == "drift", order.index(s.state), s.budget_remaining or 0.0))


def window(slo: SloStatus, zone: ZoneInfo) -> str:
    """The window of an SLO: `30 d rolling`, or since when a calendar window runs."""
    if slo.window.kind == "calendar":
        return f"calendar window since {brief(slo.window.from_, zone)}"
    return f"{duration(slo.window.to - slo.window.from_)} rolling"


def known(slo: SloStatus) -> str:
    """On how much of what could be judged an SLO rests."""
    if slo.coverage is None:
        return "no data"
    return f"judged on {percent(slo.coverage, 0 if slo.coverage == 1 else 1)} of {unit_of(slo)}"
