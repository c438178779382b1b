"""All incidents: how many, how fast they are noticed and over, and when they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from burnline.dashboard import state, wording
from burnline.dashboard.charts.incident_timeline import incident_timeline
from burnline.dashboard.incident_case import within
from burnline.dashboard.incident_figures import Figures, figures
from burnline.dashboard.incident_words import REQUIRED, STATES
from burnline.dashboard.parts.alert_words import SEVERITIES
from burnline.dashboard.parts.incident_table import incident_table
from burnline.results import Incident

KEY = "incident-times"
# A bound widget writes what it shows into the address.
_PERIODS = {"7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90), "All": None}
_BEFORE = 0.02


def state_counts(incidents: Sequence[Incident]) -> None:
    """How many are in each state, as badges."""
    with st.container(horizontal=True, gap="small"):
        for severity, mark in SEVERITIES.items():
            if number := sum(i.state == "open" and i.severity == severity for i in incidents):
                st.badge(f"{number} {mark.label}{_s(number)} open", icon=mark.icon, color=mark.color)
        if number := sum(i.postmortem_required and i.status != "closed" for i in incidents):
            st.badge(f"{number} postmortem{_s(number)} required", icon=REQUIRED.icon, color=REQUIRED.color)
        if number := sum(i.state == "resolved" for i in incidents):
            st.badge(f"{number} {STATES['resolved'].label}", icon=STATES["resolved"].icon, color="green")


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def overview(incidents: Sequence[Incident], at: datetime, zone: ZoneInfo, shown: str | None) -> None:
    """Draws figures, timeline and table of the period and model that are chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        models = sorted({i.model for i in incidents})
        follow, _ = state.choice("model", models)
        model = st.selectbox("Model", models, placeholder="All models", width=240, **follow)
        chosen = st.segmented_control(
            "Period",
            list(_PERIODS),
            default="30d",
            key="period",
            bind="query-params",
            required=True,
        )
    length = _PERIODS[chosen or "30d"]
    of_model = [i for i in incidents if model in (None, i.model)]
    mine = within(of_model, at, length)
    _figures(figures(of_model, at, length), length)
    _timeline(mine, at, zone, length, shown)
    incident_table(mine, at, zone)


def _timeline(
    incidents: Sequence[Incident], at: datetime, zone: ZoneInfo, length: timedelta | None, shown: str | None
) -> None:
    with st.container(border=True, key="card-timeline"):
        st.subheader(f"Timeline · {len(incidents)}", anchor=False)
        if not incidents:
            st.caption("No incident in this period. Choose a longer one, or all models.")
            return
        st.caption(
            "Red pages, amber tickets; solid is open, pale is resolved; the diamond is the first alert. The number is "
            f"the share of a budget spent. Times in {at.astimezone(zone):%Z}. Click a bar to open the incident."
        )
        first = min(i.started_at for i in incidents)
        start = at - length if length else first - (at - first) * _BEFORE
        st.plotly_chart(
            incident_timeline(incidents, start, at, zone, shown=shown),
            key=KEY,
            on_select=_picked,
            selection_mode="points",
            config={"displayModeBar": False},
            alt=f"Timeline of {len(incidents)} incidents, infrastructure above, model below; the table has the same",
        )


def _picked() -> None:
    points = st.session_state[KEY]["selection"]["points"]
    if points and points[0].get("customdata"):
        st.query_params["incident"] = points[0]["customdata"][0]


def _figures(found: Figures, length: timedelta | None) -> None:
    period = "in the whole history" if length is None else f"in the last {length.days} days"
    weeks = f"The line: the last {len(found.begun)} weeks, by onset"
    cards = (
        (
            "Median time to detect",
            wording.duration(found.detect) if found.detect is not None else wording.NONE,
            f"{found.count} incidents",
            None,
            f"From onset to the first alert, of the incidents that began {period}",
        ),
        (
            "Median time to recover",
            wording.duration(found.recover) if found.recover is not None else wording.NONE,
            f"{found.recovered} resolved",
            None,
            f"From onset to the end of the burn, of the incidents that began {period} and are over",
        ),
        (
            "Incidents a week",
            f"{found.count / found.weeks:.1f}",
            f"{found.count} {period}",
            found.begun,
            weeks,
        ),
        (
            "Budgets spent a week",
            wording.percent(found.cost / found.weeks),
            f"{wording.percent(found.cost)} {period}",
            found.spent,
            f"The largest share of a budget that each incident spent, added up; 100 % is one whole budget. {weeks}",
        ),
    )
    with st.grid(4, min_column_width=190):
        for label, value, about, line, explained in cards:
            st.metric(
                label,
                value,
                about,
                delta_color="off",
                delta_arrow="off",
                chart_data=list(line) if line else None,
                chart_type="area",
                border=True,
                height="stretch",
                help=explained,
            )
