"""One SLO from counts to status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from burnline.budgets.budget import Budget, budget, burn_rate
from burnline.budgets.state import Decided, slo_state
from burnline.budgets.sums import Sums
from burnline.budgets.windows import Span
from burnline.results import BURN_WINDOWS, Alert, Corrected, Estimate, Evidence, Forecast, SloStatus, WindowSpan
from burnline.spec.model import Slo

NO_EVENTS = "no valid events in the window"


@dataclass(frozen=True)
class Findings:
    """What is known of an SLO beyond its counts; see the fields of ``SloStatus``.

    ``decided`` is what the interval of the estimate says of the objective.
    """

    evidence: Evidence | None = None
    estimate: Estimate | None = None
    decided: Decided | None = None
    forecast: Forecast | None = None
    alerts: tuple[Alert, ...] = ()
    raw: Corrected | None = None
    notes: tuple[str, ...] = ()


NOTHING_FOUND = Findings()


def assess(
    slo: Slo,
    span: Span,
    sums: Sums,
    burns: Mapping[str, tuple[float, float]],
    reason: str | None = None,
    *,
    unit: str | None = None,
    found: Findings = NOTHING_FOUND,
) -> SloStatus:
    """The status of an SLO over a span.

    ``sums`` are the counts of the span (events, or slices for the Timeslices methods), ``burns``
    the (valid, bad) counts of the burn-rate windows by name, ``reason`` says why there is no
    data, ``unit`` is that of the threshold, and ``found`` what else is known. Without valid events every
    figure is None. An alert that fires makes it burning; where labels are late or missing, the
    interval of the estimate decides and not the labelled part.

    Raises:
        ValueError: more bad than valid events.
    """
    valid, bad = _settled(sums.valid), _settled(sums.bad)
    spent = budget(slo.objective, valid, bad) if valid > 0 else None
    rates = {name: burn_rate(slo.objective, *burns[name]) if spent and name in burns else None for name in BURN_WINDOWS}
    return SloStatus(
        slo=slo.name,
        sli=slo.sli,
        track=slo.track,
        objective=float(slo.objective),
        threshold=slo.threshold,
        unit=unit,
        budgeting=slo.budgeting,
        window=WindowSpan(from_=span.from_, to=span.to, kind=span.kind, ends_at=span.ends_at),
        **_figures(spent),
        coverage=sums.coverage if spent else None,
        burn_rates=rates,
        state=slo_state(spent, burning=bool(found.alerts), decided=found.decided),
        evidence=found.evidence,
        estimate=found.estimate,
        forecast=found.forecast,
        alerts=found.alerts,
        raw=found.raw,
        notes=found.notes,
        reason=reason if spent else reason or NO_EVENTS,
    )


def _settled(count: float) -> float:
    """The count without the rounding error of adding up slice ratios.

    Counts of events are multiples of a millionth, so none of them is moved.
    """
    nearest = round(count)
    return float(nearest) if abs(count - nearest) < 1e-7 else count


def _figures(budget: Budget | None) -> dict[str, float | None]:
    if budget is None:
        names = ("total", "good", "bad", "value", "budget_total", "budget_consumed", "budget_remaining")
        return dict.fromkeys(names)
    return {
        "total": budget.total,
        "good": budget.good,
        "bad": budget.bad,
        "value": budget.value,
        "budget_total": budget.budget_total,
        "budget_consumed": budget.consumed,
        "budget_remaining": budget.remaining,
    }
