"""Numbers and sentences as people read them.

Rates are fractions until here. Percentages and units are joined by a no-break space, so that a
narrow screen never parts them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from burnline.budgets.budget import minutes, time_to_exhaustion
from burnline.results import Decision, ModelStatus, SloStatus, State, Track, Verdict

NONE = "–"
_NBSP = "\u00a0"

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
# SLIs that can only be judged once the true outcome is known.
_LABELLED = ("accuracy", "canary", "quality")
TRACKS: dict[Track, str] = {"infrastructure": "Infrastructure", "model": "Model"}


def shown_state(model: ModelStatus) -> Shown:
    """The state of a model; one without a definition has no SLO, which is not the same as no data."""
    return model.state if model.defined and model.slos else "no_slo"


def percent(fraction: float | None, digits: int = 0) -> str:
    """A share: `0.0831` is `8 %`."""
    if fraction is None or not math.isfinite(fraction):
        return NONE
    text = f"{fraction * 100:,.{digits}f}"
    return f"{'0' if text == '-0' else text}{_NBSP}%".replace("-", "−")


def sli(value: float | None, objective: float) -> str:
    """An SLI in per cent with the decimals its objective calls for, never rounded up to a promise."""
    if value is None:
        return NONE
    step = Decimal(1).scaleb(-sli_digits(objective))
    exact = (Decimal(repr(value)) * 100).quantize(step, rounding=ROUND_FLOOR)
    return f"{exact}{_NBSP}%"


def sli_digits(objective: float) -> int:
    """Two to four decimals: enough to see a hundredth of the budget move."""
    return min(4, max(2, math.ceil(-math.log10(max(1 - objective, 1e-9)) - 1e-9)))


def objective(value: float) -> str:
    """A promise as it is written: `0.9995` is `99.95 %`."""
    text = f"{Decimal(repr(value)) * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{_NBSP}%"


def threshold(value: float | None, unit: str | None) -> str:
    """A threshold with its unit: `300 s` is `5 min`."""
    if value is None:
        return NONE
    if unit == "s" and value >= 60:
        return duration(timedelta(seconds=value))
    return f"{value:g}{_NBSP}{unit}" if unit else f"{value:g}"


def count(value: float | None) -> str:
    """A count of events: thousands are separated, millions abbreviated."""
    if value is None:
        return NONE
    if abs(value) >= 10_000_000:
        return f"{value / 1e6:,.1f}{_NBSP}M"
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
        return f"{total}{_NBSP}s"
    parts = ((total // 86400, "d"), (total // 3600 % 24, "h"), (total // 60 % 60, "min"))
    named = [f"{value}{_NBSP}{unit}" for value, unit in parts if value]
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
    """What is left: `8 % left`, or by how much it is overspent."""
    left = slo.budget_remaining
    if left is None:
        return "no data"
    if left < 0:
        return f"overspent by {percent(-left)}"
    return f"{percent(left, 0 if left >= 0.1 or left == 0 else 1)} left"


def budget_minutes(slo: SloStatus) -> float | None:
    """What is left in minutes of total failure over the window."""
    if slo.budget_remaining is None:
        return None
    return minutes(Decimal(repr(slo.objective)), slo.window.ends_at - slo.window.from_, slo.budget_remaining)


def unit_of(slo: SloStatus) -> str:
    """What an SLO counts."""
    return "events" if slo.budgeting == "Occurrences" else "slices"


def burns(slo: SloStatus) -> str:
    """The burn rates of the last hour, six hours and three days."""
    return " / ".join(times(slo.burn_rates.get(window)) for window in ("1h", "6h", "3d"))


def worst_first(slos: tuple[SloStatus, ...]) -> list[SloStatus]:
    """SLOs with data, the one that needs attention most at the head."""
    order: list[State] = ["breached", "burning", "at_risk", "healthy"]
    known = [slo for slo in slos if slo.state in order]
    return sorted(known, key=lambda s: (order.index(s.state), s.budget_remaining or 0.0))


def gone_in(slo: SloStatus) -> str | None:
    """How long a burning budget lasts at the pace of the last six hours."""
    left, pace = slo.budget_remaining, slo.burn_rates.get("6h")
    if left is None or pace is None or left <= 0 or pace <= 1:
        return None
    lasts = time_to_exhaustion(left, pace, slo.window.ends_at - slo.window.from_)
    return None if lasts is None else f"gone in {duration(lasts)} at this pace"


def attention(model: ModelStatus) -> str:
    """One sentence on why a model needs a human."""
    if not model.slos:
        return f"{count(model.requests)} requests without a promise: write models/{model.model}.yaml"
    worst = next(iter(worst_first(model.slos)), None)
    if worst is None:
        return next((slo.reason for slo in model.slos if slo.reason), "no data")
    parts = [f"**{worst.slo}** {budget(worst)}", gone_in(worst), f"burn {burns(worst)}"]
    return " · ".join(part for part in parts if part)


def verdict(model: ModelStatus, since: datetime | None, zone: ZoneInfo) -> str:
    """What is wrong with a model, what it costs, and since when (the exhaustion of its worst SLO)."""
    worst = next(iter(worst_first(model.slos)), None)
    if worst is None or model.verdict == "no_data":
        return "No data: nothing in the logs lets any of its promises be judged."
    if model.verdict == "healthy" and worst.state == "healthy":
        return f"Both budgets hold. The tightest is **{worst.slo}** with {budget(worst)}."
    opening = {
        "healthy": "Both budgets hold, one of them barely.",
        "infrastructure": "The service fails its promise; the answers it gives are fine.",
        "silent_model_failure": "Silent model failure: the service is fine, the answers are not.",
        "both": "Both budgets are failing: the service and its answers.",
        "no_data": "",
    }[model.verdict]
    return f"{opening} {cost(worst, since, zone)}"


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


def cost(slo: SloStatus, since: datetime | None, zone: ZoneInfo) -> str:
    """What an SLO has spent of its budget, since when it is exhausted, how long it lasts."""
    spent = percent((slo.budget_consumed or 0.0) / slo.budget_total) if slo.budget_total else NONE
    over = f", exhausted since {brief(since, zone)}" if since and slo.state == "breached" else ""
    pace = gone_in(slo)
    tail = f" It is {pace}." if pace else ""
    return (
        f"**{slo.slo}** has spent {spent} of its budget{over}: {count(slo.bad)} bad of "
        f"{count(slo.total)} {unit_of(slo)} where {count(slo.budget_total)} are allowed.{tail}"
    )


def outcomes_known(models: Iterable[ModelStatus]) -> str:
    """How much of what needs a true outcome has one: labelled of all that could be labelled."""
    waiting = [
        (slo.total or 0.0, slo.coverage)
        for model in models
        for slo in model.slos
        if slo.sli in _LABELLED and slo.budgeting == "Occurrences" and slo.coverage
    ]
    eligible = sum(total / coverage for total, coverage in waiting)
    if not eligible:
        return "no outcome is known"
    return f"outcome known of {percent(sum(total for total, _ in waiting) / eligible, 1)} of predictions"


def failing_now(model: ModelStatus) -> bool:
    """Whether a model needs a human: a budget of it is spent or burns too fast."""
    return model.state in ("breached", "burning")


def fleet(models: Sequence[ModelStatus]) -> str:
    """The answer of the morning: how many models need a human, and the one to begin with."""
    silent = sum(m.verdict == "silent_model_failure" for m in models)
    failing = [m for m in models if failing_now(m)]
    if not failing:
        watched = sum(shown_state(m) == "healthy" for m in models)
        return f"Nothing needs a human: {watched} of {len(models)} models are inside both budgets."
    quiet = {0: "", 1: " One fails silently: the service is fine, its answers are not."}.get(
        silent, f" {silent} fail silently: the service is fine, its answers are not."
    )
    need = "1 model needs" if len(failing) == 1 else f"{len(failing)} models need"
    return f"{need} a human this morning.{quiet}"
