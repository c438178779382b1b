"""One budget: its numbers, its burndown, and both again under another promise."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import proof, reads, wording
from burnline.dashboard.charts.burndown import Panel, burndown
from burnline.dashboard.parts.budget_panel import View, marked, panel
from burnline.dashboard.parts.what_if import what_if
from burnline.results import SloStatus

_VIEWS: dict[View, str] = {"rolling": "Rolling", "fixed": "Fixed window"}
_OF = "view_of"


@st.fragment
def budget_view(model: str, slo: SloStatus, events: pl.DataFrame, zone: ZoneInfo) -> None:
    """Numbers above, burndown below, sliders between; they rerun together and alone."""
    numbers = st.container()
    with st.container(border=True, key="card-burndown"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Burndown", anchor=False, width="content")
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                raw = slo.raw is not None and st.toggle("Before corrections", key="raw", bind="query-params")
                view = _view(model, slo)
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
    shown = panel(model, slo, view, zone, title=slo.slo, other=other, raw=raw)
    with chart:
        st.plotly_chart(
            burndown([shown], zone, events=marked(model, events), panel_height=300),
            key="burndown",
            config={"displayModeBar": False},
            alt=f"What was left of the budget of {slo.slo} of {model} over time",
        )
        if said := _legend(slo, shown, raw=raw):
            st.caption(said)


def _view(model: str, slo: SloStatus) -> View:
    """How it is shown; another SLO begins in the view of its own kind of window, where its forecast is."""
    natural: View = "rolling" if slo.window.kind == "rolling" else "fixed"
    before = st.session_state.get(_OF)
    st.session_state[_OF] = (model, slo.slo)
    if before is not None and before != (model, slo.slo):
        st.session_state["view"] = natural
    chosen: View = st.segmented_control(
        "View",
        list(_VIEWS),
        default=natural,
        format_func=lambda v: _VIEWS[v],
        key="view",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    return chosen


def _legend(slo: SloStatus, shown: Panel, *, raw: bool) -> str:
    """What cannot be said in the figure itself."""
    said = []
    if shown.outlook is not None:
        said.append(f"If recent behaviour continues: {shown.outlook.words}")
    if shown.cone is not None:
        said.append("Right of now: four futures out of five lie in the band, half above the dashed line")
        if slo.window.kind == "calendar":
            said.append("there the budget is that of the whole period, traffic to come included")
    if shown.spend is not None:
        said.append(
            "From the top, what the budget was spent on: accepted at validation, within noise, unexplained, "
            "confirmed degradation"
        )
    if any(s.severity for s in shown.stretches):
        said.append("Strips at the foot: incidents")
    if raw:
        said.append("Grey line: as measured, before corrections")
    return ". ".join(s[0].upper() + s[1:] for s in said) + "." if said else ""


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
        (
            "Delivered so far" if proof.provisional(slo) else "Delivered",
            lambda s: wording.sli(s.value, s.objective),
            f"Good of all {wording.unit_of(slo)}",
        ),
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
