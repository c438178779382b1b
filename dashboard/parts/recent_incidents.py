"""The newest incidents of a model, each a way to its page."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import state, wording
from burnline.results import Incident

_MOST = 3


def recent_incidents(model: str, incidents: Sequence[Incident], zone: ZoneInfo) -> None:
    """Draws the newest (`incidents`: newest first) with what they spent; a name opens its incident."""
    with st.container(border=True, key="card-recent", height="stretch"):
        st.subheader("Incidents", anchor=False)
        if not incidents:
            st.markdown(":green[:material/check_circle:] No burn was proven over the whole history.")
        for incident in incidents[:_MOST]:
            _entry(incident, zone)
        if len(incidents) > _MOST:
            st.page_link(
                state.page("incidents"),
                label=f"{len(incidents) - _MOST} more",
                icon=":material/arrow_forward:",
                query_params={"model": model},
            )


def _entry(incident: Incident, zone: ZoneInfo) -> None:
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.page_link(
                state.page("incidents"),
                label=f"**{', '.join(incident.slos)}**",
                icon=":material/arrow_forward:",
                query_params={"model": incident.model, "incident": incident.id},
            )
            if incident.state == "open":
                st.badge("Open", icon=":material/emergency_home:", color="red")
        begin = wording.brief(incident.started_at, zone)
        span = f"{begin} to {wording.brief(incident.ended_at, zone)}" if incident.ended_at else f"since {begin}"
        slo, spent = max(incident.budget_spent.items(), key=lambda item: item[1], default=("", None))
        cost = f" · {wording.percent(spent)} of {slo} spent" if spent is not None else ""
        st.markdown(f":gray[:small[{incident.severity} · {span}{cost}]]")
