"""What pages say first: what is wrong, since when, what it costs, how sure that is and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from burnline.budgets.budget import time_to_exhaustion
from burnline.dashboard import proof, wording
from burnline.dashboard.binding import binding
from burnline.dashboard.wording import Mark
from burnline.results import ModelStatus, SloStatus

# SLIs that can only be judged once the true outcome is known.
_LABELLED = ("accuracy", "canary", "quality")


def worst(model: ModelStatus) -> SloStatus | None:
    """The SLO of a model that needs attention most: among equal states what is proven comes first."""
    slos = wording.worst_first(model.slos)
    return min(
        (s for s in slos if (s.state, s.sli == "drift") == (slos[0].state, slos[0].sli == "drift")),
        key=lambda s: (not proof.proven(s), s.budget_remaining or 0.0),
        default=None,
    )


def failing_now(model: ModelStatus) -> bool:
    """Whether a budget of a model is spent or burns too fast."""
    return model.state in ("breached", "burning")


def proven(model: ModelStatus) -> bool:
    """Whether a model fails beyond doubt."""
    return any(proof.proven(slo) for slo in binding(model))


CONFIRMED = Mark("Confirmed", ":material/gpp_bad:", "red")
_OK, _OPEN = wording.EVIDENCE["confirmed_ok"], wording.EVIDENCE["undecided"]
STANDINGS = (CONFIRMED, _OPEN, _OK)


def standing(model: ModelStatus) -> Mark | None:
    """What the evidence says of a model as a whole: it fails for certain, all is well for certain, or neither."""
    verdicts = [slo.evidence.verdict for slo in binding(model) if slo.evidence is not None]
    if not verdicts:
        return None
    if failing_now(model):
        return CONFIRMED if proven(model) else _OPEN
    return _OK if all(v == "confirmed_ok" for v in verdicts) else _OPEN


def soonest(model: ModelStatus) -> SloStatus | None:
    """The SLO whose budget is exhausted first or most likely, by the forecast."""
    known = [slo for slo in binding(model) if slo.forecast is not None]
    return max(known, key=lambda s: (s.forecast.probability, -(s.budget_remaining or 0.0)), default=None)  # type: ignore[union-attr]


def ahead(slo: SloStatus, zone: ZoneInfo) -> str | None:
    """When the budget is gone: by the forecast, else at the pace of the last six hours."""
    left, pace = slo.budget_remaining, slo.burn_rates.get("6h")
    if left is None or left <= 0:
        return None
    if slo.forecast is not None:
        return proof.outlook(slo, zone) if slo.forecast.probability >= 0.1 else None
    if pace is None or pace <= 1:
        return None
    lasts = time_to_exhaustion(left, pace, slo.window.ends_at - slo.window.from_)
    return None if lasts is None else f"gone in {wording.duration(lasts)} at this pace"


def attention(model: ModelStatus, zone: ZoneInfo) -> str:
    """One sentence on why a model needs a human."""
    if not model.slos:
        return f"{wording.count(model.requests)} requests without a promise: write models/{model.model}.yaml"
    slo = worst(model)
    if slo is None:
        return next((s.reason for s in model.slos if s.reason), "no data")
    left = wording.budget(slo)
    if slo.state == "breached" and not proof.proven(slo):
        left = f"{left}, within noise"
    parts = [f"**{slo.slo}** {left}", ahead(slo, zone), f"burn {wording.burns(slo)}"]
    return " · ".join(part for part in parts if part)


def verdict(model: ModelStatus, since: datetime | None, zone: ZoneInfo) -> str:
    """What is wrong with a model, what it costs, since when (the exhaustion of its worst SLO) and how sure that is."""
    slo = worst(model)
    if slo is None or model.verdict == "no_data":
        return "No data: nothing in the logs lets any of its promises be judged."
    if model.verdict == "healthy" and slo.state == "healthy":
        return f"Both budgets hold. The tightest is **{slo.slo}** with {wording.budget(slo)}.{_inputs(model)}"
    opening = {
        "healthy": "Both budgets hold, one of them barely.",
        "infrastructure": "The service fails its promise; the answers it gives are fine.",
        "silent_model_failure": "Silent model failure: the service is fine, the answers are not.",
        "both": "Both budgets are failing: the service and its answers.",
        "no_data": "",
    }[model.verdict]
    if failing_now(model) and not proven(model):
        opening = f"Perhaps: {opening[0].lower()}{opening[1:]} It is not proven."
    return f"{opening} {cost(slo, since, zone)}"


def _inputs(model: ModelStatus) -> str:
    """That inputs drifted more often than they may, where the answers hold."""
    drift = next((s for s in model.slos if s.sli == "drift" and s.state in ("breached", "burning", "at_risk")), None)
    if drift is None:
        return ""
    days = f"{wording.count(drift.bad)} of {wording.count(drift.total)} days"
    return f" Inputs drifted on **{days}**, which alone neither pages nor blocks."


def cost(slo: SloStatus, since: datetime | None, zone: ZoneInfo) -> str:
    """What an SLO has spent of its budget, since when it is exhausted, how sure that is, how long it lasts."""
    spent = wording.percent((slo.budget_consumed or 0.0) / slo.budget_total) if slo.budget_total else wording.NONE
    over = f", exhausted since {wording.brief(since, zone)}" if since and slo.state == "breached" else ""
    parts = [
        f"**{slo.slo}** has spent {spent} of its budget{over}: {wording.count(slo.bad)} bad of "
        f"{wording.count(slo.total)} {wording.unit_of(slo)} where {wording.count(slo.budget_total)} are allowed.",
        _sure(slo),
        proof.late(slo.estimate, slo) if slo.estimate is not None and proof.provisional(slo) else None,
        _next(slo, zone),
    ]
    return " ".join(part for part in parts if part)


def _sure(slo: SloStatus) -> str | None:
    """Whether a failure is real, or what decides it."""
    if slo.evidence is None or slo.state not in ("breached", "burning"):
        return None
    if proof.proven(slo):
        return "The burn is **confirmed**." if slo.state == "burning" else "That is **confirmed**, not noise."
    return f"That is **within noise** so far. {proof.to_decide(slo) or ''}".rstrip()


def _next(slo: SloStatus, zone: ZoneInfo) -> str | None:
    if slo.forecast is not None:
        return proof.forecast(slo, zone)
    pace = ahead(slo, zone)
    return f"It is {pace}." if pace else None


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
    return f"outcome known of {wording.percent(sum(total for total, _ in waiting) / eligible, 1)} of predictions"


def fleet(models: Sequence[ModelStatus]) -> str:
    """The answer of the morning: how many models need a human for certain, and how many perhaps."""
    failing = [m for m in models if failing_now(m)]
    certain = [m for m in failing if proven(m)]
    if not failing:
        watched = sum(wording.shown_state(m) == "healthy" for m in models)
        return f"Nothing needs a human: {watched} of {len(models)} models are inside both budgets."
    silent = sum(m.verdict == "silent_model_failure" for m in certain)
    quiet = {0: "", 1: " One fails silently: the service is fine, its answers are not."}.get(
        silent, f" {silent} fail silently: the service is fine, its answers are not."
    )
    perhaps = len(failing) - len(certain)
    if not certain:
        return f"Nothing is proven to need a human; {_models(perhaps)} may, undecided."
    doubt = f" {_models(perhaps).capitalize()} more may, undecided." if perhaps else ""
    return f"{_models(len(certain))} {'needs' if len(certain) == 1 else 'need'} a human this morning.{quiet}{doubt}"


def _models(number: int) -> str:
    return "1 model" if number == 1 else f"{number} models"
