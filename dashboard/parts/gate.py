"""May this model be deployed, and why (not)."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard.parts.header import gate_badge
from burnline.results import GateStatus


def gate(status: GateStatus) -> None:
    """Draws the decision with every reason, worst first."""
    with st.container(border=True, key="card-gate"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Deployment gate", anchor=False, width="content")
            gate_badge(status.decision)
        st.markdown("\n".join(f"- {reason}" for reason in status.reasons))
