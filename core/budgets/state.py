"""What the numbers mean: the state of an SLO, of a track and of a model, the verdict and the gate.

The two tracks never offset each other: a track is judged by its own SLOs only and is as bad as
the worst of them. Without data there is no state, and no data is never "met".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from burnline.budgets.budget import Budget
from burnline.results import (
    GateStatus,
    SloStatus,
    State,
    Track,
    Tracks,
    TrackStatus,
    Verdict,
)

AT_RISK = 0.25

_WORST_FIRST: tuple[State, ...] = ("breached", "burning", "at_risk", "no_data", "healthy")
_TRACKS: tuple[Track, ...] = ("infrastructure", "model")
_FAILING: tuple[State, ...] = ("breached", "burning")
_NO_SLO = "no SLO is defined"


@dataclass(frozen=True)
class Judgement:
    """What the SLOs of one model add up to."""

    state: State
    verdict: Verdict
    tracks: Tracks
    gate: GateStatus


def severity(state: State) -> int:
    """How urgent a state is, for worst-first order: healthy 0, no_data 1, … breached 4."""
    return len(_WORST_FIRST) - 1 - _WORST_FIRST.index(state)


def slo_state(budget: Budget | None, *, burning: bool) -> State:
    """The state of an SLO; ``burning`` = a burn-rate rule fires, no budget = no data.

    A budget spent to the last event is not breached: the objective is met.
    """
    if budget is None:
        return "no_data"
    if budget.remaining < 0:
        return "breached"
    if burning:
        return "burning"
    return "at_risk" if budget.remaining <= AT_RISK else "healthy"


def track_status(slos: Iterable[SloStatus]) -> TrackStatus:
    """One track from its SLOs: the worst state, and the lowest remaining budget and its SLO."""
    known = [slo for slo in slos if slo.state != "no_data"]
    if not known:
        return TrackStatus(state="no_data", budget_remaining=None, binding_slo=None)
    binding = min(known, key=_remaining)
    return TrackStatus(
        state=_worst(slo.state for slo in known),
        budget_remaining=binding.budget_remaining,
        binding_slo=binding.slo,
    )


def tracks(slos: Sequence[SloStatus]) -> Tracks:
    """Both tracks of a model, each from its own SLOs only."""
    return Tracks(
        infrastructure=track_status(s for s in slos if s.track == "infrastructure"),
        model=track_status(s for s in slos if s.track == "model"),
    )


def model_state(tracks: Tracks) -> State:
    """The worse of the two tracks that have data."""
    known = [t.state for t in (tracks.infrastructure, tracks.model) if t.state != "no_data"]
    return _worst(known) if known else "no_data"


def verdict(tracks: Tracks) -> Verdict:
    """Which side fails. A track fails when it is breached or burning.

    Only the model track fails = silent model failure: the service answers, and answers wrongly.
    """
    infrastructure = tracks.infrastructure.state in _FAILING
    model = tracks.model.state in _FAILING
    if infrastructure and model:
        return "both"
    if infrastructure:
        return "infrastructure"
    if model:
        return "silent_model_failure"
    return "no_data" if model_state(tracks) == "no_data" else "healthy"


def gate(slos: Sequence[SloStatus]) -> GateStatus:
    """May the model be deployed? A breached budget of either track blocks.

    A burning or nearly spent budget, a track without data and a model without SLOs call for
    caution. Every reason is given, worst first; an open gate has one too.
    """
    if not slos:
        return GateStatus(decision="caution", reasons=(_NO_SLO,))
    urgent = sorted(
        (slo for slo in slos if slo.state in (*_FAILING, "at_risk")),
        key=lambda slo: (-severity(slo.state), _remaining(slo)),
    )
    blind = [track for track in _TRACKS if track_status(_of(slos, track)).state == "no_data"]
    reasons = (*(_reason(slo) for slo in urgent), *(_blind(slos, track) for track in blind))
    if any(slo.state == "breached" for slo in urgent):
        return GateStatus(decision="block", reasons=reasons)
    if reasons:
        return GateStatus(decision="caution", reasons=reasons)
    return GateStatus(decision="allow", reasons=(_open(slos),))


def judge(slos: Sequence[SloStatus]) -> Judgement:
    """State, verdict, tracks and gate of one model from its SLOs."""
    both = tracks(slos)
    return Judgement(model_state(both), verdict(both), both, gate(slos))


def _of(slos: Iterable[SloStatus], track: Track) -> list[SloStatus]:
    return [slo for slo in slos if slo.track == track]


def _worst(states: Iterable[State]) -> State:
    return max(states, key=severity)


def _remaining(slo: SloStatus) -> float:
    return 1.0 if slo.budget_remaining is None else slo.budget_remaining


def _reason(slo: SloStatus) -> str:
    left = _remaining(slo)
    counts = _counts(slo)
    if slo.state == "breached":
        return f"{slo.slo} ({slo.track} budget) is overspent by {_percent(-left)}: {counts}"
    if slo.state == "burning":
        rates = ", ".join(f"{b:.1f}× over {w}" for w, b in slo.burn_rates.items() if b is not None and b > 1)
        return f"{slo.slo} ({slo.track} budget) burns too fast ({rates}), {_percent(left)} left: {counts}"
    return f"{slo.slo} ({slo.track} budget) has {_percent(left)} of its budget left: {counts}"


def _counts(slo: SloStatus) -> str:
    what = "events" if slo.budgeting == "Occurrences" else "slices"
    return f"{_number(slo.bad)} bad of {_number(slo.total)} {what}, {_number(slo.budget_total)} allowed"


def _blind(slos: Sequence[SloStatus], track: Track) -> str:
    named = _of(slos, track)
    if not named:
        return f"no SLO is defined for the {track} budget"
    reasons: dict[str, list[str]] = {}
    for slo in named:
        reasons.setdefault(slo.reason or "no data", []).append(slo.slo)
    why = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
    return f"the {track} budget has no data ({why})"


def _open(slos: Sequence[SloStatus]) -> str:
    lowest = min((slo for slo in slos if slo.state != "no_data"), key=_remaining)
    return f"both budgets are healthy; the lowest is {lowest.slo} with {_percent(_remaining(lowest))} left"


def _percent(fraction: float) -> str:
    digits = 0 if abs(fraction) >= 0.1 else 2
    return f"{fraction * 100:,.{digits}f} %"


def _number(count: float | None) -> str:
    digits = 0 if (count or 0) >= 100 else 2
    text = f"{count or 0:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text
