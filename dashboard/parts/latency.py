"""How fast a model answers."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from burnline.dashboard.charts.percentiles import percentiles
from burnline.results import ModelStatus


def latency(model: ModelStatus, frame: pl.DataFrame, zone: ZoneInfo) -> None:
    """Draws the percentiles with the promised threshold, if there is one."""
    promised = next((s.threshold for s in model.slos if s.sli == "latency"), None)
    with st.container(border=True, key="card-latency"):
        st.subheader("Latency", anchor=False)
        if frame.is_empty():
            st.caption("The logs have no column latency_ms for this model.")
            return
        st.plotly_chart(
            percentiles(frame, zone, promised),
            key="latency",
            config={"displayModeBar": False},
            alt=f"Latency percentiles of {model.model} per day",
        )
