"""One budget: its numbers, its burndown, and both again under another promise."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import reads, wording
from burnline.dashboard.charts.burndown import Panel, burndown
from burnline.dashboard.parts.what_if import WhatIf, what_if
from burnline.results import SloStatus

_VIEWS = {"fixed": "Fixed window", "rolling": "Rolling"}


@st.fragment
def budget_view(model: str, slo: SloStatus, events: pl.DataFrame, zone: ZoneInfo) -> None:
    """Numbers above, burndown below, sliders between; they rerun together and alone."""
    numbers = st.container()
    with st.container(border=True, key="card-burndown"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Burndown", anchor=False, width="content")
            view = st.segmented_control(
                "View",
                list(_VIEWS),
                default="fixed",
                format_func=lambda v: _VIEWS[v],
                key="view",
                bind="query-params",
                required=True,
                label_visibility="collapsed",
            )
        chart = st.container()
        st.markdown("**What if** the promise were another one?")
        other = what_if(model, slo, reads.thresholds(model, slo.slo))
        changed = (
            reads.what_if(model, slo.slo, objective=other.objective, threshold=other.threshold) if other.moved else None
        )
        if changed is not None:
            st.markdown(f":violet[:material/alt_route:] {_sentence(slo, changed)}")
    with numbers:
        _numbers(slo, changed)
    with chart:
        st.plotly_chart(
            burndown([_panel(model, slo, view or "fixed", other)], zone, events=events, panel_height=300),
            key="burndown",
            config={"displayModeBar": False},
            alt=f"What was left of the budget of {slo.slo} of {model} over time",
        )


def _panel(model: str, slo: SloStatus, view: str, other: WhatIf) -> Panel:
    changed = (
        reads.burndown(model, slo.slo, objective=other.objective, threshold=other.threshold, view=view)
        if other.moved
        else None
    )
    return Panel(
        slo.slo,
        f"{wording.objective(slo.objective)} · {wording.budget(slo)}",
        reads.burndown(model, slo.slo, view=view),
        ends=slo.window.ends_at if view == "fixed" else None,
        what_if=changed,
    )


def _sentence(slo: SloStatus, other: SloStatus) -> str:
    promise = [wording.objective(other.objective)]
    if other.threshold != slo.threshold:
        promise.append(f"within {wording.threshold(other.threshold, other.unit)}")
    return (
        f"Promising **{' '.join(promise)}**, {wording.count(other.bad)} of {wording.count(other.total)} "
        f"{wording.unit_of(other)} would be bad where {wording.count(other.budget_total)} are allowed: "
        f"**{wording.budget(other)}** instead of {wording.budget(slo)}."
    )


def _numbers(slo: SloStatus, other: SloStatus | None) -> None:
    """Real numbers large, those of the other promise beneath, in violet."""

    def spare(s: SloStatus) -> str:
        return wording.NONE if s.budget_total is None or s.bad is None else wording.count(s.budget_total - s.bad)

    def left(s: SloStatus) -> str:
        minutes = wording.budget_minutes(s)
        return wording.NONE if minutes is None else f"{minutes:,.0f}\u00a0min".replace("-", "−")

    def remaining(s: SloStatus) -> str:
        return wording.percent(s.budget_remaining, 1)

    shown = (
        ("Delivered", lambda s: wording.sli(s.value, s.objective), f"Good of all {wording.unit_of(slo)}"),
        ("Budget left", remaining, "Below zero it is overspent"),
        (f"Bad {wording.unit_of(slo)}", lambda s: wording.count(s.bad), "In the window"),
        ("Bad still allowed", spare, f"Of {wording.count(slo.budget_total)} in the window"),
        ("Time left", left, "Minutes of total failure that the budget still holds"),
    )
    with st.grid(5, min_column_width=150):
        for label, show, explained in shown:
            st.metric(
                label,
                show(slo),
                f"{show(other)} what if" if other is not None else None,
                delta_color="violet",
                delta_arrow="off",
                help=explained,
                border=True,
                height="stretch",
            )
