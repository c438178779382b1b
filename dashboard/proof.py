"""Evidence, forecasts and late labels in words: how sure a number is, and what to expect of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from burnline.budgets.gate import confirmed
from burnline.dashboard import wording
from burnline.dashboard.wording import Mark
from burnline.results import Estimate, Evidence, Forecast, SloStatus

_SOON = timedelta(days=3)
_BURSTY = 1.5
_LIKELY = 0.1
_PROVISIONAL = 0.01
# An e-value of 40 is a confirmed breach; the steps between are those of betting odds, not of any test.
_STRENGTH = ((1000, "overwhelming"), (40, "proof"), (10, "strong"), (3, "some"), (0, "none to speak of"))
BURN_PROVEN = Mark("Burn proven", ":material/local_fire_department:", "orange")
BY_BURNS = Mark("Breach by burns", ":material/gpp_bad:", "red")
STANDINGS = (*wording.EVIDENCE.values(), BURN_PROVEN, BY_BURNS)
METHODS = {
    "nowcast": "label delays by outcome",
    "calibration": "confidence, calibrated",
    "surrogate": "a surrogate of the features",
    "reference": "nothing but the past rate",
}


def proven(slo: SloStatus) -> bool:
    """Whether a failing SLO fails beyond doubt: its budget is confirmed exhausted, or its burn is proven real."""
    if any(alert.confirmed for alert in slo.alerts):
        return True
    return slo.state == "breached" and confirmed(slo)


def standing(slo: SloStatus) -> Mark | None:
    """What the evidence says of an SLO in two or three words; where it burns, of the burn."""
    if slo.evidence is None:
        return None
    if slo.state == "burning" and slo.evidence.verdict != "confirmed_breach":
        return BURN_PROVEN if proven(slo) else wording.EVIDENCE["undecided"]
    if slo.state == "breached" and slo.evidence.verdict == "undecided" and proven(slo):
        return BY_BURNS
    return wording.EVIDENCE[slo.evidence.verdict]


def interval(slo: SloStatus) -> str:
    """Where the true value lies, 95 %: `94.52 to 94.89 %`."""
    if slo.evidence is None:
        return wording.NONE
    return between(slo.evidence.interval, slo.objective)


def between(limits: tuple[float, float], objective: float) -> str:
    """Two shares with the decimals an objective calls for; the unit is said once."""
    low, high = (wording.sli(value, objective) for value in limits)
    return f"{low.split(wording.NBSP)[0]} to {high}"


def evidence(slo: SloStatus) -> str:
    """The verdict of the evidence as a sentence, with its interval beside what was promised."""
    found = slo.evidence
    if found is None:
        return "There is no evidence without data."
    facts = (
        f"{between(found.interval, slo.objective)} of all {wording.unit_of(slo)} are good, 95{wording.NBSP}% sure "
        f"however often one looks; {wording.objective(slo.objective)} is promised."
    )
    return f"{_meaning(slo, found)} {facts}"


def _meaning(slo: SloStatus, found: Evidence) -> str:
    if found.verdict == "confirmed_breach":
        return "The promise is broken, and chance does not explain it."
    if found.verdict == "confirmed_ok":
        burns = " over the window as a whole; the burn of now is proven all the same" if slo.alerts else ""
        return f"The promise is kept{burns or ', and that is no luck'}."
    if slo.state == "breached" and proven(slo):
        return "The window as a whole is undecided, but what overspent the budget came in burns that are proven real."
    if slo.budget_remaining is not None and slo.budget_remaining < 0:
        return "More is bad than allowed, and chance may explain it."
    return "The data fit both a kept and a broken promise."


def to_decide(slo: SloStatus) -> str | None:
    """How much more data settles it, in events and in time at the traffic of the window."""
    found = slo.evidence
    if found is None or found.verdict != "undecided":
        return None
    if found.events_to_decide is None:
        return "What is delivered is so close to what is promised that no number of events is known to decide it."
    more = max(1.0, found.events_to_decide)
    pace = (slo.total or 0.0) / ((slo.window.to - slo.window.from_) / timedelta(days=1))
    text = f"About {wording.count(float(f'{more:.2g}'))} more {wording.unit_of(slo)} decide it"
    if pace > 0:
        days = more / pace
        text += f", ≈\u00a0{wording.duration(timedelta(days=days)) if days < 365 else 'more than a year'}"
        text += " at the traffic of the window"
    return f"{text}."


def overdispersion(found: Evidence) -> str | None:
    """What bursts do to the evidence; nothing where events scatter like chance."""
    phi = found.overdispersion
    if phi <= _BURSTY:
        return None
    bursty = " Look for a season or an incident that never ends before trusting any verdict." if phi > 20 else ""
    return (
        f"Bad events come in bursts: they scatter {wording.times(phi)} as much as independent ones, so "
        f"{wording.count(round(phi, 1))} of them weigh as one.{bursty}"
    )


def odds(found: Evidence) -> str:
    """The e-value as betting odds against the promise being kept."""
    strength = next(word for least, word in _STRENGTH if found.e_value >= least)
    if found.e_value < 1:
        return "Evidence against the promise: none."
    much = "more than a million" if found.e_value > 1e6 else wording.count(float(f"{found.e_value:.2g}"))
    return f"Evidence against the promise: {strength}, odds of {much} to 1 (40 confirm a breach)."


def spent(slo: SloStatus) -> str | None:
    """What the bad events of a model budget are made of, counted; nothing without a reference to tell them apart."""
    parts = None if slo.evidence is None or slo.track != "model" else slo.evidence.spend
    if parts is None or not slo.bad:
        return None
    named = (
        (parts.irreducible, "were accepted at validation"),
        (parts.noise, "are within noise"),
        (parts.unexplained, "unexplained"),
        (parts.confirmed, "confirmed degradation"),
    )
    counts = ", ".join(f"{wording.count(round(number))} {word}" for number, word in named if round(number))
    source = (
        f" (reference: {wording.percent(parts.reference_rate, 2)} of {wording.count(parts.reference_events)})"
        if parts.reference_events
        else " (no reference: nothing can be told apart as accepted or noise)"
    )
    return f"Of {wording.count(slo.bad)} bad {wording.unit_of(slo)} {counts}{source}."


def outlook(slo: SloStatus, zone: ZoneInfo) -> str:
    """The forecast in the fewest words: `exhausted about 26 Nov`, `19 % chance of exhaustion by 22 Dec`."""
    found = slo.forecast
    if found is None:
        return "no forecast"
    until = f" by {wording.day(found.horizon.astimezone(zone).date())}" if found.horizon else ""
    if _gone(slo):
        return f"{_overspent(found)}{until}" if found.remaining_80 else "exhausted"
    if found.exhausts_at is not None:
        return f"exhausted about {when(found.exhausts_at, slo, zone)}, {chance(found.probability)}{until}"
    return f"{chance(found.probability)} of exhaustion{until}"


def short_outlook(slo: SloStatus, zone: ZoneInfo) -> str:
    """The forecast for a cell: when, or how likely."""
    found = slo.forecast
    if found is None:
        return wording.NONE
    if _gone(slo):
        return "exhausted"
    if found.exhausts_at is not None:
        return f"≈\u00a0{wording.day(found.exhausts_at.astimezone(zone).date())}, {_rounded(found.probability)}"
    return _rounded(found.probability)


def forecast(slo: SloStatus, zone: ZoneInfo) -> str | None:
    """The forecast as a sentence; nothing where there is none."""
    found = slo.forecast
    if found is None:
        return None
    until = f" by {wording.brief(found.horizon, zone)}" if found.horizon else ""
    if _gone(slo):
        what = f"the budget is {_overspent(found)}{until} (80 %)" if found.remaining_80 else "it stays so"
        return f"If recent behaviour continues, {what}."
    if found.probability < _LIKELY:
        return f"If recent behaviour continues, the budget lasts: {chance(found.probability)} of exhaustion{until}."
    if found.exhausts_at is None:
        return f"If recent behaviour continues, exhaustion{until} has {chance(found.probability, article=True)}."
    span = ""
    first, last = found.interval_80 or (None, None)
    if first is not None:
        end = f"to {when(last, slo, zone)}" if last is not None else "or later"
        span = f" (80 %: {when(first, slo, zone)} {end})"
    return (
        f"If recent behaviour continues, the budget is exhausted about "
        f"**{when(found.exhausts_at, slo, zone)}**{span}; {chance(found.probability)}{until}."
    )


def chance(probability: float, *, article: bool = False) -> str:
    """A probability: `19 % chance`, `less than 1 % chance`."""
    text = f"{_rounded(probability)} chance"
    if not article:
        return text
    return f"{'an' if text.startswith(('8', '11', '18')) else 'a'} {text}"


def when(at: datetime, slo: SloStatus, zone: ZoneInfo) -> str:
    """A day; within three days of now the hour as well, since then hours matter."""
    return wording.brief(at, zone) if at - slo.window.to < _SOON else wording.day(at.astimezone(zone).date())


def _rounded(probability: float) -> str:
    if probability < 0.01:
        return f"<\u00a01{wording.NBSP}%"
    return f">\u00a099{wording.NBSP}%" if 0.99 < probability < 1 else wording.percent(probability)


def _gone(slo: SloStatus) -> bool:
    return slo.budget_remaining is not None and slo.budget_remaining < 0


def _overspent(found: Forecast) -> str:
    """Where an overspent budget is heading: the 80 % band of what is left at the horizon."""
    assert found.remaining_80 is not None
    low, high = found.remaining_80
    if high < 0:
        return f"overspent by {wording.percent(-high)} to {wording.percent(-low)}"
    return f"between {wording.percent(low)} and {wording.percent(high)} left"


def late(found: Estimate, slo: SloStatus) -> str:
    """What late labels leave open, as a sentence."""
    return (
        f"{wording.count(found.waiting)} of {wording.count(found.labelled + found.waiting)} outcomes are unknown yet. "
        f"With what is expected of them **{wording.sli(found.value, slo.objective)}** are good "
        f"(95 %: {between(found.interval, slo.objective)})."
    )


def provisional(slo: SloStatus) -> bool:
    """Whether enough outcomes are unknown that the figures of the labelled part are not the last word."""
    found = slo.estimate
    return found is not None and found.waiting > _PROVISIONAL * (found.labelled + found.waiting)


def estimated_left(found: Estimate, slo: SloStatus) -> tuple[float, float, float]:
    """What is left of the budget by the estimate: value, and the ends of its 95 % interval."""
    share = 1 - slo.objective
    value, low, high = (1 - (1 - good) / share for good in (found.value, *found.interval))
    return value, low, high
