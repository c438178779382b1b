"""Which incident: in the address, or the worst one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import state, wording
from burnline.results import Incident


def pick_incident(incidents: Sequence[Incident]) -> tuple[Incident, bool]:
    """The incident of the address, and that it is named there; else the first, worst one."""
    asked = st.query_params.get("incident")
    found = next((i for i in incidents if i.id == asked), None)
    if asked and found is None:
        st.warning(
            f"There is no incident {asked}: incidents are found in the logs, and what these say may have changed. "
            "Shown instead are all of them.",
            icon=":material/link_off:",
        )
    return found or incidents[0], found is not None


def no_incident(at: datetime, zone: ZoneInfo) -> None:
    """Says that nothing ever broke, as far as the logs know."""
    with st.container(border=True, key="card-empty", horizontal_alignment="center"):
        st.space("medium")
        st.markdown("## :material/check_circle:", text_alignment="center")
        st.subheader("No incident in the history", anchor=False, text_alignment="center")
        st.markdown(
            f"Up to {wording.moment(at, zone)} no budget burned so fast, and so surely, that an alert fired. "
            "An incident appears here as soon as one does; until then the budgets are on the first page.",
            text_alignment="center",
        )
        st.page_link(state.page("fleet"), label="To the fleet", icon=":material/monitoring:")
        st.space("medium")
