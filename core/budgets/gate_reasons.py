"""The sentences in which the gate gives its reasons."""

from __future__ import annotations

from collections.abc import Sequence

from burnline.results import SloStatus, Track


def condition_reason(slo: SloStatus, condition: str, probability: float) -> str:
    """Why an SLO that is in ``condition`` (of the gate policy) matters, with its counts.

    ``probability`` is that of exhaustion from which on a forecast is named.
    """
    name = f"{slo.slo} ({slo.track} budget)"
    left = 1.0 if slo.budget_remaining is None else slo.budget_remaining
    if condition == "exhausted":
        return f"{name} is {_overspent(left)}: {_counts(slo)}{_proof(slo)}"
    if condition == "overspent":
        return f"{name} is {_overspent(left)}, but within noise: {_counts(slo)}{_to_decide(slo)}"
    if condition == "paging":
        page = next(alert for alert in slo.alerts if alert.severity == "page")
        since = f"since {page.started_at:%Y-%m-%d %H:%M}"
        return f"{name} pages {since} ({page.rule}), {percent(left)} left: {_counts(slo)}"
    if condition == "burning":
        rates = ", ".join(f"{b:.1f}× over {w}" for w, b in slo.burn_rates.items() if b is not None and b > 1)
        return f"{name} burns too fast{f' ({rates})' if rates else ''}, {percent(left)} left: {_counts(slo)}"
    return f"{name} {_near(slo, left)}: {_counts(slo)}{_outlook(slo, probability)}"


def blind(slos: Sequence[SloStatus], track: Track) -> str:
    """Why nothing is known about the budget of a track, from its SLOs."""
    if not slos:
        return f"no SLO is defined for the {track} budget"
    reasons: dict[str, list[str]] = {}
    for slo in slos:
        reasons.setdefault(slo.reason or "no data", []).append(slo.slo)
    why = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
    return f"the {track} budget has no data ({why})"


def percent(fraction: float) -> str:
    """A fraction as a percentage, with decimals where they matter."""
    digits = 0 if abs(fraction) >= 0.1 else 2
    return f"{fraction * 100:,.{digits}f} %"


def _overspent(left: float) -> str:
    return f"overspent by {percent(-left)}" if left < 0 else "exhausted, late labels included"


def _proof(slo: SloStatus) -> str:
    if slo.estimate is not None and slo.estimate.interval[1] < slo.objective:
        interval, what = slo.estimate.interval, "of all events, labelled or not,"
    elif slo.evidence is not None and slo.evidence.verdict == "confirmed_breach":
        interval, what = slo.evidence.interval, "of all"
    elif slo.evidence is not None and slo.evidence.confirmed_bad is not None:
        return f"; confirmed: {_number(slo.evidence.confirmed_bad)} of them came in burns that were proven real"
    else:
        return ""
    return f"; confirmed: {_between(interval)} {what} are good, {_precise(slo.objective)} are promised"


def _to_decide(slo: SloStatus) -> str:
    more = slo.evidence.events_to_decide if slo.evidence is not None else None
    if more is None:
        return "; the evidence is undecided"
    return f"; about {_number(max(1, round(more)))} more {_what(slo)} decide it"


def _near(slo: SloStatus, left: float) -> str:
    if slo.sli == "drift" and left <= 0:
        return f"is {_overspent(left)}, which blocks nothing by itself (inputs moved; answers are judged by other SLOs)"
    if left < 0:
        return f"is overspent by {percent(-left)} in what is labelled"
    return f"has {percent(left)} of its budget left"


def _outlook(slo: SloStatus, probability: float) -> str:
    said = []
    estimate, forecast = slo.estimate, slo.forecast
    if estimate is not None and estimate.interval[0] < slo.objective <= estimate.interval[1]:
        waiting = f"{_number(estimate.waiting)} unlabelled {_what(slo)} leave it open"
        said.append(f"{waiting}: {_between(estimate.interval)} of all are good, {_precise(slo.objective)} are promised")
    if forecast is not None and forecast.probability >= probability:
        when = f", most likely on {forecast.exhausts_at:%Y-%m-%d %H:%M}" if forecast.exhausts_at else ""
        said.append(f"it runs out with a probability of {percent(forecast.probability)}{when}")
    return "".join(f"; {part}" for part in said)


def _counts(slo: SloStatus) -> str:
    return f"{_number(slo.bad)} bad of {_number(slo.total)} {_what(slo)}, {_number(slo.budget_total)} allowed"


def _what(slo: SloStatus) -> str:
    return "events" if slo.budgeting == "Occurrences" else "slices"


def _between(interval: tuple[float, float]) -> str:
    return f"{_precise(interval[0])} to {_precise(interval[1])}"


def _precise(share: float) -> str:
    """A share of good events: objectives such as 99.95 % need their decimals."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + " %"


def _number(count: float | None) -> str:
    digits = 0 if (count or 0) >= 100 else 2
    text = f"{count or 0:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text
