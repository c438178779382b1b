"""Ways to the drift page from where its answer is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from burnline.dashboard import state, wording
from burnline.results import ModelStatus, SloStatus

_ICON = ":material/ssid_chart:"
# An incident is looked at with the days before it, so that a beginning can be seen.
_BEFORE = timedelta(days=2)


def drift_slo(model: ModelStatus) -> SloStatus | None:
    """The SLO that counts drifted days, if there is one."""
    return next((slo for slo in model.slos if slo.sli == "drift"), None)


def drifted_days(slo: SloStatus | None) -> str | None:
    """How many days of its window drifted: `4 of 30 d`."""
    if slo is None or not slo.total or slo.bad is None:
        return None
    return f"{wording.count(slo.bad)} of {wording.count(slo.total)}{wording.NBSP}d"


def inputs_card(model: ModelStatus) -> None:
    """Draws on how many days the inputs of a model drifted, with the way to what changed."""
    slo = drift_slo(model)
    with st.container(border=True, key="card-inputs"):
        st.subheader("Inputs", anchor=False)
        if slo is None:
            st.caption("No promise counts drifted days; what changed in the inputs is measured all the same.")
        elif (days := drifted_days(slo)) is None:
            st.caption(f"No day can be judged: {slo.reason or 'there is nothing to compare with yet'}.")
        elif not slo.bad:
            st.markdown(f":green[:material/check_circle:] No input drifted: {days}.")
        else:
            st.markdown(f":orange[{_ICON}] Inputs drifted on **{days}**. Drift alone neither pages nor blocks.")
        with st.container(horizontal=True, gap="small"):
            st.page_link(state.page("drift"), label="What changed", icon=_ICON, query_params={"model": model.model})
            st.page_link(
                state.page("drift"),
                label="Data quality",
                icon=":material/rule:",
                query_params={"model": model.model, "tab": "Data quality"},
            )


def what_drifted(model: str) -> None:
    """A link to the columns that make the days of a drift SLO bad."""
    st.page_link(state.page("drift"), label="What drifted", icon=_ICON, query_params={"model": model})


def concept_link(model: str) -> None:
    """A link to where the errors are that inputs do not explain."""
    st.page_link(
        state.page("drift"),
        label="Where the unexplained errors are",
        icon=_ICON,
        query_params={"model": model, "tab": "Concept drift"},
    )


def around_incident(model: str, start: datetime, end: datetime) -> None:
    """A link to what changed in the inputs from two days before an incident to its end."""
    first, last = (at.astimezone(UTC).date().isoformat() for at in (start - _BEFORE, end))
    st.page_link(
        state.page("drift"),
        label="What changed in the inputs",
        icon=_ICON,
        query_params={"model": model, "window": "Custom", "from": first, "to": last},
    )
