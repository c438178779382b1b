"""The daily-burn heatmap; a click on a cell opens the model on that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from burnline.dashboard import state
from burnline.dashboard.charts.heatmap import Cell, heatmap
from burnline.dashboard.parts import filters

KEY = "pulse"


def burn_map(daily: pl.DataFrame, models: Sequence[str]) -> None:
    """Draws the map for these models, in this order."""
    with st.container(border=True, key="card-map"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Daily burn by model", anchor=False, width="content")
            side = filters.side()
        st.caption(
            "The SLO that burned most, per day. 1× spends exactly the budget: teal is below, yellow above, red 8× "
            "and more; hatched is no data. Click a cell to open that model on that day."
        )
        if not models:
            st.caption("No model matches the filters.")
            return
        picked = st.plotly_chart(
            heatmap(daily, models, daily["day"].unique().sort().to_list(), side),
            key=KEY,
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Heatmap of the daily burn rate of every model over the last thirty days",
        )
    if cell := picked_cell(picked):
        state.go("model", model=cell.model, day=cell.day)


def picked_cell(event: Mapping[str, Any]) -> Cell | None:
    """The cell a selection names, if any."""
    points = event["selection"]["points"]
    if not points:
        return None
    model, day = points[0]["customdata"]
    return Cell(model, date.fromisoformat(day))
