"""The entry point of the dashboard: its pages, and what stands around them."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard import state, theme
from burnline.dashboard.parts import guard

theme.apply()
here = st.navigation(
    [
        st.Page(
            state.page("fleet"),
            title="Fleet",
            icon=":material/monitoring:",
            default=True,
            help="What needs a human this morning: every model, both budgets, worst first.",
        ),
        st.Page(
            state.page("model"),
            title="Model",
            icon=":material/model_training:",
            help="How one model is: its verdict, both budgets, every SLO, latency and changes.",
        ),
        st.Page(
            state.page("budgets"),
            title="Budgets",
            icon=":material/local_fire_department:",
            help="Where one budget goes: burndown, burn rates, slices, and what another promise would mean.",
        ),
        st.Page(
            state.page("drift"),
            title="Drift",
            icon=":material/ssid_chart:",
            help="What changed in the inputs and outputs of a model, whether it hurts, and whether its data are sound.",
        ),
        st.Page(
            state.page("alerts"),
            title="Alerts",
            icon=":material/notifications_active:",
            help="Whether the alerting is worth having: what fires, what fired, what other rules would have done.",
        ),
        st.Page(
            state.page("incidents"),
            title="Incidents",
            icon=":material/report:",
            help="What broke, when and at what cost: every incident in time, and the whole of one.",
        ),
    ],
    position="top",
)
if guard.ready():
    here.run()
