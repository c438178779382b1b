"""What the numbers mean: the state of an SLO, of a track and of a model, and the verdict.

The two tracks never offset each other: a track is judged by its own SLOs only and is as bad as
the worst of them. Without data there is no state, and no data is never "met".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from burnline.budgets.budget import Budget
from burnline.budgets.gate import gate
from burnline.results import (
    GateStatus,
    SloStatus,
    State,
    Tracks,
    TrackStatus,
    Verdict,
)

AT_RISK = 0.25

Decided = Literal["breached", "met", "undecided"]

_WORST_FIRST: tuple[State, ...] = ("breached", "burning", "at_risk", "no_data", "healthy")
_FAILING: tuple[State, ...] = ("breached", "burning")
# Inputs that move prove no wrong answer: where it hurts, the SLIs of the answers say so.
_WARNS_ONLY = frozenset({"drift"})


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


def slo_state(budget: Budget | None, *, burning: bool, decided: Decided | None = None) -> State:
    """The state of an SLO; ``burning`` = a burn-rate rule fires, no budget = no data.

    A budget spent to the last event is not breached: the objective is met. While labels are
    missing, ``decided`` is what the interval of all valid events says of the objective and stands
    above the labelled part: only ``breached`` makes a breach, and ``undecided`` is never healthy.
    ``None`` goes by the counts alone.
    """
    if budget is None:
        return "no_data"
    if decided == "breached" or (decided is None and budget.remaining < 0):
        return "breached"
    if burning:
        return "burning"
    return "at_risk" if decided == "undecided" or budget.remaining <= AT_RISK else "healthy"


def track_status(slos: Iterable[SloStatus]) -> TrackStatus:
    """One track from its SLOs: the worst state, and the lowest remaining budget and its SLO.

    Drift alone puts a track at risk and no further.
    """
    known = [slo for slo in slos if slo.state != "no_data"]
    if not known:
        return TrackStatus(state="no_data", budget_remaining=None, binding_slo=None)
    binding = min(known, key=_remaining)
    return TrackStatus(
        state=_worst(_weight(slo) for slo in known),
        budget_remaining=binding.budget_remaining,
        binding_slo=binding.slo,
    )


def _weight(slo: SloStatus) -> State:
    return "at_risk" if slo.sli in _WARNS_ONLY and slo.state in _FAILING else slo.state


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


def judge(slos: Sequence[SloStatus], *, tier: int | None = None) -> Judgement:
    """State, verdict, tracks and gate (for a feature) of one model of a tier from its SLOs."""
    both = tracks(slos)
    return Judgement(model_state(both), verdict(both), both, gate(slos, tier=tier))


def _worst(states: Iterable[State]) -> State:
    return max(states, key=severity)


def _remaining(slo: SloStatus) -> float:
    return 1.0 if slo.budget_remaining is None else slo.budget_remaining
