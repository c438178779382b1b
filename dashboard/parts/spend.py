"""Which slices of the traffic spend a budget."""

from __future__ import annotations

import polars as pl
import streamlit as st

from burnline.dashboard.charts.slices import slices


@st.fragment
def spend(segments: pl.DataFrame) -> None:
    """Draws one dimension at a time (`segments`: dimension, value, valid, bad, rate, shares)."""
    with st.container(border=True, key="card-spend", height="stretch"):
        dimensions = segments["dimension"].unique(maintain_order=True).to_list()
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Spend by slice", anchor=False, width="content")
            if dimensions:
                chosen = st.segmented_control(
                    "Slice by",
                    dimensions,
                    default=dimensions[0],
                    key="slice",
                    bind="query-params",
                    required=True,
                    label_visibility="collapsed",
                )
        if not dimensions:
            st.caption(
                "The logs have no segment columns (version, region), or the SLO counts time slices, which are whole."
            )
            return
        st.caption("Red: a slice has more of the bad events than of the traffic.")
        st.plotly_chart(
            slices(segments, chosen or dimensions[0]),
            key="slices",
            config={"displayModeBar": False},
            alt=f"Share of bad events and of traffic by {chosen}",
        )
