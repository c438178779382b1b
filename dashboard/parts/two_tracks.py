"""Both budgets of every model, side by side; a click opens the model."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from burnline.dashboard import state
from burnline.dashboard.charts.two_tracks import two_tracks as figure
from burnline.results import ModelStatus

KEY = "lanes"
_MOST = 25


@st.fragment
def two_tracks(models: Sequence[ModelStatus]) -> None:
    """Draws the lanes of the first models of the list."""
    with st.container(border=True, key="card-lanes", height="stretch"):
        st.subheader("Both budgets", anchor=False)
        st.caption("What is left of the tightest SLO of each track. Below zero the budget is overspent.")
        picked = st.plotly_chart(
            figure([m for m in models if m.slos][:_MOST]),
            key=KEY,
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Budget left per model, infrastructure and model track side by side",
        )
    if points := picked["selection"]["points"]:
        state.go("model", model=points[0]["customdata"][0])
