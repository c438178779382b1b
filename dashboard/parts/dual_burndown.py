"""Both budgets of a model over time: infrastructure above, model below."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard import wording
from burnline.dashboard.charts.burndown import Panel, burndown
from burnline.dashboard.parts.budget_panel import View, marked, panel
from burnline.results import ModelStatus, SloStatus, Track

_TIGHTEST = "tightest"
_VIEWS: dict[View, str] = {"fixed": "Fixed window", "rolling": "Rolling"}
_EMPTY = pl.DataFrame(schema={"time": pl.Datetime("us", "UTC"), "remaining": pl.Float64})
_KEYS: dict[Track, str] = {"infrastructure": "above", "model": "below"}


@st.fragment
def dual_burndown(model: ModelStatus, events: pl.DataFrame, zone: ZoneInfo, day: date | None) -> None:
    """Draws the card; the SLO of each track can be chosen, the tightest is shown unless."""
    with st.container(border=True, key="card-dual"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Both budgets", anchor=False, width="content")
            with st.container(horizontal=True, width="content"):
                chosen = [_choose(model, track, key) for track, key in _KEYS.items()]
                view = _view()
        st.plotly_chart(
            burndown(
                [_panel(model.model, slo, track, view, zone) for slo, track in zip(chosen, _KEYS, strict=True)],
                zone,
                events=marked(model.model, events),
                focus=day_span(day, zone) if day else None,
            ),
            key="dual",
            config={"displayModeBar": False},
            alt=f"What was left of the infrastructure and the model budget of {model.model} over time",
        )


def day_span(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A day of the workspace, from midnight to midnight."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def _choose(model: ModelStatus, track: Track, key: str) -> SloStatus | None:
    slos = [s for s in model.slos if s.track == track]
    tightest = next(iter(wording.worst_first(tuple(slos))), None)
    name = st.selectbox(
        wording.TRACKS[track],
        [_TIGHTEST, *(s.slo for s in slos)],
        format_func=lambda n: f"{wording.TRACKS[track]}: {n}",
        key=key,
        bind="query-params",
        label_visibility="collapsed",
        width=210,
    )
    return next((s for s in slos if s.slo == name), tightest)


def _view() -> View:
    """Where the budget of this window went, or how each moment stood and what may come."""
    chosen: View | None = st.segmented_control(
        "View",
        list(_VIEWS),
        default="fixed",
        format_func=lambda v: _VIEWS[v],
        key="both",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    return chosen or "fixed"


def _panel(model: str, slo: SloStatus | None, track: Track, view: View, zone: ZoneInfo) -> Panel:
    if slo is None or slo.total is None:
        return Panel(wording.TRACKS[track], _why(slo), _EMPTY)
    shown = panel(model, slo, view, zone, title=wording.TRACKS[track])
    return replace(shown, subtitle=f"{slo.slo} {shown.subtitle}")


def _why(slo: SloStatus | None) -> str:
    return "no data" if slo is None else f"{slo.slo}: {slo.reason or 'no data'}"
