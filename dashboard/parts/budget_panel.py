"""One budget as a panel of a burndown, with what is known of it in the view that is chosen."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from burnline.dashboard import proof, reads, wording
from burnline.dashboard.charts.burndown import Panel, exhausted_at
from burnline.dashboard.charts.burndown_bands import Outlook, Waiting
from burnline.dashboard.charts.burndown_marks import Stretch
from burnline.dashboard.parts.what_if import WhatIf
from burnline.results import Incident, SloStatus

View = Literal["fixed", "rolling"]
_NO_CHANGE = WhatIf(None, None)
_LABELLED = 0.9


def panel(
    model: str,
    slo: SloStatus,
    view: View,
    zone: ZoneInfo,
    *,
    title: str,
    other: WhatIf = _NO_CHANGE,
    raw: bool = False,
) -> Panel:
    """The budget of an SLO: what it was spent on in the fixed view, what may come where its window goes on.

    `other` is drawn beside it, and so is the budget as measured where `raw` is asked for.
    """
    fixed = view == "fixed"
    ahead = slo.forecast is not None and (not fixed or slo.window.kind == "calendar")
    parts = slo.track == "model" and fixed and slo.evidence is not None and slo.evidence.spend is not None
    return Panel(
        title,
        f"{wording.objective(slo.objective)} · {wording.budget(slo)}",
        reads.burndown(model, slo.slo, view=view),
        ends=slo.window.ends_at if fixed else None,
        what_if=_tried(model, slo, view, other),
        raw=reads.uncorrected(model, slo.slo, view=view) if raw else None,
        spend=reads.spend(model, slo.slo) if parts else None,
        cone=_nonempty(reads.cone(model, slo.slo)) if ahead else None,
        outlook=_outlook(slo, zone) if ahead else None,
        waiting=_waiting(model, slo),
        stretches=stretches(model, slo, zone),
        spent_word="all spent" if fixed and slo.window.kind == "rolling" else "exhausted",
    )


def exhausted_since(model: str, slo: SloStatus) -> datetime | None:
    """Since when the budget of its window has been overspent, at every moment as it was judged then."""
    view: View = "rolling" if slo.window.kind == "rolling" else "fixed"
    return exhausted_at(reads.burndown(model, slo.slo, view=view))


def marked(model: str, events: pl.DataFrame) -> pl.DataFrame:
    """The changes of a model (`events`: time, kind, version), those of its promises among them."""
    moments = reads.redefinitions(model)
    changed = {"time": moments, "kind": ["new definition"] * len(moments), "version": [None] * len(moments)}
    known = events.select("time", "kind", "version")
    return pl.concat([known, pl.DataFrame(changed, schema=known.schema)])


def stretches(model: str, slo: SloStatus, zone: ZoneInfo) -> tuple[Stretch, ...]:
    """The incidents of an SLO and what corrections take out of its window."""
    broken = [
        Stretch(i.started_at, i.ended_at or slo.window.to, _incident(i, slo, zone), i.severity)
        for i in reads.incidents(model)
        if slo.slo in i.slos
    ]
    left_out = [
        Stretch(row["from"], row["to"], row["reason"])
        for row in (reads.corrections(model, slo.slo).iter_rows(named=True) if slo.raw is not None else ())
    ]
    return (*broken, *left_out)


def _incident(incident: Incident, slo: SloStatus, zone: ZoneInfo) -> str:
    end = wording.brief(incident.ended_at, zone) if incident.ended_at else "lasts"
    spent = wording.percent(incident.budget_spent.get(slo.slo))
    return f"incident ({incident.severity}) {wording.brief(incident.started_at, zone)} to {end}: {spent} spent"


def _tried(model: str, slo: SloStatus, view: View, other: WhatIf) -> pl.DataFrame | None:
    if not other.moved:
        return None
    return reads.burndown(model, slo.slo, objective=other.objective, threshold=other.threshold, view=view)


def _outlook(slo: SloStatus, zone: ZoneInfo) -> Outlook | None:
    if slo.forecast is None:
        return None
    words = proof.outlook(slo, zone)
    if slo.budget_remaining is not None and slo.budget_remaining < 0:
        return Outlook(words)
    return Outlook(words, slo.forecast.exhausts_at, slo.forecast.interval_80)


def _nonempty(cone: pl.DataFrame) -> pl.DataFrame | None:
    return None if cone.is_empty() else cone


def _waiting(model: str, slo: SloStatus) -> Waiting | None:
    """Since when labels wait in numbers, and what the estimate makes of them."""
    if slo.estimate is None or slo.estimate.waiting <= 0:
        return None
    since = waiting_since(reads.series(model, slo.slo))
    return None if since is None else Waiting(since, *proof.estimated_left(slo.estimate, slo))


def waiting_since(series: pl.DataFrame) -> datetime | None:
    """The start of the last stretch of hours (`series`: time, valid, eligible) of whose outcomes many are unknown."""
    known = series.filter(pl.col("eligible") > 0).sort("time")
    settled = known.filter(pl.col("valid") >= _LABELLED * pl.col("eligible"))
    late = known if settled.is_empty() else known.filter(pl.col("time") > settled["time"][-1])
    return None if late.is_empty() else late["time"][0]
