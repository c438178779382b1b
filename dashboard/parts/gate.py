"""May this model be deployed, and why (not)."""

from __future__ import annotations

import streamlit as st

from burnline.dashboard.parts.header import gate_badge
from burnline.results import GateStatus
from burnline.spec.model import Model


def gate(status: GateStatus, defined: Model | None) -> None:
    """Draws the decision with every reason, worst first, and whom or what to turn to."""
    with st.container(border=True, key="card-gate"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Deployment gate", anchor=False, width="content")
            gate_badge(status.decision)
        st.markdown("\n".join(f"- {reason}" for reason in status.reasons))
        if defined is not None:
            _next(defined)


def _next(defined: Model) -> None:
    with st.container(horizontal=True, gap="small"):
        if defined.remediation and defined.remediation.startswith(("https://", "http://")):
            st.markdown(f":material/menu_book: [Runbook]({defined.remediation})", width="content")
        if defined.owner:
            owner = f"[{defined.owner}](mailto:{defined.owner})" if "@" in defined.owner else defined.owner
            st.markdown(f":material/person: {owner}", width="content")
